"""Writes `standard.tsv`: the names of the standard library that a cell's author is likely to complete.

    python3 standard.py FOLDER > standard.tsv

FOLDER has rustdoc's JSON of `core`, `alloc` and `std`, as the component `rust-docs-json` of a nightly
toolchain brings it, or as `rustdoc --output-format json` makes it of the component `rust-src`.

A row has the module or type (with a dot in front for what values of the type have), the name, the kind
as JupyterLab draws it, and the signature.
"""

import json
import re
import sys
from pathlib import Path

TYPES = """Vec String Box Rc Arc Option Result HashMap HashSet BTreeMap BTreeSet VecDeque BinaryHeap Cell RefCell
Mutex RwLock Instant Duration SystemTime Path PathBuf File Cow Range RangeInclusive Ordering JoinHandle
Reverse Wrapping""".split()
# The other integers have the methods of `i64` and `u64`.
PRIMITIVES = "slice str char bool f32 f64 i32 i64 u8 u32 u64 usize array".split()
RARE = re.compile("(checked|wrapping|overflowing|saturating|carrying|borrowing|strict|widening|unbounded|cast)_|.*_(ptr|ptr_range)$")
FREQUENT = re.compile("(checked|wrapping|saturating)_(add|sub|mul|div|pow)$")
TRAITS = {"Iterator": None, "DoubleEndedIterator": None, "ExactSizeIterator": ["len"]}
MODULES = """collections fs io env time thread sync rc cell fmt iter mem cmp path process any ops hash error num
string vec boxed borrow consts f32 f64 hash_map btree_map mpsc atomic hint ptr array char str slice""".split()
# Methods of traits that are always in scope, where they are of use: the trait's other methods are noise.
OF_TRAITS = {
    "clone": "fn clone(&self) -> Self",
    "to_string": "fn to_string(&self) -> String",
    "to_owned": "fn to_owned(&self) -> String",
    "max": "fn max(self, other: Self) -> Self",
    "min": "fn min(self, other: Self) -> Self",
    "clamp": "fn clamp(self, min: Self, max: Self) -> Self",
    "cmp": "fn cmp(&self, other: &Self) -> Ordering",
    "partial_cmp": "fn partial_cmp(&self, other: &Self) -> Option<Ordering>",
    "into_iter": "fn into_iter(self) -> IntoIter<T>",
    "extend": "fn extend<I>(&mut self, iter: I)",
}
INTEGERS = [it for it in PRIMITIVES if re.fullmatch("[iu](8|16|32|64|128|size)", it)]
ROWS_OF_TRAITS = {
    **{it: ["clone", "to_string", "max", "min", "clamp", "cmp"] for it in INTEGERS},
    **{it: ["clone", "to_string", "partial_cmp"] for it in ("f32", "f64")},
    "bool": ["clone", "to_string"],
    "char": ["clone", "to_string", "cmp"],
    "str": ["to_string", "to_owned", "cmp"],
    "String": ["clone", "to_string", "extend", "cmp"],
    "array": ["into_iter", "clone"],
    **{it: ["clone", "into_iter", "extend"] for it in ("Vec", "VecDeque", "HashSet", "BTreeSet", "HashMap", "BTreeMap")},
    **{it: ["clone"] for it in ("Box", "Rc", "Arc", "Option", "Result", "Instant", "Duration", "SystemTime", "PathBuf", "Cell", "Range")},
    "Option": ["clone", "into_iter"],
    "Ordering": ["clone"],
}


class Crate:
    def __init__(self, path):
        self.document = json.loads(path.read_text())
        self.index = self.document["index"]

    def item(self, number):
        return self.index.get(str(number))


def last(path):
    return path.split("::")[-1]


def arguments(args):
    if not args:
        return ""
    if "parenthesized" in args:
        it = args["parenthesized"]
        output = f" -> {text(it['output'])}" if it["output"] else ""
        return f"({', '.join(map(text, it['inputs']))}){output}"
    angle = args["angle_bracketed"]
    # Allocators and hashers have defaults, which nobody writes.
    parts = [text(it["type"]) for it in angle["args"] if "type" in it and "Global" not in str(it)]
    parts = [it for it in parts if it not in ("A", "S")]
    for it in angle["constraints"]:
        equal = it["binding"].get("equality", {})
        if "type" in equal:
            parts.append(f"{it['name']} = {text(equal['type'])}")
    return f"<{', '.join(parts)}>" if parts else ""


def bound(it):
    trait = it.get("trait_bound")
    if not trait or trait["modifier"] == "maybe":
        return None
    name = last(trait["trait"]["path"])
    if name in ("Sized", "Destruct", "Allocator"):
        return None
    return name + arguments(trait["trait"]["args"])


