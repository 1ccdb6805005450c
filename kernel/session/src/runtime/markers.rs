//! The display and input markers that crates made for evcxr print on stdout.
//!
//! `EVCXR_BEGIN_CONTENT <mime>` .. `EVCXR_END_CONTENT` is rich output, `EVCXR_INPUT_REQUEST` what
//! the next read of stdin asks. A marker counts only as a whole line; all other bytes pass through unchanged, also
//! those of a line that is not finished yet.

const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";
const INPUT: &str = "EVCXR_INPUT_REQUEST:";
const PASSWORD: &str = "EVCXR_INPUT_REQUEST_PASSWORD:";

/// A part of what a cell printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Text(Vec<u8>),
    Display { mime_type: String, content: String },
    Input { prompt: String, is_password: bool },
}

/// Finds the markers in a stream of bytes that comes in arbitrary parts.
#[derive(Debug, Default)]
pub struct Markers {
    /// Bytes of an unfinished line that may become a marker.
    held: Vec<u8>,
    /// The type and the lines so far of a display that has begun.
    open: Option<(String, Vec<u8>)>,
    /// Whether bytes of the current line have already gone out.
    is_mid_line: bool,
}

impl Markers {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Segment> {
        let mut segments = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.held.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.line(&mut segments);
            } else if self.open.is_none() && (self.is_mid_line || !may_be_marker(&self.held)) {
                self.is_mid_line = true;
                let held = std::mem::take(&mut self.held);
                text(&mut segments, &held);
            }
        }
        segments
    }

    /// Releases the bytes that are still held when the cell ends.
    pub fn finish(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        if let Some((_, content)) = self.open.take() {
            text(&mut segments, &content);
        }
        let held = std::mem::take(&mut self.held);
        text(&mut segments, &held);
        self.is_mid_line = false;
        segments
    }

    fn line(&mut self, segments: &mut Vec<Segment>) {
        let line = std::mem::take(&mut self.held);
        let was_mid_line = std::mem::take(&mut self.is_mid_line);
        let shown = String::from_utf8_lossy(&line);
        let shown = shown.trim_end_matches(['\n', '\r']);
        if let Some((mime_type, mut content)) = self.open.take() {
            if shown == END {
                if content.last() == Some(&b'\n') {
                    content.pop();
                }
                let content = String::from_utf8_lossy(&content).into_owned();
                segments.push(Segment::Display { mime_type, content });
            } else {
                content.extend_from_slice(&line);
                self.open = Some((mime_type, content));
            }
        } else if was_mid_line {
            text(segments, &line);
        } else if let Some(mime_type) = shown.strip_prefix(BEGIN) {
            self.open = Some((mime_type.to_owned(), Vec::new()));
        } else if let Some(prompt) = shown.strip_prefix(INPUT) {
            segments.push(Segment::Input { prompt: prompt.to_owned(), is_password: false });
        } else if let Some(prompt) = shown.strip_prefix(PASSWORD) {
            segments.push(Segment::Input { prompt: prompt.to_owned(), is_password: true });
        } else {
            text(segments, &line);
        }
    }
}

fn may_be_marker(held: &[u8]) -> bool {
    [BEGIN, INPUT, PASSWORD].iter().any(|marker| {
        let len = held.len().min(marker.len());
        held[..len] == marker.as_bytes()[..len]
    })
}

fn text(segments: &mut Vec<Segment>, bytes: &[u8]) {
    match segments.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Segment::Text(before)) => before.extend_from_slice(bytes),
        _ => segments.push(Segment::Text(bytes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[&str], expected: &[Segment]) {
        let mut markers = Markers::default();
        let mut segments: Vec<Segment> = Vec::new();
        for part in parts {
            segments.extend(markers.feed(part.as_bytes()));
        }
        segments.extend(markers.finish());
        let mut merged: Vec<Segment> = Vec::new();
        for segment in segments {
            match segment {
                Segment::Text(bytes) => text(&mut merged, &bytes),
                other => merged.push(other),
            }
        }
        assert_eq!(merged, expected);
    }

    fn plain(text: &str) -> Segment {
        Segment::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn plain_text_passes() {
        check(&["a\r", "b", "\nc"], &[plain("a\rb\nc")]);
        check(&["EVCXR", " is a kernel\n"], &[plain("EVCXR is a kernel\n")]);
        check(&["say EVCXR_BEGIN_CONTENT x\n"], &[plain("say EVCXR_BEGIN_CONTENT x\n")]);
    }

    #[test]
    fn displays_are_found_however_they_are_cut() {
        let display =
            Segment::Display { mime_type: "text/html".into(), content: "<b>\n灯</b>".into() };
        let parts = ["x\nEVCXR_BEGIN", "_CONTENT text/html\n<b>\n灯</b>\nEVCXR_END_", "CONTENT\ny"];
        check(&parts, &[plain("x\n"), display, plain("y")]);
    }

    #[test]
    fn a_question_is_found() {
        let question = Segment::Input { prompt: "name? ".into(), is_password: false };
        check(&["EVCXR_INPUT_REQUEST:name? \n"], &[question]);
    }

    #[test]
    fn an_unfinished_line_is_not_held_back() {
        let mut markers = Markers::default();
        assert_eq!(markers.feed(b"50 %\r"), [plain("50 %\r")]);
        assert_eq!(markers.feed(b"EVCXR_INPUT_REQUEST:x\n"), [plain("EVCXR_INPUT_REQUEST:x\n")]);
    }
}
