//! Section `loss`: each run of each vector, by the struct and by the function of the same options.

use std::collections::BTreeMap;
use std::sync::Arc;

use akari::candle_core::{D, Result, Tensor, Var};
use akari::functional as F;
use akari::nn::{self, KLDivReduction, Reduction};
use serde_json::Value;

use crate::tally::Tally;
use crate::vectors::{compare, section, tensor, viewed};

/// One run of a vector: its tensors, options and reduction.
struct Run<'a> {
    case: &'a Value,
    reduction: &'a str,
    inputs: BTreeMap<String, Tensor>,
}

impl Run<'_> {
    fn input(&self, name: &str) -> &Tensor {
        &self.inputs[name]
    }

    fn optional(&self, name: &str) -> Option<Tensor> {
        self.inputs.get(name).cloned()
    }

    fn number(&self, name: &str, default: f64) -> f64 {
        self.case["p"].get(name).map_or(default, |it| it.as_f64().unwrap())
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.case["p"].get(name).map_or(default, |it| it.as_bool().unwrap())
    }

    fn lengths(&self, name: &str) -> Vec<usize> {
        let lengths = self.case["p"][name].as_array().unwrap();
        lengths.iter().map(|it| it.as_u64().unwrap() as usize).collect()
    }

    fn reduction(&self) -> Reduction {
        match self.reduction {
            "mean" => Reduction::Mean,
            "sum" => Reduction::Sum,
            "none" => Reduction::None,
            other => panic!("reduction {other}"),
        }
    }

    /// What the struct gives, if there is one, and what the function gives.
    fn losses(&self) -> [Option<Result<Tensor>>; 2] {
        let weight = self.optional("weight");
        match self.case["fn"].as_str().unwrap() {
            "mse_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                [
                    weight.is_none().then(|| nn::MSELoss { reduction }.forward(x, t)),
                    Some(F::mse_loss(x, t, reduction, weight.as_ref())),
                ]
            }
            "l1_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                [
                    weight.is_none().then(|| nn::L1Loss { reduction }.forward(x, t)),
                    Some(F::l1_loss(x, t, reduction, weight.as_ref())),
                ]
            }
            "smooth_l1_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let beta = self.number("beta", 1.0);
                [
                    Some(nn::SmoothL1Loss { beta, reduction }.forward(x, t)),
                    Some(F::smooth_l1_loss(x, t, reduction, beta)),
                ]
            }
            "huber_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let delta = self.number("delta", 1.0);
                [
                    weight.is_none().then(|| nn::HuberLoss { delta, reduction }.forward(x, t)),
                    Some(F::huber_loss(x, t, reduction, delta, weight.as_ref())),
                ]
            }
            "cross_entropy" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let ignore_index = self.number("ignore_index", -100.0) as i64;
                let label_smoothing = self.number("label_smoothing", 0.0);
                let loss = nn::CrossEntropyLoss {
                    weight: weight.clone(),
                    ignore_index,
                    label_smoothing,
                    reduction,
                };
                let weight = weight.as_ref();
                [
                    Some(loss.forward(x, t)),
                    Some(F::cross_entropy(x, t, weight, ignore_index, reduction, label_smoothing)),
                ]
            }
            "linear_cross_entropy" => {
                let loss =
                    nn::CrossEntropyLoss { reduction: self.reduction(), ..Default::default() };
                let [x, w, t] = ["input", "linear_weight", "target"].map(|name| self.input(name));
                let bias = self.optional("linear_bias");
                [None, Some(F::linear_cross_entropy(x, w, t, bias.as_ref(), &loss))]
            }
            "nll_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let ignore_index = self.number("ignore_index", -100.0) as i64;
                let loss = nn::NLLLoss { weight: weight.clone(), ignore_index, reduction };
                [
                    Some(loss.forward(x, t)),
                    Some(F::nll_loss(x, t, weight.as_ref(), ignore_index, reduction)),
                ]
            }
            "binary_cross_entropy" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                [
                    Some(nn::BCELoss { weight: weight.clone(), reduction }.forward(x, t)),
                    Some(F::binary_cross_entropy(x, t, weight.as_ref(), reduction)),
                ]
            }
            "binary_cross_entropy_with_logits" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let pos_weight = self.optional("pos_weight");
                let loss = nn::BCEWithLogitsLoss {
                    weight: weight.clone(),
                    pos_weight: pos_weight.clone(),
                    reduction,
                };
                let (weight, pos) = (weight.as_ref(), pos_weight.as_ref());
                [
                    Some(loss.forward(x, t)),
                    Some(F::binary_cross_entropy_with_logits(x, t, weight, reduction, pos)),
                ]
            }
            "kl_div" => {
                let (x, t) = (self.input("input"), self.input("target"));
                let log_target = self.flag("log_target", false);
                let reduction = match self.reduction {
                    "batchmean" => KLDivReduction::BatchMean,
                    _ => self.reduction().into(),
                };
                [
                    Some(nn::KLDivLoss { reduction, log_target }.forward(x, t)),
                    Some(F::kl_div(x, t, reduction, log_target)),
                ]
            }
            "poisson_nll_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let (log_input, full) = (self.flag("log_input", true), self.flag("full", false));
                let eps = self.number("eps", 1e-8);
                let loss = nn::PoissonNLLLoss { log_input, full, eps, reduction };
                [
                    Some(loss.forward(x, t)),
                    Some(F::poisson_nll_loss(x, t, log_input, full, eps, reduction)),
                ]
            }
            "gaussian_nll_loss" => {
                let [x, t, v] = ["input", "target", "var"].map(|name| self.input(name));
                let (full, reduction) = (self.flag("full", false), self.reduction());
                let eps = self.number("eps", 1e-6);
                [
                    Some(nn::GaussianNLLLoss { full, eps, reduction }.forward(x, t, v)),
                    Some(F::gaussian_nll_loss(x, t, v, full, eps, reduction)),
                ]
            }
            "hinge_embedding_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let margin = self.number("margin", 1.0);
                [
                    Some(nn::HingeEmbeddingLoss { margin, reduction }.forward(x, t)),
                    Some(F::hinge_embedding_loss(x, t, margin, reduction)),
                ]
            }
            "soft_margin_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                [
                    Some(nn::SoftMarginLoss { reduction }.forward(x, t)),
                    Some(F::soft_margin_loss(x, t, reduction)),
                ]
            }
            "multilabel_margin_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                [
                    Some(nn::MultiLabelMarginLoss { reduction }.forward(x, t)),
                    Some(F::multilabel_margin_loss(x, t, reduction)),
                ]
            }
            "multilabel_soft_margin_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let loss = nn::MultiLabelSoftMarginLoss { weight: weight.clone(), reduction };
                [
                    Some(loss.forward(x, t)),
                    Some(F::multilabel_soft_margin_loss(x, t, weight.as_ref(), reduction)),
                ]
            }
            "multi_margin_loss" => {
                let (x, t, reduction) =
                    (self.input("input"), self.input("target"), self.reduction());
                let (p, margin) = (self.number("p", 1.0) as i64, self.number("margin", 1.0));
                let loss = nn::MultiMarginLoss { p, margin, weight: weight.clone(), reduction };
                [
                    Some(loss.forward(x, t)),
                    Some(F::multi_margin_loss(x, t, p, margin, weight.as_ref(), reduction)),
                ]
            }
            "cosine_embedding_loss" => {
                let [a, b, t] = ["input1", "input2", "target"].map(|name| self.input(name));
                let (margin, reduction) = (self.number("margin", 0.0), self.reduction());
                [
                    Some(nn::CosineEmbeddingLoss { margin, reduction }.forward(a, b, t)),
                    Some(F::cosine_embedding_loss(a, b, t, margin, reduction)),
                ]
            }
            "margin_ranking_loss" => {
                let [a, b, t] = ["input1", "input2", "target"].map(|name| self.input(name));
                let (margin, reduction) = (self.number("margin", 0.0), self.reduction());
                [
                    Some(nn::MarginRankingLoss { margin, reduction }.forward(a, b, t)),
                    Some(F::margin_ranking_loss(a, b, t, margin, reduction)),
                ]
            }
            "triplet_margin_loss" => {
                let [a, p, n] = ["anchor", "positive", "negative"].map(|name| self.input(name));
                let (margin, norm) = (self.number("margin", 1.0), self.number("p", 2.0));
                let (eps, swap) = (self.number("eps", 1e-6), self.flag("swap", false));
                let reduction = self.reduction();
                let loss = nn::TripletMarginLoss { margin, p: norm, eps, swap, reduction };
                [
                    Some(loss.forward(a, p, n)),
                    Some(F::triplet_margin_loss(a, p, n, margin, norm, eps, swap, reduction)),
                ]
            }
            "triplet_margin_with_distance_loss" => {
                let [a, p, n] = ["anchor", "positive", "negative"].map(|name| self.input(name));
                let reduction = self.reduction();
                // The vector's `p` is without its distance and its swap; its id has them.
                let is_cosine = self.case["id"].as_str().unwrap().contains("(distance=1-cos,swap)");
                let distance: Option<nn::DistanceFunction> =
                    if is_cosine { Some(Arc::new(one_minus_cosine)) } else { None };
                let loss = nn::TripletMarginWithDistanceLoss {
                    distance_function: distance.clone(),
                    swap: is_cosine,
                    reduction,
                    ..Default::default()
                };
                [
                    Some(loss.forward(a, p, n)),
                    Some(F::triplet_margin_with_distance_loss(
                        a, p, n, distance, 1.0, is_cosine, reduction,
                    )),
                ]
            }
            "ctc_loss" => {
                let (x, t, reduction) =
                    (self.input("log_probs"), self.input("targets"), self.reduction());
                let (steps, sizes) =
                    (self.lengths("input_lengths"), self.lengths("target_lengths"));
                let blank = self.number("blank", 0.0) as usize;
                let zero_infinity = self.flag("zero_infinity", false);
                let loss = nn::CTCLoss { blank, reduction, zero_infinity };
                [
                    Some(loss.forward(x, t, &steps, &sizes)),
                    Some(F::ctc_loss(x, t, &steps, &sizes, blank, reduction, zero_infinity)),
                ]
            }
            _ => [None, None],
        }
    }
}

