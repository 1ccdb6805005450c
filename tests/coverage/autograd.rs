//! Gradients.

use akari::candle_core::{CpuStorage, CustomOp1, Layout, Shape};
use akari::prelude::*;

/// PyTorch's `autograd.Function` that squares.
struct Square;

impl CustomOp1 for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let CpuStorage::F32(values) = storage else { candle_core::bail!("square takes f32") };
        let values = values[layout.start_offset()..][..layout.shape().elem_count()]
            .iter()
            .map(|x| x * x)
            .collect();
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(t!(2 * x * grad)))
    }
}

rows! {
    samples: [x y v image labels n];

    "requires_grad=True" way "requires_grad=True" => "Var::new(" {
        let w = Var::new(&[1f32, 2.0], &Device::Cpu)?;
        let grads = t!((w * w).sum()).backward()?;
        grads.get(&w).unwrap().clone()
    };
    "t.requires_grad_() on an existing tensor" way "x.requires_grad_()" => "Var::from_tensor(&x)?" {
        let w = Var::from_tensor(&x)?;
        let grads = t!((w * w).sum()).backward()?;
        grads.get(&w).unwrap().clone()
    };
    "t.requires_grad" way "x.requires_grad" => "x.requires_grad()" {
        let w = Var::from_tensor(&x)?;
        (x.requires_grad(), w.requires_grad(), t!(w * 2).requires_grad())
    };
    "t.grad" way "w.grad" => "g.get(&w)" {
        let w = Var::from_tensor(&x)?;
        let g = t!(w.exp().mean()).backward()?;
        g.get(&w).unwrap().clone()
    };
    "loss.backward()" same {
        let w = Var::from_tensor(&v)?;
        let loss = t!(((x @ w) - 1).pow(2).mean());
        let grads = loss.backward()?;
        (loss, grads.get(&w).unwrap().clone())
    };
    "accumulated grads over calls" way "loss2.backward()" => "g.extend(loss2.backward()?)?" {
        let w = Var::from_tensor(&x)?;
        let (loss, loss2) = (t!((w * y).sum()), t!((w * w).sum()));
        let mut g = loss.backward()?;
        g.extend(loss2.backward()?)?;
        g.get(&w).unwrap().clone()
    };
    "backward(gradient=v)" way "y.backward(gradient=v)" => "t!((y * v).sum()).backward()?" {
        let w = Var::from_tensor(&x)?;
        let y = t!(w * w);
        let grads = t!((y * v).sum()).backward()?;
        grads.get(&w).unwrap().clone()
    };
    "opt.zero_grad() / t.grad.zero_()" way "opt.zero_grad()" => "opt.backward_step(&loss)?" {
        let w = Var::from_tensor(&x)?;
        let mut opt = optim::SGD::new([w.clone()], optim::SGDConfig { lr: 0.1, ..Default::default() })?;
        for _ in 0..2 {
            let loss = t!((w * w).sum());
            opt.backward_step(&loss)?;
        }
        w
    };
    "torch.no_grad()" way "with torch.no_grad():" => "torch::no_grad(||" {
        let w = Var::from_tensor(&x)?;
        let y = torch::no_grad(|| torch::exp(&w))?;
        (y.requires_grad(), y)
    };
    "torch.autograd.grad" same {
        let (a, b) = (Var::from_tensor(&x)?, Var::from_tensor(&y)?);
        torch::autograd::grad(&t!((a * b).sum()), (&a, &b))?
    };
    "create_graph=True (2nd order)" not "create_graph=True";
    "retain_grad (intermediates)" way "h.retain_grad()" => "Var::from_tensor(&torch::zeros_like(&h)?)?" {
        let w = Var::from_tensor(&x)?;
        let h = t!(w * w);
        let probe = Var::from_tensor(&torch::zeros_like(&h)?)?;
        let h = t!(h + probe);
        let grads = t!(h.exp().sum()).backward()?;
        grads.get(&probe).unwrap().clone()
    };
    "t.register_hook" not "x.register_hook";
    "t.grad_fn" not "x.grad_fn";
    "torch.autograd.Function" way "torch.autograd.Function" => "x.apply_op1(Square)?" {
        let w = Var::from_tensor(&x)?;
        let grads = { let x = &w; x.apply_op1(Square)? }.sum_all()?.backward()?;
        grads.get(&w).unwrap().clone()
    };
    "torch.func.grad/vmap/jacobian" not "torch.func";
    "torch.autograd.gradcheck" not "torch.autograd.gradcheck";
}
