//! Images of another size: each pixel is a mean of the nearest ones.

use candle_core::{Result, Shape, Tensor};

use super::pool1d::image;
use super::window::{Pair, Planes};
use crate::compute::beside::{Beside, each};
use crate::compute::loops;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::fail;
use crate::tensor::size;

/// How [`interpolate`] makes new pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InterpolateMode {
    /// Each is the nearest old one.
    #[default]
    Nearest,
    /// Each is a mean of the two old ones beside it, for sequences.
    Linear,
    /// Each is a mean of the four old ones around it, for images.
    Bilinear,
}

/// The options of [`interpolate`] and [`nn::Upsample`](crate::nn::Upsample): a size, or a factor.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct InterpolateConfig {
    /// The new size. Default: none.
    pub size: Option<Pair>,
    /// The factor by which the image gets larger. Default: none.
    pub scale_factor: Option<f64>,
    /// How pixels are made. Default: `Nearest`.
    pub mode: InterpolateMode,
    /// Whether the outermost pixels stay what they are, and not the image's border. Default: false.
    pub align_corners: bool,
}

/// An image of another size.
///
/// ```text
/// y[i] = x[floor(i s)]                                    nearest, s = old / new size
/// y[i] = (1 - t) x[j] + t x[j + 1],  j + t = (i + ½) s - ½      linear and bilinear
/// ```
///
/// With `align_corners`, `j + t = i (old - 1) / (new - 1)`.
///
/// # Shapes
///
/// `x` of `(N, C, H, W)`, or of `(N, C, L)` for sequences, whose size is the width of the pair.
///
/// # Errors
///
/// If there is not one of `size` and `scale_factor`, if the mode is for other shapes, and for integers. See PyTorch's
/// `interpolate`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[[1., 2.], [3., 4.]]]]);
/// let config = F::InterpolateConfig { scale_factor: Some(2.0), ..Default::default() };
/// let y = F::interpolate(&x, config)?;
/// assert_eq!(y.i((0, 0, 0))?.to_vec1::<f32>()?, [1., 1., 2., 2.]);
/// let config = F::InterpolateConfig { mode: F::InterpolateMode::Bilinear, ..config };
/// assert_eq!(F::interpolate(&x, config)?.i((0, 0, 0))?.to_vec1::<f32>()?, [1., 1.25, 1.75, 2.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn interpolate(x: &Tensor, config: InterpolateConfig) -> Result<Tensor> {
    interpolate_named("F::interpolate", x, config)
}

pub(crate) fn interpolate_named(
    function: &'static str,
    x: &Tensor,
    config: InterpolateConfig,
) -> Result<Tensor> {
    let InterpolateConfig { size, scale_factor, mode, align_corners } = config;
    let is_sequence = match (x.rank(), mode) {
        (3, InterpolateMode::Nearest | InterpolateMode::Linear) => true,
        (4, InterpolateMode::Nearest | InterpolateMode::Bilinear) => false,
        _ => {
            return fail(
                function,
                format_args!(
                    "expected an input of shape [N, C, L] for nearest and linear, or of [N, C, H, W] for nearest and bilinear, but got {:?} for {mode:?}",
                    x.dims()
                ),
            );
        }
    };
    if align_corners && mode == InterpolateMode::Nearest {
        return fail(
            function,
            "align_corners option can only be set with the interpolating modes: linear | bilinear",
        );
    }
    let images = if is_sequence { image(function, x)? } else { x.clone() };
    let planes = Planes::of(function, &images)?;
    let new = match (size, scale_factor) {
        (Some(size), None) => size,
        (None, Some(factor)) if factor > 0.0 && factor.is_finite() => {
            let scaled = |length: usize| (length as f64 * factor).floor() as usize;
            (scaled(planes.height), scaled(planes.width)).into()
        }
        (None, Some(_)) => return fail(function, "scale_factor must be greater than zero"),
        (None, None) => return fail(function, "either size or scale_factor should be defined"),
        (Some(_), Some(_)) => {
            return fail(function, "only one of size or scale_factor should be defined");
        }
    };
    let height = if is_sequence { 1 } else { new.height };
    if planes.area() == 0 || height * new.width == 0 {
        return fail(
            function,
            format_args!(
                "Input and output sizes should be greater than 0, but got input (H: {}, W: {}) output (H: {height}, W: {})",
                planes.height, planes.width, new.width
            ),
        );
    }
    let mut dims = images.dims().to_vec();
    let rank = dims.len();
    (dims[rank - 2], dims[rank - 1]) = (height, new.width);
    size::checked(function, &dims, x.dtype().size_in_bytes())?;
    let taps = |old: usize, new: usize| {
        let axis = Axis { old, new, factor: scale_factor };
        let tap = |index: usize| match (mode, old == new) {
            // An axis that stays as it is, also the one that sequences don't have.
            (_, true) => Tap { first: index, second: index, share: 0.0 },
            (InterpolateMode::Nearest, _) => axis.nearest(index),
            _ => axis.between(index, align_corners),
        };
        (0..new).map(tap).collect()
    };
    let rows = taps(planes.height, height);
    let columns = taps(planes.width, new.width);
    let op = Resize { planes, rows, columns, shape: Shape::from(dims) };
    let y = op::apply(function, op, [&images])?;
    if is_sequence { y.squeeze(y.rank() - 2) } else { Ok(y) }
}

