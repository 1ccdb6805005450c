//! Numbers as keys that sort like them: a nan after all others, and both zeros alike.
//!
//! A key and the place of its number make one integer, so that an unstable sort of these is a stable one of the
//! numbers.

use candle_core::{DType, WithDType};
use rayon::prelude::*;

use crate::compute::beside::Beside;
use crate::compute::loops::{PARALLEL_FROM, vectorized};

/// Which come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The smallest; nan last.
    Ascending,
    /// The largest; nan first.
    Descending,
}

impl Order {
    pub(super) fn of(is_descending: bool) -> Order {
        if is_descending { Order::Descending } else { Order::Ascending }
    }
}

/// The key of a number, which needs 32 bits for all dtypes but the two widest.
#[inline(always)]
pub(super) fn key<T: WithDType>(x: T) -> u64 {
    const SIGN: u64 = 1 << 63;
    match T::DTYPE {
        DType::I64 => (bits(x) as u64) ^ SIGN,
        DType::F64 => {
            // The sum turns a negative zero into a positive one.
            let x = x.to_f64() + 0.0;
            let bits = x.to_bits();
            match (x.is_nan(), bits & SIGN == 0) {
                (true, _) => u64::MAX,
                (false, true) => bits | SIGN,
                (false, false) => !bits,
            }
        }
        dtype if dtype.is_int() => (x.to_f64() as i64 + (1 << 31)) as u64,
        _ => {
            let x = x.to_f64() as f32 + 0.0;
            let bits = x.to_bits();
            // All bits of a negative number are turned, and of the others the sign's, without a branch: signs are
            // as good as random.
            let negative = (bits as i32 >> 31) as u32;
            u64::from(if x.is_nan() { u32::MAX } else { bits ^ (negative | 1 << 31) })
        }
    }
}

/// A whole number of 64 bits as it is; its way over `f64` would round it.
#[inline(always)]
fn bits<T: WithDType>(x: T) -> i64 {
    match x.to_scalar() {
        candle_core::scalar::Scalar::I64(x) => x,
        _ => 0,
    }
}

fn is_wide<T: WithDType>() -> bool {
    matches!(T::DTYPE, DType::I64 | DType::F64)
}

/// The places of a row's numbers in their order; of equal ones the first comes first.
pub(super) fn sorted<T: WithDType>(row: &[T], order: Order) -> Vec<usize> {
    let mut keys = Keys::of(row, order);
    keys.sort();
    keys.places()
}

/// The places of the first `count` of a row's numbers in their order.
pub(super) fn first<T: WithDType>(row: &[T], count: usize, order: Order) -> Vec<usize> {
    let mut keys = Keys::of(row, order);
    keys.keep(count);
    keys.sort();
    keys.places()
}

/// The place of the number that would be at `index` if the row were sorted.
pub(super) fn nth<T: WithDType>(row: &[T], index: usize) -> usize {
    let mut keys = Keys::of(row, Order::Ascending);
    keys.keep(index + 1);
    match &keys {
        Keys::Narrow(keys) => keys.iter().max().map_or(0, |key| place(*key)),
        Keys::Wide(keys) => keys.iter().max().map_or(0, |key| key.1),
    }
}

/// Keys, each with the place of its number.
enum Keys {
    /// Key and place as one integer.
    Narrow(Vec<u64>),
    Wide(Vec<(u64, usize)>),
}

fn place(key: u64) -> usize {
    (key & u64::from(u32::MAX)) as usize
}

impl Keys {
    fn of<T: WithDType>(row: &[T], order: Order) -> Keys {
        let turn = if order == Order::Descending { u64::MAX } else { 0 };
        if is_wide::<T>() || row.len() > u32::MAX as usize {
            let pairs = row.iter().enumerate();
            return Keys::Wide(pairs.map(|(place, x)| (key(*x) ^ turn, place)).collect());
        }
        let mut keys = vec![0; row.len()];
        vectorized(
            #[inline(always)]
            || {
                for (place, (joined, x)) in keys.iter_mut().beside(row).enumerate() {
                    *joined = (key(*x) ^ turn) << 32 | place as u64;
                }
            },
        );
        Keys::Narrow(keys)
    }

    fn sort(&mut self) {
        match self {
            Keys::Narrow(keys) if keys.len() >= PARALLEL_FROM => keys.par_sort_unstable(),
            Keys::Narrow(keys) => keys.sort_unstable(),
            Keys::Wide(keys) if keys.len() >= PARALLEL_FROM => keys.par_sort_unstable(),
            Keys::Wide(keys) => keys.sort_unstable(),
        }
    }

    /// Leaves the `count` smallest, in any order.
    fn keep(&mut self, count: usize) {
        match self {
            Keys::Narrow(keys) => keep(keys, count),
            Keys::Wide(keys) => keep(keys, count),
        }
    }

    fn places(self) -> Vec<usize> {
        match self {
            Keys::Narrow(keys) => keys.into_iter().map(place).collect(),
            Keys::Wide(keys) => keys.into_iter().map(|(_, place)| place).collect(),
        }
    }
}

/// Leaves the `count` smallest of the keys, in any order.
fn keep<K: Ord + Copy>(keys: &mut Vec<K>, count: usize) {
    /// From so many times as many keys on, most of them are passed over after one comparison.
    const MANY: usize = 8;
    if count == 0 || count >= keys.len() {
        return keys.truncate(count);
    }
    // How many keys are gathered before the largest of them are dropped.
    let some = 2 * count.max(16);
    if some * MANY > keys.len() {
        keys.select_nth_unstable(count - 1);
        return keys.truncate(count);
    }
    let drop_large = |kept: &mut Vec<K>| {
        let largest = *kept.select_nth_unstable(count - 1).1;
        kept.truncate(count);
        largest
    };
    let mut kept = keys[..some].to_vec();
    let mut largest = drop_large(&mut kept);
    for key in &keys[some..] {
        if *key < largest {
            kept.push(*key);
            if kept.len() == some {
                largest = drop_large(&mut kept);
            }
        }
    }
    drop_large(&mut kept);
    *keys = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_numbers_do() {
        let floats = [f64::NEG_INFINITY, -2.5, -1e-300, 0.0, 1e-300, 3.0, f64::INFINITY, f64::NAN];
        assert!(floats.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        let floats = floats.map(|x| x as f32);
        let keys = floats.map(key);
        assert!(keys.is_sorted() && keys.iter().all(|key| *key <= u64::from(u32::MAX)));
        assert_eq!((key(0.0f32), key(0.0f64)), (key(-0.0f32), key(-0.0f64)));
        assert_eq!(key(-f64::NAN), key(f64::NAN));
        let whole = [i64::MIN, -1, 0, 1, i64::MAX - 1, i64::MAX];
        assert!(whole.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        let small = [i32::MIN, -1, 0, i32::MAX];
        assert!(small.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert!(key(u32::MAX) > key(0u32) && key(255u8) > key(0u8));
    }

    #[test]
    fn equal_numbers_keep_their_order() {
        for order in [Order::Ascending, Order::Descending] {
            let zeros = [0.0f32, -0.0, 0.0];
            assert_eq!(sorted(&zeros, order), [0, 1, 2]);
            assert_eq!(first(&zeros, 2, order), [0, 1]);
        }
        assert_eq!(sorted(&[1i64, 3, 1, 2], Order::Descending), [1, 3, 0, 2]);
        assert_eq!(nth(&[5f64, 1.0, 4.0, 1.0], 2), 2);
    }
}
