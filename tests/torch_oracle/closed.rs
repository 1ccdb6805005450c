//! Section `closed`: loss, gradient and step together.

use akari::candle_core::{Result as CandleResult, Tensor, Var};
use akari::optim::{self, LBFGS, LBFGSConfig};
use serde_json::Value;

use crate::optimizers::{any, configure, trajectory_tolerance};
use crate::tally::Tally;
use crate::vectors::{difference, dtype, floats, section, tensor, values};

fn bits(value: &Value) -> f64 {
    f64::from_bits(u64::from_str_radix(value.as_str().unwrap(), 16).unwrap())
}

fn scalar(tensor: &Tensor) -> f64 {
    values(tensor)[0]
}

fn compare(
    case: &Value,
    step: usize,
    loss: f64,
    vars: &[Var],
    (relative, absolute): (f64, f64),
) -> Result<(), String> {
    let at = |what: &str, text: String| format!("step {step}: {what} {text}");
    let expected = [bits(&case["loss"][step])];
    if let Some(text) = difference(&[loss], &expected, relative, absolute) {
        return Err(at("loss", text));
    }
    let found = vars.iter().flat_map(|var| values(var)).collect::<Vec<_>>();
    let dtype = dtype(case["init"][0]["dtype"].as_str().unwrap());
    let expected = floats(case["traj"][step].as_str().unwrap(), dtype);
    match difference(&found, &expected, relative, absolute) {
        Some(text) => Err(at("parameter", text)),
        None => Ok(()),
    }
}

fn linear_regression(case: &Value, vars: &[Var]) -> Result<(), String> {
    let (x, y) = (tensor(&case["x"]), tensor(&case["y"]));
    let mut optimizer = any(case, vars)?;
    let tolerance = trajectory_tolerance(case["cls"].as_str().unwrap(), x.dtype());
    for step in 0..case["loss"].as_array().unwrap().len() {
        let line = x.matmul(&vars[0]).unwrap().broadcast_add(&vars[1]).unwrap();
        let loss = akari::nn::MSELoss::default().forward(&line, &y).unwrap();
        optimizer.step(&loss.backward().unwrap()).map_err(|error| error.to_string())?;
        compare(case, step, scalar(&loss), vars, tolerance)?;
    }
    Ok(())
}

fn rosenbrock(v: &Var) -> CandleResult<Tensor> {
    let (x, y) = (v.get(0)?, v.get(1)?);
    ((y - x.sqr()?)?.sqr()? * 100.0)? + (1.0 - x)?.sqr()?
}

fn lbfgs(case: &Value, vars: &[Var]) -> Result<(), String> {
    let config = configure(&case["p"], LBFGSConfig::default())?;
    let sign = if config.maximize { -1.0 } else { 1.0 };
    let mut lbfgs = LBFGS::new(vars, config).map_err(|error| error.to_string())?;
    for step in 0..case["loss"].as_array().unwrap().len() {
        let loss =
            lbfgs.step(|| rosenbrock(&vars[0])? * sign).map_err(|error| error.to_string())?;
        // Near the bottom nothing is left of a loss but the rounding of its terms.
        compare(case, step, scalar(&loss), vars, (1e-9, 1e-12))?;
        let evals = lbfgs.func_evals();
        if case["func_evals"][step] != evals {
            return Err(format!(
                "step {step}: {evals} evaluations instead of {}",
                case["func_evals"][step]
            ));
        }
    }
    // A rate is an f64 here, and the default prints as Python's integer.
    let expected = case["repr"].as_str().unwrap().replace("lr: 1.0\n", "lr: 1\n");
    let text = format!("{lbfgs:#}");
    if text != expected {
        return Err(format!("prints\n{text}\ninstead of\n{expected}"));
    }
    Ok(())
}

#[test]
fn optimizers_train_as_in_pytorch() {
    let mut tally = Tally::new("closed");
    for case in section("closed") {
        let vars = case["init"].as_array().unwrap().iter().map(tensor);
        let vars = vars.map(|it| Var::from_tensor(&it).unwrap()).collect::<Vec<_>>();
        tally.case(case["id"].as_str().unwrap(), || match case["cls"].as_str().unwrap() {
            "LBFGS" => lbfgs(case, &vars),
            _ => linear_regression(case, &vars),
        });
    }
    tally.finish();
}

#[test]
fn lbfgs_asks_for_a_number_that_depends_on_a_variable() {
    let w = Var::new(&[1f32, 2.0], &akari::candle_core::Device::Cpu).unwrap();
    let mut lbfgs = optim::LBFGS::new([w.clone()], LBFGSConfig::default()).unwrap();
    let error = lbfgs.step(|| w.sqr()).unwrap_err().to_string();
    assert!(error.contains("grad can be implicitly created only for scalar outputs"), "{error}");
}
