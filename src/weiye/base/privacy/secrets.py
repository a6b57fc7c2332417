"""The secrets file as a rotation writes it: backed up, whole or not at all, for its owner alone."""

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from weiye.launcher.locks import Lock
from weiye.launcher.stamps import write_whole

from .keyring import NAMES, Key, KeyTrouble, Kind, in_file, parse, ring

_LOCK_PATIENCE = 30.0


def new_key() -> str:
    """64 hexadecimal digits."""
    return secrets.token_hex(32)


def hand_out(kind: Kind, new: str) -> Path:
    """Put a new key behind the active one, as the target of a rotation; returns the backup."""
    kept = _backup()
    _change(kind, lambda digits: [*digits, f"+{new}"])
    return kept


def activate(kind: Kind) -> None:
    """Put the target first."""
    _change(kind, lambda digits: sorted(digits, key=lambda each: not each.startswith("+")))


def retire(kind: Kind) -> Path:
    """Leave the active key alone on the ring; returns the backup that holds the old ones."""
    kept = _backup()
    _change(kind, lambda digits: [digits[0].removeprefix("+")])
    return kept


def _change(kind: Kind, how) -> None:  # type: ignore[no-untyped-def]
    path = Path(settings.SECRETS_FILE)
    with Lock(path.with_name("secrets.lock")) as lock:
        if not lock.take(patience=_LOCK_PATIENCE):
            raise KeyTrouble(f"{path} is being changed by another ./weiye.")
        digits = [part.strip() for part in in_file(kind).split(",")]
        text = ",".join(how(digits))
        parse(text, f"WEIYE_{NAMES[kind][0]}")
        known = json.loads(path.read_text(encoding="utf-8"))
        known[NAMES[kind][1]] = text
        write_whole(path, json.dumps(known, indent=1) + "\n", 0o600)
    ring(kind, fresh=True)


def _backup() -> Path:
    path = Path(settings.SECRETS_FILE)
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    kept = path.with_name(f"{path.stem}.{stamp}{path.suffix}")
    descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(path.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    return kept


def how_by_environment(kind: Kind) -> str:
    setting = f"WEIYE_{NAMES[kind][0]}"
    mark = "+" if kind == "index" else ""
    return (
        f"{setting} comes from the environment: make a key (openssl rand -hex 32), put it behind "
        f"the one there ({setting}=OLD,{mark}NEW), restart every program, then "
        + (
            "run this again."
            if kind == "index"
            else f"put it first ({setting}=NEW,OLD), restart again and run this again."
        )
    )


def now_activate(kind: Kind) -> str:
    setting = f"WEIYE_{NAMES[kind][0]}"
    return (
        f"All rows are ready. Put the new key first ({setting}=+NEW,OLD), restart every program, "
        "and run this again."
    )


def now_take_off(kind: Kind, old: tuple[Key, ...]) -> str:
    names = ", ".join(key.name for key in old)
    return f"take {names} off WEIYE_{NAMES[kind][0]} everywhere, and restart every program"
