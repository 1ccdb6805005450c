//! Measures the memory of a training step: `cargo bench --bench memory [-- NAME..]`.
//!
//! A row's `peak_mb` is by how much the process grows at most while steps run, beyond what model and data take. One
//! step is made before that, for what is loaded once. `benches/prelude.py` runs each row in a process of its own, so
//! that no row finds memory that another one left behind.
#![allow(clippy::unwrap_used)]

mod measure;

use akari::prelude::*;

use self::measure::Bench;

const STEPS: usize = 5;

fn main() {
    let bench = Bench::new("memory");
    for rows in [mlp, cnn, normed, classes] {
        rows(&bench);
    }
}

fn linear(inputs: usize, outputs: usize) -> nn::Linear {
    nn::Linear::new(inputs, outputs).unwrap()
}

fn steps(bench: &Bench, row: &str, model: &nn::Sequential, shape: &[usize], classes: i64) {
    if !bench.wants(row) {
        return;
    }
    let (x, y) = (torch::randn(shape).unwrap(), torch::randint(0, classes, shape[0]).unwrap());
    let mut sgd = optim::SGD::new(model.parameters(), Default::default()).unwrap();
    let mut step = || {
        let loss = nn::CrossEntropyLoss::default().forward(&model.forward(&x).unwrap(), &y);
        sgd.backward_step(&loss.unwrap()).unwrap();
    };
    step();
    bench.row(row, STEPS, step);
}

fn mlp(bench: &Bench) {
    let model = nn::seq![
        linear(784, 1024),
        F::relu,
        linear(1024, 1024),
        F::relu,
        linear(1024, 1024),
        F::relu,
        linear(1024, 10),
    ];
    steps(bench, "mlp of four layers, batch 4096", &model, &[4096, 784], 10);
}

fn cnn(bench: &Bench) {
    let conv = |inputs, outputs| {
        let config = nn::Conv2dConfig { padding: 1, ..Default::default() };
        nn::Conv2d::new(inputs, outputs, 3, config).unwrap()
    };
    let model = nn::seq![
        conv(3, 16),
        nn::BatchNorm2d::new(16).unwrap(),
        F::relu,
        nn::MaxPool2d::new(2),
        conv(16, 32),
        nn::BatchNorm2d::new(32).unwrap(),
        F::relu,
        nn::MaxPool2d::new(2),
        nn::Flatten::default(),
        linear(32 * 16 * 16, 10),
    ];
    steps(bench, "cnn 16-32, batch 64, 64 x 64", &model, &[64, 3, 64, 64], 10);
}

fn normed(bench: &Bench) {
    let norm = || nn::LayerNorm::new([1024]).unwrap();
    let model = nn::seq![
        linear(256, 1024),
        norm(),
        F::relu,
        linear(1024, 1024),
        norm(),
        F::relu,
        linear(1024, 10)
    ];
    steps(bench, "mlp with LayerNorm, batch 4096", &model, &[4096, 256], 10);
}

fn classes(bench: &Bench) {
    let model = nn::seq![linear(64, 30_000)];
    steps(bench, "cross entropy of 30000 classes, batch 512", &model, &[512, 64], 30_000);
}
