//! The display of a cell's last value: its own `evcxr_display` first, then its text.
//!
//! Which of them it is, method resolution decides while the cell is compiled: a type's own
//! method goes before a trait's, and a trait of the type before one of its reference.

use std::any::TypeId;
use std::marker::PhantomData;
use std::mem;

use akari_seam::Frame;
use candle_core::Tensor;

use super::wire;

/// What [`EvcxrFallback::evcxr_display`] returns, to tell it from a type's own method.
#[derive(Debug)]
pub struct NotDisplayed;

/// Stands in for the `evcxr_display` of types that have none.
pub trait EvcxrFallback {
    fn evcxr_display(&self) -> NotDisplayed {
        NotDisplayed
    }
}

impl<T: ?Sized> EvcxrFallback for T {}

/// Says of [`NotDisplayed`] that nothing was displayed.
pub trait Displayed {
    fn was_displayed(&self) -> bool;
}

impl Displayed for NotDisplayed {
    fn was_displayed(&self) -> bool {
        false
    }
}

/// Says of everything else that something was.
pub trait AnyDisplayed {
    fn was_displayed(&self) -> bool;
}

impl<T: ?Sized> AnyDisplayed for &T {
    fn was_displayed(&self) -> bool {
        true
    }
}

/// Sends the text of the last value, unless it is `()`, which a statement leaves behind. A program prints it.
#[inline(never)]
pub fn send_result(type_name: &str, text: &dyn Fn() -> String) {
    if type_name == "()" {
        return;
    }
    match wire::is_connected() {
        true => wire::send(Frame::Result { mime_type: "text/plain", content: &text() }),
        false => println!("{}", text()),
    }
}

/// The value as a tensor, if it is one. A type's name would not tell: another version of candle has
/// a `Tensor` of another layout. Types that borrow are taken too, which `Any` does not do.
#[allow(unsafe_code)]
pub fn as_tensor<T: ?Sized>(value: &T) -> Option<&Tensor> {
    if type_id::<T>() != TypeId::of::<Tensor>() {
        return None;
    }
    // SAFETY: `T` is `Tensor`, as its identity says, which no type with a lifetime can share.
    Some(unsafe { &*std::ptr::from_ref(value).cast::<Tensor>() })
}

/// The identity of a type, whose lifetimes don't count.
#[allow(unsafe_code)]
fn type_id<T: ?Sized>() -> TypeId {
    trait Identity {
        fn identity(&self) -> TypeId
        where
            Self: 'static;
    }

    impl<T: ?Sized> Identity for PhantomData<T> {
        fn identity(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }

    let none = PhantomData::<T>;
    let short: &dyn Identity = &none;
    // SAFETY: the method asks for the type alone, and lifetimes are no part of it at run time.
    let long: &(dyn Identity + 'static) = unsafe { mem::transmute(short) };
    long.identity()
}

/// Displays the value behind a reference in a variable as the last one of a cell.
#[doc(hidden)]
#[macro_export]
macro_rules! __last_value {
    ($value:ident) => {{
        #[allow(unused_imports)]
        use $crate::rt::{AnyDisplayed as _, Displayed as _, EvcxrFallback as _};
        #[allow(clippy::unit_arg, unused_must_use, dead_code)]
        {
            let shown = $value.evcxr_display();
            if !(&shown).was_displayed() {
                $crate::rt::send_result(::std::any::type_name_of_val($value), &|| {
                    $crate::__text!(*$value)
                });
            }
        }
    }};
}

/// The macro behind `display::value!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    ($value:expr $(,)?) => {
        match &$value {
            value => {
                $crate::__last_value!(value)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Result};

    use super::*;

    #[test]
    fn tensor_is_told_from_all_else() -> Result<()> {
        let tensor = Tensor::new(&[1f32], &Device::Cpu)?;
        assert!(as_tensor(&tensor).is_some());
        let text = String::from("borrowed");
        assert!(as_tensor(&text.as_str()).is_none());
        assert!(as_tensor(text.as_str()).is_none());
        assert!(as_tensor(&&tensor).is_none());
        assert!(as_tensor(&Some(tensor)).is_none());
        Ok(())
    }
}
