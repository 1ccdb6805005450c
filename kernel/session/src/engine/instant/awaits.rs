//! Whether a cell awaits something at its top level. Pure.
//!
//! The parser keeps what stands in a macro call as tokens, so there the tokens are read.

use ra_ap_syntax::ast;
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode};

/// Macros of tokio and of futures that await what stands in them.
const AWAITING: &[&str] = &["join", "try_join", "select", "select_biased"];

/// Whether the statements await something outside of functions, closures and `async` blocks.
pub fn awaits(body: &SyntaxNode) -> bool {
    body.descendants().any(|node| {
        let is_waiting = match node.kind() {
            SyntaxKind::AWAIT_EXPR => true,
            SyntaxKind::MACRO_CALL => {
                ast::MacroCall::cast(node.clone()).is_some_and(|it| call_awaits(&it))
            }
            _ => false,
        };
        is_waiting && is_at_top(&node, body)
    })
}

fn is_at_top(found: &SyntaxNode, body: &SyntaxNode) -> bool {
    use SyntaxKind::{ASYNC_KW, BLOCK_EXPR, CLOSURE_EXPR, FN, MACRO_RULES};
    let mut around = found.ancestors().take_while(|node| node != body);
    !around.any(|it| match it.kind() {
        FN | CLOSURE_EXPR | MACRO_RULES => true,
        BLOCK_EXPR => it.children_with_tokens().any(|child| child.kind() == ASYNC_KW),
        _ => false,
    })
}

fn call_awaits(call: &ast::MacroCall) -> bool {
    let name = call.path().and_then(|it| it.segment()?.name_ref());
    let is_awaiting = name.is_some_and(|it| AWAITING.iter().any(|known| it.text() == *known));
    is_awaiting || call.token_tree().is_some_and(|it| tokens_await(it.syntax()))
}

/// Whether `.await` is among the tokens, outside of `async` blocks and functions.
fn tokens_await(tree: &SyntaxNode) -> bool {
    // The next braces are those of an `async` block or of a function.
    let mut is_apart = false;
    let mut last = SyntaxKind::EOF;
    for element in tree.children_with_tokens() {
        match element {
            NodeOrToken::Node(inner) => {
                let has_braces =
                    inner.first_token().is_some_and(|it| it.kind() == SyntaxKind::L_CURLY);
                if !(has_braces && is_apart) && tokens_await(&inner) {
                    return true;
                }
                is_apart &= !has_braces;
                last = SyntaxKind::TOKEN_TREE;
            }
            NodeOrToken::Token(token) if token.kind().is_trivia() => {}
            NodeOrToken::Token(token) => {
                match token.text() {
                    "await" if last == SyntaxKind::DOT => return true,
                    "async" | "fn" => is_apart = true,
                    "," | ";" => is_apart = false,
                    _ => {}
                }
                last = token.kind();
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::syntax::Tree;

    fn check(code: &str, expected: bool) {
        let tree = Tree::parse(code);
        let list = tree.statements();
        assert_eq!(list.is_some_and(|it| awaits(it.syntax())), expected, "{code}");
    }

    #[test]
    fn waiting_at_the_top_level_is_found() {
        for code in [
            "f().await",
            "let x = f().await?;",
            "println!(\"{}\", f().await);",
            "let v = vec![f().await, 1];",
            "tokio::join!(f(), g())",
            "let (a, b) = futures::try_join!(f(), g())?;",
            "tokio::select! { a = f() => {}, b = g() => {} }",
            "assert_eq!(f().await\n, { let y = g().await; y });",
            "for n in 0..2 { f(n).await; }",
        ] {
            check(code, true);
        }
    }

    #[test]
    fn waiting_elsewhere_is_not_the_cells() {
        for code in [
            "let f = async { g().await };",
            "async fn f() { g().await }",
            "let f = async || g().await;",
            "tokio::spawn(async move { f().await });",
            "let v = vec![async { f().await }, async move { g().await }];",
            "macro_rules! m { () => { f().await } }",
            "let await_ = 1; println!(\"{}\", await_);",
            "async { tokio::join!(f(), g()) };",
        ] {
            check(code, false);
        }
    }
}
