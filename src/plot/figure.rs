//! A picture on its way: what it shows, or why that can't be shown, and how it is to look.
//!
//! Mistakes are kept until the figure is shown, so that a call and its methods stand in one line without a `?` between
//! them; a figure that is a cell's last expression fails the cell as a `?` would.
//!
//! Each cell compiles the code that drops its values. So a figure is a box with who knows what in it, and generic
//! methods hand over to others at once.

use std::fmt;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Error, Result};

use super::chart::{Chart, Kind, Plot, Series};
use super::style::{Legend, Style};
use super::taken::{Taken, numbers};
use super::values::{Names, Points, Span, Values, paired};
use super::{draw, sheet};
use crate::error::{copied, fail, fail_file, fail_shape};
use crate::{display, rt};

/// A picture: the last expression of a cell shows it, and so does [`show`](Figure::show).
///
/// ```
/// use akari::prelude::*;
/// let figure = plot::line(&[2.3, 1.1, 0.7]).title("loss").x_label("epoch").log_y();
/// figure.show()?;
/// assert_eq!(figure.to_string(), "loss: 1 line, 3 points; 2.3 → 0.7");
/// assert!(figure.svg()?.starts_with("<svg"));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub struct Figure(Box<dyn Held>);

/// What is in the box.
trait Held: Send + Sync {
    fn sketch(&self) -> &Sketch;
    fn sketch_mut(&mut self) -> &mut Sketch;
}

#[derive(Clone)]
struct Sketch {
    chart: std::result::Result<Chart, Arc<Mistake>>,
    style: Style,
}

/// Why there is nothing to show, and the line of the call that was wrong.
struct Mistake {
    error: Error,
    place: &'static Location<'static>,
}

impl Held for Sketch {
    fn sketch(&self) -> &Sketch {
        self
    }

    fn sketch_mut(&mut self) -> &mut Sketch {
        self
    }
}

impl Figure {
    #[track_caller]
    pub(super) fn new(chart: Result<Chart>) -> Figure {
        let place = Location::caller();
        let chart = chart.map_err(|error| Arc::new(Mistake { error, place }));
        Figure(Box::new(Sketch { chart, style: Style::default() }))
    }

    #[track_caller]
    pub(super) fn of_plot(plot: Result<Plot>) -> Figure {
        Figure::new(plot.map(|plot| Chart::Plot(Box::new(plot))))
    }

    /// The title above the picture.
    pub fn title(self, title: impl Into<String>) -> Figure {
        self.with_title(title.into())
    }

    /// What x is.
    pub fn x_label(self, label: impl Into<String>) -> Figure {
        self.with_x_label(label.into())
    }

    /// What y is.
    pub fn y_label(self, label: impl Into<String>) -> Figure {
        self.with_y_label(label.into())
    }

    /// Equal distances along x for equal factors.
    pub fn log_x(self) -> Figure {
        self.styled(|style| style.is_log_x = true)
    }

    /// Equal distances along y for equal factors, as for a loss.
    pub fn log_y(self) -> Figure {
        self.styled(|style| style.is_log_y = true)
    }

    /// From where to where x is shown: `0.0..1.0`. The larger number may come first.
    pub fn x_range(self, range: impl Into<Span>) -> Figure {
        self.with_x_range(range.into())
    }

    /// From where to where y is shown.
    pub fn y_range(self, range: impl Into<Span>) -> Figure {
        self.with_y_range(range.into())
    }

    /// Width and height in pixels, from 80 to 4,000.
    pub fn size(self, width: u32, height: u32) -> Figure {
        let allowed = |pixels: u32| f64::from(pixels.clamp(80, 4_000));
        self.styled(|style| style.size = Some((allowed(width), allowed(height))))
    }

    /// Where the legend stands. Default: [`Legend::Auto`].
    pub fn legend(self, legend: Legend) -> Figure {
        self.styled(|style| style.legend = legend)
    }

    /// One more line, with its name: `plot::scatter(&x, &y).line("fit", &x, &fitted)`.
    #[track_caller]
    pub fn line<A, B>(self, name: &str, xs: impl Values<A>, ys: impl Values<B>) -> Figure {
        self.with(
            "plot::Figure::line",
            Kind::Line,
            name,
            pairs("plot::Figure::line", numbers(xs.values()), numbers(ys.values())),
        )
    }

    /// More points, with their name.
    #[track_caller]
    pub fn points<A, B>(self, name: &str, xs: impl Values<A>, ys: impl Values<B>) -> Figure {
        self.with(
            "plot::Figure::points",
            Kind::Points,
            name,
            pairs("plot::Figure::points", numbers(xs.values()), numbers(ys.values())),
        )
    }

    /// A path through points, as an optimizer takes one over a [`surface`](super::surface); points are pairs of numbers
    /// or a tensor of shape (n, 2).
    #[track_caller]
    pub fn path(self, name: &str, points: impl Points) -> Figure {
        self.with("plot::Figure::path", Kind::Path, name, points.points())
    }

    /// The names of pictures, of classes, or of rows and columns of a matrix.
    #[track_caller]
    pub fn labels(self, labels: impl Names) -> Figure {
        self.labelled(labels.names())
    }

    /// Shows the picture below the cell; outside a notebook, nothing happens.
    ///
    /// # Errors
    ///
    /// If what was to be shown doesn't fit together.
    pub fn show(&self) -> Result<()> {
        let svg = self.svg()?;
        rt::interrupt_point();
        display::picture(None, false, &svg, &self.told());
        Ok(())
    }

