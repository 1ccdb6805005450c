//! Bars: one for each name, or one for the values of each small range.

use candle_core::Result;

use super::chart::{Bar, Plot};
use super::figure::Figure;
use super::taken::{self, Taken};
use super::text::{brief, counted};
use super::values::{Names, Values, check_lengths};

/// A bar for each name.
///
/// ```
/// use akari::prelude::*;
/// let figure = plot::bars(["SGD", "Adam"], [0.91, 0.94]).y_label("accuracy");
/// assert_eq!(figure.to_string(), "2 bars; SGD 0.91, Adam 0.94");
/// ```
///
/// # Errors
///
/// When it is shown: if there are more names than values, or fewer.
#[track_caller]
pub fn bars<K>(labels: impl Names, values: impl Values<K>) -> Figure {
    of_bars(taken::names(labels.names()), taken::numbers(values.values()))
}

/// How often values lie in each of some equal ranges, which have round ends.
///
/// ```
/// use akari::prelude::*;
/// let figure = plot::hist(&[0.1, 0.2, 0.25, 0.9, f64::NAN]);
/// assert_eq!(figure.to_string(), "histogram of 5 values, 0.1 to 0.9 (1 not finite)");
/// ```
#[track_caller]
pub fn hist<K>(values: impl Values<K>) -> Figure {
    of_histogram(values.values())
}

#[track_caller]
fn of_bars(names: Taken<String>, heights: Taken<f64>) -> Figure {
    Figure::of_plot(of_names(names.values(), heights.values()))
}

#[track_caller]
fn of_histogram(values: Result<Vec<f64>>) -> Figure {
    Figure::of_plot(values.map(histogram))
}

fn of_names(names: Result<Vec<String>>, heights: Result<Vec<f64>>) -> Result<Plot> {
    let (names, heights) = (names?, heights?);
    check_lengths("plot::bars", ("labels", names.len()), ("values", heights.len()))?;
    let told = names
        .iter()
        .zip(&heights)
        .take(12)
        .map(|(name, height)| format!("{name} {}", brief(*height)));
    let mut about =
        format!("{}; {}", counted(names.len(), "bar"), told.collect::<Vec<_>>().join(", "));
    if names.len() > 12 {
        about += ", ..";
    }
    let bar =
        |(at, height): (usize, f64)| Bar { from: at as f64 + 0.15, to: at as f64 + 0.85, height };
    Ok(Plot {
        about,
        bars: heights.into_iter().enumerate().map(bar).collect(),
        x_names: names,
        ..Plot::of_series(Vec::new())
    })
}

fn histogram(values: Vec<f64>) -> Plot {
    let mut finite = values.iter().copied().filter(|value| value.is_finite()).collect::<Vec<_>>();
    finite.sort_by(f64::total_cmp);
    let missing = values.len() - finite.len();
    let mut about = format!("histogram of {}", counted(values.len(), "value"));
    if let (Some(first), Some(last)) = (finite.first(), finite.last()) {
        about += &format!(", {} to {}", brief(*first), brief(*last));
    }
    if missing > 0 {
        about += &format!(" ({missing} not finite)");
    }
    Plot { about, bars: counted_ranges(&finite), ..Plot::of_series(Vec::new()) }
}

/// A bar for each range; the values are sorted and finite.
fn counted_ranges(values: &[f64]) -> Vec<Bar> {
    let (Some(low), Some(high)) = (values.first().copied(), values.last().copied()) else {
        return Vec::new();
    };
    let width = range_width(values, low, high);
    let is_whole = values.iter().all(|value| value.fract() == 0.0);
    // A bar stands around a whole number where there are no others.
    let shift = if is_whole && width == 1.0 { 0.5 } else { 0.0 };
    let number = |value: f64| (value / width + shift + 1e-9).floor();
    let (first, last) = (number(low), number(high));
    let count = (last - first).clamp(0.0, 1_000.0) as usize + 1;
    let mut counts = vec![0usize; count];
    for value in values {
        // The last range holds its upper end.
        let at = (number(*value) - first).clamp(0.0, (count - 1) as f64);
        counts[at as usize] += 1;
    }
    let bar = |(at, count): (usize, usize)| {
        let from = (first + at as f64 - shift) * width;
        Bar { from, to: from + width, height: count as f64 }
    };
    counts.into_iter().enumerate().map(bar).collect()
}

/// How wide a range is: by Freedman's and Diaconis' rule or Sturges', whichever is narrower, and a round number.
fn range_width(values: &[f64], low: f64, high: f64) -> f64 {
    let span = high - low;
    if !(span.is_finite() && span > low.abs().max(high.abs()) * 1e-12) {
        return (low.abs().max(high.abs()) * 0.1).clamp(1e-290, 1e300).max(if low == 0.0 {
            0.1
        } else {
            0.0
        });
    }
    if span <= 60.0 && values.iter().all(|value| value.fract() == 0.0) {
        return 1.0;
    }
    let quantile = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    let count = values.len() as f64;
    let freedman = 2.0 * (quantile(0.75) - quantile(0.25)) / count.cbrt();
    let sturges = span / (count.log2() + 1.0);
    let width = if freedman > 0.0 { freedman.min(sturges) } else { sturges }.max(span / 100.0);
    let power = 10f64.powf(width.log10().floor());
    let digits =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|digit| digit * power >= width * 0.999);
    digits.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: &[f64]) -> Vec<(f64, f64, usize)> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        counted_ranges(&values).iter().map(|bar| (bar.from, bar.to, bar.height as usize)).collect()
    }

    #[test]
    fn every_value_is_counted_once() {
        assert_eq!(
            counts(&[1.0, 2.0, 2.0, 4.0]),
            [(0.5, 1.5, 1), (1.5, 2.5, 2), (2.5, 3.5, 0), (3.5, 4.5, 1)]
        );
        assert_eq!(counts(&[]), []);
        assert_eq!(counts(&[0.0]).iter().map(|it| it.2).sum::<usize>(), 1);
        for scale in [1e-300, 1e-14, 1.0, 1e9, 1e300] {
            let values =
                (0..1000).map(|n| f64::from(n * n % 997) * scale / 7.0).collect::<Vec<_>>();
            let counts = counts(&values);
            assert!((8..=110).contains(&counts.len()), "{scale}: {}", counts.len());
            assert_eq!(counts.iter().map(|it| it.2).sum::<usize>(), 1000, "{scale}");
            assert!(
                counts.windows(2).all(|two| (two[0].1 - two[1].0).abs() <= two[0].1.abs() * 1e-9)
            );
        }
        let wild = [f64::MIN, -1.0, 0.0, 1.0, f64::MAX];
        assert_eq!(counts(&wild).iter().map(|it| it.2).sum::<usize>(), 5);
    }
}
