//! Whether numbers are near, equal, nan or infinite; answers are `u8`, 0 or 1, or `bool` for whole tensors.

use candle_core::{Result, Tensor, WithDType};

use crate::compute::any::any_tensor;
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE};
use crate::compute::op;
use crate::error::fail;
use crate::functional::transpose::contiguous;
use crate::tensor::promote::{broadcast_shape, promote_and_broadcast};

/// How far numbers may be apart unless it is told.
const NEAR: Nearness = Nearness { rtol: 1e-5, atol: 1e-8 };

/// Whether all elements of two tensors are near each other; the shapes broadcast.
///
/// ```text
/// |a - b| <= atol + rtol |b|        with rtol 1e-5 and atol 1e-8
/// ```
///
/// Infinities are near their equals, a nan to nothing. [`allclose_within`] takes other tolerances.
///
/// # Errors
///
/// If the dtypes differ or the shapes don't broadcast. See PyTorch's `allclose`.
///
/// ```
/// use akari::prelude::*;
/// assert!(torch::allclose(&tensor!([0.3]), &torch::full(1, 0.1 + 0.2)?)?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn allclose(a: &Tensor, b: &Tensor) -> Result<bool> {
    are_all_near("torch::allclose", a, b, NEAR)
}

/// [`allclose`] with these tolerances, the relative one first.
///
/// # Errors
///
/// As [`allclose`], and for a negative tolerance. See PyTorch's `allclose(a, b, rtol, atol)`.
///
/// ```
/// use akari::prelude::*;
/// assert!(torch::allclose_within(&tensor!([1.0]), &tensor!([1.05]), 0.0, 0.1)?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn allclose_within(a: &Tensor, b: &Tensor, rtol: f64, atol: f64) -> Result<bool> {
    are_all_near("torch::allclose_within", a, b, Nearness { rtol, atol })
}

/// For each pair of elements, whether they are near each other, as [`allclose`] has it; `u8`.
///
/// # Errors
///
/// As [`allclose`]. See PyTorch's `isclose`.
///
/// ```
/// use akari::prelude::*;
/// let near = torch::isclose(&tensor!([1.0, 2.0]), &tensor!([1.000001, 2.1]))?;
/// assert_eq!(near.to_vec1::<u8>()?, [1, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn isclose(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    near("torch::isclose", a, b, NEAR)
}

/// [`isclose`] with these tolerances, the relative one first.
///
/// # Errors
///
/// As [`allclose_within`].
///
/// ```
/// use akari::prelude::*;
/// let near = torch::isclose_within(&tensor!([1.0]), &tensor!([1.05]), 0.1, 0.0)?;
/// assert_eq!(near.to_vec1::<u8>()?, [1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn isclose_within(a: &Tensor, b: &Tensor, rtol: f64, atol: f64) -> Result<Tensor> {
    near("torch::isclose_within", a, b, Nearness { rtol, atol })
}

/// How far two numbers may be apart to be near.
#[derive(Debug, Clone, Copy)]
struct Nearness {
    rtol: f64,
    atol: f64,
}

impl Nearness {
    fn holds(self, a: f64, b: f64) -> bool {
        let distance = (a - b).abs();
        a == b || distance.is_finite() && distance <= self.atol + (self.rtol * b).abs()
    }
}

fn are_all_near(
    function: &'static str,
    a: &Tensor,
    b: &Tensor,
    nearness: Nearness,
) -> Result<bool> {
    let answers = near(function, a, b, nearness)?;
    op::with_elements(&answers, |answers: &[u8]| Ok(answers.iter().all(|it| *it == 1)))
}

fn near(function: &'static str, a: &Tensor, b: &Tensor, nearness: Nearness) -> Result<Tensor> {
    for (name, value) in [("rtol", nearness.rtol), ("atol", nearness.atol)] {
        if value < 0.0 {
            return fail(
                function,
                format_args!("{name} must be greater than or equal to zero, but got {value}"),
            );
        }
    }
    if a.dtype() != b.dtype() {
        return fail(
            function,
            format_args!(
                "{:?} did not match {:?} (convert one with .to_dtype(..)?)",
                a.dtype(),
                b.dtype()
            ),
        );
    }
    let shape = broadcast_shape(function, a.dims(), b.dims())?;
    let wide = |x: &Tensor| contiguous(&x.detach().broadcast_as(&shape)?);
    let (a, b) = (wide(a)?, wide(b)?);
    any_tensor!(function, &a, xs => {
        answers(&b, xs, |x, y| nearness.holds(x.to_f64(), y.to_f64()))
    })
}

/// What a question answers for each pair of elements.
fn answers<T: WithDType>(
    other: &Tensor,
    xs: &[T],
    question: impl Fn(T, T) -> bool + Sync,
) -> Result<Tensor> {
    let values = op::with_elements(other, |ys: &[T]| {
        Ok(loops::by_pieces(xs.len(), PIECE, |index, out: &mut [u8]| {
            let pairs = xs[index * PIECE..].iter().beside(&ys[index * PIECE..]);
            let answer = |(out, (x, y)): (&mut u8, (&T, &T))| *out = u8::from(question(*x, *y));
            out.iter_mut().beside(pairs).for_each(answer);
        }))
    })?;
    Tensor::from_vec(values, other.shape(), other.device())
}

/// Whether two tensors have one shape and equal elements; nan equals nothing.
///
/// # Errors
///
/// If memory runs out. See PyTorch's `equal`.
///
/// ```
/// use akari::prelude::*;
/// assert!(torch::equal(&tensor!([1, 2]), &tensor!([1, 2]))?);
/// assert!(!torch::equal(&tensor!([1, 2]), &tensor!([1, 3]))?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn equal(a: &Tensor, b: &Tensor) -> Result<bool> {
    const NAME: &str = "torch::equal";
    if a.dims() != b.dims() {
        return Ok(false);
    }
    let (a, b) = promote_and_broadcast(NAME, &a.detach(), &b.detach())?;
    let (a, b) = (contiguous(&a)?, contiguous(&b)?);
    any_tensor!(NAME, &a, xs => op::with_elements(&b, |ys| Ok(are_equal(xs, ys))))
}

fn are_equal<T: WithDType>(xs: &[T], ys: &[T]) -> bool {
    xs == ys
}

/// For each element, whether it is nan; `u8`. See PyTorch's `isnan`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::isnan(&tensor!([1.0, f64::NAN]))?.to_vec1::<u8>()?, [0, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn isnan(x: &Tensor) -> Result<Tensor> {
    asked("torch::isnan", x, f64::is_nan)
}

/// For each element, whether it is infinite; `u8`. See PyTorch's `isinf`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::isinf(&tensor!([1.0, f64::INFINITY]))?.to_vec1::<u8>()?, [0, 1]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn isinf(x: &Tensor) -> Result<Tensor> {
    asked("torch::isinf", x, f64::is_infinite)
}

/// For each element, whether it is neither infinite nor nan; `u8`. See PyTorch's `isfinite`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// assert_eq!(torch::isfinite(&tensor!([1.0, f64::NAN]))?.to_vec1::<u8>()?, [1, 0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn isfinite(x: &Tensor) -> Result<Tensor> {
    asked("torch::isfinite", x, f64::is_finite)
}

fn asked(function: &'static str, x: &Tensor, question: fn(f64) -> bool) -> Result<Tensor> {
    let x = contiguous(&x.detach())?;
    any_tensor!(function, &x, xs => answers(&x, xs, |x, _| question(x.to_f64())))
}
