"""Subshells (JEP 91): what is answered beside a running cell, and what waits for its turn."""

import uuid

import pytest

from session import until

FOREVER = "loop { tensor!([1.0]); std::thread::sleep(std::time::Duration::from_millis(1)); F::relu(&tensor!([1.0]))?; }"


def control(session, kind, content=None):
    message = session.client.session.msg(kind, content or {})
    session.client.control_channel.send(message)
    while True:
        reply = session.client.get_control_msg(timeout=30)
        if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
            assert reply["msg_type"] == kind.replace("_request", "_reply")
            return reply["content"]


def create(session):
    content = control(session, "create_subshell_request")
    assert content["status"] == "ok"
    return content["subshell_id"]


def ids(session):
    return control(session, "list_subshell_request")["subshell_id"]


def send(session, kind, content, subshell):
    message = session.client.session.msg(kind, content)
    message["header"]["subshell_id"] = subshell
    session.client.shell_channel.send(message)
    return message["header"]["msg_id"]


def execute(session, code, subshell, **options):
    return send(session, "execute_request", {"code": code, "allow_stdin": False, **options}, subshell)


def test_subshells_are_claimed_made_listed_and_deleted(session):
    info = session.reply(session.client.kernel_info())["content"]
    assert "kernel subshells" in info["supported_features"] and info["protocol_version"] == "5.5"
    assert ids(session) == []
    first, second = create(session), create(session)
    assert ids(session) == [first, second] and first != second
    assert control(session, "delete_subshell_request", {"subshell_id": first}) == {"status": "ok"}
    assert ids(session) == [second]
    gone = control(session, "delete_subshell_request", {"subshell_id": first})
    assert (gone["status"], gone["ename"]) == ("error", "UnknownSubshell")
    assert control(session, "delete_subshell_request", {"strange": 5})["status"] == "error"


def test_variables_are_shared_and_headers_come_back(session):
    subshell = create(session)
    session.ok("let x = 20;")
    run = session.collect(execute(session, "let y = 2; x + y", subshell))
    assert run.result == "22" and run.states == ["busy", "idle"]
    assert {it["parent_header"]["subshell_id"] for it in run.messages} == {subshell}
    assert session.ok("y").result == "2"
    # Cells are counted over all subshells, since their numbers name them in errors.
    assert [session.collect(execute(session, "1", it)).reply["execution_count"] for it in (None, subshell)] == [4, 5]


def test_what_is_no_code_is_answered_while_a_cell_runs(session):
    subshell = create(session)
    session.ok("let data = tensor!([1.0, 2.0]); let mut n = 3;")
    running = session.start(FOREVER)
    for code, expected in [
        (":vars", "mut n: i32 = 3"),
        ("// what is there?\n:vars\n:type n", "data: akari::Tensor"),
        (":type n", "n: i32"),
        (":doc F::relu", "relu"),
        (":help", ":vars"),
        (":version", "akari "),
    ]:
        run = session.collect(execute(session, code, subshell))
        assert run.status == "ok" and run.states[0] == "busy"
        text = "\n".join(it["data"]["text/plain"] for it in run.contents("display_data"))
        assert expected in text, (code, text)
    failed = session.collect(execute(session, ":type nothing", subshell)).error
    assert (failed["ename"], "there is no variable `nothing`" in failed["evalue"]) == ("CommandError", True)
    page = session.collect(execute(session, "?F::relu", subshell)).reply["payload"]
    assert page[0]["source"] == "page" and "relu" in page[0]["data"]["text/plain"]
    for kind, content, field in [
        ("complete_request", {"code": "data.sha", "cursor_pos": 8}, "matches"),
        ("inspect_request", {"code": "data", "cursor_pos": 2}, "found"),
        ("history_request", {"hist_access_type": "tail", "n": 5}, "history"),
        ("comm_info_request", {}, "comms"),
        ("is_complete_request", {"code": "1"}, "status"),
        ("kernel_info_request", {}, "banner"),
    ]:
        reply = session.reply(send(session, kind, content, subshell))
        assert reply["content"][field] or field == "comms", reply
        assert reply["parent_header"]["subshell_id"] == subshell
    session.manager.interrupt_kernel()
    assert session.reply(running)["content"]["status"] == "error"


