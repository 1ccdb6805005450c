//! LeNet.

use super::prelude::*;

pub fn run(root: &Path, seed: u64) -> Result<Run> {
    // cells
    use data::transforms::{Normalize, ToTensor};
    use optim::lr_scheduler::StepLR;

    torch::manual_seed(seed);
    let transform = (ToTensor, Normalize::new([0.5], [0.25])?);
    let train = data::FashionMNIST::new(root, true)?.transform(transform);
    let loader = data::DataLoader!(&train, batch_size = 32, shuffle = true, drop_last = true)?;

    let net = nn::seq![
        nn::Conv2d!(1, 6, 5, padding = 2)?,
        nn::Sigmoid,
        nn::AvgPool2d::new(2),
        nn::Conv2d!(6, 16, 5)?,
        nn::Sigmoid,
        nn::AvgPool2d::new(2),
        nn::Flatten!(),
        nn::Linear::new(16 * 5 * 5, 120)?,
        nn::Sigmoid,
        nn::Linear::new(120, 84)?,
        nn::Sigmoid,
        nn::Linear::new(84, 10)?,
    ];
    for (name, weight) in net.named_parameters() {
        if name.ends_with("weight") {
            nn::init::xavier_uniform_(&weight, 1.0)?;
        }
    }
    println!("{net}");

    let loss_fn = nn::CrossEntropyLoss!(label_smoothing = 0.1);
    let mut optimizer = optim::SGD!(net.parameters(), lr = 0.1, momentum = 0.9)?;
    let mut scheduler = StepLR!(&mut optimizer, step_size = 1, gamma = 0.5)?;

    let mut losses = vec![];
    for _ in 0..3 {
        for batch in &loader {
            let (x, y) = batch?;
            let loss = loss_fn.forward(&net.forward(&x)?, &y)?;
            optimizer.backward_step(&loss)?;
            losses.push(loss.item()?);
        }
        scheduler.step(&mut optimizer)?;
    }

    let (x, y) = loader.first()?;
    let accuracy = data::accuracy(&net.forward(&x)?, &y)?;
    // end
    Ok(Run { losses, accuracy, ..Run::default() })
}
