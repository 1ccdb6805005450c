"""Completion and explanation of what only the analyser knows: fields, methods, names of the cell."""

import pytest

from session import Session, is_gone, until

# rust-analyzer reads the standard library and candle first.
START = 180


@pytest.fixture(scope="module")
def session():
    """One kernel for all tests: the analyser's start takes several seconds."""
    session = Session()
    session.ok("let words = vec![String::from(\"灯り\")]; let t = tensor!([1.0, 2.0]);")
    session.ok("struct Point { across: f32, along: f32 }\nimpl Point { fn length(&self) -> f32 { self.across } }")
    session.ok("let point = Point { across: 1.0, along: 2.0 };")
    yield session
    processes = session.processes()
    session.end()
    assert until(lambda: all(map(is_gone, processes)))


def matches(session, code, position=None):
    return session.reply(session.client.complete(code, position), 20)["content"]


def has(session, code, name):
    """Whether the name comes once the analyser has started; nobody waits for that."""
    return until(lambda: name in matches(session, code)["matches"], timeout=START)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("words.pu", "push"),
        ("t.sum_", "sum_all"),
        ("point.acr", "across"),
        ("point.le", "length"),
        ("let local_name = 5;\nlocal_n", "local_name"),
        ("String::from_ut", "from_utf8"),
    ],
)
def test_methods_and_fields(session, code, name):
    assert has(session, code, name)
    content = matches(session, code)
    typed = code.replace("\n", ".").replace(":", ".").split(".")[-1]
    assert content["cursor_start"] == len(code) - len(typed) and content["cursor_end"] == len(code)


def test_a_character_is_one_place(session):
    code = "/* 灯り🇯🇵 */ words.pu"
    assert has(session, code, "push")
    assert matches(session, code)["cursor_start"] == len(code) - 2


def test_the_rest_is_answered_as_well(session):
    assert has(session, "words.pu", "push")
    assert matches(session, "F::leaky_re")["matches"][0] == "leaky_relu"
    assert "while" in matches(session, "whil")["matches"]


def test_a_method_is_explained(session):
    assert has(session, "words.pu", "push")
    content = session.reply(session.client.inspect("words.len", 8), 20)["content"]
    assert content["found"] and "len" in content["data"]["text/plain"]
    assert not session.reply(session.client.inspect("nothing_at_all", 5), 20)["content"]["found"]


def test_a_cell_does_not_wait(session):
    assert has(session, "words.pu", "push")
    for _ in range(3):
        session.client.complete("t.su")
    assert session.ok("1 + 1").result == "2"


def test_there_is_no_analyser_before_it_is_needed():
    session = Session()
    try:
        session.ok("let x = 1;")
        assert matches(session, "let y = x")["matches"]
        assert len(session.without_compilers()) == 2
    finally:
        session.end()


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("AKARI_ANALYSER", "off")
    session = Session()
    try:
        session.ok("let words = vec![1];")
        assert matches(session, "words.pu")["matches"] == []
        assert len(session.without_compilers()) == 2
    finally:
        session.end()
