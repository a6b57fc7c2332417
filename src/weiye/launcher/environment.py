"""The Python environment: ``.venv`` filled from the hashed locks, and what can go wrong."""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from weiye.launcher import stamps
from weiye.launcher.locks import Lock
from weiye.launcher.places import ENVIRONMENT_STAMP, Places
from weiye.launcher.processes import run_logged
from weiye.launcher.progress import Step
from weiye.launcher.trouble import Trouble

BUILDING = "weiye-building"
NEEDED_BYTES = {"base": 1_000_000_000, "test": 300_000_000}
PATIENCE = 1800.0


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for tools: nothing of another Python, nothing that asks questions."""
    kept = {
        key: value
        for key, value in environ.items()
        if key not in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV")
    }
    return kept | {"PYTHONNOUSERSITE": "1", "PIP_NO_INPUT": "1"}


def ensure(places: Places, step: Step, *, test: bool = False) -> None:
    """Make the environment hold exactly what the locks say; a half-made one is made anew.

    Raises Trouble when Python's own ``venv`` is missing, or pip cannot fetch or store a package.
    """
    locks = ["base", "test"] if test else ["base"]
    missing = _missing(places, locks)
    if not missing:
        return
    with alone(places, step):
        missing = _missing(places, locks)
        if missing:
            _install(places, step, missing)


@contextmanager
def alone(places: Places, step: Step) -> Iterator[None]:
    """Be the only one who installs here; wait for another who does."""
    with Lock(places.environment.with_name(f"{places.environment.name}.lock")) as lock:
        if not lock.take():
            step.work("another ./weiye is installing, waiting for it")
            if not lock.take(patience=PATIENCE):
                raise Trouble(f"Another ./weiye (process {lock.holder()}) does not finish.")
        yield


def _missing(places: Places, locks: list[str]) -> list[str]:
    """The locks that the environment does not hold yet."""
    stamp = stamps.read(places.environment / ENVIRONMENT_STAMP)
    if not places.python.exists():  # also false for a link to a Python that is gone
        return locks
    return [name for name in locks if stamp.get(name) != _digest(places, name)]


def _digest(places: Places, name: str) -> str:
    return stamps.digest([places.root / "requirements" / f"{name}.txt"])


def _install(places: Places, step: Step, missing: list[str]) -> None:
    folder = places.environment
    mark, stamp = folder / BUILDING, folder / ENVIRONMENT_STAMP
    whole = folder.exists() and not mark.exists() and places.python.exists()
    enough_space(folder.parent, sum(NEEDED_BYTES[n] for n in (missing if whole else ["base"])))
    environ = clean(os.environ)
    if not whole:
        step.work("making the environment")
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        mark.touch()
        _create(places, environ)
    known = stamps.read(stamp)
    mark.touch()
    # pip unpacks beside its goal: /tmp may be small.
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    environ["TMPDIR"] = str(scratch)
    for name in missing:
        count = _count(places, name)
        step.work(f"installing {count} packages, a minute or two the first time")
        # Bytecode is made at first use: compiling all of it is half of the time.
        status, output = run_logged(
            [places.python, "-m", "pip", "install", "--require-hashes", "--only-binary=:all:",
             "--no-deps", "--no-compile", "--disable-pip-version-check", "--progress-bar=off",
             *_source(places, name), "-r", places.root / "requirements" / f"{name}.txt"],
            places.log("pip"),
            environ=environ,
        )  # fmt: skip
        if status and places.wheels and name == "base":
            raise Trouble(explain_bundle(output, places.log("pip")))
        if status:
            raise Trouble(explain_pip(output, places.log("pip")))
        known[name] = _digest(places, name)
    shutil.rmtree(scratch, ignore_errors=True)
    stamps.write(stamp, known)
    mark.unlink()


def _source(places: Places, name: str) -> list[str]:
    """Where pip takes packages from: what a bundle brought (never those of tests), or the index."""
    if places.wheels is None or name != "base":
        return []
    return ["--no-index", "--find-links", str(places.wheels)]


def _create(places: Places, environ: dict[str, str]) -> None:
    status, output = run_logged(
        [sys.executable, "-m", "venv", places.environment], places.log("venv"), environ=environ
    )
    if status == 0 and places.python.exists():
        return
    if "No space left" in output or "Disk quota" in output:
        raise Trouble("The disk is full. Free some space and start again.")
    if "ensurepip" in output and places.wheels and _create_without_pip(places, environ):
        return
    if "ensurepip" in output or "No module named venv" in output:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Trouble(
            f"Python {version} here comes without venv. On Debian and Ubuntu: "
            f"apt install python{version}-venv; elsewhere install your system's python3-venv or "
            "python3-pip package, and start again."
        )
    raise Trouble(f"The Python environment could not be made; see {places.log('venv')}.")


def _create_without_pip(places: Places, environ: dict[str, str]) -> bool:
    """Where the system's Python lacks ensurepip, with the pip that a bundle brought."""
    assert places.wheels is not None
    wheel = next(iter(sorted(places.wheels.glob("pip-*.whl"))), None)
    if wheel is None:
        return False
    log = places.log("venv")
    commands: tuple[list[str | Path], ...] = (
        [sys.executable, "-m", "venv", "--clear", "--without-pip", places.environment],
        [places.python, wheel / "pip", "install", "--no-index", "--find-links", places.wheels,
         "--no-cache-dir", "pip"],
    )  # fmt: skip
    for command in commands:
        status, _ = run_logged(command, log, environ=environ)
        if status:
            return False
    (places.environment / BUILDING).touch()
    return True


