//! From a cell to its library: generated, looked up among the compiled cells, or compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::cache::{Cache, Facts, Key};
use super::compile::later::Later;
use super::compile::{CompileError, Compiler, Library, Types, is_nameable};
use super::damage::damage;
use super::diagnose::{self, Meeting, Verdict};
use super::generate::{Source, broken, generate, needed, slot};
use super::identity::{Choice, Identities, Types as OwnTypes, types_of};
use super::libraries::Libraries;
use super::parse::Parsed;
use super::plan::Plan;
use super::stamp::{Layouts, may_hide};
use super::state::{Gone, KeptVariable, State};
use crate::engine::outcome::CellError;
use crate::engine::stop::Stop;
use crate::engine::syntax;
use crate::engine::traceback::{Message, Place, Sources, compile_error, plain_error};
use crate::engine::{Cell, CellId};

/// A cell that runs for longer is worth to be compiled with optimisation.
const LONG: Duration = Duration::from_secs(1);

/// Makes libraries in a folder of its own.
#[derive(Debug)]
pub struct Builder {
    pub compiler: Compiler,
    pub cache: Arc<Cache>,
    /// Cells as the learner typed them.
    pub sources: Sources,
    /// Generated sources of this session, for the places of panics; one of each text.
    pub generated: Vec<Arc<Source>>,
    /// Whose types the types of compiled cells are.
    pub identities: Identities,
    libraries: Libraries,
    later: Later,
    /// The seals of sources that were compiled with optimisation, or are about to be.
    optimised: BTreeSet<String>,
}

/// A compiled cell, and what it does to the session's variables.
#[derive(Debug)]
pub struct Compiled {
    pub library: PathBuf,
    pub source: Arc<Source>,
    pub types: Types,
    pub plan: Plan,
    /// The state that the cell was compiled for, with its own items.
    pub state: State,
}

/// A cell ready to be compiled.
struct Draft {
    plan: Plan,
    source: Source,
    /// Set where the generation of its types matters.
    identity: Option<(Choice, OwnTypes)>,
}

/// What compiling a source came to.
enum Attempt {
    Library(Library),
    /// All is right but for these variables, which are to be left out.
    Unkept(BTreeMap<String, Gone>),
}

impl Builder {
    pub fn new(compiler: Compiler, cache: Arc<Cache>, folder: PathBuf) -> Builder {
        Builder {
            compiler,
            cache,
            sources: Sources::new(),
            generated: Vec::new(),
            identities: Identities::default(),
            libraries: Libraries::new(folder),
            later: Later::default(),
            optimised: BTreeSet::new(),
        }
    }

