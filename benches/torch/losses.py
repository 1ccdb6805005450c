"""Times PyTorch's losses under the names of benches/losses.rs."""

import torch
import torch.nn as nn
from measure import Bench

ROWS, CLASSES, RUNS, TIMES = 1_000_000, 10, 11, 1_000


def numbers(seed, shape, low, high):
    count = torch.Size(shape).numel()
    place = (torch.arange(count) * 7919 + seed * 104_729) % 100_003
    return (low + (high - low) * place.float() / 100_003.0).reshape(shape)


def flat(seed):
    return numbers(seed, [ROWS], -3.0, 3.0)


def unit(seed):
    return numbers(seed, [ROWS], 0.01, 0.99)


def table(seed):
    return numbers(seed, [ROWS, CLASSES], -3.0, 3.0)


def rows():
    signs = (unit(9) >= 0.5).float() * 2 - 1
    labels = (table(5) >= 0).float()
    soft = torch.softmax(table(4), 1)
    classes = torch.arange(ROWS) * 7 % CLASSES
    lists = torch.full((ROWS, CLASSES), -1)
    lists[:, 0], lists[:, 1] = 0, 3
    sequences = (torch.arange(64 * 20) * 7 % 19 + 1).reshape(64, 20)
    ctc = lambda x: nn.CTCLoss()(x, sequences, [50] * 64, [20] * 64)
    return [
        ("MSELoss", [flat(1), flat(2)], 1, nn.MSELoss()),
        ("MSELoss (both)", [flat(1), flat(2)], 2, nn.MSELoss()),
        ("L1Loss", [flat(1), flat(2)], 1, nn.L1Loss()),
        ("SmoothL1Loss", [flat(1), flat(2)], 1, nn.SmoothL1Loss()),
        ("HuberLoss", [flat(1), flat(2)], 1, nn.HuberLoss()),
        ("BCELoss", [unit(1), unit(2)], 1, nn.BCELoss()),
        ("BCEWithLogitsLoss", [flat(1), unit(2)], 1, nn.BCEWithLogitsLoss()),
        ("KLDivLoss", [flat(1), unit(2)], 1, nn.KLDivLoss()),
        ("PoissonNLLLoss", [flat(1), unit(2)], 1, nn.PoissonNLLLoss()),
        ("GaussianNLLLoss", [flat(1), flat(2), unit(3)], 1, nn.GaussianNLLLoss()),
        ("HingeEmbeddingLoss", [flat(1), signs], 1, nn.HingeEmbeddingLoss()),
        ("SoftMarginLoss", [flat(1), signs], 1, nn.SoftMarginLoss()),
        ("MarginRankingLoss", [flat(1), flat(2), signs], 2, nn.MarginRankingLoss()),
        ("CrossEntropyLoss", [table(1), classes], 1, nn.CrossEntropyLoss()),
        ("CrossEntropyLoss (smoothed)", [table(1), classes], 1, nn.CrossEntropyLoss(label_smoothing=0.1)),
        ("CrossEntropyLoss (probabilities)", [table(1), soft], 1, nn.CrossEntropyLoss()),
        ("NLLLoss", [table(1), classes], 1, nn.NLLLoss()),
        ("MultiMarginLoss", [table(1), classes], 1, nn.MultiMarginLoss()),
        ("MultiLabelMarginLoss", [table(1), lists], 1, nn.MultiLabelMarginLoss()),
        ("MultiLabelSoftMarginLoss", [table(1), labels], 1, nn.MultiLabelSoftMarginLoss()),
        ("CosineEmbeddingLoss", [table(1), table(2), signs], 2, nn.CosineEmbeddingLoss()),
        ("TripletMarginLoss", [table(1), table(2), table(3)], 3, nn.TripletMarginLoss()),
        ("CTCLoss", [numbers(1, [50, 64, 20], -3.0, 3.0)], 1, ctc),
    ]


def small():
    few = lambda seed: numbers(seed, [4], 0.01, 0.99)
    table = numbers(3, [4, 3], -3.0, 3.0)
    return [
        ("MSELoss of 4", [few(1), few(2)], nn.MSELoss()),
        ("BCELoss of 4", [few(1), few(2)], nn.BCELoss()),
        ("CrossEntropyLoss of 4 rows", [table, torch.tensor([0, 1, 2, 0])], nn.CrossEntropyLoss()),
    ]


def main():
    bench = Bench("losses")
    for name, inputs, loss in small():
        x = inputs[0].requires_grad_()

        def many():
            for _ in range(TIMES):
                x.grad = None
                loss(*inputs).backward()

        bench.row(f"{name}, {TIMES} times, and backward", RUNS, many)
    for name, inputs, wanted, loss in rows():
        if not bench.wants(name):
            continue
        bench.row(f"{name}, forward", RUNS, lambda: loss(*inputs))
        variables = [it.clone().requires_grad_(index < wanted) if it.is_floating_point() else it for index, it in enumerate(inputs)]

        def both():
            for it in variables:
                it.grad = None
            loss(*variables).backward()

        bench.row(f"{name}, and backward", RUNS, both)


main()
