"""The files for a class fit each other and this version of Akari, as far as that can be seen without Docker or a cluster."""

import json
import re
import tomllib
from pathlib import Path

import yaml
from traitlets.config import PyFileConfigLoader

from apart import CHECKOUT

DOCKERFILE = CHECKOUT / ".binder" / "Dockerfile"


def test_image_has_the_toolchain_of_this_version():
    release = tomllib.loads((CHECKOUT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    text = DOCKERFILE.read_text()
    assert f"--default-toolchain {release} " in text and f"toolchains/{release}-*" in text


def test_image_copies_what_is_there():
    copies = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE.read_text(), re.MULTILINE)
    assert copies and all((CHECKOUT / it).exists() for it in copies), copies


def test_image_has_the_versions_that_the_tests_use():
    tested = (CHECKOUT / "tests/clients/requirements.txt").read_text().split()
    assert set((CHECKOUT / ".binder/requirements.txt").read_text().split()) <= set(tested)


def test_development_container_is_the_same_image():
    container = json.loads((CHECKOUT / ".devcontainer/devcontainer.json").read_text())
    assert (CHECKOUT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == DOCKERFILE
    assert f"ARG NB_USER={container['remoteUser']}\n" in DOCKERFILE.read_text()


def test_containers_get_the_same_memory_and_variables_everywhere():
    kubernetes = yaml.safe_load((CHECKOUT / "classroom/kubernetes.yaml").read_text())["singleuser"]
    docker = PyFileConfigLoader(str(CHECKOUT / "classroom/dockerspawner_config.py")).load_config().DockerSpawner
    assert kubernetes["memory"] == {"guarantee": docker.mem_guarantee, "limit": docker.mem_limit}
    assert kubernetes["extraEnv"] == docker.environment
    assert Path(kubernetes["image"]["name"]).name == docker.image


def code_of(page):
    """The blocks of commands and files, without the remarks behind commands, which are in the page's language."""
    blocks = re.findall(r"```\w*\n(.*?)```", (CHECKOUT / "classroom" / page).read_text(encoding="utf-8"), re.DOTALL)
    return [re.sub(r"  +#.*", "", it) for it in blocks]


def test_pages_have_the_same_commands_in_both_languages():
    english, japanese = (code_of(it) for it in ("README.md", "README-ja.md"))
    different = [it for it in zip(english, japanese, strict=True) if it[0] != it[1] and "assert_eq!" not in it[0]]
    assert english and not different, different


def test_page_on_tljh_has_a_file_of_configuration(tmp_path):
    """Whether TLJH obeys it is what `tests/tljh/run` tells."""
    (block,) = [it for it in code_of("README.md") if "c.Spawner" in it]
    path = tmp_path / "akari.py"
    path.write_text(block)
    docker = PyFileConfigLoader(str(CHECKOUT / "classroom/dockerspawner_config.py")).load_config().DockerSpawner
    assert PyFileConfigLoader(str(path)).load_config().Spawner.environment.items() <= docker.environment.items()


def test_pages_name_files_that_are_there():
    for page in ("README.md", "README-ja.md"):
        folder = CHECKOUT / "classroom"
        links = re.findall(r"\]\(([^)#:]+)\)", (folder / page).read_text())
        missing = [it for it in links if not (folder / it).exists() and "docs/teachers" not in it]
        assert links and not missing, missing
