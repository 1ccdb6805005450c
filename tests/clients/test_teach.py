"""The first line of an error says what to do, in the learner's language.

`tests/cells/lessons.table` has a cell for each rule of `kernel/session/src/engine/teach/rules`, and what its error begins
with in English and in Japanese. Each cell runs after the same beginning.
"""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
TABLE = CHECKOUT / "tests/cells/lessons.table"
RULES = CHECKOUT / "kernel/session/src/engine/teach/rules"
COLORS = re.compile(r"\x1b\[[0-9;]*m")


def table():
    """The beginning, and the rules' names with their cells and first lines."""
    head, *parts = re.split(r"(?m)^//! ", TABLE.read_text())
    rows = []
    for part in parts:
        name, _, rest = part.partition("\n")
        code, english, japanese = re.fullmatch(r"(.*?)\n//en (.*?)\n//ja (.*?)\n*", rest, re.S).groups()
        rows.append((name, code, english, japanese))
    return re.sub(r"(?m)^//.*\n", "", head).strip(), rows


def rule_names():
    """The rules, each with whether it has a sentence in English."""
    for path in RULES.glob("*.toml"):
        rules = tomllib.loads(path.read_text()).get("rule", [])
        yield from ((rule["name"], "en" in rule) for rule in rules)


def first_line(run):
    """What stands first: in the error, or in the note below what was printed."""
    if run.status == "ok":
        return run.contents("display_data")[-1]["data"]["text/plain"].split("\n")[0]
    first = COLORS.sub("", run.reply["traceback"][0])
    assert run.reply["evalue"].split("\n")[0] == first
    return first


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_slip_is_answered_in_the_learners_language(session, language):
    beginning, rows = table()
    assert session.run(beginning, timeout=120).status == "ok"
    assert session.run(f":lang {language}").status == "ok"
    wrong = []
    for name, code, english, japanese in rows:
        assert session.run(beginning).status == "ok"
        *earlier, last = code.split("\n//next\n")
        before = [session.run(it) for it in earlier]
        run, expected = session.run(last), english if language == "en" else japanese
        # Cells are numbered from the beginning of the session.
        for cell in before:
            expected = expected.replace("[#]", f"[{cell.reply['execution_count']}]")
        try:
            got = first_line(run)
        except (AssertionError, IndexError, KeyError) as error:
            got = repr(error)
        if got != expected:
            wrong.append(f"{name}: {code}\n  expected {expected}\n  got      {got}")
    assert not wrong, "\n".join(wrong)


MENDED = re.compile(r"(?:write|did you mean|is missing at the end of line 1:) `([^`]+)`$")
# What is wrong with the cell besides the slip, so that the mended line has a second one.
SECOND_SLIPS = {
    "[v * 2 for v in xs]": "a whole number and floats",
    "let a = [1.0, 2.0]; a.map(lambda z: z + 1)": "a whole number and floats",
    "x and y": "tensors are no truth values",
    "let t = n is None;": "a number is no `Option`",
    "i++;": "there is no `i`",
    "n--;": "`n` is not `mut`",
    "xs.append(3.0)": "`xs` is not `mut`",
    'names.append("b")': "a text for a `String`",
    "let v = nn.Linear(in=4);": "one size alone",
    "let out = model(&x, &y);": "a model takes one tensor",
    "if not n == 3 { }": "the head of a block alone",
    "if 1 in xs { }": "the head of a block alone",
    "if n = 3 { show!(n) }": "the head of a block alone",
    "let my-var = 5;": "a name alone",
    "Linear::new(3, 2)?": "a name alone",
    "let f = lambda a: a + 1;": "a closure that nobody calls has no type",
    "let f = x => x + 1;": "a closure that nobody calls has no type",
    "fn f(a: int, b: float) -> float { b }": "the head of a function alone",
    "torch::where(x > 0, x, y)": "a comparison outside of a formula",
    "let f = (a) => a + 1;": "a closure that nobody calls has no type",
    "let f = |a| -> a + 1;": "a closure that nobody calls has no type",
    "fn g(a: Tensor) {} g(F::relu(&x));": "the cell's first statement ends without a `;`",
    "let ds = data::TensorDataset::new(&tensor!([[1.0],[2.0]]), &tensor!([1.0,2.0])); let loader = data::DataLoader::new(ds?, 2)?; "
    "for (xb, yb) in &loader { }": "a number in the place of the loader's options",
    "for i in range(1, 10) { show!(i); }": "the head of a block alone",
    "for i in range(10) { show!(i); }": "the head of a block alone",
    "x.to_vec1()?": "a method alone",
    'let k = "3".parse()?;': "a method alone",
    "let v = xs.iter().map(|a| a + 1.0).collect();": "a method alone",
    "let s = xs.iter().sum();": "a method alone",
    "None?": "a method alone",
    "Some(1)?;": "a method alone",
    'torch.save(model.state_dict(), "m.safetensors")': "it writes a file",
    "use std::result::Result; fn f(x: &Tensor) -> Result<Tensor> { x.sqr() }": "the head of a function alone",
}


