"""Forty kernels at work for hours: whether memory, descriptors, maps, files or answers drift.

usage: python benches/soak.py [--kernels 40] [--minutes 120] [--every 60] [--akari target/release/akari]

Each kernel runs cells of a learner's kind, one every second or so: known ones, new ones, mistakes,
a crash now and then. Every minute a row tells, over all kernels and their processes: memory (PSS,
so that shared pages count once), open descriptors, memory maps and threads of the largest process,
files and MB in the temporary folder, and the median and 95th percentile of a known cell. The last
lines compare the mean of the last quarter with that of the second one: the first is warming up.
Needs jupyter_client and psutil; nothing but this machine's loopback is spoken to.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

import kernels

KNOWN = kernels.AKARI["first"]
SESSION = [
    "let model = nn::seq![nn::Linear::new(4, 8)?, nn::ReLU::default(), nn::Linear::new(8, 1)?];",
    "let x = torch::randn(&[16, 4])?; let mut losses: Vec<f32> = Vec::new();",
    "let mut opt = optim::Adam::new(model.parameters(), optim::AdamConfig::default())?;",
    "for _ in 0..20 { let loss = model.forward(&x)?.sqr()?.mean_all()?; opt.backward_step(&loss)?; losses.push(loss.to_scalar()?); }",
    'println!("{} {:.3}", losses.len(), losses[losses.len() - 1]);',
    'let broken: i32 = "x".parse()?;',
    "undefined_name",
]
ROW = "{:>7} {:>9} {:>7} {:>7} {:>8} {:>6} {:>8} {:>8} {:>8} {:>7}"


class Learner(threading.Thread):
    """One kernel and who works with it."""

    def __init__(self, kernel, number, over):
        super().__init__(daemon=True)
        self.kernel, self.over = kernel, over
        self.random = random.Random(number)
        self.times, self.failures = [], 0

    def run(self):
        number = 0
        while not self.over.is_set():
            number += 1
            code = self.code(number)
            try:
                seconds, _, _ = self.kernel.run(code)
            except Exception:  # noqa: BLE001 - a kernel that died is what the bench looks for
                self.failures += 1
                return
            if code == KNOWN:
                self.times.append(seconds)
            self.over.wait(self.random.random() * 2)

    def code(self, number):
        draw = self.random.random()
        if draw < 0.45:
            return KNOWN
        if draw < 0.96:
            return SESSION[number % len(SESSION)]
        if draw < 0.995:
            return f"let own = {time.time_ns()}u64; own % 7"
        return "std::process::abort();"


def processes(learners):
    for learner in learners:
        try:
            root = psutil.Process(learner.kernel.manager.provisioner.pid)
            yield from [root, *root.children(recursive=True)]
        except psutil.Error:
            pass


def sample(learners, folder):
    memory = descriptors = 0
    most_maps = most_threads = 0
    for process in processes(learners):
        try:
            memory += process.memory_full_info().pss
            descriptors += process.num_fds()
            most_threads = max(most_threads, process.num_threads())
            with open(f"/proc/{process.pid}/maps") as maps:
                most_maps = max(most_maps, sum(1 for _ in maps))
        except (psutil.Error, OSError):
            pass
    files = [it for it in Path(folder).rglob("*") if it.is_file() and not it.is_symlink()]
    size = sum(it.stat().st_size for it in files if it.exists())
    times = [seconds for learner in learners for seconds in learner.times]
    for learner in learners:
        learner.times = []
    times.sort()
    median = statistics.median(times) * 1e3 if times else 0.0
    p95 = times[int(len(times) * 0.95)] * 1e3 if times else 0.0
    return {
        "pss MB": memory / 1e6,
        "fds": descriptors,
        "maps": most_maps,
        "threads": most_threads,
        "files": len(files),
        "disk MB": size / 1e6,
        "median": median,
        "p95": p95,
        "cells": len(times),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--every", type=float, default=60, help="seconds between two rows")
    parser.add_argument("--akari", default="target/release/akari")
    arguments = parser.parse_args()
    argv = [str(Path(arguments.akari).resolve()), "kernel", "--connection-file", "{connection_file}"]
    over = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        learners = []
        for number in range(arguments.kernels):
            own = Path(folder) / str(number)
            own.mkdir()
            learners.append(Learner(kernels.Kernel(argv, str(own), {"TMPDIR": str(temporary)}), number, over))
        for learner in learners:
            learner.start()
        rows = []
        begin = time.monotonic()
        while time.monotonic() - begin < arguments.minutes * 60:
            time.sleep(arguments.every)
            row = sample(learners, temporary)
            rows.append(row)
            if len(rows) == 1:
                print(ROW.format("minute", *row))
            values = [f"{value:.1f}" if isinstance(value, float) else value for value in row.values()]
            print(ROW.format(f"{(time.monotonic() - begin) / 60:.1f}", *values), flush=True)
        over.set()
        for learner in learners:
            learner.join(timeout=60)
        failures = sum(learner.failures for learner in learners)
        for learner in learners:
            learner.kernel.stop()
        left = list(temporary.glob("akari-*"))
    quarter = max(1, len(rows) // 4)
    for name in rows[0]:
        second = statistics.mean(row[name] for row in rows[quarter : 2 * quarter] or rows)
        last = statistics.mean(row[name] for row in rows[-quarter:])
        print(f"{name:8} second quarter {second:10.1f}, last quarter {last:10.1f}, ratio {last / max(second, 1e-9):.2f}")
    print(f"{failures} kernels died; {len(left)} folders are left")
    return 1 if failures or left else 0


if __name__ == "__main__":
    sys.exit(main())
