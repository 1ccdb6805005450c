//! Exponentials, logarithms, roots, powers and angles: what `torch` has of functions of one number beside the activations.
//!
//! candle's take one thread and panic on integers. The mechanism is in `unary.rs`, the functions of numbers in
//! `elementary_math.rs`.

use candle_core::{DType, Result, Tensor};

use super::elementary_math::{
    FAR, ln, ln_1p, log2 as log2_of, log10 as log10_of, near_cos, near_sin, power as power_of,
};
use super::unary::activations;
use super::unary_math::{exp as exp_of, expm1 as expm1_of, like};
use crate::compute::op;
use crate::compute::threads;

activations! {
    /// e to the power of each element.
    ///
    /// ```text
    /// exp(x) = e^x        exp'(x) = e^x
    /// ```
    ///
    /// Source: PyTorch's `torch.exp`.
    "torch::exp" Exp pub exp() Promote
        example "torch::exp(&tensor!([0.0, 1.0, -1.0]))?" => "tensor([1.0000, 2.7183, 0.3679])";
        value |x| exp_of(x);
        gradient |x, g| g * exp_of(x);

    /// [`exp`] less 1, also right for small `x`.
    ///
    /// ```text
    /// expm1(x) = e^x - 1        expm1'(x) = e^x
    /// ```
    ///
    /// Source: PyTorch's `torch.expm1`.
    "torch::expm1" Expm1 pub expm1() Promote
        example "torch::expm1(&tensor!([0.0, 1e-10, 1.0]))?"
            => "tensor([0.0000e+00, 1.0000e-10, 1.7183e+00])";
        value |x| expm1_of(x);
        gradient |x, g| g * exp_of(x);

    /// The natural logarithm: -inf at 0, and nan below.
    ///
    /// ```text
    /// log(x) = ln x        log'(x) = 1 / x
    /// ```
    ///
    /// Source: PyTorch's `torch.log`.
    "torch::log" Log pub log() Promote
        example "torch::log(&tensor!([1.0, 2.0, 0.0]))?" => "tensor([0.0000, 0.6931,   -inf])";
        value |x| ln(x);
        gradient |x, g| g / x;

    /// The logarithm to base 2.
    ///
    /// ```text
    /// log2(x) = ln x / ln 2        log2'(x) = 1 / (x ln 2)
    /// ```
    ///
    /// Source: PyTorch's `torch.log2`.
    "torch::log2" Log2 pub log2() Promote
        example "torch::log2(&tensor!([8.0, 0.5]))?" => "tensor([ 3., -1.])";
        value |x| log2_of(x);
        gradient |x, g| g / (x * like(x, std::f64::consts::LN_2));

    /// The logarithm to base 10.
    ///
    /// ```text
    /// log10(x) = ln x / ln 10        log10'(x) = 1 / (x ln 10)
    /// ```
    ///
    /// Source: PyTorch's `torch.log10`.
    "torch::log10" Log10 pub log10() Promote
        example "torch::log10(&tensor!([1.0, 2.0]))?" => "tensor([0.0000, 0.3010])";
        value |x| log10_of(x);
        gradient |x, g| g / (x * like(x, std::f64::consts::LN_10));

    /// [`log`] of `1 + x`, also right for small `x`.
    ///
    /// ```text
    /// log1p(x) = ln(1 + x)        log1p'(x) = 1 / (1 + x)
    /// ```
    ///
    /// Source: PyTorch's `torch.log1p`.
    "torch::log1p" Log1p pub log1p() Promote
        example "torch::log1p(&tensor!([0.0, 1.0]))?" => "tensor([0.0000, 0.6931])";
        value |x| ln_1p(x);
        gradient |x, g| g / (x + 1.0);

    /// The square root: nan below 0. The slope at 0 is infinite.
    ///
    /// ```text
    /// sqrt(x) = √x        sqrt'(x) = 1 / (2 √x)
    /// ```
    ///
    /// Source: PyTorch's `torch.sqrt`.
    "torch::sqrt" Sqrt pub sqrt() Promote
        example "torch::sqrt(&tensor!([0.0, 4.0, 2.0]))?" => "tensor([0.0000, 2.0000, 1.4142])";
        value |x| x.sqrt();
        gradient |x, g| g / (2.0 * x.sqrt());

    /// One over the square root: inf at 0, and nan below.
    ///
    /// ```text
    /// rsqrt(x) = 1 / √x        rsqrt'(x) = -1 / (2 x √x)
    /// ```
    ///
    /// Source: PyTorch's `torch.rsqrt`.
    "torch::rsqrt" Rsqrt pub rsqrt() Promote
        example "torch::rsqrt(&tensor!([4.0, 0.25]))?" => "tensor([0.5000, 2.0000])";
        value |x| 1.0 / x.sqrt();
        gradient |x, g| {
            let root = 1.0 / x.sqrt();
            -0.5 * g * (root * root * root)
        };

    /// One over each element: infinite at 0.
    ///
    /// ```text
    /// reciprocal(x) = 1 / x        reciprocal'(x) = -1 / x²
    /// ```
    ///
    /// Source: PyTorch's `torch.reciprocal`.
    "torch::reciprocal" Reciprocal pub reciprocal() Promote
        example "torch::reciprocal(&tensor!([4.0, -0.5]))?" => "tensor([ 0.2500, -2.0000])";
        value |x| 1.0 / x;
        gradient |x, g| {
            let inverse = 1.0 / x;
            -g * (inverse * inverse)
        };

    "torch::square" Square square_of_floats() Refuse
        value |x| x * x;
        gradient |x, g| g * (2.0 * x);

    "torch::sin" Sin near_sin_of() Promote
        value |x| near_sin(x);
        gradient |x, g| g * near_cos(x);

    "torch::sin" FarSin far_sin_of() Promote
        value |x| x.sin();
        gradient |x, g| g * x.cos();

    "torch::cos" Cos near_cos_of() Promote
        value |x| near_cos(x);
        gradient |x, g| -(g * near_sin(x));

    "torch::cos" FarCos far_cos_of() Promote
        value |x| x.cos();
        gradient |x, g| -(g * x.sin());

    "torch::pow" Cube cube() Promote
        value |x| x * x * x;
        gradient |x, g| g * (3.0 * (x * x));

    "torch::pow" InverseSquare inverse_square() Promote
        value |x| 1.0 / (x * x);
        gradient |x, g| g * (-2.0 / (x * x * x));

    "torch::pow" InverseRoot inverse_root() Promote
        value |x| 1.0 / x.sqrt();
        gradient |x, g| g * (-0.5 * x.powf(-1.5));

    "torch::pow" One one() Promote
        // nan to the power of 0 is 1, and a constant has no slope.
        value |x| like(x, 1.0);
        gradient |_x, g| like(g, 0.0);

    "torch::pow" Identity identity() Promote
        value |x| x;
        gradient |_x, g| g;

    "torch::pow" RootOfCube root_of_cube() Promote
        // The root of -infinity is nan, but its power of 1.5 is infinite.
        value |x| if x < 0.0 && x.is_infinite() { -x } else { x * x.sqrt() };
        gradient |x, g| g * (1.5 * x.sqrt());

    "torch::pow" Power power(exponent) Promote
        value |x| power_of(x, exponent);
        gradient |x, g| g * (exponent * power_of(x, exponent - 1.0));
}

