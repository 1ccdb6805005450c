//! Times the activations: `cargo bench --bench activations [-- NAME..]`, on ten million numbers, or
//! on `ELEMENTS`.
#![allow(clippy::unwrap_used)]

mod measure;

use std::hint::black_box;

use akari::candle_core::Result;
use akari::prelude::*;

use self::measure::Bench;

const RUNS: usize = 9;

type Function = fn(&Tensor) -> Result<Tensor>;

const ELEMENTWISE: &[(&str, Function)] = &[
    ("relu", F::relu),
    ("relu6", F::relu6),
    ("hardtanh", |x| F::hardtanh(x, -1.0, 1.0)),
    ("threshold", |x| F::threshold(x, 0.5, -7.0)),
    ("leaky_relu", |x| F::leaky_relu(x, 0.01)),
    ("hardswish", F::hardswish),
    ("hardsigmoid", F::hardsigmoid),
    ("hardshrink", |x| F::hardshrink(x, 0.5)),
    ("softshrink", |x| F::softshrink(x, 0.5)),
    ("elu", |x| F::elu(x, 1.0)),
    ("selu", F::selu),
    ("celu", |x| F::celu(x, 1.0)),
    ("sigmoid", F::sigmoid),
    ("tanh", F::tanh),
    ("tanhshrink", F::tanhshrink),
    ("softsign", F::softsign),
    ("logsigmoid", F::logsigmoid),
    ("softplus", |x| F::softplus(x, 1.0, 20.0)),
    ("silu", F::silu),
    ("mish", F::mish),
    ("gelu", |x| F::gelu(x, Gelu::None)),
    ("gelu(tanh)", |x| F::gelu(x, Gelu::Tanh)),
    ("glu", |x| F::glu(x, -1)),
];

const ALONG_AN_AXIS: &[(&str, Function)] = &[
    ("softmax(-1)", |x| F::softmax(x, -1)),
    ("softmax(0)", |x| F::softmax(x, 0)),
    ("log_softmax(-1)", |x| F::log_softmax(x, -1)),
    ("log_softmax(0)", |x| F::log_softmax(x, 0)),
];

fn main() {
    let bench = Bench::new("activations");
    let elements = std::env::var("ELEMENTS").ok().and_then(|it| it.parse().ok());
    let elements: usize = elements.unwrap_or(10_000_000);
    let numbers = (0..elements).map(|index| ((index * 7919) % 10_007) as f32 / 1000.0 - 5.0);
    let flat = Tensor::from_iter(numbers, &Device::Cpu).unwrap();
    let rows = flat.reshape((elements / 1000, 1000)).unwrap();
    let (flat, rows) = (Var::from_tensor(&flat).unwrap(), Var::from_tensor(&rows).unwrap());
    let both = |name: &str, x: &Var, function: &dyn Fn(&Tensor) -> Result<Tensor>| {
        bench.backward(&format!("{name}, and backward"), RUNS, || function(x));
    };
    let functions = ELEMENTWISE.iter().map(|it| (it, &flat));
    for ((name, function), x) in functions.chain(ALONG_AN_AXIS.iter().map(|it| (it, &rows))) {
        let constant = x.as_detached_tensor();
        bench.row(&format!("{name}, forward"), RUNS, || {
            black_box(function(&constant).unwrap());
        });
        both(name, x, function);
    }
}
