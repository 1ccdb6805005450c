//! A way out where a crate is missing, or a feature of one. Pure.

use super::compile::{Diagnostic, Span};

/// What to add by `:dep`, in one line.
pub fn hint(diagnostic: &Diagnostic) -> Option<String> {
    missing_feature(diagnostic).or_else(|| missing_crate(diagnostic))
}

/// An item that its crate leaves out without a feature.
fn missing_feature(diagnostic: &Diagnostic) -> Option<String> {
    let children = diagnostic.children.iter().flat_map(|child| &child.spans);
    let gate = diagnostic.spans.iter().chain(children).find_map(|span| {
        let label = span.label.as_deref()?;
        let (_, rest) = label.split_once("the item is gated behind the `")?;
        Some((rest.strip_suffix("` feature")?, package_of(span)?))
    });
    let (feature, package) = gate?;
    Some(format!(
        "`{package}` has it with its feature `{feature}`; `:dep {package} = {{ features = [\"{feature}\"] }}` at the top of a cell adds that"
    ))
}

/// The package whose file a span is in, by the name of the folder that cargo fetched it into.
fn package_of(span: &Span) -> Option<&str> {
    let (before, _) = span.file_name.rsplit_once("/src/")?;
    let folder = before.rsplit('/').next()?;
    let is_version = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let end = folder.match_indices('-').map(|it| it.0).find(|at| is_version(&folder[at + 1..]))?;
    Some(&folder[..end])
}

fn missing_crate(diagnostic: &Diagnostic) -> Option<String> {
    let labels = diagnostic.spans.iter().filter_map(|span| span.label.as_deref());
    let beginning = "use of unresolved module or unlinked crate `";
    let name = labels.filter_map(|it| it.strip_prefix(beginning)?.strip_suffix('`')).next()?;
    let line = match name {
        // Without features there is next to nothing in it.
        "tokio" => ":dep tokio = { version = \"1\", features = [\"full\"] }".to_owned(),
        name => format!(":dep {name}"),
    };
    Some(format!("if `{name}` is a crate, `{line}` at the top of a cell adds it"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn span(file: &str, label: &str) -> Value {
        json!({
            "file_name": file, "line_start": 1, "line_end": 1, "column_start": 1, "column_end": 2,
            "is_primary": true, "label": label,
        })
    }

    fn hint_of(own: &str, (file, label): (&str, &str)) -> Option<String> {
        let child = json!({
            "message": "found an item that was configured out", "level": "note", "code": null,
            "rendered": null, "spans": [span(file, label)],
        });
        let text = json!({
            "message": "m", "level": "error", "code": null, "rendered": null,
            "spans": [span("cell.rs", own)], "children": [child],
        });
        hint(&serde_json::from_value(text).unwrap())
    }

    #[test]
    fn missing_crates_and_features_are_added_by_a_line() {
        let missing = "use of unresolved module or unlinked crate `hex`";
        let found = hint_of(missing, ("x", "")).unwrap();
        assert!(found.contains("`:dep hex`"), "{found}");
        let gate = "the item is gated behind the `rt-util` feature";
        let found = hint_of("", ("/r/src/index-1/tokio-util-0.7.1/src/task/mod.rs", gate)).unwrap();
        assert!(found.contains(":dep tokio-util = { features = [\"rt-util\"] }"), "{found}");
        assert_eq!(hint_of("not found", ("/r/tokio-1.0.0/src/lib.rs", "")), None);
    }
}
