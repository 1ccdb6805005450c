#!/usr/bin/env python
"""
Functions and losses on odd inputs: views of all kinds, empty and 0-d tensors, halves, ties, nan, infinities, huge numbers.

    usage: functions.py SEED OUT.json [MOST]     (written for torch 2.15.0 CPU; needs only torch)

Tensors are written as in written.py; each input is a view of a tensor: [["permute",[..]],["narrow",dim,start,length],["expand",[..]]..].

  fn    {"id","fn","p","in":[T..],"views":[..],"y":T,"gy":T,"g":[T|null..]}      F. and torch. functions; gradients of sum(y * gy);
        without "y" where PyTorch refuses, without "gy" and "g" where it has no gradient
  loss  {"id","fn","p","in":{name:T},"views":{name:..},"runs":[{"reduction","y":T,"g":{name:T}}..]}     gradients of sum(y)
"""
import math, random, warnings
import torch, torch.nn.functional as F
from written import NAMES, Cyclic, T, arguments, write

warnings.filterwarnings("ignore")
SEED, OUT, MOST = arguments()
rng = random.Random(SEED)
some, choice = rng.randint, rng.choice
INF, NAN = math.inf, math.nan
F32, F64, F16, BF16 = torch.float32, torch.float64, torch.float16, torch.bfloat16
NUMBERS = {
    "normal": lambda: rng.gauss(0, 2), "ties": lambda: float(some(-2, 3)), "special": lambda: choice([NAN, INF, -INF, 0., -0., 1., -2.5]),
    "huge": lambda: choice([1e30, -1e30, 3e38, -3e38, 88., -88., 1.]), "large": lambda: choice([60000., -60000., 11., -12., 104., -104., .5]), "small": lambda: rng.gauss(0, 1e-4),
}
KINDS = ["normal"] * 6 + ["ties"] * 3 + ["special", "huge", "large", "small"]
SHAPES = [[], [1], [2], [7], [0], [0, 3], [3, 0], [1, 1, 1], [4, 6], [6, 4], [3, 5], [2, 3, 4], [2, 1, 3, 1, 2], [2, 3, 2, 2], [2, 0, 3], [33, 3], [3, 70]]

def placed(shape):
    """The shape of a tensor, and the views of it that have the wanted shape."""
    views, shape = [], list(shape)
    for _ in range(choice([0, 0, 1, 1, 2, 3])):
        kind = choice(["permute", "permute", "narrow", "expand", "front"])
        if not shape: kind = "none"
        if kind == "permute":
            order = rng.sample(range(len(shape)), len(shape))
            before = [0] * len(shape)
            for to, source in enumerate(order): before[source] = shape[to]
            views.insert(0, ["permute", order])
            shape = before
        elif kind == "narrow":
            dim, more = some(0, len(shape) - 1), some(1, 3)
            views.insert(0, ["narrow", dim, some(0, more), shape[dim]])
            shape = shape[:dim] + [shape[dim] + more] + shape[dim + 1:]
        elif kind in ("expand", "front"):
            dim = some(0, len(shape) - 1) if kind == "expand" else 0
            if 0 in shape: continue
            views.insert(0, ["expand", shape])
            shape = shape[1:] if kind == "front" else shape[:dim] + [1] + shape[dim + 1:]
    return shape, views

class Input:
    """A view of a variable, or of a plain tensor."""
    def __init__(self, shape, dtype, number, differentiable=True):
        base, self.views = placed(shape)
        if dtype in NAMES and not dtype.is_floating_point:
            self.tensor = torch.tensor([int(number()) for _ in range(math.prod(base))], dtype=dtype).reshape(base)
            self.written = T(self.tensor)
        else:
            made = Cyclic([number() for _ in range(choice([13, 17, 29]))], base, dtype)
            self.written, self.tensor = made.written, made.tensor.requires_grad_(differentiable)
    def view(self):
        t = self.tensor
        for name, *args in self.views: t = getattr(t, name)(*args)
        return t

