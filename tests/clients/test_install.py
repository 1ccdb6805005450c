"""A damaged prelude is found, named and mended; what makes a prelude is in its name.

Homes are made of hard links to the built one, so a file is always replaced here and never written
over. `cargo` finds everything compiled already, unless a test's harm gets through to it.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from apart import BINARY, akari, built, environment, needs_own_tmp, notebook, prelude_of, run_cells, session


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Cargo's results, copied once: where a harm gets through, cargo writes over some in place."""
    folder = tmp_path_factory.mktemp("results") / "build"
    shutil.copytree(built() / "build", folder)
    yield folder
    # pytest keeps its folders, and these are large.
    shutil.rmtree(folder)


@pytest.fixture
def home(tmp_path, results):
    """A home with cargo's results and the prelude, and nothing shared."""
    home = tmp_path / "home"
    shutil.copytree(results, home / "build", copy_function=os.link)
    shutil.copytree(built() / "prelude", home / "prelude", copy_function=os.link)
    home.chmod(0o700)
    yield home
    shutil.rmtree(home)


def alone(home, **others):
    return environment(home, **{"AKARI_SHARED": "", "AKARI_CELLS_MB": "0", **others})


def install(home, tmp_path, **others):
    return akari("install", "--prefix", tmp_path / "prefix", env=alone(home, **others), timeout=900)


def replace(path, contents):
    """Other contents under the name, and not in the file that the built home has as well."""
    path.unlink()
    path.write_bytes(contents)


def flipped(contents):
    middle = len(contents) // 2
    return contents[:middle] + bytes([contents[middle] ^ 1]) + contents[middle + 1 :]


def files(prelude):
    """Names, sizes and hashes of what was built, as the manifest has them."""
    return json.loads((prelude / "manifest.json").read_text())["files"]


