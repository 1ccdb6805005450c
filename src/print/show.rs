//! `show!`, and the text of any value: a tensor's, a float's, else `Display`, else `Debug`, else its type.
//!
//! Method resolution decides which, while the cell is compiled: each `impl` below is for one
//! reference more than the next, and the first that fits is taken.

use std::any::type_name;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use akari_seam::path::CELL_TYPES;
use candle_core::{Tensor, Var};

use super::layout::tensor_text;
use crate::rt;

/// Prints its arguments as Python's `print` does: one space between them, a newline at the end.
///
/// Tensors are written as PyTorch writes them, text as it is, everything else by `Display`, or by
/// `Debug` where it has no `Display`. A float is seen to be one: `1.0`, where `println!` writes `1`. Values are only
/// looked at, never moved.
///
/// ```
/// use akari::prelude::*;
/// let x = tensor!([0.25, 1.0]);
/// show!("x:", x, "rank", x.rank(), "rate", 1.0); // x: tensor([0.2500, 1.0000]) rank 1 rate 1.0
/// ```
#[macro_export]
macro_rules! show {
    ($($value:expr),* $(,)?) => {
        $crate::print::show::print(&[ $( $crate::__text!($value) ),* ])
    };
}

/// The text of a value.
#[doc(hidden)]
#[macro_export]
macro_rules! __text {
    ($value:expr) => {{
        #[allow(unused_imports)]
        use $crate::print::show::{
            ByDebug as _, ByDisplay as _, ByFloat as _, ByName as _, ByTensor as _,
        };
        (&&&&&$crate::print::show::Shown(&$value)).akari_text()
    }};
}

/// Prints the texts of a `show!` in one line.
#[doc(hidden)]
#[inline(never)]
pub fn print(texts: &[String]) {
    rt::interrupt_point();
    println!("{}", line(texts));
}

/// The line that a `show!` of these texts prints, without the newline.
#[doc(hidden)]
pub fn line(texts: &[String]) -> String {
    texts.join(" ")
}

/// A value on its way to text.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Shown<'a, T: ?Sized>(pub &'a T);

/// A tensor, or something made of tensors.
pub trait TensorText {
    /// The text that `show!` prints.
    fn tensor_text(&self) -> String;
}

impl TensorText for Tensor {
    fn tensor_text(&self) -> String {
        tensor_text(self).unwrap_or_else(|error| format!("<{error}>"))
    }
}

impl TensorText for Var {
    fn tensor_text(&self) -> String {
        self.as_tensor().tensor_text()
    }
}

impl<T: TensorText + ?Sized> TensorText for &T {
    fn tensor_text(&self) -> String {
        (**self).tensor_text()
    }
}

impl<T: TensorText + ?Sized> TensorText for &mut T {
    fn tensor_text(&self) -> String {
        (**self).tensor_text()
    }
}

impl<T: TensorText + ?Sized> TensorText for Box<T> {
    fn tensor_text(&self) -> String {
        (**self).tensor_text()
    }
}

impl<T: TensorText> TensorText for [T] {
    fn tensor_text(&self) -> String {
        let texts = self.iter().map(TensorText::tensor_text).collect::<Vec<_>>();
        format!("[{}]", texts.join(", "))
    }
}

impl<T: TensorText, const N: usize> TensorText for [T; N] {
    fn tensor_text(&self) -> String {
        self[..].tensor_text()
    }
}

impl<T: TensorText> TensorText for Vec<T> {
    fn tensor_text(&self) -> String {
        self[..].tensor_text()
    }
}

impl<T: TensorText> TensorText for Option<T> {
    fn tensor_text(&self) -> String {
        self.as_ref().map_or_else(|| "None".to_owned(), |it| format!("Some({})", it.tensor_text()))
    }
}

impl<T: TensorText, E: fmt::Display> TensorText for Result<T, E> {
    fn tensor_text(&self) -> String {
        match self {
            Ok(value) => format!("Ok({})", value.tensor_text()),
            Err(error) => format!("Err({error})"),
        }
    }
}

impl<A: TensorText, B: TensorText> TensorText for (A, B) {
    fn tensor_text(&self) -> String {
        format!("({}, {})", self.0.tensor_text(), self.1.tensor_text())
    }
}

