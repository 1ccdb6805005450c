//! The normalising layers.

use candle_core::{DType, Device, Module, Result, Tensor, Var};

use super::copies::Copies;
use super::layer::Parts;
use super::layer::{Layer, display_as_repr};
use super::mode::Mode;
use super::part::Part;
use super::part::fields;
use crate::error::fail_shape;
use crate::functional::{BatchNormOptions, batch_norm_named, layer_norm_named, rms_norm_named};
use crate::nn::init;
use crate::print::python::{bool_repr, float_repr, tuple};

display_as_repr!(BatchNorm1d, BatchNorm2d, BatchNorm3d, LayerNorm, RMSNorm);

/// The options of [`BatchNorm1d`], [`BatchNorm2d`] and [`BatchNorm3d`].
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNormConfig {
    /// Keeps the division finite. Default: 1e-5.
    pub eps: f64,
    /// The share of the newest batch in the running moments. Default: 0.1.
    pub momentum: f64,
    /// Whether there are a weight and a bias. Default: true.
    pub affine: bool,
    /// Whether running moments are kept, for use after `eval()`. Default: true.
    pub track_running_stats: bool,
}

impl Default for BatchNormConfig {
    fn default() -> Self {
        BatchNormConfig { eps: 1e-5, momentum: 0.1, affine: true, track_running_stats: true }
    }
}

/// The running moments of a batch norm.
#[derive(Debug, Clone)]
struct Running {
    mean: Var,
    variance: Var,
    batches: Var,
}

impl Part for Running {
    fn add_to<'a>(&'a self, _name: &str, parts: &mut Parts<'a>) {
        parts.buffers.extend([
            ("running_mean".to_owned(), self.mean.clone()),
            ("running_var".to_owned(), self.variance.clone()),
            ("num_batches_tracked".to_owned(), self.batches.clone()),
        ]);
    }

    fn copied(&self, copies: &mut Copies) -> Result<Self> {
        Ok(Running {
            mean: copies.var(&self.mean)?,
            variance: copies.var(&self.variance)?,
            batches: copies.var(&self.batches)?,
        })
    }
}

macro_rules! batch_norm {
    ($(#[$doc:meta])* $name:ident, $ranks:pat, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            /// Scales each channel; begins as ones.
            pub weight: Option<Var>,
            /// Shifts each channel; begins as zeros.
            pub bias: Option<Var>,
            /// The options that the layer was made with.
            pub config: BatchNormConfig,
            num_features: usize,
            running: Option<Running>,
            mode: Mode,
        }

        impl $name {
            /// A layer for so many channels.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn new(num_features: usize) -> Result<Self> {
                Self::with_config(num_features, BatchNormConfig::default())
            }

            /// A layer with options.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn with_config(num_features: usize, config: BatchNormConfig) -> Result<Self> {
                let layer = concat!("nn::", stringify!($name));
                let zeros = || init::full(layer, &[num_features], 0.0);
                let ones = || init::full(layer, &[num_features], 1.0);
                let running = || {
                    let batches = Var::zeros((), DType::I64, &Device::Cpu)?;
                    Ok::<_, candle_core::Error>(Running { mean: zeros()?, variance: ones()?, batches })
                };
                Ok($name {
                    weight: config.affine.then(ones).transpose()?,
                    bias: config.affine.then(zeros).transpose()?,
                    running: config.track_running_stats.then(running).transpose()?,
                    config,
                    num_features,
                    mode: Mode::default(),
                })
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let name = concat!("nn::", stringify!($name));
                if !matches!(x.rank(), $ranks) {
                    return fail_shape(name, format_args!(concat!("expected ", $expected, " (got {}D input)"), x.rank()));
                }
                let running = self.running.as_ref();
                let options = BatchNormOptions {
                    // Without running moments, the batch's are all there are.
                    training: self.mode.is_training() || running.is_none(),
                    momentum: self.config.momentum,
                    eps: self.config.eps,
                };
                let moments = running.map(|running| (&running.mean, &running.variance));
                let (weight, bias) = (self.weight.as_deref(), self.bias.as_deref());
                let y = batch_norm_named(name, x, moments, weight, bias, options)?;
                if let Some(running) = running.filter(|_| options.training) {
                    let count = running.batches.to_scalar::<i64>()? + 1;
                    running.batches.set(&Tensor::new(count, &Device::Cpu)?)?;
                }
                Ok(y)
            }
        }

        impl Layer for $name {
            fields!(weight, bias, running, mode);

            fn head(&self) -> String {
                let BatchNormConfig { eps, momentum, affine, track_running_stats } = self.config;
                format!(
                    concat!(stringify!($name), "({}, eps={}, momentum={}, affine={}, bias={}, track_running_stats={})"),
                    self.num_features,
                    float_repr(eps),
                    float_repr(momentum),
                    bool_repr(affine),
                    bool_repr(self.bias.is_some()),
                    bool_repr(track_running_stats)
                )
            }
        }
    };
}

