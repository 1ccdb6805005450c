//! The activation with parameters: a leaky rectifier that learns its slopes.

use candle_core::{Module, Result, Tensor, Var};

use super::init::full;
use super::layers::{Layer, display_as_repr, fields};
use crate::functional as F;

display_as_repr!(PReLU);

/// [`LeakyReLU`](super::LeakyReLU) whose slope is learnt: one for all, or one for each channel.
///
/// Does what [`F::prelu`](crate::functional::prelu) does, which has the formula, the shapes and the
/// errors. Prints as PyTorch's module of this name.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let layer = nn::PReLU::default();
/// assert_eq!(layer.to_string(), "PReLU(num_parameters=1)");
/// let y = layer.forward(&tensor!([-2.0, 3.0]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [-0.5, 3.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PReLU {
    /// The slopes below 0.
    pub weight: Var,
}

impl PReLU {
    /// `num_parameters` slopes that all begin at `init`.
    ///
    /// # Errors
    ///
    /// If there is no memory for them.
    ///
    /// # Examples
    ///
    /// ```
    /// use akari::prelude::*;
    ///
    /// let layer = nn::PReLU::new(3, 0.1)?;
    /// assert_eq!(layer.to_string(), "PReLU(num_parameters=3)");
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    pub fn new(num_parameters: usize, init: f64) -> Result<Self> {
        Ok(PReLU { weight: full("nn::PReLU", &[num_parameters], init as f32)? })
    }
}

impl Default for PReLU {
    fn default() -> Self {
        // One number on the CPU: its shape fits, and memory for it is there.
        PReLU::new(1, 0.25).expect("a shape of one element fits one element")
    }
}

impl Module for PReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        F::prelu(x, &self.weight)
    }
}

impl Layer for PReLU {
    fields!(weight);

    fn head(&self) -> String {
        format!("PReLU(num_parameters={})", self.weight.elem_count())
    }
}
