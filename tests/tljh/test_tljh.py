"""The page on The Littlest JupyterHub: what it says is done on such a machine, and learners find the kernel. `run` starts it."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests" / "clients"))

from apart import machine, needs_own_tmp, needs_root, seen_on  # noqa: E402 - their folder is named above
from test_hub import lesson, proxy  # noqa: E402

pytestmark = [needs_root, needs_own_tmp]

NAMES = ["hana", "kenji"]


def page():
    """The files that the page has its reader write, and the commands that it has root run."""
    text = (CHECKOUT / "classroom" / "README.md").read_text(encoding="utf-8")
    section = text.split("## The Littlest JupyterHub")[1].split("\n## ")[0]
    (path,) = re.findall(r"`(/opt/tljh/config/\S+\.py)`", section)
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return {path: code}, re.findall(r"^# (.+)$", re.sub(r"```python.*?```", "", section, flags=re.DOTALL), re.MULTILINE)


@pytest.fixture(scope="module")
def class_(tmp_path_factory):
    place = Path(os.environ["AKARI_TLJH"])
    files, commands = page()
    node = Path(shutil.which("node"))
    settings = {
        **machine([], node.resolve(), place),
        "environments": str(place), "proxy": str(proxy()), "files": files, "commands": commands, "names": NAMES, "cells": lesson()[0],
    }  # fmt: skip
    return seen_on(settings, "../tljh/machine.py", tmp_path_factory.mktemp("tljh"))


def test_page_says_how_to_set_up_and_reload(class_):
    commands = page()[1]
    assert commands[0] == "akari install --system" and commands[-1] == "tljh-config reload"
    assert "/srv/akari" in class_["said"][0] and "Hub reload with new configuration complete" in class_["said"][-1]
    assert "learners fit" in class_["said"][commands.index("akari doctor --classroom")]


def test_servers_rest_as_long_as_the_page_says(class_):
    (command,) = class_["culler"]
    assert "--timeout=3600" in command


@pytest.mark.parametrize("name", NAMES)
def test_learner_runs_the_lesson(class_, name):
    seen = class_["seen"][name]
    print(f"{name}: {seen['seconds']:.2f} s")
    assert "akari" in seen["kernels"]
    assert [it[1] for it in seen["lesson"]] == lesson()[1] and {it[0] for it in seen["lesson"]} == {"ok"}


@pytest.mark.parametrize("name", NAMES)
def test_learner_is_what_the_page_says(class_, name):
    seen = class_["seen"][name]
    others = NAMES.index(name) > 0
    expected = [seen["number"] * 2, "true", 'Ok("off") Ok("/srv/akari")', f"jupyter-{name}", "NoNewPrivs:\t1", str(others).lower()]
    assert [it[1] for it in seen["tries"]] == [f"{it}\n" for it in expected]
    assert seen["home"][-1] == "0"
    assert seen["properties"]["MemoryMax"] == str(1 << 30) and "PrivateTmp" not in seen["properties"]
