//! The program `akari-evcxr`: found beside this one or in a cache, or built from the checkout.
//!
//! All of evcxr and rust-analyzer is in that program, whose build takes minutes; the kernel does
//! without until it is there. `akari install` and `akari lab` ask for the build and begin it in the
//! background; a kernel begins it again where it came to no end, as at a logout. A build that failed
//! is begun again by those two commands alone.

use std::fs::{self, File, Permissions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::background;
use super::checkout::checkout;
use super::prelude::{PreludeError, name_of_build};
use super::toolchain::Toolchain;
use super::{OnProgress, Progress};
use crate::cargo::environment::isolate;
use crate::cargo::run::{News, run};
use crate::home::write::{self, Readers};
use crate::home::{self, HomeError, trust};

/// The program's name, also as a package.
const NAME: &str = "akari-evcxr";

/// In a home, the folder of all this.
const FOLDER: &str = "tools";

/// Raised when the same sources are built or kept in another way.
const FORMAT: &str = "akari-evcxr 1";

/// What cargo is asked for, besides places.
const ARGUMENTS: [&str; 7] = [
    "build",
    "--release",
    "--package",
    NAME,
    "--bins",
    "--message-format",
    "json-render-diagnostics",
];

/// Lines of cargo's messages that are shown when a build fails.
const TAIL: usize = 12;

#[derive(Debug, thiserror::Error)]
pub enum EvcxrBuildError {
    #[error(transparent)]
    Prelude(#[from] PreludeError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("cargo did not start: {0}")]
    Cargo(#[source] io::Error),
    #[error("the program `akari-evcxr` could not be built; cargo's messages are in `{}` and end with\n{tail}", log.display())]
    Build { log: PathBuf, tail: String },
}

/// Where the program is, or how far it is from being there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Built(PathBuf),
    /// Some process builds it.
    Building,
    /// The build was asked for, and no process is at it.
    Wanted,
    /// The last build failed; its messages are in this file.
    Failed(PathBuf),
    /// Nobody has asked for it.
    Missing,
}

/// How far the program is.
pub fn state(toolchain: &Toolchain) -> Result<State, EvcxrBuildError> {
    if let Some(program) = beside() {
        return Ok(State::Built(program));
    }
    let name = name(toolchain)?;
    if let Some(program) = kept(&name)? {
        return Ok(State::Built(program));
    }
    let Some(home) = home::find_home()? else {
        return Ok(State::Missing);
    };
    let files = Files::of(&home, &name);
    Ok(if files.is_locked() {
        State::Building
    } else if files.failed.exists() {
        State::Failed(files.log)
    } else if files.wanted.exists() {
        State::Wanted
    } else {
        State::Missing
    })
}

/// The program; builds it if it isn't there, unless another process does so at this moment.
pub fn find_or_build(
    toolchain: &Toolchain,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, EvcxrBuildError> {
    if let State::Built(program) = state(toolchain)? {
        return Ok(program);
    }
    let home = home::make_home()?;
    let name = name(toolchain)?;
    let files = Files::of(&home, &name);
    let failed = |source| HomeError::write(&home, source);
    write::folder(&files.folder, home::readers(&home)).map_err(failed)?;
    let waiting = Progress::doing("waiting for another `akari`, which builds the same");
    let _lock = home::lock(&files.lock, &mut || on_progress(&waiting)).map_err(failed)?;
    if let Some(program) = kept(&name)? {
        return Ok(program);
    }
    let built = build(toolchain, &files, on_progress).and_then(|built| {
        keep(&built, &files.program, home::readers(&home)).map_err(|it| failed(it).into())
    });
    // Some gigabyte that nothing is built on.
    let _ = fs::remove_dir_all(&files.target);
    let _ = fs::remove_file(&files.wanted);
    match built {
        Ok(()) => {
            let _ = fs::remove_file(&files.failed);
            Ok(files.program)
        }
        Err(error) => {
            let _ = write::file(&files.failed, &[error.to_string().as_bytes()], Readers::User);
            Err(error)
        }
    }
}

/// Asks for the program, and begins to build it in the background.
pub fn ask_for(toolchain: &Toolchain) -> Result<(), EvcxrBuildError> {
    // A class waits for the owner of what it shares; everybody's own build would be too much.
    let is_in_class = home::find_shared()?.is_some();
    if is_in_class || matches!(state(toolchain)?, State::Built(_) | State::Building) {
        return Ok(());
    }
    let home = home::make_home()?;
    let files = Files::of(&home, &name(toolchain)?);
    let failed = |source| HomeError::write(&home, source);
    write::folder(&files.folder, home::readers(&home)).map_err(failed)?;
    let _ = fs::remove_file(&files.failed);
    write::file(&files.wanted, &[], Readers::User).map_err(failed)?;
    begin().map_err(EvcxrBuildError::Cargo)
}

/// Starts this program once more, which builds by [`find_or_build`] and outlives the caller.
pub fn begin() -> io::Result<()> {
    background::begin(&["build-evcxr", "--background"])
}

/// The program beside this one, where cargo puts both. Whoever could write it could write this one.
fn beside() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name(NAME);
    path.is_file().then_some(path)
}

/// The program in the shared cache or in the user's own.
fn kept(name: &str) -> Result<Option<PathBuf>, HomeError> {
    let caches = [home::find_shared()?, home::find_home()?];
    let programs = caches.into_iter().flatten().map(|it| Files::of(&it, name).program);
    Ok(programs.filter_map(|it| trust::file(&it).ok()).next())
}

/// A name made of all that makes the program.
fn name(toolchain: &Toolchain) -> Result<String, PreludeError> {
    let words = [FORMAT, &format!("{ARGUMENTS:?}")];
    name_of_build(words, NAME, &checkout(), &["kernel/evcxr", "kernel/seam"], toolchain)
}

/// The files of one build in a home.
struct Files {
    folder: PathBuf,
    program: PathBuf,
    /// Empty; there until the program is built, or can't be.
    wanted: PathBuf,
    /// Why the last build failed.
    failed: PathBuf,
    /// Held by the process that builds.
    lock: PathBuf,
    log: PathBuf,
    /// Cargo's own folder.
    target: PathBuf,
}

impl Files {
    fn of(home: &Path, name: &str) -> Files {
        let folder = home.join(FOLDER);
        Files {
            program: folder.join(name).join(NAME),
            wanted: folder.join(format!("{name}.wanted")),
            failed: folder.join(format!("{name}.failed")),
            lock: folder.join("build.lock"),
            log: folder.join("build.log"),
            target: folder.join("build"),
            folder,
        }
    }

    fn is_locked(&self) -> bool {
        File::open(&self.lock).is_ok_and(|it| it.try_lock().is_err())
    }
}

/// Runs cargo, and returns the program where cargo put it.
fn build(
    toolchain: &Toolchain,
    files: &Files,
    on_progress: &mut OnProgress<'_>,
) -> Result<PathBuf, EvcxrBuildError> {
    let checkout = checkout();
    let mut cargo = Command::new(&toolchain.cargo);
    isolate(&mut cargo, &checkout);
    cargo.args(ARGUMENTS).arg("--manifest-path").arg(checkout.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(&files.target).env("RUSTC", &toolchain.rustc);
    let mut program = None;
    let mut progress =
        Progress::doing("building evcxr and its analyser (once per toolchain, some minutes)");
    on_progress(&progress);
    let ended = run(&mut cargo, &files.log, &mut |news| {
        if let News::Json(line) = news {
            program = executable(line).or(program.take());
        }
        progress.follow("building evcxr and its analyser", news);
        on_progress(&progress);
        ControlFlow::Continue(())
    });
    let ended = ended.map_err(EvcxrBuildError::Cargo)?;
    match program.filter(|_| ended.status.success()) {
        Some(program) => Ok(program),
        None => Err(EvcxrBuildError::Build { log: files.log.clone(), tail: ended.tail(TAIL) }),
    }
}

/// The program that one of cargo's messages is about.
fn executable(line: &str) -> Option<PathBuf> {
    let message = akari_reports::artifact(line)?;
    message.executable.filter(|path| path.file_name() == Some(NAME)).map(PathBuf::from)
}

/// Puts the program into a folder that gets its name when it is whole.
fn keep(built: &Path, program: &Path, readers: Readers) -> io::Result<()> {
    let folder = program.parent().unwrap_or(program);
    write::folder(folder, readers)?;
    let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder)?;
    fs::copy(built, unfinished.path())?;
    unfinished.as_file().set_permissions(Permissions::from_mode(0o755))?;
    unfinished.persist(program)?;
    Ok(())
}
