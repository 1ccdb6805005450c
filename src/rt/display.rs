//! The display of a cell's last value: its own `evcxr_display` first, then its text.
//!
//! Which of them it is, method resolution decides while the cell is compiled: a type's own
//! method goes before a trait's, and a trait of the type before one of its reference.

use super::host::{Frame, FrameKind};

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

/// Sends the text of the last value, unless it is `()`, which a statement leaves behind.
#[inline(never)]
pub fn send_result(type_name: &str, text: &dyn Fn() -> String) {
    if type_name != "()" {
        Frame::new(FrameKind::Result).field("text/plain").field(&text()).send();
    }
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
