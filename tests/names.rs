//! The functions of `torch` that make, join, index, reduce, sort, compare and multiply tensors, against PyTorch's numbers.
//!
//! `tests/oracle/names.py SEED OUT` writes the vectors; `AKARI_NAMES_ORACLE` names another file than the one of seed 0.
#![allow(clippy::unwrap_used)]
// Lists are written as a learner writes them: `&[&a, &b]`.
#![allow(clippy::needless_borrows_for_generic_args)]

#[path = "names/factors.rs"]
mod factors;

use std::sync::{LazyLock, Mutex};

use akari::prelude::*;
use candle_core::Error;
use serde_json::Value;

type Result<T> = candle_core::Result<T>;

/// Held by tests that draw from the one generator of the process.
static SEEDED: Mutex<()> = Mutex::new(());

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_NAMES_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/names-0.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap(),
    }
}

fn dtype(value: &Value) -> DType {
    match value["dtype"].as_str().unwrap() {
        "f32" => DType::F32,
        "f64" => DType::F64,
        "f16" => DType::F16,
        "bf16" => DType::BF16,
        "i64" => DType::I64,
        "i32" => DType::I32,
        "i16" => DType::I16,
        "u8" => DType::U8,
        other => panic!("no dtype {other}"),
    }
}

fn shape(value: &Value) -> Vec<usize> {
    value["shape"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap() as usize).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value["v"].as_array().unwrap().iter().map(number).collect()
}

/// The tensor, which for odd ones doesn't lie in the order of its axes.
fn tensor(value: &Value, is_odd: bool) -> Tensor {
    let flat = Tensor::from_vec(numbers(value), shape(value), &Device::Cpu).unwrap();
    let flat = flat.to_dtype(dtype(value)).unwrap();
    if is_odd && flat.rank() > 1 {
        let last = flat.rank() - 1;
        return flat.transpose(0, last).unwrap().contiguous().unwrap().transpose(0, last).unwrap();
    }
    flat
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.detach().to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The parameters of a call.
struct Parameters<'a>(&'a [Value]);

impl Parameters<'_> {
    fn int(&self, at: usize) -> i64 {
        self.0[at].as_i64().unwrap()
    }

    fn size(&self, at: usize) -> usize {
        // PyTorch takes a negative number of parts as an error of its own.
        usize::try_from(self.int(at)).unwrap()
    }

    fn float(&self, at: usize) -> f64 {
        number(&self.0[at])
    }

    fn flag(&self, at: usize) -> bool {
        self.0[at].as_bool().unwrap()
    }

    fn ints(&self, at: usize) -> Vec<i64> {
        match self.0[at].as_array() {
            Some(numbers) => numbers.iter().map(|it| it.as_i64().unwrap()).collect(),
            None => vec![self.int(at)],
        }
    }
}

fn one(tensor: Result<Tensor>) -> Result<Vec<Tensor>> {
    Ok(vec![tensor?])
}

fn two(pair: Result<(Tensor, Tensor)>) -> Result<Vec<Tensor>> {
    let (a, b) = pair?;
    Ok(vec![a, b])
}

fn truth(answer: Result<bool>) -> Result<Vec<Tensor>> {
    one(Tensor::new(u8::from(answer?), &Device::Cpu))
}

fn made(name: &str, p: &Parameters<'_>) -> Option<Result<Vec<Tensor>>> {
    Some(one(match name {
        "arange" => torch::arange(p.int(0), p.int(1), p.int(2)),
        "arange_f" => torch::arange(p.float(0), p.float(1), p.float(2)),
        "linspace" => torch::linspace(p.float(0), p.float(1), p.size(2)),
        "logspace" => torch::logspace(p.float(0), p.float(1), p.size(2), p.float(3)),
        "normal" => torch::normal(p.float(0), p.float(1), p.size(2)),
        _ => return None,
    }))
}

