//! Making tensors.

use akari::prelude::*;

rows! {
    samples: [x y v image labels n];

    "torch.tensor" same { (tensor!([1., 2.]), tensor!([[1, 2], [3, 4]]), tensor!([true, false])) };
    "torch.zeros" same { torch::zeros((2, 3))? };
    "torch.ones" same { torch::ones(3)? };
    "torch.full" same { (torch::full((2, 2), 7.0)?, torch::full(3, 7)?) };
    "torch.empty" same { torch::empty((2, 3))?.dims().to_vec() };
    "torch.arange" same { (torch::arange(0, 10, 1)?, torch::arange(0.0, 1.0, 0.25)?) };
    "torch.linspace" same { torch::linspace(-3, 4, 50)? };
    "torch.logspace" same { torch::logspace(0, 2, 3, 10.0)? };
    "torch.eye" same { (torch::eye(3)?, torch::eye((2, 3))?) };
    "torch.zeros_like" same { torch::zeros_like(&n)? };
    "torch.ones_like" same { torch::ones_like(&x)? };
    "torch.full_like" same { torch::full_like(&x, 2.5)? };
    "torch.rand" same { torch::rand((2, 3))? };
    "torch.randn" same { torch::randn((5, 4))? };
    "torch.randint" same { torch::randint(0, 3, (2, 3))? };
    "torch.randperm" same { torch::randperm(9)? };
    "torch.rand_like/randn_like" same { (torch::rand_like(&x)?, torch::randn_like(&x)?) };
    "torch.normal" same { torch::normal(2.0, 0.5, (2, 3))? };
    "torch.bernoulli" same { torch::bernoulli(&torch::sigmoid(&x)?)? };
    "torch.multinomial" same { torch::multinomial(&torch::softmax(&x, 1)?, 2, true)? };
    "torch.manual_seed" same { torch::manual_seed(7); torch::rand(2)? };
    "torch.from_numpy / tensor.numpy()"
        way "torch.from_numpy(a)" => "Tensor::from_vec(a, (2, 2), &Device::Cpu)?",
            "x.numpy()" => "x.to_vec2::<f32>()?" {
            let a = vec![1f32, 2., 3., 4.];
            let x = Tensor::from_vec(a, (2, 2), &Device::Cpu)?;
            (x.clone(), x.to_vec2::<f32>()?)
        };
    "torch.tril/triu" same { (torch::tril(&x, 0)?, torch::triu(&x, 1)?) };
    "torch.diag" same { (torch::diag(&v, 0)?, torch::diag(&x, 1)?) };
    "torch.meshgrid" same { torch::meshgrid(&[&v, &v], torch::Indexing::Ij)? };
    "torch.cartesian_prod/combinations" same {
        (torch::cartesian_prod(&[&v, &v])?, torch::combinations(&v, 2, false)?)
    };
    "torch.save/load" same {
        let path = std::env::temp_dir().join(format!("akari-names-{}", std::process::id()));
        let layer = nn::Linear::new(4, 2)?;
        torch::save(&layer, &path)?;
        let loaded = torch::load(&path)?;
        std::fs::remove_file(path)?;
        loaded["weight"].clone()
    };
}