def test_the_kernel_stays_busy_while_its_cell_runs(session):
    subshell = create(session)
    running = session.start(FOREVER)
    request = execute(session, ":version", subshell)
    states = []
    while not any(state == "idle" and parent == request for state, parent in states):
        message = session.client.get_iopub_msg(timeout=30)
        if message["msg_type"] == "status":
            states.append((message["content"]["execution_state"], message["parent_header"].get("msg_id")))
    # Clients show the last state that they hear of.
    message = session.client.get_iopub_msg(timeout=30)
    assert (message["content"]["execution_state"], message["parent_header"]["msg_id"]) == ("busy", running)
    session.manager.interrupt_kernel()
    session.reply(running)
    assert until(lambda: session.client.get_iopub_msg(timeout=30)["content"].get("execution_state") == "idle")


def test_code_waits_for_its_turn_and_questions_behind_it_too(session):
    one, other = create(session), create(session)
    session.ok("let x = 1;")
    running = session.start(FOREVER)
    code = execute(session, "let y = x + 1;", one)
    behind = execute(session, ":type y", one)
    beside = execute(session, ":type x", other)
    assert session.reply(beside)["content"]["status"] == "ok"
    session.manager.interrupt_kernel()
    assert session.reply(running)["content"]["status"] == "error"
    assert session.reply(code)["content"]["status"] == "ok"
    assert session.reply(behind)["content"]["status"] == "ok"


def test_a_failure_takes_along_its_own_subshell_alone(session):
    subshell = create(session)
    running = session.start("std::thread::sleep(std::time::Duration::from_millis(300));")
    requests = [execute(session, code, it) for it, code in [(subshell, 'panic!("a");'), (subshell, "1"), (None, "2"), (subshell, ":version")]]
    session.reply(running)
    statuses = {}
    while len(statuses) < len(requests):
        reply = session.client.get_shell_msg(timeout=30)
        statuses[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
    assert [statuses[it] for it in requests] == ["error", "aborted", "ok", "aborted"]
    assert session.collect(execute(session, "3", subshell)).result == "3"


def test_a_deleted_subshell_runs_nothing_more(session):
    subshell = create(session)
    running = session.start("std::thread::sleep(std::time::Duration::from_millis(500));")
    waits = execute(session, "let never = 1;", subshell)
    assert control(session, "delete_subshell_request", {"subshell_id": subshell})["status"] == "ok"
    assert session.reply(waits)["content"]["status"] == "aborted"
    assert session.reply(running)["content"]["status"] == "ok"
    assert session.run("never").error["ename"] == "CompileError"


@pytest.mark.parametrize("kind", ["execute_request", "complete_request", "kernel_info_request", "nonsense_request"])
def test_an_unknown_subshell_is_an_error(session, kind):
    run = session.collect(send(session, kind, {"code": "1"}, str(uuid.uuid4())))
    assert (run.reply["status"], run.reply["ename"]) == ("error", "UnknownSubshell")
    assert "restart" in run.reply["evalue"] and run.states == ["busy", "idle"]
    # Another type than a text names no subshell.
    assert session.reply(send(session, "kernel_info_request", {}, [5]))["content"]["status"] == "ok"


def test_an_input_is_asked_for_in_its_subshell(session):
    subshell = create(session)
    request = execute(session, 'input("name? ")', subshell, allow_stdin=True)
    question = session.client.get_stdin_msg(timeout=30)
    assert question["parent_header"]["subshell_id"] == subshell and question["content"]["prompt"] == "name? "
    session.client.input("Akari")
    assert session.collect(request).result == "Akari"


def test_a_restart_and_a_shutdown_know_no_subshells(session):
    subshell = create(session)
    assert session.manager.is_alive()
    session.manager.restart_kernel(now=False)
    session.client.wait_for_ready(timeout=30)
    assert ids(session) == []
    assert session.collect(execute(session, "1", subshell)).reply["ename"] == "UnknownSubshell"
    create(session)
    session.manager.shutdown_kernel(now=False)
    assert until(lambda: not session.manager.has_kernel or not session.manager.is_alive())


def test_subshells_are_bounded(session):
    for _ in range(1_000):
        create(session)
    full = control(session, "create_subshell_request")
    assert (full["status"], full["ename"]) == ("error", "TooManySubshells")
