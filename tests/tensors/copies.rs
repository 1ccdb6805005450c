//! Transposes, and copies in the order of the axes.

use std::slice::from_ref;

use akari::prelude::*;

use crate::{check_gradients, error, numbers, odd, values};

#[test]
fn copies_have_the_values_of_what_they_copy() {
    for dtype in [
        DType::F64,
        DType::F32,
        DType::F16,
        DType::BF16,
        DType::U8,
        DType::U32,
        DType::I64,
        DType::I32,
        DType::I16,
    ] {
        for x in odd(DType::F64) {
            let x = (x * 20.0).unwrap().abs().unwrap().to_dtype(dtype).unwrap();
            for axes in 0..x.rank().saturating_sub(1) {
                let x = x.transpose(axes, axes + 1).unwrap();
                let copy = torch::contiguous(&x).unwrap();
                assert!(copy.is_contiguous() && copy.dtype() == dtype && copy.dims() == x.dims());
                assert_eq!(values(&copy), values(&x), "{x:?}");
            }
        }
    }
}

/// Views whose steps, offsets and orders are all different.
#[test]
fn views_of_views_are_copied_in_order() {
    let x = numbers(&[6, 40, 50, 3], 1);
    for order in
        [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [0, 3, 1, 2], [2, 3, 0, 1], [0, 2, 1, 3]]
    {
        let view = x.permute(order).unwrap();
        for axis in 0..4 {
            let size = view.dims()[axis];
            let part = view.narrow(axis, 1, size - 1).unwrap();
            assert_eq!(
                values(&torch::contiguous(&part).unwrap()),
                values(&part),
                "{order:?} {axis}"
            );
            let one = view.narrow(axis, 1, 1).unwrap();
            let wide = one.broadcast_as(view.dims()).unwrap();
            assert_eq!(
                values(&torch::contiguous(&wide).unwrap()),
                values(&wide),
                "{order:?} {axis}"
            );
        }
    }
}

#[test]
fn what_is_in_order_is_not_copied_and_gradients_pass() {
    let x = numbers(&[3, 4], 1);
    assert_eq!(torch::contiguous(&x).unwrap().id(), x.id());
    check_gradients("transpose", from_ref(&x), |x| {
        torch::contiguous(&torch::transpose(x[0], 0, -1)?)
    });
    check_gradients("broadcast", &[numbers(&[1, 4], 1)], |x| {
        torch::contiguous(&x[0].broadcast_as((3, 4))?)
    });
}

#[test]
fn axes_that_are_not_there_are_errors() {
    assert_eq!(torch::transpose(&tensor!(1.0), 0, -1).unwrap().rank(), 0);
    assert_eq!(
        error(torch::transpose(&tensor!([[1.0]]), 0, 2)),
        "torch::transpose: Dimension out of range (expected to be in range of [-2, 1], but got 2); the tensor's shape is [1, 1]"
    );
}
