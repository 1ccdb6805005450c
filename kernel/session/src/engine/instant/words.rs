//! The words of a text, for all that asks whether code may mention a name.
//!
//! By words, and so on the careful side: a word in a comment or in a string counts as well.

/// The words of a text, as code has them.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
}

/// The names of Rust's primitive types.
pub const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16",
    "u32", "u64", "u128", "usize",
];
