//! Sums, means and running sums along axes.

use std::slice::from_ref;

use akari::prelude::*;

use crate::{
    assert_near, assert_same_on_all_threads, check_gradients, error, numbers, odd, tolerance,
    values,
};

/// The sums along some axes, by the definition.
fn sums(x: &Tensor, axes: &[usize]) -> Vec<f64> {
    let dims = x.dims();
    let kept = |axis: &usize| !axes.contains(axis);
    let kept = (0..dims.len()).filter(kept).collect::<Vec<_>>();
    let mut sums = vec![0.0; kept.iter().map(|axis| dims[*axis]).product()];
    for (index, value) in values(x).into_iter().enumerate() {
        let mut rest = index;
        let mut place = vec![0; dims.len()];
        for axis in (0..dims.len()).rev() {
            (place[axis], rest) = (rest % dims[axis], rest / dims[axis]);
        }
        sums[kept.iter().fold(0, |at, axis| at * dims[*axis] + place[*axis])] += value;
    }
    sums
}

/// All subsets of the axes but the empty one, which stands for all.
fn subsets(rank: usize) -> Vec<Vec<usize>> {
    let of = |bits: usize| (0..rank).filter(|axis| bits >> axis & 1 == 1).collect();
    (1..1 << rank).map(of).collect()
}

#[test]
fn sums_and_means_are_those_of_the_definition() {
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        for x in odd(dtype) {
            for axes in subsets(x.rank()) {
                let name = format!("{x:?} along {axes:?}");
                let (sum, kept) =
                    (torch::sum_dim(&x, &axes[..]), torch::sum_keepdim(&x, &axes[..]));
                let (sum, kept) = (sum.unwrap(), kept.unwrap());
                let expected = sums(&x, &axes);
                assert_eq!(sum.dtype(), dtype);
                assert_near(&name, &values(&sum), &expected, 20.0 * tolerance(dtype));
                assert_eq!(values(&kept), values(&sum));
                let dims = x.dims().iter().enumerate();
                let dims = dims.map(|(axis, size)| if axes.contains(&axis) { 1 } else { *size });
                assert_eq!(kept.dims(), dims.collect::<Vec<_>>(), "{name}");
                let count = axes.iter().map(|axis| x.dims()[*axis] as f64).product::<f64>();
                let means = expected.iter().map(|sum| sum / count).collect::<Vec<_>>();
                let mean = torch::mean_dim(&x, &axes[..]).unwrap();
                assert_near(&name, &values(&mean), &means, 20.0 * tolerance(dtype));
                let mean = torch::mean_keepdim(&x, &axes[..]).unwrap();
                assert_eq!(mean.dims(), kept.dims());
            }
            let all = sums(&x, &(0..x.rank()).collect::<Vec<_>>());
            let of_all = [torch::sum(&x), torch::sum_dim(&x, ())].map(Result::unwrap);
            assert!(of_all.iter().all(|sum| sum.rank() == 0));
            assert_near("all", &values(&of_all[0]), &all, 20.0 * tolerance(dtype));
            assert_near("all", &values(&of_all[1]), &all, 20.0 * tolerance(dtype));
        }
    }
}

/// torch.ones(0, 3).sum(0), .mean(0), torch.ones(3, 0).sum(1), torch.tensor(2.).sum(0), .cumsum(-1)
#[test]
fn empty_axes_and_none_are_pytorchs() {
    let ones = |dims: &[usize]| Tensor::ones(dims, DType::F32, &Device::Cpu).unwrap();
    assert_eq!(values(&torch::sum_dim(&ones(&[0, 3]), 0).unwrap()), [0.0; 3]);
    assert!(values(&torch::mean_dim(&ones(&[0, 3]), 0).unwrap()).iter().all(|it| it.is_nan()));
    assert_eq!(values(&torch::sum_dim(&ones(&[3, 0]), 1).unwrap()), [0.0; 3]);
    assert_eq!(torch::sum_dim(&ones(&[3, 0]), 0).unwrap().dims(), [0]);
    assert_eq!(torch::cumsum(&ones(&[3, 0]), 1).unwrap().dims(), [3, 0]);
    assert_eq!(values(&torch::sum_dim(&tensor!(2.0), 0).unwrap()), [2.0]);
    assert_eq!(values(&torch::cumsum(&tensor!(2.0), -1).unwrap()), [2.0]);
}

