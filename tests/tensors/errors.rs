//! What kind an error is: of the prelude's functions, and of candle's own.

use akari::error::ErrorKind;
use akari::prelude::*;
use candle_core::Result;

#[track_caller]
fn expect<T>(kind: ErrorKind, results: impl IntoIterator<Item = Result<T>>) {
    for result in results {
        let error = result.err().unwrap();
        assert_eq!(ErrorKind::of(&error), kind, "{error}");
    }
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap()
}

#[test]
fn shapes_that_do_not_fit() {
    let (x, y) = (zeros(&[2, 3]), zeros(&[4, 5]));
    expect(
        ErrorKind::Shape,
        [
            nn::MSELoss::default().forward(&x, &y),
            nn::BCEWithLogitsLoss::default().forward(&x, &y),
            nn::CrossEntropyLoss::default().forward(&x, &tensor!([0, 1, 2])),
            F::linear(&x, &y, None),
            F::conv2d(&x, &y, None, nn::Conv2dConfig::default()),
            torch::matmul(&x, &y),
            &x + &y,
            x.matmul(&y),
            x.broadcast_add(&y),
            x.reshape(7),
            Tensor::cat(&[&x, &y], 0),
        ],
    );
    expect(ErrorKind::Shape, [x.to_vec1::<f32>()]);
}

#[test]
fn dtypes_that_a_function_is_not_for() {
    let (whole, x) = (tensor!([[1, 2]]), zeros(&[1, 2]));
    let double = x.to_dtype(DType::F64).unwrap();
    expect(
        ErrorKind::DType,
        [
            F::gelu(&whole, Gelu::None),
            nn::BCELoss::default().forward(&x, &double),
            nn::CrossEntropyLoss::default().forward(&x, &tensor!([0.5])),
            nn::NLLLoss::default().forward(&whole, &tensor!([0])),
            torch::matmul(&x, &double.t().unwrap()),
            F::linear(&x, &double, None),
            &x + &double,
        ],
    );
    expect(ErrorKind::DType, [x.to_vec2::<i64>()]);
}

#[test]
fn numbers_of_axes_classes_and_rows_out_of_range() {
    let x = zeros(&[1, 2]);
    expect(
        ErrorKind::Index,
        [
            F::softmax(&x, 2),
            torch::sum_dim(&x, 5),
            nn::CrossEntropyLoss::default().forward(&x, &tensor!([9])),
            F::embedding(&tensor!([9]), &x),
            x.sum(2),
            x.narrow(0, 1, 5),
            x.index_select(&tensor!([9]), 0),
        ],
    );
}

#[test]
fn options_and_numbers_that_are_not_allowed() {
    let x = zeros(&[1, 2]);
    expect(
        ErrorKind::Value,
        [
            F::dropout(&x, 1.5, true),
            F::huber_loss(&x, &x, Reduction::Mean, 0.0, None),
            nn::BCELoss::default().forward(&tensor!([2.0]), &tensor!([1.0])),
            nn::CrossEntropyLoss { label_smoothing: 2.0, ..Default::default() }
                .forward(&x, &tensor!([0])),
        ],
    );
    expect(ErrorKind::Value, [optim::SGD::new(Vec::<Var>::new(), Default::default())]);
}

#[test]
fn files_and_all_the_rest() {
    expect(ErrorKind::File, [torch::load("no such file")]);
    expect(ErrorKind::File, [candle_core::safetensors::load("no such file", &Device::Cpu)]);
    expect::<()>(ErrorKind::Other, [Err(candle_core::Error::msg("a mere text"))]);
}
