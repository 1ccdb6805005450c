//! What a cell's source tells about running the cell again: whether it may write into tensors, and
//! whether its values come from outside the session, such as the clock.
//!
//! Pure, by the words of the text. A word that means something else here only makes the kernel
//! promise less.

use super::words::words;

/// What to expect when a cell runs again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habits {
    /// The cell writes into the memory of tensors, which otherwise never change.
    pub writes_tensors: bool,
    /// What the cell asks outside the session: it may answer otherwise the next time.
    pub asks: Option<&'static str>,
    /// The cell starts something that may go on after it: a thread, a program, an alarm.
    pub leaves_running: bool,
}

/// candle's operations on tensors in place.
const WRITES: &[&str] = &[
    "slice_set",
    "scatter_set",
    "scatter_add_set",
    "zero_set",
    "one_set",
    "const_set",
    "inplace_op1",
    "inplace_op2",
    "inplace_op3",
];

const ASKS: &[(&str, &str)] = &[
    ("Instant", "the clock"),
    ("SystemTime", "the clock"),
    ("Utc", "the clock"),
    ("Local", "the clock"),
    ("RandomState", "the system for a random seed"),
    ("ThreadRng", "the system for a random seed"),
    ("thread_rng", "the system for a random seed"),
    ("OsRng", "the system for a random seed"),
    ("from_os_rng", "the system for a random seed"),
    ("from_entropy", "the system for a random seed"),
    ("getrandom", "the system for a random seed"),
    ("File", "files"),
    ("fs", "files"),
    ("TcpStream", "the network"),
    ("UdpSocket", "the network"),
    ("reqwest", "the network"),
    ("ureq", "the network"),
    ("Command", "another program"),
    ("env", "the environment"),
];

const LEAVES: &[&str] = &["spawn", "fork", "alarm", "setitimer", "timer_create", "Builder"];

impl Habits {
    /// The habits of a cell, from its whole source with the items that it needs.
    pub fn of(source: &str) -> Habits {
        let mut habits = Habits::default();
        for word in words(source) {
            let word = word.as_str();
            habits.writes_tensors |= WRITES.contains(&word);
            habits.leaves_running |= LEAVES.contains(&word);
            let asked = || ASKS.iter().find(|(name, _)| *name == word).map(|(_, what)| *what);
            habits.asks = habits.asks.or_else(asked);
        }
        if habits.asks.is_none() && source.contains("rand::rng()") {
            habits.asks = Some("the system for a random seed");
        }
        habits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_tell_what_they_ask() {
        for (source, asks) in [
            ("let t = std::time::Instant::now();", Some("the clock")),
            ("let text = std::fs::read_to_string(path)?;", Some("files")),
            ("let mut rng = rand::rng();", Some("the system for a random seed")),
            ("let instant = torch::rand(&[2])?;", None),
        ] {
            assert_eq!(Habits::of(source).asks, asks, "{source}");
        }
        assert!(Habits::of("x.slice_set(&y, 0, 1)?;").writes_tensors);
        assert!(Habits::of("std::thread::spawn(|| {});").leaves_running);
        assert_eq!(Habits::of("let y = F::relu(&x)?;"), Habits::default());
    }
}
