#!/usr/bin/env python
"""
PyTorch's numbers for layers: first weights, results, and the gradients of inputs and parameters.

    usage: modules.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch)

Tensors are written as in the oracle's other files: {"dtype","shape","hex"|"ints"}.

  call    {"id","repr","state":[[name,T]..],"in":[T..],"out":[T..],"gy":[T..],"g":[T|null..],"gp":[[name,T]..]}
          a layer, made after torch.manual_seed(0), with its parameters moved by noise, is called with "in"; gradients
          of the sum of all out * gy with respect to the inputs and to the parameters, "moved":[[name,T]..]
  random  {"id","values"}      what is left of ones after torch.manual_seed(0)
  err     {"id","msg"}         what PyTorch raises
"""
import json, sys
import torch, torch.nn as nn, torch.nn.functional as F

SEED, OUT = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
G = torch.Generator().manual_seed(SEED)
NAMES = {torch.float32: "f32", torch.float64: "f64", torch.int64: "i64"}

def T(t):
    if t is None: return None
    t = t.detach()
    d = {"dtype": NAMES[t.dtype], "shape": list(t.shape)}
    if t.dtype == torch.float32:
        d["hex"] = "".join("%08x" % (v & 0xFFFFFFFF) for v in t.contiguous().reshape(-1).view(torch.int32).tolist())
    else:
        d["ints"] = t.reshape(-1).tolist()
    return d

def flat(y):
    return [y] if isinstance(y, torch.Tensor) else [t for part in y if part is not None for t in flat(part)]

R = {"meta": {"torch": torch.__version__, "seed": SEED}, "call": [], "random": [], "err": []}
def randn(*s): return torch.randn(s, generator=G)

def call(id, *inputs, run=None, f=None):
    """A layer by its expression, or a function `f` of the inputs."""
    case = {"id": id}
    m = None
    if f is None:
        torch.manual_seed(0)
        m = eval("nn." + id.split(" @ ")[0])
        case.update(repr=repr(m), state=[[n, T(t)] for n, t in m.state_dict().items()])
        with torch.no_grad():
            for p in m.parameters(): p.add_(randn(*p.shape) * .1)
        f = m if run is None else (lambda *x: run(m, *x))
    inputs = [x.clone().requires_grad_(True) for x in inputs]
    out = flat(f(*inputs))
    gy = [randn(*y.shape) for y in out]
    named = [] if m is None else list(m.named_parameters())
    wanted = inputs + [p for _, p in named]
    total = sum((y * g).sum() for y, g in zip(out, gy))
    grads = torch.autograd.grad(total, wanted, allow_unused=True)
    case.update({"in": [T(x) for x in inputs], "out": [T(y) for y in out], "gy": [T(g) for g in gy],
                 "g": [T(g) for g in grads[:len(inputs)]], "moved": [[n, T(p)] for n, p in named],
                 "gp": [[n, T(g)] for (n, _), g in zip(named, grads[len(inputs):])]})
    R["call"].append(case)

image, seq = randn(2, 4, 6, 5), randn(2, 4, 9)
for args in ["4, 3, 3, stride=(2, 1), padding=(1, 0)", "4, 2, (2, 3), padding='same', dilation=(1, 2)", "4, 2, (3, 2), padding='same', padding_mode='reflect'",
             "4, 4, 3, padding=(1, 2), padding_mode='circular', groups=2", "4, 2, 3, padding=1, padding_mode='replicate', bias=False", "4, 2, 2, padding='valid'"]:
    call(f"Conv2d({args})", image)
for args in ["4, 3, 3", "4, 6, 3, stride=2, padding=2, dilation=2, groups=2, bias=False", "4, 2, 4, padding='same'", "4, 2, 3, padding=1, padding_mode='circular'"]:
    call(f"Conv1d({args})", seq)
call("Conv1d(4, 3, 2) @ unbatched", randn(4, 7))
for args in ["4, 3, 3", "4, 2, (2, 3), stride=(2, 3), padding=(0, 1), output_padding=(1, 2)", "4, 6, 2, stride=2, groups=2, bias=False", "4, 2, 3, dilation=2, output_padding=1", "4, 2, 1, stride=2, padding=0"]:
    call(f"ConvTranspose2d({args})", image)
