//! Times layers of sequences and images: `cargo bench --bench layers [-- NAME..]`.
#![allow(clippy::unwrap_used)]

mod measure;

use akari::prelude::*;

use self::measure::Bench;

fn main() {
    let bench = Bench::new("layers");
    for rows in [recurrent, attention, images] {
        rows(&bench);
    }
}

/// A forward pass, and one with the gradients of all parameters and of the input.
fn both(bench: &Bench, name: &str, runs: usize, x: &Tensor, forward: impl Fn(&Tensor) -> Tensor) {
    bench.row(&format!("{name}: forward"), runs, || drop(forward(x)));
    let x = Var::from_tensor(x).unwrap();
    bench.backward(&format!("{name}: forward, backward"), runs, || torch::sum(&forward(&x)));
}

fn recurrent(bench: &Bench) {
    let x = torch::randn((35, 32, 128)).unwrap();
    let rnn = nn::RNN::new(128, 128).unwrap();
    both(bench, "RNN 128, 35 x 32", 20, &x, |x| rnn.forward(x, None).unwrap().0);
    let lstm = nn::LSTM::new(128, 128).unwrap();
    both(bench, "LSTM 128, 35 x 32", 20, &x, |x| lstm.forward(x, None).unwrap().0);
    let gru = nn::GRU::new(128, 128).unwrap();
    both(bench, "GRU 128, 35 x 32", 20, &x, |x| gru.forward(x, None).unwrap().0);
}

fn attention(bench: &Bench) {
    let config = nn::TransformerEncoderLayerConfig {
        dim_feedforward: 512,
        dropout: 0.0,
        batch_first: true,
        ..Default::default()
    };
    let layer = nn::TransformerEncoderLayer::with_config(128, 4, config).unwrap();
    let x = torch::randn((32, 35, 128)).unwrap();
    both(bench, "TransformerEncoderLayer 128, 32 x 35", 20, &x, |x| layer.forward(x).unwrap());
}

fn images(bench: &Bench) {
    let x = torch::randn((16, 32, 28, 28)).unwrap();
    let config =
        nn::ConvTranspose2dConfig { stride: 2.into(), padding: 1.into(), ..Default::default() };
    let up = nn::ConvTranspose2d::new(32, 16, 4, config).unwrap();
    both(bench, "ConvTranspose2d 32-16, 16 x 28 x 28", 20, &x, |x| up.forward(x).unwrap());
    let norm = nn::GroupNorm::new(8, 32).unwrap();
    both(bench, "GroupNorm 8 of 32, 16 x 28 x 28", 20, &x, |x| norm.forward(x).unwrap());
    let mode = nn::InterpolateMode::Bilinear;
    let config = nn::UpsampleConfig { scale_factor: Some(2.0), mode, ..Default::default() };
    let up = nn::Upsample::with_config(config);
    both(bench, "Upsample bilinear, 16 x 32 x 28 x 28", 20, &x, |x| up.forward(x).unwrap());
    let x = torch::randn((32, 64, 256)).unwrap();
    let config = nn::Conv1dConfig { padding: nn::Padding::Same, ..Default::default() };
    let conv = nn::Conv1d::new(64, 64, 3, config).unwrap();
    both(bench, "Conv1d 64-64, 32 x 256", 20, &x, |x| conv.forward(x).unwrap());
}
