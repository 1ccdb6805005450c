"""Times PyTorch's functions of tensors under the names of benches/tensors.rs."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from measure import Bench

BENCH = Bench("tensors")


def forward(name, f):
    BENCH.row(f"{name}: forward", 100, f)


def both(name, x, f):
    forward(name, lambda: f(x))
    leaf = x.detach().clone().requires_grad_()

    def run():
        leaf.grad = None
        f(leaf).sum().backward()

    BENCH.row(f"{name}: forward, backward", 100, run)


def sums():
    x = torch.randn(1000, 1000)
    both("sum 1000 x 1000", x, lambda x: x.sum())
    both("sum(0) 1000 x 1000", x, lambda x: x.sum(0))
    both("sum(1) 1000 x 1000", x, lambda x: x.sum(1))
    both("mean(0) 1000 x 1000", x, lambda x: x.mean(0))
    both("cumsum(0) 1000 x 1000", x, lambda x: x.cumsum(0))
    both("cumsum(1) 1000 x 1000", x, lambda x: x.cumsum(1))
    long = torch.randn(1_000_000)
    forward("cumsum(0) 1000000", lambda: long.cumsum(0))
    narrow = torch.randn(100_000, 10)
    forward("sum(0) 100000 x 10", lambda: narrow.sum(0))
    forward("sum(1) 100000 x 10", lambda: narrow.sum(1))
    forward("cumsum(0) 100000 x 10", lambda: narrow.cumsum(0))
    images = torch.randn(64, 16, 28, 28)
    both("sum(0, 2, 3) 64 x 16 x 28 x 28", images, lambda x: x.sum((0, 2, 3)))


def elements():
    x = torch.rand(1000, 1000)
    for name in ["exp", "log", "sqrt", "square", "sin", "cos"]:
        both(f"{name} 1000000", x, getattr(torch, name))
    both("pow(1.5) 1000000", x, lambda x: x.pow(1.5))
    forward("log1p 1000000", lambda: x.log1p())
    forward("pow(0.7) 1000000", lambda: x.pow(0.7))
    forward("abs 1000000", lambda: x.abs())
    forward("clamp 1000000", lambda: x.clamp(0.25, 0.75))


def products():
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    BENCH.row("matmul 1024: forward", 10, lambda: a @ b)
    a, b = torch.randn(32, 128, 64), torch.randn(32, 64, 128).requires_grad_()
    forward("matmul 32 x 128 x 64 x 128", lambda: a @ b)
    leaf = a.clone().requires_grad_()

    def run():
        leaf.grad = b.grad = None
        (leaf @ b).sum().backward()

    BENCH.row("matmul 32 x 128 x 64 x 128: forward, backward", 100, run)
    c, v = torch.randn(1024, 1024), torch.randn(1024)
    forward("matmul 1024 x 1024 and 1024", lambda: c @ v)
    forward("matmul with a transposed right side, 512", lambda: c[:512] @ c.transpose(0, 1))


def copies():
    x = torch.randn(1000, 1000)
    forward("transpose and contiguous 1000 x 1000", lambda: x.transpose(0, 1).contiguous())
    images = torch.randn(16, 64, 56, 56)
    forward("permute and contiguous 16 x 64 x 56 x 56", lambda: images.permute(0, 2, 3, 1).contiguous())
    forward("narrow and contiguous 1000 x 500", lambda: x.narrow(1, 100, 500).contiguous())


def rows_of_tables():
    embedding = nn.Embedding(10_000, 128)
    numbers = torch.randint(0, 10_000, (64, 32))
    forward("Embedding 10000 x 128, 64 x 32", lambda: embedding(numbers))

    def run():
        embedding.weight.grad = None
        embedding(numbers).sum().backward()

    BENCH.row("Embedding 10000 x 128, 64 x 32: forward, backward", 100, run)
    x = torch.randn(1000, 1000)
    both("softmax(0) 1000 x 1000", x, lambda x: x.softmax(0))
    both("softmax(1) 1000 x 1000", x, lambda x: x.softmax(1))
    both("log_softmax(0) 1000 x 1000", x, lambda x: F.log_softmax(x, 0))
    both("log_softmax(1) 1000 x 1000", x, lambda x: F.log_softmax(x, 1))
    forward("argmax(1) 1000 x 1000", lambda: x.argmax(1))
    forward("amax(1) 1000 x 1000", lambda: x.amax(1))
    forward("amax(0) 1000 x 1000", lambda: x.amax(0))


for rows in (sums, elements, products, copies, rows_of_tables):
    rows()
