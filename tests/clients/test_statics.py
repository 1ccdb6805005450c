"""Statics that live on from cell to cell, also when the process of the cells has to be replaced."""

import pytest

COUNTER = """use std::sync::atomic::{AtomicU32, Ordering};
static HITS: AtomicU32 = AtomicU32::new(0);
fn hit() -> u32 { HITS.fetch_add(1, Ordering::SeqCst) + 1 }
hit()"""


def values(session, *cells):
    """The texts of the cells' values; none for a cell without one."""
    runs = [session.run(cell, timeout=60) for cell in cells]
    assert all(run.status == "ok" for run in runs), [run.reply for run in runs]
    return [run.result if run.contents("execute_result") else None for run in runs]


def test_statics_have_their_values_after_a_crash(session):
    """The cells run again unseen, and count as they did."""
    assert values(session, ":clear", COUNTER, "hit()", "let other = 1;", "hit()")[1::3] == ["1", "3"]
    assert session.run("std::process::abort()").error
    assert values(session, "hit()", "hit()") == ["4", "5"]


def test_static_that_a_lost_cell_may_have_changed_begins_anew(session):
    """The cell that failed can't run again, so nobody knows the count."""
    assert values(session, ":clear", COUNTER)[1] == "1"
    assert session.run("hit();\npanic!()").error
    assert values(session, "hit()") == ["3"]
    assert session.run("std::process::abort()").error
    assert values(session, "hit()", "hit()") == ["1", "2"]


def test_notebook_that_runs_again_from_the_top_counts_again(session):
    """Each run of the cell that defines a static makes another one."""
    session.ok(":clear")
    for _ in range(3):
        assert values(session, COUNTER, "hit()", "hit()") == ["1", "2", "3"]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_statics_at_every_level_of_optimisation(session, level):
    session.ok(":clear")
    assert values(session, COUNTER, f":opt {level}", "hit()", COUNTER, "hit()")[::2] == ["1", "2", "2"]
    session.ok(":opt 0")
