//! Transforms of numbers: to floats from 0 to 1, to mean 0 and deviation 1, to grey.

use candle_core::{DType, Device, Result, Tensor};

use super::{Transform, sizes};
use crate::error::fail;

/// Bytes from 0 to 255 as `f32` from 0 to 1; floats stay as they are. torchvision's `ToTensor`.
///
/// ```text
/// y = x / 255
/// ```
///
/// *Differs from torchvision*, where it also turns PIL's `(H, W, C)` into `(C, H, W)`: images are read as `(C, H, W)` here.
///
/// # Errors
///
/// For integers of another kind, whose largest value nobody knows.
///
/// ```
/// use akari::data::transforms::{ToTensor, Transform};
/// use akari::prelude::*;
/// let image = Tensor::new(&[[[0u8, 51, 255]]], &Device::Cpu)?;
/// assert_eq!(ToTensor.forward(&image)?.flatten_all()?.to_vec1::<f32>()?, [0.0, 0.2, 1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ToTensor;

impl Transform for ToTensor {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        match image.dtype() {
            // A division, as in torchvision: a product with 1/255 is another number.
            DType::U8 => {
                let by = Tensor::new(255f32, &Device::Cpu)?;
                image.to_dtype(DType::F32)?.broadcast_div(&by)
            }
            dtype if dtype.is_float() => Ok(image.clone()),
            dtype => fail(
                "data::transforms::ToTensor",
                format_args!(
                    "an image has bytes or floats, but this is of {dtype:?} (divide it by its largest value)"
                ),
            ),
        }
    }

    fn takes_batches(&self) -> bool {
        true
    }
}

/// Each channel minus its mean, divided by its deviation; torchvision's `Normalize`.
///
/// ```text
/// y[c] = (x[c] - mean[c]) / std[c]
/// ```
///
/// One mean and deviation serve all channels.
///
/// # Errors
///
/// If a deviation is 0 or there are not as many means as deviations; where it is used, if the image isn't of floats or
/// has other channels.
///
/// ```
/// use akari::data::transforms::{Normalize, Transform};
/// use akari::prelude::*;
/// let image = tensor!([[[0.0, 0.5, 1.0]]]);
/// let image = Normalize::new([0.5], [0.25])?.forward(&image)?;
/// assert_eq!(image.flatten_all()?.to_vec1::<f32>()?, [-2.0, 0.0, 2.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Normalize {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Normalize {
    /// The means and deviations of the channels.
    ///
    /// # Errors
    ///
    /// If a deviation is 0, or there are not as many means as deviations.
    pub fn new(mean: impl Into<Vec<f64>>, std: impl Into<Vec<f64>>) -> Result<Self> {
        Normalize { mean: mean.into(), std: std.into() }.checked()
    }

    fn checked(self) -> Result<Self> {
        if self.mean.is_empty() || self.mean.len() != self.std.len() {
            return fail(
                NORMALIZE,
                format_args!("{} means for {} deviations", self.mean.len(), self.std.len()),
            );
        }
        if self.std.contains(&0.0) {
            return fail(NORMALIZE, format_args!("std {:?} leads to division by zero", self.std));
        }
        Ok(self)
    }
}

const NORMALIZE: &str = "data::transforms::Normalize";

impl Transform for Normalize {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        let (channels, ..) = sizes(NORMALIZE, image)?;
        if !image.dtype().is_float() {
            return fail(
                NORMALIZE,
                format_args!(
                    "Input tensor should be a float tensor. Got {:?} (put ToTensor before it)",
                    image.dtype()
                ),
            );
        }
        let count = self.mean.len();
        if count != 1 && count != channels {
            return fail(
                NORMALIZE,
                format_args!("{count} means for an image of {channels} channels"),
            );
        }
        let of_channels = |numbers: &[f64]| {
            Tensor::from_slice(numbers, (count, 1, 1), image.device())?.to_dtype(image.dtype())
        };
        image.broadcast_sub(&of_channels(&self.mean)?)?.broadcast_div(&of_channels(&self.std)?)
    }

    fn takes_batches(&self) -> bool {
        true
    }
}

/// A colour image as one channel, or three equal ones; torchvision's `Grayscale`.
///
/// ```text
/// y = 0.2989 red + 0.587 green + 0.114 blue
/// ```
///
/// Bytes are rounded down, as torchvision does.
///
/// # Errors
///
/// If the image has neither one channel nor three.
///
/// ```
/// use akari::data::transforms::{Grayscale, Transform};
/// use akari::prelude::*;
/// let image = tensor!([[[1.0]], [[0.0]], [[0.5]]]);
/// let image = Grayscale::default().forward(&image)?;
/// assert!((image.flatten_all()?.to_vec1::<f32>()?[0] - 0.3559).abs() < 1e-6);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Grayscale {
    /// 1, or 3 equal ones for a model that expects colours. Default: 1.
    pub num_output_channels: usize,
}

impl Default for Grayscale {
    fn default() -> Self {
        Grayscale { num_output_channels: 1 }
    }
}

impl Transform for Grayscale {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        const FUNCTION: &str = "data::transforms::Grayscale";
        let (channels, ..) = sizes(FUNCTION, image)?;
        let axis = image.rank() - 3;
        let grey = match channels {
            1 => image.clone(),
            3 => {
                let (red, green, blue) = (
                    image.narrow(axis, 0, 1)?,
                    image.narrow(axis, 1, 1)?,
                    image.narrow(axis, 2, 1)?,
                );
                let float = if image.dtype().is_float() { image.dtype() } else { DType::F32 };
                let part = |channel: Tensor, share: f64| channel.to_dtype(float)? * share;
                let grey = ((part(red, 0.2989)? + part(green, 0.587)?)? + part(blue, 0.114)?)?;
                grey.to_dtype(image.dtype())?
            }
            _ => {
                return fail(
                    FUNCTION,
                    format_args!("an image has 1 or 3 channels, but this has {channels}"),
                );
            }
        };
        match self.num_output_channels {
            1 => Ok(grey),
            3 => Tensor::cat(&[&grey, &grey, &grey], axis),
            other => fail(
                FUNCTION,
                format_args!("num_output_channels should be either 1 or 3, not {other}"),
            ),
        }
    }

    fn takes_batches(&self) -> bool {
        true
    }
}
