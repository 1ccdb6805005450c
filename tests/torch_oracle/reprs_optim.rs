//! Section `repr`, the optimizers: a Python expression beside what gives the same text here.

use akari::candle_core::{DType, Device, Var};
use akari::optim::lr_scheduler::{StepLR, StepLRConfig};
use akari::optim::{self, ParamGroup, Rule, RuleOptimizer};
use serde_json::Value;

use crate::vectors::section;

type Row = (&'static str, fn() -> String);

pub fn params() -> [Var; 1] {
    [Var::zeros((2, 2), DType::F32, &Device::Cpu).unwrap()]
}

fn text<R: Rule>(config: R::Config) -> String {
    format!("{:#}", RuleOptimizer::<R>::new(params(), config).unwrap())
}

fn default<R: Rule>() -> String {
    text::<R>(R::Config::default())
}

pub const ROWS: &[Row] = &[
    ("optim.Adam(P)", default::<optim::AdamRule>),
    ("optim.AdamW(P)", default::<optim::AdamWRule>),
    ("optim.SGD(P)", default::<optim::SgdRule>),
    ("optim.Adadelta(P)", default::<optim::AdadeltaRule>),
    ("optim.Adagrad(P)", default::<optim::AdagradRule>),
    ("optim.Adamax(P)", default::<optim::AdamaxRule>),
    ("optim.ASGD(P)", default::<optim::ASGDRule>),
    ("optim.NAdam(P)", default::<optim::NAdamRule>),
    ("optim.RAdam(P)", default::<optim::RAdamRule>),
    ("optim.RMSprop(P)", default::<optim::RMSpropRule>),
    ("optim.Rprop(P)", default::<optim::RpropRule>),
    ("optim.Adafactor(P)", default::<optim::AdafactorRule>),
    ("optim.LBFGS(P)", || {
        format!("{:#}", optim::LBFGS::new(params(), optim::LBFGSConfig::default()).unwrap())
    }),
    ("optim.Muon(P)", default::<optim::MuonRule>),
    ("optim.SGD(P, lr=0.01, momentum=0.9)", || {
        text::<optim::SgdRule>(optim::SGDConfig { lr: 0.01, momentum: 0.9, ..Default::default() })
    }),
    ("optim.SGD(P, lr=0.2)", || {
        text::<optim::SgdRule>(optim::SGDConfig { lr: 0.2, ..Default::default() })
    }),
    ("optim.Adam(P, lr=0.2)", || {
        text::<optim::AdamRule>(optim::AdamConfig { lr: 0.2, ..Default::default() })
    }),
    ("optim.SGD(P, lr=1e-05)", || {
        text::<optim::SgdRule>(optim::SGDConfig { lr: 1e-05, ..Default::default() })
    }),
    ("optim.SGD(P, lr=0.00001234)", || {
        text::<optim::SgdRule>(optim::SGDConfig { lr: 0.00001234, ..Default::default() })
    }),
    ("optim.SGD(P, lr=1e22)", || {
        text::<optim::SgdRule>(optim::SGDConfig { lr: 1e22, ..Default::default() })
    }),
    (
        "optim.SGD([{'params': P}, {'params': [nn.Parameter(torch.zeros(1))], 'lr': 0.5}], lr=0.1)",
        || {
            let base = optim::SGDConfig { lr: 0.1, ..Default::default() };
            let other = Var::zeros(1, DType::F32, &Device::Cpu).unwrap();
            let groups = vec![
                ParamGroup { params: params().into(), config: base.clone() },
                ParamGroup { params: other.into(), config: optim::SGDConfig { lr: 0.5, ..base } },
            ];
            format!("{:#}", optim::SGD::with_groups(groups).unwrap())
        },
    ),
    ("optim.Adam(P, lr=torch.tensor(0.1))", || {
        text::<optim::AdamRule>(optim::AdamConfig { lr: f64::from(0.1f32), ..Default::default() })
    }),
    ("S.StepLR(optim.SGD(P, lr=0.1), 3).get_last_lr()", || {
        let config = optim::SGDConfig { lr: 0.1, ..Default::default() };
        let mut sgd = optim::SGD::new(params(), config).unwrap();
        let config = StepLRConfig { step_size: 3, ..Default::default() };
        format!("{:?}", StepLR::new(&mut sgd, config).unwrap().get_last_lr())
    }),
];

/// Expressions that can't be written here, and why.
pub const NOT_IN_RUST: &[(&str, &str)] = &[
    ("optim.SparseAdam(P)", "sparse gradients do not exist in candle"),
    (
        "optim.Adam(P, lr=1, betas=(0.9, 0.99), eps=1e-6)",
        "an integer rate does not exist in Rust: lr is an f64 and prints 1.0",
    ),
];

/// What is wrong with a vector of the section, if it is of an optimizer.
pub fn check(case: &Value) -> Result<(), String> {
    let (expr, expected) = (case["expr"].as_str().unwrap(), case["expect"].as_str().unwrap());
    if NOT_IN_RUST.iter().any(|row| row.0 == expr) {
        return Ok(());
    }
    let Some((_, text)) = ROWS.iter().find(|row| row.0 == expr) else {
        return Err("has no row".to_owned());
    };
    match text() {
        text if text == expected => Ok(()),
        text => Err(format!("prints\n{text}\ninstead of\n{expected}")),
    }
}

#[test]
fn optimizers_print_as_in_pytorch() {
    let is_ours = |case: &&Value| {
        let expr = case["expr"].as_str().unwrap();
        expr.starts_with("optim.") || expr.starts_with("S.")
    };
    let cases = section("repr").iter().filter(is_ours).collect::<Vec<_>>();
    assert_eq!(cases.len(), ROWS.len() + NOT_IN_RUST.len());
    for case in cases {
        check(case).unwrap_or_else(|text| panic!("{}: {text}", case["expr"]));
    }
}

#[test]
fn optimizers_print_the_old_form_without_later_options() {
    let config = optim::SGDConfig { lr: 0.01, momentum: 0.9, ..Default::default() };
    assert_eq!(
        optim::SGD::new(params(), config).unwrap().to_string(),
        "SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.01\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n)"
    );
    assert_eq!(
        optim::Adafactor::new(params(), Default::default()).unwrap().to_string(),
        "Adafactor (\nParameter Group 0\n    beta2_decay: -0.8\n    d: 1.0\n    eps: (None, 0.001)\n    lr: 0.01\n    weight_decay: 0.0\n)"
    );
}
