//! Whole training runs beside PyTorch's: the loss of each step and the weights at both ends.
//!
//! `tests/oracle/runs.py SEED OUT` writes the runs; `AKARI_RUNS_ORACLE` names another file than that of seed 1. All of a
//! run comes of its seed: weights, examples, split, order of the batches, dropout.
#![allow(clippy::unwrap_used)]

#[path = "torch_oracle/vectors.rs"]
#[allow(dead_code)]
mod vectors;

use akari::candle_core::Result;
use akari::prelude::*;
use optim::ParamGroups;
use optim::lr_scheduler::{
    CosineAnnealingLR, CosineAnnealingLRConfig, LrScheduler, OneCycleLR, OneCycleLRConfig, StepLR,
    StepLRConfig,
};
use serde_json::Value;

use self::vectors::{compare_within, file};

fn conv(inputs: usize, outputs: usize, bias: bool) -> Result<nn::Conv2d> {
    nn::Conv2d::new(inputs, outputs, 3, nn::Conv2dConfig { padding: 1, bias, ..Default::default() })
}

fn model(name: &str) -> Result<nn::Sequential> {
    let linear = nn::Linear::new;
    Ok(match name {
        "mlp" => nn::seq![linear(20, 32)?, nn::ReLU, linear(32, 5)?],
        "batch norm" => {
            let first = nn::Linear::no_bias(20, 32)?;
            nn::seq![first, nn::BatchNorm1d::new(32)?, nn::ReLU, linear(32, 5)?]
        }
        "dropout" => nn::seq![linear(20, 32)?, nn::ReLU, nn::Dropout::new(0.5)?, linear(32, 5)?],
        "layer norm" => {
            let norm = nn::LayerNorm::new([32])?;
            nn::seq![linear(20, 32)?, norm, nn::GELU::default(), linear(32, 5)?]
        }
        "rms norm" => {
            let config = nn::RMSNormConfig { eps: Some(1e-6), ..Default::default() };
            let norm = nn::RMSNorm::with_config([16], config)?;
            nn::seq![linear(20, 16)?, nn::PReLU::default(), norm, linear(16, 5)?]
        }
        "embedding" => {
            nn::seq![nn::Embedding::new(50, 8)?, nn::Flatten::default(), linear(48, 5)?]
        }
        "cnn" => nn::seq![
            conv(1, 4, true)?,
            nn::ReLU,
            nn::MaxPool2d::new(2),
            conv(4, 8, false)?,
            nn::BatchNorm2d::new(8)?,
            nn::ReLU,
            nn::MaxPool2d::new(2),
            nn::Flatten::default(),
            linear(32, 5)?,
        ],
        "logits" => nn::seq![linear(20, 32)?, nn::Tanh, linear(32, 1)?],
        other => panic!("nobody knows {other}"),
    })
}

fn examples(model: &str) -> Result<data::TensorDataset> {
    const COUNT: usize = 250;
    let x = match model {
        "embedding" => torch::randint(0, 50, (COUNT, 6))?,
        "cnn" => torch::randn((COUNT, 1, 8, 8))?,
        _ => torch::randn((COUNT, 20))?,
    };
    let y = match model {
        "layer norm" | "rms norm" => torch::randn((COUNT, 5))?,
        "logits" => torch::randint(0, 2, (COUNT, 1))?.to_dtype(DType::F32)?,
        _ => torch::randint(0, 5, COUNT)?,
    };
    data::TensorDataset::new(&x, &y)
}

fn loss(model: &str, y: &Tensor, target: &Tensor) -> Result<Tensor> {
    match model {
        "layer norm" => nn::MSELoss::default().forward(y, target),
        "rms norm" => nn::SmoothL1Loss::default().forward(y, target),
        "logits" => nn::BCEWithLogitsLoss::default().forward(y, target),
        _ => nn::CrossEntropyLoss::default().forward(y, target),
    }
}

/// What a run is compared by.
struct Run {
    losses: Tensor,
    evaluated: Tensor,
}

