"""nbgrader with the configuration that is shipped: from a teacher's notebook to marks and feedback.

The exercises are some of lesson 1's with asserts; those with `check!` are in `test_nbgrader_lessons.py`. All submissions are graded once, by the command line as a teacher does it, and
each test looks at its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from apart import CHECKOUT

# nbgrader starts `alembic` by its name, also where only its library is used.
os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

LESSON = "01"
NOTEBOOK = "activations"

# id, points, what stands above the solution, the solution, what stands below, tests, hidden tests
EXERCISES = [
    (
        "relu",
        2,
        "let x = tensor!([-5.0, 5.0, -10.0, 10.0]);\nlet relu: Tensor = {",
        "F::relu(&x)?",
        "};",
        "assert_eq!(relu.dims(), [4]);",
        "assert_eq!(relu.to_vec1::<f32>()?, [0.0, 5.0, 0.0, 10.0]);",
    ),
    (
        "softmax",
        3,
        "let x = tensor!([-5.0, 5.0, -10.0, 10.0]);\nlet softmax: Tensor = {",
        "F::softmax(&x, 0)?",
        "};",
        'assert_eq!(softmax.dims(), [4], "softmax は形を変えません");',
        "assert!((softmax.to_vec1::<f32>()?[3] - 0.99331).abs() < 1e-4);",
    ),
    (
        "loss",
        5,
        "let logits = tensor!([[0.3, 0.3, 0.3, 0.1]]);\nlet label = tensor!([3]);\nlet loss: f64 = {",
        "nn::CrossEntropyLoss::default().forward(&logits, &label)?.to_scalar::<f32>()? as f64",
        "};",
        "assert!(loss > 0.0);",
        "assert!((loss - 1.5399).abs() < 1e-4);",
    ),
]
POINTS = {exercise[0]: exercise[1] for exercise in EXERCISES}

# What learners wrote: for each exercise that is not solved, the text.
WRONG = {
    "relu": "x.clone()",
    "softmax": "F::softmax(&x, 0)?.sqrt()?",
    "loss": "nn::CrossEntropyLoss { reduction: Reduction::Sum, ..Default::default() }.forward(&(&logits * 2.0)?, &label)?.to_scalar::<f32>()? as f64",
}
UNSOLVED = dict.fromkeys(POINTS, "todo!()")
SUBMISSIONS = {
    "solved": {},
    "unsolved": UNSOLVED,
    **{f"wrong-{name}": {name: text} for name, text in WRONG.items()},
    "wrong-all": WRONG,
    "no-rust": {"softmax": "F::softmax(x, dim=0"},
    "wrong-type": {"softmax": '"0.5"'},
    "panics": {"softmax": "panic!()"},
    "prints": {"relu": 'println!("途中"); F::relu(&x)?'},
    **{f"same-{number}": {"softmax": WRONG["softmax"]} for number in range(10)},
}


def metadata(name, grade, solution, points=None):
    about = {"schema_version": 3, "grade_id": name, "grade": grade, "solution": solution, "locked": not solution, "task": False}
    if points is not None:
        about["points"] = points
    return {"nbgrader": about}


def source(autotest=False):
    """The teacher's notebook."""
    book = nbformat.v4.new_notebook()
    book.metadata = {"kernelspec": {"name": "akari", "display_name": "Rust (Akari)", "language": "rust"}}
    book.cells.append(nbformat.v4.new_markdown_cell("# 活性化関数と損失関数", id="title"))
    for name, points, above, solution, below, tests, hidden in EXERCISES:
        answer = "\n".join([above, "// BEGIN SOLUTION", solution, "// END SOLUTION", below])
        book.cells.append(nbformat.v4.new_code_cell(answer, id=name, metadata=metadata(name, False, True)))
        tested = "\n".join([tests, "// BEGIN HIDDEN TESTS", hidden, "// END HIDDEN TESTS"])
        if autotest:
            tested = f"// AUTOTEST {name}"
        about = metadata(f"test-{name}", True, False, points)
        book.cells.append(nbformat.v4.new_code_cell(tested, id=f"test-{name}", metadata=about))
    return book


