//! Whole layers: first weights, texts, results and all gradients, as `tests/oracle/modules.py` wrote them.

use std::sync::LazyLock;

use akari::candle_core::Result;
use akari::prelude::*;
use serde_json::Value;

use crate::modules_by_name::{Case, case};
use crate::vectors::{compare, difference, gradient, tensor, tolerance, values};
use crate::{error, seeded};

fn section(name: &str) -> &'static [Value] {
    static VECTORS: LazyLock<Value> = LazyLock::new(|| {
        let path = std::env::var("AKARI_MODULES_ORACLE").unwrap_or_else(|_| {
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/modules-1.json").to_owned()
        });
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    });
    VECTORS[name].as_array().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// How `found` differs from PyTorch's numbers, whose own last bits are off where large numbers cancel.
fn check(found: &Tensor, expected: &Value, is_gradient: bool) -> Option<String> {
    let expected = tensor(expected);
    if found.dims() != expected.dims() {
        return Some(format!("shape {:?} instead of {:?}", found.dims(), expected.dims()));
    }
    let (relative, absolute) = tolerance(expected.dtype(), is_gradient);
    let expected = values(&expected);
    let largest = expected.iter().filter(|it| it.is_finite()).fold(1f64, |a, b| a.max(b.abs()));
    difference(&values(found), &expected, relative, absolute * largest)
}

/// What differs in the text, the names and the first numbers of a layer.
fn beginning(layer: &dyn nn::Layer, expected: &Value) -> Vec<String> {
    let mut failures = Vec::new();
    if layer.repr() != expected["repr"].as_str().unwrap() {
        failures.push(format!("it is printed as {}", layer.repr()));
    }
    let state = layer.state();
    let names = state.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let expected = list(&expected["state"]);
    let wanted = expected.iter().map(|it| it[0].as_str().unwrap()).collect::<Vec<_>>();
    if names != wanted {
        failures.push(format!("its state has {names:?} instead of {wanted:?}"));
        return failures;
    }
    for ((name, var), expected) in state.iter().zip(expected) {
        let found = compare(var, &expected[1], false);
        failures.extend(found.map(|it| format!("first {name}: {it}")));
    }
    failures
}

/// What differs in results and gradients.
fn call(made: &Case, expected: &Value) -> Result<Vec<String>> {
    let mut failures = Vec::new();
    let parameters = made.layer.as_ref().map_or_else(Vec::new, |layer| layer.named_parameters());
    for (name, var) in &parameters {
        let moved = list(&expected["moved"]).iter().find(|it| it[0] == name.as_str()).unwrap();
        var.set(&tensor(&moved[1]))?;
    }
    let inputs = list(&expected["in"]).iter().map(|it| Var::from_tensor(&tensor(it)));
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let outputs = (made.run)(&inputs.iter().map(Var::as_tensor).collect::<Vec<_>>())?;
    let wanted = list(&expected["out"]);
    if outputs.len() != wanted.len() {
        return Ok(vec![format!("{} results instead of {}", outputs.len(), wanted.len())]);
    }
    let mut total = Tensor::zeros((), DType::F32, &Device::Cpu)?;
    for ((index, y), gy) in outputs.iter().enumerate().zip(list(&expected["gy"])) {
        let found = check(y, &wanted[index], false);
        if found.is_some() {
            failures.extend(found.map(|it| format!("result {index}: {it}")));
            return Ok(failures);
        }
        total = (total + (y * tensor(gy))?.sum_all()?)?;
    }
    let grads = total.backward()?;
    for (index, (x, expected)) in inputs.iter().zip(list(&expected["g"])).enumerate() {
        if !expected.is_null() {
            let found = check(&gradient(&grads, x), expected, true);
            failures.extend(found.map(|it| format!("gradient {index}: {it}")));
        }
    }
    for (name, var) in &parameters {
        let expected = list(&expected["gp"]).iter().find(|it| it[0] == name.as_str()).unwrap();
        if !expected[1].is_null() {
            let found = check(&gradient(&grads, var), &expected[1], true);
            failures.extend(found.map(|it| format!("gradient of {name}: {it}")));
        }
    }
    Ok(failures)
}

