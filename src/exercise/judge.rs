//! Is an answer right? By value within a tolerance, by what is true of it, or by what a function gives.
//!
//! Pure: what is wrong comes out as data, which `words` tells in the learner's language.

use akari_key::{Answer, Array, Properties, Tolerance, Value};

use super::answer::Given;
use super::got::{Got, Numbers};

/// What is said of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Right,
    Blank,
    Wrong(Box<Wrong>),
}

/// Why an answer is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    pub fault: Fault,
    /// What a function was tried on.
    pub inputs: Option<String>,
    /// What was expected and what came, for the diagnosis: one pair, or one for each case of a function.
    pub pairs: Vec<Pair>,
}

/// What was expected, where the key says it, and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub expected: Option<Got>,
    pub got: Got,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The answer is an error.
    Error(String),
    /// A function is wanted, or a value.
    NotAFunction,
    NotAValue,
    /// Numbers are wanted, or a text.
    Kind {
        expected: Got,
        got: Got,
    },
    DType {
        expected: String,
        got: &'static str,
    },
    Shape {
        expected: Vec<usize>,
        got: Vec<usize>,
    },
    Text {
        expected: Got,
        got: Got,
    },
    Numbers {
        expected: Numbers,
        got: Numbers,
        place: Place,
    },
    Sum {
        expected: f64,
        got: f64,
    },
    SumAlong {
        dim: i64,
        expected: f64,
        got: f64,
    },
    Range {
        range: [f64; 2],
        index: Vec<usize>,
        got: f64,
    },
    AtMost {
        limit: f64,
        got: f64,
    },
    AtLeast {
        limit: f64,
        got: f64,
    },
    NotFinite {
        index: Vec<usize>,
        got: f64,
    },
    NotDecreasing {
        index: usize,
        before: f64,
        got: f64,
    },
    NotIncreasing {
        index: usize,
        before: f64,
        got: f64,
    },
}

/// Where numbers differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The first one that differs.
    pub index: Vec<usize>,
    pub expected: f64,
    pub got: f64,
    pub largest: f64,
    pub different: usize,
    pub count: usize,
}

/// Judges an answer.
pub fn judge(answer: &Answer, tolerance: Tolerance, given: &Given<'_>) -> Verdict {
    match given {
        Given::Value(Got::Blank) => Verdict::Blank,
        // Hidden tests say what is right.
        Given::Value(Got::Numbers(_) | Got::Text(_)) | Given::Function(_) if answer.is_open() => {
            Verdict::Right
        }
        Given::Value(got) if !answer.cases.is_empty() => wrong(Fault::NotAFunction, got),
        Given::Value(got) => {
            let expected = answer.value.as_ref().and_then(|it| expected(it, got, answer));
            match fault(expected.as_ref(), &answer.properties, tolerance, got) {
                None => Verdict::Right,
                Some(fault) => {
                    let pairs = vec![Pair { expected, got: got.clone() }];
                    Verdict::Wrong(Box::new(Wrong { fault, inputs: None, pairs }))
                }
            }
        }
        Given::Function(_) if answer.cases.is_empty() => wrong(Fault::NotAValue, &Got::Blank),
        Given::Function(function) => {
            let mut first = None;
            let mut pairs = Vec::new();
            for case in &answer.cases {
                let got = function.on(case.inputs());
                if got == Got::Blank {
                    return Verdict::Blank;
                }
                let expected = expected(&case.output, &got, answer);
                let fault = fault(expected.as_ref(), &answer.properties, tolerance, &got);
                first = first.or_else(|| fault.map(|it| (it, input_text(case.inputs()))));
                pairs.push(Pair { expected, got });
            }
            match first {
                None => Verdict::Right,
                Some((fault, inputs)) => {
                    Verdict::Wrong(Box::new(Wrong { fault, inputs: Some(inputs), pairs }))
                }
            }
        }
    }
}

fn wrong(fault: Fault, got: &Got) -> Verdict {
    let pairs = vec![Pair { expected: None, got: got.clone() }];
    Verdict::Wrong(Box::new(Wrong { fault, inputs: None, pairs }))
}

