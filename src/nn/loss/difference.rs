//! Losses of the difference of input and target: squared, absolute, smoothed, and Huber's.
//!
//! The formulas are in `functional/loss`.

use std::fmt;

use candle_core::{Result, Tensor};

use super::{display, losses};
use crate::functional::loss::{
    Reduction, huber_loss_named, l1_loss_named, mse_loss_named, smooth_l1_loss_named,
};

losses! {
    /// The squared difference of input and target.
    ///
    /// ```text
    /// l = (x - t)²
    /// ```
    ///
    /// # Shapes
    ///
    /// Input and target of any shapes that broadcast; dtypes promote, so an integer target will do.
    /// The result has no axes, or the broadcast shape with [`Reduction::None`].
    ///
    /// # Errors
    ///
    /// If the shapes don't broadcast, or if both tensors are integers.
    ///
    /// Shapes that differ but broadcast give a warning on stderr. A factor for each element is a parameter
    /// of `F::mse_loss`, as in PyTorch.
    /// *Differs from candle*: its `loss::mse` neither broadcasts nor promotes.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::MSELoss::default().forward(&tensor!([[2., 5., 3.]]), &tensor!([[0, 1, 0]]))?;
    /// assert_eq!(loss.to_scalar::<f32>()?, 29.0 / 3.0);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    MSELoss {}
    /// The loss of `input` against `target`.
    forward(
        input: &Tensor,
        target: &Tensor
    ) |loss, function| mse_loss_named(function, input, target, loss.reduction, None);

    /// The absolute difference of input and target.
    ///
    /// ```text
    /// l = |x - t|        (the slope at 0 is 0)
    /// ```
    ///
    /// # Shapes, errors
    ///
    /// Shapes broadcast and dtypes promote, as in [`MSELoss`](super::MSELoss); a factor for each
    /// element is a parameter of `F::l1_loss`.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::L1Loss::default().forward(&tensor!([1., -4.]), &tensor!([0, 0]))?;
    /// assert_eq!(y.to_scalar::<f32>()?, 2.5);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    L1Loss {}
    /// The loss of `input` against `target`.
    forward(
        input: &Tensor,
        target: &Tensor
    ) |loss, function| l1_loss_named(function, input, target, loss.reduction, None);

    /// A parabola up to a distance of `beta`, and a line from there on.
    ///
    /// ```text
    /// l = d² / (2 beta)  where |d| < beta, else |d| - beta / 2     with d = x - t
    /// ```
    ///
    /// With `beta` 0 it is [`L1Loss`]. Shapes broadcast and dtypes promote.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::SmoothL1Loss { reduction: Reduction::None, ..Default::default() };
    /// let y = loss.forward(&tensor!([0.5, 1., 3.]), &tensor!([0, 0, 0]))?;
    /// assert_eq!(y.to_vec1::<f32>()?, [0.125, 0.5, 2.5]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    SmoothL1Loss {
        /// Where the parabola ends. Default: 1.
        beta: f64 = 1.0,
    }
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    ///
    /// If `beta` is negative, or as in [`MSELoss`](super::MSELoss).
    forward(
        input: &Tensor,
        target: &Tensor
    ) |loss, function| smooth_l1_loss_named(function, input, target, loss.reduction, loss.beta);

    /// [`SmoothL1Loss`] times `delta`: the slope of its line is `delta`.
    ///
    /// ```text
    /// l = d² / 2  where |d| < delta, else delta (|d| - delta / 2)     with d = x - t
    /// ```
    ///
    /// Shapes broadcast and dtypes promote; a factor for each element is a parameter of
    /// `F::huber_loss`.
    ///
    /// *Differs from candle*: its `loss::huber` takes the line from `|d|` = `delta` on only in its docs.
    /// See [PyTorch's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html).
    ///
    /// ```
    /// use akari::prelude::*;
    /// let loss = nn::HuberLoss { delta: 2.0, reduction: Reduction::None };
    /// let y = loss.forward(&tensor!([1., 2., 3.]), &tensor!([0, 0, 0]))?;
    /// assert_eq!(y.to_vec1::<f32>()?, [0.5, 2.0, 4.0]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    HuberLoss {
        /// Where the parabola ends. Default: 1.
        delta: f64 = 1.0,
    }
    /// The loss of `input` against `target`.
    ///
    /// # Errors
    ///
    /// If `delta` isn't positive, or as in [`MSELoss`](super::MSELoss).
    forward(
        input: &Tensor,
        target: &Tensor
    ) |loss, function| huber_loss_named(function, input, target, loss.reduction, loss.delta, None);
}
