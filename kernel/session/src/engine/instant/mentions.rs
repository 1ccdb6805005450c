//! Which names a piece of code mentions, binds, assigns to, and reads before it binds them.
//!
//! Pure, by syntax alone. `parse` asks about whole cells and items. In doubt a name counts as read,
//! as inside of macro calls, whose meaning only the compiler knows: if a name that is read were not
//! counted, its variable would be missing.

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, HasName};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T};

/// All names that the code mentions, also in macros and as `{name}` in format strings.
pub fn mentions(node: &SyntaxNode) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in tokens(node) {
        match token.kind() {
            SyntaxKind::IDENT if !is_binding(&token) => {
                found.insert(token.text().to_owned());
            }
            SyntaxKind::STRING => format_names(token.text(), &mut found),
            _ => {}
        }
    }
    found
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens().filter_map(NodeOrToken::into_token)
}

/// Whether the token is the name that a pattern gives a variable. Such a name reads nothing.
fn is_binding(token: &SyntaxToken) -> bool {
    token
        .parent()
        .filter(|node| node.kind() == SyntaxKind::NAME)
        .and_then(|name| name.parent())
        .is_some_and(|pattern| pattern.kind() == SyntaxKind::IDENT_PAT)
}

/// Names that stand where a pattern would bind them.
pub fn bindings(node: &SyntaxNode) -> BTreeSet<String> {
    let bindings = node.descendants().filter_map(ast::IdentPat::cast);
    bindings.filter_map(|binding| binding.name()).map(|name| name.text().to_string()).collect()
}

/// The variables in `x = ..`, also inside of blocks.
pub fn assigned(node: &SyntaxNode) -> BTreeSet<String> {
    let assignments = node.descendants().filter_map(ast::BinExpr::cast).filter(|expression| {
        matches!(expression.op_kind(), Some(ast::BinaryOp::Assignment { op: None }))
    });
    let names = assignments.filter_map(|assignment| match assignment.lhs()? {
        ast::Expr::PathExpr(path) => Some(path.syntax().text().to_string()),
        _ => None,
    });
    names.collect()
}

fn format_names(literal: &str, found: &mut BTreeSet<String>) {
    for part in literal.split('{').skip(1) {
        let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !name.is_empty() {
            // `{type}` means `r#type`.
            found.insert(format!("r#{name}"));
            found.insert(name);
        }
        // A width or precision may be a variable: `{x:width$}`.
        let spec = part.split('}').next().unwrap_or("");
        for word in spec.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$') {
            if let Some(name) = word.strip_suffix('$') {
                found.insert(name.to_owned());
            }
        }
    }
}

/// Goes through statements in order, and collects the names that they read and that no earlier
/// statement or surrounding pattern has bound.
#[derive(Debug, Default)]
pub struct Reader {
    bound: Vec<String>,
    pub read: BTreeSet<String>,
}

impl Reader {
    /// Takes in the next statement; the names that it binds are bound for the statements after it.
    pub fn statement(&mut self, node: &SyntaxNode) {
        self.node(node);
    }

    fn node(&mut self, node: &SyntaxNode) {
        use SyntaxKind::{
            BLOCK_EXPR, CLOSURE_EXPR, FOR_EXPR, GENERIC_ARG_LIST, IF_EXPR, LET_EXPR, LET_STMT,
            MACRO_CALL, MACRO_RULES, MATCH_ARM, STMT_LIST, TOKEN_TREE, WHILE_EXPR,
        };
        match node.kind() {
            TOKEN_TREE | MACRO_RULES => self.macro_tokens(node),
            // The first child is the path of the macro, which is no variable.
            MACRO_CALL => node.children().skip(1).for_each(|it| self.node(&it)),
            LET_STMT | LET_EXPR => {
                self.children_but_patterns(node);
                self.bind(node);
            }
            CLOSURE_EXPR | MATCH_ARM => self.scope(|reader| {
                reader.bind_own(node);
                reader.children_but_patterns(node);
            }),
            FOR_EXPR => self.for_loop(node),
            IF_EXPR => self.branches(node),
            BLOCK_EXPR | STMT_LIST | WHILE_EXPR => {
                self.scope(|reader| node.children().for_each(|child| reader.node(&child)));
            }
            GENERIC_ARG_LIST => {}
            // Items can't see variables, and types don't read any.
            kind if ast::Item::can_cast(kind) && !ast::MacroCall::can_cast(kind) => {}
            kind if ast::Type::can_cast(kind) => {}
            _ => self.leaf_or_children(node),
        }
    }

    fn scope(&mut self, inside: impl FnOnce(&mut Self)) {
        let outside = self.bound.len();
        inside(self);
        self.bound.truncate(outside);
    }

    /// Binds the names of the patterns that are children of the node.
    fn bind(&mut self, node: &SyntaxNode) {
        let patterns = node.children().filter(|node| ast::Pat::can_cast(node.kind()));
        self.bound.extend(patterns.flat_map(|pattern| bindings(&pattern)));
    }

    /// Binds the parameters of a closure, or the names in the pattern of an arm.
    fn bind_own(&mut self, node: &SyntaxNode) {
        self.bind(node);
        let parameters = node.children().filter_map(ast::ParamList::cast);
        self.bound.extend(parameters.flat_map(|parameters| bindings(parameters.syntax())));
    }

    fn children_but_patterns(&mut self, node: &SyntaxNode) {
        let is_bound = |kind| ast::Pat::can_cast(kind) || ast::ParamList::can_cast(kind);
        let parts = node.children().filter(|node| !is_bound(node.kind()));
        parts.for_each(|child| self.node(&child));
    }

