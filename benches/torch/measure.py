"""What the benches of PyTorch share: a row is timed, and told as a line of JSON."""

import ctypes
import json
import os
import statistics
import sys
import time

import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
LIBC = ctypes.CDLL(None)


def memory(field):
    """A size in KiB that the system tells of this process."""
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) for line in status if line.startswith(field))


class Bench:
    """Rows under the names that the Rust program of the same name has."""

    def __init__(self, name):
        self.name, self.only = name, sys.argv[1:]

    def wants(self, row):
        return not self.only or any(it in row for it in self.only)

    def row(self, row, runs, run):
        if not self.wants(row):
            return
        LIBC.malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
        before = memory("VmRSS:")
        run()
        times = []
        for _ in range(runs):
            begin = time.perf_counter()
            run()
            times.append((time.perf_counter() - begin) * 1e3)
        line = {
            "row": f"{self.name}: {row}",
            "ms": statistics.median(times),
            "least": min(times),
            "most": max(times),
            "peak_mb": max(0, memory("VmHWM:") - before) / 1024,
        }
        print(json.dumps(line), flush=True)
