"""The engine on evcxr, which is installed beside the default one."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from session import Session, is_gone, until

CHECKOUT = Path(__file__).resolve().parents[2]
# rust-analyzer reads the standard library and candle before the first cell.
START = 180


@pytest.fixture(scope="module")
def evcxr(installed):
    """One kernel for all tests: its start takes several seconds."""
    binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
    command = [binary, "install", "--engine", "evcxr", "--prefix", str(installed / "prefix")]
    install = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert install.returncode == 0, install.stdout + install.stderr
    session = Session("akari-evcxr")
    session.ok("1", timeout=START)
    yield session
    processes = session.processes()
    session.end()
    assert until(lambda: all(is_gone(it) for it in processes))


def test_state_and_result(evcxr):
    evcxr.ok("let a = 1;")
    assert evcxr.ok("a + 1").result == "2"
    assert not evcxr.ok("if a == 1 {}").contents("execute_result")


def test_tensor(evcxr):
    evcxr.ok("let t = Tensor::new(&[1f32, -2.], &Device::Cpu)?;")
    assert evcxr.ok("F::relu(&t)?").result == "tensor([1., 0.])"
    assert evcxr.ok('show!("t:", t);').stream() == "t: tensor([ 1., -2.])\n"


def test_output(evcxr):
    run = evcxr.ok('println!("one"); print!("two"); eprintln!("three");')
    assert run.stream() == "one\ntwo"
    assert run.stream("stderr") == "three\n"


def test_output_before_a_panic_and_bytes_that_are_no_text(evcxr):
    evcxr.ok("let kept = 5;")
    run = evcxr.run('print!("half"); panic!("no");')
    assert run.stream() == "half"
    assert (run.error["ename"], run.error["evalue"]) == ("Panic", "no")
    evcxr.ok(r'std::io::Write::write_all(&mut std::io::stdout(), b"\xff\n").unwrap();')
    assert evcxr.ok("kept").result == "5"


def test_compile_error_shows_the_line(evcxr):
    error = evcxr.run('let ok = 1;\nlet text: String = 1;').error
    assert error["ename"] == "CompileError"
    assert "E0308" in error["evalue"] and "line 2" in error["evalue"]
    assert "let text: " in "\n".join(error["traceback"])


def test_question_mark(evcxr):
    error = evcxr.run('"x".parse::<i32>()?;').error
    assert error["ename"] == "Error" and "invalid digit" in error["evalue"]


def test_names(evcxr):
    evcxr.ok("let temperature = 1.5;")
    reply = evcxr.client.complete("tempe", reply=True, timeout=30)["content"]
    assert "temperature" in reply["matches"]


def test_end_of_the_process(evcxr):
    assert evcxr.run("std::process::exit(3);").error["ename"] == "ProcessExit"
    assert evcxr.ok("1 + 1").result == "2"


def test_interrupt(evcxr):
    request = evcxr.start("loop { std::thread::sleep(std::time::Duration::from_millis(10)); }")
    begin = time.monotonic()
    evcxr.manager.interrupt_kernel()
    assert evcxr.collect(request).error["ename"] == "Interrupted"
    assert time.monotonic() - begin < 5
    evcxr.ok("let a = 2;")
    assert evcxr.ok("a").result == "2"


def test_b9_tensor_of_another_candle_is_none_of_ours(evcxr, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "candle-core"\nversion = "0.9.0"\nedition = "2024"\n')
    (tmp_path / "src" / "lib.rs").write_text("pub mod tensor { #[derive(Debug)] pub struct Tensor(pub u8); }\n")
    evcxr.ok(f':dep candle-core = {{ path = "{tmp_path}" }}', timeout=START)
    assert evcxr.ok("let other = ::candle_core::tensor::Tensor(7); other", timeout=START).result == "Tensor(7)"
