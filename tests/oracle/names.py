#!/usr/bin/env python
"""
PyTorch's numbers for the functions of `torch` that make, join, index, reduce, sort, compare and multiply tensors.

    usage: names.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch)

Tensors are {"dtype","shape","v"}: floats as Python writes them ("nan", "inf", "-inf" as texts), others as integers.

  call   {"fn","in":[T..],"p":[..],"y":[T..],"gy":[T|null..],"g":[T|null..]}   gradients of the sum of all y * gy
  err    {"fn","in":[T..],"p":[..],"msg"}                                      what PyTorch raises
  draw   {"fn","seed","in","p","y":[T..],"then":T}                             after torch.manual_seed(seed)
"""
import json, math, sys
import torch

SEED, OUT = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
G = torch.Generator().manual_seed(SEED)
NAMES = {torch.float32: "f32", torch.float64: "f64", torch.float16: "f16", torch.bfloat16: "bf16", torch.int64: "i64", torch.int32: "i32", torch.int16: "i16", torch.uint8: "u8", torch.bool: "u8"}

def number(v):
    if isinstance(v, bool): return int(v)
    if isinstance(v, int): return v
    if math.isnan(v): return "nan"
    return v if math.isfinite(v) else ("inf" if v > 0 else "-inf")
def T(t):
    if t is None: return None
    t = t.detach()
    values = t.reshape(-1).tolist()
    if t.dtype in (torch.float32, torch.float16, torch.bfloat16): values = [float("%.9g" % v) for v in values]
    return {"dtype": NAMES[t.dtype], "shape": list(t.shape), "v": [number(v) for v in values]}
R = {"meta": {"torch": torch.__version__, "seed": SEED}, "call": [], "err": [], "draw": []}
def randn(*s): return torch.randn(s, generator=G, dtype=torch.float64)
def ties(*s): return torch.randint(0, 3, s, generator=G).double()
def below(n, *s): return torch.randint(0, n, s, generator=G)

def call(fn, f, inputs, *p, dtypes=(torch.float32, torch.float64), halves=False, whole=False):
    """Floats among the inputs take each of the dtypes."""
    dtypes = tuple(dtypes) + ((torch.float16, torch.bfloat16) if halves else ()) + ((torch.int64, torch.uint8, torch.int16) if whole else ())
    for dt in dtypes:
        args = [t if t.dtype != torch.float64 else (t.to(dt).clone() if dt.is_floating_point else (t * 3).abs().to(dt)) for t in inputs]
        live = [a.requires_grad_() if a.is_floating_point() else None for a in args]
        y = f(*args, *p)
        y = list(y) if isinstance(y, (tuple, list)) else [y]
        if not torch.is_tensor(y[0]): y = [torch.tensor(v) for v in y]
        gy = [randn(*t.shape).to(t.dtype) if t.requires_grad else None for t in y]
        of = [(t, g) for t, g in zip(y, gy) if g is not None]
        wanted = [a for a in live if a is not None]
        grads = dict(zip(map(id, wanted), torch.autograd.grad([t for t, _ in of], wanted, [g for _, g in of], allow_unused=True))) if of else {}
        R["call"].append({"fn": fn, "in": [T(a) for a in args], "p": list(p), "y": [T(t) for t in y], "gy": [T(g) for g in gy],
                          "g": [None if a is None else T(grads.get(id(a))) for a in live]})
def err(fn, f, inputs, *p):
    try: f(*inputs, *p)
    except Exception as e: msg = str(e).split("\n")[0]
    else: raise SystemExit(f"{fn} {p} raises nothing")
    R["err"].append({"fn": fn, "in": [T(a) for a in inputs], "p": list(p), "msg": msg})

t = torch
nan, inf = float("nan"), float("inf")
special = t.tensor([[1., nan, 3., nan], [inf, -inf, 0., -0.], [2., 2., -1., 2.]], dtype=t.float64)
SHAPES = [(), (5,), (3, 4), (2, 3, 2), (0, 3)]
def each(*shapes): return [randn(*s) for s in (shapes or SHAPES)]
def axes(x): return range(-max(x.dim(), 1), max(x.dim(), 1))
def one(x): return list(axes(x))[:: 2 if x.dim() > 1 else 1]
no = (t.float32,)

