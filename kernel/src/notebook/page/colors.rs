//! A terminal's colours as HTML, readable on light and on dark pages.

use std::fmt::Write;

use console::AnsiCodeIterator;

use super::escaped;

type Color = [u8; 3];

/// The sixteen colours that have names.
const NAMED: [Color; 16] = [
    [60, 60, 60],
    [190, 30, 30],
    [20, 120, 40],
    [140, 100, 0],
    [30, 80, 200],
    [150, 40, 150],
    [0, 120, 130],
    [110, 110, 110],
    [100, 100, 100],
    [220, 50, 40],
    [30, 140, 60],
    [160, 120, 0],
    [60, 110, 230],
    [180, 70, 180],
    [0, 140, 150],
    [140, 140, 140],
];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    is_bold: bool,
    is_dim: bool,
    front: Option<Color>,
    back: Option<Color>,
}

/// The text as HTML.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut look = Look::default();
    for (part, is_code) in AnsiCodeIterator::new(text) {
        if is_code {
            let codes = part.strip_prefix("\x1b[").and_then(|it| it.strip_suffix('m'));
            codes.into_iter().for_each(|codes| look.apply(codes));
        } else if !part.is_empty() {
            look.write(&mut out, part);
        }
    }
    out
}

impl Look {
    fn apply(&mut self, codes: &str) {
        let mut codes = codes.split([';', ':']).map(|code| code.parse::<u8>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Look::default(),
                1 => self.is_bold = true,
                2 => self.is_dim = true,
                22 => (self.is_bold, self.is_dim) = (false, false),
                30..=37 => self.front = Some(NAMED[usize::from(code - 30)]),
                90..=97 => self.front = Some(NAMED[usize::from(code - 82)]),
                40..=47 => self.back = Some(NAMED[usize::from(code - 40)]),
                100..=107 => self.back = Some(NAMED[usize::from(code - 92)]),
                38 => self.front = extended(&mut codes),
                48 => self.back = extended(&mut codes),
                39 => self.front = None,
                49 => self.back = None,
                _ => {}
            }
        }
    }

    fn write(self, out: &mut String, text: &str) {
        let text = escaped(text);
        let mut style = String::new();
        match (self.front, self.back) {
            // A colour on the page's own ground is moved until it can be read there.
            (Some(front), None) => {
                let (light, dark) = (on_light(front), on_dark(front));
                let _ = write!(style, "color:light-dark({},{})", hex(light), hex(dark));
            }
            (front, Some(back)) => {
                let front = front.unwrap_or(if light_of(back) > 0.18 { [0; 3] } else { [255; 3] });
                let _ = write!(style, "color:{};background:{}", hex(front), hex(back));
            }
            (None, None) if self.is_dim => style.push_str("opacity:.75"),
            (None, None) => {}
        }
        let (begin, end) = if self.is_bold { ("<b>", "</b>") } else { ("", "") };
        let _ = match style.is_empty() {
            true => write!(out, "{begin}{text}{end}"),
            false => write!(out, "{begin}<span style=\"{style}\">{text}</span>{end}"),
        };
    }
}

/// The colour behind `38` or `48`: `5;n` of the table of 256, or `2;r;g;b`.
fn extended(codes: &mut impl Iterator<Item = u8>) -> Option<Color> {
    match codes.next()? {
        5 => Some(match codes.next()? {
            named @ 0..16 => NAMED[usize::from(named)],
            cube @ 16..232 => {
                let step = |of: u8| if of == 0 { 0 } else { 55 + 40 * of };
                let cube = cube - 16;
                [step(cube / 36), step(cube / 6 % 6), step(cube % 6)]
            }
            grey => [8 + 10 * (grey - 232); 3],
        }),
        2 => Some([codes.next()?, codes.next()?, codes.next()?]),
        _ => None,
    }
}

fn hex([red, green, blue]: Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Relative luminance, as WCAG has it.
fn light_of(color: Color) -> f64 {
    let linear = color.map(|it| match f64::from(it) / 255.0 {
        it if it <= 0.04045 => it / 12.92,
        it => ((it + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// The colour, darkened until it has WCAG's contrast of 4.5 on the light page's grounds.
fn on_light(color: Color) -> Color {
    let darker = |color: &Color| Some(color.map(|it| (f64::from(it) * 0.9) as u8));
    let mut tries = std::iter::successors(Some(color), darker).take(40);
    tries.find(|it| light_of(*it) < 0.13).unwrap_or([0; 3])
}

/// The colour, lightened likewise for the dark page's.
fn on_dark(color: Color) -> Color {
    let lighter = |color: &Color| {
        Some(color.map(|it| (f64::from(it) + (255.0 - f64::from(it)) * 0.1).ceil() as u8))
    };
    let mut tries = std::iter::successors(Some(color), lighter).take(40);
    tries.find(|it| light_of(*it) > 0.30).unwrap_or([255; 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_elements() {
        assert_eq!(html("a\x1b[1mb\x1b[0m<c>"), "a<b>b</b>&lt;c&gt;");
        assert_eq!(html("\x1b[2J\x1b[99;200mx"), "x");
        assert_eq!(
            html("\x1b[1;38;5;231;48;5;124mE\x1b[0m"),
            "<b><span style=\"color:#ffffff;background:#af0000\">E</span></b>"
        );
        assert!(html("\x1b[38;5;249mgrey").starts_with("<span style=\"color:light-dark(#"));
    }

    /// The grounds are those of style.css: the darkest of the light page, the lightest of the dark one.
    #[test]
    fn every_colour_can_be_read_on_both_pages() {
        let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        let (light, dark) = (light_of([0xfd, 0xee, 0xee]), light_of([0x3a, 0x22, 0x24]));
        for code in 0..=255_u8 {
            let color = extended(&mut [5, code].into_iter());
            let color = color.unwrap_or_default();
            let on_light = contrast(light_of(on_light(color)), light);
            let on_dark = contrast(light_of(on_dark(color)), dark);
            assert!(on_light >= 4.5 && on_dark >= 4.5, "{code}: {on_light:.2} {on_dark:.2}");
        }
    }
}
