//! Axes: the range that values need, where a value stands in it, and the ticks that a reader expects.
//!
//! Every range is finite and not empty, whatever the values are, so that no loop over ticks is long and no place is
//! without a number.

use super::text::trimmed;

/// Numbers this near to zero are none to an axis: the distances between them could not be told.
const NOTHING: f64 = 1e-290;
/// Further out than this an axis would have no finite length.
const FAR: f64 = 4e307;

/// The numbers from one end of an axis to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub is_log: bool,
}

impl Axis {
    /// The axis that shows these values, with a share of its length free at both ends.
    pub fn around(values: impl Iterator<Item = f64>, is_log: bool, margin: f64) -> Axis {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && (!is_log || *value > 0.0)) {
            low = low.min(value);
            high = high.max(value);
        }
        match (low > high, is_log) {
            (true, true) => Axis { low: 0.1, high: 1.0, is_log },
            (true, false) => Axis { low: 0.0, high: 1.0, is_log },
            (false, true) => Axis::of_logs(low, high, margin),
            (false, false) => Axis::of(low, high, margin),
        }
    }

    /// The axis from one number to the other, in the order in which they are to stand.
    pub fn between(low: f64, high: f64, is_log: bool) -> Axis {
        let is_told = low.is_finite() && high.is_finite() && (!is_log || low.min(high) > 0.0);
        if !is_told || Axis::is_one_number(low, high) {
            return Axis::around([low, high].into_iter(), is_log, 0.0);
        }
        Axis { low: low.clamp(-FAR, FAR), high: high.clamp(-FAR, FAR), is_log }
    }

    fn of(low: f64, high: f64, margin: f64) -> Axis {
        let near = |value: f64| if value.abs() < NOTHING { 0.0 } else { value.clamp(-FAR, FAR) };
        let (low, high) = (near(low), near(high));
        let free = match Axis::is_one_number(low, high) {
            true if low == 0.0 => 0.5,
            true => low.abs() * 0.1,
            false => (high - low) * margin,
        };
        Axis { low: (low - free).max(-FAR), high: (high + free).min(FAR), is_log: false }
    }

    fn of_logs(low: f64, high: f64, margin: f64) -> Axis {
        let (low, high) = (low.clamp(NOTHING, FAR), high.clamp(NOTHING, FAR));
        let factor = match Axis::is_one_number(low, high) {
            true => 10.0,
            false => ((high.ln() - low.ln()) * margin).exp(),
        };
        Axis { low: (low / factor).max(NOTHING), high: (high * factor).min(FAR), is_log: true }
    }

    /// Whether nothing can be told apart on the axis.
    fn is_one_number(low: f64, high: f64) -> bool {
        (high - low).abs() <= low.abs().max(high.abs()) * 1e-13
    }

    /// Where a value stands, from 0 at the low end to 1 at the high one; none for what has no place on the axis.
    pub fn place(&self, value: f64) -> Option<f64> {
        let is_there = value.is_finite() && (!self.is_log || value > 0.0);
        let place = match self.is_log {
            true => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            // By halves, since the distance of the furthest numbers is none.
            false => (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0),
        };
        // Further out than this nothing is seen of a line's direction.
        is_there.then_some(place.clamp(-1e4, 1e4))
    }

    /// Whether the value stands on the axis, and not before or behind it.
    pub fn holds(&self, value: f64) -> bool {
        self.place(value).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place))
    }

    /// About so many ticks; with `is_index`, at whole numbers alone.
    pub fn ticks(&self, most: f64, is_index: bool) -> Ticks {
        let (low, high) = (self.low.min(self.high), self.low.max(self.high));
        if self.is_log {
            let ticks = of_logs(low, high);
            if ticks.marks.len() >= 2 {
                return ticks;
            }
        }
        linear(low, high, most.max(1.0), is_index)
    }
}

/// The ticks of an axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ticks {
    pub marks: Vec<(f64, String)>,
    /// What is to be added to the text of each tick, where the numbers differ in late digits alone.
    pub offset: Option<String>,
}

fn linear(low: f64, high: f64, most: f64, is_index: bool) -> Ticks {
    let step = nice((high - low) / most).max(if is_index { 1.0 } else { 0.0 });
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let size = low.abs().max(high.abs());
    let (mut zero, mut offset) = (0.0, None);
    if size / step >= 1e6 {
        let unit = 10f64.powf((high - low).log10().ceil());
        let base = ((low / 2.0 + high / 2.0) / unit).floor() * unit;
        zero = (base / step).round();
        offset = Some(signed(&format!("{base:+e}").replace("e0", "")));
    }
    let largest = if offset.is_some() { high - low } else { size };
    let count = (last - first).clamp(0.0, 60.0) as usize;
    let numbers = (0..=count)
        .map(|at| first + at as f64)
        .filter(|number| number * step <= high + step * 1e-6);
    let marks = numbers.map(|number| (number * step, label((number - zero) * step, step, largest)));
    Ticks { marks: marks.collect(), offset }
}

/// 1, 2 or 5 times a power of ten, near to this.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    power
        * match step / power {
            ..1.5 => 1.0,
            ..3.5 => 2.0,
            ..7.5 => 5.0,
            _ => 10.0,
        }
}

/// A tick's text: as many digits as the step has, and powers of ten where plain numbers would be long.
fn label(value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    let decimals = |step: f64| (-(step.log10() + 1e-9).floor()).clamp(0.0, 17.0) as usize;
    if (1e-4..).contains(&step) && largest < 1e6 {
        return signed(&format!("{value:.*}", decimals(step)));
    }
    let exponent = (value.abs().log10() + 1e-9).floor();
    let power = 10f64.powf(exponent);
    let digits = trimmed(format!("{:.*}", decimals(step / power), value / power));
    signed(&format!("{digits}e{exponent}"))
}

