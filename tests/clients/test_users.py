"""Users of one machine are apart: what another user may try, and that it fails.

Only what root or the user could have written is run, loaded or believed. The other user is
`nobody`; the victim is root. Each attack that once worked is named after its fault.
"""

import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from apart import (
    CHECKOUT,
    NOBODY,
    akari,
    as_nobody,
    built,
    entries,
    environment,
    in_own_tmp,
    needs_own_tmp,
    needs_root,
    notebook,
    prelude_of,
    run_cells,
    session,
)

pytestmark = needs_root

SECRET = 'let api_key = "SECRET-TOKEN-4711"; println!("{}", api_key.len());'


@pytest.fixture
def place():
    """A folder that others can look into, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="akari-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(place):
    return place / "home"


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def give_away(*paths):
    for path in paths:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def evil_library(folder, proof):
    """A shared object that leaves a proof when it is loaded."""
    source = folder / "evil.c"
    source.write_text(
        "#include <stdio.h>\n__attribute__((constructor)) static void run(void)"
        f'{{ FILE *f = fopen("{proof}", "w"); if (f) fclose(f); }}\n'
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "evil.so", source], check=True)
    return folder / "evil.so"


def linked_prelude(home):
    """The built prelude in another home: the same files, which must not be written."""
    source = prelude_of(built())
    target = home / "prelude" / source.name
    shutil.copytree(source, target, copy_function=os.link)
    return target


# Temporary folders


def test_f11_session_folder_is_private_whatever_the_umask(place, home):
    temporary = place / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    kernel = session("akari-umask", environment(home, TMPDIR=temporary), umask="000")
    try:
        assert kernel.ok(SECRET).stream() == "17\n"
        folders = [it for it in temporary.iterdir() if it.name.startswith("akari-")]
        assert folders and all(mode(it) == 0o700 for it in folders), [oct(mode(it)) for it in folders]
        for code in ("os.listdir(sys.argv[1])", "open(sys.argv[1] + '/cell-1.so', 'w')"):
            assert "PermissionError" in as_nobody(code, folders[0])
    finally:
        kernel.end()


def test_f11_temporary_folder_in_which_others_can_move_things_is_refused(place, home):
    temporary = place / "tmp"
    temporary.mkdir()
    temporary.chmod(0o777)
    run = akari("run", notebook(place / "a.ipynb", "1"), env=environment(home, TMPDIR=temporary))
    assert run.returncode != 0 and f"chmod go-w {temporary}" in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


# Slots of compilers

RUN = """
printf %s "$NOTEBOOK" > /tmp/cells.ipynb
"$AKARI" run /tmp/cells.ipynb
ls -A /tmp/akari-compilers/ "$ELSEWHERE" 2>/dev/null || true
"""
# `hold` returns when the lock is held.
FUNCTIONS = """
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
hold() {
    nobody flock "$1" sleep 300 >&- 2>&- &
    while flock --nonblock "$1" true; do :; done
}
"""
SLOTS = "for n in 0 1 2 3 4 5 6 7; do"
MISCHIEF = {
    "pipes": f"nobody sh -c 'umask 0; mkdir -m 1777 $S; {SLOTS} mkfifo $S/$n; done'",
    "locks": f"nobody sh -c 'umask 0; mkdir -m 1777 $S; {SLOTS} : > $S/$n; done'\n{SLOTS} hold $S/$n; done",
    "locks in root's folder": f"mkdir -m 1777 $S; {SLOTS} : > $S/$n; hold $S/$n; done",
    "tickets": "nobody sh -c 'umask 0; mkdir -m 1777 $S; : > $S/ticket-0; mkfifo $S/ticket-1'\nhold $S/ticket-0",
    "link": "mkdir $ELSEWHERE; nobody ln -s $ELSEWHERE $S",
    "file": "nobody touch $S",
    "closed": "nobody mkdir -m 0700 $S",
    "open": "nobody sh -c 'umask 0; mkdir -m 0777 $S'",
    "filled": "nobody sh -c 'umask 0; mkdir -m 1777 $S; cd $S; seq 3000 | xargs touch'",
}


@needs_own_tmp
@pytest.mark.parametrize("mischief", MISCHIEF)
def test_f12_no_user_keeps_others_from_compiling(tmp_path, mischief):
    """Held locks cost a minute a cell, pipes hung for ever, and a link led root's files elsewhere."""
    text = notebook(tmp_path / "cells.ipynb", f'println!("{{}}", {os.getpid()} + 1); // {mischief}', "2 * 21").read_text()
    env = environment("/tmp/home", NOTEBOOK=text, S="/tmp/akari-compilers", ELSEWHERE="/tmp/elsewhere")
    run = in_own_tmp(FUNCTIONS + MISCHIEF[mischief] + RUN, env)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{os.getpid() + 1}\n42" in run.stdout
    assert "/tmp/elsewhere:\n" not in run.stdout or run.stdout.endswith("/tmp/elsewhere:\n")


