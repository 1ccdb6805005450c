//! The functions that losses need of their two number types, beyond those of activations.
//!
//! The functions of `f32` are written without a branch or a call, so that loops over them
//! vectorise; their error is about one unit in the last place. The functions of `f64` are the
//! standard library's.

use crate::functional::unary_math::Number;

/// `f32` or `f64`.
pub(super) trait LossNumber: Number {
    const INFINITY: Self;
    fn ln(self) -> Self;

    /// `ln(1 + x)`, exact also where `x` is tiny.
    #[inline(always)]
    fn ln_1p(self) -> Self {
        let sum = Self::one() + self;
        if sum > Self::zero() && sum < Self::INFINITY {
            // The second term brings back, to first order, what the sum lost of `x`.
            sum.ln() + (self - (sum - Self::one())) / sum
        } else {
            sum.ln()
        }
    }

    /// -1, 0 or 1; 0 for nan, as in PyTorch.
    #[inline(always)]
    fn sign(self) -> Self {
        let positive = if self > Self::zero() { Self::one() } else { Self::zero() };
        if self < Self::zero() { -Self::one() } else { positive }
    }

    /// `x` where it is at least `bound` or nan, else `bound`.
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        if self < bound { bound } else { self }
    }
}

impl LossNumber for f64 {
    const INFINITY: f64 = f64::INFINITY;

    fn ln(self) -> f64 {
        f64::ln(self)
    }

    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }
}

/// ln 2 in two parts: the first has so few digits that its product with an exponent is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

impl LossNumber for f32 {
    const INFINITY: f32 = f32::INFINITY;

    /// `e ln 2 + ln m` with a polynomial for `ln m`, `m` between √½ and √2.
    #[inline(always)]
    #[allow(clippy::excessive_precision)] // The digits that the fit gave.
    fn ln(self) -> f32 {
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
        assert!(largest_error(1e-6, 0.000_11, 450_000, LossNumber::ln, f64::ln) < 1.5);
        assert!(largest_error(1e-7, 0.000_01, 450_000, LossNumber::ln_1p, f64::ln_1p) < 2.5);
        assert!(largest_error(-0.999, 0.000_004, 240_000, LossNumber::ln_1p, f64::ln_1p) < 2.5);
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
        let ln = <f32 as LossNumber>::ln;
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
        let ln_1p = <f32 as LossNumber>::ln_1p;
        assert_eq!(ln_1p(-1.0), f32::NEG_INFINITY);
        assert_eq!(ln_1p(f32::INFINITY), f32::INFINITY);
        assert_eq!(ln_1p(1e-20), 1e-20);
    }
}
