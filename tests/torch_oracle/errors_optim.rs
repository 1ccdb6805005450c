//! Section `err`, optimizers and schedulers: what PyTorch raises, and what is said here.

use akari::candle_core::{DType, Device, Error, Tensor, Var};
use akari::nn;
use akari::optim::lr_scheduler as S;
use akari::optim::{self, ParamGroup};
use candle_nn::Optimizer;
use serde_json::Value;

use crate::reprs_optim::params;
use crate::tally::Tally;
use crate::vectors::section;

/// What the expression is here.
enum Here {
    /// A value that prints as PyTorch's, or an error whose text contains a part of PyTorch's.
    Gives(fn() -> Result<String, Error>, &'static str),
    /// It can't be written.
    Refused(&'static str),
}

use Here::{Gives, Refused};

type Text = Result<String, Error>;

fn text<T>(made: Result<T, Error>) -> Text {
    made.map(|_| String::new())
}

fn sgd(config: optim::SGDConfig) -> Text {
    optim::SGD::new(params(), config).map(|it| format!("{it:#}"))
}

fn adam(config: optim::AdamConfig) -> Text {
    text(optim::Adam::new(params(), config))
}

/// A scheduler on a new SGD.
fn on_sgd<T>(make: impl FnOnce(&mut optim::SGD) -> Result<T, Error>) -> Text {
    text(make(&mut optim::SGD::new(params(), optim::SGDConfig::default())?))
}

fn one() -> Var {
    Var::zeros(1, DType::F32, &Device::Cpu).unwrap()
}

/// Python's integers of the betas are floats here, and fine.
const NO_INTEGERS: &str = "betas are f64: there are no integers to refuse";
const NO_MISSING_TYPE: &str = "the compiler refuses it: the argument has another type";

fn rows() -> Vec<(&'static str, Here)> {
    let mut rows = optimizer_rows();
    rows.extend(scheduler_rows());
    rows
}

fn optimizer_rows() -> Vec<(&'static str, Here)> {
    type C = optim::SGDConfig;
    type A = optim::AdamConfig;
    vec![
        (
            "optim.SGD(P, lr=-1)",
            Gives(|| sgd(C { lr: -1.0, ..C::default() }), "Invalid learning rate: -1"),
        ),
        (
            "optim.SGD(P, momentum=-1)",
            Gives(|| sgd(C { momentum: -1.0, ..C::default() }), "Invalid momentum value: -1"),
        ),
        (
            "optim.SGD(P, lr=0.1, nesterov=True)",
            Gives(
                || sgd(C { lr: 0.1, nesterov: true, ..C::default() }),
                "Nesterov momentum requires a momentum and zero dampening",
            ),
        ),
        (
            "optim.SGD(P, weight_decay=-1)",
            Gives(
                || sgd(C { weight_decay: -1.0, ..C::default() }),
                "Invalid weight_decay value: -1",
            ),
        ),
        (
            "optim.SGD([])",
            Gives(
                || text(optim::SGD::new(Vec::<Var>::new(), C::default())),
                "optimizer got an empty parameter list",
            ),
        ),
        (
            "optim.SGD([torch.zeros(1)], lr=0.1)",
            Refused("a Tensor is no Var, and the compiler says so"),
        ),
        ("optim.SGD(P[0], lr=0.1)", Refused("a single Var is taken as a list of one")),
        (
            "optim.SGD(P + P, lr=0.1)",
            Refused("a double is refused, which PyTorch warns of and steps twice"),
        ),
        (
            "optim.SGD([torch.zeros(1, requires_grad=True) * 2])",
            Refused("a Tensor is no Var, and the compiler says so"),
        ),
        ("optim.SGD([1.0])", Refused(NO_MISSING_TYPE)),
        ("optim.SGD(P, lr='0.1')", Refused(NO_MISSING_TYPE)),
        (
            "optim.Adam(P, lr=-1)",
            Gives(|| adam(A { lr: -1.0, ..A::default() }), "Invalid learning rate: -1"),
        ),
        (
            "optim.Adam(P, betas=(1.0, 0.9))",
            Gives(
                || adam(A { betas: (1.0, 0.9), ..A::default() }),
                "Invalid beta parameter at index 0: 1.0",
            ),
        ),
        (
            "optim.Adam(P, betas=(0.9, 1.0))",
            Gives(
                || adam(A { betas: (0.9, 1.0), ..A::default() }),
                "Invalid beta parameter at index 1: 1.0",
            ),
        ),
        ("optim.Adam(P, betas=(0, 0))", Refused(NO_INTEGERS)),
        (
            "optim.Adam(P, eps=-1)",
            Gives(|| adam(A { eps: -1.0, ..A::default() }), "Invalid epsilon value: -1"),
        ),
        (
            "optim.Adam(P, weight_decay=-1)",
            Gives(
                || adam(A { weight_decay: -1.0, ..A::default() }),
                "Invalid weight_decay value: -1",
            ),
        ),
        (
            "optim.Adadelta(P, rho=2)",
            Gives(
                || {
                    text(optim::Adadelta::new(
                        params(),
                        optim::AdadeltaConfig { rho: 2.0, ..Default::default() },
                    ))
                },
                "Invalid rho value: 2",
            ),
        ),
        (
            "optim.Adagrad(P, lr_decay=-1)",
            Gives(
                || {
                    text(optim::Adagrad::new(
                        params(),
                        optim::AdagradConfig { lr_decay: -1.0, ..Default::default() },
                    ))
                },
                "Invalid lr_decay value: -1",
            ),
        ),
        (
            "optim.RMSprop(P, alpha=-1)",
            Gives(
                || {
                    text(optim::RMSprop::new(
                        params(),
                        optim::RMSpropConfig { alpha: -1.0, ..Default::default() },
                    ))
                },
                "Invalid alpha value: -1",
            ),
        ),
        (
            "optim.Rprop(P, etas=(1.5, 1.2))",
            Gives(
                || {
                    text(optim::Rprop::new(
                        params(),
                        optim::RpropConfig { etas: (1.5, 1.2), ..Default::default() },
                    ))
                },
                "Invalid eta values: 1.5, 1.2",
            ),
        ),
        (
            "optim.Muon([nn.Parameter(torch.zeros(1))])",
            Gives(
                || text(optim::Muon::new([one()], optim::MuonConfig::default())),
                "Muon only supports 2D parameters whereas we found a parameter with size: ",
            ),
        ),
        ("optim.Momentum", Refused("the compiler refuses it: there is no such name")),
        (
            "optim.Adafactor(P, beta2_decay=1)",
            Gives(
                || {
                    text(optim::Adafactor::new(
                        params(),
                        optim::AdafactorConfig { beta2_decay: 1.0, ..Default::default() },
                    ))
                },
                "beta2_decay should be <= 0 but is: 1",
            ),
        ),
        (
            "optim.NAdam(P, momentum_decay=-1)",
            Gives(
                || {
                    text(optim::NAdam::new(
                        params(),
                        optim::NAdamConfig { momentum_decay: -1.0, ..Default::default() },
                    ))
                },
                "Invalid momentum_decay value: -1",
            ),
        ),
        (
            "optim.LBFGS([{'params': P}, {'params': [nn.Parameter(torch.zeros(1))]}])",
            Gives(
                || {
                    let group =
                        |params| ParamGroup { params, config: optim::LBFGSConfig::default() };
                    text(optim::LBFGS::with_groups(vec![
                        group(params().into()),
                        group(one().into()),
                    ]))
                },
                "LBFGS doesn't support per-parameter options (parameter groups)",
            ),
        ),
        (
            "torch.tensor([1., 2.], requires_grad=True).backward()",
            Gives(
                || {
                    let var = Var::new(&[1f32, 2.0], &Device::Cpu)?;
                    text(optim::SGD::new([var.clone()], C::default())?.backward_step(&var))
                },
                "grad can be implicitly created only for scalar outputs",
            ),
        ),
        (
            "torch.tensor([1.]).backward()",
            Gives(
                || {
                    let tensor = Tensor::new(&[1f32], &Device::Cpu)?;
                    text(optim::SGD::new(params(), C::default())?.backward_step(&tensor))
                },
                "element 0 of tensors does not require grad and does not have a grad_fn",
            ),
        ),
    ]
}

fn scheduler_rows() -> Vec<(&'static str, Here)> {
    vec![
        (
            "S.StepLR(optim.SGD(P), 0).step()",
            Gives(
                || on_sgd(|sgd| S::StepLR::new(sgd, S::StepLRConfig::default())),
                "integer modulo by zero",
            ),
        ),
        (
            "S.ConstantLR(optim.SGD(P), factor=2)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::ConstantLR::new(sgd, S::ConstantLRConfig { factor: 2.0, total_iters: 5 })
                    })
                },
                "Constant multiplicative factor expected to be between 0 and 1.",
            ),
        ),
        (
            "S.LinearLR(optim.SGD(P), start_factor=0)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::LinearLR::new(
                            sgd,
                            S::LinearLRConfig { start_factor: 0.0, ..Default::default() },
                        )
                    })
                },
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.",
            ),
        ),
        (
            "S.LinearLR(optim.SGD(P), end_factor=2)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::LinearLR::new(
                            sgd,
                            S::LinearLRConfig { end_factor: 2.0, ..Default::default() },
                        )
                    })
                },
                "Ending multiplicative factor expected to be between 0 and 1.",
            ),
        ),
        (
            "S.OneCycleLR(optim.SGD(P), 0.1)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::OneCycleLR::new(
                            sgd,
                            S::OneCycleLRConfig { max_lr: 0.1.into(), ..Default::default() },
                        )
                    })
                },
                "You must define either total_steps OR (epochs AND steps_per_epoch)",
            ),
        ),
        (
            "S.OneCycleLR(optim.Rprop(P), 0.1, total_steps=5)",
            Gives(
                || {
                    let mut rprop = optim::Rprop::new(params(), optim::RpropConfig::default())?;
                    let config = S::OneCycleLRConfig {
                        max_lr: 0.1.into(),
                        total_steps: Some(5),
                        ..Default::default()
                    };
                    text(S::OneCycleLR::new(&mut rprop, config))
                },
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
            ),
        ),
        (
            "S.OneCycleLR(optim.SGD(P), 0.1, total_steps=5, pct_start=2.0)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::OneCycleLR::new(
                            sgd,
                            S::OneCycleLRConfig {
                                max_lr: 0.1.into(),
                                total_steps: Some(5),
                                pct_start: 2.0,
                                ..Default::default()
                            },
                        )
                    })
                },
                "Expected float between 0 and 1 pct_start, but got 2.0",
            ),
        ),
        ("S.CyclicLR(optim.SGD(P), 0.1, 0.2, mode='x')", Refused("the mode is an enum")),
        (
            "S.CosineAnnealingWarmRestarts(optim.SGD(P), 0)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::CosineAnnealingWarmRestarts::new(
                            sgd,
                            S::CosineAnnealingWarmRestartsConfig::default(),
                        )
                    })
                },
                "Expected positive integer T_0, but got 0",
            ),
        ),
        (
            "S.ReduceLROnPlateau(optim.SGD(P), factor=1)",
            Gives(
                || {
                    on_sgd(|sgd| {
                        S::ReduceLROnPlateau::new(
                            sgd,
                            S::ReduceLROnPlateauConfig { factor: 1.0, ..Default::default() },
                        )
                    })
                },
                "Factor should be < 1.0.",
            ),
        ),
        ("S.ReduceLROnPlateau(optim.SGD(P), mode='x')", Refused("the mode is an enum")),
        ("S.ReduceLROnPlateau(optim.SGD(P)).step()", Refused("the compiler asks for the metric")),
        (
            "S.SequentialLR(optim.SGD(P), [], [])",
            Gives(
                || on_sgd(|sgd| S::SequentialLR::new(sgd, Vec::new(), Vec::new())),
                "SequentialLR expects at least one scheduler, but got no scheduler.",
            ),
        ),
        ("S.StepLR(1, 2)", Refused(NO_MISSING_TYPE)),
    ]
}

