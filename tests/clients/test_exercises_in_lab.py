"""An exercise in JupyterLab, in Chromium: a learner solves it wrongly, reads the hint, solves it, and sees ✓.

AKARI_PICTURE names a folder for pictures of it: `exercise-wrong.png` and `exercise-right.png`; those of the documents are made so.
"""

import json
import os

from playwright.sync_api import expect

from test_browser import LESSON, TIMEOUT, lab, opened

assert lab

RIGHT = """let output = tensor!([[0.3, 0.3, 0.3, 0.1]]);

let mse: Tensor = nn::MSELoss::default().forward(&output, &tensor!([[0, 0, 0, 1]]))?;
let cross_entropy: Tensor = nn::CrossEntropyLoss::default().forward(&output, &tensor!([3]))?;"""
WRONG = RIGHT.replace("nn::MSELoss::default()", "nn::MSELoss { reduction: Reduction::Sum }")


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


def picture(page, name, first, last):
    """A picture of the cells from one to another, if it is wanted."""
    folder = os.environ.get("AKARI_PICTURE")
    if not folder:
        return
    # Nothing blinks, and no cell is marked as the one that is written in.
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.add_style_tag(content=".jp-cell-toolbar, .jp-Collapser { visibility: hidden !important }")
    above, below = first.bounding_box(), last.bounding_box()
    clip = {"x": above["x"], "y": above["y"], "width": above["width"], "height": below["y"] + below["height"] - above["y"]}
    page.screenshot(path=f"{folder}/{name}.png", clip=clip)


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
        picture(page, "exercise-wrong", answer, hint)
        fill(answer, page, RIGHT)
        run(check, page)
        expect(output).to_contain_text("✓ 01-2: right", timeout=TIMEOUT)
        picture(page, "exercise-right", answer, check)
        solution = cell('solution!("01-2")')
        run(solution, page)
        expect(solution.locator("pre code")).to_contain_text("CrossEntropyLoss", timeout=TIMEOUT)
