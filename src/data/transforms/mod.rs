//! `data::transforms`: what is done to images before a model sees them, as in torchvision.
//!
//! Images are tensors `(C, H, W)`, or several of one size `(N, C, H, W)`. What is drawn comes from the generator that
//! `torch::manual_seed` starts, in torchvision's order. Files: `pixels.rs` changes numbers, `crop.rs` takes parts,
//! `resize.rs` makes images larger and smaller.

mod crop;
mod keywords;
mod pixels;
mod resize;

use std::fmt;
use std::sync::Arc;

use candle_core::{Result, Tensor};

pub use self::crop::{CenterCrop, RandomCrop, RandomHorizontalFlip};
#[cfg(not(doc))] // A link to a type would mean two things.
pub use self::keywords::{RandomCrop, RandomHorizontalFlip};
pub use self::pixels::{Grayscale, Normalize, ToTensor};
pub use self::resize::{Resize, Size};
use super::collate::stack;
use crate::error::fail;

/// A step that makes another image of an image; closures `|image: &Tensor| ..` and tuples of transforms, one after the
/// other, are transforms too.
///
/// ```
/// use akari::data::transforms::{Compose, ToTensor, Transform};
/// use akari::prelude::*;
/// let dark = |image: &Tensor| image * 0.5;
/// let image = Tensor::full(255u8, (1, 2, 2), &Device::Cpu)?;
/// let image = Compose::new((ToTensor, dark)).forward(&image)?;
/// assert_eq!(image.flatten_all()?.to_vec1::<f32>()?, [0.5; 4]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub trait Transform: Send + Sync {
    /// The image after it.
    ///
    /// # Errors
    ///
    /// If this is no image, or not one that can be changed so.
    fn forward(&self, image: &Tensor) -> Result<Tensor>;

    /// Whether images of one size may be given all at once, since nothing is drawn for each.
    #[doc(hidden)]
    fn takes_batches(&self) -> bool {
        false
    }

    /// Images `(N, C, H, W)` after it.
    #[doc(hidden)]
    fn of_batch(&self, images: &Tensor) -> Result<Tensor> {
        if self.takes_batches() {
            return self.forward(images);
        }
        let count = images.dims().first().copied().unwrap_or(0);
        let images = (0..count).map(|index| self.forward(&images.get(index)?));
        stack(&images.collect::<Result<Vec<_>>>()?)
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor> + Send + Sync> Transform for F {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        self(image)
    }
}

/// Transforms one after the other, of a tuple; torchvision's `Compose`.
///
/// ```
/// use akari::data::transforms::{Compose, Normalize, RandomHorizontalFlip, Resize, ToTensor, Transform};
/// use akari::prelude::*;
/// let transform = Compose::new((
///     Resize::new((16, 16)),
///     RandomHorizontalFlip::default(),
///     ToTensor,
///     Normalize::new([0.5], [0.5])?,
/// ));
/// let image = Tensor::full(255u8, (1, 28, 28), &Device::Cpu)?;
/// let image = transform.forward(&image)?;
/// assert_eq!((image.dims(), torch::max(&image)?.item()?), (&[1, 16, 16][..], 1.0));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Compose {
    steps: Arc<[Box<dyn Transform>]>,
}

impl Compose {
    /// The transforms of a tuple, or a `Vec` of boxes.
    pub fn new(steps: impl Steps) -> Self {
        Compose { steps: steps.into_list().into() }
    }
}

impl Compose {
    fn list(&self) -> Vec<&dyn Transform> {
        self.steps.iter().map(|step| &**step).collect()
    }
}

impl Transform for Compose {
    fn forward(&self, image: &Tensor) -> Result<Tensor> {
        through(image.clone(), &self.list())
    }

    fn takes_batches(&self) -> bool {
        all_take_batches(&self.list())
    }

    fn of_batch(&self, images: &Tensor) -> Result<Tensor> {
        batch_through(images, &self.list())
    }
}

fn through(image: Tensor, steps: &[&dyn Transform]) -> Result<Tensor> {
    steps.iter().try_fold(image, |image, step| step.forward(&image))
}

fn all_take_batches(steps: &[&dyn Transform]) -> bool {
    steps.iter().all(|step| step.takes_batches())
}

/// Images `(N, C, H, W)` through the steps. Between the first and the last step that draws, they go one by one: torchvision
/// draws all of one image before it begins the next.
fn batch_through(images: &Tensor, steps: &[&dyn Transform]) -> Result<Tensor> {
    let first = steps.iter().take_while(|step| step.takes_batches()).count();
    let last = steps.iter().rev().take_while(|step| step.takes_batches()).count();
    let images = through(images.clone(), &steps[..first])?;
    if first == steps.len() {
        return Ok(images);
    }
    let (drawn, behind) = steps[first..].split_at(steps.len() - first - last);
    let count = images.dims().first().copied().unwrap_or(0);
    let each = (0..count).map(|index| through(images.get(index)?, drawn));
    through(stack(&each.collect::<Result<Vec<_>>>()?)?, behind)
}

impl fmt::Debug for Compose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compose").field("steps", &self.steps.len()).finish()
    }
}

/// Several transforms, as [`Compose::new`] takes them.
pub trait Steps {
    #[doc(hidden)]
    fn into_list(self) -> Vec<Box<dyn Transform>>;
}

impl Steps for Vec<Box<dyn Transform>> {
    fn into_list(self) -> Vec<Box<dyn Transform>> {
        self
    }
}

macro_rules! tuples {
    ($(($($step:ident $index:tt),+))*) => {$(
        impl<$($step: Transform + 'static),+> Steps for ($($step,)+) {
            fn into_list(self) -> Vec<Box<dyn Transform>> {
                vec![$(Box::new(self.$index)),+]
            }
        }

        /// Transforms one after the other, as [`Compose`].
        impl<$($step: Transform),+> Transform for ($($step,)+) {
            fn forward(&self, image: &Tensor) -> Result<Tensor> {
                through(image.clone(), &[$(&self.$index),+])
            }

            fn takes_batches(&self) -> bool {
                all_take_batches(&[$(&self.$index),+])
            }

            fn of_batch(&self, images: &Tensor) -> Result<Tensor> {
                batch_through(images, &[$(&self.$index),+])
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

/// Channels, height and width of an image, or of each of several.
fn sizes(function: &str, image: &Tensor) -> Result<(usize, usize, usize)> {
    match *image.dims() {
        [.., channels, height, width] if (3..=4).contains(&image.rank()) => {
            Ok((channels, height, width))
        }
        _ => fail(
            function,
            format_args!("an image has shape (C, H, W), but this is {:?}", image.dims()),
        ),
    }
}
