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


def said_by(run):
    """The whole error of a run, without colours."""
    assert run.status == "error", run.messages
    return COLORS.sub("", "\n".join([run.reply["evalue"], *run.reply["traceback"]]))
