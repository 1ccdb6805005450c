//! Rust's grammar, as far as a notebook asks about it: parsing a cell, and whether it is complete.
//!
//! Built on rust-analyzer's parser, which accepts broken code and keeps every byte. The parser
//! takes stack for every level of nesting, so `nesting` is asked first. `instant::parse` decides
//! what the pieces of a cell mean.

use ra_ap_syntax::ast::{self, HasModuleItem};
use ra_ap_syntax::{Edition, Parse, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, TextSize};

use super::nesting;
use super::outcome::Completeness;

/// Statements are only legal inside a function, so a cell is parsed as the body of one.
const HEAD: &str = "fn cell(){";
const TAIL: &str = "\n}";

/// A cell's syntax tree. The code has passed `nesting::check`.
#[derive(Debug)]
pub struct Tree {
    parse: Parse<SourceFile>,
}

impl Tree {
    /// Code of an older edition may use a later keyword as a name; the compiler knows whether it
    /// may.
    pub fn parse(code: &str) -> Self {
        let text = format!("{HEAD}{code}{TAIL}");
        let tree = Tree { parse: SourceFile::parse(&text, Edition::Edition2024) };
        if !tree.has_errors() {
            return tree;
        }
        let older = Tree { parse: SourceFile::parse(&text, Edition::Edition2021) };
        if older.has_errors() { tree } else { older }
    }

    /// The list of statements; none if a `}` too many ends the function around the cell early.
    pub fn statements(&self) -> Option<ast::StmtList> {
        let mut items = self.parse.tree().items();
        match (items.next(), items.next()) {
            (Some(ast::Item::Fn(function)), None) => function.body()?.stmt_list(),
            _ => None,
        }
    }

    pub fn has_errors(&self) -> bool {
        !self.parse.errors().is_empty()
    }

    /// The parser's words on the first error, and where in the cell's text it is.
    pub fn first_error(&self) -> Option<(String, usize)> {
        let error = self.parse.errors().into_iter().next()?;
        Some((error.to_string(), cell_offset(error.range().start())))
    }

    /// The innermost node that begins at a byte of the text or lies around it.
    pub fn node_at(&self, at: usize) -> Option<SyntaxNode> {
        let at = TextSize::try_from(at + HEAD.len()).ok()?;
        self.root().token_at_offset(at).right_biased()?.parent()
    }

    pub fn root(&self) -> SyntaxNode {
        self.parse.syntax_node()
    }
}

/// Turns an offset in the tree into one in the cell's text.
pub fn cell_offset(offset: TextSize) -> usize {
    usize::from(offset).saturating_sub(HEAD.len())
}

/// The tokens of a cell, each with its offset in the cell's text.
fn tokens(code: &str) -> impl Iterator<Item = (usize, SyntaxToken)> + use<> {
    let all = Tree::parse(code).root().descendants_with_tokens();
    let length = code.len();
    all.filter_map(|element| element.into_token()).filter_map(move |token| {
        let start = usize::from(token.text_range().start()).checked_sub(HEAD.len())?;
        (start < length).then_some((start, token))
    })
}

/// Whether a colon stands at this offset, and not a part of a text or of a comment.
pub fn is_colon(code: &str, offset: usize) -> bool {
    tokens(code).any(|(start, token)| start == offset && token.kind() == SyntaxKind::COLON)
}

/// A line with the semicolon that its last `let` lacks, if nothing else is wrong with it: at a prompt
/// nobody types one.
pub fn with_last_semicolon(code: &str) -> Option<String> {
    if code.trim().contains('\n') {
        return None;
    }
    let text = format!("{code}\n;");
    let tree = Tree::parse(&text);
    let is_let = matches!(tree.statements()?.statements().last(), Some(ast::Stmt::LetStmt(_)));
    (is_let && !tree.has_errors()).then_some(text)
}

