# ResNet-18 on small photographs.
import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

torch.manual_seed(seed)
mean, std = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
transform = transforms.Compose([
    transforms.RandomCrop(32, padding=4),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize(mean, std),
])
train = datasets.CIFAR10(root, train=True, transform=transform)
loader = DataLoader(train, batch_size=8, shuffle=True)

net = models.resnet18()
net.fc = nn.Linear(512, 10)
loss_fn = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)

losses = []
for epoch in range(2):
    for x, y in loader:
        loss = loss_fn(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
