//! `t!`: what PyTorch makes of the same formula, where candle's operators are wrong, fail or don't compile.

use akari::prelude::*;
use candle_core::Error;

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn error(formula: impl FnOnce() -> Result<Tensor>) -> String {
    formula().unwrap_err().to_string()
}

#[test]
fn images_of_bytes_become_fractions() -> Result<()> {
    let image = Tensor::new(&[0u8, 51, 255], &Device::Cpu)?;
    let y = t!(image / 255.0);
    assert_eq!((y.dtype(), values(&y)), (DType::F32, vec![0.0, f64::from(0.2f32), 1.0]));
    assert_eq!(t!(image / 255).dtype(), DType::F32);
    Ok(())
}

#[test]
fn integers_meet_fractions_as_floats() -> Result<()> {
    let x = tensor!([5, 7]);
    assert_eq!(values(&t!(x / 2.0)), [2.5, 3.5]);
    assert_eq!(values(&t!(x * 0.5)), [2.5, 3.5]);
    assert_eq!(values(&t!(x + 0.5)), [5.5, 7.5]);
    assert_eq!(values(&t!(0.5 - x)), [-4.5, -6.5]);
    assert_eq!(t!(x * 2).dtype(), DType::I64);
    assert_eq!(values(&t!(F::one_hot(&tensor!([0, 1]), 2) * 0.9)).map_f32(), [0.9, 0.0, 0.0, 0.9]);
    Ok(())
}

trait MapF32 {
    fn map_f32(self) -> Vec<f32>;
}

impl MapF32 for Vec<f64> {
    fn map_f32(self) -> Vec<f32> {
        self.into_iter().map(|x| x as f32).collect()
    }
}

#[test]
fn right_answers_are_counted_past_255() -> Result<()> {
    let prediction = Tensor::zeros(400, DType::I64, &Device::Cpu)?;
    let y = Tensor::zeros(400, DType::I64, &Device::Cpu)?;
    assert_eq!(t!((prediction == y).sum()).to_scalar::<i64>()?, 400);
    let accuracy = t!((prediction == y).sum().item() / 400);
    assert_eq!(values(&accuracy), [1.0]);
    let text = error(|| Ok(t!((prediction == y).mean())));
    assert!(text.contains("could not infer output dtype"), "{text}");
    Ok(())
}

#[test]
fn masks_turn_around() -> Result<()> {
    let mask = tensor!([false, true]);
    assert_eq!(values(&t!(1.0 - mask)), [1.0, 0.0]);
    assert_eq!(values(&t!(!mask)), [1.0, 0.0]);
    let x = tensor!([1, 2]);
    assert_eq!(values(&t!((x > 1) & (x < 3))), [0.0, 1.0]);
    assert_eq!(values(&t!(x > 1 && x < 2 || x == 1)), [1.0, 0.0]);
    assert_eq!(values(&t!(!x)), [-2.0, -3.0]);
    Ok(())
}

#[test]
fn powers_of_negative_numbers_have_their_sign() -> Result<()> {
    let (x, p) = (tensor!([-2., 3.]), tensor!([2., 3.]));
    assert_eq!(values(&t!(x.pow(p))), [4.0, 27.0]);
    assert_eq!(values(&t!(x.pow(2))), [4.0, 9.0]);
    assert_eq!(values(&t!(tensor!([3, 4]).pow(2))), [9.0, 16.0]);
    assert_eq!(t!(tensor!([3, 4]).pow(2)).dtype(), DType::I64);
    assert_eq!(values(&t!(2.pow(tensor!([3, 4])))), [8.0, 16.0]);
    Ok(())
}

