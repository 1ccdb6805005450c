//! Loading the prelude and compiled cells into the process.
//!
//! Libraries are never unloaded: values, thread-locals and boxed closures of a cell outlive it,
//! and their code is in its library.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;

use akari_seam::{ABI_VERSION, Frame, symbol};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};

use super::capture::Capture;
use super::hidden;
use crate::platform;

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}", with_cause(.0))]
    Library(#[from] libloading::Error),
    #[error(
        "the prelude speaks version {found}, this kernel {expected}: run `akari install` again"
    )]
    Version { found: u32, expected: u32 },
    #[error(
        "`{symbol}` is declared in an `extern` block, but no library that is loaded has it; name its library with `#[link(name = \"..\")]` before the block"
    )]
    Undefined { symbol: String },
}

impl LoadError {
    /// The error of a cell's library. The loader names the file, which the learner does not know, and
    /// says no more than that of a function that is nowhere.
    fn of_cell(error: libloading::Error) -> LoadError {
        let text = with_cause(&error);
        match text.split("undefined symbol: ").nth(1).and_then(|it| it.split_whitespace().next()) {
            Some(symbol) => {
                LoadError::Undefined { symbol: symbol.trim_end_matches(',').to_owned() }
            }
            None => LoadError::Library(error),
        }
    }
}

/// The text of an error with the loader's own words: libloading has them in the error's source, and
/// only they name the file.
fn with_cause(error: &libloading::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The loaded prelude's C functions.
#[derive(Debug, Clone)]
pub struct Prelude {
    functions: Arc<Functions>,
}

#[derive(Debug)]
struct Functions {
    flush: symbol::Flush,
    return_memory: symbol::ReturnMemory,
    interrupt: symbol::Interrupt,
    random: symbol::Random,
    move_widget: symbol::MoveWidget,
    react: symbol::React,
    describe: symbol::Describe,
    language: symbol::Language,
    _library: ManuallyDrop<Library>,
}

impl Prelude {
    /// Loads the prelude; random numbers that no cell seeds begin with `seed`.
    pub fn load(path: &Path, seed: u64) -> Result<Prelude, LoadError> {
        // SAFETY: the file is the prelude that this kernel's set-up built; its functions have the
        // types that `akari_seam` says, of the version that is checked first.
        unsafe {
            let library = Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL)?;
            let init = *library.get::<symbol::Init>(symbol::INIT)?;
            let found = init(emit, seed);
            if found != ABI_VERSION {
                return Err(LoadError::Version { found, expected: ABI_VERSION });
            }
            let connect = *library.get::<symbol::Hidden>(symbol::HIDDEN)?;
            hidden::connect(path);
            connect(hidden::load_tests);
            let functions = Functions {
                flush: *library.get::<symbol::Flush>(symbol::FLUSH)?,
                return_memory: *library.get::<symbol::ReturnMemory>(symbol::RETURN_MEMORY)?,
                interrupt: *library.get::<symbol::Interrupt>(symbol::INTERRUPT)?,
                random: *library.get::<symbol::Random>(symbol::RANDOM)?,
                move_widget: *library.get::<symbol::MoveWidget>(symbol::MOVE_WIDGET)?,
                react: *library.get::<symbol::React>(symbol::REACT)?,
                describe: *library.get::<symbol::Describe>(symbol::DESCRIBE)?,
                language: *library.get::<symbol::Language>(symbol::LANGUAGE)?,
                _library: ManuallyDrop::new(library),
            };
            Ok(Prelude { functions: Arc::new(functions) })
        }
    }

    /// Loads a cell's library and calls its entry.
    pub fn run(&self, path: &Path) -> Result<i32, LoadError> {
        // SAFETY: the library was compiled by the engine against this very prelude, and its
        // entry has this type; panics are caught inside it.
        unsafe {
            let library = Library::open(Some(path), RTLD_NOW | RTLD_LOCAL);
            let library = ManuallyDrop::new(library.map_err(LoadError::of_cell)?);
            let entry = library.get::<symbol::Entry>(symbol::ENTRY)?;
            let code = entry();
            // Later cells find the statics of one that came to its end. A library that is loaded
            // again for all is the same library.
            if code == symbol::DONE && library.get::<*const u8>(symbol::STATIC).is_ok() {
                let flags = RTLD_NOW | RTLD_GLOBAL;
                let _ = ManuallyDrop::new(Library::open(Some(path), flags)?);
            }
            Ok(code)
        }
    }

    /// Empties std's buffer of an unfinished line, and C's of everything.
    pub fn flush(&self) {
        (self.functions.flush)();
        // SAFETY: a null pointer asks for all open streams.
        unsafe { libc::fflush(std::ptr::null_mut()) };
    }

    /// Lets go what a cell has printed of a line that it has not finished.
    pub fn flush_unfinished_line(&self) {
        (self.functions.flush)();
        platform::flush_c_stdout();
    }

    /// Gives memory that cells have freed back to the system.
    pub fn return_memory(&self) {
        (self.functions.return_memory)();
    }

    /// Brings the random generator to a state that an earlier process told.
    pub fn random(&self, state: &str) {
        // SAFETY: pointer and length are those of a live string.
        unsafe { (self.functions.random)(state.as_ptr(), state.len()) };
    }

    /// Notes where the learner has moved a widget.
    pub fn move_widget(&self, widget: &str, to: f64) {
        // SAFETY: pointer and length are those of a live string.
        unsafe { (self.functions.move_widget)(widget.as_ptr(), widget.len(), to) };
    }

    /// Calls what is to be done when a widget was moved, on this thread, which is that of the cells.
    pub fn react(&self, reaction: &str) -> i32 {
        // SAFETY: pointer and length are those of a live string.
        unsafe { (self.functions.react)(reaction.as_ptr(), reaction.len()) }
    }

    /// Tells a few words on each variable, on this thread, which is that of the cells.
    pub fn describe(&self) {
        (self.functions.describe)();
    }

    /// Says the language that the learner reads in.
    pub fn language(&self, name: &str) {
        // SAFETY: pointer and length are those of a live string.
        unsafe { (self.functions.language)(name.as_ptr(), name.len()) };
    }

    pub fn interrupt(&self, wish: bool) {
        (self.functions.interrupt)(wish);
    }
}

