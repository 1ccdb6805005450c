//! From a cell to its library: the cell's source is generated, and its library found among the
//! compiled cells or compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use akari_seam::path::locks_a_stream;

use super::aside::Unfit;
use super::broken::BrokenCell;
use super::cache::{Cache, Facts, Key};
use super::compile::later::Later;
use super::compile::{CompileError, Compiler, Library, Types, is_nameable};
use super::damage::damage;
use super::diagnose::{self, CellContext, Verdict};
use super::fn_items::with_pointers;
use super::generate::{Source, generate, needed, slot};
use super::identity::{Choice, Identities, Types as OwnTypes, types_of};
use super::layouts::{Layouts, may_hide};
use super::lessons::Teacher;
use super::libraries::Libraries;
use super::parse::Parsed;
use super::places::Generated;
use super::plan::Plan;
use super::state::{Absence, KeptVariable, State};
use crate::engine::outcome::CellError;
use crate::engine::stop::Stop;
use crate::engine::traceback::{Message, Sources, compile_error, plain_error};
use crate::engine::{Cell, CellId};

/// A cell that runs for longer than this is worth compiling with optimisation.
const LONG: Duration = Duration::from_secs(1);

/// Makes libraries in a folder of its own.
#[derive(Debug)]
pub struct Builder {
    pub compiler: Compiler,
    pub cache: Arc<Cache>,
    /// Cells as the learner typed them.
    pub sources: Sources,
    /// The generated sources of this session: places of panics are looked up there.
    pub generated: Generated,
    pub teacher: Teacher,
    /// The generations of types in this session.
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
    /// The types that the source defines and their generation, where the generation matters.
    identity: Option<(Choice, OwnTypes)>,
}

/// How compiling a source ended.
enum Compilation {
    Library(Library),
    /// The source is right, but these variables can't be kept and are to be left out.
    Unkept(BTreeMap<String, Absence>),
    /// These items of earlier cells do not fit what was redefined.
    Unfit(Vec<Unfit>),
    /// No cell can write the types of these variables.
    Unreadable(BTreeSet<String>),
}

/// The outcome of compiling a cell.
enum Made {
    /// A library, and the draft that became it.
    Library(Box<Draft>, Library),
    /// These items of earlier cells do not fit what was redefined.
    Unfit(Vec<Unfit>),
    /// No cell can write the types of these variables.
    Unreadable(BTreeSet<String>),
}

impl Builder {
    pub fn new(compiler: Compiler, cache: Arc<Cache>, folder: PathBuf) -> Builder {
        Builder {
            compiler,
            cache,
            sources: Sources::new(),
            generated: Generated::default(),
            teacher: Teacher::default(),
            identities: Identities::default(),
            libraries: Libraries::new(folder),
            later: Later::default(),
            optimised: BTreeSet::new(),
        }
    }

