//! Inverse angles and hyperbolas for both number types, beside the functions of `elementary_math.rs`.
//!
//! The functions of `f64` are the standard library's. Those of `f32` are polynomials without branches and calls, so that a
//! loop over them becomes vector instructions; each is within two units of the last place.

use crate::compute::number::{Number, half_exp, polynomial};

/// A number type that has these functions.
pub(super) trait Angles: Number {
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
}

macro_rules! of_the_standard_library {
    ($($function:ident),*) => {
        impl Angles for f64 {
            $(#[inline(always)]
            fn $function(self) -> Self {
                f64::$function(self)
            })*
        }

        $(#[inline(always)]
        pub(super) fn $function<T: Angles>(x: T) -> T {
            x.$function()
        })*
    };
}

of_the_standard_library!(asin, acos, atan, sinh, cosh);

/// `(atan(x) - x) / x³` as a polynomial of `x²`, for `|x| <= 1`, so that the arc tangent is within 3e-9 of itself.
const ATAN_TAIL: [f32; 9] = [
    -0.333_333,
    0.199_985_49,
    -0.142_642_41,
    0.109_521_81,
    -0.084_034_37,
    0.057_957_36,
    -0.031_177_614,
    0.010_914_481,
    -0.001_793_593_9,
];

/// `(asin(x) - x) / x³` as a polynomial of `x²`, for `|x| <= 1/2`, likewise within 5e-9.
const ASIN_TAIL: [f32; 5] =
    [0.166_667_52, 0.074_952_975, 0.045_470_376, 0.024_179_526, 0.042_166_285];

/// `(sinh(x) - x) / x³` as a polynomial of `x²`, for `|x| <= 1`, likewise within 6e-11.
const SINH_TAIL: [f32; 4] = [0.166_666_67, 0.008_333_35, 0.000_198_361_6, 2.816_951_3e-6];

/// π/2, and what its `f32` lacks.
const HALF_PI: [f32; 2] = [std::f32::consts::FRAC_PI_2, -4.371_139e-8];

/// `x` and the term of third order, whose quotient by `x³` is a polynomial of `x²`.
#[inline(always)]
fn odd<const N: usize>(tail: [f32; N], x: f32, square: f32) -> f32 {
    (polynomial(tail, square) * square).mul_add(x, x)
}

/// The arc sine of a small number, and what its first part, the number, lacks: of `|x|` up to 1/2, else of
/// `√((1 - |x|) / 2)`, which is the half of what is missing to π/2. Beyond 1 that is the root of a negative number, nan.
#[inline(always)]
fn small_asin(size: f32) -> (f32, f32) {
    let half = 0.5 * (1.0 - size);
    let root = half.sqrt();
    // What rounding took from the root.
    let lost = if root > 0.0 { 0.5 * (-root).mul_add(root, half) / root } else { 0.0 };
    let is_large = size > 0.5;
    let (x, square) = if is_large { (root, half) } else { (size, size * size) };
    let tail = polynomial(ASIN_TAIL, square) * square;
    (x, tail.mul_add(x, if is_large { lost } else { 0.0 }))
}

impl Angles for f32 {
    #[inline(always)]
    fn asin(self) -> Self {
        let size = self.abs();
        let (first, rest) = small_asin(size);
        let [high, low] = HALF_PI;
        let large = (high - 2.0 * first) - 2.0f32.mul_add(rest, -low);
        (if size > 0.5 { large } else { first + rest }).copysign(self)
    }

    #[inline(always)]
    fn acos(self) -> Self {
        let size = self.abs();
        let (first, rest) = small_asin(size);
        let [high, low] = HALF_PI;
        let near = (high - first.copysign(self)) - ((rest * 1.0f32.copysign(self)) - low);
        let far = 2.0 * (first + rest);
        let far = if self < 0.0 { 2.0 * ((high - first) - (rest - low)) } else { far };
        if size > 0.5 { far } else { near }
    }

    #[inline(always)]
    fn atan(self) -> Self {
        let size = self.abs();
        let is_steep = size > 1.0;
        let x = if is_steep { 1.0 / size } else { size };
        let flat = odd(ATAN_TAIL, x, x * x);
        let [high, low] = HALF_PI;
        let atan = if is_steep { high - (flat - low) } else { flat };
        atan.copysign(self)
    }

    #[inline(always)]
    fn sinh(self) -> Self {
        let size = self.abs();
        let near = odd(SINH_TAIL, size, size * size);
        let half = half_exp(size);
        let far = half - 0.25 / half;
        (if size > 1.0 { far } else { near }).copysign(self)
    }

    #[inline(always)]
    fn cosh(self) -> Self {
        let half = half_exp(self.abs());
        half + 0.25 / half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of `f32`, its place among the standard library's functions, and the numbers it is tried with.
    type Case = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f32);

    const CASES: [Case; 5] = [
        ("asin", asin, f64::asin, 1.0),
        ("acos", acos, f64::acos, 1.0),
        ("atan", atan, f64::atan, 30.0),
        ("sinh", sinh, f64::sinh, 89.4),
        ("cosh", cosh, f64::cosh, 89.4),
    ];

    /// The difference to the `f64` function, in units of the last place.
    fn error(x: f32, function: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let expected = exact(f64::from(x));
        let size = (expected as f32).abs();
        (f64::from(function(x)) - expected).abs() / f64::from(size.next_up() - size)
    }

    #[test]
    fn lanes_of_f32_are_within_two_units_of_the_last_place() {
        for (name, function, exact, end) in CASES {
            let steps = 2_000_000;
            let wide = (0..=steps).map(|step| end * (2 * step - steps) as f32 / steps as f32);
            let near_one = (0..=steps).map(|step| 2.0 * step as f32 / steps as f32);
            // Every 1000th of all positive numbers.
            let all = (0..f32::INFINITY.to_bits()).step_by(1000).map(f32::from_bits);
            let numbers = wide.chain(near_one).chain(all).filter(|x| x.abs() <= end);
            let worst = numbers.map(|x| error(x, function, exact)).fold(0.0, f64::max);
            println!("{name}: {worst:.2}");
            assert!(worst < 2.0, "{name}: {worst}");
        }
    }

    #[test]
    fn the_ends_are_those_of_the_standard_library() {
        let ends = [0.0, 1e-45, 1e-38, 1.0, 1.0 + f32::EPSILON, 2.0, 90.0, 1e30, f32::MAX];
        for x in ends.into_iter().chain([f32::INFINITY, f32::NAN]).flat_map(|x| [x, -x]) {
            for (name, function, exact, _) in CASES {
                let (found, expected) = (function(x), exact(f64::from(x)) as f32);
                let is_same = found.to_bits() == expected.to_bits();
                let both_nan = found.is_nan() && expected.is_nan();
                let is_near = (found - expected).abs() <= 2e-7 * expected.abs();
                assert!(is_same || both_nan || is_near, "{name}({x}) is {found}, not {expected}");
                let signs = found.is_sign_negative() == expected.is_sign_negative();
                assert!(signs || both_nan, "{name}({x}) is {found}, not {expected}");
            }
        }
    }
}
