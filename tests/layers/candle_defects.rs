//! What candle 0.11.1 gets wrong, and learners must not meet. Each test shows that candle still
//! does where that takes one line.

use akari::prelude::*;

use crate::vectors::values;
use crate::{error, seeded};

fn gradient(x: &Var, y: &Tensor) -> Vec<f64> {
    values(y.sum_all().unwrap().backward().unwrap().get(x).unwrap())
}

#[test]
fn candle_max_pool2d_backward_scaled() {
    let x = Var::from_tensor(&tensor!([[[[1., 2.], [4., 3.]]]])).unwrap();
    assert_eq!(gradient(&x, &x.max_pool2d(2).unwrap()), [0.0, 0.0, 0.25, 0.0]);
    assert_eq!(gradient(&x, &F::max_pool2d(&x, 2, 2, 0).unwrap()), [0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn candle_max_pool2d_gives_ties_a_share_each() {
    let x = Var::from_tensor(&tensor!([[[[3., 3.], [1., 3.]]]])).unwrap();
    assert_eq!(gradient(&x, &F::max_pool2d(&x, 2, 2, 0).unwrap()), [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn candle_pools_of_sizes_that_the_kernel_does_not_divide() {
    let x = Var::from_tensor(&tensor!([[[[1., 2., 9.], [4., 3., 9.], [9., 9., 9.]]]])).unwrap();
    let expected = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(gradient(&x, &F::max_pool2d(&x, 2, 2, 0).unwrap()), expected);
    let expected = [0.25, 0.25, 0.0, 0.25, 0.25, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(gradient(&x, &F::avg_pool2d(&x, 2, 2, 0).unwrap()), expected);
}

#[test]
fn candle_layer_norm_cuts_the_graph() {
    let x = Var::from_tensor(&tensor!([[1.0, 2.0, 4.0]])).unwrap();
    let ones = tensor!([1.0, 1.0, 1.0]);
    let theirs = akari::candle_nn::ops::layer_norm(&x, &ones, &ones, 1e-5).unwrap();
    assert!(theirs.sqr().unwrap().sum_all().unwrap().backward().unwrap().get(&x).is_none());
    let ours = F::layer_norm(&x, &[3], Some(&ones), Some(&ones), 1e-5).unwrap();
    assert!(gradient(&x, &(ours * &tensor!([[1.0, 0.0, 0.0]])).unwrap())[0] > 0.0);
    let x64 = x.to_dtype(DType::F64).unwrap();
    assert!(F::layer_norm(&x64, &[3], None, None, 1e-5).is_ok());
}

/// ```python
/// x = torch.tensor([[1., 2., 3.], [-1., 0.5, 0.]], requires_grad=True)
/// w = torch.tensor([0.5, 1., 2.], requires_grad=True)
/// y = F.rms_norm(x, (3,), w); (y * torch.tensor([[1., 2., -1.], [0.5, 1., 3.]])).sum().backward()
/// print(y, x.grad, w.grad)
/// ```
#[test]
fn candle_rms_norm_cuts_the_graph() {
    let x = Var::from_tensor(&tensor!([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])).unwrap();
    let weight = Var::from_tensor(&tensor!([0.5, 1.0, 2.0])).unwrap();
    let theirs = akari::candle_nn::ops::rms_norm(&x, &weight, 1e-5).unwrap();
    assert!(theirs.sqr().unwrap().sum_all().unwrap().backward().unwrap().get(&x).is_none());
    let y = F::rms_norm(&x, &[3], Some(&weight), None).unwrap();
    let loss = (&y * tensor!([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]])).unwrap();
    let near = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-6 + 2e-6 * b.abs(), "{found:?} instead of {expected:?}");
        }
    };
    let expected = [0.231_455_03, 0.925_820_1, 2.777_460_3, -0.774_596_57, 0.774_596_57, 0.0];
    near(values(&y), &expected);
    let expected = [0.281_052_53, 1.025_015_1, -0.777_027_6, 0.697_136_9, 1.394_273_9, 9.295_158];
    near(gradient(&x, &loss), &expected);
    near(gradient(&weight, &loss), &[-0.311_686_52, 2.626_237, -1.388_730_2]);
}

/// The prelude has no rotary embedding, as `torch.nn` has none; candle's slow one is right.
#[test]
fn candle_rope_cuts_the_graph() {
    let _seeded = seeded();
    use akari::candle_nn::rotary_emb::{rope, rope_slow};
    let x = Var::from_tensor(&torch::rand((1, 1, 2, 4)).unwrap()).unwrap();
    let (sin, cos) = (torch::rand((2, 2)).unwrap(), torch::rand((2, 2)).unwrap());
    let theirs = rope(&x, &cos, &sin).unwrap();
    assert!(theirs.sqr().unwrap().sum_all().unwrap().backward().unwrap().get(&x).is_none());
    let slow = rope_slow(&x, &cos, &sin).unwrap();
    assert!(slow.sqr().unwrap().sum_all().unwrap().backward().unwrap().get(&x).is_some());
}

#[test]
fn candle_softmax_last_dim_cuts_the_graph() {
    let x = Var::from_tensor(&tensor!([[1.0, 2.0]])).unwrap();
    let theirs = akari::candle_nn::ops::softmax_last_dim(&x).unwrap();
    assert!(theirs.sqr().unwrap().sum_all().unwrap().backward().unwrap().get(&x).is_none());
    let ours = F::softmax(&x, -1).unwrap();
    assert!(gradient(&x, &ours.sqr().unwrap())[1] > 0.1);
}

#[test]
fn candle_abs_and_clamp_have_slopes_at_kinks() {
    let x = Var::from_tensor(&tensor!([0.0, 1.0, -1.0, 2.0])).unwrap();
    assert_eq!(gradient(&x, &torch::abs(&x).unwrap()), [0.0, 1.0, -1.0, 1.0]);
    assert_eq!(gradient(&x, &torch::clamp(&x, -1.0, 1.0).unwrap()), [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn candle_max_gives_ties_the_whole_gradient_each() {
    let x = Var::from_tensor(&tensor!([1.0, 3.0, 3.0])).unwrap();
    assert_eq!(gradient(&x, &torch::max(&x).unwrap()), [0.0, 0.5, 0.5]);
    assert_eq!(gradient(&x, &torch::amax(&x, 0).unwrap()), [0.0, 0.5, 0.5]);
}

#[test]
fn candle_max_all_hides_a_later_nan() {
    let x = Tensor::new(&[1.0, 2.0, f64::NAN], &Device::Cpu).unwrap();
    assert!(torch::max(&x).unwrap().to_scalar::<f64>().unwrap().is_nan());
    assert!(torch::min(&x).unwrap().to_scalar::<f64>().unwrap().is_nan());
}

#[test]
fn candle_argmax_passes_nan_over() {
    let x = Tensor::new(&[[1.0, f64::NAN, 3.0], [2.0, 0.0, f64::NAN]], &Device::Cpu).unwrap();
    assert_eq!(x.argmax(1).unwrap().to_vec1::<u32>().unwrap(), [2, 0]);
    assert_eq!(torch::argmax(&x, 1).unwrap().to_vec1::<i64>().unwrap(), [1, 2]);
    assert_eq!(torch::argmax(&x, 0).unwrap().to_vec1::<i64>().unwrap(), [1, 0, 1]);
}

#[test]
fn candle_argmax_and_amax_of_integers_fail_on_empty_tensors() {
    let none = Tensor::zeros((3, 0), DType::I64, &Device::Cpu).unwrap();
    assert!(none.max(0).is_err() && none.argmax(0).is_err());
    assert_eq!(torch::argmax(&none, 0).unwrap().dims(), [0]);
    assert_eq!(torch::amax(&none, 0).unwrap().dims(), [0]);
    assert!(error(torch::amin(&none, 1)).contains("Expected reduction dim 1"));
}

#[test]
fn candle_round_takes_halves_away_from_zero() {
    let y = torch::round(&tensor!([0.5, 2.5, -1.5])).unwrap();
    assert_eq!(y.to_vec1::<f32>().unwrap(), [0.0, 2.0, -2.0]);
}

#[test]
fn candle_sums_and_means_of_f32_drift() {
    let x = Tensor::full(0.1f32, 10_000_000, &Device::Cpu).unwrap();
    assert_eq!(akari::print::tensor_text(&torch::mean(&x).unwrap()).unwrap(), "tensor(0.1000)");
    let sum = torch::sum(&x).unwrap().to_scalar::<f32>().unwrap();
    assert!((sum - 1_000_000.0).abs() < 1.0, "{sum}");
}

#[test]
fn candle_mean_all_of_integers_is_zero() {
    assert_eq!(tensor!([1, 2]).mean_all().unwrap().to_scalar::<i64>().unwrap(), 0);
    assert!(error(torch::mean(&tensor!([1, 2]))).contains("Got: I64"));
    assert_eq!(torch::sum(&tensor!([1, 2])).unwrap().to_scalar::<i64>().unwrap(), 3);
}

#[test]
fn candle_cpu_generator_cannot_be_seeded() {
    let _seeded = seeded();
    assert!(Device::Cpu.set_seed(0).is_err());
    let draw = || {
        torch::manual_seed(7);
        let layer = nn::Linear::new(3, 2).unwrap();
        let dropped = F::dropout(&layer.weight, 0.5, true).unwrap();
        (values(&layer.weight), values(&dropped), values(&data::moons(5, 0.1).unwrap().0))
    };
    assert_eq!(draw(), draw());
}

#[test]
fn candle_linear_begins_too_wide() {
    let _seeded = seeded();
    torch::manual_seed(0);
    let weight = values(&nn::Linear::new(100, 200).unwrap().weight);
    assert!(weight.iter().all(|it| it.abs() <= 0.1), "uniform numbers stay within 1 / sqrt(100)");
    let deviation = (weight.iter().map(|it| it * it).sum::<f64>() / weight.len() as f64).sqrt();
    assert!((deviation - 0.0577).abs() < 0.002, "{deviation}");
}

#[test]
fn candle_argmax_cannot_be_compared_with_classes() {
    let logits = tensor!([[0.1, 2.0], [3.0, 0.2]]);
    assert!(logits.argmax(1).unwrap().eq(&tensor!([1, 0])).is_err());
    let right = torch::argmax(&logits, 1).unwrap().eq(&tensor!([1, 0])).unwrap();
    assert_eq!(right.to_vec1::<u8>().unwrap(), [1, 1]);
}
