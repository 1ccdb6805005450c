"""Pictures, curves that grow, progress bars and tables, as clients get them; as files and pages of `akari run`; the gallery."""

import base64
import json
import re

import nbformat
import pytest
from nbconvert import HTMLExporter

from conftest import CHECKOUT
from session import Session
from test_cli import akari, notebook


def shown(run):
    """The displays of a cell as a client shows them in the end, in order: updates take the place of what they update."""
    displays = {}
    for message in run.messages:
        if message["msg_type"] in ("display_data", "update_display_data"):
            content = message["content"]
            key = content["transient"].get("display_id", len(displays))
            displays[key] = content["data"]
    return list(displays.values())


def updates(run):
    return len(run.contents("update_display_data"))


def test_a_figure_is_svg_with_words_beside_it(session):
    run = session.ok('plot::line(&[2.0, 1.0]).title("学習")')
    (data,) = shown(run)
    assert sorted(data) == ["image/svg+xml", "text/plain"]
    assert data["image/svg+xml"].startswith("<svg xmlns=") and data["image/svg+xml"].endswith("</svg>")
    assert data["text/plain"] == "学習: 1 line, 2 points; 2 → 1"
    assert run.stream("stderr") == ""


def test_a_curve_grows_in_one_display_and_its_end_is_seen(session):
    run = session.ok(
        'let curve = plot::Live::new("loss");\n'
        "for n in 1..=400 { curve.push(1.0 / n as f64)?; std::thread::sleep(std::time::Duration::from_millis(1)); }"
    )
    assert len(run.contents("display_data")) == 1
    assert 1 <= updates(run) <= 12, updates(run)
    assert shown(run)[0]["text/plain"] == "1 line, 400 points; loss 1 → 0.0025"
    # A later cell goes on with the same picture.
    run = session.ok("curve.push(7)?;")
    assert not run.contents("display_data") and updates(run) == 1
    assert run.contents("update_display_data")[0]["data"]["text/plain"].endswith("401 points; loss 1 → 7")


def test_a_curve_of_a_failed_cell_has_its_last_values(session):
    run = session.run('let broken = plot::Live::new("x");\nfor n in 0..50 { broken.push(n)?; }\npanic!("over");')
    assert run.error["evalue"] == "over"
    assert shown(run)[0]["text/plain"] == "1 line, 50 points; x 0 → 49"


def test_progress_is_one_line_of_the_outermost_loop(session):
    run = session.ok(
        "let mut sum = 0;\n"
        'let epochs = progress(0..3).description("epochs");\n'
        "for _ in &epochs {\n"
        "    for n in progress(0..100) { sum += n; std::thread::sleep(std::time::Duration::from_millis(1)); }\n"
        '    epochs.metric("loss", 0.25);\n'
        "}\n"
        "sum"
    )
    assert run.result == "14850"
    (bar,) = shown(run)
    line = bar["text/plain"]
    assert line.startswith("epochs: 100%|████████████████████| 3/3 [00:0") and line.endswith("loss=0.2500]"), line
    assert updates(run) <= 12
    assert run.stream("stderr") == "" and run.stream() == ""


def test_progress_after_progress_and_after_a_break(session):
    run = session.ok("for _ in progress(0..3) {}\nfor n in progress(0..10) { if n == 5 { break; } }")
    first, second = [it["text/plain"] for it in shown(run)]
    assert "| 3/3 [" in first and "| 5/10 [" in second


def test_progress_of_an_interrupted_cell_ends_with_it(session):
    request = session.start("for _ in progress(0..1000000) { std::thread::sleep(std::time::Duration::from_millis(1)); }")
    session.manager.interrupt_kernel()
    run = session.collect(request)
    assert run.reply["ename"] == "Interrupted"
    run = session.ok("for _ in progress(0..2) {}")
    assert len(run.contents("display_data")) == 1 and "| 2/2 [" in shown(run)[0]["text/plain"]


