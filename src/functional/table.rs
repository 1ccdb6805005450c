//! The elementwise activations, one row each. The mechanism is in `unary.rs`.
//!
//! Formulas and the slopes at kinks are PyTorch's (`torch.nn.functional`, version 2.15).

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

use candle_core::cpu::erf::erf_f64;
use candle_core::{Result, Tensor};

use super::unary::{self, Elementwise, Integers};
use super::unary_math::{logistic, softplus as softplus_of};
use crate::error::fail;

macro_rules! activations {
    ($(
        $(#[$doc:meta])*
        $name:literal $struct:ident $function:ident($($parameter:ident),*) $integers:ident
            $(check $complaint:expr;)?
            value |$x:ident| $value:expr;
            slope |$sx:ident| $slope:expr;
    )*) => {$(
        #[derive(Clone)]
        struct $struct { $($parameter: f64),* }

        impl Elementwise for $struct {
            const NAME: &'static str = $name;
            const INTEGERS: Integers = Integers::$integers;

            #[inline]
            fn value(&self, $x: f64) -> f64 {
                let $struct { $($parameter),* } = *self;
                $value
            }

            #[inline]
            #[allow(unused_variables)] // A parameter may matter for the value alone.
            fn slope(&self, $sx: f64) -> f64 {
                let $struct { $($parameter),* } = *self;
                $slope
            }
        }

        $(#[$doc])*
        pub fn $function(x: &Tensor $(, $parameter: f64)*) -> Result<Tensor> {
            $(
                let complaint: Option<String> = $complaint;
                if let Some(complaint) = complaint {
                    return fail($name, complaint);
                }
            )?
            unary::apply($struct { $($parameter),* }, x)
        }
    )*};
}

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

activations! {
    /// `max(x, 0)`, elementwise; the slope at 0 is 0, and nan stays nan.
    ///
    /// Integers keep their dtype. See PyTorch's `relu`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = F::relu(&tensor!([-2.0, 1.0, 4.0, 0.0]))?;
    /// assert_eq!(y.to_vec1::<f32>()?, [0.0, 1.0, 4.0, 0.0]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    "F::relu" Relu relu() Keep
        value |x| if x > 0.0 || x.is_nan() { x } else { 0.0 };
        slope |x| if x > 0.0 || x.is_nan() { 1.0 } else { 0.0 };

    /// `min(max(x, 0), 6)`, elementwise; the slope is 0 at 0 and at 6.
    "F::relu6" Relu6 relu6() Keep
        value |x| if x.is_nan() { x } else { x.clamp(0.0, 6.0) };
        slope |x| if x <= 0.0 || x >= 6.0 { 0.0 } else { 1.0 };

    /// `x` limited to `min_val..=max_val` (PyTorch's defaults: -1 and 1); the slope at both ends is 0.
    ///
    /// # Errors
    ///
    /// If `min_val` is greater than `max_val`.
    "F::hardtanh" Hardtanh hardtanh(min_val, max_val) Keep
        check (min_val > max_val).then(|| "min_val cannot be greater than max_val".to_owned());
        value |x| if x.is_nan() { x } else { x.max(min_val).min(max_val) };
        slope |x| if x <= min_val || x >= max_val { 0.0 } else { 1.0 };

    /// `x` where it is greater than `threshold`, else `value`; the slope at the threshold is 0.
    "F::threshold" Threshold threshold(threshold, value) Keep
        value |x| if x <= threshold { value } else { x };
        slope |x| if x <= threshold { 0.0 } else { 1.0 };

    /// `1 / (1 + exp(-x))`, elementwise. Integers give `f32`.
    "F::sigmoid" Sigmoid sigmoid() Promote
        value |x| logistic(x);
        slope |x| logistic(x) * logistic(-x);

    /// The hyperbolic tangent, elementwise. Integers give `f32`.
    "F::tanh" Tanh tanh() Promote
        value |x| x.tanh();
        slope |x| 1.0 - x.tanh() * x.tanh();

    /// `x - tanh(x)`, elementwise. Integers give `f32`.
    "F::tanhshrink" Tanhshrink tanhshrink() Promote
        value |x| x - x.tanh();
        slope |x| x.tanh() * x.tanh();

    /// `x / (1 + |x|)`, elementwise. Integers give `f32`.
    "F::softsign" Softsign softsign() Promote
        value |x| x / (1.0 + x.abs());
        slope |x| 1.0 / ((1.0 + x.abs()) * (1.0 + x.abs()));

    /// `ln(1 / (1 + exp(-x)))`, elementwise, without overflow.
    "F::logsigmoid" Logsigmoid logsigmoid() Refuse
        value |x| -softplus_of(-x);
        slope |x| logistic(-x);

    /// `x * sigmoid(x)`, elementwise; also called swish.
    "F::silu" Silu silu() Refuse
        value |x| x * logistic(x);
        slope |x| logistic(x) * (1.0 + x * (1.0 - logistic(x)));

    /// `x * tanh(softplus(x))`, elementwise.
    "F::mish" Mish mish() Refuse
        value |x| x * softplus_of(x).tanh();
        slope |x| {
            let t = softplus_of(x).tanh();
            t + x * logistic(x) * (1.0 - t * t)
        };

    /// `x` above 0, else `alpha * (exp(x) - 1)` (PyTorch's default: 1).
    "F::elu" Elu elu(alpha) Refuse
        value |x| if x <= 0.0 { alpha * x.exp_m1() } else { x };
        slope |x| if x <= 0.0 { alpha * x.exp() } else { 1.0 };

    /// `scale * (x above 0, else alpha * (exp(x) - 1))`, with the two constants of self-normalizing
    /// networks.
    "F::selu" Selu selu() Refuse
        value |x| SELU_SCALE * if x <= 0.0 { SELU_ALPHA * x.exp_m1() } else { x };
        slope |x| SELU_SCALE * if x <= 0.0 { SELU_ALPHA * x.exp() } else { 1.0 };

    /// `x` above 0, else `alpha * (exp(x / alpha) - 1)` (PyTorch's default: 1).
    ///
    /// # Errors
    ///
    /// If `alpha` is 0.
    "F::celu" Celu celu(alpha) Refuse
        check (alpha == 0.0).then(|| "alpha cannot be 0 for CELU".to_owned());
        value |x| if x <= 0.0 { alpha * (x / alpha).exp_m1() } else { x };
        slope |x| if x <= 0.0 { (x / alpha).exp() } else { 1.0 };

    /// `x` above 0, else `negative_slope * x` (PyTorch's default: 0.01); the slope at 0 is
    /// `negative_slope`.
    "F::leaky_relu" LeakyRelu leaky_relu(negative_slope) Refuse
        value |x| if x > 0.0 { x } else { negative_slope * x };
        slope |x| if x > 0.0 { 1.0 } else { negative_slope };

    /// `x * min(max(x + 3, 0), 6) / 6`, elementwise.
    "F::hardswish" Hardswish hardswish() Refuse
        value |x| if x.is_nan() { x } else { x * (x + 3.0).clamp(0.0, 6.0) / 6.0 };
        slope |x| match x {
            x if x <= -3.0 => 0.0,
            x if x < 3.0 => x / 3.0 + 0.5,
            _ => 1.0,
        };

    /// `min(max(x + 3, 0), 6) / 6`, elementwise; the slope at -3 and 3 is 0.
    "F::hardsigmoid" Hardsigmoid hardsigmoid() Refuse
        value |x| if x.is_nan() { x } else { (x + 3.0).clamp(0.0, 6.0) / 6.0 };
        // PyTorch keeps this constant as f32 for every dtype.
        slope |x| if x > -3.0 && x < 3.0 { f64::from(1.0f32 / 6.0) } else { 0.0 };

    /// `x` where `|x|` is greater than `lambd` (PyTorch's default: 0.5), else 0.
    "F::hardshrink" Hardshrink hardshrink(lambd) Refuse
        value |x| if x >= -lambd && x <= lambd { 0.0 } else { x };
        slope |x| if x >= -lambd && x <= lambd { 0.0 } else { 1.0 };

    /// `x` moved towards 0 by `lambd` (PyTorch's default: 0.5), and 0 where it would pass it.
    ///
    /// # Errors
    ///
    /// If `lambd` is negative.
    "F::softshrink" Softshrink softshrink(lambd) Refuse
        check (lambd.is_nan() || lambd < 0.0)
            .then(|| format!("lambda must be greater or equal to 0, but found to be {lambd}"));
        value |x| match x {
            x if x > lambd => x - lambd,
            x if x < -lambd => x + lambd,
            x if x.is_nan() => x,
            _ => 0.0,
        };
        slope |x| if x >= -lambd && x <= lambd { 0.0 } else { 1.0 };

    /// `ln(1 + exp(beta * x)) / beta`, and `x` itself where `beta * x` is above `threshold`
    /// (PyTorch's defaults: 1 and 20).
    "F::softplus" Softplus softplus(beta, threshold) Refuse
        value |x| if x * beta > threshold { x } else { (x * beta).exp().ln_1p() / beta };
        slope |x| if x * beta > threshold { 1.0 } else { logistic(x * beta) };

    "F::gelu" GeluErf gelu_erf() Refuse
        value |x| 0.5 * x * (1.0 + erf_f64(x * FRAC_1_SQRT_2));
        slope |x| {
            let density = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (-0.5 * x * x).exp();
            0.5 * (1.0 + erf_f64(x * FRAC_1_SQRT_2)) + x * density
        };

    "F::gelu" GeluTanh gelu_tanh() Refuse
        value |x| 0.5 * x * (1.0 + gelu_inner(x).tanh());
        slope |x| {
            let t = gelu_inner(x).tanh();
            let inner_slope = (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044715 * x * x);
            0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner_slope
        };
}

/// How [`gelu`] is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gelu {
    /// By the normal distribution function itself.
    #[default]
    None,
    /// By a formula with tanh that approximates it.
    Tanh,
}

/// `x * P(X <= x)` for a standard normal `X`, elementwise.
pub fn gelu(x: &Tensor, approximate: Gelu) -> Result<Tensor> {
    match approximate {
        Gelu::None => gelu_erf(x),
        Gelu::Tanh => gelu_tanh(x),
    }
}

#[inline]
fn gelu_inner(x: f64) -> f64 {
    (2.0 / PI).sqrt() * (x + 0.044715 * x * x * x)
}
