//! The bytes that a cell prints, as text for the client.
//!
//! A pipe hands bytes over in parts that may end inside of a character. Called by `streams`.

use super::places::{Generated, unfinished};
use crate::engine::Sink;
use crate::engine::outcome::{Output, Stream};

/// Turns bytes into text: joins a character that comes in two parts, and writes U+FFFD for bytes
/// that are no text. Places in generated files become those of cells.
#[derive(Debug)]
pub struct Utf8 {
    stream: Stream,
    generated: Generated,
    rest: Vec<u8>,
}

impl Utf8 {
    pub fn new(stream: Stream, generated: &Generated) -> Self {
        Utf8 { stream, generated: generated.clone(), rest: Vec::new() }
    }

    pub fn send(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        self.rest.extend_from_slice(bytes);
        let cut = match std::str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => incomplete_tail(&self.rest),
            Ok(_) => self.rest.len(),
        };
        let cut = unfinished(&self.rest[..cut]).unwrap_or(cut);
        let rest = self.rest.split_off(cut);
        let whole = std::mem::replace(&mut self.rest, rest);
        emit(self.stream, &self.generated.translated(&whole), sink);
    }

    pub fn finish(&mut self, sink: &mut dyn Sink) {
        let rest = std::mem::take(&mut self.rest);
        emit(self.stream, &self.generated.translated(&rest), sink);
    }
}

fn emit(stream: Stream, bytes: &[u8], sink: &mut dyn Sink) {
    if !bytes.is_empty() {
        let text = String::from_utf8_lossy(bytes).into_owned();
        sink.output(Output::Stream { stream, text });
    }
}

/// The start of a character that the end of the bytes cuts off; the length if there is none. The
/// bytes before may be bad ones.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    (start..bytes.len())
        .find(|at| match std::str::from_utf8(&bytes[*at..]) {
            Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
            Ok(_) => false,
        })
        .unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Texts(String);

    impl Sink for Texts {
        fn output(&mut self, output: Output) {
            if let Output::Stream { text, .. } = output {
                self.0.push_str(&text);
            }
        }

        fn input(&mut self, _: &str, _: bool) -> Option<String> {
            None
        }
    }

    fn check(parts: &[&[u8]], expected: &str) {
        let mut texts = Texts::default();
        let mut utf8 = Utf8::new(Stream::Stdout, &Generated::default());
        parts.iter().for_each(|part| utf8.send(part, &mut texts));
        utf8.finish(&mut texts);
        assert_eq!(texts.0, expected);
    }

    #[test]
    fn characters_cut_in_two_are_joined() {
        let bytes = "灯り".as_bytes();
        for cut in 0..bytes.len() {
            check(&[&bytes[..cut], &bytes[cut..]], "灯り");
        }
        check(&[b"\xff", &bytes[..1], &bytes[1..]], "\u{fffd}灯り");
    }

    #[test]
    fn bytes_that_are_no_text_are_harmless() {
        check(&[b"a\xffb", b"\xe7"], "a\u{fffd}b\u{fffd}");
    }
}
