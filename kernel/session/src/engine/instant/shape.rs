//! The part of an item that the layout of a type can depend on: fields, constants and const fns,
//! but not the bodies of ordinary functions.
//!
//! Pure, by syntax, one item at a time; `layouts` follows the names from item to item. In doubt a
//! part counts: to lose a variable without need is a nuisance, but a variable that is kept with an
//! outdated layout is read wrongly.

use std::collections::BTreeSet;

use ra_ap_syntax::ast;
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T};

use super::words::words;
use crate::engine::syntax::Tree;

/// The part of one item that layouts can depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The tokens that count, with a space between them; empty if none do.
    pub text: String,
    /// The first name of each path: the names that are looked up where the item stands.
    pub heads: BTreeSet<String>,
    /// All names in the text.
    pub mentions: BTreeSet<String>,
    /// The names of an `impl`'s constants, types and const fns.
    pub members: BTreeSet<String>,
    /// Whether the item's code has types of its own: closures, `async` blocks, items in bodies.
    pub has_inner_types: bool,
    /// Whether the same text may mean something else the next time: it reads a file or a variable
    /// of the environment, or asks for its line.
    pub is_volatile: bool,
}

/// Derives of std: they add implementations and change no layout.
const DERIVES: &[&str] = &[
    "derive",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
];

/// Attributes that change no layout.
const INERT: &[&str] =
    &["allow", "warn", "deny", "expect", "doc", "inline", "must_use", "deprecated"];

/// Macros whose value depends on more than their text.
const VOLATILE: &[&str] =
    &["include", "include_str", "include_bytes", "env", "option_env", "file", "line", "column"];

impl Shape {
    pub fn of(item: &SyntaxNode) -> Shape {
        let mut collector = Collector::default();
        collector.node(item);
        let has_members = item.kind() != SyntaxKind::IMPL || !collector.members.is_empty();
        let has_inner_types =
            item.descendants_with_tokens().any(|element| is_inner_type(&element, item));
        if !has_members {
            return Shape { has_inner_types, ..Shape::default() };
        }
        let tokens = collector.tokens;
        let texts: Vec<&str> = tokens.iter().map(SyntaxToken::text).collect();
        Shape {
            text: texts.join(" "),
            heads: tokens.iter().enumerate().filter_map(|(at, _)| head(&tokens, at)).collect(),
            mentions: names(&tokens).collect(),
            members: collector.members,
            has_inner_types,
            is_volatile: is_volatile(&tokens) || is_in_another_file(item),
        }
    }
}

impl Shape {
    /// The shape of the call of a macro.
    pub fn of_call(text: &str) -> Shape {
        let call = Tree::parse(text).root().descendants().find_map(ast::MacroCall::cast);
        call.map(|call| Shape::of(call.syntax())).unwrap_or_default()
    }

    /// The shape of an import of one path.
    pub fn of_import(text: &str, path: &str) -> Shape {
        let mentions: BTreeSet<String> = words(path).collect();
        let places = ["self", "super", "crate"];
        let head = words(path).find(|word| !places.contains(&word.as_str()));
        Shape {
            text: text.to_owned(),
            heads: head.into_iter().collect(),
            mentions,
            ..Shape::default()
        }
    }
}

#[derive(Default)]
struct Collector {
    tokens: Vec<SyntaxToken>,
    members: BTreeSet<String>,
}

impl Collector {
    fn node(&mut self, node: &SyntaxNode) {
        for child in node.children_with_tokens() {
            match child {
                NodeOrToken::Token(token) if token.kind().is_trivia() => {}
                NodeOrToken::Token(token) => self.tokens.push(token),
                NodeOrToken::Node(child) => self.child(&child, node),
            }
        }
        if node.kind() == SyntaxKind::FN && !is_const_fn(node) {
            self.tokens.clear();
        }
    }

    fn child(&mut self, child: &SyntaxNode, parent: &SyntaxNode) {
        let around = parent.parent().map_or(SyntaxKind::SOURCE_FILE, |node| node.kind());
        match child.kind() {
            SyntaxKind::ATTR => self.attribute(child),
            SyntaxKind::FN if !is_const_fn(child) && around == SyntaxKind::TRAIT => {
                // The table of methods in a `dyn` value has the order of the trait's methods.
                let signature =
                    child.children().filter(|node| node.kind() != SyntaxKind::BLOCK_EXPR);
                signature.for_each(|part| self.node(&part));
            }
            SyntaxKind::FN if !is_const_fn(child) => {}
            _ => {
                if parent.kind() == SyntaxKind::ASSOC_ITEM_LIST && around == SyntaxKind::IMPL {
                    let name = child.children().find_map(ast::Name::cast);
                    let called = "a macro's";
                    self.members
                        .insert(name.map_or(called.to_owned(), |name| name.text().to_string()));
                }
                self.node(child);
            }
        }
    }

    fn attribute(&mut self, attribute: &SyntaxNode) {
        let tokens = attribute.descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let words: Vec<SyntaxToken> = tokens.filter(|token| !token.kind().is_trivia()).collect();
        let name = words.iter().find(|token| token.kind() == SyntaxKind::IDENT);
        let name = name.map(|name| name.text().to_owned()).unwrap_or_default();
        if INERT.contains(&name.as_str()) {
            return;
        }
        let is_counted = |token: &SyntaxToken| {
            name != "derive"
                || token.kind() == SyntaxKind::IDENT && !DERIVES.contains(&token.text())
        };
        self.tokens.extend(words.into_iter().filter(is_counted));
    }
}

fn is_const_fn(node: &SyntaxNode) -> bool {
    node.children_with_tokens().any(|element| element.kind() == T![const])
}