#[test]
fn a_linear_model_is_written_as_in_the_book() -> Result<()> {
    let x = tensor!([[1., 2.], [3., 4.], [5., 6.]]);
    let w = Var::new(&[[0.5f32], [-1.0]], &Device::Cpu)?;
    let b = Var::new(1f32, &Device::Cpu)?;
    let y = tensor!([[1.], [0.], [1.]]);
    let prediction = t!(x @ w + b);
    assert_eq!(values(&prediction), [-0.5, -1.5, -2.5]);
    let loss = t!((prediction - y).pow(2).mean());
    assert!((loss.to_scalar::<f32>()? - (2.25 + 2.25 + 12.25) / 3.0).abs() < 1e-6);
    let grads = loss.backward()?;
    // The gradient of the bias, which is broadcast, is the sum of all.
    assert!((values(grads.get(&b).unwrap())[0] - 2.0 * (-1.5 - 1.5 - 3.5) / 3.0).abs() < 1e-6);
    let lr = 0.1;
    t!(w -= lr * grads.get(&w));
    t!(b -= lr * grads.get(&b));
    assert!((values(b.as_tensor())[0] - (1.0 + 0.1 * 13.0 / 3.0)).abs() < 1e-6);
    assert!(w.as_tensor().track_op());
    Ok(())
}

#[test]
fn rows_and_columns_are_spread_and_axes_may_stay() -> Result<()> {
    let x = tensor!([[1., 2.], [3., 6.]]);
    assert_eq!(values(&t!(x - x.mean(0))), [-1.0, -2.0, 1.0, 2.0]);
    assert_eq!(
        values(&t!(x / x.sum(1, keepdim = true))).map_f32(),
        [1. / 3., 2. / 3., 1. / 3., 2. / 3.]
    );
    assert_eq!(values(&t!(x.sum(dim = 0))), [4.0, 8.0]);
    assert_eq!(values(&t!((x.exp() / x.exp().sum(-1, true)).sum(-1))), [1.0, 1.0]);
    assert_eq!(values(&t!(x.T @ x)), values(&torch::matmul(&x.t()?, &x)?));
    assert_eq!(values(&t!(-x.clamp(2, 3))), [-2.0, -2.0, -3.0, -3.0]);
    assert_eq!(values(&t!(x.clamp(min = 2))), [2.0, 2.0, 3.0, 6.0]);
    assert_eq!(values(&t!(x.clamp(max = 2))), [1.0, 2.0, 2.0, 2.0]);
    Ok(())
}

#[test]
fn methods_take_pytorchs_arguments() -> Result<()> {
    let x = tensor!([[1., 2.], [3., 6.]]);
    assert_eq!(values(&t!(x.var(0, correction = 0))), [1.0, 4.0]);
    assert_eq!(values(&t!(x.var(0))), [2.0, 8.0]);
    assert_eq!(t!((x - x.mean(1, keepdim = true)) / x.std(1, keepdim = true)).dims(), [2, 2]);
    assert_eq!(values(&t!(x.amax(1, keepdim = true) - x)), [1.0, 0.0, 3.0, 0.0]);
    assert_eq!(values(&t!(x.argmax())), [3.0]);
    assert_eq!(values(&t!(x.argmin(dim = 1))), [0.0, 0.0]);
    assert_eq!(t!((x * 2).view(-1)).dims(), [4]);
    assert_eq!(t!(x.view(1, -1)).dims(), [1, 4]);
    assert_eq!(t!(x.reshape(-1, 1, 2)).dims(), [2, 1, 2]);
    assert_eq!(t!(x.reshape((4, 1))).dims(), [4, 1]);
    assert_eq!(t!(x.reshape(((), 4))).dims(), [1, 4]);
    assert_eq!(t!(x.unsqueeze(-1).squeeze(-1)).dims(), [2, 2]);
    assert_eq!(t!((x + 1).flatten()).dims(), [4]);
    assert_eq!(values(&t!(x.permute(1, 0))), [1.0, 3.0, 2.0, 6.0]);
    assert_eq!(values(&t!(x.gather(1, tensor!([[1], [0]])))), [2.0, 3.0]);
    assert_eq!(values(&t!(x.masked_fill(x > 2, -1))), [1.0, 2.0, -1.0, -1.0]);
    assert_eq!(values(&t!((x > 2).any() && (x > 0).all())), [1.0]);
    assert_eq!(values(&t!(x.prod())), [36.0]);
    assert_eq!(values(&t!(x.norm())).map_f32(), [50f32.sqrt()]);
    Ok(())
}

