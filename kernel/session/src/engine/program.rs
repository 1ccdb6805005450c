//! The program `akari-evcxr` at the other end of a pipe: how it is started, spoken to and ended.
//!
//! All of evcxr and rust-analyzer is in that program, so that the kernel needs neither. The engine
//! on evcxr and the analyser behind Tab have one each, in two roles. The program ends with its
//! stdin, and so with the kernel, however that ends; the folder that it works in is the kernel's.

use std::io::{self, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use akari_evcxr_protocol::{Setup, VERSION, hear, say};
use rustix::process::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cargo::environment::configuration;
use crate::engine::EngineConfig;
use crate::engine::folder::Folder;
use crate::platform;
use crate::process::group;

/// How long the program may take to remove its files.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(2);

/// The running program, which says messages of one kind.
#[derive(Debug)]
pub struct Program<Message> {
    process: Child,
    pub input: Input,
    pub messages: Receiver<Message>,
    _folder: Folder,
}

/// The program's stdin; clones are the same one.
#[derive(Debug, Clone)]
pub struct Input(Arc<Mutex<Option<ChildStdin>>>);

impl<Message: DeserializeOwned + Send + 'static> Program<Message> {
    /// Starts the program in a role, which is also the word in its folder's name.
    pub fn start(
        file: PathBuf,
        role: &str,
        config: &EngineConfig,
        stderr: Stdio,
    ) -> io::Result<Program<Message>> {
        let folder = Folder::make(&format!("{role}-"))?;
        // The program runs cargo in there, which obeys what lies in the folders above.
        configuration(folder.path()).map_err(io::Error::other)?;
        let setup = Setup {
            version: VERSION,
            rustc: config.rustc.clone(),
            std_folder: config.std_folder.clone(),
            prelude: config.prelude.join(platform::prelude_file()),
            library_paths: platform::LIBRARY_PATHS.to_owned(),
            checkout: config.checkout.clone(),
            folder: folder.path().to_owned(),
            temporary: std::env::var_os("TMPDIR").map(PathBuf::from),
        };
        let mut process = Command::new(file)
            .arg(role)
            .arg(serde_json::to_string(&setup)?)
            .env("TMPDIR", folder.path())
            // A client that kills the kernel's group leaves the program the time to remove files.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()?;
        let missing = || io::Error::other("the process has no pipes");
        let input = Input(Arc::new(Mutex::new(process.stdin.take())));
        let output = BufReader::new(process.stdout.take().ok_or_else(missing)?);
        let (sender, messages) = mpsc::channel();
        // The thread ends with the program, or with the first message that nobody takes.
        let pass_on = move || hear(output).try_for_each(|message| sender.send(message));
        thread::Builder::new().name(role.to_owned()).spawn(pass_on)?;
        Ok(Program { process, input, messages, _folder: folder })
    }
}

impl<Message> Program<Message> {
    pub fn has_ended(&self) -> bool {
        group::has_ended(Pid::from_child(&self.process))
    }
}

impl<Message> Drop for Program<Message> {
    fn drop(&mut self) {
        self.input.close();
        let begin = Instant::now();
        while !self.has_ended() && begin.elapsed() < PATIENCE {
            thread::sleep(LOOK);
        }
        group::kill(&self.process);
        let _ = self.process.wait();
    }
}

impl Input {
    pub fn say(&self, message: &impl Serialize) -> io::Result<()> {
        match self.lock().as_mut() {
            Some(input) => say(input, message),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Tells the program to end.
    pub fn close(&self) {
        drop(self.lock().take());
    }

    fn lock(&self) -> MutexGuard<'_, Option<ChildStdin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
