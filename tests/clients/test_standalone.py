"""A program that was installed away from its checkout needs the checkout no more."""

import os
from pathlib import Path

import nbformat

from apart import BINARY, CHECKOUT, built, in_own_tmp, needs_own_tmp, needs_root

LESSON = "notebooks/en/01-activations-losses-optimizers.ipynb"

# The checkout is gone in there; the built prelude is to be had under another name, as a class has it.
GONE = f"""
mkdir -p /tmp/bin /tmp/shared /tmp/user
cp "$AKARI" /tmp/bin/akari
mount --bind '{{built}}' /tmp/shared
mount -t tmpfs tmpfs '{CHECKOUT}'
cd /tmp/user
"""


def alone(script, **others):
    """Runs a script where the checkout is gone, as a user with a home and a cache that are empty."""
    env = {"AKARI_HOME": "/tmp/home", "AKARI_SHARED": "/tmp/shared", "XDG_DATA_HOME": "/tmp/data", **others}
    # The Jupyter on PATH may be the tests' own, which is gone too.
    gone = GONE.format(built=built())
    return in_own_tmp(gone + script, env, timeout=300, size="1g")


@needs_root
@needs_own_tmp
def test_installed_program_runs_cells_without_its_checkout(tmp_path):
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(it) for it in ("let x = tensor!([1.0, 2.0]);", "x")]
    script = f"""
    test ! -e '{CHECKOUT}/Cargo.toml'
    cat > cells.ipynb <<'END'
{nbformat.writes(book)}
END
    /tmp/bin/akari run cells.ipynb
    /tmp/bin/akari install --prefix /tmp/prefix
    grep -c /tmp/bin/akari /tmp/prefix/share/jupyter/kernels/akari/kernel.json
    ls /tmp/home/sources/*/src/lib.rs
    /tmp/bin/akari run /tmp/home/sources/*/{LESSON} --check | tail -1
    /tmp/bin/akari export cells.ipynb /tmp/program
    rm -r /tmp/home/sources
    grep 'path = "akari"' /tmp/program/Cargo.toml
    grep -c 'name = "akari"' /tmp/program/Cargo.lock
    ls /tmp/program/akari/src/lib.rs /tmp/program/akari/kernel/seam/src/lib.rs
    cd /tmp/program
    cargo metadata --offline --locked --format-version 1 > /dev/null
    """
    run = alone(script)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "tensor([1., 2.])" in run.stdout
    # Found in the shared cache, since equal sources have equal names wherever they are: nothing was built.
    assert "building the prelude" not in run.stderr, run.stderr


@needs_root
@needs_own_tmp
def test_carried_sources_are_mended():
    script = """
    /tmp/bin/akari install --prefix /tmp/prefix > /dev/null
    cd /tmp/home/sources/*
    rm Cargo.lock; echo broken > src/lib.rs
    /tmp/bin/akari install --prefix /tmp/prefix > /dev/null
    cmp Cargo.lock /tmp/home/sources/*/Cargo.lock || cd /tmp/home/sources/*
    test -s Cargo.lock && ! grep -q broken src/lib.rs && ls -A /tmp/home/sources
    """
    run = alone(script)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(run.stdout.split()) == 1, run.stdout


def test_program_of_the_checkout_unpacks_nothing(tmp_path):
    assert Path(BINARY).resolve().is_relative_to(CHECKOUT)
    from apart import akari

    run = akari("doctor", env={"AKARI_HOME": str(tmp_path / "home")})
    assert not (tmp_path / "home" / "sources").exists(), run.stdout + os.linesep + run.stderr
