//! The name of a notebook's package, which cargo allows only some letters in. Pure.

use toml::Table;

/// Names that a program can't have: Rust's words, and crates that are always there.
const TAKEN: &[&str] = &[
    "abstract",
    "akari",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "main",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// A package's name for a notebook, which is none of its dependencies'.
pub fn package_name(notebook: &str, dependencies: &Table) -> String {
    let stem = notebook.strip_suffix(".ipynb").unwrap_or(notebook);
    let letters: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let parts: Vec<&str> = letters.split('-').filter(|it| !it.is_empty()).collect();
    let name = parts.join("-");
    let is_dependency = dependencies.iter().any(|(known, table)| {
        let package = table.get("package").and_then(|it| it.as_str()).unwrap_or(known);
        let same = |it: &str| it.replace('_', "-") == name.replace('_', "-");
        same(package) || same(known)
    });
    match name.as_str() {
        "" => "notebook".to_owned(),
        it if it.starts_with(|c: char| c.is_ascii_digit()) => format!("notebook-{it}"),
        it if is_dependency || TAKEN.contains(&it) || it.starts_with("candle-") => {
            format!("{it}-notebook")
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_packages() {
        let dependencies = Table::from_iter([("rand_core".to_owned(), "1".into())]);
        for (notebook, expected) in [
            ("lesson.ipynb", "lesson"),
            ("01-activations, losses.ipynb", "notebook-01-activations-losses"),
            ("活性化関数.ipynb", "notebook"),
            ("第2回 softmax.ipynb", "notebook-2-softmax"),
            ("test.ipynb", "test-notebook"),
            ("Akari.ipynb", "akari-notebook"),
            ("rand-core.ipynb", "rand-core-notebook"),
        ] {
            assert_eq!(package_name(notebook, &dependencies), expected);
        }
    }
}
