"""Times nbgrader on a class's submissions: autograde, then feedback.

usage: python benches/grading.py [--students 40] [--lesson 01|05] [--akari target/release/akari]

Submissions are of three exercises with asserts, or of all `check!` cells of a shipped lesson (`--lesson`). Needs what tests/clients/requirements.txt names. AKARI_HOME says where the prelude is. Every third submission is wrong in
one exercise, and every tenth is not solved at all; their marks are checked.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "clients"))

import test_nbgrader as exercises  # noqa: E402
import test_nbgrader_lessons as lessons  # noqa: E402


class Asserts(exercises.Course):
    """The exercises with asserts."""

    points, unsolved = exercises.POINTS, exercises.UNSOLVED
    wrong = {"loss": exercises.WRONG["loss"]}

    def hand_out(self):
        self.assign(exercises.source())

    def hand_in(self, learner, answers):
        self.submit(learner, answers)


def answers(course, number):
    if number % 10 == 9:
        return course.unsolved
    return dict(list(course.wrong.items())[:1]) if number % 3 == 0 else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--lesson", choices=lessons.NOTEBOOKS)
    parser.add_argument("--akari", default="target/release/akari")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/prefix"
        subprocess.run([args.akari, "install", "--prefix", prefix], check=True, capture_output=True)
        os.environ["JUPYTER_PATH"] = f"{prefix}/share/jupyter"
        place = Path(folder) / "course"
        course = lessons.Lesson(place, args.lesson) if args.lesson else Asserts(place)
        course.hand_out()
        for number in range(args.students):
            course.hand_in(f"s{number:03}", answers(course, number))
        for step in ("autograde", "generate_feedback"):
            begin = time.perf_counter()
            course.nbgrader(step, course.lesson)
            print(f"{step} of {args.students} students: {time.perf_counter() - begin:.1f} s", flush=True)
        for number, (_, marks) in enumerate(sorted(course.marks().items())):
            given = answers(course, number)
            wrong = course.points if given is None else given
            assert marks == {name: 0 if name in wrong else points for name, points in course.points.items()}, marks


if __name__ == "__main__":
    main()
