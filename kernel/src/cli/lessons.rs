//! What is made at installation so that no learner waits for it: the index of the prelude's names,
//! and the compiled cells of the shipped lessons.
//!
//! The lessons simply run, unseen. That it could not be done is no error: cells compile when they
//! are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    prepare(toolchain.clone(), &prelude);
    evcxr_program::ask_for(&toolchain);
    Ok(ExitCode::SUCCESS)
}

/// Makes the index, and runs the lessons whose cells are not compiled yet for this prelude.
pub fn prepare(toolchain: Toolchain, prelude: &Path) {
    let Ok(config) = engine_config(Choice::Instant, toolchain, prelude.to_owned()) else {
        return;
    };
    let mut reporter = Reporter::new();
    if !index::is_kept(prelude) {
        reporter.show(&Progress::doing("reading the names that Tab completes"));
        index::keep(&config);
    }
    for path in lessons(&checkout::lessons()) {
        if let Some(error) = compile_one(&path, &config, &mut reporter).err() {
            tracing::debug!("the cells of `{}` were not compiled: {error}", path.display());
        }
    }
    reporter.finish();
}

fn compile_one(path: &Path, config: &EngineConfig, reporter: &mut Reporter) -> anyhow::Result<()> {
    let Some(own) = &config.cells.own else { return Ok(()) };
    let mut hash = Sha256::new();
    hash.update(config.prelude.as_os_str().as_encoded_bytes());
    hash.update(fs::read(path)?);
    let mark = own.join(format!(".lesson-{}", &format!("{:x}", hash.finalize())[..16]));
    if trust::file(&mark).is_ok() {
        return Ok(());
    }
    let cells = Notebook::read(path)?.code_cells();
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut engine = start::start(config)?;
    let mut unseen = Unseen { name, count: cells.len(), reporter };
    run(&cells, engine.as_mut(), &mut unseen, &Stop::default());
    write::folder(own, config.cells.readers)?;
    write::file(&mark, &[], config.cells.readers)?;
    Ok(())
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

struct Unseen<'a> {
    name: String,
    count: usize,
    reporter: &'a mut Reporter,
}

impl Observer for Unseen<'_> {
    fn begin(&mut self, number: usize, _: &CodeCell) {
        let what = format!("compiling the cells of the lesson {}", self.name);
        let crates = Some((number as u64 - 1, self.count as u64));
        self.reporter.show(&Progress { what, crates, left: None });
    }

    fn output(&mut self, _: &Output) {}

    fn end(&mut self, _: &Finished<'_>) {}

    fn is_over(&self) -> bool {
        false
    }
}
