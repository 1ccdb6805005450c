//! What of a cell goes into a program: its statements as they were typed, with the comments between them.
//!
//! Pure. `parse` has cut the cell; comments belong to no piece, and are found between the pieces.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::ast::{self, HasName};
use ra_ap_syntax::{AstNode, SyntaxKind};

use crate::engine::CellId;
use crate::engine::instant::head::blank_head;
use crate::engine::instant::parse::{Piece, Statement, parse};
use crate::engine::instant::plan::Plan;
use crate::engine::instant::state::{Absence, KeptItem, KeptVariable, State};
use crate::engine::instant::words::{PRIMITIVES, words};
use crate::engine::syntax::{Tree, cell_offset};

/// A cell of the program.
#[derive(Debug)]
pub struct CellCode {
    pub number: u32,
    pub id: CellId,
    /// Commands of the notebook that a program has not.
    pub notes: Vec<String>,
    /// Statements in the place of commands.
    pub first: Vec<String>,
    pub pieces: Pieces,
    /// The texts of items that the session has in another form.
    pub own_text: BTreeMap<String, String>,
    pub has_tests: bool,
    pub statements: Vec<Statement>,
    pub tail: Option<Piece>,
    pub is_async: bool,
    pub mentions: BTreeSet<String>,
    /// The variables of earlier cells that the cell reads, and other names.
    pub reads: BTreeSet<String>,
    /// The items that the cell meets, its own among them.
    pub items: Vec<KeptItem>,
    /// The variables of earlier cells that the cell uses.
    pub uses: BTreeMap<String, KeptVariable>,
    /// The names of the cell's own variables, behind it.
    pub variables: BTreeSet<String>,
    /// The types of variables that the cell gives to later ones.
    pub types: BTreeMap<String, String>,
    /// Variables that end with the cell, and what they borrow may be needed by the next.
    pub ending: Vec<String>,
}

impl Default for CellCode {
    fn default() -> CellCode {
        CellCode {
            number: 0,
            id: CellId::Counted(0),
            notes: Vec::new(),
            first: Vec::new(),
            pieces: Pieces::default(),
            own_text: BTreeMap::new(),
            has_tests: false,
            statements: Vec::new(),
            tail: None,
            is_async: false,
            mentions: BTreeSet::new(),
            reads: BTreeSet::new(),
            items: Vec::new(),
            uses: BTreeMap::new(),
            variables: BTreeSet::new(),
            types: BTreeMap::new(),
            ending: Vec::new(),
        }
    }
}

impl CellCode {
    /// Takes in what the session knows of the cell's variables behind it.
    pub fn take_results(&mut self, plan: &Plan, after: &State) {
        self.uses.clone_from(&plan.reads);
        self.variables = plan.new.keys().cloned().collect();
        for name in plan.new.keys() {
            if let Some(variable) = after.variables.get(name).filter(|it| it.cell == self.id) {
                self.types.insert(name.clone(), variable.type_text.clone());
            }
            let absence = after.absent.get(name);
            if let Some(Absence::Borrows { cell } | Absence::Locks { cell }) = absence
                && *cell == self.id
            {
                self.ending.push(name.clone());
            }
        }
    }
}

/// Where in a cell a piece begins: its line and its column.
type Start = (u32, u32);

/// The comments of a cell.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Lines above a piece; an empty one is a blank line.
    above: BTreeMap<Start, Vec<String>>,
    /// The comment behind a piece, in its line.
    behind: BTreeMap<Start, String>,
    /// Lines below all pieces.
    pub below: Vec<String>,
    /// The comments that belong to a `use`, whose text is made anew.
    own: BTreeMap<Start, Vec<String>>,
    /// Where statements begin, as they were typed.
    statements: BTreeSet<Start>,
}

