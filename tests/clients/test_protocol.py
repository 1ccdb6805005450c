"""The protocol, kind by kind, and what becomes of processes."""

import os
import signal
import subprocess
import sys
import time
from queue import Empty

import psutil
import pytest
from jupyter_client import BlockingKernelClient

from session import Session, is_gone, until

FOREVER = "loop { std::thread::sleep(std::time::Duration::from_millis(1)); }"
ASK = 'println!("EVCXR_INPUT_REQUEST:name? ");\nlet mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;\nline'


def test_kernel_info(session):
    content = session.reply(session.client.kernel_info())["content"]
    language = content["language_info"]
    assert content["status"] == "ok" and content["implementation"] == "akari"
    assert (language["name"], language["file_extension"]) == ("rust", ".rs")
    assert language["version"] in subprocess.run(["rustc", "-V"], capture_output=True, text=True).stdout


def test_messages_of_a_cell_are_in_order(session):
    run = session.ok('println!("a");\neprintln!("b");\nakari::display::html("<i>c</i>");\nprintln!("d");\n5')
    kinds = [it["msg_type"] for it in run.messages]
    outer = ["status", "execute_input"], ["execute_result", "status"]
    assert (kinds[:2], kinds[-2:]) == outer
    assert run.states == ["busy", "idle"]
    assert kinds.index("display_data") < kinds.index("execute_result")
    before = run.messages[: kinds.index("display_data")]
    assert [it["content"]["text"] for it in before if it["content"].get("name") == "stdout"] == ["a\n"]
    assert run.stream() == "a\nd\n" and run.stream("stderr") == "b\n"
    assert run.contents("display_data")[0]["data"] == {"text/html": "<i>c</i>"}


def test_counts_start_at_one_and_only_stored_cells_count(session):
    assert session.ok("1").reply["execution_count"] == 1
    assert session.ok("2", silent=True).reply["execution_count"] == 1
    assert session.ok("3", store_history=False).reply["execution_count"] == 1
    assert session.ok("4").contents("execute_result")[0]["execution_count"] == 2
    history = session.client.history(hist_access_type="tail", n=10)
    assert [it[1:] for it in session.reply(history)["content"]["history"]] == [[1, "1"], [2, "4"]]


def test_a_silent_cell_says_nothing(session):
    run = session.ok('println!("x"); 5', silent=True)
    assert {it["msg_type"] for it in run.messages} == {"status"}


def test_uncounted_cells_may_redefine_items(session):
    for value in (1, 2, 3):
        session.ok(f"fn f() -> i32 {{ {value} }}", silent=True)
    assert session.ok("f()").result == "3"


def test_user_expressions(session):
    session.ok("let x = 20;")
    answers = session.ok("let y = 2;", user_expressions={"sum": "x + y", "bad": "nothing"}).reply["user_expressions"]
    assert answers["sum"]["status"] == "ok" and answers["sum"]["data"] == {"text/plain": "22"}
    assert answers["bad"]["status"] == "error" and answers["bad"]["ename"] == "CompileError"


def test_displays_are_updated_and_cleared(session):
    code = 'let bar = akari::display::Handle::new("text/plain", "0 %");\nbar.update("text/plain", "50 %");'
    run = session.ok(code)
    (first,), (second,) = run.contents("display_data"), run.contents("update_display_data")
    assert first["transient"]["display_id"] == second["transient"]["display_id"]
    assert [it["data"]["text/plain"] for it in (first, second)] == ["0 %", "50 %"]
    assert session.ok("akari::display::clear_output(true);").contents("clear_output") == [{"wait": True}]
    assert len(session.ok('bar.update("text/plain", "100 %");').contents("update_display_data")) == 1


