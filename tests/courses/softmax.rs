//! Softmax regression from scratch.

use super::prelude::*;

pub fn run(root: &Path, seed: u64) -> Result<Run> {
    // cells
    torch::manual_seed(seed);
    let train = data::FashionMNIST::new(root, true)?;
    let test = data::FashionMNIST::new(root, false)?;
    let loader = data::DataLoader!(&train, batch_size = 32, shuffle = true)?;

    let w = torch::normal(0, 0.01, (784, 10))?.requires_grad_()?;
    let b = torch::zeros(10)?.requires_grad_()?;

    fn softmax(x: &Tensor) -> Result<Tensor> {
        let e = t!(x.exp());
        Ok(t!(e / e.sum(1, keepdim = true)))
    }

    let net = |x: &Tensor| softmax(&t!(x.reshape(-1, 784) @ w + b));

    fn cross_entropy(p: &Tensor, y: &Tensor) -> Result<Tensor> {
        Ok(t!(-p.gather(1, y.unsqueeze(1)?).log().mean()))
    }

    let lr = 0.1;
    let mut losses = vec![];
    for epoch in 0..3 {
        for batch in &loader {
            let (x, y) = batch?;
            let loss = cross_entropy(&net(&x)?, &y)?;
            let grads = loss.backward()?;
            t!(w -= lr * grads.get(&w));
            t!(b -= lr * grads.get(&b));
            losses.push(loss.item()?);
        }
        println!("epoch {epoch}: loss {:.4}", losses[losses.len() - 1]);
    }

    let (x, y) = test.all()?;
    let accuracy = data::accuracy(&net(&x)?, &y)?;
    // end
    Ok(Run { losses, accuracy, ..Run::default() })
}
