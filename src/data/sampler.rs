//! In which order a loader takes the examples, and how often: PyTorch's samplers, with its draws.
//!
//! A sampler gives the indices of one walk. What it draws, it draws when the walk asks for it, since other things may be
//! drawn from the same generator before.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use candle_core::Result;

use super::dataset::Dataset;
use crate::error::fail;
use crate::keywords::Argument;
use crate::random::own::Generator;
use crate::random::{PROCESS, Source, exponential_f64};
use crate::sampling::{indices, permutation, weighted};

/// The indices of one walk through a set.
pub type Indices<'a> = Box<dyn Iterator<Item = usize> + Send + 'a>;

/// An order of examples: PyTorch's `Sampler`.
///
/// A type of one's own becomes one by `len` and `iter`, and goes into a loader by `.into()`:
///
/// ```
/// use akari::prelude::*;
///
/// #[derive(Debug)]
/// struct Backwards(usize);
///
/// impl data::Sampler for Backwards {
///     fn len(&self) -> usize {
///         self.0
///     }
///
///     fn iter(&self) -> data::Indices<'_> {
///         Box::new((0..self.0).rev())
///     }
/// }
///
/// let set = data::TensorDataset::of(&tensor!([5, 6, 7]))?;
/// let config = data::DataLoaderConfig { sampler: Some(Backwards(3).into()), ..Default::default() };
/// let first = data::DataLoader::new(&set, config)?.iter().next().unwrap()?;
/// assert_eq!(first.to_vec1::<i64>()?, [7]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub trait Sampler: fmt::Debug + Send + Sync {
    /// How many examples a walk has.
    fn len(&self) -> usize;

    /// The indices of a walk.
    fn iter(&self) -> Indices<'_>;

    /// Whether a walk has no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A sampler of any kind, as a [`DataLoaderConfig`](super::DataLoaderConfig) holds it: `sampler.into()`.
#[derive(Debug, Clone)]
pub struct AnySampler(Arc<dyn Sampler>);

impl<S: Sampler + 'static> From<S> for AnySampler {
    fn from(sampler: S) -> Self {
        AnySampler(Arc::new(sampler))
    }
}

impl<S: Sampler + 'static> Argument<Option<AnySampler>> for S {
    fn into_option(self) -> Option<AnySampler> {
        Some(self.into())
    }
}

impl Deref for AnySampler {
    type Target = dyn Sampler;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// One example after the other, as they stand in the set; PyTorch's `SequentialSampler`.
///
/// ```
/// use akari::data::Sampler;
/// use akari::prelude::*;
/// let set = data::TensorDataset::of(&tensor!([5, 6, 7]))?;
/// assert_eq!(data::SequentialSampler::new(&set).iter().collect::<Vec<_>>(), [0, 1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SequentialSampler {
    len: usize,
}

impl SequentialSampler {
    /// The order of this set.
    pub fn new(set: &impl Dataset) -> Self {
        SequentialSampler { len: set.len() }
    }
}

impl Sampler for SequentialSampler {
    fn len(&self) -> usize {
        self.len
    }

    fn iter(&self) -> Indices<'_> {
        Box::new(0..self.len)
    }
}

/// The options of [`RandomSampler`].
#[derive(Debug, Clone, Default)]
pub struct RandomSamplerConfig {
    /// Whether an example may come again in the same walk. Default: false.
    pub replacement: bool,
    /// Examples in a walk. Default: as many as the set has.
    pub num_samples: Option<usize>,
    /// The generator of the order. Default: each walk has a new one, with a seed from that of the process.
    pub generator: Option<Generator>,
}

/// Examples in random order; PyTorch's `RandomSampler`, with its order.
///
/// ```
/// use akari::data::Sampler;
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let set = data::TensorDataset::of(&tensor!([5, 6, 7, 8]))?;
/// let config = data::RandomSamplerConfig { replacement: true, num_samples: Some(6), ..Default::default() };
/// let sampler = data::RandomSampler::new(&set, config)?;
/// assert_eq!(sampler.iter().collect::<Vec<_>>(), [2, 2, 0, 1, 1, 3]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RandomSampler {
    len: usize,
    config: RandomSamplerConfig,
}

impl RandomSampler {
    /// An order of this set.
    ///
    /// # Errors
    ///
    /// If a walk has no examples.
    pub fn new(set: &impl Dataset, config: RandomSamplerConfig) -> Result<Self> {
        RandomSampler::of(set.len(), config)
    }

    fn of(len: usize, config: RandomSamplerConfig) -> Result<Self> {
        let count = config.num_samples.unwrap_or(len);
        if count == 0 || len == 0 {
            return fail(
                "data::RandomSampler",
                format_args!(
                    "num_samples should be a positive integer value, but got num_samples={count} (of a set of {len} examples)"
                ),
            );
        }
        Ok(RandomSampler { len, config })
    }
}

impl Sampler for RandomSampler {
    fn len(&self) -> usize {
        self.config.num_samples.unwrap_or(self.len)
    }

    fn iter(&self) -> Indices<'_> {
        let RandomSamplerConfig { replacement, generator, .. } = &self.config;
        Box::new(Shuffled {
            len: self.len,
            left: Sampler::len(self),
            replacement: *replacement,
            generator: generator.clone(),
            drawn: Vec::new().into_iter(),
            has_ended: false,
        })
    }
}

