//! `optim`: PyTorch's optimizers, as `candle_nn::Optimizer`s.
//!
//! | Python | Rust |
//! |---|---|
//! | `opt = SGD(params, lr=0.1)` | `let mut opt = optim::SGD::new(params, optim::SGDConfig { lr: 0.1, ..Default::default() })?;` |
//! | `opt = SGD([{'params': a}, {'params': b, 'lr': 1e-3}], lr=0.1)` | `optim::SGD::with_groups(vec![ParamGroup { params, config }, ..])?` |
//! | `opt.zero_grad(); loss.backward(); opt.step()` | `opt.backward_step(&loss)?;` |
//! | the same in parts | `let grads = loss.backward()?; opt.step(&grads)?;` |
//! | `nn.utils.clip_grad_norm_(params, 1.0)` | `nn::utils::clip_grad_norm(&params, &mut grads, 1.0, 2.0)?;` |
//! | `opt.param_groups[0]['lr'] = 0.01` | `opt.param_groups()[0].config.lr = 0.01;` |
//! | `opt = Adam(..) if adam else SGD(..)` | `let mut opt: Box<dyn optim::Optimizer> = if adam { Box::new(..) } else { Box::new(..) };` |
//! | `net.body.requires_grad_(False)` | `net.body.requires_grad_(false);`, which steps and clipping then leave alone |
//! | `AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.999))` | [`swa_utils::AveragedModel`] |
//! | `optim.SGD(params, lr=0.1, momentum=0.9)` | `optim::SGD!(params, lr = 0.1, momentum = 0.9)?` |
//! | `print(opt)` | `show!(opt)`, or `println!("{opt:#}")` for the form of PyTorch 2.15 |
//! | `torch.save(opt.state_dict(), path)` | `torch::save(&opt, path)?;` |
//! | `opt.load_state_dict(torch.load(path))` | `opt.load(path)?;` |
//!
//! There is no `zero_grad`: candle keeps gradients in the `GradStore` that `backward` returns, and
//! each one begins empty. To add up the gradients of several batches, join their stores:
//!
//! ```
//! use akari::prelude::*;
//! let w = Var::new(&[1f32], &Device::Cpu)?;
//! let mut sgd = optim::SGD::new([w.clone()], optim::SGDConfig { lr: 0.1, ..Default::default() })?;
//! let mut grads = w.sum_all()?.backward()?;
//! grads.extend((w.sum_all()? * 2.0)?.backward()?)?;
//! sgd.step(&grads)?;
//! assert_eq!(w.to_vec1::<f32>()?, [0.7]);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! The state of an optimizer goes to a file and back, so that a run can be continued:
//!
//! ```
//! use akari::prelude::*;
//! let w = Var::new(&[1f32], &Device::Cpu)?;
//! let mut adam = optim::Adam::new([w.clone()], optim::AdamConfig::default())?;
//! adam.backward_step(&w.sqr()?.sum_all()?)?;
//!
//! let path = std::env::temp_dir().join(format!("akari-adam-{}.safetensors", std::process::id()));
//! torch::save(&adam, &path)?;
//!
//! let mut again = optim::Adam::new([w], optim::AdamConfig::default())?;
//! again.load(&path)?;
//! # let _ = std::fs::remove_file(path);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! Parameters are F32 or F64. PyTorch also steps F16 and BF16 parameters, whose steps are soon too
//! small to change them; here that is an error, since a model of that kind is better trained with
//! parameters in F32 that are converted where they are used. A gradient of another dtype is
//! converted. `SparseAdam` is missing, since candle has no sparse gradients.
//!
//! `foreach`, `fused`, `capturable` and `differentiable` choose between PyTorch's implementations.
//! Here there is one: a single pass over parameter, gradient and state, in place, on all cores
//! where a parameter is large.

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod asgd;
mod dynamic;
mod groups;
mod keywords;
mod lbfgs;
mod line_search;
pub mod lr_scheduler;
mod muon;
mod nadam;
mod named;
mod optimizer;
mod options;
mod radam;
mod rmsprop;
mod rprop;
mod rule;
mod sgd;
mod state_dict;
mod step;
mod sums;
pub mod swa_utils;
mod sweep;

pub use adadelta::{Adadelta, AdadeltaConfig};
pub use adafactor::{Adafactor, AdafactorConfig};
pub use adagrad::{Adagrad, AdagradConfig};
pub use adam::{Adam, AdamConfig, AdamW, AdamWConfig};
pub use adamax::{Adamax, AdamaxConfig};
pub use asgd::{ASGD, ASGDConfig};
pub use dynamic::Optimizer;
pub use groups::{ParamGroup, ParamGroups};
pub use lbfgs::{LBFGS, LBFGSConfig, LineSearch};
pub use muon::{AdjustLr, Muon, MuonConfig};
pub use nadam::{NAdam, NAdamConfig};
pub use radam::{RAdam, RAdamConfig};
pub use rmsprop::{RMSprop, RMSpropConfig};
pub use rprop::{Rprop, RpropConfig};
pub use sgd::{SGD, SGDConfig};

#[cfg(not(doc))] // A link to a type would mean two things.
pub use self::keywords::{
    ASGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, LBFGS, Muon, NAdam, RAdam, RMSprop,
    Rprop, SGD,
};
pub use crate::parameters::Parameters;
pub use crate::state_dict::StateDict;

/// Tests and benches go by rules, to have one text for all optimizers.
#[doc(hidden)]
pub use self::{
    adadelta::AdadeltaRule,
    adafactor::AdafactorRule,
    adagrad::AdagradRule,
    adam::{AdamRule, AdamWRule},
    adamax::AdamaxRule,
    asgd::ASGDRule,
    muon::MuonRule,
    nadam::NAdamRule,
    optimizer::RuleOptimizer,
    options::Options,
    radam::RAdamRule,
    rmsprop::RMSpropRule,
    rprop::RpropRule,
    rule::Rule,
    sgd::SgdRule,
};
