"""Times the compiler on cells with and without `t!`, and on cells without it beside another prelude.

usage: python benches/formulas.py [--prelude FOLDER] [--before FOLDER] [--rounds 60]

A folder is one of AKARI_HOME's `prelude`, with a libakari.so; the newest is the default, and `--before` an older one
of the same toolchain. Each round compiles every kind of cell once, in turn, with a text of its own, so that a
difference between two kinds is one of neighbours in time. Wall time says what a learner waits; the processor's time
is that which others on the machine disturb least.
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

# One cell with the same work in each way; `{0}` makes every text another one.
PLAIN = (
    'let x = tensor!([{0}.0, 5.0, -10.0, 10.0]);\nshow!("relu:", F::relu(&x)?);\n'
    'show!("softmax:", F::softmax(&x, 0)?);\nshow!("sigmoid:", torch::sigmoid(&x)?);'
)
NAMED = (
    "let (w, b) = (Var::new(&[2f32, 1.0], &Device::Cpu)?, {0}.5);\nlet x = tensor!([3.0, 4.0]);\n"
    "let y = torch::add(torch::mul(&w, &x)?, b)?;\nshow!(torch::mean(&torch::pow(torch::sub(&y, 1)?, 2)?)?);"
)
FORMULA = (
    "let (w, b) = (Var::new(&[2f32, 1.0], &Device::Cpu)?, {0}.5);\nlet x = tensor!([3.0, 4.0]);\n"
    "let y = t!(w * x + b);\nshow!(t!((y - 1).pow(2).mean()));"
)
# Ten of them, with indices and options by name.
FORMULAS = FORMULA + "".join(
    f"\nlet z{at} = t!((x[{at % 2}] - y.sum(dim = 0, keepdim = true)) / (1 + x @ w) - x[:, None][..., 0].clamp(min = 0));\nlet _ = &z{at};"
    for at in range(8)
)
CELL = (
    "use akari::prelude::*;\n#[unsafe(no_mangle)]\npub extern \"C\" fn cell() -> bool {{\n"
    "akari::rt::run(|| -> Result<(), akari::rt::Failed> {{\n{body}\nakari::rt::put(1, x);\nOk(())\n}}) }}\n"
)


def newest():
    home = Path(os.environ.get("AKARI_HOME") or Path.home() / ".cache" / "akari")
    found = sorted(home.glob("prelude/*/libakari.so"), key=lambda it: it.stat().st_mtime)
    return found[-1].parent if found else None


def compile_once(rustc, prelude, body, folder):
    """Milliseconds of wall and processor time."""
    (Path(folder) / "cell.rs").write_text(CELL.format(body=body))
    flags = ["--crate-type=cdylib", "--edition=2024", "-Cprefer-dynamic", "-Cdebuginfo=0", "-Ccodegen-units=1",
             "-Copt-level=0", "--cap-lints=allow", "--extern", f"akari={prelude}/libakari.so", "-L", f"dependency={prelude}"]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([rustc, "cell.rs", *flags], cwd=folder, check=True, capture_output=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1e3, spent * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prelude", type=Path, default=newest())
    parser.add_argument("--before", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    args = parser.parse_args()
    if not args.prelude:
        parser.error("no prelude is built; name a folder with --prelude")
    prelude = args.prelude.resolve()
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    kinds = {"no formula": (prelude, PLAIN), "functions": (prelude, NAMED), "formulas": (prelude, FORMULA), "ten formulas": (prelude, FORMULAS)}
    if args.before:
        kinds["no formula, before"] = (args.before.resolve(), PLAIN)
    times = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        for round in range(args.rounds + 1):
            # Neighbours change their order, since the first after a pause is slower.
            order = list(kinds) if round % 2 else list(reversed(kinds))
            for kind in order:
                folder_of, body = kinds[kind]
                try:
                    measured = compile_once(f"{sysroot}/bin/rustc", folder_of, body.format(round + 7000), folder)
                except subprocess.CalledProcessError as error:
                    print(f"left out, since it doesn't compile: {kind}\n{error.stderr.decode()[:400]}")
                    del kinds[kind], times[kind]
                    continue
                if round:
                    times[kind].append(measured)
    print("| cell | wall: least | median | processor: least | median |\n|---|---|---|---|---|")
    for kind, found in times.items():
        wall, spent = zip(*found)
        figures = [min(wall), statistics.median(wall), min(spent), statistics.median(spent)]
        print(f"| {kind} | " + " | ".join(f"{figure:.1f} ms" for figure in figures) + " |")
    print("\n| difference | of the least wall times | median, wall | of the least processor times | median, processor |\n|---|---|---|---|---|")
    pairs = [("formulas", "functions"), ("ten formulas", "functions"), ("no formula", "no formula, before")]
    for one, other in pairs:
        if one not in times or other not in times:
            continue
        figures = []
        for which in (0, 1):
            ours, theirs = ([row[which] for row in times[kind]] for kind in (one, other))
            figures += [min(ours) - min(theirs), statistics.median(a - b for a, b in zip(ours, theirs))]
        print(f"| {one} - {other} | " + " | ".join(f"{figure:+.1f} ms" for figure in figures) + " |")


if __name__ == "__main__":
    main()
