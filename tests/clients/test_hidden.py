"""`akari lesson hide`: hidden tests in a library beside the notebook, which a learner can run and not read."""

import hashlib
import json
import os
import shutil
import sys
import time

import nbformat
import pytest

from apart import NOBODY, akari, built, machine, needs_own_tmp, needs_root, notebook, prelude_of, seen_on
from session import Session
from test_nbgrader import Course

SUFFIX = {"darwin": ".dylib"}.get(sys.platform, ".so")
LIBRARY = f"09.hidden{SUFFIX}"

KEY = """
[[exercise]]
id = "09-1"
hidden = true
solution = "let y = tensor!([0.26894142, 0.88079708]);"
hints = [{ ja = "一", en = "one" }]
[[exercise.answer]]
name = "y"
shape = [2]

[[exercise]]
id = "09-2"
hidden = true
solution = "fn twice(x: &Tensor) -> Result<Tensor> { x * 2.0 }"
[[exercise.answer]]
name = "twice"

[[exercise]]
id = "09-3"
solution = "let n = 3;"
[[exercise.answer]]
name = "n"
value = 3
"""

# What stands in names, comments, conditions and numbers of it must not be found in the library.
SOURCE = """\
//! zebra_header: the tests of lesson 09.
use akari::prelude::*;
use akari::{hidden, require};

/// zebra_doc of a function.
#[inline(never)]
fn zebra_function(zebra_value: f64) -> bool {
    // zebra_comment: the answer is 0.26894142
    assert!(zebra_value != 77.125);
    assert_eq!(zebra_value.is_nan(), false, "No numbers at all.");
    (zebra_value - 0.26894142).abs() < 1e-4
}

#[derive(Debug)]
struct ZebraStruct {
    zebra_field: Vec<f64>,
}

hidden! {
    "09-1" => |zebra_argument| {
        let all = ZebraStruct { zebra_field: zebra_argument.numbers()? };
        require!(zebra_function(all.zebra_field[0]), ja = "最初の数を見直しましょう。", en = "Look at the first number.");
        require!(all.zebra_field.iter().sum::<f64>() < 100.0);
        if all.zebra_field[1] == -1.0 {
            panic!("zebra_panic is said to nobody");
        }
        if all.zebra_field[1] == -2.0 {
            let zebra_index = all.zebra_field.len();
            let zebra_number = all.zebra_field[zebra_index];
            require!(zebra_number == 0.0);
        }
        if all.zebra_field[1] == -3.0 {
            let mut x = tensor!([1.0]);
            loop {
                x = torch::tanh(&x)?;
            }
        }
        if all.zebra_field[1] == -4.0 {
            F::softmax(&tensor!([1.0]), 9)?;
        }
        torch::rand(3)?;
    }
    "09-2" => |f| {
        let x = Var::new(&[1f64, -2.0], &Device::Cpu)?;
        let y = f.call(&x)?.tensor()?;
        require!(y.dtype() == DType::F64, ja = "dtype を変えないでください。", en = "Keep the dtype.");
        require!(y.to_vec1::<f64>()? == [2.0, -4.0], ja = "負の数も試しましょう。", en = "Try negative numbers too.");
        let slope = y.backward()?;
        require!(slope.get(&x).is_some_and(|it| it.to_vec1::<f64>().is_ok_and(|it| it == [2.0, 2.0])), en = "The gradient is another one.");
    }
}
"""

RIGHT = "let y = tensor!([0.26894142, 0.88079708]);"
CELLS = [
    ("ex1-answer", "let y: Tensor = blank!();", {"tags": ["exercise"], "akari": {"exercise": "09-1"}}),
    ("ex1-check", 'check!("09-1", y)', {"tags": ["check"]}),
    ("ex1-hint", 'hint!("09-1")', {"tags": ["hint"]}),
    ("ex2-answer", "fn twice(x: &Tensor) -> Result<Tensor> {\n    blank!()\n}", {"tags": ["exercise"], "akari": {"exercise": "09-2"}}),
    ("ex2-check", 'check!("09-2", twice)', {"tags": ["check"]}),
    ("ex3-answer", "let n: i64 = blank!();", {"tags": ["exercise"], "akari": {"exercise": "09-3"}}),
    ("ex3-check", 'check!("09-3", n)', {"tags": ["check"]}),
]


