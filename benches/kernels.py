"""Times Jupyter kernels beside each other, in one run on one machine.

usage: python benches/kernels.py [--akari target/release/akari] [--evcxr target/release/akari-evcxr]
                                 [--python python3] [--cells 20] [--json FILE]

Peers: PyTorch on ipykernel (the --python interpreter needs ipykernel and torch), stock evcxr_jupyter
0.22.0 with candle 0.11.1, and Akari. `cargo build --release -p akari-evcxr` makes the stock kernel,
as a role of that program; an `evcxr_jupyter` on PATH is the second choice.
What isn't there is skipped, and the table says so. Needs jupyter_client and psutil.

Each kernel runs the same lesson in its own language. Stock evcxr gets explicit types on its
variables, since it can't find them without the standard library's sources. Before a kernel is
timed it has been started and used once, so that all compare with everything built.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty

import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

PYTHON = {
    "setup": "import torch\nfrom torch import nn\nfrom torch.nn import functional as F",
    "first": "x = torch.tensor([-2.0, 1.0, 4.0, 0.0])\nprint('relu:', F.relu(x))\n"
    "print('softmax:', F.softmax(x, dim=0))\nprint('sigmoid:', torch.sigmoid(x))",
    "further": "x = torch.tensor([{0}.0, 5.0, -10.0, 10.0])\nprint('relu:', F.relu(x))\n"
    "print('softmax:', F.softmax(x, dim=0))\nprint('sigmoid:', torch.sigmoid(x))",
    "error": "y = undefined_name_{0}",
    "item": "def item_{0}(x): return x + {0}",
    "variable": "variable_{0} = {0}",
    "gradient": [
        "w = torch.tensor(2.0, requires_grad=True)",
        "a = torch.tensor(3.0)",
        "y = w * a + 1",
        "y.backward()",
        "print(w.grad.item())",
        "z = w * a * a",
        "w.grad = None; z.backward()",
        "print(w.grad.item())",
    ],
}
AKARI = {
    "setup": "",
    "first": 'let x = tensor!([-2.0, 1.0, 4.0, 0.0]);\nshow!("relu:", F::relu(&x)?);\n'
    'show!("softmax:", F::softmax(&x, 0)?);\nshow!("sigmoid:", torch::sigmoid(&x)?);',
    "further": 'let x = tensor!([{0}.0, 5.0, -10.0, 10.0]);\nshow!("relu:", F::relu(&x)?);\n'
    'show!("softmax:", F::softmax(&x, 0)?);\nshow!("sigmoid:", torch::sigmoid(&x)?);',
    "error": "let y = undefined_name_{0};",
    "item": "fn item_{0}(x: i64) -> i64 {{ x + {0} }}",
    "variable": "let variable_{0} = {0};",
    "gradient": [
        "let w = Var::new(2f32, &Device::Cpu)?;",
        "let a = Tensor::new(3f32, &Device::Cpu)?;",
        "let y = ((w.as_tensor() * &a)? + 1.0)?;",
        "let grads = y.backward()?;",
        'println!("{{}}", grads.get(&w).ok_or("no gradient")?.to_scalar::<f32>()?);',
        "let z = ((w.as_tensor() * &a)? * &a)?;",
        "let grads = z.backward()?;",
        'println!("{{}}", grads.get(&w).ok_or("no gradient")?.to_scalar::<f32>()?);',
    ],
}
EVCXR = {
    "setup": ':dep candle-core = "=0.11.1"\n:dep candle-nn = "=0.11.1"\n'
    "use candle_core::{Tensor, Var, Device}; use candle_nn::ops;",
    "first": "let x: Tensor = Tensor::new(&[-2f32, 1., 4., 0.], &Device::Cpu)?;\n"
    'println!("relu: {}", x.relu()?);\nprintln!("softmax: {}", ops::softmax(&x, 0)?);\n'
    'println!("sigmoid: {}", ops::sigmoid(&x)?);',
    "further": "let x: Tensor = Tensor::new(&[{0}f32, 5., -10., 10.], &Device::Cpu)?;\n"
    'println!("relu: {{}}", x.relu()?);\nprintln!("softmax: {{}}", ops::softmax(&x, 0)?);\n'
    'println!("sigmoid: {{}}", ops::sigmoid(&x)?);',
    "error": "let y: i32 = undefined_name_{0};",
    "item": "fn item_{0}(x: i64) -> i64 {{ x + {0} }}",
    "variable": "let variable_{0}: i64 = {0};",
    "gradient": [
        "let w: Var = Var::new(2f32, &Device::Cpu)?;",
        "let a: Tensor = Tensor::new(3f32, &Device::Cpu)?;",
        "let y: Tensor = ((w.as_tensor() * &a)? + 1.0)?;",
        "let grads: candle_core::backprop::GradStore = y.backward()?;",
        'println!("{{}}", grads.get(&w).ok_or("no gradient")?.to_scalar::<f32>()?);',
        "let z: Tensor = ((w.as_tensor() * &a)? * &a)?;",
        "let grads: candle_core::backprop::GradStore = z.backward()?;",
        'println!("{{}}", grads.get(&w).ok_or("no gradient")?.to_scalar::<f32>()?);',
    ],
}


def memory(pid):
    """Resident and proportional memory of a kernel and all its children, in MB."""
    root = psutil.Process(pid)
    rss = pss = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            info = process.memory_full_info()
        except psutil.Error:
            continue
        rss += info.rss
        pss += getattr(info, "pss", info.rss)
    return rss / 1e6, pss / 1e6


class Kernel:
    """A kernel under test, started from a spec of its own."""

    def __init__(self, argv, folder, env):
        spec = Path(folder) / "kernels" / "bench"
        spec.mkdir(parents=True, exist_ok=True)
        spec_json = {"argv": argv, "display_name": "bench", "language": "any", "env": env, "interrupt_mode": "message"}
        (spec / "kernel.json").write_text(json.dumps(spec_json))
        self.begin = time.perf_counter()
        specs = KernelSpecManager(kernel_dirs=[str(spec.parent)])
        self.manager = KernelManager(kernel_name="bench", kernel_spec_manager=specs)
        self.manager.start_kernel(cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.wait()

    def wait(self, timeout=900):
        """Until the kernel answers and its outputs arrive; jupyter_client's own wait adds 0.2 s of silence."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.client.kernel_info()
            try:
                self.client.get_shell_msg(timeout=1)
                self.client.get_iopub_msg(timeout=0.2)
                return
            except Empty:
                if not self.manager.is_alive():
                    break
        raise RuntimeError("the kernel did not start")

    def since_start(self):
        return time.perf_counter() - self.begin

    def run(self, code):
        """Seconds until idle, reply status, text of the outputs."""
        begin = time.perf_counter()
        message = self.client.execute(code, allow_stdin=False)
        texts = []
        while True:
            reply = self.client.get_iopub_msg(timeout=900)
            if reply["parent_header"].get("msg_id") != message:
                continue
            kind, content = reply["msg_type"], reply["content"]
            if kind == "stream":
                texts.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                texts.append(content["data"].get("text/plain", ""))
            elif kind == "status" and content["execution_state"] == "idle":
                break
        while (reply := self.client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != message:
            pass
        return time.perf_counter() - begin, reply["content"]["status"], "".join(texts)

    def memory(self):
        return memory(self.manager.provisioner.pid)

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def bare_compiler(cells):
    """Median ms of rustc alone on a cell's source, against the newest prelude of the cache."""
    home = Path(os.environ.get("AKARI_HOME") or Path.home() / ".cache" / "akari")
    preludes = sorted(home.glob("prelude/*/libakari.so"), key=lambda it: it.stat().st_mtime)
    if not preludes:
        return None
    prelude = preludes[-1].parent
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True).stdout.strip()
    flags = ["--crate-type=cdylib", "--edition=2024", "-Cprefer-dynamic", "-Cdebuginfo=0", "-Ccodegen-units=1",
             "-Copt-level=0", "--cap-lints=allow", "--extern", f"akari={prelude}/libakari.so", "-L", f"dependency={prelude}"]
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(cells):
            body = AKARI["further"].format(-index - 7000)
            (Path(folder) / "cell.rs").write_text(
                "use akari::prelude::*;\n#[unsafe(no_mangle)]\npub extern \"C\" fn cell() -> bool {\n"
                f"akari::rt::run(|| -> Result<(), akari::rt::Failed> {{\n{body}\nakari::rt::put(1, x);\nOk(())\n}}) }}\n"
            )
            begin = time.perf_counter()
            subprocess.run([f"{sysroot}/bin/rustc", "cell.rs", *flags], cwd=folder, check=True)
            times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


