//! Losses of a margin: between numbers, vectors that are alike or not, and triplets of vectors.
//!
//! The formulas are in `functional/loss`.

use std::fmt;

use candle_core::{Result, Tensor};

use super::{display, losses};
use crate::functional::loss::{
    DistanceFunction, Reduction, cosine_embedding_loss_named, hinge_embedding_loss_named,
    margin_ranking_loss_named, soft_margin_loss_named, triplet_margin_loss_named,
    triplet_margin_with_distance_loss_named,
};

losses! {
    /// The loss of distances `x` between pairs that are alike (1) or not (-1).
    ///
    /// ```text
    /// l = x                     where t = 1
    /// l = max(0, margin - x)    where t = -1
    /// ```
    ///
    /// # Shapes
    ///
    /// Any that broadcast; dtypes promote.
    ///
    /// # Errors
    ///
    /// If the shapes don't broadcast, or both tensors are integers.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::HingeEmbeddingLoss::default().forward(&tensor!([3.0, 0.5]), &tensor!([1, -1]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 1.75);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    HingeEmbeddingLoss {
        /// How far apart pairs that aren't alike should be. Default: 1.
        margin: f64 = 1.0,
    }
    /// The loss of the distances `input` against `target`, 1 or -1.
    forward(input: &Tensor, target: &Tensor) |loss, function| {
        hinge_embedding_loss_named(function, input, target, loss.margin, loss.reduction)
    };

    /// The logistic loss of two classes, 1 and -1.
    ///
    /// ```text
    /// l = ln(1 + exp(-t x))
    /// ```
    ///
    /// As in PyTorch it overflows: the loss is infinite and the gradient nan where `-t x` is above 88
    /// (`f32`). `nn::BCEWithLogitsLoss` with targets 1 and 0 is the same loss without that.
    ///
    /// # Shapes
    ///
    /// Any that broadcast; dtypes promote.
    ///
    /// # Errors
    ///
    /// If the shapes don't broadcast, or both tensors are integers.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::SoftMarginLoss::default().forward(&tensor!([0.0]), &tensor!([-1]))?;
    /// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    SoftMarginLoss {}
    /// The loss of `input` against `target`, 1 or -1.
    forward(
        input: &Tensor,
        target: &Tensor
    ) |loss, function| soft_margin_loss_named(function, input, target, loss.reduction);

    /// The loss of two numbers of which the first (1) or the second (-1) should be larger.
    ///
    /// ```text
    /// l = max(0, -t (x1 - x2) + margin)
    /// ```
    ///
    /// # Shapes
    ///
    /// Three of as many axes each, which broadcast; dtypes promote.
    ///
    /// # Errors
    ///
    /// If the numbers of axes differ, the shapes don't broadcast, or all tensors are integers.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::MarginRankingLoss::default();
    /// let y = loss.forward(&tensor!([2.0, 2.0]), &tensor!([1.0, 1.0]), &tensor!([1, -1]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 0.5);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    MarginRankingLoss {
        /// By how much the one should be larger. Default: 0.
        margin: f64 = 0.0,
    }
    /// The loss of `input1` and `input2` against `target`, 1 or -1.
    forward(input1: &Tensor, input2: &Tensor, target: &Tensor) |loss, function| {
        let MarginRankingLoss { margin, reduction } = *loss;
        margin_ranking_loss_named(function, input1, input2, target, margin, reduction)
    };

    /// The loss of pairs of vectors that should point the same way (1) or not (-1).
    ///
    /// ```text
    /// l = 1 - cos(u, v)                   where t = 1
    /// l = max(0, cos(u, v) - margin)      where t = -1
    /// cos(u, v) = u·v / √((u·u + 1e-12) (v·v + 1e-12))
    /// ```
    ///
    /// # Shapes
    ///
    /// Inputs `(N, D)` and a target `(N)`, or `(D)` and a target without axes; dtypes promote.
    ///
    /// # Errors
    ///
    /// For other shapes, and inputs of integers.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::CosineEmbeddingLoss::default();
    /// let y = loss.forward(&tensor!([[1.0, 0.0]]), &tensor!([[0.0, 2.0]]), &tensor!([1]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 1.0);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    CosineEmbeddingLoss {
        /// The largest cosine of pairs that aren't alike, from -1 to 1. Default: 0.
        margin: f64 = 0.0,
    }
    /// The loss of `input1` and `input2` against `target`, 1 or -1.
    forward(input1: &Tensor, input2: &Tensor, target: &Tensor) |loss, function| {
        let CosineEmbeddingLoss { margin, reduction } = *loss;
        cosine_embedding_loss_named(function, input1, input2, target, margin, reduction)
    };

    /// The loss of anchors that should be nearer to their positives than to their negatives.
    ///
    /// ```text
    /// l = max(0, margin + d(a, p) - d(a, n))    with d(u, v) = ‖u - v + eps‖_p
    /// ```
    ///
    /// With `swap`, `d(p, n)` takes the place of `d(a, n)` where it is smaller.
    ///
    /// # Shapes
    ///
    /// Three of as many axes each, `(D)` or `(.., D)`, which broadcast; dtypes promote. The losses have
    /// the shape without the last axis.
    ///
    /// # Errors
    ///
    /// If the numbers of axes differ, the shapes don't broadcast, or `margin` isn't positive.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::TripletMarginLoss::default();
    /// let y = loss.forward(&tensor!([[0.0]]), &tensor!([[2.0]]), &tensor!([[-1.0]]))?;
    /// assert!((y.to_scalar::<f32>()? - 2.0).abs() < 1e-5);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    TripletMarginLoss {
        /// By how much the positive should be nearer. Default: 1.
        margin: f64 = 1.0,
        /// The norm of the distances. Default: 2.
        p: f64 = 2.0,
        /// Added to each difference. Default: 1e-6.
        eps: f64 = 1e-6,
        /// Whether the positive may stand in for the anchor. Default: false.
        swap: bool = false,
    }
    /// The loss of `anchor` with `positive` and `negative`.
    forward(anchor: &Tensor, positive: &Tensor, negative: &Tensor) |loss, function| {
        let TripletMarginLoss { margin, p, eps, swap, reduction } = *loss;
        let inputs = [anchor, positive, negative];
        triplet_margin_loss_named(function, inputs, margin, p, eps, swap, reduction)
    };
}

