//! `torch::Generator`: a generator beside the one of the process, for loaders and splits that are to be repeated
//! whatever else is drawn.
//!
//! What is drawn from either goes through [`Source`]; the numbers themselves are made in `draw.rs`.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::draw::{Draw, Recipe};
use super::generator;

/// PyTorch's seed of a generator that nobody has given one.
const DEFAULT_SEED: u64 = 67_280_421_310_721;

/// A generator of its own: PyTorch's `torch.Generator`, with its numbers.
///
/// `clone()` gives another name for the same generator, as an assignment does in Python.
///
/// ```
/// use akari::prelude::*;
/// let set = data::TensorDataset::new(&tensor!([1, 2, 3, 4]), &tensor!([0, 1, 0, 1]))?;
/// let generator = torch::Generator::new().manual_seed(42);
/// let [train, test] = data::random_split_with(&set, [3.0, 1.0], &generator)?;
/// assert_eq!((train.indices(), test.indices()), (&[2, 3, 0][..], &[1][..]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Generator(Arc<Mutex<generator::Generator>>);

impl Generator {
    /// A generator with PyTorch's first seed, which is always the same.
    pub fn new() -> Self {
        Generator(Arc::new(Mutex::new(generator::Generator::new(DEFAULT_SEED))))
    }

    /// Starts the generator anew from this seed; gives the generator itself.
    pub fn manual_seed(&self, seed: u64) -> Self {
        self.with(|generator| *generator = generator::Generator::new(seed));
        self.clone()
    }

    /// The seed that the generator started from.
    ///
    /// ```
    /// use akari::prelude::*;
    /// assert_eq!(torch::Generator::new().manual_seed(7).initial_seed(), 7);
    /// ```
    pub fn initial_seed(&self) -> u64 {
        self.with(|generator| generator.seed())
    }

    fn with<T>(&self, draw: impl FnOnce(&mut generator::Generator) -> T) -> T {
        // A panic between two draws leaves a generator that still works.
        draw(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Default for Generator {
    fn default() -> Self {
        Generator::new()
    }
}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").field("seed", &self.initial_seed()).finish_non_exhaustive()
    }
}

/// Where numbers are drawn from: a generator of its own, or by `None` that of the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a>(pub(crate) Option<&'a Generator>);

/// The generator of the process.
pub(crate) const PROCESS: Source<'static> = Source(None);

impl Source<'_> {
    /// A number that another generator can start from.
    pub(crate) fn fresh_seed(self) -> u64 {
        self.with(generator::Generator::next_u64)
    }

    /// Floats.
    pub(crate) fn floats<T: super::Number, R: Recipe<T>>(self, count: usize, recipe: R) -> Vec<T> {
        self.begin(count, recipe).floats()
    }

    /// Numbers that are no floats.
    pub(crate) fn others<T, R>(self, count: usize, recipe: R) -> Vec<T>
    where
        T: Copy + Default + Send,
        R: Recipe<T> + Send,
    {
        self.begin(count, recipe).others()
    }

    /// Begins a draw. Its numbers are made when the generator is free again: threads of a pool that help each other
    /// would wait for themselves otherwise.
    pub(super) fn begin<T, R: Recipe<T>>(self, count: usize, recipe: R) -> Draw<R> {
        self.with(|generator| generator.begin(count, recipe))
    }

    fn with<T>(self, draw: impl FnOnce(&mut generator::Generator) -> T) -> T {
        match self.0 {
            Some(generator) => generator.with(draw),
            None => super::with_generator(draw),
        }
    }
}
