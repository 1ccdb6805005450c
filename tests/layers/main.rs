//! Layers and the functions behind them, against PyTorch's numbers and texts.
//!
//! `tests/oracle/layers.py SEED OUT` writes the vectors; `AKARI_LAYERS_ORACLE` names another file
//! than the one of seed 1. `tests/oracle/configs.py` and `AKARI_CONFIGS_ORACLE` do the same for
//! random configurations, `modules.py` and `AKARI_MODULES_ORACLE` for whole layers. Tests of candle's defects bear
//! their names.
#![allow(clippy::unwrap_used)]

mod candle_defects;
mod errors;
#[path = "../finite_differences.rs"]
mod finite_differences;
mod keywords;
mod models;
mod modules;
mod modules_by_name;
mod modules_properties;
mod ops;
mod parts;
mod properties;
mod sizes;
mod state;
#[path = "../torch_oracle/vectors.rs"]
#[allow(dead_code)]
mod vectors;

use std::sync::{LazyLock, Mutex, MutexGuard};

use serde_json::Value;

/// Held by tests that draw from the one generator of the process.
pub fn seeded() -> MutexGuard<'static, ()> {
    static SEEDED: Mutex<()> = Mutex::new(());
    SEEDED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub fn section(name: &str) -> &'static [Value] {
    static VECTORS: LazyLock<Value> =
        LazyLock::new(|| vectors::file("AKARI_LAYERS_ORACLE", "layers-1.json"));
    VECTORS[name].as_array().unwrap()
}

pub fn error<T>(result: akari::candle_core::Result<T>) -> String {
    result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string())
}
