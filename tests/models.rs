//! First values, averages of models and resnet18 against PyTorch's.
//!
//! `tests/oracle/models.py SEED OUT` writes the vectors; `AKARI_MODELS_ORACLE` names another file than the one of seed 1.
#![allow(clippy::unwrap_used)]

use std::sync::{LazyLock, Mutex};

use akari::nn::{Layer, init};
use akari::optim::swa_utils::{AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn};
use akari::prelude::*;
use serde_json::Value;

/// Held by tests that draw from the one generator of the process.
static SEEDED: Mutex<()> = Mutex::new(());

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_MODELS_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/models-1.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], (relative, absolute): (f64, f64), what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_near = (found - expected).abs() <= absolute + relative * expected.abs();
        assert!(is_near, "{found} for {expected} at {index} of {what}");
    }
}

/// The bits of the next number that is drawn.
fn then() -> String {
    format!("{:08x}", torch::rand(1).unwrap().to_vec1::<f32>().unwrap()[0].to_bits())
}

fn hashed(tensor: &Tensor) -> String {
    let words = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter();
    let mixed = words.map(|word| u64::from(word.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = mixed.map(|word| word ^ word >> 32).zip((1u64..).step_by(2));
    let hash = mixed.fold(0u64, |sum, (word, factor)| sum.wrapping_add(word.wrapping_mul(factor)));
    format!("{hash:016x}")
}

#[test]
fn first_values_are_those_of_pytorch() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let cases = VECTORS["inits"].as_array().unwrap();
    assert!(cases.len() >= 30);
    for case in cases {
        let shape: Vec<usize> = serde_json::from_value(case["shape"].clone()).unwrap();
        let is_double = case["dtype"] == "f64";
        let dtype = if is_double { DType::F64 } else { DType::F32 };
        let (var, args) = (Var::zeros(shape, dtype, &Device::Cpu).unwrap(), numbers(&case["args"]));
        torch::manual_seed(case["seed"].as_u64().unwrap());
        match case["id"].as_str().unwrap() {
            "orthogonal_" => init::orthogonal_(&var, args[0]),
            "trunc_normal_" => init::trunc_normal_(&var, args[0], args[1], args[2], args[3]),
            "sparse_" => init::sparse_(&var, args[0], args[1]),
            "eye_" => init::eye_(&var),
            "dirac_" => init::dirac_(&var, args[0] as usize),
            other => panic!("no such way: {other}"),
        }
        .unwrap();
        let tolerance = if is_double { (1e-10, 1e-12) } else { (2e-6, 1e-6) };
        assert_near(&values(&var), &numbers(&case["values"]), tolerance, &case.to_string());
        assert_eq!(then(), case["then"], "after {case}");
    }
}

#[test]
fn averages_are_those_of_pytorch() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for case in VECTORS["averages"].as_array().unwrap() {
        torch::manual_seed(VECTORS["meta"]["seed"].as_u64().unwrap());
        let model = nn::seq![nn::Linear::no_bias(2, 3).unwrap(), nn::BatchNorm1d::new(3).unwrap()];
        let averaging = match case["id"].as_str().unwrap() {
            "swa" => get_swa_multi_avg_fn(),
            id => get_ema_multi_avg_fn(id.trim_start_matches("ema ").parse().unwrap()).unwrap(),
        };
        let mut average = AveragedModel::new(&model, averaging).unwrap();
        average.use_buffers = case["use_buffers"].as_bool().unwrap();
        let config = optim::SGDConfig { lr: 0.1, ..Default::default() };
        let mut sgd = optim::SGD::new(model.parameters(), config).unwrap();
        for expected in case["steps"].as_array().unwrap() {
            let x = torch::rand((6, 2)).unwrap();
            let loss = || {
                Result::<Tensor>::Ok(t!((model.forward(&x)? - x.sum(1, keepdim = true))
                    .pow(2)
                    .mean()))
            };
            sgd.backward_step(&loss().unwrap()).unwrap();
            average.update_parameters(&model).unwrap();
            let named = average.module.named_parameters().into_iter();
            let all = named.chain(average.module.named_buffers());
            let found = all.flat_map(|(_, var)| values(&var)).collect::<Vec<_>>();
            assert_near(&found, &numbers(expected), (2e-5, 1e-5), &case["id"].to_string());
        }
        assert_eq!(average.n_averaged().unwrap(), 5);
        assert!(average.state_dict().unwrap().contains_key("module.0.weight"));
    }
}

