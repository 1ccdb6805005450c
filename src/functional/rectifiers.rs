//! Activations made of straight pieces, and those with an exponential on the negative side.
//!
//! Values, signs of zero, and the slopes at kinks are PyTorch's (`torch.nn.functional`, version
//! 2.15): where a value is written with `<`, -0 stays -0. The mechanism is in `unary.rs`.

use super::unary::activations;
use super::unary_math::{exp, expm1, like};

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// PyTorch keeps the slope of hardsigmoid as `f32`, whatever the dtype.
const SIXTH: f32 = 1.0 / 6.0;

activations! {
    /// Rectified linear unit: the positive part of each element.
    ///
    /// ```text
    /// relu(x) = max(x, 0)        relu'(x) = 1 where x > 0, else 0
    /// ```
    ///
    /// nan stays nan. Differs from candle, whose `relu` turns nan into 0 and has the slope 1 at 0.
    /// Source: PyTorch's `F.relu`; Nair and Hinton, 2010.
    "F::relu" Relu pub relu() Keep
        example "F::relu(&tensor!([-2.0, 1.0, 4.0, 0.0]))?" => "tensor([0., 1., 4., 0.])";
        value |x| if x < 0.0 { 0.0 } else { x };
        gradient |x, g| if x <= 0.0 { 0.0 } else { g };

    /// [`relu`] that stops at 6.
    ///
    /// ```text
    /// relu6(x) = min(max(x, 0), 6)        relu6'(x) = 1 where 0 < x < 6, else 0
    /// ```
    ///
    /// Differs from candle, whose slopes at 0 and 6 are 1/2. Source: PyTorch's `F.relu6`.
    "F::relu6" Relu6 pub relu6() Keep
        example "F::relu6(&tensor!([-2.0, 3.0, 8.0]))?" => "tensor([0., 3., 6.])";
        value |x| x.clamp(0.0, 6.0);
        gradient |x, g| if x <= 0.0 || x >= 6.0 { 0.0 } else { g };

    /// `x` limited to `min_val..=max_val` (PyTorch's defaults: -1 and 1).
    ///
    /// ```text
    /// hardtanh(x) = min(max(x, min_val), max_val)
    /// hardtanh'(x) = 1 where min_val < x < max_val, else 0
    /// ```
    ///
    /// Source: PyTorch's `F.hardtanh`.
    ///
    /// # Errors
    ///
    /// If `min_val` is greater than `max_val`.
    "F::hardtanh" Hardtanh pub hardtanh(min_val, max_val) Keep
        example "F::hardtanh(&tensor!([-2.0, 0.5, 3.0]), -1.0, 1.0)?"
            => "tensor([-1.0000,  0.5000,  1.0000])";
        check (min_val > max_val).then(|| "min_val cannot be greater than max_val".to_owned());
        value |x| if x < min_val { min_val } else if x > max_val { max_val } else { x };
        gradient |x, g| if x <= min_val || x >= max_val { 0.0 } else { g };

    /// `x` where it is greater than `threshold`, else `value`.
    ///
    /// ```text
    /// threshold(x) = x where x > threshold, else value
    /// threshold'(x) = 1 where x > threshold, else 0
    /// ```
    ///
    /// Source: PyTorch's `F.threshold`.
    "F::threshold" Threshold pub threshold(threshold, value) Keep
        example "F::threshold(&tensor!([0.0, 1.0, 2.0]), 1.0, -5.0)?" => "tensor([-5., -5.,  2.])";
        value |x| if x <= threshold { value } else { x };
        gradient |x, g| if x <= threshold { 0.0 } else { g };

    /// [`relu`] with a slope on the negative side (PyTorch's default: 0.01).
    ///
    /// ```text
    /// leaky_relu(x) = x where x > 0, else negative_slope * x
    /// leaky_relu'(x) = 1 where x > 0, else negative_slope
    /// ```
    ///
    /// Differs from candle, whose slope at 0 is half of both. Source: PyTorch's `F.leaky_relu`;
    /// Maas, Hannun and Ng, 2013.
    "F::leaky_relu" LeakyRelu pub leaky_relu(negative_slope) Refuse
        example "F::leaky_relu(&tensor!([-2.0, 3.0]), 0.1)?" => "tensor([-0.2000,  3.0000])";
        value |x| if x > 0.0 { x } else { negative_slope * x };
        gradient |x, g| if x > 0.0 { g } else { negative_slope * g };

    /// A piecewise imitation of `silu`.
    ///
    /// ```text
    /// hardswish(x) = x * min(max(x + 3, 0), 6) / 6
    /// hardswish'(x) = 0 where x <= -3, x / 3 + 1/2 where -3 < x < 3, else 1
    /// ```
    ///
    /// Differs from candle, whose slopes at -3 and 3 are -1/4 and 5/4. At nan the slope is 1; PyTorch's is 1 or nan
    /// there, by the element's place. Source: PyTorch's `F.hardswish`; Howard et al., 2019.
    "F::hardswish" Hardswish pub hardswish() Refuse
        example "F::hardswish(&tensor!([-4.0, 1.5, 3.0]))?" => "tensor([-0.0000, 1.1250, 3.0000])";
        value |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0;
        gradient |x, g| if x <= -3.0 { 0.0 } else if x < 3.0 { g * (x / 3.0 + 0.5) } else { g };

    /// A piecewise imitation of [`sigmoid`](super::sigmoid).
    ///
    /// ```text
    /// hardsigmoid(x) = min(max(x + 3, 0), 6) / 6
    /// hardsigmoid'(x) = 1/6 where -3 < x < 3, else 0
    /// ```
    ///
    /// 1/6 is rounded to `f32` in every dtype, as in PyTorch. Source: PyTorch's `F.hardsigmoid`.
    "F::hardsigmoid" Hardsigmoid pub hardsigmoid() Refuse
        example "F::hardsigmoid(&tensor!([-4.0, 0.0, 3.0]))?" => "tensor([0.0000, 0.5000, 1.0000])";
        value |x| (x + 3.0).clamp(0.0, 6.0) / 6.0;
        gradient |x, g| if x > -3.0 && x < 3.0 { g * like(x, SIXTH.into()) } else { 0.0 };

    /// Exponential linear unit: [`relu`] that falls smoothly to `-alpha` (PyTorch's default: 1).
    ///
    /// ```text
    /// elu(x) = x where x > 0, else alpha * (exp(x) - 1)
    /// elu'(x) = 1 where x > 0, else alpha * exp(x)
    /// ```
    ///
    /// Differs from candle, which loses small `x` to the 1 and has nan as its slope at infinity.
    /// Source: PyTorch's `F.elu`; Clevert, Unterthiner and Hochreiter, 2015.
    "F::elu" Elu pub elu(alpha) Refuse
        example "F::elu(&tensor!([-1.0, 2.0]), 1.0)?" => "tensor([-0.6321,  2.0000])";
        value |x| if x < 0.0 { alpha * expm1(x) } else { x };
        gradient |x, g| if x <= 0.0 { g * alpha * exp(x) } else { g };

    /// [`elu`] with the two constants that keep mean and variance of a deep network's values.
    ///
    /// ```text
    /// selu(x) = scale * (x where x > 0, else alpha * (exp(x) - 1))
    /// scale = 1.0507009873554805, alpha = 1.6732632423543772
    /// ```
    ///
    /// Differs from candle, whose gradient is nan above 88.7. Source: PyTorch's `F.selu`;
    /// Klambauer et al., 2017.
    "F::selu" Selu pub selu() Refuse
        example "F::selu(&tensor!([-1.0, 2.0]))?" => "tensor([-1.1113,  2.1014])";
        value |x| {
            let (scale, fall) = (like(x, SELU_SCALE), like(x, SELU_SCALE * SELU_ALPHA));
            if x < 0.0 { expm1(x) * fall } else { x * scale }
        };
        gradient |x, g| {
            let (scale, fall) = (like(x, SELU_SCALE), like(x, SELU_SCALE * SELU_ALPHA));
            if x <= 0.0 { g * exp(x) * fall } else { g * scale }
        };

    /// [`elu`] whose slope at 0 is 1 for every `alpha` (PyTorch's default: 1).
    ///
    /// ```text
    /// celu(x) = x where x > 0, else alpha * (exp(x / alpha) - 1)
    /// celu'(x) = 1 where x > 0, else exp(x / alpha)
    /// ```
    ///
    /// Source: PyTorch's `F.celu`; Barron, 2017.
    ///
    /// # Errors
    ///
    /// If `alpha` is 0.
    "F::celu" Celu pub celu(alpha) Refuse
        example "F::celu(&tensor!([-1.0, 2.0]), 2.0)?" => "tensor([-0.7869,  2.0000])";
        check (alpha == 0.0).then(|| "alpha cannot be 0 for CELU".to_owned());
        value |x| if x < 0.0 { alpha * expm1(x / alpha) } else { x };
        gradient |x, g| if x <= 0.0 { g * exp(x / alpha) } else { g };

    /// `x` where its size is greater than `lambd` (PyTorch's default: 0.5), else 0.
    ///
    /// ```text
    /// hardshrink(x) = x where |x| > lambd, else 0
    /// hardshrink'(x) = 1 where |x| > lambd, else 0
    /// ```
    ///
    /// Source: PyTorch's `F.hardshrink`.
    "F::hardshrink" Hardshrink pub hardshrink(lambd) Refuse
        example "F::hardshrink(&tensor!([-2.0, 0.5, 1.0]), 0.5)?" => "tensor([-2.,  0.,  1.])";
        value |x| if x >= -lambd && x <= lambd { 0.0 } else { x };
        gradient |x, g| if x >= -lambd && x <= lambd { 0.0 } else { g };

    /// `x` moved towards 0 by `lambd` (PyTorch's default: 0.5), and 0 where it would pass it.
    ///
    /// ```text
    /// softshrink(x) = x - lambd where x > lambd, x + lambd where x < -lambd, else 0
    /// softshrink'(x) = 1 where |x| > lambd, else 0
    /// ```
    ///
    /// Source: PyTorch's `F.softshrink`.
    ///
    /// # Errors
    ///
    /// If `lambd` is negative.
    "F::softshrink" Softshrink pub softshrink(lambd) Refuse
        example "F::softshrink(&tensor!([-2.0, 0.5, 1.0]), 0.5)?"
            => "tensor([-1.5000,  0.0000,  0.5000])";
        check (lambd.is_nan() || lambd < 0.0)
            .then(|| format!("lambda must be in range [0, inf), but found {lambd}"));
        value |x| {
            let low = if x < -lambd { x + lambd } else { 0.0 };
            if x > lambd { x - lambd } else if x.is_nan() { x } else { low }
        };
        gradient |x, g| if x >= -lambd && x <= lambd { 0.0 } else { g };
}
