//! Loaders and samplers with keyword arguments: `data::DataLoader!(&set, batch_size = 32, shuffle = true)?`.
//!
//! `crate::keywords` says how; a row is as in `nn/keywords.rs`.

use crate::keywords::keywords;

keywords! {
    $ in [data]:
    __DataLoader as DataLoader: new new, DataLoaderConfig;
}
