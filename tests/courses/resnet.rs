//! ResNet-18 on small photographs.

use super::prelude::*;

pub fn run(root: &Path, seed: u64) -> Result<Run> {
    // cells
    use data::transforms::{Normalize, RandomCrop, RandomHorizontalFlip, ToTensor};
    use optim::lr_scheduler::CosineAnnealingLR;

    torch::manual_seed(seed);
    let (mean, std) = ([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]);
    let transform = (
        RandomCrop!(32, padding = 4),
        RandomHorizontalFlip::default(),
        ToTensor,
        Normalize::new(mean, std)?,
    );
    let train = data::CIFAR10::new(root, true)?.transform(transform);
    let loader = data::DataLoader!(&train, batch_size = 8, shuffle = true)?;

    let mut net = models::resnet18()?;
    net.fc = nn::Linear::new(512, 10)?;
    let loss_fn = nn::CrossEntropyLoss!();
    let mut optimizer =
        optim::SGD!(net.parameters(), lr = 0.001, momentum = 0.9, weight_decay = 5e-4)?;
    let mut scheduler = CosineAnnealingLR!(&mut optimizer, T_max = 4)?;

    let mut losses = vec![];
    for _ in 0..2 {
        for batch in &loader {
            let (x, y) = batch?;
            let loss = loss_fn.forward(&net.forward(&x)?, &y)?;
            optimizer.backward_step(&loss)?;
            scheduler.step(&mut optimizer)?;
            losses.push(loss.item()?);
        }
    }
    // end
    Ok(Run { losses, ..Run::default() })
}
