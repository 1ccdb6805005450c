"""A session's life: interrupted, crashed, brought back; each finding by its number, with its kin."""

import os
import signal
import time

import psutil
import pytest

from session import Session, is_gone, runs_cells, until

CRASH = "std::process::abort();"
NAP = "std::thread::sleep(std::time::Duration::from_millis({}));"


def traceback(run):
    return "\n".join(run.error["traceback"])


def child_of(session):
    """The process that runs cells."""
    (child,) = [it for it in session.process.children() if runs_cells(it)]
    return child


def living(session):
    return [it for it in session.without_compilers() if not is_gone(it)]


def stop(session, cell, timeout=20):
    session.manager.interrupt_kernel()
    return session.collect(cell, timeout)


# What an interrupted or failed cell has changed is not said to have its value (F1).


def test_f1_interrupted_loop_before_a_crash(session):
    session.ok("let mut counter = 0i64; let kept = 5;")
    cell = session.start("loop { counter += 1; show!(counter); " + NAP.format(2) + " }")
    assert stop(session, cell).error["ename"] == "Interrupted"
    assert int(session.ok("counter").result) > 0
    text = session.run(CRASH).error["evalue"]
    assert "`kept` have their values" in text and "lost: `counter`, which cell [2] may have changed" in text
    assert "counter" in traceback(session.run("counter")) and session.ok("kept").result == "5"
    session.ok("let mut counter = 7i64;")
    assert "`counter`, `kept` have their values" in session.run(CRASH).error["evalue"]
    assert session.ok("counter").result == "7"


def test_f1_interrupted_training_before_a_crash(session):
    session.ok("let model = nn::Linear::new(2, 1)?;")
    session.ok("let x = torch::randn(&[8, 2])?; let note = 1;")
    session.ok("let before = model.forward(&x)?;")
    session.ok("let mut opt = optim::SGD::new(model.parameters(), optim::SGDConfig { lr: 0.01, ..Default::default() })?;")
    cell = session.start("loop { let loss = model.forward(&x)?.sqr()?.mean_all()?; opt.backward_step(&loss)?; }")
    assert stop(session, cell).error["ename"] == "Interrupted"
    text = session.run(CRASH).error["evalue"]
    assert "`note`, `x` have their values" in text, text
    assert "lost: `before`, `model`, `opt`, which cell [5] may have changed before it was interrupted" in text, text


def test_f1_failed_cell_that_changed_shared_memory(session):
    session.ok("let v = Var::new(&[0f32], &Device::Cpu)?;")
    session.ok("let t = tensor!([1.0]); let mut list = vec![1usize];")
    session.run('v.set(&(v.as_tensor() + 5.0)?)?; list.push(t.dims1()?); let n: i32 = "x".parse()?;')
    assert session.ok("(v.to_vec1::<f32>()?, list.len())").result == "([5.0], 1)"
    text = session.run(CRASH).error["evalue"]
    # The list was put back when the cell failed, and no cell can have changed the tensor.
    assert "`list`, `t` have their values" in text and "lost: `v`, which cell [3] may have changed before it failed" in text, text


def test_f1_failed_cell_that_changed_what_was_too_large_to_copy(session):
    session.ok("let mut large = vec![0u8; 17 << 20]; let mut small = vec![0u8; 9];")
    session.run('large.push(1); small.push(1); panic!("no");')
    text = session.run(CRASH).error["evalue"]
    assert "`small` have their values" in text and "lost: `large`" in text, text


def test_f1_failed_cell_that_only_read_loses_nothing(session):
    session.ok("let x = tensor!([1.0, 2.0]); let words = vec![\"a\"];")
    session.run("show!(x, words); x.matmul(&x)?;")
    assert "`words`, `x` have their values" in session.run(CRASH).error["evalue"]


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("let v = std::time::Instant::now();", "the clock"),
        ("let v = format!(\"{:?}\", std::time::SystemTime::now());", "the clock"),
        ("use std::hash::BuildHasher; let v = std::collections::hash_map::RandomState::new().hash_one(5);", "the system for a random seed"),
        ("let v = std::env::var(\"HOME\")?;", "the environment"),
    ],
)
def test_values_that_depend_on_an_answer_from_outside_are_named(session, code, asked):
    session.ok("let kept = 1;")
    session.ok(code)
    session.ok("let derived = format!(\"{v:?}\");")
    text = session.run(CRASH).error["evalue"]
    assert "`kept` have their values" in text, text
    assert f"`derived`, `v` may have other values, since cell [2] asks {asked}" in text, text


