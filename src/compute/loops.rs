//! Loops over numbers: one pass over memory, on all cores, as vector instructions.
//!
//! The formulas are elsewhere; a formula here is a closure. Pieces have a fixed size and their sums are added in
//! order, so a result doesn't depend on the number of threads, nor on the instructions that the processor has. Every
//! vector that a function of this file hands out has been written whole.
#![allow(unsafe_code)]

use std::convert::Infallible;
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use candle_core::{Result, WithDType};

use super::beside::Beside;
pub(crate) use super::lanes::{has_avx512, vectorized, vectorized_in_arrays, vectorized_over};
use super::number::Number;
use super::room::Room;
use super::threads;
use crate::rt::ask_for_large_pages;

/// From this many elements on, waking other threads pays.
pub(crate) const PARALLEL_FROM: usize = 1 << 16;

/// How many elements one thread takes at a time; their input and output stay in a core's second-level cache.
pub(crate) const PIECE: usize = 1 << 15;

/// How many elements a few loops pass over, one after the other, while a core's first-level cache holds them.
pub(crate) const SMALL_PIECE: usize = 1 << 12;

/// How many positions one thread takes at a time of which each reads a single number from anywhere.
pub(crate) const POSITIONS: usize = 1 << 13;

/// How many rows of `size` numbers one thread takes at a time.
pub(crate) fn rows_of(size: usize) -> usize {
    (PIECE / size.max(1)).max(1)
}

/// Does the jobs, on all cores if `elements` are many enough.
pub(crate) fn each<J: Send>(elements: usize, jobs: Vec<J>, work: impl Fn(J) + Sync) {
    // Called by way of a pointer, so that the loop in it is compiled once.
    let work: &(dyn Fn(J) + Sync) = &work;
    if elements < PARALLEL_FROM {
        jobs.into_iter().for_each(work);
    } else {
        threads::jobs(jobs, work);
    }
}

/// The numbers that `function` makes of all `xs`.
///
/// A loop works on a copy of the function: of parameters behind a reference the compiler can't tell that the loop's
/// writes leave them alone, and reads them again for each element.
pub(crate) fn map<T: Number>(xs: &[T], function: impl Fn(T) -> T + Copy + Sync) -> Vec<T> {
    written(xs.len(), &|start, ys| {
        let xs = &xs[start..][..ys.len()];
        T::vectorized(
            #[inline(always)]
            move || {
                for (x, y) in xs.iter().beside(ys) {
                    y.write(function(*x));
                }
            },
        );
    })
}

/// The numbers that `function` makes of all pairs of `xs` and `gs`, which have the same length.
pub(crate) fn map2<T: Number>(
    xs: &[T],
    gs: &[T],
    function: impl Fn(T, T) -> T + Copy + Sync,
) -> Vec<T> {
    written(xs.len(), &|start, ys| {
        let range = start..start + ys.len();
        let (xs, gs) = (&xs[range.clone()], &gs[range]);
        T::vectorized(
            #[inline(always)]
            move || {
                for ((x, g), y) in xs.iter().beside(gs).beside(ys) {
                    y.write(function(*x, *g));
                }
            },
        );
    })
}

/// Zeros, written on all cores, since memory that was in use before is not clear.
pub(crate) fn zeros<T: WithDType>(len: usize) -> Vec<T> {
    by_pieces(len, PIECE, |_, _| ())
}

/// A vector that `work` fills in pieces of `size` numbers. `work` gets the index of a piece, and
/// the piece: zeros that are in the core's own cache already.
pub(crate) fn by_pieces<T: WithDType>(
    len: usize,
    size: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    pieces_by(len, size, &work)
}

/// [`by_pieces`], compiled once for all works: this function is not generic over them, since of a closure within a generic
/// function there is another one for each of that function's types.
fn pieces_by<T: WithDType>(
    len: usize,
    size: usize,
    work: &(dyn Fn(usize, &mut [T]) + Sync),
) -> Vec<T> {
    let Ok(values) = filled::<_, Infallible>(len, size, PARALLEL_FROM, &|start, room| {
        work(start / size, cleared(room));
        Ok(())
    });
    values
}

