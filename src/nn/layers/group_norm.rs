//! The layers that normalise groups of channels, each image for itself.

use candle_core::{DType, Device, Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::error::fail;
use crate::functional::{group_norm_named, instance_norm_named};
use crate::print::python::{bool_repr, float_repr};
use crate::tensor::size;

display_as_repr!(GroupNorm, InstanceNorm1d, InstanceNorm2d);

/// The options of [`GroupNorm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNormConfig {
    /// Keeps the division finite. Default: 1e-5.
    pub eps: f64,
    /// Whether there are a weight and a bias. Default: true.
    pub affine: bool,
    /// Whether there is a bias, if there is a weight. Default: true.
    pub bias: bool,
}

impl Default for GroupNormConfig {
    fn default() -> Self {
        GroupNormConfig { eps: 1e-5, affine: true, bias: true }
    }
}

/// Gives every group of channels of an image mean 0 and variance 1, then scales and shifts each channel; see
/// [`F::group_norm`](crate::functional::group_norm).
///
/// # Shapes
///
/// `(N, C, ..)`; the result is alike.
///
/// # Errors
///
/// If the input has other channels. See PyTorch's `GroupNorm`.
///
/// ```
/// use akari::prelude::*;
/// let norm = nn::GroupNorm::new(2, 6)?;
/// assert_eq!(norm.forward(&torch::rand((4, 6, 5, 5))?)?.dims(), &[4, 6, 5, 5]);
/// assert_eq!(norm.to_string(), "GroupNorm(2, 6, eps=1e-05, affine=True, bias=True)");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupNorm {
    /// Scales each channel; begins as ones.
    pub weight: Option<Var>,
    /// Shifts each channel; begins as zeros.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: GroupNormConfig,
    num_groups: usize,
    num_channels: usize,
}

impl GroupNorm {
    /// A layer for so many channels in so many groups.
    ///
    /// # Errors
    ///
    /// If `num_groups` doesn't divide `num_channels`.
    pub fn new(num_groups: usize, num_channels: usize) -> Result<Self> {
        GroupNorm::with_config(num_groups, num_channels, GroupNormConfig::default())
    }

    /// A layer with options.
    ///
    /// # Errors
    ///
    /// If `num_groups` doesn't divide `num_channels`.
    pub fn with_config(
        num_groups: usize,
        num_channels: usize,
        config: GroupNormConfig,
    ) -> Result<Self> {
        if num_groups == 0 || !num_channels.is_multiple_of(num_groups) {
            return fail(
                "nn::GroupNorm",
                format_args!(
                    "num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
                ),
            );
        }
        let [weight, bias] =
            affine("nn::GroupNorm", num_channels, [config.affine, config.affine && config.bias])?;
        Ok(GroupNorm { weight, bias, config, num_groups, num_channels })
    }
}

impl Module for GroupNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (self.weight.as_deref(), self.bias.as_deref());
        group_norm_named("nn::GroupNorm", x, self.num_groups, weight, bias, self.config.eps)
    }
}

impl Layer for GroupNorm {
    fields!(weight, bias);

    fn head(&self) -> String {
        format!(
            "GroupNorm({}, {}, eps={}, affine={}, bias={})",
            self.num_groups,
            self.num_channels,
            float_repr(self.config.eps),
            bool_repr(self.config.affine),
            bool_repr(self.bias.is_some())
        )
    }
}

/// The options of [`InstanceNorm1d`] and [`InstanceNorm2d`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InstanceNormConfig {
    /// Keeps the division finite. Default: 1e-5.
    pub eps: f64,
    /// Whether there are a weight and a bias. Default: false.
    pub affine: bool,
}

impl Default for InstanceNormConfig {
    fn default() -> Self {
        InstanceNormConfig { eps: 1e-5, affine: false }
    }
}