# creation
for p in [(0, 10, 1), (5, 0, -2), (3, 3, 1), (-4, 9, 3)]: call("arange", lambda *p: t.arange(*p), [], *p, dtypes=no)
for p in [(0., 1., .1), (1., 2., .3), (1., -1., -.25), (0., 100., .1), (0.5, 3., 1.)]: call("arange_f", lambda *p: t.arange(*p), [], *p, dtypes=no)
for p in [(0., 1., 5), (-3., 4., 50), (0., 10., 1), (1., 2., 0), (2., -1., 7)]: call("linspace", lambda *p: t.linspace(*p), [], *p, dtypes=no)
for p in [(0., 2., 3, 10.), (-1., 1., 20, 10.), (0., 3., 4, 2.)]: call("logspace", lambda a, b, n, base: t.logspace(a, b, n, base=base), [], *p, dtypes=no)
for x in each((3, 4), (2, 3, 3), (2, 0), (4, 2)):
    for k in (-2, 0, 1, 7):
        call("tril", t.tril, [x], k, halves=k == 0, whole=k == 0, dtypes=no); call("triu", t.triu, [x], k, dtypes=no)
for x in each((3,), (3, 4), (4, 2), (0,)):
    for k in (-1, 0, 2, 5): call("diag", t.diag, [x], k, dtypes=no)
for k in (False, True): call("meshgrid", lambda *a: t.meshgrid(*a, indexing="xy" if k else "ij"), [randn(2), randn(3), randn(2)], dtypes=no) if not k else call("meshgrid_xy", lambda *a: t.meshgrid(*a, indexing="xy"), [randn(2), randn(3), randn(2)], dtypes=no)
call("cartesian_prod", lambda *a: t.cartesian_prod(*a), [randn(2), randn(3)], dtypes=no)
for r in (1, 2, 3):
    call("combinations", lambda x, r: t.combinations(x, r), [randn(4)], r, dtypes=no); call("combinations_r", lambda x, r: t.combinations(x, r, True), [randn(3)], r, dtypes=no)

# joining and splitting
for a, b, d in [((2, 3), (1, 3), 0), ((2, 3), (2, 1), -1), ((2, 3), (0,), 0), ((0, 3), (2, 3), 0), ((2, 3, 2), (2, 1, 2), 1)]: call("cat", lambda a, b, d: t.cat((a, b), d), [randn(*a), randn(*b)], d, halves=True, whole=True, dtypes=no)
call("cat", lambda a, b, d: t.cat((a, b), d), [randn(2, 3), below(9, 1, 3)], 0, dtypes=no)
for d in (0, 1, -1): call("stack", lambda a, b, d: t.stack((a, b), d), [randn(2, 3), randn(2, 3)], d, dtypes=no)
for a, b in [((3,), (3,)), ((2, 3), (1, 3)), ((), ())]: call("vstack", lambda a, b: t.vstack((a, b)), [randn(*a), randn(*b)], dtypes=no)
for a, b in [((3,), (2,)), ((2, 3), (2, 1)), ((), (2,))]: call("hstack", lambda a, b: t.hstack((a, b)), [randn(*a), randn(*b)], dtypes=no)
for n, d in [(2, 0), (3, 1), (9, -1)]: call("chunk", lambda x, n, d: t.chunk(x, n, d), [randn(4, 5)], n, d, dtypes=no)
for n, d in [(2, 0), (3, 1), (9, -1)]: call("split", lambda x, n, d: t.split(x, n, d), [randn(4, 5)], n, d, dtypes=no)
for s, d in [([1, 0, 4], 1), ([4], 0)]: call("split_list", lambda x, s, d: t.split(x, s, d), [randn(4, 5)], s, d, dtypes=no)
for d in (0, -1): call("unbind", lambda x, d: t.unbind(x, d), [randn(2, 3)], d, dtypes=no)

# shapes
for x in each((1, 3, 1), (1,), ()):
    call("squeeze_all", lambda x: x.squeeze(), [x], dtypes=no)
    for d in axes(x): call("squeeze", t.squeeze, [x], d, dtypes=no)
for d in (0, -1, 2): call("unsqueeze", t.unsqueeze, [randn(2, 3)], d, dtypes=no)
for p in [(0, -1), (1, 2), (1, 1)]: call("flatten", t.flatten, [randn(2, 3, 2)], *p, dtypes=no)
call("flatten", t.flatten, [randn()], 0, -1, dtypes=no)
for d, s in [(1, [2, 3]), (-1, [3, -1]), (0, [1, 2])]: call("unflatten", lambda x, d, s: x.unflatten(d, s), [randn(2, 6)], d, s, dtypes=no)
call("permute", t.permute, [randn(2, 3, 4)], [-1, 0, 1], dtypes=no)
for p in [(0, -1), ([0, 1], [2, 0])]: call("movedim", t.movedim, [randn(2, 3, 4)], *p, dtypes=no)
for s in ([4, 3, 2], [-1, 3, 2], [2, 4, 3, -1]): call("broadcast_to", t.broadcast_to, [randn(*((1, 3, 1) if s[0] != -1 else (2, 3, 1)))] if len(s) == 3 else [randn(4, 1, 2)], s, dtypes=no)
for x in each((4,), (3, 4), (2, 3, 2), (0, 3)):
    for d in one(x):
        call("flip", t.flip, [x], [d], dtypes=no, whole=True, halves=True)
        call("roll", t.roll, [x], [2], [d], dtypes=no); call("roll", t.roll, [x], [-1], [d], dtypes=no)
