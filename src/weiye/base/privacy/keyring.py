"""The keys of the personal data: several at a time, so that one can replace another.

A ring is text: hexadecimal keys of at least 32 digits, separated by commas. The first is active
(what is written is written under it), the others are read. A ``+`` before a key says that a
rotation moves everything to it (`weiye.base.privacy.rotation`). Rings come from the environment
(``WEIYE_FIELD_KEYS``, ``WEIYE_INDEX_KEYS``, or the same names without S) or, where it says
nothing, from ``secrets.json`` in the state folder. A ring of the file is read again when the file
changes: looked at once a second, and at once when a value names a key that is not known.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes, hmac
from django.conf import settings

Kind = Literal["field", "index"]
#: Kind → (setting that holds the ring's text, name in secrets.json).
NAMES: dict[Kind, tuple[str, str]] = {
    "field": ("FIELD_KEYS", "field_key"),
    "index": ("INDEX_KEYS", "index_key"),
}
_SHORTEST = 32  # hexadecimal digits: SM4 takes keys of 128 bits
_ID = 4
#: Seconds after which a running program follows a changed secrets file.
PATIENCE = 1.0


class KeyTrouble(Exception):
    """A key is missing or cannot be one; a sentence for the operator that holds no key."""


@dataclass(frozen=True)
class Key:
    """One key; ``id`` (4 bytes) is made from it and tells nothing of it."""

    material: bytes = field(repr=False)

    @cached_property
    def id(self) -> bytes:
        return sm3_hmac(self.material, b"weiye: key id")[:_ID]

    @cached_property
    def sm4(self) -> bytes:
        """16 bytes for SM4, made from the whole key."""
        return sm3_hmac(self.material, b"weiye: field encryption")[:16]

    @property
    def name(self) -> str:
        """The id as people read it."""
        return self.id.hex()


@dataclass(frozen=True)
class Ring:
    """Keys, the active one first."""

    keys: tuple[Key, ...]
    target: Key | None = None
    """The key to which a rotation moves everything."""

    @property
    def active(self) -> Key:
        return self.keys[0]

    def by_id(self, key_id: bytes) -> Key | None:
        return next((key for key in self.keys if key.id == key_id), None)


def sm3_hmac(key: bytes, data: bytes) -> bytes:
    """32 bytes: HMAC with SM3 (GB/T 32905)."""
    tag = hmac.HMAC(key, hashes.SM3())
    tag.update(data)
    return tag.finalize()


def sm3(data: bytes) -> bytes:
    """32 bytes (GB/T 32905)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


@lru_cache(maxsize=16)
def parse(text: str, setting: str) -> Ring:
    """The ring that a text describes. Raises `KeyTrouble` naming the setting, never the key."""
    keys, target = [], None
    for number, part in enumerate(text.split(","), 1):
        digits = part.strip().removeprefix("+")
        if len(digits) < _SHORTEST:
            raise KeyTrouble(
                f"{setting}: key {number} has {len(digits)} hexadecimal digits, at least "
                f"{_SHORTEST} are needed."
            )
        try:
            key = Key(bytes.fromhex(digits))
        except ValueError:
            raise KeyTrouble(f"{setting}: key {number} is not hexadecimal.") from None
        keys.append(key)
        if part.strip().startswith("+"):
            target = key
    if len({key.id for key in keys}) < len(keys):
        raise KeyTrouble(f"{setting} names the same key twice.")
    return Ring(tuple(keys), target)


@dataclass(frozen=True)
class _Read:
    ring: Ring
    stamp: tuple[int, int, int]
    at: float


_read: dict[tuple[Kind, Path], _Read] = {}


def ring(kind: Kind, *, fresh: bool = False) -> Ring:
    """The ring in force. ``fresh``: look at the secrets file now, not within the second.

    Raises `KeyTrouble` where there is none.
    """
    setting, _ = NAMES[kind]
    if text := getattr(settings, setting, ""):
        return parse(text, f"WEIYE_{setting}")
    path = Path(settings.SECRETS_FILE)
    known = _read.get((kind, path))
    now = time.monotonic()
    if known is not None and not fresh and now - known.at < PATIENCE:
        return known.ring
    stamp = _stamp(path, setting)
    if known is not None and known.stamp == stamp:
        _read[kind, path] = _Read(known.ring, stamp, now)
        return known.ring
    found = parse(in_file(kind), f"WEIYE_{setting} ({path})")
    _read[kind, path] = _Read(found, stamp, now)
    return found


def from_environment(kind: Kind) -> bool:
    """Whether the operator hands the ring out; otherwise the secrets file holds it."""
    return bool(getattr(settings, NAMES[kind][0], ""))


def in_file(kind: Kind) -> str:
    """The ring's text in the secrets file. Raises `KeyTrouble` where there is none."""
    setting, name = NAMES[kind]
    path = Path(settings.SECRETS_FILE)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing(setting) from None
    except (OSError, ValueError):
        raise KeyTrouble(f"WEIYE_{setting} is not set, and {path} cannot be read.") from None
    text = known.get(name) if isinstance(known, dict) else None
    if not isinstance(text, str) or not text:
        raise _missing(setting)
    return text


def _stamp(path: Path, setting: str) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        raise _missing(setting) from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _missing(setting: str) -> KeyTrouble:
    return KeyTrouble(
        f"WEIYE_{setting} is missing: start through ./weiye, or set it in the environment."
    )
