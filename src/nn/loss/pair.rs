//! The one mechanism behind elementwise losses: a value of two numbers, and its two slopes.
//!
//! Numbers are computed in `f64` and rounded to their dtype once, so that large logits neither
//! overflow nor lose digits.

use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType, bail,
};

/// A loss of an input element `x` and a target element `t`.
pub(super) trait PairLoss: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    fn value(&self, x: f64, t: f64) -> f64;
    fn input_slope(&self, x: f64, t: f64) -> f64;
    fn target_slope(&self, x: f64, t: f64) -> f64;
}

/// The losses of two tensors of one dtype and shape.
pub(super) fn apply<P: PairLoss>(loss: P, input: &Tensor, target: &Tensor) -> Result<Tensor> {
    input.contiguous()?.apply_op2(&target.contiguous()?, Op(loss))
}

struct Op<P>(P);

impl<P: PairLoss> CustomOp2 for Op<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        x_layout: &Layout,
        ts: &CpuStorage,
        t_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let value = |x, t| self.0.value(x, t);
        let storage = match (xs, ts) {
            (CpuStorage::F32(xs), CpuStorage::F32(ts)) => {
                zip(value, (xs, x_layout), (ts, t_layout))
            }
            (CpuStorage::F64(xs), CpuStorage::F64(ts)) => {
                zip(value, (xs, x_layout), (ts, t_layout))
            }
            (CpuStorage::F16(xs), CpuStorage::F16(ts)) => {
                zip(value, (xs, x_layout), (ts, t_layout))
            }
            (CpuStorage::BF16(xs), CpuStorage::BF16(ts)) => {
                zip(value, (xs, x_layout), (ts, t_layout))
            }
            _ => bail!("{}: input and target must be floats", P::NAME),
        };
        Ok((storage, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        input: &Tensor,
        target: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let of_input =
            input.apply_op3_no_bwd(target, &grad, &Slope(self.0.clone(), Side::Input))?;
        let of_target =
            input.apply_op3_no_bwd(target, &grad, &Slope(self.0.clone(), Side::Target))?;
        Ok((Some(of_input), Some(of_target)))
    }
}

#[derive(Clone, Copy)]
enum Side {
    Input,
    Target,
}

struct Slope<P>(P, Side);

impl<P: PairLoss> CustomOp3 for Slope<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        x_layout: &Layout,
        ts: &CpuStorage,
        t_layout: &Layout,
        grads: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let slope = |x, t| match self.1 {
            Side::Input => self.0.input_slope(x, t),
            Side::Target => self.0.target_slope(x, t),
        };
        macro_rules! same {
            ($($dtype:ident),*) => {
                match (xs, ts, grads) {
                    $((CpuStorage::$dtype(xs), CpuStorage::$dtype(ts), CpuStorage::$dtype(grads)) => {
                        zip3(slope, (xs, x_layout), (ts, t_layout), (grads, grad_layout))
                    })*
                    _ => bail!("{}: gradients are floats of the inputs' dtype", P::NAME),
                }
            };
        }
        Ok((same!(F32, F64, F16, BF16), x_layout.shape().clone()))
    }
}

fn zip<T: WithDType>(
    value: impl Fn(f64, f64) -> f64,
    xs: (&[T], &Layout),
    ts: (&[T], &Layout),
) -> CpuStorage {
    let pairs = elements(xs).iter().zip(elements(ts));
    T::to_cpu_storage_owned(
        pairs.map(|(x, t)| T::from_f64(value(x.to_f64(), t.to_f64()))).collect(),
    )
}

fn zip3<T: WithDType>(
    slope: impl Fn(f64, f64) -> f64,
    xs: (&[T], &Layout),
    ts: (&[T], &Layout),
    grads: (&[T], &Layout),
) -> CpuStorage {
    let triples = elements(xs).iter().zip(elements(ts)).zip(elements(grads));
    let product =
        |((x, t), grad): ((&T, &T), &T)| T::from_f64(slope(x.to_f64(), t.to_f64()) * grad.to_f64());
    T::to_cpu_storage_owned(triples.map(product).collect())
}

/// The elements of a contiguous tensor; [`apply`] makes them so.
fn elements<'a, T>((values, layout): (&'a [T], &Layout)) -> &'a [T] {
    &values[layout.start_offset()..][..layout.shape().elem_count()]
}