batch_norm! {
    /// Gives every feature mean 0 and variance 1 over the batch, then scales and shifts it; see
    /// [`F::batch_norm`](crate::functional::batch_norm).
    ///
    /// After `eval()` the running moments take the place of the batch's.
    ///
    /// # Shapes
    ///
    /// `(N, C)` or `(N, C, L)`.
    ///
    /// # Errors
    ///
    /// For other shapes, and for a batch of one number per feature in training. See PyTorch's
    /// `BatchNorm1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let norm = nn::BatchNorm1d::new(1)?;
    /// let y = norm.forward(&tensor!([[1.0], [3.0]]))?;
    /// assert!((y.to_vec2::<f32>()?[1][0] - 1.0).abs() < 1e-4);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    BatchNorm1d, 2 | 3, "2D or 3D input"
}

batch_norm! {
    /// Gives every channel mean 0 and variance 1 over the batch and all pixels, then scales and
    /// shifts it; see [`F::batch_norm`](crate::functional::batch_norm).
    ///
    /// # Shapes
    ///
    /// `(N, C, H, W)`.
    ///
    /// # Errors
    ///
    /// As [`BatchNorm1d`]. See PyTorch's `BatchNorm2d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let norm = nn::BatchNorm2d::new(3)?;
    /// assert_eq!(norm.forward(&torch::rand((2, 3, 4, 4))?)?.dims(), &[2, 3, 4, 4]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    BatchNorm2d, 4, "4D input"
}

batch_norm! {
    /// Gives every channel mean 0 and variance 1 over the batch and all voxels, then scales and
    /// shifts it; see [`F::batch_norm`](crate::functional::batch_norm).
    ///
    /// # Shapes
    ///
    /// `(N, C, D, H, W)`.
    ///
    /// # Errors
    ///
    /// As [`BatchNorm1d`]. See PyTorch's `BatchNorm3d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let norm = nn::BatchNorm3d::new(3)?;
    /// assert_eq!(norm.forward(&torch::rand((2, 3, 4, 4, 2))?)?.dims(), &[2, 3, 4, 4, 2]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    BatchNorm3d, 5, "5D input"
}

/// The options of [`LayerNorm`].
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNormConfig {
    /// Keeps the division finite. Default: 1e-5.
    pub eps: f64,
    /// Whether there are a weight and a bias. Default: true.
    pub elementwise_affine: bool,
    /// Whether there is a bias, if there is a weight. Default: true.
    pub bias: bool,
}

impl Default for LayerNormConfig {
    fn default() -> Self {
        LayerNormConfig { eps: 1e-5, elementwise_affine: true, bias: true }
    }
}

/// Gives every row mean 0 and variance 1, then scales and shifts it; see
/// [`F::layer_norm`](crate::functional::layer_norm).
///
/// # Shapes
///
/// `(.., normalized_shape)`.
///
/// # Errors
///
/// If the last axes have other sizes.
///
/// Differs from candle's `LayerNorm`, whose input gets no gradient. See PyTorch's `LayerNorm`.
///
/// ```
/// use akari::prelude::*;
/// let norm = nn::LayerNorm::new([4])?;
/// assert_eq!(norm.to_string(), "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)");
/// assert_eq!(norm.forward(&torch::rand((2, 4))?)?.dims(), &[2, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LayerNorm {
    /// Scales each number of a row; begins as ones.
    pub weight: Option<Var>,
    /// Shifts each number of a row; begins as zeros.
    pub bias: Option<Var>,
    /// The options that the layer was made with.
    pub config: LayerNormConfig,
    normalized_shape: Vec<usize>,
}

