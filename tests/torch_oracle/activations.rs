//! Section `act`.

use akari::candle_core::{Result, Tensor, Var};
use akari::{functional as F, torch};
use serde_json::Value;

use crate::tally::Tally;
use crate::vectors::{compare, compare_with, gradient, section, tensor, values};

/// The activation that a vector names, if it is one.
pub fn activation(case: &Value, x: &Tensor, weight: Option<&Var>) -> Option<Result<Tensor>> {
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
        "rrelu" => F::rrelu(x, number("lower", 1.0 / 8.0), number("upper", 1.0 / 3.0), false),
        "prelu" => F::prelu(x, weight?),
        "gelu" if case["p"]["approximate"] == "tanh" => F::gelu(x, F::Gelu::Tanh),
        "gelu" => F::gelu(x, F::Gelu::None),
        "hardshrink" => F::hardshrink(x, number("lambd", 0.5)),
        "softshrink" => F::softshrink(x, number("lambd", 0.5)),
        "softplus" => F::softplus(x, number("beta", 1.0), number("threshold", 20.0)),
        "softmax" => F::softmax(x, dim),
        "log_softmax" => F::log_softmax(x, dim),
        "softmin" => F::softmin(x, dim),
        "glu" => F::glu(x, dim),
        "normalize" => F::normalize(x, number("p", 2.0), dim, 1e-12),
        _ => return None,
    })
}

/// A zero with the other sign, which would print otherwise.
fn zero_with_another_sign(case: &Value, y: &Tensor) -> Option<String> {
    // PyTorch's own kernels for these lose the sign, of `softshrink` in some of the vectors.
    if ["gelu/f32/", "softshrink"].iter().any(|it| case["id"].as_str().unwrap().starts_with(it)) {
        return None;
    }
    let pairs = values(y).into_iter().zip(values(&tensor(&case["y"]))).enumerate();
    pairs
        .filter(|(_, (a, b))| {
            *a == 0.0 && *b == 0.0 && a.is_sign_negative() != b.is_sign_negative()
        })
        .map(|(index, (a, b))| format!("[{index}] is {a:?} instead of {b:?}"))
        .next()
}

/// PyTorch's value. Its `gelu` for AVX-512 gives nan at infinity, where that for other processors
/// gives the limit, infinity; vectors made on either are held against the limit.
fn expected(case: &Value) -> Tensor {
    let y = tensor(&case["y"]);
    if !case["id"].as_str().unwrap().starts_with("gelu/f32/") {
        return y;
    }
    let limit = |(x, y): (f64, f64)| if x == f64::INFINITY && y.is_nan() { x } else { y };
    let limits = values(&tensor(&case["x"])).into_iter().zip(values(&y)).map(limit);
    let limits = Tensor::from_iter(limits, y.device()).unwrap();
    limits.reshape(y.shape()).unwrap().to_dtype(y.dtype()).unwrap()
}

fn check(case: &Value) -> std::result::Result<(), String> {
    let x = Var::from_tensor(&tensor(&case["x"])).unwrap();
    let weight = case["w"].is_object().then(|| Var::from_tensor(&tensor(&case["w"])).unwrap());
    let y = activation(case, &x, weight.as_ref())
        .ok_or_else(|| format!("there is no F::{}", case["fn"]))?
        .map_err(|error| error.to_string())?;
    let grads = (&y * tensor(&case["gy"])).unwrap().sum_all().unwrap().backward().unwrap();
    let mut pairs = vec![
        ("value", compare_with(&y, &expected(case), false)),
        ("value", zero_with_another_sign(case, &y)),
        ("gradient", compare(&gradient(&grads, &x), &case["gx"], true)),
    ];
    if let Some(weight) = weight {
        let found = gradient(&grads, &weight);
        pairs.push(("gradient of the weight", compare(&found, &case["gw"], true)));
    }
    match pairs.into_iter().find_map(|(what, difference)| Some((what, difference?))) {
        Some((what, difference)) => Err(format!("{what} {difference}")),
        None => Ok(()),
    }
}

#[test]
fn activations_and_their_gradients_are_pytorchs() {
    let mut tally = Tally::new("act");
    for case in section("act") {
        tally.case(case["id"].as_str().unwrap(), || check(case));
    }
    tally.finish();
}
