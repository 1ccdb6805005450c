"""No cell of safe code reads memory wrongly: a variable is what it was made as, or it is gone.

The directed tests are named after the faults; the last one makes random sessions. Environment:
AKARI_LAYOUTS, how many random sessions (default 6); AKARI_SEED_OF_LAYOUTS, the seed of the first.
"""

import os
import random
import time

import pytest

from session import Session

# Of no use to a learner, and safe: compares the types of two values that have no names.
SAME = "fn same<'a, T: 'static>(any: &'a dyn std::any::Any, _: &T) -> Option<&'a T> { any.downcast_ref::<T>() }"


def is_gone(run, *words):
    """Whether the cell was refused because a variable is not there any more."""
    value = "\n".join([run.reply.get("evalue", ""), *run.reply.get("traceback", [])])
    assert run.status == "error" and "CompileError" == run.reply["ename"], run.reply
    assert all(word in value for word in words), value
    return True


def test_b1_constant_behind_a_constant(session):
    session.ok("const INPUT: usize = 2;")
    session.ok("const HIDDEN: usize = 2 * INPUT;")
    session.ok("struct Net { b: [f32; HIDDEN], tag: u64 }")
    session.ok("let net = Net { b: [1.0; HIDDEN], tag: 7 };")
    session.ok("const LR: f32 = 0.1;")
    assert session.ok("(net.b.len(), net.tag)").result == "(4, 7)"
    session.ok("const INPUT: usize = 400;")
    assert is_gone(session.run("show!(net.b.len(), net.tag, net.b[700])"), "older `INPUT`", "cell [7]")


def test_b1_hours_of_training_survive_what_they_do_not_depend_on(session):
    session.ok("const LR: f32 = 0.1; fn rate() -> f32 { LR }")
    session.ok("#[derive(Debug)] struct Net { w: Vec<f32> } impl Net { fn forward(&self) -> f32 { self.w[0] * rate() } }")
    session.ok("let mut net = Net { w: vec![1.0] };")
    session.ok("net.w.push(2.0);")
    session.ok("const LR: f32 = 0.5;")
    session.ok("fn rate() -> f32 { LR * 4.0 }")
    session.ok("impl Net { fn forward(&self) -> f32 { self.w[1] * rate() } }")
    session.ok("struct Other(u8); use std::fmt; impl fmt::Display for Net { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, \"net\") } }")
    assert session.ok("net.forward()").result == "4.0"


def test_b2_any_does_not_take_an_older_type_for_a_newer(session):
    session.ok("use std::any::Any;")
    session.ok("struct A { n: u8 } struct B(u16);")
    session.ok("let any: Box<dyn Any> = Box::new(A { n: 1 }); let other: Box<dyn Any> = Box::new(B(2));")
    assert session.ok("(any.is::<A>(), other.downcast_ref::<B>().map(|it| it.0))").result == "(true, Some(2))"
    session.ok("struct A { n: [u64; 100] }")
    assert is_gone(session.run("any.downcast_ref::<A>().map(|it| it.n[99])"), "may hold an older `A`")
    # As it was again: what was made first is long gone.
    session.ok("struct A { n: u8 }")
    assert is_gone(session.run("any.downcast_ref::<A>().map(|it| it.n)"))
    session.ok("let any: Box<dyn Any> = Box::new(A { n: 3 });")
    assert session.ok("any.downcast_ref::<A>().map(|it| it.n)").result == "Some(3)"


def test_b2_errors_do_not_either(session):
    session.ok("#[derive(Debug)] struct E(u8); impl std::fmt::Display for E { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, \"E\") } } impl std::error::Error for E {}")
    session.ok("let boxed: Box<dyn std::error::Error> = Box::new(E(1)); let io = std::io::Error::other(E(2)); let candle = candle_core::Error::wrap(E(3));")
    assert session.ok("(boxed.is::<E>(), io.get_ref().unwrap().is::<E>())").result == "(true, true)"
    session.ok("#[derive(Debug)] struct E([u64; 50]);")
    for code in ("boxed.downcast_ref::<E>().map(|it| it.0[9])", "io.get_ref().unwrap().downcast_ref::<E>().map(|it| it.0[9])"):
        assert is_gone(session.run(code), "may hold an older `E`")
    assert is_gone(session.run("candle.to_string()"), "may hold an older `E`")


def test_b2_panic_of_an_older_cell_is_no_newer_type(session):
    session.ok("#[derive(Clone)] struct P(u8);")
    session.ok("let throw: Box<dyn Fn()> = Box::new(|| std::panic::panic_any(P(1)));")
    session.ok("struct P([u64; 100]);")
    code = "let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| throw())); caught.unwrap_err().downcast_ref::<P>().map(|it| it.0[99])"
    assert session.ok(code).result == "None"


