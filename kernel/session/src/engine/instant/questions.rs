//! The `?` of the learner's functions and macros: where they are.
//!
//! A line before each `?` calls the prelude, which notes the place if an error goes on there; `passed` reads the
//! notes. Pure.

use ra_ap_syntax::{AstNode, Direction, SyntaxKind, SyntaxNode, SyntaxToken, ast};

/// Macros whose arguments are expressions, and who shows nobody how these are written.
const OF_EXPRESSIONS: [&str; 15] = [
    "assert_eq",
    "assert_ne",
    "bail",
    "eprint",
    "eprintln",
    "format",
    "panic",
    "print",
    "println",
    "show",
    "t",
    "vec",
    "write",
    "writeln",
    "seq",
];

/// The offsets of the `?` in an item that is a function, has functions, or is a macro.
pub fn questions(node: &SyntaxNode) -> Vec<usize> {
    let is_code =
        matches!(node.kind(), SyntaxKind::FN | SyntaxKind::IMPL | SyntaxKind::MACRO_RULES);
    let text = node.text();
    if !is_code || !text.contains_char('?') || text.to_string().contains("line!") {
        return Vec::new();
    }
    let start = node.text_range().start();
    let tries =
        node.descendants().filter_map(ast::TryExpr::cast).filter(|it| may_call(it.syntax(), node));
    let marks = tries.filter_map(|it| it.question_mark_token());
    let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
    let in_macros = tokens.filter(|it| is_try_in_macro(it, node));
    let marks = marks.chain(in_macros).map(|it| it.text_range().start());
    let mut offsets: Vec<usize> = marks.map(|at| usize::from(at - start)).collect();
    offsets.sort_unstable();
    offsets
}

/// Whether a token is the `?` behind an expression among the tokens of a macro: of a call's arguments, or of what a macro
/// is made of.
fn is_try_in_macro(token: &SyntaxToken, item: &SyntaxNode) -> bool {
    if token.kind() != SyntaxKind::QUESTION {
        return false;
    }
    let Some(tree) = token.parent().filter(|it| it.kind() == SyntaxKind::TOKEN_TREE) else {
        return false;
    };
    let is_behind_expression = before(token).is_some_and(|it| match it.kind() {
        SyntaxKind::IDENT | SyntaxKind::R_BRACK | SyntaxKind::SELF_KW | SyntaxKind::AWAIT_KW => {
            true
        }
        // `$(..)?` says how often something comes.
        SyntaxKind::R_PAREN => !it.parent().is_some_and(|it| is_repetition(&it)),
        _ => false,
    });
    // How the parts of a pattern are written is no code.
    is_behind_expression
        && !is_in_pattern(&tree)
        && trees(&tree).all(|it| takes_expressions(&it))
        && may_call(&tree, item)
}

/// A tree of tokens and those around it.
fn trees(tree: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    tree.ancestors().take_while(|it| it.kind() == SyntaxKind::TOKEN_TREE)
}

/// The token before another one, past spaces.
fn before(token: &SyntaxToken) -> Option<SyntaxToken> {
    std::iter::successors(token.prev_token(), SyntaxToken::prev_token)
        .find(|it| !it.kind().is_trivia())
}

fn is_repetition(tree: &SyntaxNode) -> bool {
    let first = tree.first_token();
    first.and_then(|it| before(&it)).is_some_and(|it| it.kind() == SyntaxKind::DOLLAR)
}

/// Whether the tokens may be expressions: of no macro's call, or of one that takes expressions.
fn takes_expressions(tree: &SyntaxNode) -> bool {
    let bang = tree.first_token().and_then(|it| before(&it));
    let name = bang.filter(|it| it.kind() == SyntaxKind::BANG).and_then(|it| before(&it));
    name.is_none_or(|it| {
        it.kind() != SyntaxKind::IDENT || OF_EXPRESSIONS.contains(&it.text()) || is_definition(tree)
    })
}

/// Whether a tree has all rules of a macro.
fn is_definition(tree: &SyntaxNode) -> bool {
    tree.parent().is_some_and(|it| it.kind() == SyntaxKind::MACRO_RULES)
}

/// Whether tokens are in the part of a rule that stands before its arrow.
fn is_in_pattern(tree: &SyntaxNode) -> bool {
    let rule = trees(tree).find(|it| it.parent().is_some_and(|it| is_definition(&it)));
    let Some(rule) = rule else { return is_definition(tree) };
    let behind = rule.siblings_with_tokens(Direction::Next).skip(1);
    let next = behind.filter_map(|it| it.into_token()).find(|it| !it.kind().is_trivia());
    next.is_some_and(|it| matches!(it.kind(), SyntaxKind::EQ | SyntaxKind::FAT_ARROW))
}

/// Whether code at a node runs while the program runs, and sees what the item's file imports.
fn may_call(inner: &SyntaxNode, item: &SyntaxNode) -> bool {
    let around = inner.ancestors().take_while(|it| it != item).chain([item.clone()]);
    around.into_iter().all(|it| match it.kind() {
        SyntaxKind::MODULE | SyntaxKind::CONST | SyntaxKind::STATIC | SyntaxKind::CONST_ARG => {
            false
        }
        // A macro that a function defines for itself.
        SyntaxKind::MACRO_RULES => it == *item,
        SyntaxKind::FN => ast::Fn::cast(it).is_some_and(|it| it.const_token().is_none()),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use ra_ap_syntax::TextSize;

    use super::*;
    use crate::engine::syntax::Tree;

    fn check(code: &str, expected: &[usize]) {
        let tree = Tree::parse(code);
        let items = tree.root().descendants().filter(|it| {
            matches!(it.kind(), SyntaxKind::FN | SyntaxKind::IMPL | SyntaxKind::MACRO_RULES)
                && it.text_range().start() > TextSize::new(0)
        });
        let found: Vec<usize> = items.take(1).flat_map(|it| questions(&it)).collect();
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn question_marks_of_functions_are_found() {
        check("fn f() -> R { g()?; h(\"?\")?.i() }", &[17, 26]);
        check("impl A { fn f() -> R { let c = || g()?; c() } }", &[37]);
        check("const fn f() -> R { g()? }", &[]);
        check("fn f() -> R { m!(g()?); macro_rules! n { () => { $x? } } g() }", &[]);
        check("fn f() -> R { println!(\"{}?\", g()?); vec![h()?, i[0] ?] }", &[33, 45, 53]);
        // What shows how its argument is written gets it as it is.
        check("fn f() -> R { assert!(g()?); vec![dbg!(g()?), stringify!(h?)] }", &[]);
        check("macro_rules! m { ($x:expr $(, $y:ty)?) => { $x.parse()? $(+ $y)? }; }", &[54]);
        check("macro_rules! m { (a?) => { vec![b()?] } }", &[35]);
    }
}
