//! A curve that grows while a cell runs, redrawn a few times a second and once more when the cell ends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use candle_core::Result;

use super::chart::{Kind, Plot, Series};
use super::draw;
use super::style::Style;
use super::values::Number;
use crate::{display, rt};

/// At most ten redraws a second: more can't be seen, and cost the client its time.
const PAUSE: Duration = Duration::from_millis(100);

/// A curve that grows while the cell runs: `curve.push(loss)?` in the loop.
///
/// ```
/// use akari::prelude::*;
/// let curve = plot::Live::new("loss").log_y().x_label("step");
/// for step in 1..=100 {
///     curve.push(1.0 / step as f64)?;
///     if step % 10 == 0 {
///         curve.push_to("valid", 1.2 / step as f64)?;
///     }
/// }
/// assert_eq!(curve.to_string(), "2 lines, 100 points; loss 1 → 0.01; valid 0.12 → 0.012");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub struct Live {
    // Not the curve itself, nor an `Arc`: each cell compiles the code that drops its values, which for a box is short.
    curve: Box<dyn Growing>,
}

/// What a curve lies behind.
trait Growing: Send + Sync {
    fn shared(&self) -> &Arc<Mutex<Curve>>;
}

impl Growing for Arc<Mutex<Curve>> {
    fn shared(&self) -> &Arc<Mutex<Curve>> {
        self
    }
}

fn locked(curve: &Mutex<Curve>) -> MutexGuard<'_, Curve> {
    curve.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clone for Live {
    fn clone(&self) -> Live {
        Live { curve: Box::new(Arc::clone(self.curve.shared())) }
    }
}

struct Curve {
    plot: Plot,
    style: Style,
    /// The display that shows the curve, once it was drawn.
    id: Option<String>,
    drawn: Option<Instant>,
    /// Whether values came after the curve was drawn, which the end of the cell will draw.
    is_behind: bool,
}

impl Live {
    /// A curve of values with this name.
    pub fn new(name: impl Into<String>) -> Live {
        Live::of(name.into())
    }

    fn of(name: String) -> Live {
        let series = Series { name, points: Vec::new(), kind: Kind::Line };
        let plot = Plot { is_index: true, ..Plot::of_series(vec![series]) };
        let curve =
            Curve { plot, style: Style::default(), id: None, drawn: None, is_behind: false };
        Live { curve: Box::new(Arc::new(Mutex::new(curve))) }
    }

    /// The title above the picture.
    pub fn title(self, title: impl Into<String>) -> Live {
        self.with_title(title.into())
    }

    /// What x counts.
    pub fn x_label(self, label: impl Into<String>) -> Live {
        self.with_x_label(label.into())
    }

    /// What y is.
    pub fn y_label(self, label: impl Into<String>) -> Live {
        self.with_y_label(label.into())
    }

    /// Equal distances along y for equal factors, as for a loss.
    pub fn log_y(self) -> Live {
        locked(self.curve.shared()).style.is_log_y = true;
        self
    }

    /// Adds the next value: a number, or a tensor of one element.
    ///
    /// # Errors
    ///
    /// If a tensor has more elements.
    pub fn push(&self, value: impl Number) -> Result<()> {
        self.add(None, value.number())
    }

    /// Adds a value to the curve of that name, above the last value of [`push`](Live::push), as for the loss of the
    /// validation data after each epoch.
    ///
    /// # Errors
    ///
    /// If a tensor has more elements.
    pub fn push_to(&self, name: &str, value: impl Number) -> Result<()> {
        self.add(Some(name), value.number())
    }

    // These are not generic, and so not compiled in a cell.
    fn with_title(self, title: String) -> Live {
        locked(self.curve.shared()).style.title = title;
        self
    }

    fn with_x_label(self, label: String) -> Live {
        locked(self.curve.shared()).style.x_label = label;
        self
    }

    fn with_y_label(self, label: String) -> Live {
        locked(self.curve.shared()).style.y_label = label;
        self
    }

    #[inline(never)]
    fn add(&self, name: Option<&str>, value: Result<f64>) -> Result<()> {
        rt::interrupt_point();
        let mut curve = locked(self.curve.shared());
        curve.add(name, value?);
        if curve.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            curve.draw();
        } else if !curve.is_behind {
            curve.is_behind = true;
            let curve = Arc::clone(self.curve.shared());
            rt::when_the_cell_ends(Box::new(move || {
                let mut curve = locked(&curve);
                if curve.is_behind {
                    curve.draw();
                }
            }));
        }
        Ok(())
    }

    /// The last expression of a cell: the curve is shown already, unless nothing was pushed.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        locked(self.curve.shared()).draw();
    }
}

impl Curve {
    fn add(&mut self, name: Option<&str>, value: f64) {
        let count = self.plot.series[0].points.len();
        let Some(name) = name.filter(|name| *name != self.plot.series[0].name) else {
            self.plot.series[0].points.push((count as f64, value));
            return;
        };
        let point = (count.saturating_sub(1) as f64, value);
        match self.plot.series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.points.push(point),
            None => {
                let name = name.to_owned();
                self.plot.series.push(Series { name, points: vec![point], kind: Kind::Line });
            }
        }
    }

    fn draw(&mut self) {
        self.is_behind = false;
        self.drawn = Some(Instant::now());
        if !display::is_seen() {
            return;
        }
        let told = self.plot.told(&self.style.title);
        let svg = draw::plot(&self.plot, &self.style, &told);
        let is_update = self.id.is_some();
        let id = self.id.get_or_insert_with(display::new_id);
        display::picture(Some(id), is_update, &svg, &told);
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.to_string()).finish()
    }
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = locked(self.curve.shared());
        f.write_str(&curve.plot.told(&curve.style.title))
    }
}
