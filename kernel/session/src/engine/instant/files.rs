//! Files that a cell names: `include!`, `include_str!`, `include_bytes!` and `mod x;`, looked for in the
//! notebook's folder.
//!
//! What a file holds is written into the cell's text. So the text is all that a cell depends on, what a
//! file defines lives on as items, and a changed file makes another text when its cell runs again.

use std::fs;
use std::path::{Path, PathBuf};

use ra_ap_syntax::ast::{self, HasAttrs, HasName};
use ra_ap_syntax::{AstNode, AstToken, SyntaxKind, SyntaxToken};

use super::macros::called_macro;
use super::parse::{Item, Parsed, Piece, Statement, parse};
use crate::engine::syntax::{Position, Tree, cell_offset, position};
use crate::engine::traceback::{Message, Place};
use crate::engine::{CellId, nesting};

/// The largest file whose contents are written into a cell's text; the compiler reads larger ones.
const LARGEST: u64 = 1 << 20;

/// A file that can't be read, and where in the cell it is named.
#[derive(Debug)]
pub struct FileFault {
    text: String,
    place: Position,
}

impl FileFault {
    pub fn message(self, cell: CellId) -> Message {
        let (line, column) = self.place;
        let place = Place { cell, start: (line, column), end: (line, column + 1) };
        Message { text: self.text, labels: vec![(place, String::new())], ..Message::default() }
    }

    /// The fault as one of a piece, whose own place it gets if it is in a file that the piece names.
    fn in_piece(mut self, piece: &Piece, is_own: bool) -> FileFault {
        let (line, column) = if is_own { self.place } else { (0, 0) };
        let column = if line == 0 { column + piece.column } else { column };
        self.place = (piece.line + line, column);
        self
    }
}

/// Whether code may name a file. Nearly none does, so that this alone is paid for.
pub fn names_files(code: &str) -> bool {
    code.contains("include") || has_module(code)
}

fn has_module(code: &str) -> bool {
    code.match_indices("mod ").any(|(at, word)| {
        let rest = code[at + word.len()..].trim_start();
        rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '#')
            .trim_start()
            .starts_with(';')
    })
}

/// The cell with the contents of the files that it names.
pub fn with_files(parsed: Parsed, folder: &Path) -> Result<Parsed, FileFault> {
    let Parsed { items, statements, tail, .. } = parsed;
    let mut whole = Parsed { items: Vec::new(), statements: Vec::new(), tail: None, ..parsed };
    for item in items {
        let text = filled(&item.piece, folder)?;
        whole.items.push(if text == item.piece.text { item } else { again(item, text) });
    }
    for statement in statements {
        if !splice(&statement.piece, folder, &mut whole)? {
            let text = filled(&statement.piece, folder)?;
            let piece = Piece { text, ..statement.piece };
            whole.statements.push(Statement { piece, ..statement });
        }
    }
    if let Some(piece) = tail
        && !splice(&piece, folder, &mut whole)?
    {
        let text = filled(&piece, folder)?;
        whole.tail = Some(Piece { text, ..piece });
    }
    Ok(whole)
}

/// An item of another text at the same place.
fn again(item: Item, text: String) -> Item {
    let place = |piece: &Piece, text: String| Piece { text, ..piece.clone() };
    let parsed = parse(&text).ok().map(|it| it.items).unwrap_or_default();
    match <[Item; 1]>::try_from(parsed) {
        Ok([new]) => Item { piece: place(&item.piece, new.piece.text.clone()), ..new },
        Err(_) => Item { piece: place(&item.piece, text), questions: Vec::new(), ..item },
    }
}

/// Puts what the file of a whole `include!(..)` holds in its place. Returns whether there was one.
fn splice(piece: &Piece, folder: &Path, whole: &mut Parsed) -> Result<bool, FileFault> {
    if called_macro(&piece.text) != Some("include") {
        return Ok(false);
    }
    let Some(call) = calls(&piece.text).into_iter().next() else { return Ok(false) };
    let is_all = piece.text[call.end..].trim().trim_start_matches(';').trim().is_empty();
    if call.start != 0 || !is_all {
        return Ok(false);
    }
    let path = folder.join(&call.path);
    let in_piece = |fault: FileFault| fault.in_piece(piece, true);
    let text = read(&path, &call, &piece.text).map_err(in_piece)?;
    let Some(parsed) = nesting::check(&text).ok().and_then(|()| parse(&text).ok()) else {
        return Ok(false);
    };
    let inner = path.parent().unwrap_or(folder);
    let parsed = with_files(parsed, inner).map_err(|fault| fault.in_piece(piece, false))?;
    // The learner's line of all that the file holds is that of the `include!`.
    let moved = |it: Piece| Piece { line: piece.line, column: 0, ..it };
    whole.items.extend(parsed.items.into_iter().map(|it| Item { piece: moved(it.piece), ..it }));
    let statements = parsed.statements.into_iter();
    whole.statements.extend(statements.map(|it| Statement { piece: moved(it.piece), ..it }));
    whole.tail = parsed.tail.map(moved);
    whole.mentions.extend(parsed.mentions);
    whole.reads.extend(parsed.reads);
    whole.bindings.extend(parsed.bindings);
    whole.assigned.extend(parsed.assigned);
    whole.is_async |= parsed.is_async;
    Ok(true)
}

