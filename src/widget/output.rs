//! A place for outputs, which code fills from wherever it stands: from a later cell, or from the function of a slider.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use akari_seam::Frame;
use candle_core::Result;

use crate::display::{new_id, outside};
use crate::rt;

/// A place for outputs, made by [`output`].
#[derive(Clone)]
pub struct Output {
    area: Arc<Area>,
}

struct Area {
    id: String,
    /// Whether the client knows the place.
    is_open: AtomicBool,
}

thread_local! {
    /// The places that are being filled, the innermost last.
    static FILLED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A place for what is printed and shown inside of [`Output::capture`].
///
/// ```
/// use akari::prelude::*;
/// let log = widget::output().show()?;
/// log.capture(|| println!("this line stands in the place of `log`, whichever cell it runs in"));
///
/// let steps = log.clone();
/// widget::interact(("learning rate", 0.01..=1.0, 0.1), move |lr| {
///     steps.clear();
///     steps.capture(|| println!("a step is {lr} times the gradient"));
/// });
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn output() -> Output {
    Output { area: Arc::new(Area { id: new_id(), is_open: AtomicBool::new(false) }) }
}

impl Output {
    /// Calls a function. What it prints and shows stands in this place, behind what is there already; where nobody draws
    /// widgets, below the cell as always. What other threads print meanwhile stands there too.
    pub fn capture<R>(&self, call: impl FnOnce() -> R) -> R {
        struct Ends;

        impl Drop for Ends {
            fn drop(&mut self) {
                let outer = FILLED.with_borrow_mut(|filled| {
                    filled.pop();
                    filled.last().cloned()
                });
                rt::send(Frame::Capture { into: outer.as_deref() });
            }
        }

        rt::interrupt_point();
        self.open();
        FILLED.with_borrow_mut(|filled| filled.push(self.area.id.clone()));
        rt::send(Frame::Capture { into: Some(&self.area.id) });
        let _ends = Ends;
        outside(call)
    }

    /// Empties the place, as soon as the next output is there, so that nothing flickers.
    pub fn clear(&self) {
        self.open();
        rt::send(Frame::ClearArea { id: &self.area.id });
    }

    /// Shows the place below the cell; outside a notebook, nothing happens.
    ///
    /// # Errors
    ///
    /// None; as for a slider, so that both are written alike.
    pub fn show(self) -> Result<Output> {
        self.appear();
        Ok(self)
    }

    /// The last expression of a cell.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        self.appear();
    }

    fn appear(&self) {
        rt::interrupt_point();
        self.open();
        rt::send(Frame::ShowWidgets { ids: &self.area.id, plain: "" });
    }

    /// Tells the client of the place, once.
    fn open(&self) {
        if !self.area.is_open.swap(true, Ordering::Relaxed) {
            rt::send(Frame::OutputArea { id: &self.area.id });
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[output]")
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_left_in_the_order_in_which_they_were_entered() {
        let (outer, inner) = (output(), output());
        let filled = || FILLED.with_borrow(Vec::clone);
        let ids = outer.capture(|| {
            let panic =
                std::panic::catch_unwind(|| inner.clone().capture(|| assert!(filled().is_empty())));
            (panic.is_err(), filled())
        });
        assert_eq!((ids, filled().len()), ((true, vec![outer.area.id.clone()]), 0));
    }
}
