"""The wire, tried by peers that mean harm or are only slow: each test by the fault that it keeps away.

All on loopback, bounded in count and in time. A hostile peer has no key unless a test says so. The
good client must go on, and control and heartbeat must answer, through all of it.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time
from queue import Empty

import pytest
import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.kernelspec import get_kernel_spec

from session import Session, is_gone, until

SOCKETS = ("shell", "iopub", "stdin", "control", "hb")
GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00NULL" + b"\0" * 48
FOREVER = "loop { std::thread::sleep(std::time::Duration::from_millis(1)); }"
ASK = 'println!("EVCXR_INPUT_REQUEST:{}? ");\nlet mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;\nline'
READY = {
    "shell": b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER",
    "iopub": b"\x05READY\x0bSocket-Type\0\0\0\x03SUB",
    "hb": b"\x05READY\x0bSocket-Type\0\0\0\x03REQ",
}
READY |= {"stdin": READY["shell"], "control": READY["shell"]}


def port(session, name):
    return int(session.manager.get_connection_info()[f"{name}_port"])


def connect(session, name, shakes_hands=True, buffer=None):
    """A raw peer; with a small `buffer` it soon holds no more than that."""
    peer = socket.socket()
    peer.settimeout(20)
    if buffer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    peer.connect(("127.0.0.1", port(session, name)))
    if shakes_hands:
        ready = READY[name]
        peer.sendall(GREETING + bytes([4, len(ready)]) + ready)
        read(peer, 64)
        _, size = read(peer, 2)
        assert read(peer, size).startswith(b"\x05READY")
    return peer


def read(peer, count):
    data = b""
    while len(data) < count:
        piece = peer.recv(count - len(data))
        if not piece:
            raise ConnectionError("the kernel closed the connection")
        data += piece
    return data


def is_closed(peer):
    """Whether the kernel closes the connection, after what it has to say."""
    try:
        while peer.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def beats(session):
    with zmq.Context() as context, context.socket(zmq.REQ) as heart:
        heart.linger = 0
        heart.connect(f"tcp://127.0.0.1:{port(session, 'hb')}")
        heart.send(b"ping")
        return heart.poll(10_000) and heart.recv() == b"ping"


def controls(session):
    """Whether control answers, asked by a connection that is there."""
    client = session.client
    message = client.session.msg("kernel_info_request", {})
    client.control_channel.send(message)
    while True:
        reply = client.get_control_msg(timeout=20)
        if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
            return reply["content"]["status"] == "ok"


def assert_well(session, number=20):
    assert session.ok(f"{number} + 1", timeout=60).result == str(number + 1)
    assert controls(session)
    assert beats(session)


@contextlib.contextmanager
def other_client(session):
    other = BlockingKernelClient()
    other.load_connection_info(session.manager.get_connection_info())
    other.start_channels()
    other.wait_for_ready(timeout=20)
    yield other
    other.stop_channels()


def signed(session, kind, content, parent=None, **header):
    """A signed message of a client of our own."""
    key = session.manager.get_connection_info()["key"]
    key = key if isinstance(key, bytes) else key.encode()
    header = {"msg_id": os.urandom(8).hex(), "session": "ours", "username": "u", "version": "5.5", "msg_type": kind} | header
    parts = [json.dumps(it, default=str).encode() for it in (header, parent or {}, {}, content)]
    return [b"<IDS|MSG>", hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest().encode(), *parts]


@contextlib.contextmanager
def dealer(session, name, identity=b""):
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.linger = 0
        if identity:
            peer.identity = identity
        peer.connect(f"tcp://127.0.0.1:{port(session, name)}")
        yield peer


def receive(peer, timeout=20):
    assert peer.poll(timeout * 1000), "no answer"
    parts = peer.recv_multipart()
    at = parts.index(b"<IDS|MSG>")
    return [json.loads(it) for it in parts[at + 2 : at + 6]]


# F4: memory for what a frame only claims to be.


@pytest.mark.parametrize("name", SOCKETS)
def test_f4_claimed_lengths_end_no_kernel(session, name):
    before = session.process.memory_info().vms
    for power in (33, 40, 46, 62, 63):
        length = struct.pack(">Q", 1 << power)
        for flags in (b"\x02", b"\x03", b"\x06"):
            for shakes_hands in (False, True):
                peer = connect(session, name, shakes_hands)
                peer.sendall((b"" if shakes_hands else GREETING) + flags + length)
                assert is_closed(peer), (power, flags, shakes_hands)
                peer.close()
    assert session.process.memory_info().vms < before + (1 << 30)
    assert_well(session)


@pytest.mark.parametrize("name", ["shell", "control", "stdin"])
def test_f4_an_endless_message_is_cut(session, name):
    """Many parts, large parts, and a first message that never ends."""
    for part in (b"\x01\x00", b"\x03" + struct.pack(">Q", 1 << 20) + bytes(1 << 20)):
        peer = connect(session, name)
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                peer.sendall(part if len(part) > 100 else part * 100)
        assert is_closed(peer)
    assert_well(session)


def test_f4_strangers_share_little_memory(session):
    """Many peers without the key that each send half of a large message."""
    session.ok("1")
    before = session.process.memory_info().rss
    half = b"\x02" + struct.pack(">Q", 60 << 20) + bytes(30 << 20)
    peers = [connect(session, "shell") for _ in range(12)]
    for peer in peers:
        with contextlib.suppress(ConnectionError):
            peer.sendall(half)
    # A client that comes now is served all the same, and may send large cells once it has shown its key.
    with dealer(session, "shell") as client:
        client.send_multipart(signed(session, "kernel_info_request", {}))
        assert receive(client)[0]["msg_type"] == "kernel_info_reply"
        code = "// " + "x" * (8 << 20) + "\n1"
        client.send_multipart(signed(session, "execute_request", {"code": code}))
        assert receive(client, 60)[3]["status"] == "ok"
    assert session.process.memory_info().rss < before + (400 << 20)
    for peer in peers:
        peer.close()
    assert_well(session)


@pytest.mark.parametrize("name", SOCKETS)
def test_f4_garbage_ends_no_kernel(session, name):
    dice = random.Random(4)
    for turn in range(300):
        peer = connect(session, name, shakes_hands=turn % 2 == 0)
        data = dice.randbytes(dice.randrange(1, 400))
        if turn % 3 == 0:
            data = bytes(dice.choice((0, 1, 2, 3, 4, 6, 9)) for _ in range(len(data)))
        with contextlib.suppress(ConnectionError):
            peer.sendall((GREETING if turn % 4 == 1 else b"") + data)
        peer.close()
    assert_well(session)


def test_f4_slow_and_silent_peers_hold_only_themselves(session):
    """Half greetings, half frames, and more connections than there is room for."""
    peers = []
    for turn in range(200):
        name = SOCKETS[turn % len(SOCKETS)]
        peer = connect(session, name, shakes_hands=turn % 4 == 0)
        peer.sendall((b"", GREETING[:7], GREETING, b"\x00\x05ab")[turn % 4] if turn % 4 else b"\x01\x05ab")
        peers.append(peer)
    assert_well(session)
    with other_client(session) as other:
        assert other.kernel_info(reply=True, timeout=20)["content"]["status"] == "ok"
    for peer in peers:
        peer.close()
    assert_well(session)


def test_silent_connections_do_not_use_up_the_files(session):
    strangers = []
    for _ in range(1000):
        try:
            strangers.append(connect(session, "shell", shakes_hands=False))
        except OSError:
            break
    assert until(lambda: session.process.num_fds() < 300), session.process.num_fds()
    assert_well(session)
    for peer in strangers:
        peer.close()


# F5: a subscriber that does not read.


def subscribe(session, buffer=4096):
    peer = connect(session, "iopub", buffer=buffer)
    peer.sendall(b"\x00\x01\x01")
    return peer


def test_f5_a_raw_subscriber_that_does_not_read_stalls_nobody(session):
    sleepers = [subscribe(session) for _ in range(3)]
    lines = 200_000
    run = session.ok(f'for i in 0..{lines} {{ println!("{{i:0>200}}"); }}', timeout=120)
    assert len(run.stream()) == lines * 201
    assert_well(session)
    for sleeper in sleepers:
        sleeper.close()


def test_f5_a_second_client_that_does_not_read_stalls_nobody(session):
    with other_client(session) as other:
        # Nothing reads for the other client: its messages stay in the sockets.
        for turn in range(400):
            assert len(session.ok('println!("{}", "x".repeat(20_000));').stream()) == 20_001
        assert_well(session)
        # Once it reads again, the other client goes on.
        request = other.execute("40 + 2")
        seen = None
        while seen != "42":
            message = other.get_iopub_msg(timeout=20)
            if message["msg_type"] == "execute_result" and message["parent_header"]["msg_id"] == request:
                seen = message["content"]["data"]["text/plain"]


def test_f5_what_waits_for_a_sleeper_is_bounded_and_it_loses_only_its_own(session):
    sleeper = subscribe(session)
    show = 'akari::display::html(&"h".repeat(30 << 20));'
    for _ in range(14):
        (display,) = session.ok(show, timeout=60).contents("display_data")
        assert len(display["data"]["text/html"]) == 30 << 20
    assert session.process.memory_info().rss < 700 << 20
    # Once the sleeper wakes up, it sees what comes now.
    session.ok('println!("awake");')
    seen = b""
    end = time.monotonic() + 60
    while b"awake\\n" not in seen and time.monotonic() < end:
        piece = sleeper.recv(1 << 20)
        if not piece:
            # Cut off in the middle of a message, the sleeper begins anew.
            sleeper = subscribe(session)
            session.ok('println!("awake");')
        seen = seen[-20:] + piece
    assert b"awake\\n" in seen
    assert_well(session)


def test_f5_a_slow_reader_loses_nothing(session):
    """A reader that takes 20 MB at some 10 MB a second gets every line."""
    slow = connect(session, "iopub", buffer=1 << 16)
    slow.sendall(b"\x00\x07\x01stream")
    lines = 100_000
    taken = bytearray()

    def take():
        while taken.count(b"-end-") == 0:
            piece = slow.recv(1 << 16)
            if not piece:
                return
            taken.extend(piece)
            time.sleep(0.006)

    taking = threading.Thread(target=take)
    taking.start()
    session.ok(f'for i in 0..{lines} {{ println!("<{{i}}>{{:0>200}}", 0); }} println!("-end-");', timeout=120)
    taking.join(120)
    for number in range(0, lines, 997):
        assert b"<%d>" % number in taken, number
    slow.close()


# F6: a flood of subscriptions.


def test_f6_a_flood_of_subscriptions_costs_the_flooder_only(session):
    floods = []
    for topics in (lambda i: b"", lambda i: b"%06d" % (i % 50)):
        peer = connect(session, "iopub")
        data = b"".join(bytes([0, 1 + len(topic), 1]) + topic for topic in map(topics, range(200_000)))
        flooding = threading.Thread(target=flood, args=(peer, data))
        flooding.start()
        floods.append((peer, flooding))
    for number in range(20):
        assert_well(session, number)
    for peer, flooding in floods:
        peer.close()
        flooding.join(60)
    with other_client(session) as other:
        assert other.kernel_info(reply=True, timeout=20)["content"]["status"] == "ok"
    # A peer with more topics than there is any use for is let go.
    peer = connect(session, "iopub")
    with contextlib.suppress(ConnectionError):
        peer.sendall(b"".join(b"\x00\x05\x01%04d" % i for i in range(2000)))
    assert is_closed(peer)
    assert_well(session)


def flood(peer, data):
    with contextlib.suppress(OSError):
        peer.sendall(data)


def test_a_new_subscriber_is_welcomed_and_others_are_not_told(session):
    with zmq.Context() as context, context.socket(zmq.SUB) as first, context.socket(zmq.SUB) as second:
        for subscriber in (first, second):
            subscriber.linger = 0
            subscriber.connect(f"tcp://127.0.0.1:{port(session, 'iopub')}")
            subscriber.subscribe(b"")
            header, _, _, content = receive(subscriber)
            assert (header["msg_type"], content) == ("iopub_welcome", {"subscription": ""})
        session.ok("1")
        kinds = []
        while "execute_result" not in kinds:
            kinds.append(receive(first)[0]["msg_type"])
        assert "iopub_welcome" not in kinds


# F10 and B6: the heartbeat that the first odd client ended.


def test_f10_and_b6_the_heartbeat_goes_on_after_odd_clients(session):
    for _ in range(50):
        # Pings and goes without waiting; sends one frame without an envelope; says nothing; breaks off.
        for data in (b"\x01\x00\x00\x04ping", b"\x00\x04ping", b"", b"\x00\x09pi"):
            peer = connect(session, "hb")
            peer.sendall(data)
            peer.close()
        connect(session, "hb", shakes_hands=False).close()
    assert beats(session)
    peer = connect(session, "hb")
    peer.sendall(b"\x01\x00\x00\x04ping")
    assert read(peer, 8) == b"\x01\x00\x00\x04ping"
    peer.close()


def test_f10_heartbeat_and_control_answer_while_a_cell_runs_and_others_flood(session):
    cell = session.start(FOREVER)
    sleepers = [subscribe(session) for _ in range(5)]
    halves = [connect(session, "shell") for _ in range(20)]
    for half in halves:
        half.sendall(b"\x02" + struct.pack(">Q", 1 << 20) + bytes(1000))
    for _ in range(20):
        assert beats(session) and controls(session)
    session.manager.interrupt_kernel()
    assert session.reply(cell)["content"]["ename"] == "Interrupted"
    for peer in sleepers + halves:
        peer.close()


def test_b6_a_heartbeat_that_cannot_be_bound_is_an_error_in_words(installed, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {f"{it}_port": 0 for it in ("shell", "iopub", "stdin", "control")}
        info = {"ip": "127.0.0.1", "transport": "tcp", "key": "k", "hb_port": taken.getsockname()[1]} | ports
        run = start_by_hand(tmp_path, info)
    assert run.returncode == 1 and "heartbeat" in run.stderr, run.stderr
    run = start_by_hand(tmp_path, info | {"hb_port": 0, "signature_scheme": "hmac-md5"})
    assert run.returncode == 1 and "hmac-md5" in run.stderr, run.stderr


def start_by_hand(folder, info):
    file = folder / "connection.json"
    file.write_text(json.dumps(info))
    argv = [str(file) if it == "{connection_file}" else it for it in get_kernel_spec("akari").argv]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


# F8: nesting.

DEEP = {
    "parentheses": ("(", "1", ")"),
    "open brackets": ("[", "", ""),
    "blocks": ("{", "1", "}"),
    "minus": ("-", "1", ""),
    "borrows": ("&", "1", ""),
    "generics": ("Vec<", "", ""),
    "generics with commas": ("M<u8, ", "", ""),
    "closures": ("|a, b| ", "1", ""),
    "else if": ("if a {} else ", "{}", ""),
    "calls of methods": ("", "x", ".b()"),
    "calls": ("", "x", "()"),
    "sums": ("", "1", " + 1"),
    "assignments": ("a = ", "1", ""),
    "macros": ("m!(", "", ")"),
}


def test_f8_nesting_ends_no_kernel(session):
    session.ok("let kept = 7;")
    client = session.client
    for name, (opener, core, closer) in DEEP.items():
        code = opener * 100_000 + core + closer * 100_000
        run = session.run(code, timeout=60)
        assert run.error["ename"] == "CompileError" and "nested too deeply" in run.error["evalue"], name
        assert session.reply(client.is_complete(code), 60)["content"]["status"] in ("invalid", "complete"), name
        assert session.reply(client.complete(code), 60)["content"]["status"] == "ok", name
        assert session.reply(client.inspect(code), 60)["content"]["status"] == "ok", name
    # What is only long is not refused.
    assert session.ok(f"[{'1, ' * 5000}].len()", timeout=60).result == "5000"
    assert session.ok("kept").result == "7"


def test_f8_what_is_less_deep_has_an_answer_too(session):
    """The compiler has limits of its own, and may crash; the session goes on."""
    session.ok("let kept = 7;")
    for name in ("parentheses", "open brackets", "blocks", "minus", "calls of methods", "calls", "macros"):
        opener, core, closer = DEEP[name]
        for count in (100, 1400):
            session.run(opener * count + core + closer * count, timeout=120)
    assert session.ok("kept").result == "7"


# B10: the text of a panic that an earlier cell caught.


def test_b10_a_panic_does_not_take_the_text_of_one_that_was_caught(session):
    session.ok('let caught = std::panic::catch_unwind(|| { let n: i32 = panic!("of the first cell"); n });')
    resumed = 'let done = std::thread::spawn(|| { panic!("of the second cell") }).join();\nlet end: () = done.unwrap_or_else(|it| std::panic::resume_unwind(it));'
    run = session.run(resumed)
    assert run.error["ename"] == "Panic"
    assert "of the second cell" in run.error["evalue"], run.error
    # Boxed values that are no text, too.
    session.ok('let again = std::panic::catch_unwind(|| { let n: i32 = panic!("of the third cell"); n });')
    run = session.run("std::panic::resume_unwind(Box::new(5));")
    assert "third" not in run.error["evalue"], run.error


# B11: an answer that belongs to another question.


def test_b11_a_late_answer_does_not_answer_the_next_question(session):
    first = session.send(ASK.format("first"), allow_stdin=True)
    client = session.client
    asked = client.get_stdin_msg(timeout=20)
    session.manager.interrupt_kernel()
    assert session.collect(first, 20).error["ename"] == "Interrupted"
    second = session.send(ASK.format("second"), allow_stdin=True)
    asked_again = client.get_stdin_msg(timeout=20)
    assert asked_again["content"]["prompt"] == "second? "

    def answer(question, value, kind="input_reply"):
        message = client.session.msg(kind, {"value": value}, parent=question["header"])
        client.stdin_channel.send(message)

    answer(asked, "late")
    answer(asked_again, "of another kind", "comm_msg")
    # Another client's answer does not count either, even if it takes our name.
    identity = client.session.bsession
    with dealer(session, "stdin", b"somebody") as stranger, dealer(session, "stdin", identity) as impostor:
        for peer in (stranger, impostor):
            peer.send_multipart(signed(session, "input_reply", {"value": "stranger's"}, asked_again["header"]))
        answer(asked_again, "right")
        assert session.collect(second, 20).result == "right\n"


def test_b11_an_answer_before_the_question_is_dropped(session):
    session.client.input("early")
    # Asked and answered on the same connection, so the early answer has been read.
    cell = session.send(ASK.format("now"), allow_stdin=True)
    session.client.get_stdin_msg(timeout=20)
    session.client.input("in time")
    assert session.collect(cell, 20).result == "in time\n"


def test_b11_interrupts_while_asking_are_never_lost(session):
    session.ok(f"if false {{ {ASK.format('warm')}; }}")
    for turn in range(40):
        cell = session.send(ASK.format("again"), allow_stdin=True)
        if turn % 2:
            session.client.get_stdin_msg(timeout=20)
        else:
            time.sleep(random.random() / 100)
        session.manager.interrupt_kernel()
        assert session.collect(cell, 20).error["ename"] == "Interrupted"
        with contextlib.suppress(Empty):
            while True:
                session.client.get_stdin_msg(timeout=0)
    assert session.ok("1 + 1").result == "2"


# Interrupts, and what waits.


def test_one_interrupt_ends_the_whole_queue_of_a_client(session):
    code = "std::thread::sleep(std::time::Duration::from_millis(200));"
    session.ok(code)
    cells = [session.send(code) for _ in range(10)]
    session.client.kernel_info(reply=True, timeout=20)
    session.manager.interrupt_kernel()
    states = [session.reply(it)["content"]["status"] for it in cells]
    assert states.count("aborted") >= 8, states
    assert session.ok("1 + 1").result == "2"


def test_an_interrupt_that_overtakes_its_cell_stops_it(session):
    """Shell and control are two sockets; by the client's own clock the cell was sent first."""
    with dealer(session, "shell") as shell, dealer(session, "control") as control:
        interrupt = signed(session, "interrupt_request", {}, date="2026-01-01T00:00:02+00:00")
        control.send_multipart(interrupt)
        assert receive(control)[3]["status"] == "ok"
        for date, ename in (("2026-01-01T09:00:01+09:00", "Interrupted"), ("2026-01-01T00:00:03.000001Z", None)):
            shell.send_multipart(signed(session, "execute_request", {"code": "1 + 1"}, date=date))
            assert receive(shell)[3].get("ename") == ename
    # Those of others run.
    assert session.ok("1 + 1").result == "2"


