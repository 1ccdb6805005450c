//! `optim::swa_utils`: a second model whose weights are an average of those that training goes through.
//!
//! The average often does better on new data than the last weights.

use candle_core::{DType, Device, Module, Result, Tensor, Var};

use crate::compute::beside::Beside;
use crate::error::fail;
use crate::nn::Layer;
use crate::nn::layers::{Copies, Part, Parts};

/// How an [`AveragedModel`] averages.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Averaging {
    /// All weights count the same: stochastic weight averaging (Izmailov and others, 2018).
    #[default]
    Swa,
    /// The newest weights count the most, by this decay: an exponential moving average.
    Ema(f64),
}

/// An exponential moving average; PyTorch's default decay is 0.999.
///
/// # Errors
///
/// If the decay is not from 0 to 1.
///
/// ```
/// use akari::optim::swa_utils::{Averaging, get_ema_multi_avg_fn};
/// assert_eq!(get_ema_multi_avg_fn(0.9)?, Averaging::Ema(0.9));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn get_ema_multi_avg_fn(decay: f64) -> Result<Averaging> {
    if !(0.0..=1.0).contains(&decay) {
        return fail(
            "optim::swa_utils::get_ema_multi_avg_fn",
            format_args!(
                "Invalid decay value {decay} provided. Please provide a value in [0,1] range."
            ),
        );
    }
    Ok(Averaging::Ema(decay))
}

/// The average that counts all weights the same.
pub fn get_swa_multi_avg_fn() -> Averaging {
    Averaging::Swa
}

/// A copy of a model with the average of its weights; PyTorch's `AveragedModel`.
///
/// ```text
/// first update:  avg ← w
/// Swa:           avg ← avg + (w - avg) / (n + 1)       after n updates
/// Ema(decay):    avg ← avg + (1 - decay) (w - avg)
/// ```
///
/// Buffers, such as running means, are those of the model, unless [`use_buffers`](AveragedModel::use_buffers) is set: then
/// they are averaged too. It is a layer: `averaged.forward(&x)`, `averaged.eval()`, and saved under PyTorch's names,
/// `n_averaged` and `module.0.weight`.
///
/// ```
/// use akari::optim::swa_utils::{AveragedModel, get_ema_multi_avg_fn};
/// use akari::prelude::*;
/// let model = nn::Linear::no_bias(1, 1)?;
/// let mut average = AveragedModel::new(&model, get_ema_multi_avg_fn(0.9)?)?;
/// for weight in [1.0, 2.0] {
///     nn::init::constant_(&model.weight, weight)?;
///     average.update_parameters(&model)?;
/// }
/// let weight = average.module.weight.to_vec2::<f32>()?[0][0];
/// assert!((weight - 1.1).abs() < 1e-6);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct AveragedModel<L> {
    /// The model with the average of the weights.
    pub module: L,
    /// Whether buffers are averaged as well. Default: false.
    pub use_buffers: bool,
    averaging: Averaging,
    n_averaged: Var,
}

impl<L: Layer> AveragedModel<L> {
    /// A copy of this model, to whose weights the average is taken.
    ///
    /// # Errors
    ///
    /// If the model can't be copied.
    pub fn new(model: &L, averaging: Averaging) -> Result<Self> {
        let n_averaged = Var::from_tensor(&Tensor::new(0i64, &Device::Cpu)?)?;
        Ok(AveragedModel { module: model.deep_copy()?, use_buffers: false, averaging, n_averaged })
    }

    /// How many updates there were.
    ///
    /// # Errors
    ///
    /// If a state dict brought something else than a number.
    pub fn n_averaged(&self) -> Result<i64> {
        self.n_averaged.to_scalar()
    }

    /// Takes the model's weights into the average: after each step of the optimizer, or each epoch.
    ///
    /// # Errors
    ///
    /// If the model has other parameters than the one that was copied.
    pub fn update_parameters(&mut self, model: &L) -> Result<()> {
        let count = self.n_averaged()?;
        let named = |of: &L| (of.named_parameters(), of.named_buffers());
        let ((mut averaged, buffers), (mut new, new_buffers)) = (named(&self.module), named(model));
        if averaged.len() != new.len() || buffers.len() != new_buffers.len() {
            return fail(
                "optim::swa_utils::AveragedModel::update_parameters",
                "the model has other parameters than the one that was copied",
            );
        }
        if self.use_buffers {
            averaged.extend(buffers);
            new.extend(new_buffers);
        } else {
            for ((_, buffer), (_, new)) in buffers.iter().beside(&new_buffers) {
                buffer.set(&new.as_detached_tensor().copy()?)?;
            }
        }
        for ((_, average), (_, new)) in averaged.iter().beside(&new) {
            let new = new.as_detached_tensor();
            let mean = if count == 0 { new.copy()? } else { self.mean(average, &new, count)? };
            average.set(&mean)?;
        }
        self.n_averaged.set(&Tensor::new(count + 1, &Device::Cpu)?)
    }

    fn mean(&self, average: &Var, new: &Tensor, count: i64) -> Result<Tensor> {
        let share = match self.averaging {
            Averaging::Swa => 1.0 / (count as f64 + 1.0),
            Averaging::Ema(decay) => 1.0 - decay,
        };
        let (average, dtype) = (average.as_detached_tensor(), new.dtype());
        // A counter is averaged as a number, and cut off.
        let float =
            |tensor: &Tensor| tensor.to_dtype(if dtype.is_float() { dtype } else { DType::F64 });
        let (average, new) = (float(&average)?, float(new)?);
        let way = (&new - &average)?;
        // From the nearer end, so that the whole way leads exactly to the new weights.
        let mean =
            if share < 0.5 { average + (way * share)? } else { new - (way * (1.0 - share))? };
        mean?.to_dtype(dtype)
    }
}

impl<L: Layer> Module for AveragedModel<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.module.forward(x)
    }
}

impl<L: Layer> Layer for AveragedModel<L> {
    fn children(&self) -> Vec<(String, &dyn Layer)> {
        vec![("module".to_owned(), &self.module)]
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            buffers: vec![("n_averaged".to_owned(), self.n_averaged.clone())],
            children: self.children(),
            ..Parts::default()
        }
    }

    fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
        Ok(AveragedModel {
            module: self.module.copy_with(copies)?,
            use_buffers: self.use_buffers,
            averaging: self.averaging,
            n_averaged: Part::copied(&self.n_averaged, copies)?,
        })
    }
}
