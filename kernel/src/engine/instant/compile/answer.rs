//! What the compiler says: its messages as JSON, its inputs as rules of a makefile, and the types
//! of variables in its MIR.
//!
//! The only place that reads what rustc writes. Called by the module above. Pure.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use akari_seam::path::PUT;
use serde::Deserialize;

use super::CompileError;
use super::command::CRATE;

/// The types of the variables that a cell keeps, by the numbers under which they are stored.
pub type Types = BTreeMap<u64, String>;

/// A compiler message, as rustc writes it.
#[derive(Debug, Clone, Deserialize)]
pub struct Diagnostic {
    pub message: String,
    pub level: String,
    pub code: Option<Code>,
    #[serde(default)]
    pub spans: Vec<Span>,
    #[serde(default)]
    pub children: Vec<Diagnostic>,
    pub rendered: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Code {
    pub code: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    pub file_name: String,
    pub line_start: u32,
    pub line_end: u32,
    /// In characters, from 1.
    pub column_start: u32,
    pub column_end: u32,
    pub is_primary: bool,
    pub label: Option<String>,
    pub suggested_replacement: Option<String>,
    pub expansion: Option<Box<Expansion>>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Expansion {
    pub span: Span,
}

impl Span {
    /// The place in the file that stands for this one: for a macro's inside, where it was called.
    pub fn outermost(&self) -> &Span {
        let mut span = self;
        while let Some(expansion) = &span.expansion {
            span = &expansion.span;
        }
        span
    }
}

/// The level of a message about a bug of the compiler itself.
const INTERNAL: &str = "error: internal compiler error";

/// The errors among the compiler's messages.
pub fn errors(messages: &str) -> Vec<Diagnostic> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|it: &Diagnostic| it.level.starts_with("error"))
        // The closing «aborting due to ..» has no place and says nothing new.
        .filter(|it| !(it.spans.is_empty() && it.message.starts_with("aborting due to")))
        .collect()
}

/// What the answer of a parked compiler is worth.
#[derive(Debug)]
pub enum Worth {
    /// An object, if that is there.
    Object,
    /// The learner's errors.
    Errors(Vec<Diagnostic>),
    /// It was killed, as another one would be.
    Killed,
    /// An ordinary compiler may say something else.
    Nothing,
}

/// Errors that may come of the cell's being included: names that a macro defined and names that
/// were imported are told apart, and files are looked for elsewhere.
const OF_INCLUSION: &[&str] = &["E0659", "E0583", "E0753"];

/// Judges by messages alone: a fork of a compiler ends well whatever it has found.
pub fn worth(status: ExitStatus, messages: &str) -> Worth {
    match status.signal() {
        Some(libc::SIGKILL) => return Worth::Killed,
        Some(_) => return Worth::Nothing,
        None => {}
    }
    let errors = errors(messages);
    let is_doubtful = |it: &Diagnostic| {
        let is_of_inclusion = |it: &Code| OF_INCLUSION.contains(&it.code.as_str());
        it.level == INTERNAL || it.spans.is_empty() || it.code.as_ref().is_some_and(is_of_inclusion)
    };
    match errors.is_empty() {
        true if messages.contains("panicked at ") => Worth::Nothing,
        true => Worth::Object,
        false if errors.iter().any(is_doubtful) => Worth::Nothing,
        false => Worth::Errors(errors),
    }
}

/// Why a compiler that ended like this made no library.
pub fn failure(status: ExitStatus, messages: &str) -> CompileError {
    match status.signal() {
        Some(libc::SIGKILL) => return CompileError::Killed,
        Some(signal) => return CompileError::Crashed { signal: signal_name(signal) },
        None => {}
    }
    let errors = errors(messages);
    if let Some(error) = errors.iter().find(|it| it.level == INTERNAL) {
        return CompileError::Internal { message: error.message.clone() };
    }
    if errors.is_empty() {
        return match messages.split("panicked at ").nth(1).and_then(|it| it.lines().nth(1)) {
            Some(message) => CompileError::Internal { message: message.to_owned() },
            None => CompileError::Silent { status, messages: first_words(messages) },
        };
    }
    CompileError::Code(errors)
}

fn signal_name(signal: i32) -> String {
    match signal {
        libc::SIGSEGV => "SIGSEGV".to_owned(),
        libc::SIGABRT => "SIGABRT".to_owned(),
        libc::SIGBUS => "SIGBUS".to_owned(),
        libc::SIGILL => "SIGILL".to_owned(),
        _ => format!("signal {signal}"),
    }
}

/// The beginning of what was said, which says most.
fn first_words(messages: &str) -> String {
    match messages.trim() {
        "" => "it said nothing".to_owned(),
        text => text.chars().take(300).collect(),
    }
}

/// Whether there is a static in what the code became, also one that a macro made.
pub fn has_statics(mir: &str) -> bool {
    mir.lines().any(|it| it.trim_start().starts_with("static "))
}

