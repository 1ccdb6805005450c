//! What a variable was before a cell, so that a cell that fails leaves it so.
//!
//! The kernel asks for a copy where a cell may change a variable in place or move it, and only of
//! types whose `Clone` makes an equal value and does nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use akari_seam::Frame;

use super::store::{put, report_lost};
use super::{failure, wire};

/// More bytes than this are not copied before each cell that could change them.
const LIMIT: usize = 16 << 20;

/// A value whose size is looked for.
#[derive(Debug)]
pub struct Weighed<'a, T>(pub &'a T);

/// The bytes of a value that lie elsewhere than in the variable.
pub trait Contents {
    fn weight(&self) -> usize;
}

macro_rules! contents {
    ($($type:ty, $item:ty, $($parameter:ident)*;)*) => {$(
        impl<$($parameter),*> Contents for Weighed<'_, $type> {
            fn weight(&self) -> usize {
                self.0.len() * size_of::<$item>()
            }
        }
    )*};
}

contents! {
    String, u8, ;
    Vec<T>, T, T;
    VecDeque<T>, T, T;
    BTreeSet<T>, T, T;
    BTreeMap<K, V>, (K, V), K V;
    HashSet<T, S>, T, T S;
    HashMap<K, V, S>, (K, V), K V S;
}

/// Everything else has no contents worth counting: a tensor's copy shares its numbers.
pub trait NoContents {
    fn weight(&self) -> usize;
}

impl<T> NoContents for &Weighed<'_, T> {
    fn weight(&self) -> usize {
        size_of::<T>()
    }
}

/// A copy, unless it would be large.
pub fn before<T: Clone>(value: &T, weight: usize) -> Option<T> {
    (weight <= LIMIT).then(|| value.clone())
}

/// Puts a variable back after a cell: as it was if the cell failed, as it is if it came to its end
/// or was interrupted, since that is no mistake and what a loop has done is to be kept. Tells the
/// kernel of a value that a failed cell may have changed and that was too large to be copied.
pub fn put_back<T: 'static>(name: u64, now: T, before: Option<T>, is_done: bool, text: &str) {
    let has_failed = !is_done && !failure::was_interrupted();
    match before {
        Some(before) if has_failed => put(name, before),
        before => {
            if has_failed && before.is_none() {
                report_changed(text);
            }
            put(name, now)
        }
    }
}

/// Puts a variable back that moved into a cell which then failed; tells the kernel if it can't.
pub fn bring_back<T: 'static>(name: u64, before: Option<T>, is_done: bool, text: &str) {
    match before {
        _ if is_done => {}
        Some(before) => put(name, before),
        None => report_lost(text),
    }
}

// Not generic, and so not compiled again in every cell.

#[inline(never)]
fn report_changed(variable: &str) {
    wire::send(Frame::Changed { variable });
}

/// A copy of the variable, or none where it is large.
#[doc(hidden)]
#[macro_export]
macro_rules! __before {
    ($variable:ident) => {{
        #[allow(unused_imports)]
        use $crate::rt::{Contents as _, NoContents as _};
        $crate::rt::before(&$variable, (&$crate::rt::Weighed(&$variable)).weight())
    }};
}
