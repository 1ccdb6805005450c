//! Where everything of a plot stands: axes, ticks, and the area between the texts around it, none of which is clipped.

use super::chart::{Kind, Plot};
use super::scale::{Axis, Ticks};
use super::style::Style;
use super::svg::Area;
use super::text::{width, wrapped};

/// Free at the edges of the picture.
const EDGE: f64 = 10.0;
const TITLE: f64 = 15.0;
const LABEL: f64 = 12.0;
pub(super) const TICK: f64 = 11.0;
/// The distance of lines of text, in parts of their size.
const LEADING: f64 = 1.3;

/// Everything that is decided before something is drawn.
#[derive(Debug)]
pub(super) struct Layout {
    pub size: (f64, f64),
    pub area: Area,
    pub x: Axis,
    pub y: Axis,
    pub x_ticks: Ticks,
    pub y_ticks: Ticks,
    /// Whether the names along x are written aslant, as they would not fit side by side.
    pub is_aslant: bool,
    pub title: Vec<String>,
    pub x_label: Vec<String>,
    pub y_label: Vec<String>,
    /// What could not be drawn, in words.
    pub note: String,
    /// Where the legend begins if it stands beside the area.
    pub legend_left: f64,
}

impl Layout {
    /// The layout with room for a legend of this width beside the area, or none.
    pub fn new(plot: &Plot, style: &Style, beside: Option<f64>) -> Layout {
        let (wide, high) = style.size.unwrap_or(plot.size);
        let (x, y) = axes(plot, style);
        let or =
            |own: &str, other: &str| if own.is_empty() { other.to_owned() } else { own.to_owned() };
        let note = note(plot, &x, &y);
        let mut layout = Layout {
            size: (wide, high),
            area: Area { left: 60.0, top: 30.0, right: wide - 20.0, bottom: high - 40.0 },
            x,
            y,
            x_ticks: Ticks::default(),
            y_ticks: Ticks::default(),
            is_aslant: false,
            title: wrapped(&or(&style.title, &plot.title), TITLE * 1.06, wide - 2.0 * EDGE),
            x_label: Vec::new(),
            y_label: Vec::new(),
            note,
            legend_left: 0.0,
        };
        let labels = (or(&style.x_label, &plot.x_label), or(&style.y_label, &plot.y_label));
        // How wide the ticks of y are depends on the height that those of x leave, and the other way round.
        for _ in 0..3 {
            layout.settle(plot, &labels, beside);
        }
        if plot.fill.as_ref().is_some_and(|fill| fill.is_square) {
            layout.square(style.size.is_some());
        }
        layout
    }

    fn settle(&mut self, plot: &Plot, labels: &(String, String), beside: Option<f64>) {
        let (wide, high) = self.size;
        self.x_label = wrapped(&labels.0, LABEL, self.area.width().max(60.0));
        self.y_label = wrapped(&labels.1, LABEL, self.area.height().max(60.0));
        self.y_ticks = match &plot.y_names[..] {
            [] => self.y.ticks((self.area.height() / 46.0).max(2.0), false),
            names => named(names),
        };
        self.x_ticks = match &plot.x_names[..] {
            [] => self.number_ticks(plot.is_index),
            names => named(names),
        };
        let widest =
            |ticks: &Ticks| ticks.marks.iter().map(|mark| width(&mark.1, TICK)).fold(0.0, f64::max);
        let (x_widest, y_widest) = (widest(&self.x_ticks), widest(&self.y_ticks).min(wide * 0.4));
        let slot = self.area.width() / plot.x_names.len().max(1) as f64;
        self.is_aslant = !plot.x_names.is_empty() && x_widest + 4.0 > slot;
        let lines = |lines: &[String], size: f64| lines.len() as f64 * size * LEADING;

        let has_top_line = self.y_ticks.offset.is_some() || !self.note.is_empty();
        let scale = plot.fill.as_ref().and_then(|fill| fill.scale.as_ref());
        let beside_ticks = scale.map_or(0.0, |scale| {
            let widest = scale.marks.iter().map(|mark| width(&mark.1, TICK)).fold(0.0, f64::max);
            14.0 + 12.0 + 5.0 + widest
        });
        self.area.top =
            EDGE + lines(&self.title, TITLE) + if self.title.is_empty() { 0.0 } else { 4.0 };
        self.area.top += if has_top_line { 14.0 } else { 0.0 };
        let below = match self.is_aslant {
            // The sine of the angle at which they stand, 40 degrees.
            true => 12.0 + (x_widest * 0.643).min(high * 0.4),
            false => 20.0,
        };
        let has_offset = self.x_ticks.offset.is_some() && self.x_label.is_empty();
        let label = lines(&self.x_label, LABEL) + if self.x_label.is_empty() { 0.0 } else { 4.0 };
        self.area.bottom = high - 6.0 - below - label - if has_offset { 15.0 } else { 0.0 };
        self.area.left = EDGE + lines(&self.y_label, LABEL) + y_widest + 8.0;
        let last = self.x_ticks.marks.last().map_or(0.0, |mark| width(&mark.1, TICK) / 2.0);
        let edge = if plot.x_names.is_empty() { last.max(EDGE) } else { EDGE };
        let legend = beside.map_or(0.0, |wide| wide + 10.0);
        self.area.right = wide - edge.max(6.0) - beside_ticks - legend;
        if self.is_aslant {
            // The first name reaches to the left of the area.
            let first = self.x_ticks.marks.first().map_or(0.0, |mark| width(&mark.1, TICK) * 0.766);
            self.area.left = self.area.left.max(first - slot / 2.0 + EDGE);
        }
        // However small the picture: an area remains.
        self.area.right = self.area.right.max(self.area.left + 20.0);
        self.area.bottom = self.area.bottom.max(self.area.top + 20.0);
        self.legend_left = self.area.right + beside_ticks + 10.0;
    }

