//! One number as text: PyTorch's choice of notation and width for all numbers of a tensor.
//!
//! `layout.rs` chooses which elements are printed, and places their texts.

use super::options::PrintOptions;
use super::python::{fixed, scientific};

/// An element on its way to text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Element {
    Float(f64),
    Integer(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    /// Integers of an integer tensor.
    Plain,
    /// Floats that are all whole numbers: `2.`
    Whole,
    Fixed,
    Scientific,
}

/// More digits than any float has behind the point; std refuses to write 2^16 letters.
const MOST_DIGITS: usize = 1 << 14;

/// Writes the numbers of one tensor, all in the same notation and at least as wide as each other.
#[derive(Debug, Clone)]
pub(super) struct Formatter {
    notation: Notation,
    precision: usize,
    width: usize,
}

impl Formatter {
    /// Looks at the elements that will be printed.
    pub(super) fn new(elements: &[Element], is_float: bool, options: &PrintOptions) -> Self {
        let precision = options.precision.min(MOST_DIGITS);
        let mut formatter = Formatter { notation: Notation::Plain, precision, width: 1 };
        if !is_float {
            formatter.widen(elements.iter().map(|element| formatter.text(*element)).collect());
            return formatter;
        }
        // Zeros and what isn't finite have no say in notation or width.
        let telling = elements
            .iter()
            .filter_map(|element| match element {
                Element::Float(value) if value.is_finite() && *value != 0.0 => Some(*value),
                _ => None,
            })
            .collect::<Vec<_>>();
        let is_whole = telling.iter().all(|value| value.fract() == 0.0);
        formatter.notation = match options.sci_mode {
            // Without such numbers PyTorch doesn't look at `sci_mode`.
            Some(true) if !telling.is_empty() => Notation::Scientific,
            Some(false) if is_whole => Notation::Whole,
            Some(false) => Notation::Fixed,
            _ => notation(&telling, is_whole),
        };
        formatter
            .widen(telling.iter().map(|value| formatter.text(Element::Float(*value))).collect());
        formatter
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The element, padded on the left.
    pub(super) fn padded(&self, element: Element) -> String {
        format!("{:>width$}", self.text(element), width = self.width)
    }

    fn widen(&mut self, texts: Vec<String>) {
        self.width = texts.iter().map(String::len).fold(self.width, usize::max);
    }

    fn text(&self, element: Element) -> String {
        let value = match element {
            Element::Integer(value) => return value.to_string(),
            Element::Float(value) => value,
        };
        match self.notation {
            Notation::Scientific => scientific(value, self.precision),
            Notation::Whole if value.is_finite() => fixed(value, 0) + ".",
            Notation::Plain | Notation::Whole => fixed(value, 0),
            Notation::Fixed => fixed(value, self.precision),
        }
    }
}

fn notation(telling: &[f64], is_whole: bool) -> Notation {
    let sizes = telling.iter().map(|value| value.abs());
    let max = sizes.clone().fold(0.0, f64::max);
    let min = sizes.fold(f64::INFINITY, f64::min);
    if telling.is_empty() {
        Notation::Whole
    } else if max / min > 1000.0 || max > 1e8 || (!is_whole && min < 1e-4) {
        Notation::Scientific
    } else if is_whole {
        Notation::Whole
    } else {
        Notation::Fixed
    }
}
