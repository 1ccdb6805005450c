"""A class on a real JupyterHub, in namespaces of its own; prints what it saw as JSON. `test_hub.py` starts it as root.

The machine is set up as docs/teachers.md says, by `akari install --system` and `akari lesson warm`. What that writes to, /etc with the accounts
of the learners, /srv, /usr/local and the homes, is private to the namespace, and ends with it. Folders of root's that
would be closed to learners (a toolchain or a Python in its home) are opened by mounts as well.

usage: python hub.py SETTINGS.json (see `Settings`)
"""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import requests
import websocket

TIMEOUT = 120
SYSTEM = Path("/usr/local")
HOME = Path("/srv/akari")

CONFIG = """
import sys
sys.path.insert(0, {folder!r})
from hub_spawner import LearnerSpawner
c.JupyterHub.spawner_class = LearnerSpawner
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.db_url = "sqlite:////run/hub/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/run/hub/secret"
c.JupyterHub.services = [dict(name="class", api_token={token!r})]
c.JupyterHub.load_roles = [dict(name="class", scopes=["admin:users", "admin:servers", "access:servers"], services=["class"])]
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.cmd = [{singleuser!r}]
c.Spawner.environment = dict(AKARI_ANALYSER="off", AKARI_LANG="ja")
c.Spawner.start_timeout = c.Spawner.http_timeout = {timeout}
"""


@dataclass
class Machine:
    akari: str
    """The home with the built prelude, which is copied on writing."""
    built: str
    rustc: str
    learners: list
    """Where files outside are that learners must be able to read."""
    needed: list


@dataclass
class Settings(Machine):
    proxy: str
    """The cells that each learner runs."""
    cells: list


# The namespace


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def is_closed(folder):
    return not folder.stat().st_mode & 0o001


def open_to_learners(needed):
    """Mounts an open folder over each closed one above what is needed, with the needed alone in it."""
    opened = {}
    for path in map(Path, needed):
        closed = [it for it in reversed(path.parents) if is_closed(it)]
        if closed:
            opened.setdefault(closed[0], []).append(path)
    for count, (folder, paths) in enumerate(opened.items()):
        behind = Path(f"/run/behind-{count}")
        behind.mkdir()
        mount("--bind", folder, behind)
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
        for path in paths:
            source = behind / path.relative_to(folder)
            if source.is_dir():
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            mount("--bind", source, path)


def copied_on_writing(lower, target):
    """The folder as it is, but for what is written here."""
    upper = Path("/run/upper") / target.name
    (upper / "up").mkdir(parents=True)
    (upper / "work").mkdir()
    mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper}/up,workdir={upper}/work", "overlay", target)


def settle(settings):
    """Makes the machine of the class, as far as it is not Akari's own work."""
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    # As `cargo install` puts it: away from its checkout, so that it uses the sources that it carries.
    installed = Path("/run/bin/akari")
    installed.parent.mkdir()
    shutil.copy(settings.akari, installed)
    settings.akari = str(installed)
    open_to_learners(settings.needed)
    Path("/run/etc").mkdir()
    subprocess.run(["cp", "-a", "/etc/.", "/run/etc"], check=True)
    mount("--bind", "/run/etc", "/etc")
    for folder in ("/home", "/srv", SYSTEM / "share"):
        Path(folder).mkdir(exist_ok=True)
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
    HOME.mkdir(mode=0o755)
    copied_on_writing(settings.built, HOME)
    # As if it had been shared before: the lessons' cells, private in the tests' own home, would be removed and compiled again,
    # which takes minutes; and no learner could read them.
    (HOME / "shared").touch(mode=0o644)
    subprocess.run(["chmod", "-R", "go+rX", HOME / "cells"], check=True)
    for name in settings.learners:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True)
        Path(pwd.getpwnam(name).pw_dir).chmod(0o700)


def run_as(learner, command, umask=0o022, before=(), **others):
    """Runs a command for root or a learner, with nothing else in the environment that names a place."""
    home = pwd.getpwnam(learner).pw_dir if learner else "/run"
    become = ["setpriv", f"--reuid={learner}", f"--regid={learner}", "--init-groups"] if learner else []
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "AKARI_ANALYSER": "off", **others}
    command = [*before, *become, *map(str, command)]
    return subprocess.run(command, env=env, cwd=home, umask=umask, capture_output=True, text=True, timeout=600)


def akari(settings, *arguments, learner=None, **others):
    """What `akari` says to root or to a learner."""
    run = run_as(learner, [settings.akari, *arguments], **others)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


# The hub


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for it in sockets:
        it.bind(("127.0.0.1", 0))
    ports = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return ports


def start_hub(settings):
    Path("/run/hub").mkdir()
    port, hub_port, proxy_port = free_ports(3)
    hub = Hub(port, Path("/run/hub/log"))
    singleuser = str(Path(sys.executable).with_name("jupyterhub-singleuser"))
    config = Path("/run/hub/jupyterhub_config.py")
    config.write_text(
        CONFIG.format(
            folder=str(Path(__file__).parent), port=port, hub_port=hub_port, proxy_port=proxy_port, token=hub.token,
            proxy=settings.proxy, singleuser=singleuser, timeout=TIMEOUT,
        )
    )  # fmt: skip
    command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/run/hub"}
    with hub.log.open("w") as log:
        hub.process = subprocess.Popen(command, cwd="/run/hub", env=env, stdout=log, stderr=log)
    hub.wait()
    return hub