# Pressing stop twice is human (F19).


def test_f19_interrupt_while_the_session_comes_back(session):
    session.ok("let kept = vec![7];")
    session.ok(NAP.format(1500) + "let slow = vec![8];")
    child = child_of(session)
    cell = session.send(CRASH)
    assert until(lambda: is_gone(child))
    assert until(lambda: any(runs_cells(it) for it in living(session)))
    session.manager.interrupt_kernel()
    run = session.collect(cell, 10)
    assert run.status == "error" and "brought back before the next cell" in run.error["evalue"], run.error
    assert session.ok("(kept, slow)").result == "([7], [8])"


def test_a_stopped_loop_is_answered_before_a_slow_session_comes_back(session):
    session.ok(NAP.format(2500) + "let slow = 3;")
    cell = session.start("let mut n = 0u64; loop { n = std::hint::black_box(n + 1); }")
    begin = time.monotonic()
    error = stop(session, cell).error
    assert time.monotonic() - begin < 5.5 and "run again before the next one" in error["evalue"]
    assert session.ok("slow").result == "3"


# No interrupt is lost, none hits the next cell (B5).


def test_b5_interrupts_right_after_the_request(session):
    endless = "loop { show!(1); }"
    session.run("1")
    for delay in [0, 0, 0, 0.001, 0.002, 0.004, 0.008, 0.05, 0.1] * 3:
        cell = session.send(endless)
        busy = session.client.get_iopub_msg(timeout=10)
        while busy["parent_header"].get("msg_id") != cell:
            busy = session.client.get_iopub_msg(timeout=10)
        time.sleep(delay)
        assert stop(session, cell).error["ename"] == "Interrupted"
        assert session.ok("1 + 1").result == "2"


def test_b5_an_interrupt_after_the_answer_hits_nothing(session):
    for _ in range(20):
        session.ok("1")
        session.manager.interrupt_kernel()
        assert session.ok("let n = 1 + 1; n").result == "2"


def test_one_interrupt_ends_a_queue_of_short_cells(session):
    session.ok(NAP.format(1))
    cells = [session.send(NAP.format(300) + f"let n = {number};") for number in range(6)]
    session.client.get_iopub_msg(timeout=10)
    session.manager.interrupt_kernel()
    states = [session.collect(it).status for it in cells]
    assert states.count("error") == 1 and states[-1] == "aborted", states
    assert "what it did is kept" in session.run("1").reply.get("evalue", "what it did is kept")
    assert session.ok("1 + 1").result == "2"


# A copy of the process that a cell has forked speaks for nobody (F3).

FORK = "unsafe extern \"C\" { fn fork() -> i32; }\nlet pid = unsafe { fork() };\n"


@pytest.mark.parametrize(
    "code",
    ["pid >= 0", "show!(\"said\"); 1", "if pid == 0 { " + NAP.format(300) + " }", "if pid == 0 { panic!(\"no\"); }"],
)
def test_f3_fork_shifts_no_output(session, code):
    session.ok("let kept = 1;")
    session.run(FORK + code)
    for number in range(4):
        run = session.ok(f"println!(\"{number}\"); {number} + kept")
        assert (run.stream().splitlines()[-1], run.result) == (str(number), str(number + 1))
    assert until(lambda: len(living(session)) == 2)


def test_f3_a_forked_copy_keeps_no_crash_from_being_seen(session):
    session.ok("let kept = 1;")
    run = session.run(FORK + "if pid == 0 { loop { " + NAP.format(50) + " } } else { " + CRASH + " }\n()", timeout=20)
    assert run.error["ename"] == "ProcessCrash" and session.ok("kept").result == "1"
    assert until(lambda: len(living(session)) == 2)


# The session's folder and the way to the kernel survive what a cell does to descriptors (F7).


