"""Times the prelude beside PyTorch, in one run with the same number of threads: a row a function.

usage: python benches/prelude.py [--only tensors,functions,activations,losses,optimizers,training,layers,memory] [--threads N]
                                 [--python python3] [--rounds 1] [--json FILE] [--write FILE] [NAME ..]

Runs the benches and the programs of benches/torch in turn, some rounds of them. A NAME selects the
rows that contain it. Prints for each row the median milliseconds of both (of the best round), their ratio, the
ratio without the time that candle's own `backward` takes where that was measured, and by how much the memory of
the process rose at its peak. `--write docs/speed.md` puts the tables into that file, between its marks.
The --python interpreter needs torch; without it the rows of Akari stand alone, and the last line says so.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

# The benches, and what their rows are, for the summary.
BENCHES = {
    "tensors": "functions of tensors, a million numbers, forward and with backward",
    "functions": "functions that turn, choose, reduce, compare and measure, a million numbers",
    "activations": "activations, 10 million numbers, forward and with backward",
    "losses": "losses, a million rows, forward and with backward",
    "optimizers": "optimizers, a step on 25 million parameters and on 50 small tensors",
    "training": "training steps, layers, vgg11",
    "layers": "layers of sequences and images, forward and with backward",
    "memory": "memory of training steps",
}
# Rows that run in a process each: what one of them leaves behind in memory would count for the next.
ALONE = {
    "memory": [
        "mlp of four layers, batch 4096",
        "cnn 16-32, batch 64, 64 x 64",
        "mlp with LayerNorm, batch 4096",
        "cross entropy of 30000 classes, batch 512",
    ]
}
SHARE = ": candle's share"
ROOT = Path(__file__).resolve().parent.parent


def rows(command, names, environment):
    command = [*command, *names]
    run = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    lines = (line for line in run.stdout.splitlines() if line.startswith("{"))
    return {row["row"]: row for row in map(json.loads, lines)}


def measure(bench, programs, names, environment, rounds):
    """For each program its rows: those of the rounds with the least time, and the most memory of a round."""
    found = [{} for _ in programs]
    wanted = [[row] for row in ALONE.get(bench, []) if not names or any(name in row for name in names)]
    for _ in range(rounds):
        for selected in wanted if bench in ALONE else [names]:
            for best, program in zip(found, programs):
                for name, row in rows(program, selected, environment).items():
                    other = best.get(name, row)
                    peak = max(row["peak_mb"], other["peak_mb"])
                    best[name] = {**min(row, other, key=lambda it: it["ms"]), "peak_mb": peak}
    return found


def compared(bench, row):
    """What of a row is compared: time, or memory in the bench that measures it."""
    return max(row["peak_mb"], 0.1) if bench == "memory" else row["ms"]


def line(bench, name, ours, theirs, share):
    number = lambda row: f"{row['ms']:.3g}" if row else ""
    ratio = rest = ""
    if ours and theirs:
        ratio = f"{compared(bench, ours) / compared(bench, theirs):.2f}"
    if ours and theirs and share:
        rest = f"{max(0, ours['ms'] - share['ms']) / theirs['ms']:.2f}"
    memory = [f"{row['peak_mb']:.0f}" if row else "" for row in (theirs, ours)]
    return "| " + " | ".join([name, number(theirs), number(ours), ratio, rest, *memory]) + " |"


def tables(found, threads):
    """The summary, and all rows."""
    summary = ["| | rows | at or below PyTorch | median ratio | worst ratio |", "|---|---|---|---|---|"]
    table = [
        f"| {threads} threads | PyTorch, ms | Akari, ms | ratio | without candle's share | PyTorch, MB | Akari, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for bench, (ours, theirs) in found.items():
        names = [name for name in ours if not name.endswith(SHARE)]
        for name in names + [name for name in theirs if name not in ours]:
            share = ours.get(name.removesuffix(": forward, backward") + SHARE)
            table.append(line(bench, name, ours.get(name), theirs.get(name), share))
        ratios = [compared(bench, ours[name]) / compared(bench, theirs[name]) for name in names if name in theirs]
        if ratios:
            below = sum(round(ratio, 2) <= 1 for ratio in ratios)
            middle, worst = statistics.median(ratios), max(ratios)
            summary.append(f"| {BENCHES[bench]} | {len(ratios)} | {below} | {middle:.2f} | {worst:.2f} |")
    return {"summary": "\n".join(summary), "rows": "\n".join(table)}


def write(path, texts):
    page = path.read_text()
    for mark, text in texts.items():
        begin, end = f"<!-- {mark}: written by benches/prelude.py -->\n", f"\n<!-- end of {mark} -->"
        if begin not in page or end not in page:
            sys.exit(f"{path} has no place for the {mark}: {begin.strip()} .. {end.strip()}")
        page = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + text + end, page, flags=re.S)
    path.write_text(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--only", default=",".join(BENCHES))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=1, help="how often both run in turn; a row is that of its best")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--write", type=Path, help="put the tables into this page")
    args = parser.parse_args()
    threads = str(args.threads)
    environment = dict(os.environ, RAYON_NUM_THREADS=threads, OMP_NUM_THREADS=threads, PYTHONDONTWRITEBYTECODE="1")
    python = shutil.which(args.python)
    has_torch = python and subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
    found = {}
    for bench in args.only.split(","):
        print(f"measuring {bench} ..", file=sys.stderr)
        programs = [["cargo", "bench", "--quiet", "-p", "akari", "--bench", bench, "--"]]
        programs += [[python, f"benches/torch/{bench}.py"]] if has_torch else []
        ours, *theirs = measure(bench, programs, args.names, environment, args.rounds)
        found[bench] = (ours, theirs[0] if theirs else {})
    texts = tables(found, threads)
    print(texts["rows"] + "\n\n" + texts["summary"])
    if not has_torch:
        print(f"PyTorch was not measured: `{args.python}` has no torch")
    if args.write:
        write(args.write, texts)
    if args.json:
        all_of = lambda place: {name: row for both in found.values() for name, row in both[place].items()}
        args.json.write_text(json.dumps({"akari": all_of(0), "torch": all_of(1)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
