//! `optim::lr_scheduler`: PyTorch's learning-rate schedulers.
//!
//! A scheduler changes the rates of an optimizer's groups. Python's scheduler holds the optimizer;
//! in Rust two owners of one thing that changes don't go, so it is handed over at each step:
//!
//! | Python | Rust |
//! |---|---|
//! | `s = StepLR(opt, step_size=7)` | `let mut s = StepLR!(&mut opt, step_size = 7)?;` |
//! | `s = LambdaLR(opt, lambda e: 0.95 ** e)` | `let mut s = LambdaLR::new(&mut opt, \|epoch: i32\| 0.95f64.powi(epoch))?;` |
//! | `s = SequentialLR(opt, [a, b], [4])` | `let mut s = SequentialLR::new(&mut opt, vec![a.into(), b.into()], vec![4])?;` |
//! | `s.step()` | `s.step(&mut opt)?;` |
//! | `s.step(val_loss)` (plateau) | `s.step(val_loss, &mut opt)?;` |
//! | `s.get_last_lr()` | `s.get_last_lr()` |
//! | `max_lr=0.5`, `max_lr=[0.5, 0.1]` | `max_lr: 0.5.into()`, `max_lr: [0.5, 0.1].into()` |
//! | `s.state_dict()` | `s.state_dict()?` |
//!
//! As in PyTorch most schedules change the rate that they find, so schedulers can be combined, a
//! rate that was set by hand persists, and a group's first rate is kept, and printed, as
//! `initial_lr`. An option that Python asks for has a default here that `new` refuses.

mod core;
mod cosine;
mod cyclic;
mod decay;
mod keywords;
mod lambda;
mod plateau;
mod sequence;

#[doc(hidden)]
pub use self::core::At;
pub use self::core::{LrScheduler, PerGroup, Schedule, Scheduler};
#[cfg(not(doc))] // A link to a type would mean two things.
pub use self::keywords::{
    ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, ExponentialLR, LinearLR,
    MultiStepLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau, StepLR,
};
#[doc(hidden)]
pub use cosine::WarmRestarts;
pub use cosine::{
    CosineAnnealingLR, CosineAnnealingLRConfig, CosineAnnealingWarmRestarts,
    CosineAnnealingWarmRestartsConfig,
};
pub use cyclic::{
    AnnealStrategy, CyclicLR, CyclicLRConfig, CyclicMode, OneCycleLR, OneCycleLRConfig,
};
#[doc(hidden)]
pub use cyclic::{Cyclic, OneCycle};
pub use decay::{
    ConstantLR, ConstantLRConfig, ExponentialLR, ExponentialLRConfig, LinearLR, LinearLRConfig,
    MultiStepLR, MultiStepLRConfig, PolynomialLR, PolynomialLRConfig, StepLR, StepLRConfig,
};
pub use lambda::{LambdaLR, Lambdas, MultiplicativeLR};
#[doc(hidden)]
pub use lambda::{LambdaSchedule, MultiplicativeSchedule};
pub use plateau::{PlateauMode, ReduceLROnPlateau, ReduceLROnPlateauConfig, ThresholdMode};
pub use sequence::{ChainedScheduler, SequentialLR};