fn input_text(inputs: &[Value]) -> String {
    let text = |value: &Value| match value.array() {
        Ok(Some(array)) => numbers(array, "", false).text(),
        _ => format!("{:?}", value.text().unwrap_or_default()),
    };
    inputs.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A value of the key, to stand beside an answer.
pub fn expected(value: &Value, got: &Got, answer: &Answer) -> Option<Got> {
    let Ok(Some(array)) = value.array() else {
        return value.text().map(Got::Text);
    };
    let (dtype, is_tensor) = match got {
        Got::Numbers(got) => (got.dtype, got.is_tensor),
        _ => ("", false),
    };
    let asked = answer.properties.dtype.as_deref().map(known_dtype);
    Some(Got::Numbers(numbers(array, asked.unwrap_or(dtype), is_tensor)))
}

/// The key's dtype among those that there are.
fn known_dtype(name: &str) -> &'static str {
    const KNOWN: &[&str] =
        &["f32", "f64", "f16", "bf16", "i64", "i32", "i16", "u8", "u32", "bool", "usize", "u64"];
    KNOWN.iter().find(|it| **it == name).copied().unwrap_or("")
}

/// The array as numbers of a dtype, or of the one that it is written as.
fn numbers(array: Array, dtype: &'static str, is_tensor: bool) -> Numbers {
    let written = match (array.are_truths, array.are_whole) {
        (true, _) => "bool",
        (_, true) => "i64",
        _ => "f64",
    };
    // Whole numbers can't show what a fraction is.
    let is_cut = !dtype.starts_with('f') && dtype != "bf16" && written == "f64";
    let dtype = match dtype {
        "" => written,
        "bool" if !array.are_truths => written,
        _ if is_cut && is_tensor => "f32",
        _ if is_cut => written,
        dtype => dtype,
    };
    Numbers { shape: array.shape, numbers: array.numbers, dtype, is_tensor }
}

/// The first thing that is wrong with a value.
fn fault(
    expected: Option<&Got>,
    properties: &Properties,
    tolerance: Tolerance,
    got: &Got,
) -> Option<Fault> {
    let numbers = match got {
        Got::Failed(error) => return Some(Fault::Error(error.clone())),
        Got::Text(text) => {
            return match expected {
                Some(Got::Text(wanted)) if is_same_text(wanted, text) => None,
                Some(wanted @ Got::Text(_)) => {
                    Some(Fault::Text { expected: wanted.clone(), got: got.clone() })
                }
                Some(wanted) => Some(Fault::Kind { expected: wanted.clone(), got: got.clone() }),
                None => Some(Fault::Error(format!("{got}"))),
            };
        }
        Got::Blank => return None,
        Got::Numbers(numbers) => numbers,
    };
    if let Some(wanted @ Got::Text(_)) = expected {
        return Some(Fault::Kind { expected: wanted.clone(), got: got.clone() });
    }
    if let Some(dtype) = properties.dtype.as_deref().filter(|it| *it != numbers.dtype) {
        return Some(Fault::DType { expected: dtype.to_owned(), got: numbers.dtype });
    }
    let shape = match expected {
        Some(Got::Numbers(expected)) => Some(&expected.shape),
        _ => properties.shape.as_ref(),
    };
    if let Some(shape) = shape.filter(|it| **it != numbers.shape) {
        return Some(Fault::Shape { expected: shape.clone(), got: numbers.shape.clone() });
    }
    if let Some(Got::Numbers(expected)) = expected
        && let Some(place) = difference(expected, numbers, tolerance)
    {
        return Some(Fault::Numbers { expected: expected.clone(), got: numbers.clone(), place });
    }
    property(properties, tolerance, numbers)
}

/// Capital letters, spaces and full-width forms make no other word.
fn is_same_text(expected: &str, got: &str) -> bool {
    let plain = |text: &str| -> String {
        let half = |letter: char| match letter {
            '！'..='～' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
            '\u{3000}' => ' ',
            letter => letter,
        };
        text.trim().chars().map(half).collect::<String>().trim().to_lowercase()
    };
    plain(expected) == plain(got)
}

/// Where numbers of one shape differ.
pub fn difference(expected: &Numbers, got: &Numbers, tolerance: Tolerance) -> Option<Place> {
    let pairs = || expected.numbers.iter().zip(&got.numbers);
    let is_other = |(expected, got): &(&f64, &f64)| !tolerance.allows(**got, **expected);
    let first = pairs().position(|it| is_other(&it))?;
    let differences = pairs().filter(is_other).map(|(expected, got)| (got - expected).abs());
    let largest = differences.fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
    Some(Place {
        index: index(first, &expected.shape),
        expected: expected.numbers[first],
        got: got.numbers[first],
        largest,
        different: pairs().filter(is_other).count(),
        count: expected.numbers.len(),
    })
}

