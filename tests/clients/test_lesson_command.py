"""`akari lesson`: new, check (a seeded fault of each kind is found), student, warm."""

import json
import os
import subprocess
from pathlib import Path

import nbformat
import pytest

from conftest import CHECKOUT

BINARY = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
NAME = "09-attention"


def akari(*arguments, **environment):
    return subprocess.run(
        [BINARY, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "AKARI_LANG": "", **environment},
    )


@pytest.fixture(scope="module")
def sample(installed, tmp_path_factory):
    """A new lesson that was run."""
    folder = tmp_path_factory.mktemp("course")
    made = akari("lesson", "new", NAME, "--dir", folder)
    assert made.returncode == 0, made.stderr
    for language in ("ja", "en"):
        path = folder / language / f"{NAME}.ipynb"
        run = akari("run", path, "--output", path)
        assert run.returncode == 0, run.stdout + run.stderr
        nbformat.validate(nbformat.read(path, as_version=4))
    return folder


@pytest.fixture
def course(sample, tmp_path):
    """A copy of it to harm."""
    import shutil

    shutil.copytree(sample, tmp_path / "course")
    return tmp_path / "course"


def check(course, language="en", **environment):
    return akari("lesson", "check", course / language / f"{NAME}.ipynb", **environment)


def cell(root, name):
    return next(it for it in root["cells"] if it["id"] == name)


def harm_notebook(change):
    def harm(course):
        path = course / "en" / f"{NAME}.ipynb"
        root = json.loads(path.read_text(encoding="utf-8"))
        change(root)
        path.write_text(json.dumps(root, ensure_ascii=False, indent=1), encoding="utf-8")

    return harm


def harm_key(old, new):
    def harm(course):
        path = course / "keys" / "09.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return harm


def put(name, source):
    return harm_notebook(lambda root: cell(root, name).update(source=source))


FAULTS = {
    "a text that promises something else": (
        put("p1-example-expected", "```text\nrelu: tensor([0., 3.])\n```"),
        ["p1-example-expected", "promises"],
    ),
    "a stored output of another run": (
        harm_notebook(lambda root: cell(root, "p1-example")["outputs"][0].update(text="relu: 5\n")),
        ["p1-example:", "fresh run"],
    ),
    "a text without its cell": (
        harm_notebook(lambda root: cell(root, "p1-example").update(id="other")),
        ["there is no code cell `p1-example`"],
    ),
    "a number from nowhere": (put("ex1-task", "About 0.777 of it."), ["ex1-task", "0.777"]),
    "a solved exercise": (put("ex1-answer", "let y = torch::sigmoid(&x)?;"), ["ex1-check: unsolved, it passes", "blank!()"]),
    "code of another language": (put("ex1-answer", "let y: Tensor = blank!(); // y"), ["ex1-answer: the code is another one"]),
    "a cell that is missing in the other language": (
        harm_notebook(lambda root: root["cells"].pop()),
        ["q1-check: only"],
    ),
    "a cell that fails": (put("p1-example", "F::softmax(&tensor!([1.0]), 7)?"), ["p1-example: the cell fails"]),
    "a cell that writes to stderr": (put("p1-example", 'eprintln!("x"); let x = tensor!([1.0]);'), ["writes to stderr"]),
    "a solution that does not pass": (
        harm_key("let y = torch::sigmoid(&x)?;", "let y = F::relu(&x)?;"),
        ["ex1-check: the solution of 09-1 does not pass", "This is ReLU."],
    ),
    "a solution that does not compile": (harm_key("let y = torch::sigmoid", "let y = torch::sigmoit"), ["ex1-answer: the solution fails"]),
    "a hint without words": (harm_key('en = "Sigmoid is in `torch::`."', 'en = ""'), ["09-1: hint 1 has no text in `en`"]),
    "a slip in one language": (harm_key('ja = "これは ReLU です。"\n', ""), ["09-1: slip 1 has no text in `ja`"]),
    "a slip that is right": (harm_key("value = [0.0, 2.0]", "value = [0.26894142, 0.88079708]"), ["slip 1", "passes for the right answer"]),
    "an exercise without cells": (harm_key('id = "09-q1"', 'id = "09-q2"'), ["has no exercise `09-q1`", "no cell of the notebook checks it"]),
}


def test_a_new_lesson_is_in_order(course):
    for language in ("ja", "en"):
        # What the lesson shows is in its own language, whatever the author's is.
        for author in ("", "ja", "en"):
            done = check(course, language, AKARI_LANG=author)
            assert done.returncode == 0 and done.stdout == "", done.stdout + done.stderr


@pytest.mark.parametrize("name", FAULTS)
def test_seeded_fault_is_found(course, name):
    harm, told = FAULTS[name]
    harm(course)
    done = check(course)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for part in told:
        assert any(part in line for line in lines), done.stdout
    assert all(".ipynb: " in it or ".toml: " in it for it in lines), done.stdout


