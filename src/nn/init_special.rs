//! The rarer ways of `nn::init` to fill a variable: orthogonal, cut off, identities, sparse.
//!
//! After `torch::manual_seed` the numbers are PyTorch's; an orthogonal matrix is PyTorch's up to the last digits, since
//! it is computed in another order.

use candle_core::{DType, Device, Result, Tensor, Var};
use rayon::prelude::*;

use crate::error::fail;
use crate::random::PROCESS;
use crate::sampling::{fill_normal, fill_uniform, permutation};

/// A random matrix whose rows (or columns, if they are fewer) are orthogonal and of length `gain`; Saxe and others,
/// 2014.
///
/// ```text
/// w wᵀ = gain² 1   or   wᵀ w = gain² 1
/// ```
///
/// All axes but the first count as one. PyTorch's default gain is 1. See PyTorch's `init.orthogonal_`.
///
/// # Errors
///
/// If the variable has fewer than two axes.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::zeros((2, 3), DType::F64, &Device::Cpu)?;
/// nn::init::orthogonal_(&w, 1.0)?;
/// let product = w.matmul(&w.t()?)?.to_vec2::<f64>()?;
/// assert!((product[0][0] - 1.0).abs() < 1e-12 && product[0][1].abs() < 1e-12);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn orthogonal_(var: &Var, gain: f64) -> Result<()> {
    if var.rank() < 2 {
        return fail(
            "nn::init::orthogonal_",
            "Only tensors with 2 or more dimensions are supported",
        );
    }
    if var.elem_count() == 0 {
        return Ok(());
    }
    let rows = var.dims()[0];
    let columns = var.elem_count() / rows;
    let normal = Var::zeros((rows, columns), var.dtype(), var.device())?;
    fill_normal(&normal, 0.0, 1.0)?;
    // The shorter vectors are made orthogonal to each other: the rows of a wide matrix, the columns of a high one.
    let normal = if rows < columns { normal.as_tensor().clone() } else { normal.t()? };
    let mut vectors = normal.to_dtype(DType::F64)?.to_vec2::<f64>()?;
    // What rounding leaves after the first time is gone after the second.
    orthonormalize(&mut vectors);
    orthonormalize(&mut vectors);
    let (count, length) = (vectors.len(), vectors[0].len());
    let matrix = Tensor::from_vec(vectors.concat(), (count, length), &Device::Cpu)?;
    let matrix = if rows < columns { matrix } else { matrix.t()? };
    var.set(&(matrix.to_dtype(var.dtype())?.reshape(var.shape())? * gain)?)
}

/// Gram and Schmidt's way, by which the triangular factor has a positive diagonal, as PyTorch makes it.
fn orthonormalize(vectors: &mut [Vec<f64>]) {
    for index in 0..vectors.len() {
        let (before, behind) = vectors.split_at_mut(index + 1);
        let vector = &mut before[index];
        let norm = vector.iter().map(|number| number * number).sum::<f64>().sqrt();
        if norm > 0.0 {
            vector.iter_mut().for_each(|number| *number /= norm);
        }
        behind.par_iter_mut().for_each(|other| {
            let product = vector.iter().zip(&*other).map(|(a, b)| a * b).sum::<f64>();
            other.iter_mut().zip(&*vector).for_each(|(b, a)| *b -= product * a);
        });
    }
}

/// Normal numbers of which none is below `a` or above `b`; PyTorch's defaults are 0, 1, -2 and 2.
///
/// Numbers outside are drawn again, as PyTorch does from 2.15 on; before, it drew others. See PyTorch's
/// `init.trunc_normal_`.
///
/// # Errors
///
/// If the deviation is not positive, or `a` is not below `b`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::zeros(1000, DType::F32, &Device::Cpu)?;
/// nn::init::trunc_normal_(&w, 0.0, 1.0, -2.0, 2.0)?;
/// assert!(torch::max(&w)?.item()? <= 2.0 && torch::min(&w)?.item()? >= -2.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn trunc_normal_(var: &Var, mean: f64, std: f64, a: f64, b: f64) -> Result<()> {
    let is_right = std > 0.0 && a < b && mean.is_finite();
    if !is_right {
        return fail(
            "nn::init::trunc_normal_",
            format_args!("needs std > 0 and a < b, but has mean={mean}, std={std}, a={a}, b={b}"),
        );
    }
    if var.elem_count() == 0 {
        return Ok(());
    }
    let within = Tensor::new(&[(b - mean) / std, (a - mean) / std], &Device::Cpu)?;
    let within = (within / 2f64.sqrt())?.erf()?.to_vec1::<f64>()?;
    if (within[0] - within[1]) / 2.0 > 0.3 {
        return again_where_outside(var, mean, std, (a, b));
    }
    again_where_improbable(var, mean, std, (a, b))
}

/// Draws normal numbers until all are inside.
fn again_where_outside(var: &Var, mean: f64, std: f64, (a, b): (f64, f64)) -> Result<()> {
    fill_normal(var, mean, std)?;
    let bound = |value: f64| Tensor::full(value, var.shape(), var.device())?.to_dtype(var.dtype());
    let (low, high) = (bound(a)?, bound(b)?);
    let again = Var::zeros(var.shape(), var.dtype(), var.device())?;
    loop {
        let values = var.as_detached_tensor();
        let is_outside = (values.lt(&low)? + values.gt(&high)?)?;
        if is_outside.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()? == 0.0 {
            return Ok(());
        }
        fill_normal(&again, mean, std)?;
        var.set(&is_outside.where_cond(&again, &values)?)?;
    }
}