#[test]
fn resnet18_is_that_of_torchvision() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let expected = &VECTORS["resnet18"];
    torch::manual_seed(expected["seed"].as_u64().unwrap());
    let model = models::resnet18().unwrap();
    assert_eq!(then(), expected["then"]);
    assert_eq!(model.to_string(), expected["repr"].as_str().unwrap());
    let names = model.state().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(serde_json::json!(names), expected["names"]);
    let tensors = expected["tensors"].as_array().unwrap();
    for ((name, var), expected) in model.named_parameters().iter().zip(tensors) {
        assert_eq!(
            (name.as_str(), serde_json::json!(var.dims())),
            (expected["name"].as_str().unwrap(), expected["shape"].clone())
        );
        assert_eq!(hashed(var), expected["hash"], "{name}");
    }
    let image = torch::rand((1, 3, 40, 36)).unwrap();
    model.eval();
    let logits = values(&model.forward(&image).unwrap());
    assert_near(&logits[..8], &numbers(&expected["logits"]), (1e-4, 1e-4), "logits");
    let sum = logits.iter().map(|logit| logit.abs()).sum::<f64>();
    assert_near(&[sum], &[expected["sum"].as_f64().unwrap()], (1e-4, 0.0), "logits");
    assert_eq!(model.deep_copy().unwrap().num_parameters(), 11_689_512);
}

/// An optimizer behind a pointer does what the optimizer does, with its schedule and its state.
#[test]
fn an_optimizer_may_be_chosen_at_run_time() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    use akari::optim::lr_scheduler::{StepLR, StepLRConfig};
    let train = |mut opt: Box<dyn optim::Optimizer>, w: &Var| {
        let config = StepLRConfig { step_size: 2, gamma: 0.5 };
        let mut schedule = StepLR::new(&mut opt, config).unwrap();
        for _ in 0..4 {
            let grads = w.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            opt.step(&grads).unwrap();
            schedule.step(&mut opt).unwrap();
        }
        assert!(opt.state_dict().unwrap().contains_key("param_groups.0.lr"));
        let rate = opt.learning_rate();
        opt.set_learning_rate(1.0);
        let dict = opt.state_dict().unwrap();
        opt.load_state_dict(&dict).unwrap();
        (rate, opt.learning_rate(), values(w))
    };
    let var = || Var::new(&[1f32, -2.0], &Device::Cpu).unwrap();
    let w = var();
    let config = optim::SGDConfig { lr: 0.25, ..Default::default() };
    let sgd = optim::SGD::new([w.clone()], config).unwrap();
    assert_eq!(train(Box::new(sgd), &w), (0.0625, 1.0, vec![0.140625, -0.28125]));
    let w = var();
    let adam = optim::Adam::new([w.clone()], Default::default()).unwrap();
    assert_eq!(train(Box::new(adam), &w).0, 0.00025);
}

/// Frozen parameters are neither stepped nor counted by clipping, and thawed ones are again.
#[test]
fn frozen_parameters_stay() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (frozen, free) = (nn::Linear::no_bias(1, 1).unwrap(), nn::Linear::no_bias(1, 1).unwrap());
    for layer in [&frozen, &free] {
        init::ones_(&layer.weight).unwrap();
    }
    frozen.requires_grad_(false);
    let params = [frozen.weight.clone(), free.weight.clone()];
    let loss = || {
        let x = tensor!([[1.0]]);
        let y = (frozen.forward(&x).unwrap() * 3.0).unwrap()
            + (free.forward(&x).unwrap() * 4.0).unwrap();
        y.unwrap().sum_all().unwrap()
    };
    let mut grads = loss().backward().unwrap();
    let norm = nn::utils::clip_grad_norm_(&params, &mut grads, 100.0, 2.0).unwrap();
    assert_eq!(values(&norm), [4.0]);
    let config = optim::SGDConfig { lr: 0.25, weight_decay: 0.5, ..Default::default() };
    let mut sgd = optim::SGD::new(params.to_vec(), config).unwrap();
    sgd.backward_step(&loss()).unwrap();
    assert_eq!((values(&frozen.weight), values(&free.weight)), (vec![1.0], vec![-0.125]));
    // A copy is frozen as its original is.
    let copy = frozen.deep_copy().unwrap();
    assert!(
        nn::utils::clip_grad_norm_(std::slice::from_ref(&copy.weight), &mut grads, 1.0, 2.0)
            .is_ok()
    );
    frozen.requires_grad_(true);
    sgd.backward_step(&loss()).unwrap();
    assert_eq!(values(&frozen.weight), [0.125]);
    let mut lbfgs = optim::LBFGS::new(params.to_vec(), Default::default()).unwrap();
    frozen.requires_grad_(false);
    lbfgs.step(|| loss().sqr()).unwrap();
    assert_eq!(values(&frozen.weight), [0.125]);
}
