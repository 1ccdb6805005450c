"""The program `akari-evcxr`: a kernel without it, one whose program dies, its build in the background,
its end with the kernel, and the stock kernel that it is as well.

Most tests run a copy of `akari` in a folder of its own, beside which there is no `akari-evcxr` or a
stand-in for it.
"""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import KernelManager

from apart import BINARY, built, environment, prelude_of
from session import Session, is_gone, until

PROGRAM = Path(BINARY).with_name("akari-evcxr")
SOON = "fields and methods can be completed in a few minutes"

# A toolchain whose cargo writes down that it ran, and then does what the test says.
RUSTC = """#!/bin/sh
case "$*" in "--print sysroot") echo {folder} ;; *) exec {rustc} "$@" ;; esac
"""
CARGO = """#!/bin/sh
echo run >> {folder}/runs
{then}
"""
BUILT = """while [ -e {folder}/hold ]; do sleep 0.05; done
mkdir -p {folder}/built
echo stand-in > {folder}/built/akari-evcxr
echo '{message}'"""
# What cargo says of a program that it has built.
MESSAGE = {
    "reason": "compiler-artifact",
    "package_id": "path+file:///checkout/kernel/evcxr#akari-evcxr@0.1.0",
    "manifest_path": "/checkout/kernel/evcxr/Cargo.toml",
    "target": {
        "kind": ["bin"],
        "crate_types": ["bin"],
        "name": "akari-evcxr",
        "src_path": "/checkout/kernel/evcxr/src/main.rs",
        "edition": "2024",
        "doc": True,
        "doctest": False,
        "test": True,
    },
    "profile": {
        "opt_level": "3",
        "debuginfo": 0,
        "debug_assertions": False,
        "overflow_checks": False,
        "test": False,
    },
    "features": [],
    "filenames": [],
    "fresh": False,
}
FAILED = "echo 'error: no such crate' >&2; exit 101"

# A stand-in for the program: it takes one question, and dies.
DYING = """#!{python}
import sys
with open({starts!r}, "a") as file:
    file.write("start\\n")
print('"Ready"', flush=True)
sys.stdin.readline()
sys.exit(1)
"""


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


class Lonely:
    """A copy of `akari` with a home of its own, and what is beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.program = folder / "akari"
        shutil.copy(BINARY, self.program)
        self.home = folder / "home"
        prelude = prelude_of(built())
        shutil.copytree(prelude, self.home / "prelude" / prelude.name, copy_function=os.link)
        self.home.chmod(0o700)
        self.env = environment(self.home, AKARI_SHARED="", AKARI_CELLS_MB="0")

    def toolchain(self, then):
        """Puts a cargo that is none in the place of the real one."""
        tools = self.folder / "bin"
        tools.mkdir(exist_ok=True)
        rustc = subprocess.run(["rustup", "which", "rustc"], capture_output=True, text=True).stdout.strip()
        rustc = rustc or shutil.which("rustc")
        message = json.dumps({**MESSAGE, "executable": str(self.folder / "built" / "akari-evcxr")})
        values = {"folder": self.folder, "rustc": rustc, "message": message}
        script(tools / "rustc", RUSTC.format(**values))
        script(tools / "cargo", CARGO.format(then=then.format(**values), **values))
        self.env["RUSTC"] = str(tools / "rustc")

    def run(self, *arguments):
        env = {**os.environ, **self.env}
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=120, env=env)

    def install(self):
        """The prelude's names are there already, and no lesson is compiled where no cell is kept."""
        run = self.run("install", "--prefix", str(self.folder / "prefix"))
        assert run.returncode == 0, run.stdout + run.stderr

    def doctor(self):
        (line,) = [it for it in self.run("doctor").stdout.splitlines() if " analyser " in it]
        return line

    def session(self):
        spec = Path(os.environ["JUPYTER_PATH"]) / "kernels" / "lonely"
        spec.mkdir(parents=True, exist_ok=True)
        argv = [str(self.program), "kernel", "--connection-file", "{connection_file}"]
        kernel = {"argv": argv, "display_name": "x", "language": "rust", "interrupt_mode": "message", "env": self.env}
        (spec / "kernel.json").write_text(json.dumps(kernel))
        return Session("lonely")

    def runs(self):
        """How often cargo was to build."""
        return len(lines(self.folder / "runs"))

    def kept(self):
        return list((self.home / "tools").glob("*/akari-evcxr"))

    def builders(self):
        """The processes that build in the background."""
        found = [it for it in psutil.process_iter(["cmdline"]) if str(self.program) in (it.info["cmdline"] or [])]
        return [it for it in found if "build-evcxr" in it.info["cmdline"]]


