"""Crates beyond the prelude: `:dep` with paths, so that no test needs the network."""

import os
from pathlib import Path

import pytest

from session import is_gone, until

COUNTER = """
use std::sync::atomic::{AtomicU32, Ordering};
static COUNT: AtomicU32 = AtomicU32::new(0);
pub fn count() -> u32 { COUNT.fetch_add(1, Ordering::SeqCst) + 1 }
#[derive(Debug, Clone)]
pub struct Mark(pub u32);
impl Mark { pub fn twice(&self) -> Mark { Mark(self.0 * 2) } }
#[macro_export]
macro_rules! mark { ($value:expr) => { $crate::Mark($value) }; }
"""
PICTURE = """
pub struct Picture;
impl Picture {
    pub fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/html\\n<b>picture</b>\\nEVCXR_END_CONTENT");
    }
}
"""
CANDLE = """
pub fn double(x: &candle_core::Tensor) -> candle_core::Result<candle_core::Tensor> { x + x }
"""


def test_a_crate_is_shared_by_all_cells(session, package):
    session.ok(package("counter", COUNTER), timeout=300)
    session.ok("let mark = counter::mark!(counter::count());")
    session.ok("use counter::*; let second = count();")
    assert session.ok("(mark.clone().twice(), second, count())").result == "(Mark(2), 2, 3)"
    assert ":dep counter" in session.ok(":show_deps").contents("display_data")[0]["data"]["text/plain"]


def test_dependencies_are_added_to_earlier_ones(session, package):
    session.ok(package("counter", COUNTER), timeout=300)
    session.ok("let mark = counter::Mark(counter::count());")
    run = session.ok(package("picture", PICTURE) + "\npicture::Picture", timeout=300)
    # A busy machine shows before it how far the build is.
    assert run.contents("display_data")[-1]["data"] == {"text/html": "<b>picture</b>"}
    assert session.ok("(mark.clone(), counter::count())").result == "(Mark(1), 2)"


def test_candle_is_the_preludes(session, package):
    session.ok(package("own", CANDLE, 'candle-core = "0.11.1"'), timeout=500)
    session.ok("let w = Var::new(&[3f32], &Device::Cpu)?;")
    session.ok("let y = own::double(&w)?;")
    session.ok("let grads = y.backward()?;")
    assert session.ok("grads.get(&w).unwrap()").result == "tensor([2.])"
    # candle stands on crates that are compiled without optimisation, as no cell calls them: they are handed over as all others.
    found = Path(os.environ["AKARI_HOME"]).glob("deps/*/target-*/release/deps/libtokenizers-*.rmeta")
    newest = max(found, key=lambda it: it.stat().st_mtime)
    assert newest.with_suffix(".akari").is_file()


def test_features_and_names(session, package):
    line = package("counter", COUNTER + '\n#[cfg(feature = "extra")]\npub const EXTRA: i32 = 7;', features="extra = []")
    line = line.replace(":dep counter = { ", ':dep renamed = { package = "counter", features = ["extra"], ')
    assert session.ok(line + "\nrenamed::EXTRA", timeout=300).result == "7"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (":dep", "write `:dep name"),
        (":dep a!b", "no name of a crate"),
        (":dep a = 5", "no dependency"),
        (':dep a = { path = "/nowhere/at/all" }', "/nowhere/at/all"),
    ],
)
def test_what_is_wrong_is_said(session, line, words):
    session.ok("let kept = 1;")
    error = session.run(line, timeout=300).error
    assert words in error["evalue"]
    assert session.ok("kept").result == "1"
    assert session.ok(":show_deps").contents("display_data")[0]["data"]["text/plain"] == ""


def test_code_that_does_not_compile_is_said(session, package):
    session.ok(package("counter", COUNTER), timeout=300)
    error = session.run(package("broken", "pub fn f() -> i32 { nothing }"), timeout=300).error
    assert error["ename"] == "DependencyError" and "nothing" in error["evalue"]
    assert session.ok("counter::count()").result == "1"