call("ConvTranspose2d(4, 3, 4, stride=2, padding=1) @ five", randn(5, 4, 4, 3))
for args in ["4, 3, 3", "4, 4, 3, stride=3, padding=1, output_padding=2, groups=2", "4, 2, 2, dilation=3"]:
    call(f"ConvTranspose1d({args})", seq)
for e in ["MaxPool1d(2)", "MaxPool1d(3, stride=2, padding=1, ceil_mode=True)", "MaxPool1d(2, dilation=2)", "AvgPool1d(2)", "AvgPool1d(3, stride=2, padding=1, count_include_pad=False)",
          "AdaptiveAvgPool1d(4)", "AdaptiveMaxPool1d(2)", "ReflectionPad1d(3)", "ReplicationPad1d((1, 2))", "ZeroPad1d(2)", "InstanceNorm1d(4)", "GroupNorm(2, 4)", "Dropout1d(0.)", "Upsample(scale_factor=2)",
          "Upsample(size=5, mode='linear')"]:
    call(f"{e} @ seq" if e.startswith(("GroupNorm", "Upsample")) else e, seq)
for e in ["AdaptiveMaxPool2d(2)", "AdaptiveMaxPool2d((4, 3))", "GroupNorm(2, 4)", "GroupNorm(4, 4, affine=False)", "GroupNorm(1, 4, eps=0.01, bias=False)", "InstanceNorm2d(4)", "InstanceNorm2d(4, affine=True)",
          "Upsample(scale_factor=2)", "Upsample(size=(4, 7))", "Upsample(scale_factor=1.5)", "Upsample(size=(7, 3), mode='bilinear')", "Upsample(scale_factor=2, mode='bilinear')",
          "Upsample(scale_factor=2, mode='bilinear', align_corners=True)", "Upsample(scale_factor=0.7, mode='bilinear')", "PixelShuffle(2)", "ZeroPad2d(1)", "ReflectionPad2d((1, 2, 0, 3))", "ReplicationPad2d((2, 0, 1, 1))",
          "CircularPad2d((1, 2, 3, 0))", "ConstantPad2d(1, 3.5)", "Unflatten(1, (2, 2))", "LocalResponseNorm(3)", "LocalResponseNorm(2, alpha=0.5, beta=0.5, k=2.)", "Dropout2d(0.)", "AlphaDropout(0.)"]:
    call(e, image)
call("PixelUnshuffle(2)", randn(2, 3, 4, 6))
call("BatchNorm3d(2)", randn(3, 2, 2, 3, 2))
call("Bilinear(3, 4, 2)", randn(5, 3), randn(5, 4))
call("cosine_similarity", randn(3, 4), randn(3, 4), f=lambda a, b: F.cosine_similarity(a, b))
call("cosine_similarity 0", randn(3, 4), randn(1, 4), f=lambda a, b: F.cosine_similarity(a, b, 0))
for p in [2., 1., 3., float("inf")]:
    call(f"pairwise_distance {p}", randn(3, 4), randn(3, 4), f=lambda a, b: F.pairwise_distance(a, b, p))

steps, h0, c0 = randn(5, 3, 4), lambda n, h=3: randn(n, 3, h), lambda n, h=3: randn(n, 3, h)
for args in ["4, 3", "4, 3, nonlinearity='relu'", "4, 3, num_layers=2, bias=False", "4, 3, bidirectional=True, batch_first=True"]:
    call(f"RNN({args})", steps)
call("RNN(4, 3) @ state", steps, h0(1))
for args in ["4, 3", "4, 3, num_layers=2", "4, 3, bias=False, bidirectional=True", "4, 3, num_layers=2, batch_first=True, dropout=0., bidirectional=True"]:
    call(f"LSTM({args})", steps)
call("LSTM(4, 3, num_layers=2, bidirectional=True) @ state", steps, h0(4), c0(4), run=lambda m, x, h, c: m(x, (h, c)))
call("LSTM(4, 3) @ unbatched", randn(5, 4))
call("LSTM(4, 3) @ output", steps, run=lambda m, x: m(x)[0][-1])
for args in ["4, 3", "4, 3, num_layers=2, bidirectional=True", "4, 3, bias=False, batch_first=True"]:
    call(f"GRU({args})", steps)
