# Softmax regression from scratch.
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

torch.manual_seed(seed)
train = datasets.FashionMNIST(root, train=True, transform=transforms.ToTensor())
test = datasets.FashionMNIST(root, train=False, transform=transforms.ToTensor())
loader = DataLoader(train, batch_size=32, shuffle=True)

W = torch.normal(0, 0.01, size=(784, 10), requires_grad=True)
b = torch.zeros(10, requires_grad=True)

def softmax(x):
    e = torch.exp(x)
    return e / e.sum(1, keepdim=True)

def net(x):
    return softmax(x.reshape(-1, 784) @ W + b)

def cross_entropy(p, y):
    return -torch.log(p[range(len(p)), y]).mean()

lr = 0.1
losses = []
for epoch in range(3):
    for x, y in loader:
        loss = cross_entropy(net(x), y)
        loss.backward()
        with torch.no_grad():
            W -= lr * W.grad
            b -= lr * b.grad
        W.grad.zero_()
        b.grad.zero_()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {losses[-1]:.4f}")

correct = 0
with torch.no_grad():
    for x, y in DataLoader(test, batch_size=64):
        correct += (net(x).argmax(1) == y).sum().item()
accuracy = correct / len(test)
