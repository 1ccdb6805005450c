"""The compiler of cells: it can be stopped at any moment, leaves nothing behind, and when it ends
badly the learner is told what to do."""

import contextlib
import glob
import json
import os
import random
import re
import signal
import time
from pathlib import Path

import psutil
import pytest

import corpus
from session import Session, is_gone, until

ENDLESS = {
    "a constant": "const NEVER: u64 = { let mut i = 0u64; loop { i = i.wrapping_add(1); if i == u64::MAX { break } } i };\nNEVER",
    "a const fn": "const fn slow(n: u64) -> u64 { if n < 2 { n } else { slow(n - 1) + slow(n - 2) } }\nconst SLOW: u64 = slow(80);\nSLOW",
    "macros": "#![recursion_limit = \"4294967295\"]\nmacro_rules! again { ($($t:tt)*) => { again!($($t)* x) } }\nagain!()",
    "an associated constant": "struct S; impl S { const N: usize = { let mut n = 0usize; while n < usize::MAX { n += 1 } n }; }\nlet a = [0u8; S::N % 7];",
}


def compilers(session):
    """The compilers of a kernel that are at work: a parked one has used less time."""
    return [it for it in tools(session) if it.cpu_times().user > 0.2]


def tools(session):
    """The compilers and linkers of a kernel, whether they work or wait."""
    found = []
    for process in session.process.children(recursive=True):
        try:
            if process.name() in ("rustc", "rust-lld", "cc", "ld") and not is_gone(process):
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def is_parked(session):
    """Whether a compiler and a linker wait for the next cell: they have loaded themselves, and
    sleep."""

    def waits(process):
        try:
            return process.status() == psutil.STATUS_SLEEPING and "LLVM" in Path(f"/proc/{process.pid}/maps").read_text()
        except (psutil.NoSuchProcess, OSError):
            return False

    return {it.name() for it in tools(session) if waits(it)} >= {"rustc", "rust-lld"}


def park(session):
    """Runs cells until one was compiled while a compiler waited."""
    session.ok(f"let start_{time.monotonic_ns()} = 0;")
    assert until(lambda: is_parked(session)), [it.name() for it in tools(session)]