call("flip", t.flip, [randn(2, 3, 2)], [0, -1]); call("roll", t.roll, [randn(2, 3)], [5], []); call("roll", t.roll, [randn(2, 3)], [1, -1], [0, 1])
for k in range(-2, 4): call("rot90", t.rot90, [randn(2, 3, 2)], k, [0, 1], dtypes=no)
for d in (0, 1): call("repeat_interleave", lambda x, n, d: t.repeat_interleave(x, n, d), [randn(2, 3)], 2, d, halves=True, dtypes=no)
call("repeat_interleave_all", t.repeat_interleave, [randn(2, 3)], 3, dtypes=no)
call("repeat_interleave_each", lambda x, n, d: t.repeat_interleave(x, n, d), [randn(2, 3), t.tensor([2, 0, 3])], 1, dtypes=no)
for s in ([2], [2, 1, 3], [1, 2], [0, 2]): call("tile", lambda x, s: t.tile(x, s), [randn(2, 3)], s, dtypes=no)
for d, n, s in [(0, 2, 1), (0, 3, 2), (1, 2, 2), (-1, 1, 3), (1, 0, 1)]: call("unfold", lambda x, d, n, s: x.unfold(d, n, s), [randn(5, 4)], d, n, s, halves=d == 0, whole=d == 0)
call("unfold", lambda x, d, n, s: x.unfold(d, n, s), [randn()], 0, 1, 1, dtypes=no)

# indexing
for d, s in [(0, (2, 4)), (0, (5, 3)), (1, (3, 6)), (-1, (2, 1)), (1, (0, 2))]: call("gather", lambda x, i, d: t.gather(x, d, i), [randn(3, 4), below(3, *s)], d, halves=True, whole=True)
call("gather", lambda x, i, d: t.gather(x, d, i), [randn(2, 3, 4), below(3, 2, 2, 3)], 1); call("gather", lambda x, i, d: t.gather(x, d, i), [randn(), t.tensor([0, 0])], 0, dtypes=no)
for d, s in [(0, (2, 4)), (1, (3, 3)), (1, (2, 2))]:
    order = t.argsort(t.rand(*((3, 4) if d else (4, 4)), generator=G), d)
    index = order.narrow(0, 0, s[0]).narrow(1, 0, s[1]) if d else t.stack([t.randperm(3, generator=G) for _ in range(4)], 1)[:s[0], :s[1]]
    call("scatter", lambda x, i, s, d: t.scatter(x, d, i, s), [randn(3, 4), index, randn(*index.shape)], d, halves=True, whole=True)
    call("scatter_value", lambda x, i, d, v: t.scatter(x, d, i, v), [randn(3, 4), index], d, 2.5)
    call("scatter_add", lambda x, i, s, d: t.scatter_add(x, d, i, s), [randn(3, 4), below(3, *s), randn(*s)], d, halves=False, whole=True)
call("scatter_add", lambda x, i, s, d: t.scatter_add(x, d, i, s), [randn(3), t.tensor([1, 1, 1, 0]), randn(4)], 0)
for d, x in [(0, randn(3, 4)), (1, randn(3, 4)), (-2, randn(2, 3, 4)), (0, randn(5))]:
    n = x.shape[d]; index = below(n, 5); shape = list(x.shape); shape[d] = 5
    call("index_select", lambda x, i, d: t.index_select(x, d, i), [x, index], d, halves=True, whole=True)
    call("index_add", lambda x, i, s, d: t.index_add(x, d, i, s), [x, index, randn(*shape)], d, whole=True)
call("index_select", lambda x, i, d: t.index_select(x, d, i), [randn(3, 4), t.tensor(1)], 0); call("index_select", lambda x, i, d: t.index_select(x, d, i), [randn(), t.tensor([0])], 0, dtypes=no)
call("take_along_dim", lambda x, i, d: t.take_along_dim(x, i, d), [randn(3, 4), t.tensor([[-1], [2], [0]])], 1); call("take_along_dim", lambda x, i, d: t.take_along_dim(x, i, d), [randn(3, 4), t.tensor([[1, 2]])], 1)
for x, m in [(randn(3, 4), (3, 4)), (randn(4), (3, 4)), (randn(3, 4), (4,)), (randn(), ())]: call("masked_select", lambda x, m: t.masked_select(x, m.bool()), [x, below(2, *m).to(t.uint8)], halves=True, whole=True)
for x in [ties(3, 4), ties(5), ties(2, 2, 3), special, ties(0, 2)]: call("nonzero", t.nonzero, [x], whole=True, dtypes=no)
call("nonzero", t.nonzero, [t.tensor(3., dtype=t.float64)], dtypes=no)
for p in [(1, 1, 2), (-1, -2, 2), (0, 3, 0)]: call("narrow", t.narrow, [randn(3, 4)], *p, dtypes=no)
for p in [(0, 1), (1, -1)]: call("select", t.select, [randn(3, 4)], *p, dtypes=no)

