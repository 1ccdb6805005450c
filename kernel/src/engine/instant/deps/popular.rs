//! Names of crates that many people use, for a mistyped one. Data alone.

pub const POPULAR: &[&str] = &[
    "actix-web", "ahash", "anyhow", "approx", "argmin", "arrow", "askama", "async-std",
    "async-trait", "axum", "base64", "bincode", "bitflags", "blas-src", "bytemuck", "byteorder",
    "bytes", "burn", "candle-core", "candle-datasets", "candle-nn", "candle-transformers",
    "castaway", "cfg-if", "charming", "chrono", "clap", "compact_str", "criterion", "crossbeam",
    "csv", "ctrlc", "dashmap", "derive_more", "diesel", "directories", "either", "env_logger",
    "evcxr_image", "fastrand", "flate2", "float-cmp", "futures", "getrandom", "glob", "half",
    "hashbrown", "hex", "hf-hub", "hyper", "image", "imageproc", "indexmap", "indicatif",
    "indoc", "itertools", "lazy_static", "libc", "libm", "linfa", "log", "maplit", "memchr",
    "memmap2", "minijinja", "mnist", "nalgebra", "ndarray", "ndarray-linalg", "ndarray-npy",
    "ndarray-rand", "ndarray-stats", "nom", "num", "num-bigint", "num-complex", "num-integer",
    "num-rational", "num-traits", "num_cpus", "once_cell", "ordered-float", "ort", "parking_lot",
    "paste", "petgraph", "plotly", "plotters", "polars", "pretty_assertions", "proc-macro2",
    "proptest", "pyo3", "quote", "rand", "rand_chacha", "rand_distr", "rand_pcg", "rayon",
    "regex", "reqwest", "rstest", "rusqlite", "rustc-hash", "rustfft", "safetensors", "semver",
    "serde", "serde_derive", "serde_json", "serde_yaml", "sha2", "showata", "sled", "smallvec",
    "smartcore", "smol", "sqlx", "statrs", "static_assertions", "strsim", "strum", "strum_macros",
    "syn", "tempfile", "tch", "thiserror", "tiktoken-rs", "time", "tinyvec", "tokenizers",
    "tokio", "tokio-stream", "tokio-util", "toml", "tqdm", "tracing", "tracing-subscriber",
    "unicode-segmentation", "ureq", "url", "uuid", "walkdir", "wgpu", "zip",
];
