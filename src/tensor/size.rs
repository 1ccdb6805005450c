//! Shapes that are too large for memory, refused in words.
//!
//! Rust ends the process where memory can't be had, and candle's product of axes wraps around. A function
//! whose result may be much larger than its arguments asks here first.

use candle_core::Result;

use crate::error::fail;

/// From here on the system is asked whether it has the memory.
const LARGE: usize = 1 << 30;

/// How many elements a tensor of this shape has.
///
/// # Errors
///
/// If they are more than memory holds. `bytes` is the size of an element.
pub(crate) fn checked(function: &str, dims: &[usize], bytes: usize) -> Result<usize> {
    let too_large = |size: &str| {
        fail(
            function,
            format_args!("a tensor of shape {dims:?} would take {size}, more memory than there is"),
        )
    };
    // An axis of size 0 makes any shape empty, as long as candle's strides don't overflow.
    let product = |dims: &[usize]| dims.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
    let strides = dims.iter().map(|size| (*size).max(1)).collect::<Vec<_>>();
    let all = product(&strides).and_then(|count| count.checked_mul(bytes));
    let Some(size) = all.filter(|size| isize::try_from(*size).is_ok()) else {
        return too_large("over 2^63 bytes");
    };
    let count = product(dims).unwrap_or_default();
    if count * bytes >= LARGE && Vec::<u8>::new().try_reserve_exact(size).is_err() {
        return too_large(&format!("{:.1} GB", size as f64 / 1e9));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_fit_no_memory_are_errors_in_words() {
        assert_eq!(checked("f", &[2, 3], 4).unwrap(), 6);
        assert_eq!(checked("f", &[], 4).unwrap(), 1);
        assert_eq!(checked("f", &[0, 1 << 40], 4).unwrap(), 0);
        let text = |dims: &[usize]| checked("f", dims, 4).unwrap_err().to_string();
        for dims in [&[usize::MAX][..], &[1 << 63, 2], &[usize::MAX, 0], &[1 << 32, 1 << 32]] {
            assert!(text(dims).contains("over 2^63 bytes"), "{dims:?}");
        }
        assert!(text(&[1 << 45]).ends_with("would take 140737.5 GB, more memory than there is"));
    }
}