    /// Compiles a cell that meets `state`; where a variable can't be kept, once more without it.
    /// Where items of earlier cells don't fit, begins anew with a state without them, for which the
    /// cell may have been compiled before.
    pub fn build(
        &mut self,
        mut state: State,
        parsed: &Parsed,
        cell: &Cell<'_>,
    ) -> Result<Compiled, CellError> {
        self.take_optimised();
        let mut draft = self.first_draft(&mut state, parsed, cell);
        let seal = draft.source.seal.clone();
        let key = Key::new(&seal, &draft.source.text);
        let found = self.libraries.find(&seal).map_err(|error| self.folder_error(&error))?;
        let found = match found {
            Some(found) => Some(found),
            None => self.cached(&seal, &key)?,
        };
        if let Some((Facts { types, unkept, casts, .. }, library)) = found {
            if !unkept.is_empty() || !casts.is_empty() {
                let here =
                    unkept.into_iter().map(|(name, absence)| (name, absence.in_cell(cell.id)));
                draft = self.draft(&state, parsed, cell, here.collect(), casts);
            }
            return Ok(self.compiled(state, draft, library, types));
        }
        if let Some(seal) = self.later.give_way() {
            // The next long run of that cell asks for the optimisation again.
            self.optimised.remove(&seal);
        }
        let (draft, library) = match self.compile(&state, parsed, cell, draft)? {
            Made::Library(draft, library) => (*draft, library),
            Made::Unfit(items) => {
                state.set_aside(&items, cell.id);
                return self.build(state, parsed, cell);
            }
            Made::Unreadable(names) => {
                for name in &names {
                    let made = state.variables.get(name).map_or(cell.id, |it| it.cell);
                    state.forget(name, Absence::Unreadable { cell: made });
                }
                return self.build(state, parsed, cell);
            }
        };
        let named = self.libraries.take(&draft.source.seal, &library.path);
        let path = named.map_err(|error| self.folder_error(&error))?;
        // A function that compiles only without its notes is compiled so each time: the source that a session finds
        // again is the other one.
        let is_found_again = !draft.plan.is_untraced;
        if is_found_again
            && library.is_pure
            && !self.compiler.dependencies.may_read(&draft.source.text)
        {
            let facts = Facts {
                types: library.types.clone(),
                unkept: draft.plan.unkept.clone(),
                casts: draft.plan.casts.clone(),
                has_statics: library.has_statics,
            };
            self.libraries.remember(&seal, &facts, &path);
            if let Ok(bytes) = fs::read(&path) {
                self.cache.keep(&key, &facts, &bytes);
            }
        }
        Ok(self.compiled(state, draft, path, library.types))
    }

    /// The session's folder, where libraries are.
    pub fn folder(&self) -> &Path {
        self.libraries.folder()
    }

    /// Notes that a cell came to its end. A cell that ran for long is compiled again with
    /// optimisation, for its next run, unless the learner has chosen a level. While another cell is
    /// compiled so, a later run of this cell asks again.
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

    /// Whether a library of the source was, or is, compiled with optimisation after a long run.
    pub fn may_be_optimised(&self, seal: &str) -> bool {
        self.optimised.contains(seal)
    }

    /// Takes over the library that was compiled with optimisation meanwhile, if there is one.
    fn take_optimised(&mut self) {
        let Some((seal, library)) = self.later.finished() else { return };
        let known = self.libraries.facts(&seal).cloned();
        let Some(facts) = known.filter(|facts| facts.types == library.types && library.is_pure)
        else {
            return;
        };
        if let Ok(path) = self.libraries.take(&seal, &library.path) {
            self.libraries.remember(&seal, &facts, &path);
        }
    }

    /// A draft for a state, which loses the variables that its types can't be told from.
    fn first_draft(&self, state: &mut State, parsed: &Parsed, cell: &Cell<'_>) -> Draft {
        let draft = self.draft(state, parsed, cell, BTreeMap::new(), BTreeMap::new());
        let Some((choice, _)) = &draft.identity else { return draft };
        let item = choice.reason.as_deref().unwrap_or("type");
        if state.forget_hidden(choice.generation, item, cell.id) {
            return self.draft(state, parsed, cell, BTreeMap::new(), BTreeMap::new());
        }
        draft
    }

    fn draft(
        &self,
        state: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
        unkept: BTreeMap<String, Absence>,
        casts: BTreeMap<String, String>,
    ) -> Draft {
        self.draft_of(state, parsed, cell, Plan { casts, ..Plan::new(state, parsed, unkept) })
    }

    fn draft_of(&self, state: &State, parsed: &Parsed, cell: &Cell<'_>, plan: Plan) -> Draft {
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

    /// Finds a cell that some kernel compiled before.
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
        let source = Arc::new(source);
        self.generated.add(&source);
        Compiled { library, source, types, plan, state }
    }

