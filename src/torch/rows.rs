//! Reductions: some axes are brought to the end, so that what is reduced to one number lies side by side as a row.
//!
//! A reduction with a gradient is a [`RowFunction`], one that counts or compares a loop over rows. Rows are shared
//! between threads, each is read by one: no result depends on their number.

use candle_core::{Result, Shape, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::copy::permuted;
use crate::compute::loops::{self, PARALLEL_FROM, PIECE};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::recording;
use crate::compute::threads;
use crate::error::fail;
use crate::functional::transpose::contiguous;
use crate::tensor::axis::{self, Axes};

/// A tensor whose named axes are the last ones, contiguous.
pub(super) struct Rows {
    pub(super) tensor: Tensor,
    pub(super) count: usize,
    pub(super) size: usize,
    /// The result's shape.
    pub(super) shape: Shape,
}

/// What becomes of the axes that are reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduced {
    /// They go away.
    Gone,
    /// One element of each is left: `keepdim=True`.
    Kept,
}

impl Reduced {
    pub(super) fn with(keepdim: bool) -> Reduced {
        if keepdim { Reduced::Kept } else { Reduced::Gone }
    }
}

impl Rows {
    /// The named axes as rows; all if none is named.
    pub(super) fn of(
        function: &'static str,
        x: &Tensor,
        dims: &dyn Axes,
        reduced: Reduced,
    ) -> Result<Rows> {
        let Order { axes, count, size, shape } = Order::new(function, x, dims, reduced)?;
        let x = &recording::argument(x);
        let tensor = if axes.is_sorted() { x.clone() } else { x.permute(axes)? };
        Ok(Rows { tensor: contiguous(&tensor)?, count, size, shape })
    }

    /// # Errors
    ///
    /// If there are rows without elements, of which a function has no value.
    pub(super) fn needs_elements(self, function: &str, axis: Option<usize>) -> Result<Rows> {
        if self.size > 0 || self.count == 0 {
            return Ok(self);
        }
        match axis {
            Some(axis) => {
                fail(function, format_args!("Expected reduction dim {axis} to have non-zero size."))
            }
            None => fail(function, "expected at least one element, but the input is empty"),
        }
    }

    /// What a loop makes of each row.
    pub(super) fn map<T, R>(&self, xs: &[T], row: impl Fn(&[T]) -> R + Sync) -> Vec<R>
    where
        T: WithDType,
        R: Send,
    {
        by_rows(xs, self.count, self.size, row)
    }
}

/// Applies a function that has a gradient to the rows that the named axes make. The axes are turned within the operation:
/// on the way back, no gradient goes to a tensor in between.
pub(super) fn reduce<F: RowFunction>(
    name: &'static str,
    x: &Tensor,
    dims: &dyn Axes,
    reduced: Reduced,
    function: F,
) -> Result<Tensor> {
    let Order { axes, count, size, shape } = Order::new(name, x, dims, reduced)?;
    let turn = (!axes.is_sorted()).then(|| Turn { axes, dims: x.dims().to_vec() });
    op::apply(name, Reduction { function, turn, count, size, shape }, [x])
}

/// The axes of a tensor in the order in which the named ones are the last.
pub(super) struct Order {
    axes: Vec<usize>,
    pub(super) count: usize,
    pub(super) size: usize,
    /// The result's shape.
    shape: Shape,
}

impl Order {
    pub(super) fn new(
        function: &str,
        x: &Tensor,
        dims: &dyn Axes,
        reduced: Reduced,
    ) -> Result<Order> {
        let is_named = &axis::resolve_all(function, x, dims)?;
        let axes = |named: bool| (0..x.rank()).filter(move |axis| is_named[*axis] == named);
        let size = |named: bool| axes(named).map(|axis| x.dims()[axis]).product();
        let mut shape = Vec::new();
        for (size, is_named) in x.dims().iter().beside(is_named) {
            match (is_named, reduced) {
                (false, _) => shape.push(*size),
                (true, Reduced::Kept) => shape.push(1),
                (true, Reduced::Gone) => {}
            }
        }
        Ok(Order {
            axes: axes(false).chain(axes(true)).collect(),
            count: size(false),
            size: size(true),
            shape: Shape::from(shape),
        })
    }
}

fn by_rows<T: WithDType, R: Send>(
    xs: &[T],
    count: usize,
    size: usize,
    row: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    // Few numbers are one piece, which no other thread is woken for.
    let is_large = xs.len() >= PARALLEL_FROM;
    let least = if is_large { PIECE.div_ceil(size.max(1)) } else { count };
    threads::collect(count, least, |index| row(&xs[index * size..][..size]))
}

/// A number made of a row, and the gradients of the row's elements.
pub(super) trait RowFunction: Copy + Send + Sync + 'static {
    fn value<T: Number>(&self, row: &[T]) -> T;

    /// Writes the gradients of a row's elements, from its value and the value's gradient. `out` begins as zeros.
    fn gradient<T: Number>(&self, row: &[T], value: T, grad: T, out: &mut [T]);
}

/// Axes in another order.
struct Turn {
    axes: Vec<usize>,
    /// The sizes before.
    dims: Vec<usize>,
}

impl Turn {
    /// The turned elements, each row of which lies side by side.
    fn turned<T: Number>(&self, xs: &[T]) -> Vec<T> {
        permuted(xs, &self.dims, &self.axes)
    }

    /// The elements in their former order.
    fn back<T: Number>(&self, xs: &[T]) -> Vec<T> {
        let dims = self.axes.iter().map(|axis| self.dims[*axis]).collect::<Vec<_>>();
        let mut axes = vec![0; dims.len()];
        self.axes.iter().enumerate().for_each(|(place, axis)| axes[*axis] = place);
        permuted(xs, &dims, &axes)
    }
}

struct Reduction<F> {
    function: F,
    turn: Option<Turn>,
    count: usize,
    size: usize,
    shape: Shape,
}

impl<F: RowFunction> Op for Reduction<F> {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let turned = self.turn.as_ref().map(|turn| turn.turned(args[0]));
        let xs = turned.as_deref().unwrap_or(args[0]);
        let values = by_rows(xs, self.count, self.size, |row| self.function.value(row));
        Ok((values, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let size = self.size;
        if call.args[0].is_empty() {
            return Ok(vec![Some(Vec::new())]);
        }
        let turned = self.turn.as_ref().map(|turn| turn.turned(call.args[0]));
        let xs = turned.as_deref().unwrap_or(call.args[0]);
        let some = (PIECE / size).max(1);
        let grads = loops::by_pieces(xs.len(), some * size, |index, out: &mut [T]| {
            for (at, out) in out.chunks_exact_mut(size).enumerate() {
                let row = index * some + at;
                let (value, grad) = (call.result[row], call.grad[row]);
                self.function.gradient(&xs[row * size..][..size], value, grad, out);
            }
        });
        Ok(vec![Some(match &self.turn {
            Some(turn) => turn.back(&grads),
            None => grads,
        })])
    }
}