/// The text of a piece with the contents of files.
fn filled(piece: &Piece, folder: &Path) -> Result<String, FileFault> {
    if !names_files(&piece.text) {
        return Ok(piece.text.clone());
    }
    let text = with_modules(&piece.text, folder).map_err(|fault| fault.in_piece(piece, true))?;
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for call in calls(&text) {
        let path = folder.join(&call.path);
        let in_piece = |fault: FileFault| fault.in_piece(piece, true);
        out.push_str(&text[done..call.start]);
        out.push_str(&literal(&path, &call, &text).map_err(in_piece)?);
        done = call.end;
    }
    out.push_str(&text[done..]);
    Ok(out)
}

/// The text with `mod x { .. }` in the place of `mod x;`.
fn with_modules(text: &str, folder: &Path) -> Result<String, FileFault> {
    if !has_module(text) {
        return Ok(text.to_owned());
    }
    let root = Tree::parse(text).root();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for module in root.descendants().filter_map(ast::Module::cast) {
        let (Some(name), Some(semicolon)) = (module.name(), module.semicolon_token()) else {
            continue;
        };
        let start = cell_offset(module.syntax().text_range().start());
        let end = cell_offset(semicolon.text_range().start());
        let (file, inner) = file_of(&module, name.text().trim_start_matches("r#"), folder);
        let fault = |said: String| FileFault { text: said, place: position(text, start) };
        let contents = fs::read_to_string(&file).map_err(|error| fault(said(&file, &error)))?;
        let contents = with_modules(&contents, &inner).map_err(|it| fault(it.text))?;
        out.push_str(&without_path(&text[done..end]));
        out.push_str(&format!(" {{\n{contents}\n}}"));
        done = end + 1;
    }
    out.push_str(&text[done..]);
    Ok(out)
}

/// The file of a module, and the folder of its own modules.
fn file_of(module: &ast::Module, name: &str, folder: &Path) -> (PathBuf, PathBuf) {
    let given = module.attrs().find_map(|attribute| {
        let text = attribute.syntax().text().to_string();
        let (head, path) = text.trim_start_matches(['#', '[']).split_once('=')?;
        (head.trim() == "path")
            .then(|| path.trim().trim_end_matches(']').trim().trim_matches('"').to_owned())
    });
    if let Some(path) = given {
        let file = folder.join(path);
        let inner = file.parent().unwrap_or(folder).to_owned();
        return (file, inner);
    }
    let inner = folder.join(name);
    let below = inner.join("mod.rs");
    let beside = folder.join(format!("{name}.rs"));
    (if below.is_file() && !beside.is_file() { below } else { beside }, inner)
}

/// The text without `#[path = ".."]`, which is said for a module that has a file.
fn without_path(text: &str) -> String {
    let Some(start) = text.rfind("#[path") else { return text.to_owned() };
    let Some(end) = text[start..].find(']') else { return text.to_owned() };
    let blank: String = text[start..=start + end].chars().map(|_| ' ').collect();
    format!("{}{blank}{}", &text[..start], &text[start + end + 1..])
}

/// The call of a macro that names a file.
struct Call {
    name: String,
    path: String,
    /// Where it stands in the text.
    start: usize,
    end: usize,
}

fn calls(text: &str) -> Vec<Call> {
    let root = Tree::parse(text).root();
    let tokens = root.descendants_with_tokens().filter_map(|it| it.into_token());
    let tokens: Vec<SyntaxToken> = tokens.filter(|it| !it.kind().is_trivia()).collect();
    (0..tokens.len()).filter_map(|at| call(&tokens[at..])).collect()
}

fn call(tokens: &[SyntaxToken]) -> Option<Call> {
    let [name, bang, open, path, close, ..] = tokens else { return None };
    let is_name = matches!(name.text(), "include" | "include_str" | "include_bytes");
    let is_open = matches!(open.text(), "(" | "[" | "{");
    if !is_name || bang.text() != "!" || !is_open || path.kind() != SyntaxKind::STRING {
        return None;
    }
    let close = if close.text() == "," { tokens.get(5)? } else { close };
    if !matches!(close.text(), ")" | "]" | "}") {
        return None;
    }
    Some(Call {
        name: name.text().to_owned(),
        path: ast::String::cast(path.clone())?.value().ok()?.into_owned(),
        start: cell_offset(name.text_range().start()),
        end: cell_offset(close.text_range().end()),
    })
}

