"""What a session has: `:vars` and Shift-Tab with shapes and values, read without code of the learner's."""

from session import until

CELLS = [
    "let x = tensor!([[1.0, 2.5], [3.0, 4.0]]);",
    "let large = torch::zeros((1000, 1000))?;",
    "let w = Var::new(&[1f32, -1.0], &Device::Cpu)?;",
    "let mut epochs = 10;",
    'let name = "relu".to_string();',
    "let losses = vec![0.5, 0.25];",
    "struct Slow;\nimpl std::fmt::Debug for Slow { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { loop {} } }\nlet slow = Slow;",
]


def variables(session):
    text = session.ok(":vars").contents("display_data")[0]["data"]["text/plain"]
    return dict(line.split(": ", 1) for line in text.splitlines())


def shift_tab(session, name):
    content = session.reply(session.client.inspect(name, len(name)))["content"]
    return content["data"].get("text/plain", "")


def test_variables_have_shapes_and_values(session):
    for cell in CELLS:
        session.ok(cell)
    found = variables(session)
    assert found["x"].endswith("Tensor = f32 [2, 2]: 1.0, 2.5, ..")
    assert found["large"].endswith("= f32 [1000, 1000]: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ..")
    assert found["w"].endswith("Var = f32 [2]: 1.0, -1.0")
    assert found["mut epochs"] == "i32 = 10"
    assert found["name"].endswith('String = "relu"')
    assert found["losses"].endswith("= 2 values: 0.5, 0.25")
    # Nobody asks a type of the learner's for its text.
    assert found["slow"] == "Slow"


def test_shift_tab_shows_the_value_of_now(session):
    for cell in CELLS:
        session.ok(cell)
    assert until(lambda: "f32 [2, 2]: 1.0, 2.5, .." in shift_tab(session, "x"))
    assert "let x: " in shift_tab(session, "x") and "10" in shift_tab(session, "epochs")
    session.ok("epochs += 1;")
    assert until(lambda: "11" in shift_tab(session, "epochs"))
    session.run("epochs = 7; panic!();")
    assert until(lambda: "11" in shift_tab(session, "epochs"))


def test_a_running_cell_leaves_the_last_values(session):
    session.ok("let n = 41;")
    assert until(lambda: "41" in shift_tab(session, "n"))
    request = session.start("loop { F::relu(&tensor!([1.0]))?; }")
    assert "41" in shift_tab(session, "n")
    session.manager.interrupt_kernel()
    session.collect(request)


def test_values_after_a_crash_and_what_threads_print_meanwhile(session):
    session.ok("let n = 41;")
    session.run("std::process::abort();")
    assert variables(session)["n"] == "i32 = 41"
    session.ok('std::thread::spawn(|| for n in 0..200 { println!("tick {n}"); std::thread::sleep(std::time::Duration::from_millis(2)); });')
    seen = ""
    for _ in range(20):
        run = session.ok(":vars")
        seen += run.stream()
        session.ok("1 + 1")
    # Every line comes, and none twice.
    def all_there():
        nonlocal seen
        try:
            message = session.client.get_iopub_msg(timeout=1)
        except Exception:
            return True
        if message["msg_type"] == "stream":
            seen += message["content"]["text"]
        return seen.count("tick") >= 200
    until(all_there)
