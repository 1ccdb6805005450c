//! Logarithms and angles for both number types, beside the functions of `unary_math.rs`.
//!
//! The functions of `f64` are the standard library's. The functions of `f32` are polynomials without branches and calls, so that a loop
//! over them becomes vector instructions; each is within a few units of the last place.

use candle_core::cpu::erf::erf_f64;

use crate::compute::number::{Number, polynomial};

/// A number type that has these functions.
pub(super) trait Elementary: Number {
    fn ln(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    fn ln_1p(self) -> Self;
    /// A power, but of 0.
    fn power(self, exponent: Self) -> Self;
    /// Sine and cosine, right for angles up to [`FAR`].
    fn near_sin_cos(self) -> (Self, Self);
    /// The tangent, likewise.
    fn near_tan(self) -> Self;
    fn erf(self) -> Self;
}

/// Beyond this an angle of type `f32` needs more digits of π than a loop of vectors takes.
pub(super) const FAR: f32 = 1e5;

impl Elementary for f64 {
    #[inline(always)]
    fn ln(self) -> Self {
        f64::ln(self)
    }

    #[inline(always)]
    fn log2(self) -> Self {
        f64::log2(self)
    }

    #[inline(always)]
    fn log10(self) -> Self {
        f64::log10(self)
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }

    #[inline(always)]
    fn power(self, exponent: Self) -> Self {
        f64::powf(self, exponent)
    }

    #[inline(always)]
    fn near_sin_cos(self) -> (Self, Self) {
        f64::sin_cos(self)
    }

    #[inline(always)]
    fn near_tan(self) -> Self {
        f64::tan(self)
    }

    #[inline(always)]
    fn erf(self) -> Self {
        erf_f64(self)
    }
}

/// `(ln(1 + f) - f + f²/2) / f³` for `1 + f` from `√½` to `√2` (Moshier's Cephes library).
const LN_TAIL: [f32; 9] = [
    0.333_333_3,
    -0.249_999_94,
    0.200_007_14,
    -0.166_680_58,
    0.142_493_22,
    -0.124_201_41,
    0.116_769_99,
    -0.115_146_1,
    0.070_376_836,
];

/// `(sin(r) - r) / r³` and `(cos(r) - 1 + r²/2) / r⁴` as polynomials of `r²`, for `|r| <= π/4` (Cephes).
const SIN_TAIL: [f32; 3] = [-0.166_666_55, 0.008_332_161, -0.000_195_152_96];
const COS_TAIL: [f32; 3] = [0.041_666_646, -0.001_388_731_6, 2.443_315_7e-5];

/// `(tan(r) - r) / r³` as a polynomial of `r²`, for `|r| <= π/4` (Cephes).
const TAN_TAIL: [f32; 6] =
    [0.333_331_57, 0.133_387_99, 0.053_411_28, 0.024_430_135, 0.003_119_922_3, 0.009_385_402];

/// `erf(x) / x` as a polynomial of `x²`, for `|x| <= 1`, within 4e-11 of it.
const ERF: [f32; 8] = [
    std::f32::consts::FRAC_2_SQRT_PI,
    -0.376_126_38,
    0.112_837_82,
    -0.026_865_4,
    0.005_220_945_4,
    -0.000_848_282_9,
    0.000_112_569_475,
    -9.641_516e-6,
];

/// π/2 in three parts, each of which has what the ones before it lack.
const HALF_PI: [f32; 3] = [1.570_796_4, -4.371_139e-8, -1.715_124_8e-15];

/// `atanh(s) / s` as a polynomial of `s²`, for `s` up to 0.172.
const ATANH_TAIL: [f64; 7] =
    [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0];

/// The terms of `e^x`, for `|x| <= ln 2 / 2`.
const EXP_TERMS: [f64; 9] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40320.0,
];

/// Adding this number to a small `f64` rounds it to an integer, which then stands in the low bits of the sum.
const WIDE_SHIFT: f64 = 6_755_399_441_055_744.0;

