"""A slider in JupyterLab, in Chromium: a learner moves the learning rate and sees the path drawn anew.

AKARI_PICTURE names a file for a screenshot of it.
"""

import json
import os
import re
import time

from playwright.sync_api import expect

from test_browser import TIMEOUT, lab, opened, run_all
from test_cli import notebook

assert lab

PATH = """widget::interact(("learning rate", 0.01..=1.0, 0.1), |lr| {
    let mut x = 1.0;
    let path: Vec<f64> = (0..20).map(|_| { x -= lr * 2.0 * x; x }).collect();
    plot::line(&path).title(format!("lr {lr:.2}"))
})"""


def test_a_learner_moves_the_learning_rate_and_sees_the_path(lab):
    _, folder = lab
    path = notebook(folder / "slider.ipynb", PATH, 'let n = widget::slider("steps", 1..=9, 3).show()?;', "show!(n.value());")
    with opened(lab, path.name) as page:
        run_all(page)
        slider = page.locator(".widget-slider").first
        slider.wait_for(timeout=TIMEOUT)
        expect(slider.locator(".widget-label")).to_have_text("learning rate")
        expect(slider.locator(".widget-readout")).to_have_text("0.10")
        picture = page.locator(".jp-CodeCell").first.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg")
        expect(picture).to_have_count(1, timeout=TIMEOUT)
        before = drawn(picture)
        handle = slider.locator(".noUi-handle")
        handle.focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        expect(slider.locator(".widget-readout")).to_have_text("0.15")
        page.wait_for_function("([selector, before]) => { const it = document.querySelector(selector); return it && (it.src || it.outerHTML) !== before; }", arg=[".jp-CodeCell .jp-OutputArea-output img, .jp-CodeCell .jp-OutputArea-output svg", before], timeout=TIMEOUT)
        expect(picture).to_have_count(1)
        other = page.locator(".widget-slider").nth(1)
        other.locator(".noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        expect(other.locator(".widget-readout")).to_have_text("4")
        run_last(page)
        expect(page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea-output")).to_contain_text("4", timeout=TIMEOUT)
        if os.environ.get("AKARI_PICTURE"):
            page.locator(".jp-CodeCell").first.screenshot(path=os.environ["AKARI_PICTURE"])
        wait_until_stored(page, path, "image/svg+xml", r"lr 0\.15: ")


LOG = """let log = widget::output().show()?;
log.capture(|| println!("in the place"));"""
INTO = """let out = log.clone();
widget::interact(("rate", 0.01..=1.0, 0.1), move |lr| {
    out.clear();
    out.capture(|| { println!("rate is {lr:.2}"); plot::line(&[lr, 1.0]).show() })
})"""


def test_outputs_of_a_slider_stand_in_an_output_widget(lab):
    _, folder = lab
    path = notebook(folder / "output.ipynb", LOG, INTO)
    with opened(lab, path.name) as page:
        run_all(page)
        cells = page.locator(".jp-CodeCell")
        place = cells.first.locator(".jp-OutputArea-output")
        expect(place.get_by_text("rate is 0.10").last).to_be_visible(timeout=TIMEOUT)
        expect(place.get_by_text("in the place")).to_have_count(0)
        expect(place.locator("img, svg").last).to_be_visible(timeout=TIMEOUT)
        cells.nth(1).locator(".noUi-handle").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        expect(place.get_by_text("rate is 0.13").last).to_be_visible(timeout=TIMEOUT)
        expect(place.get_by_text("rate is 0.10")).to_have_count(0)
        if os.environ.get("AKARI_PICTURE"):
            page.screenshot(path=os.environ["AKARI_PICTURE"])
        # The file is told of what stands in the place at the end of a cell, and not at each step of a slider.
        wait_until_stored(page, path, "application/vnd.jupyter.widget-view+json", r"rate is 0\.10\n.*1 line, 2 points")


def wait_until_stored(page, path, kind, wanted):
    """Saves the notebook until the text of the first cell's first output of this kind begins so: values on the slider's way have theirs, too."""
    deadline = time.monotonic() + TIMEOUT / 1000
    texts = []
    while time.monotonic() < deadline:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(500)
        stored = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["outputs"]
        texts = ["".join(it["data"]["text/plain"]) for it in stored if kind in it["data"]]
        if texts and re.match(wanted, texts[0]):
            return
    raise AssertionError(texts)


def drawn(picture):
    return picture.evaluate("it => it.src || it.outerHTML")


def run_last(page):
    page.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
