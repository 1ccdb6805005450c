//! The attention layer with several heads.

use candle_core::{D, DType, Device, Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::linear::Linear;
use super::mode::Mode;
use super::part::fields;
use crate::error::{fail, wrong_dtype};
use crate::functional::arithmetic::add;
use crate::functional::compare::masked_fill;
use crate::functional::heads::{self, Projected};
use crate::functional::sum::mean_dim;
use crate::functional::{AttentionConfig, attend, linear_named};
use crate::nn::init;
use crate::tensor::size;

display_as_repr!(MultiheadAttention);

const NAME: &str = "nn::MultiheadAttention";

/// The options of [`MultiheadAttention`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiheadAttentionConfig {
    /// The share of weights that is left out in training. Default: 0.
    pub dropout: f64,
    /// Whether the maps of inputs and result have biases. Default: true.
    pub bias: bool,
    /// Whether the batch is the first axis, and not the second one. Default: false.
    pub batch_first: bool,
}

impl Default for MultiheadAttentionConfig {
    fn default() -> Self {
        MultiheadAttentionConfig { dropout: 0.0, bias: true, batch_first: false }
    }
}

/// What a call of [`MultiheadAttention`] takes beside the three inputs.
#[derive(Debug, Clone, Copy)]
pub struct MultiheadAttentionOptions<'a> {
    /// Keys that nobody sees: a mask of `u8`, `(N, S)`, where 1 is hidden, or numbers that are added. Default: none.
    pub key_padding_mask: Option<&'a Tensor>,
    /// Whether the weights are given back. Default: true.
    pub need_weights: bool,
    /// What each query doesn't see: `(L, S)` or `(N heads, L, S)`, a mask of `u8`, where 1 is hidden, or numbers that
    /// are added to the scores. Default: nothing.
    pub attn_mask: Option<&'a Tensor>,
    /// Whether the weights are the mean over all heads. Default: true.
    pub average_attn_weights: bool,
    /// Whether query `i` sees no key behind the `i`-th. Default: false.
    pub is_causal: bool,
}

impl Default for MultiheadAttentionOptions<'_> {
    fn default() -> Self {
        MultiheadAttentionOptions {
            key_padding_mask: None,
            need_weights: true,
            attn_mask: None,
            average_attn_weights: true,
            is_causal: false,
        }
    }
}

/// Attention with several heads, each of which looks at a part of the numbers.
///
/// ```text
/// headᵢ = softmax(qᵢ kᵢᵀ / √d + mask) vᵢ     of q, k, v = W_in x + b_in, cut into heads
/// y = W_out [head₁ .. headₕ] + b_out
/// ```
///
/// `in_proj_weight` has the rows of q, k and v, one after the other; the first weights are PyTorch's very numbers
/// after `torch::manual_seed`.
///
/// # Shapes
///
/// `query` of `(L, N, E)`, `key` and `value` of `(S, N, E)`; with `batch_first`, `(N, L, E)` and `(N, S, E)`; without
/// a batch, `(L, E)` and `(S, E)`. The weights are `(N, L, S)`, or `(N, heads, L, S)` where they aren't averaged.
///
/// # Errors
///
/// If these sizes don't fit. See PyTorch's `MultiheadAttention`; `kdim`, `vdim`, `add_bias_kv` and `add_zero_attn` are
/// not there.
///
/// ```
/// use akari::prelude::*;
/// let config = nn::MultiheadAttentionConfig { batch_first: true, ..Default::default() };
/// let attention = nn::MultiheadAttention::with_config(8, 2, config)?;
/// let (q, kv) = (torch::rand((3, 4, 8))?, torch::rand((3, 5, 8))?);
/// let (y, weights) = attention.forward(&q, &kv, &kv, Default::default())?;
/// assert_eq!(y.dims(), &[3, 4, 8]);
/// assert_eq!(weights.unwrap().dims(), &[3, 4, 5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// In `nn::seq!` it attends to its own input.
#[derive(Debug, Clone)]
pub struct MultiheadAttention {
    /// The weight of queries, keys and values, of shape `(3 E, E)`.
    pub in_proj_weight: Var,
    /// The bias of queries, keys and values, of shape `(3 E)`, if there is one.
    pub in_proj_bias: Option<Var>,
    /// The map of the heads' results.
    pub out_proj: Linear,
    /// The options that the layer was made with.
    pub config: MultiheadAttentionConfig,
    num_heads: usize,
    mode: Mode,
}

impl MultiheadAttention {
    /// A layer of `num_heads` heads over `embed_dim` numbers.
    ///
    /// # Errors
    ///
    /// If `num_heads` doesn't divide `embed_dim`.
    pub fn new(embed_dim: usize, num_heads: usize) -> Result<Self> {
        Self::with_config(embed_dim, num_heads, MultiheadAttentionConfig::default())
    }

