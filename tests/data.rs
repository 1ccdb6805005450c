//! Example sets and batches.
#![allow(clippy::unwrap_used)]

use std::sync::{Mutex, MutexGuard};

use akari::candle_core::Result;
use akari::prelude::*;

/// Held by tests that draw from the one generator of the process.
fn seeded() -> MutexGuard<'static, ()> {
    static SEEDED: Mutex<()> = Mutex::new(());
    SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn sets_have_the_shapes_and_classes_they_promise() {
    let _seeded = seeded();
    type Make = fn() -> Result<(Tensor, Tensor)>;
    let sets: [(Make, &[usize], i64); 6] = [
        (|| data::spirals(40, 3, 0.1), &[120, 2], 3),
        (|| data::moons(41, 0.1), &[41, 2], 2),
        (|| data::circles(41, 0.1), &[41, 2], 2),
        (|| data::blobs(50, 4, 1.0), &[50, 2], 4),
        (|| data::digits(200, 28), &[200, 1, 28, 28], 10),
        (|| data::digits(200, 8), &[200, 1, 8, 8], 10),
    ];
    for (make, shape, classes) in sets {
        torch::manual_seed(1);
        let (x, y) = make().unwrap();
        assert_eq!((x.dims(), x.dtype(), y.dtype()), (shape, DType::F32, DType::I64));
        let mut found = y.to_vec1::<i64>().unwrap();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, (0..classes).collect::<Vec<_>>());
        assert!(values(&x).iter().all(|it| it.is_finite()));
        // The seed repeats them, and without it they differ.
        torch::manual_seed(1);
        assert_eq!(values(&make().unwrap().0), values(&x));
        assert_ne!(values(&make().unwrap().0), values(&x));
    }
}

#[test]
fn without_noise_points_lie_on_their_curves() {
    let _seeded = seeded();
    let radius = |point: &[f64]| point[0].hypot(point[1]);
    let points = values(&data::circles(20, 0.0).unwrap().0);
    for (index, point) in points.chunks(2).enumerate() {
        let expected = if index < 10 { 1.0 } else { 0.5 };
        assert!((radius(point) - expected).abs() < 1e-6);
    }
    let points = values(&data::moons(20, 0.0).unwrap().0);
    assert!(points.chunks(2).take(10).all(|it| (radius(it) - 1.0).abs() < 1e-6 && it[1] > -1e-6));
    let points = values(&data::spirals(10, 2, 0.0).unwrap().0);
    assert!((radius(&points[18..20]) - 1.0).abs() < 1e-6);
}

/// scikit-learn 1.9's own numbers: `load_digits(return_X_y=True)`.
#[test]
fn handwritten_digits_are_those_of_scikit_learn() {
    let (images, labels) = data::load_digits().unwrap();
    assert_eq!(images.dims(), [1797, 8, 8]);
    let (pixels, labels) = (values(&images), labels.to_vec1::<i64>().unwrap());
    assert_eq!(pixels[..12], [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15.]);
    assert_eq!(pixels[1796 * 64 + 56..], [0., 1., 8., 12., 14., 12., 1., 0.]);
    assert_eq!(pixels.iter().sum::<f64>(), 561_718.0);
    assert!(pixels.iter().all(|it| (0.0..=16.0).contains(it) && it.fract() == 0.0));
    let counts: Vec<usize> =
        (0..10).map(|class| labels.iter().filter(|it| **it == class).count()).collect();
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(labels[1787..], [5, 4, 8, 8, 4, 9, 0, 8, 9, 8]);
}

#[test]
fn digits_are_ink_on_paper_and_do_not_depend_on_threads() {
    let _seeded = seeded();
    let draw = |threads: usize| {
        torch::manual_seed(3);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| values(&data::digits(50, 28).unwrap().0))
    };
    let pixels = draw(1);
    assert!(pixels == draw(2), "pixels differ");
    assert!(pixels.iter().all(|it| (0.0..=1.0).contains(it)));
    for image in pixels.chunks(28 * 28) {
        let ink = image.iter().filter(|it| **it > 0.5).count();
        assert!((20..300).contains(&ink), "{ink} pixels of ink");
    }
    assert!(data::digits(1, 5).is_err());
}

