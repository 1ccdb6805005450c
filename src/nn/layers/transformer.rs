//! The encoder of a transformer.

use candle_core::{Module, Result, Tensor};

use super::attention::{MultiheadAttention, MultiheadAttentionConfig, MultiheadAttentionOptions};
use super::dropout::Dropout;
use super::layer::{Layer, display_as_repr};
use super::linear::Linear;
use super::norm::{LayerNorm, LayerNormConfig};
use super::part::fields;
use crate::functional::relu;

display_as_repr!(TransformerEncoderLayer, TransformerEncoder);

/// The options of [`TransformerEncoderLayer`].
#[derive(Debug, Clone, Copy)]
pub struct TransformerEncoderLayerConfig {
    /// The numbers between the two linear maps. Default: 2048.
    pub dim_feedforward: usize,
    /// The share of numbers that is left out in training. Default: 0.1.
    pub dropout: f64,
    /// The function between the two linear maps, as `F::relu` or `|x| F::gelu(x, Gelu::None)`. Default: `F::relu`.
    pub activation: fn(&Tensor) -> Result<Tensor>,
    /// Keeps the divisions of the norms finite. Default: 1e-5.
    pub layer_norm_eps: f64,
    /// Whether the batch is the first axis, and not the second one. Default: false.
    pub batch_first: bool,
    /// Whether the norms come before attention and linear maps, and not after them. Default: false.
    pub norm_first: bool,
    /// Whether linear maps and norms have biases. Default: true.
    pub bias: bool,
}

impl Default for TransformerEncoderLayerConfig {
    fn default() -> Self {
        TransformerEncoderLayerConfig {
            dim_feedforward: 2048,
            dropout: 0.1,
            activation: relu,
            layer_norm_eps: 1e-5,
            batch_first: false,
            norm_first: false,
            bias: true,
        }
    }
}

/// What a call of an encoder takes beside its input.
#[derive(Debug, Clone, Copy, Default)]
pub struct TransformerEncoderOptions<'a> {
    /// What each position doesn't see: `(L, L)`, a mask of `u8`, where 1 is hidden, or numbers that are added to the
    /// scores. Default: nothing.
    pub src_mask: Option<&'a Tensor>,
    /// Positions that nobody sees, `(N, L)`. Default: none.
    pub src_key_padding_mask: Option<&'a Tensor>,
    /// Whether no position sees a later one. Default: false.
    pub is_causal: bool,
}

/// A layer of a transformer's encoder: attention to itself, then two linear maps, each added to what it got.
///
/// ```text
/// x = norm1(x + attention(x))              x = x + attention(norm1(x))
/// y = norm2(x + linear2(f(linear1(x))))    y = x + linear2(f(linear1(norm2(x))))     with norm_first
/// ```
///
/// The first weights are PyTorch's very numbers after `torch::manual_seed`.
///
/// # Shapes
///
/// `(L, N, E)`, `(N, L, E)` with `batch_first`, or `(L, E)`; the result is alike.
///
/// # Errors
///
/// If the last axis has another size. See PyTorch's `TransformerEncoderLayer`.
///
/// ```
/// use akari::prelude::*;
/// let config = nn::TransformerEncoderLayerConfig { dim_feedforward: 16, batch_first: true, ..Default::default() };
/// let layer = nn::TransformerEncoderLayer::with_config(8, 2, config)?;
/// let x = torch::rand((3, 5, 8))?;
/// assert_eq!(layer.forward(&x)?.dims(), &[3, 5, 8]);
/// let causal = nn::TransformerEncoderOptions { is_causal: true, ..Default::default() };
/// assert_eq!(layer.forward_with(&x, causal)?.dims(), &[3, 5, 8]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransformerEncoderLayer {
    /// Attention of the input to itself.
    pub self_attn: MultiheadAttention,
    /// The first linear map.
    pub linear1: Linear,
    /// Leaves out numbers between the linear maps.
    pub dropout: Dropout,
    /// The second linear map.
    pub linear2: Linear,
    /// The norm of the attention.
    pub norm1: LayerNorm,
    /// The norm of the linear maps.
    pub norm2: LayerNorm,
    /// Leaves out numbers of the attention's result.
    pub dropout1: Dropout,
    /// Leaves out numbers of the linear maps' result.
    pub dropout2: Dropout,
    /// The options that the layer was made with.
    pub config: TransformerEncoderLayerConfig,
}

impl TransformerEncoderLayer {
    /// A layer of `nhead` heads over `d_model` numbers.
    ///
    /// # Errors
    ///
    /// If `nhead` doesn't divide `d_model`.
    pub fn new(d_model: usize, nhead: usize) -> Result<Self> {
        Self::with_config(d_model, nhead, TransformerEncoderLayerConfig::default())
    }

