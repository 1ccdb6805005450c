//! What the text of a type tells about its values: whether they share memory with others, and
//! whether a copy can take the place of a value.
//!
//! Pure. `journal` asks which variables a cell may have changed, `plan` which ones can be copied.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast::{self, HasAttrs, HasGenericParams, HasName};

use super::parse::ItemKey;
use super::state::{KeptItem, State};
use super::words::words;
use crate::engine::syntax::Tree;

/// Words of types whose values share nothing with others and change only as a whole.
const PLAIN: &[&str] = &[
    "bool",
    "char",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "str",
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
const HANDLES: &[&str] = &["akari", "candle_core", "tensor", "Tensor"];

/// Whether values of the type share nothing with others and change only as a whole.
pub fn is_plain(type_text: &str) -> bool {
    words(type_text).all(|word| is_plain_word(&word))
}

/// Whether values of the type are tensors or plain collections of them. The numbers in them change
/// only through a `Var`, or by an operation in place.
pub fn is_handle(type_text: &str) -> bool {
    words(type_text).all(|word| is_plain_word(&word) || HANDLES.contains(&word.as_str()))
}

fn is_plain_word(word: &str) -> bool {
    PLAIN.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a copy of a value can take its place: so it is with plain types, tensors, and the
/// learner's own types made of these that derive `Clone` and have no `Drop`.
pub fn is_copyable(type_text: &str, state: &State) -> bool {
    is_copyable_within(type_text, state, &mut Vec::new())
}

/// `known` are generic parameters, and the types that are being looked at already.
fn is_copyable_within(type_text: &str, state: &State, known: &mut Vec<String>) -> bool {
    words(type_text).all(|word| {
        let is_type = |key: &ItemKey| *key == ItemKey::Type(word.clone());
        if known.contains(&word) {
            return true;
        }
        // A learner may have defined a type with the name of one of std, such as `Range`.
        match state.items.iter().find(|kept| is_type(&kept.item.key)) {
            Some(own) => is_own_copyable(&word, own, state, known),
            None => is_plain_word(&word) || HANDLES.contains(&word.as_str()),
        }
    })
}

fn is_own_copyable(name: &str, own: &KeptItem, state: &State, known: &mut Vec<String>) -> bool {
    let ends = |key: &ItemKey| match key {
        ItemKey::TraitImpl(head) => {
            let mut words = words(head);
            words.any(|word| word == "Drop") && words.any(|word| word == name)
        }
        _ => false,
    };
    if state.items.iter().any(|kept| ends(&kept.item.key)) {
        return false;
    }
    let tree = Tree::parse(&own.item.piece.text);
    let mut found = tree.root().descendants().filter_map(ast::Adt::cast);
    // A module's name is kept as a type's too. What a module contains is not looked into.
    let Some(item) = found.next().filter(|item| item.name().is_some_and(|own| own.text() == name))
    else {
        return false;
    };
    let is_clone = item.attrs().any(|it| {
        let text = it.syntax().text().to_string();
        let mut words = words(&text);
        words.next().is_some_and(|word| word == "derive") && words.any(|word| word == "Clone")
    });
    if !is_clone || matches!(item, ast::Adt::Union(_)) {
        return false;
    }
    known.push(name.to_owned());
    let parameters =
        item.generic_param_list().into_iter().flat_map(|list| list.type_or_const_params());
    known.extend(parameters.filter_map(|it| match it {
        ast::TypeOrConstParam::Type(it) => it.name().map(|name| name.text().to_string()),
        ast::TypeOrConstParam::Const(it) => it.name().map(|name| name.text().to_string()),
    }));
    let mut types = item.syntax().descendants().filter_map(ast::Type::cast);
    types.all(|field| is_copyable_within(&field.syntax().text().to_string(), state, known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::parse::parse;

    #[test]
    fn plain_types_are_told_from_those_that_share() {
        for plain in ["f64", "std::vec::Vec<(i32, [u8; 3])>", "&'static str"] {
            assert!(is_plain(plain), "{plain}");
        }
        for shared in ["akari::Tensor", "std::rc::Rc<i32>", "std::vec::Vec<akari::Tensor>"] {
            assert!(!is_plain(shared), "{shared}");
        }
    }

    #[test]
    fn copies_are_made_of_what_is_theirs_alone() {
        let code = "#[derive(Debug, Clone)] struct Point { x: f32, next: Option<Vec<Point>> }
            #[derive(Clone)] enum Kind<T, const N: usize> { Text(String), Many([T; N]) }
            #[derive(Clone)] struct Loud(i32);
            impl Drop for Loud { fn drop(&mut self) { println!(\"end\"); } }
            #[derive(Clone)] struct Shares { cell: std::rc::Rc<i32> }
            #[derive(Debug)] struct Single { x: f32 }
            #[derive(Clone)] struct Holds(Shares);
            struct Range { low: f32 }
            #[derive(Clone)] struct Tensor(f32);
            mod inner { #[derive(Clone)] pub struct A; pub struct String; }";
        let state =
            State::default().with_items(&parse(code).expect("it is code"), CellId::Counted(1));
        for theirs in ["Point", "std::vec::Vec<(Point, f32)>", "Kind<Point, 3>", "Tensor", "i32"] {
            assert!(is_copyable(theirs, &state), "{theirs}");
        }
        for shared in [
            "Loud",
            "Shares",
            "Single",
            "Holds",
            "Kind<Shares, 1>",
            "std::boxed::Box<dyn Fn()>",
            "akari::Var",
            "Range",
            "inner::String",
        ] {
            assert!(!is_copyable(shared, &state), "{shared}");
        }
    }
}
