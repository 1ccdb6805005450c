//! Section `err`: what PyTorch says of wrong input, said here as well.

use akari::candle_core::Result;
use akari::prelude::*;

use crate::{error, section, seeded};

fn forward(layer: Result<impl Module>, x: &Tensor) -> String {
    error(layer.and_then(|it| it.forward(x)))
}

fn found(id: &str) -> String {
    let r = |dims: &[usize]| torch::rand(dims).unwrap();
    let conv = |groups| nn::Conv2d::new(3, 4, 3, nn::Conv2dConfig { groups, ..Default::default() });
    match id {
        "nn.Linear(4, 5)(r(2, 3))" => forward(nn::Linear::new(4, 5), &r(&[2, 3])),
        "nn.Linear(4, 5)(r(2, 7, 3))" => forward(nn::Linear::new(4, 5), &r(&[2, 7, 3])),
        "nn.Linear(4, 5)(torch.tensor(1.))" => forward(nn::Linear::new(4, 5), &tensor!(1.0)),
        "nn.Conv2d(3, 4, 3)(r(1, 2, 5, 5))" => forward(conv(1), &r(&[1, 2, 5, 5])),
        "nn.Conv2d(3, 4, 3)(r(5, 5))" => forward(conv(1), &r(&[5, 5])),
        "nn.Conv2d(3, 4, 3)(r(1, 3, 2, 2))" => forward(conv(1), &r(&[1, 3, 2, 2])),
        "nn.Conv2d(3, 4, 3, groups=2)" => error(conv(2)),
        "F.max_pool2d(r(1, 1, 2, 2), 3)" => error(F::max_pool2d(&r(&[1, 1, 2, 2]), 3, 3, 0)),
        "F.max_pool2d(r(1, 1, 4, 4), 2, 2, 2)" => error(F::max_pool2d(&r(&[1, 1, 4, 4]), 2, 2, 2)),
        "F.avg_pool2d(r(1, 1, 1, 1), 2)" => error(F::avg_pool2d(&r(&[1, 1, 1, 1]), 2, 2, 0)),
        "F.layer_norm(r(2, 3), (4,))" => error(F::layer_norm(&r(&[2, 3]), &[4], None, None, 1e-5)),
        "nn.BatchNorm1d(3)(r(1, 3))" => forward(nn::BatchNorm1d::new(3), &r(&[1, 3])),
        "nn.BatchNorm1d(3)(r(2, 4))" => forward(nn::BatchNorm1d::new(3), &r(&[2, 4])),
        "nn.BatchNorm2d(3)(r(2, 3))" => forward(nn::BatchNorm2d::new(3), &r(&[2, 3])),
        "F.one_hot(torch.tensor([1, 5]), 3)" => error(F::one_hot(&tensor!([1, 5]), 3)),
        "F.one_hot(torch.tensor([-1]))" => error(F::one_hot(&tensor!([-1]), -1)),
        "F.embedding(torch.tensor([5]), r(3, 2))" => {
            error(F::embedding(&tensor!([5]), &r(&[3, 2])))
        }
        "F.dropout(r(2), 1.5)" => error(F::dropout(&r(&[2]), 1.5, true)),
        "nn.Dropout(-0.5)" => error(nn::Dropout::new(-0.5)),
        "F.pad(r(2, 3), (1,))" => error(F::pad(&r(&[2, 3]), &[1], 0.0)),
        "nn.Flatten(2, 1)(r(2, 3, 4))" => {
            error(nn::Flatten { start_dim: 2, end_dim: 1 }.forward(&r(&[2, 3, 4])))
        }
        "random_split(TensorDataset(r(10)), [1, 2])" => {
            let set = data::TensorDataset::new(&r(&[10]), &r(&[10])).unwrap();
            error(data::random_split(&set, [1.0, 2.0]))
        }
        "torch.mean(torch.tensor([1, 2]))" => error(torch::mean(&tensor!([1, 2]))),
        id if id.contains("load_state_dict") => {
            let from = nn::seq![nn::Linear::new(2, 4).unwrap(), nn::Linear::new(4, 1).unwrap()];
            let (first, last) = (nn::Linear::new(2, 3).unwrap(), nn::Linear::new(3, 1).unwrap());
            let to = nn::seq![first, F::relu, last];
            error(to.load_state_dict(&from.state_dict().unwrap()))
        }
        other => panic!("nobody knows {other}"),
    }
}

