"""`:dep` lines as people write them, and what is said of those that can't be had.

Crates are folders, or in the prelude's own Cargo.lock, so that no test needs the network."""

import shutil

import pytest

TOOLS = """
#[cfg(feature = "loud")] pub fn word() -> &'static str { "LOUD" }
#[cfg(not(feature = "loud"))] pub fn word() -> &'static str { "quiet" }
"""
FEATURES = "default = [\"loud\"]\nloud = []\nlong = []"


@pytest.fixture
def folder(package):
    """The folder of a package `tools` whose default feature is `loud`."""
    return package("tools", TOOLS, features=FEATURES).split('"')[1]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (':dep tools = { path = "FOLDER" } // mine', "LOUD"),
        (":dep FOLDER # mine", "LOUD"),
        (":dep 'FOLDER'", "LOUD"),
        (':dep { path = "FOLDER" }', "LOUD"),
        (':dep "tools" = { path = "FOLDER/Cargo.toml" };', "LOUD"),
        (":dep tools --path FOLDER --no-default-features", "quiet"),
        (':dep tools = { path = "FOLDER", default_features = false }', "quiet"),
        (':dep tools = {\n  path = "FOLDER", // mine\n  default-features = false,\n}', "quiet"),
        ('/* mine */\n:dep tools = { path = "FOLDER" }', "LOUD"),
        (':dep either = "1", tools = { path = "FOLDER" }\neither::Left::<_, u8>(1);', "LOUD"),
        (':dep either :dep tools = { path = "FOLDER" }\neither::Left::<_, u8>(1);', "LOUD"),
    ],
)
def test_lines_are_read_as_people_write_them(session, folder, line, word):
    cell = line.replace("FOLDER", folder) + "\ntools::word()"
    assert session.ok(cell, timeout=300).result == word


def test_folder_may_have_any_name(session, tmp_path, folder):
    other = tmp_path / "道具 箱"
    shutil.move(folder, other)
    assert session.ok(f':dep "{other}"\ntools::word()', timeout=300).result == "LOUD"


def test_unknown_key_is_told_with_the_nearest(session, folder):
    run = session.ok(f':dep tools = {{ path = "{folder}", feature = ["long"] }}\ntools::word()', timeout=300)
    assert "`feature` of `tools`; did you mean `features`?" in run.stream("stderr")
    assert run.result == "LOUD"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            ':dep tools = { path = "FOLDER", features = ["lod"] }',
            "no feature `lod` (did you mean `loud`?). It has `default`, `long`, `loud`",
        ),
        (':dep tolls = { path = "FOLDER" }', "is named `tools`"),
        (":dep tools = { workspace = true }", "a notebook has none"),
        (":dep tools = 0.4", 'write `:dep tools = "0.4"`'),
        (':dep either = "77"', "there is no `either` 77; there are 1."),
        (':dep aa = { package = "tools", path = "FOLDER" }, bb = { package = "tools", path = "FOLDER" }', "another name"),
    ],
)
def test_what_can_not_be_had_is_said_in_one_sentence(session, folder, line, words):
    error = session.run(line.replace("FOLDER", folder), timeout=300).error
    assert error["ename"] == "DependencyError"
    assert words in error["evalue"].split("\n")[0]
    assert session.ok(f':dep "{folder}"\ntools::word()', timeout=300).result == "LOUD"


def test_failed_build_has_its_cause_in_the_first_line(session, package):
    error = session.run(package("broken", "pub fn f() -> i32 { nothing }"), timeout=300).error
    first = error["evalue"].split("\n")[0]
    assert first.startswith("`broken` does not compile: cannot find value `nothing`")
    assert "src/lib.rs:1:21" in first
    assert "1 | pub fn f() -> i32 { nothing }" in error["evalue"]


def test_failed_build_script_has_its_cause_in_the_first_line(session, package):
    line = package("native", "")
    with open(line.split('"')[1] + "/build.rs", "w") as file:
        file.write('fn main() { panic!("libnative is not installed") }')
    first = session.run(line, timeout=300).error["evalue"].split("\n")[0]
    assert first.startswith("the build script of `native v0.1.0` failed: libnative is not installed")


def test_command_below_code_says_where_it_belongs(session):
    error = session.run('let a = 1;\n:dep either = "1"').error
    assert "`:dep` must stand at the top of a cell" in error["evalue"]
    assert "line 2" in error["evalue"]
    assert session.run("a").status == "error"
    # A text is no command.
    assert session.ok('"\n:dep either".len()').result == "12"


def test_crate_of_the_preludes_macros_is_handed_over(session):
    """Two builds of a macro that the prelude has were put together: a colliding StableCrateId."""
    session.ok(':dep castaway = "0.2"', timeout=300)
    assert session.ok("castaway::cast!(5u8, u8)").result == "Ok(5)"


def test_crates_on_top_of_another_build_are_built_anew(session):
    """The prelude's `half` stands on the prelude's `bytemuck`, whose types are other ones."""
    lines = ':dep bytemuck = { version = "1", features = ["must_cast"] }\n:dep half = { version = "2", features = ["bytemuck"] }\n'
    cell = lines + "fn bytes<T: bytemuck::Pod>(_: T) -> usize { size_of::<T>() }\nbytes(half::f16::ONE)"
    assert session.ok(cell, timeout=300).result == "2"
    assert session.ok("tensor!([1.0])").result == "tensor([1.])"


def test_name_alone_keeps_what_is_there_and_adds_features(session, folder):
    session.ok(f':dep tools = {{ path = "{folder}", default-features = false }}', timeout=300)
    assert session.ok("tools::word()").result == "quiet"
    assert session.ok(":dep tools\ntools::word()", timeout=300).result == "quiet"
    assert session.ok(':dep tools = { features = ["loud"] }\ntools::word()', timeout=300).result == "LOUD"


def test_edited_crates_are_taken_anew(session, package):
    inner = package("inner", "pub fn n() -> u8 { 1 }")
    path = inner.split("=", 1)[1]
    outer = package("outer", "pub fn n() -> u8 { inner::n() * 10 }", f"inner ={path}")
    session.ok(inner, timeout=300)
    assert session.ok(f"{outer}\n(inner::n(), outer::n())", timeout=300).result == "(1, 10)"
    package("inner", "pub struct N(pub u8);\npub fn n() -> u8 { N(2).0 }")
    assert session.ok(f"{inner}\n(inner::n(), outer::n())", timeout=300).result == "(2, 20)"
    package("outer", "pub fn n() -> u8 { inner::n() * 100 }", f"inner ={path}")
    assert session.ok(f"{outer}\n(inner::n(), outer::n())", timeout=300).result == "(2, 200)"
    # Another version is another crate for cargo.
    manifest = inner.split('"')[1] + "/Cargo.toml"
    with open(manifest) as file:
        text = file.read()
    with open(manifest, "w") as file:
        file.write(text.replace("0.1.0", "0.2.0"))
    package_code = inner.split('"')[1] + "/src/lib.rs"
    with open(package_code, "w") as file:
        file.write("pub fn n() -> u8 { 3 }")
    assert session.ok(f"{inner}\ninner::n()", timeout=300).result == "3"
    assert session.ok("4 + 4").result == "8"


def test_folder_that_is_gone_stops_no_other_crate(session, package, folder):
    session.ok(package("first", "pub const N: u8 = 1;"), timeout=300)
    line = package("second", "pub const N: u8 = 2;")
    shutil.rmtree(package("first", "").split('"')[1])
    run = session.ok(f"{line}\nsecond::N", timeout=300)
    assert run.result == "2" and "the folder of `first` is gone" in run.stream("stderr")
