//! Properties of every optimizer: odd shapes and gradients, and a run that is saved and continued.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use akari::candle_core::backprop::GradStore;
use akari::candle_core::{DType, Device, Result, Tensor, Var, safetensors};
use akari::nn::utils::{clip_grad_norm, clip_grad_value};
use akari::optim::lr_scheduler::{
    CosineAnnealingWarmRestarts, CosineAnnealingWarmRestartsConfig, ExponentialLR,
    ExponentialLRConfig, LinearLR, LinearLRConfig, OneCycleLR, OneCycleLRConfig, ReduceLROnPlateau,
    ReduceLROnPlateauConfig, SequentialLR,
};
use akari::optim::{self, Options, ParamGroup, Rule, RuleOptimizer};
use candle_nn::Optimizer;

/// Calls a generic function with each rule in turn.
macro_rules! for_each_rule {
    ($function:ident) => {
        $function::<optim::SgdRule>(&[("momentum", 0.9), ("nesterov", 1.0)]);
        $function::<optim::SgdRule>(&[]);
        $function::<optim::AdamRule>(&[("amsgrad", 1.0)]);
        $function::<optim::AdamWRule>(&[]);
        $function::<optim::NAdamRule>(&[]);
        $function::<optim::RAdamRule>(&[]);
        $function::<optim::AdamaxRule>(&[]);
        $function::<optim::AdadeltaRule>(&[]);
        $function::<optim::AdagradRule>(&[("lr_decay", 0.1)]);
        $function::<optim::RMSpropRule>(&[("momentum", 0.9), ("centered", 1.0)]);
        $function::<optim::RpropRule>(&[]);
        $function::<optim::ASGDRule>(&[("t0", 1.0)]);
        $function::<optim::AdafactorRule>(&[]);
    };
}

fn config<R: Rule>(options: &[(&str, f64)]) -> R::Config {
    let mut config = R::Config::default();
    for (name, value) in options {
        assert!(config.set_numbers(name, &[*value]), "{}: {name}", R::NAME);
    }
    config
}

fn noise(seed: usize, len: usize) -> Vec<f64> {
    let wave = |index: usize| ((index * 7919 + seed * 104_729) % 1009) as f64 / 504.5 - 1.0;
    (0..len).map(wave).collect()
}

fn tensor(seed: usize, dims: &[usize], dtype: DType) -> Tensor {
    let numbers = noise(seed, dims.iter().product());
    Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
}

