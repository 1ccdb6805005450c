"""The history over sessions, in a home of its own: what is kept, who may read it, and what a broken place does."""

import json
import os
import stat
import threading

import pytest

from session import Session


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home without a history; the prelude is that of the tests."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("AKARI_SHARED", os.environ["AKARI_HOME"])
    monkeypatch.setenv("AKARI_HOME", str(home))
    monkeypatch.delenv("AKARI_HISTORY")
    return home


@pytest.fixture
def start(home):
    """Starts sessions that find that home. The kernelspec of the tests names the other one."""
    sessions = []

    def begin():
        sessions.append(Own())
        return sessions[-1]

    yield begin
    for session in sessions:
        session.end()


class Own(Session):
    def __init__(self):
        manager_env = {name: os.environ[name] for name in ("AKARI_HOME", "AKARI_SHARED")}
        from jupyter_client.kernelspec import get_kernel_spec
        from jupyter_client.manager import KernelManager

        spec = get_kernel_spec("akari")
        spec.env = {**spec.env, **manager_env}
        self.manager = KernelManager(kernel_name="akari")
        self.manager._kernel_spec = spec
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=30)

    def history(self, access="tail", **options):
        options.setdefault("raw", True)
        content = self.reply(self.client.history(hist_access_type=access, **options))["content"]
        assert content["status"] == "ok"
        return [tuple(it) for it in content["history"]]


def stop(session):
    session.manager.shutdown_kernel()
    session.end()


def test_cells_of_earlier_sessions_come_back(start, home):
    first = start()
    first.ok("let a = 1;")
    first.ok("a + 41")
    first.run("1 +")
    first.ok("2 + 2", store_history=False)
    first.ok("3 + 3", silent=True)
    stop(first)
    second = start()
    assert second.history(n=10) == [(1, 1, "let a = 1;"), (1, 2, "a + 41"), (1, 3, "1 +")]
    second.ok("let b = 2;")
    assert second.history(n=2) == [(1, 3, "1 +"), (2, 1, "let b = 2;")]
    assert second.history("range", session=-1, start=1, stop=3) == [(1, 1, "let a = 1;"), (1, 2, "a + 41")]
    assert second.history("range", session=1, start=2, stop=None) == [(1, 2, "a + 41"), (1, 3, "1 +")]
    assert second.history("range", session=0, start=1, stop=None) == [(0, 1, "let b = 2;")]
    assert second.history("range", session=7, start=1, stop=None) == []
    assert second.history("search", pattern="let*", n=9) == [(1, 1, "let a = 1;"), (2, 1, "let b = 2;")]
    second.ok("let a = 1;")
    assert second.history("search", pattern="let a*", n=9, unique=True) == [(2, 2, "let a = 1;")]
    assert second.history(n=9, output=True)[-1] == (2, 2, ["let a = 1;", None])
    assert stat.S_IMODE((home / "history.jsonl").stat().st_mode) == 0o600


def test_a_kernel_that_was_killed_has_its_cells_kept(start):
    first = start()
    first.ok("let kept = 1;")
    assert first.history(n=1) == [(1, 1, "let kept = 1;")]
    first.process.kill()
    assert start().history(n=1) == [(1, 1, "let kept = 1;")]


def test_kernels_at_once_lose_no_line_and_share_no_number(start):
    sessions = [start() for _ in range(3)]

    def run(session, name):
        for number in range(10):
            session.ok(f"let {name}{number} = {number};")

    threads = [threading.Thread(target=run, args=(it, "abc"[at])) for at, it in enumerate(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sessions[0].history(n=100)
    assert sorted(it[2] for it in found) == sorted(f"let {name}{n} = {n};" for name in "abc" for n in range(10))
    assert {it[0] for it in found} == {1, 2, 3}
    for number in (1, 2, 3):
        assert [it[1] for it in found if it[0] == number] == list(range(1, 11))


@pytest.mark.parametrize("place", ["a folder", "a damaged file", "a full disk", "somebody else's"])
def test_a_broken_place_is_no_error_of_a_cell(start, home, place):
    path = home / "history.jsonl"
    if place == "a folder":
        path.mkdir()
    elif place == "a damaged file":
        path.write_bytes(b"\xff\x00\n[1]\n" + json.dumps({"session": 4, "line": 1, "code": "kept"}).encode() + b"\n{\"session")
    elif place == "a full disk":
        path.symlink_to("/dev/full")
    else:
        path.symlink_to("/etc/hostname")
    session = start()
    session.ok("let a = 1;")
    assert session.ok("a + 1").result == "2"
    found = session.history(n=9)
    assert [it[2] for it in found][-2:] == ["let a = 1;", "a + 1"]
    assert ("kept" in [it[2] for it in found]) == (place == "a damaged file")
    assert (home / "akari.log").read_text().count("history") >= 1


def test_requests_with_wrong_fields_are_answered(start):
    session = start()
    session.ok("1 + 1")
    for content in [
        {"hist_access_type": "range", "session": "x", "start": [], "stop": {}},
        {"hist_access_type": "range", "session": -(2**63), "start": -(2**63), "stop": 2**63 - 1},
        {"hist_access_type": "search", "pattern": 5, "n": -1},
        {"hist_access_type": "search", "pattern": "*" * 5000 + "b", "n": 2**64},
        {"hist_access_type": "strange"},
        {},
    ]:
        message = session.client.session.msg("history_request", content)
        session.client.shell_channel.send(message)
        assert session.reply(message["header"]["msg_id"])["content"]["status"] == "ok", content
