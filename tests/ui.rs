//! What the compiler says of a formula that is none, and at which place: the sources in `tests/ui`.
//!
//! The compiler runs as it does for a cell, on the library that this test was built with.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A place in a source, counted from 1, and what is said there.
#[derive(Debug, PartialEq)]
struct Said {
    line: usize,
    column: usize,
    words: String,
}

/// What the marks of a source want.
fn wanted(source: &str) -> Vec<Said> {
    let mut wanted = Vec::new();
    let mut line_above = 0;
    for (index, line) in source.lines().enumerate() {
        let mark = line.strip_prefix("//").filter(|rest| rest.trim_start().starts_with('^'));
        let Some(mark) = mark else {
            line_above = index + 1;
            continue;
        };
        let column = line.find('^').unwrap() + 1;
        let words = mark.trim_start().trim_start_matches('^').trim().to_owned();
        wanted.push(Said { line: line_above, column, words });
    }
    wanted
}

/// What the compiler says of a source.
fn said(path: &Path) -> Vec<Said> {
    let libraries = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let folder = std::env::temp_dir().join(format!("akari-ui-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=short"])
        .arg("--extern")
        .arg(format!("akari={}", libraries.join("libakari.rlib").display()))
        .arg("-L")
        .arg(format!("dependency={}", libraries.display()))
        .arg("--out-dir")
        .arg(&folder)
        .arg(path)
        .output()
        .unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines = text.lines().filter_map(|line| {
        let (place, words) = line.split_once(": error")?;
        let mut numbers = place.rsplit(':');
        let column = numbers.next()?.parse().ok()?;
        let line = numbers.next()?.parse().ok()?;
        Some(Said { line, column, words: words.to_owned() })
    });
    let mut said = lines.collect::<Vec<_>>();
    assert!(!said.is_empty(), "the compiler says\n{text}");
    // Each stage of the compiler tells its own; of several at one place the first is enough.
    said.sort_by_key(|it| (it.line, it.column));
    said.dedup_by_key(|it| (it.line, it.column));
    said
}

fn check(name: &str) {
    let path = PathBuf::from(format!("{}/tests/ui/{name}", env!("CARGO_MANIFEST_DIR")));
    let (said, wanted) = (said(&path), wanted(&std::fs::read_to_string(&path).unwrap()));
    let places = |all: &[Said]| all.iter().map(|it| (it.line, it.column)).collect::<Vec<_>>();
    assert_eq!(places(&said), places(&wanted), "{said:#?}");
    for (said, wanted) in said.iter().zip(&wanted) {
        assert!(said.words.contains(&wanted.words), "{said:?} instead of {wanted:?}");
    }
}

#[test]
fn what_is_no_formula_is_told_at_its_place() {
    check("formula.rs");
}

#[test]
fn what_is_no_operand_is_told_at_its_place() {
    check("operands.rs");
}
