//! The elements of a tensor in its storage, also where the tensor is a part of an empty one.
//!
//! Such a part may begin behind the end of its storage, where a slice from its first element on would panic.

use candle_core::Layout;

/// The elements of a contiguous tensor in its storage.
pub(crate) fn part<'a, T>(storage: &'a [T], layout: &Layout) -> &'a [T] {
    match layout.shape().elem_count() {
        0 => &[],
        count => &storage[layout.start_offset()..][..count],
    }
}
