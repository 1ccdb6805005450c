//! Activations as layers: PyTorch's `nn` modules that are the same in training and after it; `prelu.rs` has the
//! one with parameters, `rrelu.rs` the one that draws while it is trained.
//!
//! Each one calls a function of [`functional`](crate::functional), which has its formula.

use std::fmt;

use candle_core::{Module, Result, Tensor};

use super::layers::{Layer, fields};
use crate::error::fail_shape;
use crate::functional::{self as F, Gelu, implicit_axis};
use crate::print::python::{float_repr, option_repr, short_repr};

/// Defines layers: documentation, name, an example with its text, an input and its output, the
/// fields with PyTorch's defaults, what stands in the parentheses of the text, and the forward
/// pass.
macro_rules! layers {
    ($(
        $(#[$doc:meta])*
        $name:ident $function:literal
            example $example:literal => $repr:literal, $input:literal => $output:literal;
            $({ $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr),* $(,)? })?
            repr |$this:ident| $inside:expr;
            forward |$x:ident| $forward:expr;
    )*) => {$(
        layers! {
            @struct
            $(#[$doc])*
            #[doc = ""]
            #[doc = concat!("Does what [`F::", $function, "`](crate::functional::", $function, ") does, which has the formula,")]
            #[doc = "the shapes and the errors. Prints as PyTorch's module of this name."]
            #[doc = "\n# Examples\n\n```"]
            #[doc = "use akari::prelude::*;\n"]
            #[doc = concat!("let layer = ", $example, ";")]
            #[doc = concat!("assert_eq!(layer.to_string(), \"", $repr, "\");")]
            #[doc = concat!("let y = layer.forward(&tensor!(", $input, "))?;")]
            #[doc = concat!("assert_eq!(akari::print::tensor_text(&y)?, \"", $output, "\");")]
            #[doc = "# Ok::<(), akari::candle_core::Error>(())\n```"]
            $name $({ $($(#[$field_doc])* $field: $type = $default),* })?
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $this = self;
                let inside: String = $inside;
                write!(f, concat!(stringify!($name), "({})"), inside)
            }
        }

        impl Module for $name {
            fn forward(&self, $x: &Tensor) -> Result<Tensor> {
                let $this = self;
                let _ = $this;
                $forward
            }
        }

        impl Layer for $name {
            fields!();

            fn head(&self) -> String {
                self.to_string()
            }
        }
    )*};
    (@struct $(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name;
    };
    (@struct
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr),* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default),* }
            }
        }
    };
}

