//! The prelude against vectors that PyTorch wrote: the file named by `AKARI_ORACLE`, else seed 1.
//!
//! Tolerances: f64 1e-10 relative; f32 values 2e-6 relative + 1e-6 absolute, gradients 1e-5,
//! trajectories 2e-5; text to the character.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Result, Tensor, Var};
use akari::nn::{self, Reduction};
use akari::print::{Suffix, tensor_text_with};
use akari::torch::PrintOptions;
use akari::{functional as F, optim, torch};
use candle_nn::Optimizer;
use serde_json::Value;

static ORACLE: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/oracle-1.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

fn section(name: &str) -> &'static [Value] {
    ORACLE[name].as_array().unwrap()
}

fn dtype(name: &str) -> DType {
    match name {
        "f32" => DType::F32,
        "f64" => DType::F64,
        "f16" => DType::F16,
        "bf16" => DType::BF16,
        "i64" => DType::I64,
        "i32" => DType::I32,
        "i16" => DType::I16,
        // candle has no truth values; the prelude keeps them in u8.
        "u8" | "bool" => DType::U8,
        other => panic!("dtype {other}"),
    }
}

fn floats(hex: &str, dtype: DType) -> Vec<f64> {
    let digits = dtype.size_in_bytes() * 2;
    (0..hex.len() / digits)
        .map(|index| {
            let bits = u64::from_str_radix(&hex[index * digits..][..digits], 16).unwrap();
            match dtype {
                DType::F32 => f64::from(f32::from_bits(bits as u32)),
                DType::F64 => f64::from_bits(bits),
                DType::F16 => half::f16::from_bits(bits as u16).to_f64(),
                _ => half::bf16::from_bits(bits as u16).to_f64(),
            }
        })
        .collect()
}

fn shape(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|it| it.as_u64().unwrap() as usize).collect()
}

fn tensor(value: &Value) -> Tensor {
    let dtype = dtype(value["dtype"].as_str().unwrap());
    let shape = shape(&value["shape"]);
    if let Some(ints) = value["ints"].as_array() {
        let ints = ints.iter().map(|it| it.as_i64().unwrap()).collect::<Vec<_>>();
        return Tensor::from_vec(ints, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
    }
    let values = if let Some(hex) = value["hex"].as_str() {
        floats(hex, dtype)
    } else {
        let [a, m, mul, add] = [0, 1, 2, 3].map(|index| value["gen"][index].as_f64().unwrap());
        let count = shape.iter().product::<usize>();
        (0..count).map(|index| ((index as i64 * a as i64) % m as i64) as f64 * mul + add).collect()
    };
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The first place where two lists of numbers are too far apart.
fn difference(found: &[f64], expected: &[f64], relative: f64, absolute: f64) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} numbers instead of {}", found.len(), expected.len()));
    }
    let is_near = |a: f64, b: f64| {
        a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= absolute + relative * b.abs()
    };
    let pairs = found.iter().zip(expected).enumerate();
    pairs
        .filter(|(_, (a, b))| !is_near(**a, **b))
        .map(|(index, (a, b))| format!("[{index}] is {a:e} instead of {b:e}"))
        .next()
}

/// Relative and absolute tolerance of values and of gradients.
fn tolerance(dtype: DType, is_gradient: bool) -> (f64, f64) {
    match (dtype, is_gradient) {
        (DType::F64, _) => (1e-10, 1e-13),
        (_, false) => (2e-6, 1e-6),
        (_, true) => (1e-5, 1e-6),
    }
}

fn compare(found: &Tensor, expected: &Value, is_gradient: bool) -> Option<String> {
    let expected = tensor(expected);
    if found.dims() != expected.dims() || found.dtype() != expected.dtype() {
        return Some(format!("{found:?} instead of {expected:?}"));
    }
    let (relative, absolute) = tolerance(expected.dtype(), is_gradient);
    difference(&values(found), &values(&expected), relative, absolute)
}

fn report(checked: usize, failures: &[String]) {
    assert!(failures.is_empty(), "{} of {checked} fail:\n{}", failures.len(), failures.join("\n"));
}

/// The gradient of `sum(y * gy)`; zeros where there is none.
fn gradient(grads: &GradStore, var: &Var) -> Tensor {
    grads.get(var).cloned().unwrap_or_else(|| var.zeros_like().unwrap())
}