    /// A layer with options.
    ///
    /// # Errors
    ///
    /// If `num_heads` doesn't divide `embed_dim`.
    pub fn with_config(
        embed_dim: usize,
        num_heads: usize,
        config: MultiheadAttentionConfig,
    ) -> Result<Self> {
        if embed_dim == 0 || num_heads == 0 {
            return fail(
                NAME,
                format_args!(
                    "embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
                ),
            );
        }
        if !embed_dim.is_multiple_of(num_heads) {
            return fail(NAME, "embed_dim must be divisible by num_heads");
        }
        let rows = embed_dim.saturating_mul(3);
        size::checked(NAME, &[rows, embed_dim], size_of::<f32>())?;
        // The order of draws is PyTorch's.
        let out_proj = match config.bias {
            true => Linear::new(embed_dim, embed_dim)?,
            false => Linear::no_bias(embed_dim, embed_dim)?,
        };
        let in_proj_weight = Var::zeros((rows, embed_dim), DType::F32, &Device::Cpu)?;
        init::xavier_uniform_(&in_proj_weight, 1.0)?;
        let zeros = || Var::zeros(rows, DType::F32, &Device::Cpu);
        let in_proj_bias = config.bias.then(zeros).transpose()?;
        out_proj.bias.as_ref().map(init::zeros_).transpose()?;
        let mode = Mode::default();
        Ok(MultiheadAttention { in_proj_weight, in_proj_bias, out_proj, config, num_heads, mode })
    }