@pytest.mark.parametrize(
    ("code", "ename", "evalue", "has_line"),
    [
        ('let a = 1;\npanic!("boom");', "Panic", "boom", True),
        ("let a = 1;\nlet b: i32 = todo!();", "Panic", "not yet implemented", True),
        ('let a = 1;\n"x".parse::<i32>()?;', "ParseIntError", "invalid digit", True),
        ('let a = 1;\nlet b: i32 = "x";', "CompileError", "mismatched types", True),
        ("let a = 1;\nlet b = [1][5 + a];", "Panic", "index out of bounds", True),
        ("std::process::exit(3);", "ProcessExit", "exit code 3", False),
        ("std::process::abort();", "ProcessCrash", "abort", False),
        ("unsafe { std::ptr::null_mut::<i32>().write_volatile(1) };", "ProcessCrash", "segmentation fault", False),
        ("fn f(n: u64) -> u64 { 1 + f(n + 1) * 2 }\nf(1)", "ProcessCrash", "stack overflow", False),
    ],
)
def test_a_failed_cell_is_an_error_reply(session, code, ename, evalue, has_line):
    session.ok("let kept = 7; fn item() -> i32 { 8 }")
    error = session.run(f'println!("before");\n{code}')
    assert (error.error["ename"], evalue in error.error["evalue"]) == (ename, True), error.error
    if ename != "CompileError":
        assert error.stream() == "before\n"
    if has_line:
        text = "\n".join(error.error["traceback"])
        # The cell's second line, and `before` above it.
        assert "cell [2], line 3" in text or "cell [2]:3:" in text
    assert session.ok("kept").result == "7"
    assert session.ok("item()").result == "8"


def test_what_was_printed_before_a_crash_is_there(session):
    run = session.run('for i in 0..5000 { println!("line {i}"); }\nstd::process::abort();')
    assert run.stream() == "".join(f"line {i}\n" for i in range(5000))


def test_an_error_stops_the_queue_only_if_asked(session):
    stopped = [session.send(code) for code in ('panic!("a");', "1", "2")]
    assert [session.reply(it)["content"]["status"] for it in stopped] == ["error", "aborted", "aborted"]
    going_on = [session.send(code, stop_on_error=False) for code in ('panic!("a");', "1")]
    assert [session.reply(it)["content"]["status"] for it in going_on] == ["error", "ok"]


def test_a_cell_sent_after_the_error_reply_runs(session):
    for number in range(10):
        session.run('panic!("a");')
        assert session.ok(f"{number}").result == str(number)


def test_an_error_does_not_stop_another_client(session):
    other = BlockingKernelClient()
    other.load_connection_info(session.manager.get_connection_info())
    other.start_channels()
    other.wait_for_ready(timeout=20)
    cell = session.send(f'{ASK};\npanic!("a");', allow_stdin=True)
    session.client.get_stdin_msg(timeout=20)
    theirs = other.execute("1")
    # The kernel reads in order: once this is answered, the cell is in the queue.
    other.kernel_info(reply=True, timeout=20)
    session.client.input("")
    assert session.reply(cell)["content"]["ename"] == "Panic"
    reply = other.get_shell_msg(timeout=20)
    assert (reply["parent_header"]["msg_id"], reply["content"]["status"]) == (theirs, "ok")
    other.stop_channels()


def test_questions_are_answered_while_a_cell_runs(session):
    session.ok("let velocity = 5;")
    cell = session.start(FOREVER)
    client = session.client
    asked = time.monotonic()
    assert session.reply(client.kernel_info(), 5)["content"]["status"] == "ok"
    completion = session.reply(client.complete("let y = velo"), 5)["content"]
    assert completion["matches"] == ["velocity"]
    assert (completion["cursor_start"], completion["cursor_end"]) == (8, 12)
    inspection = session.reply(client.inspect("velocity", 3), 5)["content"]
    assert inspection["found"] and "velocity: i32" in inspection["data"]["text/plain"]
    assert session.reply(client.is_complete("fn f() {"), 5)["content"]["status"] == "incomplete"
    assert session.reply(client.comm_info(), 5)["content"] == {"status": "ok", "comms": {}}
    assert len(session.reply(client.history(hist_access_type="tail", n=9), 5)["content"]["history"]) == 2
    assert time.monotonic() - asked < 2
    # A client that shows the last state it hears of must not show the kernel idle.
    state = None
    try:
        while True:
            message = client.get_iopub_msg(timeout=0.5)
            if message["msg_type"] == "status":
                state = (message["content"]["execution_state"], message["parent_header"]["msg_id"])
    except Empty:
        assert state == ("busy", cell)
    session.manager.interrupt_kernel()
    assert session.reply(cell)["content"]["ename"] == "Interrupted"