#[test]
fn parts_that_are_no_formula_stay_rust() -> Result<()> {
    struct Net {
        scale: f64,
        weights: Vec<Tensor>,
    }
    impl Net {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            x * self.scale
        }
    }
    let net = Net { scale: 2.0, weights: vec![tensor!([1., 2.])] };
    let x = tensor!([3., 4.]);
    assert_eq!(values(&t!(net.forward(&x) - x)), [3.0, 4.0]);
    assert_eq!(values(&t!(net.forward(&(x / 2)) * net.scale)), [6.0, 8.0]);
    assert_eq!(values(&t!(net.weights[0] * x)), [3.0, 8.0]);
    assert_eq!(values(&t!({ net.scale } + x.len_as_float())), [4.0]);
    assert_eq!(values(&t!(F::relu(&(x - 3.5)) * 2)), [0.0, 1.0]);
    assert_eq!(values(&t!(torch::exp(&(x * 0)) + 1)), [2.0, 2.0]);
    assert_eq!(values(&t!(x.sqr()? + x.dims().len())), [10.0, 17.0]);
    assert_eq!(t!((x + 1).reshape((2, 1))).dims(), [2, 1]);
    Ok(())
}

trait Length {
    fn len_as_float(&self) -> f64;
}

impl Length for Tensor {
    fn len_as_float(&self) -> f64 {
        self.elem_count() as f64
    }
}

#[test]
fn numbers_among_themselves_are_pythons() -> Result<()> {
    let x = tensor!([1., 2.]);
    assert_eq!(values(&t!(x * (1 / 2))), [0.5, 1.0]);
    assert_eq!(values(&t!(x * 2.pow(3))), [8.0, 16.0]);
    let (n, lr) = (3usize, 0.5f32);
    assert_eq!(values(&t!(x * lr / n)).map_f32(), [0.5 / 3.0, 1.0 / 3.0]);
    let total: f64 = t!(x.sum().item());
    assert_eq!(total, 3.0);
    let mut sum = 0.0;
    for _ in 0..3 {
        t!(sum += x.sum());
    }
    assert_eq!(sum, 9.0);
    Ok(())
}

#[test]
fn errors_begin_with_the_part_that_failed() -> Result<()> {
    let (a, b) = (tensor!([[1., 2.]]), tensor!([1., 2., 3.]));
    assert_eq!(
        error(|| Ok(t!(1 + a * b))),
        "a * b: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1"
    );
    let failed: Result<Tensor> = Err(Error::Msg("no data".into()));
    assert_eq!(error(|| Ok(t!(failed * 2 + a))), "no data");
    let none: Option<&Tensor> = None;
    assert!(error(|| Ok(t!(a - none))).contains("the loss doesn't depend on that variable"));
    assert!(error(|| Ok(t!(tensor!([1]) % 0))).contains("division of integers by zero"));
    let mut x = tensor!([1, 2]);
    let text = error(|| {
        t!(x += 0.5);
        Ok(x.clone())
    });
    assert!(
        text.contains("result type F32 can't be cast to the desired output type I64"),
        "{text}"
    );
    let w = Var::zeros(2, DType::F32, &Device::Cpu)?;
    let text = error(|| {
        t!(w += tensor!([[1.], [2.]]));
        Ok(w.as_tensor().clone())
    });
    assert!(text.starts_with("w += tensor!([[1.], [2.]]): output with shape [2]"), "{text}");
    Ok(())
}

#[test]
fn gradients_pass_through_every_operator() -> Result<()> {
    let a = Var::new(&[[0.5f64, -1.5], [2.0, 0.25]], &Device::Cpu)?;
    let b = Var::new(&[1.4f64, -0.7], &Device::Cpu)?;
    let formulas: [fn(&Tensor, &Tensor) -> Result<Tensor>; 12] = [
        |a, b| Ok(t!((a + b).pow(2).sum())),
        |a, b| Ok(t!(((a - b) * a).sum())),
        |a, b| Ok(t!((a / b).sum())),
        |a, b| Ok(t!((b / a).exp().sum())),
        |a, b| Ok(t!((a @ b).sin().sum())),
        |a, b| Ok(t!((a.maximum(b) * a.minimum(b)).mean())),
        |a, b| Ok(t!(((a * a).pow(b)).sum())),
        |a, b| Ok(t!((a % b).sum())),
        |a, b| Ok(t!((2 / (1 + a * a) - b).mean())),
        |a, b| Ok(t!((-a * b).tanh().sum())),
        |a, b| Ok(t!((torch::where_(&(a > 0), a, &(b * 3)) * a).sum())),
        |a, b| Ok(t!((torch::atan2(a, b) * 2).sum())),
    ];
    for (index, formula) in formulas.iter().enumerate() {
        let grads = formula(&a, &b)?.backward()?;
        for (which, var) in [&a, &b].into_iter().enumerate() {
            let grad = values(grads.get(var).unwrap());
            let at = values(var.as_tensor());
            for place in 0..at.len() {
                let shifted = |by: f64| -> Result<f64> {
                    let mut numbers = at.clone();
                    numbers[place] += by;
                    let moved = Tensor::from_vec(numbers, var.dims(), &Device::Cpu)?;
                    let loss = if which == 0 { formula(&moved, &b)? } else { formula(&a, &moved)? };
                    loss.to_scalar::<f64>()
                };
                let slope = (shifted(1e-6)? - shifted(-1e-6)?) / 2e-6;
                let close = (grad[place] - slope).abs() < 1e-6 * slope.abs().max(1.0);
                assert!(close, "formula {index}, operand {which}: {} for {slope}", grad[place]);
            }
        }
    }
    Ok(())
}

