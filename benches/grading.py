"""Times nbgrader on a class's submissions of the exercises of lesson 1: autograde, then feedback.

usage: python benches/grading.py [--students 40] [--akari target/release/akari]

Needs what tests/clients/requirements.txt names. AKARI_HOME says where the prelude is. Every third submission is wrong in
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

from test_nbgrader import LESSON, POINTS, UNSOLVED, WRONG, Course, source  # noqa: E402


def answers(number):
    if number % 10 == 9:
        return UNSOLVED
    return {"loss": WRONG["loss"]} if number % 3 == 0 else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--akari", default="target/release/akari")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/prefix"
        subprocess.run([args.akari, "install", "--prefix", prefix], check=True, capture_output=True)
        os.environ["JUPYTER_PATH"] = f"{prefix}/share/jupyter"
        course = Course(Path(folder) / "course")
        course.assign(source())
        for number in range(args.students):
            course.submit(f"s{number:03}", answers(number))
        for step in ("autograde", "generate_feedback"):
            begin = time.perf_counter()
            course.nbgrader(step, LESSON)
            print(f"{step} of {args.students} students: {time.perf_counter() - begin:.1f} s", flush=True)
        for number, (_, marks) in enumerate(sorted(course.marks().items())):
            wrong = answers(number)
            assert marks == {name: 0 if name in wrong else points for name, points in POINTS.items()}, marks


if __name__ == "__main__":
    main()
