//! Pooling of images: the largest value or the mean of each window.

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor, WithDType};

use super::window::{Pair, Planes, Slide};
use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::threads;
use crate::error::{fail, fail_shape};
use crate::tensor::size;

/// The largest value of each window of an image.
///
/// ```text
/// y[i, j] = max over m < k_h, n < k_w of x[i s_h - p_h + m, j s_w - p_w + n]
/// ```
///
/// Pixels of the padding never win. Of equal values the first one takes the whole gradient, and a
/// nan wins over every number, as in PyTorch.
///
/// # Shapes
///
/// `(N, C, H, W)` or `(C, H, W)`; `H` becomes `(H + 2 padding - kernel) / stride + 1`, rounded down.
/// Kernel, stride and padding are one number, or a pair for height and width. PyTorch's default
/// stride is the kernel, its default padding 0.
///
/// # Errors
///
/// For integers, for images without channels or pixels, for a kernel or stride of 0, for a padding of
/// more than half the kernel, and where not even one window fits.
///
/// Differs from candle, whose gradient is `k²` times too small and wrong at the border of images
/// that the kernel doesn't divide. See PyTorch's `max_pool2d`; dilation and `ceil_mode` are in
/// [`nn::MaxPool2d`](crate::nn::MaxPool2d).
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2., 5.], [4., 3., 6.], [7., 8., 9.]]]);
/// assert_eq!(F::max_pool2d(&x, 2, 1, 0)?.flatten_all()?.to_vec1::<f32>()?, [4., 6., 8., 9.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn max_pool2d(
    x: &Tensor,
    kernel: impl Into<Pair>,
    stride: impl Into<Pair>,
    padding: impl Into<Pair>,
) -> Result<Tensor> {
    let slides = Slide::both(kernel.into(), stride.into(), padding.into(), 1.into());
    max_pool("F::max_pool2d", x, slides, false)
}

/// The mean of each window of an image.
///
/// ```text
/// y[i, j] = 1 / (k_h k_w) · sum over m < k_h, n < k_w of x[i s_h - p_h + m, j s_w - p_w + n]
/// ```
///
/// Pixels of the padding count as zeros.
///
/// # Shapes
///
/// As [`max_pool2d`].
///
/// # Errors
///
/// As [`max_pool2d`].
///
/// Differs from candle, whose gradient is wrong at the border of images that the kernel doesn't
/// divide. See PyTorch's `avg_pool2d`; `ceil_mode` and `count_include_pad` are in
/// [`nn::AvgPool2d`](crate::nn::AvgPool2d).
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2.], [3., 6.]]]);
/// assert_eq!(F::avg_pool2d(&x, 2, 2, 0)?.flatten_all()?.to_vec1::<f32>()?, [3.]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn avg_pool2d(
    x: &Tensor,
    kernel: impl Into<Pair>,
    stride: impl Into<Pair>,
    padding: impl Into<Pair>,
) -> Result<Tensor> {
    let slides = Slide::both(kernel.into(), stride.into(), padding.into(), 1.into());
    avg_pool("F::avg_pool2d", x, slides, false, true)
}

/// Means of windows that are chosen so that an image of a given size results.
///
/// ```text
/// y[i] = mean of x[floor(i H / h) .. ceil((i + 1) H / h)]     along both axes
/// ```
///
/// # Shapes
///
/// `(N, C, H, W)` or `(C, H, W)`; `H` and `W` become `size`, one number or a pair.
///
/// # Errors
///
/// For integers, for other shapes, images without pixels, and results that fit no memory. See
/// PyTorch's `adaptive_avg_pool2d`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2., 3.], [4., 5., 6.]]]);
/// assert_eq!(F::adaptive_avg_pool2d(&x, 1)?.flatten_all()?.to_vec1::<f32>()?, [3.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn adaptive_avg_pool2d(x: &Tensor, size: impl Into<Pair>) -> Result<Tensor> {
    adaptive_avg_pool("F::adaptive_avg_pool2d", x, size.into())
}

