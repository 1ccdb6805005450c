//! The loops of a step: one pass over parameter, gradient and state, in place.
//!
//! An update rule says what becomes of one element; this file walks it over all of them: wide
//! registers where the processor has them, all cores where a parameter is large, neither an
//! allocation nor a hand-over where it is small. The rules are in files of their own.

use std::any::Any;
use std::mem;

use candle_core::{DType, Result};

use crate::compute::loops::{PARALLEL_FROM, PIECE};
use crate::compute::number::Number;
use crate::compute::threads;
use crate::error::fail_dtype;

/// The memory of one parameter: a few numbers for each of its elements, in its dtype. A buffer
/// that isn't used (yet) is empty.
#[derive(Debug, Clone)]
pub enum Buffers {
    F32(Vec<Vec<f32>>),
    F64(Vec<Vec<f64>>),
}

impl Buffers {
    pub(super) fn new(function: &str, dtype: DType, count: usize) -> Result<Self> {
        match dtype {
            DType::F32 => Ok(Buffers::F32(vec![Vec::new(); count])),
            DType::F64 => Ok(Buffers::F64(vec![Vec::new(); count])),
            dtype => fail_dtype(
                function,
                format_args!(
                    "can only optimize parameters of dtype F32 or F64, but one is {dtype:?} (keep the parameters in F32 and convert their values where the model uses them)"
                ),
            ),
        }
    }

    pub(super) fn of<T: Number>(&mut self) -> &mut [Vec<T>] {
        let buffers: &mut dyn Any = match self {
            Buffers::F32(buffers) => buffers,
            Buffers::F64(buffers) => buffers,
        };
        match buffers.downcast_mut::<Vec<Vec<T>>>() {
            Some(buffers) => buffers,
            // The buffers were made for this parameter, whose dtype never changes.
            None => unreachable!("buffers of another dtype"),
        }
    }
}

/// The gradient as a rule sees it: turned around by `maximize`, joined by L2 weight decay.
#[inline(always)]
pub(super) fn gradient<T: Number>(
    maximize: bool,
    weight_decay: f64,
) -> impl Fn(T, T) -> T + Sync + Copy {
    let decay = T::of(weight_decay);
    move |p, g| {
        let g = if maximize { -g } else { g };
        // Without decay a parameter at infinity must not turn its gradient into nan.
        if decay == T::zero() { g } else { g + decay * p }
    }
}

/// From `a` towards `b`, in the order of operations that PyTorch's `lerp` has.
#[inline(always)]
pub(super) fn lerp<T: Number>(a: T, b: T, weight: T) -> T {
    if weight < T::of(0.5) { a + weight * (b - a) } else { b - (b - a) * (T::one() - weight) }
}

/// The larger one; nan if one is.
#[inline(always)]
pub(super) fn maximum<T: Number>(a: T, b: T) -> T {
    if a > b || a.is_nan() { a } else { b }
}

/// One parameter in a step: its elements, their gradient, and what is remembered of it.
#[allow(missing_debug_implementations)]
pub struct Sweep<'a, T> {
    pub(super) dims: &'a [usize],
    pub(super) p: &'a mut [T],
    pub(super) g: &'a [T],
    pub(super) buffers: &'a mut [Vec<T>],
}

impl<T: Number> Sweep<'_, T> {
    /// Whether a buffer has been made; that of a parameter without elements never is.
    pub(super) fn has(&self, buffer: usize) -> bool {
        !self.buffers[buffer].is_empty()
    }

    /// Makes a buffer if there is none.
    pub(super) fn want(&mut self, buffer: usize, len: usize, fill: T) {
        if self.buffers[buffer].len() != len {
            self.buffers[buffer] = vec![fill; len];
        }
    }

    /// Walks over all elements: `rule` takes an element, its gradient and its numbers in the
    /// buffers, and gives the new element and the new numbers. Buffers that are missing begin at 0.
    pub(super) fn each<const N: usize>(
        mut self,
        buffers: [usize; N],
        rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
    ) {
        const { assert!(N <= 3, "`chunk` hands on three buffers") };
        for buffer in buffers {
            self.want(buffer, self.p.len(), T::zero());
        }
        // The indices are constants of the rules, and different ones.
        let Ok(slices) = self.buffers.get_disjoint_mut(buffers) else { return };
        walk(self.p, self.g, slices.map(Vec::as_mut_slice), &rule);
    }
}

/// Halves the work for the other cores until a piece is small.
fn walk<T: Number, const N: usize, F>(p: &mut [T], g: &[T], s: [&mut [T]; N], rule: &F)
where
    F: Fn(T, T, [T; N]) -> (T, [T; N]) + Sync,
{
    let len = p.len();
    if len < PARALLEL_FROM {
        return chunk(p, g, s, rule);
    }
    let middle = (len / 2).next_multiple_of(PIECE).min(len);
    let (p, other_p) = p.split_at_mut(middle);
    let (g, other_g) = g.split_at(middle);
    let mut halves = s.map(|s| s.split_at_mut(middle));
    let s = halves.each_mut().map(|half| mem::take(&mut half.0));
    let other_s = halves.map(|half| half.1);
    threads::join(|| walk(p, g, s, rule), || walk(other_p, other_g, other_s, rule));
}

fn chunk<T: Number, const N: usize, F>(p: &mut [T], g: &[T], s: [&mut [T]; N], rule: &F)
where
    F: Fn(T, T, [T; N]) -> (T, [T; N]),
{
    // Each slice becomes an argument of its own: the compiler then knows that none overlaps
    // another, which it needs to know to use wide registers.
    let mut s = s.into_iter();
    let mut next = || s.next().unwrap_or_default();
    let (a, b, c) = (next(), next(), next());
    T::vectorized_over(
        (p, g, a, b, c),
        #[inline(always)]
        |p, g, a, b, c| pass(p, g, a, b, c, rule),
    );
}

#[inline(always)]
fn pass<T: Number, const N: usize, F>(
    p: &mut [T],
    g: &[T],
    a: &mut [T],
    b: &mut [T],
    c: &mut [T],
    rule: &F,
) where
    F: Fn(T, T, [T; N]) -> (T, [T; N]),
{
    // The rule's `N` buffers are as long as the parameter; the others are never indexed.
    let len = p.len();
    let g = &g[..len];
    let a = if N > 0 { &mut a[..len] } else { a };
    let b = if N > 1 { &mut b[..len] } else { b };
    let c = if N > 2 { &mut c[..len] } else { c };
    // With an index the compiler proves each access once, for all buffers; zips of five don't vectorise.
    #[allow(clippy::needless_range_loop)]
    for i in 0..len {
        let mut old = [T::ZERO; N];
        for buffer in 0..N {
            old[buffer] = match buffer {
                0 => a[i],
                1 => b[i],
                _ => c[i],
            };
        }
        let (value, new) = rule(p[i], g[i], old);
        p[i] = value;
        if let Some(new) = new.first() {
            a[i] = *new;
        }
        if let Some(new) = new.get(1) {
            b[i] = *new;
        }
        if let Some(new) = new.get(2) {
            c[i] = *new;
        }
    }
}
