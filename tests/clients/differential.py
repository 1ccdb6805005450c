"""Running sequences on evcxr, and comparing what they come to with what the corpus says.

evcxr needs half a second and more for a cell, so sequences that succeed are packed: the first
cells of several make one cell, and so on. Names that meet in no other sequence of the pack, and
marks on stdout, keep them apart. What a pack does wrong is run once more by itself.
"""

import ast
import re
import tomllib
from dataclasses import dataclass

from corpus import CELLS, Result, result

TABLE = CELLS / "differences.toml"

# evcxr compiles a cell twice that ends in a value unless a trait displays it; the engine's own
# such trait is gone with `:clear`.
FIRST = (
    ":clear\n"
    "trait EvcxrDisplay { fn evcxr_display(&self); } "
    "impl<T: std::fmt::Debug + ?Sized> EvcxrDisplay for T { fn evcxr_display(&self) { "
    'if std::any::type_name::<T>() != "()" { '
    'println!("EVCXR_BEGIN_CONTENT text/plain\\n{self:?}\\nEVCXR_END_CONTENT"); } } }\n'
)
PACK = 12
WORD = re.compile(r"[^\W\d]\w*")
BOUND = re.compile(
    r"\b(?:fn|struct|enum|union|trait|type|mod|const|static|macro_rules!|as)\s+(?:mut\s+)?(\w+)"
)
LET = re.compile(r"\blet\b([^=;]*)")
USE = re.compile(r"\buse\b([^;]*);")


@dataclass
class Row:
    """A sequence that is meant to differ, and in which cells (from 1)."""

    kind: str
    cells: list


def table():
    """The kinds of differences, and the row of each sequence that differs."""
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return data["kinds"], {name: Row(**row) for name, row in data["rows"].items()}


def wanted(sequence):
    """What may come of a sequence on evcxr: each a list of the cells in which it differs."""
    kinds, rows = table()
    row = rows.get(sequence.name)
    if row is None:
        return [[]]
    return [row.cells, []] if kinds[row.kind].get("either") else [row.cells]


class Evcxr:
    """A session on evcxr that runs sequences apart from each other."""

    def __init__(self, session):
        self.session = session
        self.repeated = 0

    def run(self, sequence, has_prelude=False):
        """What each cell came to."""
        results = []
        for index, cell in enumerate(sequence.cells):
            head = FIRST if index == 0 and not has_prelude else ""
            got = result(self.session.run(head + cell.code, timeout=120))
            if got.fault and got.fault.line is not None:
                got.fault.line -= head.count("\n")
            results.append(got)
        return results

    def run_all(self, sequences, apart=()):
        """What each cell came to, by the sequence's name; those in `apart` are not packed."""
        results = {}
        packs, singles = packed([it for it in sequences if it.name not in apart])
        singles += [it for it in sequences if it.name in apart]
        for pack in packs:
            got = self.run_halves(pack)
            for sequence in pack:
                if differing(sequence, got.get(sequence.name, [])):
                    self.repeated += 1
                    singles.append(sequence)
                else:
                    results[sequence.name] = got[sequence.name]
        for sequence in singles:
            results[sequence.name] = self.run(sequence)
        return results

    def run_halves(self, pack):
        """What a pack came to, or its halves if it does not compile as a whole."""
        got = self.run_pack(pack)
        if got or len(pack) == 1:
            return got
        middle = len(pack) // 2
        return self.run_halves(pack[:middle]) | self.run_halves(pack[middle:])

    def run_pack(self, pack):
        results = {it.name: [] for it in pack}
        for index in range(max(len(it.cells) for it in pack)):
            parts = [it for it in pack if index < len(it.cells)]
            code = FIRST if index == 0 else ""
            for number, sequence in enumerate(parts):
                cell = sequence.cells[index]
                code += f'print!("\\u{{1}}{number}\\u{{2}}");\n'
                code += cell.code if cell.expected.value is None else with_shown_tail(cell.code)
                code += "\n" if code.rstrip().endswith((";", "}")) else "\n;\n"
            run = self.session.run(code + "print!(\"\\u{1}\");", timeout=120)
            if run.status != "ok":
                return {}
            for part in run.stream().split("\x01")[1:-1]:
                number, _, text = part.partition("\x02")
                stdout, _, value = text.partition("\x03")
                results[parts[int(number)].name].append(Result(stdout, value or None))
        return results


def with_shown_tail(code):
    *lines, tail = code.split("\n")
    return "\n".join([*lines, f'print!("\\u{{3}}{{:?}}", &({tail}));'])


def packed(sequences):
    """Packs of sequences, and those that run by themselves."""
    packs, singles = [], []
    for sequence in sequences:
        if not is_packable(sequence):
            singles.append(sequence)
            continue
        names, words = bound(sequence.code), set(WORD.findall(sequence.code))
        for pack in packs:
            if len(pack) < PACK and not any(
                names & set(WORD.findall(it.code)) or bound(it.code) & words for it in pack
            ):
                pack.append(sequence)
                break
        else:
            packs.append([sequence])
    return packs, singles


def is_packable(sequence):
    """Whether the text of its cells can stand in the middle of a longer one."""
    return not sequence.fails and all(
        not re.search(r"(?m)^\s*[:#]!?\w|\r|\breturn\b|//|/\*", cell.code)
        and (cell.expected.value is None or has_plain_tail(cell.code))
        for cell in sequence.cells
    )


def has_plain_tail(code):
    """Whether the last line is the last expression, no more and no less."""
    *lines, tail = code.split("\n")
    return (
        ";" not in tail
        and re.match(r"[\w(&*\"'\[-]", tail) is not None
        and (not lines or lines[-1].rstrip().endswith((";", "}")))
    )


def bound(code):
    names = set(BOUND.findall(code))
    for head in LET.findall(code) + USE.findall(code):
        names |= {it for it in WORD.findall(head) if it not in ("mut", "ref", "std", "self", "crate")}
    return names


def differing(sequence, results):
    """The cells, from 1, in which evcxr did something else than the corpus says."""
    if len(results) != len(sequence.cells):
        return list(range(1, len(sequence.cells) + 1))
    pairs = zip(sequence.cells, results)
    return [at for at, (cell, got) in enumerate(pairs, 1) if not is_same(cell.expected, got)]


def is_same(expected, got):
    if expected.stdout != got.stdout or not is_same_value(expected.value, got.value):
        return False
    if expected.fault is None or got.fault is None:
        return expected.fault is got.fault
    ours, theirs = expected.fault, got.fault
    if is_compile_error(ours.name) or is_compile_error(theirs.name):
        return ours.name == theirs.name and ours.line in (None, theirs.line)
    return run_error(ours.name) == theirs.name


def is_compile_error(name):
    return name == "-" or re.fullmatch(r"E\d+", name) is not None


def run_error(name):
    """evcxr tells panics, ends of the process and everything else from each other."""
    if name == "Panic":
        return name
    return "ProcessExit" if name.startswith("Process") else "Error"


def is_same_value(ours, theirs):
    """evcxr shows the last value by `Debug`, ours by `Display` where there is one."""
    if ours == theirs or ours is None or theirs is None:
        return ours == theirs
    if theirs[:1] in "\"'":
        try:
            return ast.literal_eval(re.sub(r"\\u\{(\w+)\}", lambda it: chr(int(it[1], 16)), theirs)) == ours
        except (SyntaxError, ValueError):
            return False
    return False
