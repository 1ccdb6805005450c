"""A class on the real JupyterHub: several users of the machine, one shared build that is root's, a lesson at once.

`hub.py` does it in namespaces of its own, so that no account, home or file of this machine is touched.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from apart import CHECKOUT, machine, needs_own_tmp, needs_root, seen_on

# The newest that Node 18 runs, which Debian 12 and Ubuntu 24.04 have.
PROXY = "configurable-http-proxy@4.6.3"
LEARNERS = ["hana", "kenji", "umask-mei", "readonly-sora"]
# More of them, for the figures in the documents: AKARI_TEST_LEARNERS=40, and `pytest -s` to see them.
LEARNERS += [f"learner-{number}" for number in range(len(LEARNERS), int(os.environ.get("AKARI_TEST_LEARNERS", 0)))]
LESSON = CHECKOUT / "notebooks" / "ja" / "01-activations-losses-optimizers.ipynb"

pytestmark = [needs_root, needs_own_tmp]


def proxy():
    """The hub's proxy, a program for Node; installed once under `target`."""
    folder = CHECKOUT / "target" / "clients-npm"
    program = folder / "node_modules" / ".bin" / "configurable-http-proxy"
    if not program.exists():
        npm = shutil.which("npm")
        assert npm, "npm is missing, which installs JupyterHub's proxy: `apt install nodejs npm`"
        subprocess.run([npm, "install", "--silent", "--prefix", str(folder), PROXY], check=True, timeout=600)
    return program


def lesson():
    # Keys lie beside the lesson, and these learners have its cells alone.
    exercises = {"exercise", "check", "hint", "solution-call"}
    cells = [it for it in nbformat.read(LESSON, as_version=4).cells if it.cell_type == "code"]
    cells = [it for it in cells if not exercises & set(it.metadata.get("tags", []))]
    printed = ["".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs) for cell in cells]
    return [it.source for it in cells], printed


@pytest.fixture(scope="module")
def class_(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    node = Path(shutil.which("node") or pytest.fail("node is missing, which runs JupyterHub's proxy: `apt install nodejs`"))
    settings = {**machine(LEARNERS, node.resolve()), "proxy": str(proxy()), "cells": lesson()[0]}
    seen = seen_on(settings, "hub.py", folder)
    assert not any("error" in it for it in seen["seen"].values()), f"{seen['seen']}\n{seen['log']}"
    return seen


DOCTOR = [
    r"the entry /usr/local/share/jupyter/kernels/akari starts /",
    r"what all share is in /srv/akari$",
    r"^\d+ cores; [\d.]+ GB of [\d.]+ GB",
    r"a kernel takes \d+ MB .* each further one (\d+) MB",
    r"^(\d+) learners fit",
    r"takes [\d.]+ s; if \d+ learners",
]


def test_doctor_says_how_many_learners_fit(class_):
    text = class_["said"]["doctor"]
    print(text)
    found = [re.search(it, text, re.MULTILINE) for it in DOCTOR]
    assert all(found), text
    # A learner's kernel takes what it took in the class, and the compiler that waits for the next cell.
    assert 5 <= int(found[3][1]) <= 60 and int(found[4][1]) > 0, text
    japanese = class_["said"]["doctor of a learner"]
    assert "全員で共有するものは /srv/akari にあります" in japanese and "人まで" in japanese, japanese


@pytest.fixture(params=LEARNERS)
def learner(class_, request):
    return class_["seen"][request.param]


def test_one_command_has_set_up_the_machine(class_):
    assert "/srv/akari" in class_["said"]["install"] and "/srv/akari" in class_["said"]["uninstall"]
    env = class_["spec"]["env"]
    assert env["AKARI_SHARED"] == "/srv/akari" and Path(env["RUSTC"]).name == "rustc" and "AKARI_HOME" not in env


def test_each_learner_sees_what_the_lesson_says(learner):
    printed = lesson()[1]
    for (status, text), expected in zip(learner["lesson"], printed, strict=True):
        assert status == "ok" and text == expected


def test_nobody_compiles_what_was_compiled_ahead(learner):
    # A home that can't be written to keeps none.
    assert learner["compiled"] == []


def test_each_learner_compiles_a_cell_of_their_own(learner):
    status, text = learner["tries"][0]
    assert (status, [text]) == ("ok", learner["new"])


def test_nobody_writes_what_is_shared(learner):
    assert learner["tries"][1] == ["ok", "true\n"]


def test_home_may_be_read_only_and_tmp_private(class_):
    for name, seen in class_["seen"].items():
        assert seen["tries"][2] == ["ok", "false\n" if "readonly" in name else "true\n"], name
        assert seen["tries"][3] == ["ok", "0\n"], name


def test_kernel_takes_at_most_30_megabytes_after_the_lesson(class_):
    for name, seen in class_["seen"].items():
        taken = ", ".join(f"{kind} {value:.1f} MB" for kind, value in seen["memory"].items() if "processes" not in kind)
        print(f"{name}: server and kernel {seen['start']:.1f} s, lesson {seen['seconds']:.2f} s; {taken}")
    for name, seen in class_["seen"].items():
        # The kernel itself, and the process that runs its cells.
        assert seen["memory"]["kernel processes"] == 2 and 1 < seen["memory"]["kernel"] <= 30, name
