//! Whoever wants to know what is computed of which tensors: a model tells only so what becomes of its layers.

use std::cell::RefCell;

use candle_core::{Tensor, TensorId};

/// An operation that was watched: its arguments, and the shape of its result.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) args: Vec<TensorId>,
    pub(crate) dims: Vec<usize>,
}

thread_local! {
    static NOTES: RefCell<Option<Vec<Note>>> = const { RefCell::new(None) };
}

/// Does the work; returns what it computed as well.
pub(crate) fn watched<R>(work: impl FnOnce() -> R) -> (R, Vec<Note>) {
    /// Nobody watches any more, also when a panic passes.
    struct Ends;

    impl Drop for Ends {
        fn drop(&mut self) {
            NOTES.take();
        }
    }

    let _ends = Ends;
    NOTES.set(Some(Vec::new()));
    let result = work();
    (result, NOTES.take().unwrap_or_default())
}

/// Notes an operation, if somebody watches.
pub(super) fn note(args: &[&Tensor], result: &Tensor) {
    NOTES.with_borrow_mut(|notes| {
        if let Some(notes) = notes {
            let args = args.iter().map(|tensor| tensor.id()).collect();
            notes.push(Note { args, dims: result.dims().to_vec() });
        }
    });
}
