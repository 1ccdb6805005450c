//! Section `err`, those of losses: PyTorch's complaint, and ours about the same in Rust.

use akari::candle_core::{DType, Result, Tensor};
use akari::nn::{
    BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, GaussianNLLLoss, HuberLoss,
    L1Loss, MSELoss, MultiMarginLoss, NLLLoss, SmoothL1Loss, TripletMarginLoss,
};
use akari::tensor;

use crate::tally::Tally;
use crate::vectors::section;

/// What becomes of an expression in Rust.
pub enum Ours {
    /// The value, as it prints.
    Value(fn() -> Result<Tensor>, &'static str),
    /// An error: the struct that its text begins with, and words of PyTorch's that it has too.
    Error(fn() -> Result<Tensor>, &'static str, &'static str),
    /// It is no program in Rust, for this reason.
    Unwritable(&'static str),
}

use Ours::{Error, Unwritable, Value};

fn zeros(shape: &[usize], dtype: DType) -> Tensor {
    Tensor::zeros(shape, dtype, &akari::candle_core::Device::Cpu).unwrap()
}

#[rustfmt::skip] // One row a line.
fn rows() -> Vec<(&'static str, Ours)> {
    vec![
        ("nn.MSELoss()(t([1., 2.]), t([1., 2., 3.]))", Error(|| MSELoss::default().forward(&tensor!([1., 2.]), &tensor!([1., 2., 3.])), "nn::MSELoss", "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0")),
        ("nn.MSELoss()(t([1, 2]), t([1, 2]))", Error(|| MSELoss::default().forward(&tensor!([1, 2]), &tensor!([1, 2])), "nn::MSELoss", "not implemented for")),
        ("nn.MSELoss()(t([1, 2]), t([1., 2.]))", Value(|| MSELoss::default().forward(&tensor!([1, 2]), &tensor!([1., 2.])), "tensor(0.)")),
        ("nn.MSELoss(reduction='avg')(t([1.]), t([1.]))", Unwritable("Reduction is an enum: another name does not compile")),
        ("nn.L1Loss()(t([1, 2]), t([1, 4]))", Error(|| L1Loss::default().forward(&tensor!([1, 2]), &tensor!([1, 4])), "nn::L1Loss", "could not infer output dtype")),
        ("nn.MSELoss()(t([[1.], [2.]]), t([1., 2.]))", Value(|| MSELoss::default().forward(&tensor!([[1.], [2.]]), &tensor!([1., 2.])), "tensor(0.5000)")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([2]))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([2])), "nn::CrossEntropyLoss", "Target 2 is out of bounds")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([-1]))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([-1])), "nn::CrossEntropyLoss", "Target -1 is out of bounds")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([1, 0]))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([1, 0])), "nn::CrossEntropyLoss", "Expected input batch_size (1) to match target batch_size (2)")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([[0, 1]]))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([[0, 1]])), "nn::CrossEntropyLoss", "Expected floating point type for target with class probabilities, got")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([[0., 1.]]))", Value(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([[0., 1.]])), "tensor(0.3133)")),
        ("nn.CrossEntropyLoss()(t([[1, 2]]), t([1]))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1, 2]]), &tensor!([1])), "nn::CrossEntropyLoss", "not implemented for")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([1.]))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([1.])), "nn::CrossEntropyLoss", "expected target dtype to be")),
        ("nn.CrossEntropyLoss()(t([[1., 2.]]), t([1], dtype=torch.int32))", Error(|| CrossEntropyLoss::default().forward(&tensor!([[1., 2.]]), &tensor!([1]).to_dtype(DType::I32)?), "nn::CrossEntropyLoss", "expected target dtype to be")),
        ("nn.CrossEntropyLoss()(t([1., 2.]), t(1))", Value(|| CrossEntropyLoss::default().forward(&tensor!([1., 2.]), &tensor!(1)), "tensor(0.3133)")),
        ("nn.CrossEntropyLoss(label_smoothing=1.5)(t([[1., 2.]]), t([1]))", Error(|| CrossEntropyLoss { label_smoothing: 1.5, ..Default::default() }.forward(&tensor!([[1., 2.]]), &tensor!([1])), "nn::CrossEntropyLoss", "label_smoothing must be between 0.0 and 1.0. Got: 1.5")),
        ("nn.CrossEntropyLoss(weight=t([1.]))(t([[1., 2.]]), t([1]))", Error(|| CrossEntropyLoss { weight: Some(tensor!([1.])), ..Default::default() }.forward(&tensor!([[1., 2.]]), &tensor!([1])), "nn::CrossEntropyLoss", "weight tensor should be defined either for all 2 classes or no classes but got weight tensor of shape: [1]")),
        ("nn.CrossEntropyLoss(ignore_index=0)(t([[1., 2.]]), t([[0., 1.]]))", Error(|| CrossEntropyLoss { ignore_index: 0, ..Default::default() }.forward(&tensor!([[1., 2.]]), &tensor!([[0., 1.]])), "nn::CrossEntropyLoss", "ignore_index is not supported for floating point target")),
        ("nn.NLLLoss()(t([[-1., -2.]]), t([5]))", Error(|| NLLLoss::default().forward(&tensor!([[-1., -2.]]), &tensor!([5])), "nn::NLLLoss", "Target 5 is out of bounds")),
        ("nn.BCELoss()(t([1.5]), t([1.]))", Error(|| BCELoss::default().forward(&tensor!([1.5]), &tensor!([1.])), "nn::BCELoss", "all elements of input should be between 0 and 1")),
        ("nn.BCELoss()(t([0.5]), t([1]))", Error(|| BCELoss::default().forward(&tensor!([0.5]), &tensor!([1])), "nn::BCELoss", "Found dtype")),
        ("nn.BCELoss()(t([0.5]), t([2.]))", Error(|| BCELoss::default().forward(&tensor!([0.5]), &tensor!([2.])), "nn::BCELoss", "all elements of target should be between 0 and 1")),
        ("nn.BCELoss()(t([0.5, 0.5]), t([1.]))", Error(|| BCELoss::default().forward(&tensor!([0.5, 0.5]), &tensor!([1.])), "nn::BCELoss", "that is different to the input size")),
        ("nn.BCELoss()(t([float('nan')]), t([1.]))", Error(|| BCELoss::default().forward(&tensor!(vec![f64::NAN]), &tensor!([1.])), "nn::BCELoss", "all elements of input should be between 0 and 1")),
        ("nn.BCEWithLogitsLoss()(t([0.5, 1.]), t([1.]))", Error(|| BCEWithLogitsLoss::default().forward(&tensor!([0.5, 1.]), &tensor!([1.])), "nn::BCEWithLogitsLoss", "must be the same as input size")),
        ("nn.BCEWithLogitsLoss()(t([0.5]), t([1]))", Error(|| BCEWithLogitsLoss::default().forward(&tensor!([0.5]), &tensor!([1])), "nn::BCEWithLogitsLoss", "can't be cast to the")),
        ("nn.HuberLoss(delta=0.)(t([1.]), t([0.]))", Error(|| HuberLoss { delta: 0., ..Default::default() }.forward(&tensor!([1.]), &tensor!([0.])), "nn::HuberLoss", "huber_loss does not support non-positive values for delta")),
        ("nn.SmoothL1Loss(beta=-1.)(t([1.]), t([0.]))", Error(|| SmoothL1Loss { beta: -1., ..Default::default() }.forward(&tensor!([1.]), &tensor!([0.])), "nn::SmoothL1Loss", "smooth_l1_loss does not support negative values for beta")),
        ("nn.KLDivLoss(reduction='x')(t([1.]), t([0.]))", Unwritable("KLDivReduction is an enum: another name does not compile")),
        ("nn.GaussianNLLLoss()(t([1.]), t([1.]), t([-1.]))", Error(|| GaussianNLLLoss::default().forward(&tensor!([1.]), &tensor!([1.]), &tensor!(vec![-1.])), "nn::GaussianNLLLoss", "var has negative entry/entries")),
        ("nn.MultiMarginLoss(p=3)(t([[1., 2.]]), t([1]))", Error(|| MultiMarginLoss { p: 3, ..Default::default() }.forward(&tensor!([[1., 2.]]), &tensor!([1])), "nn::MultiMarginLoss", "only p == 1 and p == 2 supported")),
        ("nn.CosineEmbeddingLoss()(t([1.]), t([1.]), t([1.]))", Error(|| CosineEmbeddingLoss::default().forward(&tensor!([1.]), &tensor!([1.]), &tensor!([1.])), "nn::CosineEmbeddingLoss", "1D target tensor expects 2D input tensors, but found inputs with sizes [1] and [1]")),
        ("nn.TripletMarginLoss(margin=-1)(t([[1.]]), t([[1.]]), t([[1.]]))", Error(|| TripletMarginLoss { margin: -1., ..Default::default() }.forward(&tensor!([[1.]]), &tensor!([[1.]]), &tensor!([[1.]])), "nn::TripletMarginLoss", "expected margin to be greater than 0, got -1 instead")),
        ("nn.MSE()", Unwritable("a name that isn't there does not compile")),
        ("nn.MSELoss()(t([1.]))", Unwritable("a missing argument does not compile")),
        ("nn.MSELoss()(t([]), t([]))", Value(|| MSELoss::default().forward(&tensor!([]), &tensor!([])), "tensor(nan)")),
        ("nn.CrossEntropyLoss()(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))", Value(|| CrossEntropyLoss::default().forward(&zeros(&[0, 3], DType::F32), &zeros(&[0], DType::I64)), "tensor(nan)")),
    ]
}

