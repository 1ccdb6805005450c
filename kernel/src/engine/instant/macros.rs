//! Calls of macros that define items, which later cells must see as they see items.
//!
//! Pure. The `macro_rules!` of a macro, in this cell or an earlier one, tell whether it makes
//! items. A macro of a crate is taken for one that makes none, except for a few well-known ones.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::ast::{self, HasName};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode};

use super::parse::{Item, ItemKey, Parsed, Piece};
use super::shape::Shape;
use super::state::State;
use super::words::words;
use crate::engine::syntax::Tree;

/// Macros of crates that define items.
pub const KNOWN: &[&str] = &["thread_local", "lazy_static", "bitflags"];

/// Moves the calls of macros that define items from the cell's statements to its items.
pub fn with_items_of_macros(mut parsed: Parsed, state: &State) -> Parsed {
    let earlier = state.items.iter().map(|kept| &kept.item);
    let rules: BTreeMap<&str, &str> = earlier
        .chain(&parsed.items)
        .filter_map(|item| match &item.key {
            ItemKey::Macro(name) => Some((name.as_str(), item.piece.text.as_str())),
            _ => None,
        })
        .collect();
    let makes_items = |piece: &Piece| {
        let name = called_macro(&piece.text)?;
        (KNOWN.contains(&name) || rules.get(name).is_some_and(|rules| defines_items(name, rules)))
            .then_some(())
    };
    let is_item: Vec<bool> =
        parsed.statements.iter().map(|statement| makes_items(&statement.piece).is_some()).collect();
    let tail_is_item = parsed.tail.as_ref().is_some_and(|tail| makes_items(tail).is_some());
    let mut pieces = Vec::new();
    let mut flags = is_item.into_iter();
    parsed.statements.retain(|statement| {
        let goes = flags.next().unwrap_or(false);
        if goes {
            pieces.push(statement.piece.clone());
        }
        !goes
    });
    pieces.extend(parsed.tail.take_if(|_| tail_is_item));
    parsed.items.extend(pieces.into_iter().map(item));
    parsed
}

/// The item for a macro call. It has no names, so that every cell gets it: the names of the items
/// that it makes may not even stand in it.
fn item(mut piece: Piece) -> Item {
    if !piece.text.ends_with([';', '}']) {
        piece.text.push(';');
    }
    Item {
        key: ItemKey::Other(piece.text.clone()),
        names: BTreeSet::new(),
        mentions: words(&piece.text).collect(),
        shape: Shape::of_call(&piece.text),
        piece,
    }
}

/// The name in `name!(..)`; none if the text is anything else.
pub fn called_macro(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('!')?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !name.is_empty() && rest.trim_start().starts_with(['(', '[', '{'])).then_some(name)
}

/// Whether the rules of a macro make items: at least one arm does, and every other one calls the
/// macro again.
fn defines_items(name: &str, rules: &str) -> bool {
    let tree = Tree::parse(rules);
    let Some(rules) = tree.root().descendants().find_map(ast::MacroRules::cast) else {
        return false;
    };
    if rules.name().is_none_or(|own| own.text() != name) {
        return false;
    }
    let Some(arms) = rules.token_tree() else { return false };
    let trees = arms.syntax().children().filter_map(ast::TokenTree::cast);
    let starts: Vec<Start> =
        trees.skip(1).step_by(2).map(|arm| start(arm.syntax(), name)).collect();
    starts.contains(&Start::Item) && !starts.contains(&Start::Code)
}

#[derive(Debug, PartialEq, Eq)]
enum Start {
    Item,
    /// Nothing, or a call of the macro itself: other arms decide.
    Open,
    Code,
}

/// What the right side of an arm, or of a repetition in it, begins with.
fn start(tree: &SyntaxNode, name: &str) -> Start {
    use SyntaxKind::*;
    let mut inside = tree.children_with_tokens().skip(1).peekable();
    let mut before = None;
    while let Some(element) = inside.next() {
        let token = match element {
            // In `$( .. )` the inside decides; `pub( .. )` decides nothing; any other group is
            // code.
            NodeOrToken::Node(group) => match before {
                Some(DOLLAR) => return start(&group, name),
                Some(PUB_KW) => continue,
                _ => return Start::Code,
            },
            NodeOrToken::Token(token) => token,
        };
        before = Some(token.kind());
        let is_group_next = matches!(inside.peek(), Some(NodeOrToken::Node(_)));
        match token.kind() {
            WHITESPACE | COMMENT | PUB_KW | UNSAFE_KW | ASYNC_KW | EXTERN_KW | STRING => {}
            // An attribute: its brackets are skipped.
            POUND => drop(inside.next()),
            DOLLAR if is_group_next => {}
            CONST_KW if is_group_next => return Start::Code,
            FN_KW | STRUCT_KW | ENUM_KW | TRAIT_KW | IMPL_KW | CONST_KW | STATIC_KW | MOD_KW
            | TYPE_KW | USE_KW => return Start::Item,
            IDENT if matches!(token.text(), "macro_rules" | "union" | "thread_local") => {
                return Start::Item;
            }
            IDENT if token.text() == name => return Start::Open,
            R_CURLY | R_PAREN | R_BRACK => return Start::Open,
            _ => return Start::Code,
        }
    }
    Start::Open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &str, expected: bool) {
        assert_eq!(defines_items("m", rules), expected, "{rules}");
    }

    #[test]
    fn macros_that_make_items_are_told_from_others() {
        check("macro_rules! m { ($n:ident) => { fn $n() {} }; }", true);
        check("macro_rules! m { ($n:ident) => { #[derive(Debug)] pub struct $n; }; }", true);
        check("macro_rules! m { ($n:ident) => { pub(crate) fn $n() {} }; }", true);
        check("macro_rules! m { ($($t:ty),*) => { $(impl A for $t {})* }; }", true);
        check(
            "macro_rules! m { () => {}; ($t:ty, $($r:ty),*) => { impl A for $t {} m!($($r),*); }; }",
            true,
        );
        check("macro_rules! m { ($e:expr) => { $e + 1 }; }", false);
        check("macro_rules! m { ($e:expr) => { let x = $e; }; }", false);
        check("macro_rules! m { ($e:expr) => {{ fn f() {} f() }}; }", false);
    }

    #[test]
    fn a_call_is_told_from_other_code() {
        assert_eq!(called_macro("m! { a }"), Some("m"));
        assert_eq!(called_macro("!(a)"), None);
        assert_eq!(called_macro("let a = m!(b)"), None);
        assert_eq!(called_macro("a != b"), None);
    }
}
