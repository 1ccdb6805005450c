"""nbgrader with the `check!` cells of two shipped lessons: from `akari lesson student --nbgrader` to marks and feedback.

Solutions are those of the keys. All submissions of a lesson are graded once, and each test looks at its own.
"""

import shutil
import tomllib

import nbformat
import pytest

from apart import CHECKOUT, akari
from test_nbgrader import Course

NOTEBOOKS = {"01": "01-activations-losses-optimizers", "05": "05-optimizers-and-schedules"}
SAME = [f"same-{number}" for number in range(10)]

# Answers that are wrong, by lesson and exercise: each compiles, and is what a learner might write.
WRONG = {
    "01": {
        "01-1": "let v = tensor!([-5.0, 5.0, -10.0, 10.0]);\nlet relu = v.abs()?; let softmax = F::softmax(&v, 0)?; let sigmoid = torch::sigmoid(&v)?;",
        "01-q3": "let q3 = -3f64.ln();",
        "01-q5": "let q5 = vec![1.0, 1.5, 1.5];",
    },
    "05": {
        "05-2": "fn next_velocity(v: &Tensor, g: &Tensor) -> Result<Tensor> {\n    Ok(t!(0.9 * (v + g)))\n}",
        "05-3": "let after: Tensor = tensor!([0.9, -2.1, 3.0]);",
        "05-q4": 'let q4: &str = "a";',
    },
}
# Nothing of a cell is there if it does not compile, or has another type than its check wants.
BROKEN = {
    "01": {"01-2": "let mse: Tensor = nn::MSELoss(", "01-q2": "let q2 = 3;"},
    "05": {"05-1": "let limit: f64 = 2.0 /;", "05-2": "fn next_velocity(v: &Tensor, g: &Tensor) -> Result<Tensor> {\n    panic!()\n}"},
}


class Lesson(Course):
    """A course with one shipped lesson as its assignment."""

    # Cells as they were released.
    unsolved = None

    def __init__(self, folder, number):
        super().__init__(folder, number, NOTEBOOKS[number])
        keys = CHECKOUT / "notebooks" / "keys"
        shutil.copytree(keys, folder / "keys")
        exercises = tomllib.loads((keys / f"{number}.toml").read_text(encoding="utf-8"))["exercise"]
        self.solutions = {it["id"]: it["solution"] for it in exercises}
        self.points = dict.fromkeys(self.solutions, 1)
        self.wrong = WRONG[number]
        self.submissions = {
            "solved": {},
            "unsolved": self.unsolved,
            **{f"wrong-{name}": {name: text} for name, text in self.wrong.items()},
            "wrong-all": self.wrong,
            "broken": BROKEN[number],
            **dict.fromkeys(SAME, self.wrong),
        }

    def hand_out(self):
        path = self.source()
        path.parent.mkdir(parents=True)
        shipped = CHECKOUT / "notebooks" / "ja" / f"{self.notebook}.ipynb"
        made = akari("lesson", "student", shipped, "--nbgrader", "--output", path, env={})
        assert made.returncode == 0, made.stderr
        self.nbgrader("generate_assignment", self.lesson)

    def hand_in(self, learner, answers):
        """The released notebook, solved but for these answers; as it was released without any."""
        book = self.released()
        for cell in book.cells:
            name = cell.metadata.get("akari", {}).get("exercise")
            if name and answers is not None:
                cell.source = answers.get(name, self.solutions[name])
        return self.put(learner, book)

    def exercise_of(self, graded):
        """The exercise that a graded cell checks."""
        (cell,) = [it for it in self.released().cells if it.id == graded]
        return cell.source.split('"')[1]

    def marks(self):
        return {
            learner: {self.exercise_of(cell): score for cell, score in marks.items()} for learner, marks in super().marks().items()
        }


@pytest.fixture(scope="module", params=NOTEBOOKS)
def lesson(request, tmp_path_factory):
    lesson = Lesson(tmp_path_factory.mktemp("nbgrader") / "course", request.param)
    lesson.hand_out()
    for learner, answers in lesson.submissions.items():
        lesson.hand_in(learner, answers)
    lesson.nbgrader("autograde", lesson.lesson)
    lesson.nbgrader("generate_feedback", lesson.lesson)
    return lesson


@pytest.fixture(scope="module")
def marks(lesson):
    return lesson.marks()


def test_learners_find_the_lessons_own_stubs(lesson):
    """A learner's cells are those of the lesson: typed lines with a blank, and nothing of an answer."""
    released = {it.id: it.source for it in lesson.released().cells}
    shipped = nbformat.read(CHECKOUT / "notebooks" / "ja" / f"{lesson.notebook}.ipynb", as_version=4)
    assert released == {it.id: it.source for it in shipped.cells}


def test_solved_earns_all_and_unsolved_nothing(lesson, marks):
    assert marks["solved"] == lesson.points
    assert marks["unsolved"] == dict.fromkeys(lesson.points, 0)


def test_wrong_answers_lose_exactly_their_points(lesson, marks):
    for learner, answers in lesson.submissions.items():
        if answers:
            assert marks[learner] == {it: 0 if it in answers else points for it, points in lesson.points.items()}, learner


def test_identical_submissions_get_identical_marks(lesson, marks):
    same = [marks[it] for it in SAME]
    assert all(it == same[0] for it in same) and sum(same[0].values()) == len(lesson.points) - len(lesson.wrong)


def test_validate_tells_a_learner_before_the_teacher_does(lesson):
    for learner, is_right in (("solved", True), ("unsolved", False), ("wrong-all", False)):
        said = lesson.nbgrader("validate", str(lesson.submitted(learner)))
        assert ("Success" in said) == is_right and ("VALIDATION FAILED" in said) != is_right, said


def test_feedback_says_the_slip_and_the_score(lesson):
    feedback = {it: lesson.feedback(it).read_text(encoding="utf-8") for it in ("solved", "unsolved", "wrong-all")}
    points = len(lesson.points)
    for learner, score in (("solved", points), ("unsolved", 0), ("wrong-all", points - len(lesson.wrong))):
        assert f"(Score: {score:.1f} / {points:.1f})" in feedback[learner]
    assert "CheckFailed" in feedback["wrong-all"] and "CheckFailed" not in feedback["solved"]
    slip = {"01": "これは絶対値です", "05": "学習率を上げると、雑音による揺れも大きくなります"}[lesson.lesson]
    assert slip in feedback["wrong-all"]