    /// Runs the compiler, once more for each discovery of a variable that can't be kept.
    fn compile(
        &self,
        state: &State,
        parsed: &Parsed,
        cell: &Cell<'_>,
        mut draft: Draft,
    ) -> Result<Made, CellError> {
        loop {
            let context = CellContext { state, parsed, plan: &draft.plan, cell: cell.id };
            let (mut unkept, mut casts) = (draft.plan.unkept.clone(), draft.plan.casts.clone());
            let mut is_untraced = draft.plan.is_untraced;
            let attempt = self.attempt(&draft.source, &context, cell.stop);
            let is_right = matches!(attempt, Ok(Compilation::Library(_) | Compilation::Unkept(_)));
            match attempt {
                // The compiler's words are to be about what the learner wrote, and nothing else.
                _ if draft.source.is_traced && !is_right && cell.stop.wish().is_none() => {
                    is_untraced = true;
                }
                Ok(Compilation::Library(library)) => {
                    let more = casts_of(&draft.plan, &library.types);
                    if more.is_empty() {
                        return Ok(Made::Library(Box::new(draft), library));
                    }
                    casts.extend(more);
                }
                Ok(Compilation::Unkept(names)) => unkept = names,
                Ok(Compilation::Unfit(items)) => return Ok(Made::Unfit(items)),
                Ok(Compilation::Unreadable(names)) => return Ok(Made::Unreadable(names)),
                Err(error) if casts.is_empty() || cell.stop.wish().is_some() => return Err(error),
                // The cell was right before its functions became pointers.
                Err(_) => {
                    let lost = std::mem::take(&mut casts).into_keys();
                    unkept.extend(lost.map(|name| (name, Absence::Unnameable { cell: cell.id })));
                }
            }
            let plan = Plan { casts, is_untraced, ..Plan::new(state, parsed, unkept) };
            draft = self.draft_of(state, parsed, cell, plan);
        }
    }

    /// Compiles a source. An error is the learner's, or says why the compiler could not work.
    fn attempt(
        &self,
        source: &Source,
        context: &CellContext<'_>,
        stop: &Stop,
    ) -> Result<Compilation, CellError> {
        let diagnostics = match self.compiler.compile(source, self.libraries.folder(), stop) {
            Ok(library) => return Ok(Compilation::Library(library)),
            Err(error) => match (damage(&error, &self.compiler.prelude), error) {
                (Some(damaged), _) => return Err(damaged),
                (None, CompileError::Code(diagnostics)) => diagnostics,
                (None, error) => return Err(compiler_error(&error)),
            },
        };
        let more = match diagnose::diagnose(&diagnostics, source, context) {
            Verdict::Errors(messages) => return Err(self.taught(messages, context.state)),
            Verdict::Unfit(items) => return Ok(Compilation::Unfit(items)),
            Verdict::Unreadable(names) => return Ok(Compilation::Unreadable(names)),
            Verdict::Unkept(names) => names,
        };
        let known = &context.plan.unkept;
        let mut unkept = known.clone();
        unkept.extend(more);
        if unkept == *known {
            return Err(plain_error("CompilerError", "the cell's variables could not be kept"));
        }
        Ok(Compilation::Unkept(unkept))
    }

    fn folder_error(&self, error: &std::io::Error) -> CellError {
        let folder = self.libraries.folder().display();
        plain_error("CompilerError", &format!("could not write to `{folder}`: {error}"))
    }

    /// The error of messages, with their lessons.
    pub fn taught(&self, messages: Vec<Message>, state: &State) -> CellError {
        let messages = self.teacher.messages(messages, state, &self.sources);
        compile_error(&messages, &self.sources)
    }

    /// The error of a text that is no list of statements.
    pub fn broken(&self, code: &str, state: &State, cell: &Cell<'_>) -> CellError {
        let text = BrokenCell { code, id: cell.id, state };
        let compile =
            |source: &Source| self.compiler.compile(source, self.libraries.folder(), cell.stop);
        match text.messages(&|source| compile(source).map(drop)) {
            Ok(messages) => self.taught(messages, state),
            Err(error) => compiler_error(&error),
        }
    }
}

/// The expressions that are kept in place of variables that hold functions.
fn casts_of(plan: &Plan, types: &Types) -> BTreeMap<String, String> {
    let new = plan.new.keys().filter(|name| plan.keeps(name) && !plan.casts.contains_key(*name));
    new.filter_map(|name| Some((name.clone(), with_pointers(types.get(&slot(name))?, name)?)))
        .collect()
}

