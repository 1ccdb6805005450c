//! Decompositions of `torch::linalg`: of matrices into factors with orthogonal columns.
//!
//! Computed in `f64`, matrix after matrix, and rounded once: QR by reflections (`reflections.rs`), the other two by
//! rotations (`rotations.rs`). A decomposition is one operation of candle's graph whose result holds all factors
//! of a matrix in a row; the functions cut them out.

use candle_core::{D, Result, Shape, Tensor};

use super::dense::{Decomposition, Size, narrow, wide};
use super::reflections::Qr;
use super::rotations::{Eigh, Svd};
use crate::compute::beside::Beside;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::fail_shape;

/// An orthogonal matrix and an upper triangle whose product the matrix is.
///
/// ```text
/// A = Q R,    Qᵀ Q = 1
/// ```
///
/// # Shapes
///
/// From `(.., m, n)` to `Q` of `(.., m, k)` and `R` of `(.., k, n)`, with `k = min(m, n)`: PyTorch's `mode='reduced'`.
///
/// # Errors
///
/// For less than two axes, and for integers. See PyTorch's `linalg.qr`.
///
/// ```
/// use akari::prelude::*;
/// let a = tensor!([[3., 1.], [4., 2.]]);
/// let (q, r) = torch::linalg::qr(&a)?;
/// assert!(torch::allclose_within(&t!(q @ r), &a, 1e-5, 1e-6)?);
/// assert!((r.i((0, 0))?.item()? + 5.0).abs() < 1e-6);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn qr(a: &Tensor) -> Result<(Tensor, Tensor)> {
    let size = Size::of("torch::linalg::qr", a)?;
    let Size { m, n, k } = size;
    let [q, r] = factors("torch::linalg::qr", a, Qr(size), [&[m, k], &[k, n]])?;
    Ok((q, r))
}

/// Two orthogonal matrices, and the singular values between them, the largest first.
///
/// ```text
/// A = U diag(S) Vh,    Uᵀ U = 1,  Vh Vhᵀ = 1
/// ```
///
/// # Shapes
///
/// From `(.., m, n)` to `U` of `(.., m, k)`, `S` of `(.., k)` and `Vh` of `(.., k, n)`, with `k = min(m, n)`.
///
/// # Errors
///
/// For less than two axes, and for integers. The gradient of `U` and `Vh` is finite where singular values differ.
///
/// *Differs from PyTorch*: it is that of `full_matrices=False`, which courses use. A column of `U` may have the other
/// sign, with that row of `Vh`. See PyTorch's `linalg.svd`.
///
/// ```
/// use akari::prelude::*;
/// let a = tensor!([[0., 2.], [3., 0.], [0., 0.]]);
/// let (u, s, vh) = torch::linalg::svd(&a)?;
/// assert_eq!(s.to_vec1::<f32>()?, [3.0, 2.0]);
/// assert!(torch::allclose(&t!((u * s) @ vh), &a)?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn svd(a: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let size = Size::of("torch::linalg::svd", a)?;
    let Size { m, n, k } = size;
    let [u, s, vh] = factors("torch::linalg::svd", a, Svd(size), [&[m, k], &[k], &[k, n]])?;
    Ok((u, s, vh))
}

/// The singular values alone; see [`svd`].
///
/// # Errors
///
/// As [`svd`].
///
/// ```
/// use akari::prelude::*;
/// let s = torch::linalg::svdvals(&tensor!([[0., 2.], [3., 0.]]))?;
/// assert_eq!(s.to_vec1::<f32>()?, [3.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn svdvals(a: &Tensor) -> Result<Tensor> {
    let size = Size::of("torch::linalg::svdvals", a)?;
    let Size { m, n, k } = size;
    let [_, s, _] = factors("torch::linalg::svdvals", a, Svd(size), [&[m, k], &[k], &[k, n]])?;
    Ok(s)
}