/// Trains as often as there are losses in the case.
fn train<O: Optimizer + ParamGroups>(
    case: &Value,
    model: &nn::Sequential,
    lr: f64,
    mut optimizer: O,
) -> Result<Run> {
    let name = case["model"].as_str().unwrap();
    let steps = case["losses"]["shape"][0].as_u64().unwrap() as usize;
    let opt = &mut optimizer;
    let mut scheduler: Box<dyn LrScheduler> = match case["scheduler"].as_str().unwrap() {
        "StepLR" => StepLR::new(opt, StepLRConfig { step_size: 10, gamma: 0.5 })?.into(),
        "CosineAnnealingLR" => {
            CosineAnnealingLR::new(opt, CosineAnnealingLRConfig { T_max: 40, eta_min: 0.0 })?.into()
        }
        _ => {
            let total_steps = Some(41);
            let config = OneCycleLRConfig { max_lr: lr.into(), total_steps, ..Default::default() };
            OneCycleLR::new(opt, config)?.into()
        }
    };
    let [part, test] = data::random_split(&examples(name)?, [0.8, 0.2])?;
    let config = data::DataLoaderConfig { batch_size: 32, shuffle: true, ..Default::default() };
    let loader = data::DataLoader::new(&part, config)?;
    let mut losses = Vec::new();
    while losses.len() < steps {
        for batch in loader.iter().take(steps - losses.len()) {
            let (x, y) = batch?;
            let loss = loss(name, &model.forward(&x)?, &y)?;
            optimizer.backward_step(&loss)?;
            scheduler.step(&mut optimizer)?;
            losses.push(loss);
        }
    }
    model.eval();
    let evaluated = loss(name, &model.forward(&test.x)?, &test.y)?;
    Ok(Run { losses: Tensor::stack(&losses, 0)?, evaluated })
}

fn trained(case: &Value, model: &nn::Sequential) -> Result<Run> {
    let parameters = model.parameters();
    match case["optimizer"].as_str().unwrap() {
        "SGD" => {
            let (lr, momentum, weight_decay) = (0.05, 0.9, 1e-4);
            let config = optim::SGDConfig { lr, momentum, weight_decay, ..Default::default() };
            train(case, model, lr, optim::SGD::new(parameters, config)?)
        }
        "Adam" => {
            let config = optim::AdamConfig { lr: 0.01, ..Default::default() };
            train(case, model, 0.01, optim::Adam::new(parameters, config)?)
        }
        "AdamW" => {
            let config = optim::AdamWConfig { lr: 0.01, ..Default::default() };
            train(case, model, 0.01, optim::AdamW::new(parameters, config)?)
        }
        _ => {
            let (lr, eps, momentum) = (0.001, 1e-4, 0.5);
            let config = optim::RMSpropConfig { lr, eps, momentum, ..Default::default() };
            train(case, model, lr, optim::RMSprop::new(parameters, config)?)
        }
    }
}

/// What differs between named tensors and PyTorch's.
fn differing(
    what: &str,
    found: &[(String, Var)],
    expected: &Value,
    tolerance: (f64, f64),
) -> std::result::Result<(), String> {
    let expected = expected.as_array().unwrap();
    let names = found.iter().map(|it| it.0.as_str());
    if !names.eq(expected.iter().map(|it| it[0].as_str().unwrap())) {
        return Err(format!("{what}: other names"));
    }
    for ((name, var), expected) in found.iter().zip(expected) {
        if let Some(text) = compare_within(var, &expected[1], tolerance) {
            return Err(format!("{what} {name} {text}"));
        }
    }
    Ok(())
}

fn check(case: &Value) -> std::result::Result<(), String> {
    torch::manual_seed(case["seed"].as_u64().unwrap());
    let name = case["model"].as_str().unwrap();
    let model = model(name).map_err(|error| error.to_string())?;
    // All numbers that a run draws are PyTorch's very own.
    differing("first", &model.named_parameters(), &case["first"], (0.0, 0.0))?;
    let run = trained(case, &model).map_err(|error| error.to_string())?;
    let tolerance = (2e-5, 2e-6);
    for (what, found) in [("losses", &run.losses), ("evaluated", &run.evaluated)] {
        if let Some(text) = compare_within(found, &case[what], tolerance) {
            return Err(format!("{what} {text}"));
        }
    }
    differing("last", &model.state(), &case["last"], tolerance)
}

#[test]
fn whole_runs_have_pytorchs_losses_and_weights() {
    let vectors = file("AKARI_RUNS_ORACLE", "runs-1.json");
    let runs = vectors["runs"].as_array().unwrap();
    let of = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    let failures = runs.iter().filter_map(|case| {
        let text = check(case).err()?;
        let names = ["model", "optimizer", "scheduler"].map(|name| of(case, name));
        Some(format!("{} (seed {}): {text}", names.join(", "), case["seed"]))
    });
    let failures = failures.collect::<Vec<_>>();
    assert!(runs.len() > 20, "only {} runs", runs.len());
    assert!(
        failures.is_empty(),
        "{} of {} runs differ:\n{}",
        failures.len(),
        runs.len(),
        failures.join("\n")
    );
}
