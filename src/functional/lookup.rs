//! Functions of class numbers: one-hot rows, and rows of a table.

use candle_core::{Device, Result, Shape, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::{fail, fail_dtype, fail_index, fail_shape};
use crate::tensor::parts;
use crate::tensor::size;

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
    if numbers.iter().any(|number| *number < 0) {
        return fail_index(function, "Class values must be non-negative");
    }
    let largest = numbers.iter().max().copied();
    let count = match (num_classes, largest) {
        (-1, Some(largest)) => largest.saturating_add(1),
        (-1, None) => {
            return fail_shape(function, "Can not infer total number of classes from empty tensor");
        }
        (count, _) if count < 1 => {
            return fail(function, "num_classes should be positive");
        }
        (count, Some(largest)) if largest >= count => {
            return fail_index(
                function,
                format_args!(
                    "Class values must be smaller than num_classes, but one is {largest} and num_classes is {count}"
                ),
            );
        }
        (count, _) => count,
    } as usize;
    let shape = [classes.dims(), &[count]].concat();
    let mut values = vec![0i64; size::checked(function, &shape, size_of::<i64>())?];
    for (row, number) in values.chunks_exact_mut(count).beside(&numbers) {
        row[*number as usize] = 1;
    }
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn class_numbers(function: &str, classes: &Tensor) -> Result<Vec<i64>> {
    if !classes.dtype().is_int() {
        return fail_dtype(
            function,
            format_args!(
                "needs whole numbers, not {:?} (convert them with .to_dtype(DType::I64)?)",
                classes.dtype()
            ),
        );
    }
    parts::values(classes)
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
    function: &'static str,
    numbers: &Tensor,
    weight: &Tensor,
    padding: Option<usize>,
) -> Result<Tensor> {
    let [rows, columns] = *weight.dims() else {
        return fail_shape(
            function,
            format_args!("'weight' must be 2-D, but its shape is {:?}", weight.dims()),
        );
    };
    let shape = Shape::from([numbers.dims(), &[columns]].concat());
    let numbers = class_numbers(function, numbers)?;
    if let Some(number) = numbers.iter().find(|number| !(0..rows as i64).contains(*number)) {
        return fail_index(
            function,
            format_args!("index out of range in self: {number} names no row of {rows}"),
        );
    }
    let numbers = numbers.into_iter().map(|number| number as usize).collect();
    op::apply(function, EmbeddingOp { numbers, padding, columns, shape }, [weight])
}

struct EmbeddingOp {
    numbers: Vec<usize>,
    /// A row that isn't trained.
    padding: Option<usize>,
    columns: usize,
    shape: Shape,
}

impl Op for EmbeddingOp {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let mut rows = Vec::with_capacity(self.numbers.len() * self.columns);
        for number in &self.numbers {
            rows.extend_from_slice(&args[0][number * self.columns..][..self.columns]);
        }
        Ok((rows, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        /// Into how many parts a table is cut, each of which one thread clears and fills.
        const PARTS: usize = 8;
        let (len, columns) = (call.args[0].len(), self.columns.max(1));
        let rows = (len / columns).div_ceil(PARTS).max(1);
        let grads = loops::by_pieces(len, rows * columns, |index, part| {
            let first = index * rows;
            for (number, given) in self.numbers.iter().beside(call.grad.chunks(columns)) {
                // A row before the part wraps to one far behind it.
                let place = number.wrapping_sub(first);
                if place < part.len() / columns && Some(*number) != self.padding {
                    let row = &mut part[place * columns..][..columns];
                    row.iter_mut().beside(given).for_each(|(sum, grad)| *sum += *grad);
                }
            }
        });
        Ok(vec![Some(grads)])
    }
}
