//! Windows that slide over images: the sizes of pooling and convolution, checked once.
//!
//! `pool.rs` and `conv.rs` ask here how many windows there are, and for errors in PyTorch's words.

use candle_core::{Result, Tensor};

use crate::error::{fail, fail_shape};
use crate::keywords;
use crate::print::python::tuple;

/// A size for height and width: one number for both, or a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// The number for the axis of rows.
    pub height: usize,
    /// The number for the axis of columns.
    pub width: usize,
}

impl From<usize> for Pair {
    fn from(size: usize) -> Self {
        Pair { height: size, width: size }
    }
}

impl From<(usize, usize)> for Pair {
    fn from((height, width): (usize, usize)) -> Self {
        Pair { height, width }
    }
}

impl From<[usize; 2]> for Pair {
    fn from([height, width]: [usize; 2]) -> Self {
        Pair { height, width }
    }
}

keywords::from!(usize => Pair, (usize, usize) => Pair, [usize; 2] => Pair);

impl keywords::Argument<Option<Pair>> for usize {
    fn into_option(self) -> Option<Pair> {
        Some(self.into())
    }
}

impl keywords::Argument<Option<Pair>> for (usize, usize) {
    fn into_option(self) -> Option<Pair> {
        Some(self.into())
    }
}

/// One number where both are the same, as PyTorch prints pooling layers.
impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pair { height, width } if height == width => write!(f, "{height}"),
            Pair { height, width } => write!(f, "({height}, {width})"),
        }
    }
}

impl Pair {
    /// Both numbers, equal or not, as PyTorch prints convolutions.
    pub(crate) fn tuple(self) -> String {
        tuple(&[self.height, self.width])
    }
}

/// Images, all planes after each other: batch and channels are one count here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planes {
    pub(crate) count: usize,
    /// The channels of one image.
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Planes {
    pub(crate) fn area(&self) -> usize {
        self.height * self.width
    }

    /// The planes of `(N, C, H, W)` or `(C, H, W)`.
    pub(crate) fn of(function: &str, x: &Tensor) -> Result<Planes> {
        match *x.dims() {
            [batch, channels, height, width] => {
                Ok(Planes { count: batch * channels, channels, height, width })
            }
            [channels, height, width] => Ok(Planes { count: channels, channels, height, width }),
            _ => fail_shape(
                function,
                format_args!(
                    "3D (C, H, W) or 4D (N, C, H, W) tensor expected for input, but its shape is {:?}",
                    x.dims()
                ),
            ),
        }
    }
}

/// How a window slides along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slide {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
}

impl Slide {
    /// Pairs of kernel, stride, padding and dilation as slides along height and width.
    pub(crate) fn both(kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> [Slide; 2] {
        let slide = |kernel, stride, padding, dilation| Slide { kernel, stride, padding, dilation };
        [
            slide(kernel.height, stride.height, padding.height, dilation.height),
            slide(kernel.width, stride.width, padding.width, dilation.width),
        ]
    }

    /// How many pixels the kernel covers, gaps of the dilation included.
    pub(crate) fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    pub(crate) fn check(&self, function: &str) -> Result<()> {
        /// No image has so many pixels in a row, and sums of these numbers don't overflow.
        const MOST: usize = 1 << 31;
        match self {
            Slide { kernel: MOST.., .. } | Slide { stride: MOST.., .. } => {
                fail(function, "kernel size and stride must be less than 2^31")
            }
            Slide { padding: MOST.., .. } | Slide { dilation: MOST.., .. } => {
                fail(function, "padding and dilation must be less than 2^31")
            }
            Slide { kernel: 0, .. } => fail(function, "kernel size should be greater than zero"),
            Slide { stride: 0, .. } => fail(function, "stride must be greater than zero"),
            Slide { dilation: 0, .. } => fail(function, "dilation should be greater than zero"),
            _ => Ok(()),
        }
    }

    /// How many windows fit onto `size` pixels; with `ceil`, one that hangs over counts as well.
    pub(crate) fn windows(&self, size: usize, ceil: bool) -> Option<usize> {
        let room = (size + 2 * self.padding).checked_sub(self.reach())?;
        let mut count = if ceil { room.div_ceil(self.stride) } else { room / self.stride } + 1;
        // The last window has to begin inside of the image or its left padding.
        if ceil && (count - 1) * self.stride >= size + self.padding {
            count -= 1;
        }
        Some(count)
    }
}
