"""Pictures, curves that grow, progress bars and tables, as clients get them; and as files of `akari run`."""

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
