"""The lesson and the gallery in JupyterLab, in Chromium, as a learner opens them: `akari lab`, "run all", save.

AKARI_PICTURE names a file for a screenshot of the lesson; the README's is made so. AKARI_GALLERY names a folder for
those of the gallery on a light and on a dark page.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from conftest import CHECKOUT
from test_lesson import text_of

TIMEOUT = 60_000
# A busy machine draws late.
expect.set_options(timeout=TIMEOUT)
LESSON = "01-activations-losses-optimizers.ipynb"


@pytest.fixture
def lab(installed, tmp_path):
    """The address of the JupyterLab on PATH that `akari lab` has started on copies of the lessons."""
    bin_folder = str(Path(sys.executable).parent)
    with started(tmp_path, PATH=bin_folder + os.pathsep + os.environ["PATH"]) as started_lab:
        yield started_lab


@pytest.fixture
def private_lab(installed, tmp_path):
    """The same for the private one, which stands in AKARI_HOME: here as a call of the one that tests have."""
    home = tmp_path / "home"
    program = home / "python" / "bin" / "jupyter-lab"
    program.parent.mkdir(parents=True, mode=0o755)
    own = Path(os.environ["AKARI_HOME"])
    for entry in own.iterdir():
        if entry.name not in ("python", "akari.log"):
            (home / entry.name).symlink_to(entry.absolute())
    program.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent}/jupyter-lab" "$@"\n')
    program.chmod(0o755)
    for stamp in ("akari-stamp", "akari-stamp-widgets", "akari-stamp-ja_JP"):
        (home / "python" / stamp).touch(mode=0o644)
    folders = [it for it in os.environ["PATH"].split(os.pathsep) if not (Path(it) / "jupyter-lab").exists()]
    environment = {
        "PATH": os.pathsep.join(folders),
        "AKARI_HOME": str(home),
        "AKARI_LANG": "ja",
        "JUPYTER_PATH": str(home / "python" / "share" / "jupyter"),
    }
    with started(tmp_path, **environment) as started_lab:
        yield started_lab


@contextmanager
def started(place, **environment):
    shutil.copytree(CHECKOUT / "notebooks", place / "notebooks")
    environment = {**os.environ, **environment}
    # JupyterLab would bring back the notebook of the test before.
    if "AKARI_LANG" not in environment:
        environment["JUPYTERLAB_WORKSPACES_DIR"] = str(place / "workspaces")
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(place / "settings")
    binary = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
    command = [binary, "lab", str(place / "notebooks"), "--no-browser", "--"]
    command += ["--port=0", "--ServerApp.ip=127.0.0.1"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield address(server), place / "notebooks"
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def opened(lab, path, scheme="light", height=960):
    """A page with the notebook open and its kernel idle."""
    (origin, token), _ = lab
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=scheme)
        page.goto(f"{origin}/lab/tree/{path}?token={token}", timeout=TIMEOUT)
        # "Run all" before the kernel is connected asks which kernel to take.
        page.get_by_text("Rust (Akari) | Idle").wait_for(timeout=TIMEOUT)
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=TIMEOUT)
        yield page
        browser.close()


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
    _, folder = lab
    notebook = folder / language / LESSON
    stored = outputs(notebook)
    forget_outputs(notebook)
    before = notebook.stat().st_mtime_ns
    with opened(lab, f"{language}/{LESSON}") as page:
        # JupyterLab has nothing to save in a notebook that it has only opened.
        page.wait_for_timeout(1000)
        assert page.locator(".lm-DockPanel-tabBar .jp-mod-dirty").count() == 0
        run_all(page)
        wait_until_saved(page, notebook, before)
        if os.environ.get("AKARI_PICTURE") and language == "ja":
            picture(page, os.environ["AKARI_PICTURE"])
    assert outputs(notebook) == stored


def test_the_private_jupyterlab_is_made_for_the_lesson(private_lab):
    ((origin, token), _) = private_lab
    with opened(private_lab, f"ja/{LESSON}") as page:
        page.locator(".jp-TableOfContents-content").get_by_text("softmax", exact=True).first.wait_for(timeout=TIMEOUT)
        expect(page.locator(".jp-FileBrowser").first).to_be_visible(timeout=TIMEOUT)
        # The question whether to fetch news comes within a second or two.
        page.wait_for_timeout(3000)
        assert page.locator(".Toastify__toast").count() == 0
        assert page.locator(".lm-DockPanel-tabBar .jp-mod-dirty").count() == 0
    name = "@jupyterlab/translation-extension:plugin"
    request = urllib.request.Request(f"{origin}/lab/api/settings/{name}", headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["schema"]["properties"]["locale"]["default"] == "ja_JP"


@pytest.mark.parametrize("notebook", ["gallery.ipynb", "gallery-ja.ipynb"])
def test_pictures_of_the_gallery_are_there_before_any_run(lab, notebook):
    with opened(lab, notebook) as page:
        pictures = page.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg")
        pictures.first.wait_for(timeout=TIMEOUT)
        expect(pictures.nth(1)).to_be_visible(timeout=TIMEOUT)
        page.wait_for_timeout(1000)
        assert page.locator(".lm-DockPanel-tabBar .jp-mod-dirty").count() == 0


def test_a_picture_that_is_not_trusted_is_a_line_of_words(lab):
    # Any change makes it a notebook that the program does not carry.
    path = lab[1] / "gallery.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][0]["source"] += "."
    path.write_text(json.dumps(content), encoding="utf-8")
    with opened(lab, "gallery.ipynb") as page:
        words = page.locator(".jp-OutputArea-output", has_text="training loss: 1 line, 60 points; 2.32 → 0.03137")
        words.first.wait_for(timeout=TIMEOUT)
        assert page.locator(".jp-OutputArea-output img").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_gallery_in_jupyterlab(lab, theme):
    _, folder = lab
    notebook = folder / "gallery.ipynb"
    settings = folder.parent / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": f"JupyterLab {theme.title()}"}))
    stored = outputs(notebook)
    forget_outputs(notebook)
    before = notebook.stat().st_mtime_ns
    with opened(lab, "gallery.ipynb", theme, 2900) as page:
        run_all(page)
        wait_until_saved(page, notebook, before)
        grounds = page.evaluate("getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", grounds)[:3])) < 380) == (theme == "dark"), grounds
        if os.environ.get("AKARI_GALLERY"):
            gallery_picture(page, Path(os.environ["AKARI_GALLERY"]) / f"gallery-{theme}.png")
    without_times = {
        id: re.sub(r"\[\d+:\d+, [^,\]]*", "[", text) for id, text in outputs(notebook).items()
    }
    assert without_times == {id: re.sub(r"\[\d+:\d+, [^,\]]*", "[", text) for id, text in stored.items()}


def code_cells(notebook):
    return [it for it in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if it["cell_type"] == "code"]


def outputs(notebook):
    """What is shown below each code cell, by the cell's id."""
    shown = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            assert all(it["output_type"] != "error" for it in cell.outputs), cell
            shown[cell.id] = text_of(cell.outputs)
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


def gallery_picture(page, path):
    for question in page.get_by_role("button", name="No", exact=True).all():
        question.click()
    page.keyboard.press("Control+b")
    # Cells that are not in sight are not in the page either.
    page.locator(".jp-Notebook").hover()
    heading = page.locator(".jp-Notebook h2", has_text="Optimizers and classifiers")
    page.mouse.wheel(0, -100_000)
    while not (heading.count() and heading.bounding_box()["y"] < 130):
        page.mouse.wheel(0, 150)
        page.wait_for_timeout(60)
    page.wait_for_timeout(1500)
    page.screenshot(path=path)