#[test]
fn axes_are_numbers_in_any_form() {
    let x = numbers(&[2, 3, 4], 1);
    let expected = values(&torch::sum_dim(&x, [0, 2]).unwrap());
    for sum in [
        torch::sum_dim(&x, (0, 2)),
        torch::sum_dim(&x, (-1, 0)),
        torch::sum_dim(&x, vec![0i64, -1]),
        torch::sum_dim(&x, (D::Minus1, 0usize)),
        torch::sum_dim(&x, &[2, 0][..]),
    ] {
        assert_eq!(values(&sum.unwrap()), expected);
    }
}

#[test]
fn sums_do_not_drift_along_any_axis() {
    let tenths = Tensor::full(0.1f32, 10_000_000, &Device::Cpu).unwrap();
    for shape in [vec![10_000_000], vec![10_000_000, 1], vec![1_000_000, 10], vec![10_000, 1000]] {
        let x = tenths.reshape(&shape[..]).unwrap();
        for axis in 0..shape.len() {
            let expected = shape[axis] as f64 * f64::from(0.1f32);
            let sums = values(&torch::sum_dim(&x, axis).unwrap());
            let worst = sums.iter().map(|sum| (sum / expected - 1.0).abs()).fold(0.0, f64::max);
            assert!(worst < 2e-7, "{shape:?} along {axis}: {worst:e}");
            let last = x.narrow(axis, shape[axis] - 1, 1).unwrap();
            let running = torch::cumsum(&x, axis).unwrap();
            let running = running.narrow(axis, shape[axis] - 1, 1).unwrap();
            assert_eq!(running.dims(), last.dims());
            let worst = values(&running).into_iter().map(|sum| (sum / expected - 1.0).abs());
            assert!(worst.fold(0.0, f64::max) < 1e-7, "running sums of {shape:?} along {axis}");
        }
    }
}

#[test]
fn running_sums_are_those_of_the_definition() {
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        let long = [&[1_200_000][..], &[1, 400_000, 3], &[3, 100_000], &[2000, 200], &[200, 2000]];
        let long = long.map(|shape| numbers(shape, 3).to_dtype(dtype).unwrap());
        let is_wide = dtype.size_in_bytes() > 2;
        for x in odd(dtype).into_iter().chain(long.into_iter().filter(|_| is_wide)) {
            for axis in 0..x.rank().max(1) {
                let inner = x.dims().iter().skip(axis + 1).product::<usize>();
                let size = x.dims().get(axis).copied().unwrap_or(1);
                let mut expected = values(&x);
                for index in inner..expected.len() {
                    if index / inner % size != 0 {
                        expected[index] += expected[index - inner];
                    }
                }
                let found = torch::cumsum(&x, axis).unwrap();
                assert_eq!((found.dims(), found.dtype()), (x.dims(), dtype));
                let name = format!("{x:?} along {axis}");
                let largest = expected.iter().fold(1f64, |largest, it| largest.max(it.abs()));
                let tolerance = tolerance(dtype).max(1e-12) * largest;
                assert_near(&name, &values(&found), &expected, tolerance);
            }
        }
    }
}