def test_b2_types_inside_of_cells_functions_and_implementations(session):
    session.ok("use std::any::Any;\n" + SAME)
    session.ok("let any: Box<dyn Any> = { struct L(u8); Box::new(L(1)) };")
    assert session.ok("struct L([u64; 100]);\nany.downcast_ref::<L>().is_some()").result == "false"
    assert session.ok("let big = { struct L([u64; 100]); any.downcast_ref::<L>().map(|it| it.0[99]) }; big").result == "None"
    session.ok("let n = 1u8; let any: Box<dyn Any> = Box::new(move || n);")
    assert session.ok("let many = [1u64; 100]; let f = move || many[99]; same(&*any, &f).map(|it| it())").result == "None"
    session.ok("fn make() -> Box<dyn Any> { struct M(u8); Box::new(M(1)) } let any = make();")
    session.ok("fn make() -> Box<dyn Any> { struct M([u64; 9]); Box::new(M([1; 9])) }")
    session.ok("struct X; impl X { fn f(any: &dyn Any) -> Option<u64> { let a = [1u64; 50]; let c = move || a[49]; same(any, &c).map(|it| it()) } }")
    session.ok("struct Y; impl Y { fn f() -> Box<dyn Any> { let a = 1u8; Box::new(move || a) } } let closure = Y::f();")
    assert session.ok("X::f(&*closure)").result == "None"


def test_b2_objects_of_a_redefined_trait(session):
    session.ok("trait Speak { fn a(&self) -> u8; } struct D; impl Speak for D { fn a(&self) -> u8 { 1 } }")
    session.ok("let one: Box<dyn Speak> = Box::new(D); let many: Vec<std::rc::Rc<dyn Speak>> = vec![std::rc::Rc::new(D)];")
    assert session.ok("one.a() + many[0].a()").result == "2"
    session.ok("trait Speak { fn b(&self) -> u64; fn a(&self) -> u8; }\nimpl Speak for D { fn b(&self) -> u64 { 2 } fn a(&self) -> u8 { 1 } }")
    assert is_gone(session.run("one.b()"), "older `Speak`")
    assert is_gone(session.run("many[0].b()"), "older `Speak`")


@pytest.mark.parametrize(
    ("items", "make", "then", "read"),
    [
        ("const fn n() -> usize { 2 }", "struct S([u8; n()]); let s = S([1; 2]);", "const fn n() -> usize { 90 }", "s.0[89]"),
        ("struct K; impl K { const N: usize = 2; }", "struct S([u8; K::N]); let s = S([1; 2]);", "impl K { const N: usize = 90; }", "s.0[89]"),
        ("macro_rules! make { ($n:ident) => { struct $n([u8; 2]); } }", "make!(S); let s = S([1; 2]);", "macro_rules! make { ($n:ident) => { struct $n([u8; 90]); } }", "s.0[89]"),
        ("type T = (u8, u8);", "struct S<X>(X); let s = S::<T>((1, 2)); let t: Box<dyn Fn(S<T>)> = Box::new(|_| ());", "type T = (u8, [u64; 90]);", "s.0.1"),
        ("mod m { pub struct A(pub u8); }", "use self::m::*; let s = A(1);", "mod m { pub struct A(pub [u64; 90]); }", "s.0[89]"),
        ("struct A(u8);", "let s: fn() -> A = || A(1);", "struct A([u64; 90]);", "s().0[89]"),
        ("struct C; impl Iterator for C { type Item = u8; fn next(&mut self) -> Option<u8> { Some(1) } }",
         "let mut s = C.peekable(); s.peek();",
         "impl Iterator for C { type Item = [u64; 90]; fn next(&mut self) -> Option<[u64; 90]> { None } }", "s.peek().map(|it| it[89])"),
        ("#[derive(Clone, Copy)] union U { a: u8, b: u8 }", "let s = U { a: 1 };", "#[derive(Clone, Copy)] union U { a: u8, b: [u64; 90] }", "unsafe { s.b }[89]"),
        ("static N: usize = 2;", "struct S([u8; N]); let s = S([1; 2]);", "static N: usize = 90;", "s.0[89]"),
    ],
)
def test_b1_whatever_a_layout_depends_on(session, items, make, then, read):
    session.ok(items)
    session.ok(make)
    session.ok(then)
    run = session.run(read)
    # `S<(u8, u8)>` names the alias no more, and is what it was.
    assert run.status == "ok" and run.result == "2" if "type T" in items else is_gone(run)


