"""Times PyTorch's activations under the names of benches/activations.rs; ELEMENTS sets how many numbers."""

import os

import torch
import torch.nn.functional as F
from measure import Bench

RUNS = 9
ELEMENTWISE = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "threshold": lambda x: F.threshold(x, 0.5, -7.0),
    "leaky_relu": F.leaky_relu,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "tanhshrink": F.tanhshrink,
    "softsign": F.softsign,
    "logsigmoid": F.logsigmoid,
    "softplus": F.softplus,
    "silu": F.silu,
    "mish": F.mish,
    "gelu": F.gelu,
    "gelu(tanh)": lambda x: F.gelu(x, approximate="tanh"),
    "glu": F.glu,
}
ALONG_AN_AXIS = {
    "softmax(-1)": lambda x: F.softmax(x, -1),
    "softmax(0)": lambda x: F.softmax(x, 0),
    "log_softmax(-1)": lambda x: F.log_softmax(x, -1),
    "log_softmax(0)": lambda x: F.log_softmax(x, 0),
}


def main():
    bench = Bench("activations")
    elements = int(os.environ.get("ELEMENTS", 10_000_000))
    flat = (torch.arange(elements) * 7919 % 10_007).float() / 1000 - 5
    rows = flat.reshape(-1, 1000).clone()
    for functions, x in ((ELEMENTWISE, flat), (ALONG_AN_AXIS, rows)):
        variable = x.clone().requires_grad_()
        for name, function in functions.items():
            bench.row(f"{name}, forward", RUNS, lambda: function(x))
            gradient = torch.ones_like(function(x))

            def both():
                variable.grad = None
                function(variable).backward(gradient)

            bench.row(f"{name}, and backward", RUNS, both)
            variable.grad = None
            del gradient


main()