/// Two pixels of an axis, and the second one's share in a mean.
#[derive(Debug, Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    share: f64,
}

/// The old and the new size of an axis, and the factor that was asked for.
struct Axis {
    old: usize,
    new: usize,
    factor: Option<f64>,
}

impl Axis {
    /// Old pixels for each new one.
    fn step(&self) -> f64 {
        self.factor.map_or(self.old as f64 / self.new as f64, |factor| 1.0 / factor)
    }

    fn nearest(&self, index: usize) -> Tap {
        // PyTorch computes these places in f32 whatever the image is; another rounding would give another pixel.
        let step = self.factor.map_or(self.old as f32 / self.new as f32, |f| (1.0 / f) as f32);
        let place = match self.new == 2 * self.old {
            true => index / 2,
            false => (index as f32 * step).floor() as usize,
        };
        let place = place.min(self.old - 1);
        Tap { first: place, second: place, share: 0.0 }
    }

    fn between(&self, index: usize, align_corners: bool) -> Tap {
        let place = match align_corners {
            true if self.new > 1 => index as f64 * ((self.old - 1) as f64 / (self.new - 1) as f64),
            true => 0.0,
            false => ((index as f64 + 0.5) * self.step() - 0.5).max(0.0),
        };
        let first = (place.floor() as usize).min(self.old - 1);
        let share = (place - first as f64).clamp(0.0, 1.0);
        Tap { first, second: (first + 1).min(self.old - 1), share }
    }
}

/// Each new pixel as a mean of up to four old ones: of rows first, then of the numbers in such a row.
struct Resize {
    planes: Planes,
    rows: Vec<Tap>,
    columns: Vec<Tap>,
    shape: Shape,
}

impl Resize {
    fn sizes(&self) -> (usize, usize) {
        (self.planes.area(), self.rows.len() * self.columns.len())
    }

    /// The columns with their shares as `T`.
    fn columns<T: Number>(&self) -> Vec<(usize, usize, T)> {
        self.columns.iter().map(|tap| (tap.first, tap.second, T::of(tap.share))).collect()
    }

    /// Each plane of `to` numbers made of one of `from` by `work`, on all threads.
    fn by_planes<T: Number>(
        &self,
        (given, from, to): (&[T], usize, usize),
        work: impl Fn(&[T], &mut [T]) + Sync,
    ) -> Vec<T> {
        let planes = loops::PIECE.div_ceil(from.max(to));
        loops::by_pieces(self.planes.count * to, planes * to, |index, made| {
            let given = given[index * planes * from..].chunks_exact(from);
            made.chunks_exact_mut(to).beside(given).for_each(|(made, given)| work(given, made));
        })
    }
}

impl Op for Resize {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let ((old, new), width) = (self.sizes(), self.planes.width);
        let columns = self.columns::<T>();
        // A share of 0 is left out: 0 times infinity is no 0, and the nearest pixel is taken as it is.
        let is_nearest = self.columns.iter().all(|tap| tap.share == 0.0);
        let y = self.by_planes((args[0], old, new), |xs, ys| {
            let mut mixed = vec![T::ZERO; width];
            for (tap, ys) in self.rows.iter().beside(ys.chunks_exact_mut(columns.len())) {
                let [above, below] =
                    each([tap.first, tap.second], |row| &xs[row * width..(row + 1) * width]);
                let (share, rest) = (T::of(tap.share), T::of(1.0 - tap.share));
                if tap.share != 0.0 {
                    for (mixed, (above, below)) in
                        mixed.iter_mut().beside(above.iter().beside(below))
                    {
                        *mixed = rest * *above + share * *below;
                    }
                }
                let line = if tap.share == 0.0 { above } else { &mixed[..width] };
                if is_nearest {
                    for (y, (first, ..)) in ys.iter_mut().beside(&columns) {
                        *y = line[*first];
                    }
                } else {
                    for (y, (first, second, share)) in ys.iter_mut().beside(&columns) {
                        *y = (T::ONE - *share) * line[*first] + *share * line[*second];
                    }
                }
            }
        });
        Ok((y, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let ((old, new), width) = (self.sizes(), self.planes.width);
        let columns = self.columns::<T>();
        let gx = self.by_planes((call.grad, new, old), |gy, gx| {
            let mut line = vec![T::ZERO; width];
            for (tap, gy) in self.rows.iter().beside(gy.chunks_exact(columns.len())) {
                line.fill(T::ZERO);
                for (gy, (first, second, share)) in gy.iter().beside(&columns) {
                    line[*first] += (T::ONE - *share) * *gy;
                    line[*second] += *share * *gy;
                }
                for (row, share) in [(tap.first, 1.0 - tap.share), (tap.second, tap.share)] {
                    let (row, share) = (&mut gx[row * width..(row + 1) * width], T::of(share));
                    row.iter_mut().beside(&line).for_each(|(gx, line)| *gx += share * *line);
                }
            }
        });
        Ok(vec![Some(gx)])
    }
}