def test_b1_redefined_by_what_nobody_counts(session):
    session.ok("struct A(u8); let a = A(1);")
    reply = session.client.execute("struct A([u64; 90]);", store_history=False, silent=False, allow_stdin=False)
    assert session.collect(reply).status == "ok"
    assert is_gone(session.run("a.0[89]"), "older `A`")
    session.ok(":clear")
    session.ok("struct A([u64; 90]); let a = A([5; 90]);")
    assert session.ok("a.0[89]").result == "5"


def test_b1_file_behind_a_constant(session, tmp_path):
    data = tmp_path / "data"
    data.write_text("ab")
    constant = f'const DATA: &[u8] = include_bytes!("{data}");'
    session.ok(constant)
    session.ok("struct S([u8; DATA.len()]); let s = S([1; 2]); s.0[1]")
    data.write_text("x" * 90)
    # A cell has what the file held when the cell ran.
    assert session.run("s.0[1]").result == "1"
    session.ok(constant)
    assert is_gone(session.run("s.0[89]"))


# Each row: definitions that depend on a number, and a value of a type that they make.
SHAPES = [
    ("struct", "#[derive(Debug, Clone)] struct {T} {{ a: [u8; {n}], b: {s} }}", None, "{T} {{ a: [{v}; {n}], b: {sv} }}"),
    ("tuple", "#[derive(Debug, Clone)] struct {T}({s}, [u16; {n}]);", None, "{T}({sv}, [{v}; {n}])"),
    ("enum", "#[derive(Debug, Clone)] enum {T} {{ A([u8; {n}]), B({s}), C }}", None, "{T}::A([{v}; {n}])"),
    ("const", "#[derive(Debug, Clone)] struct {T}([u32; {T}_N]);", "const {T}_N: usize = {n};", "{T}([{v}; {T}_N])"),
    ("const2", "#[derive(Debug, Clone)] struct {T}([u32; {T}_M]); const {T}_M: usize = {T}_N + 1;", "const {T}_N: usize = {n};", "{T}([{v}; {T}_N + 1])"),
    ("const_fn", "#[derive(Debug, Clone)] struct {T}([u8; {T}_n()]);", "const fn {T}_n() -> usize {{ {n} }}", "{T}([{v}; {T}_n()])"),
    ("assoc", "#[derive(Debug, Clone)] struct {T}([u8; {T}K::N]);", "struct {T}K; impl {T}K {{ const N: usize = {n}; }}", "{T}([{v}; {T}K::N])"),
    ("generic", "#[derive(Debug, Clone)] struct {T}G<X, const N: usize> {{ x: [X; N] }} type {T} = {T}G<{s}, {T}_N>;", "const {T}_N: usize = {n};", "{T} {{ x: std::array::from_fn(|_| {sv}) }}"),
    ("alias", "#[derive(Debug, Clone)] struct {T}({T}P);", "type {T}P = (u8, [u16; {n}]);", "{T}(({v}, [{v}; {n}]))"),
    ("macro", "{T}_make!({T});", "macro_rules! {T}_make {{ ($t:ident) => {{ #[derive(Debug, Clone)] struct $t([u8; {n}]); }} }}", "{T}([{v}; {n}])"),
    ("module", "#[derive(Debug, Clone)] struct {T}({T}m::Inner);", "mod {T}m {{ #[derive(Debug, Clone)] pub struct Inner(pub [u8; {n}]); }}", "{T}({T}m::Inner([{v}; {n}]))"),
    ("static", "#[derive(Debug, Clone)] struct {T}([u8; {T}_S]);", "static {T}_S: usize = {n};", "{T}([{v}; {T}_S])"),
]
INSIDE = ["u8", "u64", "f32", "(u8, u32)"]
VALUES = {"u8": "{v}", "u64": "{v}", "f32": "{v} as f32", "(u8, u32)": "({v}, {v})"}
WRAPS = ["{0}", "vec![{0}]", "std::rc::Rc::new(std::cell::RefCell::new({0}))", "Some(Box::new({0}))", "({0}, 7u8)"]


