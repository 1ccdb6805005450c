//! Examples in batches.
//!
//! The set itself is in `dataset.rs`. The order of a walk is drawn in `sampling.rs`.

use candle_core::{Result, Tensor};

use super::dataset::TensorDataset;
use crate::error::fail;
use crate::random::fresh_seed;
use crate::rt::interrupt_point;
use crate::sampling::epoch_order;

/// The options of [`DataLoader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataLoaderConfig {
    /// Examples in a batch. Default: 1.
    pub batch_size: usize,
    /// Whether each walk through the batches has a new order. Default: false.
    pub shuffle: bool,
    /// Whether a last batch that isn't full is left out. Default: false.
    pub drop_last: bool,
}

impl Default for DataLoaderConfig {
    fn default() -> Self {
        DataLoaderConfig { batch_size: 1, shuffle: false, drop_last: false }
    }
}

/// Examples in batches, in a new order at each walk if wanted.
///
/// After the same `torch::manual_seed` the batches are those of PyTorch's `DataLoader`.
///
/// # Errors
///
/// For batches of no examples.
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
#[derive(Debug, Clone)]
pub struct DataLoader {
    set: TensorDataset,
    config: DataLoaderConfig,
}

impl DataLoader {
    /// Batches of the set's examples.
    ///
    /// # Errors
    ///
    /// If a batch has no examples.
    pub fn new(set: &TensorDataset, config: DataLoaderConfig) -> Result<Self> {
        if config.batch_size == 0 {
            return fail(
                "data::DataLoader",
                "batch_size should be a positive integer value, but got batch_size=0",
            );
        }
        Ok(DataLoader { set: set.clone(), config })
    }

    /// How many batches a walk has.
    pub fn len(&self) -> usize {
        let DataLoaderConfig { batch_size, drop_last, .. } = self.config;
        let count = self.set.len();
        if drop_last { count / batch_size } else { count.div_ceil(batch_size) }
    }

    /// Whether there are no batches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One walk through all batches.
    pub fn iter(&self) -> Batches<'_> {
        let order = if self.config.shuffle {
            epoch_order(self.set.len())
        } else {
            // PyTorch draws a seed for its workers also where nothing is shuffled.
            fresh_seed();
            (0..self.set.len()).collect()
        };
        Batches { loader: self, order, next: 0 }
    }
}

impl<'a> IntoIterator for &'a DataLoader {
    type Item = Result<(Tensor, Tensor)>;
    type IntoIter = Batches<'a>;

    fn into_iter(self) -> Batches<'a> {
        self.iter()
    }
}

/// A walk through the batches of a [`DataLoader`].
#[derive(Debug)]
pub struct Batches<'a> {
    loader: &'a DataLoader,
    order: Vec<usize>,
    next: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<(Tensor, Tensor)>;

    fn next(&mut self) -> Option<Self::Item> {
        interrupt_point();
        if self.next == self.loader.len() {
            return None;
        }
        let size = self.loader.config.batch_size;
        let start = self.next * size;
        let end = self.order.len().min(start + size);
        self.next += 1;
        let set = self.loader.set.select(&self.order[start..end]);
        Some(set.map(|set| (set.x, set.y)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.loader.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches<'_> {}
