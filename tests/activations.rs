//! Activations beside PyTorch's vectors: gradients against finite differences, shapes, dtypes,
//! layouts, long tensors, and the defects of candle that must not come through.
#![allow(clippy::unwrap_used)]

use akari::candle_core::Result;
use akari::prelude::*;

type Function = fn(&Tensor) -> Result<Tensor>;

/// Every elementwise activation, with options that aren't the defaults, and where it has kinks.
const ELEMENTWISE: &[(&str, Function, &[f64])] = &[
    ("relu", F::relu, &[0.0]),
    ("relu6", F::relu6, &[0.0, 6.0]),
    ("hardtanh", |x| F::hardtanh(x, -2.0, 0.5), &[-2.0, 0.5]),
    ("threshold", |x| F::threshold(x, 0.5, -7.0), &[0.5]),
    ("leaky_relu", |x| F::leaky_relu(x, 0.2), &[0.0]),
    ("rrelu", |x| F::rrelu(x, 0.1, 0.5, false), &[0.0]),
    ("hardswish", F::hardswish, &[-3.0, 3.0]),
    ("hardsigmoid", F::hardsigmoid, &[-3.0, 3.0]),
    ("hardshrink", |x| F::hardshrink(x, 0.7), &[-0.7, 0.7]),
    ("softshrink", |x| F::softshrink(x, 0.7), &[-0.7, 0.7]),
    ("elu", |x| F::elu(x, 0.3), &[0.0]),
    ("selu", F::selu, &[0.0]),
    ("celu", |x| F::celu(x, 2.0), &[0.0]),
    ("sigmoid", F::sigmoid, &[]),
    ("tanh", F::tanh, &[]),
    ("tanhshrink", F::tanhshrink, &[]),
    ("softsign", F::softsign, &[]),
    ("logsigmoid", F::logsigmoid, &[]),
    ("softplus", |x| F::softplus(x, 2.0, 5.0), &[2.5]),
    ("silu", F::silu, &[]),
    ("mish", F::mish, &[]),
    ("gelu", |x| F::gelu(x, Gelu::None), &[]),
    ("gelu(tanh)", |x| F::gelu(x, Gelu::Tanh), &[]),
];

/// Functions of rows, here of the axis of size four.
const ROWS: &[(&str, Function)] = &[
    ("softmax", |x| F::softmax(x, 1)),
    ("log_softmax", |x| F::log_softmax(x, 1)),
    ("softmin", |x| F::softmin(x, 1)),
    ("glu", |x| F::glu(x, 1)),
    ("normalize 2", |x| F::normalize(x, 2.0, 1, 1e-12)),
    ("normalize 1", |x| F::normalize(x, 1.0, 1, 1e-12)),
    ("normalize 3", |x| F::normalize(x, 3.0, 1, 1e-12)),
    ("normalize inf", |x| F::normalize(x, f64::INFINITY, 1, 1e-12)),
    ("prelu", |x| F::prelu(x, &Tensor::new(&[0.25, -0.5, 2.0, 0.0], &Device::Cpu)?)),
];

/// Numbers without a pattern, from -8 to 8.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|index| ((index * 7919 + 13) % 1601) as f64 / 100.0 - 8.003).collect()
}

