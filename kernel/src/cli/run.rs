//! `akari run`: a notebook without Jupyter; what is printed meanwhile, and the exit code.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use console::strip_ansi_codes;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::config::engine_config;
use super::pictures::Pictures;
use super::{args, evcxr_program, find_prelude, words};
use crate::engine::outcome::{MimeBundle, Output};
use crate::engine::start;
use crate::engine::stop::{Stop, Wish};
use crate::notebook::check;
use crate::notebook::format::{CellOutput, CodeCell, Notebook};
use crate::notebook::page;
use crate::notebook::run::{Finished, Observer, run as run_cells};
use crate::notebook::store;
use crate::setup::toolchain::Toolchain;

pub fn run(arguments: &args::Run) -> anyhow::Result<ExitCode> {
    let path = std::path::absolute(&arguments.notebook)?;
    let mut notebook = Notebook::read(&arguments.notebook)?;
    let output = target(arguments.output.as_deref())?;
    let html = target(arguments.html.as_deref())?;
    if html.as_ref().is_some_and(|it| *it == path || output.as_ref() == Some(it)) {
        anyhow::bail!("--html would write over a notebook; name another file");
    }
    let cells = notebook.code_cells();
    let toolchain = Toolchain::find()?;
    let prelude = find_prelude(&toolchain)?;
    evcxr_program::prepare(arguments.engine, &toolchain)?;
    let config = engine_config(arguments.engine, toolchain, prelude)?;
    // Jupyter runs a notebook in its own folder too, so that relative paths in it mean the same.
    if let Some(folder) = path.parent() {
        std::env::set_current_dir(folder)
            .with_context(|| format!("could not enter `{}`", folder.display()))?;
    }
    let mut engine = start::start(&config)?;
    let stop = Stop::default();
    stop_on_signals(stop.clone())?;
    let goes_on_unseen = output.is_some() || html.is_some() || arguments.check;
    let mut screen = Screen::new(cells.len(), goes_on_unseen);
    if !arguments.check {
        screen.pictures = Some(Pictures::new(&path));
    }
    if arguments.check {
        screen.stored = Some(cells.iter().map(|it| notebook.outputs(it.index)).collect());
    }
    let run = run_cells(&cells, engine.as_mut(), &mut screen, &stop);
    // The process that runs cells and the temporary files go before the last words.
    drop(engine);
    if stop.wish().is_some() {
        complain(&words::told("stopped; nothing was written", &[]));
        return Ok(ExitCode::from(130));
    }
    run.store(&cells, &mut notebook);
    if let Some(output) = &output {
        store::write(&notebook.to_text(), output)?;
    }
    if let Some(html) = &html {
        let page = silently(|| page::html(&notebook, &name(&path), &|it| beside(&path, it)));
        store::write(&page, html)?;
    }
    if arguments.check {
        screen.summary(run.len());
    }
    if let Some(number) = run.failed {
        complain(&failure_line(&arguments.notebook, number, cells.len()));
    }
    let is_good = run.failed.is_none() && screen.different == 0;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The path of a file that is to be written, if it can be.
fn target(path: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let Some(path) = path else { return Ok(None) };
    let path = std::path::absolute(path)?;
    store::check_writable(&path)?;
    Ok(Some(path))
}

fn name(notebook: &Path) -> String {
    notebook.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Does work in which panics are caught, and told to nobody.
fn silently<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = work();
    std::panic::set_hook(hook);
    done
}

/// A picture that a notebook's text names, unless it is larger than any page should be.
fn beside(notebook: &Path, name: &str) -> Option<Vec<u8>> {
    const MOST: u64 = 16 << 20;
    let path = notebook.with_file_name("").join(name);
    let is_picture = path.metadata().is_ok_and(|it| it.is_file() && it.len() <= MOST);
    is_picture.then(|| std::fs::read(path).ok()).flatten()
}

fn failure_line(notebook: &Path, number: usize, count: usize) -> String {
    let rest = match count - number {
        0 => String::new(),
        1 => words::told("; the cell after it did not run", &[]),
        rest => words::told("; the {} cells after it did not run", &[&rest.to_string()]),
    };
    words::told(
        "code cell {} of {} in `{}` failed{}",
        &[&number.to_string(), &count.to_string(), &notebook.to_string_lossy(), &rest],
    )
}

pub(super) fn complain(line: &str) {
    let _ = writeln!(stderr(), "akari: {line}");
}

/// Stops the running cell at Ctrl-C, `kill` and a closed terminal, so that the run ends in order;
/// a second one doesn't wait for the cell.
pub(super) fn stop_on_signals(stop: Stop) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate, mut hangup) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        )
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            let mut wish = Wish::Interrupt;
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                stop.raise(wish);
                wish = Wish::End;
            }
        });
    });
    Ok(())
}

/// What the user sees: outputs on stdout, and on a terminal what runs at the moment on stderr.
struct Screen {
    count: usize,
    has_terminal: bool,
    has_colors: bool,
    spinner: Option<ProgressBar>,
    is_line_open: bool,
    /// Nobody reads stdout any more.
    is_unread: bool,
    goes_on_unseen: bool,
    /// The stored outputs of each cell, if they are to be compared.
    stored: Option<Vec<Vec<CellOutput>>>,
    different: usize,
    /// Where pictures go, if they are to be written.
    pictures: Option<Pictures>,
    /// The cell's displays that may still change, by their ids: each is shown once, as it is in the end.
    changing: Vec<(String, MimeBundle)>,
}

