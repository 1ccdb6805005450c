"""Exercises: `check!`, `hint!`, `solution!` and `blank!` in a real session."""

import os
import time

import pytest

from session import Session

KEY = '''
[[exercise]]
id = "77-1"
solution = "let y = F::softmax(&x, 1)?; // <the answer>"
hints = [{ ja = "軸を見る", en = "Look at the axis." }, { ja = "1 です", en = "It is 1." }]
[[exercise.answer]]
name = "y"
value = [[0.26894143, 0.7310586], [0.11920293, 0.880797]]
dtype = "f32"
[[exercise.slip]]
value = [[0.26894143, 0.11920293], [0.7310586, 0.880797]]
ja = "列ごとの softmax です。"
en = "This is the softmax over the other axis."

[[exercise]]
id = "77-2"
[[exercise.answer]]
name = "leaky"
[[exercise.answer.case]]
input = [-1.0, 2.0]
output = [-0.01, 2.0]
[[exercise.slip]]
outputs = [[0.0, 2.0]]
ja = "ReLU です。"
en = "This is ReLU."

[[exercise]]
id = "77-3"
[[exercise.answer]]
name = "n"
value = 1
[[exercise.answer]]
name = "is_fine"
value = false
[[exercise.answer]]
name = "word"
value = "b"
[[exercise.answer]]
name = "list"
value = [1.0, 2.0]

[[exercise]]
id = "77-4"
secret = true
[[exercise.answer]]
name = "loss"
at_most = 0.05
'''

X = "let x = tensor!([[1.0, 2.0], [1.0, 3.0]]);"
RIGHT = "let y = F::softmax(&x, 1)?;"
SLIP = "let y = torch::transpose(&F::softmax(&x, 1)?, 0, 1)?;"


