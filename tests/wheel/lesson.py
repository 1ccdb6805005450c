"""Runs a notebook with the kernel of this environment, which is not activated, and compares the outputs with the stored ones.

Usage: lesson.py NOTEBOOK [--nothing-is-built]. With the option, no message of the kernel may speak of a build, nor may one
have left anything in AKARI_HOME.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

# A build of the prelude takes some minutes.
MINUTES = 30


class Client(NotebookClient):
    """A client that keeps what it hears: the kernel's words about a build don't stay in the outputs."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.heard = []

    def process_message(self, message, *rest):
        self.heard.append(str(message["content"]))
        return super().process_message(message, *rest)


def text(outputs):
    return [it.get("text") or it.get("data", {}).get("text/plain") for it in outputs]


path, *options = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
stored = [cell.get("outputs", []) for cell in notebook.cells]
client = Client(
    notebook,
    kernel_name="akari",
    timeout=60 * MINUTES,
    startup_timeout=60 * MINUTES,
    resources={"metadata": {"path": str(Path(path).parent)}},
)
client.execute()
for cell, outputs in zip(notebook.cells, stored):
    assert text(cell.get("outputs", [])) == text(outputs), cell.source
assert any(stored) and client.heard
if "--nothing-is-built" in options:
    told = [it for it in client.heard if "building" in it or "waiting for another" in it]
    assert not told, told
    left = {it.name for it in Path(os.environ["AKARI_HOME"]).iterdir()}
    assert "cells" in left and not left & {"build", "build.log", "prelude"}, left