def test_nbgrader_sees_no_progress(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    session = Session()
    try:
        run = session.ok("for _ in progress(0..3) {}\n1")
        assert run.result == "1" and not shown(run)
    finally:
        session.end()


def test_a_table_is_html_and_text(session):
    run = session.ok("display::table(&tensor!([[1, 2], [3, 4]]));")
    (data,) = shown(run)
    assert data["text/html"].startswith("<table>") and data["text/plain"] == "   0  1\n0  1  2\n1  3  4"


def test_akari_run_writes_pictures_to_files(tmp_path):
    path = notebook(
        tmp_path / "lesson.ipynb",
        "plot::line(&[2.0, 1.0])",
        'let curve = plot::Live::new("loss");\nfor n in 0..99 { curve.push(n)?; }\nplot::bars(["a"], [1])',
    )
    ended = akari("run", path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "1 line, 2 points; 2 → 1 -> lesson_files/lesson_1_0.svg",
        "1 bar; a 1 -> lesson_files/lesson_2_0.svg",
        "1 line, 99 points; loss 0 → 98 -> lesson_files/lesson_2_1.svg",
    ]
    files = sorted(it.name for it in (tmp_path / "lesson_files").iterdir())
    assert files == ["lesson_1_0.svg", "lesson_2_0.svg", "lesson_2_1.svg"]
    assert (tmp_path / "lesson_files" / files[0]).read_text().startswith("<svg")


GALLERIES = sorted((CHECKOUT / "notebooks").glob("gallery*.ipynb"))


@pytest.mark.parametrize("path", GALLERIES, ids=[it.stem for it in GALLERIES])
def test_the_gallery_is_as_it_was_stored(path):
    ended = akari("run", path, "--check")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_galleries_have_the_same_code():
    """But for the words of titles and labels."""
    words = re.compile(r'"[^"]*"')
    english, japanese = [
        {it["id"]: [words.sub('""', line) for line in it["source"]] for it in json.loads(path.read_text())["cells"] if it["cell_type"] == "code"}
        for path in (CHECKOUT / "notebooks" / "gallery.ipynb", CHECKOUT / "notebooks" / "gallery-ja.ipynb")
    ]
    assert japanese.pop("language") == [":lang ja"] and japanese == english


def test_a_log_tells_which_cell_printed_what(tmp_path):
    path = notebook(tmp_path / "log.ipynb", 'println!("one");', "\n// two\n1 + 1", 'panic!("three")', "4")
    ended = akari("run", path)
    assert ended.stdout.startswith("one\n2\n") and "[1/4]" not in ended.stdout
    marks = [line for line in ended.stderr.splitlines() if line.startswith("[")]
    assert marks == ['[1/4] println!("one");', "[2/4] // two", '[3/4] panic!("three")']
    assert "code cell 3 of 4" in ended.stderr.splitlines()[-1]


def test_akari_run_makes_a_page_that_stands_alone(tmp_path):
    path = notebook(
        tmp_path / "lesson.ipynb",
        'plot::line(&[2.0, 1.0]).title("<学習>")',
        'println!("{}", "<b>"); display::html("<i>mine</i>");',
        "let x: i32 = \"a\";",
        "1 + 1",
    )
    book = nbformat.read(path, as_version=4)
    book.cells.insert(0, nbformat.v4.new_markdown_cell("# 損失\n\n$x^2$\n\n<details><summary>答え</summary>1</details>"))
    nbformat.write(book, path)
    before = path.read_bytes()
    ended = akari("run", path, "--html", tmp_path / "page.html")
    assert ended.returncode == 1 and path.read_bytes() == before
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    (picture,) = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]*)" alt="&lt;学習&gt;: 1 line, 2 points; 2 → 1"', page)
    assert base64.b64decode(picture).decode().startswith("<svg")
    for part in ("<title>損失</title>", "<math", "<details><summary>答え</summary>", "&lt;b&gt;", "<i>mine</i>", "mismatched types"):
        assert part in page, part
    assert page.count('class="code') == 4 and page.count('class="code failed"') == 1
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)


@pytest.mark.parametrize("target", ["lesson.ipynb", "none/page.html"])
def test_a_page_takes_the_place_of_no_notebook(tmp_path, target):
    path = notebook(tmp_path / "lesson.ipynb", "1")
    before = path.read_bytes()
    ended = akari("run", path, "--html", tmp_path / target)
    assert ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_nbconvert_shows_the_pictures_of_a_run_notebook(tmp_path):
    path = notebook(tmp_path / "lesson.ipynb", "plot::line(&[2.0, 1.0])")
    assert akari("run", path, "--output", path).returncode == 0
    page, _ = HTMLExporter().from_filename(str(path))
    assert "data:image/svg+xml;base64," in page or "<svg xmlns=" in page