@pytest.fixture
def lonely(tmp_path):
    lonely = Lonely(tmp_path)
    yield lonely
    (tmp_path / "hold").unlink(missing_ok=True)
    assert until(lambda: not lonely.builders())
    shutil.rmtree(lonely.home)


# Something of a type that only the analyser knows.
LIST = "let mut list = std::collections::LinkedList::<u8>::new(); list"


def tab(session, code=f"{LIST}.push_fr"):
    return session.reply(session.client.complete(code), 10)["content"]


def shift_tab(session, code=f"{LIST}.push_front", position=None):
    return session.reply(session.client.inspect(code, position), 10)["content"]


def note(session):
    """What Tab and Shift-Tab say where a field or a method can't be completed."""
    reply = tab(session)
    assert reply["status"] == "ok" and reply["matches"] == []
    explained = shift_tab(session)
    assert explained["found"] and explained["data"] == {"text/plain": reply["metadata"]["akari_note"]}
    return reply["metadata"]["akari_note"]


def test_kernel_without_the_program_says_so_and_completes_names(lonely):
    session = lonely.session()
    try:
        begin = time.monotonic()
        assert note(session) == "fields and methods can be completed a few minutes after `akari install`"
        assert time.monotonic() - begin < 2
        # Names need no analyser, and a name that nobody knows is none of its business.
        assert "leaky_relu" in tab(session, "F::leaky_re")["matches"]
        assert "akari_note" not in tab(session, "F::leaky_re")["metadata"]
        assert not shift_tab(session, "nothing_at_all", 5)["found"]
        assert session.ok("1 + 1").result == "2"
        # Nobody asked for the program, so nobody builds it.
        assert lonely.runs() == 0 and not lonely.builders()
    finally:
        session.end()
    assert lonely.doctor().startswith("missing")


def test_install_builds_in_the_background_and_kernels_say_so(lonely):
    lonely.toolchain(BUILT)
    (lonely.folder / "hold").touch()
    lonely.install()
    assert until(lambda: lonely.runs() == 1)
    session = lonely.session()
    try:
        assert note(session) == SOON
        (builder,) = lonely.builders()
        assert builder.nice() == 19 and os.getpgid(builder.pid) == builder.pid
        assert lonely.doctor().startswith("ok")
        # Another kernel or another install doesn't begin a second build.
        lonely.install()
        assert note(session) == SOON and lonely.runs() == 1
        (lonely.folder / "hold").unlink()
        assert until(lonely.kept) and until(lambda: not lonely.builders())
        (program,) = lonely.kept()
        assert program.read_text() == "stand-in\n" and stat.S_IMODE(program.stat().st_mode) == 0o755
        left = sorted(it.name for it in (lonely.home / "tools").iterdir())
        assert left == sorted([program.parent.name, "build.lock", "build.log"])
        # The program is there for the kernel that runs already.
        assert "akari_note" not in tab(session)["metadata"]
        assert lonely.doctor().startswith("ok") and str(program) in lonely.doctor()
    finally:
        session.end()


def test_failed_build_is_told_and_only_repeated_by_install(lonely):
    lonely.toolchain(FAILED)
    lonely.install()
    assert until(lambda: list((lonely.home / "tools").glob("*.failed")))
    session = lonely.session()
    try:
        for _ in range(3):
            assert "could not be built" in note(session) and "build.log" in note(session)
        assert lonely.runs() == 1 and not lonely.builders()
    finally:
        session.end()
    assert lonely.doctor().startswith("missing")
    assert "no such crate" in (lonely.home / "tools" / "build.log").read_text()
    lonely.install()
    assert until(lambda: lonely.runs() == 2)


