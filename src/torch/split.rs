//! One tensor as several: chunks, parts of given sizes, and the parts along an axis that goes away.
//!
//! The parts are views, as in PyTorch: they have the numbers of the tensor itself.

use candle_core::{Result, Tensor};

use crate::compute::recording;
use crate::error::fail;
use crate::tensor::axis::{self, Axis};

/// How a tensor is split: into parts of one size, or of the sizes of a list.
pub trait Sections {
    #[doc(hidden)]
    fn sections(&self) -> (Vec<i64>, bool);
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Sections for $integer {
            fn sections(&self) -> (Vec<i64>, bool) {
                (vec![Axis::number(self)], false)
            }
        }
    )*};
}

integers!(i32, i64, isize, usize, u32);

impl<A: Axis> Sections for [A] {
    fn sections(&self) -> (Vec<i64>, bool) {
        (self.iter().map(Axis::number).collect(), true)
    }
}

impl<A: Axis, const N: usize> Sections for [A; N] {
    fn sections(&self) -> (Vec<i64>, bool) {
        self[..].sections()
    }
}

impl<A: Axis> Sections for Vec<A> {
    fn sections(&self) -> (Vec<i64>, bool) {
        self[..].sections()
    }
}

impl<S: Sections + ?Sized> Sections for &S {
    fn sections(&self) -> (Vec<i64>, bool) {
        (**self).sections()
    }
}

/// At most `chunks` parts of one size, but for the last, which may be smaller; views.
///
/// ```text
/// size = ⌈n / chunks⌉
/// ```
///
/// # Errors
///
/// If `chunks` is 0 or the axis isn't there. See PyTorch's `chunk`.
///
/// ```
/// use akari::prelude::*;
/// let parts = torch::chunk(&tensor!([1, 2, 3, 4, 5]), 2, 0)?;
/// assert_eq!(parts[0].to_vec1::<i64>()?, [1, 2, 3]);
/// assert_eq!(parts[1].to_vec1::<i64>()?, [4, 5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn chunk(x: &Tensor, chunks: usize, dim: impl Axis) -> Result<Vec<Tensor>> {
    const NAME: &str = "torch::chunk";
    if x.rank() == 0 {
        return fail(NAME, "chunk expects at least a 1-dimensional tensor");
    }
    if chunks == 0 {
        return fail(NAME, "chunk expects `chunks` to be greater than 0, got: 0");
    }
    let axis = axis::resolve(NAME, x, &dim)?;
    let size = x.dims()[axis];
    if size == 0 {
        // All of an axis without elements: as many empty parts as were asked for.
        return Ok(vec![recording::argument(x); chunks]);
    }
    parts(x, axis, equal(size, size.div_ceil(chunks)))
}

/// Parts of size `split`, but for the last, which may be smaller, or of the sizes of a list; views.
///
/// # Errors
///
/// If the sizes don't add up, a size is negative, or the axis isn't there. See PyTorch's `split`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1, 2, 3, 4, 5]);
/// assert_eq!(torch::split(&x, 2, 0)?.len(), 3);
/// let parts = torch::split(&x, [1, 4], 0)?;
/// assert_eq!(parts[1].to_vec1::<i64>()?, [2, 3, 4, 5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn split(x: &Tensor, split: impl Sections, dim: impl Axis) -> Result<Vec<Tensor>> {
    let (sizes, is_list) = split.sections();
    split_by(x, sizes, is_list, &dim)
}

fn split_by(x: &Tensor, sizes: Vec<i64>, is_list: bool, dim: &dyn Axis) -> Result<Vec<Tensor>> {
    const NAME: &str = "torch::split";
    if x.rank() == 0 {
        return fail(NAME, "split expects at least a 1-dimensional tensor");
    }
    let axis = axis::resolve(NAME, x, dim)?;
    let size = x.dims()[axis];
    if !is_list {
        return match usize::try_from(sizes[0]) {
            Err(_) => fail(
                NAME,
                format_args!(
                    "split expects split_size be non-negative, but got split_size={}",
                    sizes[0]
                ),
            ),
            Ok(0) if size > 0 => fail(
                NAME,
                format_args!(
                    "split_size can only be 0 if dimension size is 0, but got dimension size of {size}"
                ),
            ),
            Ok(_) if size == 0 => Ok(vec![recording::argument(x)]),
            Ok(part) => parts(x, axis, equal(size, part)),
        };
    }
    if sizes.iter().any(|size| *size < 0) {
        return fail(
            NAME,
            format_args!(
                "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes:?}"
            ),
        );
    }
    if sizes.iter().map(|size| *size as u128).sum::<u128>() != size as u128 {
        return fail(
            NAME,
            format_args!(
                "split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {axis}), but got split_sizes={sizes:?}"
            ),
        );
    }
    parts(x, axis, sizes.into_iter().map(|size| size as usize).collect())
}

/// Sizes of `part`, as many as make up `size`; the last may be smaller.
fn equal(size: usize, part: usize) -> Vec<usize> {
    (0..size).step_by(part).map(|start| part.min(size - start)).collect()
}

fn parts(x: &Tensor, axis: usize, sizes: Vec<usize>) -> Result<Vec<Tensor>> {
    let x = recording::argument(x);
    let mut start = 0;
    let part = |size: usize| {
        start += size;
        x.narrow(axis, start - size, size)
    };
    sizes.into_iter().map(part).collect()
}

/// The parts along an axis, which goes away; views.
///
/// # Shapes
///
/// `(n, ..)` gives `n` tensors of `(..)` for `dim` 0.
///
/// # Errors
///
/// If the axis isn't there. See PyTorch's `unbind`.
///
/// ```
/// use akari::prelude::*;
/// let columns = torch::unbind(&tensor!([[1, 2], [3, 4]]), 1)?;
/// assert_eq!(columns[1].to_vec1::<i64>()?, [2, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unbind(x: &Tensor, dim: impl Axis) -> Result<Vec<Tensor>> {
    const NAME: &str = "torch::unbind";
    let axis = axis::resolve(NAME, x, &dim)?;
    if x.rank() == 0 {
        return fail(
            NAME,
            format_args!("Dimension specified as {axis} but tensor has no dimensions"),
        );
    }
    let parts = parts(x, axis, vec![1; x.dims()[axis]])?;
    parts.into_iter().map(|part| part.squeeze(axis)).collect()
}