/// The types in the calls that keep variables.
pub fn types(mir: &str) -> Types {
    let beginning = format!("{PUT}::<");
    let type_of = |line: &str| {
        let (_, call) = line.split_once(&beginning)?;
        let (type_text, arguments) = call.split_once(">(const ")?;
        let (number, _) = arguments.split_once("_u64, ")?;
        Some((number.parse().ok()?, type_text.to_owned()))
    };
    mir.lines().filter_map(type_of).collect()
}

/// Reads a makefile's rules, which name the files that were read, and comments that name the
/// variables of the environment.
pub fn is_pure(inputs: &str, file: &str) -> bool {
    let is_own = |line: &str| {
        let inputs = line.split_once(": ").map(|(_, inputs)| inputs).unwrap_or_default();
        inputs.split_whitespace().all(|it| it == file || it == CRATE)
    };
    !inputs.is_empty() && !inputs.contains("# env-dep:") && inputs.lines().all(is_own)
}

/// Whether a type, as the compiler prints it, can be written in code.
pub fn is_nameable(type_text: &str) -> bool {
    !type_text.contains(['{', '@']) && !type_text.contains("impl ") && type_text != "!"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_from_the_calls() {
        let mir = "\
            _5 = akari::rt::put::<std::vec::Vec<(f32, i64)>>(const 17_u64, move _6) -> [..];\n\
            _7 = other::put::<u8>(const 1_u64, move _6) -> [..];\n";
        assert_eq!(types(mir), Types::from([(17, "std::vec::Vec<(f32, i64)>".to_owned())]));
    }

    #[test]
    fn source_that_reads_nothing_else_is_pure() {
        let own = "cell-1.so: cell-1.rs\n\ncell-1.d: cell-1.rs\n\ncell-1.rs:\n";
        assert!(is_pure(own, "cell-1.rs"));
        assert!(is_pure("cell-1.o: parked.rs cell-1.rs\n\nparked.rs:\ncell-1.rs:\n", "cell-1.rs"));
        assert!(!is_pure("cell-1.so: cell-1.rs data.txt\n", "cell-1.rs"));
        assert!(!is_pure(&format!("{own}\n# env-dep:HOME=/root\n"), "cell-1.rs"));
        assert!(!is_pure("", "cell-1.rs"));
    }

    fn message(level: &str, text: &str) -> String {
        format!(r#"{{"message":"{text}","level":"{level}","code":null,"rendered":null}}"#)
    }

    #[test]
    fn f9_each_end_of_the_compiler_has_a_text_with_the_way_out() {
        let exit = |code: i32| ExitStatus::from_raw(code << 8);
        let killed = failure(ExitStatus::from_raw(libc::SIGKILL), &message("error", "half"));
        assert!(killed.to_string().contains("memory"), "{killed}");
        let crashed = failure(ExitStatus::from_raw(libc::SIGSEGV), "rustc interrupted by SIGSEGV");
        assert!(crashed.to_string().contains("SIGSEGV") && crashed.to_string().contains("`let`"));
        let bug = failure(exit(101), &message(INTERNAL, "no such thing"));
        assert!(bug.to_string().contains("no such thing"), "{bug}");
        let bug = failure(exit(101), "\nthread 'rustc' (7) panicked at a.rs:1:2:\nindex out of\n");
        assert!(bug.to_string().contains("«index out of»"), "{bug}");
        let silent = failure(exit(1), " \n");
        assert!(silent.to_string().contains("exit status: 1"), "{silent}");
        assert!(silent.to_string().contains("said nothing"), "{silent}");
    }

    #[test]
    fn doubtful_answers_are_worth_nothing() {
        let exit = ExitStatus::from_raw(0);
        let error = |code: &str| {
            format!(
                r#"{{"message":"m","level":"error","code":{{"code":"{code}"}},"spans":[{{"file_name":"c.rs","line_start":1,"line_end":1,"column_start":1,"column_end":2,"is_primary":true}}]}}"#
            )
        };
        assert!(matches!(worth(exit, ""), Worth::Object));
        assert!(matches!(worth(exit, &message("warning", "w")), Worth::Object));
        assert!(matches!(worth(exit, &error("E0308")), Worth::Errors(it) if it.len() == 1));
        assert!(matches!(worth(exit, &error("E0659")), Worth::Nothing));
        assert!(matches!(worth(exit, &message("error", "without a place")), Worth::Nothing));
        assert!(matches!(worth(exit, &message(INTERNAL, "bug")), Worth::Nothing));
        assert!(matches!(worth(exit, "thread 'rustc' panicked at x"), Worth::Nothing));
        assert!(matches!(worth(ExitStatus::from_raw(libc::SIGSEGV), ""), Worth::Nothing));
        assert!(matches!(worth(ExitStatus::from_raw(libc::SIGKILL), ""), Worth::Killed));
    }

    #[test]
    fn errors_are_the_learners() {
        let messages = [
            message("warning", "unused"),
            message("error", "wrong"),
            message("error", "aborting due to 1 previous error"),
        ];
        let status = ExitStatus::from_raw(1 << 8);
        let CompileError::Code(errors) = failure(status, &messages.join("\n")) else {
            panic!("no errors");
        };
        assert_eq!(errors.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), ["wrong"]);
    }
}
