//! Lines and points: learning curves, functions, scattered data, and an activation with its derivative.

use std::any::type_name;

use candle_core::{DType, Device, Module, Result, Tensor, Var};

use super::chart::{Kind, Plot, Series};
use super::figure::Figure;
use super::taken::{Taken, numbers};
use super::values::{Numbers, Values, paired, tensor_numbers};
use crate::error::fail_shape;

/// A line through the values, one after the other.
///
/// Where a value is NaN or infinite, the line has a gap with a mark.
///
/// ```
/// use akari::prelude::*;
/// let losses = [2.3, 1.1, f64::NAN, 0.7];
/// let figure = plot::line(&losses).title("loss").x_label("step");
/// assert_eq!(figure.to_string(), "loss: 1 line, 4 points; 2.3 → 0.7 (1 not finite)");
/// plot::line(tensor!([1., 4., 9.])); // a tensor
/// plot::line((0..100).map(|n| (n as f64 / 10.0).sin())); // an iterator
/// ```
#[track_caller]
pub fn line<K>(values: impl Values<K>) -> Figure {
    of_named(Named::default().with("", values.values()))
}

/// A line from point to point: `ys` over `xs`.
///
/// ```
/// use akari::prelude::*;
/// let x = torch::linspace(-3.0, 3.0, 61)?;
/// let figure = plot::xy(&x, &F::tanh(&x)?).title("tanh");
/// assert_eq!(figure.to_string(), "tanh: 1 line, 61 points; -0.9951 → 0.9951");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[track_caller]
pub fn xy<A, B>(xs: impl Values<A>, ys: impl Values<B>) -> Figure {
    of_pairs("plot::xy", Kind::Line, numbers(xs.values()), numbers(ys.values()))
}

/// A line for each name: `&[("train", &train), ("valid", &valid)]`.
///
/// ```
/// use akari::prelude::*;
/// let (sgd, adam) = (vec![2.0, 1.0, 0.5], vec![2.0, 0.4, 0.1]);
/// let figure = plot::lines(&[("SGD", &sgd), ("Adam", &adam)]).log_y();
/// assert_eq!(figure.to_string(), "2 lines, 3 points; SGD 2 → 0.5; Adam 2 → 0.1");
/// ```
#[track_caller]
pub fn lines<N: AsRef<str>, V: Numbers>(series: &[(N, V)]) -> Figure {
    let mut named = Named::default();
    for (name, values) in series {
        named = named.with(name.as_ref(), values.numbers());
    }
    of_named(named)
}

/// A point for each pair.
///
/// ```
/// use akari::prelude::*;
/// let (x, y) = (tensor!([0., 1., 2.]), tensor!([0.1, 0.9, 2.1]));
/// let figure = plot::scatter(&x, &y).line("y = x", &x, &x);
/// assert_eq!(figure.to_string(), "1 line, 3 points; 3 points, x 0 to 2, y 0.1 to 2.1; y = x 0 → 2");
/// ```
#[track_caller]
pub fn scatter<A, B>(xs: impl Values<A>, ys: impl Values<B>) -> Figure {
    of_pairs("plot::scatter", Kind::Points, numbers(xs.values()), numbers(ys.values()))
}

/// A function of tensors from -4 to 4, and its derivative: `plot::activation(F::gelu)`.
///
/// A layer without parameters will do as well, or a closure such as `|x: &Tensor| F::leaky_relu(x, 0.2)`.
///
/// # Errors
///
/// When it is shown: those of the function, and if the result has another shape than the input.
///
/// ```
/// use akari::prelude::*;
/// let figure = plot::activation(F::relu);
/// assert_eq!(figure.to_string(), "relu: 2 lines, 641 points; relu 0 → 4; relu′ 0 → 1");
/// ```
#[track_caller]
pub fn activation<M: Module>(function: M) -> Figure {
    of_function(&function, type_name::<M>())
}

#[track_caller]
fn of_pairs(function: &str, kind: Kind, xs: Taken<f64>, ys: Taken<f64>) -> Figure {
    let points = xs.values().and_then(|xs| paired(function, xs, ys.values()?));
    Figure::of_plot(
        points.map(|points| Plot::of_series(vec![Series { name: String::new(), points, kind }])),
    )
}

/// Values with their names, on their way from a generic face. What it holds is nothing that a cell would have to drop.
#[derive(Default)]
struct Named(Option<Box<dyn Lines>>);

trait Lines {
    fn add(&mut self, name: &str, values: Result<Vec<f64>>);
    fn plot(self: Box<Self>) -> Result<Plot>;
}

impl Lines for Vec<(String, Result<Vec<f64>>)> {
    fn add(&mut self, name: &str, values: Result<Vec<f64>>) {
        self.push((name.to_owned(), values));
    }

    fn plot(self: Box<Self>) -> Result<Plot> {
        let named = self.into_iter().map(|(name, values)| Ok((name, values?)));
        named.collect::<Result<Vec<_>>>().map(indexed)
    }
}

impl Named {
    #[inline(never)]
    fn with(mut self, name: &str, values: Result<Vec<f64>>) -> Named {
        self.0.get_or_insert_with(|| Box::new(Vec::new())).add(name, values);
        self
    }
}

#[track_caller]
fn of_named(named: Named) -> Figure {
    Figure::of_plot(named.0.map_or_else(|| Ok(indexed(Vec::new())), Lines::plot))
}

/// Lines over the numbers of their values.
pub(super) fn indexed(named: Vec<(String, Vec<f64>)>) -> Plot {
    let series = |(name, ys): (String, Vec<f64>)| {
        let points = ys.into_iter().enumerate().map(|(at, y)| (at as f64, y)).collect();
        Series { name, points, kind: Kind::Line }
    };
    Plot { is_index: true, ..Plot::of_series(named.into_iter().map(series).collect()) }
}

#[track_caller]
fn of_function(function: &dyn Module, type_name: &str) -> Figure {
    Figure::of_plot(function_and_derivative(function, type_name))
}

fn function_and_derivative(function: &dyn Module, type_name: &str) -> Result<Plot> {
    const NAME: &str = "plot::activation";
    let xs = (-320..=320).map(|step| f64::from(step) / 80.0).collect::<Vec<_>>();
    let x =
        Var::from_tensor(&Tensor::from_slice(&xs, xs.len(), &Device::Cpu)?.to_dtype(DType::F32)?)?;
    let y = function.forward(&x)?;
    if y.dims() != x.dims() {
        return fail_shape(
            NAME,
            format_args!(
                "the function makes shape {:?} of {:?}: it is no function of one number",
                y.dims(),
                x.dims()
            ),
        );
    }
    let slopes = match y.track_op() {
        true => y.sum_all()?.backward()?.get(&x).map(tensor_numbers).transpose()?,
        false => None,
    };
    // `&F::relu` and `fn` items have a path for a name, closures one with braces.
    let name = type_name.split('<').next().and_then(|path| path.rsplit("::").next());
    let name = name.filter(|name| !name.contains(['{', '(', ' '])).unwrap_or("f");
    let own = |name: String, ys: Vec<f64>| Series {
        name,
        points: xs.iter().copied().zip(ys).collect(),
        kind: Kind::Line,
    };
    let mut series = vec![own(name.to_owned(), tensor_numbers(&y)?)];
    // A constant has no graph, and a derivative of zero.
    series.push(own(format!("{name}′"), slopes.unwrap_or_else(|| vec![0.0; xs.len()])));
    Ok(Plot {
        title: name.to_owned(),
        x_label: "x".to_owned(),
        has_zero_lines: true,
        ..Plot::of_series(series)
    })
}