def test_shutdown_begins_no_cell_that_waits(session, tmp_path):
    mark = tmp_path / "begun"
    session.start(FOREVER)
    session.send(f'std::fs::write("{mark}", "x")?;')
    processes = session.processes()
    client = session.client
    message = client.session.msg("shutdown_request", {"restart": False})
    client.control_channel.send(message)
    # The reply has left before the sockets close.
    reply = client.get_control_msg(timeout=20)
    assert (reply["msg_type"], reply["content"]) == ("shutdown_reply", {"status": "ok", "restart": False})
    assert until(lambda: all(map(is_gone, processes)))
    assert not mark.exists()


# Signatures.


def test_a_signed_message_counts_once(session):
    with dealer(session, "shell") as first, dealer(session, "control") as second:
        message = signed(session, "execute_request", {"code": "1"})
        first.send_multipart(message)
        assert receive(first)[3]["execution_count"] == 1
        for peer in (first, second):
            peer.send_multipart(message)
            peer.send_multipart(signed(session, "kernel_info_request", {}))
            assert receive(peer)[0]["msg_type"] == "kernel_info_reply"
    assert session.ok("2").reply["execution_count"] == 2


# B16: busy and idle around everything, and starts that take long or fail.


def test_b16_comms_are_busy_and_idle(session):
    client = session.client
    for kind, expected in (
        ("comm_open", ["busy", "comm_close", "idle"]),
        ("comm_msg", ["busy", "idle"]),
        ("comm_close", ["busy", "idle"]),
    ):
        message = client.session.msg(kind, {"comm_id": "c", "target_name": "t", "data": {}})
        client.shell_channel.send(message)
        seen = []
        while seen[-1:] != ["idle"]:
            got = client.get_iopub_msg(timeout=20)
            if got["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                seen.append(got["content"].get("execution_state") or got["msg_type"])
        assert seen == expected


def test_every_request_is_busy_replied_and_idle(session):
    client = session.client
    for kind in (
        "execute", "kernel_info", "complete", "inspect", "history", "is_complete", "comm_info", "interrupt", "strange",
    ):
        for content in ({}, {"code": 5}, {"code": "1", "cursor_pos": -7, "n": -1, "user_expressions": 3}):
            message = client.session.msg(f"{kind}_request", content)
            client.shell_channel.send(message)
            reply = session.reply(message["header"]["msg_id"], 60)
            assert reply["msg_type"] == f"{kind}_reply" and "status" in reply["content"]
            states = []
            while states[-1:] != ["idle"]:
                got = client.get_iopub_msg(timeout=20)
                if got["msg_type"] == "status" and got["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                    states.append(got["content"]["execution_state"])
            assert states == ["busy", "idle"]


def install_with(folder, monkeypatch, **env):
    """The kernelspec with other variables, where only this test finds it."""
    spec = get_kernel_spec("akari").to_dict()
    spec["env"] = spec["env"] | env
    kernel = folder / "jupyter" / "kernels" / "akari"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))


