//! A character-level language model with an LSTM.

use super::prelude::*;

pub fn run(root: &Path, seed: u64) -> Result<Run> {
    // cells
    torch::manual_seed(seed);
    let text = std::fs::read_to_string(root.join("text.txt"))?;
    let mut chars = Vec::from_iter(text.chars());
    chars.sort();
    chars.dedup();
    let index = |c| chars.binary_search(&c).unwrap();
    let ids = tensor!(Vec::from_iter(text.chars().map(index)));
    let x = torch::unfold(&ids.i(..ids.numel() - 1)?, 0, 24, 8)?;
    let y = torch::unfold(&ids.i(1..)?, 0, 24, 8)?;
    let set = data::TensorDataset::new(&x, &y)?;
    let loader = data::DataLoader!(&set, batch_size = 8, shuffle = true)?;

    nn::model!(
        struct CharRNN {
            embed: nn::Embedding,
            lstm: nn::LSTM,
            out: nn::Linear,
        },
        own forward
    );

    type State = Option<(Tensor, Tensor)>;

    impl CharRNN {
        fn new(vocab: usize, hidden: usize) -> Result<Self> {
            Ok(Self {
                embed: nn::Embedding::new(vocab, 16)?,
                lstm: nn::LSTM!(16, hidden, num_layers = 2, batch_first = true)?,
                out: nn::Linear::new(hidden, vocab)?,
            })
        }

        fn forward(&self, x: &Tensor, state: &State) -> Result<(Tensor, State)> {
            let (y, state) = self.lstm.forward(&self.embed.forward(x)?, state)?;
            Ok((self.out.forward(&y)?, Some(state)))
        }
    }

    let net = CharRNN::new(chars.len(), 32)?;
    let loss_fn = nn::CrossEntropyLoss!();
    let mut optimizer = optim::Adam!(net.parameters(), lr = 0.01)?;

    let mut losses = vec![];
    for _ in 0..3 {
        for batch in &loader {
            let (x, y) = batch?;
            let (logits, _) = net.forward(&x, &None)?;
            let loss = loss_fn.forward(&logits.flatten(0, 1)?, &y.flatten_all()?)?;
            let mut grads = loss.backward()?;
            nn::utils::clip_grad_norm_(&net.parameters(), &mut grads, 1.0, 2.0)?;
            optimizer.step(&grads)?;
            losses.push(loss.item()?);
        }
    }

    let mut written = vec![chars[0]];
    let mut state = None;
    for step in 0..30 {
        let x = tensor!([[index(written[step])]]);
        let (logits, next) = net.forward(&x, &state)?;
        let p = F::softmax(&logits.i((0, 0))?, 0)?;
        written.push(chars[torch::multinomial(&p, 1, false)?.item()? as usize]);
        state = next;
    }
    // end
    Ok(Run { losses, written: written.into_iter().collect(), ..Run::default() })
}
