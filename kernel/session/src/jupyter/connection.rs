//! The connection file, and the sockets that it names.
//!
//! All five sockets are bound before any of them is served; a socket that can't be bound is an
//! error in words.

use std::io;
use std::path::{Path, PathBuf};

use super::signature::Key;
use super::zmtp::Listener;

/// The only signature scheme that Akari knows.
const SCHEME: &str = "hmac-sha256";

#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("could not read the connection file `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is no connection file: {source}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error(
        "the connection file wants messages signed with `{scheme}`, and Akari knows only {SCHEME}; remove `Session.signature_scheme` from Jupyter's configuration"
    )]
    Scheme { scheme: String },
    #[error(
        "could not open the {socket} socket at `{endpoint}`: {source}; start the kernel again, so that Jupyter picks another place"
    )]
    Bind { socket: &'static str, endpoint: String, source: io::Error },
}

#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    #[default]
    Tcp,
    Ipc,
}

/// The file as Jupyter writes it.
#[derive(Debug, serde::Deserialize)]
pub struct ConnectionFile {
    ip: String,
    #[serde(default)]
    transport: Transport,
    #[serde(default)]
    key: String,
    signature_scheme: Option<String>,
    shell_port: u16,
    control_port: u16,
    stdin_port: u16,
    iopub_port: u16,
    hb_port: u16,
}

/// The bound sockets.
#[derive(Debug)]
pub struct Sockets {
    pub shell: Listener,
    pub control: Listener,
    pub stdin: Listener,
    pub iopub: Listener,
    pub heartbeat: Listener,
}

impl ConnectionFile {
    pub fn read(path: &Path) -> Result<ConnectionFile, ConnectionError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConnectionError::Read { path: path.to_owned(), source })?;
        let file: ConnectionFile = serde_json::from_str(&text)
            .map_err(|source| ConnectionError::Parse { path: path.to_owned(), source })?;
        match &file.signature_scheme {
            Some(scheme) if scheme != SCHEME && !file.key.is_empty() => {
                Err(ConnectionError::Scheme { scheme: scheme.clone() })
            }
            _ => Ok(file),
        }
    }

    pub fn key(&self) -> Key {
        Key::new(&self.key)
    }

    pub fn bind(&self) -> Result<Sockets, ConnectionError> {
        Ok(Sockets {
            shell: self.bind_one("shell", self.shell_port)?,
            control: self.bind_one("control", self.control_port)?,
            stdin: self.bind_one("stdin", self.stdin_port)?,
            iopub: self.bind_one("iopub", self.iopub_port)?,
            heartbeat: self.bind_one("heartbeat", self.hb_port)?,
        })
    }

    /// Removes the files of Unix sockets. To be called at the end, when nobody is served any more.
    pub fn remove_sockets(&self) {
        let ports =
            [self.shell_port, self.control_port, self.stdin_port, self.iopub_port, self.hb_port];
        if matches!(self.transport, Transport::Ipc) {
            for port in ports {
                // Listeners remove their own files; this is for the others.
                let _ = std::fs::remove_file(self.path(port));
            }
        }
    }

    fn path(&self, port: u16) -> PathBuf {
        format!("{}-{port}", self.ip).into()
    }

    fn bind_one(&self, socket: &'static str, port: u16) -> Result<Listener, ConnectionError> {
        let (listener, endpoint) = match self.transport {
            Transport::Tcp => {
                (Listener::bind_tcp(&self.ip, port), format!("tcp://{}:{port}", self.ip))
            }
            Transport::Ipc => {
                let path = self.path(port);
                (Listener::bind_ipc(&path), path.display().to_string())
            }
        };
        listener.map_err(|source| ConnectionError::Bind { socket, endpoint, source })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(extra: &str) -> Result<ConnectionFile, ConnectionError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel.json");
        let ports =
            r#""shell_port": 0, "control_port": 0, "stdin_port": 0, "iopub_port": 0, "hb_port": 0"#;
        std::fs::write(&path, format!(r#"{{"ip": "127.0.0.1", {ports}{extra}}}"#)).unwrap();
        ConnectionFile::read(&path)
    }

    #[test]
    fn only_the_known_scheme_is_taken() {
        for (extra, is_good) in [
            ("", true),
            (r#", "key": "k""#, true),
            (r#", "key": "k", "signature_scheme": "hmac-sha256", "kernel_name": "akari""#, true),
            // Without a key nothing is signed.
            (r#", "key": "", "signature_scheme": """#, true),
            (r#", "key": "k", "signature_scheme": "hmac-md5""#, false),
            (r#", "key": "k", "transport": "udp""#, false),
        ] {
            assert_eq!(read(extra).is_ok(), is_good, "{extra}");
        }
        let error = read(r#", "key": "k", "signature_scheme": "hmac-md5""#).unwrap_err();
        assert!(error.to_string().contains("`hmac-md5`"), "{error}");
    }

    #[test]
    fn a_socket_that_cannot_be_bound_is_named() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let file =
            ConnectionFile { hb_port: taken.local_addr().unwrap().port(), ..read("").unwrap() };
        let error = file.bind().unwrap_err().to_string();
        assert!(error.contains("heartbeat socket at `tcp://127.0.0.1:"), "{error}");
    }
}
