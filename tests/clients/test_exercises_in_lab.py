"""An exercise in JupyterLab, in Chromium: a learner solves it wrongly, reads the hint, solves it, and sees ✓.

AKARI_PICTURE names a file for a screenshot of it.
"""

import json
import os

from playwright.sync_api import expect

from test_browser import LESSON, TIMEOUT, lab, opened

assert lab

WRONG = "let mse: Tensor = tensor!(1.08); let cross_entropy: Tensor = tensor!(1.539918);"
RIGHT = "let mse: Tensor = tensor!(0.27); let cross_entropy: Tensor = tensor!(1.539918);"


def fill(cell, page, code):
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")


def run(cell, page):
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def with_all_cells(folder):
    """A setting of JupyterLab, which otherwise has only those cells in the page that can be seen."""
    settings = folder.parent / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none"}))


def test_a_learner_solves_an_exercise(lab):
    with_all_cells(lab[1])
    with opened(lab, f"en/{LESSON}", height=3000) as page:
        cells = page.locator(".jp-CodeCell")

        def cell(text):
            # A verdict names the cells of its exercise too.
            found = cells.filter(has=page.locator(".jp-InputArea", has_text=text)).first
            found.wait_for(timeout=TIMEOUT)
            return found

        answer = cell("let mse: Tensor")
        fill(answer, page, WRONG)
        check = cell('check!("01-2"')
        run(check, page)
        output = check.locator(".jp-OutputArea")
        expect(output).to_contain_text("CheckFailed", timeout=TIMEOUT)
        expect(output).to_contain_text("the sum of the squared differences")
        hint = cell('hint!("01-2")')
        run(hint, page)
        expect(hint.locator(".jp-OutputArea")).to_contain_text("Hint 1 of 3", timeout=TIMEOUT)
        fill(answer, page, RIGHT)
        run(check, page)
        expect(output).to_contain_text("✓ 01-2: right", timeout=TIMEOUT)
        solution = cell('solution!("01-2")')
        run(solution, page)
        expect(solution.locator("pre code")).to_contain_text("CrossEntropyLoss", timeout=TIMEOUT)
        if os.environ.get("AKARI_PICTURE"):
            check.scroll_into_view_if_needed()
            page.screenshot(path=os.environ["AKARI_PICTURE"])
