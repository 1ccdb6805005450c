//! Functions of one number that activations share, for both number types.
//!
//! They are formulas of `Number`'s own functions, which are exact to a few units of the last place
//! and become vector instructions; the tests here hold the formulas to the same.

use crate::compute::number::Number;

/// `value` in the number type of `x`.
#[inline(always)]
pub(crate) fn like<T: Number>(_x: T, value: f64) -> T {
    T::of(value)
}

#[inline(always)]
pub(crate) fn exp<T: Number>(x: T) -> T {
    x.exp()
}

/// `exp(x) - 1`, also right near 0.
#[inline(always)]
pub(crate) fn expm1<T: Number>(x: T) -> T {
    x.exp_m1()
}

#[inline(always)]
pub(crate) fn tanh<T: Number>(x: T) -> T {
    x.tanh()
}

/// The slope of tanh at `x`, also right where tanh is nearly 1.
#[inline(always)]
pub(crate) fn tanh_slope<T: Number>(x: T) -> T {
    let e = exp(-(x.abs() + x.abs()));
    let half = (T::ONE + e) / T::TWO;
    e / (half * half)
}

/// `1 / (1 + exp(-x))`, exact to the last bits on both sides.
#[inline(always)]
pub(crate) fn logistic<T: Number>(x: T) -> T {
    logistic_pair(x).0
}

/// `logistic(x)` and `logistic(-x)`.
#[inline(always)]
pub(crate) fn logistic_pair<T: Number>(x: T) -> (T, T) {
    let e = exp(-x.abs());
    let large = T::ONE / (T::ONE + e);
    let small = e * large;
    if x >= T::ZERO { (large, small) } else { (small, large) }
}

/// `ln(1 + exp(x))` without overflow.
#[inline(always)]
pub(crate) fn softplus<T: Number>(x: T) -> T {
    // The comparison, unlike `max`, lets nan through.
    let positive = if x < T::ZERO { T::ZERO } else { x };
    positive + exp(-x.abs()).ln_1p_of_fraction()
}

/// `tanh(softplus(x))`, and 1 minus that.
#[inline(always)]
pub(crate) fn tanh_of_softplus<T: Number>(x: T) -> (T, T) {
    let e = exp(-x.abs());
    // ((1 + e^x)² - 1) / ((1 + e^x)² + 1), for positive x divided by e^2x.
    let (top, rest) =
        if x > T::ZERO { (T::ONE + e + e, (e + e) * e) } else { (e * (e + T::TWO), T::TWO) };
    let inverse = T::ONE / (top + rest);
    (top * inverse, rest * inverse)
}

/// The standard normal distribution function and its density.
#[inline(always)]
pub(crate) fn normal<T: Number>(x: T) -> (T, T) {
    x.normal()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest relative difference to the `f64` function over a grid of `f32`s, below which
    /// only what underflows is left out.
    fn worst(from: f32, to: f32, function: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let steps = 100_000;
        (0..=steps)
            .map(|step| from + (to - from) * step as f32 / steps as f32)
            .filter(|x| exact(f64::from(*x)).abs() > 1.2e-38)
            .map(|x| (f64::from(function(x)) / exact(f64::from(x)) - 1.0).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn lanes_of_f32_are_within_a_few_units_of_the_last_place() {
        fn tail(x: f64) -> f64 {
            // The continued fraction, where 1 + erf has lost its digits.
            if x > -3.0 {
                return normal(x).0;
            }
            let mut fraction = 0.0;
            for k in (1..200).rev() {
                fraction = f64::from(k) / (-x + fraction);
            }
            normal(x).1 / (-x + fraction)
        }
        let cases: [(&str, f64); 9] = [
            ("exp", worst(-87.0, 88.7, exp, exp)),
            ("expm1", worst(-40.0, 88.7, expm1, expm1)),
            ("expm1 near 0", worst(-1e-3, 1.1e-3, expm1, expm1)),
            ("tanh", worst(-12.0, 12.1, tanh, tanh)),
            ("tanh'", worst(-12.0, 12.1, tanh_slope, tanh_slope)),
            ("logistic", worst(-80.0, 80.0, logistic, logistic)),
            ("softplus", worst(-80.0, 80.0, softplus, softplus)),
            ("mish", worst(-80.0, 80.0, |x| tanh_of_softplus(x).0, |x| tanh_of_softplus(x).0)),
            ("normal", worst(-12.9, 9.0, |x| normal(x).0, tail)),
        ];
        for (name, error) in cases {
            println!("{name}: {error:.1e}");
            assert!(error < 4e-7, "{name}: {error:e}");
        }
    }

    /// A function in both number types.
    type Pair = (&'static str, fn(f32) -> f32, fn(f64) -> f64);

    #[test]
    fn lanes_of_f32_have_the_ends_of_f64() {
        let ends = [0.0, -0.0, 1e-30, 90.0, -90.0, 200.0, -200.0, 3e38, -3e38];
        for x in ends.into_iter().chain([f32::INFINITY, f32::NEG_INFINITY, f32::NAN]) {
            let functions: [Pair; 6] = [
                ("exp", exp, exp),
                ("expm1", expm1, expm1),
                ("tanh", tanh, tanh),
                ("logistic", logistic, logistic),
                ("softplus", softplus, softplus),
                ("normal", |x| normal(x).0, |x| normal(x).0),
            ];
            for (name, function, exact) in functions {
                let (found, expected) = (function(x), exact(f64::from(x)) as f32);
                let is_same = found == expected || found.is_nan() && expected.is_nan();
                let is_near = (found - expected).abs() <= 3e-7 * expected.abs() + 1e-44;
                assert!(is_same || is_near, "{name}({x}) is {found}, not {expected}");
            }
        }
    }
}
