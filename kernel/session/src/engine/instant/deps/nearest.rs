//! The word that somebody most likely meant by a mistyped one. Pure.

/// The nearest of some words; none if all are far away.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let word = plain(word);
    let distance = |it: &str| strsim::damerau_levenshtein(&word, &plain(it));
    let found = known.into_iter().map(|it| (distance(it), it)).min_by_key(|(far, _)| *far)?;
    // A third of the letters may be wrong.
    let limit = (word.chars().count() / 3).max(1);
    (found.0 <= limit).then_some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_far() {
        let known = ["features", "version", "path", "serde_json"];
        for (word, expected) in [
            ("feature", Some("features")),
            ("vesrion", Some("version")),
            ("Path", Some("path")),
            ("serde-json", Some("serde_json")),
            ("colour", None),
            ("p", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
