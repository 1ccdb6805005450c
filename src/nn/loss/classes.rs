//! Losses of rows of scores, one for each class, against the classes that are right.
//!
//! The formulas are in `functional/loss`.

use std::fmt;

use candle_core::{Result, Tensor};

use super::{display, losses};
use crate::functional::loss::{
    CrossEntropyLoss, Reduction, cross_entropy_named, multi_margin_loss_named,
    multilabel_margin_loss_named, multilabel_soft_margin_loss_named, nll_loss_named,
};

impl CrossEntropyLoss {
    /// The loss of the logits `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        cross_entropy_named("nn::CrossEntropyLoss", input, target, self)
    }
}

display!(CrossEntropyLoss);

losses! {
    /// The negative log probability of each target's class, from log probabilities.
    ///
    /// ```text
    /// l = -w_y x_y
    /// ```
    ///
    /// `y` is the target's class, `w` the weights. [`CrossEntropyLoss`](super::CrossEntropyLoss) takes
    /// logits and does the `F::log_softmax` before it too.
    ///
    /// # Shapes
    ///
    /// Input `(C)`, `(N, C)` or `(N, C, d1, ..)`; the target (`i64`, `u8` or `u32`) has the input's
    /// shape without the class axis. The mean divides by the weights of the classes that weren't
    /// ignored.
    ///
    /// # Errors
    ///
    /// For shapes or dtypes other than these, a class out of range, and weights of another length
    /// than `C`.
    ///
    /// *Differs from candle*: its `loss::nll` takes two axes only and has no weights, and an input of
    /// another rank is an error about the target.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::NLLLoss::default().forward(&tensor!([[-0.5, -1.0]]), &tensor!([1]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 1.0);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    NLLLoss {
        /// A factor for each class. Default: none.
        weight: Option<Tensor> = None,
        /// Elements of this class count for nothing. Default: -100.
        ignore_index: i64 = -100,
    }
    /// The loss of the log probabilities `input` against the classes `target`.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        let (weight, ignored) = (loss.weight.as_ref(), loss.ignore_index);
        nll_loss_named(function, input, target, weight, ignored, loss.reduction)
    };

    /// How far the score of the right class is from beating each other class by a margin.
    ///
    /// ```text
    /// l = (1 / C) Σ_(j ≠ y) w_y max(0, margin - x_y + x_j)^p
    /// ```
    ///
    /// `y` is the target's class, `C` the number of classes, `w` the weights.
    ///
    /// # Shapes
    ///
    /// Input `(C)` or `(N, C)`; the target (`i64`, `u8` or `u32`) without the axis of classes.
    ///
    /// # Errors
    ///
    /// For other shapes and dtypes, a class out of range, weights of another length than `C`, and a `p`
    /// other than 1 and 2.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::MultiMarginLoss::default().forward(&tensor!([[0.0, 0.5]]), &tensor!([1]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 0.25);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    MultiMarginLoss {
        /// The exponent, 1 or 2; 2 makes a class that wins by far count more. Default: 1.
        p: i64 = 1,
        /// By how much the right class should win. Default: 1.
        margin: f64 = 1.0,
        /// A factor for each class. Default: none.
        weight: Option<Tensor> = None,
    }
    /// The loss of the scores `input` against the classes `target`.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        let MultiMarginLoss { p, margin, ref weight, reduction } = *loss;
        multi_margin_loss_named(function, input, target, p, margin, weight.as_ref(), reduction)
    };

    /// How far each right class is from beating each wrong class by 1.
    ///
    /// ```text
    /// l = (1 / C) Σ_i Σ_j max(0, 1 - (x_i - x_j))    i in the target, j not
    /// ```
    ///
    /// A row of the target lists its classes and ends at the first -1; what follows doesn't matter.
    ///
    /// # Shapes
    ///
    /// Input and target (`i64`) of one shape, `(C)` or `(N, C)`.
    ///
    /// # Errors
    ///
    /// For other shapes and dtypes, and a class out of range.
    ///
    /// *Differs from PyTorch*: the mean of no rows is nan, not what was in memory.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::MultiLabelMarginLoss::default();
    /// let y = loss.forward(&tensor!([[0.5, 0.0]]), &tensor!([[0, -1]]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 0.25);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    MultiLabelMarginLoss {}
    /// The loss of the scores `input` against the lists of classes `target`.
    forward(
        input: &Tensor,
        target: &Tensor
    ) |loss, function| multilabel_margin_loss_named(function, input, target, loss.reduction);

    /// Binary cross entropy of logits for each class, averaged over the classes.
    ///
    /// ```text
    /// l = (1 / C) Σ_c w_c ((1 - t_c) softplus(x_c) + t_c softplus(-x_c))
    /// ```
    ///
    /// # Shapes
    ///
    /// Input `(.., C)`; target and `weight` broadcast with it. The losses have the shape without the
    /// last axis. dtypes promote.
    ///
    /// # Errors
    ///
    /// If the shapes don't broadcast, or the input is an integer or has no axes.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::MultiLabelSoftMarginLoss::default();
    /// let y = loss.forward(&tensor!([[0.0, 0.0]]), &tensor!([[1, 0]]))?;
    /// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    MultiLabelSoftMarginLoss {
        /// A factor for each class. Default: none.
        weight: Option<Tensor> = None,
    }
    /// The loss of the logits `input` against `target`, 1 or 0 for each class.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        let weight = loss.weight.as_ref();
        multilabel_soft_margin_loss_named(function, input, target, weight, loss.reduction)
    };
}