call("GRU(4, 3) @ state", steps, h0(1))
for e in ["RNNCell(4, 3)", "RNNCell(4, 3, nonlinearity='relu')", "GRUCell(4, 3)", "GRUCell(4, 3, bias=False)", "LSTMCell(4, 3)", "LSTMCell(4, 3, bias=False)"]:
    call(e, randn(2, 4))
call("GRUCell(4, 3) @ state", randn(2, 4), randn(2, 3))
call("LSTMCell(4, 3) @ state", randn(2, 4), randn(2, 3), randn(2, 3), run=lambda m, x, h, c: m(x, (h, c)))

q, k, v = randn(2, 2, 3, 4), randn(2, 2, 5, 4), randn(2, 2, 5, 3)
mask = torch.tensor([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]).bool()
added = randn(3, 5)
sdpa = F.scaled_dot_product_attention
call("sdpa", q, k, v, f=sdpa)
call("sdpa mask", q, k, v, f=lambda q, k, v: sdpa(q, k, v, mask))
call("sdpa added", q, k, v, added, f=sdpa)
call("sdpa causal", q, k, v, f=lambda q, k, v: sdpa(q, k, v, is_causal=True))
call("sdpa scale", q, k, v, f=lambda q, k, v: sdpa(q, k, v, scale=0.3))
x, kv = randn(3, 2, 4), randn(5, 2, 4)
hidden = torch.tensor([[0, 0, 0, 1, 1], [0, 1, 0, 0, 0]]).bool()
upper = torch.ones(3, 3).triu(1).bool()
call("MultiheadAttention(4, 2)", x, kv, kv.flip(0))
call("MultiheadAttention(4, 2, bias=False, batch_first=True)", x, x * .5, x, run=lambda m, q, k, v: m(q, k, v))
call("MultiheadAttention(4, 2) @ self", x, run=lambda m, x: m(x, x, x, need_weights=False))
call("MultiheadAttention(4, 1) @ unbatched", randn(3, 4), run=lambda m, x: m(x, x, x))
call("MultiheadAttention(4, 2) @ padding", x, kv, run=lambda m, q, k: m(q, k, k, key_padding_mask=hidden, average_attn_weights=False))
call("MultiheadAttention(4, 2) @ causal", x, run=lambda m, x: m(x, x, x, attn_mask=upper))
for args in ["4, 2, 8, 0.", "4, 2, 8, 0., norm_first=True, batch_first=True", "4, 2, 8, 0., activation='gelu', bias=False"]:
    call(f"TransformerEncoderLayer({args})", x)
call("TransformerEncoderLayer(4, 2, 8, 0.) @ causal", x, run=lambda m, x: m(x, src_mask=upper, is_causal=True))
call("TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.), 2)", x)
call("TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.), 2, norm=nn.LayerNorm(4))", x)

for name, f in {"dropout2d": lambda: F.dropout2d(torch.ones(4, 8, 2, 2), .3)[:, :, 0, 0], "dropout1d": lambda: F.dropout1d(torch.ones(20, 3), .3)[:, 0],
                "alpha_dropout": lambda: F.alpha_dropout(torch.ones(50), .3, True)}.items():
    torch.manual_seed(0)
    R["random"].append({"id": name, "values": T(f())})
r = torch.rand
for expr in ["nn.Conv2d(3, 4, 3, stride=2, padding='same')(r(1, 3, 5, 5))", "nn.Conv1d(3, 4, 3)(r(5))", "nn.Conv1d(3, 4, 3)(r(1, 2, 5))", "nn.LSTM(3, 4)(r(2, 5, 2))", "nn.GRU(3, 4)(r(2, 5, 3), r(1, 2, 4))",
             "nn.RNN(3, 4)(r(1, 2, 3, 4))", "nn.GroupNorm(2, 3)", "nn.MultiheadAttention(5, 2)", "nn.InstanceNorm2d(3)(r(1, 3, 1, 1))"]:
    try: eval(expr); msg = None
    except Exception as e: msg = str(e).split("\nException")[0]
    R["err"].append({"id": expr, "msg": msg})
json.dump(R, open(OUT, "w"), separators=(",", ":"))
