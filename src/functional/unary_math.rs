//! Functions of one number that activations and losses share, for both number types.
//!
//! The functions of `f64` are the standard library's. Those of `f32` are polynomials without
//! branches and calls, so that a loop over them becomes vector instructions; each is within a few
//! units of the last place. The polynomials rely on fused multiply-add: `loops.rs` compiles them
//! for CPUs that have it.

use std::ops::Neg;

use candle_core::WithDType;
use candle_core::cpu::erf::erf_f64;

/// A number type that formulas are written for.
///
/// The functions have the names of the standard library's, which `f32` and `f64` call their own too: where a
/// type is known to be `f32`, `x.exp()` is a call of the standard library, and [`exp`] the fast one.
pub(crate) trait Number: WithDType + Neg<Output = Self> {
    const ZERO: Self;
    const ONE: Self;
    const TWO: Self;
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn abs(self) -> Self;
    fn exp(self) -> Self;
    fn exp_m1(self) -> Self;
    fn tanh(self) -> Self;
    /// `ln_1p` for `self` from 0 to 1.
    fn ln_1p_of_fraction(self) -> Self;
    /// The standard normal distribution function and its density.
    fn normal(self) -> (Self, Self);
}

const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

impl Number for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }

    #[inline(always)]
    fn exp_m1(self) -> Self {
        f64::exp_m1(self)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        f64::tanh(self)
    }

    #[inline(always)]
    fn ln_1p_of_fraction(self) -> Self {
        f64::ln_1p(self)
    }

    #[inline(always)]
    fn normal(self) -> (Self, Self) {
        let below = 0.5 * (1.0 + erf_f64(self * std::f64::consts::FRAC_1_SQRT_2));
        (below, FRAC_1_SQRT_TAU * (-0.5 * self * self).exp())
    }
}

/// Adding this number to a small float rounds the float to an integer, which then stands in the low
/// bits of the sum.
const SHIFT: f32 = 12_582_912.0;

/// The part of ln 2 that its `f32` lacks.
const LN_2_LOW: f32 = -1.904_654_3e-9;

/// `(e^r - 1 - r) / r²` for `|r| <= ln 2 / 2`, within 1.4e-7 of it.
const EXP_TAIL: [f32; 5] = [0.5, 0.166_665_77, 0.041_666_556, 0.008_363_185, 0.001_392_619_1];

/// `(2 atanh(s) - 2 s) / s³` as a polynomial of `s²`, for `s <= 1/3`.
const ATANH_TAIL: [f32; 5] = [0.666_666_7, 0.399_997_06, 0.285_923_57, 0.217_065_76, 0.232_243_3];

/// `(a + 4) P(X > a) e^(a²/2)` for a standard normal `X`, as a polynomial of `(a - 4) / (a + 4)`.
const NORMAL_TAIL: [f32; 10] = [
    0.755_285_15,
    -0.607_896_45,
    0.387_137_2,
    -0.186_525_8,
    0.060_399_14,
    -0.007_514_254,
    -0.003_488_653_4,
    0.001_561_049,
    0.000_141_637_28,
    -0.000_150_079_01,
];

#[inline(always)]
fn polynomial<const N: usize>(coefficients: [f32; N], x: f32) -> f32 {
    let mut sum = coefficients[N - 1];
    for index in (0..N - 1).rev() {
        sum = sum.mul_add(x, coefficients[index]);
    }
    sum
}

/// `x`, but not below `low` and not above `high`; nan passes both comparisons.
#[inline(always)]
fn limited(x: f32, low: f32, high: f32) -> f32 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// `2^n` for `-127 < n < 128`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `e^r - 1`, and `n = n1 + n2` as powers of two, with `x = n ln 2 + r`. Two powers, since `2^n`
/// alone may not fit where `e^x` does.
#[inline(always)]
fn split_power(x: f32) -> (f32, i32, i32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, SHIFT);
    let n = shifted - SHIFT;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-std::f32::consts::LN_2, x));
    let n = (shifted.to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32);
    (polynomial(EXP_TAIL, r).mul_add(r * r, r), n >> 1, n.wrapping_sub(n >> 1))
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        f32::abs(self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let (p, n1, n2) = split_power(limited(self, -110.0, 100.0));
        (p + 1.0) * power_of_two(n1) * power_of_two(n2)
    }

    #[inline(always)]
    fn exp_m1(self) -> Self {
        let (p, n1, n2) = split_power(limited(self, -30.0, 100.0));
        let high = power_of_two(n1);
        // (1 + p) 2^n - 1 in two steps, so that nothing overflows before the last one.
        p.mul_add(high, high - power_of_two(n2.wrapping_neg())) * power_of_two(n2)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        let e = Number::exp_m1(-2.0 * self.abs());
        (-e / (2.0 + e)).copysign(self)
    }

    #[inline(always)]
    fn ln_1p_of_fraction(self) -> Self {
        let s = self / (2.0 + self);
        polynomial(ATANH_TAIL, s * s).mul_add(s * s * s, 2.0 * s)
    }

    #[inline(always)]
    fn normal(self) -> (Self, Self) {
        // From 20 on nothing is left in f32; nan goes through.
        let a = if self.abs() > 20.0 { 20.0 } else { self.abs() };
        let h = 0.5 * a * a;
        // Rounding took `lost` from a²/2. An absolute error of `h` is a relative one of e^-h, which
        // the factor `1 - lost` takes back.
        let lost = (0.5 * a).mul_add(a, -h);
        let e = Number::exp(-h) * (1.0 - lost);
        let r = 1.0 / (a + 4.0);
        let above = e * polynomial(NORMAL_TAIL, r.mul_add(-8.0, 1.0)) * r;
        (if self < 0.0 { above } else { 1.0 - above }, e * FRAC_1_SQRT_TAU as f32)
    }
}

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
