//! A plot as SVG: the frame with its texts, and what stands in it, from the ground to the top.

use std::fmt::Write;

use super::chart::{Kind, Plot, Series};
use super::color::{LINES, text_on};
use super::layout::{Layout, TICK};
use super::legend::Key;
use super::marks::{self, Look, Placed};
use super::style::{Legend, Style};
use super::svg::{Anchor, Area, At, Svg, painted};
use super::text::{brief, shortened, width};

/// The plot as SVG.
pub(super) fn plot(plot: &Plot, style: &Style, told: &str) -> String {
    let key = Key::of(plot, style.legend);
    let (layout, legend) = placed_legend(plot, style, key.as_ref());
    let mut svg = Svg::new(layout.size.0, layout.size.1, told);
    if plot.fill.is_none() {
        grid(&mut svg, plot, &layout);
    }
    let reaches_out = reaches_out(plot, &layout);
    match reaches_out {
        true => svg.clipped(layout.area, |svg| contents(svg, plot, &layout)),
        false => contents(&mut svg, plot, &layout),
    }
    frame(&mut svg, plot, &layout);
    if let Some(key) = &key {
        key.draw(&mut svg, plot, &layout, legend);
    }
    svg.finish()
}

/// The layout, and where the legend is in it.
fn placed_legend(plot: &Plot, style: &Style, key: Option<&Key>) -> (Layout, Legend) {
    let beside = |key: &Key| (Layout::new(plot, style, Some(key.width())), Legend::Beside);
    match (key, style.legend) {
        (None, _) => (Layout::new(plot, style, None), Legend::None),
        (Some(key), Legend::Beside) => beside(key),
        (Some(key), Legend::Auto) if plot.fill.is_some() => beside(key),
        (Some(key), Legend::Auto) => {
            let layout = Layout::new(plot, style, None);
            match key.free_corner(layout.area, &inked(plot, &layout)) {
                Some(corner) => (layout, corner),
                None => beside(key),
            }
        }
        (Some(_), corner) => (Layout::new(plot, style, None), corner),
    }
}

/// Points all along the lines, and the markers: what a legend should not cover.
fn inked(plot: &Plot, layout: &Layout) -> Vec<(f64, f64)> {
    let mut inked = Vec::new();
    for series in &plot.series {
        let mut before: Option<(f64, f64)> = None;
        for placed in placed(series, layout) {
            let Placed::At(x, y) = placed else {
                before = None;
                continue;
            };
            if let Some((from_x, from_y)) = before.filter(|_| series.kind != Kind::Points) {
                let steps = (x - from_x).hypot(y - from_y) / 6.0;
                for step in 1..(steps as usize).min(300) {
                    let share = step as f64 / steps;
                    inked.push((from_x + (x - from_x) * share, from_y + (y - from_y) * share));
                }
            }
            inked.push((x, y));
            before = Some((x, y));
        }
    }
    inked
}

fn placed(series: &Series, layout: &Layout) -> Vec<Placed> {
    let place = |(x, y): &(f64, f64)| match (layout.place_x(*x), layout.place_y(*y)) {
        (Some(x), Some(y)) => Placed::At(x, y),
        (Some(x), None) => Placed::Gap(x, *y),
        (None, _) => Placed::Nowhere,
    };
    series.points.iter().map(place).collect()
}

/// Whether something lies outside of the axes, which a range that was asked for can bring about.
fn reaches_out(plot: &Plot, layout: &Layout) -> bool {
    let is_out = |(x, y): &(f64, f64)| {
        let out = |axis: &super::scale::Axis, value: f64| {
            axis.place(value).is_some() && !axis.holds(value)
        };
        out(&layout.x, *x) || out(&layout.y, *y)
    };
    let bars = plot.bars.iter().flat_map(|bar| [(bar.from, bar.height), (bar.to, bar.height)]);
    let fill =
        plot.fill.iter().flat_map(|fill| [(fill.x.from, fill.y.from), (fill.x.to, fill.y.to)]);
    plot.series.iter().flat_map(|series| &series.points).any(is_out)
        || bars.chain(fill).any(|it| is_out(&it))
}

fn grid(svg: &mut Svg, plot: &Plot, layout: &Layout) {
    let area = layout.area;
    let mut path = String::new();
    if plot.x_names.is_empty() && plot.bars.is_empty() {
        for x in layout.x_ticks.marks.iter().filter_map(|mark| layout.place_x(mark.0)) {
            let _ = write!(path, "M{} {}V{}", At(x), At(area.top), At(area.bottom));
        }
    }
    for y in layout.y_ticks.marks.iter().filter_map(|mark| layout.place_y(mark.0)) {
        let _ = write!(path, "M{} {}H{}", At(area.left), At(y), At(area.right));
    }
    svg.rule("g", &path);
    if plot.has_zero_lines {
        let mut path = String::new();
        if let Some(x) = layout.place_x(0.0).filter(|_| layout.x.holds(0.0)) {
            let _ = write!(path, "M{} {}V{}", At(x), At(area.top), At(area.bottom));
        }
        if let Some(y) = layout.place_y(0.0).filter(|_| layout.y.holds(0.0)) {
            let _ = write!(path, "M{} {}H{}", At(area.left), At(y), At(area.right));
        }
        svg.rule("a", &path);
    }
}

