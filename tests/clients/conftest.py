"""Installs the kernel into a folder of its own, and gives each test a session with it.

Environment: AKARI_BIN, the binary (default: the release build of this checkout); AKARI_HOME, where
preludes are kept (default: target/akari-home). Nothing of the user's is read or written.
"""

import os
import subprocess
from pathlib import Path

import pytest

from session import Session

CHECKOUT = Path(__file__).resolve().parents[2]

# What takes longest begins first, so that no worker is left with it at the end.
FIRST = ["test_export", "test_differential", "test_dep", "test_compiler", "test_install", "test_users", "test_browser"]


def pytest_collection_modifyitems(items):
    names = [it.path.stem for it in items]
    order = {name: FIRST.index(name) if name in FIRST else len(FIRST) for name in names}
    items.sort(key=lambda it: order[it.path.stem])



@pytest.fixture(scope="session", autouse=True)
def installed(tmp_path_factory):
    """The kernelspec `akari`, where only these tests find it."""
    folder = tmp_path_factory.mktemp("jupyter")
    binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
    os.environ.setdefault("AKARI_HOME", str(CHECKOUT / "target" / "akari-home"))
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        os.environ[f"JUPYTER_{kind}_DIR"] = str(folder / kind.lower())
    # What a client asks of the history is then of its own session alone.
    os.environ["AKARI_HISTORY"] = "off"
    os.environ["JUPYTER_PATH"] = str(folder / "prefix" / "share" / "jupyter")
    install = subprocess.run(
        [binary, "install", "--prefix", str(folder / "prefix")],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert install.returncode == 0, install.stdout + install.stderr
    return folder


@pytest.fixture
def session():
    """A kernel that has just started."""
    session = Session()
    yield session
    session.end()


@pytest.fixture
def package(tmp_path):
    """Makes a package, and returns the `:dep` line for it."""

    def make(name, code, dependencies="", features=""):
        folder = tmp_path / name
        (folder / "src").mkdir(parents=True, exist_ok=True)
        (folder / "src" / "lib.rs").write_text(code)
        (folder / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
            f"[features]\n{features}\n[dependencies]\n{dependencies}\n"
        )
        return f':dep {name} = {{ path = "{folder}" }}'

    return make
