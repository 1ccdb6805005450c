//! Signs, whole parts and what stands for nan: functions whose slope is 0, but for jumps.
//!
//! The mechanism is in `unary.rs`; rounding to the nearest number is in `element.rs`.

use candle_core::{DType, Result, Tensor};

use super::unary::activations;
use super::unary_math::like;
use crate::compute::number::Number;
use crate::compute::recording;

activations! {
    /// -1, 0 or 1: the sign of each element, 0 for nan.
    ///
    /// Its gradient is 0. Source: PyTorch's `torch.sign`.
    "torch::sign" Sign pub sign() Keep
        example "torch::sign(&tensor!([-2.0, 0.0, 3.0]))?" => "tensor([-1.,  0.,  1.])";
        value |x| Number::sign(x);
        gradient |_x, g| like(g, 0.0);

    /// The largest whole number that isn't above each element.
    ///
    /// Its gradient is 0. Source: PyTorch's `torch.floor`.
    "torch::floor" Floor pub floor() Keep
        example "torch::floor(&tensor!([-1.5, 1.5]))?" => "tensor([-2.,  1.])";
        value |x| x.floor();
        gradient |_x, g| like(g, 0.0);

    /// The smallest whole number that isn't below each element.
    ///
    /// Its gradient is 0. Source: PyTorch's `torch.ceil`.
    "torch::ceil" Ceil pub ceil() Keep
        example "torch::ceil(&tensor!([-1.5, 1.5]))?" => "tensor([-1.,  2.])";
        value |x| x.ceil();
        gradient |_x, g| like(g, 0.0);

    /// Each element without its fraction.
    ///
    /// Its gradient is 0. Source: PyTorch's `torch.trunc`.
    "torch::trunc" Trunc pub trunc() Keep
        example "torch::trunc(&tensor!([-1.5, 1.5]))?" => "tensor([-1.,  1.])";
        value |x| x.trunc();
        gradient |_x, g| like(g, 0.0);

    "torch::nan_to_num" WithinRange within_range(largest) Keep
        value |x| match x {
            x if x.is_nan() => like(x, 0.0),
            x if x > largest => largest,
            x if x < -largest => -largest,
            x => x,
        };
        gradient |x, g| if x.is_nan() || x > largest || x < -largest { like(g, 0.0) } else { g };
}

/// Each element, with 0 for nan, and the largest and smallest numbers of the dtype for infinities.
///
/// The gradient passes where nothing is replaced; integers stay as they are. Source: PyTorch's `torch.nan_to_num`.
///
/// # Errors
///
/// If memory runs out.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// let y = torch::nan_to_num(&tensor!([1.0, f64::NAN, f64::INFINITY]))?;
/// assert_eq!(y.to_vec1::<f32>()?, [1.0, 0.0, f32::MAX]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn nan_to_num(x: &Tensor) -> Result<Tensor> {
    let largest = match x.dtype() {
        DType::F64 => f64::MAX,
        DType::F32 => f64::from(f32::MAX),
        DType::F16 => 65504.0,
        DType::BF16 => f64::from(f32::from_bits(0x7f7f_0000)),
        _ => return Ok(recording::argument(x)),
    };
    within_range(x, largest)
}
