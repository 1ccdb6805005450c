//! What a process prints, as outputs: text, the displays between markers, and the question that
//! stands in an unfinished line.
//!
//! `run` has one of these for each cell that runs, and one for what comes between cells.

use super::places::Generated;
use super::question::Question;
use super::utf8::Utf8;
use crate::engine::Sink;
use crate::engine::outcome::{self, MimeBundle, Output, Stream};
use crate::runtime::markers::{Markers, Segment};

/// The two streams, with what is not whole yet.
#[derive(Debug)]
pub struct Streams {
    stdout: Utf8,
    stderr: Utf8,
    markers: Markers,
    pub question: Question,
}

impl Streams {
    /// Streams in which places in these sources become those of cells.
    pub fn new(generated: &Generated) -> Streams {
        Streams {
            stdout: Utf8::new(Stream::Stdout, generated),
            stderr: Utf8::new(Stream::Stderr, generated),
            markers: Markers::default(),
            question: Question::default(),
        }
    }

    pub fn stdout(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        for segment in self.markers.feed(bytes) {
            match segment {
                Segment::Text(bytes) => {
                    self.question.printed(&bytes);
                    self.stdout.send(&bytes, sink);
                }
                Segment::Display { mime_type, content } => {
                    sink.output(display(None, false, &mime_type, &content, None));
                }
                Segment::Input { prompt, is_password } => self.question.set(&prompt, is_password),
            }
        }
    }

    pub fn stderr(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        self.question.printed(bytes);
        self.stderr.send(bytes, sink);
    }

    /// Releases what is not whole and will not become so.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        for segment in self.markers.finish() {
            if let Segment::Text(bytes) = segment {
                self.stdout.send(&bytes, sink);
            }
        }
        self.stdout.finish(sink);
        self.stderr.finish(sink);
    }
}

/// A display, or with `is_update` new content for earlier ones of that id; `plain` is for clients that
/// can't draw the content.
pub fn display(
    id: Option<&str>,
    is_update: bool,
    mime_type: &str,
    content: &str,
    plain: Option<&str>,
) -> Output {
    let mut data = bundle(mime_type, content);
    if let Some(plain) = plain {
        data.insert("text/plain".to_owned(), plain.into());
    }
    Output::Display {
        data,
        metadata: MimeBundle::new(),
        display_id: id.map(str::to_owned),
        update: is_update,
    }
}

/// Content under its MIME type, which clients look for without parameters; JSON types are parsed, as
/// the notebook format wants them.
pub fn bundle(mime_type: &str, content: &str) -> MimeBundle {
    let bare = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mime_type = if bare.is_empty() { "text/plain".to_owned() } else { bare };
    let value = outcome::content(&mime_type, content.to_owned());
    MimeBundle::from_iter([(mime_type, value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_stands_under_its_bare_type() {
        let types = [
            ("text/html; charset=utf-8", "text/html"),
            ("text/html;charset=utf-8", "text/html"),
            (" Image/SVG+xml ; a=b; c", "image/svg+xml"),
            ("application/vnd.vega.v5+json", "application/vnd.vega.v5+json"),
            ("", "text/plain"),
            (";", "text/plain"),
        ];
        for (given, bare) in types {
            let keys: Vec<String> = bundle(given, "x").into_iter().map(|(key, _)| key).collect();
            assert_eq!(keys, [bare], "{given:?}");
        }
        assert_eq!(bundle("application/json; x", "[1]")["application/json"][0], 1);
    }
}