# Shared folders

SHARED_NOT_ROOTS = {
    "owner": lambda shared: give_away(shared),
    "group": lambda shared: shared.chmod(0o775),
    "others": lambda shared: shared.chmod(0o757),
    "folder within": lambda shared: give_away(prelude_of(shared)),
    "folder above": lambda shared: give_away(shared.parent),
    "library": lambda shared: give_away(prelude_of(shared) / "libakari.so"),
    "writable library": lambda shared: (prelude_of(shared) / "libakari.so").chmod(0o777),
}


@pytest.mark.parametrize("harm", SHARED_NOT_ROOTS)
def test_f13_shared_prelude_that_others_could_have_written_is_not_loaded(place, home, harm):
    shared = place / "inner" / "shared"
    prelude = linked_prelude(shared)
    library = prelude / "libakari.so"
    proof = place / "proof"
    size = library.stat().st_size
    library.unlink()
    shutil.copy(evil_library(place, proof), library)
    os.truncate(library, size)
    for folder in (shared.parent, shared, shared / "prelude", prelude):
        folder.chmod(0o755)
    env = environment(home, AKARI_SHARED=shared)
    # Were nobody but root able to write there, it would be believed.
    akari("run", notebook(place / "a.ipynb", "1"), env=env)
    assert proof.exists()
    proof.unlink()
    SHARED_NOT_ROOTS[harm](shared)
    run = akari("run", notebook(place / "a.ipynb", "1"), env=env)
    assert run.returncode != 0 and not proof.exists()
    assert str(shared.parent) in run.stderr and len(run.stderr.strip().splitlines()) == 1, run.stderr
    if "library" not in harm and "within" not in harm:
        assert "AKARI_SHARED must be owned by root or by you" in run.stderr
    doctor = akari("doctor", env=env)
    assert doctor.returncode != 0 and "unfit" in doctor.stdout, doctor.stdout


def test_f13_link_of_another_user_is_not_followed(place, home):
    sticky = place / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    as_nobody("os.symlink(sys.argv[1], sys.argv[2])", built(), sticky / "link")
    run = akari("run", notebook(place / "a.ipynb", "1"), env=environment(home, AKARI_SHARED=sticky / "link"))
    assert run.returncode != 0 and f"belongs to user {NOBODY}" in run.stderr


@pytest.mark.parametrize("harm", ["folder", "entry", "writable", "none"])
def test_f13_cells_of_another_user_are_compiled_anew(place, home, harm):
    shared = place / "shared"
    prelude = linked_prelude(shared)
    cell = f'println!("{{}}", 6 * 7); // {harm} {os.getpid()}'
    run_cells(place, cell, env={"AKARI_HOME": str(shared), "AKARI_SHARED": ""})
    (entry,) = entries(shared)
    for path in (shared, shared / "prelude", prelude, shared / "cells", entry.parent):
        path.chmod(0o755)
    entry.chmod(0o666 if harm == "writable" else 0o644)
    if harm in ("folder", "entry"):
        give_away(shared / "cells" if harm == "folder" else entry)
    assert run_cells(place, cell, env=environment(home, AKARI_SHARED=shared)) == "42\n"
    assert len(entries(home)) == (0 if harm == "none" else 1)


def test_shared_home_that_is_closed_says_who_opens_it(place, home):
    """Seen by a learner without rights, as far as he gets without a toolchain of his own."""
    shared = place / "closed" / "shared"
    shared.mkdir(parents=True)
    shared.parent.chmod(0o700)
    assert "PermissionError" in as_nobody("os.listdir(sys.argv[1])", shared)


