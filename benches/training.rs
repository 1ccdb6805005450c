//! Times training steps and the functions behind them: `cargo bench --bench training [-- NAME..]`.
//!
//! Where candle has the same function, it is timed right beside ours.
#![allow(clippy::unwrap_used)]

mod measure;

use akari::prelude::*;

use self::measure::Bench;

fn main() {
    let bench = Bench::new("training");
    for rows in [mlp, cnn, draws, functions, vgg11] {
        rows(&bench);
    }
}

/// The row of a step with Adam.
fn step(bench: &Bench, row: &str, runs: usize, model: &nn::Sequential, x: &Tensor, y: &Tensor) {
    let mut adam = optim::Adam::new(model.parameters(), Default::default()).unwrap();
    let loss = || nn::CrossEntropyLoss::default().forward(&model.forward(x).unwrap(), y).unwrap();
    let step = || adam.backward_step(&loss()).unwrap();
    bench.with_share(row, runs, step, (&loss, 1));
}

fn mlp(bench: &Bench) {
    let model =
        nn::seq![nn::Linear::new(784, 128).unwrap(), F::relu, nn::Linear::new(128, 10).unwrap()];
    let (x, y) = (torch::rand((64, 784)).unwrap(), torch::randint(0, 10, 64).unwrap());
    step(bench, "mlp 784-128-10, batch 64: step", 200, &model, &x, &y);
    bench.row("mlp 784-128-10, batch 64: forward", 200, || drop(model.forward(&x).unwrap()));
    // The four products of the layers, as candle multiplies.
    let (w, v) = (torch::rand((128, 784)).unwrap(), torch::rand((10, 128)).unwrap());
    let (h, g) = (torch::rand((64, 128)).unwrap(), torch::rand((64, 10)).unwrap());
    bench.row("mlp, its products by candle's matmul", 200, || {
        x.matmul(&w.t().unwrap()).unwrap();
        h.matmul(&v.t().unwrap()).unwrap();
        h.t().unwrap().matmul(&x).unwrap();
        g.t().unwrap().matmul(&h).unwrap();
        g.matmul(&v).unwrap();
    });
}

fn small_cnn() -> nn::Sequential {
    let conv = |inputs, outputs| {
        let config = nn::Conv2dConfig { padding: 1, ..Default::default() };
        nn::Conv2d::new(inputs, outputs, 3, config).unwrap()
    };
    nn::seq![
        conv(1, 8),
        F::relu,
        nn::MaxPool2d::new(2),
        conv(8, 16),
        F::relu,
        nn::MaxPool2d::new(2),
        nn::Flatten::default(),
        nn::Linear::new(784, 10).unwrap(),
    ]
}

fn cnn(bench: &Bench) {
    let model = small_cnn();
    let (x, y) = (torch::rand((64, 1, 28, 28)).unwrap(), torch::randint(0, 10, 64).unwrap());
    step(bench, "cnn 8-16, 28 x 28, batch 64: step", 50, &model, &x, &y);
    bench.row("cnn 8-16, 28 x 28, batch 64: forward", 50, || drop(model.forward(&x).unwrap()));
    let vars = model.parameters();
    let theirs = |x: &Tensor| {
        let layer = |x: &Tensor, w: &Var, b: &Var| {
            let bias = b.reshape((1, (), 1, 1)).unwrap();
            let x = x.conv2d(w, 1, 1, 1, 1).unwrap().broadcast_add(&bias).unwrap();
            x.relu().unwrap().max_pool2d(2).unwrap()
        };
        let x = layer(&layer(x, &vars[0], &vars[1]), &vars[2], &vars[3]);
        let x = x.flatten_from(1).unwrap().matmul(&vars[4].t().unwrap()).unwrap();
        x.broadcast_add(&vars[5]).unwrap()
    };
    bench.row("cnn, candle's layers: forward, backward", 10, || {
        theirs(&x).sum_all().unwrap().backward().unwrap();
    });
    bench.backward("cnn, our layers: forward, backward", 50, || torch::sum(&model.forward(&x)?));
}

fn draws(bench: &Bench) {
    const MILLION: usize = 1_000_000;
    bench.row("rand, a million", 50, || drop(torch::rand(MILLION).unwrap()));
    bench.row("randn, a million", 50, || drop(torch::randn(MILLION).unwrap()));
    bench.row("randn, four", 500, || drop(torch::randn(4).unwrap()));
    bench.row("randint, a million", 50, || drop(torch::randint(0, 10, MILLION).unwrap()));
    bench.row("randperm, a million", 20, || drop(torch::randperm(MILLION).unwrap()));
    let ones = torch::rand(MILLION).unwrap();
    bench.row("dropout, a million", 20, || drop(F::dropout(&ones, 0.5, true).unwrap()));
    bench.row("Linear(1000, 1000)", 50, || drop(nn::Linear::new(1000, 1000).unwrap()));
    bench.row("Embedding(10000, 100)", 50, || drop(nn::Embedding::new(10_000, 100).unwrap()));
    bench.row("manual_seed", 500, || torch::manual_seed(0));
}

