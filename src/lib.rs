//! The prelude of the Akari Jupyter kernel: PyTorch's activations, losses and optimizers on candle.
//!
//! Tensors are candle's own; nothing here wraps them. Everything here computes on the CPU; tensors on a
//! GPU are not supported. Every cell of a notebook imports [`prelude`]; a program can do the same.
//!
//! ```
//! use akari::prelude::*;
//!
//! let x = tensor!([-2.0, 1.0, 4.0, 0.0]);
//! show!("relu:", F::relu(&x)?); // relu: tensor([0., 1., 4., 0.])
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! [`differences`] has what differs from PyTorch, and what candle itself does otherwise.
//!
//! # Names
//!
//! The name that a PyTorch learner looks for, the name here, and what candle alone has.
//!
//! | PyTorch | here | candle 0.11.1 |
//! |---|---|---|
//! | `torch.tensor([1., 2.])` | `tensor!([1., 2.])` | `Tensor::new(&[1f32, 2.], &Device::Cpu)?` |
//! | `print("x:", x)` | `show!("x:", x)` | `println!("x: {x}")`, in a form of its own |
//! | `torch.tensor(.., requires_grad=True)` | `Var::new(.., &Device::Cpu)?` | the same |
//! | `loss.backward(); w.grad` | `let g = loss.backward()?; g.get(&w)` | the same |
//! | `loss.backward(); opt.step()` | `opt.backward_step(&loss)?` | the same |
//! | `torch.manual_seed(0)` | `torch::manual_seed(0)` | none: the CPU can't be seeded |
//! | `torch.rand`, `randn`, `randint`, `randperm` | the same in `torch::`, with PyTorch's numbers | `Tensor::rand`, `randn` |
//! | `x.sum()`, `x.sum(0)`, `x.sum(0, keepdim=True)` | `torch::sum(&x)?`, `torch::sum_dim(&x, 0)?`, `torch::sum_keepdim(&x, 0)?` | `x.sum_all()?`, `x.sum(0)?`, `x.sum_keepdim(0)?`, which drift |
//! | `x.mean()`, `x.mean(0)`, `x.mean((0, 2), keepdim=True)` | `torch::mean(&x)?`, `torch::mean_dim(&x, 0)?`, `torch::mean_keepdim(&x, (0, 2))?` | `x.mean_all()?`, `x.mean(0)?`, `x.mean_keepdim(..)?`, which drift |
//! | `torch.cumsum(x, 1)` | `torch::cumsum(&x, 1)?` | `x.cumsum(1)?`, by a product with a matrix of ones |
//! | `torch.exp`, `expm1`, `log`, `log1p`, `log2`, `log10`, `sqrt`, `rsqrt`, `square`, `reciprocal`, `sin`, `cos` | the same in `torch::` | `x.exp()?`, ..; panics on integers |
//! | `x ** 3`, `torch.pow(x, 0.5)` | `torch::pow(&x, 3.0)?` | `x.powf(3.0)?` |
//! | `a @ b`, `torch.matmul(a, b)` | `torch::matmul(&a, &b)?` | `a.matmul(&b)?`, of matrices alone, without broadcasting |
//! | `x.transpose(0, 1)`, `x.contiguous()` | `torch::transpose(&x, 0, 1)?`, `torch::contiguous(&x)?` | `x.transpose(0, 1)?`, `x.contiguous()?` |
//! | `F.relu(x)`, `F.gelu(x)`, .. | `F::relu(&x)?`, `F::gelu(&x, Gelu::None)?`, .. | `x.relu()?`, `x.gelu_erf()?`; other slopes at kinks |
//! | `F.softmax(x, dim=0)` | `F::softmax(&x, 0)?` | `candle_nn::ops::softmax(&x, 0)?` |
//! | `F.max_pool2d(x, 2)` | [`functional::max_pool2d`] | `x.max_pool2d(2)?`, whose gradient is 1/4 of the right one |
//! | `F.layer_norm`, `F.rms_norm`, `F.dropout`, `F.one_hot` | the same in `F::` | `ops::layer_norm` and `ops::rms_norm` cut the graph |
//! | `nn.MSELoss()(x, t)` | `nn::MSELoss::default().forward(&x, &t)?` | `candle_nn::loss::mse(&x, &t)?` |
//! | `nn.CrossEntropyLoss(label_smoothing=0.1)` | `nn::CrossEntropyLoss { label_smoothing: 0.1, ..Default::default() }` | `candle_nn::loss::cross_entropy`, without options |
//! | `nn.BCEWithLogitsLoss()` | `nn::BCEWithLogitsLoss::default()` | overflows for large logits |
//! | `nn.Linear(3, 2)` | `nn::Linear::new(3, 2)?` | `candle_nn::linear(3, 2, vb)?`, other first weights |
//! | `nn.Sequential(a, nn.ReLU(), b)` | `nn::seq![a, nn::ReLU, b]` | `candle_nn::seq().add(a).add(b)` |
//! | `model.parameters()` | `model.parameters()` | `varmap.all_vars()` |
//! | `torch.save(model, path)`, `torch.load(path)` | `torch::save(&model, path)?`, `torch::load(path)?` | `varmap.save`, `varmap.load` |
//! | `model.load_state_dict(torch.load(path))` | `model.load(path)?`, `optimizer.load(path)?` | none |
//! | `w.detach().clone()` | `torch::clone(&w)?`; a step changes what candle's `clone()` and `detach()` give | `w.copy()?` |
//! | `copy.deepcopy(model)` | `model.deep_copy()?`; `clone()` is the same layer | none |
//! | `class Net(nn.Module)` | a struct and `nn::model!(Net { hidden, out })` | a struct |
//! | `register_buffer` | `nn::model!(Net { scale: buffer, out })`, of a `Var` | none |
//! | `optim.SGD(params, lr=0.1, momentum=0.9)` | `optim::SGD::new(params, optim::SGDConfig { lr: 0.1, momentum: 0.9, ..Default::default() })?` | `candle_nn::SGD`, without momentum |
//! | `optim.AdamW(params)` | `optim::AdamW::new(params, Default::default())?` | `candle_nn::AdamW` |
//! | Adadelta, Adafactor, Adagrad, Adam, Adamax, ASGD, LBFGS, Muon, NAdam, RAdam, RMSprop, Rprop | the same in `optim::` | none |
//! | `lr_scheduler.StepLR(opt, 7)`, .. | [`optim::lr_scheduler`] | none |
//! | `nn.utils.clip_grad_norm_` | [`nn::utils`] | none |
//! | `DataLoader(TensorDataset(x, y), 32, shuffle=True)` | [`data::DataLoader`] | none |
//! | `torchvision.models.vgg11()` | [`models::vgg11`] | none |
#![cfg_attr(akari_kernel, feature(specialization), allow(incomplete_features))]
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod compute;
pub mod data;
pub mod differences;
pub mod display;
mod error;
pub mod functional;
mod input;
pub mod models;
pub mod nn;
pub mod optim;
mod parameters;
pub mod print;
mod random;
#[doc(hidden)]
pub mod rt;
mod sampling;
mod state_dict;
pub mod tensor;
pub mod torch;

pub use candle_core::{self, Tensor};
pub use candle_nn;

pub use self::input::input;

/// The names that every cell imports.
pub mod prelude {
    pub use candle_core::{D, DType, Device, IndexOp, Module, Tensor, Var};
    pub use candle_nn::Optimizer;

    pub use crate::functional as F;
    pub use crate::functional::Gelu;
    pub use crate::nn::{Layer as _, Reduction};
    pub use crate::{
        candle_core, candle_nn, data, display, input, models, nn, optim, show, tensor, torch,
    };
}