# Files that are believed


def test_f14_pipe_in_place_of_a_file_hangs_nobody(place, home):
    env = environment(home)
    cell = f'println!("{{}}", 40 + 2); // {os.getpid()}'
    assert run_cells(place, cell, env=env) == "42\n"
    (entry,) = entries(home)
    for path in (entry, home / "toolchain.json", home / "cells" / ".pruned"):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        assert run_cells(place, cell, env=env) == "42\n", path


def test_f14_pipe_in_place_of_the_preludes_manifest_hangs_nobody(place, home):
    prelude = linked_prelude(home)
    (prelude / "manifest.json").unlink()
    os.mkfifo(prelude / "manifest.json")
    run = akari("run", notebook(place / "a.ipynb", "1"), env={"AKARI_HOME": str(home), "AKARI_SHARED": ""})
    assert run.returncode != 0 and "akari install" in run.stderr


def test_f20_entry_under_anothers_name_is_no_entry(place, home):
    env = environment(home)
    cells = [f'println!("entry {it}"); // {os.getpid()}' for it in ("one", "two")]
    for cell in cells:
        run_cells(place, cell, env=env)
    one, two = entries(home)
    shutil.copy(one, two)
    assert run_cells(place, cells[1], env=env) == "entry two\n"
    assert run_cells(place, cells[0], env=env) == "entry one\n"


def test_f20_changed_facts_are_not_believed(place, home):
    env = environment(home)
    cells = [f"let n = 7i32; // {os.getpid()}", 'println!("{}", n + 1);']
    assert run_cells(place, *cells, env=env) == "8\n"
    changed = 0
    for entry in entries(home):
        text = entry.read_bytes()
        if b'"i32"' in text:
            entry.write_bytes(text.replace(b'"i32"', b'"u64"', 1))
            changed += 1
    assert changed
    assert run_cells(place, *cells, env=env) == "8\n"