fn var(seed: usize, dims: &[usize], dtype: DType) -> Var {
    Var::from_tensor(&tensor(seed, dims, dtype)).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn gradients(vars: &[Var], seed: usize) -> GradStore {
    let mut grads = GradStore::default();
    for (index, var) in vars.iter().enumerate() {
        grads.insert(var, tensor(seed * 31 + index, var.dims(), var.dtype()));
    }
    grads
}

fn shapes(vars: &[&[usize]], dtype: DType) -> Vec<Var> {
    vars.iter().enumerate().map(|(seed, dims)| var(seed, dims, dtype)).collect()
}

fn walks_on_after_being_saved<R: Rule>(options: &[(&str, f64)]) {
    run_twice::<R>(options, &[&[3, 2], &[4], &[], &[2, 3, 2]]);
}

fn run_twice<R: Rule>(options: &[(&str, f64)], dims: &[&[usize]]) {
    for dtype in [DType::F32, DType::F64] {
        let vars = shapes(dims, dtype);
        let make = |vars: &[Var], lr: f64| {
            let mut second = config::<R>(options);
            *second.lr() = lr;
            let groups = vec![
                ParamGroup { params: vars[..1].to_vec().into(), config: config::<R>(options) },
                ParamGroup { params: vars[1..].to_vec().into(), config: second },
            ];
            RuleOptimizer::<R>::with_groups(groups).unwrap()
        };
        let mut whole = make(&vars, 0.3);
        for seed in 0..5 {
            whole.step(&gradients(&vars, seed)).unwrap();
        }
        let path = std::env::temp_dir().join(format!(
            "akari-{}-{}-{dtype:?}.safetensors",
            std::process::id(),
            R::NAME
        ));
        safetensors::save(&whole.state_dict().unwrap(), &path).unwrap();
        let copies = vars.iter().map(|it| Var::from_tensor(&it.copy().unwrap()).unwrap());
        let copies = copies.collect::<Vec<_>>();
        // The rate is in the file too.
        let mut continued = make(&copies, 0.7);
        continued.load_state_dict(&safetensors::load(&path, &Device::Cpu).unwrap()).unwrap();
        std::fs::remove_file(path).unwrap();
        for seed in 5..10 {
            whole.step(&gradients(&vars, seed)).unwrap();
            continued.step(&gradients(&copies, seed)).unwrap();
        }
        for (a, b) in vars.iter().zip(&copies) {
            assert_eq!(numbers(a), numbers(b), "{}", R::NAME);
        }
        assert_eq!(format!("{whole:#}"), format!("{continued:#}"));
    }
}

#[test]
fn a_run_that_is_saved_and_loaded_walks_the_same_path() {
    for_each_rule!(walks_on_after_being_saved);
    run_twice::<optim::MuonRule>(&[], &[&[3, 2], &[2, 4]]);
}

#[test]
fn an_lbfgs_that_is_saved_and_loaded_walks_the_same_path() {
    let make = |w: &Var| {
        let config = optim::LBFGSConfig {
            lr: 0.1,
            max_iter: 4,
            line_search_fn: Some(optim::LineSearch::StrongWolfe),
            ..Default::default()
        };
        optim::LBFGS::new([w.clone()], config).unwrap()
    };
    let loss = |w: &Var| -> Result<Tensor> {
        let (x, y) = (w.get(0)?, w.get(1)?);
        ((y - x.sqr()?)?.sqr()? * 100.0)? + (1.0 - x)?.sqr()?
    };
    let w = Var::new(&[-1.2f64, 1.0], &Device::Cpu).unwrap();
    let mut whole = make(&w);
    for _ in 0..2 {
        whole.step(|| loss(&w)).unwrap();
    }
    let copy = Var::from_tensor(&w.copy().unwrap()).unwrap();
    let mut continued = make(&copy);
    continued.load_state_dict(&whole.state_dict().unwrap()).unwrap();
    for _ in 0..3 {
        whole.step(|| loss(&w)).unwrap();
        continued.step(|| loss(&copy)).unwrap();
    }
    assert_eq!(numbers(&w), numbers(&copy));
    assert_eq!(whole.func_evals(), continued.func_evals());
}

fn takes_odd_shapes<R: Rule>(options: &[(&str, f64)]) {
    let vars = shapes(&[&[0], &[], &[0, 3], &[1], &[2, 0, 3], &[1, 1]], DType::F32);
    let mut optimizer = RuleOptimizer::<R>::new(&vars, config::<R>(options)).unwrap();
    for seed in 0..3 {
        optimizer.step(&gradients(&vars, seed)).unwrap();
    }
    for var in &vars {
        assert!(numbers(var).iter().all(|it| it.is_finite()), "{}", R::NAME);
    }
}

#[test]
fn parameters_may_be_empty_or_without_axes() {
    for_each_rule!(takes_odd_shapes);
    let empty = Var::zeros((0, 3), DType::F32, &Device::Cpu).unwrap();
    let mut muon = optim::Muon::new([empty.clone()], optim::MuonConfig::default()).unwrap();
    muon.step(&gradients(&[empty], 0)).unwrap();
}

/// Large parameters are shared between cores, and must come to the same as small ones.
fn is_the_same_in_pieces<R: Rule>(options: &[(&str, f64)]) {
    let len = 200_003;
    let whole = var(1, &[len], DType::F32);
    let flat = tensor(1, &[len], DType::F32);
    let pieces = [(0, 70_000), (70_000, 60_000), (130_000, len - 130_000)];
    let parts =
        pieces.map(|(start, len)| Var::from_tensor(&flat.narrow(0, start, len).unwrap()).unwrap());
    let mut of_whole = RuleOptimizer::<R>::new([whole.clone()], config::<R>(options)).unwrap();
    let mut of_parts = RuleOptimizer::<R>::new(parts.to_vec(), config::<R>(options)).unwrap();
    for seed in 0..3 {
        let gradient = tensor(seed + 7, &[len], DType::F32);
        let mut grads = GradStore::default();
        grads.insert(&whole, gradient.clone());
        for (part, (start, len)) in parts.iter().zip(pieces) {
            grads.insert(part, gradient.narrow(0, start, len).unwrap());
        }
        of_whole.step(&grads).unwrap();
        of_parts.step(&grads).unwrap();
    }
    let parts = parts.iter().flat_map(|it| numbers(it)).collect::<Vec<_>>();
    assert_eq!(numbers(&whole), parts, "{}", R::NAME);
}

#[test]
fn large_parameters_are_stepped_as_small_ones() {
    is_the_same_in_pieces::<optim::SgdRule>(&[("momentum", 0.9)]);
    is_the_same_in_pieces::<optim::AdamRule>(&[("amsgrad", 1.0)]);
    is_the_same_in_pieces::<optim::RMSpropRule>(&[("centered", 1.0), ("momentum", 0.5)]);
    is_the_same_in_pieces::<optim::RpropRule>(&[]);
}

fn takes_itself_as_gradient<R: Rule>(options: &[(&str, f64)]) {
    let (one, two) = (var(3, &[3, 2], DType::F64), var(3, &[3, 2], DType::F64));
    let mut first = RuleOptimizer::<R>::new([one.clone()], config::<R>(options)).unwrap();
    let mut second = RuleOptimizer::<R>::new([two.clone()], config::<R>(options)).unwrap();
    for gradient in [one.as_tensor().clone(), one.as_detached_tensor()] {
        let mut grads = GradStore::default();
        grads.insert(&two, gradient.copy().unwrap());
        second.step(&grads).unwrap();
        grads.insert(&one, gradient);
        first.step(&grads).unwrap();
        assert_eq!(numbers(&one), numbers(&two), "{}", R::NAME);
    }
}

#[test]
fn a_parameter_may_be_its_own_gradient() {
    for_each_rule!(takes_itself_as_gradient);
}

fn is_still_without_gradient<R: Rule>(options: &[(&str, f64)]) {
    // Late first gradients: a parameter counts its own steps.
    let vars = shapes(&[&[3, 2], &[3, 2]], DType::F64);
    let alone = Var::from_tensor(&vars[1].copy().unwrap()).unwrap();
    let mut both = RuleOptimizer::<R>::new(&vars, config::<R>(options)).unwrap();
    let mut one = RuleOptimizer::<R>::new([alone.clone()], config::<R>(options)).unwrap();
    for seed in 0..6 {
        let mut grads = gradients(&vars, seed);
        if seed % 2 == 0 {
            let before = numbers(&vars[1]);
            grads.remove(&vars[1]);
            both.step(&grads).unwrap();
            assert_eq!(numbers(&vars[1]), before, "{}", R::NAME);
        } else {
            grads.insert(&alone, grads.get(&vars[1]).unwrap().clone());
            both.step(&grads).unwrap();
            one.step(&grads).unwrap();
        }
    }
    assert_eq!(numbers(&vars[1]), numbers(&alone), "{}", R::NAME);
}

#[test]
fn candle_adamw_counts_steps_globally_with_missing_gradients() {
    for_each_rule!(is_still_without_gradient);
    // candle-nn's own: the second parameter's first step is not the size of the rate.
    let vars = shapes(&[&[1], &[1]], DType::F64);
    let params = candle_nn::ParamsAdamW { lr: 0.1, weight_decay: 0.0, ..Default::default() };
    let mut candle = candle_nn::AdamW::new(vars.clone(), params).unwrap();
    let before = numbers(&vars[1])[0];
    for seed in 0..6 {
        let mut grads = gradients(&vars, seed);
        if seed < 5 {
            grads.remove(&vars[1]);
        }
        candle.step(&grads).unwrap();
    }
    assert!(((numbers(&vars[1])[0] - before).abs() - 0.1).abs() > 0.01);
}

fn refuses_half_precision<R: Rule>(options: &[(&str, f64)]) {
    for dtype in [DType::F16, DType::BF16] {
        let var = var(1, &[2, 2], dtype);
        let mut optimizer = RuleOptimizer::<R>::new([var.clone()], config::<R>(options)).unwrap();
        let error = optimizer.step(&gradients(&[var], 1)).unwrap_err().to_string();
        assert!(error.contains("can only optimize parameters of dtype F32 or F64"), "{error}");
        assert!(error.starts_with("optim::"), "{error}");
    }
}

#[test]
fn parameters_in_half_precision_are_an_error() {
    for_each_rule!(refuses_half_precision);
}

#[test]
fn gradients_of_another_dtype_or_layout_are_taken() {
    let (a, b) = (var(1, &[2, 3], DType::F32), var(1, &[2, 3], DType::F32));
    let gradient = tensor(5, &[3, 2], DType::F32).t().unwrap();
    let mut grads = GradStore::default();
    grads.insert(&a, gradient.contiguous().unwrap());
    grads.insert(&b, gradient.to_dtype(DType::F64).unwrap());
    let mut adam = optim::Adam::new([a.clone(), b.clone()], Default::default()).unwrap();
    adam.step(&grads).unwrap();
    assert_eq!(numbers(&a), numbers(&b));
    grads.insert(&a, tensor(5, &[3, 2], DType::F32));
    let error = adam.step(&grads).unwrap_err().to_string();
    assert_eq!(error, "optim::Adam: a gradient has shape [3, 2], but its parameter [2, 3]");
}

#[test]
fn infinite_parameters_have_no_part_in_a_decay_that_is_off() {
    let w = Var::new(&[f32::INFINITY, 1.0], &Device::Cpu).unwrap();
    let mut sgd = optim::SGD::new([w.clone()], Default::default()).unwrap();
    sgd.backward_step(&w.sum_all().unwrap()).unwrap();
    assert_eq!(numbers(&w)[0], f64::INFINITY);
}

#[test]
fn groups_share_no_parameter() {
    let w = var(1, &[2], DType::F32);
    let group = || ParamGroup { params: w.clone().into(), config: optim::SGDConfig::default() };
    let error = optim::SGD::with_groups(vec![group(), group()]).unwrap_err().to_string();
    assert_eq!(error, "optim::SGD: some parameters appear in more than one parameter group");
}

#[test]
fn a_state_of_other_parameters_is_refused() {
    let (a, b) = (var(1, &[2], DType::F32), var(1, &[3], DType::F32));
    let mut one = optim::Adam::new([a.clone()], Default::default()).unwrap();
    one.step(&gradients(&[a], 1)).unwrap();
    let dict = one.state_dict().unwrap();
    let mut other = optim::Adam::new([b.clone()], Default::default()).unwrap();
    let error = other.load_state_dict(&dict).unwrap_err().to_string();
    assert!(error.contains("which doesn't fit a parameter of shape [3]"), "{error}");
    let c = var(1, &[3], DType::F32);
    let mut two = optim::Adam::new([b, c], Default::default()).unwrap();
    let error = two.load_state_dict(&dict).unwrap_err().to_string();
    assert!(error.contains("doesn't match the size of optimizer's group"), "{error}");
    let mut sgd = optim::SGD::new([var(1, &[2], DType::F32)], Default::default()).unwrap();
    let error = sgd.load_state_dict(&dict).unwrap_err().to_string();
    assert!(error.contains("names of the state dict are unknown here"), "{error}");
    assert!(sgd.load_state_dict(&HashMap::new()).is_err());
}

#[test]
fn a_momentum_that_is_switched_on_later_begins_with_the_gradient() {
    let w = Var::new(&[0f64], &Device::Cpu).unwrap();
    let config = optim::SGDConfig { lr: 1.0, dampening: 0.5, ..Default::default() };
    let mut sgd = optim::SGD::new([w.clone()], config).unwrap();
    for expected in [-1.0, -2.0, -3.4] {
        sgd.backward_step(&w.sum_all().unwrap()).unwrap();
        assert!((numbers(&w)[0] - expected).abs() < 1e-12);
        // The second step is undamped, as the first of the buffer; the third is 0.9 + 0.5.
        sgd.param_groups()[0].config.momentum = 0.9;
    }
}

#[test]
fn schedulers_that_are_saved_and_loaded_go_on() {
    let make = |opt: &mut optim::SGD| {
        let config = LinearLRConfig { start_factor: 0.1, total_iters: 3, ..Default::default() };
        let config_of_restarts =
            CosineAnnealingWarmRestartsConfig { T_0: 2, T_mult: 2, ..Default::default() };
        let parts = vec![
            LinearLR::new(opt, config).unwrap().into(),
            CosineAnnealingWarmRestarts::new(opt, config_of_restarts).unwrap().into(),
            ExponentialLR::new(opt, ExponentialLRConfig { gamma: 0.9 }).unwrap().into(),
        ];
        SequentialLR::new(opt, parts, vec![3, 11]).unwrap()
    };
    let new = || optim::SGD::new([var(1, &[2], DType::F32)], Default::default()).unwrap();
    let mut opt = new();
    let mut whole = make(&mut opt);
    for _ in 0..6 {
        whole.step(&mut opt).unwrap();
    }
    let mut other = new();
    let mut continued = make(&mut other);
    other.load_state_dict(&opt.state_dict().unwrap()).unwrap();
    continued.load_state_dict(&whole.state_dict().unwrap()).unwrap();
    for _ in 0..10 {
        whole.step(&mut opt).unwrap();
        continued.step(&mut other).unwrap();
        assert_eq!(whole.get_last_lr(), continued.get_last_lr());
        assert_eq!(opt.learning_rate(), other.learning_rate());
    }
    let config = || ReduceLROnPlateauConfig { patience: 1, ..Default::default() };
    let mut plateau = ReduceLROnPlateau::new(&mut opt, config()).unwrap();
    plateau.step(1.0, &mut opt).unwrap();
    plateau.step(1.0, &mut opt).unwrap();
    let mut again = ReduceLROnPlateau::new(&mut opt, config()).unwrap();
    again.load_state_dict(&plateau.state_dict().unwrap()).unwrap();
    let before = opt.learning_rate();
    again.step(1.0, &mut opt).unwrap();
    assert!((opt.learning_rate() / before - 0.1).abs() < 1e-12);
}

#[test]
fn one_cycle_ends() {
    let mut sgd = optim::SGD::new([var(1, &[2], DType::F32)], Default::default()).unwrap();
    let config =
        OneCycleLRConfig { max_lr: 0.1.into(), total_steps: Some(5), ..Default::default() };
    let mut scheduler = OneCycleLR::new(&mut sgd, config).unwrap();
    let error = (0..6).find_map(|_| scheduler.step(&mut sgd).err()).unwrap().to_string();
    assert_eq!(
        error,
        "optim::lr_scheduler::OneCycleLR::step: Tried to step 6 times. The specified number of total steps is 5"
    );
}

#[test]
fn clipping_is_pytorchs() {
    let vars = shapes(&[&[2], &[2], &[1]], DType::F64);
    let store = |a: [f64; 2], b: [f64; 2]| {
        let mut grads = GradStore::default();
        grads.insert(&vars[0], Tensor::new(&a, &Device::Cpu).unwrap());
        grads.insert(&vars[1], Tensor::new(&b, &Device::Cpu).unwrap());
        grads
    };
    let of = |grads: &GradStore, index: usize| numbers(grads.get(&vars[index]).unwrap());
    let mut grads = store([3.0, 0.0], [0.0, -4.0]);
    let norm = clip_grad_norm(&vars, &mut grads, 1.0, 2.0).unwrap();
    assert_eq!(norm.to_scalar::<f64>().unwrap(), 5.0);
    assert!((of(&grads, 1)[1] + 4.0 / 5.000001).abs() < 1e-12);
    let mut grads = store([3.0, 0.0], [0.0, -4.0]);
    let norm = clip_grad_norm(&vars, &mut grads, 10.0, f64::INFINITY).unwrap();
    assert_eq!((norm.to_scalar::<f64>().unwrap(), of(&grads, 0)), (4.0, vec![3.0, 0.0]));
    let norm = clip_grad_norm(&vars, &mut grads, 100.0, 1.0).unwrap();
    assert_eq!(norm.to_scalar::<f64>().unwrap(), 7.0);
    clip_grad_value(&vars, &mut grads, 3.5).unwrap();
    assert_eq!(of(&grads, 1), [0.0, -3.5]);
    let mut grads = store([f64::NAN, 0.0], [1.0, 1.0]);
    clip_grad_norm(&vars, &mut grads, 1.0, 2.0).unwrap();
    assert!(of(&grads, 1)[0].is_nan());
    assert_eq!(
        clip_grad_norm(&vars, &mut GradStore::default(), 1.0, 2.0)
            .unwrap()
            .to_scalar::<f64>()
            .unwrap(),
        0.0
    );
}

/// ```python
/// for mode in 'cycle', 'iterations':
///     o = torch.optim.SGD([w], lr=0.1)
///     s = CyclicLR(o, 0.0, 1.0, step_size_up=2, cycle_momentum=False,
///                  scale_fn=lambda x: 1 / (1 + x), scale_mode=mode)
///     for _ in range(7): print(s.get_last_lr()); o.step(); s.step()
/// ```
#[test]
fn a_cycle_is_scaled_by_a_function() {
    use akari::optim::lr_scheduler::{CyclicLR, CyclicLRConfig, CyclicMode};
    let scale: fn(f64) -> f64 = |x| 1.0 / (1.0 + x);
    for (mode, expected) in [
        (
            CyclicMode::OfCycle(scale),
            [0.0, 1.0 / 4.0, 1.0 / 2.0, 1.0 / 4.0, 0.0, 1.0 / 6.0, 1.0 / 3.0],
        ),
        (
            CyclicMode::OfIterations(scale),
            [0.0, 1.0 / 4.0, 1.0 / 3.0, 1.0 / 8.0, 0.0, 1.0 / 12.0, 1.0 / 7.0],
        ),
    ] {
        assert!(mode != CyclicMode::Triangular);
        let mut sgd = optim::SGD::new([var(1, &[1], DType::F32)], Default::default()).unwrap();
        let config = CyclicLRConfig {
            base_lr: 0.0.into(),
            max_lr: 1.0.into(),
            step_size_up: 2,
            cycle_momentum: false,
            mode,
            ..Default::default()
        };
        let mut scheduler = CyclicLR::new(&mut sgd, config).unwrap();
        for expected in expected {
            assert!((scheduler.get_last_lr()[0] - expected).abs() < 1e-15);
            scheduler.step(&mut sgd).unwrap();
        }
    }
}

fn refuses_options_that_make_no_sense<R: Rule>(options: &[(&str, f64)]) {
    refuses_rates_below_zero::<R>(options, &[3]);
}

fn refuses_rates_below_zero<R: Rule>(options: &[(&str, f64)], dims: &[usize]) {
    let vars = shapes(&[dims], DType::F32);
    let mut optimizer = RuleOptimizer::<R>::new(&vars, config::<R>(options)).unwrap();
    let before = format!("{optimizer:#}");
    for lr in [-1.0, f64::NAN] {
        let mut dict = optimizer.state_dict().unwrap();
        dict.insert("param_groups.0.lr".to_owned(), Tensor::new(&[lr], &Device::Cpu).unwrap());
        let error = optimizer.load_state_dict(&dict).unwrap_err().to_string();
        assert!(error.starts_with(&format!("optim::{}::load_state_dict: ", R::NAME)), "{error}");
        assert!(error.to_lowercase().contains("learning rate"), "{error}");
    }
    assert_eq!(format!("{optimizer:#}"), before);
}

#[test]
fn options_that_make_no_sense_are_refused_from_a_file_as_well() {
    for_each_rule!(refuses_options_that_make_no_sense);
    refuses_rates_below_zero::<optim::MuonRule>(&[], &[2, 2]);
}

#[test]
fn numbers_that_are_no_value_of_their_option_are_refused() {
    let w = var(0, &[2, 2], DType::F32);
    let mut muon = optim::Muon::new([w], optim::MuonConfig::default()).unwrap();
    for (name, number) in
        [("ns_steps", -1.0), ("ns_steps", 2.5), ("nesterov", 2.0), ("adjust_lr_fn", -1.0)]
    {
        let mut dict = muon.state_dict().unwrap();
        let number = Tensor::new(&[number], &Device::Cpu).unwrap();
        dict.insert(format!("param_groups.0.{name}"), number);
        let error = muon.load_state_dict(&dict).unwrap_err().to_string();
        assert!(error.contains(&format!("param_groups.0.{name}")), "{error}");
    }
}

#[test]
fn an_lbfgs_refuses_a_state_that_it_could_not_go_on_from() {
    let w = var(0, &[2], DType::F64);
    let config = optim::LBFGSConfig { max_iter: 3, ..Default::default() };
    let mut lbfgs = optim::LBFGS::new([w.clone()], config).unwrap();
    lbfgs.step(|| w.sqr()?.sqr()?.sum_all()).unwrap();
    let list = |numbers: &[f64]| Tensor::new(numbers, &Device::Cpu).unwrap();
    for (name, numbers) in [
        ("param_groups.0.lr", list(&[-1.0])),
        ("param_groups.0.max_iter", list(&[-1.0])),
        ("state.0.scalars", list(&[1.0, f64::NAN, 1.0, 1.0])),
        ("state.0.prev_flat_grad", list(&[1.0])),
        ("state.0.ro", list(&[1.0; 9])),
    ] {
        let mut dict = lbfgs.state_dict().unwrap();
        dict.insert(name.to_owned(), numbers);
        let error = lbfgs.load_state_dict(&dict).expect_err(name).to_string();
        assert!(error.starts_with("optim::LBFGS::load_state_dict: "), "{name}: {error}");
    }
    lbfgs.step(|| w.sqr()?.sqr()?.sum_all()).unwrap();
}

#[test]
fn a_named_optimizer_hands_everything_to_its_rule() {
    let [a, b] = [var(0, &[2], DType::F32), var(1, &[2], DType::F32)];
    let group = |var: &Var| ParamGroup { params: var.clone().into(), config: Default::default() };
    let mut sgd = optim::SGD::with_groups(vec![group(&a)]).unwrap();
    sgd.add_param_group(group(&b)).unwrap();
    sgd.set_learning_rate(0.5);
    assert_eq!((sgd.param_groups().len(), sgd.learning_rate()), (2, 0.5));
    let mut scheduler = ExponentialLR::new(&mut sgd, ExponentialLRConfig { gamma: 0.5 }).unwrap();
    scheduler.step(&mut sgd).unwrap();
    assert_eq!(sgd.learning_rate(), 0.25);
    assert!(sgd.to_string().contains("initial_lr: 0.5"), "{sgd}");
    assert!(format!("{sgd:#}").contains("maximize: False"), "{sgd:#}");
    let before = numbers(&b);
    sgd.step(&gradients(&[a.clone(), b.clone()], 1)).unwrap();
    assert_ne!(numbers(&b), before);
    let mut again = optim::SGD::with_groups(vec![group(&a), group(&b)]).unwrap();
    again.load_state_dict(&sgd.state_dict().unwrap()).unwrap();
    assert_eq!(format!("{again:#}"), format!("{sgd:#}"));
    assert!(optim::SGD::new(Vec::<Var>::new(), Default::default()).is_err());
}