fn check(ours: &Ours, pytorchs: &str) -> std::result::Result<(), String> {
    match ours {
        Unwritable(_) => Ok(()),
        Value(loss, expected) => {
            let text = akari::print::tensor_text(&loss().map_err(|it| it.to_string())?).unwrap();
            match text == *expected && text == pytorchs {
                true => Ok(()),
                false => Err(format!("{text} instead of {expected}, PyTorch's {pytorchs}")),
            }
        }
        Error(loss, function, words) => {
            if !pytorchs.contains(words) {
                return Err(format!("PyTorch's «{pytorchs}» has no «{words}»"));
            }
            let error = match loss() {
                Ok(value) => return Err(format!("{value} instead of an error")),
                Err(error) => error.to_string(),
            };
            match error.starts_with(&format!("{function}: ")) && error.contains(words) {
                true => Ok(()),
                false => Err(format!("«{error}» without «{function}: » or «{words}»")),
            }
        }
    }
}

/// Holds a table against the vectors whose expressions begin so.
pub fn hold(beginning: &str, rows: &[(&'static str, Ours)]) {
    let mut tally = Tally::new("err");
    for case in section("err") {
        let expression = case["expr"].as_str().unwrap();
        if !expression.starts_with(beginning) {
            continue;
        }
        match rows.iter().find(|(it, _)| *it == expression) {
            Some((_, Unwritable(reason))) => tally.leave_out(reason),
            Some((_, ours)) => {
                tally.case(expression, || check(ours, case["msg"].as_str().unwrap()))
            }
            None => tally.case(expression, || Err("no row for this expression".to_owned())),
        }
    }
    tally.finish();
}

#[test]
fn losses_complain_of_what_pytorch_complains_of() {
    hold("nn.", &rows());
}

/// Every expression belongs to one of the tables.
#[test]
fn no_complaint_is_passed_over() {
    const BEGINNINGS: &[&str] = &["F.", "nn.", "optim.", "S.", "torch.tensor("];
    for case in section("err") {
        let expression = case["expr"].as_str().unwrap();
        assert!(BEGINNINGS.iter().any(|it| expression.starts_with(it)), "{expression}");
    }
}