@pytest.mark.parametrize(
    "code",
    [
        "use std::os::fd::FromRawFd; drop(unsafe { std::fs::File::from_raw_fd(3) });",
        'unsafe extern "C" { fn close(fd: i32) -> i32; } for fd in 3..60 { unsafe { close(fd); } }',
        'unsafe extern "C" { fn close(fd: i32) -> i32; } for fd in 0..5000 { unsafe { close(fd); } }',
        'unsafe extern "C" { fn dup2(a: i32, b: i32) -> i32; } use std::os::fd::AsRawFd;\n'
        'let null = std::fs::File::open("/dev/null")?; for fd in 3..1024 { unsafe { dup2(null.as_raw_fd(), fd); } }',
        'unsafe extern "C" { fn close(fd: i32) -> i32; } unsafe { close(1); close(2); }',
    ],
)
def test_f7_descriptors_that_a_cell_closes(session, code):
    session.ok("let kept = vec![1];")
    session.run(code, timeout=15)
    for number in range(3):
        run = session.ok(f'println!("{number}"); (kept.len(), {number})')
        assert (run.stream(), run.result) == (f"{number}\n", f"(1, {number})")


def test_f7_folder_that_a_cell_removes(session, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    other = Session()
    try:
        other.ok("let kept = 1;")
        (folder,) = tmp_path.glob("akari-*")
        other.ok(f'std::fs::remove_dir_all("{folder}")?;')
        assert other.ok("kept + 41").result == "42"
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        other.end()


def test_f11_folder_is_private_whatever_the_umask_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = os.umask(0)
    try:
        session = Session()
    finally:
        os.umask(before)
    try:
        session.ok("let secret = 4711;")
        folders = list(tmp_path.glob("akari-*"))
        assert folders and all(it.stat().st_mode & 0o777 == 0o700 for it in folders)
    finally:
        session.end()


def test_folders_of_killed_kernels_are_swept_up(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    first = Session()
    first.ok("1")
    processes = first.processes()
    for process in processes:
        process.suspend()
    for process in reversed(processes):
        process.kill()
    first.client.stop_channels()
    assert until(lambda: all(map(is_gone, processes)))
    left = set(tmp_path.glob("akari-*"))
    assert left
    second = Session()
    try:
        second.ok("1")
        assert until(lambda: not left & set(tmp_path.glob("akari-*")))
        assert list(tmp_path.glob("akari-*"))
    finally:
        second.end()


# A process that ends between cells takes no innocent cell along.


def test_a_process_killed_between_cells(session):
    session.ok("let kept = 7;")
    child = child_of(session)
    child.kill()
    assert until(lambda: is_gone(child))
    run = session.ok("kept + 1")
    assert run.result == "8"
    (note,) = run.contents("display_data")
    assert "crashed with SIGKILL" in note["data"]["text/plain"] and "`kept` have their values" in note["data"]["text/plain"]
    assert not session.ok("kept + 2").contents("display_data")


def test_a_thread_that_ends_the_process_later_ends_no_session(session):
    session.ok("let kept = 7;")
    session.ok("std::thread::spawn(|| { " + NAP.format(400) + " std::process::exit(3) });")
    statuses = []
    for number in range(6):
        time.sleep(0.5)
        statuses.append(session.run(f"kept + {number}").status)
    assert statuses[-2:] == ["ok", "ok"], statuses


def test_f16_a_display_that_nothing_can_hold_is_an_error(session):
    session.ok("let kept = 1;")
    run = session.run('akari::display::html(&"h".repeat(300 << 20));', timeout=60)
    assert run.error["ename"] == "DisplayError" and "MB" in run.error["evalue"]
    assert session.ok("kept").result == "1"


def test_b12_output_between_cells_comes_at_once(session):
    cell = session.send("std::thread::spawn(|| { " + NAP.format(300) + ' println!("late"); });')
    assert session.collect(cell).status == "ok"
    message = session.client.get_iopub_msg(timeout=10)
    assert message["msg_type"] == "stream" and message["content"]["text"] == "late\n"
    assert message["parent_header"]["msg_id"] == cell


def test_a_child_that_is_stopped_ends_with_the_kernel(session):
    session.ok("1")
    child = child_of(session)
    child.send_signal(signal.SIGSTOP)
    session.client.stop_channels()
    session.manager.shutdown_kernel(now=False)
    assert until(lambda: is_gone(child)), psutil.Process(child.pid).status()
