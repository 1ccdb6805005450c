//! What holds for all losses: slopes that finite differences confirm, shapes, empty tensors, dtypes.
//! PyTorch's numbers are in `torch_oracle`. Tests of candle's defects bear their names.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use akari::prelude::*;
use candle_core::Result;
use nn::{KLDivReduction, Reduction};

type Loss = Box<dyn Fn(&[Tensor], Reduction) -> Result<Tensor>>;

/// A loss, and the inputs that it is differentiable in.
struct Row {
    name: &'static str,
    inputs: Vec<Tensor>,
    loss: Loss,
}

/// Numbers between `low` and `high` that no kink is likely to be at.
fn numbers(seed: u64, shape: &[usize], low: f64, high: f64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        low + (high - low) * (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let values = (0..shape.iter().product()).map(|_| next()).collect::<Vec<_>>();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn row(
    name: &'static str,
    inputs: Vec<Tensor>,
    loss: impl Fn(&[Tensor], Reduction) -> Result<Tensor> + 'static,
) -> Row {
    Row { name, inputs, loss: Box::new(loss) }
}

/// Every loss with every option on at least once.
fn losses() -> Vec<Row> {
    let matrix = |seed| numbers(seed, &[3, 4], -2.0, 2.0);
    let positive = |seed| numbers(seed, &[3, 4], 0.1, 0.9);
    let pair = || vec![matrix(1), matrix(2)];
    let classes = || tensor!([1, 3, 0]);
    let signs = || tensor!([[1, -1, 1, -1], [-1, 1, 1, 1], [-1, -1, 1, -1]]);
    let factors = || Some(tensor!([0.5, 2.0, 1.0, 0.25]).to_dtype(DType::F64).unwrap());
    vec![
        row("mse", pair(), |it, reduction| nn::MSELoss { reduction }.forward(&it[0], &it[1])),
        row("mse, weighted", vec![matrix(1), matrix(2), positive(3)], |it, reduction| {
            F::mse_loss(&it[0], &it[1], reduction, Some(&it[2]))
        }),
        row("mse, broadcast", vec![matrix(1), numbers(2, &[4], -2.0, 2.0)], |it, reduction| {
            nn::MSELoss { reduction }.forward(&it[0], &it[1])
        }),
        row("l1", pair(), |it, reduction| nn::L1Loss { reduction }.forward(&it[0], &it[1])),
        row("l1, weighted", vec![matrix(1), matrix(2), positive(3)], |it, reduction| {
            F::l1_loss(&it[0], &it[1], reduction, Some(&it[2]))
        }),
        row("smooth l1", pair(), |it, reduction| {
            nn::SmoothL1Loss { beta: 0.7, reduction }.forward(&it[0], &it[1])
        }),
        row("huber", pair(), |it, reduction| {
            nn::HuberLoss { delta: 0.7, reduction }.forward(&it[0], &it[1])
        }),
        row("huber, weighted", vec![matrix(1), matrix(2), positive(3)], |it, reduction| {
            F::huber_loss(&it[0], &it[1], reduction, 0.7, Some(&it[2]))
        }),
        row("cross entropy", vec![matrix(1)], move |it, reduction| {
            let loss = nn::CrossEntropyLoss {
                weight: factors(),
                label_smoothing: 0.2,
                ignore_index: 3,
                reduction,
            };
            loss.forward(&it[0], &classes())
        }),
        row("cross entropy, 4 axes", vec![numbers(1, &[2, 3, 2, 2], -2., 2.)], |it, reduction| {
            let target = tensor!([[[0, 1], [2, 0]], [[1, -100], [2, 2]]]);
            nn::CrossEntropyLoss { reduction, ..Default::default() }.forward(&it[0], &target)
        }),
        row("cross entropy, soft", vec![matrix(1), positive(2)], move |it, reduction| {
            let loss = nn::CrossEntropyLoss {
                weight: factors(),
                label_smoothing: 0.2,
                reduction,
                ..Default::default()
            };
            loss.forward(&it[0], &it[1])
        }),
        row(
            "cross entropy, learned weight",
            vec![matrix(1), positive(2), numbers(3, &[4], 0.1, 0.9)],
            |it, reduction| {
                let weight = Some(it[2].clone());
                nn::CrossEntropyLoss {
                    weight,
                    label_smoothing: 0.2,
                    reduction,
                    ..Default::default()
                }
                .forward(&it[0], &it[1])
            },
        ),
        row(
            "linear cross entropy",
            vec![matrix(1), numbers(2, &[5, 4], -1., 1.), numbers(3, &[5], -1., 1.)],
            move |it, reduction| {
                let loss = nn::CrossEntropyLoss { reduction, ..Default::default() };
                F::linear_cross_entropy(&it[0], &it[1], &classes(), Some(&it[2]), &loss)
            },
        ),
        row("nll", vec![matrix(1)], move |it, reduction| {
            nn::NLLLoss { weight: factors(), ignore_index: 0, reduction }
                .forward(&it[0], &classes())
        }),
        row("poisson", pair(), |it, reduction| {
            let loss = nn::PoissonNLLLoss { full: true, reduction, ..Default::default() };
            loss.forward(&it[0], &it[1].affine(1.0, 3.5)?)
        }),
        row("poisson of rates", vec![positive(1), positive(2)], |it, reduction| {
            nn::PoissonNLLLoss { log_input: false, eps: 0.1, reduction, ..Default::default() }
                .forward(&it[0], &it[1])
        }),
        row("gaussian", vec![matrix(1), matrix(2), positive(3)], |it, reduction| {
            nn::GaussianNLLLoss { full: true, reduction, ..Default::default() }
                .forward(&it[0], &it[1], &it[2])
        }),
        row(
            "gaussian, one variance a row",
            vec![matrix(1), matrix(2), numbers(3, &[3], 0.1, 0.9)],
            |it, reduction| {
                nn::GaussianNLLLoss { reduction, ..Default::default() }
                    .forward(&it[0], &it[1], &it[2])
            },
        ),
        row("kl div", vec![matrix(1), positive(2)], |it, reduction| {
            nn::KLDivLoss { reduction: reduction.into(), ..Default::default() }
                .forward(&it[0], &it[1])
        }),
        row("kl div of logs", pair(), |it, reduction| {
            nn::KLDivLoss { reduction: reduction.into(), log_target: true }.forward(&it[0], &it[1])
        }),
        row("bce", vec![positive(1), positive(2)], move |it, reduction| {
            nn::BCELoss { weight: factors(), reduction }.forward(&it[0], &it[1])
        }),
        row("bce with logits", vec![matrix(1), positive(2)], move |it, reduction| {
            nn::BCEWithLogitsLoss { weight: factors(), pos_weight: factors(), reduction }
                .forward(&it[0], &it[1])
        }),
        row("hinge embedding", vec![matrix(1)], move |it, reduction| {
            nn::HingeEmbeddingLoss { margin: 0.8, reduction }.forward(&it[0], &signs())
        }),
        row("soft margin", vec![matrix(1)], move |it, reduction| {
            nn::SoftMarginLoss { reduction }.forward(&it[0], &signs())
        }),
        row("margin ranking", vec![matrix(1), matrix(2), matrix(3)], |it, reduction| {
            nn::MarginRankingLoss { margin: 0.3, reduction }.forward(&it[0], &it[1], &it[2])
        }),
        row("multi label margin", vec![matrix(1)], |it, reduction| {
            let target = tensor!([[3, 0, -1, 1], [1, -1, 0, 2], [-1, 0, 0, 0]]);
            nn::MultiLabelMarginLoss { reduction }.forward(&it[0], &target)
        }),
        row(
            "multi label soft margin",
            vec![matrix(1), positive(2), numbers(3, &[4], 0.1, 0.9)],
            |it, reduction| {
                nn::MultiLabelSoftMarginLoss { weight: Some(it[2].clone()), reduction }
                    .forward(&it[0], &it[1])
            },
        ),
        row("multi margin", vec![matrix(1)], move |it, reduction| {
            nn::MultiMarginLoss { p: 2, margin: 0.6, weight: factors(), reduction }
                .forward(&it[0], &classes())
        }),
        row("cosine embedding", pair(), |it, reduction| {
            nn::CosineEmbeddingLoss { margin: -0.9, reduction }.forward(
                &it[0],
                &it[1],
                &tensor!([1, -1, -1]),
            )
        }),
        row("triplet margin", vec![matrix(1), matrix(2), matrix(3)], |it, reduction| {
            let loss = nn::TripletMarginLoss {
                margin: 3.0,
                p: 3.0,
                swap: true,
                reduction,
                ..Default::default()
            };
            loss.forward(&it[0], &it[1], &it[2])
        }),
        row("triplet margin, largest", vec![matrix(1), matrix(2), matrix(3)], |it, reduction| {
            let p = f64::INFINITY;
            nn::TripletMarginLoss { margin: 3.0, p, reduction, ..Default::default() }
                .forward(&it[0], &it[1], &it[2])
        }),
        row(
            "triplet margin, a distance",
            vec![matrix(1), matrix(2), matrix(3)],
            |it, reduction| {
                let loss = nn::TripletMarginWithDistanceLoss {
                    distance_function: Some(Arc::new(|u, v| (u - v)?.sqr()?.sum(D::Minus1))),
                    margin: 9.0,
                    swap: true,
                    reduction,
                };
                loss.forward(&it[0], &it[1], &it[2])
            },
        ),
        // Its gradient takes for granted that the input comes from log_softmax.
        row("ctc", vec![numbers(1, &[5, 2, 4], -2.0, 2.0)], |it, reduction| {
            nn::CTCLoss { reduction, ..Default::default() }.forward(
                &F::log_softmax(&it[0], 2)?,
                &tensor!([[1, 1, 0], [2, 3, 1]]),
                &[5, 4],
                &[2, 3],
            )
        }),
    ]
}

/// The sum of the losses, each with another factor, so that no gradient hides behind another.
fn total(row: &Row, inputs: &[Tensor], reduction: Reduction) -> Tensor {
    let losses = (row.loss)(inputs, reduction).unwrap();
    let count = losses.elem_count();
    let factors = (0..count).map(|it| 1.0 + 0.3 * it as f64).collect::<Vec<_>>();
    let factors = Tensor::from_vec(factors, losses.shape(), &Device::Cpu).unwrap();
    (losses * factors).unwrap().sum_all().unwrap()
}

#[test]
fn slopes_are_those_of_finite_differences() {
    const STEP: f64 = 1e-5;
    for row in losses() {
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let vars =
                row.inputs.iter().map(|it| Var::from_tensor(it).unwrap()).collect::<Vec<_>>();
            let inputs = vars.iter().map(|it| it.as_tensor().clone()).collect::<Vec<_>>();
            let grads = total(&row, &inputs, reduction).backward().unwrap();
            for (which, var) in vars.iter().enumerate() {
                let grad = grads.get(var).unwrap_or_else(|| panic!("{}: no gradient", row.name));
                assert_eq!(grad.dims(), var.dims(), "{}", row.name);
                let grad = grad.flatten_all().unwrap().to_vec1::<f64>().unwrap();
                for (place, found) in grad.iter().enumerate() {
                    let at = |step: f64| {
                        let mut values =
                            row.inputs[which].flatten_all().unwrap().to_vec1::<f64>().unwrap();
                        values[place] += step;
                        let mut inputs = row.inputs.clone();
                        inputs[which] =
                            Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap();
                        total(&row, &inputs, reduction).to_scalar::<f64>().unwrap()
                    };
                    let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                    assert!(
                        (found - expected).abs() <= 1e-7 + 1e-6 * expected.abs(),
                        "{} {reduction:?}: input {which} at {place}: {found} instead of {expected}",
                        row.name
                    );
                }
            }
        }
    }
}

#[test]
fn only_what_wants_a_gradient_gets_one() {
    // Where candle's own operations take part, they give gradients to everything.
    let is_ours = |it: &Row| {
        !it.name.contains("linear")
            && !it.name.contains("learned")
            && !it.name.contains("a distance")
    };
    for row in losses().into_iter().filter(is_ours) {
        for wanted in 0..row.inputs.len() {
            let var = Var::from_tensor(&row.inputs[wanted]).unwrap();
            let mut inputs = row.inputs.clone();
            inputs[wanted] = var.as_tensor().clone();
            let grads = total(&row, &inputs, Reduction::Mean).backward().unwrap();
            assert!(grads.get(&var).is_some(), "{}: input {wanted}", row.name);
            for (other, input) in row.inputs.iter().enumerate() {
                assert!(grads.get(input).is_none(), "{}: input {other}", row.name);
            }
        }
    }
}

#[test]
fn f32_and_half_precision_are_the_rounded_f64() {
    for row in losses() {
        let exact = (row.loss)(&row.inputs, Reduction::Sum).unwrap().to_scalar::<f64>().unwrap();
        for (dtype, tolerance) in [(DType::F32, 3e-6), (DType::F16, 2e-2), (DType::BF16, 2e-1)] {
            let inputs =
                row.inputs.iter().map(|it| it.to_dtype(dtype).unwrap()).collect::<Vec<_>>();
            // Factors in f64 and layers of half precision are the caller's own mistake.
            if dtype != DType::F32 && row.name.contains("linear") {
                continue;
            }
            let loss = (row.loss)(&inputs, Reduction::Sum)
                .unwrap_or_else(|error| panic!("{} in {dtype:?}: {error}", row.name));
            assert_eq!(loss.dtype(), dtype, "{}", row.name);
            let found = loss.to_dtype(DType::F64).unwrap().to_scalar::<f64>().unwrap();
            assert!(
                (found - exact).abs() <= tolerance * exact.abs().max(1.0),
                "{} in {dtype:?}: {found} instead of {exact}",
                row.name
            );
        }
    }
}

#[test]
fn integers_give_a_value_or_our_own_error() {
    for row in losses() {
        for dtype in [DType::U8, DType::U32, DType::I16, DType::I32, DType::I64] {
            let inputs = row
                .inputs
                .iter()
                .map(|it| it.abs().unwrap().to_dtype(dtype).unwrap())
                .collect::<Vec<_>>();
            match (row.loss)(&inputs, Reduction::Mean) {
                Ok(loss) => assert!(loss.dtype().is_float(), "{} in {dtype:?}", row.name),
                Err(error) => {
                    let text = error.to_string();
                    let is_ours = text.starts_with("nn::") || text.starts_with("F::");
                    assert!(is_ours, "{} in {dtype:?}: {text}", row.name);
                }
            }
        }
    }
}

#[test]
fn strided_inputs_give_what_contiguous_ones_give() {
    for row in losses() {
        let strided = |it: &Tensor| match it.rank() {
            0 | 1 => it.clone(),
            rank => it
                .transpose(0, rank - 1)
                .unwrap()
                .contiguous()
                .unwrap()
                .transpose(0, rank - 1)
                .unwrap(),
        };
        let value = |inputs: &[Tensor]| {
            (row.loss)(inputs, Reduction::Mean).unwrap().to_scalar::<f64>().unwrap()
        };
        let inputs = row.inputs.iter().map(strided).collect::<Vec<_>>();
        assert_eq!(value(&inputs), value(&row.inputs), "{}", row.name);
    }
}

#[test]
fn no_elements_have_a_mean_of_nan_and_a_sum_of_zero() {
    let empty = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let none = |shape: &[usize]| Tensor::zeros(shape, DType::I64, &Device::Cpu).unwrap();
    let (x, c) = (empty(&[0, 3]), none(&[0]));
    type Empty = Box<dyn Fn(Reduction) -> Result<Tensor>>;
    let rows: Vec<(&str, &[usize], Empty)> = vec![
        (
            "mse",
            &[0, 3],
            Box::new({
                let x = x.clone();
                move |r| nn::MSELoss { reduction: r }.forward(&x, &x)
            }),
        ),
        (
            "bce",
            &[0, 3],
            Box::new({
                let x = x.clone();
                move |r| nn::BCELoss { reduction: r, ..Default::default() }.forward(&x, &x)
            }),
        ),
        (
            "kl",
            &[0, 3],
            Box::new({
                let x = x.clone();
                move |r| nn::KLDivLoss { reduction: r.into(), ..Default::default() }.forward(&x, &x)
            }),
        ),
        (
            "nll",
            &[0],
            Box::new({
                let (x, c) = (x.clone(), c.clone());
                move |r| nn::NLLLoss { reduction: r, ..Default::default() }.forward(&x, &c)
            }),
        ),
        (
            "cross entropy",
            &[0],
            Box::new({
                let (x, c) = (x.clone(), c.clone());
                move |r| nn::CrossEntropyLoss { reduction: r, ..Default::default() }.forward(&x, &c)
            }),
        ),
        (
            "cross entropy, soft",
            &[0],
            Box::new({
                let x = x.clone();
                move |r| nn::CrossEntropyLoss { reduction: r, ..Default::default() }.forward(&x, &x)
            }),
        ),
        (
            "multi margin",
            &[0],
            Box::new({
                let (x, c) = (x.clone(), c.clone());
                move |r| nn::MultiMarginLoss { reduction: r, ..Default::default() }.forward(&x, &c)
            }),
        ),
        (
            "multi label margin",
            &[0],
            Box::new({
                let x = x.clone();
                move |r| nn::MultiLabelMarginLoss { reduction: r }.forward(&x, &none(&[0, 3]))
            }),
        ),
        (
            "multi label soft margin",
            &[0],
            Box::new({
                let x = x.clone();
                move |r| {
                    nn::MultiLabelSoftMarginLoss { reduction: r, ..Default::default() }
                        .forward(&x, &x)
                }
            }),
        ),
        (
            "cosine",
            &[0],
            Box::new({
                let (x, c) = (x.clone(), c.clone());
                move |r| {
                    nn::CosineEmbeddingLoss { reduction: r, ..Default::default() }
                        .forward(&x, &x, &c)
                }
            }),
        ),
        (
            "triplet",
            &[0],
            Box::new({
                let x = x.clone();
                move |r| {
                    nn::TripletMarginLoss { reduction: r, ..Default::default() }.forward(&x, &x, &x)
                }
            }),
        ),
    ];
    for (name, shape, loss) in rows {
        let number = |reduction| loss(reduction).unwrap().to_scalar::<f32>().unwrap();
        assert!(number(Reduction::Mean).is_nan(), "{name}");
        assert_eq!(number(Reduction::Sum), 0.0, "{name}");
        assert_eq!(loss(Reduction::None).unwrap().dims(), shape, "{name}");
    }
    // No classes at all are no reason to divide by zero.
    let x = Var::zeros((2, 0), DType::F32, &Device::Cpu).unwrap();
    let y = nn::CrossEntropyLoss::default().forward(&x, &tensor!([-100, -100])).unwrap();
    assert!(y.to_scalar::<f32>().unwrap().is_nan());
    assert_eq!(y.backward().unwrap().get(&x).unwrap().elem_count(), 0);
}

#[test]
fn shapes_without_axes_work() {
    let (x, t) = (tensor!(2.0), tensor!(1));
    assert_eq!(nn::MSELoss::default().forward(&x, &t).unwrap().to_scalar::<f32>().unwrap(), 1.0);
    let none = nn::MSELoss { reduction: Reduction::None }.forward(&x, &t).unwrap();
    assert_eq!(none.rank(), 0);
    let batch = nn::KLDivLoss { reduction: KLDivReduction::BatchMean, ..Default::default() };
    assert_eq!(batch.forward(&x, &tensor!(1.0)).unwrap().to_scalar::<f32>().unwrap(), -2.0);
    let row = nn::CrossEntropyLoss { reduction: Reduction::None, ..Default::default() };
    assert_eq!(row.forward(&tensor!([1.0, 2.0]), &tensor!(1)).unwrap().rank(), 0);
    assert!(row.forward(&x, &t).unwrap_err().to_string().contains("Expected 1 or more dimensions"));
}

#[test]
fn large_tensors_are_as_right_as_small_ones() {
    // More than one piece, and not a whole number of blocks.
    let count = 100_003;
    let x = numbers(1, &[count], -3.0, 3.0);
    let t = numbers(2, &[count], 0.0, 1.0);
    let expected = |value: &dyn Fn(f64, f64) -> f64| {
        let (x, t) = (x.to_vec1::<f64>().unwrap(), t.to_vec1::<f64>().unwrap());
        x.iter().zip(&t).map(|(x, t)| value(*x, *t)).sum::<f64>() / count as f64
    };
    let near = |found: Tensor, expected: f64| {
        let found = found.to_dtype(DType::F64).unwrap().to_scalar::<f64>().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} instead of {expected}");
    };
    let [x32, t32] = [&x, &t].map(|it| it.to_dtype(DType::F32).unwrap());
    let square = expected(&|x, t| (x - t) * (x - t));
    near(nn::MSELoss::default().forward(&x, &t).unwrap(), square);
    near(nn::MSELoss::default().forward(&x32, &t32).unwrap(), square);
    let logits = expected(&|x, t| x.max(0.0) - x * t + (-x.abs()).exp().ln_1p());
    near(nn::BCEWithLogitsLoss::default().forward(&x32, &t32).unwrap(), logits);

    let rows = 10_007;
    let x = Var::from_tensor(&numbers(3, &[rows, 10], -3.0, 3.0)).unwrap();
    let target = (0..rows).map(|it| (it % 10) as i64).collect::<Vec<_>>();
    let target = Tensor::from_vec(target, rows, &Device::Cpu).unwrap();
    let fused = nn::CrossEntropyLoss::default().forward(&x, &target).unwrap();
    let apart = F::log_softmax(&x, 1).unwrap();
    let apart = nn::NLLLoss::default().forward(&apart, &target).unwrap();
    near(fused.clone(), apart.to_scalar::<f64>().unwrap());
    let gradient = |y: &Tensor| {
        let grads = y.backward().unwrap();
        grads.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap()
    };
    for (a, b) in gradient(&fused).iter().zip(&gradient(&apart)) {
        assert!((a - b).abs() < 1e-15, "{a} and {b}");
    }
}

