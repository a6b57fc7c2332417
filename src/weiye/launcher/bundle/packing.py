"""``./weiye bundle FILE``: the repository's files, all packages, the served front end, one file."""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weiye.launcher.bundle import unpacking
from weiye.launcher.environment import clean, explain_pip
from weiye.launcher.installation import Installation
from weiye.launcher.places import Places
from weiye.launcher.processes import run_logged
from weiye.launcher.progress import Progress, Step, say
from weiye.launcher.trouble import Trouble

# glibc of the oldest and the newest system that wheels are asked for; Debian 12 has 2.36.
GLIBC = range(5, 37)
_STORED = frozenset({".whl", ".gz", ".png", ".woff2", ".zip", ".jpg"})


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="./weiye bundle",
        description="Pack everything that Weiye needs into FILE: set up by 'python3 FILE [FOLDER]' "
        "or './weiye install FILE [FOLDER]' on a machine of a closed network that has Python "
        "alone. Needs the package registries itself.",
    )
    made.add_argument("file", type=Path)
    made.add_argument(
        "--python", action="append", default=[], metavar="3.N", type=_python,
        help="packages for another Python than this one too; may be given several times",
    )  # fmt: skip
    return made


def _python(text: str) -> str:
    if not re.fullmatch(r"3\.\d+", text) or int(text[2:]) < unpacking.OLDEST[1]:
        raise argparse.ArgumentTypeError(f"{text} is not a Python of 3.11 or newer")
    return text


def main(argv: list[str]) -> int:
    """Write the bundle; prints its fingerprint on standard output."""
    options = parser().parse_args(argv)
    file: Path = options.file.expanduser().absolute()
    if file.exists():
        raise Trouble(f"{file} exists already.")
    installation = Installation(os.environ)
    places = installation.places
    progress = Progress(4)
    installation.packages(progress)
    installation.front_end(progress)
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    pythons = [ours, *(each for each in dict.fromkeys(options.python) if each != ours)]
    with tempfile.TemporaryDirectory(dir=places.home, prefix="bundle-") as name:
        wheels = Path(name)
        with progress.step("Packages for the bundle") as step:
            for python in pythons:
                collect_wheels(places, step, wheels, python, native=python == ours)
        with progress.step("Bundle") as step:
            step.work("packing")
            entries = [*of_repository(places.root), *of_folder(wheels, "bundle/wheels")]
            entries += of_folder(places.vendor, "bundle/vendor")
            fingerprint = write(file, entries, version=release(places.root), pythons=pythons)
    say(
        f"{file}: {file.stat().st_size / 1e6:,.0f} MB, {len(entries)} files, Python "
        f"{', '.join(pythons)}. On the other machine: python3 {file.name} [FOLDER]"
    )
    print(fingerprint)
    return 0


@dataclass(frozen=True)
class Entry:
    """One file of the bundle; ``name`` is its path in the installation."""

    name: str
    path: Path
    executable: bool = False


def release(root: Path) -> str:
    text = (root / "src" / "weiye" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__\s*=\s*"([^"]+)"', text)
    return found[1] if found else "unknown"


def of_repository(root: Path) -> Iterator[Entry]:
    """What git knows, as it lies here; without git, what an earlier bundle brought."""
    done = subprocess.run(
        ["git", "-c", "core.quotepath=off", "-C", root, "ls-files", "-z"], capture_output=True
    ) if (root / ".git").exists() else None  # fmt: skip
    if done is not None and done.returncode == 0:
        names = os.fsdecode(done.stdout).split("\0")
    elif (root / unpacking.LIST).is_file():
        files = json.loads((root / unpacking.LIST).read_bytes())["files"]
        names = [
            name.removeprefix(unpacking.APP) for name in files
            if not name.startswith(f"{unpacking.APP}bundle/") and name.startswith(unpacking.APP)
        ]  # fmt: skip
    else:
        raise Trouble(f"{root} is neither a clone nor an installation from a bundle.")
    for name in sorted(filter(None, names)):
        path = root / name
        if path.is_file() and not path.is_symlink():
            yield Entry(name, path, os.access(path, os.X_OK))


def of_folder(folder: Path, goal: str) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield Entry(f"{goal}/{path.relative_to(folder).as_posix()}", path)


