//! Targets that are class numbers: their shape and dtype checked, where their elements lie, what each class weighs.
//!
//! Cross entropy, negative log likelihood and the multi-class margin take their targets through [`Classes`], so that
//! the texts of errors are the same. The first two have a mean of their own, [`WeightedMean`].

use std::sync::OnceLock;

use candle_core::{DType, Result, Shape, Tensor};

use super::options::Reduction;
use super::tile::LANES;
use crate::compute::loops::rows_of;
use crate::compute::number::Number;
use crate::compute::op::with_elements;
use crate::error::{fail_dtype, fail_index, fail_shape};
use crate::tensor::parts;

/// Where the classes of each position of an input lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassRows {
    /// How many classes there are.
    pub count: usize,
    /// How far the classes of a position lie apart.
    pub stride: usize,
    pub positions: usize,
}

impl ClassRows {
    pub(super) fn of(input: &Tensor, axis: usize) -> ClassRows {
        let dims = input.dims();
        let stride = dims[axis + 1..].iter().product();
        let positions = dims[..axis].iter().product::<usize>() * stride;
        ClassRows { count: dims[axis], stride, positions }
    }

    /// Where the first class of a position lies.
    #[inline(always)]
    pub(super) fn base(self, position: usize) -> usize {
        match self.stride {
            1 => position * self.count,
            stride => position / stride * stride * self.count + position % stride,
        }
    }

    /// Where the positions from `start` on begin; the last of `count` stands in for missing ones.
    #[inline(always)]
    pub(super) fn bases(self, start: usize, count: usize) -> [usize; LANES] {
        let mut bases = [0; LANES];
        for (lane, base) in bases.iter_mut().enumerate() {
            *base = self.base(start + lane.min(count - 1));
        }
        bases
    }

    /// How many positions one thread takes at a time; all classes of a position stay together.
    pub(super) fn piece(self) -> usize {
        let whole = self.stride.max(1);
        rows_of(whole * self.count) * whole
    }
}

/// The classes of an input `(C)`, `(N, C)` or `(N, C, d1, ..)`, one for each of its positions.
pub(super) struct Classes {
    function: &'static str,
    /// The class numbers as contiguous `i64`.
    targets: Tensor,
    ignore_index: Option<i64>,
    /// A factor for each class.
    weights: Option<Vec<f64>>,
    pub rows: ClassRows,
    /// The shape of the targets, and so of the losses.
    pub shape: Shape,
}

impl Classes {
    pub(super) fn new(
        function: &'static str,
        input: &Tensor,
        target: &Tensor,
        weights: Option<Vec<f64>>,
        ignore_index: Option<i64>,
    ) -> Result<Classes> {
        let axis = class_axis(function, input)?;
        let mut expected = input.dims().to_vec();
        expected.remove(axis);
        // A target `(1)` stands for one without axes.
        if expected.is_empty() && target.dims() == [1] {
            expected.push(1);
        }
        check_shape(function, &expected, target.dims())?;
        if !matches!(target.dtype(), DType::I64 | DType::U8 | DType::U32) {
            return fail_dtype(
                function,
                format_args!(
                    "expected target dtype to be I64 or U8, but got {:?} (convert it with .to_dtype(DType::I64)?)",
                    target.dtype()
                ),
            );
        }
        Ok(Classes {
            function,
            targets: target.detach().to_dtype(DType::I64)?.contiguous()?,
            ignore_index,
            weights,
            rows: ClassRows::of(input, axis),
            shape: Shape::from(expected),
        })
    }

    pub(super) fn with_numbers<O>(&self, visit: impl FnOnce(&[i64]) -> Result<O>) -> Result<O> {
        with_elements(&self.targets, visit)
    }

    /// The class with this number, or none if the number is the one to ignore.
    #[inline(always)]
    pub(super) fn class(&self, number: i64) -> Result<Option<usize>> {
        if number as u64 >= self.rows.count as u64 || self.ignore_index == Some(number) {
            return self.no_class(number);
        }
        Ok(Some(number as usize))
    }

    #[inline(always)]
    pub(super) fn weight(&self, class: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[class])
    }

    /// The sum of the weights of all classes.
    pub(super) fn total_weight(&self) -> f64 {
        self.weights.as_ref().map_or(self.rows.count as f64, |weights| weights.iter().sum())
    }

    #[cold]
    fn no_class(&self, number: i64) -> Result<Option<usize>> {
        if self.ignore_index == Some(number) {
            return Ok(None);
        }
        fail_index(
            self.function,
            format_args!(
                "Target {number} is out of bounds (there are {} classes)",
                self.rows.count
            ),
        )
    }
}

/// The mean of losses divides by the weights of the targets that count, which are known after the forward pass.
pub(super) struct WeightedMean {
    reduction: Reduction,
    divisor: OnceLock<f64>,
}

impl WeightedMean {
    pub(super) fn new(reduction: Reduction) -> Self {
        WeightedMean { reduction, divisor: OnceLock::new() }
    }

    /// The divisor of the sum of losses, from the weights that count; none if the losses stay apart. With nothing to
    /// average the mean is 0 / 0 = nan, and the gradient 0.
    pub(super) fn divisor(&self) -> Option<impl FnOnce(f64) -> f64> {
        let is_mean = self.reduction == Reduction::Mean;
        let divisor =
            move |counted| *self.divisor.get_or_init(|| if is_mean { counted } else { 1.0 });
        (self.reduction != Reduction::None).then_some(divisor)
    }

    /// The gradient of the loss at a position, from that of the result.
    #[inline(always)]
    pub(super) fn gradients<'a, R: Number>(
        &self,
        gradient: &'a [R],
    ) -> impl Fn(usize) -> R + use<'a, R> {
        let divisor = R::of(self.divisor.get().copied().unwrap_or(1.0));
        move |position| gradient[if gradient.len() == 1 { 0 } else { position }] / divisor
    }
}

/// The axis of the classes: the second, or the only one.
pub(super) fn class_axis(function: &str, input: &Tensor) -> Result<usize> {
    match input.rank() {
        0 => fail_shape(function, "Expected 1 or more dimensions (got 0)"),
        1 => Ok(0),
        _ => Ok(1),
    }
}

fn check_shape(function: &str, expected: &[usize], found: &[usize]) -> Result<()> {
    match (expected.first(), found.first()) {
        _ if expected == found => Ok(()),
        (Some(input), Some(target)) if input != target => fail_shape(
            function,
            format_args!(
                "Expected input batch_size ({input}) to match target batch_size ({target})"
            ),
        ),
        _ => fail_shape(
            function,
            format_args!(
                "Expected target size {expected:?}, got {found:?} (or class probabilities of the input's shape)"
            ),
        ),
    }
}

/// The factors of the classes, if any.
pub(super) fn class_weights(
    function: &str,
    weight: Option<&Tensor>,
    classes: usize,
) -> Result<Option<Vec<f64>>> {
    let Some(weight) = weight else { return Ok(None) };
    if weight.dims() != [classes] {
        return fail_shape(
            function,
            format_args!(
                "weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: {:?}",
                weight.dims()
            ),
        );
    }
    Ok(Some(parts::values(weight)?))
}