    /// The picture as the text of an SVG file; equal data gives equal bytes.
    ///
    /// # Errors
    ///
    /// As [`show`](Figure::show).
    pub fn svg(&self) -> Result<String> {
        let Sketch { chart, style } = self.0.sketch();
        match chart.as_ref().map_err(|mistake| copied(&mistake.error))? {
            Chart::Plot(plot) => Ok(draw::plot(plot, style, &self.told())),
            Chart::Sheet(pictures) => Ok(sheet::draw(pictures, style, &self.told())),
        }
    }

    /// Writes the picture to an SVG file.
    ///
    /// # Errors
    ///
    /// As [`show`](Figure::show), and if the file can't be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.write(path.as_ref())
    }

    fn write(&self, path: &Path) -> Result<()> {
        let svg = self.svg()?;
        match std::fs::write(path, svg) {
            Ok(()) => Ok(()),
            Err(error) => {
                fail_file("plot::Figure::save", format_args!("{}: {error}", path.display()))
            }
        }
    }

    /// The last expression of a cell.
    #[doc(hidden)]
    #[track_caller]
    pub fn evcxr_display(&self) {
        let Err(error) = self.show() else { return };
        let mistake = self.0.sketch().chart.as_ref().err();
        rt::fail_cell(&error, mistake.map_or_else(Location::caller, |mistake| mistake.place));
    }

    /// The picture in a line of words: what is shown where no picture can be.
    fn told(&self) -> String {
        let Sketch { chart, style } = self.0.sketch();
        let title =
            |own: &str| if style.title.is_empty() { own.to_owned() } else { style.title.clone() };
        match chart {
            Ok(Chart::Plot(plot)) => plot.told(&title(&plot.title)),
            Ok(Chart::Sheet(sheet)) if style.title.is_empty() => sheet.about.clone(),
            Ok(Chart::Sheet(sheet)) => format!("{}: {}", style.title, sheet.about),
            Err(mistake) => format!("<{}>", mistake.error),
        }
    }

    fn styled(mut self, ask: impl FnOnce(&mut Style)) -> Figure {
        ask(&mut self.0.sketch_mut().style);
        self
    }

    fn with_title(self, title: String) -> Figure {
        self.styled(|style| style.title = title)
    }

    fn with_x_label(self, label: String) -> Figure {
        self.styled(|style| style.x_label = label)
    }

    fn with_y_label(self, label: String) -> Figure {
        self.styled(|style| style.y_label = label)
    }

    fn with_x_range(self, range: Span) -> Figure {
        self.styled(|style| style.x_range = Some(range))
    }

    fn with_y_range(self, range: Span) -> Figure {
        self.styled(|style| style.y_range = Some(range))
    }

    #[track_caller]
    fn with(
        self,
        function: &str,
        kind: Kind,
        name: &str,
        points: Result<Vec<(f64, f64)>>,
    ) -> Figure {
        self.charted(Location::caller(), |chart| match chart {
            Chart::Plot(mut plot) => {
                plot.series.push(Series { name: name.to_owned(), points: points?, kind });
                Ok(Chart::Plot(plot))
            }
            Chart::Sheet(_) => fail(function, "pictures have no axes to draw on"),
        })
    }

    #[track_caller]
    fn labelled(self, labels: Result<Vec<String>>) -> Figure {
        self.charted(Location::caller(), |chart| with_labels(chart, labels))
    }

    /// Changes what is shown, unless that is a mistake already.
    fn charted(
        mut self,
        place: &'static Location<'static>,
        change: impl FnOnce(Chart) -> Result<Chart>,
    ) -> Figure {
        let sketch = self.0.sketch_mut();
        let nothing = Ok(Chart::Plot(Box::default()));
        let chart = std::mem::replace(&mut sketch.chart, nothing);
        let changed = |chart| change(chart).map_err(|error| Arc::new(Mistake { error, place }));
        sketch.chart = chart.and_then(changed);
        self
    }
}

impl Clone for Figure {
    fn clone(&self) -> Figure {
        Figure(Box::new(self.0.sketch().clone()))
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Figure").field(&self.told()).finish()
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told())
    }
}

fn pairs(function: &str, xs: Taken<f64>, ys: Taken<f64>) -> Result<Vec<(f64, f64)>> {
    paired(function, xs.values()?, ys.values()?)
}

fn with_labels(chart: Chart, labels: Result<Vec<String>>) -> Result<Chart> {
    const NAME: &str = "plot::Figure::labels";
    let labels = labels?;
    let wrong = |needed: String| {
        fail_shape(NAME, format_args!("{needed} are needed, but there are {}", labels.len()))
    };
    match chart {
        Chart::Sheet(sheet) if labels.len() != sheet.pictures.len() => {
            wrong(format!("{} labels, one a picture,", sheet.pictures.len()))
        }
        Chart::Sheet(mut sheet) => {
            sheet.labels = labels;
            Ok(Chart::Sheet(sheet))
        }
        Chart::Plot(mut plot) => {
            let (columns, rows) = (plot.x_names.len(), plot.y_names.len());
            let of_series = plot.series.iter().filter(|series| series.kind == Kind::Points).count();
            if columns == 0 && rows == 0 && of_series == labels.len() {
                for (series, label) in plot.series.iter_mut().zip(labels) {
                    series.name = label;
                }
                return Ok(Chart::Plot(plot));
            }
            if labels.len() != columns && labels.len() != rows {
                return match (columns, rows) {
                    (0, 0) => wrong(format!("{of_series} labels")),
                    _ => wrong(format!("{columns} labels of columns or {rows} of rows")),
                };
            }
            if labels.len() == columns {
                plot.x_names.clone_from(&labels);
            }
            if labels.len() == rows {
                plot.y_names = labels;
            }
            Ok(Chart::Plot(plot))
        }
    }
}