/// Passes on a frame that the prelude has encoded.
extern "C" fn emit(frame: *const u8, length: usize) {
    let capture = Capture::get();
    // A copy of the process that the cell has forked reports nothing.
    if !capture.is_ours() {
        return;
    }
    // SAFETY: the prelude passes a slice of its own that lives through the call.
    let frame = unsafe { std::slice::from_raw_parts(frame, length) };
    if frame.len() > LARGEST_FRAME {
        let text = format!(
            "a display of {} MB is more than a notebook can hold (at most {} MB)",
            frame.len() >> 20,
            LARGEST_FRAME >> 20
        );
        let failure =
            Frame::Failure { name: "DisplayError", text: &text, location: None, calls: "" };
        let _ = capture.drain_and_send_frame(&failure.encode());
    } else {
        // The kernel is gone if this fails, and the main thread sees that too.
        let _ = capture.drain_and_send_frame(frame);
    }
}

/// The largest frame. A browser can't show more, and the kernel would have it in memory several
/// times.
const LARGEST_FRAME: usize = 256 << 20;

/// Ends this process and all that its cells have started, without running destructors: those of
/// loaded libraries may run in any order or not at all, and none may run twice.
pub fn end_group() -> ! {
    // SAFETY: plain system calls. The kernel made this process the leader of a group of its own,
    // which is looked at before the group is killed.
    unsafe {
        if libc::getpgrp() == libc::getpid() {
            libc::kill(0, libc::SIGKILL);
        }
        libc::_exit(0)
    }
}

/// Ends this process alone, without running destructors.
pub fn leave() -> ! {
    // SAFETY: a plain system call.
    unsafe { libc::_exit(0) }
}

/// Makes the process survive interrupts. They go to the whole group, for the programs that a cell
/// has started; the process itself is told by its socket. A handler is set because programs would
/// inherit ignored signals.
pub fn survive_interrupts() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: the handler does nothing, so it is safe at any moment.
    unsafe { libc::signal(libc::SIGINT, nothing as *const () as libc::sighandler_t) };
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn prelude_of_another_age_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [source, library] = ["old.rs", "libold.so"].map(|name| folder.path().join(name));
        let name = symbol::INIT;
        let version = ABI_VERSION - 1;
        let text = format!(
            "#[unsafe(no_mangle)] pub extern \"C\" fn {name}(_: usize) -> u32 {{ {version} }}"
        );
        std::fs::write(&source, text).unwrap();
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let mut rustc = Command::new(rustc);
        rustc.args(["--crate-type=cdylib", "--edition=2024"]).arg(&source).arg("-o").arg(&library);
        assert!(rustc.status().unwrap().success());
        let error = Prelude::load(&library, 0).unwrap_err();
        assert!(matches!(error, LoadError::Version { found, .. } if found == version), "{error}");
    }
}
