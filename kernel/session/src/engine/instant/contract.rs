//! Tests of what the engine takes for granted about `rustc`, on the installed toolchain: types and
//! statics in the MIR at every level, fields and texts of messages.
//!
//! A new toolchain that breaks an assumption breaks its test, in a second. The tests don't need the
//! prelude: a stand-in with the same calls takes its place.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use akari_seam::path::{FAILED, RUN};
use akari_seam::symbol::ENTRY;

use super::compile::{Diagnostic, errors, has_statics, types};

const STAND_IN: &str = "pub mod rt {
    pub struct Failed;
    impl<E: std::fmt::Display> From<E> for Failed { fn from(_: E) -> Self { Failed } }
    #[inline(never)] pub fn put<T: 'static>(_: u64, value: T) { std::mem::forget(value) }
    pub fn run<F: FnOnce() -> Result<(), Failed>>(body: F) -> bool { body().is_ok() }
}";

/// A cell as it is generated, around some lines.
fn cell(items: &str, body: &str) -> String {
    format!(
        "{items}\n#[unsafe(export_name = \"{ENTRY}\")] pub extern \"C\" fn {ENTRY}_1() -> i32 {{
        let done = ::{RUN}(|| -> ::std::result::Result<(), ::{FAILED}> {{
        {body}
        ::std::result::Result::Ok::<(), ::{FAILED}>(()) }}); done as i32 }}"
    )
}

struct Rustc {
    folder: tempfile::TempDir,
}