#[test]
fn every_example_comes_once_in_a_walk() {
    let _seeded = seeded();
    let x = Tensor::arange(0i64, 23, &Device::Cpu).unwrap();
    let set = data::TensorDataset::new(&x, &(&x * 2.0).unwrap()).unwrap();
    for (batch_size, shuffle, drop_last) in
        [(5, true, false), (5, false, false), (5, true, true), (23, true, false), (50, true, false)]
    {
        let config =
            data::DataLoaderConfig { batch_size, shuffle, drop_last, ..Default::default() };
        let loader = data::DataLoader::new(&set, config).unwrap();
        let batches = loader.iter().map(|it| it.unwrap()).collect::<Vec<_>>();
        assert_eq!((batches.len(), loader.iter().len()), (loader.len(), loader.len()));
        let mut seen = Vec::new();
        for (x, y) in &batches {
            let (x, y) = (x.to_vec1::<i64>().unwrap(), y.to_vec1::<i64>().unwrap());
            assert!(x.iter().zip(&y).all(|(x, y)| 2 * x == *y), "targets stay with examples");
            seen.extend(x);
        }
        assert_eq!(seen.len(), if drop_last { 20 } else { 23 });
        assert_eq!(seen.is_sorted(), !shuffle);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), if drop_last { 20 } else { 23 });
    }
    let config = data::DataLoaderConfig { batch_size: 0, ..Default::default() };
    assert!(data::DataLoader::new(&set, config).is_err());
    let empty = data::TensorDataset::new(&x.narrow(0, 0, 0).unwrap(), &x.narrow(0, 0, 0).unwrap());
    let loader = data::DataLoader::new(&empty.unwrap(), Default::default()).unwrap();
    assert!(loader.is_empty() && loader.iter().next().is_none());
}

#[test]
fn wrong_sets_say_what_is_wrong() {
    let _seeded = seeded();
    let (x, y) = (tensor!([1.0, 2.0]), tensor!([1, 2, 3]));
    let error = data::TensorDataset::new(&x, &y).unwrap_err().to_string();
    assert_eq!(error, "data::TensorDataset: Size mismatch between tensors: [2] and [3]");
    let set = data::TensorDataset::new(&x, &x).unwrap();
    assert!(set.get(2).unwrap_err().to_string().contains("out of range"));
    assert!(data::random_split(&set, [3.0]).is_err());
    assert!(data::random_split(&set, [-1.0, 3.0]).is_err());
    assert!(data::spirals(10, 0, 0.1).is_err() && data::blobs(10, 0, 0.1).is_err());
}

/// A set that a learner writes: other types than tensors, and examples that can't be made.
#[derive(Clone)]
struct Texts;

impl data::Dataset for Texts {
    type Item = (Tensor, f64, [bool; 2], &'static str, Vec<i64>);

    fn len(&self) -> usize {
        4
    }

    fn get(&self, index: usize) -> Result<Self::Item> {
        let number = index as f64;
        if index == 3 {
            candle_core::bail!("example {index} is broken");
        }
        Ok((tensor!([number, 1.0]), number, [index == 1, true], "text", vec![1, index as i64]))
    }
}

#[test]
fn own_sets_become_batches_of_what_they_hold() {
    let _seeded = seeded();
    let config = data::DataLoaderConfig { batch_size: 3, ..Default::default() };
    let loader = data::DataLoader::new(&Texts, config).unwrap();
    let mut batches = loader.iter();
    let (x, number, flags, texts, lists) = batches.next().unwrap().unwrap();
    assert_eq!(x.dims(), &[3, 2]);
    assert_eq!((number.dtype(), values(&number)), (DType::F64, vec![0.0, 1.0, 2.0]));
    assert_eq!((values(&flags[0]), values(&flags[1])), (vec![0.0, 1.0, 0.0], vec![1.0; 3]));
    assert_eq!(texts, ["text"; 3]);
    assert_eq!(values(&lists[1]), [0.0, 1.0, 2.0]);
    assert!(batches.next().unwrap().unwrap_err().to_string().contains("example 3 is broken"));
    assert!(batches.next().is_none());

    // Parts and sums of sets, also behind pointers.
    let part = data::Subset::new(&Texts, [2, 0]).unwrap();
    assert_eq!(values(&part.all().unwrap().1), [2.0, 0.0]);
    assert!(data::Subset::new(&Texts, [4]).is_err());
    assert!(part.get(2).is_err() && part.batch(&[2]).is_err());
    let sets = std::sync::Arc::new(part);
    let both = data::ConcatDataset::new([sets.clone(), sets]).unwrap();
    assert_eq!((both.len(), both.get(3).unwrap().1), (4, 0.0));
    assert_eq!(
        both.get(4).unwrap_err().to_string(),
        "data::ConcatDataset: index 4 is out of range for 4 examples"
    );
    assert!(data::ConcatDataset::<Texts>::new([]).is_err());

    // Examples that don't fit together.
    let uneven = vec![tensor!([1.0]), tensor!([1.0, 2.0])];
    let error = data::Collate::collate(uneven).unwrap_err().to_string();
    assert!(error.contains("stack expects each tensor to be equal size"), "{error}");
}

#[test]
fn sets_hold_any_number_of_tensors() {
    let _seeded = seeded();
    let numbers = |from: i64| Tensor::arange(from, from + 5, &Device::Cpu).unwrap();
    let (a, b, c) = (numbers(0), numbers(10), numbers(20));
    let three = data::TensorDataset::of((&a, &b, &c)).unwrap();
    let (_, _, third) = three.batch(&[4, 1]).unwrap();
    assert_eq!(values(&third), [24.0, 21.0]);
    let one = data::TensorDataset::of(&a).unwrap();
    assert_eq!(values(&one.batch(&[3]).unwrap()), [3.0]);
    let list = data::TensorDataset::of(vec![a.clone(), b]).unwrap();
    assert_eq!(list.get(2).unwrap().len(), 2);
    assert!(data::TensorDataset::of(Vec::new()).is_err());
    assert!(data::TensorDataset::of((&a, &a, &tensor!([1.0]))).is_err());
    assert!(three.batch(&[5]).is_err());
}

#[test]
fn wrong_samplers_say_what_is_wrong() {
    let _seeded = seeded();
    let weighted = |weights: &[f64], count, again| {
        data::WeightedRandomSampler::new(weights.to_vec(), count, again).map(|_| ())
    };
    for (weights, count, again, text) in [
        (&[1.0][..], 0, true, "num_samples should be a positive integer value"),
        (&[1.0, -1.0], 1, true, "either `inf`, `nan` or element < 0"),
        (&[1.0, f64::NAN], 1, true, "either `inf`, `nan` or element < 0"),
        (&[0.0, 0.0], 1, true, "the sum of the weights is 0"),
        (&[], 1, true, "the sum of the weights is 0"),
        (&[1.0, 0.0], 2, false, "cannot draw 2 examples without replacement from 1"),
    ] {
        let error = weighted(weights, count, again).unwrap_err().to_string();
        assert!(error.starts_with("data::WeightedRandomSampler: "), "{error}");
        assert!(error.contains(text), "{error}");
    }
    let empty = data::TensorDataset::of(&tensor!([1.0]).narrow(0, 0, 0).unwrap()).unwrap();
    assert!(data::RandomSampler::new(&empty, Default::default()).is_err());
    let sampler = data::SequentialSampler::new(&Texts);
    let config = data::DataLoaderConfig {
        shuffle: true,
        sampler: Some(sampler.into()),
        ..Default::default()
    };
    let error = data::DataLoader::new(&Texts, config).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "data::DataLoader: sampler option is mutually exclusive with shuffle");
}

