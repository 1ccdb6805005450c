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
