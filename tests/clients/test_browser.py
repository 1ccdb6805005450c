"""The lesson in JupyterLab, in Chromium, as a learner opens it: `akari lab`, "run all", save.

AKARI_PICTURE names a file for a screenshot of it; the README's is made so.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from conftest import CHECKOUT
from test_lesson import text_of

TIMEOUT = 60_000
LESSON = "01-activations-losses-optimizers.ipynb"


@pytest.fixture
def lab(installed, tmp_path):
    """The address of a JupyterLab that `akari lab` has started on copies of the lessons."""
    shutil.copytree(CHECKOUT / "notebooks", tmp_path / "notebooks")
    bin_folder = str(Path(sys.executable).parent)
    environment = dict(os.environ, PATH=bin_folder + os.pathsep + os.environ["PATH"])
    # JupyterLab would bring back the notebook of the test before.
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(tmp_path / "workspaces")
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(tmp_path / "settings")
    binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
    command = [binary, "lab", str(tmp_path / "notebooks"), "--no-browser", "--"]
    command += ["--port=0", "--ServerApp.ip=127.0.0.1"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield address(server), tmp_path / "notebooks"
    finally:
        server.terminate()
        server.wait(30)


def address(server):
    lines = []
    for line in server.stdout:
        lines.append(line)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab\S*[?&]token=(\w+)", line)
        if found:
            return found.groups()
    raise AssertionError("JupyterLab did not start:\n" + "".join(lines))


def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "this test needs Chromium; on Debian: apt-get install chromium"
    return found


@pytest.mark.parametrize("language", ["ja", "en"])
def test_lesson_in_jupyterlab(lab, language):
    (origin, token), folder = lab
    notebook = folder / language / LESSON
    stored = outputs(notebook)
    forget_outputs(notebook)
    before = notebook.stat().st_mtime_ns
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 960})
        page.goto(f"{origin}/lab/tree/{language}/{LESSON}?token={token}", timeout=TIMEOUT)
        # "Run all" before the kernel is connected asks which kernel to take.
        page.get_by_text("Rust (Akari) | Idle").wait_for(timeout=TIMEOUT)
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=TIMEOUT)
        run_all(page)
        wait_until_saved(page, notebook, before)
        if os.environ.get("AKARI_PICTURE") and language == "ja":
            picture(page, os.environ["AKARI_PICTURE"])
        browser.close()
    assert outputs(notebook) == stored


def code_cells(notebook):
    return [it for it in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if it["cell_type"] == "code"]


def outputs(notebook):
    """What is shown below each code cell, by the cell's id."""
    shown = {}
    for cell in code_cells(notebook):
        assert all(it["output_type"] != "error" for it in cell["outputs"]), cell
        joined = [dict(it, text="".join(it["text"])) if "text" in it else it for it in cell["outputs"]]
        shown[cell["id"]] = text_of(joined)
    return shown


def forget_outputs(notebook):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    notebook.write_text(json.dumps(content), encoding="utf-8")


def run_all(page):
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def wait_until_saved(page, notebook, before):
    """Saves until every code cell has run."""
    deadline = time.monotonic() + TIMEOUT / 1000
    while time.monotonic() < deadline:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(500)
        if notebook.stat().st_mtime_ns == before:
            continue
        if all(cell["execution_count"] for cell in code_cells(notebook)):
            return
    page.screenshot(path=notebook.with_suffix(".png"))
    raise AssertionError(f"the cells did not all run; see {notebook.with_suffix('.png')}")


def picture(page, path):
    for question in page.get_by_role("button", name="No", exact=True).all():
        question.click()
    page.keyboard.press("Control+b")
    page.get_by_text("softmax:").first.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    page.screenshot(path=path)
