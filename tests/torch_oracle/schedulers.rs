//! Section `sched`: rates, momentum and the printed optimizer.

use akari::candle_core::{DType, Device, Var};
use akari::optim::lr_scheduler::{
    AnnealStrategy, ChainedScheduler, ConstantLR, ConstantLRConfig, CosineAnnealingLR,
    CosineAnnealingLRConfig, CosineAnnealingWarmRestarts, CosineAnnealingWarmRestartsConfig,
    CyclicLR, CyclicLRConfig, CyclicMode, ExponentialLR, ExponentialLRConfig, LambdaLR, Lambdas,
    LinearLR, LinearLRConfig, LrScheduler, MultiStepLR, MultiStepLRConfig, MultiplicativeLR,
    OneCycleLR, OneCycleLRConfig, PerGroup, PlateauMode, PolynomialLR, PolynomialLRConfig,
    ReduceLROnPlateau, ReduceLROnPlateauConfig, SequentialLR, StepLR, StepLRConfig, ThresholdMode,
};
use akari::optim::{self, ParamGroup, ParamGroups, Rule, RuleOptimizer};
use serde_json::{Map, Value};

use crate::tally::Tally;
use crate::vectors::{difference, section};

type Boxed = Box<dyn LrScheduler>;

/// Options by name; what nobody has asked for at the end is a failure.
struct Options<'a> {
    all: &'a Map<String, Value>,
    left: Vec<&'a str>,
}

impl<'a> Options<'a> {
    fn new(value: &'a Value) -> Self {
        let all = value.as_object().unwrap();
        Options { all, left: all.keys().map(String::as_str).collect() }
    }

    fn get(&mut self, name: &str) -> Option<&'a Value> {
        self.left.retain(|it| *it != name);
        self.all.get(name)
    }

    fn float(&mut self, name: &str, default: f64) -> f64 {
        self.get(name).map_or(default, |it| it.as_f64().unwrap())
    }

    fn integer(&mut self, name: &str) -> Option<i32> {
        self.get(name).map(|it| it.as_i64().unwrap() as i32)
    }

    fn flag(&mut self, name: &str, default: bool) -> bool {
        self.get(name).map_or(default, |it| it.as_bool().unwrap())
    }

    fn per_group(&mut self, name: &str, default: PerGroup) -> PerGroup {
        match self.get(name) {
            None => default,
            Some(Value::Array(all)) => {
                all.iter().map(|it| it.as_f64().unwrap()).collect::<Vec<_>>().into()
            }
            Some(one) => one.as_f64().unwrap().into(),
        }
    }

    fn word<T: Copy>(&mut self, name: &str, default: T, words: &[(&str, T)]) -> T {
        let Some(word) = self.get(name) else { return default };
        words.iter().find(|it| *word == *it.0).unwrap().1
    }

    fn lambdas(&mut self) -> Lambdas {
        match self.get("lr_lambda").unwrap() {
            Value::Array(names) => Lambdas::each(names.iter().map(lambda).collect()),
            name => lambda(name).into(),
        }
    }
}

fn lambda(name: &Value) -> Box<dyn Fn(i32) -> f64 + Send + Sync> {
    match name.as_str().unwrap() {
        "pow095" => Box::new(|epoch| 0.95f64.powi(epoch)),
        "inv" => Box::new(|epoch| 1.0 / f64::from(1 + epoch)),
        "const09" => Box::new(|_| 0.9),
        other => panic!("lambda {other}"),
    }
}

fn made<S: Into<Boxed>>(scheduler: akari::candle_core::Result<S>) -> Result<Boxed, String> {
    scheduler.map(Into::into).map_err(|error| error.to_string())
}