/// The square of each element; integers keep their dtype.
///
/// ```text
/// square(x) = x²        square'(x) = 2 x
/// ```
///
/// The result has the shape of `x`. Source: PyTorch's `torch.square`.
///
/// # Errors
///
/// If memory runs out.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// assert_eq!(torch::square(&tensor!([1.0, -3.0]))?.to_vec1::<f32>()?, [1.0, 9.0]);
/// assert_eq!(torch::square(&tensor!([1, -3]))?.to_vec1::<i64>()?, [1, 9]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn square(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_int() { x * x } else { square_of_floats(x) }
}

/// All elements to the power of one number, by a formula of its own where there is one.
pub(super) fn power_of_all(x: &Tensor, exponent: f64) -> Result<Tensor> {
    // PyTorch, too, computes these without logarithms.
    match exponent {
        0.0 => one(x),
        0.5 => sqrt(x),
        1.0 => identity(x),
        1.5 => root_of_cube(x),
        2.0 => square_of_floats(&floats(x)?),
        3.0 => cube(x),
        -0.5 => inverse_root(x),
        -1.0 => reciprocal(x),
        -2.0 => inverse_square(x),
        exponent => power(x, exponent),
    }
}

/// The sine of each element, an angle in radians.
///
/// ```text
/// sin'(x) = cos(x)
/// ```
///
/// The result has the shape of `x`. Integers give `f32`. Source: PyTorch's `torch.sin`.
///
/// # Errors
///
/// If memory runs out.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = torch::sin(&tensor!([0.0, 1.0, -2.0]))?;
/// assert_eq!(akari::print::tensor_text(&y)?, "tensor([ 0.0000,  0.8415, -0.9093])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sin(x: &Tensor) -> Result<Tensor> {
    let x = &floats(x)?;
    if has_far_angles(x)? { far_sin_of(x) } else { near_sin_of(x) }
}

/// The cosine of each element, an angle in radians.
///
/// ```text
/// cos'(x) = -sin(x)
/// ```
///
/// The result has the shape of `x`. Integers give `f32`. Source: PyTorch's `torch.cos`.
///
/// # Errors
///
/// If memory runs out.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = torch::cos(&tensor!([0.0, 1.0, -2.0]))?;
/// assert_eq!(akari::print::tensor_text(&y)?, "tensor([ 1.0000,  0.5403, -0.4161])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cos(x: &Tensor) -> Result<Tensor> {
    let x = &floats(x)?;
    if has_far_angles(x)? { far_cos_of(x) } else { near_cos_of(x) }
}

pub(super) fn floats(x: &Tensor) -> Result<Tensor> {
    if x.dtype().is_int() { x.to_dtype(DType::F32) } else { Ok(x.clone()) }
}

/// Whether an angle needs more digits of π than a loop of vectors takes.
pub(super) fn has_far_angles(x: &Tensor) -> Result<bool> {
    /// How many numbers one thread looks at.
    const PIECE: usize = 1 << 16;
    let x = match x.dtype() {
        DType::F64 => return Ok(false),
        DType::F32 => x.contiguous()?,
        _ => x.to_dtype(DType::F32)?.contiguous()?,
    };
    let is_far = |xs: &[f32]| xs.iter().fold(false, |is_far, x| is_far | (x.abs() > FAR));
    let is_any_far = |xs: &[f32]| {
        let pieces = threads::collect(xs.len().div_ceil(PIECE), 1, |index| {
            is_far(&xs[index * PIECE..xs.len().min((index + 1) * PIECE)])
        });
        pieces.contains(&true)
    };
    op::with_values("torch::sin", &x, is_any_far, |_| false)
}