/// The gradient of a running sum is a running sum from the end.
#[test]
fn gradients_of_long_running_sums_begin_at_the_end() {
    for shape in [&[1_000_000][..], &[300_000, 3], &[3, 100_000], &[2000, 200]] {
        let x = Var::from_tensor(&numbers(shape, 5)).unwrap();
        let weights = numbers(shape, 6);
        let y = (torch::cumsum(&x, 0).unwrap() * &weights).unwrap().sum_all().unwrap();
        let found = values(y.backward().unwrap().get(&x).unwrap());
        let inner = shape[1..].iter().product::<usize>();
        let mut expected = values(&weights);
        for index in (0..expected.len() - inner).rev() {
            expected[index] += expected[index + inner];
        }
        assert_near(&format!("{shape:?}"), &found, &expected, 1e-8);
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    for shape in [&[5][..], &[3, 4], &[2, 3, 4], &[2, 3, 2, 2]] {
        let x = numbers(shape, 2);
        check_gradients("sum", from_ref(&x), |x| torch::sum(x[0]));
        check_gradients("mean", from_ref(&x), |x| torch::mean(x[0]));
        for axes in subsets(shape.len()) {
            check_gradients("sum_dim", from_ref(&x), |x| torch::sum_dim(x[0], &axes[..]));
            check_gradients("mean_keepdim", from_ref(&x), |x| torch::mean_keepdim(x[0], &axes[..]));
        }
        for axis in 0..shape.len() {
            check_gradients("cumsum", from_ref(&x), |x| torch::cumsum(x[0], axis));
        }
    }
    check_gradients("of a view", &[numbers(&[3, 4], 2)], |x| {
        torch::sum_dim(&torch::transpose(x[0], 0, 1)?, 0)
    });
}

#[test]
fn gradients_of_large_sums_reach_every_element() {
    for (shape, axes) in [
        (&[1000, 90][..], &[0][..]),
        (&[1000, 90], &[1]),
        (&[90_000], &[0]),
        (&[8, 16, 30, 30], &[0, 2, 3]),
        (&[8, 16, 30, 30], &[1]),
        (&[50_000, 3], &[0]),
        (&[50_000, 3], &[1]),
    ] {
        let x = Var::from_tensor(&numbers(shape, 2).to_dtype(DType::F32).unwrap()).unwrap();
        let sums = torch::sum_keepdim(&x, axes).unwrap();
        let weights = numbers(sums.dims(), 4).to_dtype(DType::F32).unwrap();
        let grads = (&sums * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        let expected = values(&weights.broadcast_as(shape).unwrap());
        assert_eq!(values(grads.get(&x).unwrap()), expected, "{shape:?} along {axes:?}");
    }
}

/// torch.tensor([nan, 1, inf]).cumsum(0) is nan three times; sums as well.
#[test]
fn nan_and_infinities_stay() {
    let x = tensor!([[f32::NAN, 1.0], [1.0, f32::INFINITY], [2.0, 1.0]]);
    let sums = values(&torch::sum_dim(&x, 0).unwrap());
    assert!(sums[0].is_nan() && sums[1] == f64::INFINITY);
    let running = values(&torch::cumsum(&x, 0).unwrap());
    assert!([0, 2, 4].iter().all(|index| running[*index].is_nan()));
    assert_eq!([running[1], running[3], running[5]], [1.0, f64::INFINITY, f64::INFINITY]);
}

/// Running sums are added up in f64, as PyTorch does: torch.tensor([3e38, 3e38, -3e38]).cumsum(0)
#[test]
fn a_running_sum_comes_back_from_beyond_f32() {
    let running = torch::cumsum(&tensor!([3e38, 3e38, -3e38]), 0).unwrap();
    assert_eq!(running.to_vec1::<f32>().unwrap(), [3e38, f32::INFINITY, 3e38]);
}

#[test]
fn integers_give_i64() {
    for dtype in [DType::U8, DType::U32, DType::I64, DType::I32] {
        let x = tensor!([[200, 100], [100, 200]]).to_dtype(dtype).unwrap();
        assert_eq!(torch::sum_dim(&x, 0).unwrap().to_vec1::<i64>().unwrap(), [300, 300]);
        assert_eq!(torch::sum(&x).unwrap().to_scalar::<i64>().unwrap(), 600);
        let running = torch::cumsum(&x, 1).unwrap().to_vec2::<i64>().unwrap();
        assert_eq!(running, [[200, 300], [100, 300]]);
    }
    let large = tensor!([i64::MAX, 1, 5]);
    assert_eq!(torch::sum(&large).unwrap().to_scalar::<i64>().unwrap(), i64::MIN + 5);
    let exact = tensor!([9_007_199_254_740_993i64, 1]);
    let running = torch::cumsum(&exact, 0).unwrap().to_vec1::<i64>().unwrap();
    assert_eq!(running, [9_007_199_254_740_993, 9_007_199_254_740_994]);
}

#[test]
fn errors_name_the_function_and_the_axis() {
    let x = tensor!([[1.0, 2.0]]);
    assert_eq!(
        error(torch::sum_dim(&x, 2)),
        "torch::sum_dim: Dimension out of range (expected to be in range of [-2, 1], but got 2); the tensor's shape is [1, 2]"
    );
    assert_eq!(
        error(torch::sum_keepdim(&x, (0, -2))),
        "torch::sum_keepdim: dim 0 appears multiple times in the list of dims"
    );
    assert_eq!(
        error(torch::cumsum(&x, -3)),
        "torch::cumsum: Dimension out of range (expected to be in range of [-2, 1], but got -3); the tensor's shape is [1, 2]"
    );
    assert_eq!(
        error(torch::mean_dim(&tensor!([1, 2]), 0)),
        "torch::mean_dim: could not infer output dtype. Input dtype must be a floating point dtype. Got: I64 (convert it with .to_dtype(DType::F32)?)"
    );
}

#[test]
fn no_sum_depends_on_the_number_of_threads() {
    for shape in [&[1000, 300][..], &[300_000], &[100_000, 3], &[3, 100_000], &[40, 5, 40, 40]] {
        let x = numbers(shape, 7).to_dtype(DType::F32).unwrap();
        for axis in 0..shape.len() {
            let name = format!("{shape:?} along {axis}");
            assert_same_on_all_threads(&name, || torch::sum_dim(&x, axis).unwrap());
            assert_same_on_all_threads(&name, || torch::cumsum(&x, axis).unwrap());
        }
    }
}
