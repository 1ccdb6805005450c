//! Calls of macros that define items, which later cells must see as they see items.
//!
//! Pure. The `macro_rules!` of a macro, in this cell or an earlier one, tell whether it makes items,
//! whatever the name and the path of the call. The rules of a crate's macro can't be read: a few
//! macros are known, others make items where their arguments begin with one.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::ast::{self, HasName};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode};

use super::parse::{Item, ItemKey, Parsed, Piece};
use super::shape::Shape;
use super::state::State;
use super::statics::sites_of_call;
use super::words::words;
use crate::engine::syntax::Tree;

/// Macros of crates that define items.
pub const KNOWN: &[&str] = &["thread_local", "lazy_static", "bitflags", "model"];

/// Macros of std and of the prelude that define none, also when they are called with braces.
const CODE: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "display",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "print",
    "println",
    "seq",
    "show",
    "stringify",
    "tensor",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

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
    let known = Known { rules, renamed: renamed(state, &parsed) };
    let is_item: Vec<bool> =
        parsed.statements.iter().map(|it| known.makes_items(&it.piece.text)).collect();
    let tail_is_item = parsed.tail.as_ref().is_some_and(|it| known.makes_items(&it.text));
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
        statics: sites_of_call(&piece.text),
        questions: Vec::new(),
        piece,
    }
}

/// What is known of the macros that a cell may call.
struct Known<'a> {
    rules: BTreeMap<&'a str, &'a str>,
    /// The names that imports have given to macros, with those in their paths.
    renamed: BTreeMap<String, String>,
}

impl Known<'_> {
    fn makes_items(&self, text: &str) -> bool {
        let Some(called) = called_macro(text) else { return false };
        let name = self.renamed.get(called).map_or(called, String::as_str);
        if let Some(rules) = self.rules.get(name) {
            return defines_items(name, rules);
        }
        if CODE.contains(&name) {
            return false;
        }
        let call = Tree::parse(text).root().descendants().find_map(ast::MacroCall::cast);
        let arguments = call.and_then(|it| it.token_tree());
        KNOWN.contains(&name) || arguments.is_some_and(|it| begins_with_item(it.syntax()))
    }
}

/// What `use a::m as n;` calls `m`, in the session and in the cell.
fn renamed(state: &State, parsed: &Parsed) -> BTreeMap<String, String> {
    let items = state.items.iter().map(|it| &it.item).chain(&parsed.items);
    let imports = items.filter_map(|item| match &item.key {
        ItemKey::Import(name) => {
            let (path, _) = item.piece.text.rsplit_once(" as ")?;
            Some((name.clone(), words(path).last()?))
        }
        _ => None,
    });
    imports.collect()
}

/// Whether the arguments of a macro's call begin as an item does: `{ static ref X ..`.
fn begins_with_item(arguments: &SyntaxNode) -> bool {
    use SyntaxKind::*;
    let elements = arguments.children_with_tokens().skip(1);
    let mut elements = elements.filter(|it| !matches!(it.kind(), WHITESPACE | COMMENT));
    match elements.next().map(|it| it.kind()) {
        // An attribute: a number sign and brackets.
        Some(POUND) => elements.next().is_some_and(|it| it.to_string().starts_with('[')),
        Some(first) => matches!(first, PUB_KW | EXTERN_KW) || begins_item(first),
        None => false,
    }
}

/// Whether nothing but an item begins with this word; `const` may also begin a block.
fn begins_item(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(
        kind,
        FN_KW | STRUCT_KW | ENUM_KW | TRAIT_KW | IMPL_KW | STATIC_KW | MOD_KW | TYPE_KW | USE_KW
    )
}

/// The last name in `path::name!(..)`, if that is all.
pub fn called_macro(text: &str) -> Option<&str> {
    let (path, rest) = text.split_once('!')?;
    let name = path.trim_end().rsplit("::").next()?.trim_start();
    let is_name = |it: &str| !it.is_empty() && it.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut before = path.trim().split("::").map(str::trim);
    let is_path = before.all(|it| it.is_empty() || it == "$crate" || is_name(it));
    let is_call = rest.trim_start().starts_with(['(', '[', '{']);
    (is_path && is_name(name) && is_call).then_some(name)
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
            CONST_KW => return Start::Item,
            kind if begins_item(kind) => return Start::Item,
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
    use crate::engine::CellId;

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
        assert_eq!(called_macro("std::thread_local!(static A: u8 = 1)"), Some("thread_local"));
        assert_eq!(called_macro("x.y!(b)"), None);
    }

    #[test]
    fn calls_that_make_items_are_told_by_name_path_and_arguments() {
        let cell = "use nn::model as layers; macro_rules! make { ($n:ident) => { struct $n; } } use self::make as produce;";
        let state = State::default().with_items(
            &crate::engine::instant::parse::parse(cell).expect("it is code"),
            CellId::Counted(1),
        );
        let makes = |code: &str| {
            let parsed = crate::engine::instant::parse::parse(code).expect("it is code");
            !with_items_of_macros(parsed, &state).items.is_empty()
        };
        for code in [
            "nn::model!(Net { l });",
            "layers!(Net { l });",
            "make!(S);",
            "produce! { S }",
            "std::thread_local!(static A: u8 = 1);",
            "lazy_static::lazy_static! { static ref A: u8 = 1; }",
            "quick_error! { #[derive(Debug)] pub enum E {} }",
            "whole::new_type!(pub struct A(u8));",
        ] {
            assert!(makes(code), "{code}");
        }
        for code in [
            "println!(\"{}\", 1);",
            "std::println! { \"x\" }",
            "serde_json::json!({ \"a\": 1 })",
            "maplit::hashmap! { 1 => 2 }",
            "log::info!(\"x\");",
            "anyhow::ensure!(1 < 2);",
            "html! { #{x} }",
        ] {
            assert!(!makes(code), "{code}");
        }
    }
}
