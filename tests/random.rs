//! Random numbers against PyTorch's, to the bit, and where the generator stands after them.
//!
//! `tests/oracle/draws.py SEED OUT` writes the vectors; `AKARI_DRAWS_ORACLE` names another file than the one of
//! seed 0. The numbers of PyTorch on processors with AVX2.
#![allow(clippy::unwrap_used)]

use std::sync::{LazyLock, Mutex};

use akari::nn::init::{self, Fan, Nonlinearity};
use akari::prelude::*;
use half::{bf16, f16};
use serde_json::Value;

type Result<T> = candle_core::Result<T>;

/// Held by tests that draw from the one generator of the process.
static SEEDED: Mutex<()> = Mutex::new(());

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_DRAWS_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/draws-0.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// The bits of a tensor's numbers.
fn bits(tensor: &Tensor) -> Vec<u64> {
    let flat = tensor.flatten_all().unwrap();
    fn of<T: candle_core::WithDType>(flat: &Tensor, bits: fn(T) -> u64) -> Vec<u64> {
        flat.to_vec1::<T>().unwrap().into_iter().map(bits).collect()
    }
    match tensor.dtype() {
        DType::F32 => of::<f32>(&flat, |number| number.to_bits().into()),
        DType::F64 => of::<f64>(&flat, f64::to_bits),
        DType::F16 => of::<f16>(&flat, |number| number.to_bits().into()),
        DType::BF16 => of::<bf16>(&flat, |number| number.to_bits().into()),
        DType::I64 => of::<i64>(&flat, |number| number as u64),
        other => panic!("no draw gives {other:?}"),
    }
}

fn hashed(words: &[u64]) -> String {
    let mixed = words.iter().map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = mixed.map(|word| word ^ word >> 32).zip((1u64..).step_by(2));
    let hash = mixed.fold(0u64, |sum, (word, factor)| sum.wrapping_add(word.wrapping_mul(factor)));
    format!("{hash:016x}")
}

fn hex(word: u64, expected: &Value) -> String {
    format!("{word:0width$x}", width = expected.as_str().unwrap().len())
}

/// What differs from PyTorch's numbers, if anything does.
fn difference(found: &Tensor, expected: &Value) -> Option<String> {
    let words = bits(found);
    for (word, expected) in words.iter().zip(expected["first"].as_array().unwrap()) {
        let word = hex(*word, expected);
        if word != *expected {
            return Some(format!("{word} instead of {expected} among the first numbers"));
        }
    }
    (hashed(&words) != expected["hash"]).then(|| "another hash of all numbers".to_owned())
}

/// What the generator gives next, which tells where it stands.
fn then(expected: &Value) -> String {
    hex(bits(&torch::rand(1).unwrap())[0], expected)
}

fn flat(parts: &[Tensor]) -> Result<Tensor> {
    let parts = parts.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?;
    Tensor::cat(&parts, 0)
}

fn all(layer: &dyn nn::Layer) -> Result<Tensor> {
    let parts = layer.parameters().iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>();
    flat(&parts)
}

fn filled(name: &str, args: &[Value]) -> Result<Tensor> {
    let number = |index: usize| args[index].as_f64().unwrap();
    let dtype = match args[0].as_str().unwrap() {
        "f32" => DType::F32,
        "f64" => DType::F64,
        "f16" => DType::F16,
        _ => DType::BF16,
    };
    let shape = args[1].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize);
    let var = Var::zeros(shape.collect::<Vec<_>>(), dtype, &Device::Cpu)?;
    match name {
        "uniform_" => init::uniform_(&var, number(2), number(3))?,
        "normal_" => init::normal_(&var, number(2), number(3))?,
        "xavier_uniform_" => init::xavier_uniform_(&var, 1.0)?,
        "xavier_normal_" => init::xavier_normal_(&var, 1.0)?,
        "kaiming_uniform_" => init::kaiming_uniform_(&var, Fan::In, Nonlinearity::LeakyRelu(0.0))?,
        "kaiming_normal_" => init::kaiming_normal_(&var, Fan::Out, Nonlinearity::Relu)?,
        other => panic!("nobody knows {other}"),
    }
    Ok(var.as_tensor().clone())
}

fn drawn(name: &str, args: &[Value]) -> Result<Tensor> {
    let size = |index: usize| args[index].as_u64().unwrap() as usize;
    match name {
        "rand" => torch::rand(size(0)),
        "randn" => torch::randn(size(0)),
        "randint" => torch::randint(args[0].as_i64().unwrap(), args[1].as_i64().unwrap(), size(2)),
        "randperm" => torch::randperm(size(0)),
        "Linear" => all(&nn::Linear::new(size(0), size(1))?),
        "Conv2d" => all(&nn::Conv2d::new(size(0), size(1), size(2), Default::default())?),
        "Embedding" => all(&nn::Embedding::new(size(0), size(1))?),
        "padded" => {
            let config = nn::EmbeddingConfig { padding_idx: Some(size(2)) };
            all(&nn::Embedding::with_config(size(0), size(1), config)?)
        }
        "dropout" => {
            let ones = Tensor::ones(size(0), DType::F32, &Device::Cpu)?;
            F::dropout(&ones, args[1].as_f64().unwrap(), true)
        }
        "mixture" => flat(&[
            torch::randn(5)?,
            torch::rand(3)?,
            torch::randn(20)?,
            torch::randint(0, 10, 3)?.to_dtype(DType::F32)?,
            torch::randn(2)?,
        ]),
        _ => filled(name, args),
    }
}

#[test]
fn draws_are_pytorchs_to_the_bit() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let cases = VECTORS["draws"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let (name, args) = (case["id"].as_str().unwrap(), case["args"].as_array().unwrap());
        torch::manual_seed(case["seed"].as_u64().unwrap());
        let numbers = drawn(name, args).unwrap();
        assert_eq!(numbers.elem_count() as u64, case["count"].as_u64().unwrap());
        let place = then(&case["then"]);
        let moved = (place != case["then"]).then(|| "the generator stands elsewhere".to_owned());
        if let Some(text) = difference(&numbers, case).or(moved) {
            wrong.push(format!("{name}{}: {text}", case["args"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Megabytes that the process has; 0 where the system doesn't tell.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    (pages.unwrap_or_default() * 4096) >> 20
}

#[test]
fn vgg11_draws_torchvisions_weights_but_late() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let expected = &VECTORS["vgg11"];
    torch::manual_seed(expected["seed"].as_u64().unwrap());
    let before = resident();
    let model = models::vgg11().unwrap();
    let sgd = optim::SGD::new(model.parameters(), Default::default()).unwrap();
    assert!(sgd.to_string().starts_with("SGD ("));
    // What is drawn next follows the weights, though they are still to be drawn.
    assert_eq!(then(&expected["then"]), expected["then"]);
    assert!(resident() < before + 100, "the weights, 507 MB, are there before anybody looks");
    let named = model.named_parameters();
    let tensors = expected["tensors"].as_array().unwrap();
    assert_eq!(model.parameters().len(), tensors.len());
    assert_eq!(named.len(), tensors.len());
    for ((name, var), expected) in named.iter().zip(tensors) {
        assert_eq!(*name, expected["name"]);
        assert_eq!(serde_json::json!(var.dims()), expected["shape"], "{name}");
        assert_eq!(difference(var, expected), None, "{name}");
    }
}
