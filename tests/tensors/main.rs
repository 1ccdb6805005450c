//! The functions of `torch` (sums, functions of one number, products, copies) and convolutions, against the formulas that
//! define them, finite differences, and numbers of PyTorch 2.15, whose Python stands beside them.
#![allow(clippy::unwrap_used)]

mod convolution;
mod copies;
mod elementary;
mod empty_views;
mod errors;
#[path = "../finite_differences.rs"]
mod finite_differences;
mod formula;
mod matmul;
mod sums;

use akari::candle_core::Result;
use akari::prelude::*;

pub use self::finite_differences::{check_gradients, numbers};

/// Tensors of all shapes and layouts that a function may meet, of a dtype.
pub fn odd(dtype: DType) -> Vec<Tensor> {
    let x = |shape: &[usize]| numbers(shape, 1).to_dtype(dtype).unwrap();
    vec![
        x(&[]),
        x(&[1]),
        x(&[7]),
        x(&[0]),
        x(&[0, 3]),
        x(&[3, 0]),
        x(&[2, 0, 3]),
        x(&[1, 1, 1]),
        x(&[4, 5]),
        x(&[4, 5]).t().unwrap(),
        x(&[4, 9]).narrow(1, 2, 5).unwrap(),
        x(&[9, 4]).narrow(0, 2, 5).unwrap().t().unwrap(),
        x(&[5]).broadcast_as((4, 5)).unwrap(),
        x(&[4, 1]).broadcast_as((4, 5)).unwrap(),
        x(&[2, 3, 4, 5]),
        x(&[2, 3, 4, 5]).permute((0, 2, 3, 1)).unwrap(),
        x(&[2, 3, 4, 5]).permute((3, 1, 2, 0)).unwrap(),
        x(&[2, 3, 4, 5]).permute((1, 0, 3, 2)).unwrap(),
        x(&[70, 90]).t().unwrap(),
        x(&[3, 70, 33]).transpose(0, 2).unwrap(),
        x(&[300, 3]),
        x(&[3, 300]),
        x(&[2, 1, 3, 1, 2]),
    ]
}

pub fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// How far a result may be from the formula, as a share of the largest number that it is made of.
pub fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e-13,
        DType::F32 => 3e-6,
        DType::F16 => 2e-3,
        _ => 2e-2,
    }
}

#[track_caller]
pub fn assert_near(name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}: how many numbers there are");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_near = found == expected
            || found.is_nan() && expected.is_nan()
            || (found - expected).abs() <= tolerance * (1.0 + expected.abs());
        assert!(is_near, "{name}: [{index}] is {found:e} instead of {expected:e}");
    }
}

pub fn error<T>(result: Result<T>) -> String {
    result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string())
}

/// What `work` gives with one thread and with several, which must be the same to the bit.
pub fn assert_same_on_all_threads(name: &str, work: impl Fn() -> Tensor + Sync) {
    let on = |threads: usize| {
        let pool = rayon_pool(threads);
        pool.install(|| values(&work()).iter().map(|it| it.to_bits()).collect::<Vec<_>>())
    };
    let one = on(1);
    for threads in [2, 3, 7] {
        assert!(on(threads) == one, "{name}: {threads} threads give other numbers than one");
    }
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}
