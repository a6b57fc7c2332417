"""packs/<name>/*.yaml → `Pack`: a city's files over its province's, by id."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from .drafting import Draft
from .model import Pack
from .reading import PackError, Table, read_yaml

ROOT = Path(os.environ.get("WEIYE_PACKS") or Path(__file__).resolve().parents[4] / "packs")


def load_pack(region: str, *, root: Path = ROOT) -> Pack:
    """The pack of the most particular jurisdiction that covers a 12-digit area code.

    Read again only if a file changed. Raises `PackError`.
    """
    stamp = stamp_of(root)
    best: tuple[str, str] | None = None
    for name, prefix in _jurisdictions(root, stamp):
        if region.startswith(prefix) and (best is None or len(prefix) > len(best[1])):
            best = name, prefix
    if best is None:
        raise PackError(f"no pack covers the area {region}")
    return _load(root, best[0], stamp)


def load_all(root: Path = ROOT) -> list[Pack]:
    """Every pack, by name. Raises `PackError` for the first that is not sound."""
    stamp = stamp_of(root)
    return [_load(root, name, stamp) for name, _ in _jurisdictions(root, stamp)]


Stamp = tuple[tuple[str, int, int], ...]


def stamp_of(root: Path) -> Stamp:
    """What tells one state of the files from another, without reading them."""
    found = []
    for path in sorted(root.glob("*/*.yaml")) + sorted(root.glob("*/benefits/*.yaml")):
        stat = path.stat()
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


@lru_cache(maxsize=8)
def _jurisdictions(root: Path, stamp: Stamp) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for folder in sorted(path.parent for path in root.glob("*/pack.yaml")):
        head = _head(root, folder.name)
        region = head["region"]
        prefix = region.text()
        if not prefix.isdigit() or len(prefix) not in (2, 4, 6, 9, 12):
            raise region.error(f"expected the first digits of an area code, not {prefix!r}")
        if prefix in found.values():
            raise region.error(f"another pack covers {prefix} already")
        found[folder.name] = prefix
    if not found:
        raise PackError(f"there are no packs in {root}")
    return tuple(found.items())


def _head(root: Path, name: str) -> Table:
    entry = read_yaml(root / name / "pack.yaml", f"packs/{name}/pack.yaml")
    head = entry.table("id name region sources", "inherits")
    if head["id"].text() != name:
        raise head["id"].error(f"the id of the pack in folder {name} must be {name!r}")
    return head


@lru_cache(maxsize=8)
def _load(root: Path, name: str, stamp: Stamp) -> Pack:
    chain: list[str] = []
    at: str | None = name
    while at is not None:
        head = _head(root, at)
        chain.insert(0, at)
        parent = head.get("inherits")
        at = None
        if parent is not None:
            at = parent.text()
            if at in chain:
                raise parent.error(f"{at} inherits from itself")
            if not (root / at / "pack.yaml").is_file():
                raise parent.error(f"there is no pack {at!r} to inherit from")
            if not head["region"].text().startswith(_head(root, at)["region"].text()):
                raise head["region"].error(f"the area does not lie in that of {at}")
    draft = Draft()
    digest = hashlib.sha256()
    for each in chain:
        _read_folder(root, each, draft, digest)
    return draft.pack(name, digest.hexdigest()[:16])


def _read_folder(root: Path, name: str, draft: Draft, digest: Any) -> None:
    folder = root / name
    draft.head(_head(root, name))
    readers = draft.readers()
    # Parameters and terms first: rules are read against them.
    names = ["pack.yaml", *readers]
    for path in sorted(folder.glob("*.yaml")):
        if path.name not in names and not path.name.startswith("regions"):
            raise PackError("a pack has no such file", where=f"packs/{name}/{path.name}")
    paths = [folder / file for file in names if (folder / file).is_file()]
    benefits = sorted((folder / "benefits").glob("*.yaml"))
    for path in (*paths, *benefits):
        shown = f"packs/{path.relative_to(root).as_posix()}"
        digest.update(f"{shown}\0".encode() + path.read_bytes() + b"\0")
        if path.name == "pack.yaml":
            continue
        read = readers.get(path.name) if path.parent == folder else draft.benefit
        assert read is not None
        read(read_yaml(path, shown))