fn scheduler(
    name: &str,
    options: &mut Options<'_>,
    opt: &mut dyn ParamGroups,
) -> Result<Boxed, String> {
    match name {
        "StepLR" => {
            let config = StepLRConfig::default();
            let gamma = options.float("gamma", config.gamma);
            let step_size = options.integer("step_size").unwrap();
            made(StepLR::new(opt, StepLRConfig { step_size, gamma }))
        }
        "MultiStepLR" => {
            let milestones = options.get("milestones").unwrap().as_array().unwrap();
            let milestones = milestones.iter().map(|it| it.as_i64().unwrap() as i32).collect();
            let gamma = options.float("gamma", MultiStepLRConfig::default().gamma);
            made(MultiStepLR::new(opt, MultiStepLRConfig { milestones, gamma }))
        }
        "ConstantLR" => {
            let config = ConstantLRConfig::default();
            let factor = options.float("factor", config.factor);
            let total_iters = options.integer("total_iters").unwrap_or(config.total_iters);
            made(ConstantLR::new(opt, ConstantLRConfig { factor, total_iters }))
        }
        "LinearLR" => {
            let config = LinearLRConfig::default();
            let config = LinearLRConfig {
                start_factor: options.float("start_factor", config.start_factor),
                end_factor: options.float("end_factor", config.end_factor),
                total_iters: options.integer("total_iters").unwrap_or(config.total_iters),
            };
            made(LinearLR::new(opt, config))
        }
        "ExponentialLR" => {
            let gamma = options.float("gamma", f64::NAN);
            made(ExponentialLR::new(opt, ExponentialLRConfig { gamma }))
        }
        "PolynomialLR" => {
            let config = PolynomialLRConfig::default();
            let power = options.float("power", config.power);
            let total_iters = options.integer("total_iters").unwrap_or(config.total_iters);
            made(PolynomialLR::new(opt, PolynomialLRConfig { total_iters, power }))
        }
        "CosineAnnealingLR" => {
            let (length, eta_min) =
                (options.integer("T_max").unwrap(), options.float("eta_min", 0.0));
            made(CosineAnnealingLR::new(opt, CosineAnnealingLRConfig { T_max: length, eta_min }))
        }
        "CosineAnnealingWarmRestarts" => {
            let config = CosineAnnealingWarmRestartsConfig {
                T_0: options.integer("T_0").unwrap(),
                T_mult: options.integer("T_mult").unwrap_or(1),
                eta_min: options.float("eta_min", 0.0),
            };
            made(CosineAnnealingWarmRestarts::new(opt, config))
        }
        "LambdaLR" => made(LambdaLR::new(opt, options.lambdas())),
        "MultiplicativeLR" => made(MultiplicativeLR::new(opt, options.lambdas())),
        "CyclicLR" => made(CyclicLR::new(opt, cyclic(options))),
        "OneCycleLR" => made(OneCycleLR::new(opt, one_cycle(options))),
        other => Err(format!("no scheduler {other}")),
    }
}

fn cyclic(options: &mut Options<'_>) -> CyclicLRConfig {
    let config = CyclicLRConfig::default();
    let modes = [
        ("triangular", CyclicMode::Triangular),
        ("triangular2", CyclicMode::Triangular2),
        ("exp_range", CyclicMode::ExpRange),
    ];
    CyclicLRConfig {
        base_lr: options.per_group("base_lr", config.base_lr),
        max_lr: options.per_group("max_lr", config.max_lr),
        step_size_up: options.integer("step_size_up").unwrap_or(config.step_size_up),
        step_size_down: options.integer("step_size_down").or(config.step_size_down),
        mode: options.word("mode", config.mode, &modes),
        gamma: options.float("gamma", config.gamma),
        cycle_momentum: options.flag("cycle_momentum", config.cycle_momentum),
        base_momentum: options.per_group("base_momentum", config.base_momentum),
        max_momentum: options.per_group("max_momentum", config.max_momentum),
    }
}

fn one_cycle(options: &mut Options<'_>) -> OneCycleLRConfig {
    let config = OneCycleLRConfig::default();
    let curves = [("cos", AnnealStrategy::Cos), ("linear", AnnealStrategy::Linear)];
    OneCycleLRConfig {
        max_lr: options.per_group("max_lr", config.max_lr),
        total_steps: options.integer("total_steps"),
        epochs: options.integer("epochs"),
        steps_per_epoch: options.integer("steps_per_epoch"),
        pct_start: options.float("pct_start", config.pct_start),
        anneal_strategy: options.word("anneal_strategy", config.anneal_strategy, &curves),
        cycle_momentum: options.flag("cycle_momentum", config.cycle_momentum),
        base_momentum: options.per_group("base_momentum", config.base_momentum),
        max_momentum: options.per_group("max_momentum", config.max_momentum),
        div_factor: options.float("div_factor", config.div_factor),
        final_div_factor: options.float("final_div_factor", config.final_div_factor),
        three_phase: options.flag("three_phase", config.three_phase),
    }
}

fn plateau(options: &mut Options<'_>) -> ReduceLROnPlateauConfig {
    let config = ReduceLROnPlateauConfig::default();
    let modes = [("min", PlateauMode::Min), ("max", PlateauMode::Max)];
    let thresholds = [("rel", ThresholdMode::Rel), ("abs", ThresholdMode::Abs)];
    ReduceLROnPlateauConfig {
        mode: options.word("mode", config.mode, &modes),
        factor: options.float("factor", config.factor),
        patience: options.integer("patience").unwrap_or(config.patience),
        threshold: options.float("threshold", config.threshold),
        threshold_mode: options.word("threshold_mode", config.threshold_mode, &thresholds),
        cooldown: options.integer("cooldown").unwrap_or(config.cooldown),
        min_lr: options.per_group("min_lr", config.min_lr),
        eps: options.float("eps", config.eps),
    }
}

