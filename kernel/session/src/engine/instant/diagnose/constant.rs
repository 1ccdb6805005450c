//! Variables where only what is known to the compiler can stand: in items, and in the lengths of arrays.
//!
//! Pure. `way_out` asks which words fit.

use ra_ap_syntax::{SyntaxKind, SyntaxNode, TextSize};

use crate::engine::instant::compile::{Diagnostic, Span};
use crate::engine::instant::generate::Source;
use crate::engine::instant::parse::ItemKey;
use crate::engine::instant::words::PRIMITIVES;
use crate::engine::syntax::Tree;

/// What can't see a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blind {
    Function,
    Method,
    Const,
    Static,
    /// The length of an array, a parameter of a type and the like.
    Length,
    Macro,
    Item,
}

/// The way out for a variable that an item mentions; none where no item does. The variable's type, if it
/// is known, tells whether it can be a constant.
pub fn in_item(
    diagnostic: &Diagnostic,
    source: &Source,
    name: &str,
    type_text: Option<&str>,
) -> Option<String> {
    let mut primary = diagnostic.spans.iter().filter(|span| span.is_primary);
    let blind = primary.find_map(|span| blind(span, source))?;
    let constant = constant(name, type_text, blind);
    let what = match blind {
        Blind::Function => {
            return Some(format!(
                "a `fn` can't see the variables of cells; pass `{name}` as a parameter"
            ));
        }
        Blind::Method => {
            return Some(format!(
                "a method can't see the variables of cells; pass `{name}` as a parameter, or keep it in a field"
            ));
        }
        Blind::Macro => {
            return Some(format!(
                "a macro can't see the variables of cells by its own words; give it `{name}` where it is called, as a parameter `${name}:expr`"
            ));
        }
        Blind::Const => "a `const` is known before any cell runs, so it",
        Blind::Static => "a `static` is there before any cell runs, so it",
        Blind::Length => {
            "a type and the length of an array are known before any cell runs, so they"
        }
        Blind::Item => "an item is there before any cell runs, so it",
    };
    Some(match (constant, blind) {
        (Some(constant), _) => {
            format!(
                "{what} can't see the variable `{name}`; make that one a constant too: `{constant}`"
            )
        }
        (None, Blind::Const | Blind::Static) => {
            format!("{what} can't see the variable `{name}`; make this one a variable with `let`")
        }
        (None, _) => {
            format!("{what} can't see the variable `{name}`; use a `const` in its place")
        }
    })
}

/// The way out for a variable as the length of an array, or as another constant, in a statement.
pub fn in_statement(diagnostic: &Diagnostic, source: &Source) -> Option<String> {
    let code = &diagnostic.code.as_ref()?.code;
    let primary = diagnostic.spans.iter().find(|span| span.is_primary)?;
    if code != "E0435" || !source.is_file(&primary.file_name) {
        return None;
    }
    let line = source.line(primary.line_start)?;
    let columns = primary.column_start.saturating_sub(1)..primary.column_end.saturating_sub(1);
    let name: String = line.chars().skip(columns.start as usize).take(columns.len()).collect();
    let constant = constant(&name, None, Blind::Length)?;
    Some(format!(
        "`{name}` is known only while the cell runs; use `vec![..; {name}]` for an array of that length, or make it a constant: `{constant}`"
    ))
}

/// A constant in the variable's place, if its type can be one's.
fn constant(name: &str, type_text: Option<&str>, blind: Blind) -> Option<String> {
    let upper = name.trim_start_matches("r#").to_uppercase();
    match type_text {
        _ if blind == Blind::Length => Some(format!("const {upper}: usize = ..;")),
        Some(text) if PRIMITIVES.contains(&text) || ["&str", "&'static str"].contains(&text) => {
            Some(format!("const {upper}: {} = ..;", text.replace("&'static str", "&str")))
        }
        Some(text) if text.starts_with('[') => Some(format!("const {upper}: {text} = ..;")),
        Some(_) => None,
        None => Some(format!("const {upper}: .. = ..;")),
    }
}