def command(*arguments, **environment):
    return akari("lesson", *arguments, env={"AKARI_LANG": "en", **environment}, timeout=300)


@pytest.fixture(scope="module")
def sample(installed, tmp_path_factory):
    """A lesson whose hidden tests are compiled."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("en", "keys", "hidden"):
        (folder / name).mkdir()
    (folder / "keys" / "09.toml").write_text(KEY, encoding="utf-8")
    (folder / "hidden" / "09.rs").write_text(SOURCE, encoding="utf-8")
    path = notebook(folder / "en" / "09-hidden.ipynb")
    book = nbformat.read(path, as_version=4)
    book.cells = [nbformat.v4.new_code_cell(text, id=name, metadata=metadata) for name, text, metadata in CELLS]
    nbformat.write(book, path)
    hidden = command("hide", path)
    assert hidden.returncode == 0, hidden.stdout + hidden.stderr
    assert hidden.stdout.strip() == str(folder / "en" / LIBRARY)
    run = akari("run", path, "--output", path, env={"AKARI_LANG": "en"})
    assert run.returncode == 0, run.stdout + run.stderr
    shutil.copytree(folder / "en", folder / "ja")
    return folder


@pytest.fixture
def course(sample, tmp_path):
    """A copy of it to harm."""
    shutil.copytree(sample, tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def learner(course):
    """A session beside the notebook, without the teacher's source."""
    shutil.rmtree(course / "hidden")
    session = Session(start={"cwd": str(course / "en"), "env": {**os.environ, "AKARI_LANG": "en"}})
    yield session
    session.end()


def said(run):
    """What a check shows: its verdict, or the name and the text of its error."""
    if run.status == "error":
        return f"{run.error['ename']}: {run.error['evalue']}"
    (content,) = run.contents("display_data")
    return content["data"]["text/plain"]


def check(session, answer, call='check!("09-1", y)'):
    session.ok(answer)
    return said(session.run(call))


def test_library_tells_nothing_of_the_source(sample):
    library = (sample / "en" / LIBRARY).read_bytes()
    assert library[:4] == b"\x7fELF" or sys.platform == "darwin"
    # What learners may read is there, so that the others could be found.
    assert "最初の数を見直しましょう。".encode() in library and b"Look at the first number." in library
    lower = library.lower()
    for text in ("0.26894142", "77.125", "abs()", "1e-4", "09.rs", "hidden/", str(sample), ".rs:", "is_some_and", "assertion"):
        assert text.lower().encode() not in lower, text
    # A text of `panic!` is the teacher's own, and documented to be in there; nothing else of the zebras is.
    assert lower.count(b"zebra") == lower.count(b"zebra_panic") == 1
    assert sorted(it.name for it in (sample / "en").iterdir()) == ["09-hidden.ipynb", LIBRARY]


def test_answers_pass_the_key_and_then_the_hidden_test(learner):
    assert check(learner, "let y: Tensor = blank!();").startswith("09-1: not solved yet")
    assert "shape: expected [2]" in check(learner, "let y = tensor!([1.0]);")
    wrong = check(learner, "let y = tensor!([0.5, 0.5]);")
    assert wrong == 'CheckFailed: 09-1: not right yet\n  Look at the first number.\nhint!("09-1") shows a hint (1 left)'
    without = check(learner, "let y = tensor!([0.26894142, 500.0]);")
    # Each of these three was an attempt.
    assert without == 'CheckFailed: 09-1: not right yet\n  a hidden test does not pass\nsolution!("09-1") shows the solution now'
    assert check(learner, RIGHT) == "✓ 09-1: right"
    assert said(learner.run('check!("09-1", y)')) == "✓ 09-1: right"
    learner.ok("let y = tensor!([0.5, 0.5]);")
    learner.ok(":lang ja")
    assert "最初の数を見直しましょう。" in said(learner.run('check!("09-1", y)'))