def measure(name, argv, lesson, env, cells):
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        # Stock evcxr builds candle anew in every kernel unless it is told where to keep it.
        env = {"EVCXR_TMPDIR": os.environ.get("EVCXR_TMPDIR", f"{folder}/evcxr"), **env}
        Path(env["EVCXR_TMPDIR"]).mkdir(exist_ok=True)
        warm = Kernel(argv, folder, env)
        for code in (lesson["setup"], lesson["first"]):
            if code:
                warm.run(code)
        warm.stop()
        kernel = Kernel(argv, folder, env)
        rows["start to ready, s"] = kernel.since_start()
        rows["memory idle (rss), MB"] = kernel.memory()[0]
        if lesson["setup"]:
            kernel.run(lesson["setup"])
        _, status, text = kernel.run(lesson["first"])
        rows["start to first output, s"] = kernel.since_start()
        if status != "ok" or "relu" not in text:
            print(f"{name}: the first cell failed: {text!r}", file=sys.stderr)
        further = [kernel.run(lesson["further"].format(-index - 5))[0] for index in range(cells)]
        rows["further cell, median ms"] = statistics.median(further) * 1e3
        rows["further cell, p95 ms"] = sorted(further)[int(len(further) * 0.95) - 1] * 1e3
        if name == "Akari" and (bare := bare_compiler(cells)):
            rows["further cell / rustc alone on the same source"] = rows["further cell, median ms"] / bare
        again = [kernel.run(lesson["further"].format(-index - 5))[0] for index in range(cells)]
        rows["the same cells again, median ms"] = statistics.median(again) * 1e3
        twice = lesson["further"].format(-4000)
        kernel.run(twice)
        second = [kernel.run(twice)[0] for _ in range(cells)]
        rows["the same cell again in the same session, second run, ms"] = second[0] * 1e3
        rows["the same cell again in the same session, median ms"] = statistics.median(second) * 1e3
        errors = [kernel.run(lesson["error"].format(index))[0] for index in range(7)]
        rows["cell with an error, median ms"] = statistics.median(errors) * 1e3
        for index in range(5):
            kernel.run("\n".join(lesson["item"].format(20 * index + it) for it in range(20)))
            kernel.run("\n".join(lesson["variable"].format(10 * index + it) for it in range(10)))
        late = [kernel.run(lesson["further"].format(-index - 900))[0] for index in range(5)]
        rows["a cell after 100 items and 50 variables, median ms"] = statistics.median(late) * 1e3
        rss, pss = kernel.memory()
        rows["memory after the lesson (rss), MB"] = rss
        rows["memory after the lesson (pss), MB"] = pss
        outputs = [kernel.run(code.replace("{{", "{").replace("}}", "}"))[2] for code in lesson["gradient"]]
        rows["gradients, a statement a cell (3 and 9)"] = ", ".join(it.strip() or "-" for it in (outputs[4], outputs[7]))
        kernel.stop()
    return rows


