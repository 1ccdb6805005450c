//! The writer of SVG: the frame that every picture has, and the few shapes that they are made of.
//!
//! A picture has no ids and no scripts, its colours are attributes, so that it is right where styles are dropped, and
//! one style turns its frame dark where the page is dark. The panel under it is opaque: text can be read on it whether
//! or not the browser's idea of the page's colours is right.

use std::fmt::{self, Write};

use super::color::{FRAME, LINES, PANEL, Pair};
use super::png::{Pixel, base64, encode};
use super::text::{coordinate, escaped};

const FONT: &str = "system-ui,-apple-system,'Segoe UI','Hiragino Sans','Noto Sans JP','Noto Sans CJK JP','Yu Gothic',Meiryo,sans-serif";

/// A picture that grows from its ground to its top.
#[derive(Debug)]
pub(super) struct Svg(String);

/// A coordinate on its way into the text.
pub(super) struct At(pub f64);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&coordinate(self.0))
    }
}

/// Where a text is tied to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle by its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn middle(&self) -> (f64, f64) {
        ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0)
    }

    pub fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

impl Svg {
    /// The ground of a picture, which `told` says in words.
    pub fn new(width: f64, height: f64, told: &str) -> Svg {
        let mut svg = Svg(String::new());
        let (wide, high) = (At(width), At(height));
        svg.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"akari-plot\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" role=\"img\" font-family=\"{FONT}\" font-size=\"12\" style=\"max-width:100%;height:auto\"><title>{}</title><style>{}</style>",
            escaped(told),
            style(),
        ));
        svg.put(format_args!(
            "<rect class=\"p\" width=\"{wide}\" height=\"{high}\" rx=\"4\" fill=\"{}\"/>",
            PANEL.0
        ));
        svg
    }

    pub fn finish(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }

    pub fn put(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(text);
    }

    /// A group of texts in one of the frame's colours, `t` or `s`.
    pub fn texts(&mut self, class: &str, size: f64, inside: impl FnOnce(&mut Svg)) {
        let color = FRAME.iter().find(|row| row.0 == class).map_or("", |row| row.2.0);
        self.put(format_args!("<g class=\"{class}\" fill=\"{color}\" font-size=\"{}\">", At(size)));
        inside(self);
        self.0.push_str("</g>");
    }

    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, more: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.put(format_args!(
            "<text x=\"{}\" y=\"{}\"{anchor}{more}>{}</text>",
            At(x),
            At(y),
            escaped(text)
        ));
    }

    /// Lines of the frame, in its colour `g` or `a`.
    pub fn rule(&mut self, class: &str, path: &str) {
        if path.is_empty() {
            return;
        }
        let color = FRAME.iter().find(|row| row.0 == class).map_or("", |row| row.2.0);
        self.put(format_args!(
            "<path class=\"{class}\" d=\"{path}\" fill=\"none\" stroke=\"{color}\"/>"
        ));
    }

    /// Pixels over an area, without anything between them.
    pub fn pixels(&mut self, area: Area, columns: usize, pixels: &[Pixel]) {
        if pixels.is_empty() {
            return;
        }
        self.put(format_args!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
            At(area.left), At(area.top), At(area.width()), At(area.height()), base64(&encode(columns, pixels)),
        ));
    }

    /// What `inside` draws, as far as it lies in the area; places stay those of the whole picture.
    pub fn clipped(&mut self, area: Area, inside: impl FnOnce(&mut Svg)) {
        let (x, y, width, height) =
            (At(area.left), At(area.top), At(area.width()), At(area.height()));
        self.put(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\" overflow=\"hidden\">"
        ));
        inside(self);
        self.0.push_str("</svg>");
    }
}

/// The style that turns the frame and what stands on the panel dark; the same in each picture, since it holds for all
/// of a page where pictures are part of it.
fn style() -> String {
    let mut style = "@media (prefers-color-scheme:dark){".to_owned();
    let mut rule = |class: &str, attribute: &str, color: &str| {
        style += &format!(".akari-plot .{class}{{{attribute}:{color}}}");
    };
    for (class, attribute, (_, dark)) in FRAME {
        rule(class, attribute, dark);
    }
    rule("r", "stroke", PANEL.1);
    for (number, (_, dark)) in LINES.iter().enumerate() {
        rule(&format!("l{number}"), "stroke", dark);
        rule(&format!("m{number}"), "fill", dark);
    }
    style + "}"
}

/// The attributes of a colour: on the panel it follows the page, on a fill it stays.
pub(super) fn painted(attribute: &str, color: Pair, is_on_panel: bool) -> String {
    let letter = if attribute == "stroke" { 'l' } else { 'm' };
    match LINES.iter().position(|line| *line == color) {
        Some(number) if is_on_panel => {
            format!(" class=\"{letter}{number}\" {attribute}=\"{}\"", color.0)
        }
        _ => format!(" {attribute}=\"{}\"", color.0),
    }
}
