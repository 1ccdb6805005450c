//! Section `op`: values and gradients of every function, and `random`: what is drawn.

use akari::candle_core::Result;
use akari::prelude::*;
use serde_json::Value;

use crate::vectors::{compare, compare_at_scale, file, gradient, tensor};
use crate::{section, seeded};

fn pair(value: &Value) -> F::Pair {
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    match value.as_array() {
        Some(both) => (number(&both[0]), number(&both[1])).into(),
        None => number(value).into(),
    }
}

fn list(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|it| it.as_i64().unwrap()).collect()
}

fn call(case: &Value, args: &[Option<Var>]) -> Result<Tensor> {
    let p = &case["p"];
    let x = args[0].as_deref().unwrap();
    let arg = |index: usize| args.get(index).and_then(|it| it.as_deref());
    let flag = |name: &str| p[name].as_bool().unwrap();
    let number = |name: &str, default: usize| p[name].as_u64().unwrap_or(default as u64) as usize;
    match case["fn"].as_str().unwrap() {
        "max_pool2d" => nn::MaxPool2d {
            stride: pair(&p["stride"]),
            padding: pair(&p["padding"]),
            dilation: pair(&p["dilation"]),
            ceil_mode: flag("ceil"),
            ..nn::MaxPool2d::new(pair(&p["kernel"]))
        }
        .forward(x),
        "avg_pool2d" => nn::AvgPool2d {
            stride: pair(&p["stride"]),
            padding: pair(&p["padding"]),
            ceil_mode: flag("ceil"),
            count_include_pad: flag("include"),
            ..nn::AvgPool2d::new(pair(&p["kernel"]))
        }
        .forward(x),
        "adaptive_avg_pool2d" => F::adaptive_avg_pool2d(x, pair(&p["size"])),
        "layer_norm" => {
            let shape = list(&p["shape"]).iter().map(|it| *it as usize).collect::<Vec<_>>();
            F::layer_norm(x, &shape, arg(1), arg(2), p["eps"].as_f64().unwrap())
        }
        "rms_norm" => {
            let shape = list(&p["shape"]).iter().map(|it| *it as usize).collect::<Vec<_>>();
            F::rms_norm(x, &shape, arg(1), p["eps"].as_f64().unwrap())
        }
        "batch_norm" => {
            let var = |name: &str| {
                let values = p[name].as_array().unwrap();
                let values = values.iter().map(|it| it.as_f64().unwrap()).collect::<Vec<_>>();
                Var::new(values, &Device::Cpu)
            };
            let (mean, variance) = (var("mean")?, var("var")?);
            let default = F::BatchNormOptions::default();
            let options = F::BatchNormOptions {
                training: flag("training"),
                momentum: p["momentum"].as_f64().unwrap_or(default.momentum),
                eps: p["eps"].as_f64().unwrap_or(default.eps),
            };
            let y = F::batch_norm(x, Some((&mean, &variance)), arg(1), arg(2), options)?;
            if p["momentum"].is_null() {
                return Ok(y);
            }
            // What the moments have become stands behind the values.
            let moments = [&mean, &variance].map(|it| it.to_dtype(y.dtype()));
            let [mean, variance] = moments;
            Tensor::cat(&[y.flatten_all()?, mean?, variance?], 0)
        }
        "linear" => F::linear(x, arg(1).unwrap(), arg(2)),
        "conv2d" => {
            let config = F::Conv2dConfig {
                stride: number("stride", 1),
                padding: number("padding", 0),
                dilation: number("dilation", 1),
                groups: number("groups", 1),
                ..Default::default()
            };
            F::conv2d(x, arg(1).unwrap(), arg(2), config)
        }
        "embedding" => {
            let rows = p["index"].as_array().unwrap().iter().map(list).collect::<Vec<_>>();
            let padding_idx = p["padding"].as_u64().map(|it| it as usize);
            let config = nn::EmbeddingConfig { padding_idx };
            let weight = args[0].clone().unwrap();
            let index = tensor!(rows).to_dtype(DType::I64)?;
            nn::Embedding { weight, config }.forward(&index)
        }
        "pad" => F::pad(x, &list(&p["pad"]), p["value"].as_f64().unwrap()),
        "abs" => torch::abs(x),
        "round" => torch::round(x),
        "clamp" => torch::clamp(x, p["min"].as_f64().unwrap(), p["max"].as_f64().unwrap()),
        "max" => torch::max(x),
        "min" => torch::min(x),
        "amax" => torch::amax(x, p["dim"].as_i64().unwrap()),
        "amin" => torch::amin(x, p["dim"].as_i64().unwrap()),
        "sum" => torch::sum(x),
        "mean" => torch::mean(x),
        other => panic!("nobody knows {other}"),
    }
}