pub(crate) fn adaptive_avg_pool(function: &'static str, x: &Tensor, size: Pair) -> Result<Tensor> {
    let planes = Planes::of(function, x)?;
    if planes.area() == 0 {
        return fail(
            function,
            format_args!(
                "Expected input to have non-zero size for non-batch dimensions, but input has sizes {:?}",
                x.dims()
            ),
        );
    }
    let shape = with_area(x, size.height, size.width);
    size::checked(function, shape.dims(), x.dtype().size_in_bytes())?;
    // Without images there is no result, but the windows are still listed.
    size::checked(function, &[size.height.max(size.width)], size_of::<Span>())?;
    let rows = Span::adaptive(planes.height, size.height);
    let columns = Span::adaptive(planes.width, size.width);
    op::apply(function, Means { planes, rows, columns, shape }, [x])
}

pub(crate) fn adaptive_max_pool(function: &'static str, x: &Tensor, size: Pair) -> Result<Tensor> {
    let planes = Planes::of(function, x)?;
    let shape = with_area(x, size.height, size.width);
    if planes.area() == 0 || size.height * size.width == 0 {
        return fail(
            function,
            format_args!(
                "Expected input to have non-zero size for non-batch dimensions, but input has sizes {:?} and the result would have {:?}",
                x.dims(),
                shape.dims()
            ),
        );
    }
    size::checked(function, shape.dims(), x.dtype().size_in_bytes())?;
    let rows = Span::adaptive(planes.height, size.height);
    let columns = Span::adaptive(planes.width, size.width);
    let steps = (1, 1);
    let op = MaxPool { planes, rows, columns, steps, shape, winners: OnceLock::new() };
    op::apply(function, op, [x])
}

pub(crate) fn avg_pool(
    function: &'static str,
    x: &Tensor,
    slides: [Slide; 2],
    ceil: bool,
    count_include_pad: bool,
) -> Result<Tensor> {
    let planes = Planes::of(function, x)?;
    let [height, width] = windows(function, &planes, &slides, ceil)?;
    let spans = |slide: Slide, size: usize, count: usize| {
        (0..count).map(|index| Span::of(slide, size, index, count_include_pad)).collect()
    };
    let rows = spans(slides[0], planes.height, height);
    let columns = spans(slides[1], planes.width, width);
    op::apply(function, Means { planes, rows, columns, shape: with_area(x, height, width) }, [x])
}

pub(crate) fn max_pool(
    function: &'static str,
    x: &Tensor,
    slides: [Slide; 2],
    ceil: bool,
) -> Result<Tensor> {
    let planes = Planes::of(function, x)?;
    let [height, width] = windows(function, &planes, &slides, ceil)?;
    let shape = with_area(x, height, width);
    let spans = |slide: Slide, size: usize, count: usize| {
        (0..count).map(|index| Span::of(slide, size, index, false)).collect()
    };
    let rows = spans(slides[0], planes.height, height);
    let columns = spans(slides[1], planes.width, width);
    let steps = (slides[0].dilation, slides[1].dilation);
    op::apply(
        function,
        MaxPool { planes, rows, columns, steps, shape, winners: OnceLock::new() },
        [x],
    )
}

/// How many windows there are along height and width.
fn windows(function: &str, planes: &Planes, slides: &[Slide; 2], ceil: bool) -> Result<[usize; 2]> {
    if planes.channels * planes.area() == 0 {
        return fail(
            function,
            format_args!(
                "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but its planes are {} of {} x {}",
                planes.channels, planes.height, planes.width
            ),
        );
    }
    let mut counts = [0; 2];
    for ((slide, size), count) in
        slides.iter().beside([planes.height, planes.width]).beside(&mut counts)
    {
        slide.check(function)?;
        if slide.padding > slide.reach() / 2 {
            return fail(
                function,
                format_args!(
                    "pad should be at most half of effective kernel size, but got pad={}, kernel_size={} and dilation={}",
                    slide.padding, slide.kernel, slide.dilation
                ),
            );
        }
        *count = slide.windows(size, ceil).unwrap_or(0);
    }
    if counts.contains(&0) {
        return fail_shape(
            function,
            format_args!(
                "Given input size: ({0}x{1}x{2}). Calculated output size: ({0}x{3}x{4}). Output size is too small",
                planes.channels, planes.height, planes.width, counts[0], counts[1]
            ),
        );
    }
    Ok(counts)
}

