//! Axis numbers as PyTorch takes them: negative ones count from the end.
//!
//! Every function that takes an axis, or several, resolves them here, so that all errors have PyTorch's words and the
//! function's name.

use candle_core::{D, Result, Tensor};

use crate::error::fail_index;

/// An axis number: an integer, negative ones counting from the end, or candle's [`D`].
pub trait Axis {
    /// The number as PyTorch writes it.
    fn number(&self) -> i64;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Axis for $integer {
            fn number(&self) -> i64 {
                // No tensor has so many axes that saturating could name a real one.
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

integers!(i32, i64, isize, usize, u32);

impl Axis for D {
    fn number(&self) -> i64 {
        match self {
            D::Minus1 => -1,
            D::Minus2 => -2,
            D::Minus(count) => i64::try_from(*count).map_or(i64::MIN, |count| -count),
        }
    }
}

/// One axis number or several: what PyTorch's `dim` takes where it may be a tuple.
pub trait Axes {
    /// The numbers as PyTorch writes them; none stand for all axes.
    fn numbers(&self) -> Vec<i64>;
}

impl<A: Axis> Axes for A {
    fn numbers(&self) -> Vec<i64> {
        vec![self.number()]
    }
}

impl Axes for () {
    fn numbers(&self) -> Vec<i64> {
        vec![]
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),*))*) => {$(
        impl<$($part: Axis),*> Axes for ($($part,)*) {
            fn numbers(&self) -> Vec<i64> {
                vec![$(self.$place.number()),*]
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, E 3)
    (A 0, B 1, C 2, E 3, F 4)
    (A 0, B 1, C 2, E 3, F 4, G 5)
}

impl<A: Axis, const N: usize> Axes for [A; N] {
    fn numbers(&self) -> Vec<i64> {
        self.iter().map(Axis::number).collect()
    }
}

impl<A: Axis> Axes for &[A] {
    fn numbers(&self) -> Vec<i64> {
        self.iter().map(Axis::number).collect()
    }
}

impl<A: Axis> Axes for Vec<A> {
    fn numbers(&self) -> Vec<i64> {
        self.iter().map(Axis::number).collect()
    }
}

/// For each axis of the tensor, whether it is among `dims`; if there are none, all are.
pub(crate) fn resolve_all(function: &str, tensor: &Tensor, dims: &dyn Axes) -> Result<Vec<bool>> {
    let numbers = dims.numbers();
    // A tensor of no axes has one of size 1 as far as PyTorch's numbers go.
    let mut is_named = vec![numbers.is_empty(); tensor.rank().max(1)];
    for number in numbers {
        let axis = resolve(function, tensor, &number)?;
        if is_named[axis] {
            return fail_index(
                function,
                format_args!("dim {axis} appears multiple times in the list of dims"),
            );
        }
        is_named[axis] = true;
    }
    is_named.truncate(tensor.rank());
    Ok(is_named)
}

/// The axis as an index; a tensor of no axes takes 0 and -1, as in PyTorch.
pub(crate) fn resolve(function: &str, tensor: &Tensor, dim: &dyn Axis) -> Result<usize> {
    let rank = tensor.rank().max(1) as i64;
    let number = dim.number();
    if (-rank..rank).contains(&number) {
        return Ok((if number < 0 { number + rank } else { number }) as usize);
    }
    fail_index(
        function,
        format_args!(
            "Dimension out of range (expected to be in range of [{}, {}], but got {number}); the tensor's shape is {:?}",
            -rank,
            rank - 1,
            tensor.dims()
        ),
    )
}
