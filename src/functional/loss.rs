//! The losses as functions, all options by position in PyTorch's order.
//!
//! The formulas, shapes and errors are documented at the structs of `nn`, which are shorter to
//! write where most options keep their defaults.

use candle_core::{Result, Tensor};

use crate::nn::loss::{self, DistanceFunction};
use crate::nn::{self, KLDivReduction, Reduction};

/// `(x - t)²`: [`nn::MSELoss`], with a factor for each element; the mean divides by their sum.
///
/// # Errors
///
/// As [`nn::MSELoss`], and if `weight` has another shape than `input`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::mse_loss(&tensor!([1., 3.]), &tensor!([0, 0]), Reduction::Mean, None)?;
/// assert_eq!(y.to_scalar::<f32>()?, 5.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn mse_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    loss::squared("F::mse_loss", input, target, reduction, weight)
}

/// `|x - t|`: [`nn::L1Loss`], with a factor for each element; the mean divides by their sum.
///
/// # Errors
///
/// As [`nn::L1Loss`], and if `weight` has another shape than `input`.
///
/// ```
/// use akari::prelude::*;
/// let w = tensor!([1., 3.]);
/// let y = F::l1_loss(&tensor!([1., 3.]), &tensor!([0, 0]), Reduction::Mean, Some(&w))?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn l1_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    loss::absolute("F::l1_loss", input, target, reduction, weight)
}

/// [`nn::SmoothL1Loss`] as a function (PyTorch's default of `beta`: 1).
///
/// ```
/// use akari::prelude::*;
/// let y = F::smooth_l1_loss(&tensor!([3.]), &tensor!([0.]), Reduction::Mean, 1.0)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn smooth_l1_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    beta: f64,
) -> Result<Tensor> {
    nn::SmoothL1Loss { beta, reduction }.apply("F::smooth_l1_loss", input, target)
}

/// [`nn::HuberLoss`], with a factor for each element (PyTorch's default of `delta`: 1); the mean
/// divides by the number of elements.
///
/// # Errors
///
/// As [`nn::HuberLoss`], and if `weight` has another shape than `input`.
///
/// ```
/// use akari::prelude::*;
/// let y = F::huber_loss(&tensor!([3.]), &tensor!([0.]), Reduction::Mean, 2.0, None)?;
/// assert_eq!(y.to_scalar::<f32>()?, 4.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn huber_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
    delta: f64,
    weight: Option<&Tensor>,
) -> Result<Tensor> {
    loss::huber("F::huber_loss", input, target, reduction, delta, weight)
}

/// [`nn::CrossEntropyLoss`] as a function (PyTorch's defaults: no weight, -100, mean, 0).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([[0., 0.]]), tensor!([1]));
/// let y = F::cross_entropy(&x, &t, None, -100, Reduction::Mean, 0.0)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cross_entropy(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i64,
    reduction: Reduction,
    label_smoothing: f64,
) -> Result<Tensor> {
    let weight = weight.cloned();
    nn::CrossEntropyLoss { weight, ignore_index, label_smoothing, reduction }.apply(
        "F::cross_entropy",
        input,
        target,
    )
}

/// [`nn::CrossEntropyLoss`] of `input · linear_weightᵀ + linear_bias`; `loss` holds its options.
///
/// # Shapes
///
/// Input `(F)` or `(N, F)`, `linear_weight` `(C, F)`, `linear_bias` `(C)`, target as there. With
/// more axes of classes, `(N, F)`, `(C, d1, .., F)` and `(C, d1, ..)`.
///
/// # Errors
///
/// For other shapes, and as [`nn::CrossEntropyLoss`].
///
/// *Differs from PyTorch*: its options come as one struct.
///
/// ```
/// use akari::prelude::*;
/// let (x, w, t) = (tensor!([[1., 2.]]), tensor!([[0., 0.], [0., 0.]]), tensor!([1]));
/// let y = F::linear_cross_entropy(&x, &w, &t, None, &nn::CrossEntropyLoss::default())?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn linear_cross_entropy(
    input: &Tensor,
    linear_weight: &Tensor,
    target: &Tensor,
    linear_bias: Option<&Tensor>,
    loss: &nn::CrossEntropyLoss,
) -> Result<Tensor> {
    loss::linear_cross_entropy(
        "F::linear_cross_entropy",
        loss,
        input,
        linear_weight,
        target,
        linear_bias,
    )
}

