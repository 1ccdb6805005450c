//! A small transformer encoder, which tells whether a sequence has more small numbers than large ones.

use super::prelude::*;

pub fn run(_: &Path, seed: u64) -> Result<Run> {
    // cells
    torch::manual_seed(seed);
    let x = torch::randint(0, 20, (160, 12))?;
    let y = t!((x < 10).sum(1) > 6).long()?;
    let [train, test] = data::random_split(&data::TensorDataset::new(&x, &y)?, [0.8, 0.2])?;
    let loader = data::DataLoader!(&train, batch_size = 16, shuffle = true)?;

    nn::model!(
        struct Classifier {
            embed: nn::Embedding,
            position: Var,
            encoder: nn::TransformerEncoder,
            out: nn::Linear,
        }
    );

    impl Classifier {
        fn new(vocab: usize, length: usize, width: usize) -> Result<Self> {
            let embed = nn::Embedding::new(vocab, width)?;
            let position = t!(torch::randn((length, width))? * 0.02).requires_grad_()?;
            let layer = nn::TransformerEncoderLayer!(
                width,
                4,
                dim_feedforward = 64,
                dropout = 0.1,
                batch_first = true
            )?;
            let encoder = nn::TransformerEncoder::new(&layer, 2)?;
            Ok(Self { embed, position, encoder, out: nn::Linear::new(width, 2)? })
        }
    }

    impl Module for Classifier {
        fn forward(&self, x: &Tensor) -> Result<Tensor> {
            let x = t!(self.embed.forward(x)? + self.position);
            let x = self.encoder.forward(&x)?;
            self.out.forward(&t!(x.mean(1)))
        }
    }

    let net = Classifier::new(20, 12, 32)?;
    let loss_fn = nn::CrossEntropyLoss!();
    let mut optimizer = optim::AdamW!(net.parameters(), lr = 0.002, weight_decay = 0.01)?;

    let mut losses = vec![];
    for _ in 0..3 {
        net.train();
        for batch in &loader {
            let (x, y) = batch?;
            let loss = loss_fn.forward(&net.forward(&x)?, &y)?;
            optimizer.backward_step(&loss)?;
            losses.push(loss.item()?);
        }
    }

    net.eval();
    let (x, y) = test.all()?;
    let accuracy = data::accuracy(&net.forward(&x)?, &y)?;
    // end
    Ok(Run { losses, accuracy, ..Run::default() })
}
