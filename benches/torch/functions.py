"""Times PyTorch's functions of tensors under the names of benches/functions.rs."""

import torch
from measure import Bench

BENCH = Bench("functions")


def forward(name, f):
    BENCH.row(f"{name}: forward", 50, f)


def both(name, x, f):
    forward(name, lambda: f(x))
    leaf = x.detach().clone().requires_grad_()

    def run():
        leaf.grad = None
        f(leaf).sum().backward()

    BENCH.row(f"{name}: forward, backward", 50, run)


def reductions():
    x = torch.randn(1000, 1000)
    both("logsumexp(1) 1000 x 1000", x, lambda x: x.logsumexp(1))
    both("logsumexp(0) 1000 x 1000", x, lambda x: x.logsumexp(0))
    both("norm 1000 x 1000", x, lambda x: x.norm())
    both("norm(1) 1000 x 1000", x, lambda x: x.norm(dim=1))
    both("norm(p=1, 1) 1000 x 1000", x, lambda x: x.norm(1, dim=1))
    both("prod(1) 1000 x 1000", x, lambda x: x.prod(1))
    both("cumprod(1) 1000 x 1000", x, lambda x: x.cumprod(1))
    both("cumprod(0) 1000 x 1000", x, lambda x: x.cumprod(0))
    both("std(1) 1000 x 1000", x, lambda x: x.std(1))
    forward("prod 1000000", lambda: x.prod())
    forward("sort(1) 1000 x 1000", lambda: x.sort(1)[0])
    forward("topk(10, 1) 1000 x 1000", lambda: x.topk(10, 1)[0])


def elements():
    x, y = torch.randn(1000, 1000), torch.randn(1000, 1000)
    both("erf 1000000", x, torch.erf)
    both("tan 1000000", x, torch.tan)
    forward("atan 1000000", lambda: x.atan())
    forward("sinh 1000000", lambda: x.sinh())
    both("mul 1000000", x, lambda x: x * y)
    both("add of a row 1000 x 1000", x, lambda x: x + y[:1])
    both("maximum 1000000", x, lambda x: torch.maximum(x, y))
    forward("gt 1000000", lambda: x > y)
    mask = x > 0
    both("where 1000000", x, lambda x: torch.where(mask, x, 0.0))


def turns():
    x = torch.randn(1000, 1000)
    both("flip(0) 1000 x 1000", x, lambda x: x.flip(0))
    both("flip(1) 1000 x 1000", x, lambda x: x.flip(1))
    both("roll(0) 1000 x 1000", x, lambda x: x.roll(300, 0))
    both("roll(1) 1000 x 1000", x, lambda x: x.roll(300, 1))
    both("tril 1000 x 1000", x, lambda x: x.tril())
    both("repeat_interleave(2, 1) 1000 x 1000", x, lambda x: x.repeat_interleave(2, 1))
    both("unfold(1, 8, 4) and contiguous 1000 x 1000", x, lambda x: x.unfold(1, 8, 4).contiguous())


def choices():
    x, index = torch.randn(1000, 1000), torch.randint(0, 1000, (1000, 1000))
    both("gather(1) 1000 x 1000", x, lambda x: x.gather(1, index))
    both("gather(0) 1000 x 1000", x, lambda x: x.gather(0, index))
    zeros = torch.zeros(1000, 1000)
    both("scatter_add(1) 1000 x 1000", x, lambda x: zeros.scatter_add(1, index, x))
    both("scatter_add(0) 1000 x 1000", x, lambda x: zeros.scatter_add(0, index, x))
    both("scatter(1) 1000 x 1000", x, lambda x: zeros.scatter(1, index, x))
    rows = torch.randint(0, 1000, (1000,))
    both("index_select(0) 1000 x 1000", x, lambda x: x.index_select(0, rows))
    both("index_select(1) 1000 x 1000", x, lambda x: x.index_select(1, rows))
    mask = x > 0
    both("masked_select 1000 x 1000", x, lambda x: x.masked_select(mask))


def integers():
    a, b = torch.randint(1, 1000, (1000, 1000)), torch.randint(1, 1000, (1000, 1000))
    forward("add of i64 1000000", lambda: a + b)
    forward("mul of i64 by a number 1000000", lambda: a * 3)
    forward("floor_divide of i64 1000000", lambda: a // b)
    forward("eq of i64 1000000", lambda: a == b)
    forward("bitwise_and of i64 1000000", lambda: a & b)
    p, q = a > 500, b > 500
    forward("logical_and of masks 1000000", lambda: torch.logical_and(p, q))
    c, d = a.to(torch.uint8), b.to(torch.uint8)
    forward("eq of u8 1000000", lambda: c == d)


def distances():
    a, b = torch.randn(1000, 64), torch.randn(1000, 64)
    both("cdist 1000 x 64", a, lambda a: torch.cdist(a, b))
    both("cdist(p=1) 1000 x 64", a, lambda a: torch.cdist(a, b, 1.0))
    points, few = torch.randn(20_000, 3), torch.randn(20, 3)
    both("cdist 20000 x 3 from 20", points, lambda x: torch.cdist(x, few))
    both("outer 1000 x 1000", a[:, 0].contiguous(), lambda v: torch.outer(v, v))


for rows in (reductions, elements, turns, choices, integers, distances):
    rows()
