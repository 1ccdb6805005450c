//! The key of a lesson: what its exercises want, their hints and solutions, and what is said to a slip.
//!
//! A key is data, `keys/01.toml` for all languages of lesson 01. The prelude reads it to judge an answer, the
//! kernel to check a lesson and to write a learner's version; both take it from here, so that a key that one of them
//! takes is one for the other too. Judging is not here: that is the prelude's `exercise`.
#![forbid(unsafe_code)]

mod find;
mod value;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::find::{FindError, find, hidden_library, lesson_of, read};
pub use self::value::{Array, Ragged, Value};

/// What stands in a key.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    #[serde(default, rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// An exercise or a question.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    pub id: String,
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
    /// Rust that takes the place of the answer cell's text.
    #[serde(default)]
    pub solution: String,
    #[serde(default)]
    pub hints: Vec<Texts>,
    /// Whether the expected values are not to be told.
    #[serde(default)]
    pub secret: bool,
    /// Whether the library of hidden tests has one for it, which a right answer has to pass too.
    #[serde(default)]
    pub hidden: bool,
    /// One for each argument of `check!` behind the id, in order.
    #[serde(default, rename = "answer")]
    pub answers: Vec<Answer>,
    /// Tried in order where an answer is wrong; the first that fits is told.
    #[serde(default, rename = "slip")]
    pub slips: Vec<Slip>,
}

/// How far a number may be from the expected one: the sum of both allowances.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerance {
    pub relative: f64,
    pub absolute: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { relative: 1e-4, absolute: 1e-6 }
    }
}

impl Tolerance {
    /// Whether a number passes for the expected one. NaN passes for NaN.
    pub fn allows(self, got: f64, expected: f64) -> bool {
        got == expected
            || got.is_nan() && expected.is_nan()
            || expected.is_finite()
                && (got - expected).abs() <= self.absolute + self.relative * expected.abs()
    }
}

/// What one argument of `check!` is to be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    /// How the texts call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The expected value, its shape from the nesting.
    #[serde(default)]
    pub value: Option<Value>,
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
    /// What a function is tried on.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
    #[serde(flatten)]
    pub properties: Properties,
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

/// Inputs of a function, and what it gives for them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    inputs: Vec<Value>,
    pub output: Value,
}

impl Answer {
    /// Whether nothing is said of what is right, as where hidden tests say all of it.
    pub fn is_open(&self) -> bool {
        self.value.is_none() && self.cases.is_empty() && self.properties.is_empty()
    }
}

impl Case {
    pub fn inputs(&self) -> &[Value] {
        self.input.as_ref().map_or(&self.inputs, std::slice::from_ref)
    }
}

/// What is true of a value, where it is no matter which one it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Properties {
    pub dtype: Option<String>,
    pub shape: Option<Vec<usize>>,
    pub sum: Option<f64>,
    pub sum_along: Option<SumAlong>,
    pub range: Option<[f64; 2]>,
    pub at_most: Option<f64>,
    pub at_least: Option<f64>,
    pub finite: Option<bool>,
    pub decreasing: Option<bool>,
    pub increasing: Option<bool>,
}

impl Properties {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Properties::default()
    }
}

/// The sums along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumAlong {
    /// Negative ones count from the last axis.
    pub dim: i64,
    pub value: f64,
}

/// A slip that learners make, and what is said to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Slip {
    /// The name of the answer, the first one otherwise.
    #[serde(default)]
    pub answer: Option<String>,
    /// The value that the slip gives.
    #[serde(default)]
    pub value: Option<Value>,
    /// What the slip gives for each case of a function.
    #[serde(default)]
    pub outputs: Vec<Value>,
    /// How many times the expected value the slip gives.
    #[serde(default)]
    pub ratio: Option<f64>,
    #[serde(default)]
    pub negated: bool,
    #[serde(default)]
    pub transposed: bool,
    #[serde(default)]
    pub ja: Option<String>,
    #[serde(default)]
    pub en: Option<String>,
    #[serde(flatten)]
    pub properties: Properties,
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

impl Slip {
    pub fn texts(&self) -> Texts {
        Texts { ja: self.ja.clone(), en: self.en.clone() }
    }

    /// Whether the slip says what it gives.
    pub fn is_recognisable(&self) -> bool {
        self.value.is_some()
            || !self.outputs.is_empty()
            || self.ratio.is_some()
            || self.negated
            || self.transposed
            || !self.properties.is_empty()
    }
}

