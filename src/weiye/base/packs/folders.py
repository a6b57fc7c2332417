"""Packs as files: what makes a version, and a folder that holds a chosen set of versions."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from .loading import ROOT, stamp_of

Files = Mapping[str, str]


def files_of(folder: Path) -> dict[str, str]:
    """The files of one pack that decide anything: name within the pack → text.

    Area codes and the demonstration are no rules and have histories of their own.
    """
    found = [path for path in folder.glob("*.yaml") if not path.name.startswith("regions")]
    found += folder.glob("benefits/*.yaml")
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(found)
    }


def digest_of(files: Files) -> str:
    """64 hex characters, the same for the same files."""
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{len(text.encode())}\0{text}".encode())
    return digest.hexdigest()


def on_disk(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """The packs in a folder: pack → its files."""
    folders = sorted(path.parent for path in root.glob("*/pack.yaml"))
    return {folder.name: files_of(folder) for folder in folders}


def laid_out(chosen: Mapping[str, tuple[str, Files]], home: Path) -> Path:
    """A folder below ``home`` with the chosen versions (pack → digest, files), made once.

    Several processes may ask at the same time: each writes aside, the first to rename wins.
    """
    name = hashlib.sha256(
        "\n".join(f"{pack} {digest}" for pack, (digest, _) in sorted(chosen.items())).encode()
    ).hexdigest()[:32]
    folder = home / name
    if folder.is_dir():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=home, prefix=".making-"))
    try:
        for pack, (_, files) in chosen.items():
            for file, text in files.items():
                path = aside / pack / file
                # Names come from the database: they must stay inside.
                if not path.resolve().is_relative_to(aside.resolve()):
                    raise ValueError(f"{file} lies outside the pack")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        aside.chmod(0o755)
        aside.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


@lru_cache(maxsize=4)
def _digests(root: Path, stamp: object) -> dict[str, str]:
    return {pack: digest_of(files) for pack, files in on_disk(root).items()}


def digests_on_disk(root: Path = ROOT) -> dict[str, str]:
    """Pack → digest of what is on disk; read again only when a file changed."""
    return _digests(root, stamp_of(root))
