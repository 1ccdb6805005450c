//! A linear layer and cross entropy in one.

use std::fmt;

use candle_core::{Result, Tensor, Var};

use crate::error::fail;
use crate::functional::loss::{CrossEntropyLoss, Reduction, linear_cross_entropy_named};
use crate::nn::{Layer, Linear};
use crate::print::python::{bool_repr, float_repr};

/// The options of [`LinearCrossEntropyLoss`].
#[derive(Debug, Clone, Default)]
pub struct LinearCrossEntropyLossConfig {
    /// The axes `d1, ..` of classes beyond the first. Default: none.
    pub out_features: Vec<usize>,
    /// Whether the layer has a bias. Default: false.
    pub bias: bool,
    /// A factor for each class. Default: none.
    pub weight: Option<Tensor>,
    /// How the single losses are reduced. Default: to their mean.
    pub reduction: Reduction,
    /// Elements of this class count for nothing. Default: none, which stands for -100.
    pub ignore_index: Option<i64>,
    /// The share of a target that is spread over all classes. Default: 0.
    pub label_smoothing: f64,
}

/// Cross entropy of what a linear layer of its own makes of the input.
///
/// ```text
/// l = CrossEntropyLoss(x Wᵀ + b, target)
/// ```
///
/// # Shapes
///
/// Input `(F)` or `(N, F)`; the logits are `(C)`, `(N, C)` or with `out_features` `(N, C, d1, ..)`,
/// and the target is as for [`CrossEntropyLoss`] of these.
///
/// # Errors
///
/// For other shapes, an `ignore_index` with a target of probabilities, and as [`CrossEntropyLoss`].
///
/// *Differs from PyTorch*: `options`, which computes the logits in pieces, is not offered.
/// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html).
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let loss = nn::LinearCrossEntropyLoss::new(2, 3, Default::default())?;
/// let y = loss.forward(&tensor!([[1., 2.], [3., 4.]]), &tensor!([0, 2]))?;
/// assert_eq!(y.dims(), &[] as &[usize]);
/// assert_eq!(loss.parameters().len(), 1);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinearCrossEntropyLoss {
    /// The layer that makes logits of the input.
    pub linear: Linear,
    /// How many classes there are along their first axis.
    pub num_classes: usize,
    /// The options that the loss was made with.
    pub config: LinearCrossEntropyLossConfig,
}

const NAME: &str = "nn::LinearCrossEntropyLoss";

impl LinearCrossEntropyLoss {
    /// A loss whose layer begins with PyTorch's own numbers after `torch::manual_seed`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(
        in_features: usize,
        num_classes: usize,
        config: LinearCrossEntropyLossConfig,
    ) -> Result<Self> {
        let outputs = num_classes * config.out_features.iter().product::<usize>();
        let linear = match config.bias {
            true => Linear::new(in_features, outputs)?,
            false => Linear::no_bias(in_features, outputs)?,
        };
        Ok(LinearCrossEntropyLoss { linear, num_classes, config })
    }

    /// The parameters, for an optimizer: the layer's weight, and the bias if there is one.
    pub fn parameters(&self) -> Vec<Var> {
        self.linear.parameters()
    }

    /// The loss of `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        let LinearCrossEntropyLossConfig { weight, ignore_index, label_smoothing, .. } =
            &self.config;
        let is_of_probabilities = target.dtype().is_float();
        if is_of_probabilities && ignore_index.is_some() {
            return fail(
                NAME,
                "ignore_index cannot be specified when target contains probabilities",
            );
        }
        let axes = [&[self.num_classes], &self.config.out_features[..]].concat();
        let of = |last: &[usize]| [&axes[..], last].concat();
        let linear_weight = self.linear.weight.reshape(of(&[self.linear.weight.dims()[1]]))?;
        let linear_bias =
            self.linear.bias.as_ref().map(|bias| bias.reshape(of(&[]))).transpose()?;
        let loss = CrossEntropyLoss {
            weight: weight.clone(),
            ignore_index: ignore_index.unwrap_or(-100),
            label_smoothing: *label_smoothing,
            reduction: self.config.reduction,
        };
        let bias = linear_bias.as_ref();
        linear_cross_entropy_named(NAME, input, &linear_weight, target, bias, &loss)
    }
}

impl fmt::Display for LinearCrossEntropyLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        let axes = config.out_features.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let comma = if config.out_features.len() == 1 { "," } else { "" };
        let ignored = config.ignore_index.map_or("None".to_owned(), |index| index.to_string());
        write!(
            f,
            "LinearCrossEntropyLoss(\n  in_features={}, num_classes={}, out_features=({axes}{comma}), bias={}, \
             reduction={}, ignore_index={ignored}, label_smoothing={}, options=None\n  (linear): {}\n)",
            self.linear.weight.dims()[1],
            self.num_classes,
            bool_repr(self.linear.bias.is_some()),
            format!("{:?}", config.reduction).to_lowercase(),
            float_repr(config.label_smoothing),
            self.linear,
        )
    }
}
