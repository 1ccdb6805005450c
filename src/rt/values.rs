//! A few words on the values of variables, for whoever looks at a session: the shape and the first numbers
//! of a tensor, a number, the beginning of a text or a vector.
//!
//! Only values of types that are known here are read, so that no code of the learner's runs. Each is
//! read in a few places, however large it is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use akari_seam::Frame;
use candle_core::{DType, Result, Tensor, Var};

use super::{store, wire};

/// How many numbers or texts of a value are told, and how many letters of a text.
const FIRST: usize = 6;
const LETTERS: usize = 60;

/// Tells of each variable what can be told.
pub(super) fn describe() {
    store::each(|slot, value| {
        // What fails is not told.
        if let Ok(Some(text)) = catch_unwind(AssertUnwindSafe(|| words(value))) {
            wire::send(Frame::Value { slot, text: &text });
        }
    });
}

fn words(value: &dyn Any) -> Option<String> {
    if let Some(tensor) = value.downcast_ref::<Tensor>() {
        return of_tensor(tensor).ok();
    }
    if let Some(variable) = value.downcast_ref::<Var>() {
        return of_tensor(variable.as_tensor()).ok();
    }
    of_number(value).or_else(|| of_text(value)).or_else(|| of_list(value))
}

/// `f32 [2, 3]: 1.0, 2.0, 3.0, ..`: dtype, shape, and the beginning of the first row.
fn of_tensor(tensor: &Tensor) -> Result<String> {
    let mut row = tensor.clone();
    for dim in 0..tensor.rank() {
        let wanted = if dim + 1 == tensor.rank() { FIRST } else { 1 };
        row = row.narrow(dim, 0, tensor.dims()[dim].min(wanted))?;
    }
    let row = row.flatten_all()?;
    let numbers: Vec<String> = if row.elem_count() == 0 {
        // A part of an empty tensor may begin behind the end of its storage, where candle panics.
        Vec::new()
    } else if tensor.dtype().is_int() {
        row.to_dtype(DType::I64)?.to_vec1::<i64>()?.iter().map(ToString::to_string).collect()
    } else if tensor.dtype() == DType::F64 {
        row.to_vec1::<f64>()?.iter().map(|it| format!("{it:?}")).collect()
    } else {
        row.to_dtype(DType::F32)?.to_vec1::<f32>()?.iter().map(|it| format!("{it:?}")).collect()
    };
    let rest = if numbers.len() < tensor.elem_count() { ", .." } else { "" };
    let (dtype, dims) = (tensor.dtype().as_str(), tensor.dims());
    Ok(format!("{dtype} {dims:?}: {}{rest}", numbers.join(", ")))
}

fn of_number(value: &dyn Any) -> Option<String> {
    macro_rules! one_of {
        ($($kind:ty)*) => {
            $(if let Some(value) = value.downcast_ref::<$kind>() {
                return Some(format!("{value:?}"));
            })*
        };
    }
    one_of!(f64 f32 i32 i64 u32 u64 usize isize u8 i8 u16 i16 bool char);
    None
}

fn of_text(value: &dyn Any) -> Option<String> {
    let text = value.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| value.downcast_ref::<&str>().copied()).map(quoted)
}

fn quoted(text: &str) -> String {
    let end = text.char_indices().nth(LETTERS).map_or(text.len(), |(at, _)| at);
    let rest = if end < text.len() { ".." } else { "" };
    format!("{:?}{rest}", &text[..end])
}

fn of_list(value: &dyn Any) -> Option<String> {
    macro_rules! one_of {
        ($($kind:ty)*) => {
            $(if let Some(values) = value.downcast_ref::<Vec<$kind>>() {
                return Some(list(values, |it| format!("{it:?}")));
            })*
        };
    }
    one_of!(f64 f32 i32 i64 u32 u64 usize u8 bool);
    if let Some(texts) = value.downcast_ref::<Vec<String>>() {
        return Some(list(texts, |it| quoted(it)));
    }
    if let Some(texts) = value.downcast_ref::<Vec<&str>>() {
        return Some(list(texts, |it| quoted(it)));
    }
    let tensors = value.downcast_ref::<Vec<Tensor>>()?;
    Some(list(tensors, |it| format!("{} {:?}", it.dtype().as_str(), it.dims())))
}

/// `3 values: 0.5, 0.25, 0.125`.
fn list<T>(values: &[T], word: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = values.iter().take(FIRST).map(word).collect();
    let rest = if first.len() < values.len() { ", .." } else { "" };
    let plural = if values.len() == 1 { "" } else { "s" };
    format!("{} value{plural}: {}{rest}", values.len(), first.join(", "))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn part_of_an_empty_tensor_has_a_shape_and_no_numbers() {
        let empty = Tensor::zeros((0, 3), DType::F64, &Device::Cpu).unwrap();
        assert_eq!(of_tensor(&empty.narrow(1, 2, 1).unwrap()).unwrap(), "f64 [0, 1]: ");
    }

    #[test]
    fn values_are_told_in_a_few_words() -> Result<()> {
        let tensor = Tensor::arange(0f32, 24., &Device::Cpu)?.reshape((2, 3, 4))?;
        let whole = Tensor::new(&[1u8, 2], &Device::Cpu)?;
        let long = "灯".repeat(100);
        for (value, expected) in [
            (&tensor as &dyn Any, "f32 [2, 3, 4]: 0.0, 1.0, 2.0, 3.0, .."),
            (&tensor.transpose(0, 2)?, "f32 [4, 3, 2]: 0.0, 12.0, .."),
            (&whole, "u8 [2]: 1, 2"),
            (&tensor.sum_all()?, "f32 []: 276.0"),
            (&Tensor::zeros((0, 3), DType::F32, &Device::Cpu)?, "f32 [0, 3]: "),
            (&0.5f64, "0.5"),
            (&long, &format!("{:?}..", "灯".repeat(60))),
            (&"short", "\"short\""),
            (&vec![1i32; 9], "9 values: 1, 1, 1, 1, 1, 1, .."),
            (&vec!["a".to_owned()], "1 value: \"a\""),
            (&vec![whole.clone()], "1 value: u8 [2]"),
        ] {
            assert_eq!(words(value).as_deref(), Some(expected));
        }
        assert_eq!(words(&()), None);
        Ok(())
    }
}
