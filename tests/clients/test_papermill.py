"""papermill itself, with parameters for a notebook in Rust."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CHECKOUT
from test_cli import notebook

PAPERMILL = [str(Path(sys.executable).with_name("papermill")), "--no-progress-bar", "-k", "akari"]


@pytest.fixture
def run(tmp_path):
    """Runs papermill on cells, of which the first has the tag `parameters`, and returns the outputs' text."""

    def execute(cells, *options, check=True):
        path = notebook(tmp_path / "in.ipynb", *cells)
        content = json.loads(path.read_text(encoding="utf-8"))
        first = next(it for it in content["cells"] if it["cell_type"] == "code")
        first["metadata"]["tags"] = ["parameters"]
        path.write_text(json.dumps(content), encoding="utf-8")
        out = tmp_path / "out.ipynb"
        done = subprocess.run([*PAPERMILL, *options, str(path), str(out)], capture_output=True, text=True, timeout=120, env=os.environ)
        if check:
            assert done.returncode == 0, done.stderr
        cells = json.loads(out.read_text(encoding="utf-8"))["cells"] if out.exists() else []
        text = "".join("".join(it.get("text", "")) for cell in cells for it in cell.get("outputs", []))
        return done, text

    return execute


DEFAULTS = 'let lr: f32 = 0.05;\nlet epochs: usize = 3;\nlet name = "sgd".to_string();\nlet sizes = vec![8usize];\nlet mut log = false;'
USE = 'let x = tensor!([1.0]);\nshow!(t!(x * lr));\nlog |= false;\nshow!(vec![0; epochs].len(), name.clone() + "!", sizes.len(), log);'


def test_parameters_take_the_place_of_the_notebooks_own(run):
    _, text = run([DEFAULTS, USE])
    assert text == "tensor([0.0500])\n3 sgd! 1 false\n"
    _, text = run([DEFAULTS, USE], "-l", "python", "-p", "lr", "1", "-p", "epochs", "7", "-p", "name", 'ad"am\\灯', "-y", "sizes: [1, 2, 3]\nlog: true")
    assert text == 'tensor([1.])\n7 ad"am\\灯! 3 true\n'


def test_new_names_and_other_types(run):
    _, text = run(["let a = 1;", "show!(a, b, c);"], "-l", "python", "-p", "a", "0.25", "-p", "b", "-3", "-p", "c", "word")
    assert text == "0.25 -3 word\n"


def test_what_has_no_counterpart_is_an_error_of_its_cell(run):
    done, _ = run(["let a = 1;", "show!(a);"], "-l", "python", "-y", "a: {b: 1}", check=False)
    assert done.returncode == 1 and "a = {" in done.stderr


def test_the_package_tells_papermill_of_the_kernel(run, tmp_path, monkeypatch):
    done, _ = run([DEFAULTS, USE], "-p", "lr", "1", check=False)
    assert "No parameter translator" in done.stderr
    package = CHECKOUT / "python" / "akari-jupyter"
    source = tmp_path / "source"
    shutil.copytree(package, source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "packages"), str(source)]
    subprocess.run(install, check=True, timeout=120)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    _, text = run([DEFAULTS, USE], "-p", "lr", "1")
    assert text == "tensor([1.])\n3 sgd! 1 false\n"