def test_b16_a_kernel_without_a_toolchain_says_so_in_the_cell(installed, tmp_path, monkeypatch):
    install_with(tmp_path, monkeypatch, RUSTC=str(tmp_path / "no-rustc"), AKARI_HOME=str(tmp_path / "home"))
    session = Session()
    try:
        error = session.run("1 + 1").error
        assert error["ename"] == "KernelStartError" and "rustup.rs" in error["evalue"]
        assert session.client.kernel_info(reply=True, timeout=20)["content"]["status"] == "ok"
    finally:
        session.end()


def test_b16_a_cell_that_waits_for_the_build_shows_it_and_is_interrupted(installed, tmp_path, monkeypatch):
    """Another process holds the lock of the build, as a second `akari` does that builds the same."""
    home = tmp_path / "home"
    home.mkdir()
    install_with(tmp_path, monkeypatch, AKARI_HOME=str(home))
    with open(home / "build.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        session = Session()
        try:
            cell = session.send("1 + 1")
            shown = []
            while len(shown) < 2:
                message = session.client.get_iopub_msg(timeout=30)
                if message["msg_type"] in ("display_data", "update_display_data"):
                    shown.append(message)
            assert [it["msg_type"] for it in shown] == ["display_data", "update_display_data"]
            assert "waiting for another" in shown[0]["content"]["data"]["text/plain"]
            session.manager.interrupt_kernel()
            assert session.reply(cell)["content"]["ename"] == "Interrupted"
            # The next waits too, and does not keep the kernel from its end.
            session.send("2 + 2")
            processes = session.processes()
            session.client.stop_channels()
            session.manager.shutdown_kernel()
            assert until(lambda: all(map(is_gone, processes)))
        finally:
            session.end()


def test_ipc_sockets_are_the_users_own_and_vanish(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ipc")
    session = Session(transport="ipc", ip=str(folder / "k"))
    assert sorted(it.stat().st_mode & 0o777 for it in folder.iterdir()) == [0o600] * 5
    processes = session.processes()
    client = session.client
    client.control_channel.send(client.session.msg("shutdown_request", {"restart": False}))
    assert client.get_control_msg(timeout=20)["msg_type"] == "shutdown_reply"
    assert until(lambda: all(map(is_gone, processes)))
    assert not list(folder.iterdir())
    session.end()
