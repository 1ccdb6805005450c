"""Times PyTorch's training steps under the names of benches/training.rs.

vgg11 is built from layers as torchvision builds it, so that torchvision isn't needed.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from measure import Bench

BENCH = Bench("training")


def step(model, adam, x, y):
    loss = F.cross_entropy(model(x), y)
    adam.zero_grad()
    loss.backward()
    adam.step()


def mlp():
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    adam = torch.optim.Adam(model.parameters())
    x, y = torch.rand(64, 784), torch.randint(0, 10, (64,))
    BENCH.row("mlp 784-128-10, batch 64: step", 200, lambda: step(model, adam, x, y))
    BENCH.row("mlp 784-128-10, batch 64: forward", 200, lambda: model(x))


def cnn():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(784, 10),
    )
    adam = torch.optim.Adam(model.parameters())
    x, y = torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))
    BENCH.row("cnn 8-16, 28 x 28, batch 64: step", 50, lambda: step(model, adam, x, y))
    BENCH.row("cnn 8-16, 28 x 28, batch 64: forward", 50, lambda: model(x))
    BENCH.row("cnn, our layers: forward, backward", 50, lambda: model(x).sum().backward())


def draws():
    million = 1_000_000
    BENCH.row("rand, a million", 50, lambda: torch.rand(million))
    BENCH.row("randn, a million", 50, lambda: torch.randn(million))
    BENCH.row("randn, four", 500, lambda: torch.randn(4))
    BENCH.row("randint, a million", 50, lambda: torch.randint(0, 10, (million,)))
    BENCH.row("randperm, a million", 20, lambda: torch.randperm(million))
    ones = torch.rand(million)
    BENCH.row("dropout, a million", 20, lambda: F.dropout(ones, 0.5, True))
    BENCH.row("Linear(1000, 1000)", 50, lambda: nn.Linear(1000, 1000))
    BENCH.row("Embedding(10000, 100)", 50, lambda: nn.Embedding(10_000, 100))
    BENCH.row("manual_seed", 500, lambda: torch.manual_seed(0))


def both(name, runs, x, f):
    x = x.requires_grad_()
    BENCH.row(f"{name}: forward", runs, lambda: f(x))
    BENCH.row(f"{name}: forward, backward", runs, lambda: f(x).sum().backward())


def functions():
    x = torch.randn(64, 16, 28, 28)
    both("max_pool2d (64, 16, 28, 28)", 30, x, lambda x: F.max_pool2d(x, 2))
    both("avg_pool2d (64, 16, 28, 28)", 30, x, lambda x: F.avg_pool2d(x, 2))
    both("BatchNorm2d (64, 16, 28, 28)", 30, x, nn.BatchNorm2d(16))
    slopes = torch.rand(16).requires_grad_()
    both("prelu (64, 16, 28, 28)", 30, x, lambda x: F.prelu(x, slopes))
    both("dropout (64, 16, 28, 28)", 30, x, lambda x: F.dropout(x, 0.5, True))
    rows = torch.randn(512, 768)
    both("LayerNorm (512, 768)", 50, rows, nn.LayerNorm(768))
    both("RMSNorm (512, 768)", 50, rows, nn.RMSNorm(768))
    both("Linear 768-768, batch 512", 20, rows, nn.Linear(768, 768))
    for images, inputs, outputs, size in [
        (64, 1, 8, 28), (64, 8, 16, 14), (1, 64, 128, 112), (1, 256, 256, 56), (1, 512, 512, 14)
    ]:
        x = torch.randn(images, inputs, size, size)
        name = f"Conv2d {inputs}-{outputs}, {images} x {size} x {size}"
        both(name, 5, x, nn.Conv2d(inputs, outputs, 3, padding=1))


def build_vgg11():
    layers, channels = [], 3
    for width in [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]:
        if width == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(True)]
        channels = width
    model = nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d((7, 7)), nn.Flatten(),
        nn.Linear(25088, 4096), nn.ReLU(True), nn.Dropout(),
        nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(), nn.Linear(4096, 1000),
    )
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.01)
        else:
            continue
        nn.init.zeros_(layer.bias)
    return model


def vgg11():
    BENCH.row("vgg11()", 1, build_vgg11)
    BENCH.row("vgg11() and its weights", 1, build_vgg11)
    model, x = build_vgg11(), torch.rand(1, 3, 224, 224)
    BENCH.row("vgg11, 1 x 3 x 224 x 224: forward", 5, lambda: model(x))
    BENCH.row("vgg11, 1 x 3 x 224 x 224: forward, backward", 3, lambda: model(x).sum().backward())


for rows in (mlp, cnn, draws, functions, vgg11):
    rows()
