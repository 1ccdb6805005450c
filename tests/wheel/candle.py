"""Adds a crate that uses candle, with the kernel of this environment: all of candle comes from the packed prelude.

Usage: candle.py PRELUDE. AKARI_HOME must be there; the crate is made in the current folder.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

MANIFEST = '[package]\nname = "own"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\ncandle-core = "0.11.1"\n'
SOURCE = "pub fn double(x: &candle_core::Tensor) -> candle_core::Result<candle_core::Tensor> { x + x }\n"


def crates(files):
    """The crates of files such as `liba_b-1f.rmeta`."""
    return {it.stem.rpartition("-")[0] for it in files}


(prelude,) = map(Path, sys.argv[1:])
own = Path("own").absolute()
(own / "src").mkdir(parents=True)
(own / "Cargo.toml").write_text(MANIFEST)
(own / "src" / "lib.rs").write_text(SOURCE)
cells = [f':dep own = {{ path = "{own}" }}', "own::double(&tensor!([1.0, 2.0]))?"]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(it) for it in cells])
NotebookClient(notebook, kernel_name="akari", timeout=600).execute()
said = notebook.cells[-1].outputs[-1]["data"]["text/plain"]
assert said == "tensor([2., 4.])", said
built = Path(os.environ["AKARI_HOME"])
packed = crates(prelude.glob("lib*.rmeta"))
wanted = packed & crates(built.glob("deps/*/target-*/release/deps/lib*.rmeta"))
# The kernel leaves such a mark beside each crate that it has handed over.
compiled = wanted - crates(built.glob("deps/*/target-*/release/deps/lib*.akari"))
assert "libcandle_core" in wanted, wanted
assert not compiled, compiled
