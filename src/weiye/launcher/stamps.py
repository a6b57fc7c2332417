"""Stamps say what a result was made from; whole files appear at once or not at all."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def digest(paths: Iterable[Path], *extra: str) -> str:
    """SHA-256 over the names and contents of files, and over further words."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(os.fsencode(path.name) + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for word in extra:
        total.update(word.encode() + b"\0")
    return total.hexdigest()


def tree_digest(folders: Iterable[Path]) -> str:
    """SHA-256 over names and contents of all files below the folders, bytecode left out."""
    total = hashlib.sha256()
    for folder in folders:
        for current, names, files in os.walk(folder):
            names[:] = sorted(name for name in names if name != "__pycache__")
            for name in sorted(files):
                path = Path(current, name)
                total.update(os.fsencode(path.relative_to(folder)) + b"\0")
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file under a temporary name, flush it to disk, and rename it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(path: Path) -> dict[str, Any]:
    """The stamp's content; empty where there is none or it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
