"""What a kernel takes of the machine, as jupyter-resource-usage asks for it."""

import psutil

from session import until


def ask(session, kind, content=None):
    message = session.client.session.msg(kind, content or {})
    session.client.control_channel.send(message)
    reply = session.client.control_channel.get_msg(timeout=10)
    assert reply["parent_header"]["msg_id"] == message["header"]["msg_id"]
    assert reply["msg_type"] == kind.replace("request", "reply")
    return reply["content"]


def test_usage_has_the_fields_of_ipykernel(session):
    first = ask(session, "usage_request")
    assert first["status"] == "ok" and first["kernel_cpu"] == 0 and "host_cpu_percent" not in first
    assert first["pid"] == session.process.pid
    # Two looks within one tick of the clock know no use of the processors.
    usage = until(lambda: (it := ask(session, "usage_request")) and "host_cpu_percent" in it and it)
    assert 0 <= usage["host_cpu_percent"] <= 100
    assert usage["cpu_count"] == psutil.cpu_count() and usage["hostname"]
    memory = usage["host_virtual_memory"]
    assert set(memory) == set(psutil.virtual_memory()._fields)
    assert memory["total"] == psutil.virtual_memory().total


def test_the_process_of_the_cells_counts_while_it_runs(session):
    before = ask(session, "usage_request")["kernel_memory"]
    request = session.start("let full = vec![1u8; 200 << 20]; let mut n = 0u64; loop { n = n.wrapping_add(full[(n % 4096) as usize] as u64); }")
    usage = lambda: ask(session, "usage_request")
    assert until(lambda: usage()["kernel_memory"] > before + (190 << 20))
    assert until(lambda: usage()["kernel_cpu"] > 0)
    session.manager.interrupt_kernel()
    session.collect(request)


def test_an_older_client_finds_the_same_on_shell(session):
    message = session.client.session.msg("usage_request", {"strange": [1]})
    session.client.shell_channel.send(message)
    assert session.reply(message["header"]["msg_id"])["content"]["pid"] == session.process.pid


def test_what_the_kernel_does_not_claim_is_refused(session):
    info = session.reply(session.client.kernel_info())["content"]
    assert info["protocol_version"] == "5.5" and info["debugger"] is False
    content = ask(session, "debug_request", {"command": "initialize"})
    assert (content["status"], content["ename"]) == ("error", "NotSupported")