macro_rules! instance_norm {
    ($(#[$doc:meta])* $name:ident, $rank:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            /// Scales each channel; begins as ones.
            pub weight: Option<Var>,
            /// Shifts each channel; begins as zeros.
            pub bias: Option<Var>,
            /// The options that the layer was made with.
            pub config: InstanceNormConfig,
            num_features: usize,
        }

        impl $name {
            /// A layer for so many channels, without weight and bias.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn new(num_features: usize) -> Result<Self> {
                Self::with_config(num_features, InstanceNormConfig::default())
            }

            /// A layer with options.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn with_config(num_features: usize, config: InstanceNormConfig) -> Result<Self> {
                let name = concat!("nn::", stringify!($name));
                let [weight, bias] = affine(name, num_features, [config.affine; 2])?;
                Ok($name { weight, bias, config, num_features })
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let name = concat!("nn::", stringify!($name));
                let is_batch = x.rank() == $rank;
                if !is_batch && x.rank() + 1 != $rank {
                    return fail(
                        name,
                        format_args!(concat!("expected ", $expected, " (got {}D input)"), x.rank()),
                    );
                }
                let x = if is_batch { x.clone() } else { x.unsqueeze(0)? };
                if x.dims()[1] != self.num_features {
                    return fail(
                        name,
                        format_args!(
                            "expected input's size at dim=1 to match num_features ({}), but got: {}",
                            self.num_features,
                            x.dims()[1]
                        ),
                    );
                }
                let (weight, bias) = (self.weight.as_deref(), self.bias.as_deref());
                let y = instance_norm_named(name, &x, weight, bias, self.config.eps)?;
                if is_batch { Ok(y) } else { y.squeeze(0) }
            }
        }

        impl Layer for $name {
            fields!(weight, bias);

            fn head(&self) -> String {
                format!(
                    concat!(stringify!($name), "({}, eps={}, momentum=0.1, affine={}, bias={}, track_running_stats=False)"),
                    self.num_features,
                    float_repr(self.config.eps),
                    bool_repr(self.config.affine),
                    bool_repr(self.bias.is_some())
                )
            }
        }
    };
}

instance_norm! {
    /// Gives every channel of a sequence mean 0 and variance 1; see
    /// [`F::instance_norm`](crate::functional::instance_norm).
    ///
    /// # Shapes
    ///
    /// `(N, C, L)` or `(C, L)`; the result is alike.
    ///
    /// # Errors
    ///
    /// For other shapes, and for sequences of one number. See PyTorch's `InstanceNorm1d`; `track_running_stats` is not
    /// there.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let norm = nn::InstanceNorm1d::new(3)?;
    /// assert_eq!(norm.forward(&torch::rand((2, 3, 8))?)?.dims(), &[2, 3, 8]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    InstanceNorm1d, 3, "2D or 3D input"
}

instance_norm! {
    /// Gives every channel of an image mean 0 and variance 1; see
    /// [`F::instance_norm`](crate::functional::instance_norm).
    ///
    /// # Shapes
    ///
    /// `(N, C, H, W)` or `(C, H, W)`; the result is alike.
    ///
    /// # Errors
    ///
    /// For other shapes, and for images of one pixel. See PyTorch's `InstanceNorm2d`; `track_running_stats` is not
    /// there.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let config = nn::InstanceNormConfig { affine: true, ..Default::default() };
    /// let norm = nn::InstanceNorm2d::with_config(3, config)?;
    /// assert_eq!(norm.forward(&torch::rand((2, 3, 4, 4))?)?.dims(), &[2, 3, 4, 4]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    InstanceNorm2d, 4, "3D or 4D input"
}

/// A weight of ones and a bias of zeros, where they are wanted.
fn affine(layer: &str, channels: usize, is_wanted: [bool; 2]) -> Result<[Option<Var>; 2]> {
    size::checked(layer, &[channels], size_of::<f32>())?;
    let ones = || Var::ones(channels, DType::F32, &Device::Cpu);
    let zeros = || Var::zeros(channels, DType::F32, &Device::Cpu);
    Ok([is_wanted[0].then(ones).transpose()?, is_wanted[1].then(zeros).transpose()?])
}
