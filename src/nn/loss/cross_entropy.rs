//! Cross entropy of logits, against class numbers or class probabilities.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail,
};

use crate::error::fail;
use crate::functional::log_softmax;
use crate::nn::Reduction;
use crate::tensor::reduce::{mean_over, sum_all};

const NAME: &str = "nn::CrossEntropyLoss";

/// Cross entropy of logits; softmax is part of it.
///
/// ```text
/// l = -(1 - s) w_y ln p_y - (s / C) Σ_c w_c ln p_c     with p = softmax(x)
/// ```
///
/// `y` is the target's class, `C` the number of classes, `s` the label smoothing, `w` the weights.
/// Against probabilities `q`: `l = -Σ_c w_c ((1 - s) q_c + s / C) ln p_c`.
///
/// # Shapes
///
/// Input `(C)`, `(N, C)` or `(N, C, d1, ..)`. A target of class numbers (`i64`, `u8` or `u32`) has
/// the input's shape without the class axis; one of probabilities has the input's shape. The mean
/// divides by the weights of the classes that weren't ignored, with probabilities by `N · d1 ..`.
///
/// # Errors
///
/// For shapes or dtypes other than these, a class out of range, a smoothing outside 0 to 1, and
/// weights of another length than `C`. See PyTorch's `CrossEntropyLoss`.
#[derive(Debug, Clone)]
pub struct CrossEntropyLoss {
    /// A factor for each class.
    pub weight: Option<Tensor>,
    /// Elements of this class count for nothing.
    pub ignore_index: i64,
    /// The share of a target that is spread over all classes; makes a model less sure of itself.
    pub label_smoothing: f64,
    pub reduction: Reduction,
}

impl Default for CrossEntropyLoss {
    fn default() -> Self {
        CrossEntropyLoss {
            weight: None,
            ignore_index: -100,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }
}

impl CrossEntropyLoss {
    /// The loss of the logits `input` against `target`.
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        if !(0.0..=1.0).contains(&self.label_smoothing) {
            return fail(
                NAME,
                format_args!(
                    "label_smoothing must be between 0.0 and 1.0. Got: {}",
                    self.label_smoothing
                ),
            );
        }
        if !input.dtype().is_float() {
            return fail(
                NAME,
                format_args!(
                    "not implemented for an input of dtype {:?} (convert it with .to_dtype(DType::F32)?)",
                    input.dtype()
                ),
            );
        }
        if input.rank() == 0 {
            return fail(NAME, "the input needs an axis of classes, but has no axes");
        }
        let axis = usize::from(input.rank() > 1);
        let weights = self.class_weights(input.dims()[axis])?;
        if input.dims() == target.dims() {
            self.of_probabilities(input, target, axis, weights)
        } else {
            self.of_classes(input, target, axis, weights)
        }
    }

    fn class_weights(&self, classes: usize) -> Result<Vec<f64>> {
        let Some(weight) = &self.weight else { return Ok(vec![1.0; classes]) };
        if weight.dims() != [classes] {
            return fail(
                NAME,
                format_args!(
                    "weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: {:?}",
                    weight.dims()
                ),
            );
        }
        weight.to_dtype(DType::F64)?.to_vec1()
    }

    fn of_classes(
        &self,
        input: &Tensor,
        target: &Tensor,
        axis: usize,
        weights: Vec<f64>,
    ) -> Result<Tensor> {
        let targets = self.targets(input, target, axis, weights.len())?;
        let divisor = targets.iter().flatten().map(|class| weights[*class]).sum::<f64>();
        let picked = PickClass {
            targets,
            weights,
            smoothing: self.label_smoothing,
            shape: target.shape().clone(),
            axis,
        };
        let losses = log_softmax(input, axis)?.contiguous()?.apply_op1(picked)?;
        match self.reduction {
            Reduction::None => Ok(losses),
            Reduction::Sum => sum_all(&losses),
            // With nothing to average this is 0 / 0 = nan, and the gradient 0.
            Reduction::Mean => mean_over(&losses, divisor),
        }
    }

    /// The classes, without those to ignore.
    fn targets(
        &self,
        input: &Tensor,
        target: &Tensor,
        axis: usize,
        classes: usize,
    ) -> Result<Vec<Option<usize>>> {
        let mut expected = input.dims().to_vec();
        expected.remove(axis);
        if target.dims() != expected {
            return fail(
                NAME,
                format_args!(
                    "the target's shape {:?} fits neither class numbers {expected:?} nor class probabilities {:?}",
                    target.dims(),
                    input.dims()
                ),
            );
        }
        if !matches!(target.dtype(), DType::I64 | DType::U8 | DType::U32) {
            return fail(
                NAME,
                format_args!(
                    "expected target dtype to be I64 or U8, but got {:?} (convert it with .to_dtype(DType::I64)?)",
                    target.dtype()
                ),
            );
        }
        let numbers = target.to_dtype(DType::I64)?.flatten_all()?.to_vec1::<i64>()?;
        let class = |number: i64| match usize::try_from(number) {
            _ if number == self.ignore_index => Ok(None),
            Ok(class) if class < classes => Ok(Some(class)),
            _ => fail(
                NAME,
                format_args!("Target {number} is out of bounds (there are {classes} classes)"),
            ),
        };
        numbers.into_iter().map(class).collect()
    }

