//! `blank!()`: a value that stands where a learner's is to come, so that an unsolved lesson runs to its end.
//!
//! Floats, tensors and texts show by their value that they are blanks, also after some arithmetic; of integers and
//! truth values the store keeps a note (`rt::blanks`). Nothing here panics, and no number makes a loop endless.

use candle_core::{Device, Tensor, Var};

use crate::rt;

/// Stands for what is still to be written: a tensor, a number, true or false, a text, or a list or a result of these.
///
/// A blank compiles and runs, and [`check!`](crate::check) knows it.
///
/// ```
/// use akari::prelude::*;
/// let y: Tensor = blank!();
/// fn double(x: &Tensor) -> Result<Tensor> {
///     blank!()
/// }
/// assert_eq!(double(&y)?.rank(), 0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[macro_export]
macro_rules! blank {
    () => {
        $crate::exercise::blank()
    };
}

/// What a blank can stand for.
#[diagnostic::on_unimplemented(
    message = "`blank!()` can't stand for `{Self}`",
    label = "write a value of your own here",
    note = "a blank stands for a tensor, a number, true or false, a text, or a list or a result of these"
)]
pub trait Blank: Sized {
    #[doc(hidden)]
    fn blank() -> Self;
}

/// The value of `blank!()`.
#[doc(hidden)]
pub fn blank<T: Blank>() -> T {
    T::blank()
}

/// The text of a blank.
const TEXT: &str = "____";

/// What a blank float has behind the bit that makes it a quiet NaN: a number that no arithmetic gives.
const SIGN: u32 = 0x1_a4a1;

fn float() -> f32 {
    f32::from_bits(0x7fc0_0000 | SIGN)
}

/// Whether a float is a blank, or was computed of one.
pub(super) fn is_blank_f32(number: f32) -> bool {
    number.is_nan() && number.to_bits() & 0x003f_ffff == SIGN
}

/// The same for a double one.
pub(super) fn is_blank_f64(number: f64) -> bool {
    number.is_nan() && (number.to_bits() >> 29) & 0x003f_ffff == u64::from(SIGN)
}

/// Whether a text is a blank, or has one in it.
pub(super) fn is_blank_text(text: &str) -> bool {
    text.contains(TEXT)
}

impl Blank for f32 {
    fn blank() -> f32 {
        rt::note_blank(true);
        float()
    }
}

impl Blank for f64 {
    fn blank() -> f64 {
        rt::note_blank(true);
        f64::from_bits(0x7ff8 << 48 | u64::from(SIGN) << 29)
    }
}

macro_rules! unseen {
    ($($number:ty),*) => {$(
        impl Blank for $number {
            fn blank() -> $number {
                rt::note_blank(false);
                // One divides, counts and indexes most things without harm.
                1
            }
        }
    )*};
}

unseen!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl Blank for bool {
    fn blank() -> bool {
        rt::note_blank(false);
        false
    }
}

impl Blank for String {
    fn blank() -> String {
        rt::note_blank(true);
        TEXT.to_owned()
    }
}

impl Blank for &'static str {
    fn blank() -> &'static str {
        rt::note_blank(true);
        TEXT
    }
}

impl Blank for Tensor {
    fn blank() -> Tensor {
        rt::note_blank(true);
        match Tensor::new(float(), &Device::Cpu) {
            Ok(tensor) => tensor,
            Err(error) => unreachable!("one number on the CPU is a tensor: {error}"),
        }
    }
}

impl Blank for Var {
    fn blank() -> Var {
        match Var::from_tensor(&Tensor::blank()) {
            Ok(variable) => variable,
            Err(error) => unreachable!("one number on the CPU is a variable: {error}"),
        }
    }
}

impl<T: Blank> Blank for Vec<T> {
    fn blank() -> Vec<T> {
        vec![T::blank()]
    }
}

impl<T: Blank, const N: usize> Blank for [T; N] {
    fn blank() -> [T; N] {
        std::array::from_fn(|_| T::blank())
    }
}

impl<T: Blank> Blank for Option<T> {
    fn blank() -> Option<T> {
        Some(T::blank())
    }
}

impl<T: Blank, E> Blank for Result<T, E> {
    fn blank() -> Result<T, E> {
        Ok(T::blank())
    }
}

impl<A: Blank, B: Blank> Blank for (A, B) {
    fn blank() -> (A, B) {
        (A::blank(), B::blank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_show_that_they_are_blanks_and_other_nans_do_not() {
        let (single, double): (f32, f64) = (blank(), blank());
        assert!(is_blank_f32(single) && is_blank_f64(double) && is_blank_f64(f64::from(single)));
        assert!(is_blank_f32(single * 2.0 + 1.0) && is_blank_f64(-double / 3.0));
        assert!(is_blank_f32(double as f32));
        for number in [f64::NAN, -f64::NAN, f64::INFINITY - f64::INFINITY, 1.0] {
            assert!(!is_blank_f64(number) && !is_blank_f32(number as f32), "{number:?}");
        }
    }

    #[test]
    fn other_types_have_blanks_too() {
        let texts: Vec<String> = blank();
        assert!(is_blank_text(&texts[0]));
        let result: candle_core::Result<(i64, Option<bool>)> = blank();
        assert_eq!(result.ok(), Some((1, Some(false))));
        assert!(rt::has_unseen_blank());
    }
}
