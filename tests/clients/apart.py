"""Homes of their own for tests, another user of the machine, and a /tmp that is nobody else's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from session import Session

CHECKOUT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
NOBODY = 65534

# What is started in there ends with it.
NAMESPACE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


def can_have_its_own_tmp():
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0


needs_own_tmp = pytest.mark.skipif(not can_have_its_own_tmp(), reason="no mount namespaces here")


def built():
    """The home with the built prelude, which other homes use as the shared one."""
    return Path(os.environ["AKARI_HOME"])


def prelude_of(home):
    """The folder of the newest built prelude."""
    return max((home / "prelude").iterdir(), key=lambda it: it.stat().st_mtime)


def environment(home, **others):
    return {"AKARI_HOME": str(home), "AKARI_SHARED": str(built()), **{k: str(v) for k, v in others.items()}}


def akari(*arguments, env, timeout=120, umask=-1, **options):
    """Runs `akari`; a command that hangs fails the test."""
    return subprocess.run(
        [BINARY, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        umask=umask,
        env={**os.environ, **env},
        **options,
    )


def notebook(path, *cells):
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "akari", "display_name": "x", "language": "rust"}})
    book.cells = [nbformat.v4.new_code_cell(it) for it in cells]
    nbformat.write(book, path)
    return path


def run_cells(folder, *cells, env, **options):
    """What the cells print, which must all end well."""
    run = akari("run", notebook(folder / "cells.ipynb", *cells), env=env, **options)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def entries(home):
    """Compiled cells in a home, the newest last."""
    found = [it for it in (home / "cells").glob("??/*") if not it.name.startswith(".")]
    return sorted(found, key=lambda it: it.stat().st_mtime_ns)


def as_nobody(code, *arguments):
    """Runs Python code as another user, who has no rights; its output, or its last line of stderr."""
    # The interpreter may lie where only its owner gets at it, so it gives up its rights itself.
    drop = f"import os, sys\nos.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    command = [sys.executable, "-c", drop + code, *map(str, arguments)]
    run = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60)
    return run.stdout if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def in_own_tmp(script, env, timeout=45, size="200m"):
    """Runs a shell script where /tmp is empty and nobody else's; `$AKARI` is the program."""
    mount = f"mount -t tmpfs -o mode=1777,size={size} tmpfs /tmp\n"
    return subprocess.run(
        [*NAMESPACE, "sh", "-ec", mount + script],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **env, "AKARI": BINARY, "TMPDIR": "/tmp"},
    )


def machine(learners, *needed):
    """The settings of a machine with learners, for a program in namespaces of its own (`hub.Machine`)."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    sysroot = Path(sysroot.stdout.strip())
    places = (sysroot, Path(sys.base_prefix), Path(sys.prefix), CHECKOUT, built(), *needed)
    return {
        "akari": BINARY,
        "built": str(built()),
        "rustc": str(sysroot / "bin" / "rustc"),
        "learners": learners,
        "needed": [str(it) for it in places],
    }


def seen_on(settings, program, folder):
    """What a program of this folder, as root of such a machine, prints as JSON in its last line."""
    (folder / "settings.json").write_text(json.dumps(settings))
    # What the tests set for themselves is nothing that a machine of a class has.
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AKARI", "JUPYTER"))}
    command = [*NAMESPACE, sys.executable, str(CHECKOUT / "tests" / "clients" / program), str(folder / "settings.json")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900, env=env)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def session(name, env, umask="022"):
    """A kernel with an environment of its own."""
    spec = Path(os.environ["JUPYTER_PATH"]) / "kernels" / name
    spec.mkdir(parents=True, exist_ok=True)
    start = [BINARY, "kernel", "--connection-file", "{connection_file}"]
    argv = ["sh", "-c", f'umask {umask}; exec "$0" "$@"', *start]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": name, "language": "rust", "interrupt_mode": "message", "env": env})
    )
    return Session(name)
