//! Times the activations, forward and backward, as JSON lines: `cargo bench --bench activations`.
//!
//! `RAYON_NUM_THREADS` sets the threads, `ELEMENTS` how many numbers (ten million if it isn't set).
//! `benches/torch_activations.py` prints the same lines for PyTorch.
//!
//! `backward_ms` is all of `backward()`. `engine_ms` is what candle spends in it for any function:
//! the gradient of the result as ones, a gradient of zeros, and their sum. It is measured on a
//! function that hands its gradient on.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;

use akari::candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape};
use akari::prelude::*;

/// Runs of which the median is taken, after two that aren't counted.
const RUNS: usize = 9;

struct HandOn;

impl CustomOp1 for HandOn {
    fn name(&self) -> &'static str {
        "hand on"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((storage.clone(), layout.shape().clone()))
    }

    fn bwd(&self, _arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.clone()))
    }
}

fn median(mut run: impl FnMut() -> f64) -> f64 {
    let mut times = (0..RUNS + 2).map(|_| run()).skip(2).collect::<Vec<_>>();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn milliseconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e3
}

fn backward(y: &Tensor) -> f64 {
    median(|| {
        milliseconds(|| {
            black_box(y.backward().unwrap());
        })
    })
}

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
    let elements = std::env::var("ELEMENTS").ok().and_then(|it| it.parse().ok());
    let elements: usize = elements.unwrap_or(10_000_000);
    let threads = std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| {
        std::thread::available_parallelism().map_or(1, usize::from).to_string()
    });
    let numbers = (0..elements).map(|index| ((index * 7919) % 10_007) as f32 / 1000.0 - 5.0);
    let flat = Tensor::from_iter(numbers, &Device::Cpu).unwrap();
    let rows = flat.reshape((elements / 1000, 1000)).unwrap();
    let (flat, rows) = (Var::from_tensor(&flat).unwrap(), Var::from_tensor(&rows).unwrap());
    let engine_ms = backward(&flat.apply_op1(HandOn).unwrap());
    let functions = ELEMENTWISE.iter().map(|it| (it, &flat));
    for ((name, function), x) in functions.chain(ALONG_AN_AXIS.iter().map(|it| (it, &rows))) {
        let forward_ms = median(|| {
            milliseconds(|| {
                black_box(function(x).unwrap());
            })
        });
        let backward_ms = backward(&function(x).unwrap());
        println!(
            "{{\"library\": \"akari\", \"function\": \"{name}\", \"elements\": {elements}, \
             \"threads\": {threads}, \"forward_ms\": {forward_ms:.2}, \
             \"backward_ms\": {backward_ms:.2}, \"engine_ms\": {engine_ms:.2}}}"
        );
    }
}