#[inline(always)]
fn wide<const N: usize>(coefficients: [f64; N], x: f64) -> f64 {
    let mut sum = coefficients[N - 1];
    for index in (0..N - 1).rev() {
        sum = sum.mul_add(x, coefficients[index]);
    }
    sum
}

/// `e` and `f` with `x = 2^e (1 + f)`, and `ln(1 + f) - f`, for a positive finite `x`.
#[inline(always)]
fn split_ln(x: f32) -> (f32, f32, f32) {
    let is_subnormal = x < f32::MIN_POSITIVE;
    let x = if is_subnormal { x * 33_554_432.0 } else { x };
    let bits = x.to_bits() as i32;
    let exponent = bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits() as i32) >> 23;
    let f = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32) - 1.0;
    let tail = (f * f).mul_add(-0.5, polynomial(LN_TAIL, f) * f * f * f);
    (exponent as f32 - if is_subnormal { 25.0 } else { 0.0 }, f, tail)
}

/// `log`, the logarithm of a positive finite `x`, or what there is for all other `x`.
#[inline(always)]
fn with_ends(x: f32, log: f32) -> f32 {
    let log = if x < f32::INFINITY { log } else { x };
    let below = if x < 0.0 { f32::NAN } else { f32::NEG_INFINITY };
    if x <= 0.0 { below } else { log }
}

impl Elementary for f32 {
    #[inline(always)]
    fn ln(self) -> Self {
        let (exponent, f, tail) = split_ln(self);
        // ln 2 in two parts, the first of which has so few digits that its product is exact.
        let log = f + exponent.mul_add(-2.121_944_4e-4, tail);
        with_ends(self, exponent.mul_add(0.693_359_4, log))
    }

    #[inline(always)]
    fn log2(self) -> Self {
        let (exponent, f, tail) = split_ln(self);
        // log2(e) is 1 and a fraction.
        let fraction = std::f64::consts::LOG2_E as f32 - 1.0;
        let rest = f.mul_add(fraction, tail * std::f32::consts::LOG2_E);
        with_ends(self, exponent + (f + rest))
    }

    #[inline(always)]
    fn log10(self) -> Self {
        let (exponent, f, tail) = split_ln(self);
        let log = f.mul_add(std::f32::consts::LOG10_E, tail * std::f32::consts::LOG10_E);
        // log10(2) in two parts.
        let low = exponent.mul_add(4.605_039e-6, log);
        with_ends(self, exponent.mul_add(0.301_025_4, low))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        let sum = 1.0 + self;
        // The part of `self` that rounding took from the sum, to first order.
        let lost = (self - (sum - 1.0)) / sum;
        let log = Elementary::ln(sum);
        // At the ends, and at nan, `lost` is nan.
        let is_plain = (self > -1.0) & (self < f32::INFINITY);
        let log = log + if is_plain { lost } else { 0.0 };
        if self == 0.0 { self } else { log }
    }

    #[inline(always)]
    fn power(self, exponent: Self) -> Self {
        // In f64, since the exponent multiplies what the logarithm lacks.
        let (power, f, _) = split_ln(self.abs());
        let f = f64::from(f);
        let s = f / (2.0 + f);
        let log = f64::from(power) + 2.0 * std::f64::consts::LOG2_E * s * wide(ATANH_TAIL, s * s);
        let log = if self.abs() < f32::INFINITY { log } else { f64::from(self.abs()) };
        let log = if self == 0.0 { f64::NEG_INFINITY } else { log };
        // Both ends are far beyond those of f32; the comparisons let nan through.
        let y = f64::from(exponent) * log;
        let y = if y > 250.0 { 250.0 } else { y };
        let y = if y < -250.0 { -250.0 } else { y };
        // The sum's low bits are the whole part.
        let shifted = y + WIDE_SHIFT;
        let fraction = (y - (shifted - WIDE_SHIFT)) * std::f64::consts::LN_2;
        let whole = (shifted.to_bits() as i64).wrapping_sub(WIDE_SHIFT.to_bits() as i64);
        // f64 holds 2^whole, which f32 may not.
        let power = f64::from_bits((whole.wrapping_add(1023) as u64) << 52);
        let size = (wide(EXP_TERMS, fraction) * power) as f32;
        let is_whole = exponent.fract() == 0.0;
        let is_odd = is_whole & ((exponent * 0.5).fract() != 0.0);
        let is_below = (self < 0.0) & (self.abs() < f32::INFINITY);
        let size = if is_below & !is_whole { f32::NAN } else { size };
        if is_odd { size.copysign(self) } else { size }
    }

