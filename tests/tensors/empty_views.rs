//! Parts of empty tensors that begin behind the end of their storage: candle takes them for slices that aren't there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use akari::candle_core::{DType, Result, Tensor};
use akari::prelude::*;

type Function = (&'static str, fn(&Tensor) -> Result<Tensor>);

#[test]
fn functions_take_empty_parts() {
    let functions: &[Function] = &[
        ("relu", |x| F::relu(x)),
        ("sigmoid", |x| F::sigmoid(x)),
        ("softmax", |x| F::softmax(x, -1)),
        ("exp", |x| torch::exp(x)),
        ("sum", |x| torch::sum(x)),
        ("sum_dim", |x| torch::sum_dim(x, 0)),
        ("cumsum", |x| torch::cumsum(x, 0)),
        ("add", |x| torch::add(x, x)),
        ("add a number", |x| torch::add(x, 1.0)),
        ("gt", |x| torch::gt(x, 0.0)),
        ("cat", |x| torch::cat(&[x.clone(), x.clone()], 0)),
        ("stack", |x| torch::stack(&[x.clone(), x.clone()], 0)),
        ("flip", |x| torch::flip(x, 0)),
        ("argmax", |x| torch::argmax(x, 0)),
        ("gather", |x| torch::gather(x, 0, &torch::zeros((0, 1))?.to_dtype(DType::I64)?)),
        ("contiguous", |x| torch::contiguous(x)),
        ("clone", |x| torch::clone(x)),
        ("mse_loss", |x| nn::MSELoss::default().forward(x, x)),
        ("gaussian_nll_loss", |x| nn::GaussianNLLLoss::default().forward(x, x, x)),
        ("show", |x| {
            show!(x);
            Ok(x.clone())
        }),
    ];
    let mut fallen = Vec::new();
    for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16, DType::I64, DType::U8] {
        let part = torch::zeros((0, 3)).unwrap().to_dtype(dtype).unwrap().narrow(1, 2, 1).unwrap();
        for (name, function) in functions {
            // A refusal is an answer, a panic is none.
            if catch_unwind(AssertUnwindSafe(|| function(&part))).is_err() {
                fallen.push(format!("{name} of {dtype:?}"));
            }
        }
    }
    assert!(fallen.is_empty(), "{fallen:#?}");
}