/// The eigenvalues of symmetric matrices, the smallest first, and their eigenvectors, as columns.
///
/// ```text
/// A = V diag(λ) Vᵀ,    Vᵀ V = 1
/// ```
///
/// # Shapes
///
/// From `(.., n, n)` to `λ` of `(.., n)` and `V` of `(.., n, n)`. Of `A` only the lower triangle is read.
///
/// # Errors
///
/// If the matrices aren't square, and for integers. The gradient of `V` is finite where eigenvalues differ.
///
/// *Differs from PyTorch*: an eigenvector may have the other sign. Matrices that aren't symmetric have complex
/// eigenvalues, which candle has no dtype for. See PyTorch's `linalg.eigh`.
///
/// ```
/// use akari::prelude::*;
/// let (values, vectors) = torch::linalg::eigh(&tensor!([[2., 1.], [1., 2.]]))?;
/// assert!(torch::allclose_within(&values, &tensor!([1., 3.]), 1e-6, 0.0)?);
/// assert!(torch::allclose(&torch::abs(&vectors)?, &torch::full((2, 2), 0.5f32.sqrt())?)?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn eigh(a: &Tensor) -> Result<(Tensor, Tensor)> {
    symmetric("torch::linalg::eigh", a)
}

/// The eigenvalues of symmetric matrices alone; see [`eigh`].
///
/// # Errors
///
/// As [`eigh`].
///
/// ```
/// use akari::prelude::*;
/// let values = torch::linalg::eigvalsh(&tensor!([[4., 0.], [0., 1.]]))?;
/// assert_eq!(values.to_vec1::<f32>()?, [1.0, 4.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn eigvalsh(a: &Tensor) -> Result<Tensor> {
    Ok(symmetric("torch::linalg::eigvalsh", a)?.0)
}

fn symmetric(function: &'static str, a: &Tensor) -> Result<(Tensor, Tensor)> {
    let Size { m, n, .. } = Size::of(function, a)?;
    if m != n {
        return fail_shape(
            function,
            format_args!("A must be batches of square matrices, but they are {m} by {n} matrices"),
        );
    }
    let [values, vectors] = factors(function, a, Eigh(n), [&[n], &[n, n]])?;
    Ok((values, vectors))
}

/// The factors of all matrices, of these shapes.
fn factors<F: Decomposition, const N: usize>(
    function: &'static str,
    a: &Tensor,
    decomposition: F,
    shapes: [&[usize]; N],
) -> Result<[Tensor; N]> {
    let batch = &a.dims()[..a.rank() - 2];
    let area = a.dims()[a.rank() - 2..].iter().product();
    let lengths = shapes.map(|shape| shape.iter().product::<usize>());
    let shape = Shape::from([batch, &[lengths.iter().sum()]].concat());
    let all = op::apply(function, Factors { decomposition, area, shape }, [a])?;
    let mut start = 0;
    let mut parts = Vec::with_capacity(N);
    for (shape, length) in shapes.iter().beside(lengths) {
        let part = all.narrow(D::Minus1, start, length)?;
        parts.push(part.reshape([batch, shape].concat())?);
        start += length;
    }
    parts.try_into().or_else(|_| fail_shape(function, "lost a factor"))
}

struct Factors<F> {
    decomposition: F,
    /// How many elements a matrix has.
    area: usize,
    shape: Shape,
}

impl<F: Decomposition> Op for Factors<F> {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let matrices = args[0].chunks(self.area.max(1));
        let factors = matrices.flat_map(|it| narrow::<T>(self.decomposition.factors(wide(it))));
        Ok((factors.collect(), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let length = self.shape.dims().last().copied().unwrap_or(1).max(1);
        let pairs = call.result.chunks(length).beside(call.grad.chunks(length));
        let grads = pairs.flat_map(|(factors, grads)| {
            narrow::<T>(self.decomposition.gradient(&wide(factors), &wide(grads)))
        });
        Ok(vec![Some(grads.collect())])
    }
}
