"""The command line: what it prints, its exit codes, and that nothing is left half written."""

import json
import os
import subprocess
from pathlib import Path

import nbformat
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LESSON = CHECKOUT / "notebooks" / "ja" / "01-activations-losses-optimizers.ipynb"


def akari(*arguments, env=None, cwd=None):
    binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
    return subprocess.run(
        [binary, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )


def notebook(path, *cells, kernel="akari"):
    """Writes a notebook; a cell is its code, or its code and its stored text."""
    new = nbformat.v4
    book = new.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": "x", "language": "rust"}})
    for code, *stored in (it if isinstance(it, tuple) else (it,) for it in cells):
        outputs = [new.new_output("stream", name="stdout", text=text) for text in stored]
        book.cells.append(new.new_code_cell(code, outputs=outputs, execution_count=1))
    nbformat.write(book, path)
    return path


def test_run_prints_outputs_and_changes_nothing(tmp_path):
    path = notebook(tmp_path / "灯り.ipynb", 'println!("灯り");', "let x = 2; x * 21")
    before = path.read_bytes()
    run = akari("run", path)
    assert run.returncode == 0, run.stderr
    assert "灯り\n" in run.stdout and "42" in run.stdout
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_run_writes_the_executed_notebook(tmp_path):
    path = notebook(tmp_path / "a.ipynb", 'println!("one");', "1 + 1")
    assert akari("run", path, "--output", tmp_path / "b.ipynb").returncode == 0
    book = nbformat.read(tmp_path / "b.ipynb", as_version=4)
    nbformat.validate(book)
    assert book.cells[0].outputs[0].text == "one\n"
    assert book.cells[1].outputs[0].data["text/plain"] == "2"
    assert [it.execution_count for it in book.cells] == [1, 2]


@pytest.mark.parametrize(("stored", "code"), [("one\n", 0), ("two\n", 1)])
def test_check_compares_with_what_is_stored(tmp_path, stored, code):
    path = notebook(tmp_path / "a.ipynb", ('println!("one");', stored))
    run = akari("run", path, "--check")
    assert run.returncode == code
    if code:
        assert "one" in run.stdout and "two" in run.stdout and "1 different" in run.stdout


def test_check_of_the_lesson():
    run = akari("run", LESSON, "--check")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 different" in run.stdout


def test_a_failed_cell_ends_the_run(tmp_path):
    path = notebook(tmp_path / "a.ipynb", "1", 'panic!("no");', 'println!("never");')
    run = akari("run", path, "--output", tmp_path / "b.ipynb")
    assert run.returncode == 1
    assert "code cell 2 of 3" in run.stderr and "never" not in run.stdout
    book = nbformat.read(tmp_path / "b.ipynb", as_version=4)
    assert book.cells[1].outputs[-1].output_type == "error" and not book.cells[2].outputs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no file"),
        ("hello", "is not a notebook"),
        ("{}", "is not a notebook"),
        ("[1, 2]", "is not a notebook"),
        (b"\xff\xfe", "is not a notebook"),
        (json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}, "cells": []}), "is for the kernel `python3`"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "bad.ipynb"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    run = akari("run", path, "--output", tmp_path / "out.ipynb")
    assert run.returncode == 2
    assert words in run.stderr and len(run.stderr.strip().splitlines()) == 1 and run.stdout == ""
    assert not (tmp_path / "out.ipynb").exists()


def test_output_that_cannot_be_written_is_said_before_anything_runs(tmp_path):
    path = notebook(tmp_path / "a.ipynb", 'println!("ran");')
    for output in (tmp_path / "nowhere" / "b.ipynb", tmp_path):
        run = akari("run", path, "--output", output)
        assert run.returncode == 2 and "ran" not in run.stdout
        assert len(run.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [("run", LESSON), ("install", "--prefix", "{tmp}/prefix")])
def test_without_a_toolchain(tmp_path, command):
    env = {"PATH": "/nowhere", "HOME": str(tmp_path), "CARGO_HOME": str(tmp_path), "RUSTUP_HOME": str(tmp_path)}
    run = akari(*(str(it).format(tmp=tmp_path) for it in command), env=env)
    assert run.returncode != 0
    assert "https://rustup.rs" in run.stderr and len(run.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "prefix").exists()


def test_with_a_cache_that_cannot_be_written():
    run = akari("run", LESSON, env={"AKARI_HOME": "/proc/nothing"})
    assert run.returncode != 0
    assert "AKARI_HOME" in run.stderr and len(run.stderr.strip().splitlines()) == 1


def test_install_and_uninstall(tmp_path):
    spec = tmp_path / "share" / "jupyter" / "kernels" / "akari"
    assert akari("install", "--prefix", tmp_path).returncode == 0
    kernel = json.loads((spec / "kernel.json").read_text())
    assert kernel["language"] == "rust" and Path(kernel["argv"][0]).is_file()
    assert akari("uninstall", "--prefix", tmp_path).returncode == 0
    assert not spec.exists()
    again = akari("uninstall", "--prefix", tmp_path)
    assert again.returncode == 1 and "is not installed" in again.stderr


def test_install_compiles_the_lessons(tmp_path):
    home = Path(os.environ["AKARI_HOME"])
    assert akari("install", "--prefix", tmp_path).returncode == 0
    assert list((home / "cells").glob(".lesson-*"))


def test_install_makes_the_index_of_names(tmp_path):
    preludes = Path(os.environ["AKARI_HOME"]) / "prelude"
    for index in preludes.glob("*/names.json"):
        index.unlink()
    assert akari("install", "--prefix", tmp_path).returncode == 0
    assert list(preludes.glob("*/names.json"))


def test_doctor_names_the_cure(tmp_path):
    env = {"JUPYTER_DATA_DIR": str(tmp_path), "AKARI_HOME": str(tmp_path / "home")}
    run = akari("doctor", env=env)
    assert "ok       toolchain" in run.stdout
    assert "mend it with: akari install" in run.stdout


@pytest.mark.parametrize("command", ["", "lab", "run", "install", "uninstall", "kernel", "doctor"])
def test_help(command):
    run = akari(*filter(None, [command]), "--help")
    assert run.returncode == 0 and "Usage: akari" in run.stdout
