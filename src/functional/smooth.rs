//! Activations without kinks.
//!
//! Values and slopes are PyTorch's (`torch.nn.functional`, version 2.15), also at infinity, where
//! some of its formulas give nan. The mechanism is in `unary.rs`.

use std::f64::consts::FRAC_2_SQRT_PI;

use candle_core::{Result, Tensor};

use super::unary::activations;
use super::unary_math::{
    logistic, logistic_pair, normal, softplus as softplus_of, tanh as tanh_of, tanh_of_softplus,
    tanh_slope,
};
use crate::compute::number::Number;

activations! {
    /// The logistic function: from 0 to 1, and 1/2 at 0.
    ///
    /// ```text
    /// sigmoid(x) = 1 / (1 + exp(-x))        sigmoid'(x) = sigmoid(x) * sigmoid(-x)
    /// ```
    ///
    /// Source: PyTorch's `torch.sigmoid`.
    "F::sigmoid" Sigmoid pub sigmoid() Promote
        example "F::sigmoid(&tensor!([-2.0, 0.0, 4.0]))?" => "tensor([0.1192, 0.5000, 0.9820])";
        value |x| logistic(x);
        gradient |x, g| {
            let (above, below) = logistic_pair(x);
            g * (above * below)
        };

    /// The hyperbolic tangent: from -1 to 1.
    ///
    /// ```text
    /// tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))        tanh'(x) = 1 - tanh(x)²
    /// ```
    ///
    /// Source: PyTorch's `torch.tanh`.
    "F::tanh" Tanh pub tanh() Promote
        example "F::tanh(&tensor!([-1.0, 0.0, 2.0]))?" => "tensor([-0.7616,  0.0000,  0.9640])";
        value |x| tanh_of(x);
        gradient |x, g| g * tanh_slope(x);

    /// The part of `x` that [`tanh`] takes away.
    ///
    /// ```text
    /// tanhshrink(x) = x - tanh(x)        tanhshrink'(x) = tanh(x)²
    /// ```
    ///
    /// Source: PyTorch's `F.tanhshrink`.
    "F::tanhshrink" Tanhshrink pub tanhshrink() Promote
        example "F::tanhshrink(&tensor!([-1.0, 0.0, 2.0]))?" => "tensor([-0.2384,  0.0000,  1.0360])";
        value |x| x - tanh_of(x);
        gradient |x, g| {
            let t = tanh_of(x);
            g * (t * t)
        };

    /// From -1 to 1 like [`tanh`], but slower at both ends.
    ///
    /// ```text
    /// softsign(x) = x / (1 + |x|)        softsign'(x) = 1 / (1 + |x|)²
    /// ```
    ///
    /// At infinity both are nan, as in PyTorch. Source: PyTorch's `F.softsign`.
    "F::softsign" Softsign pub softsign() Promote
        example "F::softsign(&tensor!([-1.0, 0.0, 3.0]))?" => "tensor([-0.5000,  0.0000,  0.7500])";
        value |x| x / (1.0 + x.abs());
        gradient |x, g| {
            // 0 * x is 0 unless x is infinite.
            let slope = (1.0 + 0.0 * x) / (1.0 + x.abs());
            g * (slope / (1.0 + x.abs()))
        };

    /// The logarithm of [`sigmoid`], without overflow.
    ///
    /// ```text
    /// logsigmoid(x) = min(x, 0) - ln(1 + exp(-|x|))        logsigmoid'(x) = sigmoid(-x)
    /// ```
    ///
    /// Source: PyTorch's `F.logsigmoid`.
    "F::logsigmoid" Logsigmoid pub logsigmoid() Refuse
        example "F::logsigmoid(&tensor!([-1000.0, 0.0]))?" => "tensor([-1.0000e+03, -6.9315e-01])";
        value |x| if x > 0.0 { 0.0 } else { x } - softplus_of(-x.abs());
        gradient |x, g| g * logistic(-x);

    /// Sigmoid-weighted linear unit, also called swish.
    ///
    /// ```text
    /// silu(x) = x * sigmoid(x)
    /// silu'(x) = sigmoid(x) * (1 + x * sigmoid(-x))
    /// ```
    ///
    /// Differs from candle, whose `silu` of integers is 0. Source: PyTorch's `F.silu`; Elfwing,
    /// Uchibe and Doya, 2017.
    "F::silu" Silu pub silu() Refuse
        example "F::silu(&tensor!([-1.0, 0.0, 2.0]))?" => "tensor([-0.2689,  0.0000,  1.7616])";
        value |x| x * logistic(x);
        gradient |x, g| {
            let (above, below) = logistic_pair(x);
            g * (above * (1.0 + x * below))
        };

    /// A relative of [`silu`] that falls less far below 0.
    ///
    /// ```text
    /// mish(x) = x * tanh(softplus(x)) = x * t
    /// mish'(x) = t + x * sigmoid(x) * (1 - t²)
    /// ```
    ///
    /// Differs from candle, whose gradient is nan above 88.7. Source: PyTorch's `F.mish`; Misra,
    /// 2019.
    "F::mish" Mish pub mish() Refuse
        example "F::mish(&tensor!([-1.0, 0.0, 2.0]))?" => "tensor([-0.3034,  0.0000,  1.9440])";
        value |x| x * tanh_of_softplus(x).0;
        gradient |x, g| {
            let (t, rest) = tanh_of_softplus(x);
            g * (t + x * logistic(x) * (rest * (1.0 + t)))
        };

    /// A smooth [`relu`](super::relu): sharper for larger `beta`, and `x` itself where `beta * x`
    /// is above `threshold` (PyTorch's defaults: 1 and 20).
    ///
    /// ```text
    /// softplus(x) = x where beta * x > threshold, else ln(1 + exp(beta * x)) / beta
    /// softplus'(x) = 1 where beta * x > threshold, else sigmoid(beta * x)
    /// ```
    ///
    /// Source: PyTorch's `F.softplus`.
    "F::softplus" Softplus pub softplus(beta, threshold) Refuse
        example "F::softplus(&tensor!([-1.0, 0.0, 30.0]), 1.0, 20.0)?"
            => "tensor([ 0.3133,  0.6931, 30.0000])";
        value |x| if x * beta > threshold { x } else { softplus_of(x * beta) / beta };
        gradient |x, g| if x * beta > threshold { g } else { g * logistic(x * beta) };

    "F::gelu" GeluErf gelu_erf() Refuse
        value |x| x * normal(x).0;
        gradient |x, g| {
            let (below, density) = normal(x);
            g * (below + x * density)
        };

    "F::gelu" GeluTanh gelu_tanh() Refuse
        // (1 + tanh(u)) / 2 = sigmoid(2 u)
        value |x| x * logistic(gelu_inner(x).0);
        gradient |x, g| {
            let (inner, slope) = gelu_inner(x);
            let (above, below) = logistic_pair(inner);
            g * (above + x * (above * below) * slope)
        };
}

