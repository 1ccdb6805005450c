//! Values on their way from a generic face to what is compiled with the prelude.
//!
//! A face that asks for two lists has the first one in its hands while it asks for the second, and so every cell that calls
//! it would compile the code that drops a list or a candle error. A box with who knows what in it costs next to nothing.

use candle_core::Result;

/// Values, or why there are none.
pub(super) struct Taken<T>(Box<dyn Given<T>>);

trait Given<T> {
    fn values(self: Box<Self>) -> Result<Vec<T>>;
}

impl<T> Given<T> for Result<Vec<T>> {
    fn values(self: Box<Self>) -> Result<Vec<T>> {
        *self
    }
}

impl<T> Taken<T> {
    #[inline(never)]
    pub(super) fn values(self) -> Result<Vec<T>> {
        self.0.values()
    }
}

#[inline(never)]
pub(super) fn numbers(values: Result<Vec<f64>>) -> Taken<f64> {
    Taken(Box::new(values))
}

#[inline(never)]
pub(super) fn points(values: Result<Vec<(f64, f64)>>) -> Taken<(f64, f64)> {
    Taken(Box::new(values))
}

#[inline(never)]
pub(super) fn names(values: Result<Vec<String>>) -> Taken<String> {
    Taken(Box::new(values))
}
