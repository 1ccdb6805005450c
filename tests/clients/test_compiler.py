"""The compiler of cells: it can be stopped at any moment, leaves nothing behind, and when it ends
badly the learner is told what to do."""

import glob
import os
import signal

import psutil
import pytest

from session import is_gone, until

ENDLESS = {
    "a constant": "const NEVER: u64 = { let mut i = 0u64; loop { i = i.wrapping_add(1); if i == u64::MAX { break } } i };\nNEVER",
    "a const fn": "const fn slow(n: u64) -> u64 { if n < 2 { n } else { slow(n - 1) + slow(n - 2) } }\nconst SLOW: u64 = slow(80);\nSLOW",
    "macros": "#![recursion_limit = \"4294967295\"]\nmacro_rules! again { ($($t:tt)*) => { again!($($t)* x) } }\nagain!()",
    "an associated constant": "struct S; impl S { const N: usize = { let mut n = 0usize; while n < usize::MAX { n += 1 } n }; }\nlet a = [0u8; S::N % 7];",
}


def compilers(session):
    """The compilers of a kernel that are at work."""
    names = ("rustc", "rust-lld", "cc", "ld")
    found = []
    for process in session.process.children(recursive=True):
        try:
            if process.name() in names and process.status() != psutil.STATUS_ZOMBIE and process.cpu_times().user > 0.2:
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def session_folder(session):
    (folder,) = {it.environ().get("AKARI_SESSION_FOLDER") for it in session.process.children()} - {None}
    return folder


def start_compiling(session, code):
    """Sends a cell; returns the request and its compilers once they are at work."""
    request = session.send(code)
    found = until(lambda: compilers(session), 30)
    assert found, "no compiler was started"
    return request, found


@pytest.mark.parametrize("kind", ENDLESS)
def test_f9_b4_endless_compiler_is_interrupted(session, kind):
    session.ok("let kept = 5;")
    folder = session_folder(session)
    for _ in range(2):
        request, found = start_compiling(session, ENDLESS[kind])
        session.manager.interrupt_kernel()
        run = session.collect(request)
        assert run.error["ename"] == "Interrupted", run.error
        assert "while it was compiled" in run.error["evalue"]
        assert until(lambda: all(is_gone(it) for it in found))
    assert session.ok("kept + 1").result == "6"
    left = [it for it in os.listdir(folder) if it.startswith("compile-")]
    assert left == [], left


def test_f9_shutdown_ends_the_compiler(session):
    _, found = start_compiling(session, ENDLESS["a constant"])
    folder = session_folder(session)
    session.client.shutdown()
    assert until(lambda: all(is_gone(it) for it in found))
    assert until(lambda: not os.path.exists(folder)), glob.glob(folder + "/*")


def test_f9_compiler_ends_with_a_killed_kernel(session):
    _, found = start_compiling(session, ENDLESS["a const fn"])
    session.process.kill()
    assert until(lambda: all(is_gone(it) for it in found))


def test_f9_killed_compiler_is_told_with_the_way_out(session):
    request, found = start_compiling(session, ENDLESS["a constant"])
    for process in found:
        process.send_signal(signal.SIGKILL)
    error = session.collect(request).error
    assert error["ename"] == "CompilerError"
    assert "memory" in error["evalue"] and "run the cell again" in error["evalue"]
    assert session.ok("1 + 1").result == "2"


def test_f9_crashed_compiler_is_told_with_the_way_out(session):
    error = session.run("let n = 1" + " + 1" * 20_000 + ";", timeout=120).error
    assert error["ename"] == "CompilerError"
    assert "crashed" in error["evalue"] and "`let`" in error["evalue"], error
    assert session.ok("1 + 1").result == "2"
