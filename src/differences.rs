//! What differs from PyTorch, and what candle itself does otherwise: a page to read, without code.
//!
//! The prelude's functions give PyTorch's numbers; where one differs, its own page says so. This page has what a
//! PyTorch learner meets beside them. Every example runs.
//!
//! # A variable changes in place
//!
//! An optimizer's step writes into the variable's own numbers, as PyTorch's does. candle's `clone()`, `detach()`,
//! `as_tensor()`, `reshape`, `t`, `get`, `narrow` and the like are views of the same numbers. In PyTorch
//! `w.detach().clone()` is the way to keep a weight; in candle `clone()` copies nothing, and the kept weight
//! moves with the step:
//!
//! ```
//! use akari::prelude::*;
//! let w = Var::new(&[1f32, 2.0], &Device::Cpu)?;
//! let view = w.detach().clone();
//! let kept = torch::clone(&w)?;
//! let mut sgd = optim::SGD::new([w.clone()], optim::SGDConfig { lr: 1.0, ..Default::default() })?;
//! sgd.backward_step(&w.sum_all()?)?;
//! assert_eq!(view.to_vec1::<f32>()?, [0.0, 1.0]); // moved
//! assert_eq!(kept.to_vec1::<f32>()?, [1.0, 2.0]); // as it was
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! So are `Var::from_tensor(w.as_tensor())`, `to_dtype` to the same dtype, and candle's `Tensor::cat` and
//! `Tensor::stack` of one tensor. `torch::clone(&w)?`, `model.state_dict()?` and `model.deep_copy()?` are copies, and so
//! is the result of any arithmetic and of `torch::cat`. `F::dropout`, `F::pad`, `nn::Flatten` and `nn::Identity` share no memory with a variable, also where
//! they change nothing.
//!
//! # A graph that is older than a step
//!
//! `backward` of a loss that was made before a step uses the weights after it; PyTorch stops with «modified by an
//! inplace operation». Make each loss from the weights as they are: in a GAN, step the discriminator before the
//! generator's loss is computed.
//!
//! ```
//! use akari::prelude::*;
//! let w = Var::new(3f32, &Device::Cpu)?;
//! let early = w.sqr()?;
//! w.set(&tensor!(1.0))?;
//! // The slope 2 w, of the new weight: 2 in place of 6.
//! assert_eq!(early.backward()?.get(&w).unwrap().to_scalar::<f32>()?, 2.0);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! # Gradients
//!
//! There is no `w.grad` and no `zero_grad`: `loss.backward()?` returns a store of gradients, each of which begins
//! empty, and `grads.get(&w)` looks one up. A value on the way has no gradient in it; a variable of zeros that is added
//! to that value has it.
//!
//! Gradients of gradients are not to be had. `backward` of a gradient is wrong in silence for candle's own functions
//! (the second derivative of `x³` at 2 is 12), and the prelude's have none; PyTorch without `create_graph` has an error:
//!
//! ```
//! use akari::prelude::*;
//! let x = Var::new(2f32, &Device::Cpu)?;
//! let grads = ((x.as_tensor() * x.as_tensor())? * x.as_tensor())?.backward()?;
//! let slope = grads.get(&x).unwrap().clone();
//! assert_eq!(slope.to_scalar::<f32>()?, 12.0);
//! assert_eq!(slope.backward()?.get(&x).unwrap().to_scalar::<f32>()?, 8.0); // not 12
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! A loss keeps its whole graph for as long as it is kept itself, as in PyTorch: keep `loss.item()?` of each step. What
//! is computed in [`torch::no_grad`](crate::torch::no_grad) by the prelude's functions and layers keeps none; candle's
//! own methods record there too.
//!
//! ```
//! use akari::prelude::*;
//! let w = Var::new(&[1f32, 2.0], &Device::Cpu)?;
//! assert!(!torch::no_grad(|| torch::exp(&w))?.requires_grad());
//! assert!(torch::no_grad(|| w.exp())?.requires_grad());
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! # Layers
//!
//! `clone()` of a layer is the same layer, its training mode included; [`deep_copy`](crate::nn::Layer::deep_copy)
//! is Python's `copy.deepcopy`. A struct becomes a model by [`nn::model!`](crate::nn::model!), which names all of
//! its fields. candle's own layers can stand in a model, but for those whose weights nobody can see (`GroupNorm`,
//! `LSTM`, `GRU`) and its `LayerNorm` and `RmsNorm`, which cut the graph: what stands before them is not trained.
//!
//! # candle's operators
//!
//! `+`, `-`, `*` and `/` are candle's. They neither broadcast nor promote, and beside a tensor of integers a number is
//! cut to an integer, as is the factor `1 / 255` here:
//!
//! ```
//! use akari::prelude::*;
//! let image = Tensor::new(&[0u8, 51, 255], &Device::Cpu)?;
//! assert_eq!((&image / 255.0)?.to_vec1::<u8>()?, [0, 0, 0]);
//! assert_eq!(akari::print::tensor_text(&t!(image / 255.0))?, "tensor([0.0000, 0.2000, 1.0000])");
//! let x = tensor!([5, 7]);
//! assert_eq!((&x / 2.0)?.to_vec1::<i64>()?, [0, 0]);
//! assert_eq!((&x * 0.5)?.to_vec1::<i64>()?, [0, 0]);
//! assert_eq!((&x + 0.5)?.to_vec1::<i64>()?, [5, 7]);
//! assert_eq!(t!(x / 2.0).to_vec1::<f32>()?, [2.5, 3.5]);
//! // Labels that are smoothed by hand, and a mask that is turned around:
//! let rows = F::one_hot(&tensor!([0, 1]), 2)?;
//! assert_eq!((&rows * 0.9)?.to_vec2::<i64>()?, [[0, 0], [0, 0]]);
//! assert_eq!(t!(rows * 0.9).to_vec2::<f32>()?, [[0.9, 0.0], [0.0, 0.9]]);
//! let mask = Tensor::new(&[0u8, 1], &Device::Cpu)?;
//! assert_eq!((1.0 - &mask)?.to_vec1::<u8>()?, [1, 1]);
//! assert_eq!(t!(1 - mask).to_vec1::<u8>()?, [1, 0]);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! Inside [`t!`](crate::t) the same signs are PyTorch's: `t!(image / 255.0)`, `t!(w * x + b)`, `t!(x @ w)`. It takes
//! tensors, variables, numbers and results, by reference, and has the `?` inside:
//!
//! ```
//! use akari::prelude::*;
//! let (w, x) = (Var::new(&[2f32, 3.0], &Device::Cpu)?, tensor!([[1, 2], [3, 4]]));
//! assert!((w.as_tensor() * &x).is_err());
//! assert_eq!(t!(w * x + 1).to_vec2::<f32>()?, [[3.0, 7.0], [7.0, 13.0]]);
//! assert_eq!(t!(x[:, 1] - x[0]).to_vec1::<i64>()?, [1, 2]);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! A variable and a `let mut` tensor change in place as in PyTorch: `t!(w -= lr * grads.get(&w))`. `**` is no sign of
//! Rust, and `//` begins a comment: `t!(x.pow(2))` and `torch::floor_divide(&a, 2)?` stand for them.
//!
//! # candle's comparisons and sums
//!
//! There are no truth values: comparisons give masks of `u8`. candle's sums of `u8` wrap around at 256, and its means
//! of integers are integers; PyTorch counts in `i64` and has an error for such a mean, and so have the functions of
//! [`torch`](crate::torch):
//!
//! ```
//! use akari::prelude::*;
//! let right = tensor!([1; 3]).eq(&tensor!([1; 3]))?.broadcast_as((400, 3))?.i((.., 0))?;
//! assert_eq!(right.sum_all()?.to_scalar::<u8>()?, 144);
//! assert_eq!(torch::sum(&right)?.to_scalar::<i64>()?, 400);
//! let (half, labels) = (tensor!([1, 0]), tensor!([1, 1]));
//! assert_eq!(half.eq(&labels)?.mean_all()?.to_scalar::<u8>()?, 0);
//! assert!(torch::mean(&half.eq(&labels)?).is_err());
//! assert_eq!(torch::mean(&half.eq(&labels)?.float()?)?.item()?, 0.5);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! Sums, means and variances along an axis of many `f32` drift, and so do the gradients of what was broadcast; the
//! functions of `torch` and all layers add up without that:
//!
//! ```
//! use akari::prelude::*;
//! let x = torch::full((1_000_000, 1), 0.1)?;
//! let error = |sum: f64| (sum - 100_000.0).abs();
//! assert!(error(x.sum(0)?.i(0)?.item()?) > 900.0);
//! assert!(error(torch::sum_dim(&x, 0)?.i(0)?.item()?) < 0.01);
//! let b = Var::new(&[0f32], &Device::Cpu)?;
//! let of_candle = (x.broadcast_add(&b)? * &x)?.sum_all()?.backward()?;
//! let of_formula = t!(((x + b) * x).sum()).backward()?;
//! assert!(error(of_candle.get(&b).unwrap().i(0)?.item()?) > 900.0);
//! assert!(error(of_formula.get(&b).unwrap().i(0)?.item()?) < 0.01);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! candle's `max`, `argmax`, `max_all` and `sort` pass over nan, where PyTorch's result is nan; `argmax` is `u32`, which
//! can't be compared with labels:
//!
//! ```
//! use akari::prelude::*;
//! let x = tensor!([1.0, f64::NAN, 2.0]);
//! assert_eq!(x.max(0)?.to_scalar::<f32>()?, 2.0);
//! assert!(torch::max(&x)?.item()?.is_nan());
//! assert_eq!(x.argmax(0)?.dtype(), DType::U32);
//! assert_eq!(torch::argmax(&x, 0)?.to_scalar::<i64>()?, 1);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! # candle's functions
//!
//! | candle | gives | here |
//! |---|---|---|
//! | `x.pow(&y)?` of a negative `x` | nan | `torch::pow(&x, &y)?` |
//! | `exp`, `sqrt`, `sqr`, `pow`, `neg`, `recip`, `tanh`, `var` of integers | a panic | the same names in `torch::`, or `t!`: floats |
//! | `abs`, `relu`, `clamp`, `max` at kinks and ties | other slopes | the same names in `F::` and `torch::` |
//! | `x.max_pool2d(2)?` | a quarter of the gradient | `F::max_pool2d` |
//! | `softmax_last_dim`, `layer_norm`, `rms_norm` of `candle_nn::ops` | no gradient at all | `F::softmax`, `F::layer_norm`, `F::rms_norm` |
//! | `x.scatter(..)?` | a gradient of `x` also where another element was put | `torch::scatter` |
//! | `x.scatter_add(..)?` | no gradient of `x` where something was added, or an error | `torch::scatter_add` |
//! | `x.unfold(..)?` of windows that overlap | a wrong gradient, or an error | `torch::unfold`, `F::unfold` |
//! | `conv_transpose1d`, `max_pool2d_with_stride(3, 2)`, `upsample_bilinear2d` | an error at `backward` | `F::conv_transpose1d`, `F::max_pool2d`, `F::interpolate` |
//! | `x.round()?` of halves | away from 0 | `torch::round`: to the even neighbour |
//!
//! ```
//! use akari::prelude::*;
//! let (x, two) = (tensor!([-2., 3.]), tensor!([2., 2.]));
//! assert!(x.pow(&two)?.to_vec1::<f32>()?[0].is_nan());
//! assert_eq!(torch::pow(&x, &two)?.to_vec1::<f32>()?, [4.0, 9.0]);
//!
//! // The slopes at a tie, of the sum of elements that others take the place of, and of windows that overlap:
//! let slopes = |f: fn(&Tensor) -> Result<Tensor>| -> Result<Vec<f32>> {
//!     let x = Var::new(&[3f32, 3.0, 1.0], &Device::Cpu)?;
//!     Ok(f(&x)?.sum_all()?.backward()?.get(&x).unwrap().to_vec1::<f32>()?)
//! };
//! assert_eq!(slopes(|x| x.max(0))?, [1.0, 1.0, 0.0]);
//! assert_eq!(slopes(|x| Ok(torch::max_dim(x, 0)?.0))?, [1.0, 0.0, 0.0]);
//! let put = |x: &Tensor| x.scatter(&tensor!([0]), &tensor!([5.0]), 0);
//! assert_eq!(slopes(put)?, [1.0, 1.0, 1.0]);
//! assert_eq!(slopes(|x| torch::scatter(x, 0, &tensor!([0]), &tensor!([5.0])))?, [0.0, 1.0, 1.0]);
//! let add = |x: &Tensor| x.scatter_add(&tensor!([0, 0, 1]), &x.detach(), 0);
//! assert_eq!(slopes(add)?, [0.0, 0.0, 1.0]);
//! assert_eq!(slopes(|x| torch::scatter_add(x, 0, &tensor!([0, 0, 1]), &x.detach()))?, [1.0, 1.0, 1.0]);
//! assert_eq!(slopes(|x| torch::unfold(x, 0, 2, 1))?, [1.0, 2.0, 1.0]);
//! assert_eq!(torch::exp(&tensor!([0, 0]))?.to_vec1::<f32>()?, [1.0, 1.0]);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! ```should_panic
//! use akari::prelude::*;
//! tensor!([0, 0]).exp()?;
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! # Numbers, names and arguments
//!
//! - What is random is PyTorch's: after the same `manual_seed`, `rand`, `randn`, first weights, dropout, splits and
//!   shuffled batches are PyTorch's own numbers. Results don't depend on the number of threads.
//! - A function that PyTorch gives several forms has a name for each: `sum`, `sum_dim`, `sum_keepdim`; `max_dim` for the
//!   values and their places. In `t!` they are one: `t!(x.sum(0, keepdim = true))`.
//! - Arguments by name are a struct: `optim::SGDConfig { lr: 0.1, ..Default::default() }`. Functions of `F` and `torch`
//!   take all of their arguments, in PyTorch's order.
//! - `F::dropout` and `F::rrelu` are told whether they train; layers know it by `model.train()` and `model.eval()`.
//! - Parameters are `f32`, or `f64` that one makes oneself; an optimizer refuses halves, whose steps are soon too small to
//!   change them.
//! - Of half precision, results are computed in `f32` or `f64` and rounded once, where PyTorch may round in between.
//! - A loss of `(4, 1)` and `(4)` is an error; PyTorch warns and computes with `(4, 4)`.
//!
//! # What isn't here
//!
//! | PyTorch | why, and what does it instead |
//! |---|---|
//! | `torch.bool` | candle has no truth values: masks are `u8`, 0 and 1 |
//! | complex dtypes, `torch.linalg.eig` | candle has no complex numbers; `torch::linalg::eigh` for symmetric matrices |
//! | `x.cuda()`, `torch.cuda`, `model.to(device)` | all is computed on the CPU; there is nothing to move |
//! | `model.half()` | parameters in half precision don't train; convert what a layer computes: `layer.forward(&x)?.half()?` |
//! | `create_graph=True` | candle's graph has no gradients of gradients; see above |
//! | `torch.func`: `grad`, `vmap`, `jacobian` | a function of a variable, `backward` and `grads.get(&w)`; a Jacobian row by row with `torch::autograd::grad` |
//! | `torch.autograd.gradcheck` | two calls of the function at `x ± 1e-6` in `f64`, whose difference the gradient predicts |
//! | `x.register_hook`, `x.grad_fn` | candle's graph can't be looked into; gradients of values on the way by a variable of zeros, see the table of names |
//! | `nn.Conv3d` | candle has no 3-d convolutions, and courses that begin none; `nn::BatchNorm3d` is here |
//! | `nn.TransformerDecoder`, `nn.Transformer` | a struct of `nn::MultiheadAttention`, `nn::Linear` and `nn::LayerNorm`, in the order of the paper; `nn::TransformerEncoder` is here |
//! | `nn.AdaptiveLogSoftmaxWithLoss` | `nn::LinearCrossEntropyLoss`, which keeps no scores of a large vocabulary either |
//! | `F.grid_sample`, `F.affine_grid` | no course that begins has them; `F::interpolate` for other sizes |
//! | `nn.utils.weight_norm`, `nn.utils.spectral_norm` | two variables in one's own layer: `F::linear(&x, &t!(g * v / v.norm(dim = 1, keepdim = true)), None)` |
//! | `nn.utils.rnn.pack_padded_sequence` | `nn::utils::rnn::pad_sequence`, and a mask of the loss |
//! | `optim.SparseAdam` | candle has no sparse gradients; `optim::Adam` |
//! | `torch.amp.autocast`, `torch.amp.GradScaler` | half precision is not faster on a CPU |
//! | `torch.compile`, `torch.jit` | Rust is compiled already |
//! | `torch.utils.tensorboard` | a notebook shows its curves itself |
//! | `num_workers` | batches are made where they are asked for, by all cores |
//! | `nn.utils.prune`, `torch.quantization` | they are about smaller models, not about learning; `w.set(&torch::masked_fill(&w, &mask, 0.0)?)?` prunes by hand |
//! | `models.alexnet`, `models.densenet`, `models.googlenet`, `models.mobilenet`, `models.resnet50` | `models` has what the lessons build; each of these is a `nn::seq!` or a `nn::model!` |
//! | `pretrained weights` | nothing is fetched; `model.load(path)?` reads a file of safetensors with PyTorch's names |
//!
//! # Errors
//!
//! Python has classes of errors; here all functions return candle's one type, whose text says what went wrong, in
//! PyTorch's words where it has some. [`ErrorKind::of`](crate::error::ErrorKind::of) tells a program which kind it is,
//! of the prelude's errors and of candle's: `Index` and `Value` are Python's `IndexError` and `ValueError`; `Shape` and
//! `DType` are mostly `RuntimeError` there.
//!
//! ```
//! use akari::error::ErrorKind;
//! use akari::prelude::*;
//! let (x, target) = (tensor!([1., 2.]), tensor!([1., 2., 3.]));
//! match nn::MSELoss::default().forward(&x, &target) {
//!     Err(error) if ErrorKind::of(&error) == ErrorKind::Shape => println!("a batch of odd size"),
//!     other => drop(other?),
//! }
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
