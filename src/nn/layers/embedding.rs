//! The embedding layer.

use candle_core::{DType, Device, Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail_index;
use crate::functional::embedding_named;
use crate::nn::init;
use crate::tensor::size;

display_as_repr!(Embedding);

/// The options of [`Embedding`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddingConfig {
    /// A row that begins as zeros and is never trained. Default: none.
    pub padding_idx: Option<usize>,
}

/// A table of rows, looked up by number.
///
/// The table begins as standard normal numbers, PyTorch's very numbers after `torch::manual_seed`.
///
/// # Shapes
///
/// From whole numbers `(..)` to `(.., embedding_dim)`.
///
/// # Errors
///
/// For numbers that aren't whole, or name no row. See PyTorch's `Embedding`.
///
/// ```
/// use akari::prelude::*;
/// let words = nn::Embedding::new(10, 3)?;
/// assert_eq!(words.forward(&tensor!([[1, 2], [9, 0]]))?.dims(), &[2, 2, 3]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Embedding {
    /// The table, of shape `(num_embeddings, embedding_dim)`.
    pub weight: Var,
    /// The options that the layer was made with.
    pub config: EmbeddingConfig,
}

impl Embedding {
    /// A table of `num_embeddings` rows.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(num_embeddings: usize, embedding_dim: usize) -> Result<Self> {
        Embedding::with_config(num_embeddings, embedding_dim, EmbeddingConfig::default())
    }

    /// A table with options.
    ///
    /// # Errors
    ///
    /// If the row for padding isn't there.
    pub fn with_config(
        num_embeddings: usize,
        embedding_dim: usize,
        config: EmbeddingConfig,
    ) -> Result<Self> {
        if config.padding_idx.is_some_and(|row| row >= num_embeddings) {
            return fail_index("nn::Embedding", "Padding_idx must be within num_embeddings");
        }
        size::checked("nn::Embedding", &[num_embeddings, embedding_dim], size_of::<f32>())?;
        let weight = Var::zeros((num_embeddings, embedding_dim), DType::F32, &Device::Cpu)?;
        init::normal_(&weight, 0.0, 1.0)?;
        if let Some(row) = config.padding_idx {
            weight.slice_set(&weight.narrow(0, row, 1)?.zeros_like()?, 0, row)?;
        }
        Ok(Embedding { weight, config })
    }
}

impl Module for Embedding {
    fn forward(&self, numbers: &Tensor) -> Result<Tensor> {
        embedding_named("nn::Embedding", numbers, &self.weight, self.config.padding_idx)
    }
}

impl Layer for Embedding {
    fields!(weight);

    fn head(&self) -> String {
        let dims = self.weight.dims();
        let padding = self.config.padding_idx.map(|it| format!(", padding_idx={it}"));
        format!("Embedding({}, {}{})", dims[0], dims[1], padding.unwrap_or_default())
    }
}