/// A vector that `work` writes in pieces of `size` numbers, each from its beginning to its end. `work` gets the index of
/// a piece's first element, and room for the piece.
pub(crate) fn appended<T: WithDType>(
    len: usize,
    size: usize,
    work: impl Fn(usize, &mut Room<'_, T>) + Sync,
) -> Vec<T> {
    appended_by(len, size, &work)
}

/// [`appended`], compiled once for all works, as [`pieces_by`].
fn appended_by<T: WithDType>(
    len: usize,
    size: usize,
    work: &(dyn Fn(usize, &mut Room<'_, T>) + Sync),
) -> Vec<T> {
    let Ok(values) = filled::<_, Infallible>(len, size, PARALLEL_FROM, &|start, room| {
        let mut room = Room::new(room);
        work(start, &mut room);
        // Whatever `work` is, no number that nobody wrote gets out.
        room.fill(room.left(), T::zero());
        Ok(())
    });
    values
}

/// A vector of blocks, each of rows of `inner` numbers, that `work` fills in tiles of up to `width` neighbouring
/// columns. `work` gets the index of a tile's first element, and the tile's part of each row of its block: zeros that
/// are in the core's own cache already if the tile is small enough.
pub(crate) fn by_columns<T: WithDType>(
    len: usize,
    block: usize,
    inner: usize,
    width: usize,
    work: impl Fn(usize, Vec<&mut [T]>) + Sync + Send,
) -> Vec<T> {
    columns_by(len, block, inner, width, &work)
}

/// [`by_columns`], compiled once for all works, as [`pieces_by`].
fn columns_by<T: WithDType>(
    len: usize,
    block: usize,
    inner: usize,
    width: usize,
    work: &(dyn Fn(usize, Vec<&mut [T]>) + Sync),
) -> Vec<T> {
    let mut values = Vec::with_capacity(len);
    ask_for_large_pages(values.as_ptr(), len);
    let mut tiles = Vec::new();
    for (index, block) in values.spare_capacity_mut()[..len].chunks_mut(block).enumerate() {
        let (of_block, rows) = (tiles.len(), block.len() / inner);
        let starts = (0..inner).step_by(width);
        tiles.extend(starts.map(|start| (index * rows * inner + start, Vec::with_capacity(rows))));
        for row in block.chunks_mut(inner) {
            for (part, (_, parts)) in row.chunks_mut(width).beside(&mut tiles[of_block..]) {
                parts.push(part);
            }
        }
    }
    each(len, tiles, |(first, parts)| work(first, parts.into_iter().map(cleared).collect()));
    // SAFETY: `len` is within the capacity. The parts of all tiles cover the slice that was cut, since nothing but
    // `chunks_mut` cut it, and the line above has cleared each of them.
    unsafe { values.set_len(len) };
    values
}

/// The memory, full of zeros.
fn cleared<T: WithDType>(room: &mut [MaybeUninit<T>]) -> &mut [T] {
    room.iter_mut().for_each(|number| {
        number.write(T::zero());
    });
    // SAFETY: the loop above has written every element of the slice.
    unsafe { room.assume_init_mut() }
}

/// A vector that `work` fills in pieces of `size` numbers, on all cores if there is more than one. `work` gets the
/// index of a piece's first element, and the piece: zeros that are in the core's own cache already.
pub(crate) fn fill<T: WithDType>(
    len: usize,
    size: usize,
    work: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<Vec<T>> {
    filled_by(len, size, &work)
}

/// [`fill`], compiled once for all works, as [`pieces_by`].
fn filled_by<T: WithDType>(
    len: usize,
    size: usize,
    work: &(dyn Fn(usize, &mut [T]) -> Result<()> + Sync),
) -> Result<Vec<T>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    filled(len, size, size + 1, &|start, room| work(start, cleared(room)))
}

/// A vector of `len` numbers that `part` writes, as [`filled`] asks of it.
fn written<T: Number>(len: usize, part: &(dyn Fn(usize, &mut [MaybeUninit<T>]) + Sync)) -> Vec<T> {
    let Ok(values) = filled::<_, Infallible>(len, PIECE, PARALLEL_FROM, &|start, room| {
        part(start, room);
        Ok(())
    });
    values
}

/// What writes a piece of a vector, from the index where the piece begins.
type Part<'a, T, E> =
    dyn Fn(usize, &mut [MaybeUninit<T>]) -> std::result::Result<(), E> + Sync + 'a;

/// A vector of `len` numbers that `part` writes, in pieces of `size`, on all cores from `parallel` numbers on. `part`
/// gets the index where a piece begins, and the piece, and unless it fails must write every element of it, as all
/// loops of this file do.
fn filled<T: WithDType, E: Send>(
    len: usize,
    size: usize,
    parallel: usize,
    part: &Part<'_, T, E>,
) -> std::result::Result<Vec<T>, E> {
    let mut values = Vec::with_capacity(len);
    ask_for_large_pages(values.as_ptr(), len);
    let room = &mut values.spare_capacity_mut()[..len];
    if len < parallel {
        for (index, piece) in room.chunks_mut(size).enumerate() {
            part(index * size, piece)?;
        }
    } else {
        // The failure of the first piece that fails, whichever thread is the first.
        let failure = Mutex::new(None::<(usize, E)>);
        threads::pieces(room, size, 1, &|index, piece| {
            if let Err(error) = part(index * size, piece) {
                let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                if failure.as_ref().is_none_or(|(first, _)| index < *first) {
                    *failure = Some((index, error));
                }
            }
        });
        if let Some((_, error)) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
    }
    // SAFETY: `len` is within the capacity, and `part` has written every element: both loops above
    // run over slices of the piece's own length, and have come to their end.
    unsafe { values.set_len(len) };
    Ok(values)
}

#[cfg(test)]
mod tests {
    use candle_core::bail;

    use super::*;

    /// Around the ends of pieces, and where other threads join in.
    const LENGTHS: [usize; 6] = [0, 1, PIECE, PIECE + 1, PARALLEL_FROM, PARALLEL_FROM + PIECE + 1];

    fn count(len: usize) -> Vec<f64> {
        (0..len).map(|index| index as f64).collect()
    }

    #[test]
    fn vectors_are_written_whole() {
        for len in LENGTHS {
            let numbers = count(len);
            let expected = numbers.iter().map(|x| x / 2.0).collect::<Vec<_>>();
            assert!(map(&numbers, |x| x / 2.0) == expected, "map of {len}");
            let filled = fill(len, 1000, |start, piece: &mut [f64]| {
                piece.iter_mut().zip(start..).for_each(|(x, index)| *x += index as f64);
                Ok(())
            });
            assert!(filled.unwrap() == numbers, "fill of {len}");
            assert!(zeros::<f32>(len) == vec![0.0; len], "zeros of {len}");
        }
    }

    #[test]
    fn tiles_of_columns_are_a_whole() {
        for (blocks, rows, inner) in [(3, 4, 5), (1, 300, 300), (0, 4, 5)] {
            let len = blocks * rows * inner;
            let found = by_columns(len, rows * inner, inner, 2, |first, parts: Vec<&mut [f64]>| {
                for (row, part) in parts.into_iter().enumerate() {
                    let numbers = part.iter_mut().zip(first + row * inner..);
                    numbers.for_each(|(x, index)| *x += index as f64);
                }
            });
            assert!(found == count(len), "{blocks} blocks of {rows} rows of {inner}");
        }
    }

    #[test]
    fn a_piece_that_fails_fails_the_whole() {
        for len in [10, 10_000] {
            let work = |start: usize, _: &mut [f32]| {
                if start + 1000 >= len { bail!("no more") } else { Ok(()) }
            };
            assert!(fill(len, 1000, work).unwrap_err().to_string().starts_with("no more"));
        }
    }
}
