#!/usr/bin/env python
"""
Programs as courses have them (tests/oracle/courses), on small files that are made here: what they train and tell.

    usage: courses.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch)

  text      that of the character model, in text.txt
  programs  {name: {"seed","losses":[..],"accuracy":float,"written":text}}

tests/courses/main.rs makes the same files: bytes of `noise`, and in each image a pattern of its class. torchvision isn't needed:
courses/torchvision.py has what the programs use of it.
"""
import contextlib, io, json, pathlib, struct, sys, tempfile
import torch

SEED, OUT = int(sys.argv[1]), sys.argv[2]
PROGRAMS = pathlib.Path(__file__).parent / "courses"
sys.path.insert(0, str(PROGRAMS))

def noise(seed):
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        yield seed >> 56
def image(bytes, label, channels, size):
    pattern = lambda c, y, x: (x // 3 * (label + 1) + y // 3 * (label + 3) + c) % 7 * 20
    return bytearray(next(bytes) % 120 + pattern(c, y, x) for c in range(channels) for y in range(size) for x in range(size))
def images(bytes, count, channels, size):
    for _ in range(count):
        label = next(bytes) % 10
        yield label, image(bytes, label, channels, size)
def write_files(root, text):
    bytes = noise(SEED)
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for part, count in (("train", 192), ("t10k", 64)):
        examples = list(images(bytes, count, 1, 28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 28, 28) + b"".join(pixels for _, pixels in examples))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + bytearray(label for label, _ in examples))
    folder = root / "cifar-10-batches-bin"
    folder.mkdir()
    for number in range(1, 6):
        (folder / f"data_batch_{number}.bin").write_bytes(b"".join(bytearray([label]) + pixels for label, pixels in images(bytes, 4, 3, 32)))
    (root / "text.txt").write_text(text)

words = "deep learning is a way to learn from data by layers of small steps".split()
choice = noise(SEED)
text = " ".join(words[next(choice) % len(words)] for _ in range(160))
found = {}
with tempfile.TemporaryDirectory() as root:
    write_files(pathlib.Path(root), text)
    for index, name in enumerate(("softmax", "mlp", "lenet", "char_rnn", "transformer", "resnet")):
        scope = {"__name__": name, "root": root, "seed": SEED + index}
        with contextlib.redirect_stdout(io.StringIO()): exec(compile((PROGRAMS / f"{name}.py").read_text(), name, "exec"), scope)
        found[name] = {key: scope[key] for key in ("seed", "losses", "accuracy", "written") if key in scope}
json.dump({"meta": {"torch": torch.__version__, "seed": SEED}, "text": text, "programs": found}, open(OUT, "w"), separators=(",", ":"))
