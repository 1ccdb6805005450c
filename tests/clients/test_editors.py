"""The messages of an editor with notebooks, such as VS Code, in its order: questions before the first cell and
while one runs, names of cells in the metadata, one cell after the other.

The editor itself is not run: what it asks is sent by jupyter_client.
"""

import time


def ask(session, kind, content, channel="shell", metadata=None):
    """Sends a request, and gives its number."""
    message = session.client.session.msg(kind, content, metadata=metadata)
    getattr(session.client, f"{channel}_channel").send(message)
    return message["header"]["msg_id"]


def execute(session, code, cell):
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": True,
        "stop_on_error": False,
    }
    metadata = {"cellId": cell, "deletedCells": [], "recordTiming": False}
    return ask(session, "execute_request", content, metadata=metadata)


def test_questions_before_the_first_cell_are_answered_in_any_number(session):
    infos = [ask(session, "kernel_info_request", {}) for _ in range(3)]
    comms = ask(session, "comm_info_request", {"target_name": "jupyter.widget"})
    for request in infos:
        content = session.reply(request)["content"]
        assert content["status"] == "ok" and content["language_info"]["name"] == "rust"
    assert session.reply(comms)["content"]["comms"] == {}


def test_a_notebook_that_is_edited_and_run_in_an_editor(session):
    first = session.collect(execute(session, "let rate = 0.5;\nlet steps = vec![1, 2, 3];", "cell-a"))
    assert first.status == "ok"
    # What stands before the cursor is the whole cell's text, with emoji counted as Python counts them.
    code = "let text = \"🔥\"; steps.le"
    reply = session.reply(ask(session, "complete_request", {"code": code, "cursor_pos": len(code)}))["content"]
    assert "len" in [it.rstrip("()") for it in reply["matches"]], reply
    assert code[reply["cursor_start"] : reply["cursor_end"]] == "le"
    inspected = {"code": "rate", "cursor_pos": 2, "detail_level": 0}
    reply = session.reply(ask(session, "inspect_request", inspected))["content"]
    assert reply["found"] and "f64" in reply["data"]["text/plain"]
    # The cell is edited and run again under its name, with an error in it.
    failed = session.collect(execute(session, "let rate = 0.5;\nlet steps = vec![1, 2, 3]\nsteps.len()", "cell-a"))
    assert failed.status == "error" and failed.error["traceback"]
    again = session.collect(execute(session, "let rate = 0.25;\nrate * steps.len() as f64", "cell-a"))
    assert again.result == "0.75"


def test_questions_while_a_cell_runs_and_its_interrupt(session):
    running = execute(session, 'println!("started");\nloop { std::hint::black_box(torch::zeros(3)?); }', "cell-b")
    session.wait_for_text(running, "started")
    waiting = execute(session, "1 + 1", "cell-c")
    code = "torch::zer"
    reply = session.reply(ask(session, "complete_request", {"code": code, "cursor_pos": len(code)}))["content"]
    assert "zeros" in [it.rstrip("()") for it in reply["matches"]]
    time.sleep(0.2)
    session.manager.interrupt_kernel()
    assert session.collect(running).status == "error"
    # The editor sends the next cell only when the last one has ended; one that was sent is not run after an interrupt.
    assert session.reply(waiting)["content"]["status"] in ("aborted", "error")
    assert session.collect(execute(session, "2 + 2", "cell-d")).result == "4"