def test_functions_are_tried_with_tensors_of_the_tests_own(learner):
    call = 'check!("09-2", twice)'

    def of(body):
        return check(learner, f"fn twice(x: &Tensor) -> Result<Tensor> {{ {body} }}", call)

    assert of("blank!()").startswith("09-2: not solved yet")
    assert "Keep the dtype." in of("x.to_dtype(DType::F32)? * 2.0")
    assert "Try negative numbers too." in of("F::relu(x)? * 2.0")
    assert "The gradient is another one." in of("x.detach() * 2.0")
    assert of("x * 2.0") == "✓ 09-2: right"
    # The words of an error may tell what was tried.
    failed = of('candle_core::bail!("given: {x}")')
    assert "CheckFailed: 09-2: not right yet: a hidden test came to no end" in failed and "given" not in failed
    panicked = of('panic!("given: {x}")')
    assert "came to no end" in panicked and "given" not in panicked
    assert check(learner, "let z = 5.0;", 'check!("09-2", z)').startswith("CheckFailed")


@pytest.mark.parametrize("number", [-1.0, -2.0, -4.0], ids=["panic", "index", "error"])
def test_tests_that_end_badly_are_no_verdict_but_not_right(learner, number):
    learner.ok(f"let y = tensor!([0.26894142, {number}]);")
    run = learner.run('check!("09-1", y)')
    assert said(run).startswith("CheckFailed: 09-1: not right yet: a hidden test came to no end with this answer")
    whole = str(run.messages)
    for text in ("zebra", "softmax", "out of bounds", "redacted", ".rs"):
        assert text not in whole, whole
    # Nothing of that panic is left for the next one.
    panic = learner.run('panic!("my own")')
    assert panic.error["ename"] == "Panic" and "my own" in panic.error["evalue"]
    assert check(learner, RIGHT) == "✓ 09-1: right"


def test_test_that_loops_is_interrupted(learner):
    learner.ok("let y = tensor!([0.26894142, -3.0]); let kept = 5;")
    request = learner.start('check!("09-1", y)')
    time.sleep(0.5)
    begin = time.monotonic()
    learner.manager.interrupt_kernel()
    run = learner.collect(request)
    assert run.error["ename"] == "Interrupted" and time.monotonic() - begin < 3, run.error
    # The interrupt went through the test, and was no end of it.
    assert "had come to its end" not in run.error["evalue"] and run.contents("display_data") == [], run.messages
    assert learner.ok("kept").result == "5"
    assert check(learner, RIGHT) == "✓ 09-1: right"


def test_tests_draw_no_numbers_of_the_learners(learner):
    learner.ok("torch::manual_seed(0);")
    first = learner.ok("torch::rand(2)?").result
    second = learner.ok("torch::rand(2)?").result
    learner.ok("torch::manual_seed(0);")
    assert learner.ok("torch::rand(2)?").result == first
    assert check(learner, RIGHT) == "✓ 09-1: right"
    assert learner.ok("torch::rand(2)?").result == second


def refused(session, *words):
    """No verdict, in one sentence, and a session that lives on."""
    told = check(session, RIGHT)
    assert told.startswith("ExerciseError: 09-1 has hidden tests, and ") and "\n" not in told, told
    for word in words:
        assert word in told, told
    assert said(session.run('check!("09-1", y)')) == told
    assert check(session, "let n = 3;", 'check!("09-3", n)') == "✓ 09-3: right"
    assert check(session, "let y: Tensor = blank!();").startswith("09-1: not solved yet")


