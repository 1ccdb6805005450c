"""The same text compiled anew runs the new code, and what is the same is compiled once."""

import json
import os
from pathlib import Path

import pytest

import corpus
from session import Session

LESSON = Path(__file__).resolve().parents[1] / "lesson" / "cells.json"


class Counting(Session):
    """A session that tells how many different libraries it has made."""

    def libraries(self):
        """Libraries are named by what made them, and by a number of their own."""
        folders = [it.environ().get("AKARI_SESSION_FOLDER") for it in self.process.children()]
        (folder,) = {it for it in folders if it}
        return {it.name.rsplit("-", 1)[0] for it in Path(folder).glob("cell-*.so")}

    def made_by(self, code):
        before = self.libraries()
        run = self.run(code, timeout=120)
        return run, self.libraries() - before


@pytest.fixture
def counting():
    session = Counting()
    yield session
    session.end()


def test_f2_file_that_changed_is_read_again(session, tmp_path):
    path = tmp_path / "inc.txt"
    for text in ("one", "two", "three"):
        path.write_text(text)
        assert session.ok(f'include_str!("{path}")').result == text
    path.write_text("4 + 1")
    assert session.ok(f'include!("{path}")').result == "5"
    path.write_text("4 + 2")
    assert session.ok(f'include!("{path}")').result == "6"


def test_f2_level_that_was_set_is_used_by_the_same_cell(counting):
    cell = "let mut a = 0u64; for i in 0..1000u64 { a = a.wrapping_mul(31).wrapping_add(i ^ (a >> 7)); } a"
    first, _ = counting.made_by(cell)
    counting.ok(":opt 3")
    again, made = counting.made_by(cell)
    assert again.result == first.result and len(made) == 1
    assert counting.ok("a").result == first.result, "variables are kept at every level"
    counting.ok(":opt 0")
    assert counting.made_by(cell)[1] == set()


@pytest.mark.parametrize(
    "items",
    [
        "use std::sync::atomic::{AtomicU32, Ordering};\nstatic\nHITS: AtomicU32 = AtomicU32::new(0);",
        "use std::sync::atomic::{AtomicU32, Ordering};\nstatic\tHITS: AtomicU32 = AtomicU32::new(0);",
        "use std::sync::atomic::{AtomicU32, Ordering};\nmacro_rules! hits { ($k:tt) => { $k HITS: AtomicU32 = AtomicU32::new(0); } }\nhits!(static);",
    ],
)
def test_f2_static_begins_anew_in_each_run(session, items):
    cell = items + "\nHITS.fetch_add(1, Ordering::SeqCst)"
    assert [session.ok(cell).result for _ in range(3)] == ["0", "0", "0"]


def test_f15_line_of_any_length(session):
    assert session.ok("let a = [" + "1," * 33_000 + "]; a.len()").result == "33000"
    assert session.ok('let t = "' + "x" * 2_000_000 + '"; let n = t.len(); n').result == "2000000"
    run = session.run('let t = "' + "x" * 100_000 + '"; let n: i32 = t.parse()?;')
    assert run.error["ename"] == "ParseIntError"
    assert session.run('let t = "' + "x" * 100_000 + '"; nothing').error["ename"] == "CompileError"
    assert session.ok("1 + 1").result == "2"


def test_a_cell_that_defines_before_it_mentions_is_compiled_once(counting):
    for cell in (
        "let x = tensor!([1.0, 2.0]); show!(x);",
        "struct P { x: f32 }\nimpl P { fn twice(&self) -> f32 { self.x * 2.0 } }\nlet p = P { x: 1.0 }; let len = [p.twice()].len(); len",
        "fn f(n: u32) -> u32 { n + 1 }\nuse std::collections::HashMap;\nlet mut m = HashMap::new(); m.insert(1, f(2)); for (k, v) in &m { println!(\"{k} {v}\"); }",
        "let (a, b) = (1, 2); let c = |d: i32| a + b + d; println!(\"{}\", c(3)); if let Some(e) = Some(a) { println!(\"{e}\"); }",
    ):
        _, first = counting.made_by(cell)
        assert len(first) == 1
        for _ in range(2):
            run, made = counting.made_by(cell)
            assert run.status == "ok" and not made, cell


def test_a_failed_cell_leaves_the_variable_that_it_would_have_replaced(session):
    session.ok("let x = vec![1];")
    assert session.run('let x = vec![2]; show!(x); panic!("no");').status == "error"
    assert session.ok("x").result == "[1]"


def test_second_run_of_the_lesson_and_the_corpus_compiles_nothing(counting):
    lesson = json.loads(LESSON.read_text(encoding="utf-8"))
    cells = lesson["cells"] if isinstance(lesson, dict) else lesson
    codes = [it["rust"] if "rust" in it else it["code"] for it in cells]
    topics = os.environ.get("AKARI_TOPICS", "patterns,async,text").split(",")
    sequences = [codes] + [[it.code for it in one.cells] for one in corpus.sequences(topics)]
    again, differ = 0, []
    for sequence in sequences:
        counting.ok(":clear")
        for code in sequence:
            if counting.run(code, timeout=120).status != "ok":
                continue
            second, _ = counting.made_by(code)
            third, made = counting.made_by(code)
            again += 1
            if second.status == third.status == "ok" and made:
                differ.append(code)
    print(f"{again} cells ran three times")
    assert again > 60 and not differ, "\n// %%\n".join(differ)
