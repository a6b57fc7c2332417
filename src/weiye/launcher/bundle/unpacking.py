"""``./weiye install FILE [FOLDER]``, and ``python3 FILE [FOLDER]`` where there is nothing yet.

This file stands alone: a bundle carries it as its ``__main__.py``. It reads every file of the
bundle and compares it with the list before the first one is put anywhere.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

FORM = 1
LIST = "weiye-bundle.json"
ENTRY = "__main__.py"
APP = "app/"
OLDEST = (3, 11)
_BLOCK = 1 << 20


class Refused(Exception):
    """Nothing was put anywhere; one sentence for the operator."""


def main(argv: list[str], *, inside: Path | None = None) -> int:
    """``inside``: the bundle that this code was started from."""
    parser = argparse.ArgumentParser(
        prog="./weiye install" if inside is None else f"python3 {inside}",
        description="Set a bundle of Weiye up in FOLDER, without any network. An installation that "
        "is there already is brought to the bundle's release; its state folder is not touched.",
    )
    if inside is None:
        parser.add_argument("file", type=Path, help="the bundle")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("weiye"))
    parser.add_argument("--fingerprint", help="what ./weiye bundle printed: refuse another bundle")
    parser.add_argument("--examine", action="store_true", help="only examine the bundle")
    options = parser.parse_args(argv)
    file: Path = inside or options.file
    try:
        if sys.version_info < OLDEST:
            raise Refused("Python 3.11 or newer is needed.")
        with opened(file) as bundle:
            listed, fingerprint = examine(bundle, file)
            say(f"{file}: release {listed['version']}, whole, fingerprint {fingerprint}")
            if options.fingerprint and options.fingerprint.lower() != fingerprint:
                raise Refused(f"{file} is another bundle than the one with that fingerprint.")
            if options.examine:
                return 0
            refuse_unsuitable(listed)
            folder = options.folder.expanduser().absolute()
            put(bundle, listed, folder)
    except Refused as refusal:
        say(f"weiye: {refusal}")
        return 1
    except OSError as error:
        say(f"weiye: {error.strerror or error}{f' ({error.filename})' if error.filename else ''}.")
        return 1
    say("Setting up the Python environment …")
    done = subprocess.run(
        [sys.executable, "-m", "weiye.launcher", "prepare"],
        env=os.environ
        | {"PYTHONPATH": str(folder / "src"), "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"},
        cwd=folder,
    )
    if done.returncode == 0:
        say(f"Ready. Start it with {folder / 'weiye'} run")
    return done.returncode


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Raises `Refused` for what is no whole archive."""
    try:
        bundle = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, EOFError, ValueError):
        raise Refused(f"{file} is no bundle of Weiye, or is cut off.") from None
    with bundle:
        yield bundle


def examine(bundle: zipfile.ZipFile, file: Path) -> tuple[dict[str, Any], str]:
    """Read everything and compare it with the list; returns the list and its fingerprint.

    Raises `Refused` for a file that is missing, altered, not listed, or would lie elsewhere.
    """
    try:
        raw = bundle.read(LIST)
        listed: dict[str, Any] = json.loads(raw)
        files: dict[str, dict[str, Any]] = listed["files"]
        form = listed["form"]
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError, OSError):
        raise Refused(f"{file} is no bundle of Weiye, or was altered.") from None
    if form != FORM:
        raise Refused(f"{file} is a bundle of a form that this release does not know.")
    names = [info.filename for info in bundle.infolist()]
    if len(set(names)) < len(names) or set(names) != set(files) | {LIST}:
        raise Refused(f"{file} was altered: it does not hold the files that it lists.")
    for name, about in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or str(path) != name:
            raise Refused(f"{file} was altered: {name} would lie outside of the folder.")
        total, size = hashlib.sha256(), 0
        try:
            with bundle.open(name) as content:
                while block := content.read(_BLOCK):
                    total.update(block)
                    size += len(block)
        except Exception:  # zlib, CRC, ends of files: each by an exception of its own
            raise Refused(f"{file} was altered or is cut off: {name} cannot be read.") from None
        if total.hexdigest() != about["sha256"] or size != about["size"]:
            raise Refused(f"{file} was altered: {name} is not what was packed.")
    return listed, hashlib.sha256(raw).hexdigest()


