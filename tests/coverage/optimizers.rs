//! Optimizers, schedulers, first weights, and what else trains.

use akari::prelude::*;

/// Three steps of a linear map, of which the losses and the last weight are compared.
macro_rules! steps {
    ($x:expr, $y:expr, $optimizer:ident, $config:expr) => {{
        let layer = nn::Linear::new(4, 4)?;
        let mut opt = optim::$optimizer::new(layer.parameters(), $config)?;
        for _ in 0..3 {
            opt.backward_step(&t!((layer.forward(&$x) - $y).pow(2).mean()))?;
        }
        torch::clone(&layer.weight)?
    }};
}

/// The rates of a scheduler over seven steps.
macro_rules! rates {
    ($kind:ident, $config:expr) => {{
        let w = Var::new(1f32, &Device::Cpu)?;
        let mut opt = optim::SGD::new([w], optim::SGDConfig { lr: 0.1, ..Default::default() })?;
        let mut scheduler = optim::lr_scheduler::$kind::new(&mut opt, $config)?;
        let mut rates = vec![];
        for _ in 0..7 {
            scheduler.step(&mut opt)?;
            rates.push(scheduler.get_last_lr()[0]);
        }
        rates
    }};
}

rows! {
    samples: [x y v image labels n];

    "SGD" same { steps!(x, y, SGD, optim::SGDConfig { lr: 0.1, momentum: 0.9, ..Default::default() }) };
    "Adam/AdamW" same { (steps!(x, y, Adam, Default::default()), steps!(x, y, AdamW, Default::default())) };
    "RMSprop/Adagrad/Adadelta/.." same {
        (
            steps!(x, y, RMSprop, Default::default()),
            steps!(x, y, Adagrad, Default::default()),
            steps!(x, y, Adadelta, Default::default()),
            steps!(x, y, NAdam, Default::default()),
            steps!(x, y, RAdam, Default::default()),
            steps!(x, y, Adamax, Default::default()),
            steps!(x, y, Rprop, Default::default()),
        )
    };
    "LBFGS" same {
        let layer = nn::Linear::new(4, 4)?;
        let mut opt = optim::LBFGS::new(layer.parameters(), Default::default())?;
        opt.step(|| Ok(t!((layer.forward(&x) - y).pow(2).mean())))?
    };
    "SparseAdam" not "optim.SparseAdam";
    "param groups" way "'params': b" => "optim::SGD::with_groups(" {
        let (a, b) = (nn::Linear::new(4, 4)?, nn::Linear::new(4, 4)?);
        let config = |lr| optim::SGDConfig { lr, ..Default::default() };
        let group = |layer: &nn::Linear, lr| optim::ParamGroup { params: layer.parameters().into(), config: config(lr) };
        let mut opt = optim::SGD::with_groups(vec![group(&a, 0.1), group(&b, 0.01)])?;
        opt.backward_step(&t!((b.forward(&a.forward(&x)?) - y).pow(2).mean()))?;
        (torch::clone(&a.weight)?, torch::clone(&b.weight)?)
    };
    "opt.state_dict()" same {
        let w = Var::from_tensor(&x)?;
        let mut opt = optim::Adam::new([w.clone()], Default::default())?;
        opt.backward_step(&t!((w * w).sum()))?;
        opt.state_dict()?["state.0.exp_avg"].clone()
    };
    "lr_scheduler (13)" same {
        use optim::lr_scheduler::*;
        (
            rates!(StepLR, StepLRConfig { step_size: 2, ..Default::default() }),
            rates!(CosineAnnealingLR, CosineAnnealingLRConfig { T_max: 5, ..Default::default() }),
            rates!(ExponentialLR, ExponentialLRConfig { gamma: 0.9 }),
            rates!(LinearLR, LinearLRConfig::default()),
            rates!(OneCycleLR, OneCycleLRConfig { max_lr: 1.0.into(), total_steps: Some(10), cycle_momentum: false, ..Default::default() }),
        )
    };
    "clip_grad_norm_/value_" same {
        let w = Var::from_tensor(&x)?;
        let mut grads = t!((w * w).sum()).backward()?;
        let norm = nn::utils::clip_grad_norm_(&[w.clone()], &mut grads, 1.0, 2.0)?;
        let clipped = grads.get(&w).unwrap().clone();
        nn::utils::clip_grad_value_(&[w.clone()], &mut grads, 0.1)?;
        (norm.item()?, clipped, grads.get(&w).unwrap().clone())
    };
    "nn.utils.weight_norm/spectral_norm" not "nn.utils.weight_norm", "nn.utils.spectral_norm";
    "nn.utils.rnn.pad_sequence/pack_padded" same {
        nn::utils::rnn::pad_sequence(&[v.clone(), v.i(1..)?, v.i(..2)?], true, 0.0)?
    } not "nn.utils.rnn.pack_padded_sequence";
    "nn.init.uniform_/normal_/constant_/zeros_/ones_" same {
        let w = Var::from_tensor(&x)?;
        nn::init::uniform_(&w, -1.0, 1.0)?;
        let uniform = torch::clone(&w)?;
        nn::init::normal_(&w, 0.0, 0.02)?;
        let normal = torch::clone(&w)?;
        nn::init::constant_(&w, 0.5)?;
        (uniform, normal, w)
    };
    "nn.init.xavier_*/kaiming_*" same {
        let w = Var::from_tensor(&x)?;
        nn::init::xavier_uniform_(&w, 1.0)?;
        let xavier = torch::clone(&w)?;
        nn::init::kaiming_normal_(&w, nn::init::Fan::In, nn::init::Nonlinearity::Relu)?;
        (xavier, w)
    };
    "torch.amp.autocast / GradScaler" not "torch.amp.autocast", "torch.amp.GradScaler";
    "torch.compile / jit" not "torch.compile", "torch.jit";
    "torch.utils.tensorboard" not "torch.utils.tensorboard";
}
