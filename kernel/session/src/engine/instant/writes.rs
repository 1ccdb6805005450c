//! Which variables of plain values a cell may change, as far as its text shows.
//!
//! Pure. The journal asks after a cell ran. A mention that does not clearly only read counts as a
//! change: otherwise a variable could be said to be back with a value that the cell had changed.
//! `journal` itself sees to values that can be changed behind a shared reference.

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
pub struct CellTokens {
    tokens: Vec<SyntaxToken>,
    /// Whether there is a pattern with `ref mut`, which may borrow any variable.
    has_borrowing_patterns: bool,
}

impl CellTokens {
    pub fn of(code: &str) -> CellTokens {
        let tree = Tree::parse(code);
        let tokens = tree.root().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let tokens: Vec<SyntaxToken> = tokens.filter(|token| !token.kind().is_trivia()).collect();
        let kinds = |pair: &[SyntaxToken]| (pair[0].kind(), pair[1].kind());
        let has_borrowing_patterns =
            tokens.windows(2).any(|pair| kinds(pair) == (SyntaxKind::REF_KW, SyntaxKind::MUT_KW));
        CellTokens { tokens, has_borrowing_patterns }
    }

    /// Whether the cell may change the variable.
    pub fn may_write(&self, name: &str) -> bool {
        let is_name =
            |token: &SyntaxToken| token.kind() == SyntaxKind::IDENT && token.text() == name;
        let mut mentions = (0..self.tokens.len()).filter(|at| is_name(&self.tokens[*at]));
        self.has_borrowing_patterns || mentions.any(|at| !self.only_reads(at))
    }

    fn only_reads(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let is_assigned = token.parent_ancestors().any(|node| assigns(&node, token));
        let mut macros = token.parent_ancestors().filter_map(|node| called_macro(&node));
        !is_assigned && macros.all(|name| is_reading_macro(&name)) && self.is_read(at)
    }

    /// Whether the tokens around a name only read it. Inside of a macro there is no tree to ask.
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
        // An assignment may follow behind `name[index]`.
        while kind(next) == L_BRACK {
            next = behind_bracket(&self.tokens, next);
        }
        match kind(next) {
            DOT => {
                let method = self.tokens.get(next + 1);
                method.is_some_and(|method| READERS.contains(&method.text()))
                    && kind(next + 2) == L_PAREN
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
    let assignment = ast::BinExpr::cast(node.clone()).filter(|expression| {
        matches!(expression.op_kind(), Some(ast::BinaryOp::Assignment { .. }))
    });
    let left = assignment.and_then(|assignment| assignment.lhs());
    left.is_some_and(|left| left.syntax().text_range().contains_range(token.text_range()))
}

/// The path of the macro in `path!( .. )`, if the node is the part in brackets.
fn called_macro(node: &SyntaxNode) -> Option<String> {
    if node.kind() != SyntaxKind::TOKEN_TREE {
        return None;
    }
    let mut before = std::iter::successors(node.prev_sibling_or_token(), |element| {
        element.prev_sibling_or_token()
    })
    .filter(|element| !element.kind().is_trivia());
    before.next().filter(|element| element.kind() == SyntaxKind::BANG)?;
    // Inside of another macro a path is several tokens and no node.
    use SyntaxKind::{COLON, COLON2, IDENT, PATH};
    let parts =
        before.take_while(|element| matches!(element.kind(), PATH | IDENT | COLON2 | COLON));
    let parts: Vec<String> = parts.map(|part| part.to_string()).collect();
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
            assert!(!CellTokens::of(code).may_write("v"), "{code}");
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
            assert!(CellTokens::of(code).may_write("v"), "{code}");
        }
    }
}
