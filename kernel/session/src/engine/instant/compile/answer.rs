//! Reading what the compiler writes: messages as JSON, inputs as rules of a makefile, and the types
//! of variables in the MIR.
//!
//! Pure, and the only place that reads what rustc writes; the module above calls it. `contract`
//! tries on the installed rustc what is taken for granted here.

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
    /// The column, in characters from 1.
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
    /// The span in the source's own file: for a span inside of a macro, that of the macro's call.
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
        .filter(|diagnostic: &Diagnostic| diagnostic.level.starts_with("error"))
        // The closing «aborting due to ..» has no place and says nothing new.
        .filter(|error| !(error.spans.is_empty() && error.message.starts_with("aborting due to")))
        .collect()
}

/// The use of a parked compiler's answer.
#[derive(Debug)]
pub enum Worth {
    /// The compiler has found no errors: the object can be used if it exists.
    Object,
    /// The learner's errors.
    Errors(Vec<Diagnostic>),
    /// The compiler was killed, as an ordinary one would be.
    Killed,
    /// None: an ordinary compiler may answer something else.
    Nothing,
}

/// Errors that may come only because a parked compiler includes the cell by a macro: it tells names
/// of macros from imported ones, and looks for files elsewhere.
const OF_INCLUSION: &[&str] = &["E0659", "E0583", "E0753"];

/// Judges an answer. The exit code tells nothing: a fork of a compiler ends with success even after
/// errors.
pub fn worth(status: ExitStatus, messages: &str) -> Worth {
    match status.signal() {
        Some(libc::SIGKILL) => return Worth::Killed,
        Some(_) => return Worth::Nothing,
        None => {}
    }
    let errors = errors(messages);
    let is_doubtful = |error: &Diagnostic| {
        let is_of_inclusion = |code: &Code| OF_INCLUSION.contains(&code.code.as_str());
        error.level == INTERNAL
            || error.spans.is_empty()
            || error.code.as_ref().is_some_and(is_of_inclusion)
    };
    match errors.is_empty() {
        true if messages.contains("panicked at ") => Worth::Nothing,
        true => Worth::Object,
        false if errors.iter().any(is_doubtful) => Worth::Nothing,
        false => Worth::Errors(errors),
    }
}

/// The reason why a compiler made no library.
pub fn failure(status: ExitStatus, messages: &str) -> CompileError {
    match status.signal() {
        Some(libc::SIGKILL) => return CompileError::Killed,
        Some(signal) => return CompileError::Crashed { signal: signal_name(signal) },
        None => {}
    }
    let errors = errors(messages);
    if let Some(error) = errors.iter().find(|error| error.level == INTERNAL) {
        return CompileError::Internal { message: error.message.clone() };
    }
    if errors.is_empty() {
        return match messages.split("panicked at ").nth(1).and_then(|text| text.lines().nth(1)) {
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

/// The beginning of the messages, which tells most.
fn first_words(messages: &str) -> String {
    match messages.trim() {
        "" => "it said nothing".to_owned(),
        text => text.chars().take(300).collect(),
    }
}

/// Whether the code has a static; the MIR shows also one that a macro made.
pub fn has_statics(mir: &str) -> bool {
    mir.lines().any(|line| line.trim_start().starts_with("static "))
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

/// Whether a cell depends on nothing but its own file. `inputs` has a makefile's rules, which name
/// the files that the compiler read, and comments that name variables of the environment.
pub fn is_pure(inputs: &str, file: &str) -> bool {
    let is_own = |line: &str| {
        let inputs = line.split_once(": ").map(|(_, inputs)| inputs).unwrap_or_default();
        inputs.split_whitespace().all(|word| word == file || word == CRATE)
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
        assert_eq!(
            errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>(),
            ["wrong"]
        );
    }
}
