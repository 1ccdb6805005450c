//! Tables: tensors, and lists of structs, whose fields are read from what their `Debug` writes.
//!
//! `Debug` is what every struct of a lesson derives, so that a table needs no crate and no other trait; and all types
//! are alike behind it, so that a cell compiles a call for each list and no more.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Write};

use candle_core::{DType, Tensor, Var};

use crate::print::width::columns;

/// More rows or columns than this are left out in the middle.
const MOST: usize = 60;
const ENDS: usize = 10;

/// What has rows: a tensor, a map, or a list of values with `Debug`: structs, tuples, numbers, texts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no rows that a table can show",
    note = "a tensor has, and a list of values with `Debug`: write `#[derive(Debug)]` above their struct"
)]
pub trait Rows {
    #[doc(hidden)]
    fn table(&self) -> Table;
}

/// Texts in rows and columns.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    head: Vec<String>,
    /// Each with its name.
    rows: Vec<(String, Vec<String>)>,
}

impl Rows for Tensor {
    fn table(&self) -> Table {
        of_tensor(self)
    }
}

impl Rows for Var {
    fn table(&self) -> Table {
        of_tensor(self.as_tensor())
    }
}

impl<T: Debug> Rows for [T] {
    fn table(&self) -> Table {
        let mut texts = Texts::default();
        for row in self {
            texts.add(row);
        }
        texts.table()
    }
}

impl<T: Debug> Rows for Vec<T> {
    fn table(&self) -> Table {
        self[..].table()
    }
}

impl<T: Debug, const N: usize> Rows for [T; N] {
    fn table(&self) -> Table {
        self[..].table()
    }
}

impl<K: Debug, V: Debug> Rows for BTreeMap<K, V> {
    fn table(&self) -> Table {
        let mut texts = Texts::default();
        for (key, value) in self {
            texts.add_named(key, value);
        }
        texts.table()
    }
}

impl<K: Debug, V: Debug, S> Rows for HashMap<K, V, S> {
    fn table(&self) -> Table {
        let mut texts = Texts::default();
        for (key, value) in self {
            texts.add_named(key, value);
        }
        // A map's own order is another one in each run.
        texts.0.sort();
        texts.table()
    }
}

impl<T: Rows + ?Sized> Rows for &T {
    fn table(&self) -> Table {
        (**self).table()
    }
}

/// The `Debug` texts of rows with their names. Not generic, and so not compiled again in every cell.
#[derive(Default)]
struct Texts(Vec<(Option<String>, String)>);

impl Texts {
    #[inline(never)]
    fn add(&mut self, row: &dyn Debug) {
        self.0.push((None, format!("{row:?}")));
    }

    #[inline(never)]
    fn add_named(&mut self, name: &dyn Debug, row: &dyn Debug) {
        self.0.push((Some(plain(&format!("{name:?}"))), format!("{row:?}")));
    }

    #[inline(never)]
    fn table(self) -> Table {
        let mut table = Table::default();
        for (at, (name, text)) in self.0.into_iter().enumerate() {
            let mut row = Vec::new();
            for (key, value) in fields(&text) {
                let place =
                    table.head.iter().position(|known| *known == key).unwrap_or_else(|| {
                        table.head.push(key);
                        table.head.len() - 1
                    });
                row.resize(row.len().max(place + 1), String::new());
                row[place] = plain(&value);
            }
            table.rows.push((name.unwrap_or_else(|| at.to_string()), row));
        }
        let count = table.head.len();
        table.rows.iter_mut().for_each(|(_, row)| row.resize(count, String::new()));
        table
    }
}

/// The fields of a value by name, or by number where they have none.
fn fields(text: &str) -> Vec<(String, String)> {
    let value = || vec![("value".to_owned(), text.to_owned())];
    let Some(open) = text.find(['{', '(', '[']).filter(|_| text.ends_with(['}', ')', ']'])) else {
        return value();
    };
    let name = text[..open].trim_end();
    let is_name = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if !is_name || matches!(name, "Some" | "Ok" | "Err") || name == "Tensor" {
        return value();
    }
    let parts = split(&text[open + 1..text.len() - 1]);
    let named =
        parts.into_iter().enumerate().map(|(at, part)| match (&text[open..=open], key_of(&part)) {
            ("{", Some((key, value))) => (plain(key), value.trim().to_owned()),
            _ => (at.to_string(), part),
        });
    named.collect()
}

/// What stands before and behind the first colon that is in no text and no bracket.
fn key_of(part: &str) -> Option<(&str, &str)> {
    let at =
        outside(part).find(|(at, letter)| *letter == ':' && !part[at + 1..].starts_with(':'))?.0;
    Some((part[..at].trim(), &part[at + 1..]))
}

