"""The installation's secrets: made once, readable to their owner alone, never printed."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from weiye.launcher.stamps import write_whole
from weiye.launcher.trouble import Trouble

FILE = "secrets.json"
ELSEWHERE = "pg.location"  # names the database's folder where it is not below the state folder


def _hex() -> str:
    return secrets.token_hex(32)


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Keys:
    """``field_key`` and ``index_key`` protect personal data: with them lost, so is the data."""

    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    field_key: str = field(default_factory=_hex, repr=False)
    index_key: str = field(default_factory=_hex, repr=False)
    app_password: str = field(default_factory=_password, repr=False)
    owner_password: str = field(default_factory=_password, repr=False)
    super_password: str = field(default_factory=_password, repr=False)
    instance: str = field(default_factory=lambda: secrets.token_hex(6))


def load(home: Path) -> Keys:
    """Read the secrets of a state folder; make them where there are none.

    Raises Trouble for a damaged file, and for a database whose secrets are gone.
    """
    path = home / FILE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = {}
        if (home / "pg" / "data").exists() or (home / ELSEWHERE).exists():
            raise Trouble(
                f"{home} holds a database, but {FILE} is gone, and with it the keys of the "
                "personal data. Put the file back from your backup."
            ) from None
    except (ValueError, UnicodeDecodeError):
        known = None
    names = [item.name for item in fields(Keys)]
    if not isinstance(known, dict) or not all(isinstance(known.get(n, ""), str) for n in names):
        raise Trouble(f"{path} cannot be read. Put it back from your backup.")
    keys = Keys(**{name: known[name] for name in names if known.get(name)})
    if any(name not in known for name in names):
        write_whole(path, json.dumps({**known, **asdict(keys)}, indent=1) + "\n", 0o600)
        os.chmod(path, 0o600)  # noqa: PTH101 - a file from an older version may be wider
    return keys
