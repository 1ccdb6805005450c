//! The language that the learner reads in: as the kernel tells it at the start and at each `:lang`; in a program of one's
//! own, such as an exported notebook, what `AKARI_LANG` says, else the locale.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// What no kernel has told yet, and what one has.
const UNTOLD: u8 = 0;
const ENGLISH: u8 = 1;
const JAPANESE: u8 = 2;

static TOLD: AtomicU8 = AtomicU8::new(UNTOLD);

/// Takes the language by its short name; all but `ja` is English.
pub(super) fn set_language(name: &str) {
    TOLD.store(if name == "ja" { JAPANESE } else { ENGLISH }, Ordering::Relaxed);
}

/// Whether sentences are to be Japanese.
pub(crate) fn is_japanese() -> bool {
    static OF_ENVIRONMENT: LazyLock<bool> =
        LazyLock::new(|| is_asked_for(|name| std::env::var(name).ok()));
    match TOLD.load(Ordering::Relaxed) {
        UNTOLD => *OF_ENVIRONMENT,
        told => told == JAPANESE,
    }
}

fn is_asked_for(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).filter(|it| !it.is_empty());
    match set("AKARI_LANG").as_deref() {
        Some("ja") => true,
        Some("en") => false,
        _ => ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(set)
            .is_some_and(|it| it.starts_with("ja")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_speaks_the_language_of_its_environment() {
        let asked = |pairs: &[(&str, &str)]| {
            is_asked_for(|name| {
                pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned())
            })
        };
        assert!(!asked(&[]) && asked(&[("LANG", "ja_JP.UTF-8")]));
        assert!(asked(&[("AKARI_LANG", "ja"), ("LANG", "en_US")]));
        assert!(!asked(&[("AKARI_LANG", "en"), ("LC_ALL", "ja_JP")]));
        assert!(!asked(&[("LC_ALL", "C"), ("LANG", "ja_JP")]));
        assert!(asked(&[("LC_ALL", ""), ("LANG", "ja_JP")]));
    }
}
