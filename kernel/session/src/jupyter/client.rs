//! The other end of the protocol: a client that runs cells in a kernel, so that a kernel can be measured.
//!
//! `akari doctor --classroom` uses it. It speaks to the shell socket alone, over a Unix socket in a folder that is
//! closed to others; so messages need no signature. One request at a time, and blocking.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::message::{DELIMITER, PROTOCOL};
use super::zmtp::{
    Decoder, Item, Limits, WireError, check_greeting, encode_message, greeting, ready,
};

/// How long a kernel may take to open its sockets.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a cell may take; a prelude that is not built yet takes minutes.
const CELL: Duration = Duration::from_secs(900);

const LIMITS: Limits = Limits { message: 1 << 20, parts: 64 };

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the kernel did not answer: {0}")]
    Io(#[from] io::Error),
    #[error("the kernel did not answer: {0}")]
    Wire(#[from] WireError),
    #[error("the kernel answered with something else than a reply")]
    Reply,
    #[error("the cell failed: {0}")]
    Cell(String),
}

/// A connection file, as far as it says something; the key is empty, so that nothing is signed.
#[derive(Serialize)]
struct ConnectionFile<'a> {
    transport: &'a str,
    ip: &'a Path,
    key: &'a str,
    shell_port: u16,
    control_port: u16,
    stdin_port: u16,
    iopub_port: u16,
    hb_port: u16,
}

#[derive(Serialize)]
struct Header<'a> {
    msg_id: String,
    msg_type: &'a str,
    session: &'a str,
    username: &'a str,
    date: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct ExecuteRequest<'a> {
    code: &'a str,
    silent: bool,
    store_history: bool,
    allow_stdin: bool,
}

#[derive(Deserialize)]
struct ExecuteReply {
    status: String,
    #[serde(default)]
    evalue: String,
}

/// Writes a connection file for a kernel whose sockets are in the folder.
pub fn write_connection_file(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("connection.json");
    let file = ConnectionFile {
        transport: "ipc",
        ip: &folder.join("socket"),
        key: "",
        shell_port: 1,
        control_port: 2,
        stdin_port: 3,
        iopub_port: 4,
        hb_port: 5,
    };
    std::fs::write(&path, serde_json::to_vec(&file)?)?;
    Ok(path)
}

/// A connection to a kernel's shell socket.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    decoder: Decoder,
    count: u32,
}

impl Client {
    /// Connects to the kernel of [`write_connection_file`]'s file, as soon as its sockets are there.
    pub fn connect(folder: &Path) -> Result<Client, ClientError> {
        let path = folder.join("socket-1");
        let begin = Instant::now();
        let stream = loop {
            match UnixStream::connect(&path) {
                Ok(stream) => break stream,
                Err(error) if begin.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        stream.set_read_timeout(Some(CELL))?;
        let mut client = Client { stream, decoder: Decoder::new(LIMITS), count: 0 };
        client.stream.write_all(&greeting())?;
        while client.decoder.take_greeting().map(|it| check_greeting(&it)).transpose()?.is_none() {
            client.read()?;
        }
        client.stream.write_all(&ready("DEALER"))?;
        match client.next()? {
            Item::Command(_) => Ok(client),
            Item::Message(_) => Err(ClientError::Reply),
        }
    }

    /// Runs a cell to its end.
    pub fn execute(&mut self, code: &str) -> Result<(), ClientError> {
        self.count += 1;
        let header = Header {
            msg_id: self.count.to_string(),
            msg_type: "execute_request",
            session: "classroom",
            username: "",
            date: "",
            version: PROTOCOL,
        };
        let content =
            ExecuteRequest { code, silent: false, store_history: false, allow_stdin: false };
        let header = serde_json::to_vec(&header).map_err(io::Error::from)?;
        let content = serde_json::to_vec(&content).map_err(io::Error::from)?;
        let parts = [
            DELIMITER.into(),
            Bytes::new(),
            header.into(),
            "{}".into(),
            "{}".into(),
            content.into(),
        ];
        for chunk in encode_message(&parts) {
            self.stream.write_all(&chunk)?;
        }
        loop {
            if let Item::Message(parts) = self.next()? {
                return outcome(&parts);
            }
        }
    }

    fn next(&mut self) -> Result<Item, ClientError> {
        loop {
            if let Some(item) = self.decoder.next()? {
                return Ok(item);
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<(), ClientError> {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes)? {
            0 => Err(WireError::Gone.into()),
            count => {
                self.decoder.buffer().extend_from_slice(&bytes[..count]);
                Ok(())
            }
        }
    }
}

/// What an `execute_reply` says.
fn outcome(parts: &[Bytes]) -> Result<(), ClientError> {
    let reply: Option<ExecuteReply> = parts.last().and_then(|it| serde_json::from_slice(it).ok());
    let reply = reply.ok_or(ClientError::Reply)?;
    match reply.status.as_str() {
        "ok" => Ok(()),
        _ => {
            let first = reply.evalue.lines().next().unwrap_or_default();
            Err(ClientError::Cell(first.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_or_refused() {
        let reply = |content: &'static str| outcome(&[Bytes::from_static(content.as_bytes())]);
        assert!(reply(r#"{"status": "ok"}"#).is_ok());
        let error = reply(r#"{"status": "error", "evalue": "no `x` here\nand more"}"#);
        assert!(matches!(error, Err(ClientError::Cell(text)) if text == "no `x` here"));
        assert!(matches!(reply("{}"), Err(ClientError::Reply)));
        assert!(matches!(outcome(&[]), Err(ClientError::Reply)));
    }
}
