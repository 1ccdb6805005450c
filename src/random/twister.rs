//! The Mersenne Twister, MT19937 (Matsumoto and Nishimura, 1998): numbers of 32 bits, a block of 624 at a time.
//!
//! What is made of the numbers is in `draw.rs`. A block is computed and read in loops over vectors, and a block that
//! nobody reads costs no more than a tenth of a microsecond: that is how draws are skipped.

use crate::compute::beside::Beside;
use crate::compute::loops::vectorized;

/// Words of the state, which are also the numbers of a block.
const WORDS: usize = 624;

/// How far the word lies ahead that goes into a new one.
const AHEAD: usize = 397;

/// How many numbers of 64 bits are put together at a time.
const PAIRS: usize = 128;

/// A twister: the same seed gives the same numbers.
#[derive(Clone)]
pub(crate) struct Twister {
    state: [u32; WORDS],
    /// How many numbers of the block have been read.
    read: usize,
}

impl Twister {
    /// The twister that begins at `seed`.
    pub(crate) fn new(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for index in 1..WORDS {
            let last = state[index - 1];
            state[index] =
                1_812_433_253u32.wrapping_mul(last ^ last >> 30).wrapping_add(index as u32);
        }
        Twister { state, read: WORDS }
    }

    /// The next number.
    pub(crate) fn next_u32(&mut self) -> u32 {
        if self.read == WORDS {
            vectorized(
                #[inline(always)]
                || self.turn(),
            );
        }
        let word = self.state[self.read];
        self.read += 1;
        tempered(word)
    }

    /// Leaves out `count` numbers.
    pub(crate) fn advance(&mut self, count: u64) {
        let mut left = count;
        vectorized(
            #[inline(always)]
            || {
                while left > (WORDS - self.read) as u64 {
                    left -= (WORDS - self.read) as u64;
                    self.turn();
                }
                self.read += left as usize;
            },
        );
    }

    /// Writes what `make` makes of the next numbers, one each. For loops that `vectorized` runs.
    #[inline(always)]
    pub(super) fn fill<T>(&mut self, out: &mut [T], make: impl Fn(u32) -> T) {
        let mut out = out;
        while !out.is_empty() {
            if self.read == WORDS {
                self.turn();
            }
            let words = &self.state[self.read..];
            let count = words.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            for (place, word) in now.iter_mut().beside(words) {
                *place = make(tempered(*word));
            }
            self.read += count;
            out = later;
        }
    }

    /// As [`Twister::fill`], of numbers of 64 bits, the first half of which is the high one.
    #[inline(always)]
    pub(super) fn fill_wide<T>(&mut self, out: &mut [T], make: impl Fn(u64) -> T) {
        let mut halves = [0; 2 * PAIRS];
        for out in out.chunks_mut(PAIRS) {
            let halves = &mut halves[..2 * out.len()];
            self.fill(halves, |word| word);
            for (place, pair) in out.iter_mut().beside(halves.chunks_exact(2)) {
                *place = make(u64::from(pair[0]) << 32 | u64::from(pair[1]));
            }
        }
    }

    /// Computes the next block.
    #[inline(always)]
    fn turn(&mut self) {
        const BEHIND: usize = WORDS - AHEAD;
        let state = &mut self.state;
        // In slices that don't overlap, so that the compiler sees that each loop's words are independent.
        let (words, ahead) = state.split_at_mut(AHEAD);
        turn_words(&mut words[..=BEHIND], ahead);
        let (ahead, words) = state.split_at_mut(BEHIND);
        turn_words(&mut words[..=BEHIND], ahead);
        let (ahead, words) = state.split_at_mut(2 * BEHIND);
        turn_words(words, &ahead[BEHIND..AHEAD - 1]);
        state[WORDS - 1] = twisted(state[WORDS - 1], state[0], state[AHEAD - 1]);
        self.read = 0;
    }
}

/// Renews all words but the last.
#[inline(always)]
fn turn_words(words: &mut [u32], ahead: &[u32]) {
    let words = &mut words[..=ahead.len()];
    for index in 0..ahead.len() {
        words[index] = twisted(words[index], words[index + 1], ahead[index]);
    }
}

/// A new word of the state.
#[inline(always)]
fn twisted(word: u32, next: u32, ahead: u32) -> u32 {
    let joined = word & 0x8000_0000 | next & 0x7fff_ffff;
    ahead ^ joined >> 1 ^ (next & 1).wrapping_neg() & 0x9908_b0df
}

/// The number that a word of the state stands for.
#[inline(always)]
fn tempered(word: u32) -> u32 {
    let word = word ^ word >> 11;
    let word = word ^ word << 7 & 0x9d2c_5680;
    let word = word ^ word << 15 & 0xefc6_0000;
    word ^ word >> 18
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard() {
        // C++ demands this of std::mt19937, which begins at 5489.
        let mut twister = Twister::new(5489);
        twister.advance(9999);
        assert_eq!(twister.next_u32(), 4_123_659_995);
    }

    #[test]
    fn whoever_skips_or_fills_stands_where_single_draws_lead() {
        for count in [0, 1, 623, 624, 625, 1000, 1248, 5000] {
            let [mut single, mut skipped, mut filled] = [(); 3].map(|()| Twister::new(7));
            for twister in [&mut single, &mut skipped, &mut filled] {
                twister.next_u32();
            }
            let expected = (0..count).map(|_| single.next_u32()).collect::<Vec<_>>();
            skipped.advance(count);
            let mut found = vec![0; count as usize];
            filled.fill(&mut found, |word| word);
            assert_eq!(found, expected);
            let next = single.next_u32();
            assert_eq!([skipped.next_u32(), filled.next_u32()], [next, next], "after {count}");
        }
    }

    #[test]
    fn wide_numbers_are_pairs_also_across_blocks() {
        let [mut single, mut wide] = [(); 2].map(|()| Twister::new(7));
        assert_eq!(single.next_u32(), wide.next_u32());
        let mut found = vec![0; 1000];
        wide.fill_wide(&mut found, |number| number);
        for number in found {
            assert_eq!(number >> 32, u64::from(single.next_u32()));
            assert_eq!(number & 0xffff_ffff, u64::from(single.next_u32()));
        }
        assert_eq!(single.next_u32(), wide.next_u32());
    }
}
