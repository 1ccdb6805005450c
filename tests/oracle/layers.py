#!/usr/bin/env python
"""
PyTorch's numbers for layers and for the functions behind them.

    usage: layers.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch)

Tensors are written as in the oracle's other file: {"dtype","shape","hex"|"ints"}.

  op      {"id","fn","p","in":[T|null..],"y":T,"gy":T,"g":[T|null..]}   gradients of sum(y * gy)
  layer   {"id","repr","state":[[name,T]..],"num_parameters"}           after torch.manual_seed(0)
  err     {"id","msg"}                                                  what PyTorch raises
  random  {"id","values"}                                               after torch.manual_seed(0)
  train   {"init":T,"final":T,"loss":hex}   an MLP, 20 steps of SGD on shuffled batches, seed 0
"""
import json, sys
import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

SEED, OUT = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
G = torch.Generator().manual_seed(SEED)
NAMES = {torch.float32: "f32", torch.float64: "f64", torch.int64: "i64"}
BITS = {torch.float32: (torch.int32, 8), torch.float64: (torch.int64, 16)}

def T(t):
    if t is None: return None
    t = t.detach()
    d = {"dtype": NAMES[t.dtype], "shape": list(t.shape)}
    if t.dtype in BITS:
        ints, width = BITS[t.dtype]
        mask = (1 << 4 * width) - 1
        d["hex"] = "".join("%0*x" % (width, v & mask) for v in t.contiguous().reshape(-1).view(ints).tolist())
    else:
        d["ints"] = t.reshape(-1).tolist()
    return d

R = {"meta": {"torch": torch.__version__, "seed": SEED}, "op": [], "layer": [], "err": [], "random": []}
def randn(*s): return torch.randn(s, generator=G, dtype=torch.float64)
def ties(*s): return torch.randint(0, 3, s, generator=G).double()

def op(fn, call, *inputs, **p):
    for dt in (torch.float32, torch.float64):
        args = [None if t is None else t.to(dt).clone().requires_grad_(True) for t in inputs]
        y = call(*args)
        gy = randn(*y.shape).to(dt)
        live = [a for a in args if a is not None]
        grads = dict(zip(map(id, live), torch.autograd.grad(y, live, gy, allow_unused=True)))
        R["op"].append({"id": f"{fn}/{len(R['op'])}/{NAMES[dt]}", "fn": fn, "p": p, "in": [T(a) for a in args],
                        "y": T(y), "gy": T(gy), "g": [None if a is None else T(grads[id(a)]) for a in args]})