/// What stands in the place of a call.
fn literal(path: &Path, call: &Call, text: &str) -> Result<String, FileFault> {
    let absolute = || format!("{}!({:?})", call.name, path.to_string_lossy());
    if fs::metadata(path).is_ok_and(|it| it.len() > LARGEST) {
        return Ok(absolute());
    }
    let fault = |said: String| FileFault { text: said, place: position(text, call.start) };
    Ok(match call.name.as_str() {
        "include_bytes" => {
            let bytes = fs::read(path).map_err(|error| fault(said(path, &error)))?;
            format!("b\"{}\"", bytes.escape_ascii())
        }
        "include_str" => format!("{:?}", read(path, call, text)?),
        _ => {
            let code = read(path, call, text)?;
            // A comment would go on to the end of the one line that this becomes.
            match code.contains("//") || code.contains('"') {
                true => absolute(),
                false => format!("({})", code.split_whitespace().collect::<Vec<_>>().join(" ")),
            }
        }
    })
}

fn read(path: &Path, call: &Call, text: &str) -> Result<String, FileFault> {
    let fault = |said: String| FileFault { text: said, place: position(text, call.start) };
    fs::read_to_string(path).map_err(|error| fault(said(path, &error)))
}

/// One sentence about a file that can't be read.
fn said(path: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "there is no file `{}`; a cell looks for files in the notebook's folder",
            path.display()
        ),
        std::io::ErrorKind::InvalidData => {
            format!("`{}` is not UTF-8 text; `include_bytes!` takes any file", path.display())
        }
        _ => format!("`{}` can't be read: {error}", path.display()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The pieces of a cell in a folder with some files, or what is wrong.
    fn pieces(code: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("part.rs", "fn part() -> u8 { 3 }\nconst TWO: u8 = 2;");
        write("words.txt", "a \"b\"\nc");
        write("list.in", "[1,\n 2]");
        write("net.rs", "pub mod layer;\npub fn net() {}");
        write("bad.bin", "\u{e9}");
        fs::write(folder.path().join("bad.bin"), [0xff, b'a']).unwrap();
        fs::create_dir(folder.path().join("net")).unwrap();
        write("net/layer.rs", "pub fn layer() {}");
        let parsed = parse(code).unwrap();
        match with_files(parsed, folder.path()) {
            Ok(parsed) => {
                let items = parsed.items.iter().map(|it| &it.piece);
                let statements = parsed.statements.iter().map(|it| &it.piece);
                let all = items.chain(statements).chain(&parsed.tail);
                all.map(|it| it.text.as_str()).collect::<Vec<_>>().join(" | ")
            }
            Err(fault) => {
                let text = fault.text.replace(&format!("{}/", folder.path().display()), "");
                format!("{}:{} {text}", fault.place.0 + 1, fault.place.1 + 1)
            }
        }
    }

    #[test]
    fn contents_take_the_place_of_calls() {
        let check = |code: &str, expected: &str| assert_eq!(pieces(code), expected, "{code}");
        check(
            "include!(\"part.rs\");\npart()",
            "fn part() -> u8 { 3 } | const TWO: u8 = 2; | part()",
        );
        check("include_str!(\"words.txt\").len()", "\"a \\\"b\\\"\\nc\".len()");
        check("let b = include_bytes!(\"bad.bin\");", "let b = b\"\\xffa\";");
        check("let a = include!(\"list.in\");", "let a = ([1, 2]);");
        check(
            "fn f() -> &'static str { include_str!(\"words.txt\") }",
            "fn f() -> &'static str { \"a \\\"b\\\"\\nc\" }",
        );
        check(
            "include_str!(concat!(\"words\", \".txt\"))",
            "include_str!(concat!(\"words\", \".txt\"))",
        );
    }

    #[test]
    fn modules_come_with_theirs() {
        let net = "{\npub mod layer {\npub fn layer() {}\n}\npub fn net() {}\n}";
        assert_eq!(pieces("mod net;"), format!("mod net {net}"));
        assert_eq!(
            pieces("#[path = \"net.rs\"] mod other { }"),
            "#[path = \"net.rs\"] mod other { }"
        );
        let part = "{\nfn part() -> u8 { 3 }\nconst TWO: u8 = 2;\n}";
        assert_eq!(
            pieces("#[path = \"part.rs\"]\nmod other;"),
            format!("                    \nmod other {part}").trim_start()
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_told_in_a_sentence() {
        let missing = "a cell looks for files in the notebook's folder";
        assert_eq!(
            pieces("let x = 1;\nlet a = include_str!(\"no.txt\");"),
            format!("2:9 there is no file `no.txt`; {missing}")
        );
        assert_eq!(pieces("mod no;"), format!("1:1 there is no file `no.rs`; {missing}"));
        assert_eq!(
            pieces("include!(\"no.rs\");"),
            format!("1:1 there is no file `no.rs`; {missing}")
        );
        assert_eq!(
            pieces("include_str!(\"bad.bin\")"),
            "1:1 `bad.bin` is not UTF-8 text; `include_bytes!` takes any file"
        );
    }
}