/// The place of an element along each axis.
fn index(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let place = at % (*size).max(1);
            at /= (*size).max(1);
            place
        })
        .collect();
    index.reverse();
    index
}

/// The first property that numbers don't have.
pub fn property(properties: &Properties, tolerance: Tolerance, got: &Numbers) -> Option<Fault> {
    let values = &got.numbers;
    if let Some(shape) = properties.shape.as_ref().filter(|it| **it != got.shape) {
        return Some(Fault::Shape { expected: shape.clone(), got: got.shape.clone() });
    }
    if properties.finite == Some(true)
        && let Some(at) = values.iter().position(|it| !it.is_finite())
    {
        return Some(Fault::NotFinite { index: index(at, &got.shape), got: values[at] });
    }
    if let Some(expected) = properties.sum {
        let sum: f64 = values.iter().sum();
        if !tolerance.allows(sum, expected) {
            return Some(Fault::Sum { expected, got: sum });
        }
    }
    if let Some(wanted) = properties.sum_along {
        let other = sums_along(got, wanted.dim).map_or(Some(f64::NAN), |it| {
            it.into_iter().find(|it| !tolerance.allows(*it, wanted.value))
        });
        if let Some(got) = other {
            return Some(Fault::SumAlong { dim: wanted.dim, expected: wanted.value, got });
        }
    }
    if let Some(range) = properties.range
        && let Some(at) = values.iter().position(|it| !(range[0]..=range[1]).contains(it))
    {
        return Some(Fault::Range { range, index: index(at, &got.shape), got: values[at] });
    }
    if let Some(limit) = properties.at_most
        && let Some(got) = values.iter().find(|it| it.is_nan() || **it > limit)
    {
        return Some(Fault::AtMost { limit, got: *got });
    }
    if let Some(limit) = properties.at_least
        && let Some(got) = values.iter().find(|it| it.is_nan() || **it < limit)
    {
        return Some(Fault::AtLeast { limit, got: *got });
    }
    let turn =
        |is_right: fn(f64, f64) -> bool| values.windows(2).position(|it| !is_right(it[0], it[1]));
    if properties.decreasing == Some(true)
        && let Some(at) = turn(|a, b| b < a)
    {
        return Some(Fault::NotDecreasing {
            index: at + 1,
            before: values[at],
            got: values[at + 1],
        });
    }
    if properties.increasing == Some(true)
        && let Some(at) = turn(|a, b| b > a)
    {
        return Some(Fault::NotIncreasing {
            index: at + 1,
            before: values[at],
            got: values[at + 1],
        });
    }
    None
}