/// The shape of `x` with another height and width.
fn with_area(x: &Tensor, height: usize, width: usize) -> Shape {
    let mut dims = x.dims().to_vec();
    let rank = dims.len();
    dims[rank - 2] = height;
    dims[rank - 1] = width;
    Shape::from(dims)
}

/// The pixels of a window along one axis.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    /// The share of this axis in what a mean divides by.
    divisor: usize,
}

impl Span {
    /// The windows over `from` pixels that give `to` results.
    fn adaptive(from: usize, to: usize) -> Vec<Span> {
        let span = |index: usize| (index * from / to, ((index + 1) * from).div_ceil(to));
        (0..to).map(span).map(|(start, end)| Span { start, end, divisor: end - start }).collect()
    }

    /// The window with number `index` of a sliding kernel, without its padding.
    fn of(slide: Slide, size: usize, index: usize, count_include_pad: bool) -> Span {
        let Slide { stride, padding, dilation, .. } = slide;
        let first = index * stride;
        let padded_end = (first + slide.reach()).min(size + 2 * padding);
        // How far the window's first pixel that isn't padding lies from its begin.
        let skipped = padding.saturating_sub(first).div_ceil(dilation) * dilation;
        let start = (first + skipped).saturating_sub(padding);
        let end = padded_end.saturating_sub(padding).clamp(start.min(size), size);
        let divisor = if count_include_pad { padded_end - first } else { end - start.min(end) };
        Span { start: start.min(end), end, divisor }
    }
}

/// How many pixels a thread pools at least; fewer are done before another thread has woken up.
const PIXELS_PER_TASK: usize = 1 << 14;

/// What `pool` makes of each plane of `size` numbers, written in their place, on all threads.
fn each_plane<T: WithDType>(
    count: usize,
    size: usize,
    area: usize,
    pool: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    if size == 0 {
        return Vec::new();
    }
    let planes = PIXELS_PER_TASK.div_ceil(area.max(size));
    loops::by_pieces(count * size, planes * size, |index, made| {
        let made = made.chunks_exact_mut(size).enumerate();
        made.for_each(|(plane, made)| pool(index * planes + plane, made));
    })
}

struct MaxPool {
    planes: Planes,
    rows: Vec<Span>,
    columns: Vec<Span>,
    /// The distance from pixel to pixel of a window: the dilation.
    steps: (usize, usize),
    shape: Shape,
    /// For each result, the index in its plane of the pixel that won.
    winners: OnceLock<Vec<u32>>,
}

/// Who wins in a window without a pixel, as a dilation and `ceil_mode` may leave one at the border.
const NOBODY: u32 = u32::MAX;

