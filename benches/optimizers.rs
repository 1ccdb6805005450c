//! Times an optimizer's step on 25 million parameters in one tensor, and on 50 small tensors, with
//! candle-nn's AdamW beside them: `cargo bench --bench optimizers [-- NAME..]`.
//!
//! Muon takes 25 matrices of a million in place of one tensor. The memory is that of the state.

mod measure;

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{Device, Result, Tensor, Var};
use akari::optim::{self, Rule, RuleOptimizer};
use akari::torch;
use candle_nn::Optimizer;

use self::measure::Bench;

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
    let bench = Bench::new("optimizers");
    macro_rules! time {
        ($($name:literal: $make:expr),* $(,)?) => {
            $(for sizes in &SIZES {
                time(&bench, $name, sizes, $make)?;
            })*
        };
    }
    time! {
        "SGD": optimizer_of::<optim::SgdRule>,
        "SGD(momentum)": |vars| {
            RuleOptimizer::<optim::SgdRule>::new(vars, optim::SGDConfig { momentum: 0.9, ..Default::default() })
        },
        "Adam": optimizer_of::<optim::AdamRule>,
        "AdamW": optimizer_of::<optim::AdamWRule>,
        "AdamW (candle-nn)": |vars| candle_nn::AdamW::new(vars, Default::default()),
        "NAdam": optimizer_of::<optim::NAdamRule>,
        "RAdam": optimizer_of::<optim::RAdamRule>,
        "Adamax": optimizer_of::<optim::AdamaxRule>,
        "Adadelta": optimizer_of::<optim::AdadeltaRule>,
        "Adagrad": optimizer_of::<optim::AdagradRule>,
        "RMSprop": optimizer_of::<optim::RMSpropRule>,
        "Rprop": optimizer_of::<optim::RpropRule>,
        "ASGD": optimizer_of::<optim::ASGDRule>,
        "Adafactor": optimizer_of::<optim::AdafactorRule>,
    }
    let large = Sizes { name: "25M", dims: (1000, 1000), count: 25, steps: 3 };
    time(&bench, "Muon", &large, optimizer_of::<optim::MuonRule>)?;
    time(&bench, "Muon", &SIZES[1], optimizer_of::<optim::MuonRule>)?;
    SIZES.iter().try_for_each(|sizes| lbfgs(&bench, sizes))
}

/// Two iterations on a sum of squares, with what they need to remember.
fn lbfgs(bench: &Bench, sizes: &Sizes) -> Result<()> {
    let row = format!("LBFGS, {}", sizes.name);
    if !bench.wants(&row) {
        return Ok(());
    }
    let config = optim::LBFGSConfig { lr: 0.1, max_iter: 2, history_size: 3, ..Default::default() };
    let vars = variables(sizes)?;
    let mut lbfgs = optim::LBFGS::new(vars.clone(), config)?;
    bench.row(&row, sizes.steps, || {
        let _ = lbfgs.step(|| {
            let squares = vars.iter().map(|it| torch::sum(&torch::square(it)?));
            let squares = squares.collect::<Result<Vec<_>>>()?;
            squares.iter().skip(1).try_fold(squares[0].clone(), |sum, it| sum + it)
        });
    });
    Ok(())
}

fn optimizer_of<R: Rule>(vars: Vec<Var>) -> Result<RuleOptimizer<R>> {
    RuleOptimizer::new(vars, R::Config::default())
}

fn variables(sizes: &Sizes) -> Result<Vec<Var>> {
    let len = sizes.dims.0 * sizes.dims.1;
    let wave = |index: usize| (index * 7919 % 1009) as f32 / 504.5 - 1.0;
    let values = Tensor::from_vec((0..len).map(wave).collect(), sizes.dims, &Device::Cpu)?;
    (0..sizes.count).map(|_| Var::from_tensor(&values)).collect()
}

fn time<O: Optimizer>(
    bench: &Bench,
    name: &str,
    sizes: &Sizes,
    make: impl Fn(Vec<Var>) -> Result<O>,
) -> Result<()> {
    let row = format!("{name}, {}", sizes.name);
    if !bench.wants(&row) {
        return Ok(());
    }
    let vars = variables(sizes)?;
    let mut grads = GradStore::default();
    for var in &vars {
        grads.insert(var, var.copy()?);
    }
    let mut optimizer = make(vars)?;
    bench.row(&row, sizes.steps, || drop(optimizer.step(&grads)));
    Ok(())
}