# reductions
for x in each() + [ties(3, 4), randn(2, 3, 2) * 10 + 100]:
    for c in (0., 1., 2.):
        call("var_with", lambda x, d, c, k: t.var(x, d if d else None, correction=c, keepdim=k), [x], [], c, False) if x.numel() else None
        for d in one(x): call("var_with", lambda x, d, c, k: t.var(x, d, correction=c, keepdim=k), [x], [d], c, d % 2 == 0, halves=c == 1. and x.abs().max() < 9 if x.numel() else False); call("std_with", lambda x, d, c, k: t.std(x, d, correction=c, keepdim=k), [x], [d], c, d % 2 == 1, dtypes=no)
call("var_with", lambda x, d, c, k: t.var(x, d, correction=c, keepdim=k), [randn(2, 3, 4)], [0, -1], 1., True); call("std_with", lambda x, d, c, k: t.std(x, d, correction=c, keepdim=k), [t.ones(3, 2, dtype=t.float64)], [0], 1., False)
for x in each((), (5,), (3, 4), (2, 3, 4), (2, 40)) + [ties(3, 5), special]:
    for d in one(x):
        for fn, f in (("max", t.max), ("min", t.min)): call(fn + "_dim", lambda x, d: tuple(f(x, d)), [x], d, halves=True, whole=True); call(fn + "_keepdim", lambda x, d: tuple(f(x, d, True)), [x], d, dtypes=no)
        call("argmax", lambda x, d: t.argmax(x, d[0]), [x], [d], dtypes=no, whole=x is not special); call("argmin", lambda x, d: t.argmin(x, d[0]), [x], [d], dtypes=no, whole=x is not special)
        call("amax_keepdim", lambda x, d: t.amax(x, d, True), [x], d, dtypes=no)
    call("argmax", lambda x, d: t.argmax(x), [x], [], dtypes=no)
call("max_dim", lambda x, d: tuple(t.max(x, d)), [randn(3, 0)], 0, dtypes=no)
for x in each() + [ties(3, 4), ties(5)]:
    call("prod", lambda x: t.prod(x), [x], whole=True)
    for d in one(x): call("prod_dim", t.prod, [x], d); call("cumprod", t.cumprod, [x], d, whole=True)
for x in each() + [randn(3, 4) * 300, t.tensor([[-inf, 1.], [inf, 1.], [-inf, -inf]], dtype=t.float64)[:2], special]:
    for d in one(x): call("logsumexp", t.logsumexp, [x], [d], halves=True)
    if x is not special and x.dim() > 1: call("logsumexp", t.logsumexp, [x], [0, 1])
call("logsumexp", t.logsumexp, [below(5, 2, 3)], [1], dtypes=no)
for x in each((), (5,), (3, 4), (2, 3, 4)) + [ties(3, 4), t.zeros(2, 3, dtype=t.float64)]:
    for p in (2., 1., 3., inf, -inf, 0., .5):
        if p == .5 and (x == 0).any(): continue
        call("norm_with", lambda x, p, d, k: t.norm(x, float(p), d if d else None, k), [x], number(p), [-1], True); call("norm_with", lambda x, p, d, k: t.norm(x, float(p)), [x], number(p), [], False, dtypes=no)
for x in [ties(3, 4), ties(5), ties(), special, ties(0, 3), ties(3, 0)]:
    for fn, f in (("any", t.any), ("all", t.all), ("count_nonzero", t.count_nonzero)):
        call(fn, lambda x, d: f(x), [x], [], whole=True, dtypes=no)
        for d in one(x): call(fn, lambda x, d: f(x, d), [x], [d], halves=True, dtypes=no)
gaps = t.tensor([[1., nan, 3., nan], [5., -2., 0., .5], [2., 2., -1., 2.]], dtype=t.float64)
odd = [randn(5), randn(4), randn(3, 5), randn(2, 3, 4), ties(7), gaps]
for x in odd + [randn()]:
    call("median", t.median, [x], whole=x is not gaps)
    for d in one(x): call("median_dim", lambda x, d: tuple(t.median(x, d)), [x], d, halves=True) if x.dim() != 1 or x.shape != (7,) else None
    for q in (0., .3, .5, .77, 1.) if x.shape != (7,) else ():
        call("quantile", t.quantile, [x], q)
        for d in one(x): call("quantile_dim", lambda x, q, d, k: t.quantile(x, q, d, k), [x], q, d, d < 0, dtypes=no)
