"""Completion and explanation of what only the analyser knows: the members of types that no table here has."""

import pytest

from session import Session, is_gone, until

# rust-analyzer reads the standard library and candle first.
START = 180


@pytest.fixture(scope="module")
def session():
    """One kernel for all tests: the analyser's start takes several seconds."""
    session = Session()
    session.ok("let mut list = std::collections::LinkedList::from([1]); let cursor = std::io::Cursor::new(vec![1u8]); let t = tensor!([1.0]);")
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
        ("list.push_fr", "push_front"),
        ("cursor.set_pos", "set_position"),
        ("point.acr", "across"),
        ("point.le", "length"),
    ],
)
def test_methods_and_fields(session, code, name):
    assert has(session, code, name)
    content = matches(session, code)
    typed = code.replace("\n", ".").replace(":", ".").split(".")[-1]
    assert content["cursor_start"] == len(code) - len(typed) and content["cursor_end"] == len(code)


def test_a_character_is_one_place(session):
    code = "/* 灯り🇯🇵 */ list.push_fr"
    assert has(session, code, "push_front")
    assert matches(session, code)["cursor_start"] == len(code) - 7


def test_the_rest_is_answered_as_well(session):
    assert has(session, "list.push_fr", "push_front")
    assert matches(session, "F::leaky_re")["matches"][0] == "leaky_relu"
    assert "while" in matches(session, "whil")["matches"]


def test_a_method_is_explained(session):
    assert has(session, "list.push_fr", "push_front")
    content = session.reply(session.client.inspect("list.push_front", 8), 20)["content"]
    assert content["found"] and "push_front" in content["data"]["text/plain"]
    assert not session.reply(session.client.inspect("nothing_at_all", 5), 20)["content"]["found"]


def test_a_cell_does_not_wait(session):
    assert has(session, "list.push_fr", "push_front")
    for _ in range(3):
        session.client.complete("t.su")
    assert session.ok("1 + 1").result == "2"


def test_there_is_no_analyser_before_it_is_needed():
    session = Session()
    try:
        session.ok("let x = 1; let words = vec![String::new()];")
        assert matches(session, "let y = x")["matches"]
        assert "push" in matches(session, "words.pu")["matches"]
        assert matches(session, "nobody.pu")["matches"] == []
        assert not session.reply(session.client.inspect("nothing_at_all", 5), 20)["content"]["found"]
        assert len(session.without_compilers()) == 2
    finally:
        session.end()


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("AKARI_ANALYSER", "off")
    session = Session()
    try:
        session.ok("let mut list = std::collections::LinkedList::from([1]);")
        assert matches(session, "list.push_fr")["matches"] == []
        assert len(session.without_compilers()) == 2
    finally:
        session.end()
