//! Nothing of a model is lost: parameters are found wherever they stand, what is shared counts once, and a
//! copy is a copy.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use akari::candle_core::Result;
use akari::prelude::*;

use crate::vectors::values;
use crate::{error, seeded};

fn names(layer: &dyn nn::Layer) -> Vec<String> {
    layer.named_parameters().into_iter().map(|(name, _)| name).collect()
}

fn state_names(layer: &dyn nn::Layer) -> Vec<String> {
    layer.state().into_iter().map(|(name, _)| name).collect()
}

fn linear(inputs: usize, outputs: usize) -> nn::Linear {
    nn::Linear::new(inputs, outputs).unwrap()
}

/// Whether a step of an optimizer of all parameters changes each of them.
fn all_are_trained(layer: &impl nn::Layer, x: &Tensor) {
    let before = layer.named_parameters().iter().map(|it| values(&it.1)).collect::<Vec<_>>();
    let config = optim::SGDConfig { lr: 0.1, ..Default::default() };
    let mut sgd = optim::SGD::new(layer.parameters(), config).unwrap();
    sgd.backward_step(&layer.forward(x).unwrap().sqr().unwrap().sum_all().unwrap()).unwrap();
    for ((name, after), before) in layer.named_parameters().iter().zip(before) {
        assert_ne!(values(after), before, "{name}");
    }
}

#[test]
fn a_prelu_in_a_chain_is_trained_and_saved() {
    let _seeded = seeded();
    let model = nn::seq![linear(2, 2), nn::PReLU::default(), linear(2, 1)];
    assert_eq!(names(&model), ["0.weight", "0.bias", "1.weight", "2.weight", "2.bias"]);
    assert_eq!(model.num_parameters(), 10);
    assert!(model.state_dict().unwrap().contains_key("1.weight"));
    all_are_trained(&model, &tensor!([[1.0, -2.0], [-3.0, 0.5], [-1.0, -1.0]]));
    let by_hand = nn::Sequential::new().add(nn::ReLU).add(nn::PReLU::new(3, 0.1).unwrap());
    assert_eq!(by_hand.num_parameters(), 3);
}

#[test]
fn eval_reaches_an_rrelu() {
    let _seeded = seeded();
    let model = nn::seq![nn::RReLU::default()];
    let x = Tensor::full(-1f32, 50, &Device::Cpu).unwrap();
    model.eval();
    let slope = (1.0f32 / 8.0 + 1.0 / 3.0) / 2.0;
    assert_eq!(model.forward(&x).unwrap().to_vec1::<f32>().unwrap(), [-slope; 50]);
    model.train();
    assert_ne!(values(&model.forward(&x).unwrap()), values(&model.forward(&x).unwrap()));
}

struct Tied {
    encode: nn::Linear,
    body: nn::Sequential,
}

nn::model!(Tied { encode, body });

impl Module for Tied {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.body.forward(&self.encode.forward(x)?)
    }
}

fn tied() -> Tied {
    let shared = linear(3, 3);
    Tied { encode: shared.clone(), body: nn::seq![nn::Tanh, shared, nn::Tanh, linear(3, 1)] }
}

#[test]
fn a_shared_layer_counts_once_and_has_both_names_in_the_state() {
    let _seeded = seeded();
    let model = tied();
    assert_eq!(model.num_parameters(), 16);
    assert_eq!(names(&model), ["encode.weight", "encode.bias", "body.3.weight", "body.3.bias"]);
    assert_eq!(state_names(&model).len(), 6);
    let dict = model.state_dict().unwrap();
    assert_eq!(values(&dict["encode.weight"]), values(&dict["body.1.weight"]));
}

#[test]
fn a_shared_weight_is_stepped_once() {
    let _seeded = seeded();
    let layer = linear(2, 2);
    let model = nn::seq![layer.clone(), layer.clone()];
    let x = tensor!([[1.0, 2.0]]);
    let before = layer.weight.copy().unwrap();
    let loss = || model.forward(&x).unwrap().sum_all().unwrap();
    let grad = loss().backward().unwrap().get(&layer.weight).unwrap().clone();
    let config = optim::SGDConfig { lr: 0.5, ..Default::default() };
    optim::SGD::new(model.parameters(), config).unwrap().backward_step(&loss()).unwrap();
    let expected = (before - (grad * 0.5).unwrap()).unwrap();
    assert_eq!(values(&layer.weight), values(&expected));
}