fn activation(case: &Value, x: &Tensor) -> Option<Result<Tensor>> {
    let number = |name: &str, default: f64| case["p"][name].as_f64().unwrap_or(default);
    let dim = case["p"]["dim"].as_i64().unwrap_or(-1);
    Some(match case["fn"].as_str().unwrap() {
        "relu" => F::relu(x),
        "relu6" => F::relu6(x),
        "hardswish" => F::hardswish(x),
        "hardsigmoid" => F::hardsigmoid(x),
        "selu" => F::selu(x),
        "logsigmoid" => F::logsigmoid(x),
        "tanhshrink" => F::tanhshrink(x),
        "softsign" => F::softsign(x),
        "tanh" => torch::tanh(x),
        "sigmoid" => torch::sigmoid(x),
        "silu" => F::silu(x),
        "mish" => F::mish(x),
        "threshold" => F::threshold(x, number("threshold", 0.0), number("value", 0.0)),
        "hardtanh" => F::hardtanh(x, number("min_val", -1.0), number("max_val", 1.0)),
        "elu" => F::elu(x, number("alpha", 1.0)),
        "celu" => F::celu(x, number("alpha", 1.0)),
        "leaky_relu" => F::leaky_relu(x, number("negative_slope", 0.01)),
        "gelu" if case["p"]["approximate"] == "tanh" => F::gelu(x, F::Gelu::Tanh),
        "gelu" => F::gelu(x, F::Gelu::None),
        "hardshrink" => F::hardshrink(x, number("lambd", 0.5)),
        "softshrink" => F::softshrink(x, number("lambd", 0.5)),
        "softplus" => F::softplus(x, number("beta", 1.0), number("threshold", 20.0)),
        "softmax" => F::softmax(x, dim),
        "log_softmax" => F::log_softmax(x, dim),
        "softmin" => F::softmin(x, dim),
        _ => return None,
    })
}

/// Where PyTorch itself leaves the formula: `hardswish` overflows in f32 at 3e38, the slope of
/// `softsign` is nan at infinity, and `gelu` in f32 is off by 4e-5 below -2.
fn pytorch_is_inexact(id: &str) -> bool {
    ["hardswish/f32/sp", "softsign/f32/sp", "softsign/f64/sp", "gelu/f32/", "gelu(tanh)/f32/"]
        .iter()
        .any(|it| id.starts_with(it))
}

#[test]
fn activations_and_their_gradients_are_pytorchs() {
    let (mut checked, mut failures) = (0, Vec::new());
    for case in section("act") {
        let id = case["id"].as_str().unwrap();
        let x = Var::from_tensor(&tensor(&case["x"])).unwrap();
        let Some(y) = activation(case, &x) else { continue };
        checked += 1;
        let y = y.unwrap();
        if pytorch_is_inexact(id) {
            continue;
        }
        let gy = tensor(&case["gy"]);
        let grads = (&y * &gy).unwrap().sum_all().unwrap().backward().unwrap();
        let of_value = compare(&y, &case["y"], false).map(|it| format!("{id}: value {it}"));
        let of_gradient = compare(&gradient(&grads, &x), &case["gx"], true)
            .map(|it| format!("{id}: gradient {it}"));
        failures.extend(of_value.into_iter().chain(of_gradient));
    }
    assert!(checked > 250, "only {checked} cases");
    report(checked, &failures);
}

fn reduction(name: &str) -> Option<Reduction> {
    match name {
        "mean" => Some(Reduction::Mean),
        "sum" => Some(Reduction::Sum),
        "none" => Some(Reduction::None),
        _ => None,
    }
}

