//! What `Cargo.lock` says of one package: the versions of everything behind it, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    checksum: String,
    /// Names, with the version where there are two of a name, and the source where there are two of these.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// A line for each package behind this one, itself included, in the order of names. The whole text where it is
/// not understood: it then stands for more than the package needs, and never for less.
pub fn behind(lock: &str, package: &str) -> String {
    let Ok(parsed) = toml::from_str::<Lock>(lock) else { return lock.to_owned() };
    let mut named: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for it in &parsed.package {
        named.entry(&it.name).or_default().push(it);
    }
    let mut open = vec![package.to_owned()];
    let (mut seen, mut lines) = (BTreeSet::new(), BTreeSet::new());
    while let Some(wanted) = open.pop() {
        if !seen.insert(wanted.clone()) {
            continue;
        }
        let mut words = wanted.split(' ');
        let (name, version, source) = (words.next(), words.next(), words.next());
        let of_that_name = name.and_then(|name| named.get(name)).map_or(&[][..], Vec::as_slice);
        let fits = |it: &&&Package| {
            version.is_none_or(|version| it.version == version)
                && source.is_none_or(|source| it.source == source.trim_matches(['(', ')']))
        };
        let found: Vec<&&Package> = of_that_name.iter().filter(fits).collect();
        if found.is_empty() {
            return lock.to_owned();
        }
        for it in found {
            lines.insert(format!("{} {} {} {}\n", it.name, it.version, it.source, it.checksum));
            open.extend(it.dependencies.iter().cloned());
        }
    }
    lines.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "akari"
version = "0.1.0"
dependencies = ["candle", "zip 2.0.0"]
[[package]]
name = "kernel"
version = "0.1.0"
dependencies = ["zip 1.0.0"]
[[package]]
name = "candle"
version = "0.11.1"
source = "registry"
checksum = "aa"
dependencies = ["akari"]
[[package]]
name = "zip"
version = "1.0.0"
[[package]]
name = "zip"
version = "2.0.0"
"#;

    #[test]
    fn only_what_is_behind_the_package_counts() {
        let own = "akari 0.1.0  \ncandle 0.11.1 registry aa\nzip 2.0.0  \n";
        assert_eq!(behind(LOCK, "akari"), own);
        assert_eq!(behind(&LOCK.replace("1.0.0", "1.0.1"), "akari"), own);
        assert_ne!(behind(&LOCK.replace("2.0.0", "2.0.1"), "akari"), own);
        assert_eq!(behind(LOCK, "kernel"), "kernel 0.1.0  \nzip 1.0.0  \n");
    }

    #[test]
    fn what_is_not_understood_stands_whole() {
        assert_eq!(behind("text", "akari"), "text");
        assert_eq!(behind(LOCK, "nobody"), LOCK);
        let cut = LOCK.replace("name = \"candle\"", "name = \"another\"");
        assert_eq!(behind(&cut, "akari"), cut);
    }
}
