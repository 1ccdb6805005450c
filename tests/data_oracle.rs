//! Samplers, loaders, transforms and counts against PyTorch's.
//!
//! `tests/oracle/data.py SEED OUT` writes the vectors; `AKARI_DATA_ORACLE` names another file than the one of seed 1.
#![allow(clippy::unwrap_used)]

use std::sync::{LazyLock, Mutex};

use akari::data::{AnySampler, DataLoader, DataLoaderConfig, RandomSampler, RandomSamplerConfig};
use akari::prelude::*;
use serde_json::Value;

/// Held by tests that draw from the one generator of the process.
static SEEDED: Mutex<()> = Mutex::new(());

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("AKARI_DATA_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/data-1.json").to_owned()
    });
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

fn seed() -> u64 {
    VECTORS["meta"]["seed"].as_u64().unwrap()
}

/// A set whose examples are their own indices.
#[derive(Clone)]
struct Range(usize);

impl data::Dataset for Range {
    type Item = usize;

    fn len(&self) -> usize {
        self.0
    }

    fn get(&self, index: usize) -> Result<usize> {
        Ok(index)
    }
}

/// The next number that is drawn, which tells where the generator stands.
fn then() -> f32 {
    torch::rand(1).unwrap().to_vec1::<f32>().unwrap()[0]
}

fn own(offset: u64) -> torch::Generator {
    torch::Generator::new().manual_seed(seed() + offset)
}

fn walks(id: &str) -> Vec<Vec<i64>> {
    let default = DataLoaderConfig::default;
    let shuffled = || DataLoaderConfig { batch_size: 5, shuffle: true, ..default() };
    let generator = |offset| Some(own(offset));
    let random =
        |n: usize, config| AnySampler::from(RandomSampler::new(&Range(n), config).unwrap());
    let weighted = |count, replacement| {
        let weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6, 0.0, 0.2];
        data::WeightedRandomSampler::new(weights, count, replacement).unwrap()
    };
    let sampled =
        |batch_size, sampler| DataLoaderConfig { batch_size, sampler: Some(sampler), ..default() };
    let count = |n| RandomSamplerConfig { num_samples: Some(n), ..Default::default() };
    let again = |n| RandomSamplerConfig { replacement: true, ..count(n) };
    let (n, config) = match id {
        "shuffle" => (23, shuffled()),
        "shuffle whole batches" => (20, shuffled()),
        "shuffle drop_last" => (23, DataLoaderConfig { drop_last: true, ..shuffled() }),
        "generator" => (23, DataLoaderConfig { generator: generator(9), ..shuffled() }),
        "generator whole batches" => {
            (20, DataLoaderConfig { generator: generator(9), ..shuffled() })
        }
        "generator drop_last" => {
            (23, DataLoaderConfig { drop_last: true, generator: generator(9), ..shuffled() })
        }
        "in order" => (7, DataLoaderConfig { batch_size: 3, ..default() }),
        "replacement" => (23, sampled(10, random(23, again(70)))),
        "replacement of 64" => {
            let config = RandomSamplerConfig { generator: generator(3), ..again(64) };
            (23, sampled(16, random(23, config)))
        }
        "more than all" => {
            let config = RandomSamplerConfig { generator: generator(4), ..count(15) };
            (6, sampled(4, random(6, config)))
        }
        "fewer than all" => (6, sampled(4, random(6, count(4)))),
        "weighted" => (8, sampled(4, weighted(30, true).into())),
        "weighted once each" => (8, sampled(4, weighted(6, false).into())),
        "weighted one" => (8, sampled(1, weighted(1, true).with_generator(&own(5)).into())),
        "split" => {
            let parts = data::random_split_with(&Range(10), [0.5, 0.3, 0.2], &own(1)).unwrap();
            let indices = parts.iter().map(|part| part.indices().iter());
            return indices.map(|part| part.map(|index| *index as i64).collect()).collect();
        }
        other => panic!("no such walk: {other}"),
    };
    let loader = DataLoader::new(&Range(n), config).unwrap();
    let walk = || loader.iter().flat_map(|batch| batch.unwrap().to_vec1::<i64>().unwrap());
    vec![walk().collect(), walk().collect()]
}

#[test]
fn walks_are_those_of_pytorch() {
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let cases = VECTORS["walks"].as_array().unwrap();
    assert!(cases.len() >= 15);
    for case in cases {
        torch::manual_seed(case["seed"].as_u64().unwrap());
        assert_eq!(serde_json::json!(walks(case["id"].as_str().unwrap())), case["walks"], "{case}");
        assert_eq!(then(), case["then"].as_f64().unwrap() as f32, "after {case}");
    }
}