/// Whether a client should send `code` or ask for another line.
pub fn is_complete(code: &str) -> Completeness {
    if nesting::check(code).is_err() {
        return Completeness::Invalid;
    }
    let mut depth = 0usize;
    let mut last = None;
    for (_, token) in tokens(code) {
        match token.kind() {
            SyntaxKind::L_CURLY | SyntaxKind::L_PAREN | SyntaxKind::L_BRACK => depth += 1,
            SyntaxKind::R_CURLY | SyntaxKind::R_PAREN | SyntaxKind::R_BRACK => {
                let Some(less) = depth.checked_sub(1) else { return Completeness::Invalid };
                depth = less;
            }
            kind @ (SyntaxKind::STRING | SyntaxKind::COMMENT)
                if is_unterminated(kind, token.text(), code) =>
            {
                return Completeness::Incomplete { indent: String::new() };
            }
            _ => {}
        }
        if !token.kind().is_trivia() {
            last = Some(token.kind());
        }
    }
    if depth > 0 {
        return Completeness::Incomplete { indent: "    ".repeat(depth) };
    }
    if last.is_some_and(wants_more) {
        return Completeness::Incomplete { indent: "    ".to_owned() };
    }
    let is_command = code.trim_start().starts_with([':', '!', '?']);
    if Tree::parse(code).has_errors() && !is_command && with_last_semicolon(code).is_none() {
        return Completeness::Invalid;
    }
    Completeness::Complete
}

/// A line and a column, in characters; both from 0.
pub type Position = (u32, u32);

/// What is wrong with the brackets of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpaired {
    /// Nothing closes this bracket.
    Open(Position),
    /// This bracket closes nothing.
    Close(char, Position),
    /// A bracket of one kind, and one of another kind that would close it.
    Crossed { opener: Position, closer: (char, Position) },
}

/// The first fault of a cell's brackets; of several that nothing closes, the last one. None is told of
/// a cell with a text or a comment that does not end: its brackets may be part of that.
pub fn unpaired(code: &str) -> Option<Unpaired> {
    let mut open = Vec::new();
    let mut fault = None;
    for (start, token) in tokens(code) {
        match token.kind() {
            SyntaxKind::L_CURLY | SyntaxKind::L_PAREN | SyntaxKind::L_BRACK => {
                open.push((token.kind(), start));
            }
            kind @ (SyntaxKind::R_CURLY | SyntaxKind::R_PAREN | SyntaxKind::R_BRACK) => {
                let closer = (bracket(kind), position(code, start));
                let is_pair = |opener| {
                    matches!(
                        (opener, kind),
                        (SyntaxKind::L_CURLY, SyntaxKind::R_CURLY)
                            | (SyntaxKind::L_PAREN, SyntaxKind::R_PAREN)
                            | (SyntaxKind::L_BRACK, SyntaxKind::R_BRACK)
                    )
                };
                let found = match open.pop() {
                    Some((opener, _)) if is_pair(opener) => continue,
                    Some((_, at)) => Unpaired::Crossed { opener: position(code, at), closer },
                    None => Unpaired::Close(closer.0, closer.1),
                };
                fault = fault.or(Some(found));
            }
            SyntaxKind::ERROR => return None,
            kind if is_unterminated(kind, token.text(), code)
                && matches!(kind, SyntaxKind::STRING | SyntaxKind::COMMENT) =>
            {
                return None;
            }
            _ => {}
        }
    }
    fault.or_else(|| open.pop().map(|(_, at)| Unpaired::Open(position(code, at))))
}

fn bracket(kind: SyntaxKind) -> char {
    match kind {
        SyntaxKind::R_CURLY => '}',
        SyntaxKind::R_BRACK => ']',
        _ => ')',
    }
}

/// The place of a byte of a cell.
pub fn position(code: &str, at: usize) -> Position {
    let before = code.get(..at).unwrap_or(code);
    let line_start = before.rfind('\n').map_or(0, |it| it + 1);
    let line = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
    let column = u32::try_from(before[line_start..].chars().count()).unwrap_or(u32::MAX);
    (line, column)
}