fn contents(svg: &mut Svg, plot: &Plot, layout: &Layout) {
    fill(svg, plot, layout);
    bars(svg, plot, layout);
    let all = plot.series.iter().map(|series| placed(series, layout)).collect::<Vec<_>>();
    let mut labelled_to = f64::NEG_INFINITY;
    for (series, placed) in plot.series.iter().zip(&all) {
        if series.kind != Kind::Points {
            marks::gaps(svg, layout.area, placed, &mut labelled_to);
        }
    }
    for (number, (series, placed)) in plot.series.iter().zip(&all).enumerate() {
        let look = Look { color: plot.color(number), number, is_on_panel: plot.fill.is_none() };
        marks::series(svg, series, placed, look);
    }
}

fn fill(svg: &mut Svg, plot: &Plot, layout: &Layout) {
    let Some(fill) = &plot.fill else { return };
    let at = |value: f64, place: Option<f64>| place.unwrap_or(value);
    let (left, right) = (layout.place_x(fill.x.from), layout.place_x(fill.x.to));
    let (bottom, top) = (layout.place_y(fill.y.from), layout.place_y(fill.y.to));
    let own = layout.area;
    let area = Area {
        left: at(own.left, left),
        right: at(own.right, right),
        top: at(own.top, top),
        bottom: at(own.bottom, bottom),
    };
    svg.pixels(area, fill.columns, &fill.pixels);
    if fill.numbers.is_empty() {
        return;
    }
    let rows = fill.numbers.len() / fill.columns.max(1);
    let (wide, high) = (area.width() / fill.columns as f64, area.height() / rows as f64);
    let texts = fill.numbers.iter().map(|number| number_in_cell(*number)).collect::<Vec<_>>();
    let widest = texts.iter().map(|text| width(text, 1.0)).fold(0.0, f64::max);
    let size = ((wide - 4.0) / widest).min(high * 0.6).min(12.0);
    if size < 6.0 {
        return;
    }
    svg.put(format_args!("<g font-size=\"{}\">", At(size)));
    for (at, text) in texts.iter().enumerate() {
        let pixel = fill.pixels[at];
        let place = (
            area.left + ((at % fill.columns) as f64 + 0.5) * wide,
            area.top + ((at / fill.columns) as f64 + 0.5) * high + size * 0.36,
        );
        let paint = match (fill.numbers[at], pixel[3]) {
            // What is missing stands on the panel.
            (_, 0) => " fill=\"#D55E00\"".to_owned(),
            (0.0, _) if text_on(pixel) != "#ffffff" => " fill=\"#6e7b87\"".to_owned(),
            _ => format!(" fill=\"{}\"", text_on(pixel)),
        };
        svg.text(place, Anchor::Middle, &paint, text);
    }
    svg.put(format_args!("</g>"));
}

/// A number in a few letters, as there is room for in a cell.
fn number_in_cell(value: f64) -> String {
    let text = brief(value);
    if text.len() <= 5 || value.fract() == 0.0 {
        return if value.is_nan() { "NaN".to_owned() } else { text.replace('-', "−") };
    }
    let size = value.abs();
    let text = match size {
        100.0..1e6 => format!("{value:.0}"),
        0.01..100.0 => format!("{value:.2}"),
        _ => format!("{value:.0e}"),
    };
    text.replace('-', "−")
}

fn bars(svg: &mut Svg, plot: &Plot, layout: &Layout) {
    if plot.bars.is_empty() {
        return;
    }
    let zero = layout
        .place_y(0.0)
        .unwrap_or(layout.area.bottom)
        .clamp(layout.area.top, layout.area.bottom);
    let mut path = String::new();
    let mut texts = Vec::new();
    for bar in &plot.bars {
        let (Some(left), Some(right)) = (layout.place_x(bar.from), layout.place_x(bar.to)) else {
            continue;
        };
        let middle = (left + right) / 2.0;
        if !(layout.area.left..=layout.area.right).contains(&middle) {
            continue;
        }
        let Some(top) = layout.place_y(bar.height) else {
            // A range that nothing lies in has no bar, on whichever axis.
            if bar.height != 0.0 || !plot.x_names.is_empty() {
                texts.push((middle, zero - 5.0, marks::reason(bar.height).to_owned(), true));
            }
            continue;
        };
        if bar.height != 0.0 {
            let _ =
                write!(path, "M{} {}V{}H{}V{}z", At(left), At(zero), At(top), At(right), At(zero));
        }
        let above = if bar.height < 0.0 { top + 13.0 } else { top - 5.0 };
        // A bar may end outside of the axis.
        let above = above.clamp(layout.area.top - 5.0, layout.area.bottom + 13.0);
        texts.push((middle, above, number_in_cell(bar.height), false));
    }
    svg.put(format_args!(
        "<g class=\"r\" stroke=\"#ffffff\" stroke-width=\"0.8\"><path{} d=\"{path}\"/></g>",
        painted("fill", LINES[0], true)
    ));
    let room = plot.bars.iter().map(|bar| layout.x.place(bar.to).zip(layout.x.place(bar.from)));
    let room = room
        .flatten()
        .map(|(to, from)| (to - from).abs() * layout.area.width())
        .fold(f64::INFINITY, f64::min);
    let widest = texts.iter().map(|text| width(&text.2, TICK)).fold(0.0, f64::max);
    let has_numbers = !plot.x_names.is_empty() && widest <= room + 8.0;
    svg.texts("s", TICK, |svg| {
        for (x, y, text, is_missing) in texts {
            let paint = if is_missing { " fill=\"#D55E00\"" } else { "" };
            if is_missing || has_numbers {
                svg.text((x, y), Anchor::Middle, paint, &text);
            }
        }
    });
}