ELEMENTS = {name: (dict, getattr(F, name, None) or getattr(torch, name)) for name in
            ("relu relu6 hardswish hardsigmoid selu logsigmoid tanhshrink softsign tanh sigmoid silu mish exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos abs round").split()}
def of(make, call): return make, call
ROWS = {
    "threshold": of(lambda: dict(threshold=choice([.1, 0., -1.]), value=choice([20., -3.])), F.threshold),
    "hardtanh": of(lambda: dict(min_val=choice([-1., -.5]), max_val=choice([1., 2.])), F.hardtanh), "elu": of(lambda: dict(alpha=choice([1., .5])), F.elu),
    "celu": of(lambda: dict(alpha=choice([1., .5, 2.])), F.celu), "leaky_relu": of(lambda: dict(negative_slope=choice([.01, .2])), F.leaky_relu),
    "gelu": of(lambda: dict(approximate=choice(["none", "tanh"])), F.gelu), "hardshrink": of(lambda: dict(lambd=choice([.5, 1.])), F.hardshrink),
    "softshrink": of(lambda: dict(lambd=choice([.5, 1.])), F.softshrink), "softplus": of(lambda: dict(beta=choice([1., 2., .5]), threshold=choice([20., 1.])), F.softplus),
    "clamp": of(lambda: dict(min=choice([-1., 0.]), max=choice([1., 2.])), torch.clamp),
    "pow": of(lambda: dict(exponent=choice([0., 1., 2., 3., .5, -.5, -1., -2., 1.5, 4., -2.5])), torch.pow),
    "sum": of(dict, torch.sum), "mean": of(dict, torch.mean), "max": of(dict, torch.max), "min": of(dict, torch.min), "contiguous": of(dict, torch.Tensor.contiguous),
}
def dim(rank): return some(-rank, rank - 1) if rank else choice([0, -1])
def dims(rank): return rng.sample(range(rank), some(1, rank)) if rank else [0]
ALONG = {
    **{name: of(lambda r: dict(dim=dim(r)), call) for name, call in dict(softmax=F.softmax, log_softmax=F.log_softmax, softmin=F.softmin, glu=F.glu, cumsum=torch.cumsum, amax=torch.amax, amin=torch.amin, argmax=torch.argmax).items()},
    "normalize": of(lambda r: dict(p=choice([1., 2., 3.]), dim=dim(r)), F.normalize),
    **{name: of(lambda r: dict(dim=dims(r), keepdim=choice([True, False])), call) for name, call in dict(sum_dim=torch.sum, mean_dim=torch.mean).items()},
    "transpose": of(lambda r: dict(dim0=dim(r), dim1=dim(r)), torch.transpose),
}

def product():
    """Shapes of two factors of a product, broadcast along the axes in front."""
    rows, inner, columns = (choice([0, 1, 2, 3, 5, 9]) for _ in range(3))
    front = [choice([1, 2, 3]) for _ in range(some(0, 2))]
    thin = lambda: [choice([1, size]) for size in front][some(0, len(front)):]
    return choice([[inner], thin() + [rows, inner], front + [rows, inner]]), choice([[inner], thin() + [inner, columns], front + [inner, columns]])

def is_noise(name, dtype, kind):
    """Whether PyTorch's result is of no use: its vectors and its last few numbers disagree on nan, or nothing but rounding is left."""
    if kind == "special": return name in ("hardshrink", "softshrink", "hardtanh", "relu6", "elu", "celu") or name == "normalize" and dtype in (F16, BF16)
    if kind in ("huge", "large") and name in ("glu", "normalize", "matmul", "sum", "sum_dim", "mean", "mean_dim", "cumsum", "pow"): return True
    return name == "normalize" and (kind == "small" or dtype in (F16, BF16))

def gradient(g, it):
    """A gradient, and how many terms each of its numbers is a sum of."""
    terms = it.view().numel() / max(it.tensor.numel(), 1)
    return T(g, MOST) | ({"terms": terms} if terms > 1 else {})