impl<K: fmt::Debug, V: TensorText> TensorText for BTreeMap<K, V> {
    fn tensor_text(&self) -> String {
        map_text(self.iter().map(|(key, value)| (debug_text(key), value.tensor_text())).collect())
    }
}

impl<K: fmt::Debug, V: TensorText, S> TensorText for HashMap<K, V, S> {
    fn tensor_text(&self) -> String {
        let mut texts =
            Vec::from_iter(self.iter().map(|(key, value)| (debug_text(key), value.tensor_text())));
        // A map's own order is another one in each run.
        texts.sort();
        map_text(texts)
    }
}

/// A map as Python prints one, each value in a line of its own.
fn map_text(texts: Vec<(String, String)>) -> String {
    let texts = texts.into_iter().map(|(key, value)| {
        // The lines of a tensor stand below each other.
        let indent = format!("\n{}", " ".repeat(key.chars().count() + 3));
        format!("{key}: {}", value.replace('\n', &indent))
    });
    format!("{{{}}}", texts.collect::<Vec<_>>().join(",\n "))
}

/// Values that hold tensors, as PyTorch prints them.
#[doc(hidden)]
pub trait ByTensor {
    fn akari_text(&self) -> String;
}

impl<T: TensorText + ?Sized> ByTensor for &&&Shown<'_, T> {
    fn akari_text(&self) -> String {
        self.0.tensor_text()
    }
}

/// Floats, which `Display` writes without a point where they are whole.
#[doc(hidden)]
pub trait ByFloat {
    fn akari_text(&self) -> String;
}

macro_rules! by_float {
    ($($float:ty),*) => {$(
        impl ByFloat for &&&&Shown<'_, $float> {
            fn akari_text(&self) -> String {
                debug_text(&self.0)
            }
        }
    )*};
}

by_float!(f64, f32, &f64, &f32);

/// Values that print themselves.
#[doc(hidden)]
pub trait ByDisplay {
    fn akari_text(&self) -> String;
}

impl<T: fmt::Display + ?Sized> ByDisplay for &&Shown<'_, T> {
    fn akari_text(&self) -> String {
        display_text(&self.0)
    }
}

/// Values that have no form but the debugger's.
#[doc(hidden)]
pub trait ByDebug {
    fn akari_text(&self) -> String;
}

impl<T: fmt::Debug + ?Sized> ByDebug for &Shown<'_, T> {
    fn akari_text(&self) -> String {
        debug_text(&self.0)
    }
}

// Not generic, and so not compiled again in every cell.
#[inline(never)]
fn display_text(value: &dyn fmt::Display) -> String {
    value.to_string()
}

#[inline(never)]
fn debug_text(value: &dyn fmt::Debug) -> String {
    format!("{value:?}")
}

/// Values of which only the type's name is known.
#[doc(hidden)]
pub trait ByName {
    fn akari_text(&self) -> String;
}

impl<T: ?Sized> ByName for Shown<'_, T> {
    fn akari_text(&self) -> String {
        // Types of a notebook are in the crate that a cell is compiled as, which has a name of no
        // interest.
        format!("<{}>", type_name::<T>().replace(CELL_TYPES, ""))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use candle_core::{Device, Result, Tensor};

    #[test]
    fn floats_have_a_point_and_maps_show_their_tensors() -> Result<()> {
        let texts =
            [crate::__text!(1.0), crate::__text!(&2f32), crate::__text!(1e-7), crate::__text!(3)];
        assert_eq!(texts, ["1.0", "2.0", "1e-7", "3"]);
        assert_eq!(crate::__text!(f64::NAN), "NaN");
        let weight = Tensor::new(&[[1f32, 2.], [3., 4.]], &Device::Cpu)?;
        let map = HashMap::from([("w", weight), ("b", Tensor::new(0.5f32, &Device::Cpu)?)]);
        assert_eq!(
            crate::__text!(map),
            "{\"b\": tensor(0.5000),\n \"w\": tensor([[1., 2.],\n              [3., 4.]])}"
        );
        Ok(())
    }
}
