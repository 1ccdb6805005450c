//! Normal numbers of uniform ones, sixteen at a time: Box and Muller's transform.
//!
//! Of `f32` with the logarithm, sine and cosine of the Cephes library (Moshier, 1989) in `f32`, each step rounded and
//! fused where PyTorch's loop is on processors with AVX2: so the numbers are PyTorch's, to the bit. Of `f64` with
//! the functions of the standard library, as in PyTorch.

use std::f64::consts::{PI, TAU};

use crate::compute::beside::Beside;
use crate::compute::number::polynomial;

/// How many numbers are made together: eight radii and eight angles.
pub(super) const BLOCK: usize = 16;

const HALF: usize = BLOCK / 2;

/// Turns fractions into normal numbers, in whole blocks; what is behind the last one stays.
#[inline(always)]
pub(super) fn of_f32(numbers: &mut [f32], mean: f32, deviation: f32) {
    for block in numbers.chunks_exact_mut(BLOCK) {
        let mut uniform = [0.0; BLOCK];
        uniform.copy_from_slice(block);
        let mut normal = [0.0; BLOCK];
        for index in 0..HALF {
            let radius = (-2.0 * ln(1.0 - uniform[index])).sqrt();
            let (sin, cos) = sin_cos(TAU as f32 * uniform[HALF + index]);
            normal[index] = (radius * cos).mul_add(deviation, mean);
            normal[HALF + index] = (radius * sin).mul_add(deviation, mean);
        }
        block.copy_from_slice(&normal);
    }
}

/// As [`of_f32`].
#[inline(always)]
pub(super) fn of_f64(numbers: &mut [f64], mean: f64, deviation: f64) {
    for block in numbers.chunks_exact_mut(BLOCK) {
        let (first, second) = block.split_at_mut(HALF);
        for (a, b) in first.iter_mut().beside(second) {
            let radius = (-2.0 * (1.0 - *a).ln()).sqrt();
            let angle = 2.0 * PI * *b;
            *a = (radius * angle.cos()).mul_add(deviation, mean);
            *b = (radius * angle.sin()).mul_add(deviation, mean);
        }
    }
}

/// `(ln(1 + x) - x + x²/2) / x³`, lowest power first.
const LN_TAIL: [f32; 9] = [
    3.333_333e-1,
    -2.499_999_4e-1,
    2.000_071_4e-1,
    -1.666_805_7e-1,
    1.424_932_3e-1,
    -1.242_014_1e-1,
    1.167_699_84e-1,
    -1.151_461e-1,
    7.037_683_6e-2,
];

/// ln 2 in two parts, the first of which has few bits.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// The natural logarithm of a positive number that isn't subnormal.
#[inline(always)]
fn ln(number: f32) -> f32 {
    // number = (1 + x) 2^exponent, with 1 + x from √½ to √2.
    let bits = number.to_bits();
    let mantissa = f32::from_bits(bits & 0x007f_ffff | 0x3f00_0000);
    let exponent = (bits >> 23) as i32 - 126;
    let is_low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let exponent = (if is_low { exponent - 1 } else { exponent }) as f32;
    let x = (mantissa - 1.0) + if is_low { mantissa } else { 0.0 };
    let square = x * x;
    let tail = polynomial(LN_TAIL, x) * x;
    let tail = tail.mul_add(square, exponent * LN_2[1]);
    exponent.mul_add(LN_2[0], x + square.mul_add(-0.5, tail))
}

/// π/4 in three parts, the first two of which have few bits.
const QUARTER_PI: [f32; 3] = [0.785_156_25, 2.418_756_5e-4, 3.774_895e-8];

/// `(sin x - x) / x³` in powers of `x²`, lowest first.
const SIN_TAIL: [f32; 3] = [-1.666_665_5e-1, 8.332_161e-3, -1.951_529_6e-4];

/// `(cos x - 1 + x²/2) / x⁴` in powers of `x²`, lowest first.
const COS_TAIL: [f32; 3] = [4.166_664_6e-2, -1.388_731_6e-3, 2.443_315_7e-5];

/// Added to a small whole float, this number puts the integer into the low bits of the sum. `as i32` would say the same,
/// but it saturates, and the compiler finds no vector instruction for that.
const SHIFT: f32 = 8_388_608.0;

/// Sine and cosine of an angle from 0 to 2π.
#[inline(always)]
fn sin_cos(angle: f32) -> (f32, f32) {
    // The nearest even number of eighths of a turn; what is left is up to π/4 on either side.
    let whole = (angle * (4.0 / PI) as f32).floor();
    let whole = (whole + SHIFT).to_bits() - SHIFT.to_bits();
    let eighths = (whole as i32 + 1) & !1;
    let turned = eighths as f32;
    let mut x = angle;
    for part in QUARTER_PI {
        x = turned.mul_add(-part, x);
    }
    let square = x * x;
    let cos = (polynomial(COS_TAIL, square) * square).mul_add(square, -(square * 0.5)) + 1.0;
    let sin = (polynomial(SIN_TAIL, square) * square).mul_add(x, x);
    let (sin, cos) = if eighths & 2 == 0 { (sin, cos) } else { (cos, sin) };
    // The sine is negative in the second half of a turn, the cosine where the sine is a quarter of a turn later.
    let signed =
        |number: f32, eighths: i32| f32::from_bits(number.to_bits() ^ ((eighths & 4) as u32) << 29);
    (signed(sin, eighths), signed(cos, eighths + 2))
}
