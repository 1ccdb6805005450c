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
//! | `print(opt)` | `show!(opt)`, or `println!("{opt:#}")` for the form of PyTorch 2.15 |
//! | `torch.save(opt.state_dict(), path)` | `candle_core::safetensors::save(&opt.state_dict()?, path)?;` |
//! | `opt.load_state_dict(torch.load(path))` | `opt.load_state_dict(&candle_core::safetensors::load(path, &Device::Cpu)?)?;` |
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
mod groups;
mod lbfgs;
mod line_search;
pub mod lr_scheduler;
mod muon;
mod nadam;
mod optimizer;
mod options;
mod parameters;
mod radam;
mod rmsprop;
mod rprop;
mod rule;
mod sgd;
mod state_dict;
mod step;
mod sums;
mod sweep;

pub use adadelta::{Adadelta, AdadeltaConfig, AdadeltaRule};
pub use adafactor::{Adafactor, AdafactorConfig, AdafactorRule};
pub use adagrad::{Adagrad, AdagradConfig, AdagradRule};
pub use adam::{Adam, AdamConfig, AdamRule, AdamW, AdamWConfig, AdamWRule};
pub use adamax::{Adamax, AdamaxConfig, AdamaxRule};
pub use asgd::{ASGD, ASGDConfig, ASGDRule};
pub use groups::{ParamGroup, ParamGroups};
pub use lbfgs::{LBFGS, LBFGSConfig, LineSearch};
pub use muon::{AdjustLr, Muon, MuonConfig, MuonRule};
pub use nadam::{NAdam, NAdamConfig, NAdamRule};
pub use optimizer::RuleOptimizer;
pub use options::{Keys, Options};
pub use parameters::{Lazy, Parameters};
pub use radam::{RAdam, RAdamConfig, RAdamRule};
pub use rmsprop::{RMSprop, RMSpropConfig, RMSpropRule};
pub use rprop::{Rprop, RpropConfig, RpropRule};
pub use rule::Rule;
pub use sgd::{SGD, SGDConfig, SgdRule};
pub use state_dict::StateDict;