    fn for_loop(&mut self, node: &SyntaxNode) {
        let Some(expression) = ast::ForExpr::cast(node.clone()) else { return };
        if let Some(iterable) = expression.iterable() {
            self.node(iterable.syntax());
        }
        self.scope(|reader| {
            reader.bind(node);
            if let Some(body) = ast::HasLoopBody::loop_body(&expression) {
                reader.node(body.syntax());
            }
        });
    }

    fn branches(&mut self, node: &SyntaxNode) {
        let Some(expression) = ast::IfExpr::cast(node.clone()) else { return };
        self.scope(|reader| {
            if let Some(condition) = expression.condition() {
                reader.node(condition.syntax());
            }
            if let Some(branch) = expression.then_branch() {
                reader.node(branch.syntax());
            }
        });
        match expression.else_branch() {
            Some(ast::ElseBranch::Block(block)) => self.node(block.syntax()),
            Some(ast::ElseBranch::IfExpr(next)) => self.node(next.syntax()),
            None => {}
        }
    }

    fn leaf_or_children(&mut self, node: &SyntaxNode) {
        if let Some(name) = ast::NameRef::cast(node.clone()) {
            if !is_member(node) {
                self.mention(name.syntax().text().to_string());
            }
            return;
        }
        node.children().for_each(|child| self.node(&child));
    }

    fn mention(&mut self, name: String) {
        if !self.bound.contains(&name) {
            self.read.insert(name);
        }
    }

    /// Mentions the names in a macro call: each may be a variable, unless it stands behind a dot or
    /// in a path.
    fn macro_tokens(&mut self, node: &SyntaxNode) {
        let mut found = BTreeSet::new();
        let kinds =
            |token: Option<SyntaxToken>| token.map_or(SyntaxKind::EOF, |token| token.kind());
        for token in tokens(node) {
            let before = token.prev_token();
            let second = before.as_ref().and_then(SyntaxToken::prev_token);
            let after = token.next_token();
            let third = after.as_ref().and_then(SyntaxToken::next_token);
            match token.kind() {
                SyntaxKind::IDENT => {
                    let is_behind_dot =
                        kinds(before.clone()) == T![.] && kinds(second.clone()) != T![.];
                    let is_behind_path = kinds(before.clone()) == T![::]
                        || kinds(before) == T![:] && kinds(second) == T![:];
                    let is_before_path = kinds(after.clone()) == T![::]
                        || kinds(after) == T![:] && kinds(third) == T![:];
                    if !is_behind_dot && !is_behind_path && !is_before_path {
                        found.insert(token.text().to_owned());
                    }
                }
                SyntaxKind::STRING => format_names(token.text(), &mut found),
                _ => {}
            }
        }
        found.into_iter().for_each(|name| self.mention(name));
    }
}

/// Whether a name belongs to a field, to a method or to a longer path.
fn is_member(name: &SyntaxNode) -> bool {
    let Some(parent) = name.parent() else { return false };
    match parent.kind() {
        SyntaxKind::FIELD_EXPR | SyntaxKind::METHOD_CALL_EXPR => true,
        // `Point { x }` reads `x`, `Point { x: 1 }` does not.
        SyntaxKind::RECORD_EXPR_FIELD => true,
        SyntaxKind::PATH_SEGMENT => parent.parent().is_some_and(|path| {
            let is_longer = path.parent().is_some_and(|node| node.kind() == SyntaxKind::PATH);
            is_longer || path.children().any(|node| node.kind() == SyntaxKind::PATH)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::syntax::Tree;

    /// The names that a cell reads, in alphabetical order.
    fn check(code: &str, expected: &str) {
        let tree = Tree::parse(code);
        let mut reader = Reader::default();
        let list = tree.statements().expect("it is a list of statements");
        list.syntax().children().for_each(|node| reader.statement(&node));
        let read: Vec<&str> =
            reader.read.iter().map(String::as_str).filter(|it| !it.starts_with("r#")).collect();
        assert_eq!(read.join(" "), expected, "{code}");
    }

    #[test]
    fn name_that_is_bound_first_is_not_read() {
        check("let x = 1; x", "");
        check("let x = x + 1; x", "x");
        check("x; let x = 1;", "x");
        check("let (a, b) = (b, 1); a; b", "b");
        check("let x; x = 1; x", "");
        check("let Some(x) = y else { panic!(\"{z}\") }; show!(x)", "y z");
        check("let x = 1; show!(\"{x} {y:w$}\", x)", "w y");
        check("let n = n.len();", "n");
    }

    #[test]
    fn what_a_block_binds_is_bound_in_it_alone() {
        check("{ let x = 1; x } x", "x");
        check("for i in 0..n { i; } i", "i n");
        check("let f = |a: f32, (b, _)| a + b + c;", "c");
        check("match m { Some(v) if v > w => v, None => v, _ => 0 }", "m v w");
        check("if let Some(v) = m && v > 1 { v } else { v }", "m v");
        check("while let Some(v) = stack.pop() { v; }", "stack");
        check("async { let q = 1; q }.await", "");
    }

    #[test]
    fn members_and_paths_are_no_variables() {
        check("let len = x.len(); x.shape; F::relu(&y)", "x y");
        check("show!(x.len(), a..b, F::relu(&y))", "a b x y");
        check("let p = Point { x, y: 1 };", "Point x");
        check("let a: [f32; N] = b;", "b");
        check("fn f() { x } struct S { y: f32 }", "");
        check("vec.iter().map::<u8, _>(|it| it + k).collect::<Vec<q>>()", "k vec");
    }
}
