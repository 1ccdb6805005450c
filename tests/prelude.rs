//! What a learner relies on beside PyTorch's numbers: literals, texts, errors, and that none of
//! candle's defects comes through. Tests of defects bear their names.
#![allow(clippy::unwrap_used)]

use akari::prelude::*;

fn text(tensor: &Tensor) -> String {
    akari::print::tensor_text(tensor).unwrap()
}

fn error<T: std::fmt::Debug>(result: candle_core::Result<T>) -> String {
    result.unwrap_err().to_string()
}

fn gradient(x: &Var, y: candle_core::Result<Tensor>) -> Vec<f64> {
    let grads = y.unwrap().sum_all().unwrap().backward().unwrap();
    grads.get(x).unwrap().to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn literals_have_pytorchs_dtypes() {
    let row = vec![1, 2, 3];
    let half = 0.5;
    for (tensor, expected) in [
        (tensor!([-2.0, 1.0]), "tensor([-2.,  1.])"),
        (tensor!([[0, 1, 0]]), "tensor([[0, 1, 0]])"),
        (tensor!([true, false]), "tensor([1, 0], dtype=torch.uint8)"),
        (tensor!([1, 2.5]), "tensor([1.0000, 2.5000])"),
        (tensor!(9.6667), "tensor(9.6667)"),
        (tensor!(-3), "tensor(-3)"),
        (tensor!([]), "tensor([])"),
        (tensor!([[], []]), "tensor([], size=(2, 0))"),
        (tensor!([3_000_000_000, -1]), "tensor([3000000000,         -1])"),
        (tensor!(row), "tensor([1, 2, 3])"),
        (tensor!([half, half * 2.0]), "tensor([0.5000, 1.0000])"),
        (
            tensor!([[[1], [2]], [[3], [4]]]),
            "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])",
        ),
    ] {
        assert_eq!(text(&tensor), expected);
    }
}

#[test]
#[should_panic(expected = "rows must have the same shape")]
fn ragged_literals_are_refused() {
    let _ = tensor!([[1, 2], [3]]);
}

#[test]
fn show_writes_anything() {
    struct Nameless;
    let w = Var::new(&[1f32], &Device::Cpu).unwrap();
    for (found, expected) in [
        (akari::__text!("灯り"), "灯り".to_owned()),
        (akari::__text!(w), "tensor([1.], requires_grad=True)".to_owned()),
        (akari::__text!(&&w), "tensor([1.], requires_grad=True)".to_owned()),
        (akari::__text!(vec![tensor!([1.0])]), "[tensor([1.])]".to_owned()),
        (akari::__text!(Some(1)), "Some(1)".to_owned()),
        (akari::__text!(1.5), "1.5".to_owned()),
        (akari::__text!(Nameless), format!("<{}>", std::any::type_name::<Nameless>())),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn errors_say_what_was_given_and_what_is_needed() {
    let x = tensor!([[1.0, 2.0]]);
    let ce = nn::CrossEntropyLoss::default();
    let none: Vec<Var> = vec![];
    for (found, expected) in [
        (
            error(F::softmax(&tensor!([1.0, 2.0]), 2)),
            "F::softmax: Dimension out of range (expected to be in range of [-1, 0], but got 2); the tensor's shape is [2]",
        ),
        (
            error(F::softmax(&tensor!([1, 2]), 0)),
            "F::softmax: not implemented for an input of dtype I64 (convert it with .to_dtype(DType::F32)?)",
        ),
        (error(F::hardtanh(&x, 2.0, 1.0)), "F::hardtanh: min_val cannot be greater than max_val"),
        (
            error(nn::MSELoss::default().forward(&tensor!([1., 2.]), &tensor!([1., 2., 3.]))),
            "nn::MSELoss: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
        ),
        (
            error(ce.forward(&x, &tensor!([2]))),
            "nn::CrossEntropyLoss: Target 2 is out of bounds (there are 2 classes)",
        ),
        (
            error(ce.forward(&x, &tensor!([[0, 1]]))),
            "nn::CrossEntropyLoss: Expected floating point type for target with class probabilities, got I64",
        ),
        (
            error(nn::BCELoss::default().forward(&tensor!([1.5]), &tensor!([1.0]))),
            "nn::BCELoss: all elements of input should be between 0 and 1, but one is 1.5 (for logits there is nn::BCEWithLogitsLoss)",
        ),
        (
            error(optim::SGD::new(none, Default::default())),
            "optim::SGD: optimizer got an empty parameter list",
        ),
        (
            error(optim::Adam::new(
                Var::new(1f32, &Device::Cpu).unwrap(),
                optim::AdamConfig { betas: (1.0, 0.9), ..Default::default() },
            )),
            "optim::Adam: Invalid beta parameter at index 0: 1.0",
        ),
        (
            error(optim::SGD::new(
                Var::new(1f32, &Device::Cpu).unwrap(),
                optim::SGDConfig { lr: -1.0, ..Default::default() },
            )),
            "optim::SGD: Invalid learning rate: -1",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn optimizers_print_the_lessons_form_and_todays() {
    let w = Var::new(1f32, &Device::Cpu).unwrap();
    let adam = optim::Adam::new(w.clone(), optim::AdamConfig::default()).unwrap();
    let lesson = "Adam (\nParameter Group 0\n    amsgrad: False\n    betas: (0.9, 0.999)\n    eps: 1e-08\n    lr: 0.001\n    weight_decay: 0\n)";
    assert_eq!(adam.to_string(), lesson);
    assert!(
        format!("{adam:#}")
            .contains("    decoupled_weight_decay: False\n    differentiable: False\n")
    );
}

#[test]
fn random_numbers_are_pytorchs() {
    torch::manual_seed(0);
    assert_eq!(text(&torch::rand(3).unwrap()), "tensor([0.4963, 0.7682, 0.0885])");
    // Fewer than sixteen are drawn in pairs, more in blocks.
    assert_eq!(text(&torch::randn(3).unwrap()), "tensor([0.3643, 0.1344, 0.1642])");
    assert_eq!(text(&torch::randn(2).unwrap()), "tensor([0.3058, 0.2100])");
    let block = torch::randn((4, 5)).unwrap();
    assert!(
        text(&block).starts_with("tensor([[ 0.8504, -1.3527, -1.6959,  0.5667,  0.2484],"),
        "{}",
        text(&block)
    );
}

#[test]
fn candle_bce_with_logits_overflows() {
    let loss = nn::BCEWithLogitsLoss::default();
    let x = Var::new(&[1000f32, -1000.0], &Device::Cpu).unwrap();
    let y = loss.forward(&x, &tensor!([0.0, 1.0]));
    assert_eq!(y.as_ref().unwrap().to_scalar::<f32>().unwrap(), 1000.0);
    assert_eq!(gradient(&x, y), [0.5, -0.5]);
}

#[test]
fn candle_sums_of_f32_drift() {
    let x = Tensor::full(0.1f32, 10_000_000, &Device::Cpu).unwrap();
    let loss = nn::MSELoss::default().forward(&x, &x.zeros_like().unwrap()).unwrap();
    assert_eq!(text(&loss), "tensor(0.0100)");
}

#[test]
fn candle_optimizers_count_steps_of_all_parameters_together() {
    // The second parameter's first gradient comes late; its own first step is then a whole `lr`.
    let [a, b] = [Var::new(1f32, &Device::Cpu).unwrap(), Var::new(1f32, &Device::Cpu).unwrap()];
    let mut adam = optim::Adam::new(
        [a.clone(), b.clone()],
        optim::AdamConfig { lr: 0.1, ..Default::default() },
    )
    .unwrap();
    for _ in 0..5 {
        adam.backward_step(&a.sqr().unwrap()).unwrap();
    }
    adam.backward_step(&b.sqr().unwrap()).unwrap();
    assert!((b.to_scalar::<f32>().unwrap() - 0.9).abs() < 1e-6);
}

#[test]
fn losses_promote_integers() {
    let (x, t) = (tensor!([0.5, -1.0]), tensor!([1, 0]));
    assert!(nn::MSELoss::default().forward(&x, &t).unwrap().dtype() == DType::F32);
    assert!(nn::L1Loss::default().forward(&t, &x).unwrap().dtype() == DType::F32);
}