/// A text in the languages that there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    #[serde(default)]
    pub ja: Option<String>,
    #[serde(default)]
    pub en: Option<String>,
}

impl Texts {
    /// The text in one language, or in the other one where that is missing.
    pub fn text(&self, is_japanese: bool) -> &str {
        let (first, second) = if is_japanese { (&self.ja, &self.en) } else { (&self.en, &self.ja) };
        first.as_deref().or(second.as_deref()).unwrap_or_default().trim()
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("line {line}: {text}")]
    Syntax { line: usize, text: String },
    #[error("exercise `{id}`: there is no `{name}` in an answer or a slip")]
    UnknownField { id: String, name: String },
    #[error("exercise `{id}` is there twice")]
    Twice { id: String },
    #[error("exercise `{id}` has no [[exercise.answer]]")]
    NoAnswer { id: String },
    #[error("exercise `{id}`: the answer `{name}` says nothing of what is right")]
    Anything { id: String, name: String },
    #[error("exercise `{id}`: {ragged}")]
    Ragged { id: String, ragged: Ragged },
    #[error("exercise `{id}`: a slip is for the answer `{name}`, which there is not")]
    SlipOfNothing { id: String, name: String },
    #[error(
        "exercise `{id}`: a slip does not say what it gives (value, outputs, ratio, negated, ..)"
    )]
    SlipWithoutSign { id: String },
    #[error("exercise `{id}`: a slip has {outputs} outputs for {cases} cases")]
    SlipOutputs { id: String, outputs: usize, cases: usize },
}

impl Key {
    /// Reads a key, and looks whether it makes sense.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let key: Key = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..at].iter().filter(|it| **it == b'\n').count() + 1;
            KeyError::Syntax { line, text: error.message().trim().replace('\n', " ") }
        })?;
        for (at, exercise) in key.exercises.iter().enumerate() {
            if key.exercises[..at].iter().any(|it| it.id == exercise.id) {
                return Err(KeyError::Twice { id: exercise.id.clone() });
            }
            exercise.check()?;
        }
        Ok(key)
    }

    pub fn exercise(&self, id: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|it| it.id == id)
    }
}

impl Exercise {
    pub fn tolerance_of(&self, answer: &Answer) -> Tolerance {
        answer.tolerance.or(self.tolerance).unwrap_or_default()
    }

    /// The place of the answer that a slip is about.
    pub fn answer_of(&self, slip: &Slip) -> Option<usize> {
        match &slip.answer {
            None => Some(0),
            Some(name) => self.answers.iter().position(|it| it.name.as_ref() == Some(name)),
        }
    }

    fn check(&self) -> Result<(), KeyError> {
        let id = || self.id.clone();
        if self.answers.is_empty() {
            return Err(KeyError::NoAnswer { id: id() });
        }
        for answer in &self.answers {
            if let Some(name) = answer.unknown.keys().next() {
                return Err(KeyError::UnknownField { id: id(), name: name.clone() });
            }
            if answer.is_open() && !self.hidden {
                let name = answer.name.clone().unwrap_or_default();
                return Err(KeyError::Anything { id: id(), name });
            }
            let outputs = answer.cases.iter().flat_map(|it| it.inputs().iter().chain([&it.output]));
            self.check_values(answer.value.iter().chain(outputs))?;
        }
        for slip in &self.slips {
            if let Some(name) = slip.unknown.keys().next() {
                return Err(KeyError::UnknownField { id: id(), name: name.clone() });
            }
            let Some(answer) = self.answer_of(slip) else {
                let name = slip.answer.clone().unwrap_or_default();
                return Err(KeyError::SlipOfNothing { id: id(), name });
            };
            if !slip.is_recognisable() {
                return Err(KeyError::SlipWithoutSign { id: id() });
            }
            let (outputs, cases) = (slip.outputs.len(), self.answers[answer].cases.len());
            if outputs != 0 && outputs != cases {
                return Err(KeyError::SlipOutputs { id: id(), outputs, cases });
            }
            self.check_values(slip.value.iter().chain(&slip.outputs))?;
        }
        Ok(())
    }

