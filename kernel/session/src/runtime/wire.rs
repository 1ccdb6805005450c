//! The messages between the kernel and the process that runs cells.
//!
//! Each message is a length, a tag and a payload, on a socket that nothing else uses: the learner's
//! stdout and stderr carry no messages. Both sides are one binary, so there is no version.

use std::io::{self, Read, Write};

use super::life::Run;

/// A message to the process that runs cells.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Load this library and call its entry.
    Run { run: Run, library: String },
    /// Ask this run to stop.
    Interrupt(Run),
    /// What a read of stdin gets: a line, or nothing at the end of the input.
    Input(String),
    /// Whoever reads stdin can't be answered.
    NoInput,
    /// Run this by the shell.
    Shell { run: Run, line: String },
    /// Bring the random generator to this state.
    Random(String),
    /// The learner has moved a widget.
    Move { widget: String, to: f64 },
    /// Call what is to be done when a widget was moved.
    React { run: Run, reaction: String },
    /// Tell a few words on each variable.
    Describe { run: Run },
    /// The learner reads in this language.
    Language(String),
}

/// A message from the process that runs cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The prelude is loaded. The descriptors are the reading ends of stdout and stderr.
    Ready {
        stdout: i32,
        stderr: i32,
    },
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// What the prelude reports: an encoded `akari_seam::Frame`.
    Frame(Vec<u8>),
    /// A run begins; what was printed before came from earlier ones.
    Begun {
        run: Run,
    },
    /// Somebody reads stdin, and waits for a [`Command::Input`] or a [`Command::NoInput`].
    Asks,
    /// The entry returned.
    Ended {
        run: Run,
        code: i32,
    },
    /// The library of a run, or the prelude before the first one (run 0), could not be loaded.
    LoadFailed {
        run: Run,
        text: String,
    },
}

/// The tags of what was printed.
const STDOUT: u8 = 2;
const STDERR: u8 = 3;

/// The tag of what the prelude reports.
const FRAME: u8 = 4;

/// The longest message. A longer one is no message of this protocol.
const LIMIT: usize = 1 << 30;

impl Command {
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Command::Run { run, library } => {
                write(out, 1, &[&run.to_le_bytes(), library.as_bytes()])
            }
            Command::Interrupt(run) => write(out, 2, &[&run.to_le_bytes()]),
            Command::Input(text) => write(out, 3, &[text.as_bytes()]),
            Command::Shell { run, line } => write(out, 4, &[&run.to_le_bytes(), line.as_bytes()]),
            Command::Random(state) => write(out, 5, &[state.as_bytes()]),
            Command::NoInput => write(out, 6, &[]),
            Command::Move { widget, to } => {
                write(out, 7, &[&to.to_bits().to_le_bytes(), widget.as_bytes()])
            }
            Command::React { run, reaction } => {
                write(out, 8, &[&run.to_le_bytes(), reaction.as_bytes()])
            }
            Command::Describe { run } => write(out, 9, &[&run.to_le_bytes()]),
            Command::Language(name) => write(out, 10, &[name.as_bytes()]),
        }
    }

    pub fn read(input: &mut impl Read) -> io::Result<Command> {
        let (tag, payload) = read(input)?;
        match tag {
            1 => numbered(payload).map(|(run, library)| Command::Run { run, library }),
            2 => numbered(payload).map(|(run, _)| Command::Interrupt(run)),
            3 => text(payload).map(Command::Input),
            4 => numbered(payload).map(|(run, line)| Command::Shell { run, line }),
            5 => text(payload).map(Command::Random),
            6 => Ok(Command::NoInput),
            7 => numbered(payload)
                .map(|(bits, widget)| Command::Move { widget, to: f64::from_bits(bits) }),
            8 => numbered(payload).map(|(run, reaction)| Command::React { run, reaction }),
            9 => numbered(payload).map(|(run, _)| Command::Describe { run }),
            10 => text(payload).map(Command::Language),
            _ => Err(invalid("unknown command")),
        }
    }
}

impl Event {
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Event::Ready { stdout, stderr } => {
                write(out, 1, &[&stdout.to_le_bytes(), &stderr.to_le_bytes()])
            }
            Event::Stdout(bytes) => write(out, STDOUT, &[bytes]),
            Event::Stderr(bytes) => write(out, STDERR, &[bytes]),
            Event::Frame(bytes) => write_frame(out, bytes),
            Event::Ended { run, code } => write(out, 5, &[&run.to_le_bytes(), &code.to_le_bytes()]),
            Event::LoadFailed { run, text } => {
                write(out, 6, &[&run.to_le_bytes(), text.as_bytes()])
            }
            Event::Asks => write(out, 7, &[]),
            Event::Begun { run } => write(out, 8, &[&run.to_le_bytes()]),
        }
    }

    pub fn read(input: &mut impl Read) -> io::Result<Event> {
        let (tag, payload) = read(input)?;
        match tag {
            1 => {
                let (stdout, rest) = number(&payload)?;
                let (stderr, _) = number(rest)?;
                Ok(Event::Ready { stdout: stdout.cast_signed(), stderr: stderr.cast_signed() })
            }
            STDOUT => Ok(Event::Stdout(payload)),
            STDERR => Ok(Event::Stderr(payload)),
            FRAME => Ok(Event::Frame(payload)),
            5 => {
                let (run, rest) = run_number(&payload)?;
                let code = rest.try_into().map_err(|_| invalid("bad code"))?;
                Ok(Event::Ended { run, code: i32::from_le_bytes(code) })
            }
            6 => numbered(payload).map(|(run, text)| Event::LoadFailed { run, text }),
            7 => Ok(Event::Asks),
            8 => run_number(&payload).map(|(run, _)| Event::Begun { run }),
            _ => Err(invalid("unknown event")),
        }
    }
}