/// [`nn::NLLLoss`] as a function (PyTorch's defaults: no weight, -100, mean).
///
/// ```
/// use akari::prelude::*;
/// let y = F::nll_loss(&tensor!([[-1., -2.]]), &tensor!([1]), None, -100, Reduction::Sum)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn nll_loss(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i64,
    reduction: Reduction,
) -> Result<Tensor> {
    let weight = weight.cloned();
    nn::NLLLoss { weight, ignore_index, reduction }.apply("F::nll_loss", input, target)
}

/// [`nn::PoissonNLLLoss`] as a function (PyTorch's defaults: true, false, 1e-8, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([0.]), tensor!([3]));
/// let y = F::poisson_nll_loss(&x, &t, true, false, 1e-8, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn poisson_nll_loss(
    input: &Tensor,
    target: &Tensor,
    log_input: bool,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::PoissonNLLLoss { log_input, full, eps, reduction };
    loss.apply("F::poisson_nll_loss", input, target)
}

/// [`nn::GaussianNLLLoss`] as a function (PyTorch's defaults: false, 1e-6, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t, v) = (tensor!([1.]), tensor!([3.]), tensor!([1.]));
/// let y = F::gaussian_nll_loss(&x, &t, &v, false, 1e-6, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn gaussian_nll_loss(
    input: &Tensor,
    target: &Tensor,
    var: &Tensor,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::GaussianNLLLoss { full, eps, reduction };
    loss.apply("F::gaussian_nll_loss", input, target, var)
}

/// [`nn::KLDivLoss`] as a function (PyTorch's defaults: mean, false).
///
/// ```
/// use akari::prelude::*;
/// let p = tensor!([[0.5, 0.5]]);
/// let y = F::kl_div(&p.log()?, &p, nn::KLDivReduction::BatchMean, false)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn kl_div(
    input: &Tensor,
    target: &Tensor,
    reduction: impl Into<KLDivReduction>,
    log_target: bool,
) -> Result<Tensor> {
    nn::KLDivLoss { reduction: reduction.into(), log_target }.apply("F::kl_div", input, target)
}

/// [`nn::BCELoss`] as a function (PyTorch's defaults: no weight, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([0.5]), tensor!([1.]));
/// let y = F::binary_cross_entropy(&x, &t, None, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn binary_cross_entropy(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    let weight = weight.cloned();
    nn::BCELoss { weight, reduction }.apply("F::binary_cross_entropy", input, target)
}

/// [`nn::BCEWithLogitsLoss`] as a function (PyTorch's defaults: no weight, mean, no `pos_weight`).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([-1000.]), tensor!([1.]));
/// let y = F::binary_cross_entropy_with_logits(&x, &t, None, Reduction::Mean, None)?;
/// assert_eq!(y.to_scalar::<f32>()?, 1000.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn binary_cross_entropy_with_logits(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
    pos_weight: Option<&Tensor>,
) -> Result<Tensor> {
    let (weight, pos_weight) = (weight.cloned(), pos_weight.cloned());
    let loss = nn::BCEWithLogitsLoss { weight, pos_weight, reduction };
    loss.apply("F::binary_cross_entropy_with_logits", input, target)
}

/// [`nn::HingeEmbeddingLoss`] as a function (PyTorch's defaults: 1, mean).
///
/// ```
/// use akari::prelude::*;
/// let y = F::hinge_embedding_loss(&tensor!([0.5]), &tensor!([-1]), 1.0, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn hinge_embedding_loss(
    input: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::HingeEmbeddingLoss { margin, reduction };
    loss.apply("F::hinge_embedding_loss", input, target)
}

/// [`nn::SoftMarginLoss`] as a function (PyTorch's default: mean).
///
/// ```
/// use akari::prelude::*;
/// let y = F::soft_margin_loss(&tensor!([0.]), &tensor!([1]), Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn soft_margin_loss(input: &Tensor, target: &Tensor, reduction: Reduction) -> Result<Tensor> {
    nn::SoftMarginLoss { reduction }.apply("F::soft_margin_loss", input, target)
}

/// [`nn::MultiLabelMarginLoss`] as a function (PyTorch's default: mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([0.5, 0.]), tensor!([0, -1]));
/// let y = F::multilabel_margin_loss(&x, &t, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multilabel_margin_loss(
    input: &Tensor,
    target: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    nn::MultiLabelMarginLoss { reduction }.apply("F::multilabel_margin_loss", input, target)
}