def peers(args):
    python = shutil.which(args.python)
    has_torch = python and subprocess.run([python, "-c", "import torch, ipykernel"], capture_output=True).returncode == 0
    yield "PyTorch", [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"] if has_torch else None, PYTHON, {}
    evcxr = shutil.which(args.evcxr)
    yield "evcxr", [evcxr, "--control_file", "{connection_file}"] if evcxr else None, EVCXR, {}
    akari = shutil.which(args.akari)
    argv = [str(Path(akari).resolve()), "kernel", "--connection-file", "{connection_file}"] if akari else None
    home = {key: os.environ[key] for key in ("AKARI_HOME",) if key in os.environ}
    yield "Akari", argv, AKARI, home


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--akari", default=str(root / "target" / "release" / "akari"))
    stock = root / "target" / "release" / "akari-evcxr"
    parser.add_argument("--evcxr", default=str(stock) if stock.is_file() else "evcxr_jupyter")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--cells", type=int, default=20)
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    table = {}
    for name, argv, lesson, env in peers(args):
        if argv is None:
            print(f"skipped: {name} is not installed", file=sys.stderr)
            continue
        print(f"measuring {name} ..", file=sys.stderr)
        table[name] = measure(name, argv, lesson, env, args.cells)
    names = list(table)
    peers_of = [name for name in names if name != "Akari"]
    print("| | " + " | ".join(names + [f"Akari / {name}" for name in peers_of if "Akari" in table]) + " |")
    print("|---" * (1 + len(names) + (len(peers_of) if "Akari" in table else 0)) + "|")
    for row in dict.fromkeys(row for rows in table.values() for row in rows):
        values = [table[name].get(row, "") for name in names]
        shown = [value if isinstance(value, str) else f"{value:.3g}" for value in values]
        if "Akari" in table:
            for name in peers_of:
                ours, theirs = table["Akari"].get(row, ""), table[name].get(row, "")
                both = not isinstance(ours, str) and not isinstance(theirs, str)
                shown.append(f"{ours / theirs:.3f}" if both else "")
        print(f"| {row} | " + " | ".join(shown) + " |")
    if args.json:
        Path(args.json).write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
