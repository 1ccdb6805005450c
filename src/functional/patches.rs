//! `F::unfold` and `F::fold`: the windows of images as columns, and columns as images.
//!
//! Each is the gradient of the other, so that there are two loops for both. Convolutions have loops of their own
//! (`conv.rs`), which need not keep all columns at once.

use candle_core::{Result, Shape, Tensor};

use super::window::{Pair, Planes, Slide};
use crate::compute::loops;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::{fail, fail_shape};
use crate::print::python::tuple;
use crate::tensor::size;

/// The windows of images, each as a column.
///
/// ```text
/// y[n, (c kh + i) kw + j, (a · columns) + b] = x[n, c, a sh - ph + i dh, b sw - pw + j dw]
/// ```
///
/// What lies outside of the image is 0. A convolution is a product with these columns.
///
/// # Shapes
///
/// From `(N, C, H, W)` to `(N, C kh kw, L)`, or the same without `N`; `L` windows fit.
///
/// # Errors
///
/// If no window fits, and for integers. See PyTorch's `unfold`.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([[[1., 2., 3.], [4., 5., 6.]]]);
/// let y = F::unfold(&x, 2, 1, 0, 1)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[1., 2.], [2., 3.], [4., 5.], [5., 6.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn unfold(
    x: &Tensor,
    kernel_size: impl Into<Pair>,
    dilation: impl Into<Pair>,
    padding: impl Into<Pair>,
    stride: impl Into<Pair>,
) -> Result<Tensor> {
    let slides = Slide::both(kernel_size.into(), stride.into(), padding.into(), dilation.into());
    unfold_named("F::unfold", x, slides)
}

pub(crate) fn unfold_named(
    function: &'static str,
    x: &Tensor,
    slides: [Slide; 2],
) -> Result<Tensor> {
    let planes = Planes::of(function, x)?;
    let columns = Columns::of(function, slides, planes.count, [planes.height, planes.width])?;
    let batch = &x.dims()[..x.rank() - 3];
    let shape = [batch, &[planes.channels * columns.kernel(), columns.windows()]].concat();
    size::checked(function, &shape, size_of::<f64>())?;
    op::apply(function, Unfold { columns, shape: Shape::from(shape) }, [x])
}

/// The image that columns of windows add up to: each pixel is the sum of what all windows have for it.
///
/// # Shapes
///
/// From `(N, C kh kw, L)` to `(N, C, H, W)`, or the same without `N`; `output_size` is the image's height and width.
///
/// # Errors
///
/// If the columns aren't those of such an image, and for integers. See PyTorch's `fold`.
///
/// ```
/// use akari::prelude::*;
/// let columns = tensor!([[1., 2.], [2., 3.], [4., 5.], [5., 6.]]);
/// let image = F::fold(&columns, (2, 3), 2, 1, 0, 1)?;
/// assert_eq!(image.to_vec3::<f32>()?, [[[1., 4., 3.], [4., 10., 6.]]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn fold(
    x: &Tensor,
    output_size: impl Into<Pair>,
    kernel_size: impl Into<Pair>,
    dilation: impl Into<Pair>,
    padding: impl Into<Pair>,
    stride: impl Into<Pair>,
) -> Result<Tensor> {
    let slides = Slide::both(kernel_size.into(), stride.into(), padding.into(), dilation.into());
    fold_named("F::fold", x, output_size.into(), slides)
}