impl Screen {
    fn new(count: usize, goes_on_unseen: bool) -> Screen {
        Screen {
            count,
            has_terminal: stderr().is_terminal(),
            has_colors: stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()),
            spinner: None,
            is_line_open: false,
            is_unread: false,
            goes_on_unseen,
            stored: None,
            different: 0,
            pictures: None,
            changing: Vec::new(),
        }
    }

    fn print(&mut self, text: &str) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
        if text.is_empty() || self.is_unread {
            return;
        }
        let mut stdout = stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        self.is_unread = written.is_err();
        self.is_line_open = !text.ends_with('\n');
    }

    fn print_line(&mut self, text: &str) {
        let start = if self.is_line_open { "\n" } else { "" };
        let text = if self.has_colors { text.into() } else { strip_ansi_codes(text) };
        self.print(&format!("{start}{text}\n"));
    }

    fn bundle(&mut self, data: &MimeBundle) {
        let mut line = match data.get("text/plain").and_then(|it| it.as_str()) {
            Some(text) => text.trim_end_matches('\n').to_owned(),
            None => {
                let types: Vec<&str> = data.keys().map(String::as_str).collect();
                format!("<{}>", types.join(", "))
            }
        };
        match self.pictures.as_mut().map(|pictures| pictures.write(data)) {
            Some(Ok(Some(file))) => line.push_str(&format!(" -> {file}")),
            Some(Err(error)) => {
                complain(&words::whole(&format!("pictures are not written: {error}")));
                self.pictures = None;
            }
            None | Some(Ok(None)) => {}
        }
        self.print_line(&line);
    }

    /// A display that may change, or has changed.
    fn change(&mut self, id: &str, data: &MimeBundle) {
        match self.changing.iter_mut().find(|known| known.0 == id) {
            Some(known) => known.1.clone_from(data),
            None => self.changing.push((id.to_owned(), data.clone())),
        }
    }

    fn diff(&mut self, finished: &Finished<'_>) {
        let Some(stored) = self.stored.as_ref().and_then(|it| it.get(finished.number - 1)) else {
            return;
        };
        let (number, count) = (finished.number.to_string(), self.count.to_string());
        let name = words::told("cell {} of {}", &[&number, &count]);
        let Some(diff) = check::diff(&name, stored, finished.outputs) else {
            return;
        };
        self.different += 1;
        for line in diff.lines() {
            self.print_line(&colored(line));
        }
    }

    fn summary(&mut self, ran: usize) {
        let sentence = match self.count {
            1 => "{} cell: {} as stored, {} different",
            _ => "{} cells: {} as stored, {} different",
        };
        let counts = [self.count, ran - self.different, self.different].map(|it| it.to_string());
        let mut line = words::told(sentence, &counts.each_ref().map(String::as_str));
        if ran < self.count {
            line += &words::told(", {} not run", &[&(self.count - ran).to_string()]);
        }
        self.print_line(&line);
    }
}

fn colored(line: &str) -> String {
    let color = match line.as_bytes().first() {
        _ if line.starts_with("---") || line.starts_with("+++") => "1",
        Some(b'-') => "31",
        Some(b'+') => "32",
        Some(b'@') => "36",
        _ => return line.to_owned(),
    };
    format!("\x1b[{color}m{}\x1b[0m", strip_ansi_codes(line))
}

impl Observer for Screen {
    fn begin(&mut self, number: usize, cell: &CodeCell) {
        if let Some(pictures) = &mut self.pictures {
            pictures.begin(number);
        }
        let first = cell.source.lines().find(|it| !it.trim().is_empty()).unwrap_or("").trim();
        let mark = format!("[{number}/{}] {first}", self.count);
        if !self.has_terminal {
            // In a log, the mark tells which cell said what follows.
            let _ = writeln!(stderr(), "{mark}");
            return;
        }
        let _ = writeln!(stderr(), "\x1b[2m{mark}\x1b[0m");
        let style = ProgressStyle::with_template("{spinner} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner =
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        spinner.enable_steady_tick(Duration::from_millis(100));
        self.spinner = Some(spinner);
    }

    fn output(&mut self, output: &Output) {
        match output {
            Output::Stream { text, .. } => self.print(text),
            Output::Display { data, display_id: Some(id), .. } => self.change(id, data),
            Output::Result { data } | Output::Display { data, .. } => self.bundle(data),
            // What is printed stays printed.
            Output::Clear { .. } => {}
            // A run shows their text instead.
            Output::Widget(_)
            | Output::ShowWidgets { .. }
            | Output::WidgetsEnded
            | Output::Area { .. }
            | Output::Capture { .. }
            | Output::ClearArea { .. } => {}
        }
    }

    fn end(&mut self, finished: &Finished<'_>) {
        self.print("");
        for (_, data) in std::mem::take(&mut self.changing) {
            self.bundle(&data);
        }
        if self.is_line_open {
            self.print("\n");
        }
        if let Some(error) = finished.error {
            self.print_line(&error.traceback.join("\n"));
        }
        self.diff(finished);
    }

    fn is_over(&self) -> bool {
        self.is_unread && !self.goes_on_unseen
    }
}
