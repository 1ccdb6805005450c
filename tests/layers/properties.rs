//! What holds for every shape: gradients agree with finite differences, slices with whole tensors,
//! and nothing depends on the number of threads.

use akari::candle_core::Result;
use akari::prelude::*;

use crate::finite_differences::{check_gradients, numbers};
use crate::vectors::values;
use crate::{error, seeded};

/// Compares the gradients of a function of arguments of these shapes with differences of it.
fn check(name: &str, shapes: &[&[usize]], f: impl Fn(&[&Tensor]) -> Result<Tensor>) {
    let args = shapes.iter().enumerate().map(|(seed, shape)| numbers(shape, seed));
    check_gradients(name, &args.collect::<Vec<_>>(), f);
}

#[test]
fn gradients_agree_with_finite_differences() {
    for (kernel, stride, padding) in [(2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 3, 0)] {
        let shape: &[&[usize]] = &[&[2, 2, 7, 5]];
        check("max_pool2d", shape, |it| F::max_pool2d(it[0], kernel, stride, padding));
        check("avg_pool2d", shape, |it| F::avg_pool2d(it[0], kernel, stride, padding));
    }
    for size in [1, 3, 9] {
        check("adaptive_avg_pool2d", &[&[1, 2, 7, 5]], |it| F::adaptive_avg_pool2d(it[0], size));
    }
    check("layer_norm", &[&[3, 2, 4], &[2, 4], &[2, 4]], |it| {
        F::layer_norm(it[0], &[2, 4], Some(it[1]), Some(it[2]), 1e-5)
    });
    check("rms_norm", &[&[3, 2, 4], &[2, 4]], |it| F::rms_norm(it[0], &[2, 4], Some(it[1]), 1e-5));
    check("rms_norm", &[&[700, 3]], |it| F::rms_norm(it[0], &[3], None, None));
    for shape in [&[5, 3][..], &[3, 3, 4], &[2, 3, 2, 3]] {
        for training in [true, false] {
            let mean = Var::zeros(3, DType::F64, &Device::Cpu).unwrap();
            let variance = Var::ones(3, DType::F64, &Device::Cpu).unwrap();
            let options = F::BatchNormOptions { training, momentum: 0.0, ..Default::default() };
            check("batch_norm", &[shape, &[3], &[3]], |it| {
                F::batch_norm(it[0], Some((&mean, &variance)), Some(it[1]), Some(it[2]), options)
            });
        }
    }
    check("linear", &[&[2, 3, 4], &[5, 4], &[5]], |it| F::linear(it[0], it[1], Some(it[2])));
    for (images, stride, padding, dilation, groups) in
        [(1, 1usize, 0usize, 1usize, 1), (2, 2, 1, 1, 2), (5, 1, 2, 2, 1), (9, 3, 1, 1, 2)]
    {
        let config = F::Conv2dConfig { stride, padding, dilation, groups, ..Default::default() };
        let shapes: &[&[usize]] = &[&[images, 4, 5, 6], &[2, 4 / groups, 3, 2], &[2]];
        check("conv2d", shapes, |it| F::conv2d(it[0], it[1], Some(it[2]), config));
    }
    check("embedding", &[&[4, 3]], |it| F::embedding(&tensor!([[1, 3], [1, 0]]), it[0]));
    check("pad", &[&[2, 3]], |it| F::pad(it[0], &[1, -1, 0, 2], 3.0));
    check("abs", &[&[3, 4]], |it| torch::abs(it[0]));
    check("clamp", &[&[3, 4]], |it| torch::clamp(it[0], -0.5, 0.7));
    check("amax", &[&[3, 4, 2]], |it| torch::amax(it[0], 1));
    check("min", &[&[3, 4]], |it| torch::min(it[0]));
    check("sum", &[&[3, 4]], |it| torch::sum(it[0]));
    check("mean", &[&[3, 4]], |it| torch::mean(it[0]));
}

#[test]
fn dropout_passes_the_gradient_of_what_it_kept() {
    let _seeded = seeded();
    torch::manual_seed(1);
    let x = Var::from_tensor(&numbers(&[1000], 0)).unwrap();
    let y = F::dropout(&x, 0.25, true).unwrap();
    let grads = y.sum_all().unwrap().backward().unwrap();
    let (x, y, g) = (values(&x), values(&y), values(grads.get(&x).unwrap()));
    let mut kept = 0;
    for ((x, y), g) in x.iter().zip(y).zip(g) {
        assert!(g == 0.0 && y == 0.0 || g == 1.0 / 0.75 && y == x * g);
        kept += usize::from(g > 0.0);
    }
    assert!((700..800).contains(&kept), "{kept}");
    let all = F::dropout(&tensor!([1.0, 2.0]), 1.0, true).unwrap();
    assert_eq!(all.to_vec1::<f32>().unwrap(), [0.0, 0.0]);
}

