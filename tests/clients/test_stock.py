"""evcxr's own kernel with the prelude: `akari install --engine stock`.

That it runs the lesson is tried where AKARI_SLOW is set: evcxr compiles candle by itself, for minutes.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from conftest import CHECKOUT
from test_lesson import lesson

BINARY = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")


@pytest.fixture
def stock(tmp_path, monkeypatch):
    """The kernelspec, in the folder where these tests find kernels; evcxr's own one is not on PATH."""
    prefix = Path(os.environ["JUPYTER_PATH"]).parents[1]
    done = subprocess.run([BINARY, "install", "--engine", "stock", "--prefix", str(prefix)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "akari-stock" in done.stdout, done.stderr
    yield json.loads((prefix / "share/jupyter/kernels/akari-stock/kernel.json").read_text())
    remove = [BINARY, "uninstall", "--engine", "stock", "--prefix", str(prefix)]
    assert subprocess.run(remove, capture_output=True, timeout=60).returncode == 0


def test_evcxr_is_told_of_the_prelude(stock):
    assert stock["argv"][1:] == ["--control_file", "{connection_file}"]
    assert Path(stock["argv"][0]).name in ("akari-evcxr", "evcxr_jupyter")
    folder = Path(stock["env"]["EVCXR_CONFIG_DIR"])
    assert f"path = '{CHECKOUT}'" in (folder / "init.evcxr").read_text().replace('"', "'")
    assert (folder / "prelude.rs").read_text() == "use akari::prelude::*;\n"


@pytest.mark.skipif("AKARI_SLOW" not in os.environ, reason="evcxr compiles candle for minutes; AKARI_SLOW=1 runs this")
def test_lesson_and_gradients_across_cells(stock):
    manager = KernelManager(kernel_name="akari-stock")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()

    def run(code):
        outputs = []
        reply = client.execute_interactive(code, timeout=900, output_hook=outputs.append)
        errors = [it["content"] for it in outputs if it["msg_type"] == "error"]
        assert reply["content"]["status"] == "ok" and not errors, errors
        return "".join(it["content"]["text"] for it in outputs if it["msg_type"] == "stream" and it["content"]["name"] == "stdout")

    try:
        client.wait_for_ready(timeout=1500)
        for cell in lesson():
            code, expected = cell.values
            assert run(code) == expected, cell.id
        cells = ["let w = Var::new(&[2.0f32], &Device::Cpu)?;", "let a = tensor!([3.0]);", "let y: Tensor = t!(w * a + 1);"]
        for code in cells:
            run(code)
        assert run('show!(y.backward()?.get(&w).unwrap());') == "tensor([3.])\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