#[test]
#[allow(clippy::reversed_empty_ranges, reason = "-1 counts from the end here")]
fn parts_are_named_as_in_pytorch() -> Result<()> {
    let x = torch::arange(0, 24, 1)?.reshape((2, 3, 4))?;
    let at = |tensor: Tensor| (tensor.dims().to_vec(), values(&tensor));
    // Python: x = torch.arange(24).reshape(2, 3, 4), and the same brackets.
    assert_eq!(at(t!(x[1, 2, 3])), (vec![], vec![23.0]));
    assert_eq!(at(t!(x[-1][0])), (vec![4], vec![12.0, 13.0, 14.0, 15.0]));
    assert_eq!(at(t!(x[:, 1, 0])), (vec![2], vec![4.0, 16.0]));
    assert_eq!(at(t!(x[(.., 1, 0)])), (vec![2], vec![4.0, 16.0]));
    assert_eq!(at(t!(x[..., -1])).0, [2, 3]);
    assert_eq!(at(t!(x[0, ..., 1])), (vec![3], vec![1.0, 5.0, 9.0]));
    assert_eq!(at(t!(x[1:2, :2, -1:])), (vec![1, 2, 1], vec![15.0, 19.0]));
    assert_eq!(at(t!(x[1..2, ..2, -1..])), (vec![1, 2, 1], vec![15.0, 19.0]));
    assert_eq!(at(t!(x[0, 0..=1, 0])), (vec![2], vec![0.0, 4.0]));
    assert_eq!(at(t!(x[0, 0..=-1, 0])), (vec![3], vec![0.0, 4.0, 8.0]));
    assert_eq!(at(t!(x[5:9])).0, [0, 3, 4]);
    assert_eq!(at(t!(x[:-1, -9:2, 3])), (vec![1, 2], vec![3.0, 7.0]));
    assert_eq!(at(t!(x[:, None, ..., None])).0, [2, 1, 3, 4, 1]);
    assert_eq!(at(t!(x[None])).0, [1, 2, 3, 4]);
    assert_eq!(at(t!(x[x > 21])), (vec![2], vec![22.0, 23.0]));
    let (mask, index) = (tensor!([true, false, true]), tensor!([[2, -1], [0, 1]]));
    assert_eq!(at(t!(x[0][mask, 0])), (vec![2], vec![0.0, 8.0]));
    assert_eq!(at(t!(x[:, mask])).0, [2, 2, 4]);
    assert_eq!(at(t!(x[0, index, 0])), (vec![2, 2], vec![8.0, 8.0, 0.0, 4.0]));
    assert_eq!(at(t!(x[:, index])).0, [2, 2, 2, 4]);
    assert_eq!(values(&t!((x + 1)[0, 0] * 2)), [2.0, 4.0, 6.0, 8.0]);
    assert_eq!(values(&t!(x.sum(0)[-1, -1] / x.shape[0])), [17.0]);
    assert_eq!(values(&t!(x[0, 0].sum() / x.size(-1))), [1.5]);
    Ok(())
}

