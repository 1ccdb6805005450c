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
//! # Keyword arguments
//!
//! What has options takes them by PyTorch's names, where `!` stands behind its own: options that aren't named keep their
//! defaults, and a number does where PyTorch takes one for a pair.
//!
//! ```
//! use akari::prelude::*;
//! let net = nn::seq![nn::Conv2d!(1, 8, 3, stride = (2, 1), bias = false)?, nn::MaxPool2d!(2, padding = 1), nn::Flatten!()];
//! let mut opt = optim::SGD!(net.parameters(), lr = 0.1, momentum = 0.9)?;
//! let mut schedule = optim::lr_scheduler::StepLR!(&mut opt, step_size = 7)?;
//! let loss = nn::CrossEntropyLoss!(label_smoothing = 0.1);
//! # let (x, y) = (torch::rand((4, 1, 5, 5))?, tensor!([0, 1, 2, 3]));
//! let set = data::TensorDataset::new(&x, &y)?;
//! let loader = data::DataLoader!(&set, batch_size = 32, shuffle = true)?;
//! # for batch in &loader {
//! #     let (x, y) = batch?;
//! #     opt.backward_step(&loss.forward(&net.forward(&x)?, &y)?)?;
//! # }
//! # schedule.step(&mut opt)?;
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! The same in full: `optim::SGD::new(net.parameters(), optim::SGDConfig { lr: 0.1, ..Default::default() })?`. A name that isn't
//! an option is an error of the compiler, which lists those there are.
//!
//! # Names
//!
//! The name that a PyTorch learner looks for, the name here, and what candle alone has.
//!
//! | PyTorch | here | candle 0.11.1 |
//! |---|---|---|
//! | `torch.tensor([1., 2.])` | `tensor!([1., 2.])` | `Tensor::new(&[1f32, 2.], &Device::Cpu)?` |
//! | `print("x:", x)` | `show!("x:", x)` | `println!("x: {x}")`, in a form of its own |
//! | `torch.from_numpy(a)`, `x.numpy()`, `x.tolist()` | `Tensor::from_vec(a, (2, 2), &Device::Cpu)?`, `x.to_vec2::<f32>()?` | the same |
//! | `torch.tensor(.., requires_grad=True)`, `x.requires_grad_()` | `Var::new(.., &Device::Cpu)?`, `x.requires_grad_()?`, or `Var::from_tensor(&x)?` | `Var::new(..)?`, `Var::from_tensor(&x)?` |
//! | `x.requires_grad`, `x.is_leaf` | `x.requires_grad()`, `x.is_variable()` | `x.track_op()`, `x.is_variable()` |
//! | `loss.backward(); w.grad` | `let g = loss.backward()?; g.get(&w)` | the same |
//! | `opt.zero_grad(); loss.backward(); opt.step()` | `opt.backward_step(&loss)?` | the same |
//! | `loss.backward(); loss2.backward()`, whose gradients add up | `let mut g = loss.backward()?; g.extend(loss2.backward()?)?` | none |
//! | `y.backward(gradient=v)` | `t!((y * v).sum()).backward()?` | `(y * v)?.sum_all()?.backward()?` |
//! | `h.retain_grad()`, then `h.grad` | `let probe = Var::from_tensor(&torch::zeros_like(&h)?)?; let h = t!(h + probe);`, then `g.get(&probe)` | none |
//! | `class Square(torch.autograd.Function)` | a `CustomOp1` of candle, with `cpu_fwd` and `bwd`: `x.apply_op1(Square)?` | the same |
//! | `torch.manual_seed(0)` | `torch::manual_seed(0)` | none: the CPU can't be seeded |
//! | `torch.rand`, `randn`, `randint`, `randperm` | the same in `torch::`, with PyTorch's numbers | `Tensor::rand`, `randn` |
//! | `a + b`, `x * 2.0`, `-x`, `x / 255`, `w * x + b`, `(p - y) ** 2` | [`t!`]`(a + b)`, `t!(x * 2.0)`, `t!(-x)`, `t!(x / 255)`, `t!(w * x + b)`, `t!((p - y).pow(2))` | `(x / 255.)?`: equal shapes and dtypes, moved operands |
//! | `p == y`, `x > y`, `x > 0.5`, `w -= lr * g` | `t!(p == y)`, `t!(x > y)`, `t!(x > 0.5)`, `t!(w -= lr * g)` | `p.eq(&y)?`, of equal shapes and dtypes |
//! | `torch.add`, `sub`, `mul`, `div`, `remainder`, `floor_divide`, `maximum`, `minimum`, `atan2` | the same in `torch::`, of tensors and numbers | `broadcast_add`, ..; of equal dtypes |
//! | `torch.eq`, `ne`, `lt`, `le`, `gt`, `ge`, `logical_and`, .., `bitwise_and`, .. | the same in `torch::`; masks are `u8` | `x.eq(&y)?`, ..; of equal shapes and dtypes |
//! | `torch.where(m, a, b)`, `x.masked_fill(m, 0)` | `torch::where_(&m, &a, &b)?`, `torch::masked_fill(&x, &m, 0.0)?` | `m.where_cond(&a, &b)?` |
//! | `x.item()`, `x.view(2, -1)`, `x.reshape(-1, 2)` | `x.item()?`, `x.view((2, -1))?`, `x.view((-1, 2))?` | `x.to_scalar::<f32>()?`, `x.reshape((2, ()))?` |
//! | `x.float()`, `x.long()`, `x.bool()`, `x.to(torch.float64)` | `x.float()?`, `x.long()?`, `x.bool()?`, which is a mask of `u8`, `x.to_dtype(DType::F64)?` | `x.to_dtype(..)?` |
//! | `x.shape`, `x.size(0)`, `x.ndim`, `x.numel()`, `x.dtype`, `x.T` | `x.dims()`, `x.dim(0)?`, `x.ndim()`, `x.numel()`, `x.dtype()`, `x.t()?` | `x.dims()`, `x.rank()`, `x.elem_count()` |
//! | `x[0]`, `x[:, 1]`, `x[1:3]` | `x.i(0)?`, `x.i((.., 1))?`, `x.i(1..3)?`, or `t!(x[0])`, `t!(x[:, 1])`, `t!(x[1:3])` | `x.i(0)?`, .. |
//! | `x[..., -1]`, `x[None]`, `x[index]` | `torch::select(&x, -1, -1)?`, `torch::unsqueeze(&x, 0)?`, `torch::index_select(&x, 0, &index)?`, or `t!(x[..., -1])`, .. | `x.unsqueeze(0)?`, `x.index_select(&index, 0)?` |
//! | `x[::2]` | `torch::index_select(&x, 0, &torch::arange(0, 3, 2)?)?` | none |
//! | `x[1:3] = v`, `x[mask] = 0` | `let x = x.slice_assign(&[1..3, 0..4], &v)?`, `let x = torch::masked_fill(&x, &mask, 0.0)?` | `x.slice_assign(..)?` |
//! | `w.zero_()`, `w.copy_(x)`, of a variable | `w.set(&torch::zeros_like(&w)?)?`, `w.set(&x)?` | the same |
//! | `x.sum()`, `x.sum(0)`, `x.sum(0, keepdim=True)` | `torch::sum(&x)?`, `torch::sum_dim(&x, 0)?`, `torch::sum_keepdim(&x, 0)?` | `x.sum_all()?`, `x.sum(0)?`, `x.sum_keepdim(0)?`, which drift |
//! | `x.mean()`, `x.mean(0)`, `x.mean((0, 2), keepdim=True)` | `torch::mean(&x)?`, `torch::mean_dim(&x, 0)?`, `torch::mean_keepdim(&x, (0, 2))?` | `x.mean_all()?`, `x.mean(0)?`, `x.mean_keepdim(..)?`, which drift |
//! | `torch.cumsum(x, 1)` | `torch::cumsum(&x, 1)?` | `x.cumsum(1)?`, by a product with a matrix of ones |
//! | `torch.exp`, `expm1`, `log`, `log1p`, `log2`, `log10`, `sqrt`, `rsqrt`, `square`, `reciprocal`, `sin`, `cos` | the same in `torch::` | `x.exp()?`, ..; panics on integers |
//! | `x ** 3`, `torch.pow(x, 0.5)` | `torch::pow(&x, 3)?`, also of two tensors | `x.powf(3.0)?` |
//! | `a @ b`, `torch.matmul(a, b)` | `torch::matmul(&a, &b)?` | `a.matmul(&b)?`, of matrices alone, without broadcasting |
//! | `x.transpose(0, 1)`, `x.contiguous()` | `torch::transpose(&x, 0, 1)?`, `torch::contiguous(&x)?` | `x.transpose(0, 1)?`, `x.contiguous()?` |
//! | `torch.zeros`, `ones`, `empty`, `full`, `eye`, `arange`, `linspace`, `logspace`, `zeros_like`, `ones_like`, `full_like` | the same in `torch::`; `torch::arange(0, 5, 1)?` has all three numbers | `Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?`, .. |
//! | `torch.normal`, `bernoulli`, `multinomial`, `rand_like`, `randn_like` | the same in `torch::`, with PyTorch's numbers | none |
//! | `torch.tril`, `triu`, `diag`, `meshgrid`, `cartesian_prod`, `combinations` | the same in `torch::`; `torch::diag(&x, 0)?`, `torch::meshgrid(&[&x, &y], torch::Indexing::Ij)?` | `Tensor::tril2`, `Tensor::meshgrid` |
//! | `torch.cat((a, b), 1)`, `stack`, `vstack`, `hstack` | `torch::cat((&a, &b), 1)?`, .. | `Tensor::cat(&[&a, &b], 1)?`, without promotion |
//! | `torch.chunk`, `split`, `unbind` | the same in `torch::`; `torch::split(&x, [1, 2], 0)?` | `x.chunk(2, 0)?` |
//! | `x.squeeze()`, `unsqueeze`, `flatten`, `unflatten`, `permute`, `movedim`, `expand` | `torch::squeeze(&x, ())?`, .., `torch::broadcast_to(&x, (-1, 3))?` | `x.squeeze(0)?`, .., without negative axes |
//! | `torch.flip`, `roll`, `rot90`, `tile`, `repeat_interleave`, `x.repeat(2, 1)`, `x.unfold(0, 2, 1)` | the same in `torch::`; `torch::tile(&x, (2, 1))?`, `torch::repeat_interleave(&x, 2, ())?` | `x.flip(&[0])?`; the gradient of `unfold` is wrong |
//! | `torch.gather`, `scatter`, `scatter_add`, `index_select`, `index_add`, `take_along_dim` | the same in `torch::`; a number is put by `torch::scatter_value` | `x.gather(&index, 1)?`, ..; the gradients of `scatter` and `scatter_add` are wrong |
//! | `x[mask]`, `torch.masked_select`, `nonzero`, `narrow`, `select` | `torch::masked_select(&x, &mask)?`, .. | `x.narrow(0, 0, 1)?`, `x.get(0)?` |
//! | `x.var(0)`, `x.std(0, correction=0, keepdim=True)` | `torch::var_dim(&x, 0)?`, `torch::std_with(&x, 0, 0.0, true)?`; also `var`, `var_keepdim` | `x.var(0)?`, which drifts |
//! | `x.max(0)`, `x.min(0)`, `x.argmax()`, `x.argmin(0)`, `x.amax(0, keepdim=True)` | `torch::max_dim(&x, 0)?` and `min_dim` give values and places, `torch::argmax(&x, ())?`, `torch::amax_keepdim(&x, 0)?` | `x.max(0)?` and `x.argmax(0)?`, which is `u32` and passes over nan |
//! | `x.prod()`, `x.cumprod(0)`, `x.logsumexp(1)`, `x.norm()` | `torch::prod(&x)?`, `torch::cumprod(&x, 0)?`, `torch::logsumexp(&x, 1)?`, `torch::norm(&x)?`, `torch::norm_dim(&x, 1)?`, `torch::norm_with(&x, 1.0, 1, false)?` | `x.log_sum_exp(1)?`, `x.norm()?` |
//! | `x.median()`, `mode`, `quantile`, `kthvalue` | `torch::median(&x)?`, `torch::median_dim(&x, 0)?`, `torch::quantile(&x, 0.5)?`, `torch::quantile_dim(&x, 0.5, 0, false)?`, .. | none |
//! | `x.any()`, `x.all(1)`, `count_nonzero` | `torch::any(&x)?`, `torch::all_dim(&x, 1)?`, `torch::count_nonzero(&x, ())?`; `u8` for truth values | none |
//! | `torch.sort(x, 0)`, `argsort`, `topk`, `unique`, `bincount`, `histc` | `torch::sort(&x, 0, false)?`, `torch::topk(&x, 5, -1, true, true)?`, .., `torch::unique_counts` | `x.sort_last_dim(true)?` |
//! | `torch.allclose(a, b)`, `isclose`, `equal`, `isnan`, `isinf`, `isfinite` | `torch::allclose(&a, &b)?`, `torch::allclose_within(&a, &b, rtol, atol)?`, .. | none |
//! | `torch.sign`, `floor`, `ceil`, `trunc`, `nan_to_num`, `erf`, `tan`, `asin`, `acos`, `atan`, `sinh`, `cosh` | the same in `torch::` | `x.sign()?`, `x.floor()?`, `x.ceil()?`, `x.erf()?` |
//! | `torch.outer`, `dot`, `mv`, `mm`, `bmm`, `addmm`, `einsum`, `tensordot`, `cross`, `cdist`, `cov`, `corrcoef` | the same in `torch::`; `torch::einsum("ij,jk->ik", (&a, &b))?` | `a.matmul(&b)?` |
//! | `torch.linalg.inv`, `det`, `solve`, `qr`, `svd`, `svdvals`, `eigh`, `eigvalsh`, `norm` | the same in `torch::linalg`; `svd` with `full_matrices=False` | none |
//! | `torch.clamp`, `clip`, `lerp`, `abs`, `round`, `tanh`, `sigmoid` | the same in `torch::` | `x.clamp(0., 1.)?`, ..; other slopes at kinks |
//! | `with torch.no_grad():` | `torch::no_grad(\|\| ..)`, for the functions and layers of the prelude | `x.detach()` |
//! | `torch.get_num_threads()`, `set_num_threads` | the same in `torch::`; the number can be set before the first use alone | `RAYON_NUM_THREADS` |
//! | `torch.autograd.grad(y, (a, b))` | `torch::autograd::grad(&y, (&a, &b))?`, of variables | `y.backward()?.get(&a)` |
//! | `F.relu(x)`, `F.gelu(x)`, .. | `F::relu(&x)?`, `F::gelu(&x, Gelu::None)?`, .. | `x.relu()?`, `x.gelu_erf()?`; other slopes at kinks |
//! | `F.softmax(x, dim=0)` | `F::softmax(&x, 0)?` | `candle_nn::ops::softmax(&x, 0)?` |
//! | `F.max_pool2d(x, 2)` | [`functional::max_pool2d`] | `x.max_pool2d(2)?`, whose gradient is 1/4 of the right one |
//! | `F.layer_norm`, `F.rms_norm`, `F.dropout`, `F.one_hot` | the same in `F::` | `ops::layer_norm` and `ops::rms_norm` cut the graph |
//! | `nn.MSELoss()(x, t)` | `nn::MSELoss::default().forward(&x, &t)?` | `candle_nn::loss::mse(&x, &t)?` |
//! | `nn.CrossEntropyLoss(label_smoothing=0.1)` | `nn::CrossEntropyLoss!(label_smoothing = 0.1)` | `candle_nn::loss::cross_entropy`, without options |
//! | `nn.BCEWithLogitsLoss()` | `nn::BCEWithLogitsLoss::default()` | overflows for large logits |
//! | `nn.Linear(3, 2)` | `nn::Linear::new(3, 2)?` | `candle_nn::linear(3, 2, vb)?`, other first weights |
//! | `nn.Conv2d(1, 8, 3, stride=(2, 1), padding=1)` | `nn::Conv2d!(1, 8, 3, stride = (2, 1), padding = 1)?` | `candle_nn::conv2d`, of equal sizes |
//! | `nn.Conv2d(.., padding='same', padding_mode='reflect')` | `padding = nn::Padding::Same, padding_mode = nn::PaddingMode::Reflect` | none |
//! | `nn.Conv1d`, `ConvTranspose1d`, `ConvTranspose2d` | the same in `nn::`, with a config as `nn::Conv2d` | `conv_transpose1d` has no gradient |
//! | `nn.MaxPool1d`, `AvgPool1d`, `AdaptiveMaxPool2d`, `AdaptiveAvgPool1d`, .. | the same in `nn::` and `F::` | none |
//! | `nn.GroupNorm(2, 6)`, `InstanceNorm1d`, `InstanceNorm2d`, `LocalResponseNorm` | the same in `nn::`; `F::group_norm`, .. | `candle_nn::group_norm` |
//! | `nn.Dropout1d`, `Dropout2d`, `AlphaDropout` | the same in `nn::` and `F::` | none |
//! | `nn.Upsample(scale_factor=2, mode='bilinear')`, `F.interpolate` | [`nn::Upsample`], [`functional::interpolate`] | `x.upsample_bilinear2d(..)?`, without gradient |
//! | `nn.ZeroPad2d`, `ReflectionPad2d`, `ReplicationPad2d`, .., `F.pad(x, p, mode='reflect')` | the same in `nn::`, `F::pad_mode(&x, &p, F::PaddingMode::Reflect)?` | `x.pad_with_zeros(..)?`, `pad_with_same` |
//! | `nn.Unfold(3)`, `nn.Fold((8, 8), 3)`, `F.unfold`, `F.fold` | the same in `nn::` and `F::` | none |
//! | `nn.EmbeddingBag(5, 3)`, of bags of one size | `let words = nn::Embedding::new(5, 3)?; torch::mean_dim(&words.forward(&n)?, 1)?` | none |
//! | `nn.PixelShuffle`, `Unflatten`, `Bilinear`, `CosineSimilarity`, `PairwiseDistance` | the same in `nn::` | `candle_nn::ops::pixel_shuffle` |
//! | `out, (h, c) = nn.LSTM(3, 4)(x)`; `nn.RNN`, `nn.GRU` | `let (out, (h, c)) = nn::LSTM::new(3, 4)?.forward(&x, None)?`; with options `nn::LSTM!(3, 4, num_layers = 2)?` | `candle_nn::lstm`: one layer, other first weights |
//! | `nn.RNNCell`, `LSTMCell`, `GRUCell` | the same in `nn::` | none |
//! | `F.scaled_dot_product_attention(q, k, v, is_causal=True)` | `F::scaled_dot_product_attention(&q, &k, &v, F::AttentionConfig { is_causal: true, ..Default::default() })?` | none |
//! | `nn.MultiheadAttention`, `TransformerEncoderLayer`, `TransformerEncoder` | the same in `nn::` | none |
//! | `nn.utils.rnn.pad_sequence(xs, batch_first=True)` | `nn::utils::rnn::pad_sequence(&xs, true, 0.0)?` | none |
//! | `nn.ModuleList`, `ModuleDict`, `ParameterList` | a `Vec<nn::Linear>`, a `BTreeMap<String, nn::Linear>`, a `Vec<Var>` in a field of `nn::model!` | none |
//! | `nn.LazyLinear(10)`, `nn.LazyConv2d(8, 3)` | `nn::Linear::new(784, 10)?`: parameters that aren't there yet would not be trained; `x.dims()` tells the size | none |
//! | `net[0].weight`, `for layer in net`, `net.append(layer)` | `net.layer::<nn::Linear>(0)?.weight`, `for layer in &net`, `net.push(layer)` | none |
//! | `net.apply(f)` | `net.apply(&mut f)`, see [`nn::Layer::apply`] | none |
//! | `for p in net.hidden.parameters(): p.requires_grad = False` | an optimizer of the rest: `optim::SGD::new(net.out.parameters(), config)?` | the same |
//! | `layer.register_forward_hook(f)`: `register_forward_hook` | `for layer in &net { x = layer.forward(&x)?; .. }`, or a line in one's own `forward` | none |
//! | torchsummary, torchinfo | `show!(net)`, `net.num_parameters()`, `net.named_parameters()` | none |
//! | `nn.Sequential(a, nn.ReLU(), b)` | `nn::seq![a, nn::ReLU, b]` | `candle_nn::seq().add(a).add(b)` |
//! | `model.parameters()` | `model.parameters()` | `varmap.all_vars()` |
//! | `torch.save(model, path)`, `torch.load(path)` | `torch::save(&model, path)?`, `torch::load(path)?` | `varmap.save`, `varmap.load` |
//! | `model.load_state_dict(torch.load(path))` | `model.load(path)?`, `optimizer.load(path)?` | none |
//! | `w.detach().clone()` | `torch::clone(&w)?`; a step changes what candle's `clone()` and `detach()` give | `w.copy()?` |
//! | `copy.deepcopy(model)` | `model.deep_copy()?`; `clone()` is the same layer | none |
//! | `class Net(nn.Module)` | a struct and `nn::model!(Net { hidden, out })`, or `nn::model!(struct Net { .. })` | a struct |
//! | `def forward(self, x, state)` | `nn::model!(struct Net { .. }, own forward)` and `forward` in an `impl Net` | none |
//! | `nn.Parameter(torch.zeros(3))`, `torch.zeros(3).requires_grad_()` | `torch::zeros(3)?.requires_grad_()?`, a [`Var`](candle_core::Var) | `Var::zeros(3, DType::F32, &Device::Cpu)?` |
//! | `register_buffer` | `nn::model!(Net { scale: buffer, out })`, of a `Var` | none |
//! | `optim.SGD(params, lr=0.1, momentum=0.9)` | `optim::SGD!(params, lr = 0.1, momentum = 0.9)?` | `candle_nn::SGD`, without momentum |
//! | `optim.SGD([{'params': a}, {'params': b, 'lr': 0.01}])` | `optim::SGD::with_groups(vec![optim::ParamGroup { params, config }, ..])?` | none |
//! | `optim.AdamW(params)` | `optim::AdamW!(params)?` | `candle_nn::AdamW` |
//! | Adadelta, Adafactor, Adagrad, Adam, Adamax, ASGD, LBFGS, Muon, NAdam, RAdam, RMSprop, Rprop | the same in `optim::` | none |
//! | `lr_scheduler.StepLR(opt, 7)`, .. | `optim::lr_scheduler::StepLR!(&mut opt, step_size = 7)?`, .. in [`optim::lr_scheduler`] | none |
//! | `nn.utils.clip_grad_norm_`, `parameters_to_vector`, `vector_to_parameters` | [`nn::utils`] | none |
//! | `opt = Adam(..) if adam else SGD(..)` | `let mut opt: Box<dyn optim::Optimizer> = if adam { Box::new(..) } else { .. }` | none |
//! | `net.body.requires_grad_(False)` | `net.body.requires_grad_(false)` | leave the variables out of the optimizer |
//! | `swa_utils.AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.999))` | [`optim::swa_utils`] | none |
//! | `nn.init.orthogonal_`, `trunc_normal_`, `kaiming_normal_`, .. | [`nn::init`] | `candle_nn::init`, other numbers |
//! | `DataLoader(TensorDataset(x, y), 32, shuffle=True)` | `data::DataLoader!(&set, batch_size = 32, shuffle = true)?` of `data::TensorDataset::new(&x, &y)?` | none |
//! | `next(iter(loader))` | `loader.first()?` | none |
//! | `class Squares(Dataset)` with `__len__`, `__getitem__` | `impl data::Dataset for Squares` with `len`, `get` | none |
//! | `TensorDataset(a, b, c)`, `Subset`, `ConcatDataset` | `data::TensorDataset::of((&a, &b, &c))?`, [`data::Subset`], [`data::ConcatDataset`] | none |
//! | `random_split(set, [0.8, 0.2], generator=g)` | `data::random_split(&set, [0.8, 0.2])?`, `data::random_split_with(&set, [0.8, 0.2], &g)?` | none |
//! | `torch.Generator().manual_seed(42)` | `torch::Generator::new().manual_seed(42)` | none |
//! | `RandomSampler`, `SequentialSampler`, `WeightedRandomSampler` | the same in `data::`; `sampler = sampler` of `data::DataLoader!` | none |
//! | `collate_fn` | [`data::Dataset::batch`], [`data::Collate`] | none |
//! | `datasets.MNIST(root, train=True, transform=t)`, `FashionMNIST`, `CIFAR10` | `data::MNIST::new(root, true)?.transform(t)`, .., from files | none |
//! | `datasets.ImageFolder(root)`, `read_image(path)` | `data::ImageFolder::new(root)?`, `data::read_image(path)?` | none |
//! | `transforms.Compose([Resize(32), ToTensor()])` | [`data::transforms`]: a tuple `(Resize::new(32), ToTensor)`, or `Compose::new` of it | none |
//! | `(logits.argmax(1) == y).float().mean().item()` | `data::accuracy(&logits, &y)?` | a sum of bytes, which overflows |
//! | torchmetrics' `confusion_matrix`, `precision`, `recall`, `f1_score` | the same in `data::` | none |
//! | `torch.device('cpu')` | `Device::Cpu`, the only one | the same |
//! | `torchvision.models.vgg11()`, `resnet18()` | [`models::vgg11`], [`models::resnet18`] | none |
//! | `plt.plot(ys)`, `plt.plot(xs, ys)`, `plt.scatter`, `plt.bar`, `plt.hist` | [`plot`]`::line(&ys)`, `plot::xy(&xs, &ys)`, `plot::scatter`, `plot::bars`, `plot::hist` | none |
//! | `plt.title("loss"); plt.yscale("log")` | `plot::line(&ys).title("loss").log_y()` | none |
//! | `plt.imshow(image)`, `make_grid(batch)`, `plt.matshow(m)` | `plot::image(&image)`, `plot::images(&batch, 8)`, `plot::heatmap(&m)` | none |
//! | `ConfusionMatrixDisplay.from_predictions(y, p)` | `plot::confusion(&p, &y)` | none |
//! | `plt.contourf(..)` with the path of an optimizer | `plot::surface(f, (-2..2, -1..3)).path("SGD", &points)` | none |
//! | `for batch in tqdm(loader)`, `set_postfix(loss=..)` | [`progress`](progress::progress)`(&loader)`, `bar.metric("loss", loss)` | none |
//! | torchinfo's `summary(model, (32, 784))` | [`summary`](summary::summary)`(&model, (32, 784))?` | none |
//! | ipywidgets' `interact(f, lr=(0.01, 1.0))`, `FloatSlider` | [`widget::interact`]`(("lr", 0.01..=1.0, 0.1), f)`, [`widget::slider`] | none |
//! | pandas' `DataFrame(rows)` | [`display::table`] | none |
#![cfg_attr(akari_kernel, feature(optimize_attribute, specialization), allow(incomplete_features))]
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod autograd;
mod compute;
pub mod data;
pub mod differences;
pub mod display;
pub mod error;
#[doc(hidden)]
pub mod exercise;
#[doc(hidden)]
pub mod formula;
pub mod functional;
mod input;
#[doc(hidden)]
pub mod keywords;
pub mod models;
pub mod nn;
pub mod optim;
mod parameters;
pub mod plot;
pub mod print;
pub mod progress;
mod random;
#[doc(hidden)]
pub mod rt;
mod sampling;
mod state_dict;
pub mod summary;
pub mod tensor;
pub mod torch;
pub mod widget;

