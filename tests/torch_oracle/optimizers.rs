//! Section `optim`.

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Tensor, Var};
use akari::optim;
use candle_nn::Optimizer;
use serde_json::Value;

use crate::vectors::{ORACLE, difference, dtype, floats, report, section, shape, values};

/// A step of any optimizer, and its printed form.
struct Run {
    traj: Vec<Vec<f64>>,
    repr: String,
}

fn run<R: optim::Rule>(
    case: &Value,
    configure: impl Fn(&Value, R::Config) -> R::Config,
    set_lr: impl Fn(&mut R::Config, f64),
) -> Run {
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
    let base = configure(&case["p"], R::Config::default());
    let groups = match case["groups"].as_array() {
        None => vec![optim::ParamGroup { params: vars.clone().into(), config: base }],
        Some(groups) => groups
            .iter()
            .map(|group| optim::ParamGroup {
                params: shape(&group["params"])
                    .into_iter()
                    .map(|index| vars[index].clone())
                    .collect(),
                config: configure(group, base.clone()),
            })
            .collect(),
    };
    let mut optimizer = optim::Learner::<R>::with_groups(groups).unwrap();
    let repr = format!("{optimizer:#}");
    let has = |list: &Value, step: usize, index: usize| {
        list.as_array().unwrap().iter().any(|it| it[0] == step && it[1] == index)
    };
    let mut traj = Vec::new();
    for step in 0..set["grads"].as_array().unwrap().len() {
        for change in case["set_lr"].as_array().unwrap().iter().filter(|it| it[0] == step) {
            for group in optimizer.param_groups() {
                set_lr(&mut group.config, change[1].as_f64().unwrap());
            }
        }
        let mut grads = GradStore::default();
        for (index, var) in vars.iter().enumerate() {
            if !has(&case["none"], step, index) {
                grads.insert(var, make(&set["grads"][step][index], index));
            }
        }
        optimizer.step(&grads).unwrap();
        traj.push(vars.iter().flat_map(|var| values(var)).collect());
    }
    Run { traj, repr }
}

fn number(options: &Value, name: &str, field: &mut f64) {
    // A tensor as rate is an f32 one in PyTorch.
    let tensor = options[name]["tensor"].as_f64().map(|it| f64::from(it as f32));
    if let Some(value) = options[name].as_f64().or(tensor) {
        *field = value;
    }
}

fn flag(options: &Value, name: &str, field: &mut bool) {
    if let Some(value) = options[name].as_bool() {
        *field = value;
    }
}

fn sgd(options: &Value, mut config: optim::SGDConfig) -> optim::SGDConfig {
    number(options, "lr", &mut config.lr);
    number(options, "momentum", &mut config.momentum);
    number(options, "dampening", &mut config.dampening);
    number(options, "weight_decay", &mut config.weight_decay);
    flag(options, "nesterov", &mut config.nesterov);
    flag(options, "maximize", &mut config.maximize);
    config
}

macro_rules! adam {
    ($name:ident, $config:ty) => {
        fn $name(options: &Value, mut config: $config) -> $config {
            number(options, "lr", &mut config.lr);
            number(options, "eps", &mut config.eps);
            number(options, "weight_decay", &mut config.weight_decay);
            if let Some(betas) = options["betas"].as_array() {
                config.betas = (betas[0].as_f64().unwrap(), betas[1].as_f64().unwrap());
            }
            flag(options, "amsgrad", &mut config.amsgrad);
            flag(options, "maximize", &mut config.maximize);
            config
        }
    };
}

adam!(adam, optim::AdamConfig);
adam!(adamw, optim::AdamWConfig);

#[test]
fn optimizers_walk_pytorchs_path() {
    let (mut checked, mut failures) = (0, Vec::new());
    for case in section("optim") {
        let id = case["id"].as_str().unwrap();
        // The class AdamW is this option's name here; half a dozen flags only choose PyTorch's code.
        if case["p"]["decoupled_weight_decay"] == true {
            continue;
        }
        let found = match case["cls"].as_str().unwrap() {
            "SGD" => run::<optim::SgdRule>(case, sgd, |config, lr| config.lr = lr),
            "Adam" => run::<optim::AdamRule>(case, adam, |config, lr| config.lr = lr),
            "AdamW" => run::<optim::AdamWRule>(case, adamw, |config, lr| config.lr = lr),
            _ => continue,
        };
        checked += 1;
        let dtype = dtype(case["set"].as_str().unwrap().split('.').nth(1).unwrap());
        let (relative, absolute) = if dtype == DType::F64 { (1e-10, 1e-13) } else { (2e-5, 1e-6) };
        for (step, (found, expected)) in
            found.traj.iter().zip(case["traj"].as_array().unwrap()).enumerate()
        {
            let expected = floats(expected.as_str().unwrap(), dtype);
            if let Some(it) = difference(found, &expected, relative, absolute) {
                failures.push(format!("{id}: step {step} {it}"));
                break;
            }
        }
        // Those options exist in PyTorch alone, and print otherwise there.
        let is_plain = ["foreach", "fused", "capturable", "differentiable"]
            .iter()
            .all(|it| case["p"].get(it).is_none());
        if is_plain && !case["p"]["lr"].is_object() && found.repr != case["repr"].as_str().unwrap()
        {
            failures.push(format!(
                "{id}: prints\n{}\ninstead of\n{}",
                found.repr,
                case["repr"].as_str().unwrap()
            ));
        }
    }
    assert!(checked > 40, "only {checked} cases");
    report(checked, &failures);
}
