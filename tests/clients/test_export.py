"""`akari export`: the program of a notebook prints what the notebook printed, and clippy is content.

All programs are built in one folder (AKARI_EXPORT_TARGET, else target/export), so that candle is built once.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from conftest import CHECKOUT
from test_cli import notebook

BINARY = os.environ.get("AKARI_BIN") or str(CHECKOUT / "target" / "release" / "akari")
TARGET = os.environ.get("AKARI_EXPORT_TARGET") or str(CHECKOUT / "target" / "export")
LESSONS = sorted((CHECKOUT / "notebooks").rglob("*.ipynb"))
# Of those that others write, the ones that ask for nothing that a program has not.
OTHERS = [CHECKOUT / "tests" / "notebooks" / f"{name}.ipynb" for name in ("arrays", "calculus", "ownership", "perceptron", "probability")]
NOTEBOOKS = [*LESSONS, *OTHERS]
# A loop's line has times in it, and a program prints none.
PROGRESS = re.compile(r"^.*\|[ █▏▎▍▌▋▊▉]*\| \d+/\d+ \[.*$\n", re.MULTILINE)


def akari(*arguments, check=True, **options):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=900, **options)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def cargo(project, *arguments, language="en", **options):
    # RUSTC_BOOTSTRAP has the value of the prelude's build, whose crates are found then where `.ci/run` has put them.
    environment = {**os.environ, "CARGO_TARGET_DIR": TARGET, "AKARI_LANG": language, "RUSTC_BOOTSTRAP": "akari"}
    done = subprocess.run(["cargo", *arguments], cwd=project, capture_output=True, text=True, timeout=1800, env=environment, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def printed(path, *skipped):
    """What a notebook holds as text, in order, but for cells of these sources."""
    text = ""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.source in skipped:
            continue
        for output in cell.get("outputs", []):
            if any(it["output_type"] == "error" for it in cell.outputs):
                continue
            if output["output_type"] == "stream":
                text += output["text"] if output["name"] == "stdout" else ""
            elif "text/plain" in output["data"]:
                text += output["data"]["text/plain"].rstrip("\n") + "\n"
    return PROGRESS.sub("", text)


def test_there_are_notebooks():
    assert len(LESSONS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[str(it.relative_to(CHECKOUT)) for it in NOTEBOOKS])
def test_program_prints_what_the_notebook_holds(path, tmp_path):
    project = tmp_path / "program"
    akari("export", path, project)
    lock = (project / "Cargo.lock").read_text()
    assert f'path = "{CHECKOUT}"' in (project / "Cargo.toml").read_text()
    # What a check says is in the language of whoever runs the program.
    language = "ja" if path.parent.name == "ja" else "en"
    run = cargo(project, "run", "--release", "--locked", "--quiet", language=language)
    assert (run.stdout, run.stderr) == (printed(path), "")
    quiet = cargo(project, "clippy", "--release", "--locked", "--quiet")
    assert quiet.stdout + quiet.stderr == ""
    assert (project / "Cargo.lock").read_text() == lock
    pictures = [it for cell in nbformat.read(path, as_version=4).cells for it in cell.get("outputs", []) if "image/svg+xml" in it.get("data", {})]
    assert len(list(project.glob("displays/*.svg"))) == len(pictures)


SKIPPED = ":vars\n!echo shell"
CELLS = [
    SKIPPED,
    ":opt 2\n// one\nlet n = 3; // open\nlet mut v = vec![1.5, 2.5];\n\n// two\nlet text = \"a\nb\";\nn",
    "v.push(0.5);\nshow!(n.pow(2), v[0].sqrt(), text);\nv.iter().map(|it| it * 2.0).collect::<Vec<_>>()",
    "use std::collections::BTreeMap as Map;\nuse std::sync::{Mutex, atomic::{AtomicI32, Ordering}};\nstatic COUNT: AtomicI32 = AtomicI32::new(0);\n"
    "macro_rules! twice { ($e:expr) => { $e * 2.0 }; }\n#[derive(Debug, Clone)]\nstruct Point { x: f64 }\n"
    "impl Point { fn double(&self) -> Point { Point { x: scale(self.x) } } }\nfn scale(x: f64) -> f64 { twice!(x) }\n"
    "COUNT.fetch_add(1, Ordering::Relaxed);\nlet lock = Mutex::new(1);\nlet mut guard = lock.lock().unwrap();\n*guard += 1;",
    "*lock.lock()? += 1;\nlet point = Point { x: 2.0 };\nlet map: Map<i32, &str> = Map::from([(1, \"one\")]);\n"
    "show!(COUNT.load(Ordering::Relaxed), *lock.lock().unwrap(), point.double(), map);",
    "struct Point { x: f64, y: f64 }\nimpl Point { fn sum(&self) -> f64 { scale(self.x + self.y) } }",
    "fn point_of(x: f64) -> Point { Point { x, y: 0.0 } }\nlet point = Point { x: 1.0, y: 2.0 };\npoint.sum()",
    "fn scale(x: f64) -> f64 { x * 10.0 }\nlet shadowed = n;\nlet n = format!(\"{n}!\");\n(scale(2.0), point_of(3.0).sum(), n.clone(), shadowed)",
    "async fn late(x: i32) -> i32 { x + 1 }\nlet later = late(1).await;\nlater",
    'let text = include_str!("words.txt").trim();\nshow!(text);',
    "#[test]\nfn adds() { assert_eq!(1 + 1, 2); }",
    "// what runs\nfn main() -> Result<()> { show!(\"main\"); Ok(()) }",
    "tensor!([1.0, 2.0])",
    "#[derive(Debug, Clone, Copy)]\nenum Kind { A, B }\n[Kind::A, Kind::B]",
    "let total = { let mut sum = 0; for i in 0..4 { sum += i; } sum };\nif total > 3 { println!(\"large\") }",
    "let pair = 2;\nlet held: Box<dyn Fn() -> i32> = Box::new(move || pair + 1);",
    "fn pair<T: Default>(of: T) -> (T, T) { (of, T::default()) }\n(pair(1), pair(\"one\"), held())",
    "let limit = 4;\nlimit",
    "#[allow(non_upper_case_globals)]\nconst limit: i32 = 5;\nfn within(x: i32) -> bool { x <= limit }\n(within(5), limit)",
    "// only a comment",
    "let x = 1;\nx.no_such_method()",
    "%%bash\nls",
    'let number: i32 = "12".parse()?;\nlet answer = input("name? ");\nshow!(number, answer);',
]


@pytest.fixture
def tour(tmp_path):
    """A notebook of all that is hard. Where nobody can be asked, its last cell fails."""
    path = notebook(tmp_path / "旅 1.ipynb", *CELLS)
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"][-3:]:
        cell["metadata"]["tags"] = ["raises-exception"]
    text = {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "# Tour\n\nA text with *marks*."}
    content["cells"].insert(0, text)
    path.write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "words.txt").write_text("words\n")
    return path


def test_what_is_hard(tour, tmp_path):
    akari("run", tour, "--output", tmp_path / "done.ipynb")
    expected = re.sub(r"^test .*\n", "", printed(tmp_path / "done.ipynb", SKIPPED), flags=re.MULTILINE)
    assert "large" in expected and "1 3 Point { x: 4.0 }" in expected
    project = tmp_path / "programs" / "tour"
    project.mkdir(parents=True)
    said = akari("export", tour, project).stdout
    assert "21, 22" in said
    main = (project / "src" / "main.rs").read_text()
    assert 'name = "notebook-1"' in (project / "Cargo.toml").read_text()
    words = ["//! Tour", "// A text with *marks*.", "// one\n", "// open\n", "// two\n", "!echo shell", ":vars", "// only a comment"]
    for word in [*words, "let n: i32 = 3;", "let mut v: Vec<f64> = vec!", "// %%bash", "drop(guard)"]:
        assert word in main, word
    assert main.count("// what runs") == 1
    run = cargo(project, "run", "--release", "--locked", "--quiet", input="灯\n")
    assert (run.stdout, run.stderr) == (expected + "name? 12 灯\n", "")
    quiet = cargo(project, "clippy", "--release", "--locked", "--quiet")
    assert quiet.stdout + quiet.stderr == ""
    tests = cargo(project, "test", "--release", "--quiet").stdout
    assert "1 passed" in tests
    again = akari("export", tour, project, check=False)
    assert again.returncode == 2 and "is not empty" in again.stderr and "--force" in again.stderr
    (project / "mine.txt").write_text("mine")
    akari("export", tour, project, "--force")
    assert (project / "src" / "main.rs").read_text() == main
    assert (project / "mine.txt").exists()
    assert akari("export", tour).stdout == main


def test_dependencies_have_the_versions_of_the_session(package, tmp_path):
    line = package("tools", "pub fn seven() -> i32 { 7 }")
    path = notebook(tmp_path / "tools.ipynb", f'{line}\n:dep itoa = "1"', 'show!(tools::seven(), itoa::Buffer::new().format(5));', ":edition 2021\nlet gen = 1;\ngen")
    project = tmp_path / "program"
    akari("export", path, project)
    manifest = (project / "Cargo.toml").read_text()
    assert 'edition = "2021"' in manifest and 'itoa = "1"' in manifest and str(tmp_path / "tools") in manifest
    assert 'name = "tools-notebook"' in manifest
    ours = (CHECKOUT / "Cargo.lock").read_text()
    version = re.search(r'name = "itoa"\nversion = "(.*)"', ours)
    assert f'name = "itoa"\nversion = "{version[1]}"' in (project / "Cargo.lock").read_text()
    assert cargo(project, "run", "--release", "--locked", "--quiet").stdout == "7 5\n1\n"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["let a = 1;", "let b: i32 = \"text\";"], "code cell 2 does not compile"),
        (["let a = (;"], "code cell 1 does not compile"),
        (["let a = 1;\nif a > 0 { return Ok(()); }"], "code cell 1 returns from the cell"),
        (
            ["struct P { a: i32 }\nimpl P { fn get(&self) -> i32 { self.a } }\nlet p = P { a: 1 };", "impl P { fn get(&self) -> i32 { 2 } }\np.get()"],
            "code cell 2 uses `p`, which was made with an older `P`",
        ),
        (
            ["fn one() -> i32 { 1 }\nmod all { pub fn two() -> i32 { 2 * super::one() } }\nall::two()", "fn one() -> i32 { 10 }\nall::two()"],
            "don't fit into one program",
        ),
    ],
)
def test_what_is_no_program_is_refused_with_its_cell(tmp_path, cells, said):
    path = notebook(tmp_path / "bad.ipynb", *cells)
    done = akari("export", path, tmp_path / "folder" / "program", check=False)
    assert done.returncode == 1 and said in done.stderr and "nothing was written" in done.stderr
    assert not (tmp_path / "folder").exists()


def test_nbconvert_gives_the_same_program(tour, tmp_path, monkeypatch):
    source = tmp_path / "source"
    shutil.copytree(CHECKOUT / "python" / "akari-jupyter", source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "packages"), str(source)]
    subprocess.run(install, check=True, timeout=120)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    convert = [sys.executable, "-m", "nbconvert", "--to", "script", "--stdout", str(tour)]
    metadata = json.loads(tour.read_text(encoding="utf-8"))
    metadata["metadata"]["language_info"] = {"name": "rust", "file_extension": ".rs"}
    tour.write_text(json.dumps(metadata), encoding="utf-8")
    script = subprocess.run(convert, capture_output=True, text=True, timeout=300)
    assert script.returncode == 0, script.stderr
    assert script.stdout.rstrip("\n") == akari("export", tour).stdout.rstrip("\n")
