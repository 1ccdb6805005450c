//! Milliseconds of an optimizer's step: on 25 million parameters in one tensor, and on 50 small
//! tensors; candle-nn's AdamW beside them. `benches/torch_optimizers.py` does the same in PyTorch.
//!
//! usage: cargo bench --bench optimizers [-- NAME..]
//!
//! Prints the median, the fastest and the slowest step, and the most memory that the process has
//! had so far. Muon takes 25 matrices of a million in place of one tensor.

use std::time::Instant;

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Result, Tensor, Var};
use akari::optim::{self, Learner, Rule};
use candle_nn::Optimizer;

struct Sizes {
    name: &'static str,
    dims: (usize, usize),
    count: usize,
    steps: usize,
}

const SIZES: [Sizes; 2] = [
    Sizes { name: "25M", dims: (5000, 5000), count: 1, steps: 9 },
    Sizes { name: "50 x 64x64", dims: (64, 64), count: 50, steps: 101 },
];

fn main() -> Result<()> {
    let wanted = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect::<Vec<_>>();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    println!(
        "{:<22} {:>12} {:>9} {:>9} {:>9} {:>9}",
        "", "", "median", "fastest", "slowest", "peak"
    );
    println!("{:<22} {:>12} {:>9} {:>9} {:>9} {:>9}", "", "", "ms", "ms", "ms", "MiB");
    macro_rules! time {
        ($($name:literal: $make:expr),* $(,)?) => {
            $(if is_wanted($name) {
                for sizes in &SIZES {
                    time($name, sizes, $make)?;
                }
            })*
        };
    }
    time! {
        "SGD": learner::<optim::SgdRule>,
        "SGD(momentum)": |vars| {
            Learner::<optim::SgdRule>::new(vars, optim::SGDConfig { momentum: 0.9, ..Default::default() })
        },
        "Adam": learner::<optim::AdamRule>,
        "AdamW": learner::<optim::AdamWRule>,
        "AdamW (candle-nn)": |vars| candle_nn::AdamW::new(vars, Default::default()),
        "NAdam": learner::<optim::NAdamRule>,
        "RAdam": learner::<optim::RAdamRule>,
        "Adamax": learner::<optim::AdamaxRule>,
        "Adadelta": learner::<optim::AdadeltaRule>,
        "Adagrad": learner::<optim::AdagradRule>,
        "RMSprop": learner::<optim::RMSpropRule>,
        "Rprop": learner::<optim::RpropRule>,
        "ASGD": learner::<optim::ASGDRule>,
        "Adafactor": learner::<optim::AdafactorRule>,
    }
    if is_wanted("Muon") {
        let large = Sizes { name: "25M", dims: (1000, 1000), count: 25, steps: 3 };
        time("Muon", &large, learner::<optim::MuonRule>)?;
        time("Muon", &SIZES[1], learner::<optim::MuonRule>)?;
    }
    Ok(())
}

fn learner<R: Rule>(vars: Vec<Var>) -> Result<Learner<R>> {
    Learner::new(vars, R::Config::default())
}

fn time<O: Optimizer>(
    name: &str,
    sizes: &Sizes,
    make: impl Fn(Vec<Var>) -> Result<O>,
) -> Result<()> {
    let len = sizes.dims.0 * sizes.dims.1;
    let wave = |index: usize| (index * 7919 % 1009) as f32 / 504.5 - 1.0;
    let values = Tensor::from_vec((0..len).map(wave).collect(), sizes.dims, &Device::Cpu)?;
    let (mut vars, mut grads) = (Vec::new(), GradStore::default());
    for _ in 0..sizes.count {
        let var = Var::from_tensor(&values.to_dtype(DType::F32)?)?;
        grads.insert(&var, values.copy()?);
        vars.push(var);
    }
    let mut optimizer = make(vars)?;
    // The first steps make the state, and fetch it from the system.
    for _ in 0..2 {
        optimizer.step(&grads)?;
    }
    let mut times = Vec::new();
    for _ in 0..sizes.steps {
        let start = Instant::now();
        optimizer.step(&grads)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{name:<22} {:>12} {:>9.3} {:>9.3} {:>9.3} {:>9}",
        sizes.name,
        times[times.len() / 2],
        times[0],
        times[times.len() - 1],
        peak()
    );
    Ok(())
}

/// The most memory the process has had, in MiB; 0 where the system doesn't tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let size = line.and_then(|it| it.trim().split(' ').next()?.parse::<u64>().ok());
    size.unwrap_or_default() / 1024
}
