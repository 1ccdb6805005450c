//! Comparing the outputs of a run with the stored ones. Pure.
//!
//! Differences without a meaning are left out: counts, colours, how a stream was cut into messages,
//! text that a carriage return has overwritten, and how long a loop with a progress bar took.

use std::fmt::Write;

use console::strip_ansi_codes;
use serde_json::Value;
use sha2::{Digest, Sha256};
use similar::TextDiff;

use super::format::CellOutput;
use crate::engine::outcome::{CellError, MimeBundle, Stream};

/// The difference between stored and fresh outputs as a unified diff; `None` where they are equal.
pub fn diff(cell: &str, stored: &[CellOutput], fresh: &[CellOutput]) -> Option<String> {
    let (stored, fresh) = (readable(stored), readable(fresh));
    if stored == fresh {
        return None;
    }
    let diff = TextDiff::from_lines(&stored, &fresh);
    let header = (format!("{cell}, stored"), format!("{cell}, now"));
    Some(
        diff.unified_diff()
            .context_radius(3)
            .missing_newline_hint(false)
            .header(&header.0, &header.1)
            .to_string(),
    )
}

/// The outputs as text: equal texts mean equal outputs.
fn readable(outputs: &[CellOutput]) -> String {
    let mut writer = Writer::default();
    for output in outputs {
        writer.output(output);
    }
    writer.streams();
    writer.text
}

#[derive(Default)]
struct Writer {
    text: String,
    stdout: String,
    stderr: String,
}

impl Writer {
    fn output(&mut self, output: &CellOutput) {
        if let CellOutput::Stream { stream, text } = output {
            match stream {
                Stream::Stdout => self.stdout.push_str(text),
                Stream::Stderr => self.stderr.push_str(text),
            }
            return;
        }
        self.streams();
        match output {
            CellOutput::Stream { .. } => {}
            CellOutput::Result { data, .. } => self.bundle("result", data, &MimeBundle::new()),
            CellOutput::Display { data, metadata, .. } => self.bundle("display", data, metadata),
            CellOutput::Error(error) => self.error(error),
            CellOutput::Unknown(value) => self.section("output", &format!("{value:#}")),
        }
    }

    /// Writes the streams, one after the other: they come by two pipes, so how they interleave has
    /// no meaning.
    fn streams(&mut self) {
        for (name, text) in [
            ("stdout", std::mem::take(&mut self.stdout)),
            ("stderr", std::mem::take(&mut self.stderr)),
        ] {
            if !text.is_empty() {
                self.section(name, &overwritten(&text));
            }
        }
    }

    fn bundle(&mut self, kind: &str, data: &MimeBundle, metadata: &MimeBundle) {
        let mut pairs: Vec<(&String, &Value)> = data.iter().collect();
        pairs.sort_by_key(|(mime_type, _)| *mime_type);
        for (mime_type, content) in pairs {
            self.section(&format!("{kind} {mime_type}"), &content_text(mime_type, content));
        }
        if !metadata.is_empty() {
            self.section(
                &format!("{kind} metadata"),
                &format!("{:#}", Value::from(metadata.clone())),
            );
        }
    }

    fn error(&mut self, error: &CellError) {
        let CellError { ename, evalue, traceback } = error;
        self.section("error", &uncounted(&strip_ansi_codes(&format!("{ename}: {evalue}"))));
        self.section("traceback", &uncounted(&strip_ansi_codes(&traceback.join("\n"))));
    }

    fn section(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.text, "[{name}]");
        self.text.push_str(text);
        if !text.ends_with('\n') {
            self.text.push('\n');
            // A missing newline at a stream's end is a difference too, and is to be seen.
            if name == "stdout" || name == "stderr" {
                self.text.push_str("\\ no newline at the end\n");
            }
        }
    }
}

fn content_text(mime_type: &str, content: &Value) -> String {
    match content {
        Value::String(text) if mime_type.starts_with("image/") && mime_type != "image/svg+xml" => {
            let data: String = text.split_whitespace().collect();
            let digest = Sha256::digest(data.as_bytes());
            let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            format!("{} characters of base64, sha256 {hash}..", data.len())
        }
        Value::String(text) if mime_type == "text/plain" => untimed(text),
        Value::String(text) => text.clone(),
        content => format!("{content:#}"),
    }
}

/// Text without the times of progress bars: `60/60 [00:01, 53.2 it/s, loss=0.1]` is `60/60 [.., loss=0.1]`.
fn untimed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let is_bar = line.contains("%|") || line.contains(" it [");
        let found = line.rfind(" [").filter(|_| is_bar).map(|at| line.split_at(at + 2));
        let Some((before, after)) = found else {
            out.push_str(line);
            continue;
        };
        let is_time = |part: &&str| {
            let part = part.trim_end().trim_end_matches(']');
            let is_rate = part.ends_with(" it/s") || part.ends_with(" s/it");
            is_rate || part.chars().all(|it| it.is_ascii_digit() || matches!(it, ':' | '<'))
        };
        let parts: Vec<&str> = after.split(", ").collect();
        let times = parts.iter().take_while(|part| is_time(part)).count();
        out.push_str(before);
        out.push_str("..");
        for part in parts.iter().skip(times) {
            out.push_str(", ");
            out.push_str(part);
        }
        if times == parts.len() {
            out.push_str("]\n");
        }
    }
    out
}

