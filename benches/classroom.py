"""Times a class: many kernels on one machine that all run the lesson at once.

usage: python benches/classroom.py [--learners 10,40] [--idle 200] [--own] [--akari target/release/akari]
                                   [--evcxr target/release/akari-evcxr] [--python python3]

With --own, each learner's cells are his own, so that nobody has compiled them before. All kernels start, then all clients press "run all" at the same moment. A row tells the wall time
until the last has finished, the median and 95th percentile of a cell, the memory of all (PSS, so
that shared pages count once) and how many cells failed. Peers as in kernels.py; one that would need
more memory than the machine has free is skipped, and the table says so.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time

import psutil

import kernels

PYTHON_LESSON = [
    kernels.PYTHON["setup"],
    kernels.PYTHON["first"],
    "x = torch.tensor([[2.0, 5.0, 3.0]])\nt = torch.tensor([[0.0, 1.0, 0.0]])\nprint(nn.MSELoss()(x, t))",
    "print(nn.CrossEntropyLoss()(x, torch.tensor([1])))",
    "w = torch.tensor([1.0, 2.0], requires_grad=True)\no = torch.optim.Adam([w])\nprint(o)",
    "(w * w).sum().backward()\no.step()\nprint(w)",
]
AKARI_LESSON = [
    kernels.AKARI["first"],
    'let x = tensor!([[2.0, 5.0, 3.0]]);\nlet t = tensor!([[0.0, 1.0, 0.0]]);\nshow!(nn::MSELoss::default().forward(&x, &t)?);',
    "show!(nn::CrossEntropyLoss::default().forward(&x, &tensor!([1]))?);",
    "let w = Var::new(&[1f32, 2.], &Device::Cpu)?;\nlet mut o = optim::Adam::new(vec![w.clone()], Default::default())?;\nshow!(o);",
    "o.backward_step(&w.sqr()?.sum_all()?)?;\nshow!(w);",
]
EVCXR_LESSON = [
    # Its own cache, so that not every kernel compiles candle.
    ":cache 4096\n" + kernels.EVCXR["setup"],
    kernels.EVCXR["first"],
    'let t: Tensor = Tensor::new(&[0f32, 1., 0., 0.], &Device::Cpu)?;\nprintln!("{}", candle_nn::loss::mse(&x, &t)?);',
    'println!("{}", x.sum_all()?);',
    "let w: Var = Var::new(&[1f32, 2.], &Device::Cpu)?;",
    'println!("{}", w.sqr()?.sum_all()?);',
]


def run_all(kernel, cells, barrier, times, failures):
    barrier.wait()
    for code in cells:
        try:
            seconds, status, _ = kernel.run(code)
        except Exception as error:  # noqa: BLE001 - a kernel that died is a failure of its cells
            failures.append(repr(error))
            return
        times.append(seconds)
        if status != "ok":
            failures.append(code)


def own(code, learner):
    """The cell with a statement that no other learner has, nor any run of this bench before."""
    statement = "_ = {}" if code in PYTHON_LESSON else "let _ = {}u64;"
    return f"{code}\n{statement.format(time.time_ns() + learner)}"


def pss(kernels_):
    return sum(kernel.memory()[1] for kernel in kernels_)


def start(argv, env, count, folders):
    started = []
    for index in range(count):
        folder = f"{folders}/{index}"
        psutil.os.makedirs(folder, exist_ok=True)
        started.append(kernels.Kernel(argv, folder, env))
    return started


def measure(argv, cells, env, count, is_own):
    with tempfile.TemporaryDirectory() as folders:
        one = start(argv, env, 1, f"{folders}/one")
        for code in cells:
            one[0].run(code)
        need = pss(one) * count
        one[0].stop()
        if need > psutil.virtual_memory().available / 1e6:
            return f"would need {need / 1e3:.0f} GB"
        class_ = start(argv, env, count, folders)
        idle = pss(class_)
        barrier = threading.Barrier(count + 1)
        times, failures = [], []
        threads = []
        for learner, kernel in enumerate(class_):
            learners_cells = [own(code, learner) if is_own else code for code in cells]
            arguments = (kernel, learners_cells, barrier, times, failures)
            threads.append(threading.Thread(target=run_all, args=arguments))
        for thread in threads:
            thread.start()
        barrier.wait()
        begin = time.perf_counter()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - begin
        after = pss(class_)
        for kernel in class_:
            kernel.stop()
    times.sort()
    return (
        f"{wall:.2f} s, cell {statistics.median(times) * 1e3:.0f} ms, p95 {times[int(len(times) * 0.95) - 1] * 1e3:.0f} ms, "
        f"{idle / 1e3:.2f} GB idle, {after / 1e3:.2f} GB after, {len(failures)} failed"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", default="10,40")
    parser.add_argument("--idle", type=int, default=0, help="also: the memory of so many idle kernels of Akari")
    parser.add_argument("--own", action="store_true", help="cells that nobody compiled before")
    parser.add_argument("--akari", default="target/release/akari")
    parser.add_argument("--evcxr", default="", help="stock evcxr: minutes for each of its kernels")
    parser.add_argument("--python", default=sys.executable)
    args = parser.parse_args()
    lessons = {"PyTorch": PYTHON_LESSON, "evcxr": EVCXR_LESSON, "Akari": AKARI_LESSON}
    for count in (int(it) for it in args.learners.split(",")):
        for name, argv, _, env in kernels.peers(args):
            if argv is None:
                print(f"skipped: {name} is not installed", file=sys.stderr)
                continue
            print(f"{count} learners, {name}: {measure(argv, lessons[name], env, count, args.own)}", flush=True)
    if args.idle:
        argv, env = next((it[1], it[3]) for it in kernels.peers(args) if it[0] == "Akari")
        with tempfile.TemporaryDirectory() as folders:
            all_ = start(argv, env, args.idle, folders)
            print(f"{args.idle} idle kernels, Akari: {pss(all_) / 1e3:.2f} GB", flush=True)
            for kernel in all_:
                kernel.stop()


if __name__ == "__main__":
    main()