def bounds(of):
    return " + ".join(filter(None, map(bound, of)))


def text(of):
    (kind, it), = of.items()
    if kind in ("primitive", "generic"):
        return it
    if kind == "resolved_path":
        return last(it["path"]) + arguments(it["args"])
    if kind == "borrowed_ref":
        return ("&mut " if it["is_mutable"] else "&") + text(it["type"])
    if kind == "tuple":
        return f"({', '.join(map(text, it))})"
    if kind == "slice":
        return f"[{text(it)}]"
    if kind == "array":
        return f"[{text(it['type'])}; {it['len']}]"
    if kind == "impl_trait":
        return f"impl {bounds(it)}"
    if kind == "qualified_path":
        return f"{text(it['self_type'])}::{it['name']}"
    if kind == "dyn_trait":
        return "dyn " + " + ".join(last(t["trait"]["path"]) + arguments(t["trait"]["args"]) for t in it["traits"])
    return "_"


def parameters(generics):
    names = [it["name"] for it in generics["params"] if "type" in it["kind"] and not it["kind"]["type"]["is_synthetic"]]
    return [it for it in names if it not in ("A", "S") or len(names) == 1]


def where(generics):
    parts = []
    for it in generics["params"]:
        kind = it["kind"].get("type")
        if kind and not kind["is_synthetic"] and bounds(kind["bounds"]):
            parts.append(f"{it['name']}: {bounds(kind['bounds'])}")
    for it in generics["where_predicates"]:
        predicate = it.get("bound_predicate")
        if predicate and "generic" in predicate["type"] and predicate["type"]["generic"] != "Self":
            if bounds(predicate["bounds"]):
                parts.append(f"{text(predicate['type'])}: {bounds(predicate['bounds'])}")
    return f" where {', '.join(parts)}" if parts else ""


def signature(item, receiver):
    function = item["inner"]["function"]
    inputs = []
    for name, of in function["sig"]["inputs"]:
        written = text(of)
        if name == "self":
            plain = {"Self": "self", "&Self": "&self", "&mut Self": "&mut self"}
            if receiver and written in plain:
                inputs.append("self: " + written.replace("Self", receiver))
            else:
                inputs.append(plain.get(written, f"self: {written}"))
        else:
            inputs.append(f"{name}: {written}")
    names = parameters(function["generics"])
    generics = f"<{', '.join(names)}>" if names else ""
    output = function["sig"]["output"]
    output = f" -> {text(output)}" if output else ""
    return f"fn {item['name']}{generics}({', '.join(inputs)}){output}{where(function['generics'])}"


def is_offered(item):
    attributes = str(item["attrs"])
    is_unstable = re.search(r"Stability: Stability \{level: Unstable|\{stability: Stability \{level: Unstable", attributes)
    return not is_unstable and not item["deprecation"] and "doc(hidden)" not in attributes and not (item["name"] or "").startswith("_")


# rustdoc's JSON lacks what the crate `alloc` adds to slices.
OF_SLICES = """\
concat\tfn concat(&self) -> Vec<T>
join\tfn join(&self, sep: &str) -> String
repeat\tfn repeat(&self, n: usize) -> Vec<T> where T: Copy
sort\tfn sort(&mut self) where T: Ord
sort_by\tfn sort_by<F>(&mut self, compare: F) where F: FnMut(&T, &T) -> Ordering
sort_by_cached_key\tfn sort_by_cached_key<K, F>(&mut self, f: F) where F: FnMut(&T) -> K, K: Ord
sort_by_key\tfn sort_by_key<K, F>(&mut self, f: F) where F: FnMut(&T) -> K, K: Ord
to_vec\tfn to_vec(&self) -> Vec<T> where T: Clone"""

ROWS = {}


def row(module, name, kind, detail):
    """Adds a row. A method may be there once for each form of the value that it takes."""
    receiver = re.search("self: [^,)]*", detail)
    ROWS.setdefault((module, name, receiver.group() if receiver else ""), (module, name, kind, detail))


def members(crate, owner, own_parameters, number):
    item = crate.item(number)
    block = item["inner"]["impl"] if item else None
    if not block or block["trait"] or block["blanket_impl"] or not is_offered(item):
        return
    written = text(block["for"])
    plain = {f"{owner}<{', '.join(own_parameters)}>", owner, "[T]", "str", "[T; N]"}
    receiver = None if written in plain else written
    for number in block["items"]:
        item = crate.item(number)
        if not item or item["visibility"] != "public" or not is_offered(item):
            continue
        if RARE.match(item["name"]) and not FREQUENT.match(item["name"]):
            continue
        if "function" in item["inner"]:
            is_method = any(name == "self" for name, _ in item["inner"]["function"]["sig"]["inputs"])
            if item["inner"]["function"]["header"]["is_unsafe"]:
                continue
            row(("." if is_method else "") + owner, item["name"], "function", signature(item, receiver))
        elif "assoc_const" in item["inner"]:
            detail = f"const {item['name']}: {text(item['inner']['assoc_const']['type'])}"
            row(owner, item["name"], "constant", detail)