/// Whether a place of a cell is inside of braces.
pub fn is_in_braces(code: &str, place: Position) -> bool {
    let before = tokens(code).take_while(|(start, _)| position(code, *start) < place);
    let depth = before.fold(0i32, |depth, (_, token)| match token.kind() {
        SyntaxKind::L_CURLY => depth + 1,
        SyntaxKind::R_CURLY => depth - 1,
        _ => depth,
    });
    depth > 0
}

/// The place of a cell's last character that is neither space nor part of a comment.
pub fn last_position(code: &str) -> Position {
    let last = tokens(code).filter(|(_, token)| !token.kind().is_trivia()).last();
    let end = last.map_or(0, |(start, token)| start + token.text().len()).min(code.len());
    let last = code[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    position(code, last)
}

/// Whether the end of the cell cuts a literal or comment off: that one swallows the closing brace
/// that the parser gets behind the cell.
fn is_unterminated(kind: SyntaxKind, text: &str, code: &str) -> bool {
    let closed = match kind {
        SyntaxKind::COMMENT => !text.starts_with("/*") || text.ends_with("*/"),
        _ => text.len() > 1 && text.trim_end_matches('#').ends_with('"'),
    };
    !closed || (text.ends_with('}') && !code.contains(text) && !text.starts_with("//"))
}

fn wants_more(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(
        kind,
        EQ | PLUS
            | MINUS
            | STAR
            | SLASH
            | PERCENT
            | AMP2
            | PIPE2
            | EQ2
            | NEQ
            | LTEQ
            | GTEQ
            | L_ANGLE
            | PLUSEQ
            | MINUSEQ
            | STAREQ
            | SLASHEQ
            | DOT
            | COLON2
            | COMMA
            | THIN_ARROW
            | FAT_ARROW
            | POUND
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: &str) {
        let got = match is_complete(code) {
            Completeness::Complete => "complete",
            Completeness::Incomplete { .. } => "incomplete",
            Completeness::Invalid => "invalid",
        };
        assert_eq!(got, expected, "{code:?}");
    }

    #[test]
    fn complete_code_is_sent() {
        for code in
            ["", "1 + 1", "let x = 1;", "fn f() {}\nf()", "// 注釈", ":vars", "for i in 0..3 {\n}"]
        {
            check(code, "complete");
        }
    }

    #[test]
    fn open_code_asks_for_more() {
        for code in
            ["fn f() {", "let x = (1,", "let x =", "x.", "\"abc", "/* abc", "vec![1,", "1 +", "F::"]
        {
            check(code, "incomplete");
        }
    }

    #[test]
    fn brackets_without_their_others_are_found() {
        let crossed = |opener, closer| Some(Unpaired::Crossed { opener, closer });
        assert_eq!(unpaired("fn f() {\n    g(\n"), Some(Unpaired::Open((1, 5))));
        assert_eq!(unpaired("let 値 = [1"), Some(Unpaired::Open((0, 8))));
        assert_eq!(unpaired("f(1;\nlet x = (2"), Some(Unpaired::Open((1, 8))));
        assert_eq!(unpaired("f()\n}"), Some(Unpaired::Close('}', (1, 0))));
        assert_eq!(unpaired("f(1))"), Some(Unpaired::Close(')', (0, 4))));
        assert_eq!(unpaired("(1, 2]"), crossed((0, 0), (']', (0, 5))));
        assert_eq!(unpaired("{ f(1 }"), crossed((0, 3), ('}', (0, 6))));
        for code in ["fn f() {}", "\"(", "a b", "let c = '(';", "/* ("] {
            assert_eq!(unpaired(code), None, "{code}");
        }
    }

    #[test]
    fn the_last_character_is_found_before_comments() {
        assert_eq!(last_position("let 値 =\n // +\n"), (0, 6));
        assert_eq!(last_position("a\n  b"), (1, 2));
        assert_eq!(last_position(""), (0, 0));
    }

    #[test]
    fn broken_code_is_sent_to_show_its_error() {
        for code in ["}", "let = 3;", "fn 1() {}", "a b"] {
            check(code, "invalid");
        }
    }
}