/// The parts between commas that are in no text and no bracket.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, letter) in outside(text) {
        if letter == ',' {
            parts.push(text[start..at].trim().to_owned());
            start = at + 1;
        }
    }
    parts.push(text[start..].trim().to_owned());
    // Debug's `..` says that there is more which it doesn't show.
    parts.retain(|part| !part.is_empty() && part != "..");
    parts
}

/// The letters that stand in no text and no bracket.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut depth, mut quote, mut is_escaped) = (0usize, None, false);
    text.char_indices().filter(move |(at, letter)| {
        if let Some(end) = quote {
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                letter if *letter == end => quote = None,
                _ => {}
            }
            return false;
        }
        match letter {
            '"' => quote = Some('"'),
            '\'' if !text[..*at].ends_with(char::is_alphanumeric) => quote = Some('\''),
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}

/// A value as a reader wants it: a text without its quotes, what an option holds.
fn plain(text: &str) -> String {
    if text == "None" {
        return String::new();
    }
    if let Some(inner) = text.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        return plain(inner);
    }
    let between = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let quoted = between('"').or_else(|| between('\''));
    let Some(inner) = quoted else { return text.to_owned() };
    let mut unescaped = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        unescaped.push(match (letter, letter == '\\') {
            (letter, false) => letter,
            _ => match letters.next() {
                Some('n' | 't' | 'r') => ' ',
                Some(other) => other,
                None => '\\',
            },
        });
    }
    unescaped
}

fn of_tensor(tensor: &Tensor) -> Table {
    let (count, dims) = match tensor.dims() {
        [] => (1, &[][..]),
        [_] => (1, tensor.dims()),
        [front @ .., last] => (*last, front),
    };
    let numbers = || tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    // candle panics at a part of an empty tensor that begins behind the end of its storage.
    let values = if tensor.elem_count() == 0 { Ok(vec![]) } else { numbers() }.unwrap_or_default();
    let is_whole = tensor.dtype().is_int();
    let finite =
        || values.iter().map(|value| value.abs()).filter(|size| size.is_finite() && *size > 0.0);
    let is_plain = finite().all(|size| (1e-4..1e6).contains(&size));
    let text = |value: &f64| match (is_whole, is_plain) {
        (true, _) => format!("{value}"),
        (_, true) => format!("{value:.4}"),
        _ => format!("{value:.4e}"),
    };
    let rows = values.chunks(count.max(1)).enumerate();
    let rows = rows.map(|(at, row)| (place(at, dims), row.iter().map(text).collect())).collect();
    let head = match tensor.dims() {
        [] | [_] => vec!["value".to_owned()],
        _ => (0..count).map(|at| at.to_string()).collect(),
    };
    Table { head, rows }
}

/// The place of a row among axes: `2`, or `0, 2` where there are several.
fn place(mut at: usize, dims: &[usize]) -> String {
    let mut place = Vec::new();
    for size in dims.iter().rev() {
        place.push((at % size.max(&1)).to_string());
        at /= size.max(&1);
    }
    place.reverse();
    place.join(", ")
}

impl Table {
    /// The table without what is too much to be looked at.
    fn shortened(mut self) -> Table {
        let is_kept =
            |at: usize, count: usize| count <= MOST || at < MOST / 2 || at + ENDS >= count;
        let dots = |at: usize, count: usize| count > MOST && at == MOST / 2;
        let (rows, width) = (self.rows.len(), self.head.len());
        let short = |row: &[String], filler: &str| {
            let mut kept = Vec::new();
            for (at, text) in row.iter().enumerate() {
                if dots(at, width) {
                    kept.push(filler.to_owned());
                }
                if is_kept(at, width) {
                    kept.push(text.clone());
                }
            }
            kept
        };
        let mut kept = Vec::new();
        for (at, (name, row)) in self.rows.iter().enumerate() {
            if dots(at, rows) {
                kept.push(("⋮".to_owned(), vec!["⋮".to_owned(); short(row, "…").len()]));
            }
            if is_kept(at, rows) {
                kept.push((name.clone(), short(row, "…")));
            }
        }
        self.head = short(&self.head, "…");
        self.rows = kept;
        self
    }