/// How [`gelu`] is computed: PyTorch's `approximate='none'` or `'tanh'`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gelu {
    /// By the normal distribution function itself.
    #[default]
    None,
    /// By a formula with tanh that approximates it.
    Tanh,
}

/// Gaussian error linear unit: each element times the probability that a standard normal `X` is
/// below it.
///
/// ```text
/// gelu(x, Gelu::None) = x * P(X <= x)
/// gelu(x, Gelu::Tanh) = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x³)))
/// ```
///
/// The result has the shape of `x`. Integers are an error, as in PyTorch. Differs from candle,
/// whose gradients have constants of six digits, and whose `gelu` is PyTorch's `'tanh'`. Source:
/// PyTorch's `F.gelu`; Hendrycks and Gimpel, 2016.
///
/// # Errors
///
/// For integers.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = F::gelu(&tensor!([-1.0, 0.0, 2.0]), Gelu::None)?;
/// assert_eq!(akari::print::tensor_text(&y)?, "tensor([-0.1587,  0.0000,  1.9545])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn gelu(x: &Tensor, approximate: Gelu) -> Result<Tensor> {
    match approximate {
        Gelu::None => gelu_erf(x),
        Gelu::Tanh => gelu_tanh(x),
    }
}

/// Twice the argument of tanh in [`gelu`], and the slope of that.
#[inline(always)]
fn gelu_inner<T: Number>(x: T) -> (T, T) {
    let scale = T::of(FRAC_2_SQRT_PI * std::f64::consts::SQRT_2);
    let cubic = T::of(0.044715);
    let square = x * x;
    (scale * (x + cubic * square * x), scale * (T::ONE + T::of(3.0) * cubic * square))
}
