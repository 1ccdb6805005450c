//! Products of vectors and matrices under the names that say which, and their kin: covariances.
//!
//! All are made of `matmul` and functions that have gradients of their own.

use candle_core::{DType, Result, Tensor};

use super::turns::roll;
use crate::compute::recording;
use crate::error::fail;
use crate::functional::arithmetic::{self, Mul};
use crate::functional::element::clamp;
use crate::functional::elementary::sqrt;
use crate::functional::matmul::matmul;
use crate::functional::sum::mean_keepdim;
use crate::tensor::axis::{self, Axis};
use crate::tensor::operand::Value;
use crate::tensor::promote::{broadcast_shape, broadcast_to};
use crate::tensor::size;

/// The products of each element of a vector with each of another.
///
/// ```text
/// outer(a, b)[i, j] = a[i] · b[j]
/// ```
///
/// # Errors
///
/// For tensors that are no vectors. See PyTorch's `outer`.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::outer(&tensor!([1, 2]), &tensor!([3, 4]))?;
/// assert_eq!(y.to_vec2::<i64>()?, [[3, 4], [6, 8]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn outer(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::outer";
    for (name, vector) in [("self", a), ("vec2", b)] {
        if vector.rank() != 1 {
            return fail(
                NAME,
                format_args!("Expected 1-D argument {name}, but got {}-D", vector.rank()),
            );
        }
    }
    size::checked(NAME, &[a.elem_count(), b.elem_count()], size_of::<f64>())?;
    let (column, row) =
        (recording::argument(a).unsqueeze(1)?, recording::argument(b).unsqueeze(0)?);
    arithmetic::apply(Mul, NAME, Value::Tensor(column), Value::Tensor(row))
}

/// # Errors
///
/// If the dtypes differ.
pub(super) fn same_dtype(function: &str, a: &Tensor, b: &Tensor) -> Result<()> {
    if a.dtype() == b.dtype() {
        return Ok(());
    }
    fail(
        function,
        format_args!(
            "expected both to have same dtype, but found {:?} and {:?} (convert one with .to_dtype(..)?)",
            a.dtype(),
            b.dtype()
        ),
    )
}

/// The sum of the products of the elements of two vectors.
///
/// # Errors
///
/// If they are no vectors of one length and dtype. See PyTorch's `dot`.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::dot(&tensor!([1., 2.]), &tensor!([3., 4.]))?.to_scalar::<f32>()?, 11.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn dot(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::dot";
    let ([len], [other]) = (a.dims(), b.dims()) else {
        return fail(
            NAME,
            format_args!("1D tensors expected, but got {}D and {}D tensors", a.rank(), b.rank()),
        );
    };
    same_dtype(NAME, a, b)?;
    if len != other {
        return fail(
            NAME,
            format_args!(
                "inconsistent tensor size, expected tensor [{len}] and src [{other}] to have the same number of elements, but got {len} and {other} elements respectively"
            ),
        );
    }
    matmul(a, b)
}

/// The product of a matrix and a vector.
///
/// # Errors
///
/// If they are none, or don't fit. See PyTorch's `mv`.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::mv(&tensor!([[1., 2.], [3., 4.]]), &tensor!([1., 1.]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [3., 7.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mv(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::mv";
    let ([rows, columns], [len]) = (a.dims(), b.dims()) else {
        return fail(
            NAME,
            format_args!("matrix @ vector expected, got {}D and {}D tensors", a.rank(), b.rank()),
        );
    };
    same_dtype(NAME, a, b)?;
    if columns != len {
        return fail(
            NAME,
            format_args!("size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({len})"),
        );
    }
    matmul(a, b)
}

/// The product of two matrices.
///
/// # Errors
///
/// If they are none, or don't fit. See PyTorch's `mm`; [`matmul`](super::matmul) broadcasts.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::mm(&tensor!([[1., 2.]]), &tensor!([[3.], [4.]]))?;
/// assert_eq!(y.to_vec2::<f32>()?, [[11.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mm(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    matrices("torch::mm", a, b)
}

fn matrices(function: &str, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    for (name, matrix) in [("mat1", a), ("mat2", b)] {
        if matrix.rank() != 2 {
            return fail(
                function,
                format_args!("{name} must be a matrix, got {}-D tensor", matrix.rank()),
            );
        }
    }
    same_dtype(function, a, b)?;
    let ((rows, inner), (other, columns)) = (a.dims2()?, b.dims2()?);
    if inner != other {
        return fail(
            function,
            format_args!(
                "mat1 and mat2 shapes cannot be multiplied ({rows}x{inner} and {other}x{columns})"
            ),
        );
    }
    matmul(a, b)
}

/// The products of as many matrices as a batch has.
///
/// # Shapes
///
/// `(b, n, k)` and `(b, k, m)` give `(b, n, m)`.
///
/// # Errors
///
/// If these shapes don't fit. See PyTorch's `bmm`.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::bmm(&tensor!([[[1., 2.]]]), &tensor!([[[3.], [4.]]]))?;
/// assert_eq!(y.to_vec3::<f32>()?, [[[11.]]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn bmm(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::bmm";
    for (name, batch) in [("batch1", a), ("batch2", b)] {
        if batch.rank() != 3 {
            return fail(NAME, format_args!("{name} must be a 3D tensor"));
        }
    }
    same_dtype(NAME, a, b)?;
    let (count, _, inner) = a.dims3()?;
    let (others, rows, _) = b.dims3()?;
    if (count, inner) != (others, rows) {
        return fail(
            NAME,
            format_args!(
                "Expected size for first two dimensions of batch2 tensor to be: [{count}, {inner}] but got: [{others}, {rows}]."
            ),
        );
    }
    matmul(a, b)
}

