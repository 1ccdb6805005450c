//! The one trait of numbers, `f32` and `f64`: what activations, losses and optimizers compute with.
//!
//! The functions of `f64` are the standard library's. Those of `f32` are polynomials without
//! branches and calls, so that a loop over them becomes vector instructions; each is within a few
//! units of the last place. The polynomials rely on fused multiply-add: `loops.rs` compiles them
//! for CPUs that have it.

use std::ops::Neg;

use candle_core::WithDType;
use candle_core::cpu::erf::erf_f64;

use super::lanes;

/// `f32` or `f64`, as formulas and loops are written for them.
///
/// The functions have the names of the standard library's, which `f32` and `f64` call their own too: where a
/// type is known to be `f32`, `x.exp()` is a call of the standard library, and `Number::exp(x)` the fast one.
pub trait Number: WithDType + Neg<Output = Self> {
    const ZERO: Self;
    const ONE: Self;
    const TWO: Self;
    const INFINITY: Self;
    /// The distance from 1 to the next number.
    const EPSILON: f64;
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn is_nan(self) -> bool;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    /// `self factor + term`, rounded once.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    fn exp(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn tanh(self) -> Self;
    /// `ln_1p` for `self` from 0 to 1.
    fn ln_1p_of_fraction(self) -> Self;
    /// The standard normal distribution function and its density.
    fn normal(self) -> (Self, Self);

    /// The result of that one of two functions which takes numbers of this type.
    fn either(
        slices: &[&[Self]],
        single: impl FnOnce(&[&[f32]]) -> Vec<f32>,
        double: impl FnOnce(&[&[f64]]) -> Vec<f64>,
    ) -> Vec<Self>;

    /// Runs a loop over numbers of this type as the widest vectors that pay: see [`lanes::vectorized`].
    fn vectorized<R>(work: impl FnOnce() -> R) -> R;

    /// The same for a loop over up to five slices: see [`lanes::vectorized_over`].
    fn vectorized_over<A, B, C, D, E, R>(
        slices: (A, B, C, D, E),
        work: impl FnOnce(A, B, C, D, E) -> R,
    ) -> R;

    /// `ln(1 + x)`, exact also where `x` is tiny.
    #[inline(always)]
    fn ln_1p(self) -> Self {
        let sum = Self::ONE + self;
        if sum > Self::ZERO && sum < Self::INFINITY {
            // The second term brings back, to first order, what the sum lost of `x`.
            sum.ln() + (self - (sum - Self::ONE)) / sum
        } else {
            sum.ln()
        }
    }

    /// -1, 0 or 1; 0 for nan, as in PyTorch.
    #[inline(always)]
    fn sign(self) -> Self {
        let positive = if self > Self::ZERO { Self::ONE } else { Self::ZERO };
        if self < Self::ZERO { -Self::ONE } else { positive }
    }

    /// `x` where it is at least `bound` or nan, else `bound`.
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        if self < bound { bound } else { self }
    }
}

/// The parts of `Number` that are written alike for both types: its place among two functions, and the functions of
/// the standard library.
macro_rules! alike {
    ($type:ident, $place:tt, $vectorized:ident, $vectorized_over:ident) => {
        const ZERO: Self = 0.0;
        const ONE: Self = 1.0;
        const TWO: Self = 2.0;
        const INFINITY: Self = $type::INFINITY;
        const EPSILON: f64 = $type::EPSILON as f64;

        fn either(
            slices: &[&[Self]],
            single: impl FnOnce(&[&[f32]]) -> Vec<f32>,
            double: impl FnOnce(&[&[f64]]) -> Vec<f64>,
        ) -> Vec<Self> {
            ((single, double).$place)(slices)
        }

        #[inline(always)]
        fn vectorized<R>(work: impl FnOnce() -> R) -> R {
            lanes::$vectorized(work)
        }

        #[inline(always)]
        fn vectorized_over<A, B, C, D, E, R>(
            slices: (A, B, C, D, E),
            work: impl FnOnce(A, B, C, D, E) -> R,
        ) -> R {
            lanes::$vectorized_over(slices, work)
        }

        #[inline(always)]
        fn of(value: f64) -> Self {
            value as $type
        }

        #[inline(always)]
        fn wide(self) -> f64 {
            f64::from(self)
        }

        #[inline(always)]
        fn is_nan(self) -> bool {
            $type::is_nan(self)
        }

        #[inline(always)]
        fn abs(self) -> Self {
            $type::abs(self)
        }

        #[inline(always)]
        fn sqrt(self) -> Self {
            $type::sqrt(self)
        }

        #[inline(always)]
        fn mul_add(self, factor: Self, term: Self) -> Self {
            $type::mul_add(self, factor, term)
        }
    };
}

const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

impl Number for f64 {
    alike!(f64, 1, vectorized_in_arrays, vectorized_narrow_over);

    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }

    #[inline(always)]
    fn exp_m1(self) -> Self {
        f64::exp_m1(self)
    }

    fn ln(self) -> Self {
        f64::ln(self)
    }

    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
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

