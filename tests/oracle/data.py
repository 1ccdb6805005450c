#!/usr/bin/env python
"""
PyTorch's samplers, loaders and splits: which examples come, in which order, and where the generator stands after them.

    usage: data.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch)

  walks     {"id","seed","walks":[[index..]..],"then":float}   two walks each; "then" is the next torch.rand(1) in f64
  images    {"id","args","image":[..],"shape","out":[..],"out_shape"}   resizes and greys, of bytes and of f32
  draws     {"id","seed","out":[[index of the first pixel, is flipped]..],"then":float}   torchvision's crops and flips of images 10 x 12

Crops and flips are torchvision's own lines, so that torchvision isn't needed.
"""
import json, sys
import torch
from torch.utils.data import *

SEED, OUT = int(sys.argv[1]), sys.argv[2]
R = {"meta": {"torch": torch.__version__, "seed": SEED}, "walks": []}

def own(seed): return torch.Generator().manual_seed(seed)
def walk(it): return [int(i) for batch in it for i in (batch if torch.is_tensor(batch) and batch.dim() else [batch])]
class Range(Dataset):
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __getitem__(self, i): return torch.tensor(i)

weights = [.1, .9, .4, .7, 3., .6, 0., .2]
WALKS = {
    "shuffle": lambda: DataLoader(Range(23), batch_size=5, shuffle=True),
    "shuffle whole batches": lambda: DataLoader(Range(20), batch_size=5, shuffle=True),
    "shuffle drop_last": lambda: DataLoader(Range(23), batch_size=5, shuffle=True, drop_last=True),
    "generator": lambda: DataLoader(Range(23), batch_size=5, shuffle=True, generator=own(SEED + 9)),
    "generator whole batches": lambda: DataLoader(Range(20), batch_size=5, shuffle=True, generator=own(SEED + 9)),
    "generator drop_last": lambda: DataLoader(Range(23), batch_size=5, shuffle=True, drop_last=True, generator=own(SEED + 9)),
    "in order": lambda: DataLoader(Range(7), batch_size=3),
    "replacement": lambda: DataLoader(Range(23), batch_size=10, sampler=RandomSampler(range(23), replacement=True, num_samples=70)),
    "replacement of 64": lambda: DataLoader(Range(23), batch_size=16, sampler=RandomSampler(range(23), replacement=True, num_samples=64, generator=own(SEED + 3))),
    "more than all": lambda: DataLoader(Range(6), batch_size=4, sampler=RandomSampler(range(6), num_samples=15, generator=own(SEED + 4))),
    "fewer than all": lambda: DataLoader(Range(6), batch_size=4, sampler=RandomSampler(range(6), num_samples=4)),
    "weighted": lambda: DataLoader(Range(8), batch_size=4, sampler=WeightedRandomSampler(weights, 30)),
    "weighted once each": lambda: DataLoader(Range(8), batch_size=4, sampler=WeightedRandomSampler(weights, 6, replacement=False)),
    "weighted one": lambda: DataLoader(Range(8), sampler=WeightedRandomSampler(weights, 1, generator=own(SEED + 5))),
}
for row, (name, make) in enumerate(WALKS.items()):
    torch.manual_seed(SEED + row)
    loader = make()
    R["walks"].append({"id": name, "seed": SEED + row, "walks": [walk(loader), walk(loader)], "then": torch.rand(1).item()})
torch.manual_seed(SEED)
parts = random_split(Range(10), [.5, .3, .2], generator=own(SEED + 1))
R["walks"].append({"id": "split", "seed": SEED, "walks": [list(p.indices) for p in parts], "then": torch.rand(1).item()})
R["images"], R["draws"] = [], []
def image(name, out, x, *args): R["images"].append({"id": name, "args": args, "image": x.reshape(-1).tolist(), "shape": list(x.shape), "out": out.reshape(-1).tolist(), "out_shape": list(out.shape)})
def resize(x, *size):
    h, w = x.shape[-2:]
    if len(size) == 1:
        short, long = (w, h) if w <= h else (h, w)
        new_short, new_long = size[0], int(size[0] * long / short)
        size = (new_long, new_short) if w <= h else (new_short, new_long)
    y = torch.nn.functional.interpolate(x[None].float(), size=list(size), mode="bilinear", align_corners=False, antialias=True)[0]
    return y if x.is_floating_point() else torch.round(y).to(x.dtype)
def grey(x): return (0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2]).to(x.dtype)[None]
torch.manual_seed(SEED)
for shape, sizes in (((1, 5, 7), [(3, 4), (10, 9), (5,), (2,), (11,)]), ((2, 8, 3), [(4, 4), (2,), (7,), (1, 1)]), ((3, 12, 10), [(5, 7), (6,)])):
    for x in (torch.rand(shape), torch.randint(0, 256, shape, dtype=torch.uint8)):
        for size in sizes: image("resize", resize(x, *size), x, *size)
        if shape[0] == 3: image("grey", grey(x), x)
def crops(high, wide, padding):
    h, w = 10 + 2 * padding, 12 + 2 * padding
    if (h, w) == (high, wide): return [0, 0]
    return [torch.randint(0, h - high + 1, size=(1,)).item(), torch.randint(0, w - wide + 1, size=(1,)).item()]
for row, (name, *args) in enumerate([("crop", 4, 5, 0), ("crop", 8, 8, 2), ("crop", 10, 12, 0), ("flip", .5), ("flip", .2)]):
    torch.manual_seed(SEED + row)
    out = [crops(*args) if name == "crop" else int(torch.rand(1) < args[0]) for _ in range(10)]
    R["draws"].append({"id": name, "args": args, "seed": SEED + row, "out": out, "then": torch.rand(1).item()})
torch.manual_seed(SEED + 99)
out = [[*crops(8, 8, 0), int(torch.rand(1) < .5)] for _ in range(6)]
R["draws"].append({"id": "crop and flip", "args": [], "seed": SEED + 99, "out": out, "then": torch.rand(1).item()})
json.dump(R, open(OUT, "w"), separators=(",", ":"))