/// [`nn::MultiLabelSoftMarginLoss`] as a function (PyTorch's defaults: no weight, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([[0., 0.]]), tensor!([[1, 0]]));
/// let y = F::multilabel_soft_margin_loss(&x, &t, None, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 0.6931).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multilabel_soft_margin_loss(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::MultiLabelSoftMarginLoss { weight: weight.cloned(), reduction };
    loss.apply("F::multilabel_soft_margin_loss", input, target)
}

/// [`nn::MultiMarginLoss`] as a function (PyTorch's defaults: 1, 1, no weight, mean).
///
/// ```
/// use akari::prelude::*;
/// let (x, t) = (tensor!([[0., 0.5]]), tensor!([1]));
/// let y = F::multi_margin_loss(&x, &t, 1, 1.0, None, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 0.25);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn multi_margin_loss(
    input: &Tensor,
    target: &Tensor,
    p: i64,
    margin: f64,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::MultiMarginLoss { p, margin, weight: weight.cloned(), reduction };
    loss.apply("F::multi_margin_loss", input, target)
}

/// [`nn::CosineEmbeddingLoss`] as a function (PyTorch's defaults: 0, mean).
///
/// ```
/// use akari::prelude::*;
/// let (u, v, t) = (tensor!([[1., 0.]]), tensor!([[0., 1.]]), tensor!([1]));
/// let y = F::cosine_embedding_loss(&u, &v, &t, 0.0, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cosine_embedding_loss(
    input1: &Tensor,
    input2: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::CosineEmbeddingLoss { margin, reduction };
    loss.apply("F::cosine_embedding_loss", input1, input2, target)
}

/// [`nn::MarginRankingLoss`] as a function (PyTorch's defaults: 0, mean).
///
/// ```
/// use akari::prelude::*;
/// let (a, b, t) = (tensor!([1.]), tensor!([3.]), tensor!([1]));
/// let y = F::margin_ranking_loss(&a, &b, &t, 0.0, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn margin_ranking_loss(
    input1: &Tensor,
    input2: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::MarginRankingLoss { margin, reduction };
    loss.apply("F::margin_ranking_loss", input1, input2, target)
}

/// [`nn::TripletMarginLoss`] as a function (PyTorch's defaults: 1, 2, 1e-6, false, mean).
///
/// ```
/// use akari::prelude::*;
/// let (a, p, n) = (tensor!([[0.]]), tensor!([[2.]]), tensor!([[-1.]]));
/// let y = F::triplet_margin_loss(&a, &p, &n, 1.0, 2.0, 1e-6, false, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[allow(clippy::too_many_arguments)] // The arguments are PyTorch's; the struct takes them by name.
pub fn triplet_margin_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    margin: f64,
    p: f64,
    eps: f64,
    swap: bool,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::TripletMarginLoss { margin, p, eps, swap, reduction };
    loss.apply("F::triplet_margin_loss", anchor, positive, negative)
}

/// [`nn::TripletMarginWithDistanceLoss`] as a function (PyTorch's defaults: none, 1, false, mean).
///
/// ```
/// use akari::prelude::*;
/// let (a, p, n) = (tensor!([[0.]]), tensor!([[2.]]), tensor!([[-1.]]));
/// let y = F::triplet_margin_with_distance_loss(&a, &p, &n, None, 1.0, false, Reduction::Mean)?;
/// assert!((y.to_scalar::<f32>()? - 2.0).abs() < 1e-5);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn triplet_margin_with_distance_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    distance_function: Option<DistanceFunction>,
    margin: f64,
    swap: bool,
    reduction: Reduction,
) -> Result<Tensor> {
    let loss = nn::TripletMarginWithDistanceLoss { distance_function, margin, swap, reduction };
    loss.apply("F::triplet_margin_with_distance_loss", anchor, positive, negative)
}

/// [`nn::CTCLoss`] as a function (PyTorch's defaults: 0, mean, false).
///
/// ```
/// use akari::prelude::*;
/// let x = F::log_softmax(&tensor!([[0., 0.], [0., 0.]]), 1)?;
/// let y = F::ctc_loss(&x, &tensor!([1]), &[2], &[1], 0, Reduction::Mean, false)?;
/// assert!((y.to_scalar::<f32>()? - 0.2877).abs() < 1e-4);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn ctc_loss(
    log_probs: &Tensor,
    targets: &Tensor,
    input_lengths: &[usize],
    target_lengths: &[usize],
    blank: usize,
    reduction: Reduction,
    zero_infinity: bool,
) -> Result<Tensor> {
    let loss = nn::CTCLoss { blank, reduction, zero_infinity };
    loss.apply("F::ctc_loss", log_probs, targets, input_lengths, target_lengths)
}
