//! Sets of examples: each has a length, and an example for each index.
//!
//! `tensors.rs` has sets that are in memory as tensors, `parts.rs` parts and sums of sets; `loader.rs` cuts any set
//! into batches.

use std::rc::Rc;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};

use super::collate::Collate;
use crate::error::fail_index;

/// A set of examples: PyTorch's `Dataset`, with `len` for `__len__` and `get` for `__getitem__`.
///
/// An example is a tensor, a number, a text, or a tuple of those; [`Collate`] says what a batch of them is. The
/// [`DataLoader`](super::DataLoader) takes the set by reference and keeps a clone of it: tensors, and what is in an
/// `Arc`, are shared by a clone. Many examples of a `Vec` are best kept in an `Arc<[..]>`.
///
/// ```
/// use akari::prelude::*;
///
/// #[derive(Clone)]
/// struct Squares(i64);
///
/// impl data::Dataset for Squares {
///     type Item = (Tensor, i64);
///
///     fn len(&self) -> usize {
///         self.0 as usize
///     }
///
///     fn get(&self, index: usize) -> Result<(Tensor, i64)> {
///         let x = index as i64;
///         Ok((tensor!([x as f32]), x * x))
///     }
/// }
///
/// let config = data::DataLoaderConfig { batch_size: 3, ..Default::default() };
/// let mut squares = vec![];
/// for batch in &data::DataLoader::new(&Squares(4), config)? {
///     let (x, y) = batch?;
///     assert_eq!(x.dims(), &[y.dims()[0], 1]);
///     squares.push(y.to_vec1::<i64>()?);
/// }
/// assert_eq!(squares, [vec![0, 1, 4], vec![9]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub trait Dataset {
    /// One example.
    type Item: Collate;

    /// How many examples there are.
    fn len(&self) -> usize;

    /// The example of this index.
    ///
    /// # Errors
    ///
    /// If there are no more than `index` examples, or the example can't be made or read.
    fn get(&self, index: usize) -> Result<Self::Item>;

    /// Whether there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The examples of these indices, in this order, as one batch; PyTorch's `__getitems__`, with its collation.
    ///
    /// A set that has a faster way than one example after the other says it here.
    ///
    /// # Errors
    ///
    /// As [`get`](Dataset::get), and if the examples don't fit together.
    fn batch(&self, indices: &[usize]) -> Result<Batch<Self>> {
        let examples = indices.iter().map(|index| self.get(*index)).collect::<Result<Vec<_>>>()?;
        Self::Item::collate(examples)
    }

    /// All examples as one batch: a whole test set at once.
    ///
    /// # Errors
    ///
    /// As [`batch`](Dataset::batch).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let (x, y) = data::blobs(10, 2, 1.0)?;
    /// let [_, test] = data::random_split(&data::TensorDataset::new(&x, &y)?, [7.0, 3.0])?;
    /// let (x, y) = test.all()?;
    /// assert_eq!((x.dims(), y.dims()), (&[3, 2][..], &[3][..]));
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    fn all(&self) -> Result<Batch<Self>> {
        self.batch(&(0..self.len()).collect::<Vec<_>>())
    }
}

/// A batch of a set's examples.
pub type Batch<D> = <<D as Dataset>::Item as Collate>::Batch;

/// Sets behind a pointer, such as `Arc<dyn Dataset<Item = (Tensor, Tensor)>>`.
macro_rules! pointers {
    ($($pointer:ident),*) => {$(
        impl<D: Dataset + ?Sized> Dataset for $pointer<D> {
            type Item = D::Item;

            fn len(&self) -> usize {
                (**self).len()
            }

            fn get(&self, index: usize) -> Result<D::Item> {
                (**self).get(index)
            }

            fn batch(&self, indices: &[usize]) -> Result<Batch<D>> {
                (**self).batch(indices)
            }
        }
    )*};
}

pointers!(Arc, Rc, Box);

/// The error of a set that has no example of this index.
pub(super) fn out_of_range<T>(function: &str, index: usize, len: usize) -> Result<T> {
    fail_index(function, format_args!("index {index} is out of range for {len} examples"))
}

/// Points and class numbers as tensors: `f32` of `(n, width)`, and `i64`.
pub(super) fn examples(
    values: Vec<f32>,
    shape: &[usize],
    classes: Vec<i64>,
) -> Result<(Tensor, Tensor)> {
    let count = classes.len();
    let x = Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F32)?;
    Ok((x, Tensor::from_vec(classes, count, &Device::Cpu)?))
}
