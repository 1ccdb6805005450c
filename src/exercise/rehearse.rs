//! What is said to each slip of a key whose value is known, as if a learner had made it.

use akari_key::{Answer, Exercise, Slip, Value};

use super::got::{Got, Numbers};
use super::judge::{Pair, difference, expected};
use super::{diagnosis, words};

/// The slips that give a value, by their place, with what is said in the place of their own text: nothing if all is well.
pub fn slips(exercise: &Exercise, ja: bool) -> impl Iterator<Item = (usize, String)> {
    exercise.slips.iter().enumerate().filter_map(move |(at, slip)| {
        let answer = exercise.answer_of(slip)?;
        let pairs = pairs(&exercise.answers[answer], slip)?;
        Some((at, told(exercise, answer, slip, &pairs, ja)))
    })
}

fn told(exercise: &Exercise, at: usize, slip: &Slip, pairs: &[Pair], ja: bool) -> String {
    let tolerance = exercise.tolerance_of(&exercise.answers[at]);
    let is_right = |pair: &Pair| match pair {
        Pair { expected: Some(Got::Numbers(expected)), got: Got::Numbers(got) } => {
            expected.shape == got.shape
                && expected.dtype == got.dtype
                && difference(expected, got, tolerance).is_none()
        }
        Pair { expected: Some(expected), got } => expected == got,
        Pair { expected: None, .. } => false,
    };
    if pairs.iter().all(is_right) {
        return words::slip_is_right(ja);
    }
    match diagnosis(exercise, at, pairs, ja) {
        Some(said) if said == slip.texts().text(ja) => String::new(),
        Some(said) => said.replace('\n', " "),
        None => words::slip_is_unknown(ja),
    }
}

/// What the slip gives, beside what is right.
fn pairs(answer: &Answer, slip: &Slip) -> Option<Vec<Pair>> {
    let wanted: Vec<&Value> = match answer.cases.is_empty() {
        true => answer.value.iter().collect(),
        false => answer.cases.iter().map(|it| &it.output).collect(),
    };
    let dtype = slip.properties.dtype.as_deref().or(answer.properties.dtype.as_deref());
    let of = |value: &Value| expected(value, &Got::Blank, answer);
    let given: Vec<Got> = match (&slip.value, slip.outputs.as_slice()) {
        (Some(value), _) => vec![of(value)?],
        (None, []) if slip.ratio.is_some() || slip.negated => {
            let factor = slip.ratio.unwrap_or(1.0) * if slip.negated { -1.0 } else { 1.0 };
            let times = |value: &&Value| match of(value)? {
                Got::Numbers(it) => {
                    let numbers = it.numbers.iter().map(|it| it * factor).collect();
                    Some(Got::Numbers(Numbers { numbers, ..it }))
                }
                _ => None,
            };
            wanted.iter().map(times).collect::<Option<_>>()?
        }
        (None, []) => return None,
        (None, outputs) => outputs.iter().map(of).collect::<Option<_>>()?,
    };
    let with_dtype = |got: Got| match (got, dtype) {
        (Got::Numbers(it), Some("i64")) => Got::Numbers(Numbers { dtype: "i64", ..it }),
        (Got::Numbers(it), Some("f32")) => Got::Numbers(Numbers { dtype: "f32", ..it }),
        (got, _) => got,
    };
    let mut wanted = wanted.into_iter();
    let pair = |got: Got| Pair { expected: wanted.next().and_then(of), got: with_dtype(got) };
    Some(given.into_iter().map(pair).collect())
}
