//! Work that all cores share: the one place where loops meet other threads.
//!
//! A loop goes to the threads of `crew.rs`, which are quick to come; a loop within such a loop stays on its thread. Where another
//! thread's loop has them, or the loop is one of a rayon pool's own threads, it goes to rayon. What rayon makes of a loop is many times the loop's own code, and is
//! compiled again for each closure that rayon gets. So rayon gets the same one each time, and the loops stand behind `dyn`.
//! Pieces have sizes that the caller fixes, and results their places: nothing depends on the number of threads.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::beside::Beside;
use super::crew;

/// Does `work` for each of `0..count`; a thread takes at least `least` of them in a row.
pub(crate) fn share(count: usize, least: usize, work: &(dyn Fn(usize) + Sync)) {
    let least = least.max(1);
    let threads = self::count();
    if count <= least || threads == 1 || crew::is_at_work() {
        return (0..count).for_each(work);
    }
    /// Each thread comes back for more this often, so that none is left with much while others have nothing.
    const PARTS: usize = 16;
    let some = (count / (threads * PARTS)).max(least);
    if rayon::current_thread_index().is_some() || !crew::share(count, some, threads - 1, work) {
        (0..count).into_par_iter().with_min_len(least).for_each(work);
    }
}

/// How many threads there are.
pub(crate) fn count() -> usize {
    rayon::current_num_threads()
}

/// Both of two works, side by side if another thread has time.
pub(crate) fn join<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    fn both(first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
        rayon::join(first, second);
    }
    let (mut first, mut second) = (Some(first), Some(second));
    let (mut a, mut b) = (None, None);
    both(&mut || a = first.take().map(|work| work()), &mut || b = second.take().map(|work| work()));
    match (a, b) {
        (Some(a), Some(b)) => (a, b),
        _ => unreachable!("`both` does both works"),
    }
}

/// A pointer to elements of which each thread takes others.
pub(super) struct First<T>(*mut T);

// SAFETY: whoever uses the pointer, which needs `unsafe`, gives no element to two threads; and elements may be sent.
unsafe impl<T: Send> Sync for First<T> {}

impl<T> First<T> {
    pub(super) fn new(values: &mut [T]) -> Self {
        First(values.as_mut_ptr())
    }

    pub(super) fn get(&self) -> *mut T {
        self.0
    }
}

/// Does `work` for each piece of `size` elements, and for the rest behind them; a thread takes at least `least` pieces
/// in a row. `work` gets the number of the piece.
pub(crate) fn pieces<T: Send>(
    values: &mut [T],
    size: usize,
    least: usize,
    work: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    let (first, len) = (First::new(values), values.len());
    share(len.div_ceil(size), least, &|index| {
        let start = index * size;
        // SAFETY: `share` takes each index once, and below the count, so that the range begins within the slice and
        // overlaps no other piece; it ends where the slice does at the latest. Nobody else can reach the slice.
        let piece = unsafe {
            std::slice::from_raw_parts_mut(first.get().add(start), size.min(len - start))
        };
        work(index, piece);
    });
}

/// Does the jobs, each on any thread.
pub(crate) fn jobs<J: Send>(jobs: Vec<J>, work: &(dyn Fn(J) + Sync)) {
    let mut jobs = jobs.into_iter().map(Some).collect::<Vec<_>>();
    pieces(&mut jobs, 1, 1, &|_, job| job.iter_mut().filter_map(Option::take).for_each(work));
}

/// What `work` gives for each of `0..count`, in their order; a thread takes `least` of them in a row.
pub(crate) fn collect<R: Send>(
    count: usize,
    least: usize,
    work: impl Fn(usize) -> R + Sync,
) -> Vec<R> {
    let mut results = Vec::with_capacity(count);
    let least = least.max(1);
    pieces(&mut results.spare_capacity_mut()[..count], least, 1, &|index, room| {
        for (slot, at) in room.iter_mut().beside(index * least..) {
            let slot: &mut MaybeUninit<R> = slot;
            slot.write(work(at));
        }
    });
    // SAFETY: `count` is within the capacity, and each piece has been written whole by the loop above.
    unsafe { results.set_len(count) };
    results
}

/// Vectors to work in, of which each piece of a work borrows one: there are as many as pieces that are worked on at
/// a time.
pub(crate) struct Spare<T>(Mutex<Vec<Vec<T>>>);

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Spare(Mutex::default())
    }
}

impl<T> Spare<T> {
    /// Lends a vector, with what the work before left in it.
    pub(crate) fn lend(&self, work: impl FnOnce(&mut Vec<T>)) {
        let spare = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut vector = spare().pop().unwrap_or_default();
        work(&mut vector);
        spare().push(vector);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn everything_is_done_once() {
        for (count, least) in [(0, 1), (1, 0), (7, 2), (1000, 1), (1000, 300)] {
            let done = (0..count).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>();
            share(count, least, &|index| {
                done[index].fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{count} {least}");
            let squares = collect(count, least, |index| Box::new(index * index));
            assert!(squares.iter().enumerate().all(|(index, square)| **square == index * index));
            assert_eq!(squares.len(), count);
        }
    }

    #[test]
    fn pieces_are_those_of_chunks_mut() {
        for (len, size) in [(0, 3), (1, 3), (9, 3), (10, 3), (100, 7)] {
            let (mut found, mut expected) = (vec![0; len], vec![0; len]);
            pieces(&mut found, size, 2, &|index, piece| piece.fill(10 * index + piece.len()));
            let chunks = expected.chunks_mut(size).enumerate();
            chunks.for_each(|(index, piece)| piece.fill(10 * index + piece.len()));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn jobs_and_joined_works_give_what_they_own() {
        let (mut a, mut b) = (vec![0; 3], vec![0; 2]);
        jobs(vec![&mut a, &mut b], &|slice: &mut Vec<usize>| {
            let len = slice.len();
            slice.fill(len);
        });
        assert_eq!((a, b), (vec![3; 3], vec![2; 2]));
        let name = String::from("name");
        assert_eq!(join(|| name.len(), || name.to_uppercase()), (4, "NAME".to_owned()));
    }
}