fn moved(name: &str, x: &[Tensor], p: &Parameters<'_>) -> Option<Result<Vec<Tensor>>> {
    Some(one(match name {
        "tril" => torch::tril(&x[0], p.int(0)),
        "triu" => torch::triu(&x[0], p.int(0)),
        "diag" => torch::diag(&x[0], p.int(0)),
        "cartesian_prod" => torch::cartesian_prod(x),
        "combinations" => torch::combinations(&x[0], p.size(0), false),
        "combinations_r" => torch::combinations(&x[0], p.size(0), true),
        "cat" => torch::cat(x, p.int(0)),
        "stack" => torch::stack(x, p.int(0)),
        "vstack" => torch::vstack(x),
        "hstack" => torch::hstack(x),
        "squeeze" => torch::squeeze(&x[0], p.int(0)),
        "squeeze_all" => torch::squeeze(&x[0], ()),
        "unsqueeze" => torch::unsqueeze(&x[0], p.int(0)),
        "flatten" => torch::flatten(&x[0], p.int(0), p.int(1)),
        "unflatten" => torch::unflatten(&x[0], p.int(0), p.ints(1)),
        "permute" => torch::permute(&x[0], p.ints(0)),
        "movedim" => torch::movedim(&x[0], p.ints(0), p.ints(1)),
        "broadcast_to" => torch::broadcast_to(&x[0], p.ints(0)),
        "flip" => torch::flip(&x[0], p.ints(0)),
        "roll" => torch::roll(&x[0], p.ints(0), p.ints(1)),
        "rot90" => torch::rot90(&x[0], p.int(0), p.ints(1)),
        "repeat_interleave" => torch::repeat_interleave(&x[0], p.int(0), p.int(1)),
        "repeat_interleave_all" => torch::repeat_interleave(&x[0], p.int(0), ()),
        "repeat_interleave_each" => torch::repeat_interleave(&x[0], &x[1], p.int(0)),
        "tile" => torch::tile(&x[0], p.ints(0)),
        "unfold" => torch::unfold(&x[0], p.int(0), p.size(1), p.size(2)),
        "gather" => torch::gather(&x[0], p.int(0), &x[1]),
        "scatter" => torch::scatter(&x[0], p.int(0), &x[1], &x[2]),
        "scatter_value" => torch::scatter_value(&x[0], p.int(0), &x[1], p.float(1)),
        "scatter_add" => torch::scatter_add(&x[0], p.int(0), &x[1], &x[2]),
        "index_select" => torch::index_select(&x[0], p.int(0), &x[1]),
        "index_add" => torch::index_add(&x[0], p.int(0), &x[1], &x[2]),
        "take_along_dim" => torch::take_along_dim(&x[0], &x[1], p.int(0)),
        "masked_select" => torch::masked_select(&x[0], &x[1]),
        "nonzero" => torch::nonzero(&x[0]),
        "narrow" => torch::narrow(&x[0], p.int(0), p.int(1), p.size(2)),
        "select" => torch::select(&x[0], p.int(0), p.int(1)),
        _ => return None,
    }))
}

