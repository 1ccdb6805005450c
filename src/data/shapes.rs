//! Point sets of the plane, each of which asks something else of a model.

use std::f64::consts::{PI, TAU};

use candle_core::{DType, Result, Tensor};

use super::dataset::examples;
use crate::error::fail;
use crate::random::randn;
use crate::sampling::uniform_f64;
use crate::tensor::size;

/// Arms of a spiral around the origin, one a class: hidden layers are needed to tell them apart.
///
/// ```text
/// x = r (sin φ, cos φ),  r = i / n,  φ = 4 r + 2π class / classes + noise · normal
/// ```
///
/// `n` points for each class, in the order of the classes. Gives points `(n classes, 2)` and class
/// numbers `(n classes)`. A noise of 0.2 is usual.
///
/// # Errors
///
/// If there are no classes, or memory runs out.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let (x, y) = data::spirals(100, 3, 0.2)?;
/// assert_eq!((x.dims(), y.dims()), (&[300, 2][..], &[300][..]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn spirals(n: usize, classes: usize, noise: f64) -> Result<(Tensor, Tensor)> {
    if classes == 0 {
        return fail("data::spirals", "needs at least one class");
    }
    let normals = normals("data::spirals", &[n, classes], 1)?;
    let point = |index: usize| {
        let (class, step) = (index / n, index % n);
        let radius = (step + 1) as f64 / n as f64;
        let angle = 4.0 * radius + TAU * class as f64 / classes as f64 + noise * normals[index];
        [radius * angle.sin(), radius * angle.cos()]
    };
    points(n * classes, point, |index| index / n)
}

/// Two half circles that reach into each other; the classes are 0 and 1.
///
/// ```text
/// class 0: (cos φ, sin φ);  class 1: (1 - cos φ, 1/2 - sin φ);  φ from 0 to π;  + noise · normal
/// ```
///
/// Gives `n` points `(n, 2)`, the half of them of class 0, and class numbers `(n)`. A noise of 0.1 is
/// usual. See scikit-learn's `make_moons`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = data::moons(200, 0.1)?;
/// assert_eq!((x.dims(), torch::sum(&y)?.to_scalar::<i64>()?), (&[200, 2][..], 100));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn moons(n: usize, noise: f64) -> Result<(Tensor, Tensor)> {
    let outer = n / 2;
    let normals = normals("data::moons", &[n], 2)?;
    let point = |index: usize| {
        let (step, count) = if index < outer { (index, outer) } else { (index - outer, n - outer) };
        let angle = PI * step as f64 / (count.max(2) - 1) as f64;
        let (x, y) = (angle.cos(), angle.sin());
        let [x, y] = if index < outer { [x, y] } else { [1.0 - x, 0.5 - y] };
        [x + noise * normals[2 * index], y + noise * normals[2 * index + 1]]
    };
    points(n, point, |index| usize::from(index >= outer))
}

/// A circle within a circle of twice its size; the outer one is class 0, the inner one class 1.
///
/// ```text
/// class 0: (cos φ, sin φ);  class 1: 1/2 (cos φ, sin φ);  + noise · normal
/// ```
///
/// Gives `n` points `(n, 2)`, the half of them of class 0, and class numbers `(n)`. A noise of 0.05
/// is usual. See scikit-learn's `make_circles`.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = data::circles(200, 0.05)?;
/// assert_eq!((x.dims(), y.dims()), (&[200, 2][..], &[200][..]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn circles(n: usize, noise: f64) -> Result<(Tensor, Tensor)> {
    let outer = n / 2;
    let normals = normals("data::circles", &[n], 2)?;
    let point = |index: usize| {
        let (step, count) = if index < outer { (index, outer) } else { (index - outer, n - outer) };
        let angle = TAU * step as f64 / count as f64;
        let radius = if index < outer { 1.0 } else { 0.5 };
        [
            radius * angle.cos() + noise * normals[2 * index],
            radius * angle.sin() + noise * normals[2 * index + 1],
        ]
    };
    points(n, point, |index| usize::from(index >= outer))
}

/// Clouds of points around centers that are drawn from -5 to 5; a linear model tells them apart
/// where they don't overlap.
///
/// ```text
/// x = center(class) + deviation · normal
/// ```
///
/// Gives `n` points `(n, 2)`, class after class in turn, and class numbers `(n)`. A deviation of 1 is
/// usual.
///
/// # Errors
///
/// If there are no classes, or memory runs out.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = data::blobs(90, 3, 1.0)?;
/// assert_eq!((x.dims(), y.to_vec1::<i64>()?[..4].to_vec()), (&[90, 2][..], vec![0, 1, 2, 0]));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn blobs(n: usize, classes: usize, deviation: f64) -> Result<(Tensor, Tensor)> {
    if classes == 0 {
        return fail("data::blobs", "needs at least one class");
    }
    size::checked("data::blobs", &[classes, 2], size_of::<f64>())?;
    let centers =
        uniform_f64(2 * classes).into_iter().map(|number| 10.0 * number - 5.0).collect::<Vec<_>>();
    let normals = normals("data::blobs", &[n], 2)?;
    let point = |index: usize| {
        let class = index % classes;
        [
            centers[2 * class] + deviation * normals[2 * index],
            centers[2 * class + 1] + deviation * normals[2 * index + 1],
        ]
    };
    points(n, point, |index| index % classes)
}

/// The bytes of a point: its numbers, its class, and what they are made of.
const POINT: usize = 40;

/// Normal numbers, some for each of the points, for which there has to be memory.
fn normals(function: &str, points: &[usize], for_each: usize) -> Result<Vec<f64>> {
    let count = size::checked(function, points, POINT)?;
    randn(count * for_each)?.to_dtype(DType::F64)?.to_vec1()
}

fn points(
    count: usize,
    point: impl Fn(usize) -> [f64; 2],
    class: impl Fn(usize) -> usize,
) -> Result<(Tensor, Tensor)> {
    let values = (0..count).flat_map(|index| point(index).map(|number| number as f32)).collect();
    examples(values, &[count, 2], (0..count).map(|index| class(index) as i64).collect())
}
