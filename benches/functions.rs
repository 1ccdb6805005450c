//! Times the functions of `torch` that turn, choose, reduce, compare and measure: `cargo bench --bench functions [-- NAME..]`.
#![allow(clippy::unwrap_used)]

mod measure;

use akari::candle_core::{DType, Result};
use akari::prelude::*;

use self::measure::Bench;

fn main() {
    let bench = Bench::new("functions");
    for rows in [reductions, elements, turns, choices, integers, distances] {
        rows(&bench);
    }
}

fn forward(bench: &Bench, name: &str, f: impl Fn() -> Result<Tensor>) {
    bench.row(&format!("{name}: forward"), 50, || drop(f().unwrap()));
}

/// The function by itself, and with a backward from the sum of its results.
fn both(bench: &Bench, name: &str, x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) {
    let x = Var::from_tensor(x).unwrap();
    forward(bench, name, || f(&x.as_detached_tensor()));
    bench.backward(&format!("{name}: forward, backward"), 50, || torch::sum(&f(&x)?));
}

fn reductions(bench: &Bench) {
    let x = torch::randn((1000, 1000)).unwrap();
    both(bench, "logsumexp(1) 1000 x 1000", &x, |x| torch::logsumexp(x, 1));
    both(bench, "logsumexp(0) 1000 x 1000", &x, |x| torch::logsumexp(x, 0));
    both(bench, "norm 1000 x 1000", &x, torch::norm);
    both(bench, "norm(1) 1000 x 1000", &x, |x| torch::norm_dim(x, 1));
    both(bench, "norm(p=1, 1) 1000 x 1000", &x, |x| torch::norm_with(x, 1.0, 1, false));
    both(bench, "prod(1) 1000 x 1000", &x, |x| torch::prod_dim(x, 1));
    both(bench, "cumprod(1) 1000 x 1000", &x, |x| torch::cumprod(x, 1));
    both(bench, "cumprod(0) 1000 x 1000", &x, |x| torch::cumprod(x, 0));
    both(bench, "std(1) 1000 x 1000", &x, |x| torch::std_dim(x, 1));
    forward(bench, "prod 1000000", || torch::prod(&x));
    forward(bench, "sort(1) 1000 x 1000", || Ok(torch::sort(&x, 1, false)?.0));
    forward(bench, "topk(10, 1) 1000 x 1000", || Ok(torch::topk(&x, 10, 1, true, true)?.0));
}

fn elements(bench: &Bench) {
    let x = torch::randn((1000, 1000)).unwrap();
    both(bench, "erf 1000000", &x, torch::erf);
    both(bench, "tan 1000000", &x, torch::tan);
    forward(bench, "atan 1000000", || torch::atan(&x));
    forward(bench, "sinh 1000000", || torch::sinh(&x));
    let y = torch::randn((1000, 1000)).unwrap();
    both(bench, "mul 1000000", &x, |x| torch::mul(x, &y));
    both(bench, "add of a row 1000 x 1000", &x, |x| torch::add(x, &y.narrow(0, 0, 1)?));
    both(bench, "maximum 1000000", &x, |x| torch::maximum(x, &y));
    forward(bench, "gt 1000000", || torch::gt(&x, &y));
    let mask = torch::gt(&x, 0.0).unwrap();
    both(bench, "where 1000000", &x, |x| torch::where_(&mask, x, 0.0));
}

fn turns(bench: &Bench) {
    let x = torch::randn((1000, 1000)).unwrap();
    both(bench, "flip(0) 1000 x 1000", &x, |x| torch::flip(x, 0));
    both(bench, "flip(1) 1000 x 1000", &x, |x| torch::flip(x, 1));
    both(bench, "roll(0) 1000 x 1000", &x, |x| torch::roll(x, 300, 0));
    both(bench, "roll(1) 1000 x 1000", &x, |x| torch::roll(x, 300, 1));
    both(bench, "tril 1000 x 1000", &x, |x| torch::tril(x, 0));
    both(bench, "repeat_interleave(2, 1) 1000 x 1000", &x, |x| torch::repeat_interleave(x, 2, 1));
    both(bench, "unfold(1, 8, 4) and contiguous 1000 x 1000", &x, |x| torch::unfold(x, 1, 8, 4));
}

fn choices(bench: &Bench) {
    let x = torch::randn((1000, 1000)).unwrap();
    let index = torch::randint(0, 1000, (1000, 1000)).unwrap();
    both(bench, "gather(1) 1000 x 1000", &x, |x| torch::gather(x, 1, &index));
    both(bench, "gather(0) 1000 x 1000", &x, |x| torch::gather(x, 0, &index));
    let zeros = torch::zeros((1000, 1000)).unwrap();
    both(bench, "scatter_add(1) 1000 x 1000", &x, |x| torch::scatter_add(&zeros, 1, &index, x));
    both(bench, "scatter_add(0) 1000 x 1000", &x, |x| torch::scatter_add(&zeros, 0, &index, x));
    both(bench, "scatter(1) 1000 x 1000", &x, |x| torch::scatter(&zeros, 1, &index, x));
    let rows = torch::randint(0, 1000, 1000).unwrap();
    both(bench, "index_select(0) 1000 x 1000", &x, |x| torch::index_select(x, 0, &rows));
    both(bench, "index_select(1) 1000 x 1000", &x, |x| torch::index_select(x, 1, &rows));
    let mask = torch::gt(&x, 0.0).unwrap();
    both(bench, "masked_select 1000 x 1000", &x, |x| torch::masked_select(x, &mask));
}

fn integers(bench: &Bench) {
    let a = torch::randint(1, 1000, (1000, 1000)).unwrap();
    let b = torch::randint(1, 1000, (1000, 1000)).unwrap();
    forward(bench, "add of i64 1000000", || torch::add(&a, &b));
    forward(bench, "mul of i64 by a number 1000000", || torch::mul(&a, 3));
    forward(bench, "floor_divide of i64 1000000", || torch::floor_divide(&a, &b));
    forward(bench, "eq of i64 1000000", || torch::eq(&a, &b));
    forward(bench, "bitwise_and of i64 1000000", || torch::bitwise_and(&a, &b));
    let (p, q) = (torch::gt(&a, 500).unwrap(), torch::gt(&b, 500).unwrap());
    forward(bench, "logical_and of masks 1000000", || torch::logical_and(&p, &q));
    let (c, d) = (a.to_dtype(DType::U8).unwrap(), b.to_dtype(DType::U8).unwrap());
    forward(bench, "eq of u8 1000000", || torch::eq(&c, &d));
}

fn distances(bench: &Bench) {
    let b = torch::randn((1000, 64)).unwrap();
    let a = torch::randn((1000, 64)).unwrap();
    both(bench, "cdist 1000 x 64", &a, |a| torch::cdist(a, &b, 2.0));
    both(bench, "cdist(p=1) 1000 x 64", &a, |a| torch::cdist(a, &b, 1.0));
    let few = torch::randn((20, 3)).unwrap();
    let points = torch::randn((20_000, 3)).unwrap();
    both(bench, "cdist 20000 x 3 from 20", &points, |x| torch::cdist(x, &few, 2.0));
    both(bench, "outer 1000 x 1000", &a.narrow(1, 0, 1).unwrap().squeeze(1).unwrap(), |v| {
        torch::outer(v, v)
    });
}