fn both(bench: &Bench, name: &str, runs: usize, x: &Tensor, f: impl Fn(&Tensor) -> Tensor) {
    let x = Var::from_tensor(x).unwrap();
    bench.row(&format!("{name}: forward"), runs, || drop(f(&x)));
    bench.backward(&format!("{name}: forward, backward"), runs, || torch::sum(&f(&x)));
}

fn functions(bench: &Bench) {
    let x = torch::randn((64, 16, 28, 28)).unwrap();
    both(bench, "max_pool2d (64, 16, 28, 28)", 30, &x, |x| F::max_pool2d(x, 2, 2, 0).unwrap());
    both(bench, "candle's max_pool2d", 30, &x, |x| x.max_pool2d(2).unwrap());
    both(bench, "avg_pool2d (64, 16, 28, 28)", 30, &x, |x| F::avg_pool2d(x, 2, 2, 0).unwrap());
    both(bench, "candle's avg_pool2d", 30, &x, |x| x.avg_pool2d(2).unwrap());
    let norm = nn::BatchNorm2d::new(16).unwrap();
    let slopes = Var::from_tensor(&torch::rand(16).unwrap()).unwrap();
    both(bench, "BatchNorm2d (64, 16, 28, 28)", 30, &x, |x| norm.forward(x).unwrap());
    both(bench, "prelu (64, 16, 28, 28)", 30, &x, |x| F::prelu(x, &slopes).unwrap());
    both(bench, "dropout (64, 16, 28, 28)", 30, &x, |x| F::dropout(x, 0.5, true).unwrap());
    let rows = torch::randn((512, 768)).unwrap();
    let norm = nn::LayerNorm::new([768]).unwrap();
    both(bench, "LayerNorm (512, 768)", 50, &rows, |x| norm.forward(x).unwrap());
    let rms = nn::RMSNorm::new([768]).unwrap();
    both(bench, "RMSNorm (512, 768)", 50, &rows, |x| rms.forward(x).unwrap());
    let slow = akari::candle_nn::LayerNorm::new(
        norm.weight.as_deref().unwrap().clone(),
        norm.bias.as_deref().unwrap().clone(),
        1e-5,
    );
    bench.row("candle's LayerNorm (no gradient): forward", 50, || {
        drop(slow.forward(&rows).unwrap())
    });
    let linear = nn::Linear::new(768, 768).unwrap();
    both(bench, "Linear 768-768, batch 512", 20, &rows, |x| linear.forward(x).unwrap());
    both(bench, "candle's matmul and broadcast_add", 20, &rows, |x| {
        let y = x.matmul(&linear.weight.t().unwrap()).unwrap();
        y.broadcast_add(linear.bias.as_ref().unwrap()).unwrap()
    });
    let config = nn::Conv2dConfig { padding: 1, ..Default::default() };
    for (images, inputs, outputs, size) in
        [(64, 1, 8, 28), (64, 8, 16, 14), (1, 64, 128, 112), (1, 256, 256, 56), (1, 512, 512, 14)]
    {
        let x = torch::randn((images, inputs, size, size)).unwrap();
        let conv = nn::Conv2d::new(inputs, outputs, 3, config).unwrap();
        let name = format!("Conv2d {inputs}-{outputs}, {images} x {size} x {size}");
        both(bench, &name, 5, &x, |x| conv.forward(x).unwrap());
        both(bench, &format!("candle's {name}"), 3, &x, |x| {
            x.conv2d(&conv.weight, 1, 1, 1, 1).unwrap()
        });
    }
}

fn vgg11(bench: &Bench) {
    bench.row("vgg11()", 10, || drop(models::vgg11().unwrap()));
    // PyTorch draws the weights at once; here the first look does.
    bench.row("vgg11() and its weights", 1, || {
        models::vgg11().unwrap().named_parameters();
    });
    let model = models::vgg11().unwrap();
    let x = torch::rand((1, 3, 224, 224)).unwrap();
    bench.row("vgg11, 1 x 3 x 224 x 224: forward", 5, || drop(model.forward(&x).unwrap()));
    bench.backward("vgg11, 1 x 3 x 224 x 224: forward, backward", 3, || {
        torch::sum(&model.forward(&x)?)
    });
}
