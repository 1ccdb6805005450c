"""Times the prelude beside PyTorch, in one run with the same number of threads: a row a function.

usage: python benches/prelude.py [--only tensors,activations,losses,optimizers,training] [--threads N]
                                 [--python python3] [--json FILE] [NAME ..]

Runs `cargo bench` and the programs of benches/torch in turn. A NAME selects the rows that contain
it. Prints for each row the median milliseconds of both, their ratio, and by how much the memory of
the process rose at its peak. The --python interpreter needs torch; without it the rows of Akari
stand alone, and the last line says so.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

BENCHES = ["tensors", "activations", "losses", "optimizers", "training"]
ROOT = Path(__file__).resolve().parent.parent


def rows(command, environment):
    run = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    lines = (line for line in run.stdout.splitlines() if line.startswith("{"))
    return {row["row"]: row for row in map(json.loads, lines)}


def cells(name, ours, theirs):
    number = lambda row, key: f"{row[key]:.3g}" if row else ""
    ratio = f"{ours['ms'] / theirs['ms']:.2f}" if ours and theirs else ""
    memory = [f"{row['peak_mb']:.0f}" if row else "" for row in (theirs, ours)]
    return [name, number(theirs, "ms"), number(ours, "ms"), ratio, *memory]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--only", default=",".join(BENCHES))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    threads = str(args.threads)
    environment = dict(os.environ, RAYON_NUM_THREADS=threads, OMP_NUM_THREADS=threads, PYTHONDONTWRITEBYTECODE="1")
    python = shutil.which(args.python)
    has_torch = python and subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
    ours, theirs = {}, {}
    for bench in args.only.split(","):
        print(f"measuring {bench} ..", file=sys.stderr)
        command = ["cargo", "bench", "--quiet", "-p", "akari", "--bench", bench, "--", *args.names]
        ours |= rows(command, environment)
        if has_torch:
            theirs |= rows([python, f"benches/torch/{bench}.py", *args.names], environment)
    print(f"| {threads} threads | PyTorch, ms | Akari, ms | ratio | PyTorch, MB | Akari, MB |")
    print("|---|---|---|---|---|---|")
    for name in list(ours) + [name for name in theirs if name not in ours]:
        print("| " + " | ".join(cells(name, ours.get(name), theirs.get(name))) + " |")
    if not has_torch:
        print(f"PyTorch was not measured: `{args.python}` has no torch")
    if args.json:
        Path(args.json).write_text(json.dumps({"akari": ours, "torch": theirs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