#[test]
fn errors_are_pytorchs_after_the_name_of_the_function() {
    let _seeded = seeded();
    for case in section("err") {
        let id = case["id"].as_str().unwrap();
        let text = found(id);
        let name = id.split('(').next().unwrap().replace('.', "::");
        let name = match name.as_str() {
            "random_split" => "data::random_split",
            name => name,
        };
        assert!(text.starts_with(&format!("{name}: ")), "{id} says\n{text}");
        // PyTorch names its own functions, dtypes and calls; the rest is the same.
        let expected = case["msg"].as_str().unwrap().trim_end_matches('.');
        let expected = expected
            .trim_start_matches("addmm: ")
            .trim_start_matches("mean(): ")
            .replace(
                "either a floating point or complex dtype. Got: Long",
                "a floating point dtype",
            )
            .replace("size[", "size [")
            // PyTorch lists them as the other model has them, a state dict here by name.
            .replace("\"1.weight\", \"1.bias\"", "\"1.bias\", \"1.weight\"");
        assert!(text.contains(&expected), "{id} says\n{text}\ninstead of\n{expected}");
    }
}

#[test]
fn integers_and_halves_give_values_or_our_own_errors() {
    let _seeded = seeded();
    type Function = fn(&Tensor) -> Result<Tensor>;
    let functions: [(&str, Function); 15] = [
        ("F::max_pool2d", |x| F::max_pool2d(x, 2, 2, 0)),
        ("F::avg_pool2d", |x| F::avg_pool2d(x, 2, 2, 0)),
        ("F::adaptive_avg_pool2d", |x| F::adaptive_avg_pool2d(x, 1)),
        ("F::layer_norm", |x| F::layer_norm(x, &[4], None, None, 1e-5)),
        ("F::rms_norm", |x| F::rms_norm(x, &[4], None, 1e-5)),
        ("F::linear", |x| F::linear(x, &tensor!([[1., 2., 3., 4.]]).to_dtype(x.dtype())?, None)),
        ("F::conv2d", |x| {
            let weight = tensor!([[[[1.0]]]]).to_dtype(x.dtype())?;
            F::conv2d(x, &weight, None, Default::default())
        }),
        ("F::pad", |x| F::pad(x, &[1, 1], 0.0)),
        ("torch::abs", torch::abs),
        ("torch::clamp", |x| torch::clamp(x, 0.0, 2.0)),
        ("torch::round", torch::round),
        ("torch::sum", torch::sum),
        ("torch::mean", torch::mean),
        ("torch::max", torch::max),
        ("torch::amin", |x| torch::amin(x, -1)),
    ];
    for dtype in [
        DType::U8,
        DType::U32,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::F16,
        DType::BF16,
        DType::F64,
    ] {
        let x = Tensor::ones((1, 1, 4, 4), dtype, &Device::Cpu).unwrap();
        for (name, function) in functions {
            match function(&x) {
                Ok(y) => {
                    let y = y.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
                    let y = y.to_vec1::<f64>().unwrap();
                    let is_zero = name == "F::layer_norm";
                    assert!(y.iter().any(|it| (*it != 0.0) != is_zero), "{name} {dtype:?} {y:?}");
                }
                Err(error) => {
                    let text = error.to_string();
                    assert!(!dtype.is_float(), "{text}");
                    let is_ours = text.starts_with(name) || text.starts_with("F::avg_pool2d");
                    assert!(is_ours && text.contains(&format!("{dtype:?}")), "{name}: {text}");
                }
            }
        }
    }
}
