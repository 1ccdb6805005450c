//! Which slip made a wrong answer: those of the key first, then those that learners make everywhere.
//!
//! Pure. A slip fits if it explains every pair of expected and given values to the tolerance of the exercise.

use akari_key::{Exercise, Slip, Tolerance, Value};

use super::got::{Got, Numbers};
use super::judge::{Pair, difference, expected, property, sums_along};

/// A slip that needs no key.
#[derive(Debug, Clone, PartialEq)]
pub enum Usual {
    /// Right but for the dtype.
    DType {
        expected: &'static str,
    },
    /// Right but for axes of size 1.
    AxesOfOne {
        expected: Vec<usize>,
        got: Vec<usize>,
    },
    Transposed,
    /// Right, in rows of other lengths.
    Reshaped {
        expected: Vec<usize>,
    },
    Negated,
    /// So many times as large: a sum in the place of a mean.
    Times(usize),
    /// So many times as small.
    Part(usize),
    OneHot,
    ClassNumbers,
    /// Sums to 1 along another axis.
    OtherAxis {
        expected: usize,
        got: usize,
    },
    SoftmaxAgain,
    SoftmaxMissing,
    Logarithm,
    NoLogarithm,
    Squared,
    Root,
    Complement,
    OffByOne(i8),
    OtherOrder,
}

/// What the key says of a wrong answer, the `at`-th of the exercise.
pub fn of_key<'a>(exercise: &'a Exercise, at: usize, pairs: &[Pair]) -> Option<&'a Slip> {
    let answer = &exercise.answers[at];
    let tolerance = exercise.tolerance_of(answer);
    exercise.slips.iter().filter(|slip| exercise.answer_of(slip) == Some(at)).find(|slip| {
        let values: &[Value] = match &slip.value {
            Some(value) => std::slice::from_ref(value),
            None => &slip.outputs,
        };
        if !values.is_empty() && values.len() != pairs.len() {
            return false;
        }
        let has_value = pairs.iter().zip(values).all(|(pair, value)| {
            let wanted = expected(value, &pair.got, answer);
            wanted.is_some_and(|it| is_same(&it, &pair.got, tolerance))
        });
        let is_made = |pair: &Pair| {
            let Got::Numbers(got) = &pair.got else { return slip.value.is_some() };
            let wanted = match &pair.expected {
                Some(Got::Numbers(wanted)) => Some(wanted),
                _ => None,
            };
            let of = |make: &dyn Fn(&Numbers) -> Option<Numbers>| {
                wanted.and_then(make).is_some_and(|it| is_equal(&it, got, tolerance))
            };
            slip.ratio.is_none_or(|ratio| of(&|it| Some(each(it, |number| number * ratio))))
                && (!slip.negated || of(&|it| Some(each(it, |number| -number))))
                && (!slip.transposed || of(&transposed))
                && slip.properties.dtype.as_deref().is_none_or(|it| it == got.dtype)
                && property(&slip.properties, tolerance, got).is_none()
        };
        has_value && pairs.iter().all(is_made)
    })
}

fn is_same(expected: &Got, got: &Got, tolerance: Tolerance) -> bool {
    match (expected, got) {
        (Got::Numbers(expected), Got::Numbers(got)) => is_equal(expected, got, tolerance),
        (Got::Text(expected), Got::Text(got)) => expected.trim().eq_ignore_ascii_case(got.trim()),
        _ => false,
    }
}

fn is_equal(expected: &Numbers, got: &Numbers, tolerance: Tolerance) -> bool {
    expected.shape == got.shape && has_equal_numbers(expected, got, tolerance)
}

fn has_equal_numbers(expected: &Numbers, got: &Numbers, tolerance: Tolerance) -> bool {
    expected.numbers.len() == got.numbers.len() && difference(expected, got, tolerance).is_none()
}

fn each(numbers: &Numbers, change: impl Fn(f64) -> f64) -> Numbers {
    let changed = numbers.numbers.iter().map(|it| change(*it)).collect();
    Numbers { numbers: changed, ..numbers.clone() }
}