def test_mended_lines_are_cells_that_compile(session):
    """What a sentence tells to write is no second error."""
    beginning, rows = table()
    wrong, tried = [], 0
    for name, code, english, _ in rows:
        mended = MENDED.search(english)
        if not mended or code in SECOND_SLIPS or " .. " in mended[1]:
            continue
        line = mended[1]
        code = code.split("\n//next\n")[-1]
        # Statements that stand before it in the cell are needed too.
        before, statements = "", code.split("; ")
        tried += 1
        for kept in range(len(statements)):
            assert session.run(beginning, timeout=120).status == "ok"
            before = "".join(f"{it}; " for it in statements[:kept])
            run = session.run(before + line)
            if run.status == "ok" or run.reply["ename"] != "CompileError":
                break
        else:
            wrong.append(f"{name}: {code}\n  told to write {line}\n  {run.reply['evalue'].splitlines()[0]}")
    assert not wrong, "\n".join(wrong)
    assert tried > 100


# What is said where no mended line is known: no cell was found for it whose line is not.
UNSHOWN = "result_for_value mut_missing_in_place mutable_argument".split()


def test_every_rule_has_a_cell():
    """Rules of Japanese alone translate what the compiler says of a code; one cell shows that they do."""
    shown = {name for name, *_ in table()[1]}
    names = dict(rule_names())
    unknown = shown - set(names) - {"full_width"}
    assert not unknown, f"no such rules: {sorted(unknown)}"
    missing = {name for name, has_english in names.items() if has_english} - shown - set(UNSHOWN)
    assert not missing, f"rules without a cell: {sorted(missing)}"


def test_compilers_own_words_stand_below(session):
    run = session.run("let a = String::new(); let b = a; a.len()")
    text = COLORS.sub("", "\n".join(run.reply["traceback"]))
    assert run.reply["evalue"].startswith("`a` moved in line 1")
    assert "error[E0382]: borrow of moved value" in run.reply["evalue"]
    assert "[E0382] Error: borrow of moved value" in text and "value moved here" in text


def test_one_error_where_the_rest_follows(session):
    run = session.run("import torch\nfrom torch import nn\nx = torch.tensor([1.0])")
    assert "more)" not in run.reply["evalue"], run.reply["evalue"]
    run = session.run("let f = optim.SGD(1, lr=0.1);")
    assert "more)" not in run.reply["evalue"], run.reply["evalue"]


def test_language_is_asked_for_and_told(session):
    assert session.run(":lang ja").status == "ok"
    assert session.run(":lang").contents("display_data")[0]["data"]["text/plain"] == "ja"
    assert session.run("missing").reply["evalue"].startswith("`missing` という変数はありません")
    assert session.run(":lang eo").reply["evalue"].splitlines()[-1].startswith("there are no sentences in `eo`")


