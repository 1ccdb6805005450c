//! Whether operations are recorded for `backward`: PyTorch's `no_grad`, for what the prelude computes itself.
//!
//! The switch belongs to a thread, as in PyTorch. Each operation looks at it where it takes its arguments.

use std::cell::Cell;

use candle_core::Tensor;

use crate::rt::interrupt_point;

thread_local! {
    static IS_OFF: Cell<bool> = const { Cell::new(false) };
}

/// Puts the switch back to where it was, also when a panic passes.
struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        IS_OFF.set(self.0);
    }
}

/// Does the work without recording the functions and layers of the prelude, as `with torch.no_grad():` does.
///
/// The results of these functions are cut off from the graph: `backward` gives no gradients for it, and nothing that it was
/// made of is kept. It may be nested, and holds for this thread alone. The result of `work` is handed on.
///
/// *Differs from PyTorch*: candle's own operators (`&a + &b`, `x.exp()?`) can't be switched off. They go on recording
/// where an argument of theirs is a variable; of what the functions here return they record nothing.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[1f32, 2.0], &Device::Cpu)?;
/// let y = torch::no_grad(|| torch::exp(&w))?;
/// assert!(!y.track_op());
/// assert!(torch::exp(&w)?.track_op());
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn no_grad<R>(work: impl FnOnce() -> R) -> R {
    let _restore = turn_off();
    work()
}

// Not generic, and so not compiled again in every cell.
fn turn_off() -> impl Drop {
    Restore(IS_OFF.replace(true))
}

/// Whether operations are recorded.
pub(crate) fn is_on() -> bool {
    !IS_OFF.get()
}

/// The tensor as an operation takes it: without a graph where nothing is recorded. An interrupt ends the cell here.
pub(crate) fn argument(tensor: &Tensor) -> Tensor {
    interrupt_point();
    if is_on() { tensor.clone() } else { tensor.detach() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_is_put_back() {
        assert!(is_on());
        no_grad(|| {
            assert!(!is_on());
            no_grad(|| assert!(!is_on()));
            assert!(!is_on());
            assert!(std::thread::spawn(is_on).join().unwrap());
        });
        assert!(is_on());
        std::panic::catch_unwind(|| no_grad(|| std::panic::resume_unwind(Box::new(()))))
            .unwrap_err();
        assert!(is_on());
    }
}