def _count(places: Places, name: str) -> int:
    text = (places.root / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return len(re.findall(r"(?m)^[A-Za-z0-9][\w.\[\],-]*==", text))


def enough_space(folder: Path, needed: int) -> None:
    """Refuse early what the disk cannot hold. ``needed`` in bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Trouble(
            f"The disk is full: {folder} has {free // 1_000_000} MB free, "
            f"and {needed // 1_000_000} MB are needed. Free some space and start again."
        )


def explain_bundle(output: str, log: Path) -> str:
    """The same where nothing is fetched: the bundle does not hold what this machine needs."""
    if re.search(r"No space left on device|Disk quota exceeded", output):
        return explain_pip(output, log)
    found = re.findall(r"(?:requirement|distribution found for) ([\w.-]+)==([\w.]+)", output)
    package = f"{found[-1][0]} {found[-1][1]}" if found else "a package"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"The bundle has no {package} for Python {version} on this kind of machine "
        f"({sys.platform}, {os.uname().machine}), or its wheels were altered. Details: {log}"
    )


def explain_pip(output: str, log: Path) -> str:
    """Turn pip's failure into one sentence."""
    found = re.findall(r"(?:requirement|distribution found for) ([\w.-]+)==([\w.]+)", output)
    package = f" {found[-1][0]} {found[-1][1]}" if found else ""
    if re.search(r"No space left on device|Disk quota exceeded", output):
        return (
            "The disk became full while packages were being installed. Free some space and "
            "start again."
        )
    if "DO NOT MATCH THE HASHES" in output:
        return (
            f"A downloaded package{package} is not the one that was locked (its hash differs); "
            f"nothing of it was installed. See {log}."
        )
    if re.search(
        r"NewConnectionError|ConnectTimeout|Connection refused|Name or service not known|"
        r"Temporary failure in name resolution|Network is unreachable|Read timed out|"
        r"ProxyError|Max retries exceeded|Connection aborted|Failed to establish",
        output,
    ):
        return (
            "The Python packages could not be fetched: the package index does not answer. Check "
            "the network, or name a mirror or proxy your network allows (PIP_INDEX_URL, "
            f"HTTPS_PROXY), and start again. Details: {log}"
        )
    if re.search(r"SSLError|CERTIFICATE_VERIFY_FAILED", output):
        return (
            "The Python packages could not be fetched: the package index shows a certificate this "
            f"machine does not trust (PIP_CERT names your network's own). Details: {log}"
        )
    if "(from versions: none)" in output:  # silence looks the same as an empty index
        return (
            f"The Python packages could not be fetched: the package index has no{package}, or does "
            "not answer. Check the network, or name a mirror or proxy your network allows "
            f"(PIP_INDEX_URL, HTTPS_PROXY), and start again. Details: {log}"
        )
    if "No matching distribution" in output:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return (
            f"The package{package} is not offered for Python {version} on this kind of machine "
            f"({sys.platform}, {os.uname().machine}) by the package index. Details: {log}"
        )
    return f"The Python packages could not be installed. Details: {log}"