def test_lines_that_an_error_passed_are_shown(session):
    code = (
        "fn inner(text: &str) -> std::result::Result<i32, std::num::ParseIntError> {\n"
        "    let number = text.parse::<i32>()?;\n"
        "    Ok(number + 1)\n"
        "}\n"
        "fn outer(text: &str) -> std::result::Result<i32, std::num::ParseIntError> {\n"
        "    let one = inner(\"1\")?;\n"
        "    Ok(one + inner(text)?)\n"
        "}"
    )
    assert session.run(code).status == "ok"
    run = session.run("let handled = inner(\"x\").is_err();\nouter(\"y\")?")
    lines = [COLORS.sub("", it) for it in run.reply["traceback"]]
    places = [re.search(r"line (\d+)(.*)", it).groups() for it in lines if it.startswith("  in cell")]
    assert places == [("2", ""), ("7", ", in `outer`"), ("2", ", in `inner`")], lines
    # What was handled is not told of.
    run = session.run("let handled = outer(\"x\").is_err();\n\"z\".parse::<i32>()?")
    lines = [COLORS.sub("", it) for it in run.reply["traceback"]]
    assert sum(it.startswith("  in cell") for it in lines) == 1, lines


def test_functions_whose_types_are_found_late_compile_too(session):
    code = (
        "fn f() -> Option<i32> {\n"
        "    let get = |it| { let value = it?; Some(value) };\n"
        "    get(Some(1))\n"
        "}\n"
        "f()"
    )
    run = session.run(code)
    if run.status == "ok":
        assert run.contents("execute_result")[0]["data"]["text/plain"] == "Some(1)"
    else:
        assert "__akari" not in run.reply["evalue"]


def test_paths_and_generated_names_are_not_shown(session):
    cells = ["let s: i32 = tensor!([1.0]);", "nn::Linear::new(1, 2)? + 1", "fn f() -> i32 { g()? }", "let g = 1; g.forward(2)"]
    for cell in cells:
        run = session.run(cell)
        text = COLORS.sub("", run.reply["evalue"] + "\n" + "\n".join(run.reply["traceback"]))
        assert "__akari" not in text and "candle_core::" not in text and "akari::" not in text, text


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("let f = |y: &str| -> Result<i32> {\n    let n = y.parse::<i32>()?;\n    Ok(n)\n};\nlet z = f(x)?;\nOk(z)", 3),
        ("let all: Result<Vec<i32>> = [\"1\", x].iter().map(|y| {\n    let n: i32 = y.parse()?;\n    Ok(n)\n}).collect();\nOk(all?[0])", 3),
        ("println!(\"{}\",\n    x.parse::<i32>()?);\nOk(1)", 3),
        ("let v = vec![\n    1,\n    x.parse::<i32>()?,\n];\nOk(v[0])", 4),
        ("let n = number!(x);\nOk(n)", 2),
    ],
)
def test_lines_in_closures_and_macros_are_shown(session, body, line):
    session.ok("macro_rules! number { ($x:expr $(, $y:ty)?) => { $x.parse::<i32>()? } }")
    session.ok(f"fn own(x: &str) -> Result<i32> {{\n{body}\n}}")
    assert session.ok('own("5").is_ok()').result == "true"
    run = session.run('own("q")?')
    lines = [COLORS.sub("", it) for it in run.reply["traceback"]]
    places = [re.search(r"line (\d+)(.*)", it).groups() for it in lines if it.startswith("  in cell")]
    assert places[0] == ("1", "") and places[-1] == (str(line), ", in `own`"), lines


def test_a_closure_that_was_asked_before_is_not_told_of(session):
    session.ok('fn own(x: &str) -> Result<i32> {\n    let f = |y: &str| -> Result<i32> {\n        Ok(y.parse::<i32>()?)\n    };\n    let handled = f(x).is_err();\n    Ok(x.parse::<i32>()? + i32::from(handled))\n}')
    lines = [COLORS.sub("", it) for it in session.run('own("q")?').reply["traceback"]]
    places = [re.search(r"line (\d+)(.*)", it).groups() for it in lines if it.startswith("  in cell")]
    assert places == [("1", ""), ("6", ", in `own`")], lines


def test_what_a_macro_shows_of_its_arguments_is_as_it_was_written(session):
    session.ok('fn own(x: &str) -> Result<bool> {\n    assert!(x.parse::<i32>()? > 1);\n    Ok(true)\n}')
    assert "x.parse::<i32>()? > 1" in session.run('own("1")?').error["evalue"]
