"""Times PyTorch's layers of sequences and images under the names of benches/layers.rs."""

import torch
import torch.nn as nn
from measure import Bench

BENCH = Bench("layers")


def both(name, runs, x, forward):
    with torch.no_grad():
        BENCH.row(f"{name}: forward", runs, lambda: forward(x))
    x = x.clone().requires_grad_(True)
    BENCH.row(f"{name}: forward, backward", runs, lambda: forward(x).sum().backward())


def recurrent():
    x = torch.randn(35, 32, 128)
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        layer = kind(128, 128)
        both(f"{kind.__name__} 128, 35 x 32", 20, x, lambda x: layer(x)[0])


def attention():
    layer = nn.TransformerEncoderLayer(128, 4, 512, 0.0, batch_first=True)
    both("TransformerEncoderLayer 128, 32 x 35", 20, torch.randn(32, 35, 128), layer)


def images():
    x = torch.randn(16, 32, 28, 28)
    both("ConvTranspose2d 32-16, 16 x 28 x 28", 20, x, nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1))
    both("GroupNorm 8 of 32, 16 x 28 x 28", 20, x, nn.GroupNorm(8, 32))
    both("Upsample bilinear, 16 x 32 x 28 x 28", 20, x, nn.Upsample(scale_factor=2, mode="bilinear"))
    both("Conv1d 64-64, 32 x 256", 20, torch.randn(32, 64, 256), nn.Conv1d(64, 64, 3, padding="same"))


for rows in (recurrent, attention, images):
    rows()
