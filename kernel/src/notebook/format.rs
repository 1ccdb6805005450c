//! The notebook's file format (nbformat 4): reading, changing outputs, writing.
//!
//! A notebook stays the JSON that it was, so that unknown fields survive; only the outputs and
//! counts of cells that ran are replaced. `store` writes the text, `run` runs the cells, `check`
//! compares.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::{FormatProblem, NotebookError};
use crate::engine::outcome::{CellError, MimeBundle, Stream, is_json};

pub use crate::engine::recorded::CellOutput;

/// A notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    root: Value,
}

/// A code cell that is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCell {
    /// The cell's place among all cells of the notebook.
    pub index: usize,
    pub source: String,
    /// Whether the author expects a failure here.
    pub may_fail: bool,
}

/// A cell of any kind, as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadCell {
    pub id: String,
    /// `code`, `markdown` or `raw`.
    pub kind: String,
    pub tags: Vec<String>,
    /// The exercise whose answer the cell is to hold.
    pub exercise: Option<String>,
    pub source: String,
    pub count: Option<u64>,
    pub outputs: Vec<CellOutput>,
    /// Pictures that the text has with it, by their names.
    pub attachments: MimeBundle,
}

impl Notebook {
    /// Reads a notebook that Akari can run.
    pub fn read(path: &Path) -> Result<Notebook, NotebookError> {
        let path_buf = || path.to_owned();
        if path.is_dir() {
            return Err(NotebookError::Folder { path: path_buf() });
        }
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => NotebookError::Missing { path: path_buf() },
            _ => NotebookError::Read { path: path_buf(), source },
        })?;
        let notebook = Notebook::parse(&bytes)
            .map_err(|problem| NotebookError::Format { path: path_buf(), problem })?;
        match notebook.root["nbformat"].as_u64().unwrap_or(0) {
            4 => {}
            version => {
                return Err(NotebookError::Version { path: path_buf(), version });
            }
        }
        notebook
            .check_cells()
            .map_err(|problem| NotebookError::Format { path: path_buf(), problem })?;
        match notebook.other_kernel() {
            None => Ok(notebook),
            Some(kernel) => Err(NotebookError::OtherKernel { path: path_buf(), kernel }),
        }
    }

    /// The JSON of a notebook of any version.
    fn parse(bytes: &[u8]) -> Result<Notebook, FormatProblem> {
        let text = std::str::from_utf8(bytes).map_err(|_| FormatProblem::Encoding)?;
        if text.trim().is_empty() {
            return Err(FormatProblem::Empty);
        }
        let root: Value =
            serde_json::from_str(text).map_err(|error| FormatProblem::Json(error.to_string()))?;
        match root["nbformat"].as_u64() {
            Some(_) => Ok(Notebook { root }),
            None => Err(FormatProblem::Field("nbformat")),
        }
    }

    fn check_cells(&self) -> Result<(), FormatProblem> {
        let cells = self.root["cells"].as_array().ok_or(FormatProblem::Field("cells"))?;
        for (index, cell) in cells.iter().enumerate() {
            let missing = |field| FormatProblem::Cell { cell: index + 1, field };
            cell["cell_type"].as_str().ok_or(missing("cell_type"))?;
            lines(&cell["source"]).ok_or(missing("source"))?;
        }
        Ok(())
    }

    /// The kernel or language that the notebook names, unless it is Akari's.
    fn other_kernel(&self) -> Option<String> {
        let metadata = &self.root["metadata"];
        if let Some(kernel) = metadata["kernelspec"]["name"].as_str() {
            return Some(kernel.to_owned()).filter(|it| it != "akari");
        }
        let language = metadata["language_info"]["name"].as_str()?;
        Some(language.to_owned()).filter(|it| it != "rust")
    }

    /// The code cells that a client would run: not the empty ones, nor those tagged
    /// `skip-execution`.
    pub fn code_cells(&self) -> Vec<CodeCell> {
        let cells = self.root["cells"].as_array().into_iter().flatten().enumerate();
        cells
            .filter(|(_, cell)| cell["cell_type"] == "code" && !has_tag(cell, "skip-execution"))
            .filter_map(|(index, cell)| {
                let source = lines(&cell["source"]).filter(|it| !it.trim().is_empty())?;
                Some(CodeCell { index, source, may_fail: has_tag(cell, "raises-exception") })
            })
            .collect()
    }

    /// All cells.
    pub fn read_cells(&self) -> Vec<ReadCell> {
        let cells = self.root["cells"].as_array().into_iter().flatten().enumerate();
        let read = |(index, cell): (usize, &Value)| ReadCell {
            id: text_of(&cell["id"]).unwrap_or_default(),
            kind: text_of(&cell["cell_type"]).unwrap_or_default(),
            tags: cell["metadata"]["tags"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(text_of)
                .collect(),
            exercise: text_of(&cell["metadata"]["akari"]["exercise"]),
            source: lines(&cell["source"]).unwrap_or_default(),
            count: cell["execution_count"].as_u64(),
            outputs: self.outputs(index),
            attachments: cell["attachments"].as_object().cloned().unwrap_or_default(),
        };
        cells.map(read).collect()
    }

    /// The whole notebook, for those who make another one of it.
    pub fn json(&self) -> &Value {
        &self.root
    }

    /// A notebook of this JSON, which is one of ours.
    pub fn of_json(root: Value) -> Notebook {
        Notebook { root }
    }

    /// The outputs that the file holds for a cell.
    pub fn outputs(&self, index: usize) -> Vec<CellOutput> {
        let outputs = self.root["cells"][index]["outputs"].as_array();
        outputs.into_iter().flatten().map(output_of).collect()
    }

    /// Replaces the outputs and the count of a cell.
    pub fn set_outputs(&mut self, index: usize, count: Option<u32>, outputs: &[CellOutput]) {
        let Some(cell) = self.root["cells"].get_mut(index).and_then(Value::as_object_mut) else {
            return;
        };
        cell.insert("execution_count".to_owned(), count.into());
        cell.insert("outputs".to_owned(), outputs.iter().map(stored).collect());
    }

    /// The file's text, as Jupyter writes it.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        let indent = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, indent);
        // A JSON value always has a text, and writing to memory doesn't fail.
        let _ = self.root.serialize(&mut serializer);
        bytes.push(b'\n');
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// An output as Jupyter writes it: keys in alphabetical order, long text as a list of lines.
#[derive(Serialize)]
#[serde(untagged)]
enum Stored<'a> {
    Stream {
        name: &'static str,
        output_type: &'static str,
        text: Vec<&'a str>,
    },
    Result {
        data: Value,
        execution_count: Option<u32>,
        metadata: MimeBundle,
        output_type: &'static str,
    },
    Display {
        data: Value,
        metadata: &'a MimeBundle,
        output_type: &'static str,
    },
    Error {
        ename: &'a str,
        evalue: &'a str,
        output_type: &'static str,
        traceback: &'a [String],
    },
}

