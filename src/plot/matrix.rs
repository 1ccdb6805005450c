//! Matrices: numbers as colours, and how often a class was taken for another.

use candle_core::{Result, Tensor};

use super::chart::{Fill, Plot, Scale};
use super::color::{BLUES, VIRIDIS, on_scale};
use super::figure::Figure;
use super::png::Pixel;
use super::scale::Axis;
use super::text::brief;
use super::values::{Matrix, Span, check_lengths, classes, rectangle, tensor_numbers};
use crate::error::fail_shape;
use crate::functional::extreme::argmax;

/// Cells with more than that in all have no numbers in them.
const MOST_NUMBERS: usize = 600;

/// The numbers of a matrix as colours, and as numbers where there is room.
///
/// ```
/// use akari::prelude::*;
/// let figure = plot::heatmap(&tensor!([[0.1, 0.9], [0.5, 0.2]])).labels(["cat", "dog"]);
/// assert_eq!(figure.to_string(), "heatmap 2 x 2, 0.1 to 0.9");
/// ```
///
/// # Errors
///
/// When it is shown: if it is no matrix, or its rows have several lengths.
#[track_caller]
pub fn heatmap(matrix: impl Matrix) -> Figure {
    of_matrix(matrix.rows())
}

/// How often each class was taken for each one: rows are the true classes.
///
/// `predicted` are classes, or logits or probabilities of shape (n, classes); `target` are classes.
///
/// ```
/// use akari::prelude::*;
/// let (logits, target) = (tensor!([[2.0, 0.1], [0.3, 0.9], [1.0, 0.0]]), tensor!([0, 1, 1]));
/// let figure = plot::confusion(&logits, &target);
/// assert_eq!(figure.to_string(), "confusion of 2 classes: 2 of 3 right");
/// ```
///
/// # Errors
///
/// When it is shown: if the shapes don't fit, or there is something else than classes.
#[track_caller]
pub fn confusion(predicted: &Tensor, target: &Tensor) -> Figure {
    Figure::of_plot(of_classes(predicted, target))
}

#[track_caller]
fn of_matrix(rows: Result<Vec<Vec<f64>>>) -> Figure {
    Figure::of_plot(of_rows(rows))
}

fn of_rows(rows: Result<Vec<Vec<f64>>>) -> Result<Plot> {
    let (columns, values) = rectangle("plot::heatmap", rows)?;
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    let mut about = format!("heatmap {rows} x {columns}");
    if low <= high {
        about += &format!(", {} to {}", brief(low), brief(high));
    }
    let axis = Axis::around(finite(), false, 0.0);
    let fill = cells(&values, columns, VIRIDIS, axis);
    Ok(Plot { about, ..of_cells(fill, rows) })
}

fn of_classes(predicted: &Tensor, target: &Tensor) -> Result<Plot> {
    const NAME: &str = "plot::confusion";
    let predicted = match predicted.dims() {
        [_, _] => argmax(predicted, -1)?,
        [_] => predicted.clone(),
        dims => {
            return fail_shape(
                NAME,
                format_args!(
                    "predicted is of shape (n) or (n, classes), but the shape is {dims:?}"
                ),
            );
        }
    };
    let (found, wanted) = (tensor_numbers(&predicted)?, tensor_numbers(target)?);
    check_lengths(NAME, ("predicted", found.len()), ("target", wanted.len()))?;
    let (found, wanted) = (classes(NAME, "predicted", &found)?, classes(NAME, "target", &wanted)?);
    let count = found.iter().chain(&wanted).max().map_or(0, |last| last + 1);
    if count > 1_000 {
        return fail_shape(
            NAME,
            format_args!("{count} classes are more than can be seen; at most 1000 can be drawn"),
        );
    }
    let mut counts = vec![0.0; count * count];
    let mut right = 0;
    for (found, wanted) in found.iter().zip(&wanted) {
        counts[wanted * count + found] += 1.0;
        right += usize::from(found == wanted);
    }
    let most = counts.iter().copied().fold(1.0, f64::max);
    let fill = cells(&counts, count, BLUES, Axis { low: 0.0, high: most, is_log: false });
    Ok(Plot {
        about: format!("confusion of {count} classes: {right} of {} right", found.len()),
        x_label: "predicted".to_owned(),
        y_label: "target".to_owned(),
        ..of_cells(fill, count)
    })
}

fn cells(values: &[f64], columns: usize, colors: &[[u8; 3]], axis: Axis) -> Fill {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let pixel = |value: &f64| match axis.place(*value) {
        Some(place) => on_scale(colors, place),
        None => NO_COLOR,
    };
    let few = values.len() <= MOST_NUMBERS;
    Fill {
        columns,
        pixels: values.iter().map(pixel).collect(),
        x: Span { from: 0.0, to: columns as f64 },
        y: Span { from: rows as f64, to: 0.0 },
        is_square: true,
        numbers: if few { values.to_vec() } else { Vec::new() },
        scale: Some(strip(colors, axis)),
    }
}

/// What has no value shows the panel.
pub(super) const NO_COLOR: Pixel = [0, 0, 0, 0];

/// The strip of all colours with round numbers beside it.
fn strip(colors: &[[u8; 3]], axis: Axis) -> Scale {
    let ticks = axis.ticks(5.0, false);
    let mark = |(value, text): (f64, String)| (axis.place(value).unwrap_or(0.0), text);
    let mut marks = ticks.marks.into_iter().map(mark).collect::<Vec<_>>();
    if let Some(offset) = ticks.offset {
        marks.last_mut().into_iter().for_each(|mark| mark.1 += &format!(" {offset}"));
    }
    Scale { pixels: (0..64).map(|at| on_scale(colors, f64::from(at) / 63.0)).collect(), marks }
}

fn of_cells(fill: Fill, rows: usize) -> Plot {
    // Every so many-th name, so that they stand apart.
    let names = |count: usize| {
        let every = count.div_ceil(24);
        (0..count)
            .map(|at| if at % every.max(1) == 0 { at.to_string() } else { String::new() })
            .collect()
    };
    let (x_names, y_names) = (names(fill.columns), names(rows));
    Plot { size: (560.0, 460.0), x_names, y_names, fill: Some(fill), ..Plot::default() }
}