/// Axes, ticks, labels, title, and the scale of a fill.
fn frame(svg: &mut Svg, plot: &Plot, layout: &Layout) {
    let area = layout.area;
    let is_matrix = plot.fill.as_ref().is_some_and(|fill| fill.is_square);
    if !is_matrix {
        svg.rule(
            "a",
            &format!("M{} {}V{}H{}", At(area.left), At(area.top), At(area.bottom), At(area.right)),
        );
    }
    if plot.bars.iter().any(|bar| bar.height < 0.0) && layout.y.holds(0.0) {
        let zero = layout.place_y(0.0).unwrap_or(area.bottom);
        svg.rule("a", &format!("M{} {}H{}", At(area.left), At(zero), At(area.right)));
    }
    svg.texts("s", TICK, |svg| ticks(svg, layout));
    scale(svg, plot, layout);
    svg.texts("t", 12.0, |svg| labels(svg, layout));
}

fn ticks(svg: &mut Svg, layout: &Layout) {
    let area = layout.area;
    for (value, text) in &layout.x_ticks.marks {
        let Some(x) = layout.place_x(*value) else { continue };
        if layout.is_aslant {
            let text = shortened(text, TICK, layout.size.1 * 0.6);
            let turn =
                format!(" transform=\"rotate(-40 {} {})\"", At(x + 4.0), At(area.bottom + 14.0));
            svg.text((x + 4.0, area.bottom + 14.0), Anchor::End, &turn, &text);
        } else {
            svg.text((x, area.bottom + 16.0), Anchor::Middle, "", text);
        }
    }
    for (value, text) in &layout.y_ticks.marks {
        let Some(y) = layout.place_y(*value) else { continue };
        let text = shortened(text, TICK, layout.size.0 * 0.4);
        svg.text((area.left - 6.0, y + 4.0), Anchor::End, "", &text);
    }
    if let Some(offset) = &layout.x_ticks.offset {
        svg.text((area.right, area.bottom + 31.0), Anchor::End, "", offset);
    }
    if let Some(offset) = &layout.y_ticks.offset {
        svg.text((area.left, area.top - 4.0), Anchor::Start, "", offset);
    }
    if !layout.note.is_empty() {
        svg.text((area.right, area.top - 4.0), Anchor::End, " fill=\"#D55E00\"", &layout.note);
    }
}

fn labels(svg: &mut Svg, layout: &Layout) {
    let (x, y) = layout.area.middle();
    let bold = " font-size=\"15\" font-weight=\"600\"";
    // In the middle of the area, or of the picture where that would cut it off.
    let widest = layout.title.iter().map(|line| width(line, 15.0 * 1.06)).fold(0.0, f64::max);
    let half = widest / 2.0 + 8.0;
    let middle = match x - half >= 0.0 && x + half <= layout.size.0 {
        true => x,
        false => layout.size.0 / 2.0,
    };
    for (line, text) in layout.title.iter().enumerate() {
        svg.text((middle, 22.0 + 19.5 * line as f64), Anchor::Middle, bold, text);
    }
    let bottom = layout.size.1 - 10.0;
    for (line, text) in layout.x_label.iter().rev().enumerate() {
        svg.text((x, bottom - 15.6 * line as f64), Anchor::Middle, "", text);
    }
    for (line, text) in layout.y_label.iter().enumerate() {
        let left = 18.0 + 15.6 * line as f64;
        let turn = format!(" transform=\"rotate(-90 {} {})\"", At(left), At(y));
        svg.text((left, y), Anchor::Middle, &turn, text);
    }
}

/// The strip that says what the colours of a fill mean.
fn scale(svg: &mut Svg, plot: &Plot, layout: &Layout) {
    let Some(scale) = plot.fill.as_ref().and_then(|fill| fill.scale.as_ref()) else { return };
    let Area { top, bottom, right, .. } = layout.area;
    let strip = Area { left: right + 14.0, right: right + 26.0, top, bottom };
    svg.pixels(strip, 1, &scale.pixels.iter().rev().copied().collect::<Vec<_>>());
    svg.texts("s", TICK, |svg| {
        for (place, text) in &scale.marks {
            let y = bottom - place * (bottom - top);
            svg.text((strip.right + 5.0, y + 4.0), Anchor::Start, "", text);
        }
    });
}
