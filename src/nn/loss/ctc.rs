//! Connectionist temporal classification.
//!
//! The formulas are in `functional/loss`.

use std::fmt;

use candle_core::{Result, Tensor};

use super::{display, losses};
use crate::functional::loss::{Reduction, ctc_loss_named};

losses! {
    /// The loss of sequences against shorter ones, over all ways to align the two.
    ///
    /// ```text
    /// l = -ln Σ_π Π_t exp(x_(t, π_t))
    /// ```
    ///
    /// `π` runs over the sequences of classes that give the target once repetitions are merged and
    /// blanks are left out. The gradient takes for granted that the input comes from
    /// `F::log_softmax`, as in PyTorch.
    ///
    /// # Shapes
    ///
    /// Log probabilities `(T, N, C)` or `(T, C)`; targets `(N, S)`, or all in one row one after the
    /// other. The mean divides each loss by the length of its target, at least 1, then by `N`.
    ///
    /// # Errors
    ///
    /// For shapes or lengths that don't fit each other, targets that aren't integers, and classes out
    /// of range.
    ///
    /// *Differs from PyTorch*: a class out of range is an error; PyTorch reads past the row.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let log_probs = F::log_softmax(&tensor!([[[0., 0.]], [[0., 0.]]]), 2)?;
    /// let y = nn::CTCLoss::default().forward(&log_probs, &tensor!([[1]]), &[2], &[1])?;
    /// assert!((y.to_scalar::<f32>()? - 0.2877).abs() < 1e-4); // -ln(3/4)
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    CTCLoss {
        /// The class that stands for nothing. Default: 0.
        blank: usize = 0,
        /// Whether a target that can't be aligned gives 0 and no gradient, instead of inf and nan.
        /// Default: false.
        zero_infinity: bool = false,
    }
    /// The loss of `log_probs` against `targets`; the lengths say how many steps and classes of
    /// each sequence count.
    forward(
        log_probs: &Tensor,
        targets: &Tensor,
        input_lengths: &[usize],
        target_lengths: &[usize]
    ) |loss, function| {
        let CTCLoss { blank, zero_infinity, reduction } = *loss;
        let lengths = [input_lengths, target_lengths];
        ctc_loss_named(function, log_probs, targets, lengths, blank, reduction, zero_infinity)
    };
}
