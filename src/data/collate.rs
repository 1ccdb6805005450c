//! How examples become a batch: tensors are stacked, numbers become a tensor, and both also inside of tuples.
//!
//! PyTorch's `default_collate`. A set (`dataset.rs`) says what its examples are; that decides what its batches are.

use std::collections::HashMap;
use std::hash::Hash;

use candle_core::{Device, Result, Tensor};

use crate::error::fail;
use crate::tensor::parts;

/// The types of examples, and how some examples become a batch: PyTorch's `default_collate`.
///
/// | example | batch |
/// |---|---|
/// | `Tensor` | a `Tensor` with one more axis, the first one |
/// | `i64`, `u32`, `u8`, `usize`, `bool` | a `Tensor` of `I64`, of `u32` and `u8` their own, of `bool` `u8` |
/// | `f32`, `f64` | a `Tensor` of `F32`, `F64` |
/// | `String`, `&'static str` | a `Vec` of them |
/// | a tuple, an array, a `Vec`, a `HashMap` of those | the same of their batches |
///
/// # Errors
///
/// If tensors have different shapes, or lists different lengths.
///
/// ```
/// use akari::data::Collate;
/// use akari::prelude::*;
/// let (x, y) = <(Tensor, i64)>::collate(vec![(tensor!([1., 2.]), 0), (tensor!([3., 4.]), 1)])?;
/// assert_eq!((x.dims(), y.to_vec1::<i64>()?), (&[2, 2][..], vec![0, 1]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "examples of type `{Self}` can't be put together to a batch",
    note = "an example is a tensor, a number, a text, or a tuple of those: `type Item = (Tensor, i64);`"
)]
pub trait Collate: Sized {
    /// The type of a batch of examples.
    type Batch;

    /// The examples as one batch.
    ///
    /// # Errors
    ///
    /// If they don't fit together.
    fn collate(examples: Vec<Self>) -> Result<Self::Batch>;
}

impl Collate for Tensor {
    type Batch = Tensor;

    fn collate(examples: Vec<Tensor>) -> Result<Tensor> {
        stack(&examples)
    }
}

/// Stacks tensors of one shape; says in words if they have several.
pub(super) fn stack(tensors: &[Tensor]) -> Result<Tensor> {
    let Some(first) = tensors.first() else {
        return fail("data::DataLoader", "a batch of no examples has no shape");
    };
    if let Some(other) = tensors.iter().find(|tensor| tensor.dims() != first.dims()) {
        return fail(
            "data::DataLoader",
            format_args!(
                "stack expects each tensor to be equal size, but got {:?} and {:?} (bring the examples to one size, images by data::transforms::Resize)",
                first.dims(),
                other.dims()
            ),
        );
    }
    parts::stacked(tensors, 0)
}

macro_rules! numbers {
    ($($type:ty => $number:ty),*) => {$(
        impl Collate for $type {
            type Batch = Tensor;

            fn collate(examples: Vec<Self>) -> Result<Tensor> {
                let count = examples.len();
                let numbers = examples.into_iter().map(|number| number as $number).collect();
                Tensor::from_vec::<_, $number>(numbers, count, &Device::Cpu)
            }
        }
    )*};
}

numbers!(f32 => f32, f64 => f64, i64 => i64, i32 => i64, usize => i64, u32 => u32, u8 => u8, bool => u8);

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl Collate for $type {
            type Batch = Vec<$type>;

            fn collate(examples: Vec<Self>) -> Result<Vec<$type>> {
                Ok(examples)
            }
        }
    )*};
}

texts!(String, &'static str);

impl<T: Collate> Collate for Vec<T> {
    type Batch = Vec<T::Batch>;

    fn collate(examples: Vec<Self>) -> Result<Self::Batch> {
        let length = examples.first().map_or(0, Vec::len);
        if examples.iter().any(|example| example.len() != length) {
            return fail(
                "data::DataLoader",
                "each element in list of batch should be of equal size",
            );
        }
        let mut columns = (0..length).map(|_| Vec::new()).collect::<Vec<_>>();
        for example in examples {
            columns.iter_mut().zip(example).for_each(|(column, part)| column.push(part));
        }
        columns.into_iter().map(T::collate).collect()
    }
}

impl<T: Collate, const N: usize> Collate for [T; N] {
    type Batch = [T::Batch; N];

    fn collate(examples: Vec<Self>) -> Result<Self::Batch> {
        let batches = Vec::collate(examples.into_iter().map(Vec::from).collect())?;
        match batches.try_into() {
            Ok(batches) => Ok(batches),
            Err(_) => fail("data::DataLoader", "a batch of no examples has no shape"),
        }
    }
}

impl<K: Clone + Eq + Hash, T: Collate> Collate for HashMap<K, T> {
    type Batch = HashMap<K, T::Batch>;

    fn collate(mut examples: Vec<Self>) -> Result<Self::Batch> {
        let keys = examples.first().map_or(Vec::new(), |first| first.keys().cloned().collect());
        let column = |key: K| {
            let parts = examples.iter_mut().map(|example| example.remove(&key));
            match parts.collect::<Option<Vec<_>>>() {
                Some(parts) => Ok((key, T::collate(parts)?)),
                None => fail("data::DataLoader", "the examples of a batch have different keys"),
            }
        };
        keys.into_iter().map(column).collect()
    }
}

macro_rules! tuples {
    ($(($($part:ident $column:ident),+))*) => {$(
        impl<$($part: Collate),+> Collate for ($($part,)+) {
            type Batch = ($($part::Batch,)+);

            fn collate(examples: Vec<Self>) -> Result<Self::Batch> {
                $(let mut $column = Vec::with_capacity(examples.len());)+
                #[allow(non_snake_case)] // A part is named as its type.
                for ($($part,)+) in examples {
                    $($column.push($part);)+
                }
                Ok(($($part::collate($column)?,)+))
            }
        }
    )*};
}

tuples! {
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, E e)
    (A a, B b, C c, E e, F f)
    (A a, B b, C c, E e, F f, G g)
}
