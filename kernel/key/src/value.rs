//! Values of a key: a number, a text, true or false, or nested lists of these.

use serde::Deserialize;

/// A value as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Truth(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    /// A table, which is no value of an answer.
    Table(std::collections::BTreeMap<String, Value>),
}

/// Numbers in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub numbers: Vec<f64>,
    /// Whether all of them are written without a point.
    pub are_whole: bool,
    /// Whether all of them are written as true or false.
    pub are_truths: bool,
}

/// Why nested lists are no array.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ragged {
    #[error("each list of a value must be as long as the others beside it")]
    Lengths,
    #[error("a value has numbers or texts, and not both")]
    Mixed,
    #[error("a value is a number, a text, true or false, or lists of these")]
    Table,
}

impl Value {
    /// The numbers of the value; none for texts.
    pub fn array(&self) -> Result<Option<Array>, Ragged> {
        let scalar = |number: f64, are_whole, are_truths| {
            Some(Array { shape: Vec::new(), numbers: vec![number], are_whole, are_truths })
        };
        Ok(match self {
            Value::Truth(truth) => scalar(f64::from(u8::from(*truth)), true, true),
            Value::Whole(number) => scalar(*number as f64, true, false),
            Value::Number(number) => scalar(*number, false, false),
            Value::Text(_) => None,
            Value::Table(_) => return Err(Ragged::Table),
            Value::List(values) => {
                let mut all = Array {
                    shape: vec![values.len()],
                    numbers: Vec::new(),
                    are_whole: !values.is_empty(),
                    are_truths: !values.is_empty(),
                };
                let mut texts = 0;
                for (at, value) in values.iter().enumerate() {
                    let Some(inner) = value.array()? else {
                        texts += 1;
                        continue;
                    };
                    if at == 0 {
                        all.shape.extend(&inner.shape);
                    }
                    if all.shape[1..] != inner.shape {
                        return Err(if texts > 0 { Ragged::Mixed } else { Ragged::Lengths });
                    }
                    all.numbers.extend(inner.numbers);
                    all.are_whole &= inner.are_whole;
                    all.are_truths &= inner.are_truths;
                }
                match texts {
                    0 => Some(all),
                    texts if texts == values.len() => None,
                    _ => return Err(Ragged::Mixed),
                }
            }
        })
    }

    /// The text of a value that is one, or a list of them as Rust writes it.
    pub fn text(&self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.clone()),
            Value::List(values) if self.array().is_ok_and(|it| it.is_none()) => {
                let texts: Option<Vec<String>> = values.iter().map(Value::text).collect();
                texts.map(|texts| format!("{texts:?}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_gives_the_shape() {
        let whole =
            |numbers: &[i64]| Value::List(numbers.iter().map(|it| Value::Whole(*it)).collect());
        let rows = Value::List(vec![whole(&[1, 2]), whole(&[3, 4])]);
        let array = rows.array().expect("even").expect("numbers");
        assert_eq!((array.shape, array.numbers), (vec![2, 2], vec![1., 2., 3., 4.]));
        assert!(array.are_whole);
        let ragged = Value::List(vec![whole(&[1, 2]), whole(&[3])]);
        assert_eq!(ragged.array(), Err(Ragged::Lengths));
        let mixed = Value::List(vec![Value::Text("a".into()), Value::Whole(1)]);
        assert_eq!(mixed.array(), Err(Ragged::Mixed));
        let empty = Value::List(Vec::new()).array().expect("even").expect("numbers");
        assert_eq!(empty.shape, [0]);
    }

    #[test]
    fn texts_are_no_numbers() {
        let text = Value::Text("b".into());
        assert_eq!(text.array(), Ok(None));
        assert_eq!(Value::List(vec![text]).text().as_deref(), Some("[\"b\"]"));
    }
}
