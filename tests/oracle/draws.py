#!/usr/bin/env python
"""
PyTorch's random numbers, to the bit.

    usage: draws.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch and numpy)

  draws   {"id","args","dtype","seed","count","first":[hex..],"hash":hex,"then":hex}
  vgg11   {"seed","tensors":[{"name","shape","hash"}..],"then":hex}

"first" are the bits of the first four numbers, "hash" is one of the bits of all of them, "then" the bits of the next
torch.rand(1), which tell where the generator stands. vgg11 is torchvision's constructor, so that torchvision isn't needed.
"""
import json, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

SEED, OUT = int(sys.argv[1]), sys.argv[2]
WORDS = {torch.float32: (torch.int32, np.uint32), torch.float64: (torch.int64, np.uint64), torch.int64: (torch.int64, np.uint64),
         torch.float16: (torch.int16, np.uint16), torch.bfloat16: (torch.int16, np.uint16)}
DTYPES = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}

def bits(t):
    signed, unsigned = WORDS[t.dtype]
    return t.detach().reshape(-1).view(signed).numpy().view(unsigned).astype(np.uint64)

def hashed(words):
    mixed = words * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return "%016x" % int((mixed * (2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1))).sum(dtype=np.uint64))

def then(): return "%08x" % int(bits(torch.rand(1))[0])
def flat(*tensors): return torch.cat([t.detach().reshape(-1) for t in tensors])
def filled(f):
    return lambda dtype, shape, *args: f(torch.empty(shape, dtype=DTYPES[dtype]), *args)
def mixture():
    return flat(torch.randn(5), torch.rand(3), torch.randn(20), torch.randint(0, 10, (3,)).float(), torch.randn(2))

DRAWS = {
    "rand": torch.rand, "randn": torch.randn, "randint": lambda low, high, n: torch.randint(low, high, (n,)), "randperm": torch.randperm,
    "uniform_": filled(nn.init.uniform_), "normal_": filled(nn.init.normal_), "xavier_uniform_": filled(nn.init.xavier_uniform_),
    "xavier_normal_": filled(nn.init.xavier_normal_), "kaiming_uniform_": filled(nn.init.kaiming_uniform_),
    "kaiming_normal_": filled(lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")),
    "Linear": lambda i, o: flat(*nn.Linear(i, o).parameters()), "Conv2d": lambda i, o, k: flat(*nn.Conv2d(i, o, k).parameters()),
    "Embedding": lambda n, d: nn.Embedding(n, d).weight, "padded": lambda n, d, row: nn.Embedding(n, d, padding_idx=row).weight,
    "dropout": lambda n, p: F.dropout(torch.ones(n), p), "mixture": mixture,
}
ROWS = [("rand", n) for n in (1, 3, 625, 100_000)]
ROWS += [("randn", n) for n in (1, 7, 15, 16, 17, 31, 32, 33, 100, 1000, 40_000, 65_552, 320_000, 1_000_003)]
ROWS += [("randint", low, high, 700) for low, high in ((0, 10), (-5, 1 << 20), (3, 4), (0, (1 << 28) - 1), (0, 1 << 28), (-7, 1 << 32), (-(1 << 62), 1 << 62), (-(1 << 63), (1 << 63) - 1))]
ROWS += [("randperm", n) for n in (1, 10, 1000, 100_000)]
for dtype in DTYPES:
    ROWS += [("uniform_", dtype, [n], low, high) for n in (5, 1000, 70_001) for low, high in ((-.3, .7), (1024, 1025), (2, 9.1))]
    ROWS += [("normal_", dtype, [n], .7, 1.3) for n in (5, 16, 17, 21, 1000, 70_001)]
for shape in ([300, 100], [64, 3, 3, 3], [3, 5]):
    ROWS += [(f"{name}_", "f32", shape) for name in ("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal")]
ROWS += [("Linear", 20, 32), ("Linear", 300, 100), ("Linear", 784, 128), ("Conv2d", 3, 8, 3), ("Conv2d", 64, 64, 3), ("Embedding", 100, 7), ("Embedding", 3, 4), ("padded", 10, 4, 3)]
ROWS += [("dropout", 70_001, .3), ("dropout", 100, .5), ("mixture",)]

R = {"meta": {"torch": torch.__version__, "seed": SEED}, "draws": []}
for row, (name, *args) in enumerate(ROWS):
    torch.manual_seed(SEED + row)
    numbers = DRAWS[name](*args)
    words, width = bits(numbers), 2 * numbers.element_size()
    R["draws"].append({"id": name, "args": args, "seed": SEED + row, "count": len(words), "first": ["%0*x" % (width, int(w)) for w in words[:4]],
                       "hash": hashed(words), "then": then()})

def vgg11():
    layers, channels = [], 3
    for width in [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]:
        if width == "M": layers.append(nn.MaxPool2d(2, 2)); continue
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(True)]
        channels = width
    model = nn.Module()
    model.features, model.avgpool = nn.Sequential(*layers), nn.AdaptiveAvgPool2d((7, 7))
    model.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, 4096), nn.ReLU(True), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(), nn.Linear(4096, 1000))
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            nn.init.constant_(m.bias, 0)
        elif isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0, 0.01)
            nn.init.constant_(m.bias, 0)
    return model

torch.manual_seed(SEED)
model = vgg11()
R["vgg11"] = {"seed": SEED, "tensors": [{"name": n, "shape": list(t.shape), "first": ["%08x" % int(w) for w in bits(t)[:4]], "hash": hashed(bits(t))} for n, t in model.named_parameters()], "then": then()}
json.dump(R, open(OUT, "w"), separators=(",", ":"))
