# A small transformer encoder that tells whether a sequence has more small numbers than large ones.
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(seed)
x = torch.randint(0, 20, (160, 12))
y = ((x < 10).sum(1) > 6).long()
train, test = random_split(TensorDataset(x, y), [0.8, 0.2])
loader = DataLoader(train, batch_size=16, shuffle=True)

class Classifier(nn.Module):
    def __init__(self, vocab, length, width=32):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.position = nn.Parameter(torch.randn(length, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        x = self.embed(x) + self.position
        x = self.encoder(x)
        return self.out(x.mean(dim=1))

net = Classifier(20, 12)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(net.parameters(), lr=0.002, weight_decay=0.01)

losses = []
for epoch in range(3):
    net.train()
    for x, y in loader:
        loss = loss_fn(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

net.eval()
correct = 0
with torch.no_grad():
    for x, y in DataLoader(test, batch_size=32):
        correct += (net(x).argmax(1) == y).sum().item()
accuracy = correct / len(test)