def refuse_unsuitable(listed: dict[str, Any]) -> None:
    """Raises `Refused` on a machine for which the bundle holds no packages."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if ours not in listed["pythons"]:
        raise Refused(
            f"The bundle holds packages for Python {', '.join(listed['pythons'])}; this is Python "
            f"{ours}. Start it with such a Python, or pack it with --python {ours}."
        )
    here = machine()
    if listed["machine"] != here:
        raise Refused(f"The bundle is for {listed['machine']}; this machine is {here}.")


def machine() -> str:
    """``Linux x86_64 glibc``."""
    return " ".join(filter(None, (platform.system(), platform.machine(), platform.libc_ver()[0])))


def put(bundle: zipfile.ZipFile, listed: dict[str, Any], folder: Path) -> None:
    """Bring a folder to the state of the bundle; what is not of a bundle in it stays.

    Killed at any moment, the same call brings it to its end. Raises `Refused` for a folder that
    holds something else, or an installation that is running.
    """
    old = _earlier(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _not_running(folder):
        part = folder / ".incoming"
        shutil.rmtree(part, ignore_errors=True)
        needed = sum(about["size"] for about in listed["files"].values())
        if shutil.disk_usage(folder).free < needed + 200_000_000:
            raise Refused(f"The disk is full: {folder} needs {needed // 1_000_000 + 200} MB.")
        part.mkdir()
        ours = [name for name in listed["files"] if name.startswith(APP)]
        for name in ours:
            goal = part / name.removeprefix(APP)
            goal.parent.mkdir(parents=True, exist_ok=True)
            with bundle.open(name) as source, goal.open("wb") as target:
                shutil.copyfileobj(source, target, _BLOCK)
            goal.chmod(0o755 if listed["files"][name]["executable"] else 0o644)
        # From here on the folder is neither; the list, which comes last, says what it is.
        for name in ours:
            goal = folder / name.removeprefix(APP)
            goal.parent.mkdir(parents=True, exist_ok=True)
            (part / name.removeprefix(APP)).replace(goal)
        for name in sorted(set(old) - set(ours), reverse=True):
            gone = folder / name.removeprefix(APP)
            gone.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                gone.parent.rmdir()
        shutil.rmtree(part)
        new = folder / f"{LIST}.part"
        new.write_bytes(bundle.read(LIST))
        new.replace(folder / LIST)


def _earlier(folder: Path) -> list[str]:
    """The files of an earlier bundle in the folder."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise Refused(f"{folder} is a file.")
    if not (folder / LIST).is_file():
        if (
            any(entry.name not in (".incoming", "var") for entry in folder.iterdir())
            and not (folder / ".incoming").is_dir()
        ):
            raise Refused(f"{folder} holds something else; name an empty folder, or a new one.")
        return []
    try:
        files = json.loads((folder / LIST).read_bytes())["files"]
    except (ValueError, KeyError):
        raise Refused(f"{folder / LIST} cannot be read.") from None
    return [
        name for name in files if name.startswith(APP) and ".." not in PurePosixPath(name).parts
    ]


@contextlib.contextmanager
def _not_running(folder: Path) -> Iterator[None]:
    with contextlib.ExitStack() as held:
        for name in ("run.lock", "web.lock", "worker.lock"):
            lock = folder / "var" / name
            if lock.exists():
                file = held.enter_context(lock.open("rb+"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise Refused(f"Weiye is running from {folder}; stop it first.") from None
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], inside=Path(sys.argv[0])))