    #[inline(always)]
    fn near_sin_cos(self) -> (Self, Self) {
        let (r, turn) = within_quarter(self);
        let square = r * r;
        let sin = (polynomial(SIN_TAIL, square) * square).mul_add(r, r);
        let cos =
            (polynomial(COS_TAIL, square) * square).mul_add(square, square.mul_add(-0.5, 1.0));
        let (a, b) = if turn & 1 == 0 { (sin, cos) } else { (cos, sin) };
        let sign = |value: f32, turn: u32| f32::from_bits(value.to_bits() ^ (turn & 2) << 30);
        (sign(a, turn), sign(b, turn.wrapping_add(1)))
    }

    #[inline(always)]
    fn near_tan(self) -> Self {
        let (r, turn) = within_quarter(self);
        let square = r * r;
        let tan = (polynomial(TAN_TAIL, square) * square).mul_add(r, r);
        if turn & 1 == 0 { tan } else { -1.0 / tan }
    }

    #[inline(always)]
    fn erf(self) -> Self {
        let size = self.abs();
        let square = size * size;
        let near = self * polynomial(ERF, square);
        // From 1 on, 1 less what is beyond, on both sides; nothing is from 4 on, and nan goes through.
        let size = if size > 4.0 { 4.0 } else { size };
        let beyond = 2.0 * Number::normal(-std::f32::consts::SQRT_2 * size).0;
        let far = (1.0 - beyond).copysign(self);
        if size < 1.0 { near } else { far }
    }
}

/// The angle without its quarter turns, and their number, in the lowest bits of what is returned with it.
#[inline(always)]
fn within_quarter(x: f32) -> (f32, u32) {
    /// Adding this number to a small float rounds the float to an integer, in the sum's low bits.
    const SHIFT: f32 = 12_582_912.0;
    let shifted = x.mul_add(std::f32::consts::FRAC_2_PI, SHIFT);
    let quarters = shifted - SHIFT;
    let [high, middle, low] = HALF_PI;
    let r = quarters.mul_add(-high, x);
    (quarters.mul_add(-low, quarters.mul_add(-middle, r)), shifted.to_bits())
}

#[inline(always)]
pub(super) fn ln<T: Elementary>(x: T) -> T {
    Elementary::ln(x)
}

#[inline(always)]
pub(super) fn log2<T: Elementary>(x: T) -> T {
    x.log2()
}

#[inline(always)]
pub(super) fn log10<T: Elementary>(x: T) -> T {
    x.log10()
}

#[inline(always)]
pub(super) fn ln_1p<T: Elementary>(x: T) -> T {
    Elementary::ln_1p(x)
}

#[inline(always)]
pub(super) fn power<T: Elementary>(x: T, exponent: T) -> T {
    x.power(exponent)
}

#[inline(always)]
pub(super) fn near_sin<T: Elementary>(x: T) -> T {
    x.near_sin_cos().0
}

#[inline(always)]
pub(super) fn near_cos<T: Elementary>(x: T) -> T {
    x.near_sin_cos().1
}

#[inline(always)]
pub(super) fn near_tan<T: Elementary>(x: T) -> T {
    x.near_tan()
}

