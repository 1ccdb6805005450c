//! The distance of the rows of two tensors.

use candle_core::{Result, Shape, Tensor};

use crate::compute::beside::Beside;
use crate::compute::loops::rows_of;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::compute::reduce::{Cut, Outcome, reduced, rows};

/// `‖u - v + eps‖_p` along the last axis, of tensors of one shape and dtype.
pub(super) fn pairwise(
    function: &'static str,
    us: &Tensor,
    vs: &Tensor,
    p: f64,
    eps: f64,
) -> Result<Tensor> {
    let (size, rest) = match us.dims() {
        [] => (1, &[][..]),
        [rest @ .., size] => (*size, rest),
    };
    let loss = Pairwise { size, norm: Norm::of(p), eps, shape: Shape::from(rest) };
    op::apply(function, loss, [us, vs])
}

#[derive(Clone, Copy)]
enum Norm {
    /// How many elements are not 0.
    Count,
    Absolute,
    Euclidean,
    Largest,
    Power(f64),
}

impl Norm {
    fn of(p: f64) -> Norm {
        match p {
            0.0 => Norm::Count,
            1.0 => Norm::Absolute,
            2.0 => Norm::Euclidean,
            p if p == f64::INFINITY => Norm::Largest,
            p => Norm::Power(p),
        }
    }

    #[inline(always)]
    fn length(self, differences: impl Iterator<Item = f64>) -> f64 {
        match self {
            Norm::Count => differences.filter(|d| *d != 0.0).count() as f64,
            Norm::Absolute => differences.map(f64::abs).sum(),
            Norm::Euclidean => differences.map(|d| d * d).sum::<f64>().sqrt(),
            Norm::Largest => {
                differences.fold(0.0, |most, d| if d.abs() <= most { most } else { d.abs() })
            }
            Norm::Power(p) => differences.map(|d| d.abs().powf(p)).sum::<f64>().powf(1.0 / p),
        }
    }

    /// The slope of the length at one difference; `ties` differences are as large as the largest.
    #[inline(always)]
    fn slope(self, d: f64, length: f64, ties: f64) -> f64 {
        let sign = Number::sign(d);
        match self {
            Norm::Count => 0.0,
            Norm::Absolute => sign,
            _ if length == 0.0 => 0.0,
            Norm::Euclidean => d / length,
            Norm::Largest if d.abs() == length => sign / ties,
            Norm::Largest => 0.0,
            Norm::Power(_) if d == 0.0 => 0.0,
            Norm::Power(p) => sign * (d.abs() / length).powf(p - 1.0),
        }
    }
}

struct Pairwise {
    /// How many numbers a row has.
    size: usize,
    norm: Norm,
    eps: f64,
    /// The shape of the distances.
    shape: Shape,
}

impl Pairwise {
    /// The differences of a row, rounded as PyTorch rounds them.
    #[inline(always)]
    fn differences<'a, R: Number>(
        &self,
        us: &'a [R],
        vs: &'a [R],
        row: usize,
    ) -> impl Iterator<Item = f64> + Clone + use<'a, R> {
        let eps = R::of(self.eps);
        let range = row * self.size..(row + 1) * self.size;
        us[range.clone()].iter().beside(&vs[range]).map(move |(u, v)| (*u - *v + eps).to_f64())
    }
}

impl Op for Pairwise {
    fn forward<R: Number>(&self, inputs: &[&[R]]) -> Result<(Vec<R>, Shape)> {
        let write = |start: usize, lengths: &mut [R]| {
            for (length, row) in lengths.iter_mut().beside(start..) {
                let differences = self.differences(inputs[0], inputs[1], row);
                *length = R::of(self.norm.length(differences));
            }
            Ok(())
        };
        reduced(Outcome::Each, &self.shape, Cut::pieces(rows_of(self.size)), write)
    }

    fn backward<R: Number>(&self, call: Call<'_, R>) -> Result<Gradients<R>> {
        let (us, vs) = (call.args[0], call.args[1]);
        let result = rows(us.len(), self.size, rows_of(self.size), |row, out| {
            let differences = self.differences(us, vs, row);
            let length = self.norm.length(differences.clone());
            let ties = match self.norm {
                Norm::Largest => differences.clone().filter(|d| d.abs() == length).count() as f64,
                _ => 1.0,
            };
            let grad = call.grad[row].to_f64();
            for (out, d) in out.iter_mut().beside(differences) {
                *out = R::of(grad * self.norm.slope(d, length, ties));
            }
            Ok(())
        })?;
        let negated = call.wanted[1].then(|| result.iter().map(|slope| -*slope).collect());
        Ok(vec![call.wanted[0].then_some(result), negated])
    }
}
