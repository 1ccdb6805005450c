//! Schedulers with keyword arguments: `optim::lr_scheduler::StepLR!(&mut opt, step_size = 7)?`.
//!
//! `crate::keywords` says how; a row is as in `nn/keywords.rs`.

use super::PerGroup;
use crate::keywords::{Argument, from, keywords};

keywords! {
    $ in [optim::lr_scheduler]:
    __StepLR as StepLR: new new, StepLRConfig;
    __MultiStepLR as MultiStepLR: new new, MultiStepLRConfig;
    __ConstantLR as ConstantLR: new new, ConstantLRConfig;
    __LinearLR as LinearLR: new new, LinearLRConfig;
    __ExponentialLR as ExponentialLR: new new, ExponentialLRConfig;
    __PolynomialLR as PolynomialLR: new new, PolynomialLRConfig;
    __CosineAnnealingLR as CosineAnnealingLR: new new, CosineAnnealingLRConfig;
    __CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts: new new, CosineAnnealingWarmRestartsConfig;
    __CyclicLR as CyclicLR: new new, CyclicLRConfig;
    __OneCycleLR as OneCycleLR: new new, OneCycleLRConfig;
    __ReduceLROnPlateau as ReduceLROnPlateau: new new, ReduceLROnPlateauConfig;
}

from!(f64 => PerGroup, Vec<f64> => PerGroup);

impl<const N: usize> Argument<PerGroup> for [f64; N] {
    fn into_option(self) -> PerGroup {
        self.into()
    }
}
