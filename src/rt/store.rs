//! Where variables live between cells.
//!
//! A value is kept under a number made of its name, boxed, so that a later cell's code, which is
//! another shared object, finds it again. A cell takes what it mentions and puts it back.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;

use super::host::{Frame, FrameKind};

thread_local! {
    /// Cells run on one thread, so values need not be `Send`.
    static VARIABLES: RefCell<HashMap<u64, Box<dyn Any>>> = RefCell::new(HashMap::new());
}

// Every cell compiles anew what it instantiates, so the generic parts are as thin as can be.

/// Keeps `value` for later cells, in place of an older value of that name.
pub fn put<T: 'static>(name: u64, value: T) {
    put_boxed(name, Box::new(value));
}

#[inline(never)]
fn put_boxed(name: u64, value: Box<dyn Any>) {
    // The old value is dropped outside the borrow: its destructor may print or even store.
    let old = VARIABLES.with(|variables| variables.borrow_mut().insert(name, value));
    drop(old);
}

/// Whether the variable is there with this type; tells the kernel where it isn't.
pub fn has<T: 'static>(name: u64, text: &str) -> bool {
    has_type(name, TypeId::of::<T>(), text)
}

#[inline(never)]
fn has_type(name: u64, wanted: TypeId, text: &str) -> bool {
    let found = VARIABLES.with(|variables| {
        variables.borrow().get(&name).is_some_and(|value| (**value).type_id() == wanted)
    });
    if !found {
        Frame::new(FrameKind::Lost).field(text).send();
    }
    found
}

/// Takes a variable out of the store.
///
/// # Panics
///
/// If [`has`] would say no; the generated code asks it first.
pub fn take<T: 'static>(name: u64) -> T {
    match take_boxed(name).downcast::<T>() {
        Ok(value) => *value,
        Err(_) => missing(),
    }
}

#[inline(never)]
fn take_boxed(name: u64) -> Box<dyn Any> {
    VARIABLES.with(|variables| variables.borrow_mut().remove(&name)).unwrap_or_else(|| missing())
}

#[inline(never)]
fn missing() -> ! {
    panic!("a variable is missing")
}
