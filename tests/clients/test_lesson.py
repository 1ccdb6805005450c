"""The lesson: each notebook's cells print what the text beside them promises."""

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CHECKOUT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").rglob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if not path.stem.startswith("gallery")]


def lesson():
    """The cells of the lesson: another project's facts if they are there, else our own."""
    beside = CHECKOUT.parent / "shared" / "lesson" / "cells.json"
    path = Path(os.environ["AKARI_LESSON"]) if "AKARI_LESSON" in os.environ else beside
    if not path.exists() and "AKARI_LESSON" not in os.environ:
        path = CHECKOUT / "tests" / "lesson" / "cells.json"
    for cell in json.loads(path.read_text())["cells"]:
        yield pytest.param(cell["rust"], cell["expected"], id=cell["id"])
        if "erratum_rust" in cell:
            yield pytest.param(cell["erratum_rust"], cell["erratum_expected"], id=f"{cell['id']}-erratum")


def text_of(outputs):
    """What a reader sees below the cell, as text."""
    texts = [it["text"] if it["output_type"] == "stream" else it["data"].get("text/plain", "") for it in outputs]
    return "".join(texts)


def test_there_are_notebooks():
    assert NOTEBOOKS, "no notebook under notebooks/"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[str(it.relative_to(CHECKOUT)) for it in NOTEBOOKS])
def test_jupyterlab_finds_its_own_words_in_a_notebook(session, path):
    """Otherwise it writes them there, and asks to save what nobody has changed."""
    info = session.reply(session.client.kernel_info())["content"]["language_info"]
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    info["version"] = re.search(r'channel = "(.*)"', (CHECKOUT / "rust-toolchain.toml").read_text())[1]
    assert metadata["language_info"] == info
    assert metadata["kernelspec"] == {"display_name": "Rust (Akari)", "language": "rust", "name": "akari"}


@pytest.mark.parametrize("path", LESSONS, ids=[str(it.relative_to(CHECKOUT)) for it in LESSONS])
def test_notebook(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    promised = {it.id: it.source for it in notebook.cells if it.id.endswith("-expected")}
    NotebookClient(notebook, kernel_name="akari", timeout=120, allow_errors=False).execute()
    compared = 0
    for cell in (it for it in notebook.cells if it.cell_type == "code"):
        streams = {it["name"] for it in cell.outputs if it["output_type"] == "stream"}
        assert "stderr" not in streams, cell.id
        if f"{cell.id}-expected" in promised:
            block = re.search(r"```text\n(.*?)\n?```", promised.pop(f"{cell.id}-expected"), re.DOTALL)
            assert block, f"{cell.id}-expected has no ```text block"
            assert text_of(cell.outputs).rstrip("\n") == block[1].rstrip("\n"), cell.id
            compared += 1
    assert compared > 0 and not promised, f"texts without a cell: {sorted(promised)}"


@pytest.mark.parametrize(("code", "expected"), list(lesson()))
def test_cell_of_the_lesson(session, code, expected):
    run = session.ok(code)
    assert run.stream() == expected
    assert run.stream("stderr") == ""


def test_all_cells_of_the_lesson_in_one_session(session):
    for cell in lesson():
        code, expected = cell.values
        assert session.ok(code).stream() == expected, cell.id
