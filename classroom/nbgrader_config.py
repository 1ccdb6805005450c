"""nbgrader for notebooks in Rust (Akari): copy this file and autotests.yml to the folder of your course.

Tried with nbgrader 0.9.6; tests/clients/test_nbgrader.py runs it as it is here.
"""

import os

c = get_config()  # noqa: F821 - nbgrader defines it

c.CourseDirectory.course_id = "akari"

# What stands in place of a solution. nbgrader has stubs for Python, R and others, but none for Rust, and takes
# the language from the notebook. `todo!()` fits any type, and is an error where it runs, so that it earns nothing.
c.ClearSolutions.code_stub = {"rust": "todo!()", "python": "raise NotImplementedError()"}
c.ClearSolutions.text_stub = "ここに解答を書いてください (write your answer here)"

# The answers of `// AUTOTEST x; y` lines are filled in from autotests.yml. These two go by the kernel's name.
c.InstantiateTests.comment_strs = {"akari": "//", "python3": "#"}
c.InstantiateTests.sanitizers = {"akari": lambda text: text, "python3": lambda text: text}

# A cell that nobody has compiled takes a second, and training some more; a loop without end takes this long, and
# then earns nothing. A kernel of a machine that is set up is there in a moment; the rest is for a busy one.
c.Execute.timeout = 60
c.Execute.startup_timeout = 120

# Submissions are run as whoever grades. Their cells are nothing to remember, and nobody presses Tab.
os.environ.setdefault("AKARI_HISTORY", "off")
os.environ.setdefault("AKARI_ANALYSER", "off")
