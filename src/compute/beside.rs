//! Two iterators side by side, for the loops that become vector instructions.
//!
//! The standard library's `zip` is a function of its own in the compiled crate, unless all parts of the crate are
//! optimised together, which the build for cells does and others do not (`lto` in Cargo.toml). A loop that calls it stays
//! one of single numbers. What stands here inlines wherever it is used; the rules of the house see to it that loops take it.

/// [`beside`](Beside::beside) for all iterators.
pub(crate) trait Beside: Iterator + Sized {
    /// The pairs of an element of this and one of the other, as many as the shorter one has: the standard library's `zip`.
    #[inline(always)]
    fn beside<B: IntoIterator>(self, other: B) -> Pairs<Self, B::IntoIter> {
        Pairs { first: self, second: other.into_iter() }
    }
}

impl<A: Iterator> Beside for A {}

/// The pairs of [`Beside::beside`].
#[derive(Debug, Clone)]
pub(crate) struct Pairs<A, B> {
    first: A,
    second: B,
}

impl<A: Iterator, B: Iterator> Iterator for Pairs<A, B> {
    type Item = (A::Item, B::Item);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.first.next()?, self.second.next()?))
    }

    #[inline(always)]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (first, second) = (self.first.size_hint(), self.second.size_hint());
        let most = match (first.1, second.1) {
            (Some(first), Some(second)) => Some(first.min(second)),
            (first, second) => first.or(second),
        };
        (first.0.min(second.0), most)
    }

    // The standard library's own two are functions of their own, compiled for any processor.
    #[inline(always)]
    fn fold<C, F: FnMut(C, Self::Item) -> C>(self, start: C, mut step: F) -> C {
        let mut all = start;
        for pair in self {
            all = step(all, pair);
        }
        all
    }

    #[inline(always)]
    fn for_each<F: FnMut(Self::Item)>(self, mut work: F) {
        for pair in self {
            work(pair);
        }
    }
}

impl<A: ExactSizeIterator, B: ExactSizeIterator> ExactSizeIterator for Pairs<A, B> {}

impl<A, B> DoubleEndedIterator for Pairs<A, B>
where
    A: ExactSizeIterator + DoubleEndedIterator,
    B: ExactSizeIterator + DoubleEndedIterator,
{
    #[inline(always)]
    fn next_back(&mut self) -> Option<Self::Item> {
        let (first, second) = (self.first.len(), self.second.len());
        // What the longer one has behind the end of the other is in no pair.
        if first > second {
            self.first.nth_back(first - second - 1);
        } else if second > first {
            self.second.nth_back(second - first - 1);
        }
        Some((self.first.next_back()?, self.second.next_back()?))
    }
}

/// What a function makes of each element of an array: the standard library's `map`, which is a function of its own too.
#[inline(always)]
pub(crate) fn each<A: Copy, B: Copy, const N: usize>(
    from: [A; N],
    mut make: impl FnMut(A) -> B,
) -> [B; N] {
    const { assert!(N > 0, "the first element is that of all before the others are made") };
    let mut made = [make(from[0]); N];
    for at in 1..N {
        made[at] = make(from[at]);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_of_the_standard_library() {
        let cases: [(&[u8], &[u8]); 4] =
            [(&[], &[1]), (&[1, 2], &[3]), (&[1], &[2, 3]), (&[1, 2, 3], &[4, 5, 6])];
        for (a, b) in cases {
            assert!(a.iter().beside(b).eq(a.iter().zip(b)));
            assert!(a.iter().beside(b).rev().eq(a.iter().zip(b).rev()));
            assert_eq!(a.iter().beside(b).len(), a.len().min(b.len()));
            assert_eq!((0..).beside(b).size_hint(), (0..).zip(b).size_hint());
        }
    }

    #[test]
    fn each_element_of_an_array_is_mapped_in_order() {
        let mut before = 0;
        let sums = each([1, 2, 3], |number| {
            before += number;
            before
        });
        assert_eq!(sums, [1, 3, 6]);
    }
}
