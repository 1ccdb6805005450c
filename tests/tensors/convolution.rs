//! Convolutions by both ways, straight from the image and by products of matrices, against the formula.

use akari::prelude::*;

use crate::{assert_near, assert_same_on_all_threads, numbers, values};

struct Case {
    x: [usize; 4],
    outputs: usize,
    kernel: [usize; 2],
    /// Stride, padding, dilation and groups.
    sizes: [usize; 4],
    config: F::Conv2dConfig,
}

fn case(x: [usize; 4], outputs: usize, kernel: [usize; 2], sizes: [usize; 4]) -> Case {
    let [stride, padding, dilation, groups] = sizes;
    let config = F::Conv2dConfig { stride, padding, dilation, groups, ..Default::default() };
    Case { x, outputs, kernel, sizes, config }
}

/// Many images and few, windows of all shapes, and those that are too long to be taken straight from the image.
fn cases() -> Vec<Case> {
    vec![
        case([4, 1, 6, 5], 1, [3, 3], [1, 1, 1, 1]),
        case([5, 3, 7, 9], 5, [3, 3], [1, 1, 1, 1]),
        case([5, 3, 7, 9], 5, [3, 3], [1, 0, 1, 1]),
        case([4, 2, 9, 8], 3, [2, 4], [1, 2, 1, 1]),
        case([4, 2, 9, 8], 6, [3, 2], [1, 1, 2, 1]),
        case([4, 2, 5, 5], 3, [5, 5], [1, 4, 1, 1]),
        case([4, 4, 6, 6], 6, [3, 3], [1, 1, 1, 2]),
        case([2, 4, 6, 6], 4, [3, 3], [1, 1, 1, 4]),
        case([4, 2, 4, 4], 3, [1, 1], [1, 0, 1, 1]),
        case([4, 2, 4, 4], 3, [1, 1], [1, 1, 1, 1]),
        case([4, 2, 7, 7], 3, [3, 3], [2, 1, 1, 1]),
        case([1, 2, 7, 7], 3, [3, 3], [1, 1, 1, 1]),
        case([4, 40, 5, 5], 3, [3, 3], [1, 1, 1, 1]),
        case([4, 3, 5, 5], 40, [3, 3], [1, 1, 1, 1]),
        case([4, 1, 1, 1], 2, [1, 3], [1, 1, 1, 1]),
        case([0, 2, 5, 5], 3, [3, 3], [1, 1, 1, 1]),
    ]
}

/// The result, and the gradients of image, weight and bias for gradients `gy` of the result, by the formula.
fn formula(case: &Case, x: &[f64], w: &[f64], b: &[f64], gy: &[f64]) -> [Vec<f64>; 4] {
    let ([n, c, h, wide], o, [kh, kw]) = (case.x, case.outputs, case.kernel);
    let [stride, padding, dilation, groups] = case.sizes;
    let out = |size: usize, kernel: usize| {
        (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1
    };
    let (oh, ow) = (out(h, kh), out(wide, kw));
    let (cg, og) = (c / groups, o / groups);
    let mut results =
        [vec![0.0; n * o * oh * ow], vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; o]];
    let [y, gx, gw, gb] = &mut results;
    for (place, y) in y.iter_mut().enumerate() {
        let (column, row) = (place % ow, place / ow % oh);
        let (output, image) = (place / ow / oh % o, place / ow / oh / o);
        *y = b[output];
        let grad = gy.get(place).copied().unwrap_or(0.0);
        gb[output] += grad;
        for tap in 0..cg * kh * kw {
            let (right, down, channel) = (tap % kw, tap / kw % kh, tap / kw / kh);
            let (i, j) = (row * stride + down * dilation, column * stride + right * dilation);
            if i < padding || j < padding || i >= h + padding || j >= wide + padding {
                continue;
            }
            let channel = output / og * cg + channel;
            let pixel = ((image * c + channel) * h + i - padding) * wide + j - padding;
            let weight = output * cg * kh * kw + tap;
            *y += w[weight] * x[pixel];
            gx[pixel] += w[weight] * grad;
            gw[weight] += x[pixel] * grad;
        }
    }
    results
}

#[test]
fn values_and_gradients_are_those_of_the_formula() {
    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 2e-5)] {
        for case in cases() {
            let [_, channels, ..] = case.x;
            let [kh, kw] = case.kernel;
            let shape = [case.outputs, channels / case.config.groups, kh, kw];
            let var = |shape: &[usize], seed| {
                Var::from_tensor(&numbers(shape, seed).to_dtype(dtype).unwrap()).unwrap()
            };
            let (x, w, b) = (var(&case.x, 1), var(&shape, 2), var(&[case.outputs], 3));
            let y = F::conv2d(&x, &w, Some(&b), case.config).unwrap();
            let gy = numbers(y.dims(), 4).to_dtype(dtype).unwrap();
            let grads = torch::sum(&(&y * &gy).unwrap()).unwrap().backward().unwrap();
            let [expected, gx, gw, gb] =
                formula(&case, &values(&x), &values(&w), &values(&b), &values(&gy));
            let name = format!("{:?} {:?} {:?} {dtype:?}", case.x, shape, case.config);
            assert_near(&name, &values(&y), &expected, tolerance);
            for (var, expected) in [(&x, gx), (&w, gw), (&b, gb)] {
                assert_near(&name, &values(grads.get(var).unwrap()), &expected, tolerance);
            }
        }
    }
}

#[test]
fn no_number_depends_on_the_number_of_threads() {
    let (x, w) = (numbers(&[13, 3, 12, 12], 1), numbers(&[6, 3, 3, 3], 2));
    let config = F::Conv2dConfig { padding: 1, ..Default::default() };
    assert_same_on_all_threads("conv2d", || F::conv2d(&x, &w, None, config).unwrap());
    assert_same_on_all_threads("its gradients", || {
        let [x, w] =
            [&x, &w].map(|it| Var::from_tensor(&it.to_dtype(DType::F32).unwrap()).unwrap());
        let y = F::conv2d(&x, &w, None, config).unwrap();
        let grads = torch::sum(&torch::square(&y).unwrap()).unwrap().backward().unwrap();
        let flat = |var: &Var| grads.get(var).unwrap().flatten_all().unwrap();
        Tensor::cat(&[flat(&x), flat(&w)], 0).unwrap()
    });
}