/// Draws uniform numbers, and each again until chance, by the density there, takes it: where little of the normal
/// distribution is inside.
fn again_where_improbable(var: &Var, mean: f64, std: f64, (a, b): (f64, f64)) -> Result<()> {
    let mode = a.max(mean.min(b));
    let log_peak = -0.5 * ((mode - mean) / std).powi(2);
    let (candidate, chance) = (
        Var::zeros(var.shape(), var.dtype(), var.device())?,
        Var::zeros(var.shape(), var.dtype(), var.device())?,
    );
    let is_refused = |candidate: &Tensor| -> Result<Tensor> {
        let density = ((((candidate - mean)? / std)?.sqr()? * -0.5)? - log_peak)?;
        fill_uniform(&chance, 0.0, 1.0)?;
        chance.log()?.gt(&density)
    };
    fill_uniform(var, a, b)?;
    let mut pending = is_refused(&var.as_detached_tensor())?;
    while pending.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()? > 0.0 {
        fill_uniform(&candidate, a, b)?;
        let values = var.as_detached_tensor();
        var.set(&pending.where_cond(&candidate, &values)?)?;
        let refused = is_refused(&candidate.as_detached_tensor())?;
        pending = (pending * refused)?;
    }
    Ok(())
}

/// Ones on the diagonal, zeros elsewhere: a layer that keeps its inputs. See PyTorch's `init.eye_`.
///
/// # Errors
///
/// If the variable has not two axes.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Linear::no_bias(3, 2)?;
/// nn::init::eye_(&layer.weight)?;
/// assert_eq!(layer.weight.to_vec2::<f32>()?, [[1., 0., 0.], [0., 1., 0.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn eye_(var: &Var) -> Result<()> {
    let [rows, columns] = *var.dims() else {
        return fail("nn::init::eye_", "Only tensors with 2 dimensions are supported");
    };
    let ones = (0..rows.min(columns)).map(|index| index * columns + index);
    set_ones(var, ones)
}

/// A convolution's weight that keeps its channels: one in the middle of each window from a channel to itself. See
/// PyTorch's `init.dirac_`.
///
/// With several groups, PyTorch's default is 1, each of them keeps its channels.
///
/// # Errors
///
/// If the variable has not 3, 4 or 5 axes, or the groups don't divide its first.
///
/// ```
/// use akari::prelude::*;
/// let layer = nn::Conv2d::new(2, 2, 3, nn::Conv2dConfig { padding: 1, bias: false, ..Default::default() })?;
/// nn::init::dirac_(&layer.weight, 1)?;
/// let x = torch::rand((1, 2, 4, 4))?;
/// assert_eq!(layer.forward(&x)?.flatten_all()?.to_vec1::<f32>()?, x.flatten_all()?.to_vec1::<f32>()?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn dirac_(var: &Var, groups: usize) -> Result<()> {
    const FUNCTION: &str = "nn::init::dirac_";
    let [outputs, inputs, ref window @ ..] = *var.dims() else {
        return fail(FUNCTION, "Only tensors with 3, 4, or 5 dimensions are supported");
    };
    if window.is_empty() || window.len() > 3 {
        return fail(FUNCTION, "Only tensors with 3, 4, or 5 dimensions are supported");
    }
    if groups == 0 || !outputs.is_multiple_of(groups) {
        return fail(FUNCTION, "dim 0 must be divisible by groups");
    }
    let area = window.iter().product::<usize>();
    if area == 0 {
        return Ok(());
    }
    let middle = window.iter().fold(0, |place, size| place * size + size / 2);
    let in_group = outputs / groups;
    let kept = in_group.min(inputs);
    let ones = (0..groups).flat_map(|group| {
        (0..kept)
            .map(move |channel| ((group * in_group + channel) * inputs + channel) * area + middle)
    });
    set_ones(var, ones)
}

fn set_ones(var: &Var, places: impl Iterator<Item = usize>) -> Result<()> {
    let mut values = vec![0f32; var.elem_count()];
    places.for_each(|place| values[place] = 1.0);
    let values = Tensor::from_vec(values, var.shape(), &Device::Cpu)?;
    var.set(&values.to_dtype(var.dtype())?)
}

/// Normal numbers, of which a share in each column is zero; Martens, 2010.
///
/// `sparsity` is the share of zeros, `std` the deviation of the others, by PyTorch's default 0.01. See PyTorch's
/// `init.sparse_`.
///
/// # Errors
///
/// If the variable has not two axes, or the share is not from 0 to 1.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::zeros((10, 2), DType::F32, &Device::Cpu)?;
/// nn::init::sparse_(&w, 0.3, 0.01)?;
/// assert_eq!(w.flatten_all()?.to_vec1::<f32>()?.iter().filter(|number| **number == 0.0).count(), 6);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn sparse_(var: &Var, sparsity: f64, std: f64) -> Result<()> {
    const FUNCTION: &str = "nn::init::sparse_";
    let [rows, columns] = *var.dims() else {
        return fail(FUNCTION, "Only tensors with 2 dimensions are supported");
    };
    if !(0.0..=1.0).contains(&sparsity) || std.is_nan() || std < 0.0 {
        return fail(
            FUNCTION,
            format_args!("needs a sparsity from 0 to 1 and std >= 0, not {sparsity} and {std}"),
        );
    }
    fill_normal(var, 0.0, std)?;
    let zeros = (sparsity * rows as f64).ceil() as usize;
    let mut kept = vec![1f32; rows * columns];
    for column in 0..columns {
        for row in permutation(rows, PROCESS).into_iter().take(zeros) {
            kept[row * columns + column] = 0.0;
        }
    }
    let kept = Tensor::from_vec(kept, (rows, columns), &Device::Cpu)?.to_dtype(var.dtype())?;
    var.set(&(var.as_detached_tensor() * kept)?)
}
