//! Series on a picture: lines with their gaps, markers, and the marks of values that have no place.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::chart::{Kind, Series};
use super::color::{DASHES, Pair};
use super::svg::{Anchor, Area, At, Svg, painted};
use super::text::width;

/// A line of more points is drawn by the lowest and highest of each pixel's.
const MANY: usize = 2_000;
/// The colour of marks where a value is missing.
const ALARM: &str = "#D55E00";

/// How a series is drawn: all that its neighbours may do otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub color: Pair,
    pub number: usize,
    /// On a fill, lines have a white rim, and colours don't follow the page.
    pub is_on_panel: bool,
}

/// A point of a series, in pixels, or why it has no place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Placed {
    At(f64, f64),
    /// The place along x, and the value.
    Gap(f64, f64),
    Nowhere,
}

pub(super) fn line(svg: &mut Svg, placed: &[Placed], look: Look) {
    let mut path = String::new();
    let mut alone = Vec::new();
    for run in placed.split(|it| !matches!(it, Placed::At(..))) {
        let points = run.iter().filter_map(point).collect::<Vec<_>>();
        match points[..] {
            [] => {}
            [only] => alone.push(only),
            _ => {
                for (at, (x, y)) in thinned(points).into_iter().enumerate() {
                    let letter = if at == 0 { 'M' } else { 'L' };
                    let _ = write!(path, "{letter}{} {}", At(x), At(y));
                }
            }
        }
    }
    stroke(svg, &path, look);
    // A point without neighbours would be no line at all.
    markers(svg, &alone, look, 3.0);
}

/// A line in the look of a series.
pub(super) fn stroke(svg: &mut Svg, path: &str, look: Look) {
    if path.is_empty() {
        return;
    }
    let round = "fill=\"none\" stroke-linejoin=\"round\"";
    if !look.is_on_panel {
        svg.put(format_args!("<path d=\"{path}\" {round} stroke=\"#ffffff\" stroke-width=\"4\"/>"));
    }
    let dash = match DASHES[look.number % DASHES.len()] {
        _ if !look.is_on_panel => String::new(),
        "" => String::new(),
        dash => format!(" stroke-dasharray=\"{dash}\""),
    };
    let color = painted("stroke", look.color, look.is_on_panel);
    svg.put(format_args!("<path{color} d=\"{path}\" {round} stroke-width=\"2\"{dash}/>"));
}

/// A marker at each point: discs, triangles, squares, diamonds.
pub(super) fn markers(svg: &mut Svg, points: &[(f64, f64)], look: Look, size: f64) {
    if points.is_empty() {
        return;
    }
    let mut path = String::new();
    for (x, y) in points {
        let _ = match look.number % 4 {
            0 => write!(
                path,
                "M{} {}a{} {} 0 1 0 {} 0a{} {} 0 1 0 {} 0z",
                At(x - size),
                At(*y),
                At(size),
                At(size),
                At(2.0 * size),
                At(size),
                At(size),
                At(-2.0 * size)
            ),
            1 => write!(
                path,
                "M{} {}l{} {}h{}z",
                At(*x),
                At(y - size * 1.2),
                At(size * 1.2),
                At(size * 2.2),
                At(-size * 2.4)
            ),
            2 => write!(
                path,
                "M{} {}h{}v{}h{}z",
                At(x - size),
                At(y - size),
                At(2.0 * size),
                At(2.0 * size),
                At(-2.0 * size)
            ),
            _ => write!(
                path,
                "M{} {}l{} {}l{} {}l{} {}z",
                At(*x),
                At(y - size * 1.3),
                At(size * 1.3),
                At(size * 1.3),
                At(-size * 1.3),
                At(size * 1.3),
                At(-size * 1.3),
                At(-size * 1.3)
            ),
        };
    }
    let color = painted("fill", look.color, look.is_on_panel);
    let rim = if look.is_on_panel { " class=\"r\"" } else { "" };
    // The rim is a class of its own, so it stands on a group around the path.
    svg.put(format_args!(
        "<g{rim} stroke=\"#ffffff\" stroke-width=\"{}\"><path{color} d=\"{path}\"/></g>",
        At(if size < 2.5 { 0.3 } else { 0.8 })
    ));
}

/// A series of points or a path.
pub(super) fn series(svg: &mut Svg, series: &Series, placed: &[Placed], look: Look) {
    match series.kind {
        Kind::Line => line(svg, placed, look),
        Kind::Path => {
            line(svg, placed, look);
            markers(svg, &apart(placed.iter().filter_map(point)), look, 2.5);
        }
        Kind::Points => {
            let size = match placed.len() {
                0..300 => 3.5,
                300..MANY => 2.5,
                _ => 1.7,
            };
            markers(svg, &apart(placed.iter().filter_map(point)), look, size);
        }
    }
}

