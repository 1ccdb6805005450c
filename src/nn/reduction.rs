//! What becomes of the losses of single elements.

use candle_core::{Result, Tensor};

use crate::tensor::reduce::{mean_all, sum_all};

/// What a loss does with the values of its elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Keeps them: the result has the shape of the broadcast inputs.
    None,
    /// Their mean; nan where there are none.
    #[default]
    Mean,
    /// Their sum; 0 where there are none.
    Sum,
}

impl Reduction {
    pub(super) fn apply(self, losses: Tensor) -> Result<Tensor> {
        match self {
            Reduction::None => Ok(losses),
            Reduction::Mean => mean_all(&losses),
            Reduction::Sum => sum_all(&losses),
        }
    }
}