fn reduced(name: &str, x: &[Tensor], p: &Parameters<'_>) -> Option<Result<Vec<Tensor>>> {
    let x = x.first()?;
    Some(one(match name {
        "var_with" => torch::var_with(x, p.ints(0), p.float(1), p.flag(2)),
        "std_with" => torch::std_with(x, p.ints(0), p.float(1), p.flag(2)),
        "argmax" => torch::argmax(x, p.ints(0)),
        "argmin" => torch::argmin(x, p.ints(0)),
        "amax_keepdim" => torch::amax_keepdim(x, p.int(0)),
        "prod" => torch::prod(x),
        "prod_dim" => torch::prod_dim(x, p.int(0)),
        "cumprod" => torch::cumprod(x, p.int(0)),
        "logsumexp" => torch::logsumexp(x, p.ints(0)),
        "norm_with" => torch::norm_with(x, p.float(0), p.ints(1), p.flag(2)),
        "any" => torch::any_dim(x, p.ints(0)),
        "all" => torch::all_dim(x, p.ints(0)),
        "count_nonzero" => torch::count_nonzero(x, p.ints(0)),
        "median" => torch::median(x),
        "quantile" => torch::quantile(x, p.float(0)),
        "quantile_dim" => torch::quantile_dim(x, p.float(0), p.int(1), p.flag(2)),
        "argsort" => torch::argsort(x, p.int(0), false),
        "histc" => torch::histc(x, p.size(0), p.float(1), p.float(2)),
        "isnan" => torch::isnan(x),
        "isinf" => torch::isinf(x),
        "isfinite" => torch::isfinite(x),
        "nan_to_num" => torch::nan_to_num(x),
        "sign" => torch::sign(x),
        "floor" => torch::floor(x),
        "ceil" => torch::ceil(x),
        "trunc" => torch::trunc(x),
        "erf" => torch::erf(x),
        "tan" => torch::tan(x),
        "asin" => torch::asin(x),
        "acos" => torch::acos(x),
        "atan" => torch::atan(x),
        "sinh" => torch::sinh(x),
        "cosh" => torch::cosh(x),
        "cov" => torch::cov(x),
        "corrcoef" => torch::corrcoef(x),
        "inv" => torch::linalg::inv(x),
        "det" => torch::linalg::det(x),
        "rand_like" => torch::rand_like(x),
        "randn_like" => torch::randn_like(x),
        "bernoulli" => torch::bernoulli(x),
        "multinomial" => torch::multinomial(x, p.size(0), p.flag(1)),
        _ => return None,
    }))
}

fn several(name: &str, x: &[Tensor], p: &Parameters<'_>) -> Option<Result<Vec<Tensor>>> {
    Some(match name {
        "meshgrid" => torch::meshgrid(x, torch::Indexing::Ij),
        "meshgrid_xy" => torch::meshgrid(x, torch::Indexing::Xy),
        "chunk" => torch::chunk(&x[0], p.size(0), p.int(1)),
        "split" => torch::split(&x[0], p.int(0), p.int(1)),
        "split_list" => torch::split(&x[0], p.ints(0), p.int(1)),
        "unbind" => torch::unbind(&x[0], p.int(0)),
        "max_dim" => two(torch::max_dim(&x[0], p.int(0))),
        "max_keepdim" => two(torch::max_keepdim(&x[0], p.int(0))),
        "min_dim" => two(torch::min_dim(&x[0], p.int(0))),
        "min_keepdim" => two(torch::min_keepdim(&x[0], p.int(0))),
        "median_dim" => two(torch::median_dim(&x[0], p.int(0))),
        "mode" => two(torch::mode(&x[0], p.int(0))),
        "sort" => two(torch::sort(&x[0], p.int(0), p.flag(1))),
        "topk" => two(torch::topk(&x[0], p.size(0), p.int(1), p.flag(2), true)),
        "kthvalue" => two(torch::kthvalue(&x[0], p.size(0), p.int(1))),
        "unique_counts" => torch::unique_counts(&x[0]).map(|(a, b, c)| vec![a, b, c]),
        "bincount" => one(torch::bincount(&x[0], None, p.size(0))),
        "bincount_weighted" => one(torch::bincount(&x[0], Some(&x[1]), 0)),
        "isclose" => one(torch::isclose(&x[0], &x[1])),
        "isclose_within" => one(torch::isclose_within(&x[0], &x[1], p.float(0), p.float(1))),
        "allclose" => truth(torch::allclose(&x[0], &x[1])),
        "equal" => truth(torch::equal(&x[0], &x[1])),
        "outer" => one(torch::outer(&x[0], &x[1])),
        "dot" => one(torch::dot(&x[0], &x[1])),
        "mv" => one(torch::mv(&x[0], &x[1])),
        "mm" => one(torch::mm(&x[0], &x[1])),
        "bmm" => one(torch::bmm(&x[0], &x[1])),
        "addmm" => one(torch::addmm(&x[0], &x[1], &x[2])),
        "einsum" => one(torch::einsum(p.0[0].as_str().unwrap(), x)),
        "tensordot" => one(torch::tensordot(&x[0], &x[1], p.int(0))),
        "tensordot_lists" => one(torch::tensordot(&x[0], &x[1], (p.ints(0), p.ints(1)))),
        "cross" => one(torch::cross(&x[0], &x[1], p.int(0))),
        "cdist" => one(torch::cdist(&x[0], &x[1], p.float(0))),
        "solve" => one(torch::linalg::solve(&x[0], &x[1])),
        _ => return None,
    })
}