fn filled(dims: &[usize]) -> Tensor {
    Tensor::from_vec(numbers(dims.iter().product()), dims, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The gradient of `sum(f(x) * weights)` with different weights.
fn gradient(function: Function, x: &Tensor) -> Vec<f64> {
    let x = Var::from_tensor(x).unwrap();
    let grads = weighted(&function(&x).unwrap()).backward().unwrap();
    values(grads.get(&x).unwrap())
}

fn weights(count: usize) -> Vec<f64> {
    (0..count).map(|index| 0.5 + (index % 7) as f64 / 4.0).collect()
}

fn weighted(y: &Tensor) -> Tensor {
    let weights = Tensor::from_vec(weights(y.elem_count()), y.shape(), &Device::Cpu).unwrap();
    (y * weights.to_dtype(y.dtype()).unwrap()).unwrap().sum_all().unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let is_near = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
        let is_same = found == expected || found.is_nan() && expected.is_nan();
        assert!(is_near || is_same, "{what}[{index}]: {found:e} instead of {expected:e}");
    }
}

/// Compares the gradient with the difference of values a small step to both sides.
fn assert_gradient_is_the_limit(what: &str, function: Function, x: &Tensor, tolerance: f64) {
    const STEP: f64 = 1e-5;
    let xs = values(x);
    let value = |index: usize, step: f64| {
        let mut moved = xs.clone();
        moved[index] += step;
        let moved = Tensor::from_vec(moved, x.shape(), &Device::Cpu).unwrap();
        weighted(&function(&moved).unwrap()).to_scalar::<f64>().unwrap()
    };
    let limits = (0..xs.len())
        .map(|index| (value(index, STEP) - value(index, -STEP)) / (2.0 * STEP))
        .collect::<Vec<_>>();
    assert_near(&gradient(function, x), &limits, tolerance, what);
}

#[test]
fn gradients_are_limits_of_differences() {
    for (name, function, kinks) in ELEMENTWISE {
        let xs = (-400..=400).map(|it| f64::from(it) / 50.0 + 1e-3);
        let away = xs.filter(|x| kinks.iter().all(|kink| (x - kink).abs() > 1e-4));
        let x = Tensor::from_iter(away, &Device::Cpu).unwrap();
        let moved = |step: f64| values(&function(&x.affine(1.0, step).unwrap()).unwrap());
        let pairs = moved(1e-5).into_iter().zip(moved(-1e-5)).zip(weights(x.elem_count()));
        let limits = pairs.map(|((above, below), weight)| weight * (above - below) / 2e-5);
        // The constant 1/6 of hardsigmoid is of f32, as in PyTorch.
        assert_near(&gradient(*function, &x), &limits.collect::<Vec<_>>(), 1e-7, name);
    }
    for (name, function) in ROWS {
        for dims in [vec![3, 4], vec![2, 4, 3]] {
            assert_gradient_is_the_limit(name, *function, &filled(&dims), 1e-7);
        }
    }
}

#[test]
fn weights_of_prelu_have_gradients_that_are_limits() {
    let x = filled(&[2, 3, 4]);
    for count in [1, 3] {
        let weight = Var::from_vec(vec![0.25, -0.5, 2.0][..count].to_vec(), count, &Device::Cpu);
        let weight = weight.unwrap();
        let value = |weight: &Tensor| weighted(&F::prelu(&x, weight).unwrap());
        let grads = value(&weight).backward().unwrap();
        let limits = (0..count).map(|index| {
            let moved = |step: f64| {
                let mut moved = values(&weight);
                moved[index] += step;
                let moved = Tensor::from_vec(moved, count, &Device::Cpu).unwrap();
                value(&moved).to_scalar::<f64>().unwrap()
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        });
        let limits = limits.collect::<Vec<_>>();
        assert_near(&values(grads.get(&weight).unwrap()), &limits, 1e-7, "prelu's weight");
    }
}

#[test]
fn shapes_stay_and_nothing_depends_on_the_layout() {
    for (name, function, _) in ELEMENTWISE {
        for dims in [vec![], vec![0], vec![1], vec![2, 0, 3], vec![3, 4], vec![1, 2, 2, 2]] {
            let y = function(&filled(&dims)).unwrap();
            assert_eq!(y.dims(), dims, "{name}");
        }
    }
    let rows = ROWS.iter().filter(|(name, _)| *name != "glu").map(|(name, f)| (*name, *f));
    for (name, function) in ELEMENTWISE.iter().map(|(name, f, _)| (*name, *f)).chain(rows) {
        let x = filled(&[3, 4, 5]);
        // The same numbers, stored in another order, and in the middle of others.
        let transposed = x.transpose(0, 2).unwrap().contiguous().unwrap().transpose(0, 2).unwrap();
        let narrowed = Tensor::cat(&[&x, &x, &x], 0).unwrap().narrow(0, 3, 3).unwrap();
        for other in [transposed, narrowed] {
            let (found, expected) = (function(&other).unwrap(), function(&x).unwrap());
            assert_near(&values(&found), &values(&expected), 0.0, name);
            assert_near(&gradient(function, &other), &gradient(function, &x), 0.0, name);
        }
        let one = function(&x.narrow(0, 1, 1).unwrap().broadcast_as((3, 4, 5)).unwrap()).unwrap();
        assert_near(&values(&one)[..20], &values(&one)[20..40], 0.0, name);
    }
}

#[test]
fn narrow_dtypes_are_rounded_wide_ones() {
    let rows = ROWS.iter().filter(|(name, _)| *name != "prelu").map(|(name, f)| (*name, *f));
    for (name, function) in ELEMENTWISE.iter().map(|(name, f, _)| (*name, *f)).chain(rows) {
        let x = filled(&[8, 4]);
        for (dtype, tolerance) in [(DType::F32, 4e-7), (DType::F16, 1e-3), (DType::BF16, 8e-3)] {
            let x = x.to_dtype(dtype).unwrap();
            let wide = x.to_dtype(DType::F64).unwrap();
            let y = function(&x).unwrap();
            assert_eq!(y.dtype(), dtype, "{name}");
            assert_near(&values(&y), &values(&function(&wide).unwrap()), tolerance, name);
            let (found, expected) = (gradient(function, &x), gradient(function, &wide));
            assert_near(&found, &expected, 4.0 * tolerance, name);
        }
    }
}

#[test]
fn long_tensors_are_shared_between_threads_and_give_the_same() {
    const LONG: usize = 200_003;
    let xs = numbers(LONG).into_iter().map(|it| it as f32).collect::<Vec<_>>();
    let x = Tensor::from_vec(xs.clone(), LONG, &Device::Cpu).unwrap();
    for (name, function, _) in ELEMENTWISE {
        let whole = values(&function(&x).unwrap());
        for start in [0, 32_760, 131_070, LONG - 17] {
            let part = function(&x.narrow(0, start, 17).unwrap()).unwrap();
            // A vector's last elements go one by one, by the same instructions.
            assert_near(&values(&part), &whole[start..start + 17], 2e-7, name);
        }
    }
}

/// Every way in which rows are shared out: short and long ones, side by side and far apart.
#[test]
fn rows_of_all_shapes_are_those_of_the_definition() {
    for (dims, axis) in [
        (vec![7], 0),
        (vec![100_000], 0),
        (vec![2, 50_000], 1),
        (vec![30_000, 3], 1),
        (vec![20, 5000], 1),
        (vec![50, 3000], 0),
        (vec![3, 5, 2100], 1),
        (vec![1000, 4, 33], 1),
        (vec![70_000, 2], 0),
    ] {
        let x = filled(&dims);
        let exp = x.exp().unwrap();
        let expected = exp.broadcast_div(&exp.sum_keepdim(axis).unwrap()).unwrap();
        let what = format!("{dims:?} along {axis}");
        let softmax = F::softmax(&x, axis).unwrap();
        assert_near(&values(&softmax), &values(&expected), 1e-13, &what);
        let softmin = F::softmin(&x.neg().unwrap(), axis).unwrap();
        assert_near(&values(&softmin), &values(&expected), 1e-13, &what);
        let log = F::log_softmax(&x, axis).unwrap();
        assert_near(&values(&log), &values(&expected.log().unwrap()), 1e-13, &what);
        for (narrow, wide) in [
            (F::softmax(&x.to_dtype(DType::F32).unwrap(), axis).unwrap(), &softmax),
            (F::log_softmax(&x.to_dtype(DType::F32).unwrap(), axis).unwrap(), &log),
        ] {
            assert_near(&values(&narrow), &values(wide), 2e-6, &what);
        }
        // candle's own graph of the definition has the gradient.
        let var = Var::from_tensor(&x).unwrap();
        let by_definition = |is_log: bool| {
            let exp = var.exp().unwrap();
            let y = exp.broadcast_div(&exp.sum_keepdim(axis).unwrap()).unwrap();
            let y = if is_log { y.log().unwrap() } else { y };
            values(weighted(&y).backward().unwrap().get(&var).unwrap())
        };
        let own = |y: Tensor| values(weighted(&y).backward().unwrap().get(&var).unwrap());
        let found = own(F::softmax(&var, axis).unwrap());
        assert_near(&found, &by_definition(false), 1e-11, &what);
        let found = own(F::log_softmax(&var, axis).unwrap());
        assert_near(&found, &by_definition(true), 1e-11, &what);
    }
}

#[test]
fn slopes_that_are_cut_off_ignore_the_gradient_above() {
    // PyTorch chooses, it doesn't multiply: 0 * inf would be nan.
    let x = Var::new(&[-1f32, 2.0], &Device::Cpu).unwrap();
    let above = Tensor::new(&[f32::INFINITY, 1.0], &Device::Cpu).unwrap();
    let cut: [Function; 3] = [F::relu, F::relu6, |x| F::threshold(x, 0.0, 0.0)];
    for function in cut {
        let y = (function(&x).unwrap() * &above).unwrap();
        let grads = y.backward().unwrap();
        assert_eq!(values(grads.get(&x).unwrap()), [0.0, 1.0]);
    }
}

/// Held by tests that seed the one generator of the process.
static SEEDED: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
fn random_slopes_are_pytorchs_and_lie_between_the_bounds() {
    let _seeded = SEEDED.lock().unwrap();
    torch::manual_seed(0);
    let x = Var::new(&[-1f32, 2.0, -1.0, -1.0], &Device::Cpu).unwrap();
    let y = F::rrelu(&x, 0.125, 1.0 / 3.0, true).unwrap();
    // torch.manual_seed(0); F.rrelu(torch.tensor([-1., 2., -1., -1.]), training=True)
    let found = values(&y);
    assert_near(&found, &[-0.327_094_376, 2.0, -0.272_462_487, -0.220_704_779], 1e-7, "rrelu");
    let grads = y.backward().unwrap();
    let expected = [-found[0], 1.0, -found[2], -found[3]];
    assert_near(&values(grads.get(&x).unwrap()), &expected, 1e-7, "rrelu'");
}

#[test]
fn gumbel_softmax_draws_by_the_odds_and_keeps_the_gradient() {
    const DRAWS: usize = 20_000;
    let _seeded = SEEDED.lock().unwrap();
    let odds = Tensor::new(&[1f32, 2.0, 5.0], &Device::Cpu).unwrap();
    let logits = odds.log().unwrap().broadcast_as((DRAWS, 3)).unwrap();
    let hard = F::gumbel_softmax(&logits, 1.0, true, -1).unwrap();
    let counts = values(&hard.sum(0).unwrap());
    for (count, odds) in counts.iter().zip([1.0, 2.0, 5.0]) {
        let share = count / DRAWS as f64;
        assert!((share - odds / 8.0).abs() < 0.02, "{share} instead of {}", odds / 8.0);
    }
    let x = Var::new(&[1f32, 2.0, 3.0], &Device::Cpu).unwrap();
    torch::manual_seed(0);
    // torch.manual_seed(0); F.gumbel_softmax(torch.tensor([1., 2., 3.]), tau=0.5)
    let seeded = F::gumbel_softmax(&x, 0.5, false, -1).unwrap();
    let expected = "tensor([5.4419e-04, 3.2693e-02, 9.6676e-01])";
    assert_eq!(akari::print::tensor_text(&seeded).unwrap(), expected);
    for is_hard in [false, true] {
        let y = F::gumbel_softmax(&x, 0.5, is_hard, 0).unwrap();
        assert!((values(&y).iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let grads = weighted(&y).backward().unwrap();
        let gradient = values(grads.get(&x).unwrap());
        assert!(gradient.iter().any(|it| *it != 0.0));
        assert!(gradient.iter().sum::<f64>().abs() < 1e-6);
    }
}

#[test]
fn errors_name_the_function_and_say_what_is_wrong() {
    let x = tensor!([1.0, 2.0, 3.0]);
    let int = tensor!([-1, 2]);
    for (result, expected) in [
        (F::glu(&x, -1), "F::glu: Halving dimension must be even, but dimension 0 is size 3"),
        (F::glu(&tensor!(1.0), -1), "F::glu: does not support 0-dimensional tensors"),
        (
            F::glu(&int, 0),
            "F::glu: not implemented for an input of dtype I64 (convert it with .to_dtype(DType::F32)?)",
        ),
        (
            F::prelu(&int, &tensor!([0.25])),
            "F::prelu: Type promoting not supported. Got I64 and F32",
        ),
        (
            F::prelu(&tensor!([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), &tensor!([0.0, 0.0])),
            "F::prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = 2 and channel size = 3.",
        ),
        (
            F::rrelu(&x, 0.5, 0.1, false),
            "F::rrelu: Lower bound should be less than or equal to the upper bound",
        ),
        (F::celu(&x, 0.0), "F::celu: alpha cannot be 0 for CELU"),
        (F::softshrink(&x, -1.0), "F::softshrink: lambda must be in range [0, inf), but found -1"),
        (nn::Softmax2d.forward(&x), "nn::Softmax2d: expected input to be 3D or 4D, got 1D instead"),
        (
            F::softmax(&tensor!(1.0), 1),
            "F::softmax: Dimension out of range (expected to be in range of [-1, 0], but got 1); the tensor's shape is []",
        ),
    ] {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

#[test]
fn softmax_modules_find_the_axis_that_pytorch_finds() {
    for (dims, axis) in [(vec![4], 0), (vec![3, 4], 1), (vec![2, 3, 4], 0), (vec![2, 3, 4, 2], 1)] {
        let x = filled(&dims);
        let found = nn::Softmax::default().forward(&x).unwrap();
        assert_near(&values(&found), &values(&F::softmax(&x, axis).unwrap()), 0.0, "Softmax");
    }
    let image = filled(&[2, 3, 2, 2]);
    let found = nn::Softmax2d.forward(&image).unwrap();
    assert_near(&values(&found), &values(&F::softmax(&image, 1).unwrap()), 0.0, "Softmax2d");
}

#[test]
fn candle_relu_of_nan_is_zero() {
    let x = Tensor::new(&[f32::NAN], &Device::Cpu).unwrap();
    assert!(values(&F::relu(&x).unwrap())[0].is_nan());
    assert_eq!(gradient(F::relu, &x), [0.5]);
}

#[test]
fn candle_relu_has_slope_one_at_zero() {
    assert_eq!(gradient(F::relu, &tensor!([0.0, -0.0])), [0.0, 0.0]);
}

#[test]
fn candle_leaky_relu_has_half_of_both_slopes_at_zero() {
    let slope = gradient(|x| F::leaky_relu(x, 0.25), &tensor!([0.0]));
    assert_eq!(slope, [0.5 * 0.25]);
}

#[test]
fn candle_hardswish_has_slopes_beyond_both_ends_at_three() {
    // The weights are 0.5 and 0.75.
    assert_eq!(gradient(F::hardswish, &tensor!([-3.0, 3.0])), [0.0, 0.75]);
}

#[test]
fn candle_mish_and_selu_have_nan_gradients_above_88() {
    for function in [F::mish as Function, F::selu] {
        for dtype in [DType::F32, DType::F64] {
            let x = tensor!([89.0, 100.0, 1000.0]).to_dtype(dtype).unwrap();
            assert!(gradient(function, &x).iter().all(|it| it.is_finite() && *it >= 0.5));
        }
    }
}

#[test]
fn candle_gelu_has_derivatives_of_six_digits() {
    let x = Tensor::new(&[1f64], &Device::Cpu).unwrap();
    // 0.5 is the weight; Phi(1) + phi(1), and the like of the formula with tanh.
    let found = gradient(|x| F::gelu(x, Gelu::None), &x);
    assert_near(&found, &[0.5 * 1.083_315_470_587_686_4], 1e-12, "gelu'");
    assert_gradient_is_the_limit("gelu", |x| F::gelu(x, Gelu::Tanh), &x, 1e-9);
}

#[test]
fn candle_integers_panic_in_exp_tanh_softmax_silu_and_gelu() {
    let promoting: [Function; 4] = [F::sigmoid, F::tanh, F::tanhshrink, F::softsign];
    let keeping: [Function; 4] =
        [F::relu, F::relu6, |x| F::hardtanh(x, -1.0, 1.0), |x| F::threshold(x, 0.0, 0.0)];
    for dtype in [DType::U8, DType::U32, DType::I16, DType::I32, DType::I64] {
        let x = tensor!([0, 1, 2]).to_dtype(dtype).unwrap();
        for function in promoting {
            assert_eq!(function(&x).unwrap().dtype(), DType::F32);
        }
        for function in keeping {
            assert_eq!(function(&x).unwrap().dtype(), dtype);
        }
        let refused = ELEMENTWISE.iter().map(|(_, function, _)| *function);
        let refused = refused.chain(ROWS.iter().map(|(_, function)| *function));
        for result in refused.map(|function| function(&x)) {
            let dtype_said = format!("dtype {dtype:?}");
            if let Err(error) = result {
                let text = error.to_string();
                // Without axis 1 there is nothing to say of the dtype.
                let is_ours = text.contains(&dtype_said)
                    || text.contains("Dimension out of range")
                    || text.contains(&format!("Got {dtype:?}"));
                assert!(is_ours, "{text}");
            }
        }
    }
    let large = Tensor::new(&[i64::MAX, i64::MIN], &Device::Cpu).unwrap();
    assert_eq!(F::relu(&large).unwrap().to_vec1::<i64>().unwrap(), [i64::MAX, 0]);
}

#[test]
fn candle_softmax_last_dim_cuts_the_graph() {
    let x = Var::new(&[1f32, 2.0], &Device::Cpu).unwrap();
    let grads = weighted(&F::softmax(&x, D::Minus1).unwrap()).backward().unwrap();
    assert!(values(grads.get(&x).unwrap()).iter().all(|it| *it != 0.0));
}

#[test]
fn candle_elu_has_nan_slopes_at_infinity_and_loses_small_numbers() {
    let x = Tensor::new(&[f32::INFINITY, -1e-8], &Device::Cpu).unwrap();
    assert_eq!(gradient(|x| F::elu(x, 1.0), &x), [0.5, 0.75]);
    assert_eq!(values(&F::elu(&x, 1.0).unwrap())[1], f64::from(-1e-8f32));
}
