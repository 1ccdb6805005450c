"""The corpus of tests/cells on both engines, and random programs.

Each cell must do on ours what the corpus says, which is what Rust's rules promise; evcxr must do
the same, but for the rows of tests/cells/differences.toml.

Environment: AKARI_PROGRAMS, how many random programs (default 15); AKARI_SEED_OF_PROGRAMS, the
seed of the first one (default 1).
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import corpus
import differential
import programs
from session import Session

CHECKOUT = Path(__file__).resolve().parents[2]
# rust-analyzer reads the standard library and candle before the first cell.
START = 300
# How often evcxr may try again where it did not do what the table says.
RETRIES = 20
# Every this many random programs, one runs on evcxr too.
SHARE = 5


@pytest.fixture(scope="module")
def random_programs():
    first = int(os.environ.get("AKARI_SEED_OF_PROGRAMS", "1"))
    count = int(os.environ.get("AKARI_PROGRAMS", "15"))
    return [programs.program(seed) for seed in range(first, first + count)]


@pytest.fixture(scope="module")
def outcomes(installed, random_programs):
    """What every sequence comes to on ours and on evcxr, which run at the same time."""
    binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
    command = [binary, "install", "--engine", "evcxr", "--prefix", str(installed / "prefix")]
    install = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert install.returncode == 0, install.stdout + install.stderr
    sequences = corpus.sequences() + random_programs
    shared = corpus.sequences() + random_programs[::SHARE]
    with ThreadPoolExecutor(2) as pool:
        ours = pool.submit(run_ours, sequences)
        theirs = pool.submit(run_theirs, shared)
        return ours.result(), theirs.result()


def run_ours(sequences):
    session = Session()
    outcomes = {}
    for sequence in sequences:
        session.ok(":clear")
        outcomes[sequence.name] = [
            corpus.result(session.run(cell.code, timeout=120)) for cell in sequence.cells
        ]
    session.end()
    return outcomes


def run_theirs(sequences):
    kinds, rows = differential.table()
    skipped = {name for name, row in rows.items() if not kinds[row.kind].get("runs", True)}
    run = [it for it in sequences if it.name not in skipped]
    session = Session("akari-evcxr")
    session.ok("1", timeout=START)
    evcxr = differential.Evcxr(session)
    topics = ("prelude/", "formula/", "plots/")
    prelude = [it for topic in topics for it in run if it.name.startswith(topic)]
    # They need the session as it begins, which the others clear.
    outcomes = {it.name: evcxr.run(it, has_prelude=True) for it in prelude}
    rest = [it for it in run if it not in prelude]
    outcomes |= evcxr.run_all(rest, apart=set(rows))
    # The same cells may come out otherwise in the next run (the table's kind `order`), and a random
    # program has no row.
    for sequence in rest:
        for _ in range(RETRIES):
            if differential.differing(sequence, outcomes[sequence.name]) in differential.wanted(sequence):
                break
            outcomes[sequence.name] = evcxr.run(sequence)
    session.end()
    return outcomes


def described(sequence, index, got):
    cell = sequence.cells[index]
    return f"{sequence.name}, cell {index + 1}:\n{cell.code}\n  wants {cell.expected}\n  got   {got}\n"


def test_our_engine_does_what_the_corpus_says(outcomes, random_programs):
    ours, _ = outcomes
    wrong = [
        described(sequence, index, got)
        for sequence in corpus.sequences() + random_programs
        for index, got in enumerate(ours[sequence.name])
        if not corpus.is_as_expected(got, sequence.cells[index].expected)
    ]
    assert not wrong, "\n".join(wrong)
    print(f"{len(ours)} sequences on ours")
    assert len(ours) >= 300


def test_evcxr_does_the_same_where_no_row_says_otherwise(outcomes):
    _, theirs = outcomes
    kinds, rows = differential.table()
    sequences = {it.name: it for it in corpus.sequences()}
    assert not set(rows) - set(sequences), "rows of sequences that are not there"
    assert not {it.kind for it in rows.values()} - set(kinds), "rows of kinds that are not there"
    wrong = []
    for name, results in theirs.items():
        sequence = sequences.get(name) or programs.program(int(name.rpartition("/")[2]))
        cells = differential.differing(sequence, results)
        wanted = differential.wanted(sequence)
        if cells in wanted:
            continue
        wrong.append(f"{name}: cells {cells} differ, the table says {' or '.join(map(str, wanted))}")
        wrong.extend(described(sequence, at - 1, results[at - 1]) for at in cells)
    assert not wrong, "\n".join(wrong)
    print(f"{len(theirs)} sequences on evcxr, {len(rows)} of the table")
    assert len(theirs) >= 300
