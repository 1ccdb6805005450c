"""Hidden tests on the machine of a class, in namespaces of its own (`hub.settle`); prints what each user saw as JSON.
`test_hidden.py` starts it as root.

usage: python hidden_class.py SETTINGS.json (see `Settings`)
"""

import json
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from hub import HOME, SYSTEM, Machine, akari, run_as, settle

LESSON = "09-hidden.ipynb"
TEACHER, LEARNER, CAREFUL, OPEN = "sensei", "hana", "umask-mei", "group-sora"
UMASK = {CAREFUL: 0o077, OPEN: 0o002}


@dataclass
class Settings(Machine):
    """A lesson with its hidden tests' source, and no library."""

    lesson: str
    """The cells of notebooks that learners run, by their names."""
    answers: dict
    """The name of the library."""
    library: str


class Class:
    def __init__(self, settings):
        self.settings = settings
        spec = json.loads((SYSTEM / "share/jupyter/kernels/akari/kernel.json").read_text())
        # A learner's kernel is started with these.
        self.shared = {**spec["env"], "AKARI_LANG": "en"}

    def hide(self, folder, user=None, umask=0o022, env=None):
        """Compiles the library of a lesson in a folder."""
        command = [self.settings.akari, "lesson", "hide", folder / "en" / LESSON]
        run = run_as(user, command, umask=umask, **(env or self.shared))
        assert run.returncode == 0, run.stdout + run.stderr

    def teachers(self, folder):
        """The teacher's files, with the learners' notebooks beside the lesson."""
        shutil.copytree(self.settings.lesson, folder)
        for name, cells in self.settings.answers.items():
            book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "akari", "display_name": "x", "language": "rust"}})
            book.cells = [nbformat.v4.new_code_cell(it) for it in cells]
            nbformat.write(book, folder / "en" / f"{name}.ipynb")
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", folder], check=True)
        return folder

    def handed_out(self, teachers, folder):
        """What of it learners get."""
        shutil.copytree(teachers, folder, ignore=shutil.ignore_patterns("hidden"))
        folder.chmod(0o755)
        return folder

    def tries(self, user, folder, before=(), env=None):
        """What each of the learners' notebooks shows to a user in a folder."""
        seen = {}
        for name in self.settings.answers:
            command = [self.settings.akari, "run", folder / "en" / f"{name}.ipynb"]
            run = run_as(user, command, umask=UMASK.get(user, 0o022), before=before, **(env or self.shared))
            seen[name] = run.stdout + run.stderr
        return seen

    def copied(self, user, folder):
        """A copy in a folder of the user's own."""
        copy = Path(pwd.getpwnam(user).pw_dir) / folder.name
        command = ["sh", "-ec", 'mkdir "$2" && cp -r "$1/." "$2"', "sh", folder, copy]
        run = run_as(user, command, umask=UMASK.get(user, 0o022))
        assert run.returncode == 0, run.stderr
        return copy


def read_only(folder):
    """What runs a command where a folder can't be written."""
    return ["unshare", "--mount", "sh", "-ec", f'mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}; exec "$@"', "sh"]


def main():
    settings = Settings(**json.loads(Path(sys.argv[1]).read_text()))
    settle(settings)
    akari(settings, "install", "--system", RUSTC=settings.rustc)
    class_ = Class(settings)
    seen = {}

    teachers = class_.teachers(Path("/srv/teachers"))
    class_.hide(teachers)
    course = class_.handed_out(teachers, Path("/srv/course"))
    teachers.chmod(0o700)
    for user in settings.learners:
        seen[f"root's folder: {user}"] = class_.tries(user, course)
        seen[f"own copy: {user}"] = class_.tries(user, class_.copied(user, course))
    home = Path(pwd.getpwnam(LEARNER).pw_dir)
    seen["read-only home"] = class_.tries(LEARNER, home / "course", before=read_only(home))

    closed = class_.handed_out(teachers, Path("/srv/closed"))
    (closed / "en" / settings.library).chmod(0o600)
    seen["closed library"] = class_.tries(LEARNER, closed)

    # A teacher without rights, whose files others may read.
    own = Path(pwd.getpwnam(TEACHER).pw_dir)
    own.chmod(0o755)
    lesson = class_.teachers(own / "lesson")
    subprocess.run(["chown", "-R", TEACHER, lesson], check=True)
    class_.hide(lesson, TEACHER, umask=0o077)
    seen["teacher's folder: teacher"] = class_.tries(TEACHER, lesson)
    seen["teacher's folder"] = class_.tries(LEARNER, lesson)
    seen["teacher's folder, copied"] = class_.tries(LEARNER, class_.copied(LEARNER, lesson))

    # Another home with the same prelude, and nothing shared.
    other = Path("/srv/other")
    shutil.copytree(HOME / "prelude", other / "prelude")
    alone = {**class_.shared, "AKARI_HOME": str(other), "AKARI_SHARED": ""}
    elsewhere = class_.teachers(Path("/srv/elsewhere"))
    class_.hide(elsewhere, env=alone)
    seen["made in another home"] = class_.tries(LEARNER, elsewhere)
    mine = home / "akari"
    shutil.copytree(HOME / "prelude", mine / "prelude")
    subprocess.run(["chown", "-R", LEARNER, mine], check=True)
    seen["used in another home"] = class_.tries(LEARNER, course, env={**alone, "AKARI_HOME": str(mine)})
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
