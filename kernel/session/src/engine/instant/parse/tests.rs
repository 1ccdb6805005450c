//! What a cell is cut into, as text.

use super::*;

/// A cell's pieces, one a line, in the order commands, attributes, items, statements, tail.
fn pieces(code: &str) -> String {
    let Ok(parsed) = parse(code) else { return "broken".to_owned() };
    let piece = |kind: &'static str| move |piece: &Piece| format!("{kind} {}", piece.text);
    let item = |item: &Item| format!("item {:?} {}", item.key, item.piece.text);
    let variable = |variable: &Variable| {
        let word = if variable.is_mut { "mut " } else { "" };
        let kind = if variable.is_closure { " (closure)" } else { "" };
        format!(" [{word}{}{kind}]", variable.name)
    };
    let statement = |statement: &Statement| {
        let variables: String = statement.variables.iter().map(variable).collect();
        format!("statement {}{variables}", statement.piece.text)
    };
    let lines: Vec<String> = (parsed.commands.iter().map(piece("command")))
        .chain(parsed.attributes.iter().map(piece("attribute")))
        .chain(parsed.items.iter().map(item))
        .chain(parsed.statements.iter().map(statement))
        .chain(parsed.tail.iter().map(piece("tail")))
        .collect();
    lines.join("\n")
}

fn check(code: &str, expected: &[&str]) {
    assert_eq!(pieces(code), expected.join("\n"), "{code}");
}

#[test]
fn cell_is_cut_into_statements_and_a_tail() {
    check("let x = 1;\nx + 1", &["statement let x = 1; [x]", "tail x + 1"]);
    check("x;", &["statement x;"]);
    check("println!(\"a\")", &["statement println!(\"a\")"]);
    check("for i in 0..3 {}", &["statement for i in 0..3 {}"]);
    check("loop { break 1 }", &["tail loop { break 1 }"]);
    check("x = 1", &["statement x = 1"]);
    check("", &[""]);
    check("#![allow(unused)]\n1", &["attribute #![allow(unused)]", "tail 1"]);
}

#[test]
fn variables_are_told_from_constants() {
    check("let (mut a, b) = t;", &["statement let (mut a, b) = t; [mut a] [b]"]);
    check("let f = |x| x;", &["statement let f = |x| x; [f (closure)]"]);
    check("let f: fn(u8) -> u8 = |x| x;", &["statement let f: fn(u8) -> u8 = |x| x; [f]"]);
    check("let Some(x) = o else { f() };", &["statement let Some(x) = o else { f() }; [x]"]);
    check("let None = o else { f() };", &["statement let None = o else { f() };"]);
    check("let W = 1;", &["statement let W = 1; [W]"]);
}

#[test]
fn items_have_keys() {
    check(
        "struct A; impl A { fn f() {} const N: u8 = 1; } impl Drop for A { fn drop(&mut self) {} }",
        &[
            "item Type(\"A\") struct A;",
            "item InherentImpl(\"A\", {\"N\", \"f\"}) impl A { fn f() {} const N: u8 = 1; }",
            "item TraitImpl(\"Drop for A\") impl Drop for A { fn drop(&mut self) {} }",
        ],
    );
    check("fn f() {} f()", &["item Value(\"f\") fn f() {}", "tail f()"]);
    check(
        "use std::{fmt, collections::{self, HashMap as Map}}; use a::*; pub use b as _;",
        &[
            "item Import(\"fmt\") use std::fmt;",
            "item Import(\"collections\") use std::collections::{self};",
            "item Import(\"Map\") use std::collections::HashMap as Map;",
            "item Other(\"a::*\") use a::*;",
            "item Other(\"b as _\") pub use b as _;",
        ],
    );
}

#[test]
fn commands_and_notes_stand_at_the_head() {
    check("# a note\n:vars\n!ls\n1", &["command :vars", "command !ls", "tail 1"]);
    check(":vars", &["command :vars"]);
    check("1;\n:vars", &["broken"]);
    check("::std::process::id()", &["tail ::std::process::id()"]);
}

#[test]
fn code_behind_a_blank_is_left_out() {
    check(
        "let y = todo!(); show!(y.sum()); fn f() {} y",
        &["item Value(\"f\") fn f() {}", "statement todo!()"],
    );
    check("let y: f32 = todo!(); y", &["statement let y: f32 = todo!(); [y]", "tail y"]);
}

#[test]
fn text_that_is_no_list_of_statements_is_broken() {
    for code in ["let = 1;", "}", "fn f() {", "} fn g() {"] {
        check(code, &["broken"]);
    }
}

#[test]
fn places_are_counted_in_lines_and_characters() {
    let tail = parse(":vars\n  let 値 = 1; f(値)").ok().and_then(|parsed| parsed.tail);
    assert_eq!(tail, Some(Piece { text: "f(値)".to_owned(), line: 1, column: 13 }));
}

#[test]
fn only_the_cell_itself_makes_a_cell_async() {
    for (code, expected) in [
        ("f().await", true),
        ("{ f().await; }", true),
        ("async { f().await }", false),
        ("async fn g() { f().await }", false),
        ("let g = async || f().await;", false),
    ] {
        assert_eq!(parse(code).is_ok_and(|parsed| parsed.is_async), expected, "{code}");
    }
}
