//! Frames: what a cell reports besides its plain output, and their form as bytes.
//!
//! The prelude encodes a frame, the process that runs cells passes the bytes on unread, and the
//! kernel decodes them. Each frame has one encoding: bytes that [`Frame::decode`] takes are those
//! that [`Frame::encode`] makes of its answer. Numbers are little-endian; the first byte is the
//! frame's kind, and a text is its length in eight bytes with its UTF-8 behind.

use std::error::Error;
use std::fmt;

/// A report of a running cell to the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frame<'a> {
    /// The value of the cell's last expression.
    Result { mime_type: &'a str, content: &'a str },
    /// Rich output. A display with an id can be updated: the update shows its content in the place of
    /// all earlier contents of that id. `plain` is text for where the content can't be drawn.
    Display {
        id: Option<&'a str>,
        is_update: bool,
        mime_type: &'a str,
        content: &'a str,
        plain: Option<&'a str>,
    },
    /// The cell panicked, left by a `?` on an error, or was interrupted: then the name is
    /// [`INTERRUPTED`]. For a panic in no cell's code, `calls` has the calls that led there: a line for
    /// each one in a cell's library, with the library's file name, a space and the offset in
    /// hexadecimal, the innermost first.
    Failure { name: &'a str, text: &'a str, location: Option<SourceLocation<'a>>, calls: &'a str },
    /// The cell's outputs are to vanish, at once or when the next output replaces them.
    Clear { waits: bool },
    /// A variable can't be read any more.
    Lost { variable: &'a str },
    /// The state of the random generator at the end of a cell that drew numbers.
    Random { state: &'a str },
    /// A failed cell may have changed a variable, which was not put back.
    Changed { variable: &'a str },
    /// The text that the client shows beside the field when a read of stdin asks next.
    Prompt { text: &'a str },
    /// A slider, or a button where there is no scale. Its reaction is called when it is moved or
    /// pressed; the name of the reaction is also the id of the display that shows what comes of it.
    Widget { id: &'a str, label: &'a str, scale: Option<Scale>, reaction: Option<&'a str> },
    /// Widgets are shown below the cell, one above the other. `ids` stand between spaces; `plain` is
    /// text for where they can't be drawn.
    ShowWidgets { ids: &'a str, plain: &'a str },
    /// A place for outputs is made, which nobody sees yet.
    OutputArea { id: &'a str },
    /// What the cell prints and shows goes into this place from now on; to where it always goes if there is none.
    Capture { into: Option<&'a str> },
    /// A place for outputs is empty from its next output on.
    ClearArea { id: &'a str },
    /// A few words on the value of a variable, by the number under which it is stored.
    Value { slot: u64, text: &'a str },
}

/// What a slider can be moved to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub min: f64,
    pub max: f64,
    pub step: f64,
    /// Where the slider stands.
    pub value: f64,
    /// Whether its numbers are whole ones.
    pub is_whole: bool,
}

/// A place in source code; line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLocation<'a> {
    pub file: &'a str,
    pub line: u32,
    pub column: u32,
}

/// The name of the failure of a cell whose check found a wrong answer.
pub const CHECK_FAILED: &str = "CheckFailed";

/// The name of the failure of a cell whose exercise has no key, or not this one.
pub const EXERCISE_ERROR: &str = "ExerciseError";

/// The name of the failure of an interrupted cell.
pub const INTERRUPTED: &str = "Interrupted";

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    CutOff,
    UnknownKind(u8),
    NotAFlag(u8),
    NotText,
    Trailing { bytes: usize },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::CutOff => write!(f, "the report ends before its last field does"),
            FrameError::UnknownKind(kind) => write!(f, "no report is of kind {kind}"),
            FrameError::NotAFlag(byte) => write!(f, "a flag of the report is {byte}, not 0 or 1"),
            FrameError::NotText => write!(f, "a text in the report is not UTF-8"),
            FrameError::Trailing { bytes } => {
                write!(f, "{bytes} bytes follow the last field of the report")
            }
        }
    }
}

impl Error for FrameError {}

/// The first byte of each frame.
mod kind {
    pub const RESULT: u8 = 1;
    pub const DISPLAY: u8 = 2;
    pub const FAILURE: u8 = 3;
    pub const CLEAR: u8 = 4;
    pub const LOST: u8 = 5;
    pub const RANDOM: u8 = 6;
    pub const CHANGED: u8 = 7;
    pub const PROMPT: u8 = 8;
    pub const WIDGET: u8 = 9;
    pub const SHOW_WIDGETS: u8 = 10;
    pub const VALUE: u8 = 11;
    pub const OUTPUT_AREA: u8 = 12;
    pub const CAPTURE: u8 = 13;
    pub const CLEAR_AREA: u8 = 14;
}

impl<'a> Frame<'a> {
    /// The frame as bytes.
    pub fn encode(&self) -> Vec<u8> {
        match *self {
            Frame::Result { mime_type, content } => {
                Writer::new(kind::RESULT).text(mime_type).text(content)
            }
            Frame::Display { id, is_update, mime_type, content, plain } => {
                Writer::new(kind::DISPLAY)
                    .option(id, Writer::text)
                    .flag(is_update)
                    .text(mime_type)
                    .text(content)
                    .option(plain, Writer::text)
            }
            Frame::Failure { name, text, location, calls } => Writer::new(kind::FAILURE)
                .text(name)
                .text(text)
                .option(location, Writer::location)
                .text(calls),
            Frame::Clear { waits } => Writer::new(kind::CLEAR).flag(waits),
            Frame::Lost { variable } => Writer::new(kind::LOST).text(variable),
            Frame::Random { state } => Writer::new(kind::RANDOM).text(state),
            Frame::Changed { variable } => Writer::new(kind::CHANGED).text(variable),
            Frame::Prompt { text } => Writer::new(kind::PROMPT).text(text),
            Frame::Widget { id, label, scale, reaction } => Writer::new(kind::WIDGET)
                .text(id)
                .text(label)
                .option(scale, Writer::scale)
                .option(reaction, Writer::text),
            Frame::ShowWidgets { ids, plain } => {
                Writer::new(kind::SHOW_WIDGETS).text(ids).text(plain)
            }
            Frame::OutputArea { id } => Writer::new(kind::OUTPUT_AREA).text(id),
            Frame::Capture { into } => Writer::new(kind::CAPTURE).option(into, Writer::text),
            Frame::ClearArea { id } => Writer::new(kind::CLEAR_AREA).text(id),
            Frame::Value { slot, text } => Writer::new(kind::VALUE).long(slot).text(text),
        }
        .bytes
    }

    /// Reads what [`Frame::encode`] wrote.
    ///
    /// # Errors
    ///
    /// For all other bytes, whoever made them.
    pub fn decode(bytes: &'a [u8]) -> Result<Frame<'a>, FrameError> {
        let mut reader = Reader { rest: bytes };
        let frame = match reader.byte()? {
            kind::RESULT => Frame::Result { mime_type: reader.text()?, content: reader.text()? },
            kind::DISPLAY => Frame::Display {
                id: reader.option(Reader::text)?,
                is_update: reader.flag()?,
                mime_type: reader.text()?,
                content: reader.text()?,
                plain: reader.option(Reader::text)?,
            },
            kind::FAILURE => Frame::Failure {
                name: reader.text()?,
                text: reader.text()?,
                location: reader.option(Reader::location)?,
                calls: reader.text()?,
            },
            kind::CLEAR => Frame::Clear { waits: reader.flag()? },
            kind::LOST => Frame::Lost { variable: reader.text()? },
            kind::RANDOM => Frame::Random { state: reader.text()? },
            kind::CHANGED => Frame::Changed { variable: reader.text()? },
            kind::PROMPT => Frame::Prompt { text: reader.text()? },
            kind::WIDGET => Frame::Widget {
                id: reader.text()?,
                label: reader.text()?,
                scale: reader.option(Reader::scale)?,
                reaction: reader.option(Reader::text)?,
            },
            kind::SHOW_WIDGETS => Frame::ShowWidgets { ids: reader.text()?, plain: reader.text()? },
            kind::OUTPUT_AREA => Frame::OutputArea { id: reader.text()? },
            kind::CAPTURE => Frame::Capture { into: reader.option(Reader::text)? },
            kind::CLEAR_AREA => Frame::ClearArea { id: reader.text()? },
            kind::VALUE => {
                Frame::Value { slot: reader.array().map(u64::from_le_bytes)?, text: reader.text()? }
            }
            unknown => return Err(FrameError::UnknownKind(unknown)),
        };
        match reader.rest.len() {
            0 => Ok(frame),
            bytes => Err(FrameError::Trailing { bytes }),
        }
    }
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn new(kind: u8) -> Self {
        Writer { bytes: vec![kind] }
    }

    fn flag(mut self, flag: bool) -> Self {
        self.bytes.push(flag.into());
        self
    }

    fn number(mut self, number: u32) -> Self {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn long(mut self, number: u64) -> Self {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn scale(self, scale: Scale) -> Self {
        let numbers = [scale.min, scale.max, scale.step, scale.value];
        numbers.iter().fold(self, |writer, it| writer.long(it.to_bits())).flag(scale.is_whole)
    }

    fn text(mut self, text: &str) -> Self {
        let length = text.len() as u64;
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    fn option<T>(self, value: Option<T>, write: fn(Self, T) -> Self) -> Self {
        let writer = self.flag(value.is_some());
        match value {
            Some(value) => write(writer, value),
            None => writer,
        }
    }

    fn location(self, location: SourceLocation<'_>) -> Self {
        self.text(location.file).number(location.line).number(location.column)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], FrameError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(FrameError::CutOff)?;
        self.rest = rest;
        Ok(*array)
    }

    fn byte(&mut self) -> Result<u8, FrameError> {
        self.array().map(u8::from_le_bytes)
    }

    fn flag(&mut self) -> Result<bool, FrameError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(FrameError::NotAFlag(other)),
        }
    }

    fn number(&mut self) -> Result<u32, FrameError> {
        self.array().map(u32::from_le_bytes)
    }

    fn fraction(&mut self) -> Result<f64, FrameError> {
        self.array().map(|bits| f64::from_bits(u64::from_le_bytes(bits)))
    }

    fn scale(&mut self) -> Result<Scale, FrameError> {
        Ok(Scale {
            min: self.fraction()?,
            max: self.fraction()?,
            step: self.fraction()?,
            value: self.fraction()?,
            is_whole: self.flag()?,
        })
    }

    fn text(&mut self) -> Result<&'a str, FrameError> {
        let length = u64::from_le_bytes(self.array()?);
        // Nothing is reserved for a length before that many bytes are known to be there.
        let length = usize::try_from(length).map_err(|_| FrameError::CutOff)?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or(FrameError::CutOff)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| FrameError::NotText)
    }

    fn option<T>(
        &mut self,
        read: fn(&mut Self) -> Result<T, FrameError>,
    ) -> Result<Option<T>, FrameError> {
        self.flag()?.then(|| read(self)).transpose()
    }

    fn location(&mut self) -> Result<SourceLocation<'a>, FrameError> {
        Ok(SourceLocation { file: self.text()?, line: self.number()?, column: self.number()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: &[Frame<'_>] = &[
        Frame::Result { mime_type: "text/plain", content: "tensor([1.])" },
        Frame::Result { mime_type: "", content: "" },
        Frame::Display {
            id: None,
            is_update: false,
            mime_type: "text/html",
            content: "<b>灯り",
            plain: Some("灯り"),
        },
        Frame::Display {
            id: Some("akari-1"),
            is_update: true,
            mime_type: "a/b",
            content: "\0\n",
            plain: None,
        },
        Frame::Display {
            id: Some(""),
            is_update: false,
            mime_type: "a/b",
            content: "1",
            plain: Some(""),
        },
        Frame::Failure { name: INTERRUPTED, text: "stopped", location: None, calls: "" },
        Frame::Failure {
            name: "Panic",
            text: "index out of bounds",
            location: Some(SourceLocation { file: "cell-1.rs", line: 7, column: u32::MAX }),
            calls: "cell-1.so 1f0",
        },
        Frame::Clear { waits: true },
        Frame::Clear { waits: false },
        Frame::Lost { variable: "x" },
        Frame::Random { state: "7 12 " },
        Frame::Changed { variable: "重み" },
        Frame::Prompt { text: "お名前は? " },
        Frame::Widget {
            id: "w1",
            label: "学習率",
            scale: Some(Scale { min: 0.0, max: 1.0, step: 0.5, value: -0.0, is_whole: false }),
            reaction: Some("r1"),
        },
        Frame::Widget { id: "w2", label: "", scale: None, reaction: None },
        Frame::ShowWidgets { ids: "w1 w2", plain: "lr: 0.5" },
        Frame::Value { slot: u64::MAX, text: "f32 [2, 3]" },
        Frame::OutputArea { id: "w3" },
        Frame::Capture { into: Some("w3") },
        Frame::Capture { into: None },
        Frame::ClearArea { id: "w3" },
    ];

    #[test]
    fn every_frame_survives() {
        for frame in FRAMES {
            assert_eq!(Frame::decode(&frame.encode()), Ok(*frame));
        }
    }

    #[test]
    fn frames_that_are_cut_off_or_too_long_are_errors() {
        for frame in FRAMES {
            let mut bytes = frame.encode();
            for length in 0..bytes.len() {
                assert_eq!(Frame::decode(&bytes[..length]), Err(FrameError::CutOff), "{frame:?}");
            }
            bytes.extend([0, 0]);
            assert_eq!(Frame::decode(&bytes), Err(FrameError::Trailing { bytes: 2 }), "{frame:?}");
        }
    }

    #[test]
    fn kinds_flags_and_texts_that_are_none_are_errors() {
        for kind in (0..=u8::MAX).filter(|kind| !(kind::RESULT..=kind::CLEAR_AREA).contains(kind)) {
            assert_eq!(Frame::decode(&[kind, 0, 0]), Err(FrameError::UnknownKind(kind)));
        }
        assert_eq!(Frame::decode(&[kind::CLEAR, 2]), Err(FrameError::NotAFlag(2)));
        let mut bytes = Frame::Lost { variable: "x" }.encode();
        *bytes.last_mut().expect("a frame has bytes") = 0xff;
        assert_eq!(Frame::decode(&bytes), Err(FrameError::NotText));
    }

    #[test]
    fn hostile_lengths_are_errors() {
        for length in [u64::MAX, u64::MAX - 8, 1 << 63, 1 << 32, 2] {
            let bytes = [&[kind::RANDOM][..], &length.to_le_bytes(), b"7"].concat();
            assert_eq!(Frame::decode(&bytes), Err(FrameError::CutOff), "{length}");
        }
    }

    /// A generator of numbers that look random, the same ones in each run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % end as u64) as usize
        }

        fn byte(&mut self) -> u8 {
            // Small numbers are lengths, kinds and flags, so they lead further into the decoder.
            [self.below(10), self.below(256)][self.below(2)] as u8
        }

        /// A frame with some bytes changed, or bytes that nobody has laid out.
        fn bytes(&mut self) -> Vec<u8> {
            let mut bytes = FRAMES[self.below(FRAMES.len())].encode();
            if self.below(4) == 0 {
                bytes = (0..self.below(40)).map(|_| self.byte()).collect();
            }
            for _ in 0..self.below(3) {
                let at = self.below(bytes.len() + 1);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.byte();
                }
            }
            bytes
        }
    }

    #[test]
    fn bytes_are_an_error_or_the_encoding_of_their_frame() {
        let mut numbers = Numbers(0x5eed_u64);
        let (mut frames, mut errors) = (0, 0);
        for _ in 0..200_000 {
            let bytes = numbers.bytes();
            match Frame::decode(&bytes) {
                Ok(frame) => {
                    assert_eq!(frame.encode(), bytes, "{frame:?}");
                    frames += 1;
                }
                Err(_) => errors += 1,
            }
        }
        assert!(frames > 10_000 && errors > 10_000, "{frames} frames, {errors} errors");
    }
}
