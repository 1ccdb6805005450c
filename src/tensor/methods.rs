//! Methods of PyTorch's tensors that candle's lack, as a trait that every cell imports.
//!
//! Where both have a method of one name, candle's is the one that is called; `t!` and the functions of `torch` mean
//! PyTorch's.

use candle_core::{DType, Result, Tensor, Var};

use super::axis::Axes;
use crate::error::fail_shape;
use crate::print::python::Size;

/// PyTorch's methods on candle's tensors and variables.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([1, 2, 3, 4]);
/// assert_eq!(x.view((2, -1))?.dims(), &[2, 2]);
/// assert_eq!(x.float()?.dtype(), DType::F32);
/// assert_eq!(torch::sum(&x)?.item()?, 10.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub trait TensorExt {
    /// The number of a tensor of one element, whatever its dtype. An `i64` past 2^53 is rounded; `to_scalar` is
    /// exact.
    ///
    /// # Errors
    ///
    /// If there are more elements, or none.
    fn item(&self) -> Result<f64>;

    /// The elements in another shape, of which -1 stands for what is left over.
    ///
    /// Shares its numbers with a contiguous tensor, as PyTorch's does; those of another one are copied, where PyTorch
    /// has an error.
    ///
    /// # Errors
    ///
    /// If the shape has another number of elements.
    fn view(&self, shape: impl Axes) -> Result<Tensor>
    where
        Self: Sized;

    /// [`view`](TensorExt::view) in the shape of `other`.
    ///
    /// # Errors
    ///
    /// If the shape has another number of elements.
    fn view_as(&self, other: &Tensor) -> Result<Tensor>;

    /// The elements as `f32`.
    ///
    /// # Errors
    ///
    /// If memory runs out, as for the other dtypes.
    fn float(&self) -> Result<Tensor>;

    /// The elements as `f64`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn double(&self) -> Result<Tensor>;

    /// The elements as `f16`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn half(&self) -> Result<Tensor>;

    /// The elements as `bf16`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn bfloat16(&self) -> Result<Tensor>;

    /// The elements as `i64`; fractions are cut off.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn long(&self) -> Result<Tensor>;

    /// The elements as `i32`; fractions are cut off.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn int(&self) -> Result<Tensor>;

    /// The elements as `u8`; fractions are cut off.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn byte(&self) -> Result<Tensor>;

    /// A mask: 0 where an element is 0, else 1. candle has no truth values; masks are `u8`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn bool(&self) -> Result<Tensor>;

    /// The elements in the dtype of `other`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    fn type_as(&self, other: &Tensor) -> Result<Tensor>;

    /// How many elements there are.
    fn numel(&self) -> usize;

    /// How many axes there are.
    fn ndim(&self) -> usize;

    /// The sizes of all axes, printed as PyTorch prints them.
    fn size(&self) -> Size<'_>;

    /// Whether gradients are recorded for this tensor: for a variable, and for what is computed with one.
    fn requires_grad(&self) -> bool;

    /// A variable with these elements of its own, for which gradients are recorded: PyTorch's `requires_grad_()`.
    ///
    /// *Differs from PyTorch*: the tensor itself stays what it is, since in candle a variable has a type of its own.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let w = torch::zeros(2)?.requires_grad_()?;
    /// let grads = t!((w * 3).sum()).backward()?;
    /// assert_eq!(grads.get(&w).unwrap().to_vec1::<f32>()?, [3., 3.]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    fn requires_grad_(&self) -> Result<Var>;

    /// Whether the elements are floats.
    fn is_floating_point(&self) -> bool;
}

impl TensorExt for Tensor {
    fn item(&self) -> Result<f64> {
        item(self)
    }

    fn view(&self, shape: impl Axes) -> Result<Tensor> {
        self.reshape(sizes("view", &shape.numbers(), self.elem_count())?)
    }

    fn view_as(&self, other: &Tensor) -> Result<Tensor> {
        self.reshape(other.shape())
    }

    fn float(&self) -> Result<Tensor> {
        self.to_dtype(DType::F32)
    }

    fn double(&self) -> Result<Tensor> {
        self.to_dtype(DType::F64)
    }