/// A walk without a sampler of its own, in random order.
pub(super) fn shuffled(len: usize, generator: Option<Generator>) -> Indices<'static> {
    let drawn = Vec::new().into_iter();
    Box::new(Shuffled { len, left: len, replacement: false, generator, drawn, has_ended: len == 0 })
}

/// Indices are drawn with replacement in portions of this size, as PyTorch does.
const PORTION: usize = 32;

/// A random walk.
struct Shuffled {
    len: usize,
    /// How many indices are still to be drawn.
    left: usize,
    replacement: bool,
    /// None until the walk begins, unless the learner gave one.
    generator: Option<Generator>,
    drawn: std::vec::IntoIter<usize>,
    has_ended: bool,
}

impl Iterator for Shuffled {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if let Some(index) = self.drawn.next() {
            return Some(index);
        }
        if self.has_ended {
            return None;
        }
        let seeded = || Generator::new().manual_seed(PROCESS.fresh_seed());
        let source = Source(Some(self.generator.get_or_insert_with(seeded)));
        let portion = if self.replacement { PORTION } else { self.len };
        // PyTorch draws one more portion where the indices are whole portions, and uses nothing of it; the walk after
        // this one, by the same generator, begins behind that.
        self.has_ended = self.left < portion;
        let count = self.left.min(portion);
        let mut drawn = match self.replacement {
            true => indices(self.len, count, source),
            false => permutation(self.len, source),
        };
        drawn.truncate(count);
        self.left -= count;
        self.drawn = drawn.into_iter();
        self.drawn.next()
    }
}

/// Examples by chance, each as often as its weight says: for sets in which some classes are rare. PyTorch's
/// `WeightedRandomSampler`, with its draws.
///
/// ```text
/// P(index) = weight / sum of the weights
/// ```
///
/// ```
/// use akari::data::Sampler;
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let sampler = data::WeightedRandomSampler::new([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 8, true)?;
/// assert_eq!(sampler.iter().collect::<Vec<_>>(), [5, 4, 4, 5, 4, 4, 2, 3]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WeightedRandomSampler {
    weights: Arc<[f64]>,
    num_samples: usize,
    replacement: bool,
    generator: Option<Generator>,
}

impl WeightedRandomSampler {
    /// `num_samples` indices a walk, of as many examples as there are weights, which need not add up to 1; without
    /// `replacement` each index comes at most once.
    ///
    /// # Errors
    ///
    /// If a weight is negative, infinite or nan, or too few are positive for what is to be drawn.
    pub fn new(
        weights: impl IntoIterator<Item = f64>,
        num_samples: usize,
        replacement: bool,
    ) -> Result<Self> {
        let weights = weights.into_iter().collect::<Arc<[f64]>>();
        if let Some(complaint) = complaint(&weights, num_samples, replacement) {
            return fail("data::WeightedRandomSampler", complaint);
        }
        Ok(WeightedRandomSampler { weights, num_samples, replacement, generator: None })
    }

    /// The same with a generator of its own.
    pub fn with_generator(self, generator: &Generator) -> Self {
        WeightedRandomSampler { generator: Some(generator.clone()), ..self }
    }
}

fn complaint(weights: &[f64], num_samples: usize, replacement: bool) -> Option<String> {
    if num_samples == 0 {
        let text = "num_samples should be a positive integer value, but got num_samples=0";
        return Some(text.to_owned());
    }
    if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) {
        return Some("probability tensor contains either `inf`, `nan` or element < 0".to_owned());
    }
    // The sum of nothing is -0 in Rust.
    let sum = 0.0 + weights.iter().sum::<f64>();
    if sum <= 0.0 || sum.is_infinite() {
        return Some(format!("invalid multinomial distribution (the sum of the weights is {sum})"));
    }
    let positive = weights.iter().filter(|weight| **weight > 0.0).count();
    (!replacement && num_samples > positive).then(|| {
        format!(
            "cannot draw {num_samples} examples without replacement from {positive} of positive weight"
        )
    })
}

impl Sampler for WeightedRandomSampler {
    fn len(&self) -> usize {
        self.num_samples
    }

    fn iter(&self) -> Indices<'_> {
        let mut drawn = None;
        let next = move || {
            drawn
                .get_or_insert_with(|| {
                    let source = Source(self.generator.as_ref());
                    multinomial(&self.weights, self.num_samples, self.replacement, source)
                        .into_iter()
                })
                .next()
        };
        Box::new(std::iter::from_fn(next))
    }
}

/// PyTorch's `multinomial` of one row of checked weights.
fn multinomial(weights: &[f64], count: usize, replacement: bool, source: Source) -> Vec<usize> {
    if replacement && count > 1 {
        return weighted(weights, count, |sum| sum, source);
    }
    // Each weight over a waiting time: the largest are a draw without replacement.
    let waits = exponential_f64(weights.len(), source);
    let rates = weights.iter().zip(waits).map(|(weight, wait)| weight / wait).collect::<Vec<_>>();
    let mut order = (0..weights.len()).collect::<Vec<_>>();
    order.sort_by(|a, b| rates[*b].total_cmp(&rates[*a]));
    order.truncate(count);
    order
}
