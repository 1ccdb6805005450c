//! Where variables live between cells.
//!
//! A value is kept under a number made of its name, boxed, so that a later cell's code, which is
//! another shared object, finds it again. A cell takes what it mentions and puts it back. The
//! learner's own types may belong to another crate in each cell; that a value of one may pass for
//! a value of the other is the kernel's promise, see [`Slot::holds`].
#![allow(unsafe_code)]

use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::collections::HashMap;

use akari_seam::Frame;
use akari_seam::path::{CELL_TYPES, locks_a_stream};

use super::{blanks, wire};

thread_local! {
    /// Cells run on one thread, so values need not be `Send`.
    static VARIABLES: RefCell<HashMap<u64, Slot>> = RefCell::new(HashMap::new());
}

/// A value, with what is known of its type.
struct Slot {
    value: Box<dyn Any>,
    type_name: &'static str,
    /// Whether it comes from a cell with a blank in it, see `blanks`.
    is_marked: bool,
}

/// A type that is asked for.
#[derive(Clone, Copy)]
struct Wanted {
    id: TypeId,
    name: &'static str,
    size: usize,
    align: usize,
}

impl Wanted {
    fn of<T: 'static>() -> Wanted {
        Wanted {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
            size: size_of::<T>(),
            align: align_of::<T>(),
        }
    }
}

impl Slot {
    /// Whether the value is of the type. One of the learner's own has another identity after a
    /// redefinition that it has nothing to do with; then its name stands for it: the kernel asks
    /// for a variable only while all that its type is made of is what it was.
    fn holds(&self, wanted: Wanted) -> bool {
        let is_same = (*self.value).type_id() == wanted.id;
        let is_same_by_name = self.type_name == wanted.name
            && wanted.name.contains(CELL_TYPES)
            && size_of_val(&*self.value) == wanted.size
            && align_of_val(&*self.value) == wanted.align;
        is_same || is_same_by_name
    }
}

// Every cell compiles anew what it instantiates, so the generic parts are as thin as can be.

/// Keeps `value` for later cells, in place of an older value of that name.
// Never inlined, or the kernel would not find the call, from which it reads the type.
#[inline(never)]
pub fn put<T: 'static>(name: u64, value: T) {
    put_boxed(name, Box::new(value), type_name::<T>());
}

#[inline(never)]
fn put_boxed(name: u64, value: Box<dyn Any>, type_name: &'static str) {
    let slot = Slot { value, type_name, is_marked: blanks::marks(name) };
    // The old value is dropped outside the borrow: its destructor may print or even store.
    let old = VARIABLES.with(|variables| {
        let mut variables = variables.borrow_mut();
        if locks_a_stream(type_name) {
            return (variables.remove(&name), Some(slot));
        }
        (variables.insert(name, slot), None)
    });
    drop(old);
}

/// Whether the variable is there with this type; tells the kernel where it isn't.
pub fn has<T: 'static>(name: u64, text: &str) -> bool {
    has_type(name, Wanted::of::<T>(), text)
}

#[inline(never)]
fn has_type(name: u64, wanted: Wanted, text: &str) -> bool {
    let found = VARIABLES
        .with(|variables| variables.borrow().get(&name).is_some_and(|slot| slot.holds(wanted)));
    if !found {
        report_lost(text);
    }
    found
}

/// Shows each variable, with the number of its name.
pub(super) fn each(mut show: impl FnMut(u64, &dyn Any)) {
    VARIABLES.with_borrow(|variables| {
        for (name, slot) in variables {
            show(*name, &*slot.value);
        }
    });
}

/// Takes a variable out of the store.
///
/// # Panics
///
/// If [`has`] would say no; the generated code asks it first.
pub fn take<T: 'static>(name: u64) -> T {
    let value = take_boxed(name, Wanted::of::<T>());
    // SAFETY: `Slot::holds` said that the value is a `T`, or a type of the same name, size and
    // alignment whose definition is the same to the letter, which the kernel keeps watch over; so
    // the box has the layout of a box of `T`.
    *unsafe { Box::from_raw(Box::into_raw(value).cast::<T>()) }
}

#[inline(never)]
fn take_boxed(name: u64, wanted: Wanted) -> Box<dyn Any> {
    let taken = VARIABLES.with(|variables| {
        let mut variables = variables.borrow_mut();
        variables.get(&name).is_some_and(|slot| slot.holds(wanted)).then(|| variables.remove(&name))
    });
    match taken.flatten() {
        Some(slot) => {
            blanks::take(name, slot.is_marked);
            slot.value
        }
        None => missing(),
    }
}

#[inline(never)]
fn missing() -> ! {
    panic!("a variable is missing")
}

/// Tells the kernel that a variable is not there any more.
#[inline(never)]
pub(super) fn report_lost(variable: &str) {
    wire::send(Frame::Lost { variable });
}
