"""PostgreSQL refuses to run as root: there it gets a system user of its own."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weiye.launcher.trouble import Trouble

NAME = "weiye-db"


@dataclass(frozen=True)
class Account:
    """The user that owns the data and runs the server."""

    uid: int
    gid: int
    switch: bool

    def as_user(self) -> dict[str, Any]:
        """Arguments for ``subprocess`` that make the program run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def owns(self, path: Path) -> None:
        """Hand a file or folder that we made over to the user."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def can_run(self, program: Path) -> bool:
        """Whether the user reaches and may run a program."""
        try:
            done = subprocess.run(
                [program, "--version"], capture_output=True, cwd="/", **self.as_user()
            )
        except OSError:
            return False
        return done.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Whether the user may pass through a folder."""
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder],
                capture_output=True, cwd="/", **self.as_user(),
            )  # fmt: skip
        except OSError:
            return False
        return done.returncode == 0


def choose() -> Account:
    """Ourselves; as root, a system user made for it (``nobody`` where none can be made)."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    for name in (NAME, "nobody"):
        found = _find(name) or (_make(name) if name == NAME else None)
        if found and found.pw_uid != 0:
            return Account(found.pw_uid, found.pw_gid, switch=True)
    raise Trouble(
        "PostgreSQL does not run as root, and no system user could be made for it. Start ./weiye "
        "as an ordinary user, or name a database with DATABASE_URL."
    )


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make(name: str) -> pwd.struct_passwd | None:
    """Add a system user without a home or a shell, by whichever program the system has."""
    shell = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    attempts = (
        ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", shell, name],
        ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", shell, name],
    )  # fmt: skip
    environ = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
    for attempt in attempts:
        program = shutil.which(attempt[0], path=environ["PATH"])
        if program:
            subprocess.run([program, *attempt[1:]], capture_output=True, env=environ)
            if found := _find(name):
                return found
    return None
