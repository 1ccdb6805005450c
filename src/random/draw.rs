//! Draws of many numbers: what is made of the twister's numbers, piece by piece, on all cores.
//!
//! A draw is begun by the generator, which notes where the twister stands at each piece and goes on; the numbers are
//! made afterwards. So nobody waits for other threads while the generator is locked, which could be for ever.

use super::normal::{self, BLOCK};
use super::twister::Twister;
use crate::compute::beside::Beside;
use crate::compute::loops::{self, PIECE};
use crate::compute::number::Number;

/// How numbers of type `T` are made of the twister's. `fill` must be `#[inline(always)]`.
pub(crate) trait Recipe<T>: Copy + Sync {
    /// How many of the twister's numbers one takes.
    const WORDS: usize = 1;
    /// How many are made together. If the last of them are fewer, as many are drawn once more, and
    /// written over the last ones.
    const BLOCK: usize = 1;
    fn fill(&self, twister: &mut Twister, out: &mut [T]);
}

/// Uniform numbers from `low` up to `high`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uniform {
    pub low: f64,
    pub high: f64,
}

/// Uniform numbers from 0 up to 1.
pub(crate) const FRACTIONS: Uniform = Uniform { low: 0.0, high: 1.0 };

impl Recipe<f32> for Uniform {
    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [f32]) {
        let (low, high) = (self.low as f32, self.high as f32);
        let width = high - low;
        twister.fill(out, |word| {
            // 24 bits, which a signed number holds: processors turn those into floats.
            let fraction = (word & 0xff_ffff) as i32 as f32 * (1.0 / 16_777_216.0);
            let number = fraction.mul_add(width, low);
            // The sum may round up to the end, which is no part of the range.
            if number >= high { low } else { number }
        });
    }
}

impl Recipe<f64> for Uniform {
    const WORDS: usize = 2;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [f64]) {
        let Uniform { low, high } = *self;
        let width = high - low;
        twister.fill_wide(out, |bits| {
            let number = fraction(bits).mul_add(width, low);
            if number >= high { low } else { number }
        });
    }
}

/// Normal numbers, at least [`BLOCK`] of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normal {
    pub mean: f64,
    pub deviation: f64,
}

impl Recipe<f32> for Normal {
    const BLOCK: usize = BLOCK;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [f32]) {
        FRACTIONS.fill(twister, out);
        normal::of_f32(out, self.mean as f32, self.deviation as f32);
    }
}

impl Recipe<f64> for Normal {
    const WORDS: usize = 2;
    const BLOCK: usize = BLOCK;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [f64]) {
        FRACTIONS.fill(twister, out);
        normal::of_f64(out, self.mean, self.deviation);
    }
}

/// Numbers that are exponentially distributed with mean 1; none is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exponential;

impl Recipe<f32> for Exponential {
    const WORDS: usize = 2;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [f32]) {
        let least = f64::from(f32::MIN_POSITIVE);
        twister.fill_wide(out, |bits| (-(-fraction(bits)).ln_1p()).max(least) as f32);
    }
}

impl Recipe<f64> for Exponential {
    const WORDS: usize = 2;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [f64]) {
        let least = f64::MIN_POSITIVE;
        twister.fill_wide(out, |bits| (-(-fraction(bits)).ln_1p()).max(least));
    }
}

/// For each coin, whether it fell on the side of this probability.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coin(pub f64);

impl Recipe<bool> for Coin {
    const WORDS: usize = 2;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [bool]) {
        // A fraction is below the probability where its 53 bits, as a whole number, are below this.
        let below = (self.0 * TWO_TO_53).ceil() as i64;
        twister.fill_wide(out, |bits| ((bits & MASK) as i64) < below);
    }
}

/// Whole numbers from `low` on, as many as `range` says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    pub low: i64,
    pub range: u32,
}

