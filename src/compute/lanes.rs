//! Loops as vector instructions: a loop is compiled for AVX-512, for AVX2 and for any processor, and the widest that the
//! processor has is run.
//!
//! A result doesn't depend on which: the formulas round alike on all of them.
#![allow(unsafe_code)]

/// Runs a loop with AVX-512 or AVX2 and fused multiply-add where the processor has them. `work` and all that it calls must
/// inline to profit: give it as `#[inline(always)] || ..`.
#[inline(always)]
pub(crate) fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    vectorized_over(
        ((), (), (), (), ()),
        #[inline(always)]
        |(), (), (), (), ()| work(),
    )
}

/// Whether [`vectorized`] uses AVX-512.
pub(crate) fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        // avx512f has avx2 in it.
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("fma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// [`vectorized`] for loops whose sums are arrays as wide as the registers of AVX2: of these, wider registers make
/// shuffles.
#[inline(always)]
pub(crate) fn vectorized_in_arrays<T>(work: impl FnOnce() -> T) -> T {
    vectorized_narrow_over(
        ((), (), (), (), ()),
        #[inline(always)]
        |(), (), (), (), ()| work(),
    )
}

/// [`vectorized`] for a loop over up to five slices, some of which it changes. The compiler knows of slices that are
/// arguments, and not of those in a closure, that none overlaps another; a loop that changes several needs that to
/// become vector instructions.
#[inline(always)]
pub(crate) fn vectorized_over<A, B, C, D, E, T>(
    (a, b, c, d, e): (A, B, C, D, E),
    work: impl FnOnce(A, B, C, D, E) -> T,
) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn widest<A, B, C, D, E, T>(
            a: A,
            b: B,
            c: C,
            d: D,
            e: E,
            work: impl FnOnce(A, B, C, D, E) -> T,
        ) -> T {
            work(a, b, c, d, e)
        }
        if has_avx512() {
            // SAFETY: `has_avx512` found the features that `widest` needs.
            return unsafe { widest(a, b, c, d, e, work) };
        }
    }
    vectorized_narrow_over((a, b, c, d, e), work)
}

/// [`vectorized_over`] without AVX-512: for numbers that learners seldom compute with, so that less is compiled.
#[inline(always)]
pub(crate) fn vectorized_narrow_over<A, B, C, D, E, T>(
    (a, b, c, d, e): (A, B, C, D, E),
    work: impl FnOnce(A, B, C, D, E) -> T,
) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn wide<A, B, C, D, E, T>(
            a: A,
            b: B,
            c: C,
            d: D,
            e: E,
            work: impl FnOnce(A, B, C, D, E) -> T,
        ) -> T {
            work(a, b, c, d, e)
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the line above found the features that `wide` needs.
            return unsafe { wide(a, b, c, d, e, work) };
        }
    }
    plain(a, b, c, d, e, work)
}

/// A loop as the baseline of the processor has it: there is fused multiply-add in it, or the standard library makes up
/// for it.
///
/// An x86-64 processor without AVX2 is older than 2013, and calls a function for each fused multiply-add. The kernel's
/// build makes these loops small instead of fast, which takes an eighth off the crate's time.
#[cfg_attr(all(akari_kernel, target_arch = "x86_64"), optimize(size))]
#[cfg_attr(target_arch = "x86_64", inline(never))]
#[cfg_attr(not(target_arch = "x86_64"), inline(always))]
fn plain<A, B, C, D, E, T>(
    a: A,
    b: B,
    c: C,
    d: D,
    e: E,
    work: impl FnOnce(A, B, C, D, E) -> T,
) -> T {
    work(a, b, c, d, e)
}
