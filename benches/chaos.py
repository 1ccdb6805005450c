"""Interrupts and kills a session at random moments, and checks what it says and holds afterwards.

usage: python benches/chaos.py [--interrupts 1000] [--kills 300] [--seed 1]

A kernel runs cells of ten kinds in random order: compiling, compiling without end, running with and
without looking whether to stop, sleeping, printing, displaying, asking, coming back after a crash, a
shell command. Each is interrupted, or the process of the cells is killed, after a random time. Then
the reply must be there, `counter` must be what the cells that were not cut short have made of it (or
be lost, with a reason, where one was), and the next cell must run. Prints how long replies took
after the interrupt, by kind. Needs jupyter_client and psutil, and the kernel `akari` in Jupyter;
`tests/clients/test_chaos.py` runs a small number of the same.
"""

import argparse
import random
import re
import statistics
import sys
import time
from pathlib import Path
from queue import Empty

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "clients"))

from session import Session, runs_cells, until  # noqa: E402

NAP = "std::thread::sleep(std::time::Duration::from_millis({}));"
ASK = 'println!("EVCXR_INPUT_REQUEST:name? ");\nlet mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;'

# What a reply to an interrupt may take: cells that look, and those that never do (3 s of grace).
PATIENCE = 12


class Chaos:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 0
        self.times = {}
        self.lost = 0
        self.begin()

    def begin(self):
        self.session = Session()
        self.session.ok("let mut counter = 0u64; let kept = vec![7u8, 8];")
        self.session.ok(NAP.format(120) + "let slow = 5;")
        self.counter = 0
        # Whether a cell was cut short that may have changed the counter, so that a crash loses it.
        self.may_be_lost = False
        self.kills_replay = self.is_killing = False

    def end(self):
        self.session.end()

    def cells(self):
        """Each kind of cell: its text, what it adds to the counter if it comes to its end, and whether it ends."""
        self.number += 1
        unique = f"let _ = {self.number}u64;"
        rows = "".join(f"let a{i} = torch::randn(&[{i + 1}, 2])?.sqr()?;" for i in range(self.random.randrange(1, 25)))
        return {
            "compiles": (f"{unique} {rows} counter += 1;", 1, True),
            "compiles without end": (
                "const NEVER: u64 = { let mut i = %du64; loop { i = i.wrapping_add(1); if i == u64::MAX { break } } i }; counter += NEVER;"
                % self.number,
                0,
                False,
            ),
            "runs and looks": ('loop { counter += 1; show!("x"); ' + NAP.format(1) + " }", None, False),
            "runs and never looks": ("let mut n = 0u64; loop { n = std::hint::black_box(n + 1); }", 0, False),
            "sleeps": (NAP.format(self.random.randrange(1, 80)) + "counter += 1;", 1, True),
            "prints": ('for i in 0..20000 { println!("line {i}"); } counter += 1;', 1, True),
            "displays": ('for i in 0..3000 { akari::display::html(&format!("<i>{i}</i>")); } counter += 1;', 1, True),
            "asks": (f"{ASK} counter += 1;", 1, False),
            "comes back": ("std::process::abort();", 0, True),
            "a shell command": ("!sleep 100", 0, False),
        }

    def send(self, kind, code):
        return self.session.send(code, allow_stdin=kind == "asks")

    def wait_until_busy(self, cell):
        while True:
            message = self.session.client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == cell and message["msg_type"] == "status":
                return

    def finish(self, cell):
        """The reply; what is printed meanwhile is read away."""
        end = time.monotonic() + PATIENCE
        reply = None
        is_idle = False
        while not (reply and is_idle):
            assert time.monotonic() < end, "no reply"
            if reply is None:
                try:
                    message = self.session.client.get_shell_msg(timeout=0.002)
                    if message["parent_header"].get("msg_id") == cell:
                        reply = message["content"]
                except Empty:
                    pass
            try:
                message = self.session.client.get_iopub_msg(timeout=0.002)
                is_idle |= (
                    message["parent_header"].get("msg_id") == cell
                    and message["msg_type"] == "status"
                    and message["content"]["execution_state"] == "idle"
                )
            except Empty:
                pass
        return reply

    def check(self, kind, reply, adds):
        """Holds what the session has against what the replies have said."""
        is_done = reply["status"] == "ok" or "what it did is kept" in reply.get("evalue", "")
        run = self.session.run('println!("{counter} {} {slow}", kept.len());', timeout=PATIENCE + 20)
        if run.status == "error":
            text = "\n".join(run.error["traceback"])
            if run.error["ename"] == "ProcessCrash" and self.is_killing:
                # The signal arrived after the cell, and hit this one.
                return self.check(kind, reply, adds)
            if "`slow` was lost" in text and self.kills_replay:
                # The process that came back was killed too, and the reply had said what it cost.
                assert "lost: `slow`" in reply.get("evalue", "") or run.contents("display_data"), (kind, reply)
                self.session.ok("let slow = 5;")
                return self.check(kind, reply, adds)
            assert "`counter` was lost when the process ended" in text and self.may_be_lost, (kind, reply, text)
            self.lost += 1
            self.counter, self.may_be_lost = self.counter + 1000, False
            self.session.ok(f"let mut counter = {self.counter}u64;")
            return
        counter, kept, slow = map(int, run.stream().split())
        assert (kept, slow) == (2, 5), (kind, reply)
        if is_done and adds is not None:
            assert counter == self.counter + adds, (kind, reply, counter, self.counter)
        else:
            # A cell that was cut short keeps what it did; one whose process ended has done nothing.
            most = float("inf") if adds is None else adds
            assert 0 <= counter - self.counter <= most, (kind, reply, counter, self.counter)
            self.may_be_lost |= reply["status"] == "error" and re.search("variables are kept|waited for input", reply.get("evalue", "")) is not None
        self.counter = counter

    def interrupt(self):
        kinds = self.cells()
        kind = self.random.choices(list(kinds), [4, 1, 4, 0.4, 4, 2, 2, 2, 2, 1])[0]
        code, adds, _ = kinds[kind]
        cell = self.send(kind, code)
        self.wait_until_busy(cell)
        time.sleep(self.random.choice([0, 0.001, 0.01, 0.05, 0.1, 0.2]) * self.random.random())
        begin = time.monotonic()
        self.session.manager.interrupt_kernel()
        reply = self.finish(cell)
        self.times.setdefault(kind, []).append(time.monotonic() - begin)
        self.check(kind, reply, adds)

    def kill(self):
        kinds = {name: it for name, it in self.cells().items() if it[2]}
        kind = self.random.choice(list(kinds))
        code, adds, _ = kinds[kind]
        self.is_killing = True
        cell = self.send(kind, code)
        self.wait_until_busy(cell)
        time.sleep(0.15 * self.random.random())
        self.kills_replay = kind == "comes back"
        for child in self.session.process.children():
            try:
                if runs_cells(child) or self.random.random() < 0.3:
                    child.kill()
            except psutil.NoSuchProcess:
                pass
        reply = self.finish(cell)
        if kind == "comes back" or reply["status"] == "error":
            adds = None if reply["status"] == "ok" else 0
        self.check(kind, reply, adds)

    def report(self):
        lines = []
        for kind, times in sorted(self.times.items()):
            milliseconds = [it * 1e3 for it in times]
            lines.append(f"{kind:24} {len(times):5} {statistics.median(milliseconds):8.0f} {max(milliseconds):8.0f}")
        everything = [it * 1e3 for times in self.times.values() for it in times]
        if everything:
            lines.append(f"{'all':24} {len(everything):5} {statistics.median(everything):8.0f} {max(everything):8.0f}")
        return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interrupts", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chaos = Chaos(arguments.seed)
    try:
        for _ in range(arguments.interrupts):
            chaos.interrupt()
        print("replies after an interrupt (kind, number, median ms, maximum ms)")
        print(chaos.report())
        for _ in range(arguments.kills):
            chaos.kill()
        processes = chaos.session.processes()
        print(f"{arguments.kills} kills: the state was right each time; `counter` lost with a reason {chaos.lost} times")
    finally:
        chaos.end()
    left = until(lambda: not [it for it in processes if it.is_running() and it.status() != psutil.STATUS_ZOMBIE])
    print("no process is left" if left else "processes are left")
    return 0 if left else 1


if __name__ == "__main__":
    sys.exit(main())
