//! Sets that are tensors in memory, one example a row.
//!
//! A batch is one copy of its rows, which makes these sets fast; `dataset.rs` has the trait of all sets.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use candle_core::{Device, Result, Tensor};

use super::collate::Collate;
use super::dataset::{Batch, Dataset, out_of_range};
use crate::error::fail;

const FUNCTION: &str = "data::TensorDataset";

/// Tensors of the same length, whose rows are the examples: PyTorch's `TensorDataset`.
///
/// Mostly two of them, `x` and what is to be learned of it, `y`; [`TensorDataset::of`] takes any number.
///
/// # Errors
///
/// If the tensors have no first axis, or their first axes differ. See PyTorch's `TensorDataset`.
///
/// ```
/// use akari::prelude::*;
/// let set = data::TensorDataset::new(&tensor!([[1.], [2.], [3.]]), &tensor!([0, 1, 0]))?;
/// let (x, y) = set.get(1)?;
/// assert_eq!((set.len(), x.to_vec1::<f32>()?, y.to_scalar::<i64>()?), (3, vec![2.0], 1));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TensorDataset<T = (Tensor, Tensor)> {
    /// The tensors, with an example a row.
    pub tensors: T,
    examples: ByName,
}

/// The tensors of a set of two, by name: `set.x`, `set.y`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Examples {
    /// The examples, along the first axis.
    pub x: Tensor,
    /// The targets of the examples, along the first axis.
    pub y: Tensor,
}

/// The tensors by name, from the first look on.
pub(super) type ByName = Arc<OnceLock<Examples>>;

impl Deref for TensorDataset {
    type Target = Examples;

    fn deref(&self) -> &Examples {
        self.examples.get_or_init(|| {
            let (x, y) = self.tensors.clone();
            Examples { x, y }
        })
    }
}

impl TensorDataset {
    /// The examples `x` with their targets `y`.
    ///
    /// # Errors
    ///
    /// If the tensors have no first axis, or their first axes differ.
    pub fn new(x: &Tensor, y: &Tensor) -> Result<Self> {
        TensorDataset::of((x, y))
    }
}

impl<T: Tensors> TensorDataset<T> {
    /// Examples of as many tensors as are given: `of(&x)`, `of((&a, &b, &c))`, `of(&list[..])`.
    ///
    /// # Errors
    ///
    /// If the tensors have no first axis, or their first axes differ.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let (a, b, c) = (torch::rand((4, 2))?, torch::rand(4)?, tensor!([0, 1, 2, 3]));
    /// let set = data::TensorDataset::of((&a, &b, &c))?;
    /// for batch in &data::DataLoader::new(&set, Default::default())? {
    ///     let (a, b, c) = batch?;
    ///     assert_eq!((a.dims(), b.dims(), c.dims()), (&[1, 2][..], &[1][..], &[1][..]));
    /// }
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn of(tensors: impl Borrowed<Owned = T>) -> Result<Self> {
        let tensors = tensors.owned();
        check(&tensors.list())?;
        // Each batch would copy the whole of a tensor that is not contiguous.
        let tensors = tensors.each(&|tensor| tensor.contiguous())?;
        Ok(TensorDataset { tensors, examples: ByName::default() })
    }
}

fn check(tensors: &[&Tensor]) -> Result<()> {
    let Some(first) = tensors.first() else {
        return fail(FUNCTION, "needs at least one tensor");
    };
    for tensor in tensors {
        if tensor.rank() == 0 || tensor.dims().first() != first.dims().first() {
            return fail(
                FUNCTION,
                format_args!(
                    "Size mismatch between tensors: {:?} and {:?}",
                    first.dims(),
                    tensor.dims()
                ),
            );
        }
    }
    Ok(())
}

