//! Attention: means of values, weighed by how well their keys fit a query.

use candle_core::{D, Result, Tensor};

use super::arithmetic::add;
use super::compare::masked_fill;
use super::dropout::dropout_named;
use super::extreme::amax;
use super::matmul::matmul;
use super::softmax::softmax;
use crate::error::{fail, wrong_dtype};

/// The options of [`scaled_dot_product_attention`].
#[derive(Debug, Clone, Copy, Default)]
pub struct AttentionConfig<'a> {
    /// Which keys a query sees: a mask of `u8`, where 1 takes part, or numbers that are added to the scores. Its shape
    /// broadcasts to `(.., L, S)`. Default: all.
    pub attn_mask: Option<&'a Tensor>,
    /// The share of weights that is left out. Default: 0; give 0 when the model isn't trained.
    pub dropout_p: f64,
    /// Whether query `i` sees no key behind the `i`-th. Default: false.
    pub is_causal: bool,
    /// The factor of the scores. Default: `1 / √E`.
    pub scale: Option<f64>,
}

/// The values' means, weighed by how well their keys fit the queries.
///
/// ```text
/// y = softmax(q kᵀ · scale + mask) v
/// ```
///
/// # Shapes
///
/// `query` of `(.., L, E)`, `key` of `(.., S, E)`, `value` of `(.., S, V)`; the result has `(.., L, V)`.
///
/// # Errors
///
/// If these shapes don't fit, for integers, and for a mask together with `is_causal`.
///
/// A query that sees no key gives zeros, as in PyTorch. See PyTorch's `scaled_dot_product_attention`.
///
/// ```
/// use akari::prelude::*;
/// let (q, v) = (tensor!([[1., 0.], [0., 1.]]), tensor!([[10.], [20.]]));
/// let causal = F::AttentionConfig { is_causal: true, ..Default::default() };
/// let y = F::scaled_dot_product_attention(&q, &q, &v, causal)?;
/// assert_eq!(y.i((0, 0))?.item()?, 10.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn scaled_dot_product_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    config: AttentionConfig<'_>,
) -> Result<Tensor> {
    attend("F::scaled_dot_product_attention", query, key, value, config).map(|(y, _)| y)
}

/// The means and the weights, `(.., L, S)`.
pub(crate) fn attend(
    function: &'static str,
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    config: AttentionConfig<'_>,
) -> Result<(Tensor, Tensor)> {
    let AttentionConfig { attn_mask, dropout_p, is_causal, scale } = config;
    let ([.., length, width], [.., keys, _]) = (query.dims(), key.dims()) else {
        return fail(
            function,
            format_args!(
                "query and key must have at least 2 axes, but their shapes are {:?} and {:?}",
                query.dims(),
                key.dims()
            ),
        );
    };
    if is_causal && attn_mask.is_some() {
        return fail(function, "Explicit attn_mask should not be set when is_causal=True");
    }
    let scale = scale.unwrap_or_else(|| 1.0 / (*width as f64).sqrt());
    let scores = matmul(&(query * scale)?, &key.transpose(D::Minus2, D::Minus1)?)?;
    let weights = match attn_mask {
        Some(mask) => seen(function, &scores, mask)?,
        None if is_causal => {
            let hidden = future(*length, *keys, query)?;
            softmax(&masked_fill(&scores, &hidden, f64::NEG_INFINITY)?, -1)?
        }
        None => softmax(&scores, -1)?,
    };
    let weights = dropout_named(function, &weights, dropout_p, dropout_p > 0.0)?;
    Ok((matmul(&weights, value)?, weights))
}

/// 1 where a key lies behind its query.
fn future(length: usize, keys: usize, like: &Tensor) -> Result<Tensor> {
    let rows = (0..length).flat_map(|query| (0..keys).map(move |key| u8::from(key > query)));
    Tensor::from_vec(rows.collect::<Vec<_>>(), (length, keys), like.device())
}

/// The weights of masked scores; zeros where a query sees nothing.
fn seen(function: &str, scores: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let scores = match mask.dtype() {
        dtype if dtype.is_float() => add(scores, &mask.to_dtype(scores.dtype())?)?,
        candle_core::DType::U8 => masked_fill(scores, &mask.eq(0u8)?, f64::NEG_INFINITY)?,
        dtype => return wrong_dtype(function, "attn_mask", dtype),
    };
    if scores.elem_count() == 0 {
        return softmax(&scores, -1);
    }
    let best = amax(&scores.detach(), -1)?.unsqueeze(D::Minus1)?;
    let is_blind = best.eq(f64::NEG_INFINITY)?;
    let weights = softmax(&masked_fill(&scores, &is_blind, 0.0)?, -1)?;
    masked_fill(&weights, &is_blind, 0.0)
}
