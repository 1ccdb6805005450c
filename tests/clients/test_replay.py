"""A session after its process ended: cells run again unseen, and the reply says what is back."""

import pytest

from session import Session

CRASH = "std::process::abort();"
ASK = 'println!("EVCXR_INPUT_REQUEST:name? ");\nlet mut name = String::new();\nstd::io::stdin().read_line(&mut name)?;'


def evalue(session, code=CRASH):
    return session.run(code).error["evalue"]


@pytest.mark.parametrize(
    ("code", "ename"),
    [
        ("std::process::abort();", "ProcessCrash"),
        ("std::process::exit(3);", "ProcessExit"),
        ("unsafe { std::ptr::null_mut::<i32>().write_volatile(1) };", "ProcessCrash"),
        ("fn f(n: u64) -> u64 { 1 + f(n + 1) * 2 }\nf(1)", "ProcessCrash"),
    ],
)
def test_variables_are_back(session, code, ename):
    session.ok("let mut v = vec![1, 2]; let word = String::from(\"灯り\");")
    session.ok("v.push(3); struct P { x: f32 }")
    session.ok("let p = P { x: 1.5 }; let t = tensor!([1.0, 2.0]); word")
    run = session.run(code)
    assert run.error["ename"] == ename
    assert "the earlier cells ran again unseen" in run.error["evalue"]
    assert "`p`, `t`, `v`, `word` have their values" in run.error["evalue"]
    assert session.ok('format!("{v:?} {word} {}", p.x)').result == "[1, 2, 3] 灯り 1.5"
    assert session.ok("t").result == "tensor([1., 2.])"


def test_nothing_is_shown_again(session):
    session.ok('println!("once"); akari::display::html("<i>once</i>"); let x = 1; x')
    run = session.run(CRASH)
    assert run.stream() == "" and not run.contents("display_data") and not run.contents("execute_result")
    assert session.ok("x").result == "1"


def test_a_loop_that_never_looks_is_ended_and_variables_are_back(session):
    session.ok("let kept = vec![7];")
    cell = session.start("let mut n = 0u64; loop { n = std::hint::black_box(n + 1); }")
    session.manager.interrupt_kernel()
    error = session.collect(cell).error
    assert error["ename"] == "Interrupted" and "`kept` have their values" in error["evalue"]
    assert session.ok("kept").result == "[7]"


@pytest.mark.parametrize("seed", ["", "torch::manual_seed(3);"])
def test_random_numbers_are_the_same(session, seed):
    session.ok(f"{seed} let a = torch::rand(&[3])?; let b = torch::randn(&[5])?;")
    before = session.ok('format!("{a} {b}")').result
    session.run(CRASH)
    assert session.ok('format!("{a} {b}")').result == before


def test_random_numbers_go_on_as_without_the_crash():
    def draw(session):
        session.ok("torch::manual_seed(3); let a = torch::randn(&[5])?;")
        return lambda: session.ok('format!("{}", torch::rand(&[4])?)').result

    sessions = [Session(), Session()]
    try:
        first, second = map(draw, sessions)
        sessions[1].run(CRASH)
        assert first() == second()
    finally:
        for session in sessions:
            session.end()


def test_answers_are_given_again(session):
    cell = session.send(ASK, allow_stdin=True)
    session.client.get_stdin_msg(timeout=20)
    session.client.input("灯り")
    assert session.collect(cell).status == "ok"
    session.run(CRASH)
    assert session.ok("name.trim()").result == "灯り"


def test_an_optimizer_goes_on_where_it_was(session):
    session.ok("let w = Var::new(&[1f32, 2.], &Device::Cpu)?;")
    session.ok("let mut opt = optim::Adam::new(vec![w.clone()], optim::AdamConfig::default())?;")
    for _ in range(3):
        session.ok("opt.backward_step(&w.sqr()?.sum_all()?)?;")
    before = session.ok('show!(w);').stream()
    session.run(CRASH)
    assert session.ok('show!(w);').stream() == before
    session.ok("opt.backward_step(&w.sqr()?.sum_all()?)?;")


def test_what_ended_stays_ended(session):
    session.ok("let moved = vec![1]; let shadowed = 1;")
    session.ok("drop(moved); let shadowed = \"two\".to_string();")
    session.run(CRASH)
    assert session.ok("shadowed").result == "two"
    assert "was moved in cell [2]" in "\n".join(session.run("moved").error["traceback"])


def test_failed_cells_are_not_run_again(session):
    session.ok("let mut n = vec![0]; let shared = std::cell::RefCell::new(vec![0]);")
    session.run('n.push(1); shared.borrow_mut().push(1); panic!("no");')
    both = 'format!("{n:?} {:?}", shared.borrow())'
    # What lies behind shared memory had changed before the cell failed; the rest is put back.
    assert session.ok(both).result == "[0] [0, 1]"
    text = evalue(session)
    assert "`n` have their values" in text and "lost: `shared`, which cell [2] may have changed before it failed" in text
    assert session.ok("n").result == "[0]"


def test_a_large_variable_of_a_failed_cell_is_not_copied(session):
    session.ok("let mut large = vec![0u8; 17 << 20]; let mut small = vec![0u8; 15 << 20];")
    session.run('large.push(1); small.push(1); panic!("no");')
    assert session.ok("(large.len() - (17 << 20), small.len() - (15 << 20))").result == "(1, 0)"
    session.run('drop(large); drop(small); panic!("no");')
    assert "was moved in cell [4]" in "\n".join(session.run("large.len()").error["traceback"])
    assert session.ok("small.len()").result == str(15 << 20)


def test_random_numbers_of_a_failed_cell_are_drawn_again(session):
    session.ok("torch::manual_seed(3);")
    session.run('println!("{}", torch::rand(&[3])?); panic!("no");')
    first = session.ok('format!("{}", torch::rand(&[3])?)').result
    session.ok("torch::manual_seed(3);")
    assert session.ok('format!("{}", torch::rand(&[3])?)').result == first


def test_a_long_cell_is_not_run_again_unasked(monkeypatch):
    monkeypatch.setenv("AKARI_REPLAY_SECONDS", "0")
    session = Session()
    try:
        session.ok("let quick = 1;")
        session.ok("std::thread::sleep(std::time::Duration::from_millis(1500)); let slow = vec![2];")
        text = evalue(session)
        assert "lost: `quick`, `slow`" in text and "cell [2] (it took 1 s)" in text and ":replay" in text
        assert "lost when the process ended" in "\n".join(session.run("slow").error["traceback"])
        shown = session.ok(":replay").contents("display_data")[0]["data"]["text/plain"]
        assert "`quick`, `slow` have their values" in shown
        assert session.ok("(quick, slow)").result == "(1, [2])"
    finally:
        session.end()


def test_a_cell_that_ends_the_new_process_too_is_left_out(session, tmp_path):
    mark = tmp_path / "mark"
    session.ok("let before = 1;")
    session.ok(f'let p = "{mark}"; if std::path::Path::new(p).exists() {{ std::process::abort() }} std::fs::write(p, "")?; let bad = 2;')
    session.ok("let after = 3;")
    text = evalue(session)
    assert "`after`, `before` have their values" in text and "lost: `bad`, `p`" in text
    assert session.ok("before + after").result == "4"


def test_cleared_cells_are_not_run_again(session):
    session.ok("let x = 1;")
    session.ok(":clear")
    session.ok("let y = 2;")
    session.run(CRASH)
    assert session.ok("y").result == "2"
    assert session.run("x").error["ename"] == "CompileError"