fn call(row: &Value, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let name = row["fn"].as_str().unwrap();
    let parameters = Parameters(row["p"].as_array().unwrap());
    made(name, &parameters)
        .or_else(|| moved(name, inputs, &parameters))
        .or_else(|| reduced(name, inputs, &parameters))
        .or_else(|| several(name, inputs, &parameters))
        .or_else(|| factors::call(name, inputs, &parameters))
        .unwrap_or_else(|| panic!("no function {name}"))
}

fn rows(kind: &str) -> &'static [Value] {
    VECTORS[kind].as_array().unwrap()
}

/// How far from PyTorch's a number may be, as a share of it and of 1.
fn tolerance(dtype: DType, name: &str) -> f64 {
    match (dtype, name) {
        (DType::F64, "inv" | "det" | "solve" | "corrcoef" | "qr" | "svd" | "eigh") => 1e-9,
        (DType::F64, _) => 1e-11,
        (DType::F32, "svd" | "eigh") => 2e-3,
        (DType::F32, "inv" | "det" | "solve" | "corrcoef" | "logspace" | "qr") => 2e-4,
        (DType::F32, _) => 1e-5,
        (DType::F16, _) => 4e-3,
        (DType::BF16, _) => 3e-2,
        _ => 0.0,
    }
}

/// What differs, if anything does.
fn difference(found: &Tensor, expected: &Value, name: &str) -> Option<String> {
    if found.dtype() != dtype(expected) || found.dims() != shape(expected) {
        let (dtype, shape) = (dtype(expected), shape(expected));
        let (found, dims) = (found.dtype(), found.dims());
        return Some(format!("{found:?} {dims:?} instead of {dtype:?} {shape:?}"));
    }
    let tolerance = tolerance(found.dtype(), name);
    let pairs = values(found).into_iter().zip(numbers(expected)).enumerate();
    let mut wrong = pairs.filter(|(_, (found, expected))| {
        let is_near =
            found == expected || (found - expected).abs() <= tolerance * (1.0 + expected.abs());
        !(is_near || found.is_nan() && expected.is_nan())
    });
    wrong
        .next()
        .map(|(at, (found, expected))| format!("[{at}] is {found:e} instead of {expected:e}"))
}

/// What is wrong with a call: a value, or a gradient.
fn complaint(row: &Value, is_odd: bool) -> Option<String> {
    let name = row["fn"].as_str().unwrap();
    let inputs = row["in"].as_array().unwrap().iter().map(|it| tensor(it, is_odd));
    let wants = |at: usize| !row["g"][at].is_null();
    // A variable is contiguous; a view of it that lies otherwise passes the gradient on.
    let vars = inputs.clone().map(|x| Var::from_tensor(&x).unwrap()).collect::<Vec<_>>();
    let inputs = inputs.zip(&vars).enumerate().map(|(at, (x, var))| match wants(at) {
        false => x,
        true if is_odd && x.rank() > 1 => {
            let last = x.rank() - 1;
            let turned = var.transpose(0, last).unwrap().contiguous().unwrap();
            turned.transpose(0, last).unwrap()
        }
        true => var.as_tensor().clone(),
    });
    let inputs = inputs.collect::<Vec<_>>();
    let found = match call(row, &inputs) {
        Ok(found) => found,
        Err(error) => return Some(error.to_string()),
    };
    let expected = row["y"].as_array().unwrap();
    if found.len() != expected.len() {
        return Some(format!("{} results instead of {}", found.len(), expected.len()));
    }
    for (found, expected) in found.iter().zip(expected) {
        if let Some(difference) = difference(found, expected, name) {
            return Some(difference);
        }
    }
    let weighted = found.iter().zip(row["gy"].as_array().unwrap()).filter(|(_, gy)| !gy.is_null());
    let sums = weighted.map(|(y, gy)| (y * tensor(gy, false))?.sum_all());
    let total = sums.reduce(|a, b| a? + b?)?;
    let grads = match total.and_then(|total| total.backward()) {
        Ok(grads) => grads,
        Err(error) => return Some(format!("backward: {error}")),
    };
    for (at, var) in vars.iter().enumerate().filter(|(at, _)| wants(*at)) {
        let zeros = || var.zeros_like().unwrap();
        let grad = grads.get(var).cloned().unwrap_or_else(zeros);
        if let Some(difference) = difference(&grad, &row["g"][at], name) {
            return Some(format!("gradient {at}: {difference}"));
        }
    }
    None
}

