//! Angles, hyperbolas and the error function, which PyTorch has beside the elementary functions.
//!
//! The mechanism is in `unary.rs`, the functions of numbers in `angles_math.rs` and `elementary_math.rs`.

use candle_core::{Result, Tensor};

use super::angles_math::{
    acos as acos_of, asin as asin_of, atan as atan_of, cosh as cosh_of, sinh as sinh_of,
};
use super::elementary::{floats, has_far_angles};
use super::elementary_math::{erf as erf_of, near_tan};
use super::unary::activations;
use super::unary_math::{exp as exp_of, like};

activations! {
    "torch::tan" Tan near_tan_of() Promote
        value |x| near_tan(x);
        gradient |x, g| {
            let tangent = near_tan(x);
            g * (1.0 + tangent * tangent)
        };

    "torch::tan" FarTan far_tan_of() Promote
        value |x| x.tan();
        gradient |x, g| {
            let tangent = x.tan();
            g * (1.0 + tangent * tangent)
        };

    /// The angle whose sine each element is: nan beyond 1.
    ///
    /// ```text
    /// asin'(x) = 1 / √(1 - x²)
    /// ```
    ///
    /// Source: PyTorch's `torch.asin`.
    "torch::asin" Asin pub asin() Promote
        example "torch::asin(&tensor!([0.0, 1.0, 2.0]))?" => "tensor([0.0000, 1.5708,    nan])";
        value |x| asin_of(x);
        gradient |x, g| g / (1.0 - x * x).sqrt();

    /// The angle whose cosine each element is: nan beyond 1.
    ///
    /// ```text
    /// acos'(x) = -1 / √(1 - x²)
    /// ```
    ///
    /// Source: PyTorch's `torch.acos`.
    "torch::acos" Acos pub acos() Promote
        example "torch::acos(&tensor!([0.0, 1.0, 2.0]))?" => "tensor([1.5708, 0.0000,    nan])";
        value |x| acos_of(x);
        gradient |x, g| -g / (1.0 - x * x).sqrt();

    /// The angle whose tangent each element is.
    ///
    /// ```text
    /// atan'(x) = 1 / (1 + x²)
    /// ```
    ///
    /// Source: PyTorch's `torch.atan`.
    "torch::atan" Atan pub atan() Promote
        example "torch::atan(&tensor!([0.0, 1.0]))?" => "tensor([0.0000, 0.7854])";
        value |x| atan_of(x);
        gradient |x, g| g / (1.0 + x * x);

    /// The hyperbolic sine of each element.
    ///
    /// ```text
    /// sinh(x) = (e^x - e^-x) / 2        sinh'(x) = cosh(x)
    /// ```
    ///
    /// Source: PyTorch's `torch.sinh`.
    "torch::sinh" Sinh pub sinh() Promote
        example "torch::sinh(&tensor!([0.0, 1.0]))?" => "tensor([0.0000, 1.1752])";
        value |x| sinh_of(x);
        gradient |x, g| g * cosh_of(x);

    /// The hyperbolic cosine of each element.
    ///
    /// ```text
    /// cosh(x) = (e^x + e^-x) / 2        cosh'(x) = sinh(x)
    /// ```
    ///
    /// Source: PyTorch's `torch.cosh`.
    "torch::cosh" Cosh pub cosh() Promote
        example "torch::cosh(&tensor!([0.0, 1.0]))?" => "tensor([1.0000, 1.5431])";
        value |x| cosh_of(x);
        gradient |x, g| g * sinh_of(x);

    /// The error function of each element.
    ///
    /// ```text
    /// erf(x) = 2 / √π · the integral of e^(-t²) from 0 to x        erf'(x) = 2 / √π · e^(-x²)
    /// ```
    ///
    /// Source: PyTorch's `torch.erf`.
    "torch::erf" Erf pub erf() Promote
        example "torch::erf(&tensor!([0.0, 1.0]))?" => "tensor([0.0000, 0.8427])";
        value |x| erf_of(x);
        gradient |x, g| g * like(x, std::f64::consts::FRAC_2_SQRT_PI) * exp_of(-(x * x));
}

/// The tangent of each element, an angle in radians.
///
/// ```text
/// tan(x) = sin(x) / cos(x)        tan'(x) = 1 + tan(x)²
/// ```
///
/// The result has the shape of `x`. Integers give `f32`. Source: PyTorch's `torch.tan`.
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
/// let y = torch::tan(&tensor!([0.0, 1.0]))?;
/// assert_eq!(akari::print::tensor_text(&y)?, "tensor([0.0000, 1.5574])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn tan(x: &Tensor) -> Result<Tensor> {
    let x = &floats(x)?;
    if has_far_angles(x)? { far_tan_of(x) } else { near_tan_of(x) }
}
