//! Functions of class numbers, and padding: one-hot rows, rows of a table, borders.

use candle_core::{DType, Device, Result, Shape, Tensor, WithDType};

use super::op::{self, Call, Op};
use crate::error::{fail, wrong_dtype};

/// Rows of zeros with a one in the column that each number names; `i64`, as in PyTorch.
///
/// # Shapes
///
/// `classes` of any shape `(..)`; the result has `(.., num_classes)`. With -1, PyTorch's default,
/// there is a column for each number up to the largest.
///
/// # Errors
///
/// For floats, for negative numbers, and for those from `num_classes` on. See PyTorch's `one_hot`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(F::one_hot(&tensor!([1, 0]), 3)?.to_vec2::<i64>()?, [[0, 1, 0], [1, 0, 0]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn one_hot(classes: &Tensor, num_classes: i64) -> Result<Tensor> {
    let function = "F::one_hot";
    let numbers = class_numbers(function, classes)?;
    if numbers.iter().any(|it| *it < 0) {
        return fail(function, "Class values must be non-negative");
    }
    let largest = numbers.iter().max().copied();
    let count = match (num_classes, largest) {
        (-1, Some(largest)) => largest + 1,
        (-1, None) => {
            return fail(function, "Can not infer total number of classes from empty tensor");
        }
        (count, _) if count < 1 => {
            return fail(function, "num_classes should be positive");
        }
        (count, Some(largest)) if largest >= count => {
            return fail(
                function,
                format_args!(
                    "Class values must be smaller than num_classes, but one is {largest} and num_classes is {count}"
                ),
            );
        }
        (count, _) => count,
    } as usize;
    let mut values = vec![0i64; numbers.len() * count];
    for (row, number) in values.chunks_exact_mut(count).zip(&numbers) {
        row[*number as usize] = 1;
    }
    Tensor::from_vec(values, [classes.dims(), &[count]].concat(), &Device::Cpu)
}

fn class_numbers(function: &str, classes: &Tensor) -> Result<Vec<i64>> {
    if !classes.dtype().is_int() {
        return fail(
            function,
            format_args!(
                "needs whole numbers, not {:?} (convert them with .to_dtype(DType::I64)?)",
                classes.dtype()
            ),
        );
    }
    classes.to_dtype(DType::I64)?.flatten_all()?.to_vec1()
}

/// The rows of a table that the numbers name.
///
/// # Shapes
///
/// `numbers` of any shape `(..)`, `weight` of `(rows, columns)`; the result has `(.., columns)`.
///
/// # Errors
///
/// For numbers that aren't whole, or name no row. See PyTorch's `embedding`.
///
/// ```
/// use akari::prelude::*;
/// let table = tensor!([[1., 2.], [3., 4.]]);
/// assert_eq!(F::embedding(&tensor!([1, 1]), &table)?.to_vec2::<f32>()?, [[3., 4.], [3., 4.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn embedding(numbers: &Tensor, weight: &Tensor) -> Result<Tensor> {
    embedding_named("F::embedding", numbers, weight, None)
}

pub(crate) fn embedding_named(
    function: &str,
    numbers: &Tensor,
    weight: &Tensor,
    padding: Option<usize>,
) -> Result<Tensor> {
    let [rows, columns] = *weight.dims() else {
        return fail(
            function,
            format_args!("'weight' must be 2-D, but its shape is {:?}", weight.dims()),
        );
    };
    let shape = Shape::from([numbers.dims(), &[columns]].concat());
    let numbers = class_numbers(function, numbers)?;
    if let Some(number) = numbers.iter().find(|it| !(0..rows as i64).contains(*it)) {
        return fail(
            function,
            format_args!("index out of range in self: {number} names no row of {rows}"),
        );
    }
    let numbers = numbers.into_iter().map(|it| it as usize).collect();
    op::apply(Embedding { numbers, padding, columns, shape }, &[weight])
}

struct Embedding {
    numbers: Vec<usize>,
    /// A row that isn't trained.
    padding: Option<usize>,
    columns: usize,
    shape: Shape,
}

impl Op for Embedding {
    const NAME: &'static str = "F::embedding";

    fn forward<T: WithDType>(&self, args: &[&[T]]) -> (Vec<T>, Shape) {
        let row = |number: &usize| &args[0][number * self.columns..][..self.columns];
        (self.numbers.iter().flat_map(row).copied().collect(), self.shape.clone())
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Vec<Option<Vec<T>>> {
        let mut grads = vec![T::zero(); call.args[0].len()];
        let given = call.grad.chunks(self.columns.max(1));
        for (number, given) in self.numbers.iter().zip(given) {
            if Some(*number) != self.padding {
                let row = &mut grads[number * self.columns..][..self.columns];
                row.iter_mut().zip(given).for_each(|(sum, it)| *sum += *it);
            }
        }
        vec![Some(grads)]
    }
}

/// Puts a border of `value` around the last axes; negative widths cut instead.
///
/// `widths` are PyTorch's: before and after along the last axis, then along the one before it, and
/// so on.
///
/// # Errors
///
/// If `widths` has an odd length or more pairs than `x` has axes, or cuts off more than there is.
/// See PyTorch's `pad` with `mode='constant'`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::pad(&tensor!([[1., 2.]]), &[1, 0, 0, 1], 9.0)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[9., 1., 2.], [9., 9., 9.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pad(x: &Tensor, widths: &[i64], value: f64) -> Result<Tensor> {
    let function = "F::pad";
    if !widths.len().is_multiple_of(2) {
        return fail(function, "Padding length must be divisible by 2");
    }
    if widths.len() / 2 > x.rank() {
        return fail(
            function,
            format_args!(
                "Padding length should be less than or equal to two times the input dimension, but padding length {} and input is {:?}",
                widths.len(),
                x.dims()
            ),
        );
    }
    if !x.dtype().is_float() && !x.dtype().is_int() {
        return wrong_dtype(function, "an input", x.dtype());
    }
    let mut padded = x.clone();
    for (index, pair) in widths.chunks_exact(2).enumerate() {
        let axis = x.rank() - 1 - index;
        let size = padded.dims()[axis] as i64;
        let cut = |width: i64| (-width).max(0);
        let kept = size - cut(pair[0]) - cut(pair[1]);
        if kept < 0 {
            return fail(
                function,
                format_args!(
                    "padding {pair:?} cuts off more than the {size} there are at dim {axis}"
                ),
            );
        }
        padded = padded.narrow(axis, cut(pair[0]) as usize, kept as usize)?;
        let border = |width: i64| {
            let mut dims = padded.dims().to_vec();
            dims[axis] = width.max(0) as usize;
            Tensor::full(value, dims, x.device())?.to_dtype(x.dtype())
        };
        let (before, after) = (border(pair[0])?, border(pair[1])?);
        // candle joins no empty tensors.
        let parts = [before, padded, after];
        let parts = parts.iter().filter(|it| it.dims()[axis] > 0).collect::<Vec<_>>();
        padded = match parts.as_slice() {
            [] => return Tensor::zeros(padded_dims(x, widths), x.dtype(), x.device()),
            [one] => (*one).clone(),
            parts => Tensor::cat(parts, axis)?,
        };
    }
    Ok(padded)
}

fn padded_dims(x: &Tensor, widths: &[i64]) -> Vec<usize> {
    let mut dims = x.dims().to_vec();
    for (pair, size) in widths.chunks_exact(2).zip(dims.iter_mut().rev()) {
        *size = (*size as i64 + pair[0] + pair[1]).max(0) as usize;
    }
    dims
}
