//! Times the functions of `torch` (sums, functions of one number, products, copies): `cargo bench --bench tensors [-- NAME..]`.
//!
//! Where candle has the same function, it is timed right beside ours.
#![allow(clippy::unwrap_used)]

mod measure;

use akari::candle_core::Result;
use akari::prelude::*;

use self::measure::Bench;

fn main() {
    let bench = Bench::new("tensors");
    for rows in [sums, elements, products, copies, rows_of_tables] {
        rows(&bench);
    }
}

fn forward(bench: &Bench, name: &str, f: impl Fn() -> Result<Tensor>) {
    bench.row(&format!("{name}: forward"), 100, || drop(f().unwrap()));
}

/// The function by itself, and with a backward from the sum of its results.
fn both(bench: &Bench, name: &str, x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) {
    let x = Var::from_tensor(x).unwrap();
    forward(bench, name, || f(&x.as_detached_tensor()));
    bench.backward(&format!("{name}: forward, backward"), 100, || torch::sum(&f(&x)?));
}

fn sums(bench: &Bench) {
    let x = torch::randn((1000, 1000)).unwrap();
    both(bench, "sum 1000 x 1000", &x, torch::sum);
    both(bench, "sum(0) 1000 x 1000", &x, |x| torch::sum_dim(x, 0));
    forward(bench, "candle's sum(0) 1000 x 1000", || x.sum(0));
    both(bench, "sum(1) 1000 x 1000", &x, |x| torch::sum_dim(x, 1));
    both(bench, "mean(0) 1000 x 1000", &x, |x| torch::mean_dim(x, 0));
    both(bench, "cumsum(0) 1000 x 1000", &x, |x| torch::cumsum(x, 0));
    both(bench, "cumsum(1) 1000 x 1000", &x, |x| torch::cumsum(x, 1));
    bench.row("candle's cumsum(1) 1000 x 1000: forward", 5, || drop(x.cumsum(1).unwrap()));
    let long = torch::randn(1_000_000).unwrap();
    forward(bench, "cumsum(0) 1000000", || torch::cumsum(&long, 0));
    let narrow = torch::randn((100_000, 10)).unwrap();
    forward(bench, "sum(0) 100000 x 10", || torch::sum_dim(&narrow, 0));
    forward(bench, "sum(1) 100000 x 10", || torch::sum_dim(&narrow, 1));
    forward(bench, "cumsum(0) 100000 x 10", || torch::cumsum(&narrow, 0));
    let images = torch::randn((64, 16, 28, 28)).unwrap();
    both(bench, "sum(0, 2, 3) 64 x 16 x 28 x 28", &images, |x| torch::sum_dim(x, (0, 2, 3)));
}

fn elements(bench: &Bench) {
    let x = torch::rand((1000, 1000)).unwrap();
    both(bench, "exp 1000000", &x, torch::exp);
    forward(bench, "candle's exp 1000000", || x.exp());
    both(bench, "log 1000000", &x, torch::log);
    both(bench, "sqrt 1000000", &x, torch::sqrt);
    both(bench, "square 1000000", &x, torch::square);
    both(bench, "sin 1000000", &x, torch::sin);
    both(bench, "cos 1000000", &x, torch::cos);
    both(bench, "pow(1.5) 1000000", &x, |x| torch::pow(x, 1.5));
    forward(bench, "log1p 1000000", || torch::log1p(&x));
    forward(bench, "pow(0.7) 1000000", || torch::pow(&x, 0.7));
    forward(bench, "abs 1000000", || torch::abs(&x));
    forward(bench, "clamp 1000000", || torch::clamp(&x, 0.25, 0.75));
}

fn products(bench: &Bench) {
    let (a, b) = (torch::randn((1024, 1024)).unwrap(), torch::randn((1024, 1024)).unwrap());
    bench.row("matmul 1024: forward", 10, || drop(torch::matmul(&a, &b).unwrap()));
    let a = torch::randn((32, 128, 64)).unwrap();
    let b = Var::from_tensor(&torch::randn((32, 64, 128)).unwrap()).unwrap();
    both(bench, "matmul 32 x 128 x 64 x 128", &a, |a| torch::matmul(a, &b));
    forward(bench, "candle's matmul 32 x 128 x 64 x 128", || a.matmul(&b));
    let v = torch::randn(1024).unwrap();
    let c = torch::randn((1024, 1024)).unwrap();
    forward(bench, "matmul 1024 x 1024 and 1024", || torch::matmul(&c, &v));
    forward(bench, "matmul with a transposed right side, 512", || {
        let x = c.narrow(0, 0, 512)?;
        torch::matmul(&x, &torch::transpose(&c, 0, 1)?)
    });
}

fn copies(bench: &Bench) {
    let x = torch::randn((1000, 1000)).unwrap();
    let transposed = torch::transpose(&x, 0, 1).unwrap();
    forward(bench, "transpose and contiguous 1000 x 1000", || torch::contiguous(&transposed));
    forward(bench, "candle's t and contiguous 1000 x 1000", || transposed.contiguous());
    let images = torch::randn((16, 64, 56, 56)).unwrap();
    let last = images.permute((0, 2, 3, 1)).unwrap();
    forward(bench, "permute and contiguous 16 x 64 x 56 x 56", || torch::contiguous(&last));
    let half = x.narrow(1, 100, 500).unwrap();
    forward(bench, "narrow and contiguous 1000 x 500", || torch::contiguous(&half));
}

fn rows_of_tables(bench: &Bench) {
    let embedding = nn::Embedding::new(10_000, 128).unwrap();
    let numbers = torch::randint(0, 10_000, (64, 32)).unwrap();
    forward(bench, "Embedding 10000 x 128, 64 x 32", || embedding.forward(&numbers));
    bench.backward("Embedding 10000 x 128, 64 x 32: forward, backward", 100, || {
        torch::sum(&embedding.forward(&numbers)?)
    });
    let x = torch::randn((1000, 1000)).unwrap();
    both(bench, "softmax(0) 1000 x 1000", &x, |x| F::softmax(x, 0));
    both(bench, "softmax(1) 1000 x 1000", &x, |x| F::softmax(x, 1));
    both(bench, "log_softmax(0) 1000 x 1000", &x, |x| F::log_softmax(x, 0));
    both(bench, "log_softmax(1) 1000 x 1000", &x, |x| F::log_softmax(x, 1));
    forward(bench, "argmax(1) 1000 x 1000", || torch::argmax(&x, 1));
    forward(bench, "amax(1) 1000 x 1000", || torch::amax(&x, 1));
    forward(bench, "amax(0) 1000 x 1000", || torch::amax(&x, 0));
}
