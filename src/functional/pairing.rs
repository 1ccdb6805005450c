//! Loops over the elements of two contiguous operands that broadcast to each other, and of a third in their common
//! shape.
//!
//! Neighbouring axes along which both operands move alike are one axis here, so that the usual cases (equal shapes, a
//! number, a row, a column) are one or two nested loops, the inner one over neighbours in memory.

use candle_core::{Result, Shape, WithDType};

use super::sum::sum_groups;
use crate::compute::beside::Beside;
use crate::compute::loops::{PIECE, appended, vectorized_over};
use crate::compute::number::Number;
use crate::compute::room::Room;
use crate::tensor::promote::broadcast_shape;

/// An axis of the result, and how many elements each operand moves along it: none where it broadcasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    size: usize,
    left: usize,
    right: usize,
}

/// How two operands lie beneath their common shape.
#[derive(Debug, Clone)]
pub(super) struct Pairing {
    /// From the first axis to the last; never empty.
    steps: Vec<Step>,
    pub(super) shape: Shape,
}

/// One of the two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Pairing {
    /// # Errors
    ///
    /// If the shapes don't broadcast.
    pub(super) fn new(function: &str, left: &[usize], right: &[usize]) -> Result<Self> {
        let shape = broadcast_shape(function, left, right)?;
        let (left, right) = (strides(left, shape.rank()), strides(right, shape.rank()));
        let mut steps: Vec<Step> = Vec::new();
        for (axis, size) in shape.dims().iter().copied().enumerate() {
            let step = Step { size, left: left[axis], right: right[axis] };
            match steps.last_mut() {
                _ if size == 1 => {}
                Some(outer)
                    if outer.left == step.left * size && outer.right == step.right * size =>
                {
                    *outer = Step { size: outer.size * size, ..step };
                }
                _ => steps.push(step),
            }
        }
        if steps.is_empty() {
            steps.push(Step { size: 1, left: 0, right: 0 });
        }
        Ok(Pairing { steps, shape })
    }

    /// What `function` makes of each pair.
    pub(super) fn map<A: Copy + Sync, B: Copy + Sync, Y: WithDType>(
        &self,
        left: &[A],
        right: &[B],
        function: impl Fn(A, B) -> Y + Copy + Sync,
    ) -> Vec<Y> {
        // A vector of nothing takes no memory.
        let nothing = vec![(); self.shape.elem_count()];
        self.map_with(
            left,
            right,
            &nothing,
            #[inline(always)]
            move |a, b, ()| function(a, b),
        )
    }

    /// What `function` makes of each pair and the element of `third`, which has the common shape.
    ///
    /// The loops are compiled once, for any processor: they do so little with a number that memory sets their pace.
    pub(super) fn map_with<A: Copy + Sync, B: Copy + Sync, G: Copy + Sync, Y: WithDType>(
        &self,
        left: &[A],
        right: &[B],
        third: &[G],
        function: impl Fn(A, B, G) -> Y + Copy + Sync,
    ) -> Vec<Y> {
        appended(third.len(), PIECE, |start, room| {
            let third = &third[start..][..room.left()];
            piece(&self.steps, start, left, right, third, room, function);
        })
    }

    /// [`map_with`](Pairing::map_with) with a loop for each kind of processor.
    pub(super) fn map_wide<A: Copy + Sync, B: Copy + Sync, G: Copy + Sync, Y: WithDType>(
        &self,
        left: &[A],
        right: &[B],
        third: &[G],
        function: impl Fn(A, B, G) -> Y + Copy + Sync,
    ) -> Vec<Y> {
        appended(third.len(), PIECE, |start, room| {
            let third = &third[start..][..room.left()];
            vectorized_over(
                (left, right, third, room, self.steps.as_slice()),
                #[inline(always)]
                move |left, right, third, room, steps| {
                    piece(steps, start, left, right, third, room, function);
                },
            );
        })
    }

    /// Adds up the gradients of all copies of each element of an operand.
    pub(super) fn gathered<T: Number>(&self, side: Side, grads: Vec<T>) -> Vec<T> {
        let is_added = |step: &Step| match side {
            Side::Left => step.left == 0,
            Side::Right => step.right == 0,
        };
        let groups = self.steps.iter().map(|step| (step.size, is_added(step) && step.size != 1));
        if groups.clone().any(|(_, is_added)| is_added) {
            sum_groups(&grads, groups)
        } else {
            grads
        }
    }
}