    fn html(&self) -> String {
        let mut html = "<table><thead><tr><th></th>".to_owned();
        for name in &self.head {
            let _ = write!(html, "<th>{}</th>", escaped(name));
        }
        html.push_str("</tr></thead><tbody>");
        for (name, row) in &self.rows {
            let _ = write!(html, "<tr><th>{}</th>", escaped(name));
            for text in row {
                let align = if text.parse::<f64>().is_ok() { "right" } else { "left" };
                let _ = write!(html, "<td style=\"text-align:{align}\">{}</td>", escaped(text));
            }
            html.push_str("</tr>");
        }
        html + "</tbody></table>"
    }

    fn text(&self) -> String {
        let name_width = self.rows.iter().map(|row| columns(&row.0)).max().unwrap_or(0);
        let widths = (0..self.head.len()).map(|at| {
            let of_row = |row: &(String, Vec<String>)| columns(&row.1[at]);
            self.rows.iter().map(of_row).max().unwrap_or(0).max(columns(&self.head[at]))
        });
        let widths = widths.collect::<Vec<_>>();
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        let are_numbers = (0..self.head.len()).map(|at| {
            let mut texts = self.rows.iter().map(|row| &*row.1[at]).filter(|text| !text.is_empty());
            texts.all(is_number)
        });
        let are_numbers = are_numbers.collect::<Vec<_>>();
        let line = |name: &str, row: &[String]| {
            let mut line = format!("{name}{}", " ".repeat(name_width - columns(name)));
            for (at, text) in row.iter().enumerate() {
                let free = " ".repeat(widths[at] - columns(text));
                // A title stands above its numbers.
                line += &match are_numbers[at] || is_number(text) {
                    true => format!("  {free}{text}"),
                    false => format!("  {text}{free}"),
                };
            }
            line.trim_end().to_owned()
        };
        let head = line("", &self.head);
        let rows = self.rows.iter().map(|(name, row)| line(name, row));
        std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table in HTML, and as text for those who can't draw it.
pub(super) fn drawn(table: Table) -> (String, String) {
    let table = table.shortened();
    (table.html(), table.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &dyn Rows, expected: &str) {
        assert_eq!(drawn(rows.table()).1, expected);
    }

    #[derive(Debug)]
    #[allow(dead_code)]
    enum Kind {
        Plain,
        Sized { size: usize },
    }

    #[derive(Debug)]
    #[allow(dead_code)]
    struct Run {
        name: &'static str,
        loss: f64,
        best: Option<f64>,
        kind: Kind,
    }

    #[test]
    fn structs_have_a_column_for_each_field() {
        let runs = vec![
            Run { name: "a, \"b\": {", loss: 0.5, best: Some(1.0), kind: Kind::Plain },
            Run { name: "最初", loss: 12.25, best: None, kind: Kind::Sized { size: 3 } },
        ];
        check(
            &runs,
            "   name        loss  best  kind\n\
             0  a, \"b\": {    0.5   1.0  Plain\n\
             1  最初       12.25        Sized { size: 3 }",
        );
    }

    #[test]
    fn tuples_maps_and_plain_values_are_rows() {
        check(&[("a", 1), ("b", 2)], "   0  1\n0  a  1\n1  b  2");
        check(&["x", "y"], "   value\n0  x\n1  y");
        check(&BTreeMap::from([("sgd", [0.5, 1.0])]), "       0    1\nsgd  0.5  1.0");
        check(&[BTreeMap::from([("k", 'c')])], "   k\n0  c");
        check(&Vec::<u8>::new(), "");
        check(&[Some(1), None], "   value\n0      1\n1");
        check(&HashMap::from([("b", 1), ("a", 2)]), "   value\na      2\nb      1");
    }

    #[test]
    fn tensors_have_their_axes() {
        let tensor = |values: &[f32], dims: &[usize]| {
            Tensor::from_slice(values, dims, &candle_core::Device::Cpu).expect("the sizes fit")
        };
        check(&tensor(&[0.5, 1.0], &[2]), "    value\n0  0.5000\n1  1.0000");
        check(&tensor(&[0.5, 1.0], &[1, 2]), "        0       1\n0  0.5000  1.0000");
        check(
            &tensor(&[1e-9, 1.0], &[1, 2, 1]),
            "              0\n0, 0  1.0000e-9\n0, 1   1.0000e0",
        );
        check(&tensor(&[], &[0]), "  value");
        let long = tensor(&[0.0; 100], &[100]);
        assert_eq!(drawn(long.table()).1.lines().count(), 1 + 30 + 1 + 10);
    }

    #[test]
    fn html_is_escaped() {
        let (html, _) = drawn(["<b>&"].table());
        assert!(html.contains("<td style=\"text-align:left\">&lt;b&gt;&amp;</td>"), "{html}");
    }
}