def collect_wheels(places: Places, step: Step, wheels: Path, python: str, *, native: bool) -> None:
    """Fetch every package of the lock for one Python, by its hash; and pip, to install them with.

    Raises Trouble if one cannot be had.
    """
    step.work(f"fetching the packages for Python {python}")
    lock = wheels / "lock.txt"
    lock.write_text(_for_python(places, python), encoding="utf-8")
    words: list[str | Path] = [
        places.python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
        "--disable-pip-version-check", "--progress-bar=off", "--dest", wheels,
    ]  # fmt: skip
    if not native:
        words += ["--python-version", python, "--implementation", "cp"]
        for abi in (f"cp{python.replace('.', '')}", "abi3", "none"):
            words += ["--abi", abi]
        for tag in _platforms():
            words += ["--platform", tag]
    log = places.log("bundle")
    for what in (["--require-hashes", "-r", lock], ["pip"]):
        status, output = run_logged([*words, *what], log, environ=clean(os.environ))
        if status:
            raise Trouble(explain_pip(output, log))
    lock.unlink()


def _platforms() -> list[str]:
    machine = os.uname().machine
    if not sys.platform.startswith("linux"):
        raise Trouble("Packages for another Python can be collected on Linux only.")
    old = [f"manylinux{year}_{machine}" for year in ("1", "2010", "2014")]
    return [f"linux_{machine}", *old, *(f"manylinux_2_{minor}_{machine}" for minor in GLIBC)]


# Inside the environment: pip judges markers by the Python that runs it, not by the one asked for.
_FILTER = """
import re, sys
from packaging.markers import Marker
lock, version = sys.argv[1:]
told = {"python_version": version, "python_full_version": version + ".0"}
for block in re.split(r"(?m)^(?=[A-Za-z0-9])", open(lock, encoding="utf-8").read()):
    head, _, rest = block.partition("\\n")
    words, mark, marker = head.rstrip(" \\\\").partition(";")
    if not re.match("[A-Za-z0-9]", head):
        continue
    if not mark or Marker(marker.strip()).evaluate(told):
        print(words.strip() + (" \\\\" if head.endswith("\\\\") else ""))
        print(rest.rstrip())
"""


def _for_python(places: Places, python: str) -> str:
    done = subprocess.run(
        [places.python, "-c", _FILTER, places.root / "requirements" / "base.txt", python],
        capture_output=True, text=True, env=clean(os.environ),
    )  # fmt: skip
    if done.returncode:
        raise Trouble(f"The lock cannot be read: {done.stderr.strip()[-300:]}")
    return done.stdout


def write(
    file: Path, entries: list[Entry], *, version: str, pythons: list[str], form: int = 1
) -> str:
    """Write the bundle under a temporary name, then rename it; returns its fingerprint.

    The fingerprint is the SHA-256 of the list, which holds the SHA-256 of every file.
    """
    part = file.with_name(f".{file.name}.part")
    files: dict[str, dict[str, object]] = {}
    try:
        with part.open("wb") as raw:
            raw.write(b"#!/usr/bin/env python3\n")
            with zipfile.ZipFile(raw, "w") as bundle:
                entry = Entry(unpacking.ENTRY, Path(unpacking.__file__))
                for each in [entry, *entries]:
                    name = each.name if each is entry else unpacking.APP + each.name
                    content = each.path.read_bytes()
                    stored = each.path.suffix in _STORED
                    bundle.writestr(
                        _info(name), content,
                        zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED,
                    )  # fmt: skip
                    files[name] = {
                        "sha256": hashlib.sha256(content).hexdigest(),
                        "size": len(content),
                        "executable": each.executable,
                    }
                listed = json.dumps(
                    {
                        "form": form,
                        "version": version,
                        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                        "machine": unpacking.machine(),
                        "pythons": pythons,
                        "files": files,
                    },
                    indent=1,
                    sort_keys=True,
                ).encode()
                bundle.writestr(_info(unpacking.LIST), listed, zipfile.ZIP_DEFLATED)
            raw.flush()
            os.fsync(raw.fileno())
        part.chmod(0o755)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return hashlib.sha256(listed).hexdigest()


def _info(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    made.external_attr = 0o644 << 16
    return made
