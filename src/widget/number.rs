//! The numbers that a slider may have.

/// A number of a slider: of any kind that Rust has, but those of 128 bits.
pub trait Number: Copy + 'static {
    #[doc(hidden)]
    const IS_WHOLE: bool;

    #[doc(hidden)]
    fn to_f64(self) -> f64;

    #[doc(hidden)]
    fn from_f64(value: f64) -> Self;
}

macro_rules! whole {
    ($($number:ty)*) => {
        $(impl Number for $number {
            const IS_WHOLE: bool = true;

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(value: f64) -> Self {
                value.round() as $number
            }
        })*
    };
}

whole!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl Number for f64 {
    const IS_WHOLE: bool = false;

    fn to_f64(self) -> f64 {
        self
    }

    fn from_f64(value: f64) -> f64 {
        value
    }
}

impl Number for f32 {
    const IS_WHOLE: bool = false;

    /// The number as it is written: 0.1 and not 0.10000000149.
    fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::from(self))
    }

    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

/// A power of ten that divides the range into a hundred parts or a few more or less.
pub(super) fn step(span: f64) -> f64 {
    if span.is_finite() && span > 0.0 {
        // Parsed, since the nearest number to a power of ten is not what a product gives.
        let exponent = (span / 50.0).log10().floor();
        format!("1e{exponent}").parse().unwrap_or(1.0)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_powers_of_ten() {
        for (span, expected) in
            [(0.99, 0.01), (1.0, 0.01), (0.099, 0.001), (10.0, 0.1), (1e-6, 1e-8), (f64::NAN, 1.0)]
        {
            assert_eq!(step(span), expected, "{span}");
        }
        assert_eq!((0.1f32.to_f64(), u8::from_f64(300.0), i32::from_f64(-2.5)), (0.1, 255, -3));
    }
}