    /// Ticks whose texts stand apart.
    fn number_ticks(&self, is_index: bool) -> Ticks {
        let wide = self.area.width();
        let mut most = (wide / 72.0).max(2.0);
        loop {
            let ticks = self.x.ticks(most, is_index);
            let place = |value| self.x.place(value).unwrap_or(0.0) * wide;
            let is_crowded = ticks.marks.windows(2).any(|two| {
                let room = (place(two[1].0) - place(two[0].0)).abs();
                room < (width(&two[0].1, TICK) + width(&two[1].1, TICK)) / 2.0 + 8.0
            });
            if !is_crowded || most < 1.5 {
                return ticks;
            }
            most *= 0.75;
        }
    }

    /// Cells as wide as they are high: the area shrinks, and the picture with it unless its size was asked for.
    fn square(&mut self, is_size_asked: bool) {
        let (columns, rows) = ((self.x.high - self.x.low).abs(), (self.y.high - self.y.low).abs());
        if !(0.1..=10.0).contains(&(columns / rows)) {
            return;
        }
        let cell = (self.area.width() / columns).min(self.area.height() / rows).min(64.0);
        let spare = (self.area.width() - cell * columns, self.area.height() - cell * rows);
        self.area.right -= spare.0;
        self.area.bottom -= spare.1;
        self.legend_left -= spare.0;
        if !is_size_asked {
            // Never narrower than the title or the label.
            let texts =
                self.title.iter().map(|line| width(line, TITLE * 1.06)).fold(120.0, f64::max);
            self.size.0 = (self.size.0 - spare.0).max(texts + 2.0 * EDGE).min(self.size.0);
            self.size.1 -= spare.1;
        }
    }

    pub fn place_x(&self, value: f64) -> Option<f64> {
        self.x.place(value).map(|place| self.area.left + place * self.area.width())
    }

    pub fn place_y(&self, value: f64) -> Option<f64> {
        self.y.place(value).map(|place| self.area.bottom - place * self.area.height())
    }
}

/// The axes that the plot needs, or that its style asks for.
fn axes(plot: &Plot, style: &Style) -> (Axis, Axis) {
    let points = || plot.series.iter().flat_map(|series| &series.points);
    let bars = || plot.bars.iter();
    let is_tight = plot.series.iter().all(|series| series.kind == Kind::Line);
    let given_x = style.x_range.or(plot.fill.as_ref().map(|fill| fill.x));
    let x = match given_x {
        Some(span) => Axis::between(span.from, span.to, style.is_log_x),
        None if plot.bars.is_empty() => Axis::around(
            points().map(|point| point.0),
            style.is_log_x,
            if is_tight { 0.0 } else { 0.04 },
        ),
        None => Axis::around(bars().flat_map(|bar| [bar.from, bar.to]), style.is_log_x, 0.02),
    };
    let given_y = style.y_range.or(plot.fill.as_ref().map(|fill| fill.y));
    let y = match given_y {
        Some(span) => Axis::between(span.from, span.to, style.is_log_y),
        None if plot.bars.is_empty() => {
            Axis::around(points().map(|point| point.1), style.is_log_y, 0.04)
        }
        None => of_bars(plot, style.is_log_y),
    };
    (x, y)
}

/// Bars stand on zero, where there is one.
fn of_bars(plot: &Plot, is_log: bool) -> Axis {
    let heights = plot.bars.iter().map(|bar| bar.height);
    if is_log {
        return Axis::around(heights, true, 0.08);
    }
    let axis = Axis::around(heights.chain([0.0]), false, 0.08);
    let is_finite = |bar: &&super::chart::Bar| bar.height.is_finite();
    let has = |is: fn(f64) -> bool| plot.bars.iter().filter(is_finite).any(|bar| is(bar.height));
    Axis {
        low: if has(|height| height < 0.0) { axis.low } else { 0.0 },
        high: if has(|height| height > 0.0) || !has(|height| height < 0.0) {
            axis.high
        } else {
            0.0
        },
        ..axis
    }
}

/// Names in the middles of units.
fn named(names: &[String]) -> Ticks {
    let mark = |(at, name): (usize, &String)| (at as f64 + 0.5, name.clone());
    Ticks { marks: names.iter().enumerate().map(mark).collect(), offset: None }
}

/// What has no place at all and no mark of its own, counted.
fn note(plot: &Plot, x: &Axis, y: &Axis) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut count = |value: f64| {
        let reason = super::marks::reason(value);
        match counts.iter_mut().find(|known| known.0 == reason) {
            Some(known) => known.1 += 1,
            None => counts.push((reason, 1)),
        }
    };
    for series in &plot.series {
        for (at, height) in &series.points {
            if x.place(*at).is_none() {
                count(*at);
            } else if series.kind == Kind::Points && y.place(*height).is_none() {
                count(*height);
            }
        }
    }
    if let Some(fill) = &plot.fill {
        let missing = fill.pixels.iter().filter(|pixel| pixel[3] == 0).count();
        (0..missing).for_each(|_| count(f64::NAN));
    }
    counts.iter().map(|(reason, count)| format!("{reason}: {count}")).collect::<Vec<_>>().join("  ")
}
