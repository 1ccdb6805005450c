"""Measures the memory of PyTorch's training steps under the names of benches/memory.rs."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from measure import Bench

BENCH = Bench("memory")


def steps(row, model, shape, classes):
    if not BENCH.wants(row):
        return
    model = model()
    x, y = torch.randn(shape), torch.randint(0, classes, (shape[0],))
    sgd = torch.optim.SGD(model.parameters())

    def step():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        sgd.step()
        # Gradients go, as those of a `backward_step` do.
        sgd.zero_grad(set_to_none=True)

    step()
    BENCH.row(row, 5, step)


def mlp():
    return nn.Sequential(
        nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(),
        nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10),
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 16 * 16, 10),
    )


def normed():
    return nn.Sequential(
        nn.Linear(256, 1024), nn.LayerNorm(1024), nn.ReLU(),
        nn.Linear(1024, 1024), nn.LayerNorm(1024), nn.ReLU(), nn.Linear(1024, 10),
    )


steps("mlp of four layers, batch 4096", mlp, (4096, 784), 10)
steps("cnn 16-32, batch 64, 64 x 64", cnn, (64, 3, 64, 64), 10)
steps("mlp with LayerNorm, batch 4096", normed, (4096, 256), 10)
steps("cross entropy of 30000 classes, batch 512", lambda: nn.Linear(64, 30_000), (512, 64), 30_000)
