//! What a function that a widget calls may give back, and how that is shown.

use candle_core::{Result, Tensor};

use crate::display;
use crate::plot::Figure;

/// What a function of a widget gives back.
#[diagnostic::on_unimplemented(
    message = "a widget can't show what this function gives, `{Self}`",
    note = "give a picture (`plot::..`), a tensor, text (`format!(..)`), a number, nothing, or a `Result` of these"
)]
pub trait Shown {
    /// Shows the value below the widget.
    ///
    /// # Errors
    ///
    /// If it is an error, or can't be drawn.
    fn shown(self) -> Result<()>;
}

impl Shown for () {
    fn shown(self) -> Result<()> {
        Ok(())
    }
}

impl Shown for Figure {
    fn shown(self) -> Result<()> {
        self.show()
    }
}

impl<T: Shown> Shown for Result<T> {
    fn shown(self) -> Result<()> {
        self?.shown()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(self) -> Result<()> {
        self.map_or(Ok(()), Shown::shown)
    }
}

macro_rules! text {
    ($($value:ty)*) => {
        $(impl Shown for $value {
            fn shown(self) -> Result<()> {
                display::plain(&crate::__text!(self));
                Ok(())
            }
        })*
    };
}

text!(Tensor &Tensor String &str f32 f64 i32 i64 u32 u64 usize bool);