/// What differs from PyTorch's values, gradients or refusal.
fn check(case: &Value) -> std::result::Result<(), String> {
    let args = case["in"].as_array().unwrap().iter();
    let args = args
        .map(|it| (!it.is_null()).then(|| Var::from_tensor(&tensor(it)).unwrap()))
        .collect::<Vec<_>>();
    let y = match (call(case, &args), &case["y"]) {
        (Err(_), Value::Null) => return Ok(()),
        (Ok(y), Value::Null) => return Err(format!("PyTorch refuses what gives {y:?}")),
        (Err(error), _) => return Err(error.to_string()),
        (Ok(y), _) => y,
    };
    if let Some(text) = compare_at_scale(&y, &case["y"], false) {
        return Err(format!("value {text}"));
    }
    let Some(expected) = case["g"].as_array() else { return Ok(()) };
    let grads = (&y * tensor(&case["gy"])).unwrap().sum_all().unwrap().backward().unwrap();
    for (index, (arg, expected)) in args.iter().zip(expected).enumerate() {
        let (Some(arg), false) = (arg, expected.is_null()) else { continue };
        if let Some(text) = compare_at_scale(&gradient(&grads, arg), expected, true) {
            return Err(format!("gradient {index} {text}"));
        }
    }
    Ok(())
}

fn check_all(cases: &[Value], least: usize) {
    let mut failures = Vec::new();
    for case in cases {
        let id = case["id"].as_str().unwrap();
        failures.extend(check(case).err().map(|text| format!("{id}: {text} {}", case["p"])));
    }
    assert!(cases.len() > least, "only {} cases", cases.len());
    assert!(
        failures.is_empty(),
        "{} failures in {} cases:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn functions_and_their_gradients_are_pytorchs() {
    check_all(section("op"), 300);
}

#[test]
fn random_configurations_have_pytorchs_values_and_gradients() {
    let configs = file("AKARI_CONFIGS_ORACLE", "configs-1.json");
    check_all(configs["op"].as_array().unwrap(), 200);
}

fn order(batches: &data::DataLoader) -> Value {
    let order = |batch: Result<(Tensor, Tensor)>| batch.unwrap().1.to_vec1::<i64>().unwrap();
    serde_json::json!(batches.iter().map(order).collect::<Vec<_>>())
}

fn drawn(id: &str) -> Value {
    let ten = Tensor::arange(0i64, 10, &Device::Cpu).unwrap();
    let set = data::TensorDataset::new(&ten, &ten).unwrap();
    let loader = |shuffle, drop_last| {
        let config =
            data::DataLoaderConfig { batch_size: 4, shuffle, drop_last, ..Default::default() };
        data::DataLoader::new(&set, config).unwrap()
    };
    let permutation = |n| serde_json::json!(torch::randperm(n).unwrap().to_vec1::<i64>().unwrap());
    let parts = |sizes| {
        let parts = data::random_split(&set, sizes).unwrap();
        serde_json::json!(parts.map(|it| it.all().unwrap().0.to_vec1::<i64>().unwrap()))
    };
    match id {
        "randperm" => serde_json::json!([permutation(10), permutation(10)]),
        "randint" => {
            serde_json::json!(torch::randint(-2, 10, 6).unwrap().to_vec1::<i64>().unwrap())
        }
        "shuffled" => {
            let loader = loader(true, false);
            serde_json::json!([order(&loader), order(&loader)])
        }
        "dropped" => order(&loader(true, true)),
        "in order" => serde_json::json!([order(&loader(false, false)), permutation(5)]),
        "split" => parts([7.0, 3.0]),
        "shares" => parts([0.75, 0.25]),
        "dropout" => {
            let ones = Tensor::ones(100, DType::F32, &Device::Cpu).unwrap();
            let kept = F::dropout(&ones, 0.3, true).unwrap().to_vec1::<f32>().unwrap();
            serde_json::json!(kept.iter().map(|it| i64::from(*it > 0.0)).collect::<Vec<_>>())
        }
        other => panic!("nobody knows {other}"),
    }
}

#[test]
fn what_is_drawn_is_what_pytorch_draws() {
    let _seeded = seeded();
    for case in section("random") {
        let id = case["id"].as_str().unwrap();
        torch::manual_seed(0);
        let Some(name) = id.strip_prefix("init.") else {
            assert_eq!(drawn(id), case["values"], "{id}");
            continue;
        };
        use nn::init::{self, Fan, Nonlinearity};
        let shape = tensor(&case["values"]).dims().to_vec();
        let var = Var::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        match name {
            "uniform_" => init::uniform_(&var, -1.0, 2.0),
            "normal_" => init::normal_(&var, 1.0, 2.0),
            "xavier_uniform_" => init::xavier_uniform_(&var, 2.0),
            "xavier_normal_" => init::xavier_normal_(&var, 1.0),
            "kaiming_uniform_" => {
                init::kaiming_uniform_(&var, Fan::In, Nonlinearity::LeakyRelu(0.0))
            }
            "kaiming_normal_" => init::kaiming_normal_(&var, Fan::Out, Nonlinearity::Relu),
            "constant_" => init::constant_(&var, 0.5),
            other => panic!("nobody knows {other}"),
        }
        .unwrap();
        assert_eq!(compare(&var, &case["values"], false), None, "{id}");
    }
}
