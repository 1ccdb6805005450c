//! `akari lesson hide`, and what the other commands for lessons do about hidden tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::config::{Choice, engine_config};
use super::{find_prelude, words};
use crate::engine::{EngineConfig, start};
use crate::hidden;
use crate::home::write::{self, Readers};
use crate::lesson::finding::{Fault, Finding};
use crate::lesson::hidden::{fits, lesson, library, source};
use crate::lesson::sheet::Sheet;
use crate::setup::toolchain::Toolchain;

/// The hidden tests of a notebook that has some.
struct Tests {
    /// The teacher's file, and what stands in it, where it is there.
    source: Option<(PathBuf, String)>,
    path: PathBuf,
    library: PathBuf,
}

fn tests(sheet: &Sheet) -> anyhow::Result<Option<Tests>> {
    let Some(lesson) = lesson(sheet) else { return Ok(None) };
    let path = source(sheet, lesson).unwrap_or_default();
    let text = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("could not read `{}`", path.display()));
        }
    };
    let library = library(&sheet.path, lesson);
    Ok(Some(Tests { source: text.map(|it| (path.clone(), it)), path, library }))
}

/// Why the library is not one that learners can be given.
fn fault(tests: &Tests, prelude: &Path) -> Option<String> {
    let opened = match hidden::read(&tests.library, prelude) {
        Ok(opened) => opened,
        Err(hidden::Fault::Untrusted(error)) if error.is_absence() => {
            return Some("the library of its hidden tests is not there".to_owned());
        }
        Err(error) => return Some(format!("the library of its hidden tests: {error}")),
    };
    let is_of = |(_, text): &(PathBuf, String)| hidden::hash_of(text) == opened.source;
    match tests.source.as_ref().is_none_or(is_of) {
        true => None,
        false => Some("its hidden tests were changed after they were compiled".to_owned()),
    }
}

/// `akari lesson hide`: compiles the hidden tests of a notebook. Returns the library's path.
pub fn hide(sheet: &Sheet, config: &EngineConfig) -> anyhow::Result<PathBuf> {
    let Some(tests) = tests(sheet)? else {
        bail!(
            "no exercise of `{}` has hidden tests; write `hidden = true` in its key",
            sheet.path.display()
        );
    };
    compile(sheet, &tests, config)?;
    Ok(tests.library)
}

fn compile(sheet: &Sheet, tests: &Tests, config: &EngineConfig) -> anyhow::Result<()> {
    let Some((path, text)) = &tests.source else {
        bail!("there are no hidden tests in `{}`; write them there", tests.path.display());
    };
    fits(sheet.exercises(), path, text).map_err(|it| anyhow!(words::fault(&it)))?;
    let library = start::hidden_tests(config, path)?;
    let stamp = hidden::stamp(&library, text, &config.prelude);
    put(&tests.library, &[&library, stamp.as_bytes()])
}

fn put(path: &Path, parts: &[&[u8]]) -> anyhow::Result<()> {
    write::file(path, parts, Readers::Everybody)
        .with_context(|| format!("could not write `{}`", path.display()))
}

/// The fault of a lesson's library, for `akari lesson check`.
pub fn findings(sheet: &Sheet, prelude: &Path) -> anyhow::Result<Vec<Finding>> {
    let Some(tests) = tests(sheet)? else { return Ok(Vec::new()) };
    let fits = |(path, text): &(PathBuf, String)| fits(sheet.exercises(), path, text).err();
    let unfit = tests.source.as_ref().and_then(fits);
    let library = fault(&tests, prelude).map(|it| Fault::Library { why: words::whole(&it) });
    Ok(unfit.into_iter().chain(library).map(|it| sheet.finding("", it)).collect())
}

/// Puts the library beside a learner's version of a lesson; one that is not of today is compiled anew first.
pub fn hand_out(sheet: &Sheet, learners: &Path) -> anyhow::Result<()> {
    let Some(tests) = tests(sheet)? else { return Ok(()) };
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    if let Some(fault) = fault(&tests, &prelude) {
        if tests.source.is_none() {
            bail!("{fault}; run `akari lesson hide` where `{}` is", tests.path.display());
        }
        compile(sheet, &tests, &engine_config(Choice::Instant, toolchain, prelude)?)?;
    }
    let name = tests.library.file_name().unwrap_or_default();
    let copy = learners.with_file_name(name);
    if copy != tests.library {
        let library = fs::read(&tests.library)
            .with_context(|| format!("could not read `{}`", tests.library.display()))?;
        put(&copy, &[&library])?;
    }
    Ok(())
}
