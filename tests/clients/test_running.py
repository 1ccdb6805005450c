"""The running program, as a real client sees it: stdin, arguments, what threads print between cells,
C's stdio, rich output and completion.
"""

import time
from queue import Empty

import pytest
from jupyter_client import BlockingKernelClient

from session import Session, until

READ = "let mut line = String::new();\nstd::io::stdin().read_line(&mut line)?;\n"
LATER = "std::thread::sleep(std::time::Duration::from_millis(200));"


class Talk:
    """Runs a cell, answers its questions, and notes them."""

    def __init__(self, session, code, *answers):
        self.prompts = []
        cell = session.send(code, allow_stdin=True)
        for answer in answers:
            self.prompts.append(session.client.get_stdin_msg(timeout=20)["content"]["prompt"])
            session.client.input(answer)
        self.run = session.collect(cell)

    @property
    def result(self):
        assert self.run.status == "ok", "\n".join(self.run.reply.get("traceback", []))
        return self.run.result


# Reading stdin.

READERS = {
    "read_line": (READ + "line", ["灯り"], "灯り\n"),
    "an empty line": (READ + "line", [""], "\n"),
    "lines": (
        "let mut lines = std::io::stdin().lines();\n(lines.next().unwrap()?, lines.next().unwrap()?)",
        ["a", "b"],
        '("a", "b")',
    ),
    "lines until the end": (
        "let mut sum = 0;\nfor line in std::io::stdin().lines() { sum += line?.parse::<i32>()?; }\nsum",
        ["1", "2", "\x04"],
        "3",
    ),
    "lines until a person says the end": ("std::io::stdin().lines().count()", ["x", "^D"], "1"),
    "a locked stdin": (
        "use std::io::BufRead;\nlet mut word = Vec::new();\nstd::io::stdin().lock().read_until(b';', &mut word)?;\nword.len()",
        ["ab", "c;"],
        "5",
    ),
    "until the end, which is one answer": ("std::io::read_to_string(std::io::stdin())?", ["a b"], "a b\n"),
    "bytes": ("use std::io::Read;\nstd::io::stdin().bytes().next().unwrap()?", ["A"], "65"),
    "several places at once": (
        "use std::io::{IoSliceMut, Read};\nlet (mut a, mut b) = ([0; 1], [0; 9000]);\nstd::io::stdin().read_vectored(&mut [IoSliceMut::new(&mut []), IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)])?;\na",
        ["A"],
        "[65]",
    ),
    "copied": ("std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())?", ["abc", "\x04"], "4"),
    "a thread": (
        "std::thread::spawn(|| std::io::read_to_string(std::io::stdin())).join().unwrap()?",
        ["t"],
        "t\n",
    ),
    "C's getchar": ('unsafe extern "C" { fn getchar() -> i32; }\nunsafe { getchar() }', ["A"], "65"),
    "C's scanf": (
        'unsafe extern "C" { fn scanf(format: *const std::ffi::c_char, ...) -> i32; }\nlet (mut a, mut b) = (0i32, 0i32);\nunsafe { scanf(c"%d %d".as_ptr(), &mut a, &mut b) };\na * b',
        ["6", "7"],
        "42",
    ),
    "input": ('let age: u8 = input("age? ").parse()?;\nage + 1', ["41"], "42"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_read_asks_the_client(session, name):
    code, answers, result = READERS[name]
    assert Talk(session, code, *answers).result == result
    # A second cell asks anew, unless the first has left something of its answer.
    if name not in ("a locked stdin", "bytes", "several places at once", "C's getchar"):
        assert Talk(session, code, *answers).result == result


def test_the_question_is_what_was_printed_or_said(session):
    talk = Talk(session, f'print!("one\\nage? ");\n{READ}\nprint!("{{line}}");\n{READ}line', "4", "2")
    assert talk.prompts == ["age? ", ""] and talk.result == "2\n"
    assert talk.run.stream() == "one\nage? 4\n"
    assert Talk(session, f'eprint!("\\x1b[1mname\\x1b[0m: ");\n{READ}', "x").prompts == ["name: "]
    talk = Talk(session, 'println!("first");\ninput("お名前は? ")', "灯")
    assert talk.prompts == ["お名前は? "] and talk.run.stream() == "first\n"


def test_what_a_cell_leaves_of_an_answer_is_there_for_the_next(session):
    first = "use std::io::Read;\nlet first = std::io::stdin().bytes().next().unwrap()?;\nfirst"
    assert Talk(session, first, "xyz").result == "120"
    assert session.ok(READ + "line").result == "yz\n"


UNANSWERED = {
    "read_line": READ,
    "a loop that waits for a number": "let number: i32 = loop {\n    let mut line = String::new();\n    std::io::stdin().read_line(&mut line).expect(\"a line\");\n    if let Ok(number) = line.trim().parse() { break number; }\n};",
    "to the end": "let text = std::io::read_to_string(std::io::stdin())?;",
    "lines": "let count = std::io::stdin().lines().count();",
    "input": 'let name = input("name? ");',
    "C's getchar": 'unsafe extern "C" { fn getchar() -> i32; }\nlet c = unsafe { getchar() };',
}


def test_a_cell_that_cannot_ask_is_told_so_and_the_session_goes_on(session):
    session.ok("let kept = 8;")
    for name, code in UNANSWERED.items():
        error = session.run(code).error
        assert error["ename"] == "InputError" and "(stdin)" in error["evalue"], name
        assert session.ok("kept").result == "8", name
    # One that can ask is asked, also by the stream that has seen an end.
    assert Talk(session, UNANSWERED["C's getchar"] + "c", "A").result == "65"


def test_a_variable_called_input_that_is_gone_is_told_from_the_function(session):
    session.ok("let input = vec![1.0f32];\ndrop(input);")
    session.ok("let input = vec![1.0f32];")
    assert session.ok("input[0]").result == "1.0"
    session.ok("drop(input);")
    for code in ["input.len()", "input[0]", "let x: &Vec<f32> = &input;"]:
        error = session.run(code).error
        assert "was moved in cell" in "\n".join(error["traceback"]), (code, error["traceback"])


def test_programs_that_a_cell_starts_are_at_the_end_of_their_input(session):
    code = 'std::process::Command::new("cat").status()?.success()'
    assert session.ok(code).result == "true"
    assert session.ok("!cat").status == "ok"
    assert session.ok('std::fs::read_to_string("/dev/stdin")?.len()').result == "0"


@pytest.mark.parametrize("code", [f"loop {{ {READ} }}", 'loop { input("again? "); }'])
def test_a_loop_of_questions_is_interrupted(session, code):
    session.ok("let kept = 8;")
    cell = session.send(code, allow_stdin=True)
    for _ in range(3):
        session.client.get_stdin_msg(timeout=20)
        session.client.input("x")
    session.client.get_stdin_msg(timeout=20)
    session.manager.interrupt_kernel()
    assert session.collect(cell, 10).error["ename"] == "Interrupted"
    assert session.ok("kept").result == "8"


def test_a_thread_that_reads_between_cells_is_at_the_end(session):
    code = 'let mut line = String::new(); let read = std::io::stdin().read_line(&mut line); println!("{read:?}");'
    cell = session.send(f"std::thread::spawn(|| {{ {LATER} {code} }});", allow_stdin=True)
    assert session.wait_for_text(cell, "\n") == "Ok(0)\n"
    assert Talk(session, READ + "line", "x").result == "x\n"


def test_a_question_to_a_client_that_has_gone_is_given_up(session):
    other = BlockingKernelClient(connection_file=session.manager.connection_file)
    other.load_connection_file()
    other.start_channels()
    other.wait_for_ready(timeout=20)
    cell = other.execute(READ, allow_stdin=True)
    other.get_stdin_msg(timeout=20)
    other.stop_channels()
    # Nobody else is asked, and nobody has to interrupt.
    assert session.run("1 + 1").result == "2"
    with pytest.raises(Empty):
        session.client.get_stdin_msg(timeout=0)
    assert cell


def test_a_variable_that_locks_stdin_is_not_kept(session):
    code = "let mut lines = std::io::stdin().lines();\nlines.next().unwrap()?"
    for answer in ("a", "b"):
        assert Talk(session, code, answer).result == answer
    error = session.run("lines.next()").error
    assert "locks a standard stream" in "\n".join(error["traceback"])
    session.ok("let out = std::io::BufWriter::new(std::io::stdout().lock());")
    code = 'std::thread::spawn(|| println!("from a thread")).join().unwrap();'
    assert session.ok(code).stream() == "from a thread\n"


# Arguments and environment.


def test_a_cell_finds_a_program_like_any_other(session):
    assert session.ok("std::env::args().collect::<Vec<_>>()").result == '["akari"]'
    ours = '["AKARI_HOME", "AKARI_BIN", "AKARI_ANALYSER", "AKARI_HISTORY"]'
    code = f'std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("AKARI_") && !{ours}.contains(&name.as_str())).collect::<Vec<_>>()'
    assert session.ok(code).result == "[]"
    assert session.ok('!env | grep -E "^AKARI_(SESSION|PRELUDE|KERNEL|OWN)" || true').stream() == ""


@pytest.mark.parametrize("libraries", [None, "/somewhere/of/mine"])
def test_libraries_are_looked_for_where_the_learner_says(monkeypatch, libraries):
    # Whoever started these tests may have set the variable, as `cargo test` does.
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    if libraries:
        monkeypatch.setenv("LD_LIBRARY_PATH", libraries)
    session = Session()
    try:
        assert session.ok('!echo "${LD_LIBRARY_PATH-none}"').stream() == f"{libraries or 'none'}\n"
        assert session.ok('std::env::var("LD_LIBRARY_PATH").ok()').result == (f'Some("{libraries}")' if libraries else "None")
    finally:
        session.end()


# What threads print between cells.


def late(session, cell, text):
    """Waits for output that comes after a cell's end, under this cell."""
    return session.wait_for_text(cell, text, timeout=10)


PRINTERS = {
    "a line": 'println!("late");',
    "an unfinished line": 'print!("late");',
    "to stderr": 'eprint!("late");',
    "C": 'unsafe { puts(c"late".as_ptr()) };',
    "a program": 'std::process::Command::new("echo").arg("late").status().unwrap();',
}


@pytest.mark.parametrize("name", PRINTERS)
def test_a_thread_prints_at_once_under_the_cell_that_started_it(session, name):
    declare = 'unsafe extern "C" { fn puts(text: *const std::ffi::c_char) -> i32; }\n'
    cell = session.send(f"{declare}std::thread::spawn(|| {{ {LATER} {PRINTERS[name]} }});")
    assert session.collect(cell).stream() == ""
    assert late(session, cell, "late").strip() == "late"
    assert session.ok('println!("next");').stream() == "next\n"


def test_output_around_a_cell_that_only_defines_items_is_the_earlier_cells(session):
    session.ok("use std::sync::mpsc::{channel, Sender};")
    cell = session.send('std::thread::spawn(|| for n in 0.. { std::thread::sleep(std::time::Duration::from_millis(5)); print!("{n},"); });')
    session.collect(cell)
    late(session, cell, "3,")
    # Compiling takes longer than a number: numbers come meanwhile, and none is the next cell's.
    request = session.send("fn twice(x: u8) -> u8 { x * 2 }\nuse std::fmt::Write as _;")
    seen = []
    while True:
        message = session.client.get_iopub_msg(timeout=20)
        kind, parent = message["msg_type"], message["parent_header"].get("msg_id")
        if kind == "stream":
            seen.append(parent == cell)
        elif kind == "status" and parent == request and message["content"]["execution_state"] == "idle":
            break
    assert seen and all(seen), seen
    assert late(session, cell, ",")
    # While another cell runs, its own is what comes out.
    running = session.start("std::thread::sleep(std::time::Duration::from_millis(300));")
    assert "," in session.collect(running).stream()


def test_displays_of_threads_are_shown_between_cells(session):
    show = 'println!("EVCXR_BEGIN_CONTENT text/html; charset=utf-8\\n<b>x</b>\\nEVCXR_END_CONTENT");'
    for code in [show, 'display::html("<b>x</b>");']:
        cell = session.send(f"std::thread::spawn(|| {{ {LATER} {code} }});")
        session.collect(cell)

        def shown(cell=cell):
            try:
                message = session.client.get_iopub_msg(timeout=0.1)
            except Empty:
                return None
            is_it = message["parent_header"].get("msg_id") == cell and message["msg_type"] == "display_data"
            return message["content"]["data"] if is_it else None

        assert until(shown) == {"text/html": "<b>x</b>"}


def test_output_behind_the_end_of_a_cell_comes_behind_the_cells_own(session):
    code = 'std::thread::spawn(|| println!("behind"));\nfor n in 0..20_000 { println!("{n}"); }'
    for _ in range(3):
        run = session.ok(code)
        lines = [line for line in run.stream().splitlines() if line != "behind"]
        assert lines == [str(n) for n in range(20_000)]


# C's stdio, and rich output.

C = 'unsafe extern "C" { fn puts(text: *const std::ffi::c_char) -> i32; fn printf(format: *const std::ffi::c_char, ...) -> i32; fn putchar(c: i32) -> i32; }\n'


def test_c_and_rust_print_in_order(session):
    code = 'println!("one");\nunsafe { puts(c"two".as_ptr()) };\nprintln!("three");\nunsafe { printf(c"%d, ".as_ptr(), 4i32) };\nprintln!("five");\nunsafe { putchar(54) };'
    assert session.ok(C + code).stream() == "one\ntwo\nthree\n4, five\n6"


DISPLAYS = {
    "text/html; charset=utf-8": "text/html",
    "image/svg+xml;charset=UTF-8": "image/svg+xml",
    "image/png;base64": "image/png",
    "application/x-strange; v=1": "application/x-strange",
    "Text/LaTeX": "text/latex",
}


def test_a_display_stands_under_its_bare_type_in_its_place(session):
    for given, bare in DISPLAYS.items():
        code = f'println!("before");\nprintln!("EVCXR_BEGIN_CONTENT {given}\\nabc\\nEVCXR_END_CONTENT");\nprintln!("after");'
        run = session.ok(code)
        outputs = [it for it in run.messages if it["msg_type"] in ("stream", "display_data")]
        assert [it["msg_type"] for it in outputs] == ["stream", "display_data", "stream"], given
        assert outputs[1]["content"]["data"] == {bare: "abc"}, given


def test_a_display_that_is_not_ended_becomes_text(session):
    run = session.ok('println!("EVCXR_BEGIN_CONTENT text/html\\n<p>1</p>");\nprintln!("more");')
    assert run.stream() == "<p>1</p>\nmore\n"
    assert session.ok('println!("next");').stream() == "next\n"


# Completion.


def complete(session, text):
    """The names at the mark `|`, and the range that they replace."""
    at = text.index("|")
    reply = session.reply(session.client.complete(text.replace("|", ""), at))["content"]
    return reply["matches"], (reply["cursor_start"], reply["cursor_end"])


def test_commands_are_completed(session):
    assert complete(session, ":sh|") == ([":show_deps", ":shutdown_lsp"], (0, 3))
    assert complete(session, "let 値 = 1;\n:de|") == ([":dep"], (11, 14))
    assert {":dep", ":help", ":sccache"} <= set(complete(session, ":|")[0])
    assert complete(session, ":opt |")[0] == ["0", "1", "2", "3"]
    session.ok("let rate = 0.1;")
    assert complete(session, ":type ra|")[0] == ["rate"]


def test_members_and_names_of_the_session_are_completed(session):
    session.ok("#[derive(Debug)]\nstruct Neuron { weight: f32, inner: Inner }\n#[derive(Debug)]\nstruct Inner { bias: f32 }\nenum Act { Relu, Tanh }")
    session.ok("impl Neuron { fn new() -> Self { Neuron { weight: 1.0, inner: Inner { bias: 0.5 } } } fn fire(&self) -> f32 { self.weight } }")
    session.ok("use std::collections::HashMap;\nlet 神経 = Neuron::new();")
    expected = {
        "Neu|": "Neuron",
        "let x = 神|": "神経",
        "神経.we|": "weight",
        "神経\n    .fi|": "fire",
        "神経.inner.b|": "bias",
        "Neuron::n|": "new",
        "Act::T|": "Tanh",
        "HashM|": "HashMap",
        "let learning = 0.1;\nlear|": "learning",
    }
    for text, name in expected.items():
        assert complete(session, text)[0] == [name], text
    assert complete(session, "let x = 神|")[1] == (8, 9)
    for text in ["神経.whi|", "神経. whi|", "Act::whi|", "Vec::<u8>::whi|", "// whi|", '"whi|']:
        assert "while" not in complete(session, text)[0], text
    assert "while" in complete(session, "whi|")[0]


def test_the_time_of_one_cell_is_shown_below_it(session):
    run = session.ok(":time\nlet x = 1; x + 1")
    (time,) = run.contents("display_data")
    assert run.result == "2" and time["data"]["text/plain"].rstrip("µmns").isdigit()
    assert not session.ok("x").contents("display_data")
    # The code stands below.
    assert session.run(":time x").reply["evalue"] == "`:time` stands in a line of its own, above the code"