fn transposed(numbers: &Numbers) -> Option<Numbers> {
    let [rows, columns] = numbers.shape[..] else { return None };
    let places = (0..columns).flat_map(|c| (0..rows).map(move |r| r * columns + c));
    let swapped = places.map(|at| numbers.numbers[at]).collect();
    Some(Numbers { shape: vec![columns, rows], numbers: swapped, ..numbers.clone() })
}

/// The softmax along the last axis.
fn softmax(numbers: &Numbers) -> Option<Numbers> {
    let size = *numbers.shape.last().filter(|it| **it > 1)?;
    let rows = numbers.numbers.chunks(size).flat_map(|row| {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = row.iter().map(|it| (it - most).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(move |it| it / sum)
    });
    Some(Numbers { numbers: rows.collect(), ..numbers.clone() })
}

/// The axis along which everything sums to 1.
fn axis_of_one(numbers: &Numbers, tolerance: Tolerance) -> Option<usize> {
    let sums_to_one = |dim: &usize| {
        let sums = sums_along(numbers, *dim as i64).unwrap_or_default();
        !sums.is_empty() && sums.iter().all(|it| tolerance.allows(*it, 1.0))
    };
    (0..numbers.shape.len()).find(sums_to_one)
}

/// The usual slip that explains all pairs.
pub fn usual(pairs: &[Pair], tolerance: Tolerance) -> Option<Usual> {
    let numbers = pairs.iter().map(|pair| match pair {
        Pair { expected: Some(Got::Numbers(expected)), got: Got::Numbers(got) } => {
            Some((expected, got))
        }
        _ => None,
    });
    let pairs = numbers.collect::<Option<Vec<_>>>()?;
    let all = |fits: &dyn Fn(&Numbers, &Numbers) -> bool| pairs.iter().all(|(a, b)| fits(a, b));
    let made = |make: &dyn Fn(&Numbers) -> Option<Numbers>| {
        all(&|expected, got| make(expected).is_some_and(|it| is_equal(&it, got, tolerance)))
    };
    let is_each = |change: &dyn Fn(f64) -> f64| made(&|it| Some(each(it, change)));
    let (expected, got) = *pairs.first()?;
    // Whatever explains a handful of numbers by chance explains nothing.
    let is_telling = pairs.iter().any(|(it, _)| it.numbers.iter().any(|it| *it != 0.0));
    if all(&|a, b| is_equal(a, b, tolerance)) {
        return (expected.dtype != got.dtype).then_some(Usual::DType { expected: expected.dtype });
    }
    if all(&|a, b| has_equal_numbers(a, b, tolerance)) {
        let without_ones =
            |shape: &[usize]| shape.iter().copied().filter(|it| *it != 1).collect::<Vec<_>>();
        let (expected, got) = (expected.shape.clone(), got.shape.clone());
        return Some(match without_ones(&expected) == without_ones(&got) {
            true => Usual::AxesOfOne { expected, got },
            false => Usual::Reshaped { expected },
        });
    }
    if made(&transposed) {
        return Some(Usual::Transposed);
    }
    if let Some(slip) = of_classes(&pairs) {
        return Some(slip);
    }
    if !is_telling {
        return None;
    }
    let axes = (axis_of_one(expected, tolerance), axis_of_one(got, tolerance));
    if let (Some(expected), Some(got)) = axes
        && expected != got
        && pairs.len() == 1
    {
        return Some(Usual::OtherAxis { expected, got });
    }
    if is_each(&|it| -it) {
        return Some(Usual::Negated);
    }
    let is_softmax_of =
        |from: &Numbers, to: &Numbers| softmax(from).is_some_and(|it| is_equal(&it, to, tolerance));
    if all(&|a, b| is_softmax_of(a, b)) {
        return Some(Usual::SoftmaxAgain);
    }
    if all(&|a, b| is_softmax_of(b, a)) {
        return Some(Usual::SoftmaxMissing);
    }
    if let Some(slip) = of_ratio(&pairs, tolerance) {
        return Some(slip);
    }
    let formulas: [(Usual, &dyn Fn(f64) -> f64); 8] = [
        (Usual::Logarithm, &f64::ln),
        (Usual::NoLogarithm, &f64::exp),
        (Usual::NoLogarithm, &|it| (-it).exp()),
        (Usual::Squared, &|it| it * it),
        (Usual::Root, &f64::sqrt),
        (Usual::Complement, &|it| 1.0 - it),
        (Usual::OffByOne(1), &|it| if it.fract() == 0.0 { it + 1.0 } else { f64::NAN }),
        (Usual::OffByOne(-1), &|it| if it.fract() == 0.0 { it - 1.0 } else { f64::NAN }),
    ];
    let is_known = |number: f64| !number.is_nan();
    for (slip, formula) in formulas {
        if all(&|it, _| it.numbers.iter().all(|it| is_known(formula(*it)))) && is_each(formula) {
            return Some(slip);
        }
    }
    let sorted = |it: &Numbers| {
        let mut numbers = it.numbers.clone();
        numbers.sort_by(f64::total_cmp);
        Numbers { numbers, ..it.clone() }
    };
    let is_shuffled = |a: &Numbers, b: &Numbers| is_equal(&sorted(a), &sorted(b), tolerance);
    (expected.numbers.len() > 1 && all(&is_shuffled)).then_some(Usual::OtherOrder)
}

/// Class numbers where one-hot rows belong, or the other way round.
fn of_classes(pairs: &[(&Numbers, &Numbers)]) -> Option<Usual> {
    let is_one_hot_of = |classes: &Numbers, rows: &Numbers| {
        let Some((size, outer)) = rows.shape.split_last() else { return false };
        *size > 1
            && outer == classes.shape
            && rows.numbers.chunks(*size).zip(&classes.numbers).all(|(row, class)| {
                row.iter()
                    .enumerate()
                    .all(|(at, it)| *it == f64::from(u8::from(at as f64 == *class)))
            })
    };
    match pairs {
        _ if pairs.iter().all(|(expected, got)| is_one_hot_of(expected, got)) => {
            Some(Usual::OneHot)
        }
        _ if pairs.iter().all(|(expected, got)| is_one_hot_of(got, expected)) => {
            Some(Usual::ClassNumbers)
        }
        _ => None,
    }
}

/// A whole number of times as much, everywhere.
fn of_ratio(pairs: &[(&Numbers, &Numbers)], tolerance: Tolerance) -> Option<Usual> {
    const MOST: f64 = 100_000.0;
    let all = || pairs.iter().flat_map(|(a, b)| a.numbers.iter().zip(&b.numbers));
    if pairs.iter().any(|(a, b)| a.shape != b.shape) {
        return None;
    }
    let (expected, got) = all().find(|(expected, got)| **expected != 0.0 && **got != 0.0)?;
    let ratio = got / expected;
    let is_whole =
        |ratio: f64| (1.5..=MOST).contains(&ratio) && (ratio - ratio.round()).abs() < 1e-3 * ratio;
    let times = |ratio: f64| all().all(|(expected, got)| tolerance.allows(*got, expected * ratio));
    if is_whole(ratio) && times(ratio.round()) {
        return Some(Usual::Times(ratio.round() as usize));
    }
    let part = 1.0 / ratio;
    (is_whole(part) && times(1.0 / part.round())).then(|| Usual::Part(part.round() as usize))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use akari_key::Key;

    use super::*;
    use crate::exercise::got::Answered;

    fn slip(expected: &impl Answered, got: &impl Answered) -> Option<Usual> {
        usual(&[Pair { expected: Some(expected.got()), got: got.got() }], Tolerance::default())
    }

    #[test]
    fn usual_slips_are_known() {
        let rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let columns = [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]];
        assert_eq!(slip(&rows, &columns), Some(Usual::Transposed));
        assert!(matches!(slip(&[1.0f32], &[1i64]), Some(Usual::DType { expected: "f32" })));
        assert!(matches!(slip(&[1.0, 2.0], &[[1.0], [2.0]]), Some(Usual::AxesOfOne { .. })));
        assert!(matches!(slip(&1.5f64, &[1.5]), Some(Usual::AxesOfOne { .. })));
        assert!(matches!(
            slip(&rows, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            Some(Usual::Reshaped { .. })
        ));
        assert_eq!(slip(&[1.0, -2.0], &[-1.0, 2.0]), Some(Usual::Negated));
        assert_eq!(slip(&9.6667f64, &29.0001f64), Some(Usual::Times(3)));
        assert_eq!(slip(&29.0f64, &9.66667f64), Some(Usual::Part(3)));
        assert_eq!(slip(&[2i64, 0], &[[0i64, 0, 1], [1, 0, 0]]), Some(Usual::OneHot));
        assert_eq!(slip(&[[0i64, 0, 1], [1, 0, 0]], &[2i64, 0]), Some(Usual::ClassNumbers));
        assert_eq!(slip(&0.5f64, &0.25f64), Some(Usual::Part(2)));
        assert_eq!(slip(&0.3f64, &0.09f64), Some(Usual::Squared));
        assert_eq!(slip(&0.3f64, &0.7f64), Some(Usual::Complement));
        assert_eq!(slip(&5i64, &6i64), Some(Usual::OffByOne(1)));
        assert_eq!(slip(&[1.0, 2.5, 3.0], &[3.0, 1.0, 2.5]), Some(Usual::OtherOrder));
        assert_eq!(slip(&0.2f64, &0.2f64.ln()), Some(Usual::Logarithm));
        assert_eq!(slip(&1.6094379f64, &0.2f64), Some(Usual::NoLogarithm));
        assert_eq!(slip(&1.0f64, &0.123f64), None);
        assert_eq!(slip(&0.0f64, &5.5f64), None);
    }

    #[test]
    fn softmax_slips_are_told_apart() {
        let logits = [[2.0, 5.0, 3.0], [0.0, 1.0, 0.0]].got();
        let Got::Numbers(numbers) = logits.clone() else { panic!() };
        let once = Got::Numbers(softmax(&numbers).unwrap());
        let of = |expected: &Got, got: &Got| {
            usual(
                &[Pair { expected: Some(expected.clone()), got: got.clone() }],
                Tolerance::default(),
            )
        };
        assert_eq!(of(&logits, &once), Some(Usual::SoftmaxAgain));
        assert_eq!(of(&once, &logits), Some(Usual::SoftmaxMissing));
        let other = [[0.9, 0.2, 0.5], [0.1, 0.8, 0.5]].got();
        assert_eq!(of(&once, &other), Some(Usual::OtherAxis { expected: 1, got: 0 }));
    }

    #[test]
    fn slips_of_the_key_are_tried_in_order() {
        let text = r#"
[[exercise]]
id = "a"
[[exercise.answer]]
name = "y"
value = [1.0, 2.0]
[[exercise.answer]]
name = "q"
value = "b"
[[exercise.slip]]
value = [3.0, 4.0]
en = "value"
[[exercise.slip]]
ratio = 3.0
en = "ratio"
[[exercise.slip]]
shape = [3]
en = "shape"
[[exercise.slip]]
sum = 10.0
en = "sum"
[[exercise.slip]]
at_least = 100.0
en = "large"
[[exercise.slip]]
answer = "q"
value = "c"
en = "choice"
"#;
        let key = Key::parse(text).unwrap();
        let exercise = &key.exercises[0];
        let said = |at: usize, got: Got| {
            let answer = &exercise.answers[at];
            let wanted = expected(answer.value.as_ref().unwrap(), &got, answer);
            of_key(exercise, at, &[Pair { expected: wanted, got }])?.en.clone()
        };
        assert_eq!(said(0, [3.0, 4.0].got()).as_deref(), Some("value"));
        assert_eq!(said(0, [3.0, 6.0].got()).as_deref(), Some("ratio"));
        assert_eq!(said(0, [1.0, 2.0, 9.0].got()).as_deref(), Some("shape"));
        assert_eq!(said(0, [5.0, 5.0].got()).as_deref(), Some("sum"));
        assert_eq!(said(0, [500.0, 500.0].got()).as_deref(), Some("large"));
        assert_eq!(said(0, [0.0, 1.0].got()), None);
        assert_eq!(said(1, "C".got()).as_deref(), Some("choice"));
        assert_eq!(said(1, "a".got()), None);
    }
}