    fn check_values<'a>(&self, values: impl Iterator<Item = &'a Value>) -> Result<(), KeyError> {
        for value in values {
            if let Err(ragged) = value.array() {
                return Err(KeyError::Ragged { id: self.id.clone(), ragged });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KEY: &str = r#"
[[exercise]]
id = "02-1"
tolerance = { relative = 1e-3 }
solution = """
let y = F::softmax(&x, 1)?;
"""
hints = [{ ja = "軸", en = "an axis" }, { en = "the last one" }]
[[exercise.answer]]
name = "y"
value = [[0.1, 0.9], [1, 0]]
dtype = "f32"
[[exercise.answer]]
name = "f"
[[exercise.answer.case]]
input = [-1.0, 2.0]
output = [-0.01, 2.0]
[[exercise.answer.case]]
inputs = [1.0, 2]
output = 3
[[exercise.slip]]
answer = "f"
outputs = [[0.0, 2.0], 2]
ja = "a"
[[exercise.slip]]
ratio = 3.0
sum_along = { dim = -1, value = 1.0 }
en = "b"
"#;

    #[test]
    fn key_is_read_whole() {
        let key = Key::parse(KEY).unwrap();
        let exercise = key.exercise("02-1").unwrap();
        assert_eq!(exercise.solution, "let y = F::softmax(&x, 1)?;\n");
        assert_eq!(exercise.hints[0].text(true), "軸");
        assert_eq!(exercise.hints[1].text(true), "the last one");
        let [y, f] = &exercise.answers[..] else { panic!("{exercise:?}") };
        assert_eq!(y.value.as_ref().unwrap().array().unwrap().unwrap().shape, [2, 2]);
        assert_eq!(y.properties.dtype.as_deref(), Some("f32"));
        assert_eq!(exercise.tolerance_of(y), Tolerance { relative: 1e-3, absolute: 1e-6 });
        assert_eq!(f.cases[0].inputs().len(), 1);
        assert_eq!(f.cases[1].inputs().len(), 2);
        assert_eq!(
            exercise.slips.iter().map(|it| exercise.answer_of(it)).collect::<Vec<_>>(),
            [Some(1), Some(0)]
        );
    }

    #[test]
    fn broken_keys_say_where() {
        let check = |from: &str, to: &str, said: &str| {
            assert!(KEY.contains(from), "{from}");
            let error = Key::parse(&KEY.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{to}: {error}");
        };
        check("id = \"02-1\"", "id = ", "line 3");
        check("hints", "hint", "hint");
        check("dtype = ", "dtypes = ", "there is no `dtypes`");
        check("ratio = 3.0", "ratios = 3.0", "there is no `ratios`");
        check("[1, 0]", "[1, 0, 2]", "as long as");
        check("answer = \"f\"", "answer = \"g\"", "`g`, which there is not");
        check("outputs = [[0.0, 2.0], 2]", "outputs = [2]", "1 outputs for 2 cases");
        let twice = format!("{KEY}{KEY}");
        assert_eq!(Key::parse(&twice), Err(KeyError::Twice { id: "02-1".into() }));
        let none = "[[exercise]]\nid = \"a\"\n";
        assert_eq!(Key::parse(none), Err(KeyError::NoAnswer { id: "a".into() }));
        let any = format!("{none}[[exercise.answer]]\nname = \"y\"\n");
        assert!(matches!(Key::parse(&any), Err(KeyError::Anything { .. })));
        // Hidden tests may say what is right.
        let open = Key::parse(&any.replacen("id", "hidden = true\nid", 1)).unwrap();
        assert!(open.exercises[0].hidden && open.exercises[0].answers[0].is_open());
        let bare = format!("{none}[[exercise.answer]]\nvalue = 1\n[[exercise.slip]]\nen = \"x\"\n");
        assert!(matches!(Key::parse(&bare), Err(KeyError::SlipWithoutSign { .. })));
    }

    #[test]
    fn tolerance_is_the_sum_of_both() {
        let tolerance = Tolerance::default();
        assert!(tolerance.allows(1.0001, 1.0) && !tolerance.allows(1.0002, 1.0));
        assert!(tolerance.allows(f64::NAN, f64::NAN) && !tolerance.allows(f64::NAN, 1.0));
        assert!(tolerance.allows(f64::INFINITY, f64::INFINITY));
        assert!(!tolerance.allows(f64::NEG_INFINITY, f64::INFINITY));
    }
}