#[test]
fn what_is_no_tensor_is_indexed_as_in_rust() -> Result<()> {
    let x = tensor!([1., 2.]);
    let weights = vec![vec![tensor!([3., 4.])], vec![tensor!([5., 6.])]];
    let (rates, by_name) =
        ([0.5, 2.0], std::collections::HashMap::from([("a", tensor!([7., 8.]))]));
    assert_eq!(values(&t!(x * rates[1])), [2.0, 4.0]);
    assert_eq!(values(&t!(weights[1][0] * x)), [5.0, 12.0]);
    assert_eq!(values(&t!(weights[1][0][0] * x)), [5.0, 10.0]);
    assert_eq!(values(&t!(by_name["a"] - x)), [6.0, 6.0]);
    for i in 0..2 {
        assert_eq!(values(&t!(weights[i][0] * rates[1 - i])).len(), 2);
    }
    let (slice, shared) = (&weights[1][..], &std::sync::Arc::new(weights.clone()));
    assert_eq!(values(&t!(slice[0] * x)), [5.0, 12.0]);
    assert_eq!(values(&t!(shared[1][0][-1] * x)), [6.0, 12.0]);
    let w = vec![Var::from_tensor(&x)?];
    t!(w[0] -= 1);
    assert_eq!(values(&t!(w[0][1:] * 1)), [1.0]);
    Ok(())
}

#[test]
fn indices_stand_wherever_a_tensor_stands() -> Result<()> {
    let at = |tensor: Tensor| (tensor.dims().to_vec(), values(&tensor));
    let x = tensor!([[1., 2.], [3., 4.], [5., 6.]]);
    let pair = (x.clone(), (tensor!([2, 0, 1]), x.clone()));
    // Behind the number of a tuple's field.
    assert_eq!(at(t!(pair.0[1:, 0])), (vec![2], vec![3.0, 5.0]));
    assert_eq!(values(&t!(2 * pair.1.1[0] - pair.0[0])), [1.0, 2.0]);
    // In another index, of a tensor or of a list.
    let (order, list) = (&pair.1.0, vec![1usize, 2]);
    assert_eq!(at(t!(x[order[0:2]])), (vec![2, 2], vec![5.0, 6.0, 1.0, 2.0]));
    assert_eq!(at(t!(x[order[0], 1])), (vec![], vec![6.0]));
    assert_eq!(values(&t!(x[list[0]] + x[order[list[0]]])), [4.0, 6.0]);
    let (rates, masks) = ([0.5f32, 2.0, 4.0], vec![tensor!([true, false, true])]);
    assert_eq!(values(&t!(x[0] * rates[list[1]])), [4.0, 8.0]);
    assert_eq!(at(t!(x[masks[0]])).0, [2, 2]);
    // Before a method of candle's own or of Rust's, and as an argument.
    assert_eq!(values(&t!(x[1:].flatten_all()? - 1)), [2.0, 3.0, 4.0, 5.0]);
    assert_eq!(values(&t!(x[0] * rates[0].powi(2))), [0.25, 0.5]);
    assert_eq!(values(&t!(F::relu(&x[0])? + torch::cumsum(&pair.0[:, 1], 0)?[0])), [3.0, 4.0]);
    assert_eq!(values(&t!(torch::stack(&masks[..], 0)? * 1)), [1.0, 0.0, 1.0]);
    assert_eq!(
        error(|| Ok(t!(x[7].flatten_all()? + 1))),
        "x[7]: index 7 is out of bounds for dimension 0 with size 3"
    );
    Ok(())
}

#[test]
fn places_that_are_not_there_are_told_in_pytorchs_words() {
    let x = tensor!([[1., 2.], [3., 4.]]);
    for (found, expected) in [
        (error(|| Ok(t!(x[2]))), "x[2]: index 2 is out of bounds for dimension 0 with size 2"),
        (error(|| Ok(t!(x[0, -3]))), "index -3 is out of bounds for dimension 0 with size 2"),
        (error(|| Ok(t!(x[0, 0, 0]))), "too many indices for tensor of dimension 2"),
        (error(|| Ok(t!(x[..., 0, ...]))), "an index can only have a single ellipsis ('...')"),
        (error(|| Ok(t!(x[x]))), "tensors used as indices must be masks (u8) or whole numbers"),
        (error(|| Ok(t!(x[tensor!([5])]))), "index out of range in self"),
        (error(|| Ok(t!(x[tensor!([true])]))), "The shape of the mask [1] does not match"),
        (error(|| Ok(t!(x.size(2) + x))), "Dimension out of range"),
    ] {
        assert!(found.contains(expected), "{found}\n{expected}");
    }
}

