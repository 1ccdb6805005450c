//! A learner's version of a lesson, and the source that nbgrader makes assignments of.
//!
//! A teacher's notebook may have its answers in it, between `// BEGIN SOLUTION` and `// END SOLUTION`; lines
//! `// STUB let y: Tensor = blank!();` there say what a learner finds in their place. nbgrader knows one stub for all
//! cells; the configuration in `classroom/` reads these lines.

use serde_json::{Value, json};

use super::sheet::Sheet;

const BEGIN: &str = "BEGIN SOLUTION";
const END: &str = "END SOLUTION";
const STUB: &str = "// STUB";

/// A text with answers in it, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    /// With stubs in the place of the answers.
    stub: String,
    /// With the answers, and without the marks.
    solution: String,
}

/// The parts of a cell that holds answers; none for one without marks.
fn parts(source: &str) -> Option<Parts> {
    if !source.contains(BEGIN) {
        return None;
    }
    let (mut stub, mut solution) = (Vec::new(), Vec::new());
    let mut stubs: Option<Vec<String>> = None;
    for line in source.lines() {
        let indent: String = line.chars().take_while(|it| it.is_whitespace()).collect();
        if line.contains(BEGIN) {
            stubs = Some(Vec::new());
        } else if line.contains(END) {
            let own = stubs.take().unwrap_or_default();
            let own = if own.is_empty() { vec![format!("{indent}todo!()")] } else { own };
            stub.extend(own);
        } else if let Some(stubs) = &mut stubs {
            match line.trim_start().strip_prefix(STUB) {
                // What a stub of several lines is indented by stays, behind one space.
                Some(text) => {
                    let text = text.strip_prefix(' ').unwrap_or(text);
                    stubs.push(format!("{indent}{text}").trim_end().to_owned());
                }
                None => solution.push(line.to_owned()),
            }
        } else {
            stub.push(line.to_owned());
            solution.push(line.to_owned());
        }
    }
    Some(Parts { stub: stub.join("\n"), solution: solution.join("\n") })
}