impl<T: Tensors> Dataset for TensorDataset<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.tensors.list().first().map_or(0, |tensor| tensor.dims()[0])
    }

    fn get(&self, index: usize) -> Result<T> {
        if index >= self.len() {
            return out_of_range(FUNCTION, index, self.len());
        }
        self.tensors.each(&|tensor| tensor.get(index))
    }

    fn batch(&self, indices: &[usize]) -> Result<Batch<Self>> {
        let rows = numbers(indices, self.len())?;
        self.tensors.each(&|tensor| select(tensor, &rows))
    }
}

/// The numbers of rows, for [`select`].
pub(super) fn numbers(indices: &[usize], len: usize) -> Result<Tensor> {
    if let Some(index) = indices.iter().find(|index| **index >= len) {
        return out_of_range(FUNCTION, *index, len);
    }
    if len > u32::MAX as usize {
        let numbers = indices.iter().map(|index| *index as i64).collect::<Vec<_>>();
        return Tensor::from_vec(numbers, indices.len(), &Device::Cpu);
    }
    let numbers = indices.iter().map(|index| *index as u32).collect::<Vec<_>>();
    Tensor::from_vec(numbers, indices.len(), &Device::Cpu)
}

/// The rows of a tensor with these numbers, in this order.
pub(super) fn select(tensor: &Tensor, rows: &Tensor) -> Result<Tensor> {
    if rows.elem_count() == 0 {
        return tensor.narrow(0, 0, 0);
    }
    tensor.contiguous()?.index_select(rows, 0)
}

/// A tensor, or several of them as a tuple or a `Vec`: what a [`TensorDataset`] holds, and what its examples are.
pub trait Tensors: Collate<Batch = Self> {
    /// The tensors in order.
    #[doc(hidden)]
    fn list(&self) -> Vec<&Tensor>;
    /// The same of other tensors.
    #[doc(hidden)]
    fn each(&self, make: &dyn Fn(&Tensor) -> Result<Tensor>) -> Result<Self>;
}

/// References to tensors, as [`TensorDataset::of`] takes them.
pub trait Borrowed {
    /// The tensors themselves.
    type Owned: Tensors;
    #[doc(hidden)]
    fn owned(self) -> Self::Owned;
}

impl Tensors for Tensor {
    fn list(&self) -> Vec<&Tensor> {
        vec![self]
    }

    fn each(&self, make: &dyn Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        make(self)
    }
}

impl Borrowed for &Tensor {
    type Owned = Tensor;

    fn owned(self) -> Tensor {
        self.clone()
    }
}

impl Tensors for Vec<Tensor> {
    fn list(&self) -> Vec<&Tensor> {
        self.iter().collect()
    }

    fn each(&self, make: &dyn Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        self.iter().map(make).collect()
    }
}

impl Borrowed for &[Tensor] {
    type Owned = Vec<Tensor>;

    fn owned(self) -> Vec<Tensor> {
        self.to_vec()
    }
}

impl Borrowed for Vec<Tensor> {
    type Owned = Vec<Tensor>;

    fn owned(self) -> Vec<Tensor> {
        self
    }
}

/// Gives the type of a tensor for each index.
macro_rules! tensor {
    ($index:tt) => {
        Tensor
    };
    (& $index:tt) => {
        &Tensor
    };
}

macro_rules! tuples {
    ($(($($index:tt),+))*) => {$(
        impl Tensors for ($(tensor!($index),)+) {
            fn list(&self) -> Vec<&Tensor> {
                vec![$(&self.$index),+]
            }

            fn each(&self, make: &dyn Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
                Ok(($(make(&self.$index)?,)+))
            }
        }

        impl Borrowed for ($(tensor!(& $index),)+) {
            type Owned = ($(tensor!($index),)+);

            fn owned(self) -> Self::Owned {
                ($(self.$index.clone(),)+)
            }
        }
    )*};
}

tuples! {
    (0)
    (0, 1)
    (0, 1, 2)
    (0, 1, 2, 3)
    (0, 1, 2, 3, 4)
    (0, 1, 2, 3, 4, 5)
}
