//! Which variables of plain values a cell may change, as far as its text shows.
//!
//! Pure. Asked after a cell ran, for the journal: a mention that is not seen to only read counts as
//! a change, since a value must not be said to be back that may have been another. Values that can
//! be changed behind a shared reference are `journal`'s.

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken};

use crate::engine::syntax::Tree;

/// Methods that leave a number, a text or a collection of std as it is.
const READERS: &[&str] = &[
    "as_bytes",
    "as_ref",
    "as_slice",
    "as_str",
    "chars",
    "clone",
    "contains",
    "contains_key",
    "copied",
    "ends_with",
    "enumerate",
    "first",
    "get",
    "is_empty",
    "is_none",
    "is_some",
    "iter",
    "join",
    "keys",
    "last",
    "len",
    "lines",
    "max",
    "min",
    "starts_with",
    "sum",
    "to_owned",
    "to_string",
    "to_vec",
    "trim",
    "values",
    "windows",
    "chunks",
    "powi",
    "powf",
    "sqrt",
    "abs",
];

/// Macros that only read what is passed to them; any other one may do anything with a name.
const READING_MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "eprint",
    "eprintln",
    "format",
    "matches",
    "panic",
    "print",
    "println",
    "show",
    "tensor",
    "vec",
    "write",
    "writeln",
];

/// The tokens of a cell.
#[derive(Debug)]
pub struct Mentions {
    tokens: Vec<SyntaxToken>,
    /// Patterns with `ref mut`, which borrow what stands elsewhere.
    has_borrowing_patterns: bool,
}

impl Mentions {
    pub fn of(code: &str) -> Mentions {
        let tree = Tree::parse(code);
        let tokens = tree.root().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let tokens: Vec<SyntaxToken> = tokens.filter(|it| !it.kind().is_trivia()).collect();
        let kinds = |it: &[SyntaxToken]| (it[0].kind(), it[1].kind());
        let has_borrowing_patterns =
            tokens.windows(2).any(|it| kinds(it) == (SyntaxKind::REF_KW, SyntaxKind::MUT_KW));
        Mentions { tokens, has_borrowing_patterns }
    }

    /// Whether the cell may change the variable.
    pub fn may_write(&self, name: &str) -> bool {
        let is_name = |it: &SyntaxToken| it.kind() == SyntaxKind::IDENT && it.text() == name;
        let mut mentions = (0..self.tokens.len()).filter(|at| is_name(&self.tokens[*at]));
        self.has_borrowing_patterns || mentions.any(|at| !self.only_reads(at))
    }

    fn only_reads(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let is_assigned = token.parent_ancestors().any(|it| assigns(&it, token));
        let mut macros = token.parent_ancestors().filter_map(|it| called_macro(&it));
        !is_assigned && macros.all(|it| is_reading_macro(&it)) && self.is_read(at)
    }

    /// What stands around a name, also inside of a macro, where there are only tokens.
    fn is_read(&self, at: usize) -> bool {
        use SyntaxKind::*;
        let kind = |at: usize| self.tokens.get(at).map_or(EOF, SyntaxToken::kind);
        let before = at.checked_sub(1).map_or(EOF, kind);
        if before == MUT_KW {
            return false;
        }
        let mut next = at + 1;
        if before == L_PAREN && kind(next) == R_PAREN {
            next += 1;
        }
        // `name[index]`, which an assignment may follow.
        while kind(next) == L_BRACK {
            next = behind_bracket(&self.tokens, next);
        }
        match kind(next) {
            DOT => {
                let method = self.tokens.get(next + 1);
                method.is_some_and(|it| READERS.contains(&it.text())) && kind(next + 2) == L_PAREN
            }
            EQ => kind(next + 1) == EQ,
            PLUS | MINUS | STAR | SLASH | PERCENT | AMP | PIPE | CARET => kind(next + 1) != EQ,
            PLUSEQ | MINUSEQ | STAREQ | SLASHEQ | PERCENTEQ | AMPEQ | PIPEEQ | CARETEQ | SHLEQ
            | SHREQ | QUESTION => false,
            _ => true,
        }
    }
}

/// Whether the node is an assignment with the token on its left side.
fn assigns(node: &SyntaxNode, token: &SyntaxToken) -> bool {
    let assignment = ast::BinExpr::cast(node.clone())
        .filter(|it| matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { .. })));
    let left = assignment.and_then(|it| it.lhs());
    left.is_some_and(|it| it.syntax().text_range().contains_range(token.text_range()))
}

/// The name in `name!( .. )` with its path, if the node is what stands in the brackets.
fn called_macro(node: &SyntaxNode) -> Option<String> {
    if node.kind() != SyntaxKind::TOKEN_TREE {
        return None;
    }
    let mut before =
        std::iter::successors(node.prev_sibling_or_token(), |it| it.prev_sibling_or_token())
            .filter(|it| !it.kind().is_trivia());
    before.next().filter(|it| it.kind() == SyntaxKind::BANG)?;
    // Inside of another macro a path is no node, but its tokens.
    use SyntaxKind::{COLON, COLON2, IDENT, PATH};
    let parts = before.take_while(|it| matches!(it.kind(), PATH | IDENT | COLON2 | COLON));
    let parts: Vec<String> = parts.map(|it| it.to_string()).collect();
    Some(parts.into_iter().rev().collect())
}

/// Whether a macro of this name, which may have a path, only reads what is passed to it.
fn is_reading_macro(name: &str) -> bool {
    let (path, last) = name.rsplit_once("::").unwrap_or(("", name));
    let is_known = ["", "std", "::std", "core", "akari", "::akari"].contains(&path);
    is_known && READING_MACROS.contains(&last)
}

fn behind_bracket(tokens: &[SyntaxToken], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind() {
            SyntaxKind::L_BRACK => depth += 1,
            SyntaxKind::R_BRACK => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_told_from_writing() {
        for code in [
            "v.len()",
            "show!(v, \"a\");",
            "format!(\"{v:?}\")",
            "let w = v.clone();",
            "f(&v);",
            "v[0] + v[v.len() - 1]",
            "v == w",
            "if v.is_empty() { 1 } else { 2 }",
            "v",
            "v + 1",
            "for x in v.iter() {}",
            "for x in &v {}",
            "w.push(v);",
            "std::println!(\"{}\", f(v));",
            "assert_eq!(v, [1]);",
            "(v + 1) * 2",
        ] {
            assert!(!Mentions::of(code).may_write("v"), "{code}");
        }
        for code in [
            "v.push(1);",
            "v = 2;",
            "v += 1;",
            "f(&mut v);",
            "v[0] = 1;",
            "v[0][1] -= 1;",
            "v.sort();",
            "v.x = 1;",
            "let f = || v.push(1);",
            "vec.map(|x| v.insert(x))",
            "v <<= 1;",
            "assert_eq!(v.pop(), None);",
            "v.iter_mut().for_each(|x| *x = 0);",
            "push_one!(v);",
            "println!(\"{}\", take!(v));",
            "my::print!(w, v)",
            "(v, w) = (1, 2);",
            "[w, v] = [1, 2];",
            "(v).push(1);",
            "let ref mut w = v;",
            "if let Some(ref mut x) = v { *x = 1; }",
        ] {
            assert!(Mentions::of(code).may_write("v"), "{code}");
        }
    }
}
