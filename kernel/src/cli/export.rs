//! `akari export`: a notebook as a cargo project, or the text of its program.

use std::io::{Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use console::strip_ansi_codes;

use super::config::{Choice, engine_config};
use super::{args, find_prelude, run, say, words};
use crate::engine::exported::{Part, Program, ProgramError};
use crate::engine::start;
use crate::engine::stop::Stop;
use crate::export::{self, Prelude, Project};
use crate::notebook::format::{CellOutput, Notebook};
use crate::setup::checkout::{self, checkout};
use crate::setup::toolchain::Toolchain;

pub fn export(arguments: &args::Export) -> anyhow::Result<ExitCode> {
    let path = std::path::absolute(&arguments.notebook)?;
    let notebook = Notebook::read(&arguments.notebook)?;
    let folder = arguments.dir.as_deref().map(std::path::absolute).transpose()?;
    if let Some(folder) = &folder {
        export::check(folder, arguments.force)?;
    }
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    let (cargo, formatter) = (toolchain.cargo.clone(), toolchain.rustc.with_file_name("rustfmt"));
    let config = engine_config(Choice::Instant, toolchain, prelude)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Files that cells name are beside the notebook.
    let beside = path.parent().unwrap_or(Path::new("/"));
    std::env::set_current_dir(beside)
        .with_context(|| format!("could not enter `{}`", beside.display()))?;
    let stop = Stop::default();
    run::stop_on_signals(stop.clone())?;
    let parts = parts(&notebook);
    let program = match start::program(&config, &parts, &stop) {
        Ok(program) => program,
        Err(start::ProgramStart::Engine(error)) => return Err(error.into()),
        Err(start::ProgramStart::Program(error)) => return refused(&error, &stop),
    };
    let title = title(&parts);
    let keys = program.has_exercises.then(|| keys(beside)).flatten();
    let sources = checkout();
    let project = Project {
        notebook: &name,
        title: title.as_deref(),
        prelude: match checkout::is_carried() {
            true => Prelude::Copied(sources.clone()),
            false => Prelude::Checkout(sources.clone()),
        },
        sources: &sources,
        keys: keys.as_deref(),
        cargo: &cargo,
    };
    let main = export::main_text(&project, &program, &formatter);
    match &folder {
        Some(folder) => {
            export::write(folder, arguments.force, &project, &program, &main)?;
            tell(folder, &program);
        }
        None => stdout().write_all(main.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The notebook's cells, as the engine takes them.
fn parts(notebook: &Notebook) -> Vec<Part> {
    let code = notebook.code_cells();
    let all = notebook.read_cells().into_iter().enumerate();
    all.filter_map(|(index, cell)| {
        if let Some(at) = code.iter().position(|it| it.index == index) {
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let has_failed = cell.outputs.iter().any(|it| matches!(it, CellOutput::Error(_)));
            let source = cell.source;
            return Some(Part::Code { number, source, may_fail: code[at].may_fail, has_failed });
        }
        (cell.kind == "markdown" && !cell.source.trim().is_empty())
            .then_some(Part::Text(cell.source))
    })
    .collect()
}

/// The notebook's first heading.
fn title(parts: &[Part]) -> Option<String> {
    parts.iter().find_map(|part| match part {
        Part::Text(text) => {
            let line = text.lines().find(|it| it.starts_with("# "))?;
            Some(line.trim_start_matches('#').trim().to_owned())
        }
        Part::Code { .. } => None,
    })
}

/// The folder of keys that exercises of a notebook in this folder have.
fn keys(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|it| it.join("keys")).find(|it| it.is_dir())
}

fn refused(error: &ProgramError, stop: &Stop) -> anyhow::Result<ExitCode> {
    if stop.wish().is_some() {
        run::complain(&words::told("stopped; nothing was written", &[]));
        return Ok(ExitCode::from(130));
    }
    if let ProgramError::Cell { error, .. } | ProgramError::Whole { error } = error {
        let text = error.traceback.join("\n");
        let _ = writeln!(stderr(), "{}", strip_ansi_codes(&text));
    }
    let nothing = words::told("nothing was written", &[]);
    run::complain(&format!("{}; {nothing}", words::whole(&error.to_string())));
    Ok(ExitCode::FAILURE)
}

fn tell(folder: &Path, program: &Program) {
    let shown = folder.display().to_string();
    say(&words::told("wrote {}; run it by `cargo run --release` there", &[&shown]));
    if !program.left_out.is_empty() {
        let cells: Vec<String> = program.left_out.iter().map(ToString::to_string).collect();
        say(&words::told("left out: code cells {}", &[&cells.join(", ")]));
    }
}
