//! Memory for a result that is written from its beginning to its end, and so needs no zeros first.
//!
//! `loops.rs` hands it out, piece by piece, and makes sure that each piece is full in the end.

use std::mem::{self, MaybeUninit};

use super::beside::Beside;

/// The part of a piece that has not been written yet.
#[derive(Debug)]
pub(crate) struct Room<'a, T>(&'a mut [MaybeUninit<T>]);

impl<'a, T: Copy> Room<'a, T> {
    pub(super) fn new(room: &'a mut [MaybeUninit<T>]) -> Self {
        Room(room)
    }

    /// How many numbers are still to be written.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, count: usize) -> &'a mut [MaybeUninit<T>] {
        let (taken, rest) = mem::take(&mut self.0).split_at_mut(count);
        self.0 = rest;
        taken
    }

    /// Writes these numbers.
    #[inline(always)]
    pub(crate) fn copy(&mut self, numbers: &[T]) {
        self.take(numbers.len()).write_copy_of_slice(numbers);
    }

    /// Writes one number several times.
    #[inline(always)]
    pub(crate) fn fill(&mut self, count: usize, number: T) {
        self.take(count).fill(MaybeUninit::new(number));
    }

    /// Writes what `make` makes of each of some numbers.
    #[inline(always)]
    pub(crate) fn each<U>(
        &mut self,
        from: impl ExactSizeIterator<Item = U>,
        mut make: impl FnMut(U) -> T,
    ) {
        let room = self.take(from.len());
        // A loop of its own: behind a call of `for_each` it would not always become the caller's vector instructions.
        for (slot, item) in room.iter_mut().beside(from) {
            slot.write(make(item));
        }
    }
}
