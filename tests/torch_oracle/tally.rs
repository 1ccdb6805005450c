//! How many vectors of a section passed, of how many; and the one table of those left out.

use std::io::{self, Write};

/// Vectors that are deliberately not held against the prelude: section, how the id begins, why.
const NOT_COVERED: &[(&str, &str, &str)] = &[
    ("print", "bool: ", "candle has no truth values: the prelude keeps them in u8"),
    ("repr", "optim.SparseAdam(", "sparse gradients do not exist in candle"),
    ("repr", "optim.Adam(P, lr=1, ", "lr is an f64 and prints 1.0: integers are no rates in Rust"),
];

/// The outcomes of a section's vectors.
#[derive(Debug)]
pub struct Tally {
    section: &'static str,
    passed: usize,
    left_out: Vec<&'static str>,
    failures: Vec<String>,
}

impl Tally {
    pub fn new(section: &'static str) -> Tally {
        Tally { section, passed: 0, left_out: Vec::new(), failures: Vec::new() }
    }

    /// Counts a vector. `check` says what is wrong with it, and is not asked about one in the table.
    pub fn case(&mut self, id: &str, check: impl FnOnce() -> Result<(), String>) {
        let is_it = |row: &&(&str, &str, &str)| row.0 == self.section && id.starts_with(row.1);
        if let Some((_, _, reason)) = NOT_COVERED.iter().find(is_it) {
            self.left_out.push(reason);
            return;
        }
        match check() {
            Ok(()) => self.passed += 1,
            Err(text) => self.failures.push(format!("{id}: {text}")),
        }
    }

    /// Counts a vector that can't be written in Rust.
    pub fn leave_out(&mut self, reason: &'static str) {
        self.left_out.push(reason);
    }

    /// Prints the count, also where the test harness keeps output back, and fails on any miss.
    pub fn finish(self) {
        let Tally { section, passed, mut left_out, failures } = self;
        let total = passed + left_out.len() + failures.len();
        let mut text = format!("{section}: {passed} of {total} vectors passed");
        if !left_out.is_empty() {
            text += &format!(", {} left out:", left_out.len());
            left_out.sort_unstable();
            for reasons in left_out.chunk_by(|a, b| a == b) {
                text += &format!("\n    {} ({})", reasons[0], reasons.len());
            }
        }
        // `println!` would be captured where the test passes.
        let _ = writeln!(io::stdout(), "{text}");
        assert!(total > 0, "{section}: the file has no such vectors");
        assert!(
            failures.is_empty(),
            "{} of {total} vectors of `{section}` fail:\n{}",
            failures.len(),
            failures.join("\n")
        );
    }
}