    fn half(&self) -> Result<Tensor> {
        self.to_dtype(DType::F16)
    }

    fn bfloat16(&self) -> Result<Tensor> {
        self.to_dtype(DType::BF16)
    }

    fn long(&self) -> Result<Tensor> {
        self.to_dtype(DType::I64)
    }

    fn int(&self) -> Result<Tensor> {
        self.to_dtype(DType::I32)
    }

    fn byte(&self) -> Result<Tensor> {
        self.to_dtype(DType::U8)
    }

    fn bool(&self) -> Result<Tensor> {
        self.ne(&self.zeros_like()?)
    }

    fn type_as(&self, other: &Tensor) -> Result<Tensor> {
        self.to_dtype(other.dtype())
    }

    fn numel(&self) -> usize {
        self.elem_count()
    }

    fn ndim(&self) -> usize {
        self.rank()
    }

    fn size(&self) -> Size<'_> {
        Size(self.dims())
    }

    fn requires_grad(&self) -> bool {
        self.track_op()
    }

    fn requires_grad_(&self) -> Result<Var> {
        Var::from_tensor(&self.detach())
    }

    fn is_floating_point(&self) -> bool {
        self.dtype().is_float()
    }
}

/// The number of a tensor that has one element, whatever its shape and dtype.
///
/// # Errors
///
/// If it has none, or more than one.
pub(crate) fn item(tensor: &Tensor) -> Result<f64> {
    if tensor.elem_count() != 1 {
        return fail_shape(
            "item",
            format_args!(
                "a Tensor with {} elements cannot be converted to Scalar (its shape is {:?})",
                tensor.elem_count(),
                tensor.dims()
            ),
        );
    }
    tensor.to_dtype(DType::F64)?.flatten_all()?.get(0)?.to_scalar()
}

/// The sizes of a shape for `count` elements, of which one may be -1: what is left over.
pub(crate) fn sizes(function: &str, numbers: &[i64], count: usize) -> Result<Vec<usize>> {
    let invalid = || {
        fail_shape(
            function,
            format_args!("shape '{numbers:?}' is invalid for input of size {count}"),
        )
    };
    let mut known = 1usize;
    let mut open = None;
    for (axis, number) in numbers.iter().enumerate() {
        match usize::try_from(*number) {
            Ok(size) => {
                let Some(product) = known.checked_mul(size) else { return invalid() };
                known = product;
            }
            Err(_) if *number != -1 => {
                return fail_shape(function, format_args!("invalid shape dimension {number}"));
            }
            Err(_) if open.is_some() => {
                return fail_shape(function, "only one dimension can be inferred");
            }
            Err(_) => open = Some(axis),
        }
    }
    let mut sizes =
        numbers.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect::<Vec<_>>();
    match open {
        None if known == count => Ok(sizes),
        Some(axis) if known != 0 && count.is_multiple_of(known) => {
            sizes[axis] = count / known;
            Ok(sizes)
        }
        Some(_) if known == 0 && count == 0 => fail_shape(
            function,
            format_args!(
                "cannot reshape tensor of 0 elements into shape {numbers:?} because the unspecified dimension size -1 can be any value and is ambiguous"
            ),
        ),
        _ => invalid(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_size_may_be_left_open() {
        assert_eq!(sizes("f", &[2, -1], 6).unwrap(), [2, 3]);
        assert_eq!(sizes("f", &[-1], 0).unwrap(), [0]);
        assert_eq!(sizes("f", &[], 1).unwrap(), [0usize; 0]);
        let text = |numbers: &[i64], count| sizes("f", numbers, count).unwrap_err().to_string();
        assert_eq!(text(&[4, -1], 6), "f: shape '[4, -1]' is invalid for input of size 6");
        assert_eq!(text(&[4], 6), "f: shape '[4]' is invalid for input of size 6");
        assert_eq!(text(&[-1, -1], 6), "f: only one dimension can be inferred");
        assert_eq!(text(&[-2, 3], 6), "f: invalid shape dimension -2");
        assert!(text(&[0, -1], 0).contains("ambiguous"));
        assert!(text(&[i64::MAX, 4], 6).contains("is invalid"));
    }
}
