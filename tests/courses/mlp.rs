//! A multilayer perceptron with dropout.

use super::prelude::*;

pub fn run(root: &Path, seed: u64) -> Result<Run> {
    // cells
    torch::manual_seed(seed);
    let train = data::FashionMNIST::new(root, true)?;
    let test = data::FashionMNIST::new(root, false)?;
    let loader = data::DataLoader!(&train, batch_size = 32, shuffle = true)?;

    let net = nn::seq![
        nn::Flatten!(),
        nn::Linear::new(784, 64)?,
        nn::ReLU,
        nn::Dropout::new(0.2)?,
        nn::Linear::new(64, 10)?,
    ];
    let loss_fn = nn::CrossEntropyLoss!();
    let mut optimizer = optim::Adam!(net.parameters(), lr = 0.003)?;

    let mut losses = vec![];
    for epoch in 0..3 {
        net.train();
        for batch in &loader {
            let (x, y) = batch?;
            let loss = loss_fn.forward(&net.forward(&x)?, &y)?;
            optimizer.backward_step(&loss)?;
            losses.push(loss.item()?);
        }
        println!("epoch {epoch}: loss {:.4}", losses[losses.len() - 1]);
    }

    net.eval();
    let (x, y) = test.all()?;
    let accuracy = data::accuracy(&net.forward(&x)?, &y)?;
    // end
    Ok(Run { losses, accuracy, ..Run::default() })
}
