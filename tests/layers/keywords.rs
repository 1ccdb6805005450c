//! Keyword arguments: what is named is set, everything else is as it is without.

use std::collections::BTreeMap;

use akari::candle_core::Result;
use akari::prelude::*;

use crate::seeded;

#[test]
fn options_by_name_are_those_of_the_configs() -> Result<()> {
    let _seeded = seeded();
    let config = nn::Conv2dOptions { stride: (2, 1).into(), bias: false, ..Default::default() };
    let whole = nn::Conv2d::with_options(2, 4, (3, 1), config)?;
    assert_eq!(
        nn::Conv2d!(2, 4, (3, 1), stride = (2, 1), bias = false)?.to_string(),
        whole.to_string()
    );
    assert_eq!(
        nn::Conv2d!(2, 4, 3, padding = nn::Padding::Same, dilation = 2,)?.to_string(),
        "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=same, dilation=(2, 2))"
    );
    assert_eq!(nn::Conv1d!(1, 2, 3, padding = 1)?.config.padding, nn::Padding::Size(1));
    assert_eq!(nn::Linear!(3, 2)?.to_string(), nn::Linear::new(3, 2)?.to_string());
    assert!(nn::Linear!(3, 2, bias = false)?.bias.is_none());
    assert_eq!(nn::Embedding!(5, 2, padding_idx = 0)?.config.padding_idx, Some(0));
    let pool = nn::MaxPool2d { stride: 1.into(), ..nn::MaxPool2d::new(3) };
    assert_eq!(nn::MaxPool2d!(3, stride = 1), pool);
    assert_eq!(nn::Upsample!(scale_factor = 2).config.scale_factor, Some(2.0));
    assert_eq!(nn::Upsample!(size = (2, 3)).config.size, Some((2, 3).into()));
    let loss = nn::CrossEntropyLoss!(weight = &tensor!([1., 2.]), reduction = Reduction::Sum);
    assert_eq!((loss.weight.is_some(), loss.ignore_index), (true, -100));
    assert_eq!(nn::KLDivLoss!(reduction = Reduction::Sum).to_string(), "KLDivLoss()");
    let gelu = |x: &Tensor| F::gelu(x, Gelu::Tanh);
    let layer = nn::TransformerEncoderLayer!(4, 2, dim_feedforward = 8, activation = gelu)?;
    assert_eq!(layer.forward(&torch::rand((3, 1, 4))?)?.dims(), &[3, 1, 4]);
    Ok(())
}

#[test]
fn options_by_place_come_before_those_by_name() -> Result<()> {
    let _seeded = seeded();
    for (layer, expected) in [
        (nn::LeakyReLU!(0.2).to_string(), "LeakyReLU(negative_slope=0.2)"),
        (nn::Softmax!(1).to_string(), "Softmax(dim=1)"),
        (nn::LogSoftmax!(dim = -1).to_string(), "LogSoftmax(dim=-1)"),
        (nn::Hardtanh!(-2, max_val = 2).to_string(), "Hardtanh(min_val=-2.0, max_val=2.0)"),
        (nn::Hardtanh!(-2, 2,).to_string(), "Hardtanh(min_val=-2.0, max_val=2.0)"),
        (nn::Threshold!(0.1, 20).to_string(), "Threshold(threshold=0.1, value=20)"),
        (nn::Flatten!(0).to_string(), "Flatten(start_dim=0, end_dim=-1)"),
        (nn::Flatten!().to_string(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn::GELU!(Gelu::Tanh).to_string(), "GELU(approximate='tanh')"),
        (nn::Dropout!(0.2)?.to_string(), "Dropout(p=0.2, inplace=False)"),
        (nn::Dropout!(p = 1)?.to_string(), "Dropout(p=1.0, inplace=False)"),
        (nn::Dropout2d!()?.to_string(), "Dropout2d(p=0.5, inplace=False)"),
    ] {
        assert_eq!(layer, expected);
    }
    assert!(nn::Dropout!(2).unwrap_err().to_string().contains("probability"));
    Ok(())
}

#[test]
fn optimizers_schedules_and_loaders_take_them_too() -> Result<()> {
    let _seeded = seeded();
    use optim::lr_scheduler::{ExponentialLR, MultiStepLR, OneCycleLR};
    let w = torch::zeros(2)?.requires_grad_()?;
    let adam = optim::AdamW!([w.clone()], betas = (0.8, 0.9), lr = 1)?;
    assert_eq!(adam.learning_rate(), 1.0);
    assert!(adam.to_string().contains("betas: (0.8, 0.9)"));
    let mut sgd = optim::SGD!([w])?;
    assert_eq!(sgd.learning_rate(), optim::SGDConfig::default().lr);
    MultiStepLR!(&mut sgd, milestones = [2, 3])?;
    OneCycleLR!(&mut sgd, max_lr = 0.5, total_steps = 10)?;
    let mut decay = ExponentialLR!(&mut sgd, gamma = 0.5)?;
    decay.step(&mut sgd)?;
    assert!(ExponentialLR!(&mut sgd).unwrap_err().to_string().contains("gamma"));
    let set = data::TensorDataset::new(&tensor!([1., 2., 3.]), &tensor!([0, 0, 1]))?;
    let sampler = data::WeightedRandomSampler::new([0., 0., 1.], 4, true)?;
    let batch = data::DataLoader!(&set, batch_size = 4, sampler = sampler)?.first()?;
    assert_eq!(batch.1.to_vec1::<i64>()?, [1; 4]);
    let none = data::DataLoader!(&set, batch_size = 4, drop_last = true)?.first();
    assert!(none.unwrap_err().to_string().contains("there are no batches"));
    Ok(())
}

nn::model!(
    /// With a struct of its own, and a forward of two inputs.
    #[derive(Debug, Clone)]
    pub struct Pair {
        /// Of the first one.
        pub left: nn::Linear,
        names: BTreeMap<String, nn::Linear>,
        scale: f64,
    },
    own forward
);

impl Pair {
    fn forward(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let y = self.left.forward(a)? + self.names["right"].forward(b)?;
        y? * self.scale
    }
}

#[test]
fn a_model_may_hold_its_struct_and_a_forward_of_its_own() -> Result<()> {
    let _seeded = seeded();
    let names = BTreeMap::from([("right".to_owned(), nn::Linear::new(3, 1)?)]);
    let model = Pair { left: nn::Linear::new(2, 1)?, names, scale: 2.0 };
    assert_eq!(model.forward(&torch::rand((4, 2))?, &torch::rand((4, 3))?)?.dims(), &[4, 1]);
    let listed = model.named_parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(listed, ["left.weight", "left.bias", "names.right.weight", "names.right.bias"]);
    let error = nn::seq![model.deep_copy()?].forward(&torch::rand((4, 2))?).unwrap_err();
    assert!(error.to_string().starts_with("Pair: the model's own forward takes other arguments"));
    Ok(())
}
