//! Functions of two numbers: a surface from above, over which optimizers take their paths, and the regions that a
//! classifier decides on.

use candle_core::{Device, Module, Result, Tensor};

use super::chart::{Fill, Kind, Plot, Scale, Series};
use super::color::{LINES, PALE, VIRIDIS, mixed, on_scale};
use super::figure::Figure;
use super::matrix::NO_COLOR;
use super::png::Pixel;
use super::scale::Axis;
use super::taken::{self, Taken};
use super::text::brief;
use super::values::{Points, Span, Values, check_lengths, classes, tensor_numbers};
use crate::compute::recording::no_grad;
use crate::error::fail_shape;

const WIDE: usize = 240;
const HIGH: usize = 150;
const LEVELS: usize = 14;
/// Rows and columns of the points at which a classifier is asked.
const GRID: usize = 120;

/// A function of two numbers from above, in bands that cover equal areas; [`Figure::path`] adds what an optimizer did.
///
/// ```
/// use akari::prelude::*;
/// let valley = |x: f64, y: f64| 0.1 * x * x + 2.0 * y * y;
/// let figure = plot::surface(valley, (-6.0..6.0, -2.4..2.4)).path("SGD", &[(-5.0, -2.0), (-4.0, 0.4)]);
/// assert_eq!(
///     figure.to_string(),
///     "surface over x -6 to 6, y -2.4 to 2.4: 0.0005745 to 14.94; SGD (-5, -2) → (-4, 0.4)"
/// );
/// ```
pub fn surface(
    function: impl Fn(f64, f64) -> f64,
    (x, y): (impl Into<Span>, impl Into<Span>),
) -> Figure {
    of_surface(&function, x.into(), y.into())
}

/// What a classifier of points in a plane decides everywhere, behind the points that it has learnt from.
///
/// `points` is of shape (n, 2). The model makes logits of shape (m, classes) of points (m, 2), or one number for each
/// point: a logit of class 1, or its probability if all lie from 0 to 1. Where it is sure, colours are full. A model
/// with dropout or batch norms is to be told `model.eval()` first.
///
/// # Errors
///
/// When it is shown: those of the model, and if shapes don't fit or labels are no classes.
///
/// ```
/// use akari::prelude::*;
/// let (points, labels) = data::moons(60, 0.1)?;
/// let model = nn::seq![nn::Linear::new(2, 8)?, nn::Tanh, nn::Linear::new(8, 2)?];
/// let figure = plot::decision(&model, &points, &labels);
/// assert!(figure.to_string().starts_with("decision regions of 2 classes; 0 30 points"));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[track_caller]
pub fn decision<K>(model: &impl Module, points: impl Points, labels: impl Values<K>) -> Figure {
    of_regions(model, taken::points(points.points()), taken::numbers(labels.values()))
}

fn of_surface(function: &dyn Fn(f64, f64) -> f64, x: Span, y: Span) -> Figure {
    Figure::of_plot(Ok(from_above(function, x, y)))
}

#[track_caller]
fn of_regions(model: &dyn Module, points: Taken<(f64, f64)>, labels: Taken<f64>) -> Figure {
    Figure::of_plot(regions(model, points.values(), labels.values()))
}

fn from_above(function: &dyn Fn(f64, f64) -> f64, x: Span, y: Span) -> Plot {
    let (x, y) = (spread(x), spread(y));
    let mut values = Vec::with_capacity(WIDE * HIGH);
    for row in 0..HIGH {
        for column in 0..WIDE {
            values.push(function(middle(x, column, WIDE), middle(y, HIGH - 1 - row, HIGH)));
        }
    }
    let mut sorted = values.iter().copied().filter(|value| value.is_finite()).collect::<Vec<_>>();
    sorted.sort_by(f64::total_cmp);
    // Equal areas for the bands: a ravine has its own as well as the slopes around it.
    let edges = (0..=LEVELS)
        .filter_map(|level| sorted.get((sorted.len().saturating_sub(1)) * level / LEVELS).copied())
        .collect::<Vec<_>>();
    let color = |level: usize| on_scale(VIRIDIS, level as f64 / (LEVELS - 1) as f64);
    let pixel = |value: &f64| match value.is_finite() {
        true => color(edges.partition_point(|edge| edge <= value).clamp(1, LEVELS) - 1),
        false => NO_COLOR,
    };
    let span =
        |name: &str, span: Span| format!("{name} {} to {}", brief(span.from), brief(span.to));
    let mut about = format!("surface over {}, {}", span("x", x), span("y", y));
    if let (Some(low), Some(high)) = (edges.first(), edges.last()) {
        about += &format!(": {} to {}", brief(*low), brief(*high));
    }
    let marks = edges.iter().enumerate().step_by(2);
    let marks = marks.map(|(at, edge)| (at as f64 / LEVELS as f64, short(*edge))).collect();
    let fill = Fill {
        columns: WIDE,
        pixels: values.iter().map(pixel).collect(),
        x,
        y,
        is_square: false,
        numbers: Vec::new(),
        scale: Some(Scale { pixels: (0..LEVELS).map(color).collect(), marks }),
    };
    Plot {
        size: (640.0, 370.0),
        about,
        x_label: "x".to_owned(),
        y_label: "y".to_owned(),
        fill: Some(fill),
        ..Plot::default()
    }
}

