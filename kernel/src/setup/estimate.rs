//! How long the build of the prelude still takes, from what cargo has told of it so far.
//!
//! Crates are very unequal: the last one takes as long as a hundred others. A table has the time of the long
//! ones, and the pace so far makes it this machine's time. Crates that cargo finds fresh take none.

use std::time::Duration;

use crate::cargo::artifact::name_and_version;

/// The time of a crate that the table does not have, in seconds of one processor.
const OTHERS: f64 = 0.8;

/// After so much of it, the pace is known.
const ENOUGH: f64 = 10.0;

/// Crates that take much longer than most, in seconds of the same processor.
const LONG: [(&str, f64); 15] = [
    ("akari", 140.0),
    ("candle-core", 90.0),
    ("candle-nn", 18.0),
    ("gemm-c32", 6.0),
    ("gemm-c64", 6.0),
    ("gemm-f16", 3.0),
    ("gemm-f32", 8.0),
    ("gemm-f64", 6.0),
    ("pulp", 6.0),
    ("regex-automata", 10.0),
    ("rustix", 4.0),
    ("serde_derive", 4.0),
    ("syn", 4.0),
    ("tokenizers", 16.0),
    ("zip", 5.0),
];

/// What has been built of one run of cargo.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimate {
    /// Crates in all, as cargo counts them.
    total: u64,
    /// Crates that cargo has compiled, and that it found as they should be.
    compiled: u64,
    fresh: u64,
    /// Time of the compiled ones, by the table.
    weight: f64,
    /// Time and number of the long ones of the table that are done or fresh.
    long: (f64, u64),
    /// When the last crate was done, since the beginning.
    at: Duration,
}

impl Estimate {
    /// One of cargo's JSON messages.
    pub fn message(&mut self, line: &str, elapsed: Duration) {
        let Some(message) = akari_reports::artifact(line) else { return };
        let Some((name, _)) = name_and_version(&message.package_id.repr) else { return };
        self.done(&name, message.fresh, elapsed);
    }

    /// Cargo's count of crates.
    pub fn counted(&mut self, total: u64) {
        self.total = total;
    }

    fn done(&mut self, name: &str, is_fresh: bool, elapsed: Duration) {
        let long = LONG.iter().find(|(long, _)| *long == name).map(|(_, seconds)| *seconds);
        if let Some(seconds) = long {
            self.long = (self.long.0 + seconds, self.long.1 + 1);
        }
        if is_fresh {
            self.fresh += 1;
        } else {
            self.compiled += 1;
            self.weight += long.unwrap_or(OTHERS);
            self.at = elapsed;
        }
    }

    /// How long the rest takes, if enough is known.
    pub fn left(&self, elapsed: Duration) -> Option<Duration> {
        let all: f64 = LONG.iter().map(|(_, seconds)| seconds).sum();
        let (long, long_done) = self.long;
        let others = self.total + long_done - (self.compiled + self.fresh).min(self.total);
        let others = others.saturating_sub(LONG.len() as u64) as f64 * OTHERS;
        let ahead = (all - long).max(0.0) + others;
        if self.total == 0 || self.weight < ENOUGH || self.at.is_zero() {
            return None;
        }
        let whole = self.at.mul_f64((self.weight + ahead) / self.weight);
        // A crate that takes longer than expected is still under way.
        Some(whole.saturating_sub(elapsed).max(Duration::from_secs(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_is_said_before_enough_is_known() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.left(SECOND), None);
        estimate.counted(195);
        estimate.done("libc", false, SECOND);
        assert_eq!(estimate.left(SECOND), None);
        // What was there before tells nothing of this machine's pace.
        estimate.done("candle-core", true, SECOND);
        assert_eq!(estimate.left(SECOND), None);
    }

    #[test]
    fn the_pace_so_far_is_the_pace_of_the_rest() {
        let mut estimate = Estimate::default();
        estimate.counted(LONG.len() as u64);
        let all: f64 = LONG.iter().map(|(_, seconds)| seconds).sum();
        let (mut weight, mut elapsed) = (0.0, Duration::ZERO);
        for (name, seconds) in LONG.iter().filter(|(name, _)| *name != "akari") {
            weight += seconds;
            // A machine of half the speed.
            elapsed += Duration::from_secs_f64(2.0 * seconds);
            estimate.done(name, false, elapsed);
        }
        let left = estimate.left(elapsed).map(|it| it.as_secs_f64());
        let expected = 2.0 * (all - weight);
        assert!(left.is_some_and(|left| (left - expected).abs() < 0.1), "{left:?}");
        // The last crate gives no sign of life, and the time goes on.
        let later = estimate.left(elapsed + Duration::from_secs(30)).map(|it| it.as_secs_f64());
        assert!(later.is_some_and(|later| (later - (expected - 30.0)).abs() < 0.1), "{later:?}");
        assert_eq!(estimate.left(elapsed + Duration::from_secs(9_999)), Some(SECOND));
    }

    #[test]
    fn message_of_cargo_names_the_crate() {
        let line = r#"{"reason":"compiler-artifact","package_id":"registry+https://x#candle-core@0.11.1","manifest_path":"/a","target":{"kind":["lib"],"crate_types":["lib"],"name":"candle_core","src_path":"/a","edition":"2021","doc":true,"doctest":true,"test":true},"profile":{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false},"features":[],"filenames":[],"executable":null,"fresh":false}"#;
        let mut estimate = Estimate::default();
        estimate.message(line, SECOND);
        let mut expected = Estimate::default();
        expected.done("candle-core", false, SECOND);
        assert_eq!(estimate, expected);
        estimate.message("no JSON", SECOND);
        assert_eq!(estimate, expected);
    }
}
