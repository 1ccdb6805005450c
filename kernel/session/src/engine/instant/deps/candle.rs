//! The crates that a session has in the prelude's version only: a second candle would have tensors
//! of another type.

use std::fs;
use std::path::Path;

use akari_reports::Metadata;

use super::{DepError, Id};

/// Crates whose types cells and dependencies must have in common.
pub const SHARED: &[&str] = &["candle-core", "candle-nn"];

/// Refuses dependencies that ask for another candle than the prelude's.
pub fn check(metadata: &Metadata, checkout: &Path) -> Result<(), DepError> {
    let ids = metadata.packages.iter().map(|it| (it.name.to_string(), it.version.to_string()));
    refuse_others(ids, &of_prelude(checkout))
}

fn refuse_others(found: impl Iterator<Item = Id>, ours: &[Id]) -> Result<(), DepError> {
    for (package, found) in found {
        let other = ours.iter().find(|it| it.0 == package && it.1 != found);
        if let Some((_, ours)) = other {
            return Err(DepError::Candle { package, found, ours: ours.clone() });
        }
    }
    Ok(())
}

/// candle's crates in the versions of the prelude.
fn of_prelude(checkout: &Path) -> Vec<Id> {
    versions(checkout).into_iter().filter(|it| SHARED.contains(&it.0.as_str())).collect()
}

/// The versions of all crates that the prelude may have.
pub fn versions(checkout: &Path) -> Vec<Id> {
    let lock = fs::read_to_string(checkout.join("Cargo.lock")).unwrap_or_default();
    let lock: toml::Table = lock.parse().unwrap_or_default();
    let packages = lock.get("package").and_then(|it| it.as_array()).into_iter().flatten();
    let text = |it: &toml::Value, key: &str| Some(it.get(key)?.as_str()?.to_owned());
    packages.filter_map(|it| Some((text(it, "name")?, text(it, "version")?))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn second_candle_is_refused() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let ours = of_prelude(checkout);
        let check = |version: &str| {
            let asked = [("rand", "0.1.0"), ("candle-core", version)];
            refuse_others(asked.map(|it| (it.0.to_owned(), it.1.to_owned())).into_iter(), &ours)
        };
        let (_, version) = ours.iter().find(|it| it.0 == "candle-core").unwrap();
        assert!(check(version).is_ok());
        let error = check("0.1.0").unwrap_err().to_string();
        assert!(error.contains("candle-core 0.1.0") && error.contains(version), "{error}");
    }
}