type Step<'a> = Box<dyn FnMut(&mut dyn ParamGroups, usize) -> Vec<f64> + 'a>;

/// The scheduler of a case, as what a step does and the last rates then are.
fn prepare<'a>(case: &'a Value, opt: &mut dyn ParamGroups) -> Result<Step<'a>, String> {
    let text = |error: akari::candle_core::Error| error.to_string();
    let (mut all, mut plateaus): (Vec<Boxed>, _) = (Vec::new(), Vec::new());
    for link in case["chain"].as_array().unwrap() {
        let mut options = Options::new(&link[1]);
        match link[0].as_str().unwrap() {
            "ReduceLROnPlateau" => {
                let config = plateau(&mut options);
                plateaus.push(ReduceLROnPlateau::new(opt, config).map_err(text)?);
            }
            name => all.push(scheduler(name, &mut options, opt)?),
        }
        if !options.left.is_empty() {
            return Err(format!("no options {:?}", options.left));
        }
    }
    if let Some(mut plateau) = plateaus.pop() {
        return Ok(Box::new(move |opt, step| {
            plateau.step(case["metrics"][step].as_f64().unwrap(), opt).unwrap();
            plateau.get_last_lr()
        }));
    }
    let mut scheduler: Boxed = match &case["wrap"] {
        Value::Null => all.pop().unwrap(),
        Value::String(_) => ChainedScheduler::new(opt, all).map_err(text)?.into(),
        wrap => {
            let milestones = wrap["SequentialLR"].as_array().unwrap();
            let milestones = milestones.iter().map(|it| it.as_i64().unwrap() as i32).collect();
            SequentialLR::new(opt, all, milestones).map_err(text)?.into()
        }
    };
    Ok(Box::new(move |opt, _| {
        scheduler.step(opt).unwrap();
        scheduler.get_last_lr()
    }))
}

fn bits(value: &Value) -> Vec<f64> {
    let one = |it: &Value| f64::from_bits(u64::from_str_radix(it.as_str().unwrap(), 16).unwrap());
    value.as_array().unwrap().iter().map(one).collect()
}

fn check<R: Rule>(case: &Value, base: R::Config) -> Result<(), String> {
    let groups = case["lr"].as_array().unwrap().iter().map(|lr| {
        let mut config = base.clone();
        *optim::Options::lr(&mut config) = lr.as_f64().unwrap();
        let var = Var::zeros(1, DType::F32, &Device::Cpu).unwrap();
        ParamGroup { params: var.into(), config }
    });
    let mut opt = RuleOptimizer::<R>::with_groups(groups.collect()).unwrap();
    let mut step = prepare(case, &mut opt)?;
    let (text, expected) = (format!("{opt:#}"), case["repr0"].as_str().unwrap());
    if text != expected {
        return Err(format!("prints\n{text}\ninstead of\n{expected}"));
    }
    let all = |opt: &dyn ParamGroups, names: [&str; 2]| {
        let first = |group| names.iter().find_map(|name| opt.get(group, name)).unwrap()[0];
        (0..opt.group_count()).map(first).collect::<Vec<f64>>()
    };
    for epoch in 0..case["lrs"].as_array().unwrap().len() {
        if epoch > 0 {
            let last = step(&mut opt, epoch - 1);
            if last != all(&opt, ["lr", "lr"]) {
                return Err(format!("epoch {epoch}: get_last_lr is {last:?}"));
            }
        }
        let lrs = all(&opt, ["lr", "lr"]);
        if let Some(text) = difference(&lrs, &bits(&case["lrs"][epoch]), 1e-12, 1e-17) {
            return Err(format!("epoch {epoch}: lr {text}"));
        }
        if case["mom"].is_array() {
            let momentum = all(&opt, ["betas", "momentum"]);
            if let Some(text) = difference(&momentum, &bits(&case["mom"][epoch]), 1e-12, 0.0) {
                return Err(format!("epoch {epoch}: momentum {text}"));
            }
        }
    }
    Ok(())
}

#[test]
fn schedulers_move_rates_as_in_pytorch() {
    let mut tally = Tally::new("sched");
    for case in section("sched") {
        tally.case(case["id"].as_str().unwrap(), || match case["opt"].as_str().unwrap() {
            "SGD" => {
                let config = optim::SGDConfig { momentum: 0.9, ..Default::default() };
                check::<optim::SgdRule>(case, config)
            }
            _ => check::<optim::AdamRule>(case, optim::AdamConfig::default()),
        });
    }
    tally.finish();
}