#[test]
fn a_double_in_an_optimizers_list_is_refused() {
    let _seeded = seeded();
    let var = Var::new(&[1f32], &Device::Cpu).unwrap();
    let text = error(optim::Adam::new(vec![var.clone(), var.clone()], Default::default()));
    assert!(text.starts_with("optim::Adam: optimizer contains a parameter group with duplicate"));
    assert!(error(optim::LBFGS::new([var.clone(), var], Default::default())).contains("duplicate"));
}

#[test]
fn clipping_counts_a_gradient_once() {
    let _seeded = seeded();
    let var = Var::new(&[3f32, 4.0], &Device::Cpu).unwrap();
    let mut grads = (var.sqr().unwrap().sum_all().unwrap() / 2.0).unwrap().backward().unwrap();
    let twice = [var.clone(), var.clone()];
    let norm = nn::utils::clip_grad_norm(&twice, &mut grads, 1.0, 2.0).unwrap();
    assert_eq!(norm.to_scalar::<f32>().unwrap(), 5.0);
    let clipped = grads.get(&var).unwrap().to_vec1::<f32>().unwrap();
    assert!((clipped[0] - 0.6).abs() < 1e-5 && (clipped[1] - 0.8).abs() < 1e-5, "{clipped:?}");
}

#[test]
fn candles_own_layers_are_parts_with_parameters() {
    let _seeded = seeded();
    let map = candle_nn::VarMap::new();
    let vb = candle_nn::VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let model = nn::seq![
        candle_nn::linear(4, 8, vb.pp("a")).unwrap(),
        F::tanh,
        candle_nn::prelu(None, vb.pp("d")).unwrap(),
        candle_nn::linear_no_bias(8, 2, vb.pp("c")).unwrap(),
    ];
    assert_eq!(names(&model), ["0.weight", "0.bias", "2.weight", "3.weight"]);
    let count = map.all_vars().iter().map(|var| var.elem_count()).sum::<usize>();
    assert_eq!(model.num_parameters(), count);
    assert!(model.to_string().contains("(0): Linear(in_features=4, out_features=8, bias=True)"));
    all_are_trained(&model, &tensor!([[1.0, -2.0, 0.5, -0.3], [0.1, 0.2, -0.7, 2.0]]));
    let conv = candle_nn::conv2d(1, 2, 3, Default::default(), vb.pp("e")).unwrap();
    let images = nn::seq![conv, nn::Flatten::default()];
    assert_eq!(images.num_parameters(), 20);
    let words = nn::seq![candle_nn::embedding(5, 3, vb.pp("f")).unwrap()];
    assert_eq!(names(&words), ["0.weight"]);
    let copy = words.deep_copy().unwrap();
    assert_ne!(copy.parameters()[0].id(), words.parameters()[0].id());
}

#[derive(Clone)]
enum Kind {
    Sum,
}

struct Everything<L> {
    list: Vec<nn::Linear>,
    maybe: Option<nn::LayerNorm>,
    none: Option<nn::Linear>,
    pair: (nn::Linear, nn::ReLU),
    two: [nn::PReLU; 2],
    map: BTreeMap<String, nn::Linear>,
    hashed: HashMap<&'static str, nn::Linear>,
    shared: Arc<nn::Linear>,
    boxed: Vec<Box<dyn nn::Layer + Send + Sync>>,
    nested: Vec<Vec<nn::Linear>>,
    generic: L,
    gain: Var,
    gains: Vec<Var>,
    table: Var,
    mode: nn::Mode,
    act: fn(&Tensor) -> Result<Tensor>,
    kind: Kind,
    size: usize,
    name: String,
    hidden: std::cell::RefCell<Vec<Tensor>>,
}

nn::model!(Everything<L: nn::Layer> {
    list, maybe, none, pair, two, map, hashed, shared, boxed, nested, generic, gain, gains, table: buffer, mode, act, kind,
    size, name, hidden: _,
});

impl<L: nn::Layer> Module for Everything<L> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let Kind::Sum = self.kind;
        (self.act)(x)
    }
}

