#!/usr/bin/env python
"""
Layers' functions in random configurations: values and all gradients.

    usage: configs.py SEED OUT.json [MOST]       (written for torch 2.15.0 CPU; needs only torch)

  op   {"id","fn","p","in":[T|null..],"y":T,"gy":T,"g":[T|null..]}   as in layers.py, tensors as in written.py;
       without "y" where PyTorch refuses the configuration. MOST numbers of a result are written at the most.
"""
import math, random
import torch, torch.nn.functional as F
from written import Cyclic, T, arguments, write

SEED, OUT, MOST = arguments()
rng = random.Random(SEED)
some, choice = rng.randint, rng.choice

def tensor(shape, dtype, ties=False, least=None):
    values = [float(some(-2, 2)) if ties else rng.gauss(0, 1) for _ in range(choice([23, 31, 37]))]
    return Cyclic([abs(v) + least for v in values] if least else values, shape, dtype)

def size(reach, padding): return max(0, reach - 2 * padding) + some(0, 9)

def conv2d():
    groups = choice([1, 1, 1, 2, 3])
    inputs, outputs = groups * choice([1, 2, 3, 5, 8]), groups * choice([1, 2, 4, 7, 16])
    kernel, stride, padding, dilation = (some(1, 5), some(1, 5)), some(1, 3), some(0, 3), some(1, 2)
    p = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    area = [size(dilation * (k - 1) + 1, padding) for k in kernel]
    front = choice([[], [1], [2], [5], [0]] if rng.random() < .2 else [[1], [2], [5], [9]])
    shapes = [front + [inputs] + area, [outputs, inputs // groups, *kernel], [outputs] if rng.random() < .6 else None]
    return p, shapes, lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups)

def pool(name):
    kernel, stride = (some(1, 4), some(1, 4)), (some(1, 4), some(1, 4))
    padding = tuple(some(0, k // 2) for k in kernel)
    dilation = choice([1, 1, 2]) if name == "max_pool2d" else 1
    p = dict(kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil=rng.random() < .4, include=rng.random() < .5)
    area = [size(dilation * (k - 1) + 1, q) for k, q in zip(kernel, padding)]
    shapes = [choice([[], [1], [3], [0]]) + [choice([1, 4])] + area]
    if name == "max_pool2d": return p, shapes, lambda x: F.max_pool2d(x, kernel, stride, padding, dilation, p["ceil"])
    return p, shapes, lambda x: F.avg_pool2d(x, kernel, stride, padding, p["ceil"], p["include"])

def adaptive_avg_pool2d():
    p = dict(size=(some(1, 9), some(2, 9)))
    return p, [choice([[2, 3], [3], [0, 2]]) + [choice([0, some(1, 12), some(1, 12), some(1, 12)]), some(1, 12)]], lambda x: F.adaptive_avg_pool2d(x, p["size"])

def batch_norm():
    shape = choice([[4, 3], [2, 3, 5], [3, 2, 4, 4], [1, 2, 3, 3], [64, 5], [1, 3], [7, 1], [33, 2, 1], [2, 3, 2, 2, 2], [0, 3]])
    count = shape[1]
    moments = [tensor([count], torch.float64), tensor([count], torch.float64, least=.1)]
    training, momentum, eps = rng.random() < .7, choice([0., .1, .5, 1.]), choice([1e-5, 1e-3])
    p = dict(mean=moments[0].tensor.tolist(), var=moments[1].tensor.tolist(), training=training, momentum=momentum, eps=eps)
    weights = choice([[None, None], [[count], [count]], [[count], None], [None, [count]]])
    def call(x, w, b):
        mean, var = (it.tensor.to(x.dtype).clone() for it in moments)
        y = F.batch_norm(x, mean, var, w, b, training, momentum, eps)
        return torch.cat([y.reshape(-1), mean, var])
    return p, [shape] + weights, call

def rows(name):
    shape = choice([[4, 7], [2, 3, 5], [2, 3, 4, 5], [33, 64], [700, 3], [5, 1, 2], [6], [0, 3], [3, 0]])
    # Of one number or two nothing but rounding is left in PyTorch's gradient.
    last = shape[-some(1, min(2, len(shape))):]
    if math.prod(last) in (1, 2): last = shape
    p = dict(shape=last, eps=choice([1e-5, 1e-2]))
    weight, bias = last if rng.random() < .7 else None, last if rng.random() < .5 else None
    if name == "rms_norm": return p, [shape, weight], lambda x, w: F.rms_norm(x, last, w, p["eps"])
    return p, [shape, weight, bias], lambda x, w, b: F.layer_norm(x, last, w, b, p["eps"])

def embedding():
    rows, width = some(1, 9), some(0, 5) if rng.random() < .1 else some(1, 40)
    columns = some(0, 5)
    index = [[some(0, rows - 1) for _ in range(columns)] for _ in range(some(1, 4))]
    p = dict(index=index, padding=choice([None, None, some(0, rows - 1)]))
    return p, [[rows, width]], lambda w: F.embedding(torch.tensor(index, dtype=torch.int64), w, p["padding"])

def linear():
    inputs, outputs = choice([1, 5, 17, 64]), choice([1, 2, 4, 33])
    shape = choice([[], [3], [2, 3], [2, 1, 3], [0], [65]]) + [inputs]
    return {}, [shape, [outputs, inputs], [outputs] if rng.random() < .5 else None], F.linear

def pad():
    shape = [some(1, 5) for _ in range(some(1, 4))]
    p = dict(pad=[some(-2, 3) for _ in range(2 * some(1, len(shape)))], value=choice([0., 3., -1.5]))
    return p, [shape], lambda x: F.pad(x, p["pad"], value=p["value"])

KINDS = {"conv2d": (conv2d, 3), "max_pool2d": (lambda: pool("max_pool2d"), 2), "avg_pool2d": (lambda: pool("avg_pool2d"), 2), "adaptive_avg_pool2d": (adaptive_avg_pool2d, 1),
         "batch_norm": (batch_norm, 2), "layer_norm": (lambda: rows("layer_norm"), 1), "rms_norm": (lambda: rows("rms_norm"), 1), "embedding": (embedding, 1), "linear": (linear, 1), "pad": (pad, 1)}
BAG = [name for name, (_, share) in KINDS.items() for _ in range(share)]

cases = []
while len(cases) < 260:
    name = choice(BAG)
    p, shapes, call = KINDS[name][0]()
    dtype = choice([torch.float32, torch.float32, torch.float64])
    ties = name == "max_pool2d" and rng.random() < .5
    inputs = [None if shape is None else tensor(shape, dtype, ties) for shape in shapes]
    case = {"id": f"{name}/{len(cases)}", "fn": name, "p": p, "in": [None if it is None else it.written for it in inputs]}
    args = [None if it is None else it.tensor.clone().requires_grad_(True) for it in inputs]
    try: y = call(*args)
    except (RuntimeError, ValueError, IndexError): y = None
    if y is not None:
        case["y"] = T(y, MOST)
    # Where a window has no pixel, PyTorch's gradient writes behind the end of the memory.
    if y is not None and not (name == "max_pool2d" and (y == -math.inf).any()):
        gy = tensor(y.shape, dtype)
        live = [a for a in args if a is not None]
        grads = dict(zip(map(id, live), torch.autograd.grad(y, live, gy.tensor, allow_unused=True)))
        case |= {"gy": gy.written, "g": [None if a is None else T(grads[id(a)], MOST) for a in args]}
    cases.append(case)
write(OUT, {"meta": {"torch": torch.__version__, "seed": SEED}, "op": cases})