def test_a_build_is_interrupted(session, package):
    line = package("slow", "pub fn f() {}")
    folder = line.split('"')[1]
    with open(f"{folder}/build.rs", "w") as file:
        file.write("fn main() { std::thread::sleep(std::time::Duration::from_secs(600)); }")
    cell = session.send(line)
    while True:
        message = session.client.get_iopub_msg(timeout=60)
        if message["msg_type"].endswith("display_data") and "slow" in message["content"]["data"]["text/plain"]:
            break
    build = until(lambda: [it for it in session.processes() if "build-script" in " ".join(it.cmdline())], 60)
    assert build
    session.manager.interrupt_kernel()
    assert session.collect(cell, 30).error["ename"] == "Interrupted"
    assert session.ok("1 + 1").result == "2"
    assert until(lambda: all(map(is_gone, build)))


def test_f18_crate_that_changed_is_built_and_used_anew(session, package):
    first = "pub const SIZE: usize = 2;\npub fn answer() -> u32 { 1 }\n#[derive(Debug)]\npub struct Mark(pub [u8; SIZE]);\npub fn make() -> Mark { Mark([7; SIZE]) }"
    line = package("counter", COUNTER)
    session.ok(line, timeout=300)
    session.ok("let mark = counter::Mark(5); let number = counter::count(); struct Own(counter::Mark); let own = Own(counter::Mark(6));")
    cell = "(counter::count(), counter::Mark(1))"
    session.ok("let old: Box<dyn Fn() -> u32> = Box::new(|| counter::count());")
    assert session.ok(cell).result == "(2, Mark(1))"
    changed = COUNTER.replace("SeqCst) + 1", "SeqCst) + 100").replace("pub struct Mark(pub u32);", "pub struct Mark(pub u64);")
    package("counter", changed.replace("Mark(self.0 * 2)", "Mark(self.0 * 3)"))
    session.ok(line, timeout=300)
    # The cell that was compiled before runs the new code, whose statics begin anew.
    assert session.ok(cell).result == "(100, Mark(1))"
    for name in ("mark", "own"):
        error = session.run(f"&{name};").error
        assert f"`{name}` was made with an older `counter`" in "\n".join(error["traceback"]).replace("\n", " ")
    # What was compiled with the old code goes on with it.
    assert session.ok("(number, old())").result == "(1, 3)"
    assert session.ok("counter::Mark(1 << 40).twice().0 >> 40").result == "3"
    # Added again without a change, all stays.
    session.ok("let mark = counter::Mark(9);")
    session.ok(line, timeout=300)
    assert session.ok("(mark.0, counter::count())").result == "(9, 101)"
    session.ok(package("first", first), timeout=300)
    session.ok("let kept = first::make();")
    assert session.ok("(mark.0, counter::count(), kept.0.len(), first::answer())").result == "(9, 102, 2, 1)"


def test_b15_macro_that_changed_is_used_anew(session, tmp_path):
    folder = tmp_path / "answers"
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "answers"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n')

    def write(number):
        code = f'#[proc_macro_derive(Answer)]\npub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{ "fn answer() -> u32 {{ {number} }}".parse().unwrap() }}'
        (folder / "src" / "lib.rs").write_text(code.replace("{{", "{").replace("}}", "}"))

    line, cell = f':dep answers = {{ path = "{folder}" }}', "{ #[derive(answers::Answer)] struct Asked; answer() }"
    for number in (1, 2):
        write(number)
        session.ok(line, timeout=300)
        assert session.ok(cell).result == str(number)


def test_b2_static_of_a_crate_holds_no_newer_type(session, package):
    code = "use std::any::Any; use std::sync::Mutex;\nstatic KEPT: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);\npub fn keep<T: Any + Send>(value: T) { *KEPT.lock().unwrap() = Some(Box::new(value)); }\npub fn take<T: Any>() -> Option<Box<T>> { KEPT.lock().unwrap().take()?.downcast().ok() }"
    session.ok(package("registry", code), timeout=300)
    session.ok("struct A(u8); let model = A(3);")
    session.ok("registry::keep(A(1));")
    assert session.ok("registry::take::<A>().map(|it| it.0)").result == "Some(1)"
    session.ok("registry::keep(A(1));")
    session.ok("struct A([u64; 100]);")
    assert session.ok("registry::take::<A>().map(|it| it.0[99])").result == "None"
