"""Writes the licences of the crates that are compiled into a package: their names, and each text once.

usage: licences.py PACKAGE FILE
"""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
# What crates call the files, upper case.
NAMES = ("LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def main(package, file):
    crates = linked(package)
    ours = [it["name"] for it in crates if it["source"] is None and it["name"] != package]
    others = [it for it in crates if it["source"] is not None]
    lines = [
        f"{package} is MIT OR Apache-2.0, as are {', '.join(ours)} and Rust's standard library in it.",
        "Beside them it contains the crates below. Their sources are at the addresses named, and at",
        "https://crates.io/crates/NAME/VERSION, unchanged. Where a crate offers several licences, MIT or Apache-2.0 is taken.",
        "",
    ]
    texts = {}
    for crate in others:
        name = f"{crate['name']} {crate['version']}"
        lines.append(f"{name}: {crate['license'] or crate['license_file']}, {crate['repository'] or crate['homepage'] or ''}")
        # A crate without a text has a common one, which stands here from others or from us.
        for text in texts_of(Path(crate["manifest_path"]).parent):
            texts.setdefault(" ".join(text.split()), (text, []))[1].append(name)
    for own in ("LICENSE-MIT", "LICENSE-APACHE"):
        text = (CHECKOUT / own).read_text(encoding="utf-8")
        texts.setdefault(" ".join(text.split()), (text, []))[1].append(package)
    for text, names in texts.values():
        lines += ["", "=" * 80, ", ".join(names), "", text.rstrip()]
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def linked(package):
    """The crates whose code is in a program or library of the package for this machine, by name."""
    host = next(
        line.removeprefix("host: ")
        for line in output("rustc", "-vV").splitlines()
        if line.startswith("host: ")
    )
    metadata = json.loads(output("cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={host}"))
    crates = {it["id"]: it for it in metadata["packages"]}
    nodes = {it["id"]: it for it in metadata["resolve"]["nodes"]}
    found, todo = set(), [it for it, crate in crates.items() if crate["name"] == package]
    while todo:
        crate = todo.pop()
        if crate in found:
            continue
        found.add(crate)
        for needed in nodes[crate]["deps"]:
            # What a build alone runs is not in what is built, and neither is a procedural macro.
            is_linked = any(it["kind"] is None for it in needed["dep_kinds"])
            is_macro = any("proc-macro" in it["kind"] for it in crates[needed["pkg"]]["targets"])
            if is_linked and not is_macro:
                todo.append(needed["pkg"])
    if not found:
        raise SystemExit(f"licences.py: there is no package `{package}`")
    return sorted((crates[it] for it in found), key=lambda it: (it["name"], it["version"]))


def texts_of(folder):
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name.upper().startswith(NAMES):
            yield file.read_text(encoding="utf-8", errors="replace")


def output(*command):
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__.strip())
    main(*sys.argv[1:])