/// With a minus sign instead of a hyphen.
fn signed(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

fn of_logs(low: f64, high: f64) -> Ticks {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    let digits: &[i32] = if last - first >= 3 { &[1] } else { &[1, 2, 5] };
    let every = ((last - first) / 7 + 1).max(1);
    let mut marks = Vec::new();
    for exponent in first - 1..=last {
        for digit in digits {
            let value = f64::from(*digit) * 10f64.powi(exponent);
            let is_in = value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9);
            if is_in && exponent.rem_euclid(every) == 0 {
                marks.push((value, power_label(*digit, exponent)));
            }
        }
    }
    Ticks { marks, offset: None }
}

fn power_label(digit: i32, exponent: i32) -> String {
    match exponent {
        -3..0 => format!(
            "{:.*}",
            exponent.unsigned_abs() as usize,
            f64::from(digit) * 10f64.powi(exponent)
        ),
        0..5 => (f64::from(digit) * 10f64.powi(exponent)).to_string(),
        _ => signed(&format!("{digit}e{exponent}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(low: f64, high: f64, most: f64) -> String {
        joined(&Axis::between(low, high, false).ticks(most, false))
    }

    fn logs(low: f64, high: f64) -> String {
        joined(&Axis::between(low, high, true).ticks(6.0, false))
    }

    fn joined(ticks: &Ticks) -> String {
        let mut text = ticks.marks.iter().map(|mark| mark.1.clone()).collect::<Vec<_>>().join(" ");
        if let Some(offset) = &ticks.offset {
            text += &format!(" ({offset})");
        }
        text
    }

    #[test]
    fn ticks_are_round_and_have_the_digits_of_their_step() {
        assert_eq!(texts(0.0, 50.0, 6.0), "0 10 20 30 40 50");
        assert_eq!(texts(-0.5, 4.2, 5.0), "0 1 2 3 4");
        assert_eq!(texts(-1.0, 1.0, 5.0), "−1.0 −0.5 0 0.5 1.0");
        assert_eq!(texts(0.0, 1e-14, 5.0), "0 2e−15 4e−15 6e−15 8e−15 1e−14");
        assert_eq!(texts(0.0, 2e300, 4.0), "0 5e299 1e300 1.5e300 2e300");
        assert_eq!(texts(0.0, 3e6, 3.0), "0 1e6 2e6 3e6");
        assert_eq!(texts(0.0, 60_000.0, 3.0), "0 20000 40000 60000");
        assert_eq!(texts(1e9, 1e9 + 2e-3, 4.0), "0 0.0005 0.0010 0.0015 0.0020 (+1e9)");
        assert_eq!(texts(5.0, 1.0, 4.0), "1 2 3 4 5");
    }

    #[test]
    fn an_index_has_no_ticks_between_its_numbers() {
        assert_eq!(joined(&Axis::between(0.0, 2.0, false).ticks(8.0, true)), "0 1 2");
        assert_eq!(joined(&Axis::between(0.0, 0.0, false).ticks(8.0, true)), "0");
    }

    #[test]
    fn logarithmic_ticks_are_few() {
        assert_eq!(logs(0.01, 3.0), "0.01 0.02 0.05 0.1 0.2 0.5 1 2");
        assert_eq!(logs(1e-5, 1e2), "1e−4 0.01 1 100");
        assert_eq!(logs(1e-12, 1e12), "1e−12 1e−8 1e−4 1 1e4 1e8 1e12".replace("1e4", "10000"));
        assert_eq!(logs(0.9, 1.2), "0.90 0.95 1.00 1.05 1.10 1.15 1.20");
        assert_eq!(
            logs(2e-7, 3e-7),
            "2.0e−7 2.2e−7 2.4e−7 2.6e−7 2.8e−7 3.0e−7".replace(".0e", "e")
        );
    }

    #[test]
    fn every_range_is_finite_and_has_a_length() {
        let nan = f64::NAN;
        let hard: &[&[f64]] = &[
            &[],
            &[nan],
            &[0.0],
            &[0.5, 0.5],
            &[1e300, 2e300],
            &[f64::MAX, f64::MIN],
            &[5e-324, 1e-323],
            &[1e9, 1e9 + 1e-7],
            &[f64::INFINITY, 1.0],
            &[-1e-300, 1e-300],
            &[f64::MAX],
            &[5e-324],
        ];
        for values in hard {
            for is_log in [false, true] {
                let axis = Axis::around(values.iter().copied(), is_log, 0.04);
                let length = axis.high - axis.low;
                assert!(length.is_finite() && length > 0.0, "{values:?} {axis:?}");
                for most in [1.0, 5.0, 10.0] {
                    let ticks = axis.ticks(most, false);
                    let count = ticks.marks.len();
                    assert!((1..=25).contains(&count), "{values:?} {axis:?} {ticks:?}");
                    assert!(
                        ticks
                            .marks
                            .iter()
                            .all(|(value, text)| axis.holds(*value) && text.len() < 16),
                        "{ticks:?}"
                    );
                }
                for value in
                    values.iter().filter(|value| value.is_finite() && (!is_log || **value > 0.0))
                {
                    assert!(axis.place(*value).is_some_and(f64::is_finite), "{values:?}");
                }
            }
        }
        assert_eq!(
            Axis::around([0.0].into_iter(), false, 0.04),
            Axis { low: -0.5, high: 0.5, is_log: false }
        );
        assert_eq!(Axis::between(nan, 1.0, false), Axis { low: 0.9, high: 1.1, is_log: false });
    }
}
