//! Layers that put a border around sequences and images.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use crate::functional::{PaddingMode, pad, padded_named};
use crate::print::python::float_repr;

/// The widths of a border: one number for all sides, or before and after along the last axis, then along the one
/// before it, as PyTorch has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Border<const N: usize>(pub [i64; N]);

impl<const N: usize> From<i64> for Border<N> {
    fn from(width: i64) -> Self {
        Border([width; N])
    }
}

impl<const N: usize> From<[i64; N]> for Border<N> {
    fn from(widths: [i64; N]) -> Self {
        Border(widths)
    }
}

impl From<(i64, i64)> for Border<2> {
    fn from((left, right): (i64, i64)) -> Self {
        Border([left, right])
    }
}

impl From<(i64, i64, i64, i64)> for Border<4> {
    fn from((left, right, top, bottom): (i64, i64, i64, i64)) -> Self {
        Border([left, right, top, bottom])
    }
}

impl<const N: usize> Border<N> {
    fn tuple(&self) -> String {
        format!("({})", self.0.map(|width| width.to_string()).join(", "))
    }
}

macro_rules! borders {
    ($($(#[$doc:meta])* $name:ident, $widths:literal, $mode:ident;)*) => {
        display_as_repr!($($name),*);
        $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            /// The widths: before and after along the last axis, then along the one before it.
            pub padding: Border<$widths>,
        }

        impl $name {
            /// A border of one width, or of one for each side; negative widths cut.
            pub fn new(padding: impl Into<Border<$widths>>) -> Self {
                $name { padding: padding.into() }
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let name = concat!("nn::", stringify!($name));
                padded_named(name, x, &self.padding.0, PaddingMode::$mode)
            }
        }

        impl Layer for $name {
            fields!();

            fn head(&self) -> String {
                format!("{}({})", stringify!($name), self.padding.tuple())
            }
        }
    )*};
}

borders! {
    /// Zeros around sequences; see [`F::pad`](crate::functional::pad) and PyTorch's `ZeroPad1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// assert_eq!(nn::ZeroPad1d::new((1, 2)).forward(&torch::rand((1, 1, 4))?)?.dims(), &[1, 1, 7]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ZeroPad1d, 2, Zeros;

    /// Zeros around images; see [`F::pad`](crate::functional::pad) and PyTorch's `ZeroPad2d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::ZeroPad2d::new((1, 1, 2, 0));
    /// assert_eq!(layer.forward(&torch::rand((1, 1, 4, 4))?)?.dims(), &[1, 1, 6, 6]);
    /// assert_eq!(layer.to_string(), "ZeroPad2d((1, 1, 2, 0))");
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ZeroPad2d, 4, Zeros;

    /// A border that mirrors sequences; see [`F::pad_mode`](crate::functional::pad_mode) and PyTorch's
    /// `ReflectionPad1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::ReflectionPad1d::new(2).forward(&tensor!([[1., 2., 3.]]))?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[3., 2., 1., 2., 3., 2., 1.]]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ReflectionPad1d, 2, Reflect;

    /// A border that mirrors images; see [`F::pad_mode`](crate::functional::pad_mode) and PyTorch's
    /// `ReflectionPad2d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::ReflectionPad2d::new(1);
    /// assert_eq!(layer.forward(&torch::rand((1, 1, 4, 4))?)?.dims(), &[1, 1, 6, 6]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ReflectionPad2d, 4, Reflect;

    /// A border that repeats the ends of sequences; see [`F::pad_mode`](crate::functional::pad_mode) and PyTorch's
    /// `ReplicationPad1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let y = nn::ReplicationPad1d::new(1).forward(&tensor!([[1., 2., 3.]]))?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[1., 1., 2., 3., 3.]]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ReplicationPad1d, 2, Replicate;

    /// A border that repeats the outermost pixels of images; see [`F::pad_mode`](crate::functional::pad_mode) and
    /// PyTorch's `ReplicationPad2d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::ReplicationPad2d::new(1);
    /// assert_eq!(layer.forward(&torch::rand((1, 1, 4, 4))?)?.dims(), &[1, 1, 6, 6]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ReplicationPad2d, 4, Replicate;

    /// A border from the other end of images; see [`F::pad_mode`](crate::functional::pad_mode) and PyTorch's
    /// `CircularPad2d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::CircularPad2d::new(1);
    /// assert_eq!(layer.forward(&torch::rand((1, 1, 4, 4))?)?.dims(), &[1, 1, 6, 6]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    CircularPad2d, 4, Circular;
}

display_as_repr!(ConstantPad2d);

/// One number around images; see [`F::pad`](crate::functional::pad) and PyTorch's `ConstantPad2d`.
///
/// ```
/// use akari::prelude::*;
/// let y = nn::ConstantPad2d::new((1, 0, 0, 0), 9.0).forward(&tensor!([[1., 2.]]))?;
/// assert_eq!(y.to_vec2::<f32>()?, [[9., 1., 2.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantPad2d {
    /// The widths: before and after along the last axis, then along the one before it.
    pub padding: Border<4>,
    /// What stands around the image.
    pub value: f64,
}

impl ConstantPad2d {
    /// A border of one width, or of one for each side; negative widths cut.
    pub fn new(padding: impl Into<Border<4>>, value: f64) -> Self {
        ConstantPad2d { padding: padding.into(), value }
    }
}

impl Module for ConstantPad2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        pad(x, &self.padding.0, self.value)
    }
}

impl Layer for ConstantPad2d {
    fields!();

    fn head(&self) -> String {
        let (padding, value) = (self.padding.tuple(), float_repr(self.value));
        format!("ConstantPad2d(padding={padding}, value={value})")
    }
}
