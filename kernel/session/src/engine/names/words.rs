//! Words of the language, and names of the standard library that need no import.

use crate::engine::name::Name;

pub const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
    "where", "while",
];

/// Types and values that need no import.
pub const STANDARD: &[&str] = &[
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "From",
    "Hash",
    "Into",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Some",
    "String",
    "ToString",
    "Vec",
    "bool",
    "char",
    "f32",
    "f64",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "std",
    "str",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

/// Macros, each with how it is used.
pub const MACROS: &[(&str, &str, &str)] = &[
    ("assert!", "assert!(condition)", "Panics if the condition is false."),
    ("assert_eq!", "assert_eq!(left, right)", "Panics if the two are not equal, and shows both."),
    ("assert_ne!", "assert_ne!(left, right)", "Panics if the two are equal."),
    ("dbg!", "dbg!(value)", "Prints an expression and its value to stderr, and gives the value."),
    ("eprintln!", "eprintln!(\"{}\", value)", "Prints a line to stderr."),
    ("format!", "format!(\"{} {name:.2}\", value)", "Makes a `String` of values."),
    ("matches!", "matches!(value, pattern)", "Whether a value fits a pattern."),
    ("panic!", "panic!(\"{}\", value)", "Ends the cell with a message."),
    ("print!", "print!(\"{}\", value)", "Prints values."),
    ("println!", "println!(\"{} {name:.2}\", value)", "Prints values and ends the line."),
    ("todo!", "todo!()", "Marks code that is not written yet: it panics when it runs."),
    ("unreachable!", "unreachable!()", "Marks code that never runs: it panics if it does."),
    (
        "vec!",
        "vec![1, 2, 3]  vec![0.0; 10]",
        "Makes a `Vec` of elements, or of one element many times.",
    ),
    ("write!", "write!(f, \"{}\", value)?", "Writes values to a file, a text or a formatter."),
    ("writeln!", "writeln!(f, \"{}\", value)?", "Writes values and ends the line."),
];

/// A macro of the standard library by its name without `!`.
pub fn as_name(word: &str) -> Option<Name> {
    let (name, usage, told) = MACROS.iter().find(|it| it.0.trim_end_matches('!') == word)?;
    Some(Name {
        module: String::new(),
        name: (*name).to_owned(),
        kind: "function".into(),
        detail: (*usage).to_owned(),
        documentation: (*told).to_owned(),
    })
}
