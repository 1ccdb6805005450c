//! The language that a learner reads errors in.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Japanese,
}

/// A word that names no language that there are sentences in.
#[derive(Debug, thiserror::Error)]
#[error("there are no sentences in `{0}`; write `:lang en` or `:lang ja`")]
pub struct UnknownLanguage(String);

impl Language {
    /// What `AKARI_LANG` says, else the locale.
    pub fn of_environment() -> Language {
        Language::chosen(|name| std::env::var(name).ok())
    }

    /// The language of a notebook's session: what `AKARI_LANG` says, else that of the folder of lessons that the notebook is in,
    /// else the locale. A server for many people seldom has the locale of those who read the lessons.
    pub fn of_session() -> Language {
        let folder = std::env::current_dir().unwrap_or_default();
        Language::of(|name| std::env::var(name).ok(), &folder)
    }

    fn of(variable: impl Fn(&str) -> Option<String>, folder: &Path) -> Language {
        let is_asked = variable("AKARI_LANG").is_some_and(|it| it.parse::<Language>().is_ok());
        let of_folder = Language::of_folder(folder).filter(|_| !is_asked);
        of_folder.unwrap_or_else(|| Language::chosen(variable))
    }

    /// The language of a folder of lessons; none for other folders.
    pub fn of_folder(folder: &Path) -> Option<Language> {
        match folder.file_name()?.to_str()? {
            "ja" => Some(Language::Japanese),
            "en" => Some(Language::English),
            _ => None,
        }
    }

    fn chosen(variable: impl Fn(&str) -> Option<String>) -> Language {
        let set = |name| variable(name).filter(|it| !it.is_empty());
        let asked = set("AKARI_LANG").and_then(|it| it.parse().ok());
        let locale = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        asked.or_else(|| locale()?.parse().ok()).unwrap_or_default()
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads `ja`, and what a locale says: `ja_JP.UTF-8`.
    fn from_str(text: &str) -> Result<Language, UnknownLanguage> {
        let word = text.trim().split(['_', '-', '.', '@']).next().unwrap_or_default();
        match word.to_ascii_lowercase().as_str() {
            "en" | "english" => Ok(Language::English),
            "ja" | "jp" | "japanese" => Ok(Language::Japanese),
            _ => Err(UnknownLanguage(text.to_owned())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::English => "en",
            Language::Japanese => "ja",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_is_the_variables_else_the_locales() {
        let check = |set: &[(&str, &str)], expected: Language| {
            let find = |name: &str| set.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
            assert_eq!(Language::chosen(find), expected, "{set:?}");
        };
        check(&[], Language::English);
        check(&[("LANG", "ja_JP.UTF-8")], Language::Japanese);
        check(&[("LANG", "ja_JP.UTF-8"), ("AKARI_LANG", "en")], Language::English);
        check(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C.UTF-8")], Language::English);
        check(&[("LANG", "en_US.UTF-8"), ("AKARI_LANG", "ja")], Language::Japanese);
        check(&[("AKARI_LANG", "eo"), ("LANG", "ja")], Language::Japanese);
    }

    #[test]
    fn lessons_in_a_folder_of_their_language_are_read_in_it() {
        let of = |asked: &str, folder: &str| {
            let variable = |name: &str| match name {
                "AKARI_LANG" => Some(asked.to_owned()).filter(|it| !it.is_empty()),
                _ => None,
            };
            Language::of(variable, Path::new(folder))
        };
        assert_eq!(of("", "/lessons/ja"), Language::Japanese);
        assert_eq!(of("en", "/lessons/ja"), Language::English);
        assert_eq!(of("ja", "/lessons/en"), Language::Japanese);
        assert_eq!(of("", "/ja/lessons"), Language::English);
    }
}
