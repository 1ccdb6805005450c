"""Times the prelude beside PyTorch, in one run with the same number of threads: a row a function.

usage: python benches/prelude.py [--only tensors,functions,activations,losses,optimizers,training,layers,memory] [--threads N]
                                 [--python python3] [--rounds 1] [--json FILE] [--write FILE] [--from FILE] [NAME ..]

Runs the benches and the programs of benches/torch in turn, some rounds of them. A NAME selects the
rows that contain it. Prints for each row the median milliseconds of both (of the best round), their ratio, and by how
much the memory of the process rose at its peak. A row with a `backward` has candle's share of it beside it: what candle
takes for the same tensors if the functions compute nothing (benches/measure). Where ours is the slower one, the row
says whose that is: candle's if what is left without its share is at or below PyTorch's time, else ours.
`--write docs/speed.md` puts the tables into that file, between its marks; `--from` takes the figures that `--json` wrote.
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
BELOW, CANDLES, OURS = "", "candle's", "ours"
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
                    of_both = {"peak_mb": max(row["peak_mb"], other["peak_mb"])}
                    if row.get("share") is not None:
                        of_both["share"] = min(row["share"], other["share"])
                    best[name] = {**min(row, other, key=lambda it: it["ms"]), **of_both}
    return found


def compared(bench, row):
    """What of a row is compared: time, or memory in the bench that measures it."""
    return max(row["peak_mb"], 0.1) if bench == "memory" else row["ms"]


def ratio(bench, ours, theirs):
    return compared(bench, ours) / compared(bench, theirs)


def share(row):
    """The milliseconds that are candle's own: none that nobody measured, nor more than the row has in all."""
    measured = row.get("share")
    if measured is None or measured > row["ms"]:
        return None
    return measured


def rest(ours, theirs):
    """The ratio without candle's share."""
    return (ours["ms"] - share(ours)) / theirs["ms"]


def excess(bench, ours, theirs):
    """Whose it is that a row is slower than PyTorch's, if it is."""
    is_below = lambda ratio: round(ratio, 2) <= 1
    if is_below(ratio(bench, ours, theirs)):
        return BELOW
    is_timed = bench != "memory"
    return CANDLES if is_timed and share(ours) is not None and is_below(rest(ours, theirs)) else OURS


def line(bench, name, ours, theirs):
    number = lambda row: f"{row['ms']:.3g}" if row else ""
    cells = [name, number(theirs), number(ours)]
    cells.append(f"{ratio(bench, ours, theirs):.2f}" if ours and theirs else "")
    is_shared = ours and share(ours) is not None
    cells.append(f"{share(ours):.3g}" if is_shared else "")
    cells.append(f"{rest(ours, theirs):.2f}" if is_shared and theirs else "")
    cells.append(excess(bench, ours, theirs) if ours and theirs else "")
    cells += [f"{row['peak_mb']:.0f}" if row else "" for row in (theirs, ours)]
    return "| " + " | ".join(cells) + " |"


def tables(found, threads):
    """The summary, and all rows."""
    summary = [
        "| | rows | at or below PyTorch | slower by candle's share | slower by ours | median ratio | worst ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    table = [
        f"| {threads} threads | PyTorch, ms | Akari, ms | ratio | candle's share, ms | ratio without it | the excess is |"
        " PyTorch, MB | Akari, MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    counts = {BELOW: 0, CANDLES: 0, OURS: 0}
    for bench, (ours, theirs) in found.items():
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            table.append(line(bench, name, ours.get(name), theirs.get(name)))
        for name, row in ours.items():
            if row.get("share") is not None and share(row) is None:
                print(f"{name}: candle's share was measured as more than the whole, and is left out", file=sys.stderr)
        both = [(ours[name], theirs[name]) for name in ours if name in theirs]
        if not both:
            continue
        ratios = [ratio(bench, *rows) for rows in both]
        kinds = [excess(bench, *rows) for rows in both]
        for kind in kinds:
            counts[kind] += 1
        of_kinds = " | ".join(str(kinds.count(kind)) for kind in counts)
        middle, worst = statistics.median(ratios), max(ratios)
        summary.append(f"| {BENCHES[bench]} | {len(both)} | {of_kinds} | {middle:.2f} | {worst:.2f} |")
    summary += [
        "",
        f"Of {sum(counts.values())} rows {counts[BELOW]} are at or below 1.0; of {counts[CANDLES]} more the excess is"
        f" candle's; {counts[OURS]} are ours to mend.",
    ]
    return {"summary": "\n".join(summary), "rows": "\n".join(table)}


def write(path, texts):
    page = path.read_text()
    for mark, text in texts.items():
        begin, end = f"<!-- {mark}: written by benches/prelude.py -->\n", f"\n<!-- end of {mark} -->"
        if begin not in page or end not in page:
            sys.exit(f"{path} has no place for the {mark}: {begin.strip()} .. {end.strip()}")
        page = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + text + end, page, flags=re.S)
    path.write_text(page)


def tell(texts, page):
    print(texts["rows"] + "\n\n" + texts["summary"])
    if page:
        write(page, texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--only", default=",".join(BENCHES))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=1, help="how often both run in turn; a row is that of its best")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--write", type=Path, help="put the tables into this page")
    parser.add_argument("--from", type=Path, dest="figures", help="take figures from here, and measure nothing")
    args = parser.parse_args()
    if args.figures:
        figures = json.loads(args.figures.read_text())
        of = lambda bench, side: {name: row for name, row in figures[side].items() if name.startswith(f"{bench}: ")}
        found = {bench: (of(bench, "akari"), of(bench, "torch")) for bench in args.only.split(",")}
        return tell(tables(found, args.threads), args.write)
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
    tell(tables(found, threads), args.write)
    if not has_torch:
        print(f"PyTorch was not measured: `{args.python}` has no torch")
    if args.json:
        all_of = lambda place: {name: row for both in found.values() for name, row in both[place].items()}
        args.json.write_text(json.dumps({"akari": all_of(0), "torch": all_of(1)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
