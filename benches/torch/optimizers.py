"""Milliseconds of an optimizer's step in PyTorch, on the sizes of `benches/optimizers.rs`.

usage: python benches/torch_optimizers.py [NAME ...]        (needs torch)

All options are PyTorch's defaults, `foreach` and `fused` too. Muon takes 25 matrices of a million
in place of one tensor.
"""

import resource
import statistics
import sys
import time

import torch

SIZES = [("25M", (5000, 5000), 1, 9), ("50 x 64x64", (64, 64), 50, 101)]
NAMES = (
    "SGD SGD(momentum) Adam AdamW NAdam RAdam Adamax Adadelta Adagrad RMSprop Rprop ASGD Adafactor Muon"
).split()


def measure(name, label, shape, count, steps):
    wave = (torch.arange(shape[0] * shape[1]) * 7919 % 1009).float() / 504.5 - 1
    params = []
    for _ in range(count):
        param = torch.nn.Parameter(wave.reshape(shape).clone())
        param.grad = wave.reshape(shape).clone()
        params.append(param)
    options = {"momentum": 0.9} if name == "SGD(momentum)" else {}
    optimizer = getattr(torch.optim, name.split("(")[0])(params, **options)
    for _ in range(2):
        optimizer.step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.step()
        times.append((time.perf_counter() - start) * 1e3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{name:<22} {label:>12} {statistics.median(times):>9.3f} {min(times):>9.3f}"
        f" {max(times):>9.3f} {peak:>9}",
        flush=True,
    )


def main():
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{'':<22} {'':>12} {'median':>9} {'fastest':>9} {'slowest':>9} {'peak':>9}")
    for name in sys.argv[1:] or NAMES:
        for label, shape, count, steps in SIZES:
            if name == "Muon" and count == 1:
                shape, count, steps = (1000, 1000), 25, 3
            measure(name, label, shape, count, steps)


if __name__ == "__main__":
    main()