impl Pieces {
    /// The comments of a cell's text.
    pub fn of(source: &str) -> Pieces {
        let code = blank_head(&source.replace("\r\n", "\n"), &mut Vec::new());
        let Ok(parsed) = parse(source) else { return Pieces::default() };
        let items = parsed.items.iter().map(|it| &it.piece);
        let statements = parsed.statements.iter().map(|it| &it.piece);
        let mut pieces = Pieces::default();
        let mut starts: Vec<(Start, usize)> = Vec::new();
        for piece in items.chain(statements).chain(&parsed.tail).chain(&parsed.attributes) {
            let place = (piece.line, piece.column);
            let Some(start) = offset(&code, place) else { continue };
            let text = &code[start..];
            // The imports of one `use` are pieces of their own, with other texts.
            if text.starts_with(&piece.text) {
                starts.push((place, start + piece.text.len()));
                continue;
            }
            let comments = text.lines().take_while(|it| it.trim().starts_with("//"));
            let comments: Vec<&str> = comments.collect();
            let before: usize = comments.iter().map(|it| it.len() + 1).sum();
            let end =
                text.get(before..).and_then(|it| it.find(';')).map_or(0, |at| before + at + 1);
            starts.push((place, start + end));
            if !piece.text.starts_with("//") {
                let own = comments.iter().map(|it| it.trim().to_owned());
                pieces.own.entry(place).or_insert_with(|| own.collect());
            }
        }
        starts.sort_unstable();
        starts.dedup_by_key(|it| it.0);
        let typed = parsed.statements.iter().map(|it| &it.piece).chain(&parsed.tail);
        let statements = typed.map(|it| (it.line, it.column)).collect();
        pieces.statements = statements;
        let mut last: Option<(Start, usize)> = None;
        for (start, end) in starts {
            let Some(begin) = offset(&code, start) else { continue };
            let from = last.map_or(0, |it| it.1);
            let gap = code.get(from..begin).unwrap_or_default();
            let mut lines = pieces.split(gap, last.map(|it| it.0));
            lines.extend(pieces.own.remove(&start).unwrap_or_default());
            pieces.above.insert(start, lines);
            last = Some((start, end));
        }
        let rest = code.get(last.map_or(0, |it| it.1)..).unwrap_or_default();
        let rest = format!("{rest}\n");
        pieces.below = pieces.split(&rest, last.map(|it| it.0));
        while pieces.below.last().is_some_and(String::is_empty) {
            pieces.below.pop();
        }
        pieces
    }

    /// The lines of a gap but for the rest of the first, which is the comment behind the piece before.
    fn split(&mut self, gap: &str, before: Option<Start>) -> Vec<String> {
        let (first, rest) = match before {
            Some(_) => gap.split_once('\n').unwrap_or((gap, "")),
            None => ("", gap),
        };
        let first = first.trim().trim_start_matches(';').trim();
        if let Some(before) = before.filter(|_| first.starts_with("//") || first.ends_with("*/")) {
            self.behind.insert(before, first.to_owned());
        }
        let mut lines: Vec<String> = Vec::new();
        let mut in_comment = false;
        let mut rest = rest.split('\n').peekable();
        while let Some(line) = rest.next() {
            let text = line.trim();
            in_comment |= text.starts_with("/*");
            if text.starts_with("//") || in_comment {
                lines.push(text.to_owned());
            } else if text.is_empty()
                // The last one is the beginning of the piece's own line.
                && rest.peek().is_some()
                && lines.last().is_none_or(|it| !it.is_empty())
            {
                lines.push(String::new());
            }
            in_comment &= !text.contains("*/");
        }
        lines
    }

    /// The lines above a piece.
    pub fn above(&self, piece: &Piece) -> &[String] {
        self.above.get(&(piece.line, piece.column)).map_or(&[], Vec::as_slice)
    }

    /// Whether a statement begins here. One that was made for an item stands where the item does.
    pub fn has_statement(&self, piece: &Piece) -> bool {
        self.statements.contains(&(piece.line, piece.column))
    }

    /// The comment behind a piece.
    pub fn behind(&self, piece: &Piece) -> Option<&str> {
        self.behind.get(&(piece.line, piece.column)).map(String::as_str)
    }
}

/// The byte at which a line and a column begin.
fn offset(code: &str, (line, column): Start) -> Option<usize> {
    let mut begin = 0;
    for _ in 0..line {
        begin += code[begin..].find('\n')? + 1;
    }
    let text = &code[begin..];
    let at = text.char_indices().nth(column as usize).map_or(text.len(), |it| it.0);
    Some(begin + at)
}

/// The text of a statement as a program has it: ended by a semicolon where one is needed, and with the type of a variable
/// that only the end of its cell has decided.
pub fn statement_text(
    statement: &Statement,
    types: &BTreeMap<String, String>,
    is_read_later: &dyn Fn(&str) -> bool,
) -> String {
    let text = &statement.piece.text;
    let text = typed(text, types, is_read_later).unwrap_or_else(|| text.clone());
    match needs_semicolon(&text) {
        true => text + ";",
        false => text,
    }
}

fn needs_semicolon(text: &str) -> bool {
    let end = text.trim_end();
    if end.ends_with(';') {
        return false;
    }
    let list = Tree::parse(end).statements();
    let last = list.and_then(|list| list.tail_expr());
    !matches!(
        last,
        Some(
            ast::Expr::ForExpr(_)
                | ast::Expr::WhileExpr(_)
                | ast::Expr::LoopExpr(_)
                | ast::Expr::IfExpr(_)
                | ast::Expr::MatchExpr(_)
                | ast::Expr::BlockExpr(_)
        )
    ) && last.is_some()
}

