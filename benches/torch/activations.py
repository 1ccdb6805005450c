"""Times PyTorch's activations as benches/activations.rs times the prelude's, as JSON lines.

usage: [RAYON_NUM_THREADS=N] [ELEMENTS=N] python benches/torch_activations.py

Needs torch alone. The backward pass gets the gradient of the result ready made.
"""

import json
import os
import statistics
import time

import torch
import torch.nn.functional as F

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


def median(run):
    return statistics.median([run() for _ in range(RUNS + 2)][2:])


def time_one(function, x):
    def forward():
        begin = time.perf_counter()
        function(x)
        return (time.perf_counter() - begin) * 1e3

    gradient = torch.ones_like(function(x))

    def backward():
        y = function(x)
        x.grad = None
        begin = time.perf_counter()
        y.backward(gradient)
        return (time.perf_counter() - begin) * 1e3

    return median(forward), median(backward)


def main():
    elements = int(os.environ.get("ELEMENTS", 10_000_000))
    threads = int(os.environ.get("RAYON_NUM_THREADS", os.cpu_count()))
    torch.set_num_threads(threads)
    flat = (torch.arange(elements) * 7919 % 10_007).float() / 1000 - 5
    rows = flat.reshape(-1, 1000).clone().requires_grad_()
    flat.requires_grad_()
    for functions, x in ((ELEMENTWISE, flat), (ALONG_AN_AXIS, rows)):
        for name, function in functions.items():
            forward_ms, backward_ms = time_one(function, x)
            print(
                json.dumps(
                    {
                        "library": "torch " + torch.__version__,
                        "function": name,
                        "elements": elements,
                        "threads": threads,
                        "forward_ms": round(forward_ms, 2),
                        "backward_ms": round(backward_ms, 2),
                    }
                ),
                flush=True,
            )


main()
