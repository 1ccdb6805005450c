//! evcxr's thread, and what it says in plain data.

use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, SendError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use evcxr::{CommandContext, CompilationError, Error, EvalCallbacks, EvalContext, EvalOutputs};

use crate::protocol::cells::{Failure, Label, Message};
use crate::session::Settings;
use crate::{child, compiler};

/// Before the first cell: what every cell sees, and how its last value is displayed.
///
/// Without the trait evcxr would compile a cell twice that ends in a value, and not at all where
/// rustc speaks of the prelude's trait of this name.
const FIRST_CELL: &str = r#"
use akari::prelude::*;
trait EvcxrDisplay {
    fn evcxr_display(&self);
}
impl<T: std::fmt::Debug + ?Sized> EvcxrDisplay for T {
    fn evcxr_display(&self) {
        if std::any::type_name::<T>() == "()" {
            return;
        }
        let text = match akari::rt::as_tensor(self) {
            Some(tensor) => akari::__text!(*tensor),
            None => format!("{self:?}"),
        };
        println!("EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT");
    }
}
"#;

/// evcxr parses cells on its thread, as deep as the kernel lets them be. Only reserved.
const STACK: usize = 64 << 20;

/// What happens while a cell runs.
#[derive(Debug)]
pub enum Event {
    Stdout(String),
    Stderr(String),
    Input { prompt: String, is_password: bool, answer: Sender<String> },
    Finished(Answer),
}

/// The end of a cell.
#[derive(Debug)]
pub struct Answer {
    /// Representations of the last value, or why the cell did not come to its end.
    pub result: Result<Vec<(String, String)>, Failure>,
    /// Whether anything was compiled and run.
    pub has_run: bool,
    /// Variables with their types, and items without.
    pub names: Vec<(String, String)>,
}

/// Ends the process that runs cells, from any thread; evcxr then starts another.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Mutex<Child>>);

