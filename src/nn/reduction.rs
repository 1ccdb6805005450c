//! How the losses of single elements are reduced.
//!
//! `Reduction` is what a learner types; `Outcome` is the same with its divisor filled in, as the loops take it.

use crate::compute::reduce::Outcome;

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
