"""A cell that ran for long is compiled again with optimisation, and does the same."""

import time

import pytest

from session import Session, until

LOOP = """let mut a = 0u64;
for i in 0..{}u64 {{ a = a.wrapping_mul(31).wrapping_add(i ^ (a >> 7)); }}
a"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def session(folder):
    session = Session()
    yield session
    session.end()


def optimised(folder):
    """The libraries that wait for the next run of their cell."""
    return list(folder.glob("akari-*/optimised/*.so"))


def timed(session, code):
    begin = time.monotonic()
    result = session.ok(code, timeout=120).result
    return time.monotonic() - begin, result


def long_loop(session):
    """A loop that takes over a second, and how long it took."""
    for count in (100_000_000, 300_000_000, 900_000_000):
        code = LOOP.format(count)
        seconds, result = timed(session, code)
        if seconds > 1.3:
            return code, seconds, result
    raise AssertionError("no loop took a second")


def test_its_next_run_is_the_optimised_one(session, folder):
    code, first, result = long_loop(session)
    assert until(lambda: optimised(folder), timeout=200)
    seconds, again = timed(session, code)
    assert again == result and not optimised(folder)
    # Some ten times faster, on a machine that may be busier now.
    assert seconds < first


def test_two_long_cells_are_both_optimised_in_time(session, folder):
    nap = "std::thread::sleep(std::time::Duration::from_millis(1100)); let n = {}u64;"

    def each_has_a_second_library():
        for number in (1, 2):
            session.ok(nap.format(number))
        return len(list(folder.glob("akari-*/cell-*.so"))) == 4

    assert until(each_has_a_second_library, timeout=200)


def test_a_level_that_the_learner_has_chosen_stays(session, folder):
    session.ok(":opt 0")
    long_loop(session)
    assert not list(folder.glob("akari-*/optimised"))


def test_overflows_are_found_as_before(session, folder):
    session.ok("let mut sum = 0u8;")
    code = "std::thread::sleep(std::time::Duration::from_millis(1100));\nfor _ in 0..60 { sum += 1; }"
    session.ok(code)
    assert until(lambda: optimised(folder), timeout=200)
    for _ in range(3):
        session.ok(code)
    error = session.run(code).error
    assert "attempt to add with overflow" in error["evalue"]
    assert "line 2" in "\n".join(error["traceback"])
    assert session.ok("sum").result == "240"


def test_a_panic_in_std_names_its_line_as_before(session, folder):
    session.ok("let mut step = 3usize;")
    code = "std::thread::sleep(std::time::Duration::from_millis(1100));\nstep -= 1;\n[7, 8].iter().step_by(step).count()"
    assert session.ok(code).result == "1"
    assert until(lambda: optimised(folder), timeout=200)
    assert session.ok(code).result == "2" and not optimised(folder)
    error = session.run(code).error
    assert "step != 0" in error["evalue"]
    assert "line 3" in "\n".join(error["traceback"])