pub use candle_core::{self, Tensor};
pub use candle_nn;

/// A formula of tensors as PyTorch means it: it broadcasts, promotes dtypes, and moves nothing.
///
/// ```
/// use akari::prelude::*;
/// let (x, w, b) = (tensor!([[1., 2.], [3., 4.]]), Var::new(&[1f32, -1.], &Device::Cpu)?, 0.5);
/// let y = t!(x @ w + b);
/// assert_eq!(y.to_vec1::<f32>()?, [-0.5, -0.5]);
/// let loss = t!((y - tensor!([0, 1])).pow(2).mean());
/// assert_eq!(loss.to_scalar::<f32>()?, 1.25);
/// assert_eq!(t!(x[:, 1] - x[0, 0]).to_vec1::<f32>()?, [1.0, 3.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// # What stands in it
///
/// - **Operators**: `+ - * / %`, `@` for [`torch::matmul`], unary `-`, `== != < <= > >=` of elements (masks of `u8`),
///   `& | ^ !` of masks and integers, `&&` and `||` of anything. Integers divide to `f32`; `%` has the sign of its
///   right side, as in Python.
/// - **Operands**: tensors, [`Var`](candle_core::Var)s, numbers, results of these, and what `grads.get(&w)` gives;
///   all by reference.
/// - **Methods**, with PyTorch's arguments, by name too: `.sum()`, `.mean(0)`, `.sum(dim = 1, keepdim = true)`,
///   `.pow(2)`, `.exp()`, `.sqrt()`, `.amax(1)`, `.argmax(-1)`, `.softmax(1)`, `.clamp(0, 1)`, `.maximum(b)`,
///   `.matmul(b)`, `.item()`, `.T` and others. What gives several tensors, or changes one in place, is refused in
///   words. All other methods are the tensor's own, by candle.
/// - **Indices** of tensors, as PyTorch writes them or as Rust does: `x[0]`, `x[-1]`, `x[1:3]`, `x[1..3]`, `x[:, 1]`,
///   `x[..., None]`, `x[x > 0]`, `x[index]`, `x.shape[0]`. What is no tensor is indexed as in Rust.
/// - **Calls** are Rust; `&(a + b)` among their arguments is a formula again: `t!(F::relu(&(x @ w)) / 2)`.
/// - What is in **braces** is left as it is: `t!(x * { scale() })`.
///
/// The result is a tensor; that of a formula which ends in `.item()` is an `f64`. `t!(w -= lr * g)` writes into a
/// variable, a `let mut` tensor or number, and is no tensor; a variable keeps no gradient of that, as under PyTorch's
/// `no_grad`.
///
/// # Errors
///
/// The macro has a `?` inside: the error of a part ends the function or cell, and begins with that part.
///
/// Differs from candle's operators, which take equal shapes and dtypes, move their operands, and compute
/// with integers beside integers: `(img / 255.0)?` of a `u8` image is all zeros, `t!(img / 255.0)` is not.
pub use akari_macros::t;

