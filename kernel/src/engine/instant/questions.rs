//! The `?` of the learner's functions: where they are.
//!
//! A line before each `?` calls the prelude, which notes the place if an error goes on there; `passed` reads the
//! notes. Pure.

use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};

/// The offsets of the `?` in the functions of an item.
pub fn questions(node: &SyntaxNode) -> Vec<usize> {
    let is_code = matches!(node.kind(), SyntaxKind::FN | SyntaxKind::IMPL);
    let text = node.text();
    if !is_code || !text.contains_char('?') || text.to_string().contains("line!") {
        return Vec::new();
    }
    let start = node.text_range().start();
    let tries =
        node.descendants().filter_map(ast::TryExpr::cast).filter(|it| may_call(it.syntax(), node));
    let marks = tries.filter_map(|it| Some(it.question_mark_token()?.text_range().start()));
    let mut offsets: Vec<usize> = marks.map(|at| usize::from(at - start)).collect();
    offsets.sort_unstable();
    offsets
}

/// Whether code at a node runs while the program runs, and sees what the item's file imports.
fn may_call(inner: &SyntaxNode, item: &SyntaxNode) -> bool {
    let around = inner.ancestors().take_while(|it| it != item).chain([item.clone()]);
    around.into_iter().all(|it| match it.kind() {
        SyntaxKind::MODULE | SyntaxKind::CONST | SyntaxKind::STATIC | SyntaxKind::CONST_ARG => {
            false
        }
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
            matches!(it.kind(), SyntaxKind::FN | SyntaxKind::IMPL)
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
    }
}