/// `let n = 3;` with the type that it has at the end of its cell. In a program a later use could decide it otherwise, or
/// ask for it too early.
fn typed(
    text: &str,
    types: &BTreeMap<String, String>,
    is_read_later: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let tree = Tree::parse(text);
    let list = tree.statements()?;
    let statement = list.syntax().children().find_map(ast::LetStmt::cast)?;
    let Some(ast::Pat::IdentPat(pattern)) = statement.pat() else { return None };
    let value = statement.initializer().filter(|_| statement.ty().is_none())?;
    let name = pattern.name()?.text().to_string();
    let type_text = types.get(&name).filter(|it| is_plain(it) && is_read_later(&name))?;
    let tokens = value.syntax().descendants_with_tokens().filter_map(|it| it.into_token());
    let is_open = |kind: SyntaxKind, text: &str| {
        matches!(kind, SyntaxKind::INT_NUMBER | SyntaxKind::FLOAT_NUMBER)
            && !text.ends_with(|c: char| c.is_ascii_digit() && text.contains(['i', 'u', 'f']))
    };
    if !tokens.into_iter().any(|token| is_open(token.kind(), token.text())) {
        return None;
    }
    let end = cell_offset(pattern.syntax().text_range().end());
    let mut text = text.to_owned();
    text.insert_str(end, &format!(": {}", short(type_text)));
    Some(text)
}

/// Whether a type is made of numbers that nobody has decided on, in std's containers.
fn is_plain(type_text: &str) -> bool {
    const CONTAINERS: &[&str] =
        &["std", "vec", "Vec", "option", "Option", "string", "String", "alloc"];
    let mut all = words(type_text);
    words(type_text).any(|it| it == "i32" || it == "f64")
        && all.all(|it| {
            PRIMITIVES.contains(&it.as_str())
                || CONTAINERS.contains(&it.as_str())
                || it.chars().all(|c| c.is_ascii_digit())
        })
}

fn short(type_text: &str) -> String {
    ["std::vec::", "std::string::", "std::option::"]
        .iter()
        .fold(type_text.to_owned(), |text, path| text.replace(path, ""))
}

/// Whether code returns from the cell, and not from a function or closure in it.
pub fn returns(text: &str) -> bool {
    if !text.contains("return") {
        return false;
    }
    let root = Tree::parse(text).root();
    let outermost = root.descendants().find_map(ast::StmtList::cast);
    root.descendants().filter_map(ast::ReturnExpr::cast).any(|it| {
        let inner = it.syntax().ancestors().find(|up| {
            matches!(up.kind(), SyntaxKind::CLOSURE_EXPR | SyntaxKind::FN)
                || ast::BlockExpr::cast(up.clone()).is_some_and(|it| it.async_token().is_some())
        });
        let own = outermost
            .as_ref()
            .and_then(|list| list.syntax().ancestors().find(|up| up.kind() == SyntaxKind::FN));
        inner == own
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_keep_their_places() {
        let source = ":vars\n// first\nlet a = 1; // one\n\n// two\n// lines\nuse std::fmt::{self, Debug}; // in\na + 1\n// end";
        let pieces = Pieces::of(source);
        let parsed = parse(source).expect("it is code");
        let first = &parsed.statements[0].piece;
        assert_eq!(
            (pieces.above(first), pieces.behind(first)),
            (&["".to_owned(), "// first".to_owned()][..], Some("// one"))
        );
        let import = &parsed.items[0].piece;
        assert_eq!(pieces.above(import), ["", "// two", "// lines"]);
        assert_eq!(pieces.behind(import), Some("// in"));
        assert_eq!(pieces.below, ["// end"]);
    }

    #[test]
    fn statements_end_and_open_numbers_have_a_type() {
        let types =
            [("n", "i32"), ("v", "std::vec::Vec<f64>"), ("t", "akari::Tensor"), ("s", "u8")];
        let types = types.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let check = |code: &str, expected: &str| {
            let parsed = parse(code).expect("it is code");
            let statement = &parsed.statements[0];
            assert_eq!(statement_text(statement, &types, &|name| name != "later"), expected);
        };
        check("let mut n = 3;", "let mut n: i32 = 3;");
        check("let v = vec![1.0, 2.0];", "let v: Vec<f64> = vec![1.0, 2.0];");
        check("let n = 3i32;", "let n = 3i32;");
        check("let n = f();", "let n = f();");
        check("let t = tensor!([1.0]);", "let t = tensor!([1.0]);");
        check("let s = 1;", "let s = 1;");
        check("println!(\"a\")", "println!(\"a\");");
        check("for i in 0..3 {}", "for i in 0..3 {}");
        check("x = P { a: 1 }", "x = P { a: 1 };");
    }

    #[test]
    fn returns_of_functions_are_their_own() {
        for code in ["return Ok(());", "if a { return Ok(()) }"] {
            assert!(returns(code), "{code}");
        }
        for code in [
            "let f = |x| { return x };",
            "fn f() { return }",
            "let a = async { return 1 };",
            "let returned = 1;",
        ] {
            assert!(!returns(code), "{code}");
        }
    }
}
