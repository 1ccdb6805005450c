//! What a picture shows, before anybody has said how large it is or how it looks: plain data.
//!
//! The kinds of pictures are made in `lines`, `bars`, `matrix`, `surface` and `images`; `draw` and `sheet` draw them.

use super::color::{LINES, Pair};
use super::png::Pixel;
use super::text::{brief, counted};
use super::values::Span;

/// What a figure shows.
#[derive(Debug, Clone)]
pub(super) enum Chart {
    Plot(Box<Plot>),
    Sheet(Sheet),
}

/// What stands between two axes: a fill, bars and series, each on top of the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Plot {
    /// The size of the picture where nobody asks for another one.
    pub size: (f64, f64),
    /// What it is, in words; none for series alone, which say so themselves.
    pub about: String,
    pub title: String,
    pub x_label: String,
    pub y_label: String,
    pub fill: Option<Fill>,
    pub bars: Vec<Bar>,
    pub series: Vec<Series>,
    /// The names in the place of numbers along x and y, each in the middle of one unit.
    pub x_names: Vec<String>,
    pub y_names: Vec<String>,
    /// Whether x counts, and has no numbers between the whole ones.
    pub is_index: bool,
    /// Whether the axes through zero are drawn.
    pub has_zero_lines: bool,
}

/// Numbers with one name and one colour.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub kind: Kind,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Line,
    /// A line with a marker at each point.
    Path,
    Points,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    pub from: f64,
    pub to: f64,
    pub height: f64,
}

/// Pixels, or cells of a matrix, from one corner of a range to the other.
#[derive(Debug, Clone)]
pub(super) struct Fill {
    pub columns: usize,
    /// Row by row from the top.
    pub pixels: Vec<Pixel>,
    pub x: Span,
    /// From the bottom to the top: rows of a matrix count downwards.
    pub y: Span,
    /// Whether a unit of x is to be as long as one of y.
    pub is_square: bool,
    /// The numbers that stand in the cells.
    pub numbers: Vec<f64>,
    pub scale: Option<Scale>,
}

/// What the colours of a fill mean.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    /// From the low end to the high one.
    pub pixels: Vec<Pixel>,
    /// Where a number stands, from 0 to 1.
    pub marks: Vec<(f64, String)>,
}

/// Pictures in rows and columns.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub pictures: Vec<Bitmap>,
    pub columns: usize,
    pub labels: Vec<String>,
    pub about: String,
}

#[derive(Debug, Clone)]
pub(super) struct Bitmap {
    pub width: usize,
    pub pixels: Vec<Pixel>,
}

impl Bitmap {
    pub fn height(&self) -> usize {
        self.pixels.len().checked_div(self.width).unwrap_or(0)
    }
}

impl Plot {
    /// Series alone.
    pub fn of_series(series: Vec<Series>) -> Plot {
        Plot { size: (560.0, 340.0), series, ..Plot::default() }
    }

    /// The colour of the series with this number.
    pub fn color(&self, number: usize) -> Pair {
        // On a fill of many colours those that stand out from it come first.
        const ON_FILLS: [usize; 6] = [1, 3, 4, 5, 0, 2];
        let has_scale = self.fill.as_ref().is_some_and(|fill| fill.scale.is_some());
        let number = number % LINES.len();
        LINES[if has_scale { ON_FILLS[number] } else { number }]
    }

    /// The picture in a line of words, for those who can't see it.
    pub fn told(&self, title: &str) -> String {
        let mut parts = Vec::new();
        let lines = self.series.iter().filter(|series| series.kind != Kind::Points).count();
        if !self.about.is_empty() {
            parts.push(self.about.clone());
        } else if lines > 0 {
            let points = self.series.iter().map(|series| series.points.len()).max().unwrap_or(0);
            parts.push(format!("{}, {}", counted(lines, "line"), counted(points, "point")));
        }
        parts.extend(self.series.iter().map(Series::told));
        let text = parts.join("; ");
        if title.is_empty() { text } else { format!("{title}: {text}") }
    }
}

impl Series {
    fn told(&self) -> String {
        let mut text = match &*self.name {
            "" => String::new(),
            name => format!("{name} "),
        };
        let places = |place: fn(&(f64, f64)) -> f64| {
            let finite = self.points.iter().map(place).filter(|value| value.is_finite());
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let (low, high) = places(|point| point.1);
        text += &match (&self.points[..], self.kind) {
            ([], _) => "without points".to_owned(),
            ([(x, y)], Kind::Path) => format!("({}, {})", brief(*x), brief(*y)),
            ([(x, y), .., (to_x, to_y)], Kind::Path) => {
                format!("({}, {}) → ({}, {})", brief(*x), brief(*y), brief(*to_x), brief(*to_y))
            }
            (points, Kind::Points) => {
                let (left, right) = places(|point| point.0);
                let span = |low: f64, high: f64| match low <= high {
                    true => format!("{} to {}", brief(low), brief(high)),
                    false => "nowhere".to_owned(),
                };
                format!(
                    "{}, x {}, y {}",
                    counted(points.len(), "point"),
                    span(left, right),
                    span(low, high)
                )
            }
            ([(_, only)], Kind::Line) => brief(*only),
            ([(_, first), .., (_, last)], Kind::Line) => {
                format!("{} → {}", brief(*first), brief(*last))
            }
        };
        let missing = self.points.iter().filter(|(x, y)| !x.is_finite() || !y.is_finite()).count();
        if missing > 0 && self.points.len() > 1 {
            text += &format!(" ({missing} not finite)");
        }
        text
    }
}
