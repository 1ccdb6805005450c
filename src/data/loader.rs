//! Examples in batches.
//!
//! The sets are in `dataset.rs` and its neighbours, the order of a walk comes from `sampler.rs`.

use std::fmt;

use candle_core::Result;

use super::dataset::{Batch, Dataset};
use super::sampler::{AnySampler, Indices, shuffled};
use super::tensors::TensorDataset;
use crate::error::fail;
use crate::random::Source;
use crate::random::own::Generator;
use crate::rt::interrupt_point;

/// The options of [`DataLoader`].
#[derive(Debug, Clone)]
pub struct DataLoaderConfig {
    /// Examples in a batch. Default: 1.
    pub batch_size: usize,
    /// Whether each walk through the batches has a new order. Default: false.
    pub shuffle: bool,
    /// Whether a last batch that isn't full is left out. Default: false.
    pub drop_last: bool,
    /// Another order than that of the set, such as [`WeightedRandomSampler`](super::WeightedRandomSampler).
    /// Default: none.
    pub sampler: Option<AnySampler>,
    /// The generator of the order, where that of the process is not to be touched. Default: none.
    pub generator: Option<Generator>,
}

impl Default for DataLoaderConfig {
    fn default() -> Self {
        DataLoaderConfig {
            batch_size: 1,
            shuffle: false,
            drop_last: false,
            sampler: None,
            generator: None,
        }
    }
}

/// Examples in batches, in a new order at each walk if wanted.
///
/// A batch is what the set's [`Collate`](super::Collate) makes of its examples: `(x, y)` of a
/// [`TensorDataset::new`]. After the same `torch::manual_seed` the batches are those of PyTorch's `DataLoader`.
///
/// *Differs from PyTorch*: there are no workers; batches are made where they are asked for. A set that puts its
/// examples together in a way of its own (`collate_fn`) does so in [`Dataset::batch`].
///
/// # Errors
///
/// For batches of no examples, and for a sampler where `shuffle` is wanted.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = data::blobs(10, 3, 0.5)?;
/// let config = data::DataLoaderConfig { batch_size: 4, shuffle: true, ..Default::default() };
/// let loader = data::DataLoader::new(&data::TensorDataset::new(&x, &y)?, config)?;
/// let mut sizes = vec![];
/// for batch in &loader {
///     let (x, y) = batch?;
///     sizes.push((x.dims()[0], y.dims()[0]));
/// }
/// assert_eq!(sizes, [(4, 4), (4, 4), (2, 2)]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// A sampler decides which examples come, and how often:
///
/// ```
/// use akari::prelude::*;
/// let set = data::TensorDataset::new(&tensor!([1., 2., 3.]), &tensor!([0, 0, 1]))?;
/// // The one example of the second class comes as often as the two of the first.
/// let sampler = data::WeightedRandomSampler::new([0.25, 0.25, 0.5], 100, true)?;
/// let config = data::DataLoaderConfig { batch_size: 50, sampler: Some(sampler.into()), ..Default::default() };
/// assert_eq!(data::DataLoader::new(&set, config)?.len(), 2);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DataLoader<D = TensorDataset> {
    set: D,
    config: DataLoaderConfig,
}

impl<D: Dataset> DataLoader<D> {
    /// Batches of the set's examples.
    ///
    /// # Errors
    ///
    /// If a batch has no examples, or there is a sampler where `shuffle` is wanted.
    pub fn new(set: &D, config: DataLoaderConfig) -> Result<Self>
    where
        D: Clone,
    {
        check(&config)?;
        Ok(DataLoader { set: set.clone(), config })
    }

    /// The set.
    pub fn dataset(&self) -> &D {
        &self.set
    }

    /// How many batches a walk has.
    pub fn len(&self) -> usize {
        batch_count(&self.config, self.set.len())
    }

    /// Whether there are no batches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first batch of a new walk: PyTorch's `next(iter(loader))`.
    ///
    /// # Errors
    ///
    /// If there are no batches, and as the set's own.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let (x, y) = data::blobs(10, 3, 0.5)?;
    /// let config = data::DataLoaderConfig { batch_size: 4, ..Default::default() };
    /// let loader = data::DataLoader::new(&data::TensorDataset::new(&x, &y)?, config)?;
    /// let (x, y) = loader.first()?;
    /// assert_eq!((x.dims(), y.dims()), (&[4, 2][..], &[4][..]));
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn first(&self) -> Result<Batch<D>> {
        match self.iter().next() {
            Some(batch) => batch,
            None => fail("data::DataLoader", "there are no batches, and so no first one"),
        }
    }

    /// One walk through all batches.
    pub fn iter(&self) -> Batches<'_, D> {
        Batches { set: &self.set, walk: Walk::new(&self.config, self.set.len()) }
    }
}

fn check(config: &DataLoaderConfig) -> Result<()> {
    if config.batch_size == 0 {
        return fail(
            "data::DataLoader",
            "batch_size should be a positive integer value, but got batch_size=0",
        );
    }
    if config.shuffle && config.sampler.is_some() {
        return fail("data::DataLoader", "sampler option is mutually exclusive with shuffle");
    }
    Ok(())
}

fn batch_count(config: &DataLoaderConfig, len: usize) -> usize {
    let count = config.sampler.as_ref().map_or(len, |sampler| sampler.len());
    let DataLoaderConfig { batch_size, drop_last, .. } = *config;
    if drop_last { count / batch_size } else { count.div_ceil(batch_size) }
}

impl<'a, D: Dataset> IntoIterator for &'a DataLoader<D> {
    type Item = Result<Batch<D>>;
    type IntoIter = Batches<'a, D>;

    fn into_iter(self) -> Batches<'a, D> {
        self.iter()
    }
}

/// A walk through the batches of a [`DataLoader`].
#[derive(Debug)]
pub struct Batches<'a, D = TensorDataset> {
    set: &'a D,
    walk: Walk<'a>,
}

impl<D: Dataset> Iterator for Batches<'_, D> {
    type Item = Result<Batch<D>>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.set.batch(&self.walk.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left, Some(self.walk.left))
    }
}

impl<D: Dataset> ExactSizeIterator for Batches<'_, D> {}

/// The indices of batch after batch: what is the same for all sets, and so compiled once.
struct Walk<'a> {
    indices: Indices<'a>,
    batch_size: usize,
    /// How many batches are still to come.
    left: usize,
}

impl<'a> Walk<'a> {
    fn new(config: &'a DataLoaderConfig, len: usize) -> Self {
        let left = batch_count(config, len);
        // PyTorch draws a seed for its workers first, also where nothing is shuffled.
        Source(config.generator.as_ref()).fresh_seed();
        let indices = match &config.sampler {
            Some(sampler) => sampler.iter(),
            None if config.shuffle => shuffled(len, config.generator.clone()),
            None => Box::new(0..len),
        };
        Walk { indices, batch_size: config.batch_size, left }
    }

    fn next(&mut self) -> Option<Vec<usize>> {
        interrupt_point();
        if self.left == 0 {
            // PyTorch asks for one batch more, so that a sampler draws what it draws at its end.
            self.indices.by_ref().take(self.batch_size).for_each(drop);
            return None;
        }
        self.left -= 1;
        let mut batch = Vec::with_capacity(self.batch_size.min(1 << 16));
        batch.extend(self.indices.by_ref().take(self.batch_size));
        // A sampler of one's own may give fewer indices than it promised.
        (!batch.is_empty()).then_some(batch)
    }
}

impl fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Walk { batch_size, left, .. } = self;
        f.debug_struct("Walk").field("batch_size", batch_size).field("left", left).finish()
    }
}