#[test]
fn parts_pass_gradients_on() -> Result<()> {
    let w = Var::from_tensor(&tensor!([[1., 2.], [3., 4.], [5., 6.]]))?;
    let slopes = |loss: Tensor| loss.backward().map(|grads| values(grads.get(&w).unwrap()));
    assert_eq!(slopes(t!(w[1].sum()))?, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(slopes(t!((w[1:, 0] * 2).sum()))?, [0.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
    assert_eq!(slopes(t!(w[w > 3].sum()))?, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(slopes(t!(w[tensor!([2, 2, 0])].sum()))?, [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
    Ok(())
}

#[test]
fn more_methods_take_pytorchs_arguments() -> Result<()> {
    let x = tensor!([[1.5, -2.], [-0.5, 6.]]);
    assert_eq!(values(&t!(x.floor() + x.ceil() * 0)), [1.0, -2.0, -1.0, 6.0]);
    assert_eq!(values(&t!((x * 1.5).trunc())), [2.0, -3.0, -0.0, 9.0]);
    assert_eq!(values(&t!(x.sign())), [1.0, -1.0, -1.0, 1.0]);
    assert_eq!(values(&t!((x.clamp(0) / 0).nan_to_num().clamp(max = 9))), [9.0, 0.0, 0.0, 9.0]);
    assert_eq!(values(&t!(x.tril())), [1.5, 0.0, -0.5, 6.0]);
    assert_eq!(values(&t!(x.triu(1) + x.tril(diagonal = -1))), [0.0, -2.0, -0.5, 0.0]);
    assert_eq!(values(&t!(x.argsort(1, descending = true))), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(values(&t!(x.norm(1))), [10.0]);
    assert_eq!(values(&t!(x.norm(2, 0) * x.norm(2, dim = 0))).map_f32(), [2.5, 40.0]);
    assert_eq!(values(&t!(x.norm(dim = 1, keepdim = true))).map_f32(), [2.5, 36.25f32.sqrt()]);
    assert_eq!(values(&t!(x.var(0, unbiased = false))), [1.0, 16.0]);
    assert_eq!(values(&t!(x.where_(x > 0, 0))), [1.5, 0.0, 0.0, 6.0]);
    assert_eq!(values(&t!(x.floor_divide(2))), [0.0, -1.0, -1.0, 3.0]);
    assert_eq!(values(&t!((x > 0).logical_xor(x > 2))), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(t!(x.expand(3, -1, -1)).dims(), [3, 2, 2]);
    assert_eq!(t!(x.repeat(2, 1).flip(0)).dims(), [4, 2]);
    assert_eq!(values(&t!(x.repeat_interleave(2, dim = 1)[0])), [1.5, 1.5, -2.0, -2.0]);
    assert_eq!(values(&t!(x.roll(1, 0).select(0, 0))), [-0.5, 6.0]);
    assert_eq!(values(&t!(x.narrow(1, 1, 1).squeeze(1))), [-2.0, 6.0]);
    assert_eq!(t!(x.unflatten(1, (1, 2))).dims(), [2, 1, 2]);
    assert_eq!(values(&t!(x.rot90())), values(&torch::rot90(&x, 1, (0, 1))?));
    assert_eq!(values(&t!(x.median() + x.quantile(0.0))), [-2.5]);
    Ok(())
}

#[test]
fn arguments_keep_their_names() -> Result<()> {
    // `x` among the arguments is the learner's, whatever the macro calls the receiver.
    let (x, y) = (tensor!([[1, 0]]), tensor!([[5., 7.]]));
    assert_eq!(values(&t!(y.gather(1, x))), [7.0, 5.0]);
    assert_eq!(values(&t!((y * 2).masked_fill(x > 0, -1))), [-1.0, 14.0]);
    assert_eq!(values(&t!(y.floor_divide(x + 2))), [1.0, 3.0]);
    assert_eq!(values(&t!(y.where_(x > 0, x))), [5.0, 0.0]);
    Ok(())
}
