"""What other kernels get wrong, each by its number in the project's notes on evcxr_jupyter 0.22.0."""

import hashlib
import hmac
import json

import zmq


def test_b1_flush_as_the_last_output_hangs_the_cell(session):
    session.ok("use std::io::Write;")
    run = session.ok('print!("flushed"); std::io::stdout().flush()?;')
    assert run.stream() == "flushed"
    bar = session.ok('for i in 0..=3 { print!("\\r{i} of 3"); std::io::stdout().flush()?; }')
    assert bar.stream() == "\r0 of 3\r1 of 3\r2 of 3\r3 of 3"
    assert session.ok("1 + 1").result == "2"


def test_b2_flush_before_a_panic_loses_the_variables(session):
    session.ok('let c = vec![String::from("kept")];')
    run = session.run('use std::io::Write; print!("x"); std::io::stdout().flush()?; let d = &c; panic!("no");')
    assert run.error["ename"] == "Panic"
    assert run.stream() == "x"
    assert session.ok("c.len()").result == "1"


def test_b3_print_without_a_newline_comes_cells_later(session):
    run = session.ok('print!("no newline");')
    assert run.stream() == "no newline"
    later = session.ok('println!("next");')
    assert later.stream() == "next\n"


def test_b4_bytes_that_are_no_text_shift_the_replies(session):
    run = session.ok('use std::io::Write; std::io::stdout().write_all(b"a\\xff\\xfeb\\n")?;')
    assert run.stream() == "a\ufffd\ufffdb\n"
    assert session.ok("1 + 1").result == "2"
    assert session.ok("2 + 2").result == "4"


def test_b8_a_failed_question_mark_is_answered_ok(session):
    session.ok("let kept = 5;")
    # The others are there before it fails, also where it was compiled before.
    failing = "let n = kept; std::thread::sleep(std::time::Duration::from_millis(300));\nlet m: i32 = \"x\".parse()?;"
    requests = [session.send(code) for code in (failing, "1", "2")]
    failed = session.collect(requests[0])
    assert failed.error["ename"] == "ParseIntError"
    assert "invalid digit" in failed.error["evalue"]
    assert "cell [2], line 2" in "\n".join(failed.error["traceback"])
    assert failed.stream("stderr") == ""
    # "Run all" stops here.
    assert [session.collect(it).status for it in requests[1:]] == ["aborted", "aborted"]
    assert session.ok("kept").result == "5"


def test_b11_a_bad_message_ends_the_loop(session):
    information = session.manager.get_connection_info()
    key = information["key"]
    key = key if isinstance(key, bytes) else key.encode()

    def frames(*parts, signature=None):
        digest = hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest()
        return [b"<IDS|MSG>", (signature or digest).encode(), *parts]

    code = b'{"code": "std::fs::write(\\"/dev/full\\", \\"x\\").unwrap();"}'
    for port in ("shell_port", "control_port"):
        # A signature is good once, so each socket gets a message of its own.
        header = {"msg_id": port, "session": "s", "username": "u", "date": "2026-01-01T00:00:00Z", "version": "5.5"}
        execute = json.dumps(header | {"msg_type": "execute_request"}).encode()
        info = json.dumps(header | {"msg_type": "kernel_info_request"}).encode()
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(f"tcp://{information['ip']}:{information[port]}")
            for bad in (
                [b"junk"],
                [b""],
                [b"<IDS|MSG>"],
                [b"frame"] * 50,
                frames(execute, b"{}", b"{}", code, signature="0" * 64),
                frames(execute, b"{}", b"{}", code, signature="not hexadecimal"),
                frames(b"{", b"{}", b"{}", b"{}"),
                frames(b"\xff", b"{}", b"{}", b"{}"),
                frames(b"{}", b"{}", b"{}", b"{}"),
                frames(b"[]", b"[]", b"[]", b"[]"),
            ):
                socket.send_multipart(bad)
            # Sound ones after them are answered, and only they: also with a buffer behind them (B5).
            socket.send_multipart([*frames(info, b"{}", b"{}", b"{}"), b"buffer\xff"])
            assert socket.poll(10_000), "no answer after the bad messages"
            answer = socket.recv_multipart()
            reply = json.loads(answer[answer.index(b"<IDS|MSG>") + 2])
            assert reply["msg_type"] == "kernel_info_reply"
            assert not socket.poll(0)
    run = session.ok("1 + 1")
    assert (run.result, run.reply["execution_count"]) == ("2", 1)
