//! How the losses of single elements are reduced.
//!
//! `Reduction` is what a learner types; `Outcome` is the same with its divisor filled in, as the loops take it.

use candle_core::WithDType;

/// How a loss reduces the values of its elements.
///
/// PyTorch's texts `'none'`, `'mean'` and `'sum'`; any other is an error of the compiler here.
/// Sums are added up in `f64`, so that they don't drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Keeps the values: the result has one for each element, or for each row of a loss of rows.
    None,
    /// The mean; nan where there are no values.
    #[default]
    Mean,
    /// The sum; 0 where there are no values.
    Sum,
}

impl Reduction {
    /// The reduction where the mean divides by `count`.
    pub(super) fn outcome(self, count: f64) -> Outcome {
        match self {
            Reduction::None => Outcome::Each,
            Reduction::Mean => Outcome::Over(count),
            Reduction::Sum => Outcome::Over(1.0),
        }
    }
}

/// A reduction with its numbers filled in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// All values.
    Each,
    /// The sum of all values, divided by this number.
    Over(f64),
}

impl Outcome {
    /// The gradient of one value, from the gradient of the result.
    pub(super) fn gradient<T: WithDType>(self, gradient: &[T], index: usize) -> T {
        match self {
            Outcome::Each => gradient[index],
            Outcome::Over(divisor) => T::from_f64(gradient[0].to_f64() / divisor),
        }
    }
}