#[test]
fn views_give_what_copies_give() {
    let whole = numbers(&[3, 5, 7, 6], 5);
    let view = whole.transpose(0, 1).unwrap().narrow(2, 1, 5).unwrap().narrow(0, 1, 2).unwrap();
    let copy = Tensor::from_vec(values(&view), view.shape(), &Device::Cpu).unwrap();
    let weight = numbers(&[4, 3, 3, 3], 1);
    type Function<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;
    let functions: [Function<'_>; 6] = [
        &|x| F::max_pool2d(x, 2, 2, 0),
        &|x| F::avg_pool2d(x, 3, 1, 1),
        &|x| F::layer_norm(x, &[6], None, None, 1e-5),
        &|x| F::conv2d(x, &weight, None, Default::default()),
        &|x| torch::amax(x, 1),
        &|x| torch::argmax(x, 2),
    ];
    for function in functions {
        assert_eq!(values(&function(&view).unwrap()), values(&function(&copy).unwrap()));
    }
}

#[test]
fn empty_batches_and_numbers_without_axes_are_fine() {
    let none = Tensor::zeros((0, 1, 4, 4), DType::F32, &Device::Cpu).unwrap();
    let weight = Tensor::ones((2, 1, 3, 3), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(F::max_pool2d(&none, 2, 2, 0).unwrap().dims(), [0, 1, 2, 2]);
    assert_eq!(F::avg_pool2d(&none, 2, 2, 0).unwrap().dims(), [0, 1, 2, 2]);
    assert_eq!(F::adaptive_avg_pool2d(&none, 2).unwrap().dims(), [0, 1, 2, 2]);
    assert_eq!(F::layer_norm(&none, &[4], None, None, 1e-5).unwrap().dims(), [0, 1, 4, 4]);
    assert_eq!(F::conv2d(&none, &weight, None, Default::default()).unwrap().dims(), [0, 2, 2, 2]);
    let table = Tensor::ones((2, 3), DType::F32, &Device::Cpu).unwrap();
    let rows = Tensor::zeros((0, 3), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(F::linear(&rows, &table, None).unwrap().dims(), [0, 2]);
    assert_eq!(F::embedding(&tensor!(1), &table).unwrap().dims(), [3]);
    assert_eq!(F::one_hot(&tensor!(1), 3).unwrap().to_vec1::<i64>().unwrap(), [0, 1, 0]);
    assert_eq!(torch::max(&tensor!(3.0)).unwrap().to_scalar::<f32>().unwrap(), 3.0);
    assert_eq!(torch::argmax(&tensor!(3.0), 0).unwrap().to_scalar::<i64>().unwrap(), 0);
    assert!(torch::mean(&tensor!([])).unwrap().to_scalar::<f32>().unwrap().is_nan());
    assert!(error(torch::max(&tensor!([]))).starts_with("torch::max: "));
    let x = Var::from_tensor(&none).unwrap();
    let y = F::conv2d(&x, &weight, None, Default::default()).unwrap();
    let grads = y.sum_all().unwrap().backward().unwrap();
    assert!(grads.get(&x).is_none_or(|it| it.dims() == [0, 1, 4, 4]));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut all = Vec::new();
            for images in [1, 2, 6, 19] {
                let x = numbers(&[images, 3, 20, 22], 1).to_dtype(DType::F32).unwrap();
                let w = numbers(&[16, 3, 3, 3], 2).to_dtype(DType::F32).unwrap();
                let [x, w] = [&x, &w].map(|it| Var::from_tensor(it).unwrap());
                let y = F::conv2d(&x, &w, None, Default::default()).unwrap();
                let y = F::max_pool2d(&y, 2, 2, 0).unwrap().flatten_from(1).unwrap();
                let v = numbers(&[300, y.dims()[1]], 3).to_dtype(DType::F32).unwrap();
                let v = Var::from_tensor(&v).unwrap();
                let y = F::layer_norm(&F::linear(&y, &v, None).unwrap(), &[300], None, None, 1e-5);
                let y = y.unwrap();
                let grads = y.sqr().unwrap().sqr().unwrap().sum_all().unwrap().backward().unwrap();
                all.push(values(&y));
                all.extend([&x, &w, &v].map(|it| values(grads.get(it).unwrap())));
            }
            all
        })
    };
    assert!(run(1) == run(2), "bits differ between one thread and two");
}
