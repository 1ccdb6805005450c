"""Times PyTorch's optimizers under the names of benches/optimizers.rs.

All options are PyTorch's defaults, `foreach` and `fused` too.
"""

import torch
from measure import Bench

SIZES = [("25M", (5000, 5000), 1, 9), ("50 x 64x64", (64, 64), 50, 101)]
NAMES = (
    "SGD SGD(momentum) Adam AdamW NAdam RAdam Adamax Adadelta Adagrad RMSprop Rprop ASGD Adafactor Muon"
).split()


def lbfgs(bench, label, shape, count, steps):
    wave = (torch.arange(shape[0] * shape[1]) * 7919 % 1009).float() / 504.5 - 1
    params = [torch.nn.Parameter(wave.reshape(shape).clone()) for _ in range(count)]
    optimizer = torch.optim.LBFGS(params, lr=0.1, max_iter=2, history_size=3)

    def closure():
        optimizer.zero_grad()
        loss = sum(it.square().sum() for it in params)
        loss.backward()
        return loss

    bench.row(f"LBFGS, {label}", steps, lambda: optimizer.step(closure))


def measure(bench, name, label, shape, count, steps):
    wave = (torch.arange(shape[0] * shape[1]) * 7919 % 1009).float() / 504.5 - 1
    params = []
    for _ in range(count):
        param = torch.nn.Parameter(wave.reshape(shape).clone())
        param.grad = wave.reshape(shape).clone()
        params.append(param)
    options = {"momentum": 0.9} if name == "SGD(momentum)" else {}
    optimizer = getattr(torch.optim, name.split("(")[0])(params, **options)
    bench.row(f"{name}, {label}", steps, optimizer.step)


def main():
    bench = Bench("optimizers")
    for name in NAMES:
        for label, shape, count, steps in SIZES:
            if name == "Muon" and count == 1:
                shape, count, steps = (1000, 1000), 25, 3
            if bench.wants(f"{name}, {label}"):
                measure(bench, name, label, shape, count, steps)
    for label, shape, count, steps in SIZES:
        if bench.wants(f"LBFGS, {label}"):
            lbfgs(bench, label, shape, count, steps)


main()
