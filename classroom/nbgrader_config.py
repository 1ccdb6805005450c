"""nbgrader for notebooks in Rust (Akari): copy this file and autotests.yml to the folder of your course.

Tried with nbgrader 0.9.6; tests/clients/test_nbgrader.py runs it as it is here.
"""

import os

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

c = get_config()  # noqa: F821 - nbgrader defines it

c.CourseDirectory.course_id = "akari"

STUB = "// STUB"


class SolutionsWithStubs(ClearSolutions):
    """Puts the lines `// STUB let y: Tensor = blank!();` of a solution in its place, where it has any."""

    def preprocess_cell(self, cell, resources, cell_index):
        text = cell.source
        # What nbgrader itself makes of it also says which marks are not in order.
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.cell_type == "code" and STUB in text:
            cell.source = self.with_stubs(text, self.code_stub[resources["language"]])
        return cell, resources

    def with_stubs(self, text, usual):
        lines, own = [], None
        for line in text.split("\n"):
            indent = line[: len(line) - len(line.lstrip())]
            if self.begin_solution_delimeter in line:
                own = []
            elif self.end_solution_delimeter in line:
                lines += [(indent + it).rstrip() for it in own or usual.split("\n")]
                own = None
            elif own is None:
                lines.append(line)
            elif line.lstrip().startswith(STUB):
                own.append(line.lstrip().removeprefix(STUB).removeprefix(" "))
        return "\n".join(lines)


c.GenerateAssignment.preprocessors = [
    SolutionsWithStubs if it is ClearSolutions else it for it in GenerateAssignment.preprocessors.default()
]

# What stands in place of a solution without a stub of its own. nbgrader has stubs for Python, R and others, but none for
# Rust, and takes the language from the notebook. `todo!()` fits any type, and is an error where it runs, so that it
# earns nothing.
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