def function():
    name = choice(list(ELEMENTS) + list(ROWS) * 2 + list(ALONG) * 4 + ["matmul"] * 5)
    kind, dtype = choice(KINDS), choice([F32] * 5 + [F64] * 3 + [F16, BF16])
    has_integers = name in ("exp", "log", "sqrt", "square", "abs", "sum", "mean", "max", "min", "amax", "amin", "argmax", "sum_dim", "mean_dim", "contiguous", "transpose")
    if has_integers and rng.random() < .15: dtype, kind = choice([torch.int64, torch.uint8, torch.int32]), "whole"
    number = NUMBERS.get(kind, lambda: some(0, 200) if dtype == torch.uint8 else some(-300, 300))
    if name == "matmul":
        shapes, p, call = product(), {}, lambda p, x, y: torch.matmul(x, y)
    else:
        shape = choice(SHAPES)
        make, torchs = (ELEMENTS | ROWS | ALONG)[name]
        shapes, p, call = [shape], make(len(shape)) if name in ALONG else make(), lambda p, x: torchs(x, **p)
    inputs = [Input(shape, dtype, number) for shape in shapes]
    # A number by itself has no gradient when normalized, and a nan by itself is no extreme.
    is_single = name == "normalize" and (not shape or shape[p["dim"]] == 1) or name in ("amax", "amin") and kind == "special" and not shape
    if is_noise(name, dtype, kind) or is_single: return function()
    case = {"id": f"{name}/{NAMES[dtype]}/{kind}", "fn": name, "p": p, "in": [it.written for it in inputs], "views": [it.views for it in inputs]}
    try: y = call(p, *(it.view() for it in inputs))
    except (RuntimeError, ValueError, IndexError, TypeError): return case
    case["y"] = T(y, MOST)
    # A half for each step of a sum is too few.
    is_summed = dtype in (F16, BF16) and any("expand" in view for it in inputs for view in it.views)
    if y.requires_grad and not is_summed:
        gy = Cyclic([rng.gauss(0, 1) for _ in range(11)], y.shape, y.dtype)
        grads = torch.autograd.grad(y, [it.tensor for it in inputs], gy.tensor)
        case |= {"gy": gy.written, "g": [gradient(g, it) for g, it in zip(grads, inputs)]}
    return case

share = lambda: choice([rng.random(), rng.random(), 0., 1.])
sign = lambda: choice([1., -1.])
above_0 = lambda: rng.random() * 3 + .05

def pair(number, x=None, t=None, p=dict, differentiable=True):
    return lambda shape, dtype: (p(), {"input": Input(shape, dtype, x or number), "target": Input(shape, dtype, t or number, differentiable)})
def three(names, numbers, p=dict):
    return lambda shape, dtype: (p(), {n: Input(shape, dtype, number) for n, number in zip(names, numbers)})

def pairs(number):
    """Losses of inputs of one shape."""
    return {
        "mse_loss": pair(number), "l1_loss": pair(number), "smooth_l1_loss": pair(number, p=lambda: dict(beta=choice([1., .3, 0.]))),
        "huber_loss": pair(number, p=lambda: dict(delta=choice([1., .4]))), "binary_cross_entropy": pair(number, share, share),
        "binary_cross_entropy_with_logits": pair(number, t=share), "kl_div": pair(number, t=above_0),
        "poisson_nll_loss": pair(number, t=above_0, p=lambda: dict(log_input=choice([True, False]), full=choice([True, False])), x=lambda: abs(number())),
        "hinge_embedding_loss": pair(number, t=sign, p=lambda: dict(margin=choice([1., .3])), differentiable=False), "soft_margin_loss": pair(number, t=sign, differentiable=False),
        "gaussian_nll_loss": three(["input", "target", "var"], [number, number, above_0], lambda: dict(full=choice([True, False]))),
        "margin_ranking_loss": lambda shape, dtype: (dict(margin=choice([0., .5])), {"input1": Input(shape, dtype, number), "input2": Input(shape, dtype, number), "target": Input(shape, dtype, sign, False)}),
    }

