//! `#[test]` functions of a cell: they run with their cell, which reports as `cargo test` does, in short.
//!
//! The compiler would leave them out. Without their attributes they are ordinary functions, which later
//! cells can call. A test that fails is a failure of the cell. Pure.

use ra_ap_syntax::ast::{self, HasAttrs, HasModuleItem, HasName, HasVisibility};
use ra_ap_syntax::{AstNode, SyntaxToken};

use super::parse::{Item, Parsed, Piece, Statement, parse};
use crate::engine::syntax::{Tree, cell_offset};

/// A test, and how it is called.
#[derive(Debug, Default, PartialEq, Eq)]
struct Test {
    /// `tests::adds`.
    path: String,
    /// What the text of the panic that is expected must have.
    panics_with: Option<String>,
    is_ignored: bool,
    call: String,
}

/// The cell with its tests as ordinary functions, and a statement that runs them.
pub fn with_tests(mut parsed: Parsed) -> Parsed {
    let mut tests = Vec::new();
    let mut line = None;
    for item in &mut parsed.items {
        if !(item.piece.text.contains("test]") || item.piece.text.contains("test)")) {
            continue;
        }
        let before = tests.len();
        let text = ordinary(&item.piece.text, &mut tests);
        if text != item.piece.text {
            *item = again(item, text);
        }
        if tests.len() > before {
            line = line.or(Some(item.piece.line));
        }
    }
    if let Some(line) = line {
        // A panic that is expected must not be the last one: the last one's place is reported.
        tests.sort_by_key(|test| test.panics_with.is_none());
        let piece = Piece { text: statement(&tests), line, column: 0 };
        parsed
            .mentions
            .extend(tests.iter().filter_map(|it| it.path.split("::").next()).map(str::to_owned));
        parsed.statements.push(Statement { piece, variables: Vec::new() });
    }
    parsed
}

fn again(item: &Item, text: String) -> Item {
    let new = parse(&text).ok().and_then(|it| it.items.into_iter().next());
    let piece = Piece { text, ..item.piece.clone() };
    match new {
        Some(new) => Item { piece, ..new },
        None => Item { piece, ..item.clone() },
    }
}

/// An item's text without the attributes of tests; functions in modules can be called from outside.
fn ordinary(text: &str, tests: &mut Vec<Test>) -> String {
    let Some(statements) = Tree::parse(text).statements() else { return text.to_owned() };
    let mut edits = Vec::new();
    for item in statements.syntax().children().filter_map(ast::Item::cast) {
        visit(&item, "", tests, &mut edits);
    }
    edits.sort_by_key(|edit: &Edit| std::cmp::Reverse(edit.start));
    let mut text = text.to_owned();
    for Edit { start, end, new } in edits {
        text.replace_range(start..end, &new);
    }
    text
}

struct Edit {
    start: usize,
    end: usize,
    new: String,
}

fn visit(item: &ast::Item, path: &str, tests: &mut Vec<Test>, edits: &mut Vec<Edit>) {
    match item {
        ast::Item::Module(module) => {
            blank(module.attrs(), &["cfg(test)"], edits);
            let Some(name) = module.name() else { return };
            let before = tests.len();
            let inner = format!("{path}{}::", name.text());
            for item in module.item_list().into_iter().flat_map(|list| list.items()) {
                visit(&item, &inner, tests, edits);
            }
            if !path.is_empty() && tests.len() > before {
                publish(module.visibility(), module.mod_token(), edits);
            }
        }
        ast::Item::Fn(function) => {
            blank(function.attrs(), &["cfg(test)"], edits);
            let Some(test) = test_of(function, path) else { return };
            tests.push(test);
            blank(function.attrs(), OF_TESTS, edits);
            if !path.is_empty() {
                let first = function.async_token().or_else(|| function.fn_token());
                publish(function.visibility(), first, edits);
            }
        }
        _ => {}
    }
}

/// What attributes of tests begin with.
const OF_TESTS: &[&str] = &["test", "tokio::test", "should_panic", "ignore"];

/// What stands in an attribute's brackets, without spaces.
fn inside(attribute: &ast::Attr) -> String {
    let text = attribute.syntax().text().to_string();
    let text = text.trim_start_matches('#').trim().trim_start_matches('[').trim_end_matches(']');
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn is_one_of(attribute: &ast::Attr, beginnings: &[&str]) -> bool {
    let text = inside(attribute);
    beginnings.iter().any(|it| {
        text.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with(['(', '=']))
    })
}

/// Puts spaces in the place of attributes.
fn blank(attributes: impl Iterator<Item = ast::Attr>, beginnings: &[&str], edits: &mut Vec<Edit>) {
    for attribute in attributes.filter(|it| is_one_of(it, beginnings)) {
        let range = attribute.syntax().text_range();
        let text = attribute.syntax().text().to_string();
        let new = text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        edits.push(Edit { start: cell_offset(range.start()), end: cell_offset(range.end()), new });
    }
}

fn publish(
    visibility: Option<ast::Visibility>,
    before: Option<SyntaxToken>,
    edits: &mut Vec<Edit>,
) {
    if let (None, Some(token)) = (visibility, before) {
        let start = cell_offset(token.text_range().start());
        edits.push(Edit { start, end: start, new: "pub ".to_owned() });
    }
}