DAMAGE = {
    "cut": ("libakari.so", lambda it: it[: len(it) // 2]),
    "bit": ("libakari.so", flipped),
    "manifest": ("manifest.json", lambda it: it[:-9]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_f17_damaged_prelude_is_named_and_mended(tmp_path, home, kind):
    """`akari install` said that it was done, `akari doctor` that all was well."""
    name, harm = DAMAGE[kind]
    file = prelude_of(home) / name
    whole = files(file.parent)
    replace(file, harm(file.read_bytes()))
    doctor = akari("doctor", env=alone(home)).stdout
    (finding,) = [it for it in doctor.splitlines() if "prelude" in it.split()[:2]]
    assert finding.startswith("missing") and "is damaged" in finding, doctor
    assert "mend it with: akari install" in doctor
    if kind != "bit":
        run = akari("run", notebook(tmp_path / "a.ipynb", "1"), env=alone(home))
        assert run.returncode != 0 and "is damaged" in run.stderr and "akari install" in run.stderr
        assert len(run.stderr.strip().splitlines()) == 1
    done = install(home, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(prelude_of(home)) == whole
    assert "ok       prelude" in akari("doctor", env=alone(home)).stdout
    assert run_cells(tmp_path, 'println!("{}", 6 * 7);', env=alone(home)) == "42\n"


def test_f17_kernel_says_so_and_works_after_install(tmp_path, home):
    """Without a restart, be it at the start or between two cells."""
    library = prelude_of(home) / "libakari.so"
    replace(library, library.read_bytes()[:1000])
    kernel = session("akari-damaged", alone(home))
    try:
        error = kernel.run("1 + 1").error
        assert "is damaged" in error["evalue"] and "akari install" in error["evalue"]
        assert install(home, tmp_path).returncode == 0
        assert kernel.ok("let x = 40; x + 2").result == "42"
        replace(library, library.read_bytes()[:1000])
        error = kernel.run("x + 3").error
        assert "is damaged" in error["evalue"] and "akari install" in error["evalue"]
        assert install(home, tmp_path).returncode == 0
        assert kernel.ok("x + 4").result == "44"
    finally:
        kernel.end()


@needs_own_tmp
def test_f17_full_disk_leaves_nothing_half_written(home):
    """Cargo has its results elsewhere; the disk of the home is full before the prelude is whole."""
    script = 'mkdir -m 0700 /tmp/home; ln -s "$BUILD" /tmp/home/build\n"$AKARI" install --prefix /tmp/prefix || ls -A /tmp/home/prelude'
    env = alone("/tmp/home", BUILD=home / "build")
    # The other /tmp hides pytest's folders, so cargo's results are reached by a mount of their own.
    mounted = 'mkdir /mnt/build-$$; mount --bind "$BUILD" /mnt/build-$$; BUILD=/mnt/build-$$\n'
    run = subprocess.run(
        ["unshare", "-m", "sh", "-ec", mounted + "mount -t tmpfs -o size=60m tmpfs /tmp\n" + script],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, **env, "AKARI": BINARY, "TMPDIR": "/tmp"},
    )
    assert "is full" in run.stderr and run.stdout == "", run.stdout + run.stderr


FLAGS = {
    "RUSTFLAGS": "-Ctarget-cpu=native",
    "CARGO_ENCODED_RUSTFLAGS": "-Ctarget-cpu=native",
    "CARGO_BUILD_RUSTFLAGS": "-Ctarget-cpu=native",
    "CARGO_BUILD_TARGET": "wasm32-unknown-unknown",
    "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS": "-Ctarget-cpu=native",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_TARGET_DIR": "/nowhere",
    "RUSTC_WRAPPER": "/bin/false",
    "RUSTC_WORKSPACE_WRAPPER": "/bin/false",
    "CARGO_BUILD_RUSTC_WRAPPER": "/bin/false",
}
CONFIGURATION = """
[build]
rustflags = ["-Ctarget-cpu=native"]
rustc-wrapper = "/bin/false"
[target.'cfg(all())']
rustflags = ["-Ctarget-cpu=native"]
[net]
offline = true
"""


def test_b7_flags_of_the_environment_never_reach_a_prelude(tmp_path, home):
    """One with `target-cpu=native` would die on other machines, under the name of one that doesn't."""
    name, whole = prelude_of(home).name, files(prelude_of(home))
    shutil.rmtree(home / "prelude")
    done = install(home, tmp_path, **FLAGS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert prelude_of(home).name == name and files(prelude_of(home)) == whole


@needs_own_tmp
def test_b7_flags_of_a_configuration_never_reach_a_prelude(tmp_path, home):
    """Cargo's own folder is the same one, with a configuration in it that only this test sees."""
    name, whole = prelude_of(home).name, files(prelude_of(home))
    shutil.rmtree(home / "prelude")
    true_home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    cargo_home = tmp_path / "cargo"
    cargo_home.mkdir()
    (cargo_home / "config.toml").write_text(CONFIGURATION)
    script = ""
    for folder in (it for it in true_home.iterdir() if it.is_dir()):
        (cargo_home / folder.name).mkdir()
        script += f'mount --bind "{folder}" "{cargo_home / folder.name}"\n'
    script += f'mount --rbind "{cargo_home}" "{true_home}"\nexec "{BINARY}" install --prefix "{tmp_path / "prefix"}"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", script],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, **alone(home)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert prelude_of(home).name == name and files(prelude_of(home)) == whole


def test_b7_configuration_that_changes_code_has_another_name(tmp_path, home):
    cargo_home = tmp_path / "cargo"
    cargo_home.mkdir()
    (cargo_home / "config.toml").write_text("[profile.release]\nopt-level = 1\n")
    doctor = akari("doctor", env=alone(home, CARGO_HOME=cargo_home)).stdout
    assert "missing  prelude    not built" in doctor, doctor


def test_b7_configuration_of_another_user_is_not_obeyed(tmp_path, home):
    """`:dep` ran cargo below /tmp, where anybody may leave it one that names a compiler of his."""
    script = tmp_path / "wrapper"
    proof = tmp_path / "proof"
    script.write_text(f'#!/bin/sh\n: > {proof}\nexec "$@"\n')
    script.chmod(0o755)
    temporary = tmp_path / "tmp"
    (temporary / ".cargo").mkdir(parents=True)
    (temporary / ".cargo" / "config.toml").write_text(
        f'[build]\nrustc-wrapper = "{script}"\nrustc-workspace-wrapper = "{script}"\nrustc = "{script}"\n'
    )
    crate = tmp_path / "dice"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "dice"\nversion = "0.1.0"\nedition = "2024"\n')
    (crate / "src" / "lib.rs").write_text("pub fn roll() -> i32 { 4 }\n")
    cells = [f':dep dice = {{ path = "{crate}" }}', 'println!("{}", dice::roll());']
    assert run_cells(tmp_path, *cells, env=alone(home, TMPDIR=temporary)).endswith("4\n")
    assert not proof.exists()


def test_b16_prelude_has_files_of_its_own(tmp_path, home):
    """Linkers write over files in place, also over those that a running kernel has loaded."""
    shutil.rmtree(home / "prelude")
    assert install(home, tmp_path).returncode == 0
    libraries = [it for it in prelude_of(home).iterdir() if it.suffix in (".so", ".rlib", ".rmeta")]
    assert libraries and all(it.stat().st_nlink == 1 for it in libraries)
    assert all(stat.S_IMODE(it.stat().st_mode) == 0o444 for it in libraries)


@pytest.mark.skipif(sys.platform != "linux", reason="the linker has other words for it elsewhere")
def test_the_library_finds_its_own_functions_without_the_loader():
    """Each function that the loader looks up takes time at every start, and there would be tens of thousands."""
    library = prelude_of(built()) / "libakari.so"
    told = subprocess.run(["readelf", "-r", "-W", library], capture_output=True, text=True, check=True).stdout
    assert 0 < told.count("_GLOB_DAT") < 2000
