//! Functions and losses on odd inputs: views of all kinds, empty and 0-d tensors, halves, ties, nan, infinities.
//!
//! `tests/oracle/functions.py SEED OUT` writes the vectors; `AKARI_FUNCTIONS_ORACLE` names another file than that of seed 1.

use std::sync::LazyLock;

use akari::candle_core::{Result, Tensor, Var};
use akari::torch;
use serde_json::Value;

use crate::activations::activation;
use crate::losses::check_run;
use crate::tally::Tally;
use crate::vectors::{compare_at_scale, file, gradient, tensor, values, viewed};

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| file("AKARI_FUNCTIONS_ORACLE", "functions-1.json"));

fn section(name: &str) -> &'static [Value] {
    VECTORS[name].as_array().unwrap()
}

fn axes(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|it| it.as_i64().unwrap()).collect()
}

fn call(case: &Value, args: &[Tensor]) -> Result<Tensor> {
    let (x, p) = (&args[0], &case["p"]);
    let number = |name: &str| p[name].as_f64().unwrap();
    let axis = |name: &str| p[name].as_i64().unwrap();
    let is_kept = p["keepdim"].as_bool() == Some(true);
    match case["fn"].as_str().unwrap() {
        "exp" => torch::exp(x),
        "expm1" => torch::expm1(x),
        "log" => torch::log(x),
        "log1p" => torch::log1p(x),
        "log2" => torch::log2(x),
        "log10" => torch::log10(x),
        "sqrt" => torch::sqrt(x),
        "rsqrt" => torch::rsqrt(x),
        "square" => torch::square(x),
        "reciprocal" => torch::reciprocal(x),
        "sin" => torch::sin(x),
        "cos" => torch::cos(x),
        "abs" => torch::abs(x),
        "round" => torch::round(x),
        "clamp" => torch::clamp(x, number("min"), number("max")),
        "pow" => torch::pow(x, number("exponent")),
        "sum" => torch::sum(x),
        "mean" => torch::mean(x),
        "max" => torch::max(x),
        "min" => torch::min(x),
        "amax" => torch::amax(x, axis("dim")),
        "amin" => torch::amin(x, axis("dim")),
        "argmax" => torch::argmax(x, axis("dim")),
        "cumsum" => torch::cumsum(x, axis("dim")),
        "sum_dim" if is_kept => torch::sum_keepdim(x, &axes(&p["dim"])[..]),
        "sum_dim" => torch::sum_dim(x, &axes(&p["dim"])[..]),
        "mean_dim" if is_kept => torch::mean_keepdim(x, &axes(&p["dim"])[..]),
        "mean_dim" => torch::mean_dim(x, &axes(&p["dim"])[..]),
        "transpose" => torch::transpose(x, axis("dim0"), axis("dim1")),
        "contiguous" => torch::contiguous(x),
        "matmul" => torch::matmul(x, &args[1]),
        other => activation(case, x, None).unwrap_or_else(|| panic!("nobody knows {other}")),
    }
}

/// Whether a difference is one between two answers of PyTorch's own: gelu at infinity, and the slopes of hardswish and selu at
/// nan, are nan in the elements that fill vectors, and numbers in those behind them.
fn has_two_answers(case: &Value, x: &Tensor, text: &str) -> bool {
    let is_special = |is: fn(f64) -> bool| values(x).into_iter().any(is);
    let is_of_both = match case["fn"].as_str().unwrap() {
        "gelu" => is_special(f64::is_infinite),
        "hardswish" | "selu" => is_special(f64::is_nan),
        _ => false,
    };
    is_of_both && text.contains("NaN")
}

fn check(case: &Value) -> std::result::Result<(), String> {
    let inputs = case["in"].as_array().unwrap().iter();
    let vars = inputs.map(|it| Var::from_tensor(&tensor(it)).unwrap()).collect::<Vec<_>>();
    let views = case["views"].as_array().unwrap();
    let args = vars.iter().zip(views).map(|(var, views)| viewed(var, views)).collect::<Vec<_>>();
    let y = match (call(case, &args), &case["y"]) {
        (Err(_), Value::Null) => return Ok(()),
        (Ok(y), Value::Null) => return Err(format!("PyTorch refuses what gives {y:?}")),
        (Err(error), _) => return Err(error.to_string()),
        (Ok(y), expected) => match compare_at_scale(&y, expected, false) {
            Some(text) if has_two_answers(case, &args[0], &text) => y,
            Some(text) => return Err(format!("value {text}")),
            None => y,
        },
    };
    let Some(expected) = case["g"].as_array() else { return Ok(()) };
    // candle's own sum of an empty view panics, and there is nothing to weigh.
    if y.elem_count() == 0 {
        return Ok(());
    }
    let grads = (&y * tensor(&case["gy"])).unwrap().sum_all().unwrap().backward().unwrap();
    let differences =
        vars.iter().zip(expected).enumerate().filter_map(|(index, (var, expected))| {
            let text = compare_at_scale(&gradient(&grads, var), expected, true)?;
            if has_two_answers(case, &args[index], &text) {
                return None;
            }
            Some(format!("gradient {index} {text}"))
        });
    differences.into_iter().next().map_or(Ok(()), Err)
}

#[test]
fn functions_of_odd_inputs_have_pytorchs_values_and_gradients() {
    let mut tally = Tally::new("fn");
    for case in section("fn") {
        tally.case(case["id"].as_str().unwrap(), || {
            check(case).map_err(|text| format!("{text} {} {}", case["p"], case["views"]))
        });
    }
    tally.finish();
}

#[test]
fn losses_of_odd_inputs_have_pytorchs_values_and_gradients() {
    let mut tally = Tally::new("odd loss");
    for case in section("loss") {
        for run in case["runs"].as_array().unwrap() {
            let (id, reduction) =
                (case["id"].as_str().unwrap(), run["reduction"].as_str().unwrap());
            tally.case(&format!("{id} {reduction}"), || {
                check_run(case, run, compare_at_scale)
                    .map_err(|text| format!("{text} {} {}", case["p"], case["views"]))
            });
        }
    }
    tally.finish();
}