/// The error of a compiler that failed without naming errors in the code.
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
    for instance in &compiled.source.statics.defines {
        let mut sites = state.items.iter().flat_map(|kept| &kept.item.statics);
        let site = sites.find(|site| site.base == instance.0);
        let stamp = site.map(|site| layouts.stamp(&site.types)).unwrap_or_default();
        next.statics.adopt(instance.clone(), stamp, state.generation);
    }
    for (name, absence) in plan.unkept.iter().filter(|(name, _)| !plan.keeps(name)) {
        next.variables.remove(name);
        next.absent.insert(name.clone(), absence.clone());
    }
    for (name, variable) in plan.new.iter().filter(|(name, _)| plan.keeps(name)) {
        next.variables.remove(name);
        match types.get(&slot(name)).filter(|type_text| is_nameable(type_text)) {
            Some(type_text) if locks_a_stream(type_text) => {
                next.absent.insert(name.clone(), Absence::Locks { cell });
            }
            Some(type_text) if !variable.is_closure => {
                next.absent.remove(name);
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
                let is_local = types
                    .get(&slot(name))
                    .is_some_and(|it| it.contains("::{") && !it.contains('@'));
                let absence = match is_local {
                    true => Absence::Local { cell },
                    false => Absence::Unnameable { cell },
                };
                next.absent.insert(name.clone(), absence);
            }
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instant::parse::parse;

    const ID: CellId = CellId::Counted(2);

    /// The variables and the absences after a cell in a session with `v`. The compiler gives the
    /// variables these types, and `unkept` ones can't be kept.
    fn check(code: &str, types: &[(&str, &str)], unkept: &[(&str, Absence)], expected: &str) {
        let Ok(parsed) = parse(code) else { panic!("{code} is broken") };
        let mut state = State::default().with_items(&parsed, ID);
        state.variables.insert("v".to_owned(), KeptVariable::of_test("u8", 1));
        let unkept = unkept.iter().map(|(name, absence)| ((*name).to_owned(), absence.clone()));
        let plan = Plan::new(&state, &parsed, unkept.collect());
        let source = generate(&state, &[], &parsed, &plan, ID, false);
        let types = types.iter().map(|(name, type_text)| (slot(name), (*type_text).to_owned()));
        let (library, types) = (PathBuf::new(), types.collect());
        let compiled = Compiled { library, source: Arc::new(source), types, plan, state };
        let after = commit(&compiled, ID);
        let variable = |(name, it): (&String, &KeptVariable)| format!("{name}: {}", it.type_text);
        let absence = |(name, it): (&String, &Absence)| format!("{name}: {it:?}");
        let variables = after.variables.iter().map(variable);
        let lines: Vec<String> = variables.chain(after.absent.iter().map(absence)).collect();
        assert_eq!(lines.join(", "), expected, "{code}");
    }

    #[test]
    fn state_after_a_cell_has_what_can_be_kept() {
        let closure = "{closure@cell.rs:1:1: 1:3}";
        check("let x = 1;", &[("x", "i32")], &[], "v: u8, x: i32");
        check("let v = 1.5;", &[("v", "f64")], &[], "v: f64");
        check("let f = || 1;", &[], &[], "v: u8, f: Unnameable { cell: Counted(2) }");
        check("let f = g();", &[("f", closure)], &[], "v: u8, f: Unnameable { cell: Counted(2) }");
        let lock = "std::io::Lines<std::io::StdinLock<'_>>";
        check("let l = g();", &[("l", lock)], &[], "v: u8, l: Locks { cell: Counted(2) }");
        let moved = Absence::Moved { cell: ID };
        check("drop(v);", &[], &[("v", moved)], "v: Moved { cell: Counted(2) }");
        let replaced = Absence::Replaced { cell: ID };
        check("let v = f(v);", &[("v", "u16")], &[("v", replaced)], "v: u16");
    }
}