class Hub:
    """A hub that is there or will be, asked by its API."""

    def __init__(self, port, log):
        self.at, self.log, self.token = f"http://127.0.0.1:{port}", log, uuid.uuid4().hex

    def wait(self):
        self.wait_for(lambda: self.ask("get", "/hub/api/", check=False).status_code == 200)

    def ask(self, method, path, check=True, **options):
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.request(method, self.at + path, headers=headers, timeout=TIMEOUT, **options)
        if check:
            assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}\n{self.logged()}"
        return answer

    def wait_for(self, claim):
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            try:
                if claim():
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise TimeoutError(self.logged())

    def logged(self):
        return self.log.read_text()[-4000:]

    def start_server(self, name):
        self.ask("post", f"/hub/api/users/{name}")
        self.ask("post", f"/hub/api/users/{name}/server")
        self.wait_for(lambda: self.ask("get", f"/hub/api/users/{name}").json()["servers"].get("", {}).get("ready"))

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)


class Kernel:
    """A learner's kernel, by the kernel API of the learner's server."""

    def __init__(self, hub, name):
        self.session = uuid.uuid4().hex
        answer = hub.ask("post", f"/user/{name}/api/kernels", json={"name": "akari"})
        address = f"{hub.at.replace('http', 'ws')}/user/{name}/api/kernels/{answer.json()['id']}/channels"
        self.socket = websocket.create_connection(
            f"{address}?session_id={self.session}", header=[f"Authorization: token {hub.token}"], timeout=TIMEOUT
        )

    def run(self, code):
        """The status of the reply, and what was printed or shown."""
        about = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": self.session, "date": "", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": False}
        message = {"header": about, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        self.socket.send(json.dumps(message))
        status, is_idle, text = None, False, ""
        while status is None or not is_idle:
            came = self.socket.recv()
            message = json.loads(came)
            if message["parent_header"].get("msg_id") != about["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "execute_reply":
                status = content["status"]
            elif kind == "status":
                is_idle = content["execution_state"] == "idle"
            elif kind == "stream":
                text += content["text"]
            elif kind in ("execute_result", "display_data"):
                text += content["data"].get("text/plain", "")
            elif kind == "error":
                text += f"{content['ename']}: {content['evalue']}"
        return status, text


# What is measured


def pss(process):
    return process.memory_full_info().pss / 1e6


def memory(name):
    """What a learner's processes take in megabytes: the kernel with the process that runs cells, compilers, the server."""
    taken = {"kernel": 0.0, "compiler": 0.0, "server": 0.0, "kernel processes": 0}
    uid = pwd.getpwnam(name).pw_uid
    for process in psutil.process_iter():
        try:
            if process.uids().real != uid:
                continue
            program = Path(process.exe()).name
            kind = "server" if program.startswith("python") else "kernel" if program.startswith("akari") else "compiler"
            taken[kind] += pss(process)
            taken["kernel processes"] += kind == "kernel"
        except psutil.Error:
            continue
    return taken


TRIES = [
    # A cell that nobody has compiled, so that each needs the toolchain.
    'println!("{}", {number}u64 * 2);',
    'println!("{}", std::fs::write("/srv/akari/mine", "x").is_err());',
    'println!("{}", std::fs::write(format!("{}/mine", std::env::var("HOME").unwrap()), "x").is_ok());',
    'println!("{}", std::fs::read_dir("/tmp").unwrap().flatten().filter(|it| it.file_name().to_string_lossy().starts_with("mark-")).count()); std::fs::write("/tmp/mark-{number}", "x").unwrap();',
]


def attend(hub, name, settings, barrier, seen):
    """What one learner does, and sees."""
    mine = seen[name] = {}
    try:
        begin = time.monotonic()
        hub.start_server(name)
        kernel = Kernel(hub, name)
        mine["start"] = time.monotonic() - begin
        barrier.wait(TIMEOUT)
        begin = time.monotonic()
        mine["lesson"] = [kernel.run(cell) for cell in settings.cells]
        mine["seconds"] = time.monotonic() - begin
        own = Path(pwd.getpwnam(name).pw_dir, ".cache", "akari", "cells")
        mine["compiled"] = [it.name for it in own.rglob("*") if it.is_file()]
        barrier.wait(TIMEOUT)
        mine["memory"] = memory(name)
        barrier.wait(TIMEOUT)
        number = str(time.time_ns() + pwd.getpwnam(name).pw_uid)
        mine["tries"] = [kernel.run(it.replace("{number}", number)) for it in TRIES]
        mine["new"] = [f"{int(number) * 2}\n"]
    except Exception as error:  # noqa: BLE001 - it is told to the test
        mine["error"] = repr(error)
        barrier.abort()


def main():
    settings = Settings(**json.loads(Path(sys.argv[1]).read_text()))
    settle(settings)
    said = {"install": akari(settings, "install", "--system", RUSTC=settings.rustc, AKARI_LANG="en")}
    lesson = Path("/run/lesson.ipynb")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(it) for it in settings.cells]), lesson)
    environment = {"AKARI_SHARED": str(HOME), "RUSTC": settings.rustc, "AKARI_LANG": "en"}
    said["warm"] = akari(settings, "lesson", "warm", str(lesson), "--into", str(HOME), **environment)
    spec = json.loads((SYSTEM / "share/jupyter/kernels/akari/kernel.json").read_text())
    hub = start_hub(settings)
    seen = {}
    barrier = threading.Barrier(len(settings.learners))
    threads = [threading.Thread(target=attend, args=(hub, name, settings, barrier, seen)) for name in settings.learners]
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    log = hub.logged()
    hub.stop()
    said["doctor"] = akari(settings, "doctor", "--classroom", AKARI_LANG="en")
    said["doctor of a learner"] = akari(settings, "doctor", "--classroom", learner=settings.learners[0], AKARI_LANG="ja")
    said["uninstall"] = akari(settings, "uninstall", "--system", AKARI_LANG="en")
    print(json.dumps({"said": said, "spec": spec, "seen": seen, "log": log}))


if __name__ == "__main__":
    main()
