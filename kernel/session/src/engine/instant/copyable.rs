//! Whether a copy of a variable's value can take its place, by the variable's type.
//!
//! Pure, by the text of the type and the items of the session.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast::{self, HasAttrs, HasGenericParams, HasName};

use super::parse::ItemKey;
use super::plain::{HANDLES, is_plain_word};
use super::state::{KeptItem, State};
use super::words::words;
use crate::engine::syntax::Tree;

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