fn loss(case: &Value, run: &Value, input: &Tensor, target: &Tensor) -> Option<Result<Tensor>> {
    let reduction = reduction(run["reduction"].as_str()?)?;
    let optional = |name: &str| case["in"].get(name).map(tensor);
    Some(match case["fn"].as_str()? {
        // The weight of mse_loss belongs to the function alone, not to the class.
        "mse_loss" if optional("weight").is_none() => {
            nn::MSELoss { reduction }.forward(input, target)
        }
        "l1_loss" if optional("weight").is_none() => {
            nn::L1Loss { reduction }.forward(input, target)
        }
        "smooth_l1_loss" => {
            let beta = case["p"]["beta"].as_f64().unwrap_or(1.0);
            nn::SmoothL1Loss { beta, reduction }.forward(input, target)
        }
        "huber_loss" if optional("weight").is_none() => {
            let delta = case["p"]["delta"].as_f64().unwrap_or(1.0);
            nn::HuberLoss { delta, reduction }.forward(input, target)
        }
        "cross_entropy" => nn::CrossEntropyLoss {
            weight: optional("weight"),
            ignore_index: case["p"]["ignore_index"].as_i64().unwrap_or(-100),
            label_smoothing: case["p"]["label_smoothing"].as_f64().unwrap_or(0.0),
            reduction,
        }
        .forward(input, target),
        "binary_cross_entropy" => {
            nn::BCELoss { weight: optional("weight"), reduction }.forward(input, target)
        }
        "binary_cross_entropy_with_logits" => nn::BCEWithLogitsLoss {
            weight: optional("weight"),
            pos_weight: optional("pos_weight"),
            reduction,
        }
        .forward(input, target),
        _ => return None,
    })
}

#[test]
fn losses_and_their_gradients_are_pytorchs() {
    let (mut checked, mut failures) = (0, Vec::new());
    for case in section("loss") {
        let id = case["id"].as_str().unwrap();
        for run in case["runs"].as_array().unwrap() {
            let side = |name: &str| {
                let plain = tensor(&case["in"][name]);
                if plain.dtype().is_float() {
                    Var::from_tensor(&plain).unwrap().into_inner()
                } else {
                    plain
                }
            };
            if case["in"]["input"].is_null() || case["in"]["target"].is_null() {
                continue;
            }
            let (input, target) = (side("input"), side("target"));
            let Some(y) = loss(case, run, &input, &target) else { continue };
            checked += 1;
            let name = format!("{id} {}", run["reduction"]);
            let y = match y {
                Ok(y) => y,
                Err(error) => {
                    failures.push(format!("{name}: {error}"));
                    continue;
                }
            };
            failures.extend(compare(&y, &run["y"], false).map(|it| format!("{name}: value {it}")));
            let weighted = match run.get("gy") {
                Some(gy) => (&y * tensor(gy)).unwrap(),
                None => y,
            };
            let grads = weighted.sum_all().unwrap().backward().unwrap();
            for (side, expected) in run["g"].as_object().unwrap() {
                let var = match side.as_str() {
                    "input" => &input,
                    "target" => &target,
                    _ => continue,
                };
                let found = grads.get(var).cloned().unwrap_or_else(|| var.zeros_like().unwrap());
                failures.extend(
                    compare(&found, expected, true)
                        .map(|it| format!("{name}: gradient of {side} {it}")),
                );
            }
        }
    }
    assert!(checked > 150, "only {checked} runs");
    report(checked, &failures);
}

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

#[test]
fn tensors_print_as_in_pytorch() {
    let (mut checked, mut failures) = (0, Vec::new());
    for case in section("print") {
        // candle has no truth values.
        if case["t"]["dtype"] == "bool" {
            continue;
        }
        let mut options = PrintOptions::default();
        let size = |name: &str, field: &mut usize| {
            if let Some(value) = case["opts"][name].as_u64() {
                *field = value as usize;
            }
        };
        size("precision", &mut options.precision);
        size("threshold", &mut options.threshold);
        size("edgeitems", &mut options.edgeitems);
        size("linewidth", &mut options.linewidth);
        options.sci_mode = case["opts"]["sci_mode"].as_bool();
        let suffix = match &case["suffix"] {
            Value::Null => Suffix::None,
            suffix => suffix["grad_fn"].as_str().map_or(Suffix::RequiresGrad, Suffix::GradFn),
        };
        checked += 1;
        let found = tensor_text_with(&tensor(&case["t"]), suffix, &options).unwrap();
        let expected = case["expect"].as_str().unwrap();
        if found != expected {
            failures
                .push(format!("{}: {}\n{found}\ninstead of\n{expected}", case["id"], case["opts"]));
        }
    }
    assert!(checked > 400, "only {checked} cases");
    report(checked, &failures);
}
