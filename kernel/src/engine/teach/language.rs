//! The language that a learner reads errors in.

use std::fmt;
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
}