def rows_of(number):
    """Losses of rows: a batch of them, or one."""
    def apart(shape, dtype):
        target = Input(shape[:-1], dtype, sign, False)
        return dict(margin=choice([0., .3])), {"input1": Input(shape, dtype, number), "input2": Input(shape, dtype, number), "target": target}
    def triplet(shape, dtype):
        p = dict(margin=choice([1., .2]), p=choice([1., 2., 3.]), swap=choice([True, False]))
        return p, {n: Input(shape, dtype, number) for n in ("anchor", "positive", "negative")}
    def classes(shape, dtype, ignored=True):
        count = shape[-1] or 1
        return Input(shape[:-1], torch.int64, lambda: -100 if ignored and rng.random() < .1 else some(0, count - 1))
    def weight(shape, dtype): return {"weight": Input(shape[-1:], dtype, above_0, False)} if rng.random() < .4 else {}
    def cross_entropy(shape, dtype):
        p = dict(label_smoothing=choice([0., .1])) if rng.random() < .5 else {}
        has_shares = rng.random() < .4
        target = Input(shape, dtype, rng.random) if has_shares else classes(shape, dtype)
        return p, {"input": Input(shape, dtype, number), "target": target, **weight(shape, dtype)}
    def nll(shape, dtype): return {}, {"input": Input(shape, dtype, number), "target": classes(shape, dtype), **weight(shape, dtype)}
    def multi(shape, dtype):
        return dict(p=choice([1, 2]), margin=choice([1., .5])), {"input": Input(shape, dtype, number), "target": classes(shape, dtype, False), **weight(shape, dtype)}
    def labels(shape, dtype): return {}, {"input": Input(shape, dtype, number), "target": Input(shape, torch.int64, lambda: some(-1, shape[-1] - 1))}
    def soft_labels(shape, dtype): return {}, {"input": Input(shape, dtype, number), "target": Input(shape, dtype, share, False), **weight(shape, dtype)}
    return {"cosine_embedding_loss": apart, "triplet_margin_loss": triplet, "cross_entropy": cross_entropy, "nll_loss": nll, "multi_margin_loss": multi,
            "multilabel_margin_loss": labels, "multilabel_soft_margin_loss": soft_labels}

def loss():
    kind, dtype = choice(["normal"] * 7 + ["ties"] * 3 + ["small", "large"]), choice([F32] * 3 + [F64] * 2)
    elementwise, of_rows = pairs(NUMBERS[kind]), rows_of(NUMBERS[kind])
    name = choice(list(elementwise) + list(of_rows))
    shape = choice(SHAPES) if name in elementwise else choice([[4], [5, 4], [1, 3], [33, 5], [3, 70], [5, 1]])
    # Of short, small or huge vectors PyTorch's angles and distances are what rounding leaves.
    if name in ("cosine_embedding_loss", "triplet_margin_loss") and (kind != "normal" or shape[-1] < 3): return loss()
    p, inputs = (elementwise | of_rows)[name](shape, dtype)
    case = {"id": f"{name}/{NAMES[dtype]}/{kind}/{shape}", "fn": name, "p": p, "in": {n: it.written for n, it in inputs.items()}, "views": {n: it.views for n, it in inputs.items()}, "runs": []}
    for reduction in ("mean", "sum", "none"):
        try: y = getattr(F, name)(**{n: it.view() for n, it in inputs.items()}, **p, reduction=reduction)
        except (RuntimeError, ValueError, IndexError): return case
        live = {n: it.tensor for n, it in inputs.items() if it.tensor.requires_grad}
        grads = torch.autograd.grad(y.sum(), list(live.values()), allow_unused=True)
        case["runs"].append({"reduction": reduction, "y": T(y, MOST), "g": {n: gradient(g, inputs[n]) for n, g in zip(live, grads) if g is not None}})
    return case

functions = [function() for _ in range(700)]
losses = [case for case in (loss() for _ in range(220)) if case["runs"]]
for cases in (functions, losses):
    for index, case in enumerate(cases): case["id"] += f"/{index}"
write(OUT, {"meta": {"torch": torch.__version__, "seed": SEED}, "fn": functions, "loss": losses})
