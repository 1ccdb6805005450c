//! Where the key of an exercise lies: beside the notebook, above it, or where the caller says.

use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Key, KeyError};

/// A key is a page or two of text; a file that is larger is something else.
const LARGEST: u64 = 4 << 20;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("`{id}` is no exercise's name; it begins with the lesson's, as in \"01-1\"")]
    Name { id: String },
    #[error(
        "there is no key `keys/{lesson}.toml` in `{folder}` or above it; copy the folder `keys` of the lessons there, or set AKARI_KEYS"
    )]
    Missing { lesson: String, folder: PathBuf },
    #[error("the key `{path}` can't be read: {text}")]
    Unreadable { path: PathBuf, text: String },
    #[error("the key `{path}` has a fault in {fault}")]
    Broken { path: PathBuf, fault: KeyError },
}

/// The lesson that an exercise belongs to: what stands before the first `-` of its name.
pub fn lesson_of(id: &str) -> Result<&str, FindError> {
    let lesson = id.split('-').next().unwrap_or_default();
    let is_name =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_alphanumeric() || it == '_');
    if is_name(lesson) { Ok(lesson) } else { Err(FindError::Name { id: id.to_owned() }) }
}

/// The name of the library of a lesson's hidden tests, which lies beside the notebook.
pub fn hidden_library(lesson: &str) -> String {
    format!("{lesson}.hidden{DLL_SUFFIX}")
}

/// The file of a lesson's key: in the folder or file that is named, if one is, or else from a folder upwards.
pub fn find(lesson: &str, from: &Path, named: Option<&Path>) -> Result<PathBuf, FindError> {
    let file = format!("{lesson}.toml");
    let missing =
        |folder: &Path| FindError::Missing { lesson: lesson.to_owned(), folder: folder.to_owned() };
    if let Some(named) = named {
        let inside = [named.join(&file), named.join("keys").join(&file)];
        return match named.is_file() {
            true => Ok(named.to_owned()),
            false => inside.into_iter().find(|it| it.is_file()).ok_or_else(|| missing(named)),
        };
    }
    let places = |folder: &Path| {
        [folder.join("keys").join(&file), folder.join("notebooks").join("keys").join(&file)]
    };
    from.ancestors().flat_map(places).find(|it| it.is_file()).ok_or_else(|| missing(from))
}

/// Reads the key in a file.
pub fn read(path: &Path) -> Result<Key, FindError> {
    let unreadable = |text: String| FindError::Unreadable { path: path.to_owned(), text };
    let size = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > LARGEST {
        return Err(unreadable(format!("it has {} MB", size >> 20)));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    Key::parse(&text).map_err(|fault| FindError::Broken { path: path.to_owned(), fault })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("akari-key-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn lesson_is_the_beginning_of_the_name() {
        assert_eq!(lesson_of("01-1").unwrap(), "01");
        assert_eq!(lesson_of("02-q1").unwrap(), "02");
        assert_eq!(lesson_of("第1課").unwrap(), "第1課");
        for id in ["", "-1", "../x-1", "a/b", "a.b"] {
            assert!(lesson_of(id).is_err(), "{id}");
        }
    }

    #[test]
    fn key_is_found_upwards_or_where_it_is_named() {
        let root = folder("find");
        let (deep, keys) = (root.join("notebooks/ja"), root.join("notebooks/keys"));
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(&keys).unwrap();
        let key = keys.join("01.toml");
        fs::write(&key, "[[exercise]]\nid = 1\n").unwrap();
        assert_eq!(find("01", &deep, None).unwrap(), key);
        assert_eq!(find("01", &root, None).unwrap(), key);
        assert!(matches!(find("77", &deep, None), Err(FindError::Missing { .. })));
        assert_eq!(find("01", Path::new("/"), Some(&keys)).unwrap(), key);
        assert_eq!(find("01", Path::new("/"), Some(&root.join("notebooks"))).unwrap(), key);
        assert_eq!(find("77", Path::new("/"), Some(&key)).unwrap(), key);
        assert!(find("77", &deep, Some(&keys)).is_err());
        let error = read(&key).unwrap_err().to_string();
        assert!(error.contains("01.toml") && error.contains("line 2"), "{error}");
        assert!(matches!(read(&root), Err(FindError::Unreadable { .. })));
        fs::remove_dir_all(root).unwrap();
    }
}
