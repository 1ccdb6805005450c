#!/usr/bin/env python
"""
Tensors as PyTorch prints them, of all dtypes, shapes, kinds of numbers and print options.

    usage: prints.py SEED OUT.json [MOST]       (written for torch 2.15.0 CPU; needs only torch)

  print  {"id","t":T,"transposed":bool,"opts":{..},"suffix":null|{"requires_grad":true},"expect":str}
         as in the oracle's other files, tensors as in written.py. Texts of more than ten times MOST letters are left out.
"""
import math, random
import torch
from written import Cyclic, T, arguments, write

SEED, OUT, MOST = arguments()
rng = random.Random(SEED)
some, choice = rng.randint, rng.choice
INF, NAN = math.inf, math.nan
EDGES = [0.5, 1.0, 1e5, 99999.0, 100000.0, 1234567.0, 5e-5, 1e-4, .99999, .999999, 9.99995, 123456789.0, 16777217.0, 65504.0, .12345, .00012345, 2.5, 3.5, .25, .125, 1e10]
KINDS = {
    "normal": lambda: rng.gauss(0, 1), "whole": lambda: float(some(-9, 9)), "large whole": lambda: float(some(-10**7, 10**7)),
    "small": lambda: rng.gauss(0, 1) * 10 ** rng.uniform(-12, -3), "wide": lambda: rng.gauss(0, 1) * 10 ** rng.uniform(-6, 8),
    "special": lambda: choice([NAN, INF, -INF, 0., -0., 1.5, -2.25, 1e-3]), "special whole": lambda: choice([NAN, INF, -INF, 0., -0., 1., -2.]),
    "subnormal": lambda: choice([1e-45, 1e-40, -3e-42, 5e-324, 1e-310, 0., 1.]), "nan": lambda: NAN, "-0": lambda: -0., "edge": lambda: choice(EDGES),
    "close": lambda: 1000 + rng.uniform(-.01, .01), "large": lambda: rng.uniform(1e30, 1e38), "share": lambda: rng.random() ** 4, "tie": lambda: some(-40, 40) / 32,
}
SHAPES = [[], [1], [5], [17], [1001], [2500], [3, 4], [1, 1], [30, 40], [7, 1, 3], [2, 3, 4], [11, 12, 13], [0], [0, 3], [2, 0], [2, 0, 3], [1, 1, 1, 1], [2, 2, 2, 2],
          [40, 1, 30], [5, 1000], [1000], [1000, 1], [100, 10], [1, 1200], [8, 8, 8, 8], [2, 2, 2, 2, 2]]
OPTIONS = [{}] * 6 + [dict(precision=2), dict(precision=8), dict(precision=0), dict(threshold=5), dict(threshold=5, edgeitems=1), dict(edgeitems=0, threshold=5), dict(linewidth=40),
                      dict(linewidth=200), dict(sci_mode=True), dict(sci_mode=False), dict(sci_mode=True, precision=2), dict(edgeitems=10, threshold=20), dict(linewidth=1), dict(precision=12)]
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
WHOLES = {torch.uint8: (0, 255), torch.int64: (-2**63, 2**63 - 1), torch.int32: (-2**31, 2**31 - 1), torch.int16: (-2**15, 2**15 - 1)}

def whole(dtype, shape):
    low, high = WHOLES[dtype]
    number = choice([lambda: some(max(low, -5), 5), lambda: some(low, high), lambda: choice([low, high, 0, 1])])
    t = torch.tensor([number() for _ in range(math.prod(shape))], dtype=dtype).reshape(shape)
    return t, T(t)

cases = []
while len(cases) < 420:
    dtype, shape, options = choice(FLOATS + list(WHOLES)), choice(SHAPES), choice(OPTIONS)
    kind = choice(list(KINDS)) if dtype in FLOATS else "numbers"
    if dtype in FLOATS:
        made = Cyclic([KINDS[kind]() for _ in range(choice([7, 31, 61]))], shape, dtype)
        t, written = made.tensor, made.written
    elif math.prod(shape) > 5 * MOST: continue
    else: t, written = whole(dtype, shape)
    has_grad = dtype in FLOATS[:2] and rng.random() < .15
    is_transposed = len(shape) == 2 and rng.random() < .3
    if is_transposed: t = t.t()
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    # Without a graph, which would print as a grad_fn.
    text = str(t.detach().requires_grad_(has_grad))
    if len(text) > 10 * MOST: continue
    cases.append({"id": f"{kind} {shape} {len(cases)}", "t": written, "transposed": is_transposed, "opts": options,
                  "suffix": {"requires_grad": True} if has_grad else None, "expect": text})
write(OUT, {"meta": {"torch": torch.__version__, "seed": SEED}, "print": cases})