/// A tensor of the oracle: bytes where all numbers are whole, unless floats are wanted.
fn image_of(numbers: &Value, shape: &Value) -> Tensor {
    let numbers: Vec<f64> = serde_json::from_value(numbers.clone()).unwrap();
    let shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
    let dtype =
        if numbers.iter().all(|number| number.fract() == 0.0) { DType::U8 } else { DType::F32 };
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

#[test]
fn resized_and_grey_images_are_those_of_pytorch() {
    use akari::data::transforms::{Grayscale, Resize, Transform};
    let cases = VECTORS["images"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let image = image_of(&case["image"], &case["shape"]);
        let args: Vec<usize> = serde_json::from_value(case["args"].clone()).unwrap();
        let transform: Box<dyn Transform> = match *args.as_slice() {
            [] => Box::new(Grayscale::default()),
            [size] => Box::new(Resize::new(size)),
            [height, width] => Box::new(Resize::new((height, width))),
            _ => panic!("no such size: {args:?}"),
        };
        let found = transform.forward(&image).unwrap();
        assert_eq!(serde_json::json!(found.dims()), case["out_shape"]);
        assert_eq!(found.dtype(), image.dtype());
        // PyTorch's f32 sums fall to either side of a half that is one: bytes are held against the sums before rounding.
        let is_resized_byte = image.dtype() == DType::U8 && !args.is_empty();
        let float = image.to_dtype(DType::F32).unwrap();
        let found = if is_resized_byte { transform.forward(&float).unwrap() } else { found };
        let found = found.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1::<f64>();
        let expected: Vec<f64> = serde_json::from_value(case["out"].clone()).unwrap();
        for (found, expected) in found.unwrap().iter().zip(&expected) {
            let rounding = if is_resized_byte { 0.5 + 1e-4 } else { 0.0 };
            let tolerance = rounding + 1e-6 + 2e-6 * expected.abs();
            assert!((found - expected).abs() <= tolerance, "{found} for {expected} of {case}");
        }
    }
}

/// Bytes are rounded to the nearest byte.
#[test]
fn resized_bytes_are_rounded() {
    use akari::data::transforms::{Resize, Transform};
    let image = Tensor::new(&[[[0u8, 3, 10, 11]]], &Device::Cpu).unwrap();
    let halves = Resize::new((1, 2)).forward(&image).unwrap();
    // (3·0 + 3·3 + 1·10) / 7 and (1·3 + 3·10 + 3·11) / 7
    assert_eq!(halves.flatten_all().unwrap().to_vec1::<u8>().unwrap(), [3, 9]);
}

#[test]
fn crops_and_flips_are_those_of_torchvision() {
    use akari::data::transforms::{Compose, RandomCrop, RandomHorizontalFlip, Transform};
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Each pixel is its own number.
    let image = Tensor::arange(1f32, 121.0, &Device::Cpu).unwrap().reshape((1, 10, 12)).unwrap();
    let first = |image: &Tensor| image.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
    for case in VECTORS["draws"].as_array().unwrap() {
        torch::manual_seed(case["seed"].as_u64().unwrap());
        let args: Vec<f64> = serde_json::from_value(case["args"].clone()).unwrap();
        for expected in case["out"].as_array().unwrap() {
            let at = |index: usize| expected[index].as_u64().unwrap() as usize;
            match case["id"].as_str().unwrap() {
                "crop" => {
                    let size = (args[0] as usize, args[1] as usize);
                    let crop = RandomCrop::with_padding(size, args[2] as usize);
                    let found = crop.forward(&image).unwrap();
                    let padding = args[2] as usize;
                    let wanted = image.pad_with_zeros(1, padding, padding).unwrap();
                    let wanted = wanted.pad_with_zeros(2, padding, padding).unwrap();
                    let wanted = wanted.narrow(1, at(0), size.0).unwrap();
                    let wanted = wanted.narrow(2, at(1), size.1).unwrap();
                    assert_eq!(found.to_vec3::<f32>().unwrap(), wanted.to_vec3::<f32>().unwrap());
                }
                "flip" => {
                    let found = RandomHorizontalFlip { p: args[0] }.forward(&image).unwrap();
                    assert_eq!(first(&found), if *expected == 1 { 12.0 } else { 1.0 });
                }
                _ => {
                    let both = Compose::new((RandomCrop::new(8), RandomHorizontalFlip::default()));
                    let found = first(&both.forward(&image).unwrap());
                    let left = at(1) + if at(2) == 1 { 7 } else { 0 };
                    assert_eq!(found, (1 + 12 * at(0) + left) as f32, "{case}");
                }
            }
        }
        assert_eq!(then(), case["then"].as_f64().unwrap() as f32, "after {case}");
    }
}

/// A loader's batch draws for one image after the other, as torchvision does.
#[test]
fn batches_draw_image_by_image() {
    use akari::data::transforms::{
        Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor, Transform,
    };
    let _seeded = SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let images = torch::randint(0, 256, (5, 1, 9, 9)).unwrap().to_dtype(DType::U8).unwrap();
    let transform = Compose::new((
        ToTensor,
        RandomCrop::new(6),
        RandomHorizontalFlip::default(),
        Normalize::new([0.5], [0.5]).unwrap(),
    ));
    torch::manual_seed(seed());
    let each = (0..5).map(|index| transform.forward(&images.get(index).unwrap()).unwrap());
    let each = Tensor::stack(&each.collect::<Vec<_>>(), 0).unwrap();
    torch::manual_seed(seed());
    let batch = transform.of_batch(&images).unwrap();
    let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(numbers(&batch), numbers(&each));
}