impl Op for MaxPool {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let count = self.shape.elem_count();
        let (mut ys, mut winners) = (vec![T::zero(); count], vec![0u32; count]);
        let (area, share) = (self.planes.area(), self.rows.len() * self.columns.len());
        let planes = PIXELS_PER_TASK.div_ceil(area);
        let piece = planes * share;
        let pieces = ys.chunks_mut(piece).beside(winners.chunks_mut(piece));
        let pieces = pieces.beside(args[0].chunks(planes * area)).collect::<Vec<_>>();
        threads::jobs(pieces, &|((ys, winners), xs)| {
            let planes = ys.chunks_mut(share).beside(winners.chunks_mut(share));
            planes
                .beside(xs.chunks(area))
                .for_each(|((ys, winners), xs)| self.pool(xs, ys, winners));
        });
        // Candle runs an op forward once, so the cell is still empty.
        let _ = self.winners.set(winners);
        Ok((ys, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let winners = self.winners.get().map_or(&[][..], Vec::as_slice);
        let (area, share) = (self.planes.area(), self.rows.len() * self.columns.len());
        let grads = each_plane::<T>(self.planes.count, area, share, |plane, grads| {
            let results = plane * share..(plane + 1) * share;
            for (grad, winner) in call.grad[results.clone()].iter().beside(&winners[results]) {
                if *winner != NOBODY {
                    grads[*winner as usize] += *grad;
                }
            }
        });
        Ok(vec![Some(grads)])
    }
}

impl MaxPool {
    fn pool<T: WithDType>(&self, xs: &[T], ys: &mut [T], winners: &mut [u32]) {
        let (width, share) = (self.planes.width, self.columns.len());
        let results = ys.chunks_exact_mut(share).beside(winners.chunks_exact_mut(share));
        for (rows, (ys, winners)) in self.rows.iter().beside(results) {
            for (columns, (y, winner)) in self.columns.iter().beside(ys.iter_mut().beside(winners))
            {
                if rows.start >= rows.end || columns.start >= columns.end {
                    (*y, *winner) = (T::from_f64(f64::NEG_INFINITY), NOBODY);
                    continue;
                }
                let mut place = rows.start * width + columns.start;
                let mut best = xs[place];
                for row in (rows.start..rows.end).step_by(self.steps.0) {
                    for column in (columns.start..columns.end).step_by(self.steps.1) {
                        let value = xs[row * width + column];
                        // A nan compares as neither larger nor equal, and has to win.
                        if value > best || value.partial_cmp(&value).is_none() {
                            (best, place) = (value, row * width + column);
                        }
                    }
                }
                (*y, *winner) = (best, place as u32);
            }
        }
    }
}

/// Means over a grid of windows: what average pooling and its adaptive form have in common.
struct Means {
    planes: Planes,
    rows: Vec<Span>,
    columns: Vec<Span>,
    shape: Shape,
}

impl Op for Means {
    fn forward<T: WithDType>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (area, width) = (self.planes.area(), self.planes.width);
        let share = self.rows.len() * self.columns.len();
        let ys = each_plane::<T>(self.planes.count, share, area, |plane, ys| {
            let xs = &args[0][plane * area..][..area];
            for (rows, ys) in self.rows.iter().beside(ys.chunks_exact_mut(self.columns.len())) {
                for (columns, y) in self.columns.iter().beside(ys) {
                    let mut sum = 0.0;
                    for row in rows.start..rows.end {
                        let row = &xs[row * width..][columns.start..columns.end];
                        sum += row.iter().map(|x| x.to_f64()).sum::<f64>();
                    }
                    let divisor = (rows.divisor * columns.divisor) as f64;
                    *y = T::from_f64(if sum == 0.0 { 0.0 } else { sum / divisor });
                }
            }
        });
        Ok((ys, self.shape.clone()))
    }

    fn backward<T: WithDType>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let (area, width) = (self.planes.area(), self.planes.width);
        let share = self.rows.len() * self.columns.len();
        let grads = each_plane::<T>(self.planes.count, area, share, |plane, grads| {
            let above = &call.grad[plane * share..][..share];
            for (rows, above) in
                self.rows.iter().beside(above.chunks_exact(self.columns.len().max(1)))
            {
                for (columns, grad) in self.columns.iter().beside(above) {
                    let divisor = (rows.divisor * columns.divisor) as f64;
                    let grad = T::from_f64(grad.to_f64() / divisor);
                    for row in rows.start..rows.end {
                        let row = &mut grads[row * width..][columns.start..columns.end];
                        row.iter_mut().for_each(|sum| *sum += grad);
                    }
                }
            }
        });
        Ok(vec![Some(grads)])
    }
}