/// A matrix product with something added, which broadcasts.
///
/// ```text
/// addmm(x, a, b) = x + a · b
/// ```
///
/// # Errors
///
/// If the shapes or dtypes don't fit. See PyTorch's `addmm`.
///
/// ```
/// use akari::prelude::*;
/// let (bias, a, b) = (tensor!([1., 2.]), tensor!([[3., 4.]]), tensor!([[1., 0.], [0., 1.]]));
/// assert_eq!(torch::addmm(&bias, &a, &b)?.to_vec2::<f32>()?, [[4., 6.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn addmm(x: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "torch::addmm";
    let product = matrices(NAME, a, b)?;
    same_dtype(NAME, x, a)?;
    let shape = broadcast_shape(NAME, product.dims(), x.dims())?;
    if shape.dims() != product.dims() {
        return fail(
            NAME,
            format_args!(
                "The expanded size of the tensor must match the existing size.  Target sizes: {:?}.  Tensor sizes: {:?}",
                product.dims(),
                x.dims()
            ),
        );
    }
    product + broadcast_to(&recording::argument(x), &shape)?
}

/// The cross products of vectors of three numbers, which lie along an axis.
///
/// ```text
/// a × b = (a_1 b_2 - a_2 b_1, a_2 b_0 - a_0 b_2, a_0 b_1 - a_1 b_0)
/// ```
///
/// The other axes broadcast. See PyTorch's `linalg.cross`; its `cross` looks for an axis of size 3 if none is told.
///
/// # Errors
///
/// If the axis hasn't three elements, or the shapes or dtypes don't fit.
///
/// ```
/// use akari::prelude::*;
/// let y = torch::cross(&tensor!([1., 0., 0.]), &tensor!([0., 1., 0.]), -1)?;
/// assert_eq!(y.to_vec1::<f32>()?, [0., 0., 1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cross(a: &Tensor, b: &Tensor, dim: impl Axis) -> Result<Tensor> {
    crossed(a, b, &dim)
}

fn crossed(a: &Tensor, b: &Tensor, dim: &dyn Axis) -> Result<Tensor> {
    const NAME: &str = "torch::cross";
    if a.rank() != b.rank() {
        return fail(NAME, "inputs must have the same number of dimensions.");
    }
    same_dtype(NAME, a, b)?;
    let axis = axis::resolve(NAME, a, dim)?;
    let size = |x: &Tensor| x.dims().get(axis).copied().unwrap_or(1);
    if size(a) != 3 || size(b) != 3 {
        return fail(
            NAME,
            format_args!(
                "inputs dimension {axis} must have length 3. Got {} and {}",
                size(a),
                size(b)
            ),
        );
    }
    let shape = broadcast_shape(NAME, a.dims(), b.dims())?;
    let (a, b) = (recording::argument(a), recording::argument(b));
    let (a, b) = (broadcast_to(&a, &shape)?, broadcast_to(&b, &shape)?);
    let turned = |x: &Tensor, by: i64| roll(x, by, axis);
    (turned(&a, -1)? * turned(&b, -2)?)? - (turned(&a, -2)? * turned(&b, -1)?)?
}

/// The covariances of variables, each of which is a row of observations; with the correction 1.
///
/// # Shapes
///
/// `(n, observations)` gives `(n, n)`; a vector is one variable, whose variance is the result.
///
/// # Errors
///
/// For tensors of more than two axes. See PyTorch's `cov`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2., 3.], [3., 2., 1.]]);
/// assert_eq!(torch::cov(&x)?.to_vec2::<f32>()?, [[1., -1.], [-1., 1.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cov(x: &Tensor) -> Result<Tensor> {
    covariances("torch::cov", x)
}

fn covariances(function: &str, x: &Tensor) -> Result<Tensor> {
    if x.rank() > 2 {
        return fail(
            function,
            format_args!(
                "expected input to have two or fewer dimensions but got an input with {} dimensions",
                x.rank()
            ),
        );
    }
    let x = recording::argument(x);
    let x = if x.dtype().is_int() { x.to_dtype(DType::F32)? } else { x };
    let rows = if x.rank() < 2 { x.reshape((1, ()))? } else { x.clone() };
    let count = rows.dim(1)?;
    let centered = (&rows - broadcast_to(&mean_keepdim(&rows, 1)?, rows.shape())?)?;
    let products = matmul(&centered, &centered.t()?)?;
    let covariances = (products / (count as f64 - 1.0).max(0.0))?;
    if x.rank() < 2 { covariances.reshape(()) } else { Ok(covariances) }
}

/// The correlations of variables, each of which is a row of observations: from -1 to 1.
///
/// ```text
/// corrcoef(x)[i, j] = cov[i, j] / √(cov[i, i] · cov[j, j])
/// ```
///
/// # Errors
///
/// For tensors of more than two axes. See PyTorch's `corrcoef`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[1., 2., 3.], [3., 2., 1.]]);
/// assert_eq!(torch::corrcoef(&x)?.to_vec2::<f32>()?, [[1., -1.], [-1., 1.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn corrcoef(x: &Tensor) -> Result<Tensor> {
    let covariances = covariances("torch::corrcoef", x)?;
    if covariances.rank() == 0 {
        // A variance is perfectly correlated with itself; of a constant that is nan.
        return covariances.broadcast_div(&covariances);
    }
    let deviations = sqrt(&super::grids::diag(&covariances, 0)?)?;
    let wide = |x: &Tensor| broadcast_to(x, covariances.shape());
    let scaled = (&covariances / wide(&deviations.unsqueeze(1)?)?)?;
    clamp(&(scaled / wide(&deviations.unsqueeze(0)?)?)?, -1.0, 1.0)
}