JAPANESE = {
    "a text that promises something else": ["p1-example-expected: 本文では \"relu: tensor([0., 3.])\" と表示される"],
    "a stored output of another run": ["p1-example: 実行し直すと、保存された出力と違う結果になります: -relu: 5 +relu: tensor([0., 2.])"],
    "a number from nowhere": ["ex1-task: 数値 0.777 が", "<!-- numbers: 0.777 -->"],
    "a solved exercise": ["ex1-check: 解かないままで正解になります", "`blank!()` も `todo!()` もありません"],
    "a solution that does not pass": ["ex1-check: 09-1 の解答例が正解になりません", "これは ReLU です。"],
    "a slip that is right": ["09-1: よくある間違い 1 に、用意した文とは違うものが返されます: この値は正解とみなされます"],
}


@pytest.mark.parametrize("name", JAPANESE)
def test_finding_is_told_in_the_authors_language(course, name):
    """The English lesson keeps its English outputs; what its author reads of it is Japanese, and the same lines."""
    FAULTS[name][0](course)
    japanese, english = (check(course, AKARI_LANG=it).stdout.splitlines() for it in ("ja", "en"))
    assert [it.split(": ")[:2] for it in japanese] == [it.split(": ")[:2] for it in english]
    for part in JAPANESE[name]:
        assert any(part in line for line in japanese), japanese
    kana = [it for it in japanese if any("ぁ" <= letter <= "ヾ" for letter in it)]
    assert japanese and kana == japanese, japanese


def test_messages_are_in_the_authors_language(course):
    def refusal(*arguments):
        done = akari("lesson", *arguments, AKARI_LANG="ja")
        assert done.returncode == 2 and done.stdout == "", done.stdout
        return done.stderr

    path = course / "en" / f"{NAME}.ipynb"
    assert "レッスンの名前になりません" in refusal("new", "attention")
    assert "はすでにあります" in refusal("new", NAME, "--dir", course)
    assert "教師用ノートブックが上書きされます" in refusal("student", path, "--output", path)
    assert "`/dev` に書き込めません: フォルダーです。別のファイル名を" in refusal("student", path, "--output", "/dev")
    assert "隠しテストのある問題がありません" in refusal("hide", path)
    harm_key('id = "09-q1"', 'id = "09-1"')(course)
    assert "誤りがあります: 問題 `09-1` が2回書かれています" in refusal("check", path)
    (course / "keys" / "09.toml").unlink()
    assert "解答のファイル `keys/09.toml` がありません" in refusal("warm", path)


def test_nothing_to_check_is_another_exit_code(course):
    assert check(course, "fr").returncode == 2
    harm_key('id = "09-1"', "id = ")(course)
    broken = check(course)
    assert broken.returncode == 2 and "line 4" in broken.stderr, broken.stderr


def test_a_new_lesson_writes_over_nothing(course):
    again = akari("lesson", "new", NAME, "--dir", course)
    assert again.returncode == 2 and "is there already" in again.stderr
    assert "09-attention" in akari("lesson", "new", "attention", "--dir", course).stderr


def test_learners_and_graders_versions(course, tmp_path):
    path = course / "en" / f"{NAME}.ipynb"
    teachers = course / "en" / "teacher.ipynb"
    root = json.loads(path.read_text(encoding="utf-8"))
    cell(root, "ex1-answer")["source"] = (
        "// BEGIN SOLUTION\n// STUB let y: Tensor = blank!();\nlet y = torch::sigmoid(&x)?;\n// END SOLUTION"
    )
    teachers.write_text(json.dumps(root), encoding="utf-8")
    output = course / "en" / "student.ipynb"
    assert akari("lesson", "student", teachers, "--output", output).returncode == 0
    student = nbformat.read(output, as_version=4)
    nbformat.validate(student)
    names = [it.id for it in student.cells]
    at = names.index("ex1-answer-solution")
    assert names[at - 1] == "ex1-solution" and student.cells[at].metadata.tags == ["hide-cell"]
    assert next(it for it in student.cells if it.id == "ex1-answer").source == "let y: Tensor = blank!();"
    assert akari("run", output).returncode == 0
    graded = akari("lesson", "student", path, "--nbgrader")
    source = nbformat.reads(graded.stdout, as_version=4)
    metadata = {it.id: it.metadata.get("nbgrader") for it in source.cells}
    assert metadata["ex1-answer"] == {
        "cell_type": "code", "grade": False, "grade_id": "ex1-answer", "locked": False, "schema_version": 3,
        "solution": True, "task": False,
    }
    assert metadata["ex1-check"]["grade"] and metadata["ex1-check"]["points"] == 1 and metadata["ex1-check"]["locked"]
    assert "// BEGIN SOLUTION\n// STUB let y: Tensor = blank!();\nlet y = torch::sigmoid" in next(it for it in source.cells if it.id == "ex1-answer").source


def test_cells_are_compiled_ahead(course, tmp_path):
    home = tmp_path / "class"
    done = akari("lesson", "warm", course / "en" / f"{NAME}.ipynb", "--into", home)
    assert done.returncode == 0, done.stderr
    assert len(list((home / "cells").rglob("*"))) >= 8


@pytest.mark.parametrize("path", sorted((CHECKOUT / "notebooks").glob("*/0*.ipynb")), ids=lambda it: f"{it.parent.name}-{it.stem}")
def test_shipped_lessons_are_in_order(installed, path):
    done = akari("lesson", "check", path)
    assert done.returncode == 0, done.stdout + done.stderr
