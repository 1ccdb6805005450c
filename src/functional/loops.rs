//! Loops over numbers: one pass over memory, on all cores, as vector instructions.
//!
//! The formulas are elsewhere (`unary_math.rs`, and the files of the functions); a formula here is a [`Map`] or a
//! [`Loop`]. Losses and norms have their loops on `tensor/parallel.rs`. Every vector that a function of this file
//! hands out has been written whole.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::unary_math::Number;

/// From this many elements on, waking other threads pays.
const PARALLEL_FROM: usize = 1 << 16;

/// How many elements one thread takes at a time; their input and output stay in a core's own cache.
pub(super) const CHUNK: usize = 1 << 15;

/// A loop that is compiled twice, for any CPU and for those with vectors of eight `f32`. `run`, and
/// every function that `run` calls, must be `#[inline(always)]`.
pub(super) trait Loop {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs the loop in the version for this CPU.
pub(super) fn run<L: Loop>(body: L) -> L::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn wide<L: Loop>(body: L) -> L::Output {
            body.run()
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the line above has found both features.
            return unsafe { wide(body) };
        }
    }
    // Elsewhere the baseline has fused multiply-add, or the standard library makes up for it.
    body.run()
}

/// Does the jobs, on all cores if `elements` are many enough.
pub(super) fn each<J: Send>(elements: usize, jobs: Vec<J>, work: impl Fn(J) + Sync + Send) {
    if elements < PARALLEL_FROM {
        jobs.into_iter().for_each(work);
    } else {
        jobs.into_par_iter().for_each(work);
    }
}

/// A number from one number. A loop works on a copy of the map: of parameters behind a reference
/// the compiler can't tell that the loop's writes leave them alone, and reads them again for each
/// element.
pub(super) trait Map<T>: Copy + Sync {
    fn at(&self, x: T) -> T;
}

/// A number from two: an input and the gradient of its result.
pub(super) trait Map2<T>: Copy + Sync {
    fn at(&self, x: T, g: T) -> T;
}

/// The map of all `xs`.
pub(super) fn map<T: Number, M: Map<T>>(map: &M, xs: &[T]) -> Vec<T> {
    struct Part<'a, T, M>(M, &'a [T], &'a mut [MaybeUninit<T>]);
    impl<T: Number, M: Map<T>> Loop for Part<'_, T, M> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            let Part(map, xs, ys) = self;
            for (x, y) in xs.iter().zip(ys) {
                y.write(map.at(*x));
            }
        }
    }
    filled(xs.len(), |start, ys| run(Part(*map, &xs[start..][..ys.len()], ys)))
}

/// The map of all pairs of `xs` and `gs`, which have the same length.
pub(super) fn map2<T: Number, M: Map2<T>>(map: &M, xs: &[T], gs: &[T]) -> Vec<T> {
    struct Part<'a, T, M>(M, &'a [T], &'a [T], &'a mut [MaybeUninit<T>]);
    impl<T: Number, M: Map2<T>> Loop for Part<'_, T, M> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            let Part(map, xs, gs, ys) = self;
            for ((x, g), y) in xs.iter().zip(gs).zip(ys) {
                y.write(map.at(*x, *g));
            }
        }
    }
    filled(xs.len(), |start, ys| {
        let range = start..start + ys.len();
        run(Part(*map, &xs[range.clone()], &gs[range], ys));
    })
}

/// Zeros, written on all cores, since memory that was in use before is not clear.
pub(super) fn zeros<T: Number>(len: usize) -> Vec<T> {
    filled(len, |_, piece| {
        piece.iter_mut().for_each(|number| {
            number.write(T::ZERO);
        });
    })
}

/// A vector that `work` fills in pieces of `size` numbers. `work` gets the index of a piece, and
/// the piece: zeros that are in the core's own cache already.
pub(super) fn by_pieces<T: Number>(
    len: usize,
    size: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    pieces_filled(len, size, |start, room| {
        room.iter_mut().for_each(|number| {
            number.write(T::ZERO);
        });
        // SAFETY: the loop above has written every element of the slice.
        work(start / size, unsafe { room.assume_init_mut() });
    })
}

/// Asks for memory in large pages where `len` numbers will be written for the first time.
///
/// The first touch of a page costs more than all arithmetic on its numbers; a page of 2 MiB is
/// touched once instead of 512 times. Refusal changes nothing.
fn ask_for_large_pages<T>(first: *const T, len: usize) {
    #[cfg(target_os = "linux")]
    {
        use std::ffi::{c_int, c_void};

        /// Smaller vectors come from memory that has been touched before.
        const LEAST: usize = 8 << 20;
        const PAGE: usize = 2 << 20;
        const MADV_HUGEPAGE: c_int = 14;
        unsafe extern "C" {
            fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
        }
        let bytes = len * size_of::<T>();
        let offset = first.addr().next_multiple_of(PAGE) - first.addr();
        if bytes < LEAST || offset > bytes {
            return;
        }
        let whole = (bytes - offset) / PAGE * PAGE;
        // SAFETY: the range lies within the allocation and begins at a page; the advice is about
        // how memory is provided and changes no content.
        unsafe { madvise(first.cast_mut().cast::<u8>().add(offset).cast(), whole, MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (first, len);
}

/// A vector of `len` numbers that `part` writes. `part` gets the index where a piece begins, and
/// the piece, and must write every element of it, as all loops of this file do.
fn filled<T: Number>(len: usize, part: impl Fn(usize, &mut [MaybeUninit<T>]) + Sync) -> Vec<T> {
    pieces_filled(len, CHUNK, part)
}

fn pieces_filled<T: Number>(
    len: usize,
    size: usize,
    part: impl Fn(usize, &mut [MaybeUninit<T>]) + Sync,
) -> Vec<T> {
    let mut values = Vec::with_capacity(len);
    ask_for_large_pages(values.as_ptr(), len);
    let room = &mut values.spare_capacity_mut()[..len];
    let part = |(index, piece): (usize, &mut [MaybeUninit<T>])| part(index * size, piece);
    if len < PARALLEL_FROM {
        room.chunks_mut(size).enumerate().for_each(part);
    } else {
        room.par_chunks_mut(size).enumerate().for_each(part);
    }
    // SAFETY: `len` is within the capacity, and `part` has written every element: both loops above
    // run over slices of the piece's own length.
    unsafe { values.set_len(len) };
    values
}