def test_build_that_came_to_no_end_is_begun_again_by_a_kernel(lonely):
    lonely.toolchain(BUILT)
    (lonely.folder / "hold").touch()
    lonely.install()
    assert until(lambda: lonely.runs() == 1)
    for builder in lonely.builders():
        builder.kill()
    assert until(lambda: not lonely.builders()) and not lonely.kept()
    session = lonely.session()
    try:
        assert note(session) == SOON
        assert until(lambda: lonely.runs() == 2)
        (lonely.folder / "hold").unlink()
        assert until(lonely.kept)
    finally:
        session.end()


def test_no_program_in_a_folder_that_others_can_write_is_started(lonely):
    lonely.toolchain(BUILT)
    lonely.install()
    assert until(lonely.kept) and until(lambda: not lonely.builders())
    lonely.kept()[0].parent.chmod(0o777)
    assert not lonely.doctor().startswith("ok")


def test_evcxr_engine_builds_the_program_first_and_says_why_it_can_not(lonely):
    lonely.toolchain(FAILED)
    run = lonely.run("install", "--engine", "evcxr", "--prefix", str(lonely.folder / "prefix"))
    assert run.returncode == 1 and "no such crate" in run.stderr and lonely.runs() == 1
    assert "building evcxr" in run.stderr


def test_program_that_dies_at_a_question_is_started_again(lonely):
    starts = lonely.folder / "starts"
    script(lonely.folder / "akari-evcxr", DYING.format(python=sys.executable, starts=str(starts)))
    session = lonely.session()
    try:
        session.ok("let words = vec![1];")
        # The first Tab starts it; it dies at the first question, and the next Tab starts another.
        for count in (1, 2, 3):
            assert until(lambda: tab(session)["matches"] == [] and len(lines(starts)) >= count)
        assert session.ok("words.len()").result == "1"
    finally:
        session.end()


def end_by_kill(session):
    """Kills a kernel, and waits until all that it has started and made is gone."""
    processes = session.processes()
    # A compiler that the program is just starting has the program's own command for a moment.
    own = session.process.children()
    (program,) = [it for it in own if it.cmdline()[1:2] in (["cells"], ["questions"])]
    folder = Path(json.loads(program.cmdline()[2])["folder"])
    # evcxr's own folder lies in ours.
    assert until(lambda: list(folder.glob(".tmp*")))
    os.kill(session.process.pid, signal.SIGKILL)
    assert until(lambda: all(map(is_gone, processes)), timeout=20), [it for it in processes if not is_gone(it)]
    assert until(lambda: not folder.exists(), timeout=20)
    session.end()


def test_killed_kernel_leaves_no_program_that_runs_cells(installed):
    command = [BINARY, "install", "--engine", "evcxr", "--prefix", str(installed / "prefix")]
    assert subprocess.run(command, capture_output=True).returncode == 0
    session = Session("akari-evcxr")
    session.ok("1", timeout=180)
    session.start("loop { std::thread::sleep(std::time::Duration::from_millis(10)); }")
    end_by_kill(session)


def test_killed_kernel_leaves_no_analyser():
    session = Session()
    session.ok("let words = vec![1];")
    tab(session)
    assert until(lambda: any(it.name() == "akari-evcxr" for it in session.processes()))
    end_by_kill(session)


def test_stock_kernel_runs(tmp_path):
    spec = Path(os.environ["JUPYTER_PATH"]) / "kernels" / "stock"
    spec.mkdir(parents=True, exist_ok=True)
    argv = [str(PROGRAM), "--control_file", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "x", "language": "rust"}))
    manager = KernelManager(kernel_name="stock")
    manager.start_kernel(env={**os.environ, "XDG_DATA_HOME": str(tmp_path)})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        outputs = []
        reply = client.execute_interactive("1 + 1", timeout=120, output_hook=outputs.append)
        assert reply["content"]["status"] == "ok"
        (result,) = [it["content"] for it in outputs if it["msg_type"] == "execute_result"]
        assert result["data"]["text/plain"] == "2"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