/// A level in three digits.
fn short(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        0.0 => "0".to_owned(),
        1e-3..10.0 => super::text::trimmed(format!("{value:.2}")),
        10.0..100.0 => super::text::trimmed(format!("{value:.1}")),
        100.0..1e5 => format!("{value:.0}"),
        _ => format!("{value:.1e}"),
    };
    text.replace('-', "−")
}

/// The span, if it has a length that can be drawn.
fn spread(span: Span) -> Span {
    let axis = Axis::between(span.from, span.to, false);
    Span { from: axis.low, to: axis.high }
}

/// The middle of one of equal parts.
fn middle(span: Span, at: usize, of: usize) -> f64 {
    span.from + (span.to - span.from) * (at as f64 + 0.5) / of as f64
}

fn regions(
    model: &dyn Module,
    points: Result<Vec<(f64, f64)>>,
    labels: Result<Vec<f64>>,
) -> Result<Plot> {
    const NAME: &str = "plot::decision";
    let points = points?;
    let labels = classes(NAME, "labels", &labels?)?;
    check_lengths(NAME, ("points", points.len()), ("labels", labels.len()))?;
    let around = |place: fn(&(f64, f64)) -> f64| {
        let axis = Axis::around(points.iter().map(place), false, 0.08);
        Span { from: axis.low, to: axis.high }
    };
    let (x, y) = (around(|point| point.0), around(|point| point.1));
    let (count, pixels) = decided(model, x, y)?;
    let count = labels.iter().max().map_or(count, |last| count.max(last + 1));
    if count > 100 {
        return fail_shape(
            NAME,
            format_args!(
                "{count} classes are more than can be told apart; at most 100 can be drawn"
            ),
        );
    }
    let of_class = |class: usize| {
        let own = points.iter().zip(&labels).filter(|(_, label)| **label == class);
        Series {
            name: class.to_string(),
            points: own.map(|(point, _)| *point).collect(),
            kind: Kind::Points,
        }
    };
    let fill =
        Fill { columns: GRID, pixels, x, y, is_square: false, numbers: Vec::new(), scale: None };
    Ok(Plot {
        size: (540.0, 420.0),
        about: format!("decision regions of {count} classes"),
        series: (0..count).map(of_class).collect(),
        fill: Some(fill),
        ..Plot::default()
    })
}

/// How many classes the model knows, and the colours of what it decides, from the top.
fn decided(model: &dyn Module, x: Span, y: Span) -> Result<(usize, Vec<Pixel>)> {
    let mut places = Vec::with_capacity(GRID * GRID * 2);
    for row in 0..GRID {
        for column in 0..GRID {
            places.push(middle(x, column, GRID) as f32);
            places.push(middle(y, GRID - 1 - row, GRID) as f32);
        }
    }
    let places = Tensor::from_vec(places, (GRID * GRID, 2), &Device::Cpu)?;
    let answers = no_grad(|| model.forward(&places))?;
    let each = answers.elem_count() / (GRID * GRID);
    if answers.dims().first() != Some(&(GRID * GRID))
        || answers.elem_count() != GRID * GRID * each
        || each == 0
    {
        return fail_shape(
            "plot::decision",
            format_args!(
                "the model makes shape {:?} of {:?}, not (m, classes)",
                answers.dims(),
                places.dims()
            ),
        );
    }
    let answers = tensor_numbers(&answers)?;
    if each > 1 {
        let pixel = |logits: &[f64]| {
            let (class, largest) = best(logits);
            let sum = logits.iter().map(|logit| (logit - largest).exp()).sum::<f64>();
            tone(class, (1.0 / sum - 1.0 / each as f64) / (1.0 - 1.0 / each as f64))
        };
        return Ok((each, answers.chunks(each).map(pixel).collect()));
    }
    let are_shares = answers.iter().all(|answer| (0.0..=1.0).contains(answer));
    let share = |answer: f64| if are_shares { answer } else { 1.0 / (1.0 + (-answer).exp()) };
    let pixel = |answer: &f64| match share(*answer) {
        share if share.is_nan() => NO_COLOR,
        share => tone(usize::from(share > 0.5), (share - 0.5).abs() * 2.0),
    };
    Ok((2, answers.iter().map(pixel).collect()))
}

/// The first of the largest numbers and its place; none is larger than nan.
fn best(logits: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (at, logit) in logits.iter().enumerate() {
        if *logit > best.1 || logit.is_nan() {
            best = (at, *logit);
        }
    }
    best
}

/// The tone of a class where it is sure by so much, from 0 to 1, in few steps.
fn tone(class: usize, sure: f64) -> Pixel {
    if sure.is_nan() {
        return NO_COLOR;
    }
    const STEPS: f64 = 8.0;
    let sure = (sure.clamp(0.0, 1.0) * STEPS).round() / STEPS;
    mixed([248, 248, 248], PALE[class % LINES.len()], 0.15 + 0.85 * sure)
}
