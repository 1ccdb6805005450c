//! Types of the losses' options that functions and the structs of `nn` share, which re-exports them.
//!
//! `Reduction` is what a learner types; `Outcome` is the same with its divisor filled in, as the loops take it.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use crate::compute::reduce::Outcome;
use crate::keywords;

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

/// How [`nn::KLDivLoss`](crate::nn::KLDivLoss) reduces the values of its elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KLDivReduction {
    /// Keeps the values.
    None,
    /// The mean over all elements, which is not the divergence; see `BatchMean`.
    #[default]
    Mean,
    /// The sum.
    Sum,
    /// The sum divided by the size of the first axis: the divergence as it is defined.
    BatchMean,
}

impl From<Reduction> for KLDivReduction {
    fn from(reduction: Reduction) -> Self {
        match reduction {
            Reduction::None => KLDivReduction::None,
            Reduction::Mean => KLDivReduction::Mean,
            Reduction::Sum => KLDivReduction::Sum,
        }
    }
}

keywords::from!(Reduction => KLDivReduction);

/// A distance of two tensors, one for each of their rows.
pub type DistanceFunction = Arc<dyn Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync>;

/// Cross entropy of logits; softmax is part of it.
///
/// ```text
/// l = -(1 - s) w_y ln p_y - (s / C) Σ_c w_c ln p_c     with p = softmax(x)
/// ```
///
/// `y` is the target's class, `C` the number of classes, `s` the label smoothing, `w` the weights.
/// Against probabilities `q`: `l = -Σ_c w_c ((1 - s) q_c + s / C) ln p_c`.
///
/// # Shapes
///
/// Input `(C)`, `(N, C)` or `(N, C, d1, ..)`. A target of class numbers (`i64`, `u8` or `u32`) has
/// the input's shape without the class axis; one of probabilities has the input's shape. The mean
/// divides by the weights of the classes that weren't ignored, with probabilities by `N · d1 ..`.
///
/// # Errors
///
/// For shapes or dtypes other than these, a class out of range, a smoothing outside 0 to 1, and
/// weights of another length than `C`.
///
/// *Differs from PyTorch*: `u32` class numbers will do, since candle's `argmax` gives them.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html).
///
/// ```
/// use akari::prelude::*;
/// let loss = nn::CrossEntropyLoss::default();
/// let y = loss.forward(&tensor!([[2., 5., 3.]]), &tensor!([1]))?;
/// show!(y); // tensor(0.1698)
/// assert!((y.to_scalar::<f32>()? - 0.1698).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CrossEntropyLoss {
    /// A factor for each class. Default: none.
    pub weight: Option<Tensor>,
    /// Elements of this class count for nothing. Default: -100.
    pub ignore_index: i64,
    /// The share of a target that is spread over all classes; makes a model less sure of itself.
    /// Default: 0.
    pub label_smoothing: f64,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for CrossEntropyLoss {
    fn default() -> Self {
        CrossEntropyLoss {
            weight: None,
            ignore_index: -100,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }
}