fn one_minus_cosine(u: &Tensor, v: &Tensor) -> Result<Tensor> {
    let length = |it: &Tensor| it.sqr()?.sum(D::Minus1)?.sqrt();
    let cosine = ((u * v)?.sum(D::Minus1)? / (length(u)? * length(v)?)?)?;
    cosine.affine(-1.0, 1.0)
}

/// How a tensor is compared with PyTorch's: what differs, of a value or of a gradient.
type Compare = fn(&Tensor, &Value, bool) -> Option<String>;

/// The value and all gradients of one run.
pub fn check_run(case: &Value, run: &Value, compare: Compare) -> std::result::Result<(), String> {
    let gradients = run["g"].as_object().unwrap();
    let inputs = case["in"].as_object().unwrap();
    // Only what PyTorch gave a gradient for is a variable, so that nothing else can get one.
    let ready = |name: &str| {
        let plain = tensor(&inputs[name]);
        match gradients.contains_key(name) {
            true => Var::from_tensor(&plain).unwrap().into_inner(),
            false => plain,
        }
    };
    let leaves = inputs.keys().map(|name| (name.as_str(), ready(name))).collect::<BTreeMap<_, _>>();
    let view =
        |(name, leaf): (&&str, &Tensor)| ((*name).to_owned(), viewed(leaf, &case["views"][*name]));
    let inputs = leaves.iter().map(view).collect();
    let run_of = Run { case, reduction: run["reduction"].as_str().unwrap(), inputs };
    let losses = run_of.losses();
    if losses.iter().all(Option::is_none) {
        return Err(format!("there is no loss {}", case["fn"]));
    }
    for loss in losses.into_iter().flatten() {
        let loss = loss.map_err(|error| error.to_string())?;
        if let Some(text) = compare(&loss, &run["y"], false) {
            return Err(format!("value {text}"));
        }
        let weighted = match run.get("gy") {
            Some(gy) => (&loss * tensor(gy)).unwrap(),
            None => loss,
        };
        let grads = weighted.sum_all().unwrap().backward().unwrap();
        for (name, expected) in gradients {
            if expected.is_null() {
                continue;
            }
            let Some(found) = grads.get(&leaves[name.as_str()]) else {
                return Err(format!("no gradient of {name}"));
            };
            if let Some(text) = compare(found, expected, true) {
                return Err(format!("gradient of {name} {text}"));
            }
        }
    }
    Ok(())
}

#[test]
fn losses_and_their_gradients_are_pytorchs() {
    let mut tally = Tally::new("loss");
    for case in section("loss") {
        for run in case["runs"].as_array().unwrap() {
            let id =
                format!("{} {}", case["id"].as_str().unwrap(), run["reduction"].as_str().unwrap());
            tally.case(&id, || check_run(case, run, compare));
        }
    }
    tally.finish();
}