fn everything() -> Everything<nn::Sequential> {
    let one = || linear(1, 1);
    let var = || Var::new(&[1f32], &Device::Cpu).unwrap();
    Everything {
        list: vec![one(), one()],
        maybe: Some(nn::LayerNorm::new([2]).unwrap()),
        none: None,
        pair: (one(), nn::ReLU),
        two: [nn::PReLU::default(), nn::PReLU::default()],
        map: [("b".to_owned(), one()), ("a".to_owned(), one())].into(),
        hashed: ["z", "y", "x"].map(|key| (key, one())).into(),
        shared: Arc::new(one()),
        boxed: vec![Box::new(one()), Box::new(nn::Dropout::new(0.5).unwrap())],
        nested: vec![vec![one()], vec![one()]],
        generic: nn::seq![one(), nn::Tanh],
        gain: var(),
        gains: vec![var(), var()],
        table: Var::new(&[7f32], &Device::Cpu).unwrap(),
        mode: nn::Mode::default(),
        act: F::relu,
        kind: Kind::Sum,
        size: 3,
        name: "net".to_owned(),
        hidden: Default::default(),
    }
}

#[test]
fn parameters_are_found_wherever_they_stand() {
    let _seeded = seeded();
    let model = everything();
    let weights = names(&model).into_iter().filter(|name| !name.ends_with("bias"));
    let expected = [
        "gain",
        "gains.0",
        "gains.1",
        "list.0.weight",
        "list.1.weight",
        "maybe.weight",
        "pair.0.weight",
        "two.0.weight",
        "two.1.weight",
        "map.a.weight",
        "map.b.weight",
        "hashed.x.weight",
        "hashed.y.weight",
        "hashed.z.weight",
        "shared.weight",
        "boxed.0.weight",
        "nested.0.0.weight",
        "nested.1.0.weight",
        "generic.0.weight",
    ];
    assert_eq!(weights.collect::<Vec<_>>(), expected);
    assert!(state_names(&model).contains(&"table".to_owned()));
    assert!(!names(&model).contains(&"table".to_owned()));
    let text = model.to_string();
    assert!(
        text.starts_with("Everything(\n  (list): ModuleList(\n    (0-1): 2 x Linear("),
        "{text}"
    );
    assert!(text.contains("  (map): ModuleDict(\n    (a): Linear("), "{text}");
    assert_eq!((model.size, model.name.as_str()), (3, "net"));
    assert!(model.hidden.borrow().is_empty() && model.none.is_none());
}