impl Recipe<i64> for Whole {
    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [i64]) {
        // The remainder as a product (Lemire, Kaser and Kurz, 2019): the fraction of `word / range`, in
        // 64 bits, times `range`. It is right for all numbers of 32 bits.
        let inverse = (u64::MAX / u64::from(self.range)).wrapping_add(1);
        twister.fill(out, |word| {
            let fraction = inverse.wrapping_mul(u64::from(word));
            let rest = (u128::from(fraction) * u128::from(self.range)) >> 64;
            self.low + rest as i64
        });
    }
}

/// As [`Whole`], for ranges that numbers of 32 bits would fill unevenly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WideWhole {
    pub low: i64,
    pub range: u64,
}

impl Recipe<i64> for WideWhole {
    const WORDS: usize = 2;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [i64]) {
        twister.fill_wide(out, |bits| self.low.wrapping_add((bits % self.range) as i64));
    }
}

/// The twister's own numbers, or two of them as one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words;

impl Recipe<u32> for Words {
    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [u32]) {
        twister.fill(out, |word| word);
    }
}

impl Recipe<u64> for Words {
    const WORDS: usize = 2;

    #[inline(always)]
    fn fill(&self, twister: &mut Twister, out: &mut [u64]) {
        twister.fill_wide(out, |bits| bits);
    }
}

const MASK: u64 = (1 << 53) - 1;
const TWO_TO_53: f64 = (1u64 << 53) as f64;

/// A number from 0 up to, but not with, 1.
#[inline(always)]
pub(super) fn fraction(bits: u64) -> f64 {
    (bits & MASK) as i64 as f64 * (1.0 / TWO_TO_53)
}

/// A draw that has begun: the twister at each piece, and at the block that is drawn once more.
#[must_use]
pub(crate) struct Draw<R> {
    recipe: R,
    count: usize,
    pieces: Vec<Twister>,
    last: Option<Twister>,
}

impl<R> Draw<R> {
    /// Takes the numbers from the twister without making them yet; also tells how many they are.
    pub(super) fn begin<T>(twister: &mut Twister, count: usize, recipe: R) -> (Self, u64)
    where
        R: Recipe<T>,
    {
        let mut taken = 0;
        let mut take = |count: usize| {
            let start = twister.clone();
            let words = (count * R::WORDS) as u64;
            twister.advance(words);
            taken += words;
            start
        };
        let sizes = (0..count).step_by(PIECE).map(|begin| PIECE.min(count - begin));
        let pieces = sizes.map(&mut take).collect();
        let last = (!count.is_multiple_of(R::BLOCK)).then(|| take(R::BLOCK));
        (Draw { recipe, count, pieces, last }, taken)
    }

    /// Makes floats.
    pub(crate) fn floats<T: Number>(self) -> Vec<T>
    where
        R: Recipe<T>,
    {
        let Draw { recipe, count, pieces, last } = self;
        let mut numbers = loops::by_pieces(count, PIECE, |index, out: &mut [T]| {
            run(Filling { recipe, twister: pieces[index].clone(), out });
        });
        if let Some(twister) = last {
            let out = &mut numbers[count - R::BLOCK..];
            run(Filling { recipe, twister, out });
        }
        numbers
    }

    /// Makes numbers that are no floats, and not made in blocks.
    pub(crate) fn others<T: Copy + Default + Send>(self) -> Vec<T>
    where
        R: Recipe<T> + Send,
    {
        let Draw { recipe, count, pieces, .. } = self;
        let mut numbers = vec![T::default(); count];
        let jobs = numbers.chunks_mut(PIECE).beside(pieces);
        let jobs = jobs.map(|(out, twister)| Filling { recipe, twister, out }).collect();
        loops::each(count, jobs, run);
        numbers
    }
}

struct Filling<'a, T, R> {
    recipe: R,
    twister: Twister,
    out: &'a mut [T],
}

fn run<T, R: Recipe<T>>(filling: Filling<'_, T, R>) {
    let Filling { recipe, mut twister, out } = filling;
    loops::vectorized(
        #[inline(always)]
        || recipe.fill(&mut twister, out),
    );
}