/// Bands and dashed lines where a line has no value, with the reason where there is room for it.
pub(super) fn gaps(svg: &mut Svg, area: Area, placed: &[Placed], labelled_to: &mut f64) {
    let mut runs: Vec<(f64, f64, f64)> = Vec::new();
    let mut is_open = false;
    for it in placed {
        match *it {
            Placed::Gap(x, value) if is_open => match runs.last_mut() {
                Some(run) if reason(run.2) == reason(value) => run.1 = x,
                _ => runs.push((x, x, value)),
            },
            Placed::Gap(x, value) => runs.push((x, x, value)),
            _ => {}
        }
        is_open = matches!(it, Placed::Gap(..));
    }
    let runs =
        runs.into_iter().filter(|run| run.1 >= area.left - 0.01 && run.0 <= area.right + 0.01);
    let mut path = String::new();
    let mut texts = Vec::new();
    for (from, to, value) in runs {
        let (from, to) = (from.max(area.left), to.min(area.right));
        if to - from > 1.0 {
            let band = Area { left: from, right: to, ..area };
            svg.put(format_args!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{ALARM}\" fill-opacity=\".12\"/>",
                At(band.left), At(band.top), At(band.width()), At(band.height()),
            ));
        }
        let half = width(reason(value), 11.0) / 2.0 + 2.0;
        let middle =
            ((from + to) / 2.0).clamp(area.left + half, (area.right - half).max(area.left + half));
        let has_text = middle - half >= *labelled_to;
        if has_text {
            *labelled_to = middle + half;
            texts.push((middle, reason(value)));
        }
        let mut edges = vec![from, to];
        edges.dedup_by(|to, from| *to - *from <= 1.0);
        for x in edges {
            // The line begins below a text that it would strike through.
            let is_struck = has_text && (x - middle).abs() < half;
            let top = area.top + if is_struck { 17.0 } else { 0.0 };
            let _ = write!(path, "M{} {}V{}", At(x), At(top), At(area.bottom));
        }
    }
    if !path.is_empty() {
        svg.put(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{ALARM}\" stroke-dasharray=\"2 2\"/>"
        ));
        svg.put(format_args!("<g font-size=\"11\" fill=\"{ALARM}\">"));
        for (x, text) in texts {
            svg.text((x, area.top + 12.0), Anchor::Middle, "", text);
        }
        svg.put(format_args!("</g>"));
    }
}

/// Why a value has no place, as it stands beside its mark.
pub(super) fn reason(value: f64) -> &'static str {
    match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "∞",
        f64::NEG_INFINITY => "−∞",
        _ => "≤ 0",
    }
}

fn point(placed: &Placed) -> Option<(f64, f64)> {
    match *placed {
        Placed::At(x, y) => Some((x, y)),
        _ => None,
    }
}

/// Points that a reader can tell apart, if there are many.
fn apart(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let points = points.collect::<Vec<_>>();
    if points.len() <= MANY {
        return points;
    }
    let mut known = BTreeSet::new();
    let is_new =
        |(x, y): &(f64, f64)| known.insert(((x * 2.0).round() as i64, (y * 2.0).round() as i64));
    points.into_iter().filter(is_new).collect()
}

/// Fewer points that make the same line.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= MANY {
        return points;
    }
    if points.windows(2).any(|two| two[0].0 > two[1].0) {
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for (x, y) in points {
            if kept.last().is_none_or(|last| (last.0 - x).hypot(last.1 - y) >= 0.5) {
                kept.push((x, y));
            }
        }
        return kept;
    }
    let mut kept = Vec::new();
    for column in points.chunk_by(|one, other| one.0.floor() == other.0.floor()) {
        let by = |best: fn(f64, f64) -> bool| {
            let places = 0..column.len();
            places
                .reduce(|one, other| if best(column[other].1, column[one].1) { other } else { one })
                .unwrap_or(0)
        };
        let mut places = [0, by(|a, b| a < b), by(|a, b| a > b), column.len() - 1];
        places.sort_unstable();
        for (at, place) in places.into_iter().enumerate() {
            if at == 0 || place != places[at - 1] {
                kept.push(column[place]);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_keep_the_peaks_of_each_pixel() {
        let points =
            (0..100_000).map(|n| (f64::from(n) / 200.0, if n == 54_321 { 9.0 } else { 1.0 }));
        let kept = thinned(points.collect());
        assert!(kept.len() <= 4 * 501, "{}", kept.len());
        assert!(kept.iter().any(|point| point.1 == 9.0));
        assert_eq!((kept[0].0, kept[kept.len() - 1].0), (0.0, 99_999.0 / 200.0));
        let circle =
            (0..10_000).map(|n| f64::from(n) / 100.0).map(|n| (9.0 * n.cos(), 9.0 * n.sin()));
        assert!(thinned(circle.collect()).len() < 10_000);
    }

    #[test]
    fn a_gap_has_its_reason() {
        let area = Area { left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };
        let mut svg = Svg::new(1.0, 1.0, "");
        let placed = [
            Placed::At(0.0, 1.0),
            Placed::Gap(20.0, f64::NAN),
            Placed::Gap(30.0, f64::NAN),
            Placed::At(40.0, 1.0),
            Placed::Gap(80.0, f64::INFINITY),
        ];
        let mut labelled_to = f64::NEG_INFINITY;
        gaps(&mut svg, area, &placed, &mut labelled_to);
        let text = svg.finish();
        assert!(text.contains("width=\"10\" height=\"50\""), "{text}");
        assert!(text.contains("M20 17V50M30 17V50M80 17V50"), "{text}");
        assert!(text.contains(">NaN</text>") && text.contains(">∞</text>"), "{text}");
    }
}