impl Rustc {
    fn new() -> Rustc {
        let rustc = Rustc { folder: tempfile::tempdir().unwrap() };
        let (_, errors) = rustc.run("akari", STAND_IN, &["--crate-type=lib", "--emit=link"]);
        assert_eq!(errors, "");
        rustc
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, name: &str, source: &str, arguments: &[&str]) -> (bool, String) {
        let file = self.path(name).with_extension("rs");
        std::fs::write(&file, source).unwrap();
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let output = Command::new(rustc)
            .current_dir(self.folder.path())
            .arg(file.file_name().unwrap())
            .args(["--edition=2024", "--cap-lints=allow", "-Zunstable-options"])
            .args(["-Cdebug-assertions=on", "-Ztrim-diagnostic-paths=no", "-L", "."])
            .args(arguments)
            .env("RUSTC_BOOTSTRAP", "1")
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn mir(&self, source: &str, level: u32) -> String {
        let level = format!("-Copt-level={level}");
        let extern_ = format!("akari={}", self.path("libakari.rlib").display());
        let flags = ["--crate-type=cdylib", "--emit=mir=cell.mir", &level, "--extern", &extern_];
        let (is_done, messages) = self.run("cell", source, &flags);
        assert!(is_done, "{messages}");
        std::fs::read_to_string(self.path("cell.mir")).unwrap()
    }

    fn errors(&self, source: &str) -> Vec<Diagnostic> {
        let extern_ = format!("akari={}", self.path("libakari.rlib").display());
        let flags =
            ["--crate-type=cdylib", "--emit=metadata", "--error-format=json", "--extern", &extern_];
        let (is_done, messages) = self.run("cell", source, &flags);
        assert!(!is_done);
        errors(&messages)
    }
}

#[test]
fn rustc_contract_types_stand_in_the_mir_at_every_level() {
    let rustc = Rustc::new();
    let items = "struct Own<const N: usize>([u8; N]); mod m { pub struct In; } thread_local! { static T: u8 = const { 1 }; }";
    let body = "let a = vec![1.5]; let b = (1, \"t\"); let c = Own([0; 3]); let d: Box<dyn Fn(u8) -> u8> = Box::new(|it| it); let e = m::In; let f = 7;
        akari::rt::put(11_u64, a); akari::rt::put(12_u64, b); akari::rt::put(13_u64, c);
        akari::rt::put(14_u64, d); akari::rt::put(15_u64, e); akari::rt::put(16_u64, f); let g = |it: u8| it; akari::rt::put(17_u64, g);";
    let expected = BTreeMap::from([
        (11, "std::vec::Vec<f64>"),
        (12, "(i32, &str)"),
        (13, "Own<3>"),
        (14, "std::boxed::Box<dyn std::ops::Fn(u8) -> u8>"),
        (15, "m::In"),
        (16, "i32"),
    ]);
    for level in 0..4 {
        let mir = rustc.mir(&cell(items, body), level);
        let mut found = types(&mir);
        let closure = found.remove(&17).unwrap_or_default();
        assert!(!super::compile::is_nameable(&closure), "level {level}: {closure}");
        let found: BTreeMap<u64, &str> =
            found.iter().map(|(slot, it)| (*slot, it.as_str())).collect();
        assert_eq!(found, expected, "level {level}");
        assert!(has_statics(&mir), "level {level}");
        assert!(!has_statics(
            &rustc.mir(&cell("", "let s: &'static str = \"static \"; s.len();"), level)
        ));
    }
}

/// Each row: what the learner wrote, the code, words of the message, words of one of the labels.
const MESSAGES: &[(&str, &str, &str, &str)] = &[
    (
        "let v = vec![1]; drop(v); akari::rt::put(1_u64, v);",
        "E0382",
        "use of moved value: `v`",
        "value moved here",
    ),
    (
        "let v = vec![1]; let r = &v; akari::rt::put(1_u64, r);",
        "E0597",
        "`v` does not live long enough",
        "'static",
    ),
    (
        "let s = String::new(); let r = s.as_str(); akari::rt::put(1_u64, r); akari::rt::put(2_u64, s);",
        "E0505",
        "cannot move out of `s` because it is borrowed",
        "",
    ),
    (
        "let r: &String = &String::new(); akari::rt::put(1_u64, r);",
        "E0716",
        "temporary value dropped while borrowed",
        "",
    ),
    ("let x: i32; akari::rt::put(1_u64, x);", "E0381", "used binding `x` isn't initialized", ""),
    ("nothing;", "E0425", "cannot find value `nothing` in this scope", "not found in this scope"),
    ("nothing();", "E0425", "cannot find function `nothing` in this scope", ""),
    ("break;", "E0267", "`break` inside of a closure", ""),
    (
        "let v = vec![1]; v.push(2);",
        "E0596",
        "cannot borrow `v` as mutable, as it is not declared as mutable",
        "",
    ),
    ("let x = 1; x = 2;", "E0384", "cannot assign twice to immutable variable `x`", ""),
    ("let f: Option<u8> = None; f?;", "E0277", "the `?` operator can only be used", ""),
];

#[test]
fn rustc_contract_messages_have_the_words_that_are_read() {
    let rustc = Rustc::new();
    // All rows of a phase are functions of one crate, so that the compiler starts once for a phase.
    let is_resolved =
        |row: &&(&str, &str, &str, &str)| !matches!(row.1, "E0425" | "E0267" | "E0277");
    let phases: [Vec<_>; 3] = [
        MESSAGES.iter().filter(is_resolved).collect(),
        MESSAGES.iter().filter(|it| it.1 == "E0425").collect(),
        MESSAGES.iter().filter(|it| matches!(it.1, "E0267" | "E0277")).collect(),
    ];
    for rows in phases {
        let bodies = rows.iter().enumerate().map(|(at, row)| {
            format!("pub fn f{at}() -> bool {{ akari::rt::run(|| {{ {} Ok(()) }}) }}\n", row.0)
        });
        let found = rustc.errors(&bodies.collect::<String>());
        for (at, (body, code, words, label)) in rows.into_iter().enumerate() {
            let line = u32::try_from(at).unwrap() + 1;
            let of_row = |diagnostic: &&Diagnostic| {
                diagnostic.spans.iter().any(|span| span.is_primary && span.line_start == line)
            };
            let has_code = |diagnostic: &&Diagnostic| {
                diagnostic.code.as_ref().is_some_and(|found| found.code == *code)
            };
            let error = found.iter().filter(of_row).find(has_code);
            let error = error.unwrap_or_else(|| panic!("{code} is missing for {body}: {found:#?}"));
            assert!(error.message.contains(words), "{body}: {}", error.message);
            let mut labels =
                error.spans.iter().chain(error.children.iter().flat_map(|child| &child.spans));
            let has_label =
                labels.any(|span| span.label.as_deref().unwrap_or_default().contains(label));
            assert!(has_label || label.is_empty(), "{body}: {error:#?}");
            assert!(error.rendered.is_some() && error.level == "error");
            assert!(error.spans.iter().all(|span| Path::new(&span.file_name).ends_with("cell.rs")));
        }
    }
}
