"""The page docs/speed.md: whose it is that a row is slower than PyTorch's (`benches/prelude.py`)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "benches" / "prelude.py"


def row(ms, share=None, peak=1.0):
    return {"ms": ms, "share": share, "peak_mb": peak}


@pytest.fixture
def tables(tmp_path):
    """What the program makes of figures: a cell's text by row and by column, the summary, and what it warns of."""

    def made(ours, theirs, only="tensors"):
        figures = tmp_path / "figures.json"
        figures.write_text(json.dumps({"akari": ours, "torch": theirs}))
        command = [sys.executable, BENCH, "--only", only, "--from", figures]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        rows, summary = run.stdout.split("\n\n", 1)
        lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in rows.splitlines()]
        cells = {line[0]: dict(zip(lines[0], line)) for line in lines[2:]}
        return cells, summary, run.stderr

    return made


@pytest.mark.parametrize(
    "ms, share, excess",
    [
        (0.9, 0.5, ""),
        (1.004, None, ""),
        (1.4, 0.4, "candle's"),
        (1.4, 0.39, "ours"),
        (1.4, None, "ours"),
        # More than there is can't be candle's.
        (1.4, 1.5, "ours"),
    ],
)
def test_a_row_is_candles_if_the_rest_of_it_is_no_slower(tables, ms, share, excess):
    cells, _, warnings = tables({"tensors: f": row(ms, share)}, {"tensors: f": row(1.0)})
    assert cells["tensors: f"]["the excess is"] == excess
    assert ("more than the whole" in warnings) == (share is not None and share > ms)


def test_the_summary_counts_each_row_once(tables):
    ours = {"tensors: a": row(0.5), "tensors: b": row(3.0, 2.5), "tensors: c": row(2.0), "tensors: alone": row(9.0)}
    theirs = {name: row(1.0) for name in ours if name != "tensors: alone"}
    cells, summary, _ = tables(ours, theirs)
    assert "| 3 | 1 | 1 | 1 | 2.00 | 3.00 |" in summary
    assert "Of 3 rows 1 are at or below 1.0; of 1 more the excess is candle's; 1 are ours to mend." in summary
    assert cells["tensors: b"]["ratio without it"] == "0.50"
    assert cells["tensors: alone"]["ratio"] == ""


def test_memory_has_no_share_in_time(tables):
    ours, theirs = {"memory: m": row(1.0, 1.0, peak=2.0)}, {"memory: m": row(1.0, peak=1.0)}
    cells, _, _ = tables(ours, theirs, only="memory")
    assert cells["memory: m"]["the excess is"] == "ours"
