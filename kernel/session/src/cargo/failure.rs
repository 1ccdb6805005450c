//! What cargo's last messages mean. Cargo has no codes for its failures, so their words are read;
//! a failure whose words are other ones is shown as cargo put it.

use crate::process::logged::Ended;

/// Why a build failed, as far as the learner can mend that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    DiskFull,
    /// Something could not be written; the messages name it.
    Denied,
    NoLinker,
    Network,
    Other,
}

/// Words of cargo, of rustc or of the system, the first of which counts.
const WORDS: &[(Cause, &[&str])] = &[
    (Cause::DiskFull, &["No space left on device", "os error 28"]),
    (Cause::Denied, &["Permission denied", "Read-only file system"]),
    (Cause::NoLinker, &["linker `cc` not found"]),
    (
        Cause::Network,
        &[
            "failed to download",
            "Could not resolve host",
            "Couldn't connect",
            "Failed to connect",
            "failed to resolve address",
            "network failure seems to have happened",
            "Could not connect",
        ],
    ),
];

/// The causes that the last messages speak of, the most telling one first; never none.
pub fn causes(ended: &Ended) -> impl Iterator<Item = Cause> {
    let tail = ended.tail(usize::MAX);
    let is_said = move |words: &[&str]| words.iter().any(|word| tail.contains(word));
    let said = WORDS.iter().filter(move |(_, words)| is_said(words)).map(|(cause, _)| *cause);
    said.chain([Cause::Other])
}

/// The last messages without what cargo says of its progress, nor of a package that is only there
/// to have dependencies; its name begins with `own`.
pub fn complaint(ended: &Ended, count: usize, own: &str) -> String {
    let tail = ended.tail(count);
    let is_news = |line: &&str| {
        let word = line.trim_start().split(' ').next().unwrap_or_default();
        !["Updating", "Locking", "Compiling", "Downloading", "Downloaded", "Adding"].contains(&word)
    };
    // Which version another package asks for is worth knowing.
    let asked_by_own = format!("required by package `{own}");
    let is_repeated = |line: &&str| line.starts_with("warning: spurious network error");
    let lines: Vec<&str> = tail
        .lines()
        .filter(is_news)
        .filter(|line| !is_repeated(line))
        .filter(|line| !line.contains(&asked_by_own))
        .collect();
    lines.join("\n").trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ended(lines: &[&str]) -> Ended {
        let last = lines.iter().map(ToString::to_string).collect();
        Ended { status: ExitStatus::from_raw(256), last }
    }

    #[test]
    fn causes_are_read_from_words() {
        let rows = [
            ("error: failed to write: No space left on device (os error 28)", Cause::DiskFull),
            ("error: failed to open `/x`: Permission denied (os error 13)", Cause::Denied),
            ("error: linker `cc` not found", Cause::NoLinker),
            ("  [6] Could not resolve hostname (Could not resolve host: x)", Cause::Network),
            ("error[E0308]: mismatched types", Cause::Other),
        ];
        for (line, cause) in rows {
            assert_eq!(causes(&ended(&["   Compiling a v1", line])).next(), Some(cause), "{line}");
        }
    }

    #[test]
    fn complaint_is_without_progress_and_our_own_package() {
        let lines = [
            "    Updating index",
            "error: failed to select a version for `a`.",
            "    ... required by package `b v1`",
            "    ... which satisfies dependency `b` required by package `own-12 v0.0.0`",
        ];
        assert_eq!(
            complaint(&ended(&lines), 20, "own-"),
            "failed to select a version for `a`.\n    ... required by package `b v1`"
        );
    }
}