/// Whether an expression of the section belongs to this file.
pub fn is_ours(expr: &str) -> bool {
    expr.starts_with("optim.") || expr.starts_with("S.") || expr.contains(".backward()")
}

fn check(here: &Here, case: &Value) -> Result<(), String> {
    let expected = case["msg"].as_str().unwrap();
    let (found, part) = match here {
        // Nothing to run; the row says why.
        Refused(_) => return Ok(()),
        Gives(run, part) => (run(), part),
    };
    match (found, case["type"] == "OK") {
        (Ok(text), true) if text == expected => Ok(()),
        (Ok(text), true) => Err(format!("gives\n{text}\ninstead of\n{expected}")),
        (Ok(_), false) => Err(format!("gives no error instead of: {expected}")),
        (Err(error), true) => Err(format!("fails: {error}")),
        (Err(error), false) => {
            let error = error.to_string();
            let has_prefix = error.starts_with("optim::");
            if !expected.contains(part) || part.is_empty() {
                return Err(format!("the row's text is not PyTorch's: {expected}"));
            }
            if error.contains(part) && has_prefix { Ok(()) } else { Err(error) }
        }
    }
}

#[test]
fn optimizers_refuse_what_pytorch_refuses() {
    let mut tally = Tally::new("err");
    let rows = rows();
    for case in section("err").iter().filter(|case| is_ours(case["expr"].as_str().unwrap())) {
        let expr = case["expr"].as_str().unwrap();
        match rows.iter().find(|row| row.0 == expr) {
            Some((_, Refused(reason))) => tally.leave_out(reason),
            Some((_, here)) => tally.case(expr, || check(here, case)),
            None => tally.case(expr, || Err("has no row".to_owned())),
        }
    }
    tally.finish();
}

#[test]
fn clipping_says_what_it_needs() {
    let mut grads = Default::default();
    let error = nn::utils::clip_grad_norm(&params(), &mut grads, -1.0, 2.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nn::utils::clip_grad_norm: max_norm must be positive, but is -1"
    );
}