#[test]
fn values_and_gradients_are_pytorchs() {
    let mut complaints = Vec::new();
    for (at, row) in rows("call").iter().enumerate() {
        for is_odd in [false, true] {
            let what = format!("{at}: {} {} of {}", row["fn"], row["p"], row["in"]);
            complaints.extend(complaint(row, is_odd).map(|it| format!("{it}\n    {what:.300}")));
        }
    }
    assert!(
        complaints.is_empty(),
        "{}\n{} in all",
        complaints[..complaints.len().min(60)].join("\n"),
        complaints.len()
    );
}

/// The words of a message without PyTorch's names of functions and types.
fn core(message: &str) -> String {
    let message = message.replace("mm: ", "").replace("einsum(): ", "").replace("Float", "F32");
    let message =
        message.replace("Long", "I64").replace("Double", "F64").replace("torch.histc: ", "");
    let message = message.replace("dtype float", "dtype F32").replace("dtype double", "dtype F64");
    let message = message.replace("quantile() ", "").replace("linalg.vector_norm cannot", "cannot");
    let after = |text: &str, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned());
    let prefixes = [
        "(): ",
        "linalg.inv: ",
        "linalg.det: ",
        "linalg.solve: ",
        "linalg.cross: ",
        "linalg.eigh: ",
        "linalg.qr: ",
        "linalg.svd: ",
        "vector_norm: ",
    ];
    prefixes.iter().find_map(|mark| after(&message, mark)).unwrap_or(message)
}

