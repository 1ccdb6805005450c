//! Gradients beside finite differences, for the tests of layers and of `torch`'s functions.

use akari::candle_core::Result;
use akari::prelude::*;

/// Numbers without ties, different for each `seed`.
pub fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let count = shape.iter().product::<usize>();
    let value = |index: usize| ((index * 7 + seed * 13 + 3) as f64 * 0.713).sin() * 2.0;
    let values = (0..count).map(value).collect::<Vec<_>>();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Compares the gradients of `sum(weights · f)` with differences of `f`.
pub fn check_gradients(name: &str, args: &[Tensor], f: impl Fn(&[&Tensor]) -> Result<Tensor>) {
    let vars = args.iter().map(|arg| Var::from_tensor(arg).unwrap()).collect::<Vec<_>>();
    let tensors = vars.iter().map(|var| var.as_tensor()).collect::<Vec<_>>();
    let y = f(&tensors).unwrap();
    let weights = numbers(y.dims(), 99);
    let grads = (&y * &weights).unwrap().sum_all().unwrap().backward().unwrap();
    let total = |args: &[&Tensor]| {
        (f(args).unwrap() * &weights).unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap()
    };
    for (index, arg) in vars.iter().enumerate() {
        let found = values(grads.get(arg).unwrap_or_else(|| panic!("{name}: no gradient {index}")));
        let start = values(arg);
        for (place, found) in found.iter().enumerate() {
            let at = |step: f64| {
                let mut moved = start.clone();
                moved[place] += step;
                let moved = Tensor::from_vec(moved, arg.shape(), &Device::Cpu).unwrap();
                let mut tensors = tensors.clone();
                tensors[index] = &moved;
                total(&tensors)
            };
            let expected = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!(
                (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                "{name}: gradient {index} at {place} is {found} instead of {expected}"
            );
        }
    }
}