def test_input_is_asked_for(session):
    cell = session.send(ASK, allow_stdin=True)
    question = session.client.get_stdin_msg(timeout=20)
    assert question["content"] == {"prompt": "name? ", "password": False}
    session.client.input("灯り")
    assert session.collect(cell).result == "灯り\n"


def test_a_client_that_cannot_answer_is_not_asked(session):
    session.ok("let kept = 1;")
    assert session.run(ASK).error["ename"] == "InputError"
    assert session.ok("kept").result == "1"


def test_a_cell_that_waits_for_input_is_interrupted(session):
    session.ok("let kept = 1;")
    cell = session.send(ASK, allow_stdin=True)
    session.client.get_stdin_msg(timeout=20)
    session.manager.interrupt_kernel()
    assert session.collect(cell, 10).error["ename"] == "Interrupted"
    assert session.ok("kept").result == "1"


@pytest.mark.parametrize("how", ["message", "signal"])
class TestInterrupt:
    def interrupt(self, session, how):
        if how == "message":
            session.manager.interrupt_kernel()
        else:
            session.process.send_signal(signal.SIGINT)

    def test_a_loop(self, session, how):
        cell = session.start(FOREVER)
        self.interrupt(session, how)
        assert session.collect(cell).error["ename"] == "Interrupted"
        assert session.ok("1 + 1").result == "2"

    def test_a_loop_that_prints(self, session, how):
        cell = session.start('loop { println!("x"); }')
        self.interrupt(session, how)
        assert session.collect(cell).error["ename"] == "Interrupted"
        assert session.ok("1 + 1").result == "2"

    def test_a_loop_of_the_preludes_functions_keeps_what_it_did(self, session, how):
        session.ok("let mut x = tensor!([1.0]); let mut turns = 0;")
        cell = session.start("loop { turns += 1; x = F::relu(&x)?; }")
        self.interrupt(session, how)
        error = session.collect(cell).error
        assert (error["ename"], error["evalue"]) == ("Interrupted", "the cell was interrupted; its variables are kept")
        assert int(session.ok("turns").result) > 0 and session.ok("x").result == "tensor([1.])"

    def test_a_shell_command(self, session, how):
        session.ok("let kept = 1;")
        cell = session.send("!echo begun; sleep 1000")
        session.wait_for_text(cell, "begun")
        self.interrupt(session, how)
        assert session.collect(cell).error["ename"] == "Interrupted"
        assert session.ok("kept").result == "1"

    def test_a_program_that_a_cell_waits_for(self, session, how):
        session.ok("let kept = 1;")
        cell = session.start('std::process::Command::new("sleep").arg("1000").status()?;')
        assert until(lambda: len(session.without_compilers()) == 3)
        self.interrupt(session, how)
        # The program stopped at once, and the cell came to its end; the learner had said stop.
        assert "what it did is kept" in session.collect(cell, 10).error["evalue"]
        assert session.ok("kept").result == "1"

    def test_nothing(self, session, how):
        self.interrupt(session, how)
        # A signal may come late, and stop the first cell after it.
        assert until(lambda: session.run("1 + 1").status == "ok")


def test_a_flood_of_lines_comes_in_few_messages(session):
    session.ok("1")
    begin = time.monotonic()
    run = session.ok('for i in 0..20000 { println!("line {i}"); }')
    elapsed = time.monotonic() - begin
    assert run.stream() == "".join(f"line {i}\n" for i in range(20000))
    assert len(run.contents("stream")) < 200
    assert elapsed < 3, f"{elapsed} s"


def test_a_comm_that_nobody_serves_is_closed(session):
    message = session.client.session.msg("comm_open", {"comm_id": "c", "target_name": "t", "data": {}})
    session.client.shell_channel.send(message)
    while (answer := session.client.get_iopub_msg(timeout=10))["msg_type"] != "comm_close":
        pass
    assert answer["content"]["comm_id"] == "c"
    for kind in ("comm_msg", "comm_close"):
        message = session.client.session.msg(kind, {"comm_id": "c", "data": {}})
        session.client.session.send(session.client.shell_channel.socket, message, buffers=[b"\xff\x00"])
    assert session.ok("1 + 1").result == "2"


