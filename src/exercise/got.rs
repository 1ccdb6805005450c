//! What a learner hands to `check!`, as plain data: numbers with their shape and dtype, a text, an error, a blank.

use std::fmt::{self, Debug, Display};

use candle_core::{DType, Device, Tensor, Var};

use super::blank::{is_blank_f32, is_blank_f64, is_blank_text};
use crate::print::tensor_text;
use crate::rt;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    Numbers(Numbers),
    Text(String),
    /// The error of a result.
    Failed(String),
    Blank,
}

/// Numbers in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    pub shape: Vec<usize>,
    pub numbers: Vec<f64>,
    /// As Rust writes it: `f32`, `i64`, `bool`.
    pub dtype: &'static str,
    pub is_tensor: bool,
}

impl Numbers {
    /// The numbers as the learner knows them: PyTorch's text of a tensor, Rust's of all else.
    pub fn text(&self) -> String {
        if self.is_tensor {
            let text = self.tensor().and_then(|it| tensor_text(&it));
            return text.unwrap_or_else(|error| format!("<{error}>"));
        }
        self.rows(&self.shape, &self.numbers)
    }

    /// The numbers as a tensor, of their own dtype where tensors have it.
    pub fn tensor(&self) -> candle_core::Result<Tensor> {
        let dtype = self.dtype.parse().unwrap_or(DType::F32);
        let tensor = Tensor::from_slice(&self.numbers, &*self.shape, &Device::Cpu)?;
        tensor.to_dtype(dtype)
    }

    fn rows(&self, shape: &[usize], numbers: &[f64]) -> String {
        let Some((rows, inner)) = shape.split_first() else {
            return numbers.first().map_or_else(String::new, |it| self.number(*it));
        };
        // A list of thousands would hide all else.
        const MOST: usize = 20;
        let size = inner.iter().product::<usize>().max(1);
        let mut texts: Vec<String> =
            numbers.chunks(size).take((*rows).min(MOST)).map(|it| self.rows(inner, it)).collect();
        if *rows > MOST {
            texts.push("..".to_owned());
        }
        format!("[{}]", texts.join(", "))
    }

    fn number(&self, number: f64) -> String {
        match self.dtype {
            "bool" => (number != 0.0).to_string(),
            "f64" => format!("{number:?}"),
            dtype if dtype.starts_with('f') => format!("{:?}", number as f32),
            _ => format!("{number}"),
        }
    }
}

impl Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Got::Numbers(numbers) => f.write_str(&numbers.text()),
            Got::Text(text) => write!(f, "{text:?}"),
            Got::Failed(error) => write!(f, "Err({error})"),
            Got::Blank => f.write_str("blank!()"),
        }
    }
}

/// What can be an answer by its value.
pub trait Answered {
    #[doc(hidden)]
    fn got(&self) -> Got;

    /// The tensor that it is, with its graph.
    #[doc(hidden)]
    fn tensor(&self) -> Option<Tensor> {
        None
    }
}

macro_rules! numbers {
    ($($number:ty: $name:literal),*) => {$(
        impl Answered for $number {
            fn got(&self) -> Got {
                unseen(*self as f64, $name)
            }
        }
    )*};
}

numbers!(i8: "i8", i16: "i16", i32: "i32", i64: "i64", isize: "isize", u8: "u8", u16: "u16", u32: "u32", u64: "u64", usize: "usize");

impl Answered for bool {
    fn got(&self) -> Got {
        unseen(f64::from(u8::from(*self)), "bool")
    }
}

/// A number that doesn't show whether it is a blank.
#[inline(never)]
fn unseen(number: f64, dtype: &'static str) -> Got {
    if rt::has_unseen_blank() { Got::Blank } else { scalar(number, dtype) }
}

fn scalar(number: f64, dtype: &'static str) -> Got {
    Got::Numbers(Numbers { shape: Vec::new(), numbers: vec![number], dtype, is_tensor: false })
}

impl Answered for f32 {
    fn got(&self) -> Got {
        if is_blank_f32(*self) { Got::Blank } else { scalar(f64::from(*self), "f32") }
    }
}

impl Answered for f64 {
    fn got(&self) -> Got {
        if is_blank_f64(*self) { Got::Blank } else { scalar(*self, "f64") }
    }
}

impl Answered for str {
    fn got(&self) -> Got {
        if is_blank_text(self) { Got::Blank } else { Got::Text(self.to_owned()) }
    }
}

impl Answered for String {
    fn got(&self) -> Got {
        self.as_str().got()
    }
}

impl Answered for char {
    fn got(&self) -> Got {
        Got::Text(self.to_string())
    }
}

impl Answered for Tensor {
    fn got(&self) -> Got {
        of_tensor(self).unwrap_or_else(|error| Got::Failed(error.to_string()))
    }

    fn tensor(&self) -> Option<Tensor> {
        Some(self.clone())
    }
}

impl Answered for Var {
    fn got(&self) -> Got {
        self.as_tensor().got()
    }

    fn tensor(&self) -> Option<Tensor> {
        Some(self.as_tensor().clone())
    }
}

impl<T: Answered + ?Sized> Answered for &T {
    fn got(&self) -> Got {
        (**self).got()
    }

    fn tensor(&self) -> Option<Tensor> {
        (**self).tensor()
    }
}

impl<T: Answered + ?Sized> Answered for &mut T {
    fn got(&self) -> Got {
        (**self).got()
    }

    fn tensor(&self) -> Option<Tensor> {
        (**self).tensor()
    }
}

impl<T: Answered + ?Sized> Answered for Box<T> {
    fn got(&self) -> Got {
        (**self).got()
    }