pub(crate) fn fold_named(
    function: &'static str,
    x: &Tensor,
    output_size: Pair,
    slides: [Slide; 2],
) -> Result<Tensor> {
    let (batch, rows, count) = match *x.dims() {
        [rows, count] => (None, rows, count),
        [batch, rows, count] => (Some(batch), rows, count),
        _ => {
            return fail_shape(
                function,
                format_args!(
                    "Expected 2D or 3D (batch mode) tensor for input, but its shape is {:?}",
                    x.dims()
                ),
            );
        }
    };
    let Pair { height, width } = output_size;
    slides.iter().try_for_each(|slide| slide.check(function))?;
    let kernel = Pair { height: slides[0].kernel, width: slides[1].kernel };
    let in_window = slides[0].kernel * slides[1].kernel;
    if !rows.is_multiple_of(in_window) {
        return fail_shape(
            function,
            format_args!(
                "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)={rows} and kernel_size={}.",
                kernel.tuple()
            ),
        );
    }
    let channels = rows / in_window;
    let columns = Columns::of(function, slides, batch.unwrap_or(1) * channels, [height, width])?;
    let [down, across] = columns.counts;
    if count != down * across {
        let pair = |of: fn(&Slide) -> usize| tuple(&[of(&slides[0]), of(&slides[1])]);
        return fail_shape(
            function,
            format_args!(
                "Given output_size={}, kernel_size={}, dilation={}, padding={}, stride={}, expected size of input's dimension 2 to match the calculated number of sliding blocks {down} * {across} = {}, but got input.size(2)={count}.",
                output_size.tuple(),
                kernel.tuple(),
                pair(|slide| slide.dilation),
                pair(|slide| slide.padding),
                pair(|slide| slide.stride),
                down * across
            ),
        );
    }
    let shape = batch.into_iter().chain([channels, height, width]).collect::<Vec<_>>();
    size::checked(function, &shape, size_of::<f64>())?;
    op::apply(function, Fold { columns, shape: Shape::from(shape) }, [x])
}

/// Planes, and the windows that slide over them.
struct Columns {
    slides: [Slide; 2],
    planes: usize,
    size: [usize; 2],
    /// How many windows there are along height and width.
    counts: [usize; 2],
}

impl Columns {
    fn of(function: &str, slides: [Slide; 2], planes: usize, size: [usize; 2]) -> Result<Columns> {
        slides.iter().try_for_each(|slide| slide.check(function))?;
        let [down, across] = [0, 1].map(|axis| slides[axis].windows(size[axis], false));
        let (Some(down), Some(across)) = (down, across) else {
            let kernel = tuple(&slides.map(|slide| slide.kernel));
            return fail(
                function,
                format_args!(
                    "no window of kernel_size={kernel} fits into the padded image of {} x {}",
                    size[0] + 2 * slides[0].padding,
                    size[1] + 2 * slides[1].padding
                ),
            );
        };
        Ok(Columns { slides, planes, size, counts: [down, across] })
    }

    fn kernel(&self) -> usize {
        self.slides[0].kernel * self.slides[1].kernel
    }

    fn windows(&self) -> usize {
        self.counts[0] * self.counts[1]
    }

    fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Calls `visit` with each place among a plane's columns and the pixel that stands there.
    fn each(&self, mut visit: impl FnMut(usize, usize)) {
        let [rows, columns] = self.slides;
        let pixel = |slide: &Slide, window: usize, weight: usize, size: usize| {
            let padded = window * slide.stride + weight * slide.dilation;
            padded.checked_sub(slide.padding).filter(|pixel| *pixel < size)
        };
        let mut at = 0;
        for weight in 0..self.kernel() {
            let (i, j) = (weight / columns.kernel, weight % columns.kernel);
            for a in 0..self.counts[0] {
                let row = pixel(&rows, a, i, self.size[0]);
                for b in 0..self.counts[1] {
                    let column = pixel(&columns, b, j, self.size[1]);
                    if let (Some(row), Some(column)) = (row, column) {
                        visit(at, row * self.size[1] + column);
                    }
                    at += 1;
                }
            }
        }
    }

    fn taken<T: Number>(&self, images: &[T]) -> Vec<T> {
        let per_plane = self.kernel() * self.windows();
        loops::by_pieces(self.planes * per_plane, per_plane.max(1), |plane, out: &mut [T]| {
            let image = &images[plane * self.pixels()..][..self.pixels()];
            self.each(|at, pixel| out[at] = image[pixel]);
        })
    }

    fn added<T: Number>(&self, columns: &[T]) -> Vec<T> {
        let per_plane = self.kernel() * self.windows();
        loops::by_pieces(
            self.planes * self.pixels(),
            self.pixels().max(1),
            |plane, out: &mut [T]| {
                let columns = &columns[plane * per_plane..][..per_plane];
                self.each(|at, pixel| out[pixel] += columns[at]);
            },
        )
    }
}

struct Unfold {
    columns: Columns,
    shape: Shape,
}

impl Op for Unfold {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((self.columns.taken(args[0]), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(self.columns.added(call.grad))])
    }
}

struct Fold {
    columns: Columns,
    shape: Shape,
}

impl Op for Fold {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        Ok((self.columns.added(args[0]), self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        Ok(vec![Some(self.columns.taken(call.grad))])
    }
}