@pytest.fixture
def uncached(monkeypatch):
    """Starts sessions that compile every cell."""
    monkeypatch.setenv("AKARI_CELLS_MB", "0")
    sessions = []

    def start(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        sessions.append(Session())
        return sessions[-1]

    yield start
    for session in sessions:
        session.end()


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
    # The kernel refuses to parse what nests so deeply, but can't know what a macro makes.
    rules = "macro_rules! sum { ($($each:tt)*) => { 0 $(+ $each)* } }"
    code = f"{rules}\nlet n: i32 = sum!({'1 ' * 12_000});"
    error = session.run(code, timeout=300).error
    assert error["ename"] == "CompilerError"
    assert "crashed" in error["evalue"] and "`let`" in error["evalue"], error
    assert session.ok("1 + 1").result == "2"


def test_b4_interrupted_fork_leaves_the_parked_compiler(session):
    park(session)
    waiting = {it.pid for it in tools(session)}
    request, _ = start_compiling(session, ENDLESS["a constant"])
    session.manager.interrupt_kernel()
    assert session.collect(request).error["ename"] == "Interrupted"
    assert until(lambda: {it.pid for it in tools(session)} == waiting)
    assert session.ok("20 + 2").result == "22"
    assert {it.pid for it in tools(session)} == waiting


def test_f9_killed_fork_is_told_with_the_way_out(session):
    park(session)
    request, found = start_compiling(session, ENDLESS["a constant"])
    for process in found:
        process.kill()
    assert "memory" in session.collect(request).error["evalue"]
    assert session.ok("20 + 3").result == "23"


@pytest.mark.parametrize("end", ["shutdown", "kill"])
def test_f9_parked_compiler_ends_with_the_kernel(session, end):
    park(session)
    found = tools(session)
    if end == "kill":
        session.process.kill()
    else:
        session.client.shutdown()
    assert until(lambda: all(is_gone(it) for it in found))


@pytest.mark.parametrize("end", ["interrupt", "kill"])
def test_f9_cargo_and_its_children_end(session, tmp_path, end):
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "endless"\nversion = "0.1.0"\nedition = "2024"\n')
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").write_text("")
    (tmp_path / "build.rs").write_text("fn main() { loop { std::thread::park() } }")
    request = session.send(f':dep endless = {{ path = "{tmp_path}" }}')

    def programs_of_cargo():
        found = []
        for program in session.process.children(recursive=True):
            # Compilers come and go while one looks.
            with contextlib.suppress(psutil.NoSuchProcess):
                if program.name() == "cargo" or program.name().startswith("build-script"):
                    found.append(program)
        return found if len(found) > 1 else []

    assert until(programs_of_cargo, 60)
    programs = programs_of_cargo()
    if end == "kill":
        session.process.kill()
    else:
        session.manager.interrupt_kernel()
        assert session.collect(request).error["ename"] == "Interrupted"
    assert until(lambda: all(is_gone(it) for it in programs)), programs


def test_parked_compiler_ends_when_idle(uncached):
    session = uncached(AKARI_COMPILER_SECONDS="1")
    park(session)
    assert until(lambda: not tools(session), 30)
    assert session.ok("let a = 4; a").result == "4"
    assert until(lambda: is_parked(session))
    assert session.ok("a + 1").result == "5"


def test_lost_parked_compiler_is_replaced(uncached):
    session = uncached()
    for number in range(3):
        park(session)
        for process in tools(session):
            process.kill()
        assert session.ok(f"{number} + 30").result == f"{number + 30}"


def test_no_compiler_is_parked_for_cells_that_are_known(session):
    session.ok("1 + 1")
    session.manager.restart_kernel()
    session.client.wait_for_ready(timeout=30)
    session.ok("1 + 1")
    assert tools(session) == []


def test_f9_interrupts_at_random_moments_of_compiling(uncached):
    session = uncached()
    session.ok("let mut count = 0u64;")
    done = 0
    source = random.Random(4)
    for number in range(40):
        request = session.send(f"let made_{number} = vec![{number}u64; 3]; count += made_{number}.len() as u64 / 3;")
        time.sleep(source.random() * 0.12)
        session.manager.interrupt_kernel()
        run = session.collect(request)
        assert run.status == "ok" or run.error["ename"] == "Interrupted", run.reply
        done += run.status == "ok"
    count = int(session.ok("count").result)
    # A cell that was interrupted behind its last line has counted too.
    assert done <= count <= 40
    folder = session_folder(session)
    assert [it for it in os.listdir(folder) if it.startswith("compile-")] == []


LINKED = {
    "floats": ("let x = 0.5f32; println!(\"{:.4} {:.4} {:.4}\", x.sin(), (x as f64).powf(0.3), x.exp_m1());", "0.4794 0.8123 0.6487\n"),
    "wide integers": ("let n = 7u128.pow(40); println!(\"{} {}\", n / 12345678901234567890, (n as i128 % 1000) as f64);", None),
    "thread locals": (
        "thread_local! { static T: std::cell::RefCell<Vec<i32>> = const { std::cell::RefCell::new(Vec::new()) }; }\n"
        "T.with(|t| t.borrow_mut().push(5)); let n = std::thread::spawn(|| T.with(|t| t.borrow().len())).join().unwrap();\n"
        "println!(\"{n} {}\", T.with(|t| t.borrow().len()));",
        "0 1\n",
    ),
    "statics": ("static N: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(4); println!(\"{}\", N.fetch_add(1, std::sync::atomic::Ordering::SeqCst));", "4\n"),
    "foreign functions": ('unsafe extern "C" { fn abs(n: i32) -> i32; fn getpid() -> i32; }\nprintln!("{} {}", unsafe { abs(-3) }, unsafe { getpid() } > 1);', "3 true\n"),
    "a large frame": ("fn big(n: u8) -> u8 { let a = [n; 100_000]; std::hint::black_box(&a)[usize::from(n)] }\nprintln!(\"{}\", big(9));", "9\n"),
    "caught panics": ("let r = std::panic::catch_unwind(|| { let v: Vec<u8> = vec![]; std::hint::black_box(&v)[3] }); println!(\"{}\", r.is_err());", "true\n"),
    "formatting and maps": ("let m: std::collections::BTreeMap<_, _> = (0..3).map(|i| (i, i * i)).collect(); println!(\"{m:?} {:>6.2e}\", 1234.5);", "{0: 0, 1: 1, 2: 4} 1.23e3\n"),
    "attributes": ("#![allow(unused)]\nlet unused = 1; println!(\"{}\", line!());", None),
}


def test_what_cells_need_of_the_linker_is_there(uncached):
    quick, slow = uncached(), uncached(AKARI_COMPILER_SECONDS="0")
    park(quick)
    for name, (code, expected) in LINKED.items():
        printed = [it.ok(code).stream() for it in (quick, slow)]
        assert printed[0] == printed[1] == (expected or printed[1]), name


def test_panics_of_earlier_cells_are_placed(uncached):
    session = uncached()
    park(session)
    session.ok("fn first(n: i32) -> i32 {\n    assert!(n > 0, \"no\");\n    n\n}")
    session.ok("let held: Box<dyn Fn(i32) -> i32> = Box::new(|n| {\n    let v = [1, 2];\n    v[n as usize]\n});")
    number = session.run("0").reply["execution_count"] - 1
    traceback = "\n".join(session.run("held(7)").error["traceback"])
    assert f"cell [{number}], line 3" in traceback, traceback
    traceback = "\n".join(session.run("\nfirst(-1)").error["traceback"])
    assert f"cell [{number - 1}], line 2" in traceback, traceback


def answers(session, code):
    """All that a cell brings, without what no two runs have in common."""
    run = session.run(code, timeout=120)
    shown = [it["content"] for it in run.messages if it["msg_type"] in ("execute_result", "display_data", "error")]
    text = json.dumps([run.stream(), run.stream("stderr"), shown])
    return re.sub(r"thread '[^']*' \(\d+\)", "thread", text)


def libraries(session):
    """The compiled cells of a session, by name."""
    return {it.name: it.read_bytes() for it in Path(session_folder(session)).glob("*.so")}


def test_parked_and_ordinary_compilers_agree(uncached, monkeypatch):
    """A sample of the corpus: messages, and with them types and places, and the libraries' bytes.

    Environment: AKARI_SHARE_OF_CORPUS, every how many sequences one is taken (default 12).
    """
    monkeypatch.setenv("AKARI_SEED", "7")
    parked, ordinary = uncached(), uncached(AKARI_COMPILER_SECONDS="0")
    park(parked)
    ordinary.ok("0")
    share = int(os.environ.get("AKARI_SHARE_OF_CORPUS", "12"))
    for sequence in corpus.sequences()[::share]:
        for cell in [":clear", *(it.code for it in sequence.cells)]:
            assert answers(parked, cell) == answers(ordinary, cell), (sequence.name, cell)
    assert until(lambda: is_parked(parked)) and tools(ordinary) == []
    ours, theirs = libraries(parked), libraries(ordinary)
    common = ours.keys() & theirs.keys()
    assert len(common) > 20
    assert [it for it in common if ours[it] != theirs[it]] == []
