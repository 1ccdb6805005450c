//! The variables of a model, whose values may wait until somebody looks.
//!
//! A large model's random weights take seconds and memory; a lesson that only prints its
//! optimizers needs neither. So a model hands out its variables unread, and they are made at the
//! first look: by index, by iteration, by a step.
//!
//! Which variables are frozen is noted beside them, since candle's `Var` has no place for it.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use candle_core::{TensorId, Var};

type Make = dyn Fn() -> Vec<Var> + Send + Sync;

/// Variables that are made at the first look, once for all that share them.
#[derive(Clone)]
pub(crate) struct Lazy {
    count: usize,
    made: Arc<(OnceLock<Vec<Var>>, Box<Make>)>,
}

impl Lazy {
    /// `count` variables, which `make` will make.
    pub(crate) fn new(count: usize, make: impl Fn() -> Vec<Var> + Send + Sync + 'static) -> Self {
        Lazy { count, made: Arc::new((OnceLock::new(), Box::new(make))) }
    }

    /// The variables; makes them if nobody has looked before.
    pub(crate) fn get(&self) -> &[Var] {
        self.made.0.get_or_init(|| (self.made.1)())
    }
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("count", &self.count).finish_non_exhaustive()
    }
}

/// The parameters of a model, as an optimizer takes them: a slice of `Var`s once looked at.
///
/// Made of a `Vec<Var>`, an array, a slice, a single `Var`, or by a model's `parameters()`.
#[derive(Debug, Clone)]
pub struct Parameters {
    parts: Vec<Part>,
    all: OnceLock<Vec<Var>>,
}

#[derive(Debug, Clone)]
enum Part {
    Given(Vec<Var>),
    Lazy(Lazy),
}

impl Parameters {
    /// How many variables there are; doesn't make them.
    pub fn len(&self) -> usize {
        let count = |part: &Part| match part {
            Part::Given(vars) => vars.len(),
            Part::Lazy(lazy) => lazy.count,
        };
        self.parts.iter().map(count).sum()
    }

    /// The variables that are there without being made.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Var> {
        self.parts.iter().flat_map(|part| match part {
            Part::Given(vars) => vars.as_slice(),
            Part::Lazy(lazy) => lazy.made.0.get().map_or(&[][..], Vec::as_slice),
        })
    }

    /// Whether one of them is there twice, and so would be stepped twice.
    pub(crate) fn has_doubles(&self) -> bool {
        let mut known = HashSet::new();
        !self.known().all(|var| known.insert(var.id()))
    }

    /// Whether there are no variables.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The variables that are not to be trained. No number of a variable is ever given to another one.
static FROZEN: RwLock<Option<HashSet<TensorId>>> = RwLock::new(None);

/// Says whether steps and clipping change a variable; at first they do.
pub(crate) fn set_requires_grad(var: &Var, requires_grad: bool) {
    let mut frozen = FROZEN.write().unwrap_or_else(PoisonError::into_inner);
    let frozen = frozen.get_or_insert_default();
    if requires_grad {
        frozen.remove(&var.id());
    } else {
        frozen.insert(var.id());
    }
}

/// Whether steps and clipping change this variable.
pub(crate) fn requires_grad(var: &Var) -> bool {
    let frozen = FROZEN.read().unwrap_or_else(PoisonError::into_inner);
    frozen.as_ref().is_none_or(|frozen| !frozen.contains(&var.id()))
}

impl Deref for Parameters {
    type Target = [Var];

    fn deref(&self) -> &[Var] {
        self.all.get_or_init(|| {
            let vars = |part: &Part| match part {
                Part::Given(vars) => vars.clone(),
                Part::Lazy(lazy) => lazy.get().to_vec(),
            };
            self.parts.iter().flat_map(vars).collect()
        })
    }
}

impl From<Vec<Var>> for Parameters {
    fn from(vars: Vec<Var>) -> Self {
        Parameters { parts: vec![Part::Given(vars)], all: OnceLock::new() }
    }
}

impl From<&[Var]> for Parameters {
    fn from(vars: &[Var]) -> Self {
        vars.to_vec().into()
    }
}

impl From<&Vec<Var>> for Parameters {
    fn from(vars: &Vec<Var>) -> Self {
        vars.clone().into()
    }
}

impl<const N: usize> From<[Var; N]> for Parameters {
    fn from(vars: [Var; N]) -> Self {
        Vec::from(vars).into()
    }
}

impl From<Var> for Parameters {
    fn from(var: Var) -> Self {
        vec![var].into()
    }
}

impl From<Lazy> for Parameters {
    fn from(lazy: Lazy) -> Self {
        Parameters { parts: vec![Part::Lazy(lazy)], all: OnceLock::new() }
    }
}

impl From<Parameters> for Vec<Var> {
    fn from(parameters: Parameters) -> Self {
        parameters.to_vec()
    }
}

impl FromIterator<Var> for Parameters {
    fn from_iter<I: IntoIterator<Item = Var>>(vars: I) -> Self {
        vars.into_iter().collect::<Vec<_>>().into()
    }
}

impl IntoIterator for Parameters {
    type Item = Var;
    type IntoIter = std::vec::IntoIter<Var>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(self).into_iter()
    }
}

impl<'a> IntoIterator for &'a Parameters {
    type Item = &'a Var;
    type IntoIter = std::slice::Iter<'a, Var>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
