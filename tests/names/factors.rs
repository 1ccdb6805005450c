//! Windows as columns, places between tensors, and decompositions, by the names of the vectors.
//!
//! The sign of a singular vector and of an eigenvector is free: of those the vectors have what doesn't depend on it.

use akari::prelude::*;
use serde_json::Value;

use super::{Parameters, one, two};

fn pair(p: &Parameters<'_>, at: usize) -> F::Pair {
    match p.0[at].as_array().map(Vec::as_slice) {
        Some([height, width]) => {
            let size = |it: &Value| it.as_u64().unwrap() as usize;
            (size(height), size(width)).into()
        }
        _ => p.size(at).into(),
    }
}

fn svd(x: &Tensor) -> Result<Vec<Tensor>> {
    let (u, s, vh) = torch::linalg::svd(x)?;
    let row = t!(s.unsqueeze(-2));
    Ok(vec![s, t!((u * row) @ vh), t!((u * row.exp()) @ vh), t!(u.abs()), t!(vh.square())])
}

fn eigh(x: &Tensor) -> Result<Vec<Tensor>> {
    let (values, v) = torch::linalg::eigh(x)?;
    let turned = torch::transpose(&v, -2, -1)?;
    let grown = t!((v * values.exp().unsqueeze(-2)) @ turned);
    Ok(vec![values, grown, t!(v.square())])
}

pub fn call(name: &str, x: &[Tensor], p: &Parameters<'_>) -> Option<Result<Vec<Tensor>>> {
    Some(match name {
        "F.unfold" => one(F::unfold(&x[0], pair(p, 0), pair(p, 1), pair(p, 2), pair(p, 3))),
        "F.fold" => one(F::fold(&x[0], pair(p, 0), pair(p, 1), pair(p, 2), pair(p, 3), pair(p, 4))),
        "lerp" => one(torch::lerp(&x[0], &x[1], p.float(0))),
        "lerp_by" => one(torch::lerp(&x[0], &x[1], &x[2])),
        "qr" => two(torch::linalg::qr(&x[0])),
        "svdvals" => one(torch::linalg::svdvals(&x[0])),
        "svd" => svd(&x[0]),
        "eigh" => eigh(&x[0]),
        _ => return None,
    })
}
