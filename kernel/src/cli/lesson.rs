//! `akari lesson`: for authors and teachers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::config::{Choice, engine_config};
use super::{args, find_prelude, hidden, say, words};
use crate::engine::outcome::Output;
use crate::engine::stop::Stop;
use crate::engine::{EngineConfig, Language, start};
use crate::lesson::finding::{Fault, Finding};
use crate::lesson::sheet::Sheet;
use crate::lesson::{parallel, rehearse, student, template};
use crate::notebook::format::{CellOutput, CodeCell, Notebook};
use crate::notebook::run::{Finished, Observer, run};
use crate::notebook::store;
use crate::setup::toolchain::Toolchain;

pub fn lesson(arguments: &args::Lesson) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        args::LessonCommand::New(arguments) => new(arguments),
        args::LessonCommand::Check(arguments) => check(arguments),
        args::LessonCommand::Hide(arguments) => hide(arguments),
        args::LessonCommand::Student(arguments) => learners(arguments),
        args::LessonCommand::Warm(arguments) => warm(arguments),
    }
}

fn new(arguments: &args::LessonNew) -> anyhow::Result<ExitCode> {
    let Some(number) = template::number(&arguments.name) else {
        bail!(
            "`{}` is no name of a lesson; write a number and some words, as in 09-attention",
            arguments.name
        );
    };
    let toolchain = Toolchain::find()?;
    let version = toolchain.version.split_whitespace().nth(1).unwrap_or_default();
    let template = template::template(number, version);
    let text = |root: serde_json::Value| Notebook::of_json(root).to_text();
    let notebook = format!("{}.ipynb", arguments.name);
    let files = [
        (arguments.dir.join("ja").join(&notebook), text(template.ja)),
        (arguments.dir.join("en").join(&notebook), text(template.en)),
        (arguments.dir.join("keys").join(format!("{number}.toml")), template.key),
    ];
    if let Some((path, _)) = files.iter().find(|it| it.0.exists()) {
        bail!("`{}` is there already; choose another number or name", path.display());
    }
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("could not make `{}`", folder.display()))?;
        }
        store::write(&text, &path)?;
        say(&path.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

fn check(arguments: &args::LessonCheck) -> anyhow::Result<ExitCode> {
    let sheets: Vec<Sheet> = arguments.files.iter().map(|it| read(it)).collect::<Result<_, _>>()?;
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    let config = engine_config(Choice::Instant, toolchain, prelude)?;
    let mut count = 0;
    let mut tell = |findings: Vec<Finding>| {
        count += findings.len();
        findings.iter().for_each(|it| say(&line(it)));
    };
    for sheet in &sheets {
        tell(sheet.findings());
        tell(hidden::findings(sheet, &config.prelude)?);
        match parallel::sibling(&sheet.path) {
            Some(path) if path.is_file() => tell(parallel::findings(sheet, &read(&path)?)),
            Some(beside) => tell(vec![sheet.finding("", Fault::NoOtherLanguage { beside })]),
            None => {}
        }
        // Stored outputs are in the language of the lesson, whatever the author's own.
        let language = sheet.path.parent().and_then(Language::of_folder);
        let config_of_lesson = EngineConfig { language, ..config.clone() };
        let cells = rehearse::unsolved(sheet);
        tell(rehearse::of_unsolved(sheet, &cells, &outputs(sheet, &cells, &config_of_lesson)?));
        if !sheet.exercises().is_empty() {
            let language = words::language();
            let config = EngineConfig { language: Some(language), ..config.clone() };
            let cells = rehearse::solved(sheet, language);
            tell(rehearse::of_solved(sheet, &cells, &outputs(sheet, &cells, &config)?));
        }
    }
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A finding in one line, in the author's language.
fn line(finding: &Finding) -> String {
    let text = words::fault(&finding.fault).trim_end().replace('\n', " | ");
    match finding.place.as_str() {
        "" => format!("{}: {text}", finding.file.display()),
        place => format!("{}: {place}: {text}", finding.file.display()),
    }
}

/// The notebook with its key, if it has exercises.
fn read(path: &Path) -> anyhow::Result<Sheet> {
    let path = std::path::absolute(path)?;
    let sheet = Sheet::new(&path, Notebook::read(&path)?, None);
    let Some(id) = sheet.calls("check").map(|it| it.1.to_owned()).next() else { return Ok(sheet) };
    let named = std::env::var_os("AKARI_KEYS").filter(|it| !it.is_empty());
    let folder = path.parent().unwrap_or(Path::new("/"));
    let file =
        akari_key::find(akari_key::lesson_of(&id)?, folder, named.as_deref().map(Path::new))?;
    let key = akari_key::read(&file)?;
    Ok(Sheet { key: Some((file, key)), ..sheet })
}

/// What the cells put out in a session of their own.
fn outputs(
    sheet: &Sheet,
    cells: &[CodeCell],
    config: &EngineConfig,
) -> anyhow::Result<Vec<Vec<CellOutput>>> {
    if let Some(folder) = sheet.path.parent() {
        std::env::set_current_dir(folder)
            .with_context(|| format!("could not enter `{}`", folder.display()))?;
    }
    let mut engine = start::start(config)?;
    let run = run(cells, engine.as_mut(), &mut Unseen, &Stop::default());
    Ok((0..run.len()).map(|at| run.outputs(at).to_vec()).collect())
}

struct Unseen;

impl Observer for Unseen {
    fn begin(&mut self, _: usize, _: &CodeCell) {}

    fn output(&mut self, _: &Output) {}

    fn end(&mut self, _: &Finished<'_>) {}

    fn is_over(&self) -> bool {
        false
    }
}

fn hide(arguments: &args::LessonHide) -> anyhow::Result<ExitCode> {
    let sheets: Vec<Sheet> = arguments.files.iter().map(|it| read(it)).collect::<Result<_, _>>()?;
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    let config = engine_config(Choice::Instant, toolchain, prelude)?;
    for sheet in &sheets {
        say(&hidden::hide(sheet, &config)?.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

fn learners(arguments: &args::LessonStudent) -> anyhow::Result<ExitCode> {
    let sheet = read(&arguments.file)?;
    let root =
        if arguments.nbgrader { student::nbgrader(&sheet) } else { student::learners(&sheet) };
    let text = Notebook::of_json(root).to_text();
    match &arguments.output {
        Some(path) => {
            let path = std::path::absolute(path)?;
            if path == sheet.path {
                bail!("--output would write over the teacher's notebook; name another file");
            }
            hidden::hand_out(&sheet, &path)?;
            store::write(&text, &path)?;
        }
        None => say(text.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

fn warm(arguments: &args::LessonWarm) -> anyhow::Result<ExitCode> {
    let sheets: Vec<Sheet> = arguments.files.iter().map(|it| read(it)).collect::<Result<_, _>>()?;
    let into: Option<PathBuf> = arguments.into.as_ref().map(std::path::absolute).transpose()?;
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    let mut config = engine_config(Choice::Instant, toolchain, prelude)?;
    if let Some(home) = into {
        config.cells.own = Some(home.join("cells"));
        config.cells.readers = crate::home::readers(&home);
    }
    for sheet in &sheets {
        outputs(sheet, &rehearse::unsolved(sheet), &config)?;
        outputs(sheet, &rehearse::solved(sheet, words::language()), &config)?;
        say(&sheet.path.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}