/// [`TripletMarginLoss`] with a distance of your own.
///
/// ```text
/// l = max(0, margin + d(a, p) - d(a, n))
/// ```
///
/// # Shapes
///
/// Three of as many axes each; the losses have the shape that the distance gives.
///
/// # Errors
///
/// If the numbers of axes differ, `margin` isn't positive, or the distance fails.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html).
///
/// ```
/// use std::sync::Arc;
/// use akari::prelude::*;
/// let loss = nn::TripletMarginWithDistanceLoss {
///     distance_function: Some(Arc::new(|u, v| (u - v)?.abs()?.max(D::Minus1))),
///     ..Default::default()
/// };
/// let y = loss.forward(&tensor!([[0.0]]), &tensor!([[2.0]]), &tensor!([[-1.0]]))?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct TripletMarginWithDistanceLoss {
    /// The distance. Default: none, which is the Euclidean one of [`TripletMarginLoss`].
    pub distance_function: Option<DistanceFunction>,
    /// By how much the positive should be nearer. Default: 1.
    pub margin: f64,
    /// Whether the positive may stand in for the anchor. Default: false.
    pub swap: bool,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
}

impl Default for TripletMarginWithDistanceLoss {
    fn default() -> Self {
        TripletMarginWithDistanceLoss {
            distance_function: None,
            margin: 1.0,
            swap: false,
            reduction: Reduction::Mean,
        }
    }
}

impl fmt::Debug for TripletMarginWithDistanceLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripletMarginWithDistanceLoss")
            .field("distance_function", &self.distance_function.as_ref().map(|_| ".."))
            .field("margin", &self.margin)
            .field("swap", &self.swap)
            .field("reduction", &self.reduction)
            .finish()
    }
}

impl TripletMarginWithDistanceLoss {
    /// The loss of `anchor` with `positive` and `negative`.
    pub fn forward(&self, anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Result<Tensor> {
        triplet_margin_with_distance_loss_named(
            "nn::TripletMarginWithDistanceLoss",
            [anchor, positive, negative],
            self.distance_function.as_ref(),
            self.margin,
            self.swap,
            self.reduction,
        )
    }
}

display!(TripletMarginWithDistanceLoss);