def evil_toolchain(place, home):
    """A record that names another compiler, with all circumstances right; the proof that it ran."""
    record = home / "toolchain.json"
    known = json.loads(record.read_text())
    evil, proof = place / "rustc", place / "proof"
    evil.write_text(f'#!/bin/sh\n: > {proof}\nexec {known["toolchain"]["rustc"]} "$@"\n')
    evil.chmod(0o755)
    known["toolchain"]["rustc"] = str(evil)
    about = evil.stat()
    known["files"][0] = [str(evil), about.st_size, about.st_mtime_ns // 10**9, about.st_mtime_ns % 10**9]
    record.write_text(json.dumps(known))
    return record, proof


@pytest.mark.parametrize("harm", ["owner", "group", "others", "link", "none"])
def test_b8_record_of_the_toolchain_that_others_could_have_written_is_not_believed(place, home, harm):
    """The compiler that it names is executed."""
    env = environment(home)
    run_cells(place, "1", env=env)
    record, proof = evil_toolchain(place, home)
    if harm == "owner":
        give_away(record)
    elif harm == "link":
        record.rename(place / "elsewhere.json")
        record.symlink_to(place / "elsewhere.json")
    else:
        record.chmod({"group": 0o660, "others": 0o606, "none": 0o600}[harm])
    run_cells(place, f"{os.getpid()} + 1 // {harm}", env=env)
    assert proof.exists() == (harm == "none")


@pytest.mark.parametrize("opened", [0o775, 0o757, 0o1777])
def test_b8_home_that_others_can_write_is_named_with_the_way_out(place, home, opened):
    run_cells(place, "1", env=environment(home))
    home.chmod(opened)
    env = {"AKARI_HOME": str(home), "AKARI_SHARED": ""}
    for command in ("run", "install"):
        arguments = [notebook(place / "a.ipynb", "1")] if command == "run" else ["--prefix", place / "prefix"]
        run = akari(command, *arguments, env=env)
        assert run.returncode != 0 and f"chmod go-w {home}" in run.stderr, run.stderr
    doctor = akari("doctor", env=env).stdout
    assert "unfit    cache" in doctor and f"chmod go-w {home}" in doctor
    # A class's prelude works; nothing of the home is believed or kept.
    before = len(entries(home))
    assert run_cells(place, f'println!("{{}}", {os.getpid()});', env=environment(home)) == f"{os.getpid()}\n"
    assert len(entries(home)) == before


def test_b8_home_cannot_be_swapped_under_a_kernel(place):
    """Not where it is everybody's folder and sticky; where it isn't, such a home is refused."""
    above = place / "above"
    above.mkdir()
    above.chmod(0o1777)
    home = above / "home"
    kernel = session("akari-swapped", environment(home))
    try:
        kernel.ok("let x = 1;")
        swap = "os.rename(sys.argv[1], sys.argv[1] + '-old'); os.mkdir(sys.argv[1])"
        assert "PermissionError" in as_nobody(swap, home) or "Operation not permitted" in as_nobody(swap, home)
        assert kernel.ok("x + 41").result == "42"
    finally:
        kernel.end()
    above.chmod(0o777)
    run = akari("run", notebook(place / "a.ipynb", "1"), env={"AKARI_HOME": str(home), "AKARI_SHARED": ""})
    assert run.returncode != 0 and f"chmod go-w {above}" in run.stderr


# Who reads what


def test_b8_home_and_cells_are_private(place, home):
    run_cells(place, SECRET, env=environment(home), umask=0)
    (entry,) = entries(home)
    assert [mode(it) for it in (home, home / "cells", entry.parent, entry)] == [0o700, 0o700, 0o700, 0o600]
    # Also in a home that was made by hand, or by an older version, and is open.
    home.chmod(0o755)
    for path in (home / "cells", entry.parent):
        path.chmod(0o755)
    run_cells(place, SECRET, env=environment(home), umask=0)
    assert "PermissionError" in as_nobody("print(open(sys.argv[1], 'rb').read())", entry)
    assert "PermissionError" in as_nobody("print(os.listdir(sys.argv[1]))", home / "cells")


def test_home_is_opened_on_purpose_and_without_what_was_private(place, home):
    run_cells(place, SECRET, env=environment(home))
    install = akari("install", "--shared", "--prefix", place / "prefix", env=environment(home))
    assert install.returncode == 0 and f"AKARI_SHARED={home}" in install.stdout
    assert not any(b"SECRET-TOKEN" in it.read_bytes() for it in entries(home))
    run_cells(place, f'println!("{{}}", {os.getpid()});', env=environment(home), umask=0o077)
    entry = entries(home)[-1]
    assert "ELF" in as_nobody("print(open(sys.argv[1], 'rb').read())", entry)
    assert "PermissionError" in as_nobody("open(sys.argv[1], 'ab')", entry)
    assert "is shared" in akari("doctor", env=environment(home)).stdout


def test_entry_of_a_class_names_what_is_shared_and_no_home_to_write_to(place, home):
    """Each learner's kernel took root's folder for its own, and every cell was an error."""
    install = akari("install", "--shared", "--prefix", place / "prefix", env=environment(home))
    assert install.returncode == 0, install.stderr
    spec = json.loads((place / "prefix/share/jupyter/kernels/akari/kernel.json").read_text())
    assert spec["env"] == {"AKARI_SHARED": str(home)}


@needs_own_tmp
def test_toolchain_that_learners_cannot_start_is_told_before_anything_is_built():
    """rustup's usual place is root's home, which is closed."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    script = """
    mkdir -m 0700 /tmp/closed; mkdir /tmp/closed/toolchain; mount --bind "$SYSROOT" /tmp/closed/toolchain
    ! "$AKARI" install --system 2>&1 && ! test -e /tmp/home/prelude
    """
    # `cargo test` has the toolchain's libraries there, by which a compiler finds its folder.
    libraries = {"LD_LIBRARY_PATH": "", "AKARI_LANG": "en"}
    env = environment("/tmp/home", SYSROOT=sysroot.stdout.strip(), RUSTC="/tmp/closed/toolchain/bin/rustc", **libraries)
    run = in_own_tmp(script, env)
    assert run.returncode == 0 and "`/tmp/closed` is closed to them" in run.stdout and "RUSTUP_HOME=" in run.stdout, run


def test_home_that_nobody_can_reach_is_not_called_shared(place):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    run = akari("install", "--shared", "--prefix", place / "prefix", env=environment(closed / "home"))
    assert run.returncode != 0 and f"`{closed}` is closed to others" in run.stderr