/// What a span is in, if it is in an item. Of what the rules of a macro have made, the rules.
fn blind(span: &Span, source: &Source) -> Option<Blind> {
    if let Some(expansion) = &span.expansion {
        let is_own = source.is_file(&span.file_name);
        let rules = is_own.then(|| source.item(span.line_start)).flatten();
        return match rules {
            Some((_, _, ItemKey::Macro(_))) => Some(Blind::Macro),
            _ => blind(&expansion.span, source),
        };
    }
    if !source.is_file(&span.file_name) {
        return None;
    }
    let (lines, _, key) = source.item(span.line_start)?;
    if matches!(key, ItemKey::Macro(_)) {
        return Some(Blind::Macro);
    }
    let first = *lines.start();
    let texts: Vec<&str> = lines.clone().filter_map(|number| source.line(number)).collect();
    let row = (span.line_start - first) as usize;
    let column = span.column_start.saturating_sub(1) as usize;
    let before: usize = texts.iter().take(row).map(|text| text.len() + 1).sum();
    let within: usize = texts.get(row)?.chars().take(column).map(char::len_utf8).sum();
    let tree = Tree::parse(&texts.join("\n"));
    let node = tree.node_at(before + within)?;
    Some(node.ancestors().find_map(|it| blind_node(&it, &node)).unwrap_or(Blind::Item))
}

fn blind_node(around: &SyntaxNode, name: &SyntaxNode) -> Option<Blind> {
    use SyntaxKind::*;
    match around.kind() {
        // The wrapper that the parser needs is a function too.
        FN if around.text_range().start() == TextSize::new(0) => None,
        FN => match around.parent().map(|it| it.kind()) {
            Some(ASSOC_ITEM_LIST) => Some(Blind::Method),
            _ => Some(Blind::Function),
        },
        CONST => Some(Blind::Const),
        STATIC => Some(Blind::Static),
        VARIANT | CONST_ARG | ARRAY_TYPE => Some(Blind::Length),
        // Of `[value; length]` the length.
        ARRAY_EXPR => {
            let semicolon = around.children_with_tokens().find(|it| it.kind() == SEMICOLON)?;
            let is_behind = semicolon.text_range().end() <= name.text_range().start();
            is_behind.then_some(Blind::Length)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::CellId;
    use crate::engine::instant::generate::generate;
    use crate::engine::instant::parse::parse;
    use crate::engine::instant::plan::Plan;
    use crate::engine::instant::state::{KeptItem, State};

    /// What an item says of the variable `n` that it mentions last.
    fn check(code: &str, type_text: Option<&str>, expected: &str) {
        let parsed = parse(code).expect("it is a list of statements");
        let cell = CellId::Counted(2);
        let state = State::default().with_items(&parsed, cell);
        let plan = Plan::new(&state, &parsed, Default::default());
        let items: Vec<&KeptItem> = state.items.iter().collect();
        let source = generate(&state, &items, &parsed, &plan, cell, false);
        let is_it = |(_, line): &(u32, &str)| line.contains("n") && code.contains(line.trim());
        let found = (1..).zip(source.text.lines()).filter(is_it).last();
        let (number, line) = found.expect("the item is there");
        let at = line.rfind('n').unwrap_or(0);
        let column = u32::try_from(line[..at].chars().count()).unwrap_or(0) + 1;
        let error = json!({
            "message": "cannot find value `n` in this scope", "level": "error", "code": { "code": "E0425" },
            "spans": [{
                "file_name": source.file, "line_start": number, "line_end": number,
                "column_start": column, "column_end": column + 1, "is_primary": true,
            }],
        });
        let error: Diagnostic = serde_json::from_value(error).expect("it has all fields");
        let text = in_item(&error, &source, "n", type_text).unwrap_or_default();
        assert!(text.contains(expected), "{code}: {text}");
    }

    #[test]
    fn each_kind_of_item_has_words_of_its_own() {
        let integer = Some("i32");
        check("fn f() -> i32 { n }", integer, "a `fn` can't see");
        check("struct A; impl A { fn f(&self) -> i32 { n } }", integer, "a method can't see");
        check(
            "const A: i32 = n * 2;",
            integer,
            "make that one a constant too: `const N: i32 = ..;`",
        );
        check("static A: &str = n;", Some("&'static str"), "`const N: &str = ..;`");
        check(
            "const A: Vec<i32> = n;",
            Some("std::vec::Vec<i32>"),
            "make this one a variable with `let`",
        );
        check("struct A([u8; n]);", integer, "`const N: usize = ..;`");
        check("type A = [f32; n];", integer, "`const N: usize = ..;`");
        check("enum E { A = n }", integer, "before any cell runs");
        check("fn f() { let a = [0; n]; }", integer, "`const N: usize = ..;`");
        check("fn f() { let a = [n; 3]; }", integer, "a `fn` can't see");
        check("mod m { pub fn f() -> i32 { n } }", integer, "a `fn` can't see");
        check("macro_rules! m { () => { n } }", integer, "a parameter `$n:expr`");
    }
}
