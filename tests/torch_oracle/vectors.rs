//! The vectors, read; and how they are compared.

use std::sync::LazyLock;

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Tensor, Var};
use serde_json::Value;

pub static ORACLE: LazyLock<Value> = LazyLock::new(|| file("AKARI_ORACLE", "oracle-1.json"));

/// The vectors in the file that the environment names, else in that of `tests/oracle`.
pub fn file(variable: &str, name: &str) -> Value {
    let kept = || format!("{}/tests/oracle/{name}", env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var(variable).unwrap_or_else(|_| kept());
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn section(name: &str) -> &'static [Value] {
    ORACLE[name].as_array().unwrap()
}

pub fn dtype(name: &str) -> DType {
    match name {
        "f32" => DType::F32,
        "f64" => DType::F64,
        "f16" => DType::F16,
        "bf16" => DType::BF16,
        "i64" => DType::I64,
        "i32" => DType::I32,
        "i16" => DType::I16,
        // candle has no truth values; the prelude keeps them in u8.
        "u8" | "bool" => DType::U8,
        other => panic!("dtype {other}"),
    }
}

pub fn floats(hex: &str, dtype: DType) -> Vec<f64> {
    let digits = dtype.size_in_bytes() * 2;
    (0..hex.len() / digits)
        .map(|index| {
            let bits = u64::from_str_radix(&hex[index * digits..][..digits], 16).unwrap();
            match dtype {
                DType::F32 => f64::from(f32::from_bits(bits as u32)),
                DType::F64 => f64::from_bits(bits),
                DType::F16 => half::f16::from_bits(bits as u16).to_f64(),
                _ => half::bf16::from_bits(bits as u16).to_f64(),
            }
        })
        .collect()
}

pub fn shape(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|it| it.as_u64().unwrap() as usize).collect()
}

pub fn tensor(value: &Value) -> Tensor {
    let dtype = dtype(value["dtype"].as_str().unwrap());
    let shape = shape(&value["shape"]);
    if let Some(ints) = value["ints"].as_array() {
        let ints = ints.iter().map(|it| it.as_i64().unwrap()).collect::<Vec<_>>();
        return Tensor::from_vec(ints, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
    }
    let values = if let Some(hex) = value["hex"].as_str() {
        floats(hex, dtype)
    } else if let Some(hex) = value["cycle"].as_str() {
        // A few numbers that are repeated until the tensor is full.
        floats(hex, dtype).into_iter().cycle().take(shape.iter().product()).collect()
    } else {
        let [a, m, mul, add] = [0, 1, 2, 3].map(|index| value["gen"][index].as_f64().unwrap());
        let count = shape.iter().product::<usize>();
        (0..count).map(|index| ((index as i64 * a as i64) % m as i64) as f64 * mul + add).collect()
    };
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

/// The view of a tensor that a vector names, if it names one: axes in another order, a part of an
/// axis, an axis that repeats.
pub fn viewed(tensor: &Tensor, views: &Value) -> Tensor {
    let mut view = tensor.clone();
    for step in views.as_array().into_iter().flatten() {
        let number = |index: usize| step[index].as_u64().unwrap() as usize;
        view = match step[0].as_str().unwrap() {
            "permute" => view.permute(shape(&step[1])),
            "narrow" => view.narrow(number(1), number(2), number(3)),
            "expand" => view.broadcast_as(shape(&step[1])),
            other => panic!("view {other}"),
        }
        .unwrap();
    }
    view
}

pub fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The first place where two lists of numbers are too far apart.
pub fn difference(found: &[f64], expected: &[f64], relative: f64, absolute: f64) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} numbers instead of {}", found.len(), expected.len()));
    }
    let is_near = |a: f64, b: f64| {
        a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= absolute + relative * b.abs()
    };
    let pairs = found.iter().zip(expected).enumerate();
    pairs
        .filter(|(_, (a, b))| !is_near(**a, **b))
        .map(|(index, (a, b))| format!("[{index}] is {a:e} instead of {b:e}"))
        .next()
}

/// Relative and absolute tolerance of values and of gradients.
pub fn tolerance(dtype: DType, is_gradient: bool) -> (f64, f64) {
    match (dtype, is_gradient) {
        (DType::F64, _) => (1e-10, 1e-13),
        // The last bit of a half, and PyTorch rounds to halves between steps as well.
        (DType::F16, _) => (2e-3, 2e-3),
        (DType::BF16, _) => (1.6e-2, 1.6e-2),
        (_, false) => (2e-6, 1e-6),
        (_, true) => (1e-5, 1e-6),
    }
}

pub fn compare(found: &Tensor, expected: &Value, is_gradient: bool) -> Option<String> {
    compare_with(found, &tensor(expected), is_gradient)
}

pub fn compare_with(found: &Tensor, expected: &Tensor, is_gradient: bool) -> Option<String> {
    if found.dims() != expected.dims() || found.dtype() != expected.dtype() {
        return Some(format!("{found:?} instead of {expected:?}"));
    }
    let (relative, absolute) = tolerance(expected.dtype(), is_gradient);
    difference(&values(found), &values(expected), relative, absolute)
}

/// [`compare`] for results that PyTorch sums up in f32, so that its own last bits are off where
/// numbers cancel.
pub fn compare_at_scale(found: &Tensor, expected: &Value, is_gradient: bool) -> Option<String> {
    let (relative, absolute) = tolerance(dtype(expected["dtype"].as_str().unwrap()), is_gradient);
    let numbers = written(expected);
    let largest = numbers.iter().filter(|it| it.is_finite()).fold(1f64, |a, b| a.max(b.abs()));
    // A gradient that an expanded input collects is a sum of many.
    let terms = expected["terms"].as_f64().unwrap_or(1.0);
    compare_within(found, expected, (relative, absolute * largest * terms))
}

/// [`compare`] with tolerances of one's own, also of a tensor of which every n-th number is written.
pub fn compare_within(
    found: &Tensor,
    expected: &Value,
    (relative, absolute): (f64, f64),
) -> Option<String> {
    let (shape, dtype) = (shape(&expected["shape"]), dtype(expected["dtype"].as_str().unwrap()));
    if found.dims() != shape || found.dtype() != dtype {
        return Some(format!("{found:?} instead of {shape:?} of {dtype:?}"));
    }
    let every = expected["every"].as_u64().unwrap_or(1) as usize;
    let found = values(found).into_iter().step_by(every).collect::<Vec<_>>();
    difference(&found, &written(expected), relative, absolute)
}

/// The numbers of a tensor that a vector has, which may be every n-th one only.
fn written(value: &Value) -> Vec<f64> {
    match value["hex"].as_str() {
        Some(hex) => floats(hex, dtype(value["dtype"].as_str().unwrap())),
        None => values(&tensor(value)),
    }
}

/// The gradient of `sum(y * gy)`; zeros where there is none.
pub fn gradient(grads: &GradStore, var: &Var) -> Tensor {
    grads.get(var).cloned().unwrap_or_else(|| var.zeros_like().unwrap())
}