@pytest.fixture
def lesson(tmp_path):
    """A folder of a notebook, with the key above it."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "77.toml").write_text(KEY, encoding="utf-8")
    folder = tmp_path / "deep"
    folder.mkdir()
    return folder


def start(folder, **environment):
    return Session(start={"cwd": str(folder), "env": {**os.environ, "AKARI_LANG": "en", **environment}})


@pytest.fixture
def session(lesson):
    session = start(lesson)
    yield session
    session.end()


def shown(run):
    """The only output, which is no result."""
    assert run.status == "ok", run.reply
    assert run.stream("stderr") == "" and not run.contents("execute_result")
    (content,) = run.contents("display_data")
    assert "text/html" in content["data"]
    return content["data"]["text/plain"]


def failed(run):
    assert run.stream("stderr") == ""
    error = run.error
    assert error["ename"] == "CheckFailed", error
    return error["evalue"]


def test_an_unsolved_exercise_is_no_error_and_a_right_answer_has_a_mark(session):
    session.ok("let y: Tensor = blank!();\nshow!(y);")
    assert "not solved yet: fill in the cell above" in shown(session.run('check!("77-1", y)'))
    session.ok(X)
    session.ok(RIGHT)
    assert shown(session.run('check!("77-1", y)')) == "✓ 77-1: right"


def test_a_wrong_answer_says_expected_got_where_and_why(session):
    session.ok(X)
    session.ok(SLIP)
    text = failed(session.run('check!("77-1", y)'))
    for part in ("expected: tensor([[0.2689, 0.7311]", "got:      tensor([[0.2689, 0.1192]", "first at [0, 1]", "other axis", "hint!"):
        assert part in text, text
    session.ok("let y = x.clone();")
    assert "softmax of this is the right value" in failed(session.run('check!("77-1", y)'))
    session.ok("let y = F::softmax(&x, 1)?.to_dtype(DType::F64)?;")
    assert "dtype: expected f32, got f64" in failed(session.run('check!("77-1", &y)'))
    session.ok("let y = 1.5;")
    assert "dtype" in failed(session.run('check!("77-1", y)'))


def test_hints_come_one_by_one_and_the_solution_after_three_attempts(session):
    assert "Hint 1 of 2: Look at the axis." in shown(session.run('hint!("77-1")'))
    second = shown(session.run('hint!("77-1")'))
    assert "Hint 1 of 2" in second and "Hint 2 of 2: It is 1." in second and "last hint" in second
    session.ok(X + "let y = x.clone();")
    for attempt in range(3):
        assert "3 attempts" in shown(session.run('solution!("77-1")')), attempt
        text = failed(session.run('check!("77-1", y)'))
    assert 'solution!("77-1") shows the solution now' in text
    run = session.run('solution!("77-1")')
    assert "F::softmax(&x, 1)?" in shown(run)
    html = run.contents("display_data")[0]["data"]["text/html"]
    assert "<pre" in html and "&lt;the answer&gt;" in html and "keyword" in html


def test_the_solution_shows_after_a_right_answer(session):
    session.ok(X + RIGHT)
    shown(session.run('check!("77-1", y)'))
    assert "F::softmax" in shown(session.run('solution!("77-1")'))


def test_functions_are_tried(session):
    session.ok("fn leaky(x: &Tensor) -> Result<Tensor> { blank!() }")
    assert "not solved yet" in shown(session.run('check!("77-2", leaky)'))
    session.ok("fn leaky(x: &Tensor) -> Result<Tensor> { F::relu(x) }")
    assert "This is ReLU." in failed(session.run('check!("77-2", leaky)'))
    session.ok("fn leaky(x: &Tensor) -> Result<Tensor> { x.reshape((7, 7)) }")
    assert "it is an error" in failed(session.run('check!("77-2", leaky)'))
    session.ok("fn leaky(x: &Tensor) -> Result<Tensor> { F::leaky_relu(x, 0.01) }")
    assert shown(session.run('check!("77-2", leaky)')).startswith("✓")


def test_blanks_of_all_kinds_are_known_in_later_cells(session):
    check = 'check!("77-3", n, is_fine, word, list)'
    session.ok("let n: usize = blank!(); let is_fine: bool = blank!(); let word: &str = blank!(); let list: Vec<f64> = blank!();")
    session.ok("for _ in 0..n { show!(n * 2, is_fine, word, list); }")
    assert "not solved yet" in shown(session.run(check))
    session.ok('let n = 1; let word = "B "; let list = [1.0, 2.0];')
    assert "not solved yet" in shown(session.run(check)), "is_fine is still a blank"
    session.ok("let is_fine = false;")
    assert shown(session.run(check)).startswith("✓")
    session.ok("let n = 2;")
    assert "`n`" in failed(session.run(check))


def test_secret_answers_and_properties(session):
    session.ok("let loss = 0.25;")
    assert "at most 0.05, got 0.25" in failed(session.run('check!("77-4", loss)'))


def test_what_can_not_be_checked_is_one_sentence(session, lesson):
    run = session.run("let y = 1.0; check!(\"77-9\", y)")
    assert run.error["ename"] == "ExerciseError"
    assert "which has: 77-1, 77-2, 77-3, 77-4" in run.error["evalue"]
    assert "has 1 answers, and 2 were given" in session.run('let y = 1.0; check!("77-1", y, y)').error["evalue"]
    assert "keys/78.toml" in session.run('hint!("78-1")').error["evalue"]
    (lesson.parent / "keys" / "79.toml").write_text("[[exercise]\nid=1")
    assert "line 1" in session.run('solution!("79-1")').error["evalue"]
    # The answer's cell was not run.
    first = session.run('check!("77-1", never)').error["evalue"].splitlines()[0]
    assert "run the answer's cell of exercise \"77-1\" first" in first


def test_words_are_in_the_language_of_the_session(session):
    session.ok(":lang ja")
    session.ok(X + SLIP)
    assert "列ごとの softmax です。" in failed(session.run('check!("77-1", y)'))
    session.ok(":lang en")
    assert "over the other axis" in failed(session.run('check!("77-1", y)'))


def test_a_folder_of_a_language_sets_it(lesson):
    folder = lesson / "ja"
    folder.mkdir()
    environment = {it: "" for it in ("AKARI_LANG", "LC_ALL", "LC_MESSAGES")}
    session = start(folder, **environment, LANG="C.UTF-8")
    try:
        assert "軸を見る" in shown(session.run('hint!("77-1")'))
    finally:
        session.end()


def test_a_crash_counts_no_attempt_and_forgets_no_hint(session):
    session.ok(X + "let y = x.clone();")
    shown(session.run('hint!("77-1")'))
    failed(session.run('check!("77-1", y)'))
    crash = session.run("std::process::abort()")
    assert crash.status == "error" and not crash.contents("display_data")
    assert "Hint 2 of 2" in shown(session.run('hint!("77-1")'))
    failed(session.run('check!("77-1", y)'))
    assert "or the right one" in shown(session.run('solution!("77-1")'))


def test_unsolved_is_an_error_for_a_grader(lesson):
    session = start(lesson, NBGRADER_EXECUTION="autograde")
    try:
        session.ok("let y: Tensor = blank!();")
        assert "not solved yet" in failed(session.run('check!("77-1", y)'))
    finally:
        session.end()


def test_a_check_compiles_about_as_quickly_as_a_print(session):
    session.ok(X + RIGHT)
    shown(session.run('check!("77-1", y)'))

    def took(code):
        times = []
        for number in range(5):
            begin = time.monotonic()
            session.run(code + f" // {number}")
            times.append(time.monotonic() - begin)
        return min(times)

    assert took('check!("77-1", y)') < 2 * took('show!("y:", y)') + 0.1