layers! {
    /// Rectified linear unit.
    ReLU "relu"
        example "nn::ReLU" => "ReLU()", "[-1.0, 2.0]" => "tensor([0., 2.])";
        repr |_this| String::new();
        forward |x| F::relu(x);

    /// [`ReLU`] that stops at 6.
    ReLU6 "relu6"
        example "nn::ReLU6" => "ReLU6()", "[-1.0, 8.0]" => "tensor([0., 6.])";
        repr |_this| String::new();
        forward |x| F::relu6(x);

    /// The logistic function.
    Sigmoid "sigmoid"
        example "nn::Sigmoid" => "Sigmoid()", "[0.0]" => "tensor([0.5000])";
        repr |_this| String::new();
        forward |x| F::sigmoid(x);

    /// The hyperbolic tangent.
    Tanh "tanh"
        example "nn::Tanh" => "Tanh()", "[0.0, 1.0]" => "tensor([0.0000, 0.7616])";
        repr |_this| String::new();
        forward |x| F::tanh(x);

    /// `x - tanh(x)`.
    Tanhshrink "tanhshrink"
        example "nn::Tanhshrink" => "Tanhshrink()", "[0.0, 1.0]" => "tensor([0.0000, 0.2384])";
        repr |_this| String::new();
        forward |x| F::tanhshrink(x);

    /// `x / (1 + |x|)`.
    Softsign "softsign"
        example "nn::Softsign" => "Softsign()", "[-1.0, 3.0]" => "tensor([-0.5000,  0.7500])";
        repr |_this| String::new();
        forward |x| F::softsign(x);

    /// The logarithm of [`Sigmoid`].
    LogSigmoid "logsigmoid"
        example "nn::LogSigmoid" => "LogSigmoid()", "[0.0]" => "tensor([-0.6931])";
        repr |_this| String::new();
        forward |x| F::logsigmoid(x);

    /// Sigmoid-weighted linear unit, also called swish.
    SiLU "silu"
        example "nn::SiLU" => "SiLU()", "[0.0, 2.0]" => "tensor([0.0000, 1.7616])";
        repr |_this| String::new();
        forward |x| F::silu(x);

    /// A relative of [`SiLU`].
    Mish "mish"
        example "nn::Mish" => "Mish()", "[0.0, 2.0]" => "tensor([0.0000, 1.9440])";
        repr |_this| String::new();
        forward |x| F::mish(x);

    /// Scaled exponential linear unit.
    SELU "selu"
        example "nn::SELU" => "SELU()", "[-1.0, 2.0]" => "tensor([-1.1113,  2.1014])";
        repr |_this| String::new();
        forward |x| F::selu(x);

    /// A piecewise imitation of [`SiLU`].
    Hardswish "hardswish"
        example "nn::Hardswish" => "Hardswish()", "[-4.0, 3.0]" => "tensor([-0., 3.])";
        repr |_this| String::new();
        forward |x| F::hardswish(x);

    /// A piecewise imitation of [`Sigmoid`].
    Hardsigmoid "hardsigmoid"
        example "nn::Hardsigmoid" => "Hardsigmoid()", "[-4.0, 3.0]" => "tensor([0., 1.])";
        repr |_this| String::new();
        forward |x| F::hardsigmoid(x);

    /// [`ReLU`] with a slope on the negative side.
    LeakyReLU "leaky_relu"
        example "nn::LeakyReLU { negative_slope: 0.2 }" => "LeakyReLU(negative_slope=0.2)",
            "[-1.0, 2.0]" => "tensor([-0.2000,  2.0000])";
        {
            /// The slope below 0.
            negative_slope: f64 = 0.01,
        }
        repr |this| format!("negative_slope={}", float_repr(this.negative_slope));
        forward |x| F::leaky_relu(x, this.negative_slope);

    /// Exponential linear unit.
    ELU "elu"
        example "nn::ELU::default()" => "ELU(alpha=1.0)",
            "[-1.0, 2.0]" => "tensor([-0.6321,  2.0000])";
        {
            /// Far below 0 the result approaches `-alpha`.
            alpha: f64 = 1.0,
        }
        repr |this| format!("alpha={}", float_repr(this.alpha));
        forward |x| F::elu(x, this.alpha);

    /// [`ELU`] whose slope at 0 is always 1.
    CELU "celu"
        example "nn::CELU { alpha: 2.0 }" => "CELU(alpha=2.0)",
            "[-1.0, 2.0]" => "tensor([-0.7869,  2.0000])";
        {
            /// Far below 0 the result approaches `-alpha`.
            alpha: f64 = 1.0,
        }
        repr |this| format!("alpha={}", float_repr(this.alpha));
        forward |x| F::celu(x, this.alpha);

    /// Gaussian error linear unit.
    GELU "gelu"
        example "nn::GELU { approximate: Gelu::Tanh }" => "GELU(approximate='tanh')",
            "[-1.0, 2.0]" => "tensor([-0.1588,  1.9546])";
        {
            /// Which formula.
            approximate: Gelu = Gelu::None,
        }
        repr |this| match this.approximate {
            Gelu::None => "approximate='none'".to_owned(),
            Gelu::Tanh => "approximate='tanh'".to_owned(),
        };
        forward |x| F::gelu(x, this.approximate);

    /// Numbers limited to a range.
    Hardtanh "hardtanh"
        example "nn::Hardtanh::default()" => "Hardtanh(min_val=-1.0, max_val=1.0)",
            "[-2.0, 3.0]" => "tensor([-1.,  1.])";
        {
            /// The lower end.
            min_val: f64 = -1.0,
            /// The upper end.
            max_val: f64 = 1.0,
        }
        repr |this| format!(
            "min_val={}, max_val={}",
            float_repr(this.min_val),
            float_repr(this.max_val)
        );
        forward |x| F::hardtanh(x, this.min_val, this.max_val);

    /// Another value for all that isn't above a threshold. PyTorch has no defaults here; both are 0.
    Threshold "threshold"
        example "nn::Threshold { threshold: 0.1, value: 20.0 }"
            => "Threshold(threshold=0.1, value=20)",
            "[0.0, 2.0]" => "tensor([20.,  2.])";
        {
            /// Numbers above this one stay.
            threshold: f64 = 0.0,
            /// The value that takes the place of all other numbers.
            value: f64 = 0.0,
        }
        repr |this| format!(
            "threshold={}, value={}",
            short_repr(this.threshold),
            short_repr(this.value)
        );
        forward |x| F::threshold(x, this.threshold, this.value);

    /// 0 for all that is near 0.
    Hardshrink "hardshrink"
        example "nn::Hardshrink::default()" => "Hardshrink(0.5)", "[0.5, 2.0]" => "tensor([0., 2.])";
        {
            /// How near.
            lambd: f64 = 0.5,
        }
        repr |this| float_repr(this.lambd);
        forward |x| F::hardshrink(x, this.lambd);

    /// Numbers moved towards 0.
    Softshrink "softshrink"
        example "nn::Softshrink::default()" => "Softshrink(0.5)",
            "[0.5, 2.0]" => "tensor([0.0000, 1.5000])";
        {
            /// How far.
            lambd: f64 = 0.5,
        }
        repr |this| float_repr(this.lambd);
        forward |x| F::softshrink(x, this.lambd);

    /// A smooth [`ReLU`].
    Softplus "softplus"
        example "nn::Softplus::default()" => "Softplus(beta=1.0, threshold=20.0)",
            "[0.0, 30.0]" => "tensor([ 0.6931, 30.0000])";
        {
            /// How sharp the bend is.
            beta: f64 = 1.0,
            /// Where `beta * x` is above it, the result is `x` itself.
            threshold: f64 = 20.0,
        }
        repr |this| format!(
            "beta={}, threshold={}",
            float_repr(this.beta),
            float_repr(this.threshold)
        );
        forward |x| F::softplus(x, this.beta, this.threshold);

    /// Gated linear unit.
    GLU "glu"
        example "nn::GLU::default()" => "GLU(dim=-1)", "[3.0, 0.0]" => "tensor([1.5000])";
        {
            /// The axis that is halved.
            dim: i64 = -1,
        }
        repr |this| format!("dim={}", this.dim);
        forward |x| F::glu(x, this.dim);

    /// Numbers from 0 to 1 that add up to 1. Without `dim` the axis is PyTorch's implicit one: 0 for
    /// tensors of 0, 1 and 3 axes, else 1.
    Softmax "softmax"
        example "nn::Softmax { dim: Some(0) }" => "Softmax(dim=0)",
            "[0.0, 0.0]" => "tensor([0.5000, 0.5000])";
        {
            /// The axis.
            dim: Option<i64> = None,
        }
        repr |this| format!("dim={}", option_repr(this.dim));
        forward |x| F::softmax(x, this.dim.unwrap_or(implicit_axis(x)));

    /// [`Softmax`] of what is turned negative.
    Softmin "softmin"
        example "nn::Softmin { dim: Some(0) }" => "Softmin(dim=0)",
            "[0.0, 0.0]" => "tensor([0.5000, 0.5000])";
        {
            /// The axis; as in [`Softmax`].
            dim: Option<i64> = None,
        }
        repr |this| format!("dim={}", option_repr(this.dim));
        forward |x| F::softmin(x, this.dim.unwrap_or(implicit_axis(x)));

    /// The logarithm of [`Softmax`].
    LogSoftmax "log_softmax"
        example "nn::LogSoftmax { dim: Some(-1) }" => "LogSoftmax(dim=-1)",
            "[0.0, 0.0]" => "tensor([-0.6931, -0.6931])";
        {
            /// The axis; as in [`Softmax`].
            dim: Option<i64> = None,
        }
        repr |this| format!("dim={}", option_repr(this.dim));
        forward |x| F::log_softmax(x, this.dim.unwrap_or(implicit_axis(x)));

    /// [`Softmax`] over the channels of images `(N, C, H, W)` or of one `(C, H, W)`.
    Softmax2d "softmax"
        example "nn::Softmax2d" => "Softmax2d()",
            "[[[1.0]], [[1.0]]]" => "tensor([[[0.5000]],\\n\\n        [[0.5000]]])";
        repr |_this| String::new();
        forward |x| {
            if !matches!(x.rank(), 3 | 4) {
                return fail_shape(
                    "nn::Softmax2d",
                    format_args!("expected input to be 3D or 4D, got {}D instead", x.rank()),
                );
            }
            F::softmax(x, -3)
        };
}
