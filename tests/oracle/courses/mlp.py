# A multilayer perceptron with dropout.
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.manual_seed(seed)
train = datasets.FashionMNIST(root, train=True, transform=transforms.ToTensor())
test = datasets.FashionMNIST(root, train=False, transform=transforms.ToTensor())
loader = DataLoader(train, batch_size=32, shuffle=True)

net = nn.Sequential(
    nn.Flatten(),
    nn.Linear(784, 64),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(64, 10),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)

losses = []
for epoch in range(3):
    net.train()
    for x, y in loader:
        loss = loss_fn(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {losses[-1]:.4f}")

net.eval()
correct = 0
with torch.no_grad():
    for x, y in DataLoader(test, batch_size=64):
        correct += (net(x).argmax(1) == y).sum().item()
accuracy = correct / len(test)