#[test]
fn errors_are_told_in_pytorchs_words() {
    let mut different = Vec::new();
    for row in rows("err") {
        let inputs = row["in"].as_array().unwrap().iter().map(|it| tensor(it, false));
        let found = call(row, &inputs.collect::<Vec<_>>());
        let found = found.err().map_or("no error".to_owned(), |error: Error| error.to_string());
        let expected = core(row["msg"].as_str().unwrap());
        let names_itself = found.starts_with("torch::") || found.starts_with("F::");
        if !names_itself || !found.contains(expected.trim_end_matches('.')) {
            different.push(format!("{} {}\n  {found}\n  {expected}", row["fn"], row["p"]));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn draws_are_pytorchs_and_leave_the_generator_where_it_stands() {
    let _seeded = SEEDED.lock();
    for row in rows("draw") {
        torch::manual_seed(row["seed"].as_u64().unwrap());
        let inputs = row["in"].as_array().unwrap().iter().map(|it| tensor(it, false));
        let found = call(row, &inputs.collect::<Vec<_>>()).unwrap();
        let what = format!("{} {} of {:.200}", row["fn"], row["p"], row["in"].to_string());
        assert_eq!(difference(&found[0], &row["y"][0], ""), None, "{what}");
        assert_eq!(difference(&torch::rand(1).unwrap(), &row["then"], ""), None, "then: {what}");
    }
}

#[test]
fn joining_one_variable_copies_it() {
    let w = Var::new(&[1f32, 2.0], &Device::Cpu).unwrap();
    let joined = [
        torch::cat(&[&w], 0),
        torch::cat((&w, &Tensor::zeros(0, DType::F32, &Device::Cpu).unwrap()), 0),
        torch::stack(vec![&w], 0),
        torch::vstack(&[&w]),
        torch::hstack(&[&w]),
    ];
    let joined = joined.map(Result::unwrap);
    w.set(&tensor!([5.0, 6.0])).unwrap();
    assert!(joined.iter().all(|joined| values(joined) == [1.0, 2.0]));
    assert!(joined.iter().all(|joined| joined.track_op()));
}

#[test]
fn nothing_is_recorded_inside_no_grad() {
    let _seeded = SEEDED.lock();
    let w = Var::from_tensor(&torch::randn((3, 4)).unwrap()).unwrap();
    let layer = nn::Linear::new(4, 2).unwrap();
    let index = tensor!([[0], [1], [2]]);
    let all = || -> Result<Vec<Tensor>> {
        Ok(vec![
            layer.forward(&w)?,
            F::relu(&w)?,
            torch::matmul(&w, &w.t()?)?,
            torch::cat((&w, &w), 0)?,
            torch::cat(&[&w], 0)?,
            torch::gather(&w, 1, &index)?,
            torch::scatter_add(&w, 1, &index, &w)?,
            torch::sort(&w, 1, false)?.0,
            torch::var_dim(&w, 0)?,
            torch::chunk(&w, 2, 0)?.remove(0),
            torch::squeeze(&w, ())?,
            torch::permute(&w, (1, 0))?,
            torch::flip(&w, 0)?,
            torch::einsum("ij->j", &[&w])?,
            torch::cdist(&w, &w, 2.0)?,
            torch::sum_dim(&w, 0)?,
            torch::broadcast_to(&w, (2, 3, 4))?,
        ])
    };
    assert!(all().unwrap().iter().all(Tensor::track_op));
    let inside = torch::no_grad(all).unwrap();
    let recorded = inside.iter().map(Tensor::track_op).collect::<Vec<_>>();
    assert!(recorded.iter().all(|it| !it), "{recorded:?}");
    assert!(all().unwrap().iter().all(Tensor::track_op));
}

#[test]
fn gradients_are_asked_for_by_name() {
    let (a, b) = (Var::new(2f32, &Device::Cpu).unwrap(), Var::new(3f32, &Device::Cpu).unwrap());
    let y = (a.as_tensor() * b.as_tensor()).unwrap();
    let grads = torch::autograd::grad(&y, (&b, &a)).unwrap();
    assert_eq!([values(&grads[0]), values(&grads[1])].concat(), [2.0, 3.0]);
    let told = |error: Result<Vec<Tensor>>| error.unwrap_err().to_string();
    let unused = told(torch::autograd::grad(&a.sqr().unwrap(), &[&b]));
    assert!(unused.contains("appears to not have been used in the graph"), "{unused}");
    let constant = told(torch::autograd::grad(&tensor!(1.0), &[&a]));
    assert!(constant.contains("does not require grad and does not have a grad_fn"), "{constant}");
    let several = told(torch::autograd::grad(&torch::stack((&a, &b), 0).unwrap(), &[&a]));
    assert!(several.contains("only for scalar outputs"), "{several}");
}

#[test]
fn variances_do_not_drift() {
    let x = torch::arange(0, 1_000_000, 1).unwrap().to_dtype(DType::F32).unwrap();
    // The variance of 0 to n - 1 is n (n + 1) / 12.
    let expected = 1e6 * (1e6 + 1.0) / 12.0;
    for shape in [vec![1_000_000], vec![1_000_000, 1], vec![1, 1_000_000]] {
        let axis = usize::from(shape[0] == 1);
        let found = values(&torch::var_dim(&x.reshape(shape).unwrap(), axis).unwrap());
        assert!((found[0] / expected - 1.0).abs() < 1e-6, "{found:?}");
    }
}