/// The part of a text that a terminal shows, after its carriage returns and backspaces.
pub(super) fn overwritten(text: &str) -> String {
    text.split_inclusive('\n').map(overwritten_line).collect()
}

fn overwritten_line(line: &str) -> String {
    let (line, end) = line
        .strip_suffix('\n')
        .map_or((line, ""), |line| (line.strip_suffix('\r').unwrap_or(line), "\n"));
    let last = line.rsplit('\r').find(|it| !it.is_empty()).unwrap_or("");
    let mut seen = String::new();
    for c in last.chars() {
        match c {
            '\x08' => drop(seen.pop()),
            c => seen.push(c),
        }
    }
    seen + end
}

/// Text without the numbers of cells, as in `cell [3]`: they depend on what else ran in a session.
fn uncounted(text: &str) -> String {
    const NAME: &str = "cell [";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NAME) {
        let (before, after) = rest.split_at(at + NAME.len());
        out.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        out.push_str(if digits > 0 { "*" } else { "" });
        rest = &after[digits..];
    }
    out + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(stream: Stream, text: &str) -> CellOutput {
        CellOutput::Stream { stream, text: text.into() }
    }

    fn error(text: &str) -> CellOutput {
        CellOutput::Error(CellError {
            ename: "Panic".into(),
            evalue: "oh".into(),
            traceback: vec![text.into()],
        })
    }

    fn result(count: u32, text: &str) -> CellOutput {
        let data = [("text/plain".to_owned(), json!(text))].into_iter().collect();
        CellOutput::Result { count: Some(count), data }
    }

    #[test]
    fn meaningless_differences_are_none() {
        use Stream::{Stderr, Stdout};
        let rows = [
            (vec![result(1, "2")], vec![result(7, "2")]),
            (vec![printed(Stdout, "a\n"), printed(Stdout, "b\n")], vec![printed(Stdout, "a\nb\n")]),
            (
                vec![printed(Stdout, "a\n"), printed(Stderr, "b\n")],
                vec![printed(Stderr, "b\n"), printed(Stdout, "a\n")],
            ),
            (vec![printed(Stdout, "10 %\r100 %\n")], vec![printed(Stdout, "100 %\n")]),
            (
                vec![error("\x1b[31mPanic\x1b[0m in cell [3], line 1")],
                vec![error("Panic in cell [12], line 1")],
            ),
        ];
        for (stored, fresh) in rows {
            assert_eq!(diff("cell 1", &stored, &fresh), None);
        }
    }

    #[test]
    fn times_of_progress_bars_have_no_meaning_and_all_else_of_them_has() {
        let bar = |done: &str, times: &str, metrics: &str| {
            vec![result(1, &format!("epochs: 100%|███| {done} [{times}{metrics}]"))]
        };
        let stored = bar("3/3", "00:01, 2.10 it/s", ", loss=0.25");
        for times in ["00:00, 3499 it/s", "1:00:01, 12.5 s/it", "00:03<00:04, 1.00 it/s"] {
            assert_eq!(diff("cell 1", &stored, &bar("3/3", times, ", loss=0.25")), None);
        }
        assert_eq!(diff("", &bar("3/3", "00:01", ""), &bar("3/3", "00:02, 9 it/s", "")), None);
        assert_eq!(
            diff("", &[result(1, "7 it [00:01, 7.00 it/s]")], &[result(1, "7 it [00:02]")]),
            None
        );
        for (done, metrics) in [("3/3", ", loss=0.26"), ("2/3", ", loss=0.25"), ("3/3", "")] {
            assert!(diff("", &stored, &bar(done, "00:01, 2.10 it/s", metrics)).is_some());
        }
        // What is no bar stays as it is.
        assert!(diff("", &[result(1, "[00:01]")], &[result(1, "[00:02]")]).is_some());
    }

    #[test]
    fn real_differences_are_shown() {
        use Stream::{Stderr, Stdout};
        let rows = [
            (vec![result(1, "2")], vec![result(1, "3")]),
            (vec![result(1, "2")], vec![]),
            (vec![printed(Stdout, "a\n")], vec![printed(Stdout, "a")]),
            (vec![printed(Stdout, "a\n")], vec![printed(Stderr, "a\n")]),
            (vec![printed(Stdout, "2\n")], vec![result(1, "2")]),
            (vec![error("in cell [3], line 1")], vec![error("in cell [3], line 2")]),
        ];
        for (stored, fresh) in rows {
            assert!(diff("cell 1", &stored, &fresh).is_some(), "{stored:?} {fresh:?}");
        }
    }

    #[test]
    fn diff_is_unified() {
        let stored = [printed(Stream::Stdout, "a\nb\n")];
        let fresh = [printed(Stream::Stdout, "a\nc\n")];
        let text = diff("cell 1", &stored, &fresh).unwrap();
        assert_eq!(
            text,
            "--- cell 1, stored\n+++ cell 1, now\n@@ -1,3 +1,3 @@\n [stdout]\n a\n-b\n+c\n"
        );
    }
}
