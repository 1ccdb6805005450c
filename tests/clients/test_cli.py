"""The command line: what it prints, its exit codes, and that nothing is left half written."""

import json
import os
import stat
import subprocess
from pathlib import Path

import nbformat
import pytest

from apart import environment, in_own_tmp, needs_own_tmp

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


def is_notebook(text):
    return nbformat.reads(text, as_version=4).cells[0].outputs[0].text == "one\n"


@pytest.fixture
def full(tmp_path):
    """A device like /dev/full, which the tests of a broken program may spoil."""
    path = tmp_path / "full"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7))
        path.open("wb").close()
    except OSError as error:
        pytest.skip(f"no devices can be made here: {error}")
    return path


def test_f21_device_is_written_into_and_stays_one(tmp_path, full):
    """It was replaced by a file, and with it that of the whole machine."""
    link = tmp_path / "link"
    link.symlink_to(full)
    for output in (full, link):
        run = akari("run", notebook(tmp_path / "a.ipynb", 'println!("one");'), "--output", output)
        assert run.returncode == 2 and "No space left" in run.stderr.replace("no storage space", "No space left")
        assert stat.S_ISCHR(full.lstat().st_mode) and link.is_symlink()
    assert sorted(it.name for it in tmp_path.iterdir()) == ["a.ipynb", "full", "link"]


def test_f21_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    try:
        run = akari("run", notebook(tmp_path / "a.ipynb", 'println!("one");'), "--output", pipe)
        assert run.returncode == 0, run.stderr
        assert is_notebook(reader.communicate(timeout=30)[0])
        assert stat.S_ISFIFO(pipe.lstat().st_mode)
    finally:
        reader.kill()


@pytest.mark.parametrize("name", ["stdout", "/proc/self/fd/1"])
def test_f21_standard_output_is_written_into(tmp_path, name):
    """Be it a pipe or a file: what was printed before stays before it."""
    if name == "stdout":
        # As /dev/stdout, which a broken program would take from the whole machine.
        name = tmp_path / "stdout"
        name.symlink_to("/proc/self/fd/1")
    path = notebook(tmp_path / "a.ipynb", 'println!("one");')
    run = akari("run", path, "--output", name)
    assert run.returncode == 0, run.stderr
    assert not (tmp_path / "stdout").exists() or (tmp_path / "stdout").is_symlink()
    printed, text = run.stdout[:4], run.stdout[4:]
    assert printed == "one\n" and is_notebook(text)
    with open(tmp_path / "out", "w") as out:
        binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
        subprocess.run([binary, "run", path, "--output", name], stdout=out, check=True, timeout=300)
    assert (tmp_path / "out").read_text() == run.stdout


@needs_own_tmp
@pytest.mark.parametrize("harm", ["mount -o remount,ro /tmp", "head -c 1m /dev/zero > /tmp/rest 2>/dev/null || true"])
def test_f21_file_on_a_disk_that_takes_no_more_is_as_it_was(tmp_path, harm):
    text = notebook(tmp_path / "a.ipynb", 'println!("one");', "2;" * 9000).read_text()
    script = (
        'printf %s "$NOTEBOOK" > /tmp/a.ipynb; mkdir /tmp/disk; mount -t tmpfs -o size=160k tmpfs /tmp/disk\n'
        f"echo old > /tmp/disk/b.ipynb; {harm.replace('/tmp', '/tmp/disk')}\n"
        '"$AKARI" run /tmp/a.ipynb --output /tmp/disk/b.ipynb || echo failed\n'
        "cat /tmp/disk/b.ipynb; ls -A /tmp/disk | grep -v rest"
    )
    run = in_own_tmp(script, environment("/tmp/home", NOTEBOOK=text), timeout=120)
    assert run.stdout.endswith("failed\nold\nb.ipynb\n"), run.stdout + run.stderr
    assert "could not write `/tmp/disk/b.ipynb`" in run.stderr


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


def test_what_the_program_says_is_in_the_users_language(tmp_path):
    japanese = {"AKARI_LANG": "ja"}
    installed = akari("install", "--prefix", tmp_path, env=japanese)
    assert installed.stdout.strip().endswith("にインストールしました"), installed.stdout + installed.stderr
    path = notebook(tmp_path / "a.ipynb", 'panic!("x")', "1")
    said = akari("run", path, env=japanese).stderr.splitlines()[-1]
    assert said == f"akari: `{path}` のコードセル 1（全 2 個）でエラーが発生しました。その後の1個のセルは実行していません"
    missing = akari("lab", tmp_path / "none", env=japanese)
    assert missing.stderr.strip() == f"akari: フォルダー `{tmp_path}/none` がありません"


def test_install_compiles_the_lessons(tmp_path):
    home = Path(os.environ["AKARI_HOME"])
    assert akari("install", "--prefix", tmp_path).returncode == 0
    assert list((home / "cells").glob(".lesson-*"))


def test_install_makes_the_index_of_names(tmp_path):
    preludes = Path(os.environ["AKARI_HOME"]) / "prelude"
    for index in preludes.glob("*/index.json"):
        index.unlink()
    assert akari("install", "--prefix", tmp_path).returncode == 0
    assert list(preludes.glob("*/index.json"))


def test_doctor_names_the_cure(tmp_path):
    env = {"JUPYTER_DATA_DIR": str(tmp_path), "AKARI_HOME": str(tmp_path / "home")}
    run = akari("doctor", env=env)
    assert "ok       toolchain" in run.stdout
    assert "mend it with: akari install" in run.stdout
    assert f"ok       log        {tmp_path / 'home' / 'akari.log'}, once there is something to say" in run.stdout


def test_what_goes_wrong_without_being_an_error_is_in_the_log(tmp_path):
    """Learners see stderr: it stays theirs."""
    path = notebook(tmp_path / "a.ipynb", "let logged = 1; logged")
    home = tmp_path / "home"
    env = {"AKARI_HOME": str(home), "AKARI_SHARED": os.environ["AKARI_HOME"]}
    assert akari("run", path, env=env).returncode == 0
    log = home / "akari.log"
    assert not log.exists()
    cells = [it for it in (home / "cells").rglob("*") if it.is_file()]
    for cell in cells:
        cell.write_bytes(b"damaged")
    run = akari("run", path, env=env)
    assert cells and run.returncode == 0 and "WARN" not in run.stderr, run.stderr
    assert "WARN" in log.read_text() and stat.S_IMODE(log.stat().st_mode) == 0o600
    assert f"ok       log        {log} (1 KB" in akari("doctor", env=env).stdout


@pytest.mark.parametrize("command", ["", "lab", "run", "install", "uninstall", "kernel", "doctor"])
def test_help(command):
    run = akari(*filter(None, [command]), "--help")
    assert run.returncode == 0 and "Usage: akari" in run.stdout
