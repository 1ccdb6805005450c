//! The 331 names of PyTorch that introductory courses use: each with what it is called here, or why it isn't here.
//!
//! A row is «same», «way» (what `src/lib.rs`'s table of names says instead) or «not» (with its reason in
//! `src/differences.rs`), or two of them where a line of a course has several names. What a row computes is PyTorch's
//! result, by `tests/oracle/coverage.py SEED OUT`; `AKARI_COVERAGE_ORACLE` names another file than that of seed 0.
#![allow(clippy::unwrap_used)]
// Rows are written as a learner writes them.
#![allow(
    clippy::cloned_ref_to_slice_refs,
    clippy::needless_borrow,
    clippy::needless_borrows_for_generic_args,
    clippy::unnecessary_first_then_check
)]

#[macro_use]
mod row;

mod arithmetic;
mod autograd;
mod creation;
mod datasets;
mod files;
mod functions;
mod layers;
mod models;
mod optimizers;
mod own;
mod reductions;
mod shapes;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use akari::prelude::*;
use serde_json::Value;

use self::row::{Found, Row, Samples};

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_COVERAGE_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/coverage-0.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

fn rows() -> impl Iterator<Item = &'static Row> {
    [
        creation::ROWS,
        shapes::ROWS,
        arithmetic::ROWS,
        reductions::ROWS,
        autograd::ROWS,
        layers::ROWS,
        models::ROWS,
        functions::ROWS,
        optimizers::ROWS,
        datasets::ROWS,
        files::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// What is wrong with what a row gives.
fn complaint(row: &Row, run: row::Run, expected: &Value) -> Option<String> {
    let seed = VECTORS["seed"].as_u64().unwrap();
    torch::manual_seed(seed);
    let samples = Samples::draw().unwrap();
    torch::manual_seed(seed);
    let found = match run(&samples) {
        Ok(found) => found,
        Err(error) => return Some(format!("{}: {error}", row.name)),
    };
    let expected = expected.as_array().unwrap();
    if found.len() != expected.len() {
        return Some(format!("{}: {} results of {}", row.name, found.len(), expected.len()));
    }
    let differ = |(found, expected): (&Found, &Value)| found.difference(expected);
    let text = found.iter().zip(expected).find_map(differ)?;
    Some(format!("{}: {text}", row.name))
}

#[test]
fn every_name_gives_what_pytorch_gives() {
    let mut complaints = Vec::new();
    for row in rows() {
        let expected = &VECTORS["rows"][row.name];
        match (row.run, expected.is_null()) {
            (Some(run), false) => complaints.extend(complaint(row, run, expected)),
            (Some(_), true) => {
                complaints.push(format!("{}: PyTorch's result is missing", row.name))
            }
            (None, false) => complaints.push(format!("{}: PyTorch has a result", row.name)),
            (None, true) => {}
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_name_is_left_out() {
    let wanted = VECTORS["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let wanted = wanted.collect::<BTreeSet<_>>();
    let names = || rows().map(|row| row.name);
    let found = names().collect::<BTreeSet<_>>();
    assert_eq!(found.len(), names().count(), "a name stands in two rows");
    assert_eq!(found, wanted);
    assert_eq!(found.len(), 331);
}

/// The cells of a table's rows in a file's documentation.
fn table(file: &str) -> Vec<Vec<String>> {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    // A bar within a cell is written as `\|`.
    let cells = |line: &str| {
        let line = line.replace("\\|", "\u{1}");
        line.split(" | ").map(|cell| cell.trim_end_matches(" |").replace('\u{1}', "|")).collect()
    };
    lines.map(cells).collect()
}

#[test]
fn other_ways_stand_in_the_table_of_names() {
    let table = table("src/lib.rs");
    let mut complaints = Vec::new();
    for row in rows() {
        for (torch, here) in row.ways {
            let is_told = |cells: &Vec<String>| cells[0].contains(torch) && cells[1].contains(here);
            if !table.iter().any(is_told) {
                complaints.push(format!("{}: no row says {here} for {torch}", row.name));
            }
            let tight =
                |text: &str| text.replace([' ', '\n', '`', '[', ']'], "").replace(",)", ")");
            if !tight(row.source).contains(&tight(here)) {
                complaints.push(format!("{}: {here} isn't in {}", row.name, row.source));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn what_is_not_here_has_its_reason_in_the_docs() {
    let table = table("src/differences.rs");
    let mut complaints = Vec::new();
    for row in rows() {
        for name in row.not {
            let name = format!("`{name}`");
            let reason = table.iter().find(|cells| cells[0].contains(&name));
            if reason.is_none_or(|cells| cells[1].len() < 10) {
                complaints.push(format!("{}: no reason for {name}", row.name));
            }
        }
        if row.run.is_none() && row.not.is_empty() {
            complaints.push(format!("{}: neither here nor not", row.name));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
