"""A prepared installation: environment, front end, database; and what its programs are told."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weiye.launcher import database, environment, frontend, stamps
from weiye.launcher.keys import Keys, load
from weiye.launcher.locks import Lock
from weiye.launcher.places import Places, discover
from weiye.launcher.postgres.cluster import Cluster
from weiye.launcher.processes import end_with_parent
from weiye.launcher.progress import Progress
from weiye.launcher.trouble import Trouble

LOOPBACK_NAMES = "127.0.0.1,localhost,[::1]"
KEYS_PATIENCE = 30.0
SETUP_PATIENCE = 3600.0
NOT_PASSED_ON = (
    "DATABASE_URL",
    "WEIYE_OWNER_URL",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    # Packages come without bytecode: whoever forbids writing it compiles them at every start (3 s).
    "PYTHONDONTWRITEBYTECODE",
)


@dataclass
class Installation:
    """Brings the parts up one by one; each is idempotent."""

    environ: Mapping[str, str]
    places: Places = field(init=False)
    keys: Keys = field(init=False)
    external: str = field(init=False)
    cluster: Cluster | None = field(default=None, init=False)
    content: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.places = discover(self.environ)
        with Lock(self.places.home / "secrets.lock") as lock:
            lock.take(patience=KEYS_PATIENCE)
            self.keys = load(self.places.home)
        self.external = self.environ.get("DATABASE_URL", "")
        if self.external:
            database.check_form(self.external)

    # -- the parts -----------------------------------------------------------

    def packages(self, progress: Progress, *, test: bool = False) -> None:
        with progress.step("Python packages") as step:
            environment.ensure(self.places, step, test=test)

    def front_end(self, progress: Progress, *, dev: bool = False) -> None:
        with progress.step("Front-end packages") as step:
            frontend.ensure(self.places, step, dev=dev)

    def database(self, progress: Progress, *, probe: bool) -> None:
        """Reach the operator's database, or join the embedded one until ``close``."""
        with progress.step("Database") as step:
            if not self.external:
                self.cluster = Cluster(self.places, self.keys)
                self.cluster.join(step)
            if probe:
                self.content = database.probe(self.places, self.owner_url)

    def setup(self, progress: Progress, *, demo: bool) -> None:
        """Tables, packs, area tree, static files, and demonstration data if wanted.

        Nothing is run when code, packs and the database are those of the last time.
        """
        with progress.step("Tables and data") as step, Lock(self._setup_lock) as lock:
            if not lock.take():
                step.work("another ./weiye is bringing the tables up to date, waiting for it")
                if not lock.take(patience=SETUP_PATIENCE):
                    raise Trouble(f"Another ./weiye (process {lock.holder()}) does not finish.")
            code = stamps.tree_digest(
                [self.places.root / "src" / "weiye", self.places.root / "packs"]
            )
            served = str(stamps.read(self.places.vendor / frontend.STAMP).get("digest"))
            digest = stamps.digest([], code, served, self.external)
            known = stamps.read(self.setup_stamp)
            same = known.get("digest") == digest and known.get("content") == self.content
            enough = bool(known.get("demo")) or not demo
            if same and enough and (self.places.home / "static").is_dir():
                return
            step.work("bringing tables, packs and data up to date")
            self._run_setup(demo=demo)
            self.content = database.probe(self.places, self.owner_url)
            has_demo = demo or (bool(known.get("demo")) and not self.external)
            stamps.write(
                self.setup_stamp,
                {"digest": digest, "content": self.content, "demo": has_demo},
            )

    @property
    def has_demo(self) -> bool:
        """Whether demonstration data was set up here."""
        return bool(stamps.read(self.setup_stamp).get("demo"))

    @property
    def setup_stamp(self) -> Path:
        """Beside the embedded data, so that they come and go together."""
        return (self.cluster.folder if self.cluster else self.places.home) / "setup.json"

    @property
    def _setup_lock(self) -> Path:
        return self.places.home / "setup.lock"

    def _run_setup(self, *, demo: bool) -> None:
        done = subprocess.run(
            self.command("setup", *(["--demo"] if demo else [])),
            env=self.for_children(demo=demo, owner=True),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            preexec_fn=end_with_parent(),
        )
        if done.returncode:
            raise Trouble("The tables and data could not be brought up to date (see above).")

    def close(self) -> None:
        if self.cluster:
            self.cluster.leave()
            self.cluster = None

    @property
    def owner_url(self) -> str:
        """The login that owns the tables."""
        return self.external or (self.cluster.url("owner") if self.cluster else "")

    # -- what programs are told ------------------------------------------------

    def command(self, *words: str) -> list[str]:
        """One of our own commands, inside the environment."""
        return [os.fspath(self.places.python), "-m", "weiye.config.cli", *words]

    def for_children(
        self, *, demo: bool, owner: bool = False, hosts: str = LOOPBACK_NAMES
    ) -> dict[str, str]:
        """The environment of our own programs. The owner's login only for who makes tables."""
        told = {key: value for key, value in self.environ.items() if key not in NOT_PASSED_ON}
        told |= {
            "WEIYE_HOME": str(self.places.home),
            "WEIYE_SECRET_KEY": self.environ.get("WEIYE_SECRET_KEY") or self.keys.secret_key,
            "WEIYE_DEMO": "1" if demo else "0",
            "WEIYE_HOSTS": self.environ.get("WEIYE_HOSTS") or hosts,
            "NUMBA_CACHE_DIR": str(self.places.home / "numba"),
            "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
            "PYTHONPATH": str(self.places.root / "src"),
            "PYTHONNOUSERSITE": "1",
            "PYTHONSAFEPATH": "1",
        }
        if self.external:
            told["WEIYE_APP_URL"] = database.app_url(self.external, self.keys, self.environ)
        elif self.cluster:
            told["WEIYE_APP_URL"] = self.cluster.url("app")
        if owner:
            told["WEIYE_OWNER_URL"] = self.owner_url
        return told