for x in [ties(5), ties(4, 6), randn(3)]:
    for d in one(x): call("mode", lambda x, d: tuple(t.mode(x, d)), [x], d, whole=x is not special)

# order
for x in each((), (5,), (3, 4), (2, 3, 2), (0, 3), (1, 60)) + [ties(4, 5), special, t.tensor([0., -0., 0.], dtype=t.float64)]:
    for d in one(x):
        for down in (False, True): call("sort", lambda x, d, down: tuple(t.sort(x, dim=d, descending=down, stable=True)), [x], d, down, halves=True, whole=x is not special)
        if x is not special: call("argsort", lambda x, d: t.argsort(x, dim=d, stable=True), [x], d, dtypes=no)
for x in [randn(5), randn(3, 6), randn(2, 3, 4), randn()]:
    for d in one(x):
        n = x.shape[d] if x.dim() else 1
        for k in sorted({0, 1, min(2, n), n} if x.dim() else {1}):
            for largest in (True, False): call("topk", lambda x, k, d, largest: tuple(t.topk(x, k, d, largest)), [x], k, d, largest, halves=False)
        for k in {1, n}: call("kthvalue", lambda x, k, d: tuple(t.kthvalue(x, k, d)), [x], k, d)
for x in [ties(7), ties(3, 4), randn(4), special, ties(0)]: call("unique_counts", lambda x: t.unique(x.detach(), return_inverse=True, return_counts=True), [x], whole=x is not special, dtypes=no) if x is not special else None
call("bincount", lambda x, n: t.bincount(x, minlength=n), [below(5, 9)], 0); call("bincount", lambda x, n: t.bincount(x, minlength=n), [below(5, 9)], 8); call("bincount", lambda x, n: t.bincount(x, minlength=n), [below(5, 0)], 2)
call("bincount_weighted", lambda x, w: t.bincount(x, w.detach()), [below(5, 9), t.rand(9, generator=G)])
for x, p in [(randn(50), (5, 0., 0.)), (randn(3, 20), (7, -1., 1.)), (ties(9), (3, 0., 2.)), (t.ones(4, dtype=t.float64), (3, 0., 0.))]: call("histc", lambda x, *p: t.histc(x.detach(), *p), [x], *p)

# comparisons and numbers
for a, b in [(randn(3), randn(3)), (t.tensor([1., 2., inf, nan, -inf], dtype=t.float64), t.tensor([1.000001, 2.1, inf, nan, inf], dtype=t.float64)), (randn(3, 1), randn(2))]:
    call("isclose", t.isclose, [a, b]); call("isclose_within", lambda a, b, r, s: t.isclose(a, b, r, s), [a, b], .1, .5); call("allclose", lambda a, b: t.allclose(a, b), [a, b]); call("allclose", lambda a, b: t.allclose(a, b), [a, a])
    call("equal", t.equal, [a, a]); call("equal", t.equal, [a, b])
wide = t.cat([randn(8) * 3, special.reshape(-1), t.tensor([-2.5, -1.5, -.5, .5, 1.5, 2.5], dtype=t.float64)])
for fn in ("isnan", "isinf", "isfinite", "nan_to_num", "sign", "floor", "ceil", "trunc"): call(fn, getattr(t, fn), [wide], halves=True); call(fn, getattr(t, fn), [ties(4)], whole=True, dtypes=())
for fn in ("erf", "tan", "asin", "acos", "atan", "sinh", "cosh"): call(fn, getattr(t, fn), [t.cat([wide, randn(9) / 3])]); call(fn, getattr(t, fn), [ties(4)], whole=True, dtypes=())

