"""Starts learners' servers for `hub.py`: as local processes, and for some learners as a careful hub does.

A learner's name says it: `readonly` has a home that can't be written, `umask` files that nobody else may read. Each has
a private /tmp, as systemd gives it to services.
"""

import ctypes
import os
import pwd
import subprocess

from jupyterhub.spawner import LocalProcessSpawner

NEW_MOUNTS = 0x20000


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class LearnerSpawner(LocalProcessSpawner):
    def make_preexec_fn(self, name):
        become = super().make_preexec_fn(name)
        home = pwd.getpwnam(name).pw_dir

        def preexec():
            if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
                raise OSError(ctypes.get_errno(), "no mount namespace for a learner")
            mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
            if "readonly" in name:
                mount("--bind", home, home)
                mount("-o", "remount,bind,ro", home)
            become()
            os.umask(0o077 if "umask" in name else 0o022)

        return preexec

    def get_env(self):
        env = super().get_env()
        if "readonly" in self.user.name:
            # Jupyter itself needs places to write to.
            env |= {f"JUPYTER_{kind}_DIR": f"/tmp/jupyter-{kind.lower()}" for kind in ("CONFIG", "DATA", "RUNTIME")}
        return env