pub use self::input::input;
pub use self::rt::block_on;

/// A result whose error is candle's unless another one is named: `Result<Tensor>`, `Result<Tensor, String>`.
///
/// ```
/// use akari::prelude::*;
/// fn double(x: &Tensor) -> Result<Tensor> {
///     Ok(t!(x * 2))
/// }
/// fn first(words: &str) -> Result<&str, String> {
///     words.split(' ').next().ok_or_else(|| "no word".to_string())
/// }
/// assert_eq!(double(&tensor!([1]))?.to_vec1::<i64>()?, [2]);
/// assert_eq!(first("deep learning"), Ok("deep"));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

/// The names that every cell imports.
pub mod prelude {
    pub use candle_core::{D, DType, Device, IndexOp, Module, Tensor, Var};
    pub use candle_nn::Optimizer;

    pub use crate::data::Dataset as _;
    pub use crate::functional as F;
    pub use crate::functional::Gelu;
    pub use crate::nn::{Layer as _, Reduction};
    pub use crate::progress::progress;
    pub use crate::summary::summary;
    pub use crate::tensor::methods::TensorExt as _;
    pub use crate::{
        Result, blank, candle_core, candle_nn, check, data, display, hint, input, models, nn,
        optim, plot, show, solution, t, tensor, torch, widget,
    };
}
