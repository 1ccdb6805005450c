//! Stock evcxr with the prelude: the configuration that makes it load the prelude at its start.
//!
//! evcxr reads two files in the folder that `EVCXR_CONFIG_DIR` names: commands, and code. It builds the prelude by itself,
//! at the first start for some minutes; a cache of its own spares later ones that.

use std::path::{Path, PathBuf};

use super::checkout::checkout;
use crate::home::write;
use crate::home::{self, HomeError};

/// The variable in which evcxr is told of the folder.
pub const CONFIG: &str = "EVCXR_CONFIG_DIR";

/// In a home, the folder of the two files.
const FOLDER: &str = "stock";

/// Megabytes of compiled crates that evcxr may keep.
const CACHE: u32 = 2000;

/// The program of evcxr's own kernel that the user has.
pub fn program() -> Option<PathBuf> {
    which::which("evcxr_jupyter").ok()
}

/// Writes the configuration, and returns its folder.
pub fn configure() -> Result<PathBuf, HomeError> {
    let home = home::make_home()?;
    let folder = home.join(FOLDER);
    let readers = home::readers(&home);
    let put = |name: &str, text: &str| write::file(&folder.join(name), &[text.as_bytes()], readers);
    write::folder(&folder, readers)
        .and_then(|()| put("init.evcxr", &commands(&checkout())))
        .and_then(|()| put("prelude.rs", "use akari::prelude::*;\n"))
        .map_err(|source| HomeError::write(&home, source))?;
    Ok(folder)
}

fn commands(sources: &Path) -> String {
    let path = toml::Value::String(sources.to_string_lossy().into_owned());
    format!(":cache {CACHE}\n:dep akari = {{ path = {path} }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_toml_has_it() {
        let text = commands(Path::new("/灯り \"x\""));
        assert_eq!(text, ":cache 2000\n:dep akari = { path = '/灯り \"x\"' }\n");
    }
}
