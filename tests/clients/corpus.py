"""The sequences of cells in tests/cells, and what each cell must come to.

A file holds sequences. `//! name` begins one, `// %%` stands between its cells, and the last lines
of a cell say what it must do:

    //= text        a line of the last value's text
    //> text        a line of stdout
    //x E0382:2 words   a compile error: its code (`-` if it has none), its line, words of its text
    //x Panic:1 words   an error of the run: its name, its line (both engines: where it is known)

A cell with none of them succeeds and shows nothing. `\\r` in a cell stands for a carriage return.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

CELLS = Path(__file__).resolve().parents[1] / "cells"

COLORS = re.compile(r"\x1b\[[0-9;]*m")
PLACE = re.compile(r"cell \[\d+\], line (\d+)")
CODE = re.compile(r"^error\[(E\d+)\]", re.M)


@dataclass
class Fault:
    """An error: the compiler's code or the name of the run's error, and the line."""

    name: str
    line: int = None
    words: str = ""

    def __str__(self):
        line = "" if self.line is None else f":{self.line}"
        return f"{self.name}{line} {self.words}".strip()


@dataclass
class Result:
    """What a cell came to, or must come to."""

    stdout: str = ""
    value: str = None
    fault: Fault = None

    def __str__(self):
        parts = []
        if self.stdout:
            parts.append(f"stdout {self.stdout!r}")
        if self.value is not None:
            parts.append(f"value {self.value!r}")
        if self.fault:
            parts.append(f"error {self.fault}")
        return ", ".join(parts) or "nothing"


@dataclass
class Cell:
    code: str
    expected: Result


@dataclass
class Sequence:
    name: str
    cells: list = field(default_factory=list)

    @property
    def fails(self):
        return any(cell.expected.fault for cell in self.cells)

    @property
    def code(self):
        return "\n".join(cell.code for cell in self.cells)


def sequences(topics=None):
    """All sequences of the corpus, named `topic/name`."""
    found = []
    for path in sorted(CELLS.glob("*.cells")):
        if topics and path.stem not in topics:
            continue
        for part in re.split(r"(?m)^//! ", path.read_text(encoding="utf-8"))[1:]:
            name, _, body = part.partition("\n")
            cells = [cell(it) for it in re.split(r"(?m)^// %%\n", body)]
            found.append(Sequence(f"{path.stem}/{name.strip()}", cells))
    names = [it.name for it in found]
    assert len(names) == len(set(names)), {it for it in names if names.count(it) > 1}
    return found


def cell(text):
    code, stdout, value, fault = [], [], [], None
    for line in text.rstrip("\n").split("\n"):
        mark, rest = line[:3], line[4:]
        if mark == "//>":
            stdout.append(rest + "\n")
        elif mark == "//=":
            value.append(rest)
        elif mark == "//x":
            head, _, words = rest.partition(" ")
            name, _, number = head.partition(":")
            fault = Fault(name, int(number) if number else None, words)
        else:
            code.append(line)
    result = Result("".join(stdout), "\n".join(value) if value else None, fault)
    return Cell("\n".join(code).rstrip("\n").replace("\\r\n", "\r\n"), result)


def result(run):
    """What a cell came to, from a client's messages."""
    values = [it["data"].get("text/plain", "") for it in run.contents("execute_result")]
    shown = [it["data"].get("text/plain", "") for it in run.contents("display_data")]
    fault = None
    if run.status != "ok":
        text = COLORS.sub("", "\n".join(run.reply["traceback"]))
        name, evalue = run.reply["ename"], run.reply["evalue"]
        place = PLACE.search(evalue if name == "CompileError" else text)
        if name == "CompileError":
            code = CODE.search(evalue)
            name = code.group(1) if code else "-"
        fault = Fault(name, int(place.group(1)) if place else None, f"{evalue}\n{text}")
    return Result(run.stream() + "".join(f"{it}\n" for it in shown), "\n".join(values) or None, fault)


def is_as_expected(got, expected):
    """Whether our engine did what the corpus says."""
    if got.stdout != expected.stdout or got.value != expected.value:
        return False
    if expected.fault is None or got.fault is None:
        return expected.fault is got.fault
    return (
        got.fault.name == expected.fault.name
        and expected.fault.line in (None, got.fault.line)
        and plain(expected.fault.words) in plain(got.fault.words)
    )


def plain(text):
    """Without the lines and breaks of a drawn message."""
    return re.sub(r"[\s│·┆]+", " ", text)
