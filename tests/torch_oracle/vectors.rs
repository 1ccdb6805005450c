//! The vectors, read; and how they are compared.

use std::sync::LazyLock;

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Tensor, Var};
use serde_json::Value;

pub static ORACLE: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/oracle-1.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

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
    } else {
        let [a, m, mul, add] = [0, 1, 2, 3].map(|index| value["gen"][index].as_f64().unwrap());
        let count = shape.iter().product::<usize>();
        (0..count).map(|index| ((index as i64 * a as i64) % m as i64) as f64 * mul + add).collect()
    };
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
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

/// The gradient of `sum(y * gy)`; zeros where there is none.
pub fn gradient(grads: &GradStore, var: &Var) -> Tensor {
    grads.get(var).cloned().unwrap_or_else(|| var.zeros_like().unwrap())
}
