//! Transforms that take a part of an image, or turn it over.

use candle_core::{Result, Tensor};

use super::{Size, Transform, sizes};
use crate::error::fail;
use crate::sampling::{randint, uniform_f32};

/// The part of this size in the middle; torchvision's `CenterCrop`.
///
/// A smaller image is filled up with zeros on all sides.
///
/// # Errors
///
/// If this is no image.
///
/// ```
/// use akari::data::transforms::{CenterCrop, Transform};
/// use akari::prelude::*;
/// let image = Tensor::arange(0f32, 16., &Device::Cpu)?.reshape((1, 4, 4))?;
/// let middle = CenterCrop::new(2).forward(&image)?;
/// assert_eq!(middle.flatten_all()?.to_vec1::<f32>()?, [5., 6., 9., 10.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CenterCrop {
    height: usize,
    width: usize,
}

impl CenterCrop {
    /// A square of this size, or `(height, width)`.
    pub fn new(size: impl Into<Size>) -> Self {
        let (height, width) = size.into().square();
        CenterCrop { height, width }
    }
}

impl Transform for CenterCrop {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        let (_, height, width) = sizes("data::transforms::CenterCrop", image)?;
        // torchvision's rounding: the odd row of the padding is at the bottom, and Python rounds halves to even.
        let padding = |wanted: usize, given: usize| {
            let missing = wanted.saturating_sub(given);
            (missing / 2, missing.div_ceil(2))
        };
        let image = padded(image, padding(self.height, height), padding(self.width, width))?;
        let (_, height, width) = sizes("data::transforms::CenterCrop", &image)?;
        let begin = |given: usize, wanted: usize| ((given - wanted) as f64 / 2.0).round_ties_even();
        let (top, left) = (begin(height, self.height), begin(width, self.width));
        part(&image, (top as usize, left as usize), (self.height, self.width))
    }

    fn takes_batches(&self) -> bool {
        true
    }
}

/// A part of this size at a random place; torchvision's `RandomCrop`, with its draws.
///
/// # Errors
///
/// If the image, with its padding, is smaller.
///
/// ```
/// use akari::data::transforms::{RandomCrop, Transform};
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let image = Tensor::arange(0f32, 9., &Device::Cpu)?.reshape((1, 3, 3))?;
/// let part = RandomCrop::new(2).forward(&image)?;
/// assert_eq!(part.flatten_all()?.to_vec1::<f32>()?, [1., 2., 4., 5.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RandomCrop {
    /// The part's height.
    pub height: usize,
    /// The part's width.
    pub width: usize,
    /// The zeros around the image, of which the part may have some. Default: 0.
    pub padding: usize,
}

impl RandomCrop {
    /// A square of this size, or `(height, width)`.
    pub fn new(size: impl Into<Size>) -> Self {
        RandomCrop::with_padding(size, 0)
    }

    /// The same of an image with so many zeros around it: 4 is usual for images of 32 x 32.
    pub fn with_padding(size: impl Into<Size>, padding: usize) -> Self {
        let (height, width) = size.into().square();
        RandomCrop { height, width, padding }
    }
}

impl Transform for RandomCrop {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        const FUNCTION: &str = "data::transforms::RandomCrop";
        sizes(FUNCTION, image)?;
        let image = padded(image, (self.padding, self.padding), (self.padding, self.padding))?;
        let (_, height, width) = sizes(FUNCTION, &image)?;
        let RandomCrop { height: high, width: wide, .. } = *self;
        if height < high || width < wide {
            return fail(
                FUNCTION,
                format_args!(
                    "Required crop size ({high}, {wide}) is larger than input image size ({height}, {width})"
                ),
            );
        }
        if (height, width) == (high, wide) {
            return Ok(image);
        }
        let draw = |free: usize| -> Result<usize> {
            Ok(randint(0, free as i64 + 1, 1)?.to_vec1::<i64>()?[0] as usize)
        };
        let (top, left) = (draw(height - high)?, draw(width - wide)?);
        part(&image, (top, left), (high, wide))
    }
}

/// The image, or with this probability its mirror image; torchvision's `RandomHorizontalFlip`, with its draws.
///
/// # Errors
///
/// If this is no image.
///
/// ```
/// use akari::data::transforms::{RandomHorizontalFlip, Transform};
/// use akari::prelude::*;
/// let image = tensor!([[[1., 2., 3.]]]);
/// let image = RandomHorizontalFlip { p: 1.0 }.forward(&image)?;
/// assert_eq!(image.flatten_all()?.to_vec1::<f32>()?, [3., 2., 1.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RandomHorizontalFlip {
    /// How probable the mirror image is. Default: 0.5.
    pub p: f64,
}

impl Default for RandomHorizontalFlip {
    fn default() -> Self {
        RandomHorizontalFlip { p: 0.5 }
    }
}

impl Transform for RandomHorizontalFlip {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        sizes("data::transforms::RandomHorizontalFlip", image)?;
        if f64::from(uniform_f32()) < self.p {
            return image.flip(&[image.rank() - 1])?.contiguous();
        }
        Ok(image.clone())
    }
}

/// The image with zeros around it: so many above and below, left and right.
fn padded(image: &Tensor, rows: (usize, usize), columns: (usize, usize)) -> Result<Tensor> {
    let axis = image.rank() - 2;
    image.pad_with_zeros(axis, rows.0, rows.1)?.pad_with_zeros(axis + 1, columns.0, columns.1)
}

fn part(image: &Tensor, (top, left): (usize, usize), size: (usize, usize)) -> Result<Tensor> {
    let axis = image.rank() - 2;
    image.narrow(axis, top, size.0)?.narrow(axis + 1, left, size.1)?.contiguous()
}
