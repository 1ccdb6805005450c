//! What is made at installation so that no learner waits for it: the index of the prelude's names,
//! and the compiled cells of the shipped lessons.
//!
//! The lessons simply run, unseen. That it could not be done is no error: cells compile when they
//! are run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use super::config::{Choice, engine_config};
use super::progress::Reporter;
use super::{evcxr_program, find_prelude};
use crate::engine::outcome::Output;
use crate::engine::stop::Stop;
use crate::engine::{EngineConfig, index, start};
use crate::home::{trust, write};
use crate::notebook::format::{CodeCell, Notebook};
use crate::notebook::run::{Finished, Observer, run};
use crate::setup::toolchain::Toolchain;
use crate::setup::{Progress, background, checkout};

/// Begins `akari prepare` in the background: whoever opens the lessons has the first cell to read meanwhile.
pub fn begin() {
    if let Err(error) = background::begin(&["prepare"]) {
        tracing::warn!("the lessons will not be prepared: {error}");
    }
}

/// `akari prepare`: what `akari lab` leaves for later, what is needed soonest first.
pub fn prepare_later() -> anyhow::Result<ExitCode> {
    background::give_way()?;
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    // Compilers take turns, also with those that give way: one turn is left to whoever runs a cell meanwhile.
    prepare(toolchain.clone(), &prelude, processors().saturating_sub(1));
    evcxr_program::ask_for(&toolchain);
    Ok(ExitCode::SUCCESS)
}

/// How many lessons are compiled at once where nobody works meanwhile.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Makes the index, and runs the lessons whose cells are not compiled yet for this prelude, so many at once.
pub fn prepare(toolchain: Toolchain, prelude: &Path, at_once: usize) {
    let Ok(config) = engine_config(Choice::Instant, toolchain, prelude.to_owned()) else {
        return;
    };
    let mut reporter = Reporter::new();
    if !index::is_kept(prelude) {
        reporter.show(&Progress::doing("reading the names that Tab completes"));
        index::keep(&config);
    }
    compile(&config, &mut reporter, at_once);
    reporter.finish();
}

fn compile(config: &EngineConfig, reporter: &mut Reporter, at_once: usize) {
    let Some(own) = config.cells.own.as_deref() else { return };
    if write::folder(own, config.cells.readers).is_err() {
        return;
    }
    let lessons: Vec<Lesson> = lessons(&checkout::lessons())
        .into_iter()
        .filter_map(|path| Lesson::open(&path, own, config))
        .collect();
    let total = lessons.iter().map(|it| it.cells.len() as u64).sum();
    let counter = Counter { reporter: Mutex::new((reporter, 0)), total };
    let queue = Mutex::new(lessons.iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        // A lesson that another program compiles just now comes last, when most of its cells are done.
        let mut others = Vec::new();
        while let Some(lesson) = next() {
            match lesson.lock() {
                Some(_lock) => lesson.compile(config, &counter),
                None => others.push(lesson),
            }
        }
        others.into_iter().for_each(|it| it.compile(config, &counter));
    };
    thread::scope(|scope| {
        (0..at_once.max(1)).for_each(|_| drop(scope.spawn(work)));
    });
}

/// A lesson whose cells are not all compiled.
struct Lesson {
    name: String,
    cells: Vec<CodeCell>,
    /// The file that says that they are.
    mark: PathBuf,
}

impl Lesson {
    /// None where there is nothing to do, or nothing that could be read.
    fn open(path: &Path, own: &Path, config: &EngineConfig) -> Option<Lesson> {
        let mut hash = Sha256::new();
        hash.update(config.prelude.as_os_str().as_encoded_bytes());
        hash.update(fs::read(path).ok()?);
        let mark = own.join(format!(".lesson-{}", &format!("{:x}", hash.finalize())[..16]));
        if trust::file(&mark).is_ok() {
            return None;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let cells = Notebook::read(path).ok()?.code_cells();
        Some(Lesson { name, cells, mark })
    }

    /// Says to other programs that this one compiles the lesson; none where another one does.
    fn lock(&self) -> Option<Lock> {
        let path = self.mark.with_extension("lock");
        let file = File::options().create(true).append(true).open(&path).ok()?;
        file.try_lock().ok()?;
        Some(Lock { _file: file, path })
    }

    fn compile(&self, config: &EngineConfig, counter: &Counter<'_>) {
        if let Some(error) = self.run(config, counter).err() {
            tracing::debug!("the cells of `{}` were not compiled: {error}", self.name);
        }
    }

    fn run(&self, config: &EngineConfig, counter: &Counter<'_>) -> anyhow::Result<()> {
        // Another program may have done it in the meantime.
        if trust::file(&self.mark).is_ok() {
            return Ok(());
        }
        let mut engine = start::start(config)?;
        let mut unseen = Unseen { name: &self.name, counter };
        run(&self.cells, engine.as_mut(), &mut unseen, &Stop::default());
        write::file(&self.mark, &[], config.cells.readers)?;
        Ok(())
    }
}

/// A lock file of a lesson, which goes with its lock.
struct Lock {
    _file: File,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A file that stays is locked by nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// The cells of all lessons, as one piece of work.
struct Counter<'a> {
    reporter: Mutex<(&'a mut Reporter, u64)>,
    total: u64,
}

/// The notebooks below a folder, in order.
fn lessons(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(lessons(&path));
        } else if path.extension().is_some_and(|it| it == "ipynb") {
            found.push(path);
        }
    }
    found
}

struct Unseen<'a, 'r> {
    name: &'a str,
    counter: &'a Counter<'r>,
}

impl Observer for Unseen<'_, '_> {
    fn begin(&mut self, _: usize, _: &CodeCell) {
        let what = format!("compiling the cells of the lesson {}", self.name);
        let (reporter, done) =
            &mut *self.counter.reporter.lock().unwrap_or_else(PoisonError::into_inner);
        let crates = Some((*done, self.counter.total));
        reporter.show(&Progress { crates, ..Progress::doing(what) });
        *done += 1;
    }

    fn output(&mut self, _: &Output) {}

    fn end(&mut self, _: &Finished<'_>) {}

    fn is_over(&self) -> bool {
        false
    }
}