    /// What the queries make of keys and values, and the weights of the keys, if they are wanted.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        options: MultiheadAttentionOptions<'_>,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let is_batch = self.check(query, key, value)?;
        if self.is_plain(query, key, &options) {
            let projected = self.side_by_side(query, key, value, is_batch)?;
            let y = heads::attend(NAME, &projected, self.num_heads)?;
            return Ok((self.mapped(&y, is_batch)?, None));
        }
        let [query, key, value] = self.projected(query, key, value, is_batch)?;
        let mask = self.mask(&query, &key, &options)?;
        let attention = AttentionConfig {
            attn_mask: mask.as_ref(),
            dropout_p: if self.mode.is_training() { self.config.dropout } else { 0.0 },
            is_causal: options.is_causal && mask.is_none(),
            scale: None,
        };
        let (y, weights) = attend(NAME, &query, &key, &value, attention)?;
        let (batch, _, length, _) = y.dims4()?;
        let y = y.transpose(1, 2)?.reshape((batch, length, self.embed_dim()))?;
        let y = self.mapped(&y, is_batch)?;
        if !options.need_weights {
            return Ok((y, None));
        }
        let weights = if options.average_attn_weights { mean_dim(&weights, 1)? } else { weights };
        Ok((y, Some(if is_batch { weights } else { weights.squeeze(0)? })))
    }

    /// Whether nothing is asked for but the result of all heads on all keys.
    fn is_plain(
        &self,
        query: &Tensor,
        key: &Tensor,
        options: &MultiheadAttentionOptions<'_>,
    ) -> bool {
        let is_masked =
            options.attn_mask.is_some() || options.key_padding_mask.is_some() || options.is_causal;
        let draws = self.mode.is_training() && self.config.dropout > 0.0;
        let is_empty = query.elem_count() == 0 || key.elem_count() == 0;
        let axis = if self.config.batch_first { 0 } else { 1 };
        let fit = query.rank() == 2 || query.dims()[axis] == key.dims()[axis];
        fit && !(options.need_weights || is_masked || draws || is_empty)
    }

    /// The result's last map, with the axes as the inputs have them.
    fn mapped(&self, y: &Tensor, is_batch: bool) -> Result<Tensor> {
        let y = linear_named(NAME, y, &self.out_proj.weight, self.out_proj.bias.as_deref())?;
        match (is_batch, self.config.batch_first) {
            (false, _) => y.squeeze(0),
            (true, true) => Ok(y),
            (true, false) => y.transpose(0, 1),
        }
    }

    fn embed_dim(&self) -> usize {
        self.in_proj_weight.dims()[1]
    }

    /// Whether the inputs are batches.
    fn check(&self, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<bool> {
        if !matches!(query.rank(), 2 | 3) {
            return fail(
                NAME,
                format_args!(
                    "query should be unbatched 2D or batched 3D tensor but received {}-D query tensor",
                    query.rank()
                ),
            );
        }
        for (name, tensor) in [("query", query), ("key", key), ("value", value)] {
            let last = tensor.dims().last().copied();
            if tensor.rank() != query.rank() || last != Some(self.embed_dim()) {
                return fail(
                    NAME,
                    format_args!(
                        "was expecting {name} of {} axes with embedding dimension of {}, but got shape {:?}",
                        query.rank(),
                        self.embed_dim(),
                        tensor.dims()
                    ),
                );
            }
        }
        if key.dims()[..key.rank() - 1] != value.dims()[..value.rank() - 1] {
            return fail(
                NAME,
                format_args!(
                    "key's sequence and batch dims {:?} do not match value's {:?}",
                    key.dims(),
                    value.dims()
                ),
            );
        }
        Ok(query.rank() == 3)
    }

    /// Queries, keys and values as `(N, heads, length, numbers of a head)`.
    fn projected(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        is_batch: bool,
    ) -> Result<[Tensor; 3]> {
        let embed = self.embed_dim();
        let heads = |x: Tensor| {
            let (batch, length, _) = x.dims3()?;
            let head = embed / self.num_heads;
            x.reshape((batch, length, self.num_heads, head))?.transpose(1, 2)
        };
        Ok(match self.side_by_side(query, key, value, is_batch)? {
            Projected::Joined(all) => {
                let part = |index: usize| heads(all.narrow(D::Minus1, index * embed, embed)?);
                [part(0)?, part(1)?, part(2)?]
            }
            Projected::Apart([query, key, value]) => [heads(query)?, heads(key)?, heads(value)?],
        })
    }

    /// Queries, keys and values as `(N, length, E)`; in one tensor where they are made of one.
    fn side_by_side(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        is_batch: bool,
    ) -> Result<Projected> {
        let embed = self.embed_dim();
        let bias = self.in_proj_bias.as_deref();
        let of_batch = |x: &Tensor| match (is_batch, self.config.batch_first) {
            (false, _) => x.unsqueeze(0),
            (true, true) => Ok(x.clone()),
            (true, false) => x.transpose(0, 1),
        };
        if query.id() == key.id() && key.id() == value.id() {
            let all = linear_named(NAME, &of_batch(query)?, &self.in_proj_weight, bias)?;
            return Ok(Projected::Joined(all));
        }
        let part = |index: usize, x: &Tensor| {
            let weight = self.in_proj_weight.narrow(0, index * embed, embed)?;
            let bias = bias.map(|bias| bias.narrow(0, index * embed, embed)).transpose()?;
            linear_named(NAME, &of_batch(x)?, &weight, bias.as_ref())
        };
        Ok(Projected::Apart([part(0, query)?, part(1, key)?, part(2, value)?]))
    }

    /// All that is added to the scores, if anything is.
    fn mask(
        &self,
        query: &Tensor,
        key: &Tensor,
        options: &MultiheadAttentionOptions<'_>,
    ) -> Result<Option<Tensor>> {
        let (batch, heads, length, _) = query.dims4()?;
        let keys = key.dims()[2];
        let added = |name: &str, mask: &Tensor| match mask.dtype() {
            dtype if dtype.is_float() => mask.to_dtype(query.dtype()),
            DType::U8 => {
                let zeros = Tensor::zeros(mask.shape(), query.dtype(), query.device())?;
                masked_fill(&zeros, mask, f64::NEG_INFINITY)
            }
            dtype => wrong_dtype(NAME, name, dtype),
        };
        let mut masks = Vec::new();
        if let Some(mask) = options.attn_mask {
            masks.push(match *mask.dims() {
                [rows, columns] if [rows, columns] == [length, keys] => added("attn_mask", mask)?,
                [all, rows, columns] if [all, rows, columns] == [batch * heads, length, keys] => {
                    added("attn_mask", mask)?.reshape((batch, heads, length, keys))?
                }
                _ => {
                    return fail(
                        NAME,
                        format_args!(
                            "The shape of the attn_mask is {:?}, but should be {:?} or {:?}",
                            mask.dims(),
                            [length, keys],
                            [batch * heads, length, keys]
                        ),
                    );
                }
            });
        }
        if let Some(mask) = options.key_padding_mask {
            if mask.elem_count() != batch * keys || mask.dims().last() != Some(&keys) {
                return fail(
                    NAME,
                    format_args!(
                        "key_padding_mask must have shape {:?}, but it is {:?}",
                        [batch, keys],
                        mask.dims()
                    ),
                );
            }
            masks.push(added("key_padding_mask", mask)?.reshape((batch, 1, 1, keys))?);
        }
        if options.is_causal && !masks.is_empty() && options.attn_mask.is_none() {
            let rows =
                (0..length).flat_map(|query| (0..keys).map(move |key| u8::from(key > query)));
            let future = Tensor::from_vec(rows.collect::<Vec<_>>(), (length, keys), key.device())?;
            masks.push(added("attn_mask", &future)?);
        }
        let Some(mut mask) = masks.pop() else { return Ok(None) };
        for other in masks {
            mask = add(&mask, &other)?;
        }
        Ok(Some(mask))
    }
}

/// Attention of the input to itself.
impl Module for MultiheadAttention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let options = MultiheadAttentionOptions { need_weights: false, ..Default::default() };
        self.forward(x, x, x, options).map(|(y, _)| y)
    }
}

impl Layer for MultiheadAttention {
    fields!(in_proj_weight, in_proj_bias, out_proj, mode);

    fn repr(&self) -> String {
        // PyTorch's last map is a type of its own that differs from a linear layer in its name alone.
        let map = self.out_proj.head();
        format!("MultiheadAttention(\n  (out_proj): NonDynamicallyQuantizable{map}\n)")
    }
}
