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
//! `torch::clone(&w)?`, `model.state_dict()?` and `model.deep_copy()?` are copies, and so is the result of any
//! arithmetic. `F::dropout`, `F::pad`, `nn::Flatten` and `nn::Identity` share no memory with a variable, also where
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
//! empty, and `grads.get(&w)` looks one up. Gradients of gradients are not to be had: `backward` of a gradient is
//! wrong in silence for candle's own functions (half of the second derivative of `x³`), and the prelude's have none.
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
//! let image = tensor!([0, 51, 255]);
//! assert_eq!((&image / 255.0)?.to_vec1::<i64>()?, [0, 0, 0]);
//! let image = image.to_dtype(DType::F32)?;
//! assert_eq!(akari::print::tensor_text(&(image / 255.0)?)?, "tensor([0.0000, 0.2000, 1.0000])");
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! Inside [`t!`](crate::t) the same signs are PyTorch's: `t!(image / 255.0)`, `t!(w * x + b)`, `t!(x @ w)`. It takes
//! tensors, variables, numbers and results, by reference, and has the `?` inside:
//!
//! ```
//! use akari::prelude::*;
//! let image = Tensor::new(&[0u8, 51, 255], &Device::Cpu)?;
//! let (w, x) = (Var::new(&[2f32, 3.0], &Device::Cpu)?, tensor!([[1, 2], [3, 4]]));
//! assert_eq!(akari::print::tensor_text(&t!(image / 255.0))?, "tensor([0.0000, 0.2000, 1.0000])");
//! assert_eq!(t!(w * x + 1).to_vec2::<f32>()?, [[3.0, 7.0], [7.0, 13.0]]);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! A variable and a `let mut` tensor change in place as in PyTorch: `t!(w -= lr * grads.get(&w))`.
//! An element or a row of a tensor is `x.i(0)?`, and a column `x.i((.., 1))?`, where PyTorch has `x[0]` and `x[:, 1]`.
//!
//! candle's comparisons give `u8`, and its sums of `u8` wrap around at 256: convert before counting.
//!
//! ```
//! use akari::prelude::*;
//! let right = Tensor::ones(400, DType::U8, &Device::Cpu)?;
//! assert_eq!(right.sum_all()?.to_scalar::<u8>()?, 144);
//! assert_eq!(torch::sum(&right)?.to_scalar::<i64>()?, 400);
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! `x.sum(..)`, `x.mean(..)` and `x.var(..)` of many `f32` drift; [`torch::sum`](crate::torch::sum) and
//! [`torch::mean`](crate::torch::mean) don't. The gradients of candle's `max_pool2d`, `abs`, `relu`, `clamp`,
//! `scatter` and `max` differ at kinks and ties or are wrong; the functions of the same name in `F::` and `torch::`
//! have PyTorch's. `exp`, `sqrt` and `pow` of integers panic.
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