impl LayerNorm {
    /// A layer for rows of this shape.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(normalized_shape: impl Into<Vec<usize>>) -> Result<Self> {
        LayerNorm::with_config(normalized_shape, LayerNormConfig::default())
    }

    /// A layer with options.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn with_config(
        normalized_shape: impl Into<Vec<usize>>,
        config: LayerNormConfig,
    ) -> Result<Self> {
        let shape = normalized_shape.into();
        let has_weight = config.elementwise_affine;
        let ones = || init::full("nn::LayerNorm", &shape, 1.0);
        let zeros = || init::full("nn::LayerNorm", &shape, 0.0);
        Ok(LayerNorm {
            weight: has_weight.then(ones).transpose()?,
            bias: (has_weight && config.bias).then(zeros).transpose()?,
            config,
            normalized_shape: shape,
        })
    }
}

impl Module for LayerNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm_named(
            "nn::LayerNorm",
            x,
            &self.normalized_shape,
            self.weight.as_deref(),
            self.bias.as_deref(),
            self.config.eps,
        )
    }
}

impl Layer for LayerNorm {
    fields!(weight, bias);

    fn head(&self) -> String {
        format!(
            "LayerNorm({}, eps={}, elementwise_affine={}, bias={})",
            tuple(&self.normalized_shape),
            float_repr(self.config.eps),
            bool_repr(self.config.elementwise_affine),
            bool_repr(self.bias.is_some())
        )
    }
}

/// The options of [`RMSNorm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RMSNormConfig {
    /// Keeps the division finite. Default: none, which is the dtype's own least distance from 1.
    pub eps: Option<f64>,
    /// Whether there is a weight. Default: true.
    pub elementwise_affine: bool,
}

impl Default for RMSNormConfig {
    fn default() -> Self {
        RMSNormConfig { eps: None, elementwise_affine: true }
    }
}

/// Gives every row a mean square of 1, then scales it; see [`F::rms_norm`](crate::functional::rms_norm).
///
/// # Shapes
///
/// `(.., normalized_shape)`; the result is alike.
///
/// # Errors
///
/// If the last axes have other sizes.
///
/// Differs from candle's `RmsNorm`, whose input gets no gradient. See PyTorch's `RMSNorm`.
///
/// ```
/// use akari::prelude::*;
/// let norm = nn::RMSNorm::new([4])?;
/// assert_eq!(norm.to_string(), "RMSNorm((4,), eps=None, elementwise_affine=True)");
/// assert_eq!(norm.forward(&torch::rand((2, 4))?)?.dims(), &[2, 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RMSNorm {
    /// Scales each number of a row; begins as ones.
    pub weight: Option<Var>,
    /// The options that the layer was made with.
    pub config: RMSNormConfig,
    normalized_shape: Vec<usize>,
}

impl RMSNorm {
    /// A layer for rows of this shape.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(normalized_shape: impl Into<Vec<usize>>) -> Result<Self> {
        RMSNorm::with_config(normalized_shape, RMSNormConfig::default())
    }

    /// A layer with options.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn with_config(
        normalized_shape: impl Into<Vec<usize>>,
        config: RMSNormConfig,
    ) -> Result<Self> {
        let shape = normalized_shape.into();
        let ones = || init::full("nn::RMSNorm", &shape, 1.0);
        let weight = config.elementwise_affine.then(ones).transpose()?;
        Ok(RMSNorm { weight, config, normalized_shape: shape })
    }
}

impl Module for RMSNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (shape, weight) = (&self.normalized_shape, self.weight.as_deref());
        rms_norm_named("nn::RMSNorm", x, shape, weight, self.config.eps)
    }
}

impl Layer for RMSNorm {
    fields!(weight);

    fn head(&self) -> String {
        format!(
            "RMSNorm({}, eps={}, elementwise_affine={})",
            tuple(&self.normalized_shape),
            self.config.eps.map_or_else(|| "None".to_owned(), float_repr),
            bool_repr(self.config.elementwise_affine)
        )
    }
}