# products
call("outer", t.outer, [randn(3), randn(4)], whole=True); call("dot", t.dot, [randn(5), randn(5)], whole=False); call("mv", t.mv, [randn(3, 4), randn(4)]); call("mm", t.mm, [randn(3, 4), randn(4, 2)]); call("bmm", t.bmm, [randn(2, 3, 4), randn(2, 4, 2)])
for s in ((3, 2), (2,), (3, 1), ()): call("addmm", t.addmm, [randn(*s), randn(3, 4), randn(4, 2)])
EINSUM = [("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,kj", (2, 3), (4, 3)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("i,j->ij", (3,), (4,)), ("i,i->", (4,), (4,)), ("ij->ji", (2, 3)), ("ji", (2, 3)), ("ij->", (2, 3)),
          ("ij->j", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->ij", (2, 2, 3)), ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)), ("bij,bij->b", (2, 3, 4), (2, 3, 4)), ("ij,ij->ij", (2, 3), (2, 3)), ("ij,j->ij", (2, 3), (3,)),
          ("...ij,...jk->...ik", (2, 3, 4), (1, 4, 2)), ("...j->...", (2, 3)), ("i...,i->...", (2, 3), (2,)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("i,ij,j", (2,), (2, 3), (3,)), ("bn,anm,bm->ba", (2, 3), (4, 3, 5), (2, 5)), ("ij,ij->ij", (2, 3), (1, 3)),
          ("a b, b c -> a c", (2, 3), (3, 2)), ("Ab,bA->A", (2, 3), (3, 2)), ("ijk,ik->j", (2, 3, 4), (2, 4)), ("...,...->...", (2, 3), (3,))]
for eq, *shapes in EINSUM: call("einsum", lambda *a: t.einsum(eq, *a[:-1]), [randn(*s) for s in shapes], eq)
call("einsum", lambda *a: t.einsum(a[-1], *a[:-1]), [below(5, 2, 3), below(5, 3, 2)], "ij,jk->ik", dtypes=no)
for n, a, b in [(1, (2, 3), (3, 4)), (2, (2, 3, 4), (3, 4, 2)), (0, (2,), (3,))]: call("tensordot", lambda a, b, n: t.tensordot(a, b, n), [randn(*a), randn(*b)], n)
call("tensordot_lists", lambda a, b, d, e: t.tensordot(a, b, (d, e)), [randn(2, 3, 4), randn(4, 5, 2)], [0, -1], [2, 0])
for a, b, d in [((3,), (3,), 0), ((2, 3), (2, 3), 1), ((3, 2), (3, 1), 0), ((2, 3), (1, 3), -1)]: call("cross", lambda a, b, d: t.linalg.cross(a, b, dim=d), [randn(*a), randn(*b)], d)
for p in (2., 1., inf, 3.):
    for a, b in [((3, 4), (5, 4)), ((2, 3, 4), (2, 5, 4)), ((2, 3), (4, 2, 3))]: call("cdist", lambda a, b, p: t.cdist(a, b, float(p), "donot_use_mm_for_euclid_dist"), [randn(*a), randn(*b)], number(p))
for s in ((3, 6), (5,), (2, 9)): call("cov", lambda x: t.cov(x), [randn(*s)]); call("corrcoef", lambda x: t.corrcoef(x), [randn(*s)])
for s in ((3, 3), (2, 4, 4), (1, 1)): call("inv", t.linalg.inv, [randn(*s) + 2 * t.eye(s[-1], dtype=t.float64)]); call("det", t.linalg.det, [randn(*s)])
call("det", t.linalg.det, [t.zeros(0, 0, dtype=t.float64)])
for a, b in [((3, 3), (3, 2)), ((3, 3), (3,)), ((2, 3, 3), (2, 3, 2))]: call("solve", t.linalg.solve, [randn(*a) + 2 * t.eye(3, dtype=t.float64), randn(*b)])

# errors
x, i = t.arange(6.).reshape(2, 3), t.tensor
err("arange", lambda *p: t.arange(*p), [], 0, 10, 0); err("arange", lambda *p: t.arange(*p), [], 0, 10, -1)
err("tril", t.tril, [x[0]], 0); err("diag", t.diag, [x[None]], 0)
err("cat", lambda a, b, d: t.cat((a, b), d), [x, x[0]], 0); err("cat", lambda a, b, d: t.cat((a, b), d), [x, x[:, :2]], 0); err("cat", lambda a, b, d: t.cat((a, b), d), [i(1.), i(2.)], 0); err("cat", lambda a, b, d: t.cat((a, b), d), [x, x], 2)
err("stack", lambda a, b, d: t.stack((a, b), d), [x, x[0]], 0); err("stack", lambda a, b, d: t.stack((a, b), d), [x, x], 3)
err("chunk", t.chunk, [x], 0, 0); err("chunk", t.chunk, [i(1.)], 2, 0); err("split", t.split, [x], 0, 0); err("split", t.split, [x], -1, 0); err("split_list", t.split, [x], [1, 1], 1); err("split_list", t.split, [x], [1, -1, 3], 1); err("unbind", t.unbind, [i(1.)], 0)
err("unsqueeze", t.unsqueeze, [x], 5); err("flip", t.flip, [x], [0, 0]); err("flip", t.flip, [x], [3]); err("roll", t.roll, [x], [1, 2], [0]); err("rot90", t.rot90, [x], 1, [0, 0]); err("rot90", t.rot90, [x], 1, [0]); err("rot90", t.rot90, [x[0]], 1, [0, 1])
err("repeat_interleave_each", lambda x, n, d: t.repeat_interleave(x, n, d), [x, i([1, 2, 3])], 0); err("repeat_interleave_each", lambda x, n, d: t.repeat_interleave(x, n, d), [x, i([1, -2])], 0); err("tile", t.tile, [x], [-1]); err("permute", t.permute, [x], [0, 0])
err("flatten", t.flatten, [x], 1, 0); err("unflatten", lambda x, d, s: x.unflatten(d, s), [x], 1, [2, 2]); err("broadcast_to", t.broadcast_to, [x], [3, 3]); err("broadcast_to", t.broadcast_to, [x], [3]) if False else None
err("unfold", lambda x, *p: x.unfold(*p), [x], 0, 3, 1); err("unfold", lambda x, *p: x.unfold(*p), [x], 0, 1, 0)
gather = lambda x, i, d: t.gather(x, d, i)
for index in ([[5, 0, 0]], [[-1, 0, 0]], [0], [[0, 0, 0, 0]]): err("gather", gather, [x, i(index)], 0)
scatter = lambda x, i, s, d: t.scatter(x, d, i, s)
for index in ([[5, 0, 0]], [[-1, 0, 0]], [[0, 1, 0, 1]]): err("scatter", scatter, [x, i(index), x], 0)
err("index_select", lambda x, i, d: t.index_select(x, d, i), [x, i([2])], 0); err("index_select", lambda x, i, d: t.index_select(x, d, i), [x, i([-1])], 0); err("index_select", lambda x, i, d: t.index_select(x, d, i), [x, i([[0]])], 0)
add = lambda x, i, s, d: t.index_add(x, d, i, s)
err("index_add", add, [x, i([0, 5]), x], 0); err("index_add", add, [x, i([0]), x], 0); err("index_add", add, [x, i([0, 1]), x[:, :2]], 0)
err("take_along_dim", lambda x, i, d: t.take_along_dim(x, i, d), [x, i([2])], 1); err("masked_select", lambda x, m: t.masked_select(x, m.bool()), [x, i([1, 0], dtype=t.uint8)])
for p in [(1, 2, 2), (1, -4, 2)]: err("narrow", t.narrow, [x], *p)
err("narrow", t.narrow, [i(1.)], 0, 0, 1); err("select", t.select, [x], 1, 3); err("select", t.select, [i(1.)], 0, 0)
err("max_dim", lambda x, d: t.max(x, d), [t.zeros(0, 3)], 0); err("argmax", lambda x, d: t.argmax(x, d[0]), [t.zeros(0, 3)], [0]); err("median_dim", lambda x, d: t.median(x, d), [t.zeros(2, 0)], 1); err("mode", lambda x, d: t.mode(x, d), [t.zeros(2, 0)], 1)
err("var_with", lambda x, d, c, k: t.var(x, d), [x.long()], [0], 1., False); err("norm_with", lambda x, p, d, k: t.norm(x, float(p)), [x.long()], 2., [], False); err("norm_with", lambda x, p, d, k: t.norm(x, float(p)), [t.zeros(0)], "inf", [], False)
err("quantile", t.quantile, [x], 1.4); err("quantile", t.quantile, [t.zeros(0)], .4); err("quantile", t.quantile, [x.long()], .4)
err("topk", lambda x, k, d, l: t.topk(x, k, d, l), [x], 4, 1, True); err("kthvalue", lambda x, k, d: t.kthvalue(x, k, d), [x], 4, 1); err("kthvalue", lambda x, k, d: t.kthvalue(x, k, d), [x], 0, 1)
err("bincount", lambda x, n: t.bincount(x, minlength=n), [i([-1])], 0); err("bincount_weighted", t.bincount, [i([1]), i([1., 2.])]); err("histc", t.histc, [x], 3, 3., 1.); err("histc", t.histc, [i([1., nan])], 3, 0., 0.) if False else None
err("allclose", t.allclose, [x, x.double()]); err("isclose_within", lambda a, b, r, s: t.isclose(a, b, r, s), [x, x], -1., 0.)
err("outer", t.outer, [x, x]); err("dot", t.dot, [x, x]); err("dot", t.dot, [i([1., 2]), i([1.5])]); err("mv", t.mv, [x, i([1., 2])]); err("mm", t.mm, [x, x]); err("mm", t.mm, [x, i([1.])]); err("bmm", t.bmm, [x, x]); err("bmm", t.bmm, [t.ones(2, 1, 2), t.ones(3, 2, 2)])
for eq, n in [("ij,jk->ik", 2), ("ij,jk->ik", 1), ("ij->ijk", 1), ("ijk->i", 1), ("i1->i", 1), ("ij->ii", 1), ("ii", 1)]: err("einsum", lambda *a: t.einsum(a[-1], *a[:-1]), [x] * n, eq)
err("tensordot", lambda a, b, n: t.tensordot(a, b, n), [x, x], 1); err("cross", lambda a, b, d: t.linalg.cross(a, b, dim=d), [x, x], 0); err("cdist", lambda a, b, p: t.cdist(a, b, p), [x, x[:, :2]], 2.); err("cdist", lambda a, b, p: t.cdist(a, b, p), [x[0], x], 2.)
err("inv", t.linalg.inv, [x]); err("inv", t.linalg.inv, [t.zeros(2, 2)]); err("det", t.linalg.det, [x]); err("solve", t.linalg.solve, [t.zeros(2, 2), x]); err("solve", t.linalg.solve, [t.eye(2), i([1., 2, 3])])

# draws
def draw(fn, f, inputs, *p):
    seed = SEED + len(R["draw"])
    t.manual_seed(seed)
    y = f(*inputs, *p)
    R["draw"].append({"fn": fn, "seed": seed, "in": [T(a) for a in inputs], "p": list(p), "y": [T(y)], "then": T(t.rand(1))})
for n in (3, 20, 33): draw("normal", lambda m, s, n: t.normal(m, s, (n,)), [], 2., .5, n)
for dt in (t.float32, t.float64):
    draw("rand_like", t.rand_like, [t.zeros(2, 3, dtype=dt)]); draw("randn_like", t.randn_like, [t.zeros(2, 3, dtype=dt)]); draw("bernoulli", t.bernoulli, [t.rand(4, 5, generator=G).to(dt)])
    for shape in ((6,), (3, 5)):
        weights = t.rand(shape, generator=G).to(dt) * 3
        for n, r in [(1, False), (3, False), (5, False), (1, True), (4, True), (20, True)]: draw("multinomial", t.multinomial, [weights], n, r)
# windows as columns, places between tensors, decompositions: of factors whose signs are free, what doesn't depend on them
for x, p in [(randn(2, 3, 5, 4), [[2, 2], [1, 1], [0, 0], [1, 1]]), (randn(2, 6, 7), [[3, 2], [2, 1], [2, 1], [1, 3]]), (randn(1, 1, 4, 4), [[3, 3], [1, 1], [1, 1], [2, 2]])]:
    call("F.unfold", lambda x, *p: t.nn.functional.unfold(x, *p), [x], *p, halves=True)
for x, p in [(randn(2, 12, 12), [[4, 5], [2, 2], [1, 1], [0, 0], [1, 1]]), (randn(9, 4), [[4, 4], [3, 3], [1, 1], [1, 1], [2, 2]]), (randn(1, 6, 9), [[6, 7], [3, 2], [2, 1], [2, 1], [2, 3]])]:
    call("F.fold", lambda x, *p: t.nn.functional.fold(x, *p), [x], *p)
for w in (0., .3, .5, 1., -2.): call("lerp", t.lerp, [randn(3, 4), randn(4)], w, halves=w == .3)
call("lerp_by", t.lerp, [randn(3, 4), randn(4), randn(3, 1)]); call("lerp_by", t.lerp, [randn(2), randn(2), t.tensor([1., .5], dtype=t.float64)])
for s in ((3, 3), (4, 2), (2, 3, 5), (1, 1), (5, 3)):
    call("qr", lambda x: tuple(t.linalg.qr(x)), [randn(*s)]); call("svdvals", t.linalg.svdvals, [randn(*s)])
    def of_factors(x):
        u, d, vh = t.linalg.svd(x, full_matrices=False)
        return d, (u * d.unsqueeze(-2)) @ vh, (u * d.exp().unsqueeze(-2)) @ vh, u.abs(), vh.square()
    call("svd", of_factors, [randn(*s)])
for s in ((3, 3), (2, 4, 4), (1, 1)):
    def of_vectors(x):
        values, v = t.linalg.eigh(x)
        return values, (v * values.exp().unsqueeze(-2)) @ v.mT, v.square()
    call("eigh", of_vectors, [randn(*s)])
err("F.unfold", lambda x, *p: t.nn.functional.unfold(x, *p), [x[0]], [2, 2], [1, 1], [0, 0], [1, 1]) if False else None
err("F.fold", lambda x, *p: t.nn.functional.fold(x, *p), [t.ones(1, 5, 4)], [4, 4], [2, 2], [1, 1], [0, 0], [1, 1]); err("F.fold", lambda x, *p: t.nn.functional.fold(x, *p), [t.ones(1, 4, 4)], [4, 4], [2, 2], [1, 1], [0, 0], [1, 1])
err("lerp", t.lerp, [i([1.]), i([1.], dtype=t.float64)], .5); err("qr", lambda x: t.linalg.qr(x), [i([1.])]); err("svdvals", t.linalg.svdvals, [i([1.])]); err("eigh", t.linalg.eigh, [t.ones(2, 3)])

json.dump(R, open(OUT, "w"), separators=(",", ":"))
print(len(R["call"]), "calls,", len(R["err"]), "errors,", len(R["draw"]), "draws")
