//! Pictures of pixels in rows and columns, with their names above them, as SVG.

use super::chart::Sheet;
use super::style::Style;
use super::svg::{Anchor, Area, Svg};
use super::text::{shortened, width, wrapped};

const EDGE: f64 = 10.0;
const GAP: f64 = 8.0;
const LABEL: f64 = 11.0;

/// The sheet as SVG.
pub(super) fn draw(sheet: &Sheet, style: &Style, told: &str) -> String {
    let columns = sheet.columns.min(sheet.pictures.len()).max(1);
    let rows = sheet.pictures.len().div_ceil(columns);
    let (wide, high) =
        sheet.pictures.first().map_or((1.0, 1.0), |it| (it.width as f64, it.height() as f64));
    let (wide, high) = (wide.max(1.0), high.max(1.0));
    // So wide that a row is as wide as other pictures are, in whole pixels for each pixel where there is room for that.
    let page = style.size.map_or(560.0, |size| size.0) - 2.0 * EDGE;
    let room = (page - GAP * (columns - 1) as f64) / columns as f64;
    let most = if columns == 1 { 320.0 } else { 140.0 };
    let fit = (room / wide).min(most / wide.max(high)).max(4.0 / wide.max(high));
    let scale = if fit >= 1.0 { fit.floor() } else { fit };
    let (wide, high) = (wide * scale, high * scale);

    let label = if sheet.labels.is_empty() { 0.0 } else { LABEL * 1.4 };
    let all = wide * columns as f64 + GAP * (columns - 1) as f64;
    let lines = wrapped(&style.title, 16.0, (all + 2.0 * EDGE).max(360.0) - 2.0 * EDGE);
    let title = lines.iter().map(|line| width(line, 16.0)).fold(0.0, f64::max);
    let top = EDGE + lines.len() as f64 * 19.5 + if lines.is_empty() { 0.0 } else { 4.0 };
    let picture =
        (all.max(title) + 2.0 * EDGE, top + (high + label + GAP) * rows as f64 - GAP + EDGE);
    let left = (picture.0 - all) / 2.0;
    let place = |at: usize| {
        let (column, row) = ((at % columns) as f64, (at / columns) as f64);
        (left + column * (wide + GAP), top + label + row * (high + label + GAP))
    };

    let mut svg = Svg::new(picture.0, picture.1.max(2.0 * EDGE), told);
    svg.texts("t", LABEL, |svg| {
        for (line, text) in lines.iter().enumerate() {
            let bold = " font-size=\"15\" font-weight=\"600\"";
            svg.text((picture.0 / 2.0, 22.0 + 19.5 * line as f64), Anchor::Middle, bold, text);
        }
        for (at, text) in sheet.labels.iter().enumerate() {
            let (x, y) = place(at);
            svg.text(
                (x + wide / 2.0, y - 4.0),
                Anchor::Middle,
                "",
                &shortened(text, LABEL, wide + GAP - 2.0),
            );
        }
    });
    for (at, bitmap) in sheet.pictures.iter().enumerate() {
        let (x, y) = place(at);
        svg.pixels(
            Area { left: x, top: y, right: x + wide, bottom: y + high },
            bitmap.width,
            &bitmap.pixels,
        );
    }
    svg.finish()
}