/// A closure, an `async` block, or an item inside of a function.
fn is_inner_type(element: &NodeOrToken<SyntaxNode, SyntaxToken>, item: &SyntaxNode) -> bool {
    match element {
        NodeOrToken::Node(node) => match node.kind() {
            SyntaxKind::CLOSURE_EXPR => true,
            kind if ast::Item::can_cast(kind) && node != item => node
                .ancestors()
                .skip(1)
                .take_while(|node| node != item)
                .any(|node| node.kind() == SyntaxKind::BLOCK_EXPR),
            _ => false,
        },
        // A macro call has no tree inside, so any bar there may begin a closure.
        NodeOrToken::Token(token) => match token.kind() {
            T![async] => true,
            T![|] | T![||] => {
                token.parent().is_some_and(|node| node.kind() == SyntaxKind::TOKEN_TREE)
            }
            _ => false,
        },
    }
}

fn names(tokens: &[SyntaxToken]) -> impl Iterator<Item = String> + '_ {
    tokens
        .iter()
        .filter(|token| token.kind() == SyntaxKind::IDENT)
        .map(|token| token.text().to_owned())
}

/// The name at a position, if it is the first of its path.
fn head(tokens: &[SyntaxToken], at: usize) -> Option<String> {
    let token = &tokens[at];
    let kind = |back: usize| at.checked_sub(back).map_or(SyntaxKind::EOF, |at| tokens[at].kind());
    let is_name = token.kind() == SyntaxKind::IDENT && !is_declaration(token);
    // `::` is one token in a tree, and two in a macro call.
    let before = match (kind(1), kind(2)) {
        (T![::], before) => Some(before),
        (T![:], T![:]) => Some(kind(3)),
        _ => None,
    };
    let is_later = before.is_some_and(|kind| matches!(kind, SyntaxKind::IDENT | T![>] | T![Self]));
    let is_member = kind(1) == T![.] && kind(2) != T![.];
    (is_name && !is_later && !is_member).then(|| token.text().to_owned())
}

/// Whether the token names a field, a variant or a variable inside the item.
fn is_declaration(token: &SyntaxToken) -> bool {
    let name = token.parent().filter(|node| node.kind() == SyntaxKind::NAME);
    name.and_then(|name| name.parent()).is_some_and(|it| {
        matches!(it.kind(), SyntaxKind::RECORD_FIELD | SyntaxKind::VARIANT | SyntaxKind::IDENT_PAT)
    })
}

fn is_volatile(tokens: &[SyntaxToken]) -> bool {
    tokens.windows(2).any(|pair| pair[1].kind() == T![!] && VOLATILE.contains(&pair[0].text()))
}

/// `mod name;`, which stands for a file.
fn is_in_another_file(item: &SyntaxNode) -> bool {
    let mut modules = item.descendants().filter_map(ast::Module::cast);
    modules.any(|module| module.item_list().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(code: &str) -> Shape {
        let tree = Tree::parse(code);
        let list = tree.statements().expect("it is a list of statements");
        let item = list.syntax().children().find(|node| ast::Item::can_cast(node.kind()));
        Shape::of(&item.expect("it is an item"))
    }

    /// The text that counts, and the names that are looked up.
    fn check(code: &str, text: &str, heads: &str) {
        let shape = shape(code);
        let found: Vec<&str> = shape.heads.iter().map(String::as_str).collect();
        assert_eq!((shape.text.as_str(), found.join(" ").as_str()), (text, heads), "{code}");
    }

    #[test]
    fn what_a_layout_depends_on_is_told_from_what_it_does_not() {
        check("struct A { b: [f32; N] } ", "struct A { b : [ f32 ; N ] }", "A N f32");
        check(
            "#[derive(Debug)] #[repr(C)] /* a */ struct A(B);",
            "# [ repr ( C ) ] struct A ( B ) ;",
            "A B C repr",
        );
        check("#[derive(Debug, Other)] struct A;", "Other struct A ;", "A Other");
        check("fn f() -> A { N }", "", "");
        check("const fn f() -> usize { M }", "const fn f ( ) -> usize { M }", "M f usize");
        check(
            "const N: usize = m::K + Self::L;",
            "const N : usize = m :: K + Self :: L ;",
            "N m usize",
        );
        check("impl A { fn f(&self) { N } }", "", "");
        check(
            "impl A { const N: usize = 1; fn f() {} }",
            "impl A { const N : usize = 1 ; }",
            "A N usize",
        );
        check("trait T { fn f(&self) -> u8 { 3 } }", "trait T { f ( & self ) -> u8 }", "T f u8");
        check("mod m { pub struct A; fn f() {} }", "mod m { pub struct A ; }", "A m");
    }

    #[test]
    fn text_that_may_mean_something_else_later_is_known() {
        for code in [
            "const N: usize = include_bytes!(\"a\").len();",
            "const N: usize = line!() as usize;",
            "macro_rules! m { () => { struct S([u8; env!(\"N\").len()]); } }",
            "#[path = \"/a.rs\"] mod m;",
        ] {
            assert!(shape(code).is_volatile, "{code}");
        }
        assert!(!shape("const N: &str = concat!(\"line\", \"!\");").is_volatile);
    }

    #[test]
    fn code_with_types_of_its_own_is_known() {
        for code in [
            "fn f() { v.map(|it| it + 1) }",
            "fn f() { struct L; }",
            "fn f() { async { 1 } }",
            "fn f() { show!(v.map(|it| it)) }",
            "impl A { fn f() { move || 1 } }",
        ] {
            assert!(shape(code).has_inner_types, "{code}");
        }
        for code in [
            "fn f() -> u8 { 1 | 2 }",
            "struct A(u8);",
            "mod m { struct A; }",
            "impl A { fn f() {} }",
        ] {
            assert!(!shape(code).has_inner_types, "{code}");
        }
    }
}
