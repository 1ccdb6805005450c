"""An exercise in JupyterLab, in Chromium: a learner solves it wrongly, reads the hint, solves it, and sees ✓.

AKARI_PICTURE names a file for a screenshot of it.
"""

import os

from playwright.sync_api import expect

from test_browser import LESSON, TIMEOUT, lab, opened

assert lab

# Windowed notebooks have only the cells in the page that can be seen.
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


def test_a_learner_solves_an_exercise(lab):
    with opened(lab, f"en/{LESSON}", height=3000) as page:
        cells = page.locator(".jp-CodeCell")

        def cell(text):
            # A verdict names the cells of its exercise too.
            found = cells.filter(has=page.locator(".jp-InputArea", has_text=text))
            for _ in range(40):
                if found.count():
                    return found.first
                page.mouse.move(700, 600)
                page.mouse.wheel(0, 900)
                page.wait_for_timeout(200)
            raise AssertionError(f"no cell has {text}")

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
