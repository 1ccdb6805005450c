//! Models: structs and chains of layers, and what PyTorch's `Module` can do with them.

use akari::prelude::*;

struct Net {
    hidden: nn::Linear,
    out: nn::Linear,
}

nn::model!(Net { hidden, out });

impl Module for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.out.forward(&F::relu(&self.hidden.forward(x)?)?)
    }
}

fn net() -> Result<Net> {
    Ok(Net { hidden: nn::Linear::new(4, 3)?, out: nn::Linear::new(3, 2)? })
}

/// PyTorch's `ModuleList`, `ModuleDict`, `ParameterList`, `Parameter` and buffers, each in a field.
struct Fields {
    layers: Vec<nn::Linear>,
    heads: std::collections::BTreeMap<String, nn::Linear>,
    scales: Vec<Var>,
    shift: Var,
    steps: Var,
}

nn::model!(Fields { layers, heads, scales, shift, steps: buffer });

impl Module for Fields {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.layers.iter().try_fold(x.clone(), |x, layer| layer.forward(&x))?;
        let x = self.heads["a"].forward(&x)?;
        Ok(t!(x * self.scales[0] + self.shift))
    }
}

fn fields() -> Result<Fields> {
    let layers = vec![nn::Linear::new(4, 3)?, nn::Linear::new(3, 4)?];
    let heads = [("a".to_owned(), nn::Linear::new(4, 2)?)].into();
    let scales = vec![Var::new(&[2f32, 3.0], &Device::Cpu)?];
    let (shift, steps) = (Var::new(1f32, &Device::Cpu)?, Var::new(0f32, &Device::Cpu)?);
    Ok(Fields { layers, heads, scales, shift, steps })
}

/// In the order of the alphabet: a list of variables stands before all layers here, and behind those before it there.
fn names(named: Vec<(String, Var)>) -> String {
    let mut names = named.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    names.sort();
    names.join(" ")
}

rows! {
    samples: [x y v image labels n];

    "nn.Module subclass" way "class Net(nn.Module)" => "nn::model!(Net { hidden, out })" {
        const _: &str = stringify!(nn::model!(Net { hidden, out }));
        net()?.forward(&x)?
    };
    "nn.Sequential" same { nn::seq![nn::Linear::new(4, 3)?, nn::ReLU, nn::Linear::new(3, 2)?].forward(&x)? };
    "net[i] (index a Sequential)" way "net[0].weight" => "net.layer::<nn::Linear>(0)?.weight" {
        let net = nn::seq![nn::Linear::new(4, 3)?, nn::ReLU];
        torch::clone(&net.layer::<nn::Linear>(0)?.weight)?
    };
    "nn.ModuleList" way "`nn.ModuleList`" => "`Vec<nn::Linear>`" {
        const _: &str = stringify!(Vec<nn::Linear>);
        (fields()?.forward(&x)?, names(fields()?.named_parameters()))
    };
    "nn.ModuleDict" way "`ModuleDict`" => "`BTreeMap<String, nn::Linear>`" {
        const _: &str = stringify!(BTreeMap<String, nn::Linear>);
        fields()?.heads["a"].forward(&x)?
    };
    "nn.Parameter" way "nn.Parameter(" => "torch::zeros(3)?.requires_grad_()?" {
        const _: &str = stringify!(torch::zeros(3)?.requires_grad_()?);
        let fields = Fields { shift: torch::ones(())?.requires_grad_()?, ..fields()? };
        fields.shift
    };
    "nn.ParameterList" way "`ParameterList`" => "`Vec<Var>`" {
        const _: &str = stringify!(Vec<Var>);
        fields()?.scales[0].clone()
    };
    "register_buffer" way "`register_buffer`" => "scale: buffer" {
        const _: &str = stringify!(nn::model!(Net { scale: buffer, out }));
        names(fields()?.named_buffers())
    };
    "model.parameters()" same { net()?.parameters().iter().map(|w| w.elem_count()).collect::<Vec<_>>() };
    "model.named_parameters()" same { names(net()?.named_parameters()) };
    "model.children()/modules()" same {
        net()?.children().into_iter().map(|(name, layer)| format!("{name} {}", layer.repr())).collect::<Vec<_>>()
    };
    "model.apply(fn)" way "net.apply(f)" => "net.apply(&mut f)" {
        let net = net()?;
        let mut f = |layer: &dyn nn::Layer| {
            layer.named_parameters().iter().filter(|(name, _)| *name == "bias").try_for_each(|(_, bias)| nn::init::zeros_(bias))
        };
        net.apply(&mut f)?;
        net.forward(&x)?
    };
    "model.train()/eval()" same {
        let net = nn::seq![nn::Linear::new(4, 3)?, nn::Dropout::new(0.5)?];
        net.eval();
        let y = net.forward(&x)?;
        net.train();
        (y, net.forward(&x)?)
    };
    "model.state_dict()" same { net()?.state_dict()?.keys().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>() };
    "model.load_state_dict()" same {
        let (first, second) = (net()?, net()?);
        second.load_state_dict(&first.state_dict()?)?;
        second.forward(&x)?
    };
    "model.to(device)" not "model.to(device)";
    "model.to(dtype)/half()" not "model.half()";
    "param.requires_grad=False (freeze)" way "p.requires_grad = False" => "optim::SGD::new(net.out.parameters()," {
        let net = net()?;
        let mut opt = optim::SGD::new(net.out.parameters(), optim::SGDConfig { lr: 0.1, ..Default::default() })?;
        opt.backward_step(&t!(net.forward(&x)?.pow(2).mean()))?;
        (torch::clone(&net.hidden.weight)?, torch::clone(&net.out.weight)?)
    };
    "register_forward_hook" way "`register_forward_hook`" => "for layer in &net" {
        let net = nn::seq![nn::Linear::new(4, 3)?, nn::ReLU, nn::Linear::new(3, 2)?];
        let (mut seen, mut x) = (vec![], x);
        for layer in &net {
            x = layer.forward(&x)?;
            seen.push(x.clone());
        }
        seen
    };
    "torchsummary / torchinfo" way "torchinfo" => "net.num_parameters()" {
        let net = net()?;
        (net.to_string(), net.num_parameters())
    };
}