class RandomSession:
    """A random session, and a fresh one with the same items beside it."""

    def __init__(self, seed, session, fresh):
        self.random = random.Random(seed)
        self.session, self.fresh = session, fresh
        self.items = {}  # what a cell defines, by the name of the definition
        self.values = {}  # an expression for each type, by its number
        self.variables = {}  # name: (expression, contents when it was made)
        self.hidden = {}  # the same for `Box<dyn Any>`: name: (type, contents)
        self.log = []

    def run(self, code):
        self.log.append(code)
        return self.session.run(code)

    def ok(self, code):
        run = self.run(code)
        assert run.status == "ok", self.told(run)
        return run

    def told(self, run):
        return "\n// %%\n".join(self.log) + "\n" + "\n".join(run.reply.get("traceback", [str(run.reply)]))

    def define(self, index):
        """Defines the type with this number, or one part of it anew."""
        kind, main, part, value = SHAPES[index % len(SHAPES)]
        numbers = {"T": f"T{index}", "n": self.random.choice([1, 2, 3, 40]), "v": self.random.randrange(100)}
        inside = self.random.choice(INSIDE)
        numbers |= {"s": inside, "sv": VALUES[inside].format(v=numbers["v"])}
        names = (f"{index}:part", f"{index}:main")
        texts = [it and it.format(**numbers) for it in (part, main)]
        is_new = names[1] not in self.items
        cells = []
        for name, text in zip(names, texts):
            if text and (is_new or self.random.random() < 0.6):
                self.items[name] = text
                cells.append(text)
        # The value must fit the definitions as they are.
        if len(cells) == len([it for it in texts if it]):
            self.values[index] = value.format(**numbers)
        elif cells:
            self.values[index] = None
        for text in cells:
            self.ok(text)

    def make(self, index):
        value = self.values.get(index)
        if value is None:
            return
        name, wrap = f"v{self.random.randrange(8)}", self.random.choice(WRAPS)
        hides = self.random.random() < 0.25
        if hides:
            name = f"h{self.random.randrange(4)}"
            self.ok(f"let {name}: Box<dyn std::any::Any> = Box::new({value});")
            shown = self.ok(f"{name}.downcast_ref::<T{index}>()").result
            self.hidden[name] = (index, shown)
            return
        expression = wrap.format(value)
        self.ok(f"let {name} = {expression};")
        self.variables[name] = (expression, self.facts(self.session, name))

    def facts(self, session, name):
        code = f'format!("{{}} {{}} {{:?}}", size_of_val(&{name}), align_of_val(&{name}), {name})'
        run = session.run(code)
        self.log.append(code)
        return run.result if run.status == "ok" else None

    def look(self):
        """Every variable is what it was made as, and what a fresh session makes it, or is gone."""
        names = self.ok(":vars").contents("display_data")[0]["data"]["text/plain"]
        there = {line.split(":")[0].removeprefix("mut ") for line in names.splitlines()}
        for name in sorted(self.variables):
            expression, made = self.variables[name]
            if name not in there:
                del self.variables[name]
                continue
            now = self.facts(self.session, name)
            assert now == made, f"{name}: {now}, was {made}\n" + "\n// %%\n".join(self.log)
        for name in sorted(set(self.hidden) & there):
            index, made = self.hidden[name]
            run = self.run(f"{name}.downcast_ref::<T{index}>()")
            if run.status == "ok":
                assert run.result in (made, "None"), f"{name}: {run.result}, was {made}\n" + self.told(run)

    def compare(self):
        """A fresh session of the current items makes the same of them."""
        self.fresh.ok(":clear")
        self.fresh.ok("\n".join(self.items.values()))
        for name, (expression, made) in sorted(self.variables.items()):
            run = self.fresh.run(f"let {name} = {expression};")
            if run.status == "ok":
                fresh = self.facts(self.fresh, name)
                assert fresh == made, f"{name}: fresh {fresh}, was {made}\n" + "\n// %%\n".join(self.log)


def test_b1_random_sessions_read_what_they_wrote(session):
    first = int(os.environ.get("AKARI_SEED_OF_LAYOUTS", "1"))
    count = int(os.environ.get("AKARI_LAYOUTS", "6"))
    fresh = Session()
    end = time.monotonic() + 40 * max(1, count / 6)
    kept = gone = done = 0
    for seed in range(first, first + count):
        session.ok(":clear")
        one = RandomSession(seed, session, fresh)
        kinds = one.random.sample(range(len(SHAPES)), 4)
        for _ in range(12):
            index = one.random.choice(kinds)
            one.define(index)
            before = len(one.variables)
            one.look()
            gone += before - len(one.variables)
            one.make(one.random.choice(kinds))
            kept += len(one.variables)
        one.compare()
        done += 1
        if time.monotonic() > end:
            break
    fresh.end()
    print(f"{done} sessions: {kept} times a variable was there, {gone} were gone")
    assert done and kept and gone