    fn tensor(&self) -> Option<Tensor> {
        (**self).tensor()
    }
}

impl<T: Answered, E: Display> Answered for Result<T, E> {
    fn got(&self) -> Got {
        match self {
            Ok(value) => value.got(),
            Err(error) => Got::Failed(error.to_string()),
        }
    }

    fn tensor(&self) -> Option<Tensor> {
        self.as_ref().ok()?.tensor()
    }
}

impl<T: Answered> Answered for Option<T> {
    fn got(&self) -> Got {
        self.as_ref().map_or_else(|| Got::Failed("None".to_owned()), Answered::got)
    }

    fn tensor(&self) -> Option<Tensor> {
        self.as_ref()?.tensor()
    }
}

impl<T: Answered> Answered for [T] {
    fn got(&self) -> Got {
        list(&mut self.iter().map(Answered::got))
    }
}

impl<T: Answered> Answered for Vec<T> {
    fn got(&self) -> Got {
        self[..].got()
    }
}

impl<T: Answered, const N: usize> Answered for [T; N] {
    fn got(&self) -> Got {
        self[..].got()
    }
}

/// Rows of numbers as one array, texts as their list.
#[inline(never)]
fn list(rows: &mut dyn Iterator<Item = Got>) -> Got {
    let mut all = Numbers { shape: vec![0], numbers: Vec::new(), dtype: "f64", is_tensor: false };
    let mut texts = Vec::new();
    for row in rows {
        match row {
            Got::Numbers(row) => {
                if all.shape[0] == 0 {
                    all.shape.extend(&row.shape);
                    all.dtype = row.dtype;
                } else if all.shape[1..] != row.shape {
                    return Got::Failed("the rows have different lengths".to_owned());
                }
                all.shape[0] += 1;
                all.numbers.extend(row.numbers);
            }
            Got::Text(text) => texts.push(text),
            other => return other,
        }
    }
    if texts.is_empty() { Got::Numbers(all) } else { Got::Text(format!("{texts:?}")) }
}

fn of_tensor(tensor: &Tensor) -> candle_core::Result<Got> {
    let flat = tensor.to_device(&Device::Cpu)?.flatten_all()?;
    let numbers: Vec<f64> = match tensor.dtype() {
        // A part of an empty tensor may begin behind the end of its storage, where candle panics.
        _ if tensor.elem_count() == 0 => Vec::new(),
        DType::F32 => {
            let numbers = flat.to_vec1::<f32>()?;
            if numbers.iter().any(|it| is_blank_f32(*it)) {
                return Ok(Got::Blank);
            }
            numbers.into_iter().map(f64::from).collect()
        }
        DType::F64 => {
            let numbers = flat.to_vec1::<f64>()?;
            if numbers.iter().any(|it| is_blank_f64(*it)) {
                return Ok(Got::Blank);
            }
            numbers
        }
        _ => flat.to_dtype(DType::F64)?.to_vec1()?,
    };
    let dtype = tensor.dtype().as_str();
    Ok(Got::Numbers(Numbers { shape: tensor.dims().to_vec(), numbers, dtype, is_tensor: true }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::exercise::blank::blank;

    fn text(value: &(impl Answered + ?Sized)) -> String {
        value.got().to_string()
    }

    #[test]
    fn part_of_an_empty_tensor_is_an_answer_without_numbers() {
        for dtype in [DType::F32, DType::F64] {
            let empty = Tensor::zeros((0, 3), dtype, &Device::Cpu).unwrap();
            let got = of_tensor(&empty.narrow(1, 2, 1).unwrap()).unwrap();
            assert!(matches!(got, Got::Numbers(it) if it.numbers.is_empty() && it.shape == [0, 1]));
        }
    }

    #[test]
    fn values_are_read_by_shape_and_dtype() {
        assert_eq!(text(&1.0f64), "1.0");
        assert_eq!(text(&0.1f32), "0.1");
        assert_eq!(text(&3usize), "3");
        assert_eq!(text(&true), "true");
        assert_eq!(text("b"), "\"b\"");
        assert_eq!(text(&vec![vec![1.0, 2.0], vec![3.0, 4.5]]), "[[1.0, 2.0], [3.0, 4.5]]");
        assert_eq!(text(&["a", "b"]), r#""[\"a\", \"b\"]""#);
        let rows = vec![vec![1i64], vec![]];
        assert!(matches!(rows.got(), Got::Failed(_)));
        let error: Result<Tensor, &str> = Err("no shape");
        assert_eq!(text(&error), "Err(no shape)");
        let tensor = Tensor::new(&[[1u8, 0]], &Device::Cpu).unwrap();
        let Got::Numbers(numbers) = tensor.got() else { panic!() };
        assert_eq!((numbers.shape.as_slice(), numbers.dtype), (&[1, 2][..], "u8"));
        assert_eq!(numbers.text(), "tensor([[1, 0]], dtype=torch.uint8)");
        assert_eq!(text(&Tensor::new(&[1f32, 0.5], &Device::Cpu)), "tensor([1.0000, 0.5000])");
    }

    #[test]
    fn blanks_are_known_wherever_they_are() {
        let tensor: Tensor = blank();
        assert_eq!(tensor.got(), Got::Blank);
        assert_eq!((tensor.to_dtype(DType::F64).unwrap() * 2.0).got(), Got::Blank);
        assert_eq!(blank::<Var>().got(), Got::Blank);
        assert_eq!(blank::<Vec<f64>>().got(), Got::Blank);
        assert_eq!(blank::<candle_core::Result<String>>().got(), Got::Blank);
        assert_eq!(blank::<usize>().got(), Got::Blank);
    }
}