#[inline(always)]
pub(super) fn erf<T: Elementary>(x: T) -> T {
    x.erf()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest difference to the `f64` function over a grid of `f32`s, in units of the last place.
    fn worst(from: f32, to: f32, function: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let steps = 1_000_000;
        let difference = |step: i32| {
            let x = from + (to - from) * step as f32 / steps as f32;
            let expected = exact(f64::from(x));
            let unit = f64::from((expected as f32).abs().max(1e-30)) * f64::from(f32::EPSILON);
            (f64::from(function(x)) - expected).abs() / unit
        };
        (0..=steps).map(difference).fold(0.0, f64::max)
    }

    #[test]
    fn lanes_of_f32_are_within_two_units_of_the_last_place() {
        let cases: [(&str, f64); 15] = [
            ("ln", worst(1e-6, 3.0, ln, f64::ln)),
            ("ln of large", worst(1.0, 1e30, ln, f64::ln)),
            ("ln of subnormal", worst(1e-44, 1e-37, ln, f64::ln)),
            ("log2", worst(1e-6, 3.0, log2, f64::log2)),
            ("log2 of large", worst(1.0, 1e30, log2, f64::log2)),
            ("log10", worst(1e-6, 3.0, log10, f64::log10)),
            ("log10 of large", worst(1.0, 1e30, log10, f64::log10)),
            ("ln_1p", worst(-0.9, 3.0, ln_1p, f64::ln_1p)),
            ("ln_1p near 0", worst(-1e-3, 1.1e-3, ln_1p, f64::ln_1p)),
            ("sin", worst(-7.0, 7.1, near_sin, f64::sin)),
            ("cos", worst(-7.0, 7.1, near_cos, f64::cos)),
            ("sin of large", worst(-FAR, FAR, near_sin, f64::sin)),
            ("erf", worst(-4.5, 4.6, erf, erf_f64)),
            ("erf near 0", worst(-1e-3, 1.1e-3, erf, erf_f64)),
            ("tan", worst(-7.0, 7.1, near_tan, f64::tan)),
        ];
        for (name, error) in cases {
            println!("{name}: {error:.2}");
            assert!(error < 2.0, "{name}: {error:e}");
        }
    }

    #[test]
    fn powers_are_the_nearest_numbers_or_their_neighbours() {
        for exponent in [0.1f32, 1.5, 2.7, -0.3, -1.5, 7.0, 1.0, -4.0, 30.0] {
            for step in 1..200_000 {
                let x = step as f32 * 3.7e-4;
                let (found, exact) = (power(x, exponent), f64::from(x).powf(f64::from(exponent)));
                let error = (f64::from(found) / exact - 1.0).abs();
                let is_near = error < 9e-8 || !(1.2e-38..=3.4e38).contains(&exact);
                assert!(is_near, "{x}^{exponent} is {found}, not {exact}: {error:e}");
            }
        }
        let ends = [0.0, -0.0, 1.0, -1.0, -8.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-44];
        for exponent in [0.1f32, 1.5, 7.0, 4.0, -3.0, -2.5, -4.0, 1.0] {
            for x in ends {
                let (found, exact) = (power(x, exponent), x.powf(exponent));
                let is_near = (found - exact).abs() <= 2e-7 * exact.abs();
                let is_same =
                    found.to_bits() == exact.to_bits() || found.is_nan() && exact.is_nan();
                assert!(is_same || is_near, "{x}^{exponent} is {found}, not {exact}");
            }
        }
    }

    #[test]
    fn powers_of_two_and_ends_are_exact() {
        for exponent in -149..128 {
            let x = (f64::from(exponent)).exp2() as f32;
            assert_eq!(log2(x), exponent as f32);
        }
        type Pair = (fn(f32) -> f32, fn(f32) -> f32);
        let functions: [Pair; 6] = [
            (ln, f32::ln),
            (log2, f32::log2),
            (log10, f32::log10),
            (ln_1p, f32::ln_1p),
            (near_sin, f32::sin),
            (near_cos, f32::cos),
        ];
        let ends = [0.0, -0.0, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX];
        for (index, (function, exact)) in functions.into_iter().enumerate() {
            for x in ends.into_iter().filter(|x| index < 4 || x.abs() != f32::MAX) {
                let (found, expected) = (function(x), exact(x));
                let is_near = (found - expected).abs() <= 2e-7 * expected.abs();
                let is_same = found.to_bits() == expected.to_bits();
                let both_nan = found.is_nan() && expected.is_nan();
                assert!(
                    is_same || is_near || both_nan,
                    "{index}: {x} gives {found}, not {expected}"
                );
            }
        }
    }
}