    /// A layer with options.
    ///
    /// # Errors
    ///
    /// If `nhead` doesn't divide `d_model`, or `dropout` is not from 0 to 1.
    pub fn with_config(
        d_model: usize,
        nhead: usize,
        config: TransformerEncoderLayerConfig,
    ) -> Result<Self> {
        let TransformerEncoderLayerConfig { dim_feedforward, dropout, batch_first, bias, .. } =
            config;
        let attention = MultiheadAttentionConfig { dropout, bias, batch_first };
        let linear =
            |from, to| if bias { Linear::new(from, to) } else { Linear::no_bias(from, to) };
        let norm = || {
            let eps = config.layer_norm_eps;
            LayerNorm::with_config([d_model], LayerNormConfig { eps, bias, ..Default::default() })
        };
        let dropout = || Dropout::new(dropout);
        Ok(TransformerEncoderLayer {
            self_attn: MultiheadAttention::with_config(d_model, nhead, attention)?,
            linear1: linear(d_model, dim_feedforward)?,
            dropout: dropout()?,
            linear2: linear(dim_feedforward, d_model)?,
            norm1: norm()?,
            norm2: norm()?,
            dropout1: dropout()?,
            dropout2: dropout()?,
            config,
        })
    }

    /// The result with masks: PyTorch's `layer(src, src_mask=.., src_key_padding_mask=..)`.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward_with(
        &self,
        x: &Tensor,
        options: TransformerEncoderOptions<'_>,
    ) -> Result<Tensor> {
        if self.config.norm_first {
            let x = (x + self.attention(&self.norm1.forward(x)?, options)?)?;
            return &x + self.linear_maps(&self.norm2.forward(&x)?)?;
        }
        let x = self.norm1.forward(&(x + self.attention(x, options)?)?)?;
        self.norm2.forward(&(&x + self.linear_maps(&x)?)?)
    }

    fn attention(&self, x: &Tensor, options: TransformerEncoderOptions<'_>) -> Result<Tensor> {
        let options = MultiheadAttentionOptions {
            key_padding_mask: options.src_key_padding_mask,
            attn_mask: options.src_mask,
            is_causal: options.is_causal,
            need_weights: false,
            ..Default::default()
        };
        let (y, _) = self.self_attn.forward(x, x, x, options)?;
        if self.config.batch_first && y.rank() == 3 && self.dropout1.draws() {
            // PyTorch draws in the order of memory, where its attention has the batch as the second axis all the same.
            return self.dropout1.forward(&y.transpose(0, 1)?)?.transpose(0, 1);
        }
        self.dropout1.forward(&y)
    }

    fn linear_maps(&self, x: &Tensor) -> Result<Tensor> {
        let x = (self.config.activation)(&self.linear1.forward(x)?)?;
        self.dropout2.forward(&self.linear2.forward(&self.dropout.forward(&x)?)?)
    }
}

impl Module for TransformerEncoderLayer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_with(x, TransformerEncoderOptions::default())
    }
}

impl Layer for TransformerEncoderLayer {
    fields!(self_attn, linear1, dropout, linear2, norm1, norm2, dropout1, dropout2);
}

/// Encoder layers one after the other.
///
/// All begin as copies of one layer, with the same numbers, as in PyTorch.
///
/// # Shapes and errors
///
/// As [`TransformerEncoderLayer`]. See PyTorch's `TransformerEncoder`.
///
/// ```
/// use akari::prelude::*;
/// let config = nn::TransformerEncoderLayerConfig { dim_feedforward: 16, ..Default::default() };
/// let layer = nn::TransformerEncoderLayer::with_config(8, 2, config)?;
/// let encoder = nn::TransformerEncoder::new(&layer, 3)?;
/// assert_eq!(encoder.forward(&torch::rand((5, 3, 8))?)?.dims(), &[5, 3, 8]);
/// assert_eq!(encoder.named_parameters()[0].0, "layers.0.self_attn.in_proj_weight");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransformerEncoder {
    /// The layers.
    pub layers: Vec<TransformerEncoderLayer>,
    /// The norm of the last layer's result, if there is one.
    pub norm: Option<LayerNorm>,
}

impl TransformerEncoder {
    /// `num_layers` copies of a layer.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(encoder_layer: &TransformerEncoderLayer, num_layers: usize) -> Result<Self> {
        let layers = (0..num_layers).map(|_| encoder_layer.deep_copy()).collect::<Result<_>>()?;
        Ok(TransformerEncoder { layers, norm: None })
    }

    /// [`new`](Self::new) with a norm at the end.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn with_norm(
        encoder_layer: &TransformerEncoderLayer,
        num_layers: usize,
        norm: LayerNorm,
    ) -> Result<Self> {
        Ok(TransformerEncoder { norm: Some(norm), ..Self::new(encoder_layer, num_layers)? })
    }

    /// The result with masks: PyTorch's `encoder(src, mask=.., src_key_padding_mask=..)`.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward_with(
        &self,
        x: &Tensor,
        options: TransformerEncoderOptions<'_>,
    ) -> Result<Tensor> {
        let mut layers = self.layers.iter();
        let y = layers.try_fold(x.clone(), |x, layer| layer.forward_with(&x, options))?;
        match &self.norm {
            Some(norm) => norm.forward(&y),
            None => Ok(y),
        }
    }
}

impl Module for TransformerEncoder {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_with(x, TransformerEncoderOptions::default())
    }
}

impl Layer for TransformerEncoder {
    fields!(layers, norm);
}
