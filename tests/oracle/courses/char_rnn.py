# A character-level language model with an LSTM.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(seed)
text = open(f"{root}/text.txt").read()
chars = sorted(set(text))
index = {c: i for i, c in enumerate(chars)}
ids = torch.tensor([index[c] for c in text])
x = ids[:-1].unfold(0, 24, 8)
y = ids[1:].unfold(0, 24, 8)
loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)

class CharRNN(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, 16)
        self.lstm = nn.LSTM(16, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        y, state = self.lstm(self.embed(x), state)
        return self.out(y), state

net = CharRNN(len(chars), 32)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

losses = []
for epoch in range(3):
    for x, y in loader:
        logits, _ = net(x)
        loss = loss_fn(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())

written = chars[0]
state = None
with torch.no_grad():
    for step in range(30):
        x = torch.tensor([[index[written[-1]]]])
        logits, state = net(x, state)
        p = torch.softmax(logits[0, 0], 0)
        written += chars[torch.multinomial(p, 1).item()]