/// Writes an [`Event::Frame`] of these bytes.
pub fn write_frame(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    write(out, FRAME, &[bytes])
}

fn run_number(bytes: &[u8]) -> io::Result<(Run, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| invalid("number cut off"))?;
    Ok((u64::from_le_bytes(*head), rest))
}

/// The number of a run and the text behind it.
fn numbered(payload: Vec<u8>) -> io::Result<(Run, String)> {
    let (run, rest) = run_number(&payload)?;
    Ok((run, text(rest.to_vec())?))
}

fn number(bytes: &[u8]) -> io::Result<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| invalid("number cut off"))?;
    Ok((u32::from_le_bytes(*head), rest))
}

/// The beginning of an [`Event::Stdout`] of this many bytes, which follow.
pub fn stdout_head(length: u32) -> [u8; 5] {
    head(length, STDOUT)
}

/// The same for an [`Event::Stderr`].
pub fn stderr_head(length: u32) -> [u8; 5] {
    head(length, STDERR)
}

fn head(length: u32, tag: u8) -> [u8; 5] {
    let [a, b, c, d] = length.to_le_bytes();
    [a, b, c, d, tag]
}

fn write(out: &mut impl Write, tag: u8, parts: &[&[u8]]) -> io::Result<()> {
    let len: usize = parts.iter().map(|it| it.len()).sum();
    let size = u32::try_from(len)
        .ok()
        .filter(|_| len < LIMIT)
        .ok_or_else(|| invalid("message too long"))?;
    let mut message = Vec::with_capacity(len + 5);
    message.extend_from_slice(&head(size, tag));
    parts.iter().for_each(|it| message.extend_from_slice(it));
    out.write_all(&message)
}

fn read(input: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    input.read_exact(&mut head)?;
    let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if len >= LIMIT {
        return Err(invalid("message too long"));
    }
    let mut payload = Vec::with_capacity(len.min(1 << 20));
    input.take(len as u64).read_to_end(&mut payload)?;
    // A process that ended while it sent printed text has sent the beginning of the text.
    if payload.len() < len && !matches!(head[4], STDOUT | STDERR) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((head[4], payload))
}

fn text(payload: Vec<u8>) -> io::Result<String> {
    String::from_utf8(payload).map_err(|_| invalid("text is not UTF-8"))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_the_wire() {
        let commands = [
            Command::Run { run: 7, library: "/a b/灯.so".into() },
            Command::Interrupt(u64::MAX),
            Command::Input("x\n".into()),
            Command::NoInput,
            Command::Shell { run: 1, line: "ls".into() },
            Command::Random("7 12 ".into()),
            Command::Language("ja".into()),
        ];
        let events = [
            Event::Ready { stdout: 5, stderr: 7 },
            Event::Stdout(vec![0, 255, b'\n']),
            Event::Stderr(Vec::new()),
            Event::Frame(vec![3, 255, 0]),
            Event::Ended { run: 9, code: -1 },
            Event::LoadFailed { run: 0, text: "no".into() },
            Event::Asks,
            Event::Begun { run: 9 },
        ];
        let mut wire = Vec::new();
        commands.iter().for_each(|it| it.write(&mut wire).expect("a vector takes all"));
        let mut input = wire.as_slice();
        commands
            .iter()
            .for_each(|it| assert_eq!(&Command::read(&mut input).expect("written above"), it));
        let mut wire = Vec::new();
        events.iter().for_each(|it| it.write(&mut wire).expect("a vector takes all"));
        let mut input = wire.as_slice();
        events
            .iter()
            .for_each(|it| assert_eq!(&Event::read(&mut input).expect("written above"), it));
    }

    #[test]
    fn print_that_a_crash_has_cut_off_is_there_as_far_as_it_came() {
        let mut wire = stdout_head(5).to_vec();
        wire.extend(b"abc");
        let mut input = wire.as_slice();
        assert_eq!(Event::read(&mut input).ok(), Some(Event::Stdout(b"abc".to_vec())));
        assert!(Event::read(&mut input).is_err());
    }

    #[test]
    fn damaged_messages_are_errors() {
        assert!(Event::read(&mut [9, 0, 0, 0, 5].as_slice()).is_err());
        assert!(Event::read(&mut [0, 0, 0, 0, 99].as_slice()).is_err());
        assert!(Event::read(&mut [255, 255, 255, 255, 2].as_slice()).is_err());
        assert!(Event::read(&mut [6, 0, 0, 0, 4, 1, 0, 0, 0, 9].as_slice()).is_err());
    }
}