/// The JSON of an output in the file.
fn stored(output: &CellOutput) -> Value {
    let stored = match output {
        CellOutput::Stream { stream, text } => {
            Stored::Stream { name: stream.name(), output_type: "stream", text: split_lines(text) }
        }
        CellOutput::Result { count, data } => Stored::Result {
            data: split_bundle(data),
            execution_count: *count,
            metadata: MimeBundle::new(),
            output_type: "execute_result",
        },
        CellOutput::Display { data, metadata, .. } => {
            Stored::Display { data: split_bundle(data), metadata, output_type: "display_data" }
        }
        CellOutput::Error(CellError { ename, evalue, traceback }) => {
            Stored::Error { ename, evalue, output_type: "error", traceback }
        }
        CellOutput::Unknown(value) => return value.clone(),
    };
    // Texts and objects with texts for keys always have a JSON value.
    serde_json::to_value(stored).unwrap_or_default()
}

/// The output that this JSON of the file is.
fn output_of(value: &Value) -> CellOutput {
    let text = |key: &str| lines(&value[key]).unwrap_or_default();
    let object = |key: &str| value[key].as_object().cloned().unwrap_or_default();
    match (value["output_type"].as_str(), value["name"].as_str()) {
        (Some("stream"), Some("stdout")) => {
            CellOutput::Stream { stream: Stream::Stdout, text: text("text") }
        }
        (Some("stream"), Some("stderr")) => {
            CellOutput::Stream { stream: Stream::Stderr, text: text("text") }
        }
        (Some("execute_result"), _) => CellOutput::Result {
            count: value["execution_count"].as_u64().and_then(|it| it.try_into().ok()),
            data: join_bundle(&object("data")),
        },
        (Some("display_data"), _) => CellOutput::Display {
            data: join_bundle(&object("data")),
            metadata: object("metadata"),
            display_id: None,
        },
        (Some("error"), _) => CellOutput::Error(CellError {
            ename: text("ename"),
            evalue: text("evalue"),
            traceback: value["traceback"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(lines)
                .collect(),
        }),
        _ => CellOutput::Unknown(value.clone()),
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn has_tag(cell: &Value, tag: &str) -> bool {
    cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.iter().any(|it| it == tag))
}

/// Reads text that the format stores as one string or as a list of lines.
fn lines(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => lines.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Splits a text where Python's `str.splitlines` does, which nbformat uses.
fn split_lines(text: &str) -> Vec<&str> {
    const ENDS: [char; 10] =
        ['\n', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\u{85}', '\u{2028}', '\u{2029}'];
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ENDS) {
        let end = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        let (line, after) = rest.split_at(at + end);
        lines.push(line);
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// Whether nbformat stores text of a MIME type as a list of lines.
fn is_split(mime_type: &str) -> bool {
    mime_type.starts_with("text/")
        || mime_type == "image/svg+xml"
        || mime_type == "application/javascript"
}

fn split_bundle(data: &MimeBundle) -> Value {
    let mut pairs: Vec<(&String, &Value)> = data.iter().collect();
    pairs.sort_by_key(|(mime_type, _)| *mime_type);
    let split = |(mime_type, content): (&String, &Value)| {
        let content = match content {
            Value::String(text) if is_split(mime_type) => split_lines(text).into(),
            content => content.clone(),
        };
        (mime_type.clone(), content)
    };
    Value::Object(pairs.into_iter().map(split).collect())
}

fn join_bundle(data: &MimeBundle) -> MimeBundle {
    let join = |(mime_type, content): (&String, &Value)| {
        let text = if is_json(mime_type) { None } else { lines(content) };
        (mime_type.clone(), text.map_or_else(|| content.clone(), Value::String))
    };
    data.iter().map(join).collect::<Map<_, _>>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = r##"{
 "cells": [
  {
   "attachments": {
    "a.png": {
     "image/png": "AAAA"
    }
   },
   "cell_type": "markdown",
   "id": "t",
   "metadata": {},
   "source": [
    "# 灯り\n",
    "text"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "c",
   "metadata": {
    "tags": [
     "raises-exception"
    ],
    "zebra": 1.5
   },
   "outputs": [],
   "source": "1 + 1"
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "empty",
   "metadata": {},
   "outputs": [],
   "source": []
  }
 ],
 "metadata": {
  "zzz": {},
  "kernelspec": {
   "display_name": "Rust (Akari)",
   "language": "rust",
   "name": "akari"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
"##;

    fn read(text: &str) -> Result<Notebook, NotebookError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        fs::write(&path, text).unwrap();
        Notebook::read(&path)
    }

    #[test]
    fn unchanged_notebook_is_written_as_it_was() {
        assert_eq!(read(FILE).unwrap().to_text(), FILE);
    }

    #[test]
    fn code_cells_are_those_with_code() {
        let cell = CodeCell { index: 1, source: "1 + 1".into(), may_fail: true };
        assert_eq!(read(FILE).unwrap().code_cells(), [cell]);
    }

    #[test]
    fn outputs_survive_the_file() {
        let data: MimeBundle = [
            ("text/plain".to_owned(), json!("a\nb")),
            ("image/png".to_owned(), json!("AAAA\n")),
            ("application/json".to_owned(), json!(["x", "y"])),
        ]
        .into_iter()
        .collect();
        let outputs = [
            CellOutput::Stream { stream: Stream::Stderr, text: "é\nß".into() },
            CellOutput::Result { count: Some(1), data: data.clone() },
            CellOutput::Display { data, metadata: MimeBundle::new(), display_id: None },
            CellOutput::Error(CellError {
                ename: "Panic".into(),
                evalue: "oh".into(),
                traceback: vec!["\u{1b}[31mPanic".into()],
            }),
        ];
        let mut notebook = read(FILE).unwrap();
        notebook.set_outputs(1, Some(1), &outputs);
        let text = notebook.to_text();
        assert!(text.contains("\"text\": [\n      \"é\\n\",\n      \"ß\"\n     ]"), "{text}");
        assert!(text.contains("\"image/png\": \"AAAA\\n\""), "{text}");
        assert_eq!(read(&text).unwrap().outputs(1), outputs);
    }

    #[test]
    fn written_notebook_is_valid_for_the_nbformat_crate() {
        let mut notebook = read(FILE).unwrap();
        let outputs = [CellOutput::Stream { stream: Stream::Stdout, text: "2\n".into() }];
        notebook.set_outputs(1, Some(1), &outputs);
        assert!(matches!(
            nbformat::parse_notebook(&notebook.to_text()),
            Ok(nbformat::Notebook::V4(_))
        ));
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        assert_eq!(
            split_lines("a\r\nb\rc\u{2028}d\n\ne"),
            ["a\r\n", "b\r", "c\u{2028}", "d\n", "\n", "e"]
        );
        assert_eq!(split_lines(""), [""; 0]);
    }

    #[test]
    fn bad_files_are_told_apart() {
        let rows = [
            ("", "it is empty"),
            ("{", "it is not JSON"),
            ("[1]", "it has no `nbformat`"),
            (r#"{"nbformat": 3, "worksheets": []}"#, "uses format 3"),
            (r#"{"nbformat": 4}"#, "it has no `cells`"),
            (r#"{"nbformat": 4, "cells": [{"cell_type": "code"}]}"#, "its cell 1 has no `source`"),
            (
                r#"{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"name": "python3"}}}"#,
                "for the kernel `python3`",
            ),
            (
                r#"{"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": "julia"}}}"#,
                "for the kernel `julia`",
            ),
        ];
        for (text, words) in rows {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