    /// Compiles a cell that meets `state`; where a variable can't be kept, once more without it.
    pub fn build(
        &mut self,
        mut state: State,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Result<Compiled, CellError> {
        self.take_optimised();
        let mut draft = self.draft(&state, parsed, cell, BTreeMap::new());
        if let Some((choice, _)) = &draft.identity {
            let item = choice.reason.as_deref().unwrap_or("type");
            if state.forget_hidden(choice.generation, item, cell.id) {
                draft = self.draft(&state, parsed, cell, BTreeMap::new());
            }
        }
        let seal = draft.source.seal.clone();
        let key = Key::new(&seal, &draft.source.text);
        let found = self.libraries.find(&seal).map_err(|error| self.folder_error(&error))?;
        let found = match found {
            Some(found) => Some(found),
            None => self.cached(&seal, &key)?,
        };
        if let Some((Facts { types, unkept, .. }, library)) = found {
            if !unkept.is_empty() {
                let here = unkept.into_iter().map(|(name, gone)| (name, gone.in_cell(cell.id)));
                draft = self.draft(&state, parsed, cell, here.collect());
            }
            return Ok(self.compiled(state, draft, library, types));
        }
        if let Some(seal) = self.later.give_way() {
            // Its next long run asks for it again.
            self.optimised.remove(&seal);
        }
        let (draft, library) = self.compile(&state, parsed, cell, draft)?;
        let named = self.libraries.take(&draft.source.seal, &library.path);
        let path = named.map_err(|error| self.folder_error(&error))?;
        if library.is_pure && !self.compiler.dependencies.may_read(&draft.source.text) {
            let facts = Facts {
                types: library.types.clone(),
                unkept: draft.plan.unkept.clone(),
                has_statics: library.has_statics,
            };
            self.libraries.remember(&seal, &facts, &path);
            if let Ok(bytes) = fs::read(&path) {
                self.cache.keep(&key, &facts, &bytes);
            }
        }
        Ok(self.compiled(state, draft, path, library.types))
    }

    /// A cell came to its end: one that ran for long is compiled again with optimisation, unless the
    /// learner has chosen a level, and its next run uses that. While another one is compiled so, a
    /// later run of this cell asks again.
    pub fn ran(&mut self, source: &Source, took: Duration) {
        self.take_optimised();
        let is_worth_it = took > LONG && !self.compiler.is_level_chosen;
        if is_worth_it
            && !self.later.is_busy()
            && self.libraries.facts(&source.seal).is_some()
            && self.optimised.insert(source.seal.clone())
        {
            self.later.start(&self.compiler, source, self.libraries.folder());
        }
    }

    /// Takes over what was compiled with optimisation meanwhile.
    fn take_optimised(&mut self) {
        let Some((seal, library)) = self.later.finished() else { return };
        let known = self.libraries.facts(&seal).cloned();
        let Some(facts) = known.filter(|it| it.types == library.types && library.is_pure) else {
            return;
        };
        if let Ok(path) = self.libraries.take(&seal, &library.path) {
            self.libraries.remember(&seal, &facts, &path);
        }
    }

    fn draft(
        &self,
        state: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
        unkept: BTreeMap<String, Gone>,
    ) -> Draft {
        let plan = Plan::new(state, parsed, unkept);
        let items = needed(state, parsed, &plan);
        let source = generate(state, &items, parsed, &plan, cell.id, cell.silent);
        let compiler = self.compiler.identity(&source.text);
        let has_crates = !self.compiler.dependencies.arguments(&source.text).is_empty();
        let identity = (has_crates || may_hide(&source.text)).then(|| {
            let types = types_of(&items, &Layouts::new(state, cell.id));
            (self.identities.choose(state.generation, &types), types)
        });
        let generation = identity.as_ref().map_or(0, |(choice, _)| choice.generation);
        Draft { plan, source: source.sealed(&compiler, generation), identity }
    }

    /// A cell that was compiled before, by whomever.
    fn cached(&mut self, seal: &str, key: &Key) -> Result<Option<(Facts, PathBuf)>, CellError> {
        let Some((facts, bytes)) = self.cache.find(key) else { return Ok(None) };
        let written = self.libraries.write(seal, &facts, &bytes);
        let library = written.map_err(|error| self.folder_error(&error))?;
        Ok(Some((facts, library)))
    }

    fn compiled(
        &mut self,
        mut state: State,
        draft: Draft,
        library: PathBuf,
        types: Types,
    ) -> Compiled {
        let Draft { plan, source, identity } = draft;
        if let Some((choice, own)) = identity {
            state.generation = choice.generation;
            self.identities.adopt(choice.generation, own);
        }
        self.generated.retain(|it| it.file != source.file);
        let source = Arc::new(source);
        self.generated.push(Arc::clone(&source));
        Compiled { library, source, types, plan, state }
    }

    /// Runs the compiler, once more for each discovery of a variable that can't be kept.
    fn compile(
        &self,
        state: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
        mut draft: Draft,
    ) -> Result<(Draft, Library), CellError> {
        loop {
            let meeting = Meeting { state, parsed, plan: &draft.plan, cell: cell.id };
            match self.attempt(&draft.source, &meeting, cell.stop)? {
                Attempt::Library(library) => return Ok((draft, library)),
                Attempt::Unkept(unkept) => draft = self.draft(state, parsed, cell, unkept),
            }
        }
    }

    /// Compiles a source. An error is the learner's, or says that the compiler is of no use.
    fn attempt(
        &self,
        source: &Source,
        meeting: &Meeting<'_>,
        stop: &Stop,
    ) -> Result<Attempt, CellError> {
        let diagnostics = match self.compiler.compile(source, self.libraries.folder(), stop) {
            Ok(library) => return Ok(Attempt::Library(library)),
            Err(error) => match (damage(&error, &self.compiler.prelude), error) {
                (Some(damaged), _) => return Err(damaged),
                (None, CompileError::Code(diagnostics)) => diagnostics,
                (None, error) => return Err(compiler_error(&error)),
            },
        };
        let more = match diagnose::diagnose(&diagnostics, source, meeting) {
            Verdict::Errors(messages) => return Err(compile_error(&messages, &self.sources)),
            Verdict::Unkept(names) => names,
        };
        let known = &meeting.plan.unkept;
        let mut unkept = known.clone();
        unkept.extend(more);
        if unkept == *known {
            return Err(plain_error("CompilerError", "the cell's variables could not be kept"));
        }
        Ok(Attempt::Unkept(unkept))
    }

    fn folder_error(&self, error: &std::io::Error) -> CellError {
        let folder = self.libraries.folder().display();
        plain_error("CompilerError", &format!("could not write to `{folder}`: {error}"))
    }

    /// The error of a text that isn't a list of statements, in the compiler's words.
    pub fn broken(&self, state: &State, cell: &Cell<'_>) -> CellError {
        if let Some((line, column)) = syntax::unclosed(cell.code) {
            let place = Place { cell: cell.id, start: (line, column), end: (line, column + 1) };
            let message = Message {
                text: "this cell contains an unclosed delimiter".to_owned(),
                labels: vec![(place, "unclosed delimiter".to_owned())],
                ..Message::default()
            };
            return compile_error(&[message], &self.sources);
        }
        let source = broken(cell.code, cell.id);
        match self.compiler.compile(&source, self.libraries.folder(), cell.stop) {
            Err(CompileError::Code(diagnostics)) => {
                let (parsed, plan) = (Parsed::default(), Plan::default());
                let meeting = Meeting { state, parsed: &parsed, plan: &plan, cell: cell.id };
                match diagnose::diagnose(&diagnostics, &source, &meeting) {
                    Verdict::Errors(messages) => compile_error(&messages, &self.sources),
                    Verdict::Unkept(_) => plain_error("CompileError", "the cell is not valid Rust"),
                }
            }
            Err(error) => compiler_error(&error),
            Ok(_) => plain_error("CompileError", "the cell is not valid Rust"),
        }
    }
}

/// The error of a compiler that had no errors of the code to tell.
fn compiler_error(error: &CompileError) -> CellError {
    let name = match error {
        CompileError::Stopped => "Interrupted",
        _ => "CompilerError",
    };
    plain_error(name, &error.to_string())
}

/// The state after a cell that came to its end.
pub fn commit(compiled: &Compiled, cell: CellId) -> State {
    let Compiled { types, plan, state, .. } = compiled;
    let layouts = Layouts::new(state, cell);
    let mut next = state.clone();
    for (name, gone) in plan.unkept.iter().filter(|(name, _)| !plan.keeps(name)) {
        next.variables.remove(name);
        next.gone.insert(name.clone(), gone.clone());
    }
    for (name, variable) in plan.new.iter().filter(|(name, _)| plan.keeps(name)) {
        next.variables.remove(name);
        match types.get(&slot(name)).filter(|it| is_nameable(it)) {
            Some(type_text) if !variable.is_closure => {
                next.gone.remove(name);
                let kept = KeptVariable {
                    type_text: type_text.clone(),
                    is_mut: variable.is_mut,
                    cell,
                    stamp: layouts.stamp(type_text),
                    generation: state.generation,
                };
                next.variables.insert(name.clone(), kept);
            }
            _ => {
                next.gone.insert(name.clone(), Gone::Unnameable { cell });
            }
        }
    }
    next
}