KINDS = {"struct": "class", "enum": "class", "trait": "class", "union": "class", "type_alias": "class",
         "function": "function", "module": "module", "constant": "constant", "static": "constant", "macro": "function"}


def main(folder):
    crates = [Crate(folder / f"{name}.json") for name in ("core", "alloc", "std")]
    kept = {}
    for crate in crates:
        for item in crate.index.values():
            (kind, inner), = item["inner"].items()
            name = item["name"]
            if kind in ("struct", "enum") and name in TYPES and item["visibility"] == "public":
                if len(inner["impls"]) < 10 or "os/" in item["span"]["filename"] or not is_offered(item):
                    continue
                own = parameters(inner["generics"])
                detail = f"{kind} {name}" + (f"<{', '.join(own)}>" if own else "")
                kept.setdefault(name, (own, detail))
                if kind == "enum":
                    for number in inner["variants"]:
                        variant = crate.item(number)
                        row(name, variant["name"], "class", variant["name"])
            if kind == "trait" and name in TRAITS:
                for number in inner["items"]:
                    method = crate.item(number)
                    if method and "function" in method["inner"] and is_offered(method):
                        if TRAITS[name] is None or method["name"] in TRAITS[name]:
                            row("." + "Iterator", method["name"], "function", signature(method, None))
            if kind == "module" and name in MODULES and item["span"] and is_offered(item):
                for number in inner["items"]:
                    contents(crate, name, crate.item(number))
    for name, (own, detail) in kept.items():
        row("", name, "class", detail)
        for crate in crates:
            for item in crate.index.values():
                block = item["inner"].get("impl")
                if block and not block["trait"] and last(block["for"].get("resolved_path", {}).get("path", "")) == name:
                    members(crate, name, own, item["id"])
    for crate in crates:
        for item in crate.index.values():
            block = item["inner"].get("impl")
            if not block or block["trait"]:
                continue
            (kind, inner), = block["for"].items()
            name = inner if kind == "primitive" else kind
            if name in PRIMITIVES:
                members(crate, name, [], item["id"])
    for line in OF_SLICES.splitlines():
        name, detail = line.split("\t")
        row(".slice", name, "function", detail)
    for name, names in ROWS_OF_TRAITS.items():
        for method in names:
            detail = OF_TRAITS[method]
            if method == "into_iter" and "Map" in name:
                detail = detail.replace("<T>", "<K, V>")
            if not any(key[:2] == ("." + name, method) for key in ROWS):
                row("." + name, method, "function", detail)
    for name in ("collections", "fs", "io", "env", "time", "thread", "sync", "rc", "cell", "fmt", "iter", "mem", "cmp", "path", "process", "f32", "f64"):
        row("std", name, "module", f"mod std::{name}")
    for key in sorted(ROWS):
        print("\t".join(it.replace("\t", " ") for it in ROWS[key]))


OF_UNIX = re.compile(".*Ext$|[fl]?chown$|chroot$|symlink_(dir|file)$")


def contents(crate, module, item):
    if not item or not is_offered(item) or OF_UNIX.match(item["name"] or ""):
        return
    (kind, inner), = item["inner"].items()
    name = item["name"]
    if kind == "use":
        if inner["is_glob"] or inner["name"].startswith("_"):
            return
        summary = crate.document["paths"].get(str(inner["id"]))
        if not summary:
            return
        name, kind = inner["name"], summary["kind"]
        if kind in KINDS and name.lower() != "prelude":
            word = {"function": "fn", "module": "mod", "type_alias": "type"}.get(kind, kind)
            row(module, name, KINDS[kind], f"{word} {name}" + ("()" if word == "fn" else ""))
        return
    if kind not in KINDS or item["visibility"] != "public":
        return
    if kind == "function":
        if inner["header"]["is_unsafe"]:
            return
        detail = signature(item, None)
    elif kind == "constant":
        detail = f"const {name}: {text(inner['type'])}"
    elif kind == "module":
        detail = f"mod {name}"
    else:
        own = parameters(inner["generics"]) if isinstance(inner, dict) and "generics" in inner else []
        detail = f"{kind.replace('type_alias', 'type')} {name}" + (f"<{', '.join(own)}>" if own else "")
        if kind == "type_alias":
            detail += f" = {text(inner['type'])}"
    row(module, name, KINDS[kind], detail)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
