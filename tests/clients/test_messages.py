"""What errors say, as a client gets them: what they must not speak of, and where they point.

`tests/cells` has most texts; here are those for which it matters what is not said, or which come by
another way than the reply.
"""

import re

import pytest

COLORS = re.compile(r"\x1b\[[0-9;]*m")
FOLLOW_UP = "cannot find"

# Cells, the last of which fails; words of its error; what the error must not say.
BROKEN = {
    "a field without a comma": (["struct P { x: i32 y: i32 }\nshow!(1);"], ["expected `,`"], [FOLLOW_UP, "more)"]),
    "a line without a semicolon": (["let a = 1\nshow!(a)"], ["let a = 1;"], [FOLLOW_UP, "more)"]),
    "a bracket without its other": (["let a = 1;\nshow!(a;"], ["unclosed delimiter", "line 2"], [FOLLOW_UP]),
    "a brace too many": (["let a = 1;\nshow!(a)\n}"], ["closing delimiter: `}`", "line 3"], ["this closing brace"]),
    "a parenthesis too many": (["show!(1));"], ["closing delimiter: `)`"], ["`}`"]),
    "a cell that stops early": (["let b = 3 +"], ["the end of the cell", "cell [1], line 1"], ["`}`", ".rs"]),
    "a cell that stops at else": (["if true { 1 } else"], ["the end of the cell"], ["found `}`", ".rs"]),
    "two values in a row": (["let x = 1 2"], ["found `2`"], ["`}`"]),
    "a keyword as a method": (["let rate = 2u8;", "let next = rate.gen();"], ["`let next = rate.r#gen();`"], [FOLLOW_UP]),
    "arms without a comma": (["match 3 { 1 => 2 3 => 4 }"], ["`match 3 { 1 => 2, 3 => 4 }`"], ["mismatched types"]),
    "a text that does not end": (['let s = "abc;\nshow!(s)'], ["│ let s ="], [FOLLOW_UP, "}"]),
    "a letter that is a text": (["let c = 'ab';\nshow!(c)"], ['`let c = "ab";`'], [FOLLOW_UP]),
    "lines of commands": ([":opt 0\n# it's a title\nlet x = (1;"], ["line 3", "unclosed"], [".rs"]),
    "a gap in a suggestion": (["let start = Default::default();\n1"], ["E0790"], ["/*"]),
    "a type to be given": (["let f = |x| x;"], ["E0282"], ["/*"]),
    "a list that is elsewhere": (["match Some(1) { Some(x) => x }"], ["None => todo!() }`"], ["defined here"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_errors_speak_of_what_the_learner_has_written(session, name):
    cells, said, unsaid = BROKEN[name]
    *before, last = cells
    for code in before:
        session.ok(code)
    text = said_by(session.run(last))
    assert all(it in text for it in said), text
    assert not any(it in text for it in unsaid), text


def test_a_value_that_is_looked_at_names_cell_and_line(session):
    run = session.ok("let half = dbg!(10 / 2);")
    assert run.stream("stderr") == "[cell [1]:1:12] 10 / 2 = 5\n"
    session.ok("fn seen(x: f32) -> f32 {\n    dbg!(x)\n}")
    assert session.ok("\nlet y = seen(1.5);").stream("stderr") == "[cell [2]:2:5] x = 1.5\n"


def test_the_panic_of_a_thread_names_cell_and_line(session):
    run = session.ok('\nstd::thread::spawn(|| panic!("oh")).join().is_err()')
    assert run.result == "true"
    assert "panicked at cell [1]:2:23:\noh" in run.stream("stderr")


def test_the_panic_of_a_thread_that_outlives_its_cell(session):
    session.ok(
        "let (sender, receiver) = std::sync::mpsc::channel::<()>();\n"
        'let worker = std::thread::spawn(move || if receiver.recv().is_err() { panic!("later") });'
    )
    run = session.ok("drop(sender);\nworker.join().is_err()")
    assert re.search(r"panicked at cell \[1\]:2:\d+:\nlater", run.stream("stderr"))


def test_a_place_that_a_cell_asks_for_is_one_of_the_cell(session):
    assert session.ok("(file!(), line!())").result == '("cell [1]", 1)'
    session.ok("macro_rules! here { () => { concat!(file!(), \"!\") } }")
    assert session.ok("here!()").result == "cell [3]!"
    assert session.ok("1;\nstd::panic::Location::caller().to_string()").result == "cell [4]:2:1"
    run = session.ok('println!("{}", std::panic::Location::caller());')
    assert run.stream() == "cell [5]:1:16\n"


def test_what_only_looks_like_a_place_stays(session):
    text = "cell-0123456789ab.rs:1:2 cell-one cell-"
    run = session.ok(f'eprint!("{text}"); print!("{text}");')
    assert (run.stream("stderr"), run.stream()) == (text, text)


def test_a_library_that_is_not_there_is_told_without_the_command(session):
    said = said_by(session.run('#[link(name = "nowhere")]\nunsafe extern "C" { fn lost(); }\nunsafe { lost() }'))
    assert "the library `nowhere` was not found" in said
    assert "/tmp/" not in said and "rustc" not in said
    said = said_by(session.run('unsafe extern "C" { fn lost(); }\nunsafe { lost() }'))
    assert "`lost` is declared in an `extern` block" in said and ".so" not in said


def test_shapes_that_are_broadcast_in_a_loss_are_warned_of_once(session):
    session.ok("let p = Tensor::zeros((4, 1), DType::F32, &Device::Cpu)?;\nlet t = tensor!([1.0, 2.0, 3.0, 4.0]);")
    loss = "nn::MSELoss::default().forward(&p, &t)?"
    assert "nn::MSELoss: the target's shape [4] is not the input's, [4, 1]" in session.ok(loss).stream("stderr")
    assert session.ok(loss).stream("stderr") == ""
    assert session.ok("nn::MSELoss::default().forward(&t, &t)?").stream("stderr") == ""


def said_by(run):
    """The whole error of a run, without colours."""
    assert run.status == "error", run.messages
    return COLORS.sub("", "\n".join([run.reply["evalue"], *run.reply["traceback"]]))
