"""Stands in for `systemd-run` and `systemctl`, as far as TLJH calls them: units are processes, noted in /run/units.

Of a unit's properties it heeds the environment's file and `NoNewPrivileges`; limits are only noted. Nothing restarts by itself.
"""

import argparse
import json
import os
import pwd
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path("/run/units")


def parsed(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--unit")
    parser.add_argument("--working-directory")
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--gid", type=int, default=0)
    parser.add_argument("--property", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def start(arguments):
    unit = parsed(arguments)
    properties = dict(it.split("=", 1) for it in unit.property)
    user = pwd.getpwuid(unit.uid)
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
    env |= {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name, "SHELL": user.pw_shell}
    if file := properties.get("EnvironmentFile"):
        env |= dict(it.split("=", 1) for line in Path(file).read_text().splitlines() for it in shlex.split(line))
    become = ["setpriv", f"--reuid={unit.uid}", f"--regid={unit.gid}", "--init-groups"]
    if properties.get("NoNewPrivileges") == "yes":
        become.append("--no-new-privs")
    with (UNITS / f"{unit.unit}.log").open("a") as log:
        process = subprocess.Popen(
            [*become, *unit.command], cwd=unit.working_directory, env=env, umask=0o022, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True,
        )  # fmt: skip
    about = {"arguments": arguments, "properties": properties, "pid": process.pid}
    (UNITS / f"{unit.unit}.json").write_text(json.dumps(about))


def known(name):
    path = UNITS / f"{name.removesuffix('.service')}.json"
    return json.loads(path.read_text()) if path.exists() else None


def is_active(unit):
    try:
        return unit is not None and Path(f"/proc/{unit['pid']}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stop(unit):
    if is_active(unit):
        os.kill(unit["pid"], signal.SIGTERM)
    while is_active(unit):
        time.sleep(0.1)


def control(verb, name=""):
    unit = known(name)
    match verb:
        case "--version":
            print("systemd 252 (a stand-in)")
        case "is-active":
            sys.exit(0 if is_active(unit) else 3)
        case "is-failed":
            sys.exit(1)
        case "stop":
            stop(unit)
        case "restart":
            stop(unit)
            start(unit["arguments"])
        case _:
            sys.exit(f"no stand-in for systemctl {verb} {name}")


if __name__ == "__main__":
    UNITS.mkdir(exist_ok=True)
    if Path(sys.argv[0]).name == "systemd-run":
        start(sys.argv[1:])
    else:
        control(*sys.argv[1:])