/// How far a contiguous operand moves along each axis of the common shape.
fn strides(dims: &[usize], rank: usize) -> Vec<usize> {
    let mut strides = vec![0; rank];
    let mut stride = 1;
    for (axis, size) in dims.iter().enumerate().rev() {
        if *size != 1 {
            strides[rank - dims.len() + axis] = stride;
        }
        stride *= size;
    }
    strides
}

/// The elements from `start` on, as many as there is room for.
#[inline(always)]
fn piece<A: Copy, B: Copy, G: Copy, Y: Copy>(
    steps: &[Step],
    start: usize,
    left: &[A],
    right: &[B],
    third: &[G],
    room: &mut Room<'_, Y>,
    function: impl Fn(A, B, G) -> Y + Copy,
) {
    let Some((inner, outer)) = steps.split_last() else { return };
    let (mut row, mut column, mut done) = (start / inner.size, start % inner.size, 0);
    while room.left() > 0 {
        let (mut a, mut b, mut rest) = (column * inner.left, column * inner.right, row);
        for step in outer.iter().rev() {
            a += rest % step.size * step.left;
            b += rest % step.size * step.right;
            rest /= step.size;
        }
        let count = (inner.size - column).min(room.left());
        let third = &third[done..][..count];
        match (inner.left, inner.right) {
            // Both move nowhere only where there is one element, which any of these loops takes.
            (0, _) => {
                let (a, right) = (left[a], &right[b..][..count]);
                room.each(
                    right.iter().beside(third),
                    #[inline(always)]
                    move |(b, g)| function(a, *b, *g),
                );
            }
            (_, 0) => {
                let (left, b) = (&left[a..][..count], right[b]);
                room.each(
                    left.iter().beside(third),
                    #[inline(always)]
                    move |(a, g)| function(*a, b, *g),
                );
            }
            _ => {
                let (left, right) = (&left[a..][..count], &right[b..][..count]);
                let triples = left.iter().beside(right).beside(third);
                room.each(
                    triples,
                    #[inline(always)]
                    move |((a, b), g)| function(*a, *b, *g),
                );
            }
        }
        (row, column, done) = (row + 1, 0, done + count);
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn counted(dims: &[usize]) -> Vec<f64> {
        (0..dims.iter().product()).map(|index| index as f64).collect()
    }

    /// All elements of a tensor in a shape that it broadcasts to.
    fn broadcast(dims: &[usize], shape: &Shape) -> Vec<f64> {
        let tensor = Tensor::from_vec(counted(dims), dims, &Device::Cpu).unwrap();
        tensor.broadcast_as(shape).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn pairs_are_those_of_the_broadcast_operands() {
        let shapes: [&[usize]; 9] = [
            &[],
            &[1],
            &[5],
            &[4, 1],
            &[4, 5],
            &[3, 1, 5],
            &[3, 4, 1],
            &[2, 3, 4, 5],
            &[2, 1, 4, 1],
        ];
        for left in shapes {
            for right in shapes {
                let pairing = Pairing::new("f", left, right).unwrap();
                let pairs =
                    pairing.map(&counted(left), &counted(right), |a: f64, b: f64| a * 1000.0 + b);
                let (a, b) = (broadcast(left, &pairing.shape), broadcast(right, &pairing.shape));
                let expected = a.iter().zip(&b).map(|(a, b)| a * 1000.0 + b).collect::<Vec<_>>();
                assert_eq!(pairs, expected, "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn pieces_begin_anywhere_in_a_row() {
        let (left, right) = ([3 * PIECE + 7], [2, 1]);
        let pairing = Pairing::new("f", &left, &right).unwrap();
        let pairs = pairing.map(&counted(&left), &[1.0, -1.0], |a: f64, b: f64| a * b);
        let row = counted(&left);
        assert!(pairs[..row.len()] == row);
        assert!(pairs[row.len()..].iter().zip(&row).all(|(y, x)| *y == -x));
    }

    #[test]
    fn gradients_go_back_to_the_shape_of_an_operand() {
        let pairing = Pairing::new("f", &[2, 1], &[3]).unwrap();
        let grads = vec![1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(pairing.gathered(Side::Left, grads.clone()), [6.0, 15.0]);
        assert_eq!(pairing.gathered(Side::Right, grads), [5.0, 7.0, 9.0]);
    }

    #[test]
    fn empty_shapes_give_nothing() {
        let pairing = Pairing::new("f", &[0, 3], &[1]).unwrap();
        assert!(pairing.map(&[], &[1.0], |a: f64, _: f64| a).is_empty());
        assert_eq!(pairing.gathered(Side::Right, Vec::<f64>::new()), [0.0]);
    }
}