def test_unknown_requests_are_refused_and_other_messages_ignored(session):
    client = session.client
    client.shell_channel.send(client.session.msg("nonsense", {}))
    message = client.session.msg("nonsense_request", {})
    client.shell_channel.send(message)
    reply = session.reply(message["header"]["msg_id"], 10)
    assert (reply["msg_type"], reply["content"]["status"]) == ("nonsense_reply", "error")
    message = client.session.msg("execute_request", {"code": 5})
    client.shell_channel.send(message)
    assert session.reply(message["header"]["msg_id"], 10)["content"]["status"] == "error"
    assert session.ok("1 + 1").reply["execution_count"] == 1


def test_two_clients_share_a_kernel(session):
    other = BlockingKernelClient()
    other.load_connection_info(session.manager.get_connection_info())
    other.start_channels()
    other.wait_for_ready(timeout=20)
    ours = [session.send(f"let ours{i} = {i};") for i in range(4)]
    theirs = [other.execute(f"let theirs{i} = {i};") for i in range(4)]
    for request in ours:
        assert session.reply(request)["content"]["status"] == "ok"
    for request in theirs:
        reply = other.get_shell_msg(timeout=20)
        assert (reply["parent_header"]["msg_id"], reply["content"]["status"]) == (request, "ok")
    other.stop_channels()
    # One that went away without a word disturbs nobody.
    assert session.ok("ours3 + theirs3").result == "6"


def test_ipc_transport(tmp_path_factory):
    # The path of a socket must be short.
    folder = tmp_path_factory.mktemp("ipc")
    session = Session(transport="ipc", ip=str(folder / "k"))
    assert session.ok("1 + 1").result == "2"
    assert session.run('panic!("no");').error["ename"] == "Panic"
    processes = session.processes()
    session.client.stop_channels()
    session.manager.shutdown_kernel()
    assert until(lambda: all(map(is_gone, processes)))


@pytest.mark.parametrize("code", ["1", FOREVER, 'std::process::Command::new("sleep").arg("1000").status()?;', "!sleep 1000"])
@pytest.mark.parametrize("how", ["shutdown", "kill"])
def test_no_process_is_left(session, code, how):
    if code == "1":
        session.ok(code)
    elif code.startswith("!"):
        cell = session.send(code.replace("!", "!echo begun; "))
        session.wait_for_text(cell, "begun")
    else:
        session.start(code)
    if "sleep\"" in code or code.startswith("!"):
        assert until(lambda: any(it.name() == "sleep" for it in session.processes()))
    processes = session.processes()
    assert len(processes) >= 2
    if how == "shutdown":
        session.client.stop_channels()
        session.manager.shutdown_kernel()
    else:
        session.process.kill()
    assert until(lambda: all(map(is_gone, processes))), processes


def test_a_restart_begins_anew(session):
    session.ok("let x = 1;")
    processes = session.processes()
    session.manager.restart_kernel()
    session.client.wait_for_ready(timeout=20)
    assert until(lambda: all(map(is_gone, processes)))
    assert session.run("x").error["ename"] == "CompileError"
    assert session.ok("5").reply["execution_count"] == 2


def test_the_temporary_folder_goes_with_the_kernel(session, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for how in ("shutdown", "kill"):
        other = Session()
        other.ok("1")
        assert list(tmp_path.iterdir())
        processes = other.processes()
        other.client.stop_channels()
        if how == "shutdown":
            other.manager.shutdown_kernel()
        else:
            other.process.kill()
        assert until(lambda: all(map(is_gone, processes)))
        assert until(lambda: not list(tmp_path.iterdir())), how


def test_the_kernel_ends_with_the_process_that_started_it():
    code = """
import os, sys
from session import Session
session = Session()
session.start("loop {}")
print(*[it.pid for it in session.processes()], flush=True)
sys.stdin.read()
"""
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=os.path.dirname(__file__),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    processes = [psutil.Process(int(it)) for it in starter.stdout.readline().split()]
    assert len(processes) >= 2
    starter.kill()
    starter.communicate()
    assert until(lambda: all(map(is_gone, processes)))
