//! The angle between pairs of vectors.

use candle_core::{Result, Shape, Tensor};

use super::options::Reduction;
use crate::compute::beside::Beside;
use crate::compute::loops::rows_of;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced, rows};
use crate::error::{fail_shape, need_float};
use crate::tensor::promote::{broadcast_to, promote, promote_and_broadcast};

/// Added to each squared length, so that a vector of zeros has an angle.
const EPSILON: f64 = 1e-12;

/// [`nn::CosineEmbeddingLoss`](crate::nn::CosineEmbeddingLoss) as a function (PyTorch's defaults: 0, mean).
///
/// ```
/// use akari::prelude::*;
/// let (u, v, t) = (tensor!([[1., 0.]]), tensor!([[0., 1.]]), tensor!([1]));
/// let y = F::cosine_embedding_loss(&u, &v, &t, 0.0, Reduction::Mean)?;
/// assert_eq!(y.to_scalar::<f32>()?, 1.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn cosine_embedding_loss(
    input1: &Tensor,
    input2: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    cosine_embedding_loss_named(
        "F::cosine_embedding_loss",
        input1,
        input2,
        target,
        margin,
        reduction,
    )
}

pub(crate) fn cosine_embedding_loss_named(
    function: &'static str,
    input1: &Tensor,
    input2: &Tensor,
    target: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Result<Tensor> {
    let axes = target.rank();
    if axes > 1 {
        return fail_shape(function, "0D or 1D target tensor expected, multi-target not supported");
    }
    if input1.rank() != axes + 1 || input2.rank() != axes + 1 {
        return fail_shape(
            function,
            format_args!(
                "{axes}D target tensor expects {}D input tensors, but found inputs with sizes {:?} and {:?}",
                axes + 1,
                input1.dims(),
                input2.dims()
            ),
        );
    }
    let (input1, input2) = promote_and_broadcast(function, input1, input2)?;
    need_float(function, "inputs", &input1)?;
    let (size, rows) = match *input1.dims() {
        [rows, size] => (size, Shape::from(rows)),
        _ => (input1.elem_count(), Shape::from(())),
    };
    // A target of one element stands for all rows, a row of inputs for all targets.
    let (target, _) = promote(target, &input1)?;
    let shape = if axes == 0 || target.dims() == [1] {
        rows
    } else if rows.dims() == [1] || rows.dims() == target.dims() {
        target.shape().clone()
    } else {
        return fail_shape(
            function,
            format_args!(
                "The size of tensor a ({}) must match the size of tensor b ({}) at non-singleton dimension 0",
                target.elem_count(),
                rows.elem_count()
            ),
        );
    };
    let mut whole = shape.dims().to_vec();
    whole.push(size);
    let whole = Shape::from(whole);
    let (input1, input2) = (broadcast_to(&input1, &whole)?, broadcast_to(&input2, &whole)?);
    let target = broadcast_to(&target.detach(), &shape)?;
    let loss =
        Cosine { size, margin, outcome: reduction.outcome(shape.elem_count() as f64), shape };
    op::apply_with(function, loss, [&input1, &input2], &[&target])
}

struct Cosine {
    /// How many numbers a vector has.
    size: usize,
    margin: f64,
    outcome: Outcome,
    /// The shape of the losses.
    shape: Shape,
}

/// `u·v`, `u·u + ε`, `v·v + ε`.
#[inline(always)]
fn products<R: Number>(us: &[R], vs: &[R]) -> [f64; 3] {
    let mut sums = [0.0, EPSILON, EPSILON];
    for (u, v) in us.iter().beside(vs) {
        let (u, v) = (u.to_f64(), v.to_f64());
        sums[0] += u * v;
        sums[1] += u * u;
        sums[2] += v * v;
    }
    sums
}

impl Cosine {
    fn row<'a, R>(&self, values: &'a [R], row: usize) -> &'a [R] {
        &values[row * self.size..][..self.size]
    }

    fn value(&self, cosine: f64, target: f64) -> f64 {
        match target {
            1.0 => 1.0 - cosine,
            -1.0 if cosine - self.margin <= 0.0 => 0.0,
            -1.0 => cosine - self.margin,
            _ => 0.0,
        }
    }

    fn slope(&self, cosine: f64, target: f64) -> f64 {
        match target {
            1.0 => -1.0,
            -1.0 if cosine - self.margin > 0.0 => 1.0,
            _ => 0.0,
        }
    }
}

impl Op for Cosine {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let write = |start: usize, losses: &mut [R]| {
            for (index, loss) in losses.iter_mut().enumerate() {
                let row = start + index;
                let [dot, uu, vv] = products(self.row(inputs[0], row), self.row(inputs[1], row));
                *loss = R::of(self.value(dot / (uu * vv).sqrt(), inputs[2][row].to_f64()));
            }
            Ok(())
        };
        reduced(self.outcome, &self.shape, Cut::pieces(rows_of(self.size)), write)
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let targets = call.args[2];
        let side = |us: &[R], vs: &[R]| {
            rows(us.len(), self.size, rows_of(self.size), |row, out| {
                let (us, vs) = (self.row(us, row), self.row(vs, row));
                let [dot, uu, vv] = products(us, vs);
                let length = (uu * vv).sqrt();
                let slope = self.slope(dot / length, targets[row].to_f64())
                    * self.outcome.gradient(call.grad, row).to_f64();
                let (along, across) = (slope * dot / (length * uu), slope / length);
                for ((out, u), v) in out.iter_mut().beside(us).beside(vs) {
                    *out = R::of(across * v.to_f64() - along * u.to_f64());
                }
                Ok(())
            })
        };
        let (us, vs) = (call.args[0], call.args[1]);
        Ok(vec![
            call.wanted[0].then(|| side(us, vs)).transpose()?,
            call.wanted[1].then(|| side(vs, us)).transpose()?,
        ])
    }
}
