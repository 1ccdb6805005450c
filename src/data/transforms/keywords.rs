//! Transforms with keyword arguments: `RandomCrop!(32, padding = 4)`.
//!
//! `crate::keywords` says how; a row is as in `nn/keywords.rs`.

use crate::keywords::keywords;

keywords! {
    $ in [data::transforms]:
    __RandomCrop as RandomCrop: like new, RandomCrop;
    __RandomHorizontalFlip as RandomHorizontalFlip: like default, RandomHorizontalFlip;
}