#[test]
fn counts_are_counts() {
    let _seeded = seeded();
    let logits = tensor!([[2.0, 0.1, 0.0], [0.3, 0.9, 0.0], [f32::NAN, 5.0, 9.0], [0.2, 0.1, 0.3]]);
    let labels = tensor!([0, 1, 0, 1]);
    assert_eq!(data::accuracy(&logits, &labels).unwrap(), 0.75);
    let narrow = labels.to_dtype(DType::U32).unwrap();
    assert_eq!(data::accuracy(&logits, &narrow).unwrap(), 0.75);
    // Four hundred right answers are four hundred, also as bytes.
    let many = Tensor::zeros(400, DType::U8, &Device::Cpu).unwrap();
    assert_eq!(data::accuracy(&many, &many).unwrap(), 1.0);
    let matrix = data::confusion_matrix(&logits, &labels, 3).unwrap();
    assert_eq!(matrix.to_vec2::<i64>().unwrap(), [[2, 0, 0], [0, 1, 1], [0, 0, 0]]);
    assert_eq!(values(&data::precision(&logits, &labels, 3).unwrap()), [1.0, 1.0, 0.0]);
    assert_eq!(values(&data::recall(&logits, &labels, 3).unwrap()), [1.0, 0.5, 0.0]);
    assert_eq!(values(&data::f1_score(&logits, &labels, 3).unwrap()), [1.0, 2.0 / 3.0, 0.0]);
    // Labels of pixels.
    let pixels = torch::rand((2, 3, 4, 5)).unwrap();
    let classes = torch::argmax(&pixels, 1).unwrap();
    assert_eq!(data::accuracy(&pixels, &classes).unwrap(), 1.0);
    for (predictions, labels, text) in [
        (&logits, &tensor!([0, 1]), "don't fit labels of shape [2]"),
        (&tensor!([0.5, 1.0]), &tensor!([0, 1]), "round probabilities first"),
    ] {
        let error = data::accuracy(predictions, labels).unwrap_err().to_string();
        assert!(error.starts_with("data::accuracy: ") && error.contains(text), "{error}");
    }
    assert!(
        data::accuracy(
            &tensor!([0]).narrow(0, 0, 0).unwrap(),
            &tensor!([0]).narrow(0, 0, 0).unwrap()
        )
        .is_err()
    );
    let error = data::confusion_matrix(&logits, &labels, 1).unwrap_err().to_string();
    assert!(error.contains("Target 1 is out of bounds for 1 classes"), "{error}");
    assert!(data::confusion_matrix(&tensor!([-1]), &tensor!([0]), 2).is_err());
    assert!(data::confusion_matrix(&labels, &labels, usize::MAX).is_err());
}
