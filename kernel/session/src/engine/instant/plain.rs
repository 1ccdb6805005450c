//! What the text of a type tells about its values: whether they share memory with others.
//!
//! Pure. `journal` asks which variables a cell may have changed, `statics` which statics never change.

use super::words::{PRIMITIVES, words};

/// Words, beside those of primitive types, of types whose values share nothing with others and change only as a whole.
const PLAIN: &[&str] = &[
    "static",
    "std",
    "alloc",
    "core",
    "string",
    "String",
    "vec",
    "Vec",
    "option",
    "Option",
    "result",
    "Result",
    "collections",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "VecDeque",
    "hash_map",
    "hash_set",
    "btree_map",
    "ops",
    "Range",
    "RangeInclusive",
];

/// Words in the type of candle's tensors: a copy is the same tensor, and only a `Var` changes one.
pub const HANDLES: &[&str] = &["akari", "candle_core", "tensor", "Tensor"];

/// Whether values of the type share nothing with others and change only as a whole.
pub fn is_plain(type_text: &str) -> bool {
    words(type_text).all(|word| is_plain_word(&word))
}

/// Whether values of the type are tensors or plain collections of them. The numbers in them change
/// only through a `Var`, or by an operation in place.
pub fn is_handle(type_text: &str) -> bool {
    words(type_text).all(|word| is_plain_word(&word) || HANDLES.contains(&word.as_str()))
}

/// Whether a word can stand in the text of a plain type.
pub fn is_plain_word(word: &str) -> bool {
    PRIMITIVES.contains(&word)
        || PLAIN.contains(&word)
        || word.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_types_are_told_from_those_that_share() {
        for plain in ["f64", "std::vec::Vec<(i32, [u8; 3])>", "&'static str"] {
            assert!(is_plain(plain), "{plain}");
        }
        for shared in ["akari::Tensor", "std::rc::Rc<i32>", "std::vec::Vec<akari::Tensor>"] {
            assert!(!is_plain(shared), "{shared}");
        }
    }
}