/// The sums along an axis; none if there is no such axis.
pub fn sums_along(got: &Numbers, dim: i64) -> Option<Vec<f64>> {
    let rank = got.shape.len() as i64;
    let dim = usize::try_from(if dim < 0 { dim + rank } else { dim }).ok()?;
    let size = *got.shape.get(dim)?;
    let inner: usize = got.shape[dim + 1..].iter().product();
    let outer: usize = got.shape[..dim].iter().product();
    let sum = |outer: usize, inner_at: usize| {
        (0..size).map(|at| got.numbers[(outer * size + at) * inner + inner_at]).sum()
    };
    Some((0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))).map(|(o, i)| sum(o, i)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use akari_key::Key;

    use super::*;
    use crate::exercise::answer::given;
    use crate::exercise::got::Answered;

    fn answer(text: &str) -> Answer {
        let text = format!("[[exercise]]\nid = \"a\"\n[[exercise.answer]]\n{text}\n");
        Key::parse(&text).unwrap().exercises.remove(0).answers.remove(0)
    }

    fn of(text: &str, value: &(impl Answered + ?Sized)) -> Option<Fault> {
        match judge(&answer(text), Tolerance::default(), &Given::Value(value.got())) {
            Verdict::Wrong(wrong) => Some(wrong.fault),
            Verdict::Right => None,
            Verdict::Blank => panic!("a blank"),
        }
    }

    #[test]
    fn values_are_right_within_the_tolerance() {
        assert_eq!(of("value = 1.0", &1.00005f64), None);
        assert_eq!(of("value = 3", &3.0f32), None);
        assert_eq!(of("value = [[1, 2]]", &vec![vec![1.0, 2.0]]), None);
        assert_eq!(of("value = true", &true), None);
        assert_eq!(of("value = \"b\"", " Ｂ "), None);
        let Some(Fault::Numbers { place, .. }) =
            of("value = [[1, 2], [3, 4]]", &[[1i64, 2], [0, 9]])
        else {
            panic!()
        };
        assert_eq!((place.index, place.expected, place.got), (vec![1, 0], 3.0, 0.0));
        assert_eq!((place.largest, place.different, place.count), (5.0, 2, 4));
    }

    #[test]
    fn shape_and_dtype_come_first() {
        assert!(matches!(of("value = [1, 2]", &[[1.0], [5.0]]), Some(Fault::Shape { .. })));
        assert!(matches!(
            of("value = [1, 2]\ndtype = \"f32\"", &[1i64, 3]),
            Some(Fault::DType { got: "i64", .. })
        ));
        assert!(matches!(of("value = 1", "a"), Some(Fault::Kind { .. })));
        assert!(matches!(of("value = \"a\"", &1.0f64), Some(Fault::Kind { .. })));
        let error: Result<f64, &str> = Err("no");
        assert_eq!(of("value = 1", &error), Some(Fault::Error("no".into())));
    }

    #[test]
    fn properties_are_looked_at() {
        let p = [[0.25, 0.75], [0.5, 0.5]];
        assert_eq!(
            of(
                "shape = [2, 2]\nsum = 2\nsum_along = { dim = 1, value = 1.0 }\nrange = [0.0, 1.0]",
                &p
            ),
            None
        );
        assert!(matches!(
            of("sum_along = { dim = 0, value = 1.0 }", &p),
            Some(Fault::SumAlong { got: 0.75, .. })
        ));
        assert!(matches!(
            of("sum_along = { dim = 5, value = 1.0 }", &p),
            Some(Fault::SumAlong { .. })
        ));
        assert!(matches!(of("shape = [4]", &p), Some(Fault::Shape { .. })));
        assert!(matches!(of("sum = 3.0", &p), Some(Fault::Sum { .. })));
        assert!(matches!(of("range = [0.3, 1.0]", &p), Some(Fault::Range { got: 0.25, .. })));
        assert_eq!(of("at_most = 0.05", &0.04f64), None);
        assert!(matches!(of("at_most = 0.05", &f64::NAN), Some(Fault::AtMost { .. })));
        assert!(matches!(of("at_least = 0.9", &0.5f64), Some(Fault::AtLeast { .. })));
        assert!(matches!(
            of("finite = true", &[1.0, f64::INFINITY]),
            Some(Fault::NotFinite { .. })
        ));
        assert!(matches!(
            of("decreasing = true", &[3.0, 2.0, 2.0]),
            Some(Fault::NotDecreasing { index: 2, .. })
        ));
        assert_eq!(of("increasing = true", &[1.0, 2.0]), None);
    }

    #[test]
    fn functions_are_tried_on_each_case() {
        let text = "[[exercise.answer.case]]\ninput = 1.0\noutput = 2.0\n[[exercise.answer.case]]\ninput = 3.0\noutput = 6.0";
        let judged = |given: &Given<'_>| judge(&answer(text), Tolerance::default(), given);
        assert_eq!(judged(&given(&|x: f64| x * 2.0)), Verdict::Right);
        let Verdict::Wrong(wrong) = judged(&given(&|x: f64| x + 1.0)) else { panic!() };
        assert_eq!(wrong.inputs.as_deref(), Some("3.0"));
        assert_eq!(wrong.pairs.len(), 2);
        assert_eq!(judged(&given(&|_: f64| -> f64 { crate::exercise::blank() })), Verdict::Blank);
        let Verdict::Wrong(wrong) = judged(&given(&1.0f64)) else { panic!() };
        assert_eq!(wrong.fault, Fault::NotAFunction);
        let value = judge(&answer("value = 1"), Tolerance::default(), &given(&|x: f64| x));
        assert!(matches!(value, Verdict::Wrong(it) if it.fault == Fault::NotAValue));
    }
}
