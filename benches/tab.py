"""How long Tab and Shift-Tab take, and what memory the kernel has before and after.

    AKARI_HOME=target/akari-home python benches/tab.py [kernelspec]
"""

import statistics
import sys
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "clients"))

from session import Session  # noqa: E402

CELLS = [
    "let x = tensor!([[1.0, 2.0]]); let v = vec![1.0f32];",
    "let model = nn::seq![nn::Linear::new(2, 3)?, F::relu];",
]
TABS = ["F::rel", "nn::Cross", "ten", "show", "mod", "let logits = 1;\nlog", "x.", "x.resh", "model.for", "v.", "v.iter().map(|a| a.",
        "F::relu(&x)?.", "optim::SGDConfig { ", "optim::SGD!(p, ", "nn::Linear!(2, 3)?.", "show!(x.sh", "unknown.x", "unknown"]
SHIFT_TABS = ["F::softmax", "x", "x.reshape", "tensor!", "nn::CrossEntropyLoss", "optim::SGDConfig", "nothing_at_all"]
ROUNDS = 20


def memory(session):
    return sum(it.memory_info().rss for it in session.without_compilers()) / 1e6


def main():
    session = Session(*sys.argv[1:])
    for cell in CELLS:
        session.ok(cell)
    before = memory(session)

    def ask(kind, text):
        begin = time.perf_counter()
        content = session.reply(getattr(session.client, kind)(text), 60)["content"]
        found = len(content.get("matches", [])) or int(content.get("found", False))
        return (time.perf_counter() - begin) * 1e3, found

    print(f"first Tab behind a dot: {ask('complete', 'x.')[0]:.1f} ms")
    for kind, texts in (("complete", TABS), ("inspect", SHIFT_TABS)):
        for text in texts:
            times = [ask(kind, text) for _ in range(ROUNDS)]
            median = statistics.median(it[0] for it in times)
            print(f"{kind:8} {text!r:32} {median:6.1f} ms  {times[0][1]:4} found")
    print(f"memory: {before:.0f} MB before the first, {memory(session):.0f} MB after; {len(session.without_compilers())} processes")
    session.end()


if __name__ == "__main__":
    main()
