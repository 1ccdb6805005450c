"""nbconvert's scripts of notebooks for the Akari kernel: `jupyter nbconvert --to script lesson.ipynb` gives a Rust program.

`akari export` makes the program; it is found beside this Python, on PATH, by AKARI_BIN, or by the installed kernel.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbconvert.exporters import Exporter


class AkariExporter(Exporter):
    """The text of `main.rs`, as `akari export` writes it."""

    file_extension = ".rs"
    output_mimetype = "text/rust"
    export_from_notebook = "Rust program (Akari)"

    def from_notebook_node(self, nb, resources=None, **kw):
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        resources["output_extension"] = self.file_extension
        if nb.metadata.get("kernelspec", {}).get("name", "akari") != "akari":
            # Another kernel's Rust: its cells one after the other.
            return "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "code") + "\n", resources
        metadata = resources.get("metadata", {})
        name = metadata.get("name") or "notebook"
        # Files that cells name are looked for beside the notebook.
        folder = Path(metadata.get("path") or ".").resolve()
        return self.program(nb, name, folder), resources

    def program(self, nb, name, folder):
        """The program of a notebook in a folder."""
        path = folder / f"{name}.ipynb"
        if path.is_file() and self.is_same(path, nb):
            return self.run(path)
        # What was changed on its way here lies in a file of its own, for a moment.
        with tempfile.TemporaryDirectory(dir=folder if os.access(folder, os.W_OK) else None) as beside:
            path = Path(beside) / f"{name}.ipynb"
            nbformat.write(nb, path)
            return self.run(path)

    @staticmethod
    def is_same(path, nb):
        try:
            stored = nbformat.read(path, as_version=4)
        except (OSError, ValueError):
            return False
        return [it.source for it in stored.cells] == [it.source for it in nb.cells]

    def run(self, path):
        done = subprocess.run([program(), "export", str(path)], capture_output=True, text=True, encoding="utf-8")
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or "akari export failed")
        return done.stdout


def program():
    """The program `akari`."""
    if named := os.environ.get("AKARI_BIN"):
        return named
    beside = Path(sys.executable).with_name("akari")
    if beside.is_file():
        return str(beside)
    if found := shutil.which("akari"):
        return found
    try:
        folder = KernelSpecManager().get_kernel_spec("akari").resource_dir
    except NoSuchKernel:
        raise RuntimeError("the program `akari` was not found; put it on PATH, or name it by AKARI_BIN") from None
    return json.loads((Path(folder) / "kernel.json").read_text(encoding="utf-8"))["argv"][0]