def test_missing_library_is_told(learner, course):
    (course / "en" / LIBRARY).unlink()
    refused(learner, "is not there; copy it from the lesson's files")
    learner.ok(":lang ja")
    assert "教材のファイルからコピーします" in check(learner, RIGHT)


def test_library_for_another_prelude_is_told(learner, course):
    """The file is whole, and of a prelude with another name."""
    path = course / "en" / LIBRARY
    whole = path.read_bytes()
    prelude = prelude_of(built()).name
    path.write_bytes(restamped(whole, prelude, "0123456789abcdef"))
    refused(learner, "was made for another version of Akari or Rust", "akari lesson hide")
    # With the right name again it is loaded: the stamp was in order.
    path.write_bytes(restamped(path.read_bytes(), "0123456789abcdef", prelude))
    assert check(learner, RIGHT) == "✓ 09-1: right"


def restamped(file, old, new):
    """The file with another prelude's name and the hash that belongs to it."""
    end = b"akari hidden tests 1\n"
    assert file.endswith(end)
    length = int(file[: -len(end)][-8:])
    body = file[: -len(end) - 8]
    library, stamp = body[:-length], json.loads(body[-length:])
    assert stamp["prelude"] == old
    stamp["prelude"] = new
    sha = hashlib.sha256()
    for part in (stamp["prelude"], stamp["system"], stamp["source"]):
        sha.update(len(part.encode()).to_bytes(8, sys.byteorder) + part.encode())
    sha.update(library)
    stamp["sha256"] = sha.hexdigest()
    text = json.dumps(stamp).encode()
    return library + text + b"%08d" % len(text) + end


