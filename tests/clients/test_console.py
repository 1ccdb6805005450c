"""`jupyter console`, typed into as a learner types: lines without a semicolon, functions over several lines."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONSOLE = str(Path(sys.executable).with_name("jupyter-console"))


class Console:
    """A console in a terminal of its own."""

    def __init__(self, folder):
        self.terminal, theirs = pty.openpty()
        environment = dict(os.environ, TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1", IPYTHONDIR=str(folder), COLUMNS="120", LINES="40")
        self.process = subprocess.Popen([CONSOLE, "--kernel", "akari"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
        os.close(theirs)
        self.seen = ""
        self.wait(r"In \[.*1.*\]")

    def read(self):
        if select.select([self.terminal], [], [], 0.1)[0]:
            text = os.read(self.terminal, 1 << 16).decode(errors="replace")
            self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Z0-9]?", "", text)

    def wait(self, pattern, timeout=60):
        end = time.monotonic() + timeout
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end, self.seen
            self.read()
        self.seen = ""

    def type(self, text):
        os.write(self.terminal, text.encode())

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.terminal)


@pytest.fixture
def console(installed, tmp_path):
    console = Console(tmp_path)
    yield console
    console.end()


def test_a_let_needs_no_semicolon_and_a_function_takes_lines(console):
    console.type("let a = 1\r")
    console.wait(r"In \[2\]")
    console.type("a + 41\r")
    console.wait(r"Out\[2\].*42")
    console.type("fn twice(x: i32) -> i32 {\r")
    console.wait(r"\.\.\.")
    console.type("x * 2\r}\r")
    console.wait(r"In \[4\]")
    console.type("twice(a + 20)\r")
    console.wait(r"Out\[4\].*42")


def test_tab_completes(console):
    console.type("let rate = 0.1\r")
    console.wait(r"In \[2\]")
    console.type("rat\t")
    console.wait(r"rate")
    console.type(" * 10.0\r")
    console.wait(r"Out\[2\].*1\.0")
