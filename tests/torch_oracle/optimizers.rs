//! Sections `optim` and, for the parts that are the same, `closed`: every optimizer by its name.

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Result as CandleResult, Tensor, Var};
use akari::optim::{self, Options, ParamGroup, Rule, RuleOptimizer};
use candle_nn::Optimizer;
use serde_json::Value;

use crate::tally::Tally;
use crate::vectors::{ORACLE, difference, dtype, floats, section, shape, values};

/// What the tests ask of an optimizer, whatever its rule.
pub trait Any {
    fn step(&mut self, grads: &GradStore) -> CandleResult<()>;
    fn set_lr(&mut self, lr: f64);
    /// The printed form of PyTorch 2.15.
    fn text(&self) -> String;
    /// The names of what is remembered of the first parameter, in order.
    fn state_names(&self) -> Vec<String>;
}

impl<R: Rule> Any for RuleOptimizer<R> {
    fn step(&mut self, grads: &GradStore) -> CandleResult<()> {
        Optimizer::step(self, grads)
    }

    fn set_lr(&mut self, lr: f64) {
        self.set_learning_rate(lr);
    }

    fn text(&self) -> String {
        format!("{self:#}")
    }

    fn state_names(&self) -> Vec<String> {
        let dict = self.state_dict().unwrap();
        let mut names = dict
            .keys()
            .filter_map(|name| Some(name.strip_prefix("state.0.")?.to_owned()))
            .collect::<Vec<_>>();
        names.sort();
        names
    }
}

/// Sets options from JSON; one that is not known here is a failure.
pub fn configure<C: Options>(options: &Value, mut config: C) -> Result<C, String> {
    for (name, value) in options.as_object().into_iter().flatten() {
        if name == "params" {
            continue;
        }
        // A tensor as rate is an f32 one in PyTorch.
        let numbers = match value {
            Value::Object(tensor) => vec![f64::from(tensor["tensor"].as_f64().unwrap() as f32)],
            Value::Array(numbers) => numbers.iter().map(number).collect(),
            value => vec![number(value)],
        };
        if !config.set_numbers(name, &numbers) {
            return Err(format!("no option {name}"));
        }
    }
    Ok(config)
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Null => f64::NAN,
        // The words of `adjust_lr_fn` and `line_search_fn`.
        Value::String(word) => match word.as_str() {
            "original" | "strong_wolfe" => 0.0,
            "match_rms_adamw" => 1.0,
            "spectral_unclamped" => 2.0,
            other => panic!("option {other}"),
        },
        value => value.as_f64().unwrap(),
    }
}

fn make<R: Rule>(case: &Value, vars: &[Var]) -> Result<Box<dyn Any>, String> {
    let base = configure(&case["p"], R::Config::default())?;
    let groups = match case["groups"].as_array() {
        None => vec![ParamGroup { params: vars.into(), config: base }],
        Some(groups) => groups
            .iter()
            .map(|group| {
                let params =
                    shape(&group["params"]).into_iter().map(|index| vars[index].clone()).collect();
                Ok(ParamGroup { params, config: configure(group, base.clone())? })
            })
            .collect::<Result<_, String>>()?,
    };
    let optimizer = RuleOptimizer::<R>::with_groups(groups).map_err(|error| error.to_string())?;
    Ok(Box::new(optimizer))
}

/// The optimizer of a case, by its class.
pub fn any(case: &Value, vars: &[Var]) -> Result<Box<dyn Any>, String> {
    match case["cls"].as_str().unwrap() {
        "SGD" => make::<optim::SgdRule>(case, vars),
        "Adam" => make::<optim::AdamRule>(case, vars),
        "AdamW" => make::<optim::AdamWRule>(case, vars),
        "NAdam" => make::<optim::NAdamRule>(case, vars),
        "RAdam" => make::<optim::RAdamRule>(case, vars),
        "Adamax" => make::<optim::AdamaxRule>(case, vars),
        "Adadelta" => make::<optim::AdadeltaRule>(case, vars),
        "Adagrad" => make::<optim::AdagradRule>(case, vars),
        "RMSprop" => make::<optim::RMSpropRule>(case, vars),
        "Rprop" => make::<optim::RpropRule>(case, vars),
        "ASGD" => make::<optim::ASGDRule>(case, vars),
        "Adafactor" => make::<optim::AdafactorRule>(case, vars),
        "Muon" => make::<optim::MuonRule>(case, vars),
        other => Err(format!("no optimizer {other}")),
    }
}

/// Relative and absolute tolerance of a trajectory.
pub fn trajectory_tolerance(class: &str, dtype: DType) -> (f64, f64) {
    match (class, dtype) {
        // Its iteration rounds to bfloat16.
        ("Muon", _) => (1e-2, 1e-3),
        (_, DType::F64) => (1e-10, 1e-13),
        _ => (2e-5, 1e-6),
    }
}

fn check(case: &Value) -> Result<(), String> {
    let set = &ORACLE["sets"][case["set"].as_str().unwrap()];
    let dtype = dtype(case["set"].as_str().unwrap().split('.').nth(1).unwrap());
    let shapes = set["shapes"].as_array().unwrap().iter().map(shape).collect::<Vec<_>>();
    let make = |hex: &Value, index: usize| {
        let numbers = floats(hex.as_str().unwrap(), dtype);
        Tensor::from_vec(numbers, shapes[index].as_slice(), &Device::Cpu)
            .unwrap()
            .to_dtype(dtype)
            .unwrap()
    };
    let vars = (0..shapes.len())
        .map(|index| Var::from_tensor(&make(&set["init"][index], index)).unwrap())
        .collect::<Vec<_>>();
    let mut optimizer = any(case, &vars)?;
    let (text, expected) = (optimizer.text(), case["repr"].as_str().unwrap());
    if text != expected {
        return Err(format!("prints\n{text}\ninstead of\n{expected}"));
    }
    let has = |list: &Value, step: usize, index: usize| {
        list.as_array().unwrap().iter().any(|it| it[0] == step && it[1] == index)
    };
    let (relative, absolute) = trajectory_tolerance(case["cls"].as_str().unwrap(), dtype);
    for (step, expected) in case["traj"].as_array().unwrap().iter().enumerate() {
        for change in case["set_lr"].as_array().unwrap().iter().filter(|it| it[0] == step) {
            optimizer.set_lr(change[1].as_f64().unwrap());
        }
        let mut grads = GradStore::default();
        for (index, var) in vars.iter().enumerate() {
            if !has(&case["none"], step, index) {
                grads.insert(var, make(&set["grads"][step][index], index));
            }
        }
        optimizer.step(&grads).map_err(|error| error.to_string())?;
        let found = vars.iter().flat_map(|var| values(var)).collect::<Vec<_>>();
        let expected = floats(expected.as_str().unwrap(), dtype);
        if let Some(text) = difference(&found, &expected, relative, absolute) {
            return Err(format!("step {step}: {text}"));
        }
    }
    // PyTorch counts steps also where it makes no use of them, and where it does not.
    let mut names = optimizer.state_names();
    let expected =
        case["state"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>();
    if !expected.contains(&"step") {
        names.retain(|name| name != "step");
    }
    if names != expected {
        return Err(format!("remembers {names:?} instead of {expected:?}"));
    }
    Ok(())
}

#[test]
fn optimizers_walk_pytorchs_path() {
    let mut tally = Tally::new("optim");
    for case in section("optim") {
        tally.case(case["id"].as_str().unwrap(), || check(case));
    }
    tally.finish();
}
