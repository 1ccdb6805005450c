"""The Littlest JupyterHub on the machine of a class, in namespaces of its own; prints what it saw as JSON. `test_tljh.py` starts
it as root.

Configuration, spawner and `tljh-config` are TLJH's own, from an environment each for the hub and for learners, as its
installer makes them. Systemd has a stand-in (`systemd.py`), and JupyterHub's usual proxy is in place of traefik. What the page
says is done word for word.

usage: python machine.py SETTINGS.json (see `Settings`)
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

from hub import Hub, Kernel, Machine, copied_on_writing, free_ports, mount, settle  # noqa: E402 - its folder is named above

TLJH = Path("/opt/tljh")

# What the test adds, as a file of the same folder: the proxy, and a service that may start servers.
OWN = """
c.JupyterHub.proxy_class = "jupyterhub.proxy.ConfigurableHTTPProxy"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.services.append(dict(name="class", api_token={token!r}))
c.JupyterHub.load_roles = [dict(name="class", scopes=["admin:users", "admin:servers", "access:servers"], services=["class"])]
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
"""


@dataclass
class Settings(Machine):
    """The folder with the environments `hub` and `user`."""

    environments: str
    proxy: str
    """The page's files by their paths, and its commands."""
    files: dict
    commands: list
    """Names at the hub, and the cells that each of these learners runs."""
    names: list
    cells: list


TRIES = [
    'println!("{}", {number}u64 * 2);',
    'println!("{}", std::fs::write("/srv/akari/mine", "x").is_err());',
    'println!("{:?} {:?}", std::env::var("AKARI_ANALYSER"), std::env::var("AKARI_SHARED"));',
    'println!("{}", String::from_utf8_lossy(&std::process::Command::new("id").arg("-un").output()?.stdout).trim());',
    'println!("{}", std::fs::read_to_string("/proc/self/status")?.lines().find(|it| it.starts_with("NoNewPrivs")).unwrap_or("none"));',
    'println!("{}", std::fs::exists("{mark}")?); std::fs::write("{mark}", "x").ok();',
]


def environment(settings):
    """Root's, in which the page's commands are found as on such a machine."""
    return {"PATH": f"{Path(settings.akari).parent}:{TLJH}/hub/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/run", "LANG": "C.UTF-8"}


def make(settings):
    """TLJH as its installer leaves it, with a running hub."""
    copied_on_writing("/opt", Path("/opt"))
    for name in ("hub", "user"):
        (TLJH / name).mkdir(parents=True)
        mount("--bind", Path(settings.environments) / name, TLJH / name)
    config = TLJH / "config/jupyterhub_config.d"
    for folder in (config, TLJH / "state/rules"):
        folder.mkdir(parents=True)
    (TLJH / "state").chmod(0o700)
    copied_on_writing("/usr/local/bin", Path("/usr/local/bin"))
    for name in ("systemd-run", "systemctl"):
        stand_in = Path("/usr/local/bin") / name
        stand_in.unlink(missing_ok=True)
        stand_in.write_text(f"#!{sys.executable}\n" + (HERE / "systemd.py").read_text())
        stand_in.chmod(0o755)
    for group in ("jupyterhub-admins", "jupyterhub-users"):
        subprocess.run(["groupadd", "--force", group], check=True)
    port, hub_port, proxy_port = free_ports(3)
    (TLJH / "config/config.yaml").write_text(f"http:\n  port: {port}\n")
    hub = Hub(port, Path("/run/units/jupyterhub.log"))
    own = OWN.format(port=port, hub_port=hub_port, proxy_port=proxy_port, proxy=settings.proxy, token=hub.token)
    (config / "zz_own.py").write_text(own)
    start(settings)
    hub.wait()
    return hub


def start(settings):
    """Starts the hub by what stands in TLJH's unit."""
    python = TLJH / "hub/bin/python"
    where = "import pathlib, tljh; print(pathlib.Path(tljh.__file__).parent)"
    package = Path(subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip())
    unit = (package / "systemd-units/jupyterhub.service").read_text()
    unit = unit.format(install_prefix=TLJH, python_interpreter_path=python, jupyterhub_config_path=package / "jupyterhub_config.py")
    lines = [it.partition("=")[::2] for it in unit.splitlines() if "=" in it and not it.startswith("#")]
    variables = Path("/run/jupyterhub.env")
    variables.write_text("\n".join(value for key, value in lines if key == "Environment"))
    (command,) = (value for key, value in lines if key == "ExecStart")
    about = ["--unit", "jupyterhub", "--working-directory", f"{TLJH}/state", f"--property=EnvironmentFile={variables}"]
    subprocess.run(["/usr/local/bin/systemd-run", *about, *command.split()], env=environment(settings), check=True)


def obey(settings):
    """Does what the page says."""
    for path, text in settings.files.items():
        Path(path).write_text(text)
    said = []
    for command in settings.commands:
        env = {**environment(settings), "RUSTC": settings.rustc, "AKARI_ANALYSER": "off", "AKARI_LANG": "en"}
        run = subprocess.run(["sh", "-ec", command], env=env, cwd="/run", capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, f"{command}: {run.stdout}{run.stderr}"
        said.append(run.stdout)
    return said


def attend(hub, settings, name, mark):
    """What one learner sees. The mark is a file in /tmp, which the first one leaves."""
    hub.start_server(name)
    specs = hub.ask("get", f"/user/{name}/api/kernelspecs").json()["kernelspecs"]
    kernel = Kernel(hub, name)
    begin = time.monotonic()
    lesson = [kernel.run(it) for it in settings.cells]
    seconds = time.monotonic() - begin
    number = time.time_ns()
    tries = [kernel.run(it.replace("{number}", str(number)).replace("{mark}", str(mark))) for it in TRIES]
    unit = json.loads(Path(f"/run/units/jupyter-{name}.json").read_text())
    return {
        "kernels": sorted(specs), "lesson": lesson, "seconds": seconds, "number": number, "tries": tries, "properties": unit["properties"],
        "home": oct(Path(f"/home/jupyter-{name}").stat().st_mode & 0o777),
    }  # fmt: skip


def main():
    settings = Settings(**json.loads(Path(sys.argv[1]).read_text()))
    settle(settings)
    hub = make(settings)
    mark = Path(f"/tmp/mark-{time.time_ns()}")
    try:
        said = obey(settings)
        seen = {name: attend(hub, settings, name, mark) for name in settings.names}
    except Exception:
        print(hub.logged(), file=sys.stderr)
        raise
    finally:
        mark.unlink(missing_ok=True)
    running = [it.info["cmdline"] or [] for it in psutil.process_iter(["cmdline"])]
    culler = [it for it in running if "jupyterhub_idle_culler" in it]
    print(json.dumps({"said": said, "seen": seen, "culler": culler}))


if __name__ == "__main__":
    main()
