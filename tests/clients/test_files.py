"""Files that cells name: `include!` and the like look in the folder in which the kernel was started."""

import re

import pytest

from session import Session

COLORS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A session in a folder with files."""
    (tmp_path / "part.rs").write_text("struct Part(u8);\nfn part() -> u8 { Part(3).0 }\n")
    (tmp_path / "words.txt").write_text('a "b"\nc')
    (tmp_path / "list.in").write_text("[1, 2, 3]\n")
    (tmp_path / "bytes.bin").write_bytes(bytes([0, 255, 34]))
    (tmp_path / "script.rs").write_text("let base = 10;\nfn scaled(x: i32) -> i32 { x * 2 }\n")
    (tmp_path / "net.rs").write_text("pub mod layer;\npub fn depth() -> usize { layer::LAYERS }\n")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "layer.rs").write_text("pub const LAYERS: usize = 2;\n#[derive(Debug)]\npub struct Layer { pub w: f32 }\n")
    monkeypatch.chdir(tmp_path)
    session = Session()
    yield session, tmp_path
    session.end()


def said_by(run):
    assert run.status == "error", run.messages
    return COLORS.sub("", "\n".join([run.reply["evalue"], *run.reply["traceback"]]))


def test_what_a_file_defines_lives_on(beside):
    session, _ = beside
    assert session.ok('include!("part.rs");\npart()').result == "3"
    assert session.ok("part() + Part(1).0").result == "4"
    session.ok('include!("script.rs");')
    assert session.ok("scaled(base)").result == "20"


def test_contents_of_files_are_values(beside):
    session, _ = beside
    assert session.ok('include_str!("words.txt").len()').result == "7"
    assert session.ok('let list = include!("list.in");\nlist.len()').result == "3"
    assert session.ok('include_bytes!("bytes.bin").to_vec()').result == "[0, 255, 34]"
    session.ok('fn words() -> &\'static str { include_str!("words.txt") }')
    assert session.ok("words().lines().count()").result == "2"
    assert session.ok('println!("{}", include_str!("words.txt"));').stream() == 'a "b"\nc\n'


def test_modules_come_from_files(beside):
    session, _ = beside
    session.ok("mod net;")
    assert session.ok("net::depth()").result == "2"
    session.ok("let layer = net::layer::Layer { w: 0.5 };")
    assert session.ok("layer.w").result == "0.5"
    session.ok('#[path = "part.rs"]\nmod other;')
    session.ok("use other::*;")


def test_a_changed_file_is_taken_anew(beside):
    session, folder = beside
    code = 'include!("part.rs");\n(part(), include_str!("words.txt").len())'
    assert session.ok(code).result == "(3, 7)"
    (folder / "part.rs").write_text("fn part() -> u8 { 4 }")
    (folder / "words.txt").write_text("more words")
    assert session.ok(code).result == "(4, 10)"
    (folder / "words.txt").write_text('a "b"\nc')
    assert session.ok(code).result == "(4, 7)"
    session.ok("mod net;")
    session.ok("let layer = net::layer::Layer { w: 0.5 };")
    (folder / "net" / "layer.rs").write_text("pub const LAYERS: usize = 5;\npub struct Layer { pub b: [u8; 9], pub w: f32 }\n")
    session.ok("mod net;")
    assert session.ok("net::depth()").result == "5"
    assert "`layer` was made with an older" in said_by(session.run("layer.w"))


def test_a_file_that_is_not_there_is_told_in_a_sentence(beside):
    session, folder = beside
    for code in ('let x = 1;\ninclude_str!("no.txt")', 'let x = 1;\ninclude!("no.txt");', 'let x = 1;\nlet y = include_bytes!("no.txt");'):
        said = said_by(session.run(code))
        assert f"there is no file `{folder}/no.txt`; a cell looks for files in the notebook's folder" in said
        assert "line 2" in said and ".so" not in said
    assert f"there is no file `{folder}/nowhere.rs`" in said_by(session.run("mod nowhere;"))
    assert "is not UTF-8 text" in said_by(session.run('include_str!("bytes.bin")'))


def test_files_of_a_file_that_is_included(beside):
    session, folder = beside
    (folder / "sub").mkdir()
    (folder / "sub" / "outer.rs").write_text('const TEXT: &str = include_str!("inner.txt");')
    (folder / "sub" / "inner.txt").write_text("deep")
    session.ok('include!("sub/outer.rs");')
    assert session.ok("TEXT").result == "deep"