special = torch.tensor([[[[1., float("nan"), 2., -1.], [3., 3., float("inf"), 0.], [0., -0., 0., 0.], [float("-inf")] * 4]]], dtype=torch.float64)
for x in [randn(2, 3, 6, 6), randn(2, 1, 7, 5), ties(1, 2, 6, 7), randn(3, 5, 5), special]:
    for k, s, p, d, ceil in [(2, 2, 0, 1, False), (3, 2, 1, 1, False), (3, 1, 1, 1, False), (2, 2, 1, 1, True), (2, 1, 0, 2, False), (2, 3, 0, 1, True), ((2, 3), (1, 2), (1, 0), 1, False)]:
        op("max_pool2d", lambda x: F.max_pool2d(x, k, s, p, d, ceil), x, kernel=k, stride=s, padding=p, dilation=d, ceil=ceil)
        if d == 1 and x is not special:
            for include in (True, False):
                op("avg_pool2d", lambda x: F.avg_pool2d(x, k, s, p, ceil, include), x, kernel=k, stride=s, padding=p, ceil=ceil, include=include)
    if x is not special:
        for size in [1, 2, (3, 2), (7, 7), 6]:
            op("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, size), x, size=size)
for x, shape in [(randn(4, 5), [5]), (randn(2, 3, 4), [3, 4]), (randn(2, 3, 33), [33]), (randn(3, 6), [6]), (randn(40, 7) * 3 + 1, [7])]:
    for w, b in [(None, None), (randn(*shape), None), (None, randn(*shape)), (randn(*shape), randn(*shape))]:
        op("layer_norm", lambda x, w, b: F.layer_norm(x, shape, w, b, 1e-5), x, w, b, shape=shape, eps=1e-5)
for x in [randn(6, 3), randn(4, 2, 5), randn(3, 4, 5, 6), randn(2, 1, 9, 8) * 2 + 10]:
    c = x.shape[1]
    for w, b in [(None, None), (randn(c), randn(c))]:
        for training in (True, False):
            mean, var = randn(c), randn(c) ** 2 + .1
            op("batch_norm", lambda x, w, b: F.batch_norm(x, mean.to(x.dtype).clone(), var.to(x.dtype).clone(), w, b, training, 0.1, 1e-5), x, w, b,
               mean=mean.tolist(), var=var.tolist(), training=training)
for shape in [(3,), (4, 3), (2, 5, 3)]:
    for b in (None, randn(2)):
        op("linear", lambda x, w, b: F.linear(x, w, b), randn(*shape), randn(2, 3), b)
for shape, w, cfg in [((2, 3, 6, 5), (4, 3, 3, 3), {}), ((2, 3, 6, 5), (4, 3, 3, 3), dict(padding=1)), ((1, 2, 7, 8), (3, 2, 3, 2), dict(stride=2, padding=1)),
                      ((5, 4, 6, 7), (6, 2, 3, 3), dict(groups=2, dilation=2, padding=2)), ((4, 3, 5), (2, 4, 1, 1), {}), ((9, 4, 4, 4), (4, 1, 3, 3), dict(groups=4, stride=3, padding=2)),
                      ((1, 1, 5, 5), (1, 1, 5, 5), dict(padding=4)), ((4, 2, 5, 5), (3, 2, 1, 1), dict(stride=2)), ((2, 1, 3, 3), (2, 1, 2, 2), dict(dilation=2, padding=3, stride=2)),
                      ((4, 2, 6, 5), (3, 2, 5, 1), dict(padding=2))]:
    for b in (None, randn(w[0])):
        op("conv2d", lambda x, w, b: F.conv2d(x, w, b, **cfg), randn(*shape), randn(*w), b, **cfg)
index = torch.randint(0, 5, (3, 4), generator=G)
for padding in (None, 2):
    op("embedding", lambda w: F.embedding(index, w, padding), randn(5, 3), index=index.tolist(), padding=padding)
for pad, value in [((1, 2), 0.), ((1, 0, 2, 1), 3.), ((-1, 2, 0, -1), -1.)]:
    op("pad", lambda x: F.pad(x, pad, value=value), randn(2, 3, 4), pad=pad, value=value)
kinks = torch.tensor([0., -0., 1., -1., 2., -2., 3., float("nan"), float("inf"), float("-inf"), .5, 2.5], dtype=torch.float64)
for fn in (torch.abs, torch.round):
    op(fn.__name__, fn, kinks)
op("clamp", lambda x: torch.clamp(x, -1., 2.), kinks, min=-1., max=2.)
for x in [ties(3, 4), randn(2, 3), torch.tensor([[1., float("nan"), 2.], [3., 3., 0.]], dtype=torch.float64)]:
    op("max", torch.max, x); op("min", torch.min, x)
    for dim in (0, 1, -1):
        op("amax", lambda x: torch.amax(x, dim), x, dim=dim); op("amin", lambda x: torch.amin(x, dim), x, dim=dim)
op("sum", torch.sum, randn(12, 10)); op("mean", torch.mean, randn(12, 10))

for expr in ["Linear(3, 2)", "Linear(20, 4, bias=False)", "Conv2d(2, 3, 3)", "Conv2d(4, 8, (3, 5), stride=2, dilation=2, groups=2, bias=False)", "Conv2d(1, 8, 3, padding=1)",
             "BatchNorm1d(3)", "BatchNorm2d(2)", "BatchNorm1d(2, affine=False)", "BatchNorm2d(2, track_running_stats=False)", "LayerNorm(4)", "LayerNorm([3, 4], bias=False)",
             "LayerNorm(4, elementwise_affine=False)", "Dropout(0.25)", "Identity()", "Flatten()", "Embedding(5, 4)", "Embedding(3, 4)", "Embedding(4, 2, padding_idx=1)", "MaxPool2d(2)", "MaxPool2d((2, 3), padding=1)",
             "AvgPool2d(2)", "AdaptiveAvgPool2d(1)", "AdaptiveAvgPool2d((7, 7))",
             "Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)))"]:
    torch.manual_seed(0)
    m = eval("nn." + expr)
    R["layer"].append({"id": expr, "repr": repr(m), "state": [[n, T(t)] for n, t in m.state_dict().items()],
                       "num_parameters": sum(p.numel() for p in m.parameters())})

r = torch.rand
for expr in ["nn.Linear(4, 5)(r(2, 3))", "nn.Linear(4, 5)(r(2, 7, 3))", "nn.Linear(4, 5)(torch.tensor(1.))", "nn.Conv2d(3, 4, 3)(r(1, 2, 5, 5))", "nn.Conv2d(3, 4, 3)(r(5, 5))",
             "nn.Conv2d(3, 4, 3)(r(1, 3, 2, 2))", "nn.Conv2d(3, 4, 3, groups=2)", "F.max_pool2d(r(1, 1, 2, 2), 3)", "F.max_pool2d(r(1, 1, 4, 4), 2, 2, 2)", "F.avg_pool2d(r(1, 1, 1, 1), 2)",
             "F.layer_norm(r(2, 3), (4,))", "nn.BatchNorm1d(3)(r(1, 3))", "nn.BatchNorm1d(3)(r(2, 4))", "nn.BatchNorm2d(3)(r(2, 3))", "F.one_hot(torch.tensor([1, 5]), 3)", "F.one_hot(torch.tensor([-1]))",
             "F.embedding(torch.tensor([5]), r(3, 2))", "F.dropout(r(2), 1.5)", "nn.Dropout(-0.5)", "F.pad(r(2, 3), (1,))", "nn.Flatten(2, 1)(r(2, 3, 4))",
             "random_split(TensorDataset(r(10)), [1, 2])", "torch.mean(torch.tensor([1, 2]))",
             "nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).load_state_dict(nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1)).state_dict())"]:
    try: eval(expr); msg = None
    except Exception as e: msg = str(e).split("\nException")[0]
    R["err"].append({"id": expr, "msg": msg})

def loader(**kw): return [b[0].tolist() for b in DataLoader(TensorDataset(torch.arange(10)), **kw)]
def twice(f): return [f(), f()]
ten = TensorDataset(torch.arange(10))
for name, f in {"randperm": lambda: twice(lambda: torch.randperm(10).tolist()), "randint": lambda: torch.randint(-2, 10, (6,)).tolist(),
                "shuffled": lambda: twice(lambda: loader(batch_size=4, shuffle=True)), "dropped": lambda: loader(batch_size=4, shuffle=True, drop_last=True),
                "in order": lambda: [loader(batch_size=4), torch.randperm(5).tolist()], "split": lambda: [list(s.indices) for s in random_split(ten, [7, 3])],
                "shares": lambda: [list(s.indices) for s in random_split(ten, [.75, .25])],
                "dropout": lambda: (F.dropout(torch.ones(100), .3) > 0).long().tolist()}.items():
    torch.manual_seed(0)
    R["random"].append({"id": name, "values": f()})
for name, f in {"uniform_": lambda w: nn.init.uniform_(w, -1, 2), "normal_": lambda w: nn.init.normal_(w, 1., 2.), "xavier_uniform_": lambda w: nn.init.xavier_uniform_(w, 2.), "xavier_normal_": nn.init.xavier_normal_,
                "kaiming_uniform_": nn.init.kaiming_uniform_, "kaiming_normal_": lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
                "constant_": lambda w: nn.init.constant_(w, .5)}.items():
    for shape in [(3, 4), (4, 3, 2, 2)]:
        torch.manual_seed(0)
        R["random"].append({"id": f"init.{name}", "values": T(f(torch.empty(shape)))})

torch.manual_seed(0)
x = torch.randn(40, 3); y = (x.sum(1) > 0).long()
m = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2)); opt = torch.optim.SGD(m.parameters(), lr=.1, momentum=.9)
flat = lambda: torch.cat([p.detach().reshape(-1) for p in m.parameters()])
train = {"init": T(flat())}
for epoch in range(5):
    for a, b in DataLoader(TensorDataset(x, y), batch_size=10, shuffle=True):
        loss = F.cross_entropy(m(a), b)
        opt.zero_grad(); loss.backward(); opt.step()
train.update(final=T(flat()), loss=T(loss))
R["train"] = [train]
json.dump(R, open(OUT, "w"), separators=(",", ":"))