impl Handle {
    pub fn kill(&self) {
        // It may have ended by itself.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

/// The thread.
#[derive(Debug)]
pub struct Worker {
    cells: Sender<String>,
    handle: Handle,
}

impl Worker {
    /// Starts evcxr, and waits until it can take cells.
    pub fn start(settings: Settings) -> Result<(Worker, Receiver<Event>), String> {
        let (cells, cell_queue) = mpsc::channel::<String>();
        let (events, event_queue) = mpsc::channel();
        let (ready, readiness) = mpsc::channel();
        let run = move || {
            let started = catch_unwind(AssertUnwindSafe(|| context(&settings, &events)));
            let started = started.unwrap_or_else(|_| Err("it panicked".to_owned()));
            let mut context = match started {
                Ok(context) => context,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let _ = ready.send(Ok(Handle(context.process_handle())));
            while let Ok(code) = cell_queue.recv() {
                let answer = execute(&mut context, &code, &events);
                if events.send(Event::Finished(answer)).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new()
            .name("evcxr".into())
            .stack_size(STACK)
            .spawn(run)
            .map_err(|error| error.to_string())?;
        let handle = readiness.recv().unwrap_or_else(|_| Err("its thread has ended".to_owned()))?;
        Ok((Worker { cells, handle }, event_queue))
    }

    pub fn run(&self, code: String) -> Result<(), SendError<String>> {
        self.cells.send(code)
    }

    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

/// Starts evcxr with the prelude in scope.
pub fn context(settings: &Settings, events: &Sender<Event>) -> Result<CommandContext, String> {
    let mut command = Command::new(&settings.program);
    let libraries = std::env::join_paths([&settings.prelude, &settings.std_folder])
        .map_err(|error| error.to_string())?;
    command
        .arg(child::ROLE)
        // Whoever kills this program's group leaves that process the time to remove files.
        .process_group(0)
        .env(&settings.library_paths, libraries)
        .env(child::FOLDER, &settings.folder)
        .env(child::LIBRARY, &settings.library);
    match &settings.temporary {
        Some(temporary) => command.env("TMPDIR", temporary),
        None => command.env_remove("TMPDIR"),
    };
    let (context, outputs) =
        EvalContext::with_subprocess_command(command).map_err(|error| error.to_string())?;
    let mut context = CommandContext::with_eval_context(context);
    let variables = [
        ("RUSTC_WRAPPER", &settings.program),
        (compiler::COMPILER, &settings.rustc),
        (compiler::PRELUDE, &settings.library),
        (compiler::CRATES, &settings.crates),
    ];
    let mut code: String = variables
        .iter()
        .map(|(name, path)| format!(":build_env {name}={}\n", path.display()))
        .collect();
    // The prelude is optimised; a cell is to start soon.
    code.push_str(&format!(":opt 0\n:dep akari = {{ path = {:?} }}\n", settings.akari));
    code.push_str(FIRST_CELL);
    // evcxr waits until what cells print has been taken.
    pass_on("stdout", outputs.stdout, events.clone(), Event::Stdout)?;
    pass_on("stderr", outputs.stderr, events.clone(), Event::Stderr)?;
    context.execute(&code).map_err(|error| format!("{error:?}"))?;
    Ok(context)
}

fn pass_on(
    name: &str,
    lines: impl IntoIterator<Item = String> + Send + 'static,
    events: Sender<Event>,
    event: fn(String) -> Event,
) -> Result<(), String> {
    let pass = move || {
        for line in lines {
            if events.send(event(line)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name(name.into())
        .spawn(pass)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn execute(context: &mut CommandContext, code: &str, events: &Sender<Event>) -> Answer {
    let ask = |prompt, is_password| {
        let (answer, line) = mpsc::channel();
        let _ = events.send(Event::Input { prompt, is_password, answer });
        line.recv().unwrap_or_default()
    };
    let mut callbacks =
        EvalCallbacks { input_reader: &|request| ask(request.prompt, request.is_password) };
    let run = || context.execute_with_callbacks(code, &mut callbacks);
    let result = catch_unwind(AssertUnwindSafe(run));
    let result = match result {
        Ok(result) => result.map_err(failure),
        Err(_) => Err(Failure::Other("evcxr panicked; the session may be incomplete".to_owned())),
    };
    let variables =
        context.variables_and_types().map(|(name, text)| (name.to_owned(), text.to_owned()));
    let items = context.defined_item_names().map(|name| (name.to_owned(), String::new()));
    Answer {
        names: variables.chain(items).filter(|(name, _)| name != "EvcxrDisplay").collect(),
        has_run: result.as_ref().is_ok_and(|it| !it.phases.is_empty()),
        result: result.map(contents),
    }
}

fn contents(outputs: EvalOutputs) -> Vec<(String, String)> {
    outputs.content_by_mime_type.into_iter().collect()
}

fn failure(error: Error) -> Failure {
    match error {
        Error::CompilationErrors(errors) => {
            Failure::NotCompiled(errors.iter().map(message).collect())
        }
        Error::SubprocessTerminated(text) => Failure::ProcessEnded(text),
        error => Failure::Other(error.to_string()),
    }
}

fn message(error: &CompilationError) -> Message {
    let mut messages: Vec<_> = error.spanned_messages().iter().collect();
    messages.sort_by_key(|it| !it.is_primary);
    let place = |line: usize, column: usize| (from_zero(line), from_zero(column));
    let labels = messages.iter().filter_map(|it| {
        let span = it.span?;
        Some(Label {
            start: place(span.start_line, span.start_column),
            end: place(span.end_line, span.end_column),
            text: it.label.clone(),
        })
    });
    Message {
        code: error.code().map(str::to_owned),
        text: error.message(),
        labels: labels.collect(),
        notes: error.evcxr_extra_hint().map(str::to_owned).into_iter().collect(),
        helps: error.help(),
    }
}

fn from_zero(number: usize) -> u32 {
    u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX)
}
