//! Section `loss`.

use akari::candle_core::{Result, Tensor, Var};
use akari::nn::{self, Reduction};
use serde_json::Value;

use crate::vectors::{compare, report, section, tensor};

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