#[test]
fn layers_begin_compute_and_learn_as_pytorchs() {
    let _seeded = seeded();
    let mut failures = Vec::new();
    let cases = section("call");
    for expected in cases {
        let id = expected["id"].as_str().unwrap();
        torch::manual_seed(0);
        let mut found = Vec::new();
        match case(id) {
            Ok(made) => {
                if let Some(layer) = &made.layer {
                    found.extend(beginning(&**layer, expected));
                }
                found.extend(call(&made, expected).unwrap_or_else(|error| vec![error.to_string()]));
            }
            Err(error) => found.push(error.to_string()),
        }
        failures.extend(found.into_iter().map(|it| format!("{id}: {it}")));
    }
    assert!(cases.len() > 100, "only {} cases", cases.len());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn what_channel_dropouts_leave_is_what_pytorch_leaves() {
    let _seeded = seeded();
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap();
    for case in section("random") {
        torch::manual_seed(0);
        let found = match case["id"].as_str().unwrap() {
            "dropout2d" => {
                let y = F::dropout2d(&ones(&[4, 8, 2, 2]), 0.3, true).unwrap();
                y.i((.., .., 0, 0)).unwrap()
            }
            "dropout1d" => F::dropout1d(&ones(&[20, 3]), 0.3, true).unwrap().i((.., 0)).unwrap(),
            "alpha_dropout" => F::alpha_dropout(&ones(&[50]), 0.3, true).unwrap(),
            other => panic!("nobody knows {other}"),
        };
        assert_eq!(check(&found, &case["values"], false), None, "{}", case["id"]);
    }
}

#[test]
fn errors_of_layers_have_pytorchs_words() {
    let _seeded = seeded();
    let r = |shape: &[usize]| torch::rand(shape).unwrap();
    let same =
        nn::Conv2dOptions { stride: 2.into(), padding: nn::Padding::Same, ..Default::default() };
    let conv1d = || nn::Conv1d::new(3, 4, 3, Default::default()).unwrap();
    for case in section("err") {
        let text = match case["id"].as_str().unwrap() {
            "nn.Conv2d(3, 4, 3, stride=2, padding='same')(r(1, 3, 5, 5))" => {
                error(nn::Conv2d::with_options(3, 4, 3, same).unwrap().forward(&r(&[1, 3, 5, 5])))
            }
            "nn.Conv1d(3, 4, 3)(r(5))" => error(conv1d().forward(&r(&[5]))),
            "nn.Conv1d(3, 4, 3)(r(1, 2, 5))" => error(conv1d().forward(&r(&[1, 2, 5]))),
            "nn.LSTM(3, 4)(r(2, 5, 2))" => {
                error(nn::LSTM::new(3, 4).unwrap().forward(&r(&[2, 5, 2]), None))
            }
            "nn.GRU(3, 4)(r(2, 5, 3), r(1, 2, 4))" => {
                error(nn::GRU::new(3, 4).unwrap().forward(&r(&[2, 5, 3]), Some(&r(&[1, 2, 4]))))
            }
            "nn.RNN(3, 4)(r(1, 2, 3, 4))" => {
                error(nn::RNN::new(3, 4).unwrap().forward(&r(&[1, 2, 3, 4]), None))
            }
            "nn.GroupNorm(2, 3)" => error(nn::GroupNorm::new(2, 3)),
            "nn.MultiheadAttention(5, 2)" => error(nn::MultiheadAttention::new(5, 2)),
            "nn.InstanceNorm2d(3)(r(1, 3, 1, 1))" => {
                error(nn::InstanceNorm2d::new(3).unwrap().forward(&r(&[1, 3, 1, 1])))
            }
            other => panic!("nobody knows {other}"),
        };
        let expected = case["msg"].as_str().unwrap().trim_start_matches("RNN: ");
        assert!(text.starts_with("nn::") && text.ends_with(expected), "{text}\n{expected}");
    }
}

#[test]
fn deep_copies_of_recurrent_layers_have_weights_of_their_own() {
    let _seeded = seeded();
    let lstm = nn::LSTM::new(2, 3).unwrap();
    let copy = lstm.deep_copy().unwrap();
    let x = torch::rand((4, 1, 2)).unwrap();
    let before = values(&Module::forward(&copy, &x).unwrap());
    nn::init::zeros_(&lstm.parameter("weight_hh_l0").unwrap()).unwrap();
    assert_eq!(values(&Module::forward(&copy, &x).unwrap()), before);
    assert_ne!(values(&Module::forward(&lstm, &x).unwrap()), before);
    assert!(lstm.parameter("weight_hh_l1").is_none());
}

#[test]
fn recurrent_layers_leave_out_numbers_between_layers_while_they_are_trained() {
    let _seeded = seeded();
    let config = nn::GRUConfig { num_layers: 2, dropout: 0.5, ..Default::default() };
    let gru = nn::GRU::with_config(2, 16, config).unwrap();
    let x = torch::rand((4, 1, 2)).unwrap();
    let twice = || [(); 2].map(|()| values(&gru.forward(&x, None).unwrap().0));
    let [first, second] = twice();
    assert_ne!(first, second);
    gru.eval();
    let [first, second] = twice();
    assert_eq!(first, second);
}

#[test]
fn a_chain_is_indexed_and_gone_through() {
    let _seeded = seeded();
    let mut net = nn::seq![nn::Linear::new(2, 3).unwrap(), F::relu];
    net.push(nn::Linear::no_bias(3, 1).unwrap());
    assert_eq!(net.layer::<nn::Linear>(2).unwrap().weight.dims(), &[1, 3]);
    assert_eq!(net[1].num_parameters(), 0);
    assert_eq!(net.iter().map(|layer| layer.parameters().len()).collect::<Vec<_>>(), [2, 0, 1]);
    let text = error(net.layer::<nn::Conv2d>(0).map(|_| ()));
    assert!(text.starts_with("nn::Sequential::layer: layer 0 is Linear(in_features=2"), "{text}");
    let text = error(net.layer::<nn::Linear>(3).map(|_| ()));
    assert_eq!(text, "nn::Sequential::layer: there is no layer 3, only 3 of them");
}