#[test]
fn losses_print_as_in_pytorch() {
    let weight = Some(tensor!([1.0, 2.0]));
    for (found, expected) in [
        (nn::MSELoss::default().to_string(), "MSELoss()"),
        (nn::CrossEntropyLoss { weight, ..Default::default() }.to_string(), "CrossEntropyLoss()"),
        (nn::BCELoss::default().to_string(), "BCELoss()"),
        (nn::NLLLoss::default().to_string(), "NLLLoss()"),
        (nn::HuberLoss::default().to_string(), "HuberLoss()"),
        (nn::KLDivLoss::default().to_string(), "KLDivLoss()"),
        (nn::TripletMarginLoss::default().to_string(), "TripletMarginLoss()"),
        (nn::CTCLoss::default().to_string(), "CTCLoss()"),
        (akari::__text!(nn::L1Loss::default()), "L1Loss()"),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn errors_begin_with_the_function_as_it_was_typed() {
    let (x, t) = (tensor!([1.0, 2.0]), tensor!([1.0, 2.0, 3.0]));
    for (found, expected) in [
        (F::mse_loss(&x, &t, Reduction::Mean, None), "F::mse_loss: The size of tensor a (2)"),
        (
            F::mse_loss(&x, &x, Reduction::Mean, Some(&t)),
            "F::mse_loss: Weights and input must have the same size",
        ),
        (
            F::cross_entropy(&x, &tensor!(5), None, -100, Reduction::Mean, 0.0),
            "F::cross_entropy: Target 5 is out of bounds",
        ),
        (
            nn::MarginRankingLoss::default().forward(&x, &x, &tensor!([[1, 1]])),
            "nn::MarginRankingLoss: All input tensors should have same dimension",
        ),
        (
            nn::TripletMarginLoss::default().forward(&x, &x, &tensor!(1.0)),
            "nn::TripletMarginLoss: The anchor, positive, and negative tensors are expected",
        ),
        (
            nn::CTCLoss::default().forward(&tensor!([[0.0, 0.0]]), &tensor!([1]), &[2], &[1]),
            "nn::CTCLoss: Expected input_lengths to have value at most 1, but got value 2",
        ),
        (
            nn::GaussianNLLLoss::default().forward(&x, &x, &t),
            "nn::GaussianNLLLoss: var is of incorrect size",
        ),
        (
            nn::MultiLabelMarginLoss::default().forward(&x, &tensor!([5, -1])),
            "nn::MultiLabelMarginLoss: target is out of range",
        ),
        (
            nn::BCEWithLogitsLoss { pos_weight: Some(t.clone()), ..Default::default() }
                .forward(&x, &x),
            "nn::BCEWithLogitsLoss: pos_weight of shape [3] does not broadcast",
        ),
    ] {
        let text = found.unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn candle_bce_with_logits_is_inf_or_nan_for_large_logits() {
    let (x, t) = (tensor!([20.0, -100.0, 1000.0]), tensor!([0.0, 1.0, 0.0]));
    let candles = candle_nn::loss::binary_cross_entropy_with_logit(&x, &t).unwrap();
    assert!(!candles.to_scalar::<f32>().unwrap().is_finite());
    let ours = nn::BCEWithLogitsLoss { reduction: Reduction::None, ..Default::default() };
    assert_eq!(ours.forward(&x, &t).unwrap().to_vec1::<f32>().unwrap(), [20.0, 100.0, 1000.0]);
}

#[test]
fn candle_losses_do_not_broadcast() {
    let (x, t) = (tensor!([[1.0], [2.0]]), tensor!([1.0, 2.0]));
    assert!(candle_nn::loss::mse(&x, &t).is_err());
    assert_eq!(nn::MSELoss::default().forward(&x, &t).unwrap().to_scalar::<f32>().unwrap(), 0.5);
}

#[test]
fn candle_losses_do_not_promote() {
    let (x, t) = (tensor!([[2., 5., 3.]]), tensor!([[0, 1, 0]]));
    assert!(candle_nn::loss::mse(&x, &t).is_err());
    let ours = nn::MSELoss::default().forward(&x, &t).unwrap();
    assert_eq!(akari::print::tensor_text(&ours).unwrap(), "tensor(9.6667)");
}

#[test]
fn candle_nll_blames_the_target_for_the_input() {
    let (x, t) = (tensor!([[[-1.0, -2.0]]]), tensor!([0]));
    let candles = candle_nn::loss::nll(&x, &t).unwrap_err().to_string();
    assert!(candles.contains("target"), "{candles}");
    // Three axes are no error here; the target that does not fit them is what is wrong.
    let ours = nn::NLLLoss::default().forward(&x, &t).unwrap_err().to_string();
    assert!(ours.contains("Expected target size [1, 2], got [1]"), "{ours}");
}

#[test]
fn candle_sums_of_f32_drift_and_so_does_its_broadcasting() {
    let count = 10_000_000;
    let x = Tensor::full(0.1f32, count, &Device::Cpu).unwrap();
    let drifting = x.sum_all().unwrap().to_scalar::<f32>().unwrap() / count as f32;
    assert!((drifting - 0.1).abs() > 1e-5, "candle's mean is {drifting}");
    let loss = nn::L1Loss::default();
    let zero = Var::new(0f32, &Device::Cpu).unwrap();
    let y = loss.forward(&x, &zero).unwrap();
    assert_eq!(y.to_scalar::<f32>().unwrap(), 0.1);
    // The gradient of a number that stands for ten million is a sum of ten million.
    let y = nn::MSELoss::default().forward(&x, &zero).unwrap();
    let grads = y.backward().unwrap();
    let grad = grads.get(&zero).unwrap().to_scalar::<f32>().unwrap();
    assert!((grad + 0.2).abs() < 1e-7, "{grad}");
}

/// ```python
/// torch.manual_seed(0); l = nn.LinearCrossEntropyLoss(3, 4, bias=True)
/// x = torch.tensor([[1., 2., 3.], [-1., 0.5, 2.]], requires_grad=True)
/// y = l(x, torch.tensor([1, 3])); y.backward(); print(y, x.grad)
/// torch.manual_seed(0)
/// l = nn.LinearCrossEntropyLoss(3, 4, out_features=(2,), bias=True, reduction='none', label_smoothing=0.1)
/// print(l(x, torch.tensor([[1, 3], [0, 2]])))
/// ```
#[test]
fn linear_cross_entropy_loss_is_pytorchs() {
    let x = Var::from_tensor(&tensor!([[1., 2., 3.], [-1., 0.5, 2.]])).unwrap();
    let near = |found: &Tensor, expected: &[f32]| {
        let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-6, "{found:?} instead of {expected:?}");
        }
    };
    torch::manual_seed(0);
    let config = nn::LinearCrossEntropyLossConfig { bias: true, ..Default::default() };
    let loss = nn::LinearCrossEntropyLoss::new(3, 4, config.clone()).unwrap();
    let y = loss.forward(&x, &tensor!([1, 3])).unwrap();
    near(&y, &[1.724_419_5]);
    let grads = y.backward().unwrap();
    let expected =
        [0.191_919_13, 0.218_329_18, -0.111_764_74, -0.150_168_73, 0.103_533_12, 0.049_255_43];
    near(grads.get(&x).unwrap(), &expected);
    assert!(loss.parameters().iter().all(|it| grads.get(it).is_some()));
    assert_eq!(
        loss.to_string(),
        "LinearCrossEntropyLoss(\n  in_features=3, num_classes=4, out_features=(), bias=True, \
         reduction=mean, ignore_index=None, label_smoothing=0.0, options=None\n  \
         (linear): Linear(in_features=3, out_features=4, bias=True)\n)"
    );
    torch::manual_seed(0);
    let config = nn::LinearCrossEntropyLossConfig {
        out_features: vec![2],
        reduction: Reduction::None,
        label_smoothing: 0.1,
        ..config
    };
    let loss = nn::LinearCrossEntropyLoss::new(3, 4, config).unwrap();
    let y = loss.forward(&x, &tensor!([[1, 3], [0, 2]])).unwrap();
    assert_eq!(y.dims(), [2, 2]);
    near(&y, &[0.460_537_25, 0.655_276_8, 2.317_58, 1.271_491_5]);
    assert!(loss.to_string().contains("out_features=(2,), bias=True, reduction=none"));
    let error = loss.forward(&tensor!([1., 2., 3.]), &tensor!([1])).unwrap_err().to_string();
    assert!(error.contains("K-dimensional loss") && error.contains("[4, 2, 3]"), "{error}");
}
