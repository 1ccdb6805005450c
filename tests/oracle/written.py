"""
How the generators of this folder write tensors, for `tests/torch_oracle/vectors.rs` to read.

  whole     {"dtype","shape","hex"}          floats: big-endian bit patterns of all numbers
            {"dtype","shape","ints"}         whole numbers
  cyclic    {"dtype","shape","cycle"}        bit patterns of a few numbers, which are repeated until the tensor is full
  sampled   {"dtype","shape","every","hex"}  the bit patterns of the first number and of every n-th one after it
"""
import json, math, random, sys
import torch

NAMES = {torch.float32: "f32", torch.float64: "f64", torch.float16: "f16", torch.bfloat16: "bf16",
         torch.int64: "i64", torch.int32: "i32", torch.int16: "i16", torch.uint8: "u8"}
BITS = {torch.float32: (torch.int32, 8), torch.float64: (torch.int64, 16), torch.float16: (torch.int16, 4), torch.bfloat16: (torch.int16, 4)}
torch.set_num_threads(1)

def arguments():
    """SEED, OUT.json, and how many numbers of a result are written at the most: few in a file that is kept."""
    seed, out = int(sys.argv[1]), sys.argv[2]
    return seed, out, int(sys.argv[3]) if len(sys.argv) > 3 else 120

def bits(t):
    ints, width = BITS[t.dtype]
    mask = (1 << 4 * width) - 1
    return "".join("%0*x" % (width, v & mask) for v in t.contiguous().reshape(-1).view(ints).tolist())

def T(t, most=None):
    if t is None: return None
    t = t.detach()
    written = {"dtype": NAMES[t.dtype], "shape": list(t.shape)}
    if t.dtype not in BITS: return written | {"ints": t.reshape(-1).tolist()}
    if most is None or t.numel() <= most: return written | {"hex": bits(t)}
    # An odd step that no axis of a usual size divides.
    every = -(-t.numel() // most) | 1
    while every % 3 == 0 or every % 5 == 0 or every % 7 == 0: every += 2
    return written | {"every": every, "hex": bits(t.contiguous().reshape(-1)[::every])}

class Cyclic:
    """A tensor that repeats a few numbers, and how it is written."""
    def __init__(self, values, shape, dtype):
        count = math.prod(shape)
        cycle = torch.tensor(values[:count] if count < len(values) else values, dtype=torch.float64).to(dtype)
        self.tensor = cycle[torch.arange(count) % max(len(cycle), 1)].reshape(shape) if count else torch.zeros(shape, dtype=dtype)
        self.written = {"dtype": NAMES[dtype], "shape": list(shape), "cycle": bits(cycle)}

def write(out, content):
    with open(out, "w") as file: json.dump(content, file, separators=(",", ":"))