@pytest.mark.parametrize("harm", ["byte", "cut", "stamp", "none"])
def test_damaged_library_is_told(learner, course, harm):
    path = course / "en" / LIBRARY
    whole = bytearray(path.read_bytes())
    if harm == "byte":
        whole[len(whole) // 2] ^= 1
    elif harm == "stamp":
        whole[-100] ^= 1
    path.write_bytes({"cut": whole[: len(whole) // 2], "none": b""}.get(harm, bytes(whole)))
    refused(learner, "is not as it was made; copy it from the lesson's files again")


def test_library_that_others_can_write_is_not_loaded(learner, course):
    path = course / "en" / LIBRARY
    for mode in (0o664, 0o646):
        path.chmod(mode)
        refused(learner, "is not trusted", f"`chmod go-w {path}` mends it")
    path.chmod(0o644)
    folder = path.parent
    folder.chmod(0o775)
    refused(learner, f"`chmod go-w {folder}` mends it")
    folder.chmod(0o755)
    assert check(learner, RIGHT) == "✓ 09-1: right"


@needs_root
def test_library_of_another_user_is_not_loaded(learner, course):
    path = course / "en" / LIBRARY
    os.chown(path, NOBODY, NOBODY)
    refused(learner, f"`{path}` belongs to neither you nor root", "copy the lesson to a folder of your own")


def test_tests_that_are_compiled_anew_are_the_ones_that_run(course):
    path = course / "en" / "09-hidden.ipynb"
    session = Session(start={"cwd": str(course / "en"), "env": {**os.environ, "AKARI_LANG": "en"}})
    try:
        assert check(session, RIGHT) == "✓ 09-1: right"
        source = course / "hidden" / "09.rs"
        source.write_text(SOURCE.replace("Look at the first number.", "Look again.").replace("0.26894142).abs()", "0.5).abs()"))
        checked = command("check", path)
        assert checked.returncode == 1 and "changed after they were compiled; run `akari lesson hide`" in checked.stdout, checked.stdout
        assert command("hide", path).returncode == 0
        assert "Look again." in said(session.run('check!("09-1", y)'))
        assert check(session, "let y = tensor!([0.5, 0.0]);") == "✓ 09-1: right"
    finally:
        session.end()


def test_check_runs_the_hidden_tests_too(course):
    path = course / "en" / "09-hidden.ipynb"
    done = command("check", path)
    found = [it for it in done.stdout.splitlines() if "hint" not in it and "slip" not in it]
    assert found == [], done.stdout + done.stderr
    key = course / "keys" / "09.toml"
    key.write_text(KEY.replace("{ x * 2.0 }", "{ F::relu(x)? * 2.0 }"), encoding="utf-8")
    done = command("check", path)
    assert done.returncode == 1 and "the solution of 09-2 does not pass" in done.stdout and "Try negative numbers too." in done.stdout
    (course / "en" / LIBRARY).unlink()
    done = command("check", path)
    assert done.returncode == 1 and "the library of its hidden tests is not there; run `akari lesson hide`" in done.stdout


def test_source_and_key_must_fit_each_other(course):
    path, key, source = course / "en" / "09-hidden.ipynb", course / "keys" / "09.toml", course / "hidden" / "09.rs"

    def refusal(**environment):
        done = command("hide", path, **environment)
        assert done.returncode == 2 and done.stdout == "", done.stdout
        return done.stderr

    key.write_text(KEY.replace("hidden = true\n", "", 1), encoding="utf-8")
    assert "has a test for `09-1`, which would never run" in refusal()
    assert "このままでは実行されません" in refusal(AKARI_LANG="ja")
    key.write_text(KEY.replace('"09-3"\n', '"09-3"\nhidden = true\n'), encoding="utf-8")
    assert "has no test for `09-3`" in refusal()
    key.write_text(KEY, encoding="utf-8")
    source.write_text(SOURCE.replace("zebra_argument.numbers()?", "zebra_argument.numbrs()?"))
    broken = refusal()
    assert "hidden/09.rs:21:61" in broken and "numbrs" in broken, broken
    source.unlink()
    assert f"there are no hidden tests in `{source}`" in refusal()


def test_learners_get_the_library_and_not_the_source(course, tmp_path):
    path = course / "en" / "09-hidden.ipynb"
    out = tmp_path / "out"
    out.mkdir()
    library = course / "en" / LIBRARY
    made = library.read_bytes()
    # One that is not there is compiled anew.
    library.unlink()
    done = command("student", path, "--output", out / "09-hidden.ipynb")
    assert done.returncode == 0, done.stderr
    assert sorted(it.name for it in out.iterdir()) == ["09-hidden.ipynb", LIBRARY]
    assert len((out / LIBRARY).read_bytes()) == len(made) and (out / LIBRARY).stat().st_mode & 0o777 == 0o644
    assert "0.26894142" not in (out / "09-hidden.ipynb").read_text()
    # Without the source it is copied, and one that is not in order is not.
    shutil.rmtree(course / "hidden")
    (out / LIBRARY).unlink()
    assert command("student", path, "--output", out / "09-hidden.ipynb").returncode == 0
    assert (out / LIBRARY).read_bytes() == library.read_bytes()
    library.write_bytes(made[:100])
    done = command("student", path, "--output", out / "09-hidden.ipynb")
    assert done.returncode == 2 and "run `akari lesson hide` where" in done.stderr, done.stderr


CHECK = 'check!("09-1", y)'
ANSWERS = {"right": [RIGHT, CHECK], "wrong": ["let y = tensor!([0.5, 0.5]);", CHECK]}
LEARNERS = ["hana", "umask-mei", "group-sora"]


@pytest.fixture(scope="module")
def class_(sample, tmp_path_factory):
    """What users of one machine see of a lesson's hidden tests; `hidden_class.py` has the machine."""
    folder = tmp_path_factory.mktemp("class")
    lesson = shutil.copytree(sample, folder / "lesson")
    for path in lesson.rglob(LIBRARY):
        path.unlink()
    settings = {**machine([*LEARNERS, "sensei"]), "lesson": str(lesson), "answers": ANSWERS, "library": LIBRARY}
    return seen_on(settings, "hidden_class.py", folder)


PASSES = [
    *(f"root's folder: {it}" for it in [*LEARNERS, "sensei"]),
    *(f"own copy: {it}" for it in ["hana", "umask-mei", "sensei"]),
    "read-only home",
    "teacher's folder: teacher",
    "teacher's folder, copied",
    "made in another home",
    "used in another home",
]


@needs_root
@needs_own_tmp
@pytest.mark.parametrize("case", PASSES)
def test_library_is_used_by_whoever_trusts_its_owner(class_, case):
    assert "✓ 09-1: right" in class_[case]["right"], class_[case]["right"]
    assert "Look at the first number." in class_[case]["wrong"] and "✓" not in class_[case]["wrong"]


REFUSED = {
    "closed library": ["you may not read `/srv/closed/en/09.hidden", "by `chmod a+rX`"],
    "teacher's folder": ["`/home/sensei` belongs to neither you nor root", "copy the lesson to a folder of your own"],
    "own copy: group-sora": ["others can write `/home/group-sora/course`; `chmod go-w /home/group-sora/course` mends it"],
}


@needs_root
@needs_own_tmp
@pytest.mark.parametrize("case", REFUSED)
def test_library_that_somebody_else_could_have_written_is_told_with_the_way_out(class_, case):
    for text in class_[case].values():
        assert "ExerciseError: 09-1 has hidden tests, and " in text and "✓" not in text, text
        for words in REFUSED[case]:
            assert words in text, text


class Hidden(Course):
    """A course whose assignment is the lesson here."""

    def __init__(self, folder, lesson):
        super().__init__(folder, "09", "09-hidden")
        shutil.copytree(lesson / "keys", folder / "keys")
        self.source().parent.mkdir(parents=True)
        made = command("student", lesson / "en" / "09-hidden.ipynb", "--nbgrader", "--output", self.source())
        assert made.returncode == 0, made.stderr
        self.nbgrader("generate_assignment", self.lesson)

    def hand_in(self, learner, answers):
        book = self.released()
        for cell in book.cells:
            cell.source = answers.get(cell.id, cell.source)
        path = self.put(learner, book)
        shutil.copy(self.folder / "release" / "09" / LIBRARY, path.parent)
        return path.parent / LIBRARY


def test_nbgrader_grades_by_the_teachers_library(sample, tmp_path):
    course = Hidden(tmp_path / "course", sample)
    assert sorted(it.name for it in (course.folder / "release" / "09").iterdir()) == ["09-hidden.ipynb", LIBRARY]
    twice = "fn twice(x: &Tensor) -> Result<Tensor> { x * 2.0 }"
    solved = {"ex1-answer": RIGHT, "ex2-answer": twice, "ex3-answer": "let n = 3;"}
    course.hand_in("solved", solved)
    course.hand_in("unsolved", {})
    wrong = {**solved, "ex1-answer": "let y = tensor!([0.5, 0.5]);"}
    course.hand_in("wrong", wrong)
    # A learner's own library, and none at all: what counts is the teacher's.
    course.hand_in("tampered", wrong).write_bytes(b"mine")
    course.hand_in("removed", solved).unlink()
    course.nbgrader("autograde", "09")
    course.nbgrader("generate_feedback", "09")
    marks = {learner: [marks[f"ex{it}-check"] for it in (1, 2, 3)] for learner, marks in course.marks().items()}
    assert marks == {"solved": [1, 1, 1], "unsolved": [0, 0, 0], "wrong": [0, 1, 1], "tampered": [0, 1, 1], "removed": [1, 1, 1]}
    feedback = course.feedback("wrong").read_text(encoding="utf-8")
    assert "最初の数を見直しましょう。" in feedback and "0.26894142" not in feedback
    # Without the library nothing is right that needs it.
    for path in course.folder.rglob(LIBRARY):
        path.unlink()
    course.nbgrader("autograde", "09", "--student", "solved", "--force")
    assert [course.marks()["solved"][f"ex{it}-check"] for it in (1, 2, 3)] == [0, 0, 1]
