#!/usr/bin/env python
"""
PyTorch's rarer first values, averages of models, and torchvision's resnet18.

    usage: models.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch and numpy)

  inits     {"id","args","dtype","shape","seed","values":[..],"then":hex}
  averages  {"id","use_buffers","steps":[[numbers of all parameters and buffers]..]}   of Sequential(Linear(2, 3, bias=False), BatchNorm1d(3))
  resnet18  {"seed","names":[..],"tensors":[{"name","shape","hash"}..],"repr","then":hex,"sum":float,"logits":[..]}

As in draws.py, "hash" is one of the bits of all numbers, and "then" the bits of the next torch.rand(1). resnet18 is that of
courses/torchvision.py, so that torchvision isn't needed; "logits" are those of one image in eval mode with the weights drawn.
"""
import json, pathlib, sys
import numpy as np, torch, torch.nn as nn
sys.path.insert(0, str(pathlib.Path(__file__).parent / "courses"))
from torchvision import resnet18
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

SEED, OUT = int(sys.argv[1]), sys.argv[2]
DTYPES = {"f32": torch.float32, "f64": torch.float64}
def bits(t): return t.detach().reshape(-1).view(torch.int32).numpy().view(np.uint32).astype(np.uint64)
def hashed(words):
    mixed = words * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return "%016x" % int((mixed * (2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1))).sum(dtype=np.uint64))
def then(): return "%08x" % int(bits(torch.rand(1))[0])

R = {"meta": {"torch": torch.__version__, "seed": SEED}, "inits": [], "averages": []}
ROWS = [("orthogonal_", [3, 5], 1.), ("orthogonal_", [7, 4], 2.), ("orthogonal_", [5, 5], 1.), ("orthogonal_", [4, 3, 2, 2], 1.),
        ("trunc_normal_", [40], 0., 1., -2., 2.), ("trunc_normal_", [40], .5, 1., -.5, 1.), ("trunc_normal_", [40], 0., 1., 1.5, 3.), ("trunc_normal_", [40], 0., .02, -2., 2.),
        ("trunc_normal_", [20], -4., 1., 0., 1.), ("sparse_", [10, 4], .3, .01), ("sparse_", [3, 5], .5, 1.), ("eye_", [3, 5]), ("dirac_", [4, 3, 3], 1), ("dirac_", [4, 2, 3, 2], 2), ("dirac_", [2, 3, 1, 2, 3], 1)]
for row, (name, shape, *args) in enumerate(ROWS):
    for dtype in DTYPES:
        torch.manual_seed(SEED + row)
        w = getattr(nn.init, name)(torch.empty(shape, dtype=DTYPES[dtype]), *args)
        R["inits"].append({"id": name, "args": args, "dtype": dtype, "shape": shape, "seed": SEED + row, "values": w.reshape(-1).tolist(), "then": then()})

def numbers(m): return [v for t in list(m.module.parameters()) + list(m.module.buffers()) for v in t.reshape(-1).tolist()]
for name, fn in {"swa": get_swa_multi_avg_fn(), "ema 0.9": get_ema_multi_avg_fn(.9), "ema 0.3": get_ema_multi_avg_fn(.3)}.items():
    for use_buffers in (False, True)[:1 if name == "swa" else 2]: # PyTorch fails at averages of integer buffers by swa
        torch.manual_seed(SEED)
        model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3)) # a bias here would have a gradient of rounding alone
        average = AveragedModel(model, multi_avg_fn=fn, use_buffers=use_buffers)
        opt, steps = torch.optim.SGD(model.parameters(), lr=.1), []
        for step in range(5):
            x = torch.rand(6, 2)
            opt.zero_grad(); (model(x) - x.sum(1, keepdim=True)).pow(2).mean().backward(); opt.step()
            average.update_parameters(model)
            steps.append(numbers(average))
        R["averages"].append({"id": name, "use_buffers": use_buffers, "steps": steps})

torch.manual_seed(SEED)
model = resnet18()
after = then()
image = torch.rand(1, 3, 40, 36)
model.eval()
with torch.no_grad(): logits = model(image)[0]
R["resnet18"] = {"seed": SEED, "names": list(model.state_dict()), "repr": repr(model), "then": after, "logits": logits[:8].tolist(), "sum": logits.double().abs().sum().item(),
                 "tensors": [{"name": n, "shape": list(p.shape), "hash": hashed(bits(p))} for n, p in model.named_parameters()]}
json.dump(R, open(OUT, "w"), separators=(",", ":"))