/// ln 2 in two parts: the first has so few digits that its product with an exponent is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

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

/// A polynomial whose first coefficient is that of the lowest power.
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(coefficients: [f32; N], x: f32) -> f32 {
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

/// `2^n` for `-127 < n < 128`; 0 at -127.
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

/// `e^x / 2`, also where `e^x` is too large for `f32`.
#[inline(always)]
pub(crate) fn half_exp(x: f32) -> f32 {
    let (p, n1, n2) = split_power(limited(x, -110.0, 100.0));
    (p + 1.0) * power_of_two(n1) * power_of_two(n2.wrapping_sub(1))
}

impl Number for f32 {
    alike!(f32, 0, vectorized, vectorized_over);

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

    /// `e ln 2 + ln m` with a polynomial for `ln m`, `m` between √½ and √2.
    #[inline(always)]
    #[allow(clippy::excessive_precision)] // The digits that the fit gave.
    fn ln(self) -> Self {
        let is_tiny = self < f32::MIN_POSITIVE;
        let scaled = if is_tiny { self * 8_388_608.0 } else { self };
        let bits = scaled.to_bits() as i32;
        let e = bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits() as i32) >> 23;
        let f = f32::from_bits(bits.wrapping_sub(e << 23) as u32) - 1.0;
        let e = e as f32 - if is_tiny { 23.0 } else { 0.0 };
        let mut p = 7.037_683_6e-2;
        for coefficient in [
            -1.151_461e-1,
            1.167_699_9e-1,
            -1.242_014_1e-1,
            1.424_932_3e-1,
            -1.666_805_8e-1,
            2.000_071_5e-1,
            -2.499_999_4e-1,
            3.333_333_1e-1,
        ] {
            p = p * f + coefficient;
        }
        let square = f * f;
        let low = p * f * square + e * LN_2[1] - 0.5 * square;
        let result = f + low + e * LN_2[0];
        let result = if self == 0.0 { -f32::INFINITY } else { result };
        let result = if self < 0.0 { f32::NAN } else { result };
        // Infinity and nan are their own logarithms.
        if self < f32::INFINITY { result } else { self }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error in units of the last place, over `count` numbers from `begin` on.
    fn largest_error(
        begin: f32,
        step: f32,
        count: usize,
        found: impl Fn(f32) -> f32,
        expected: impl Fn(f64) -> f64,
    ) -> f64 {
        let mut largest = 0.0f64;
        for index in 0..count {
            let x = begin + step * index as f32;
            let (found, expected) = (found(x), expected(f64::from(x)));
            let unit = f64::from((expected as f32).abs().next_up() - (expected as f32).abs());
            largest = largest.max((f64::from(found) - expected).abs() / unit);
        }
        largest
    }

    #[test]
    fn exp_and_ln_are_right_to_about_the_last_place() {
        assert!(largest_error(-80.0, 0.000_37, 450_000, Number::exp, f64::exp) < 1.5);
        assert!(largest_error(1e-6, 0.000_11, 450_000, Number::ln, f64::ln) < 1.5);
        assert!(largest_error(1e-7, 0.000_01, 450_000, Number::ln_1p, f64::ln_1p) < 2.5);
        assert!(largest_error(-0.999, 0.000_004, 240_000, Number::ln_1p, f64::ln_1p) < 2.5);
    }

    #[test]
    fn exp_and_ln_know_their_ends() {
        let exp = <f32 as Number>::exp;
        for (x, expected) in [
            (0.0, 1.0),
            (-0.0, 1.0),
            (f32::INFINITY, f32::INFINITY),
            (f32::NEG_INFINITY, 0.0),
            (88.73, f32::INFINITY),
            (1e30, f32::INFINITY),
            (-104.5, 0.0),
            (-1e30, 0.0),
        ] {
            assert_eq!(exp(x), expected, "exp({x})");
        }
        assert!(exp(88.72).is_finite() && exp(-100.0) > 0.0 && exp(f32::NAN).is_nan());
        let ln = <f32 as Number>::ln;
        for (x, expected) in [
            (1.0, 0.0),
            (0.0, f32::NEG_INFINITY),
            (-0.0, f32::NEG_INFINITY),
            (f32::INFINITY, f32::INFINITY),
            (1e-40, f64::from(1e-40f32).ln() as f32),
        ] {
            assert_eq!(ln(x), expected, "ln({x})");
        }
        assert!(ln(-1.0).is_nan() && ln(f32::NAN).is_nan());
        let ln_1p = <f32 as Number>::ln_1p;
        assert_eq!(ln_1p(-1.0), f32::NEG_INFINITY);
        assert_eq!(ln_1p(f32::INFINITY), f32::INFINITY);
        assert_eq!(ln_1p(1e-20), 1e-20);
    }
}