#[test]
fn a_mode_of_ones_own_follows_train_and_eval() {
    let model = everything();
    model.eval();
    assert!(!model.mode.is_training());
    let x = tensor!([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(values(&model.boxed[1].forward(&x).unwrap()), [1.0; 8]);
    model.train();
    assert!(model.mode.is_training());
}

#[test]
fn state_of_any_shape_comes_back_from_a_file() {
    let _seeded = seeded();
    let path = std::env::temp_dir().join(format!("akari-parts-{}.safetensors", std::process::id()));
    let (from, to) = (everything(), everything());
    from.table.set(&tensor!([9.0])).unwrap();
    torch::save(&from, &path).unwrap();
    to.load(&path).unwrap();
    assert_eq!(values(&to.table), [9.0]);
    let all =
        |model: &Everything<_>| model.state().iter().map(|it| values(&it.1)).collect::<Vec<_>>();
    assert_eq!(all(&from), all(&to));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_clone_is_the_same_layer_and_a_deep_copy_another() {
    let _seeded = seeded();
    let dropout = nn::Dropout::new(0.5).unwrap();
    let model = nn::seq![dropout.clone(), nn::BatchNorm1d::new(2).unwrap(), linear(2, 1)];
    let (same, copy) = (model.clone(), model.deep_copy().unwrap());
    assert_eq!(model.to_string(), copy.to_string());
    model.eval();
    let x = tensor!([1.0, 2.0]);
    assert_eq!(values(&dropout.forward(&x).unwrap()), [1.0, 2.0], "a clone is in the same mode");
    copy.train();
    assert_eq!(values(&dropout.forward(&x).unwrap()), [1.0, 2.0], "a copy has its own");
    let before = copy.state_dict().unwrap();
    for (name, var) in model.state() {
        var.set(&var.ones_like().unwrap()).unwrap();
        let var = same.state_dict().unwrap()[&name].to_dtype(DType::F64).unwrap();
        assert!(values(&var).iter().all(|it| *it == 1.0), "{name} of a clone");
    }
    for (name, tensor) in copy.state_dict().unwrap() {
        let known = |tensor: &Tensor| values(&tensor.to_dtype(DType::F64).unwrap());
        assert_eq!(known(&tensor), known(&before[&name]), "{name} of a copy");
    }
}

#[test]
fn what_is_shared_in_a_model_is_shared_in_its_copy() {
    let _seeded = seeded();
    let (model, copy) = {
        let model = tied();
        let copy = model.deep_copy().unwrap();
        (model, copy)
    };
    assert_eq!(copy.num_parameters(), model.num_parameters());
    let ids = |model: &Tied| model.parameters().iter().map(|it| it.id()).collect::<Vec<_>>();
    assert!(ids(&model).iter().all(|id| !ids(&copy).contains(id)));
    let text = error(everything().deep_copy());
    assert!(text.contains("Linear does not say how it is copied"), "{text}");
}

#[test]
fn a_layer_by_hand_says_that_it_cannot_be_copied() {
    let _seeded = seeded();
    struct Net(nn::Linear);
    impl Module for Net {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            self.0.forward(x)
        }
    }
    impl nn::Layer for Net {
        fn children(&self) -> Vec<(String, &dyn nn::Layer)> {
            vec![("inner".to_owned(), &self.0)]
        }
    }
    let net = Net(linear(2, 1));
    assert_eq!(names(&net), ["inner.weight", "inner.bias"]);
    let text = error(net.deep_copy());
    assert!(text.starts_with("nn::Layer::deep_copy: Net does not say how it is copied"), "{text}");
}

#[test]
fn an_optimizer_comes_back_from_its_file() {
    let _seeded = seeded();
    let path = std::env::temp_dir().join(format!("akari-optim-{}.safetensors", std::process::id()));
    let var = Var::new(&[1f32, -2.0], &Device::Cpu).unwrap();
    let make = || optim::Adam::new([var.clone()], optim::AdamConfig::default()).unwrap();
    let mut adam = make();
    adam.backward_step(&var.sqr().unwrap().sum_all().unwrap()).unwrap();
    adam.save(&path).unwrap();
    let mut again = make();
    again.load(&path).unwrap();
    let by_candle = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    again.load_state_dict(&by_candle).unwrap();
    candle_core::safetensors::save(&again.state_dict().unwrap(), &path).unwrap();
    let model = nn::seq![linear(2, 1)];
    candle_core::safetensors::save(&model.state_dict().unwrap(), path.with_extension("net"))
        .unwrap();
    model.load(path.with_extension("net")).unwrap();
    std::fs::remove_file(path.with_extension("net")).unwrap();
    again.load_state_dict(&nn::load(&path).unwrap()).unwrap();
    let (a, b) = (adam.state_dict().unwrap(), again.state_dict().unwrap());
    assert_eq!(a.len(), b.len());
    assert_eq!(values(&a["state.0.exp_avg"]), values(&b["state.0.exp_avg"]));
    std::fs::remove_file(&path).unwrap();
    assert!(error(again.load(&path)).starts_with("optim::Adam::load: "));
    assert!(error(torch::load(&path)).starts_with("torch::load: "));
}

#[test]
fn what_changes_nothing_shares_no_memory_with_a_variable() {
    let _seeded = seeded();
    let var = Var::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
    let flatten = nn::Flatten { start_dim: 0, end_dim: -1 };
    let dropout = nn::Dropout::new(0.5).unwrap();
    dropout.eval();
    let kept = [
        torch::clone(&var).unwrap().detach(),
        torch::clone(&var.t().unwrap().detach()).unwrap(),
        torch::clone(&var.detach().get(1).unwrap()).unwrap(),
        F::dropout(&var, 0.0, true).unwrap(),
        F::dropout(&var.t().unwrap(), 0.5, false).unwrap(),
        dropout.forward(&var).unwrap(),
        F::pad(&var, &[0, 0], 0.0).unwrap(),
        F::pad(&var, &[-1, 0], 0.0).unwrap(),
        flatten.forward(&var).unwrap(),
        nn::Identity.forward(&var).unwrap(),
    ];
    let before = kept.iter().map(values).collect::<Vec<_>>();
    var.set(&tensor!([[9.0, 9.0], [9.0, 9.0]])).unwrap();
    for (index, (kept, before)) in kept.iter().zip(before).enumerate() {
        assert_eq!(values(kept), before, "{index}");
    }
    let grads = torch::clone(&var).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(values(grads.get(&var).unwrap()), [1.0; 4]);
}

#[test]
fn widths_of_a_border_do_not_wrap_around() {
    let x = tensor!([[1.0, 2.0], [3.0, 4.0]]);
    for widths in [[i64::MIN, 0], [i64::MIN, i64::MAX], [-3, 5], [i64::MIN, i64::MIN]] {
        let text = error(F::pad(&x, &widths, 0.0));
        assert!(text.starts_with("F::pad: padding"), "{widths:?}: {text}");
    }
    for widths in [[i64::MAX, 0], [i64::MAX, i64::MAX], [1 << 45, 0]] {
        let text = error(F::pad(&x, &widths, 0.0));
        assert!(text.contains("more memory than there is"), "{widths:?}: {text}");
    }
}

#[test]
fn vgg_is_a_layer_with_torchvisions_names() {
    let _seeded = seeded();
    let vgg = models::vgg11().unwrap();
    assert!(nn::Layer::repr(&vgg).starts_with("VGG(\n  (features): Sequential(\n    (0): Conv2d"));
    vgg.eval();
    let model = nn::seq![vgg, nn::Softmax { dim: Some(1) }];
    assert!(model.to_string().starts_with("Sequential(\n  (0): VGG(\n    (features): Seq"));
}

#[test]
fn shapes_that_fit_no_memory_are_errors_in_words() {
    let _seeded = seeded();
    for shape in [(usize::MAX, 2), (1 << 63, 2), (1 << 45, 1)] {
        for text in [
            error(torch::rand(shape)),
            error(torch::randn(shape)),
            error(torch::randint(0, 9, shape)),
        ] {
            assert!(text.contains("more memory than there is"), "{shape:?}: {text}");
        }
    }
    for text in [
        error(nn::Linear::new(1 << 63, 2)),
        error(nn::Conv2d::new(1 << 40, 1 << 40, 3, Default::default())),
        error(nn::Embedding::new(1 << 63, 2)),
        error(torch::randperm(usize::MAX)),
    ] {
        assert!(text.contains("more memory than there is"), "{text}");
    }
    for (numbers, classes) in [(tensor!([1, 2]), i64::MAX), (tensor!([i64::MAX - 1]), -1)] {
        let text = error(F::one_hot(&numbers, classes));
        assert!(text.starts_with("F::one_hot: a tensor of shape"), "{text}");
    }
}

#[test]
#[allow(overflowing_literals)] // Cells are compiled without this check.
fn an_integer_that_is_no_i64_is_refused() {
    fn text(make: fn() -> Tensor) -> String {
        let payload = std::panic::catch_unwind(make).unwrap_err();
        payload.downcast_ref::<String>().unwrap().clone()
    }
    assert!(text(|| tensor!([1, 18446744073709551615])).contains("Overflow when unpacking long"));
    assert!(text(|| tensor!(vec![u64::MAX])).contains("18446744073709551615 is no i64"));
    let ends = tensor!([-9223372036854775808, 9223372036854775807]);
    assert_eq!(ends.to_vec1::<i64>().unwrap(), [i64::MIN, i64::MAX]);
}

#[test]
fn a_set_of_a_transposed_tensor_is_walked_as_fast() {
    let _seeded = seeded();
    let x = torch::rand((4, 6)).unwrap().t().unwrap();
    let set = data::TensorDataset::new(&x, &tensor!([0, 1, 2, 3, 4, 5])).unwrap();
    assert!(set.tensors.0.is_contiguous());
    assert_eq!(values(&set.get(5).unwrap().0), values(&x.get(5).unwrap()));
}

#[test]
fn convolutions_and_pools_of_odd_sizes_are_errors_in_words() {
    let (x, weight) = (tensor!([[[1.0, 2.0], [3.0, 4.0]]]), tensor!([[[[1.0]]]]));
    let conv = |padding: usize, dilation: usize| {
        let config = F::Conv2dConfig { padding, dilation, ..Default::default() };
        error(F::conv2d(&x, &weight, None, config))
    };
    assert!(conv(1_000_000, 1).contains("more memory than there is"), "{}", conv(1_000_000, 1));
    for text in
        [conv(usize::MAX / 2, 1), conv(0, usize::MAX), error(F::avg_pool2d(&x, 2, 1, 1 << 40))]
    {
        assert!(text.contains("must be less than 2^31"), "{text}");
    }
    let none = Tensor::zeros((0, 1, 1, 1), DType::F32, &Device::Cpu).unwrap();
    let text = error(F::conv2d(&x, &none, None, Default::default()));
    assert!(text.contains("weight must have output channels"), "{text}");
}