fn test_of(function: &ast::Fn, path: &str) -> Option<Test> {
    let attributes: Vec<ast::Attr> = function.attrs().collect();
    attributes.iter().find(|it| is_one_of(it, &["test", "tokio::test"]))?;
    let path = format!("{path}{}", function.name()?.text());
    let panics = attributes.iter().find(|it| is_one_of(it, &["should_panic"]));
    let panics_with = panics.map(|it| {
        // `#[should_panic(expected = "text")]`
        let text = it.syntax().text().to_string();
        text.split('"').nth(1).unwrap_or_default().to_owned()
    });
    let called = match function.async_token() {
        Some(_) => format!(
            "::tokio::runtime::Builder::new_current_thread().enable_all().build().expect(\"a runtime\").block_on({path}())"
        ),
        None => format!("{path}()"),
    };
    let returned = function.ret_type().map(|it| it.syntax().text().to_string()).unwrap_or_default();
    let call = if returned.contains("Result") {
        format!(
            "if let ::std::result::Result::Err(error) = {called} {{ ::std::panic!(\"{{error:?}}\") }}"
        )
    } else {
        format!("let _ = {called};")
    };
    let is_ignored = attributes.iter().any(|it| is_one_of(it, &["ignore"]));
    Some(Test { path, panics_with, is_ignored, call })
}

/// The statement that runs tests and reports, in one line.
fn statement(tests: &[Test]) -> String {
    let rows: Vec<String> = tests
        .iter()
        .map(|test| {
            let Test { path, panics_with, is_ignored, call } = test;
            let call = if *is_ignored { "" } else { call };
            format!("({path:?}, {panics_with:?}, {is_ignored}, || {{ {call} }})")
        })
        .collect();
    RUNNER
        .replace("ROWS", &rows.join(", "))
        .replace("COUNT", &tests.len().to_string())
        .replace('\n', " ")
}

/// A payload that is no text is not a test's: an interrupt goes on its way.
const RUNNER: &str = "{
use ::std::option::Option::{self, None, Some};
use ::std::result::Result::{Err, Ok};
let tests: [(&str, Option<&str>, bool, fn()); COUNT] = [ROWS];
let [mut passed, mut failed, mut ignored] = [0, 0, 0];
let mut last: Option<::std::boxed::Box<dyn ::std::any::Any + ::std::marker::Send>> = None;
let mut calm: Option<&str> = None;
for (name, expected, is_ignored, body) in tests {
    let what = if expected.is_some() { \" - should panic\" } else { \"\" };
    if is_ignored { ignored += 1; ::std::println!(\"test {name} ... ignored\"); continue; }
    match (::std::panic::catch_unwind(body), expected) {
        (Ok(()), None) => { passed += 1; ::std::println!(\"test {name} ... ok\"); }
        (Ok(()), Some(_)) => {
            failed += 1; calm = Some(name);
            ::std::println!(\"test {name}{what} ... FAILED\\n    it did not panic\");
        }
        (Err(payload), expected) => {
            let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<::std::string::String>()) {
                (Some(text), _) => (*text).to_owned(),
                (None, Some(text)) => text.clone(),
                (None, None) => ::std::panic::resume_unwind(payload),
            };
            if expected.is_some_and(|expected| text.contains(expected)) {
                passed += 1; ::std::println!(\"test {name}{what} ... ok\");
            } else {
                failed += 1;
                ::std::println!(\"test {name}{what} ... FAILED\\n    {}\", text.replace('\\u{a}', \"\\u{a}    \"));
                last = Some(payload);
            }
        }
    }
}
let end = if failed == 0 { \"ok\" } else { \"FAILED\" };
::std::println!(\"test result: {end}. {passed} passed; {failed} failed; {ignored} ignored\");
if let Some(payload) = last { ::std::panic::resume_unwind(payload) }
if let Some(name) = calm { ::std::panic!(\"the test `{name}` did not panic as it should\") }
};";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, items: &str, expected: &[(&str, Option<&str>, bool)]) {
        let parsed = with_tests(parse(code).expect("it is a list of statements"));
        let texts: Vec<&str> = parsed.items.iter().map(|it| it.piece.text.trim()).collect();
        assert_eq!(texts.join(" | "), items, "{code}");
        let mut found = Vec::new();
        ordinary(code, &mut found);
        let found: Vec<(&str, Option<&str>, bool)> = found
            .iter()
            .map(|it| (it.path.as_str(), it.panics_with.as_deref(), it.is_ignored))
            .collect();
        assert_eq!(found, expected, "{code}");
        assert_eq!(parsed.statements.len(), usize::from(!expected.is_empty()), "{code}");
    }

    #[test]
    fn tests_become_ordinary_functions() {
        check("#[test]\nfn adds() {}", "fn adds() {}", &[("adds", None, false)]);
        check(
            "#[test] #[should_panic(expected = \"no\")] fn a() {}",
            "fn a() {}",
            &[("a", Some("no"), false)],
        );
        check("#[test]\n#[ignore = \"slow\"]\nfn a() {}", "fn a() {}", &[("a", None, true)]);
        check(
            "#[cfg(test)]\nmod tests { #[test] fn a() {} fn help() {} }",
            "mod tests {         pub fn a() {} fn help() {} }",
            &[("tests::a", None, false)],
        );
        check("#[derive(Debug)] struct Latest;", "#[derive(Debug)] struct Latest;", &[]);
        check("#[cfg(not(test))] fn a() {}", "#[cfg(not(test))] fn a() {}", &[]);
    }
}
