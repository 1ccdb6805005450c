//! Numbers as Python writes them, and the shared parts of PyTorch's reprs.

use std::fmt;

/// A shape as PyTorch writes it, of a tensor's `dims()`.
///
/// ```
/// use akari::prelude::*;
///
/// assert_eq!(torch::Size(tensor!([1.0, 2.0]).dims()).to_string(), "torch.Size([2])");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size<'a>(pub &'a [usize]);

impl fmt::Display for Size<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "torch.Size({:?})", self.0)
    }
}

/// The repr of a module with named children: `Name(`, a line for each, `)`.
pub(crate) fn module_repr(name: &str, children: &[(String, String)]) -> String {
    if children.is_empty() {
        return format!("{name}()");
    }
    let line =
        |(key, child): &(String, String)| format!("  ({key}): {}\n", child.replace('\n', "\n  "));
    format!("{name}(\n{})", children.iter().map(line).collect::<String>())
}

/// `repr` of a Python float: the shortest digits that read back, `1e-05` and `1e+16` at the ends.
pub(crate) fn float_repr(value: f64) -> String {
    if !value.is_finite() {
        return float_text(value).to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    format!("{digits}{}", exponent_text(exponent))
}

/// `'{:.{precision}e}'.format(value)`.
pub(crate) fn scientific(value: f64, precision: usize) -> String {
    if !value.is_finite() {
        return float_text(value).to_owned();
    }
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{digits}{}", exponent_text(exponent.parse().unwrap_or(0)))
}

/// `'{:.{precision}f}'.format(value)`.
pub(crate) fn fixed(value: f64, precision: usize) -> String {
    if value.is_finite() { format!("{value:.precision$}") } else { float_text(value).to_owned() }
}

/// [`float_repr`] without `.0`, for options that are written as integers where they are whole.
pub(crate) fn short_repr(value: f64) -> String {
    let text = float_repr(value);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// `None`, or the value.
pub(crate) fn option_repr(value: Option<impl fmt::Display>) -> String {
    value.map_or("None".to_owned(), |value| value.to_string())
}

/// A truth value.
pub(crate) fn bool_repr(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A tuple of sizes.
pub(crate) fn tuple(sizes: &[usize]) -> String {
    match sizes {
        [one] => format!("({one},)"),
        sizes => format!("({})", sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Python writes a sign and at least two digits.
fn exponent_text(exponent: i32) -> String {
    format!("e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn float_text(value: f64) -> &'static str {
    match value {
        value if value.is_nan() => "nan",
        value if value > 0.0 => "inf",
        _ => "-inf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_in_python() {
        for (value, expected) in [
            (0.001, "0.001"),
            (1e-8, "1e-08"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1.5e22, "1.5e+22"),
            (123456.0, "123456.0"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(float_repr(value), expected);
        }
        assert_eq!(scientific(3.0385e-7, 4), "3.0385e-07");
        assert_eq!(scientific(1e100, 0), "1e+100");
        assert_eq!(short_repr(20.0), "20");
        assert_eq!(short_repr(0.1), "0.1");
        assert_eq!(tuple(&[0]), "(0,)");
        assert_eq!(tuple(&[2, 0]), "(2, 0)");
    }
}
