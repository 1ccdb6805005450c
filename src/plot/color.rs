//! Colours: of lines, which readers of all kinds of sight tell apart on white and on dark, of fills, and of the page.
//!
//! The lines' are Okabe's and Ito's where these stand out from white, and two that were searched for so that all six
//! differ under each kind of colour blindness; dashes and markers tell them apart as well.

use super::png::Pixel;

/// A colour on a light page, and in its place on a dark one.
pub(super) type Pair = (&'static str, &'static str);

/// The colours of lines, bars and points.
pub(super) const LINES: [Pair; 6] = [
    ("#0072B2", "#56B4E9"),
    ("#D55E00", "#F0904A"),
    ("#009E73", "#2BBF94"),
    ("#B8578A", "#DD92BC"),
    ("#24292f", "#e6edf3"),
    ("#8800FF", "#B98CFF"),
];

/// The dashes of lines; none for the first.
pub(super) const DASHES: [&str; 6] = ["", "6 3", "2 2", "8 3 2 3", "12 3", "4 2 1 2"];

/// The frame: its classes with the attribute that they colour, light and dark.
pub(super) const FRAME: [(&str, &str, Pair); 5] = [
    ("p", "fill", PANEL),
    ("t", "fill", ("#24292f", "#e6edf3")),
    ("s", "fill", ("#57606a", "#9da7b1")),
    ("g", "stroke", ("#d8dee4", "#343b43")),
    ("a", "stroke", ("#57606a", "#9da7b1")),
];

/// The ground of the picture.
pub(super) const PANEL: Pair = ("#ffffff", "#1b1f24");

/// From low to high, for surfaces and matrices: matplotlib's viridis.
pub(super) const VIRIDIS: &[[u8; 3]] = &[
    [68, 1, 84],
    [72, 36, 117],
    [65, 68, 135],
    [53, 95, 141],
    [42, 120, 142],
    [33, 145, 140],
    [34, 168, 132],
    [68, 191, 112],
    [122, 209, 81],
    [189, 223, 38],
    [253, 231, 37],
];

/// From none to many, for counts.
pub(super) const BLUES: &[[u8; 3]] =
    &[[247, 251, 255], [198, 219, 239], [66, 146, 198], [8, 48, 107]];

/// The tones of the first classes behind points, as pale as the points are dark.
pub(super) const PALE: [[u8; 3]; 6] = [
    [164, 205, 232],
    [249, 208, 168],
    [168, 222, 205],
    [235, 198, 217],
    [200, 204, 208],
    [214, 186, 250],
];

/// The colour at a place from 0 to 1 of a scale.
pub(super) fn on_scale(scale: &[[u8; 3]], place: f64) -> Pixel {
    let place = if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) };
    let place = place * (scale.len() - 1) as f64;
    let before = (place as usize).min(scale.len().saturating_sub(2));
    let after = (before + 1).min(scale.len() - 1);
    mixed(scale[before], scale[after], place - before as f64)
}

/// So much of the second colour in the first, from 0 to 1.
pub(super) fn mixed(one: [u8; 3], other: [u8; 3], share: f64) -> Pixel {
    let mix = |at: usize| {
        let (one, other) = (f64::from(one[at]), f64::from(other[at]));
        (one + (other - one) * share).round() as u8
    };
    [mix(0), mix(1), mix(2), 255]
}

/// The colour of text that is read on this one.
pub(super) fn text_on([red, green, blue, _]: Pixel) -> &'static str {
    if luminance([red, green, blue]) > 0.22 { "#1b1f24" } else { "#ffffff" }
}

/// WCAG's relative luminance.
fn luminance(color: [u8; 3]) -> f64 {
    let linear = color.map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(color: &str) -> [u8; 3] {
        let channel = |at: usize| u8::from_str_radix(&color[at..at + 2], 16).expect("two digits");
        [channel(1), channel(3), channel(5)]
    }

    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn lines_stand_out_from_light_and_dark_pages() {
        for (light, dark) in LINES {
            for (color, ground) in [(light, PANEL.0), (dark, PANEL.1)] {
                let contrast = contrast(parsed(color), parsed(ground));
                assert!(contrast >= 3.0, "{color} on {ground}: {contrast:.2}");
            }
        }
        for (class, attribute, (light, dark)) in FRAME {
            let is_text = attribute == "fill" && class != "p";
            let least = if is_text { 4.5 } else { 1.0 };
            assert!(contrast(parsed(light), parsed(PANEL.0)) >= least, "{light}");
            assert!(contrast(parsed(dark), parsed(PANEL.1)) >= least, "{dark}");
        }
    }

    #[test]
    fn numbers_are_read_on_every_fill() {
        for scale in [VIRIDIS, BLUES] {
            for step in 0..=100 {
                let [red, green, blue, _] = on_scale(scale, f64::from(step) / 100.0);
                let text = text_on([red, green, blue, 255]);
                let contrast = contrast(parsed(text), [red, green, blue]);
                assert!(contrast >= 3.8, "{step}: {contrast:.2}");
            }
        }
        assert_eq!(on_scale(BLUES, f64::NAN), [247, 251, 255, 255]);
        assert_eq!(on_scale(VIRIDIS, 2.0), [253, 231, 37, 255]);
    }
}