class Course:
    """A course's folder, with the shipped files, and one assignment of one notebook."""

    def __init__(self, folder, lesson=LESSON, notebook=NOTEBOOK):
        self.folder, self.lesson, self.notebook = folder, lesson, notebook
        folder.mkdir()
        for name in ("nbgrader_config.py", "autotests.yml"):
            shutil.copy(CHECKOUT / "classroom" / name, folder / name)

    def source(self):
        return self.folder / "source" / self.lesson / f"{self.notebook}.ipynb"

    def released(self):
        return nbformat.read(self.folder / "release" / self.lesson / f"{self.notebook}.ipynb", as_version=4)

    def submitted(self, learner):
        return self.folder / "submitted" / learner / self.lesson / f"{self.notebook}.ipynb"

    def feedback(self, learner):
        return self.folder / "feedback" / learner / self.lesson / f"{self.notebook}.html"

    def assign(self, book):
        self.source().parent.mkdir(parents=True)
        nbformat.write(book, self.source())
        self.nbgrader("generate_assignment", self.lesson)
        return self.released()

    def put(self, learner, book):
        path = self.submitted(learner)
        path.parent.mkdir(parents=True)
        nbformat.write(book, path)
        return path

    def submit(self, learner, answers):
        """The released notebook, solved but for these answers."""
        book = self.released()
        solutions = {exercise[0]: exercise[3] for exercise in EXERCISES}
        for cell in book.cells:
            if cell.id in solutions:
                cell.source = cell.source.replace("todo!()", answers.get(cell.id, solutions[cell.id]))
        return self.put(learner, book)

    def nbgrader(self, *arguments):
        env = {**os.environ, "AKARI_LANG": "ja"}
        command = ["nbgrader", *arguments]
        run = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=600, env=env)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout + run.stderr

    def marks(self):
        """The points of each learner by exercise, as the gradebook has them."""
        from nbgrader.api import Gradebook

        marks = {}
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            for submission in gradebook.assignment_submissions(self.lesson):
                (notebook,) = submission.notebooks
                marks[submission.student.id] = {it.name.removeprefix("test-"): it.score for it in notebook.grades}
        return marks


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("nbgrader") / "course")
    course.assign(source())
    for learner, answers in SUBMISSIONS.items():
        course.submit(learner, answers)
    course.nbgrader("autograde", LESSON)
    course.nbgrader("generate_feedback", LESSON)
    return course


@pytest.fixture(scope="module")
def marks(course):
    return course.marks()


def test_learners_get_stubs_and_no_hidden_test(course):
    text = nbformat.writes(course.released())
    assert text.count("todo!()") == len(EXERCISES)
    for word in ("SOLUTION", "HIDDEN", "0.99331", "1.5399", "NotImplementedError"):
        assert word not in text


def test_solved_earns_all_and_unsolved_nothing(marks):
    assert marks["solved"] == POINTS and marks["prints"] == POINTS
    assert marks["unsolved"] == dict.fromkeys(POINTS, 0)


@pytest.mark.parametrize("learner", [it for it in SUBMISSIONS if it not in ("solved", "unsolved", "prints")])
def test_wrong_answers_lose_exactly_their_points(marks, learner):
    wrong = SUBMISSIONS[learner]
    assert marks[learner] == {name: 0 if name in wrong else points for name, points in POINTS.items()}


def test_identical_submissions_get_identical_marks(marks):
    same = [marks[f"same-{number}"] for number in range(10)]
    assert all(it == same[0] for it in same) and sum(same[0].values()) == 7


def test_feedback_says_what_was_wrong_in_the_learners_language(course):
    feedback = {it: course.feedback(it) for it in SUBMISSIONS}
    assert all(it.is_file() for it in feedback.values())
    unsolved = feedback["unsolved"].read_text()
    assert "(Score: 0.0 / 10.0)" in unsolved and "自分のコードに置き換えます" in unsolved
    assert "(Score: 10.0 / 10.0)" in feedback["solved"].read_text()


def test_validate_tells_a_learner_before_the_teacher_does(course, tmp_path):
    for learner, is_right in (("solved", True), ("unsolved", False), ("no-rust", False)):
        said = course.nbgrader("validate", str(course.submitted(learner)))
        assert ("Success" in said) == is_right and ("VALIDATION FAILED" in said) != is_right, said


def test_tests_are_made_from_the_teachers_values(tmp_path):
    course = Course(tmp_path / "course")
    book = course.assign(source(autotest=True))
    tests = {cell.id: cell.source for cell in book.cells if cell.id.startswith("test-")}
    assert "[0.0000, 5.0000, 0.0000, 10.0000]" in tests["test-relu"] and "1.5399" in tests["test-loss"], tests
    course.submit("solved", {})
    course.submit("wrong", {"loss": WRONG["loss"]})
    course.nbgrader("autograde", LESSON)
    marks = course.marks()
    assert marks["solved"] == POINTS and marks["wrong"] == {**POINTS, "loss": 0}