    fn of_probabilities(
        &self,
        input: &Tensor,
        target: &Tensor,
        axis: usize,
        weights: Vec<f64>,
    ) -> Result<Tensor> {
        if !target.dtype().is_float() {
            return fail(
                NAME,
                format_args!(
                    "Expected floating point type for target with class probabilities, got {:?}",
                    target.dtype()
                ),
            );
        }
        if self.ignore_index >= 0 {
            return fail(NAME, "ignore_index is not supported for floating point target");
        }
        let classes = weights.len();
        let mut shape = vec![1; input.rank()];
        shape[axis] = classes;
        let weights = Tensor::from_vec(weights, shape, input.device())?.to_dtype(input.dtype())?;
        let smoothed = target
            .to_dtype(input.dtype())?
            .affine(1.0 - self.label_smoothing, self.label_smoothing / classes as f64)?;
        let wanted = smoothed.broadcast_mul(&weights)?.contiguous()?;
        let terms = log_softmax(input, axis)?.contiguous()?.apply_op2(&wanted, NegativeProduct)?;
        let positions = input.elem_count() as f64 / classes as f64;
        match self.reduction {
            Reduction::None => terms.sum(axis),
            Reduction::Sum => sum_all(&terms),
            Reduction::Mean => mean_over(&terms, positions),
        }
    }
}

/// From log probabilities to the loss of each position.
#[derive(Clone)]
struct PickClass {
    targets: Vec<Option<usize>>,
    weights: Vec<f64>,
    smoothing: f64,
    /// Of the targets, and so of the losses.
    shape: Shape,
    axis: usize,
}

impl PickClass {
    /// Calls `visit` for each position that counts, with the places of its classes and its target.
    fn each(&self, dims: &[usize], mut visit: impl FnMut(usize, &dyn Fn(usize) -> usize, usize)) {
        let inner = dims[self.axis + 1..].iter().product::<usize>().max(1);
        for (position, target) in self.targets.iter().enumerate() {
            let Some(target) = *target else { continue };
            let start = position / inner * inner * self.weights.len() + position % inner;
            visit(position, &|class| start + class * inner, target);
        }
    }

    /// How much a class counts at a position of this target.
    fn factor(&self, class: usize, target: usize) -> f64 {
        let hard = if class == target { 1.0 - self.smoothing } else { 0.0 };
        self.weights[class] * (hard + self.smoothing / self.weights.len() as f64)
    }

    fn forward<T: WithDType>(&self, values: &[T], layout: &Layout) -> CpuStorage {
        let values = &values[layout.start_offset()..];
        let mut losses = vec![T::zero(); self.targets.len()];
        self.each(layout.dims(), |position, place, target| {
            let terms = (0..self.weights.len()).map(|class| match self.factor(class, target) {
                // A class that doesn't count must not bring in 0 * inf.
                0.0 => 0.0,
                factor => -factor * values[place(class)].to_f64(),
            });
            losses[position] = T::from_f64(terms.sum());
        });
        T::to_cpu_storage_owned(losses)
    }

    fn backward<T: WithDType>(&self, arg: &Tensor, grad: &Tensor) -> Result<Tensor> {
        let grads = grad.flatten_all()?.to_vec1::<T>()?;
        let mut result = vec![T::zero(); arg.elem_count()];
        self.each(arg.dims(), |position, place, target| {
            for class in 0..self.weights.len() {
                let factor = self.factor(class, target);
                if factor != 0.0 {
                    result[place(class)] = T::from_f64(-factor * grads[position].to_f64());
                }
            }
        });
        Tensor::from_vec(result, arg.shape(), arg.device())
    }
}

impl CustomOp1 for PickClass {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(values) => self.forward(values, layout),
            CpuStorage::F64(values) => self.forward(values, layout),
            CpuStorage::F16(values) => self.forward(values, layout),
            CpuStorage::BF16(values) => self.forward(values, layout),
            _ => bail!("{NAME}: the input must be a float"),
        };
        Ok((storage, self.shape.clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(match arg.dtype() {
            DType::F32 => self.backward::<f32>(arg, grad)?,
            DType::F64 => self.backward::<f64>(arg, grad)?,
            // Half precision goes by way of f32, which holds all of its numbers.
            dtype => self.backward::<f32>(arg, &grad.to_dtype(DType::F32)?)?.to_dtype(dtype)?,
        }))
    }
}

/// `-x · q`, with gradients for both.
struct NegativeProduct;

impl CustomOp2 for NegativeProduct {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        fn product<T: WithDType>(
            a: &[T],
            a_layout: &Layout,
            b: &[T],
            b_layout: &Layout,
        ) -> CpuStorage {
            let (a, b) = (&a[a_layout.start_offset()..], &b[b_layout.start_offset()..]);
            let pairs = a.iter().zip(b).take(a_layout.shape().elem_count());
            T::to_cpu_storage_owned(
                pairs.map(|(a, b)| T::from_f64(-a.to_f64() * b.to_f64())).collect(),
            )
        }
        let storage = match (a, b) {
            (CpuStorage::F32(a), CpuStorage::F32(b)) => product(a, a_layout, b, b_layout),
            (CpuStorage::F64(a), CpuStorage::F64(b)) => product(a, a_layout, b, b_layout),
            (CpuStorage::F16(a), CpuStorage::F16(b)) => product(a, a_layout, b, b_layout),
            (CpuStorage::BF16(a), CpuStorage::BF16(b)) => product(a, a_layout, b, b_layout),
            _ => bail!("{NAME}: input and target must be floats"),
        };
        Ok((storage, a_layout.shape().clone()))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.neg()?;
        Ok((Some((b * &grad)?), Some((a * &grad)?)))
    }
}
