//! Where a failed `?` has been on its way: the lines of the learner's functions that handed an error on.
//!
//! Generated code calls `__akari_at` before each `?` of a function. It does next to nothing while all goes well.

use std::cell::RefCell;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::panic::Location;
use std::task::Poll;

/// More places than this, counted from the innermost, are not kept.
const MOST: usize = 64;

thread_local! {
    /// The places that an error has passed, each with how deep the stack was there.
    static PASSED: RefCell<Vec<(usize, &'static Location<'static>)>> = const { RefCell::new(Vec::new()) };
}

/// What a `?` may stand behind.
pub trait Questioned: Sized {
    /// Whether the `?` hands the value on.
    fn is_handed_on(&self) -> bool;

    /// The value itself; notes the place if the `?` hands it on.
    // The depth that is noted is then the learner's function's own: a frame between, whose size depends on the type of
    // the value, could hide that one function called another.
    #[inline(always)]
    #[doc(hidden)]
    #[track_caller]
    fn __akari_at(self) -> Self {
        if self.is_handed_on() {
            passed(Location::caller());
        } else {
            forget();
        }
        self
    }
}

impl<T, E> Questioned for Result<T, E> {
    fn is_handed_on(&self) -> bool {
        self.is_err()
    }
}

impl<T> Questioned for Option<T> {
    fn is_handed_on(&self) -> bool {
        self.is_none()
    }
}

impl<B, C> Questioned for ControlFlow<B, C> {
    fn is_handed_on(&self) -> bool {
        self.is_break()
    }
}

impl<T, E> Questioned for Poll<Result<T, E>> {
    fn is_handed_on(&self) -> bool {
        matches!(self, Poll::Ready(Err(_)))
    }
}

impl<T, E> Questioned for Poll<Option<Result<T, E>>> {
    fn is_handed_on(&self) -> bool {
        matches!(self, Poll::Ready(Some(Err(_))))
    }
}

/// How deep the stack is: it grows downwards.
#[inline(never)]
fn depth() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}

#[cold]
#[inline(never)]
fn passed(place: &'static Location<'static>) {
    let depth = depth();
    PASSED.with_borrow_mut(|passed| {
        // An error comes from deeper functions; what was noted elsewhere was handled.
        if passed.last().is_some_and(|(last, _)| *last >= depth) {
            passed.clear();
        }
        if passed.len() < MOST {
            passed.push((depth, place));
        }
    });
}

/// Forgets the places: whatever error was noted there has been handled.
#[inline(never)]
pub(super) fn forget() {
    PASSED.with_borrow_mut(Vec::clear);
}

/// A line for each place, the innermost first.
pub(super) fn take() -> String {
    let mut text = String::new();
    for (_, place) in PASSED.take() {
        let _ = writeln!(text, "{}:{}:{}", place.file(), place.line(), place.column());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn inner(text: &str) -> Result<i32, std::num::ParseIntError> {
        Ok(text.parse::<i32>().__akari_at()? + 1)
    }

    #[inline(never)]
    fn outer(text: &str) -> Option<i32> {
        let value = inner(text).ok().__akari_at()?;
        Some(value)
    }

    #[inline(never)]
    fn large(text: &str) -> Result<[i32; 4096], std::num::ParseIntError> {
        Ok([inner(text).__akari_at()?; 4096])
    }

    #[inline(never)]
    fn sum(text: &str) -> Option<i32> {
        Some(large(text).ok().__akari_at()?.iter().sum())
    }

    #[test]
    fn large_values_hide_no_place() {
        assert_eq!(sum("1"), Some(2 * 4096));
        assert_eq!(sum("x"), None);
        assert_eq!(take().lines().count(), 3);
    }

    #[test]
    fn places_are_kept_until_all_is_well_again() {
        assert_eq!(outer("1"), Some(2));
        assert_eq!(take(), "");
        assert_eq!(outer("x"), None);
        assert_eq!(take().lines().count(), 2);
        assert!(inner("x").is_err() && inner("1").is_ok());
        assert_eq!(take(), "");
    }
}
