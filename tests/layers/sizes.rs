//! Sizes that fit no memory: errors in words, where a panic or an abort would end the cell or the process.

use akari::candle_core::Result;
use akari::prelude::*;

use crate::{error, seeded};

type Sized = (&'static str, fn(usize) -> Result<()>);

/// All that makes more numbers of one size than it is given.
const OF_ONE_SIZE: [Sized; 25] = [
    ("nn::init", |n| nn::Linear::new(2, n).map(drop)),
    ("nn::init", |n| nn::Linear::no_bias(n, 2).map(drop)),
    ("nn::init", |n| nn::Conv2d::new(n, 2, 3, Default::default()).map(drop)),
    ("nn::init", |n| nn::Conv2d::new(1, 2, n, Default::default()).map(drop)),
    ("nn::Embedding", |n| nn::Embedding::new(n, 3).map(drop)),
    ("nn::BatchNorm1d", |n| nn::BatchNorm1d::new(n).map(drop)),
    ("nn::BatchNorm2d", |n| nn::BatchNorm2d::new(n).map(drop)),
    ("nn::LayerNorm", |n| nn::LayerNorm::new([n]).map(drop)),
    ("nn::LayerNorm", |n| nn::LayerNorm::new([3, n]).map(drop)),
    ("nn::RMSNorm", |n| nn::RMSNorm::new([n]).map(drop)),
    ("nn::PReLU", |n| nn::PReLU::new(n, 0.25).map(drop)),
    ("F::adaptive_avg_pool2d", |n| F::adaptive_avg_pool2d(&image(1), (n, 1)).map(drop)),
    ("F::adaptive_avg_pool2d", |n| F::adaptive_avg_pool2d(&image(0), (1, n)).map(drop)),
    ("nn::AdaptiveAvgPool2d", |n| nn::AdaptiveAvgPool2d::new(n).forward(&image(1)).map(drop)),
    ("F::pad", |n| F::pad(&image(1), &[i64::try_from(n).unwrap_or(i64::MAX), 0], 0.0).map(drop)),
    ("F::one_hot", |n| F::one_hot(&tensor!([0]), i64::try_from(n).unwrap_or(i64::MAX)).map(drop)),
    ("torch::rand", |n| torch::rand(n).map(drop)),
    ("torch::randn", |n| torch::randn(n).map(drop)),
    ("torch::randint", |n| torch::randint(0, 2, n).map(drop)),
    ("torch::randperm", |n| torch::randperm(n).map(drop)),
    ("data::spirals", |n| data::spirals(n, 3, 0.2).map(drop)),
    ("data::moons", |n| data::moons(n, 0.1).map(drop)),
    ("data::circles", |n| data::circles(n, 0.1).map(drop)),
    ("data::blobs", |n| data::blobs(10, n, 0.1).map(drop)),
    ("data::digits", |n| data::digits(n, 28).map(drop)),
];

fn image(batch: usize) -> Tensor {
    Tensor::ones((batch, 1, 2, 2), DType::F32, &Device::Cpu).unwrap()
}

#[test]
fn sizes_that_fit_no_memory_are_errors_in_words() {
    let _seeded = seeded();
    for n in [usize::MAX, usize::MAX / 2 + 1, 1 << 62, 1 << 45] {
        for (name, make) in OF_ONE_SIZE {
            let text = error(make(n));
            assert!(text.starts_with(&format!("{name}: ")), "{name} of {n} says\n{text}");
            assert!(text.contains("more memory than there is"), "{name} of {n} says\n{text}");
        }
    }
    let text = error(data::digits(2, 1 << 31));
    assert!(text.starts_with("data::digits: a tensor of shape [2, 1, "), "{text}");
}

#[test]
fn pads_that_cut_and_grow_take_no_more_memory_than_the_result() {
    let x = Tensor::ones((1 << 20, 2), DType::F32, &Device::Cpu).unwrap();
    let y = F::pad(&x, &[1 << 22, 0, -((1 << 20) - 1), 0], 0.0).unwrap();
    assert_eq!(y.dims(), [1, (1 << 22) + 2]);
}

#[test]
fn batches_may_be_larger_than_any_set() {
    let _seeded = crate::seeded();
    let set = data::TensorDataset::new(&image(3), &tensor!([0, 1, 2])).unwrap();
    for shuffle in [false, true] {
        let config =
            data::DataLoaderConfig { batch_size: usize::MAX, shuffle, ..Default::default() };
        let loader = data::DataLoader::new(&set, config).unwrap();
        let sizes = loader.iter().map(|batch| batch.unwrap().1.dims()[0]);
        assert_eq!(sizes.collect::<Vec<_>>(), [3]);
    }
    assert!(error(data::random_split(&set, [9e15, 9e15])).starts_with("data::random_split: "));
}

#[test]
fn images_without_pixels_are_refused_as_pytorch_refuses_them() {
    let weight = |channels: usize| Tensor::ones((2, channels, 1, 1), DType::F32, &Device::Cpu);
    let padded = F::Conv2dConfig { padding: 1, ..Default::default() };
    for shape in [[1, 2, 0, 5], [1, 2, 5, 0], [0, 2, 0, 5], [1, 0, 5, 5], [0, 2, 5, 5]] {
        let x = Tensor::ones(&shape, DType::F32, &Device::Cpu).unwrap();
        let is_refused = shape[1..].contains(&0);
        let pool = error(F::max_pool2d(&x, 2, 1, 1));
        assert_eq!(pool.contains("Expected 3D or 4D (batch mode) tensor"), is_refused, "{shape:?}");
        assert_eq!(error(F::avg_pool2d(&x, 2, 1, 1)).contains("batch mode"), is_refused);
        let adaptive = error(F::adaptive_avg_pool2d(&x, 2));
        let is_refused = shape[2..].contains(&0);
        assert_eq!(adaptive.contains("non-zero size for non-batch"), is_refused, "{shape:?}");
        let conv = error(F::conv2d(&x, &weight(shape[1]).unwrap(), None, padded));
        let is_refused = is_refused && shape[0] > 0;
        assert_eq!(
            conv.contains("Only zero batch or zero channel"),
            is_refused,
            "{shape:?} {conv}"
        );
    }
}
