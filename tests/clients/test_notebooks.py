"""Whole notebooks of the kind that people publish, run from top to bottom by nbclient.

Each has the outputs that its cells must give. `AKARI_WRITE_NOTEBOOKS=1` writes what they gave, to be
read before it is committed.
"""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
# A notebook with crates builds them first.
TIMEOUT = 900
COLORS = re.compile(r"\x1b\[[0-9;]*m")


def shown(outputs):
    """What a reader sees below a cell, without colours; of an error, its first line."""
    texts = []
    for output in outputs:
        if output["output_type"] == "stream":
            texts.append((output["name"], output["text"]))
        elif output["output_type"] == "error":
            texts.append((output["ename"], COLORS.sub("", output["evalue"])))
        else:
            texts += sorted(output["data"].items())
    return texts


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 7


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_runs_from_top_to_bottom(installed, path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    expected = [shown(cell["outputs"]) for cell in notebook.cells if cell.cell_type == "code"]
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, kernel_name="akari", timeout=TIMEOUT, resources=resources).execute()
    if os.environ.get("AKARI_WRITE_NOTEBOOKS"):
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(notebook, path)
    for cell, wanted in zip([it for it in notebook.cells if it.cell_type == "code"], expected, strict=True):
        assert shown(cell["outputs"]) == wanted, cell["source"]
