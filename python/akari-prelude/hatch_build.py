"""Has the program pack its prelude, and names the systems that the wheel is good for.

Environment: AKARI_BIN, the program (default: the release build of this checkout).
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CHECKOUT = Path(__file__).resolve().parents[2]


class Prelude(BuildHookInterface):
    def initialize(self, version, build_data):
        program = os.environ.get("AKARI_BIN") or CHECKOUT / "target" / "release" / "akari"
        self.check(subprocess.check_output([program, "--version"], text=True).split()[-1])
        self.share = Path(tempfile.mkdtemp(prefix="akari-prelude-"))
        packed = subprocess.check_output([program, "pack-prelude", self.share], text=True).splitlines()[-1]
        files = [it for it in self.share.rglob("*") if it.is_file()]
        # Named one by one: of a folder, hatchling takes only what it selects.
        build_data["shared_data"] = {str(it): f"share/akari/{it.relative_to(self.share)}" for it in files}
        licences = self.share / "licences.txt"
        subprocess.check_call([sys.executable, CHECKOUT / "python" / "licences.py", "akari", licences])
        build_data["shared_data"][str(licences)] = "share/doc/akari/licences-of-the-prelude.txt"
        build_data["tag"] = f"py3-none-{system(Path(packed))}"

    def finalize(self, version, build_data, artifact_path):
        shutil.rmtree(self.share)

    def check(self, of_program):
        """The versions of program, wheel and dependency are written down in three places."""
        ours = self.metadata.version
        wanted = [f"akari=={of_program}"]
        if ours != of_program or self.metadata.core.dependencies != wanted:
            raise SystemExit(f"the program is akari {of_program}: pyproject.toml must have that version, and depend on {wanted}")


def system(folder):
    """The platform's tag: with glibc, the oldest release that has all functions which the libraries call."""
    if platform.libc_ver()[0] != "glibc":
        return sysconfig.get_platform().replace("-", "_").replace(".", "_")
    needed = max((version for file in folder.glob("*.so") for version in glibc_versions(file)), default=(2, 17))
    # No tag speaks of an older one, and rustc itself needs this.
    major, minor = max(needed, (2, 17))
    return f"manylinux_{major}_{minor}_{platform.machine()}"


def glibc_versions(library):
    with library.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            if not isinstance(section, GNUVerNeedSection):
                continue
            for _, versions in section.iter_versions():
                for version in versions:
                    name, _, numbers = version.name.partition("_")
                    if name == "GLIBC" and numbers[0].isdigit():
                        yield tuple(map(int, numbers.split(".")[:2]))
