"""Edit and run again: items of other cells that no longer fit are set aside, and come back.

Each case is a list of cells with what they give: a text is the result, `None` an `ok` without one,
and a tuple the words that the error says.
"""

import pytest

LAYER = ["struct Layer { w: f32 }", "impl Layer { fn new() -> Self { Layer { w: 1.0 } } }", "Layer::new().w"]

CASES = {
    "a field more": [
        *[(LAYER[0], None), (LAYER[1], None), (LAYER[2], "1.0")],
        ("struct Layer { w: f32, b: f32 }", None),
        ("Layer::new().b", ("`impl Layer` of cell [2] does not fit the new `Layer`", "run cell [2] again")),
        ("Layer { w: 1.0, b: 3.0 }.b", "3.0"),
        ("impl Layer { fn new() -> Self { Layer { w: 1.0, b: 0.5 } } }", None),
        ("Layer::new().b", "0.5"),
    ],
    "the edited cell itself needs what no longer fits": [
        (LAYER[0], None),
        (LAYER[1], None),
        ("struct Layer { w: f32, b: f32 }\nlet layer = Layer::new();", ("`new`", "`impl Layer` of cell [2] does not fit the new `Layer`")),
        # The cell failed, so nothing has changed.
        ("Layer::new().w", "1.0"),
    ],
    "the edit is undone": [
        (LAYER[0], None),
        (LAYER[1], None),
        ("struct Layer { weight: f32 }", None),
        ("Layer::new().w", ("cell [2]",)),
        (LAYER[0], None),
        (LAYER[2], "1.0"),
    ],
    "a field less, behind an implementation of a trait": [
        ("struct Bag { items: Vec<u8>, label: String }", None),
        ("impl std::fmt::Display for Bag { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.label) } }", None),
        ("impl Bag { fn size(&self) -> usize { self.items.len() } }", None),
        ("struct Bag { items: Vec<u8> }", None),
        ("Bag { items: vec![1, 2] }.size()", "2"),
        ("Bag { items: vec![] }.to_string()", ("`impl std::fmt::Display for Bag` of cell [2]", "run cell [2] again")),
        ('format!("{}", Bag { items: vec![] })', ("`impl std::fmt::Display for Bag` of cell [2]",)),
        ("impl std::fmt::Display for Bag { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"bag\") } }", None),
        ("Bag { items: vec![] }.to_string()", "bag"),
    ],
    "a trait with another method": [
        ("trait Shape { fn area(&self) -> f32; }", None),
        ("struct Square(f32);", None),
        ("impl Shape for Square { fn area(&self) -> f32 { self.0 * self.0 } }", None),
        ("fn total(shapes: &[Square]) -> f32 { shapes.iter().map(|s| s.area()).sum() }", None),
        ("total(&[Square(2.0), Square(1.0)])", "5.0"),
        ("trait Shape { fn area(&self) -> f32; fn name(&self) -> String; }", None),
        ("total(&[Square(2.0)])", ("cell [3]",)),
        ("impl Shape for Square { fn area(&self) -> f32 { self.0 } fn name(&self) -> String { \"sq\".into() } }", None),
        ("total(&[Square(2.0)])", "2.0"),
    ],
    "an enum with a variant more": [
        ("#[derive(Clone, Copy)] enum Act { Relu, Tanh }", None),
        ("fn name(act: Act) -> &'static str { match act { Act::Relu => \"relu\", Act::Tanh => \"tanh\" } }", None),
        ("name(Act::Relu)", "relu"),
        ("#[derive(Clone, Copy)] enum Act { Relu, Tanh, Gelu }", None),
        ("name(Act::Gelu)", ("`fn name` of cell [2] does not fit the new `Act`", "run cell [2] again")),
        ("Act::Gelu as u8", "2"),
        ("fn name(act: Act) -> &'static str { match act { Act::Relu => \"relu\", Act::Tanh => \"tanh\", Act::Gelu => \"gelu\" } }", None),
        ("name(Act::Gelu)", "gelu"),
    ],
    "a constant of another type": [
        ("const SIZE: usize = 3;", None),
        ("fn zeros() -> Vec<f32> { vec![0.0; SIZE] }", None),
        ("const SIZE: f32 = 3.0;", None),
        ("zeros()", ("`fn zeros` of cell [2] does not fit the new `SIZE`",)),
        ("SIZE * 2.0", "6.0"),
    ],
    "a function with another parameter": [
        ("fn scale(x: f32) -> f32 { x * 2.0 }", None),
        ("fn twice(x: f32) -> f32 { scale(scale(x)) }", None),
        ("fn scale(x: f32, by: f32) -> f32 { x * by }", None),
        ("twice(1.0)", ("`fn twice` of cell [2] does not fit the new `scale`",)),
        ("fn twice(x: f32) -> f32 { scale(scale(x, 3.0), 3.0) }\ntwice(1.0)", "9.0"),
    ],
    "what needs what no longer fits": [
        (LAYER[0], None),
        (LAYER[1], None),
        ("trait Start { fn start() -> Self; }", None),
        ("impl Start for Layer { fn start() -> Self { Layer::new() } }", None),
        ("struct Layer { w: f32, b: f32 }", None),
        ("Layer { w: 1.0, b: 1.0 }.w", "1.0"),
        ("<Layer as Start>::start().w", ("`impl Start for Layer` of cell [4]", "run cell [2] again")),
        ("impl Layer { fn new() -> Self { Layer { w: 7.0, b: 0.5 } } }", None),
        ("<Layer as Start>::start().w", "7.0"),
    ],
    "a macro with other rules": [
        ("macro_rules! double { ($x:expr) => { $x * 2 } }", None),
        ("fn four() -> i32 { double!(2) }", None),
        ("macro_rules! double { ($x:expr, $y:expr) => { $x * 2 + $y } }", None),
        ("four()", ("`fn four` of cell [2] does not fit the new `double`",)),
        ("double!(1, 1)", "3"),
    ],
    "another path or an import": [
        ("struct Coin(u8);\nimpl std::fmt::Display for Coin { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, \"coin\") } }", None),
        ("use std::fmt;\nimpl fmt::Display for Coin { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"c{}\", self.0) } }", None),
        ("Coin(3).to_string()", "c3"),
        ("use std::fmt::Display;\nimpl Display for Coin { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"d{}\", self.0) } }", None),
        ("Coin(3).to_string()", "d3"),
    ],
    "a parameter of another name": [
        ("struct Held<T> { it: T }\nimpl<T: Copy> Held<T> { fn get(&self) -> T { self.it } fn set(&mut self, it: T) { self.it = it } }", None),
        ("impl<A: Copy> Held<A> { fn get(&self) -> (A, A) { (self.it, self.it) } }", None),
        ("Held { it: 4 }.get()", "(4, 4)"),
        ("impl<'a, U> From<&'a U> for Held<&'a U> { fn from(it: &'a U) -> Self { Held { it } } }", None),
        ("impl<'b, V> From<&'b V> for Held<&'b V> { fn from(it: &'b V) -> Self { println!(\"from\"); Held { it } } }", None),
        ("*Held::from(&5).it", "5"),
    ],
    "white space in a head": [
        ("struct P < T > (T); impl P < f32 > { fn get(&self) -> f32 { self.0 } }", None),
        ("impl P<f32> { fn get(&self) -> f32 { -self.0 } }\nP(1f32).get()", "-1.0"),
    ],
    "derived, then by hand, then derived": [
        ("#[derive(Clone, Debug)] struct Net { w: u8 }", None),
        ("impl std::fmt::Debug for Net { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, \"net {}\", self.w) } }", None),
        ("Net { w: 3 }.clone()", "net 3"),
        ("#[derive(Clone, Debug)] struct Net { w: u8 }", None),
        ("Net { w: 3 }", "Net { w: 3 }"),
    ],
    "two derives, both by hand in one cell": [
        ("#[derive(Clone, PartialEq, Debug, Copy)] struct Net { w: u8 }", None),
        (
            "impl PartialEq for Net { fn eq(&self, _: &Net) -> bool { true } }\n"
            "impl std::fmt::Debug for Net { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, \"net\") } }",
            None,
        ),
        ("let net = Net { w: 3 }; let copy = net; (net == Net { w: 4 }, copy, net.clone())", "(true, net, net)"),
    ],
    "an older implementation that no derive has made": [
        ("macro_rules! noisy { ($n:ident) => { struct $n; impl Default for $n { fn default() -> Self { $n } } } }", None),
        ("noisy!(Pig);", None),
        ("struct Cow(u8); impl Cow { fn legs(&self) -> u8 { 4 } }", None),
        ("impl From<u8> for Cow { fn from(n: u8) -> Cow { Cow(n) } }", None),
        ("impl<T: Into<u8>> From<T> for Cow { fn from(n: T) -> Cow { Cow(n.into() + 1) } }\nCow::from(1u8).0", "2"),
        ("Cow(1).legs()", "4"),
    ],
    "an implementation without a method that the older one has": [
        ("struct Pair(u8, u8);", None),
        ("impl Pair { fn first(&self) -> u8 { self.0 } fn second(&self) -> u8 { self.1 } }", None),
        ("impl Pair { fn first(&self) -> u8 { self.0 + 1 } }", None),
        ("Pair(1, 2).first()", "2"),
        ("Pair(1, 2).second()", ("`impl Pair` of cell [2] was replaced by that of cell [3]",)),
    ],
    "a struct that is an enum now, inside of another": [
        ("#[derive(Debug)] struct Rate { lr: f32 }", None),
        ("#[derive(Debug)] struct Plan { rate: Rate }", None),
        ("let plan = Plan { rate: Rate { lr: 0.1 } };", None),
        ("impl Plan { fn lr(&self) -> f32 { self.rate.lr } }", None),
        ("plan.lr()", "0.1"),
        ("#[derive(Debug)] enum Rate { Fixed(f32) }", None),
        ("plan.lr()", ("`plan` was made with an older `Rate`",)),
        ("Plan { rate: Rate::Fixed(0.5) }", "Plan { rate: Fixed(0.5) }"),
        ("Plan { rate: Rate::Fixed(0.5) }.lr()", ("`impl Plan` of cell [4] does not fit the new `Rate`",)),
    ],
    "an import that means another thing": [
        ("mod a { pub fn f() -> u8 { 1 } } mod b { pub fn f(x: u8) -> u8 { x } }", None),
        ("use self::a::f;", None),
        ("fn g() -> u8 { f() }", None),
        ("g()", "1"),
        ("use self::b::f;", None),
        ("g()", ("`fn g` of cell [3] does not fit the new `f`",)),
        ("f(4)", "4"),
    ],
    "a use that only some type does not allow is that cell's error": [
        ("fn small<T>() -> usize { const { assert!(std::mem::size_of::<T>() < 4) }; std::mem::size_of::<T>() }", None),
        ("small::<u8>()", "1"),
        ("small::<u64>()", ("E0080",)),
        ("small::<u8>()", "1"),
    ],
    "a mistake in the edited cell is told, not what follows": [
        (LAYER[0], None),
        (LAYER[1], None),
        ("struct Layer { w: f32, b: Strin }", ("Strin", "cell [3]")),
        (LAYER[2], "1.0"),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_edited_cells_run_from_the_top(session, name):
    for code, expected in CASES[name]:
        run = session.run(code)
        said = "\n".join([run.reply.get("evalue", ""), *run.reply.get("traceback", [])])
        if isinstance(expected, tuple):
            assert run.status == "error", code
            assert all(word in said for word in expected), (code, said)
            assert "__akari" not in said, said
        else:
            assert run.status == "ok", (code, said)
            if expected is not None:
                assert run.result == expected, code


def test_what_is_set_aside_survives_a_crash(session):
    for code in LAYER[:2]:
        session.ok(code)
    session.ok("struct Layer { w: f32, b: f32 }\nlet kept = 5;")
    assert session.run("std::process::abort();").status == "error"
    missing = session.run("Layer::new().b")
    assert "`impl Layer` of cell [2] does not fit the new `Layer`" in "\n".join(missing.reply["traceback"])
    session.ok(LAYER[1].replace("w: 1.0", "w: 1.0, b: 0.5"))
    assert session.ok("(Layer::new().b, kept)").result == "(0.5, 5)"


def test_an_interrupted_edit_changes_nothing(session):
    for code in LAYER[:2]:
        session.ok(code)
    run = session.start("struct Layer { w: f32, b: f32 }\nloop { std::thread::sleep(std::time::Duration::from_millis(5)); F::relu(&tensor!([1.0]))?; }")
    session.manager.interrupt_kernel()
    assert session.collect(run).status == "error"
    assert session.ok(LAYER[2]).result == "1.0"


def test_a_whole_notebook_runs_again_after_an_edit(session):
    """Cells that build on each other, run from the top once more after the first was edited."""
    cells = [
        "#[derive(Debug, Clone)]\nstruct Net { w: f32 }",
        "impl Net {\n    fn new() -> Self { Net { w: 0.5 } }\n    fn forward(&self, x: f32) -> f32 { self.w * x }\n}",
        "fn train(net: &mut Net) -> f32 { net.w += 1.0; net.forward(2.0) }",
        "let mut net = Net::new();",
        "train(&mut net)",
    ]
    for _ in range(2):
        runs = [session.ok(it) for it in cells]
        assert runs[-1].result == "3.0"
    cells[0] = cells[0].replace("w: f32", "w: f32, b: f32")
    cells[1] = cells[1].replace("w: 0.5", "w: 0.5, b: 10.0").replace("self.w * x", "self.w * x + self.b")
    runs = [session.ok(it) for it in cells]
    assert runs[-1].result == "13.0"
