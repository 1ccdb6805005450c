//! The words of a text, for all that asks whether code may mention a name.
//!
//! By words, and so on the careful side: a word in a comment or in a string counts as well.

/// The words of a text, as code has them.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
}