/// A source as the format stores it.
fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn source(cell: &Value) -> String {
    match &cell["source"] {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

fn clear(cell: &mut Value) {
    if cell["cell_type"] == "code" {
        cell["outputs"] = json!([]);
        cell["execution_count"] = Value::Null;
    }
}

/// The learner's version: stubs in the place of answers, the answers in folded cells behind the exercise, no outputs.
pub fn learners(sheet: &Sheet) -> Value {
    let mut root = sheet.notebook.json().clone();
    let mut cells = Vec::new();
    let mut folded: Option<Value> = None;
    let is_of_exercise = |cell: &Value| {
        let source = source(cell);
        cell["cell_type"] == "code"
            && ["check!(", "hint!(", "solution!("].iter().any(|it| source.contains(it))
    };
    for mut cell in root["cells"].as_array_mut().map(std::mem::take).unwrap_or_default() {
        if !is_of_exercise(&cell) {
            cells.extend(folded.take());
        }
        clear(&mut cell);
        if cell["cell_type"] == "code"
            && let Some(parts) = parts(&source(&cell))
        {
            let id = cell["id"].as_str().unwrap_or("answer").to_owned();
            cell["source"] = lines(&parts.stub);
            folded = Some(json!({
                "cell_type": "code",
                "execution_count": null,
                "id": format!("{id}-solution"),
                "metadata": { "jupyter": { "source_hidden": true }, "tags": ["hide-cell"] },
                "outputs": [],
                "source": lines(&parts.solution),
            }));
        }
        cells.push(cell);
    }
    cells.extend(folded);
    root["cells"] = Value::Array(cells);
    root
}

/// The source that nbgrader makes an assignment of: the solutions between its marks, answers and checks with its metadata.
pub fn nbgrader(sheet: &Sheet) -> Value {
    let mut root = sheet.notebook.json().clone();
    for cell in root["cells"].as_array_mut().into_iter().flatten() {
        clear(cell);
        let id = cell["id"].as_str().unwrap_or_default().to_owned();
        let text = source(cell);
        let exercise = cell["metadata"]["akari"]["exercise"].as_str().map(str::to_owned);
        if let Some(exercise) =
            sheet.exercises().iter().find(|it| Some(&it.id) == exercise.as_ref())
        {
            if !text.contains(BEGIN) {
                let stubs: Vec<String> =
                    text.lines().map(|it| format!("{STUB} {it}").trim_end().to_owned()).collect();
                let (stubs, solution) = (stubs.join("\n"), exercise.solution.trim_end());
                cell["source"] = lines(&format!("// {BEGIN}\n{stubs}\n{solution}\n// {END}"));
            }
            cell["metadata"]["nbgrader"] = graded(&id, false, true);
        } else if text.contains(BEGIN) {
            cell["metadata"]["nbgrader"] = graded(&id, false, true);
        } else if cell["cell_type"] == "code" && text.contains("check!(") {
            cell["metadata"]["nbgrader"] = graded(&id, true, false);
        }
    }
    root
}

/// nbgrader's metadata, version 3, which allows no other keys.
fn graded(id: &str, is_graded: bool, is_solution: bool) -> Value {
    let mut metadata = json!({
        "cell_type": "code",
        "grade": is_graded,
        "grade_id": id,
        "locked": is_graded,
        "schema_version": 3,
        "solution": is_solution,
        "task": false,
    });
    if is_graded {
        metadata["points"] = json!(1);
    }
    metadata
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::notebook::format::Notebook;

    #[test]
    fn answers_become_stubs() {
        let source = "let x = 1;\n// BEGIN SOLUTION\n// STUB let y: f64 = blank!();\nlet y = 2.0;\n// END SOLUTION\nx";
        let parts_of = parts(source).expect("it has an answer");
        assert_eq!(parts_of.stub, "let x = 1;\nlet y: f64 = blank!();\nx");
        assert_eq!(parts_of.solution, "let x = 1;\nlet y = 2.0;\nx");
        let inner = parts("let y = {\n    // BEGIN SOLUTION\n    2\n    // END SOLUTION\n};")
            .expect("one too");
        assert_eq!(inner.stub, "let y = {\n    todo!()\n};");
        let function = parts("// BEGIN SOLUTION\n// STUB fn f() -> f64 {\n// STUB     blank!()\n// STUB\n// STUB }\nfn f() -> f64 { 1.0 }\n// END SOLUTION")
            .expect("a function too");
        assert_eq!(function.stub, "fn f() -> f64 {\n    blank!()\n\n}");
        assert_eq!(parts("let x = 1;"), None);
    }

    fn sheet() -> Sheet {
        let code = |id: &str, source: &str, metadata: Value| {
            json!({"cell_type": "code", "id": id, "metadata": metadata, "source": source, "execution_count": 3,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}]})
        };
        let cells = [
            code("a", "// BEGIN SOLUTION\nlet y = 2.0;\n// END SOLUTION", json!({})),
            code("b", "check!(\"01-1\", y)", json!({})),
            code("c", "show!(1)", json!({})),
            code("d", "let z: f64 = blank!();", json!({"akari": {"exercise": "01-1"}})),
        ];
        let key = akari_key::Key::parse(
            "[[exercise]]\nid = \"01-1\"\nsolution = \"let z = 5.0;\"\n[[exercise.answer]]\nvalue = 5",
        );
        let key = key.expect("a key");
        let notebook = Notebook::of_json(json!({"nbformat": 4, "cells": cells}));
        Sheet::new(Path::new("a.ipynb"), notebook, Some(("k.toml".into(), key)))
    }

    #[test]
    fn learners_find_the_answer_folded_behind_the_check() {
        let cells = learners(&sheet())["cells"].clone();
        let ids: Vec<&str> =
            cells.as_array().into_iter().flatten().filter_map(|it| it["id"].as_str()).collect();
        assert_eq!(ids, ["a", "b", "a-solution", "c", "d"]);
        assert_eq!(cells[2]["metadata"]["jupyter"]["source_hidden"], true);
        assert_eq!(cells[2]["metadata"]["tags"], json!(["hide-cell"]));
        assert_eq!((&cells[0]["source"], &cells[0]["outputs"]), (&json!(["todo!()"]), &json!([])));
    }

    #[test]
    fn nbgrader_finds_answers_and_checks() {
        let cells = nbgrader(&sheet())["cells"].clone();
        assert_eq!(cells[1]["metadata"]["nbgrader"]["points"], 1);
        assert_eq!(cells[1]["metadata"]["nbgrader"]["locked"], true);
        assert_eq!(cells[0]["metadata"]["nbgrader"]["solution"], true);
        assert!(cells[2]["metadata"].get("nbgrader").is_none());
        assert_eq!(
            cells[3]["source"],
            json!([
                "// BEGIN SOLUTION\n",
                "// STUB let z: f64 = blank!();\n",
                "let z = 5.0;\n",
                "// END SOLUTION"
            ])
        );
    }
}
