"""A PostgreSQL of the operator's own, named by ``DATABASE_URL``: its address, and will it do.

``DATABASE_URL`` is the owner's login: it makes the tables and the login ``weiye_app``, under which
the product itself runs.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from weiye.launcher.keys import Keys
from weiye.launcher.places import Places
from weiye.launcher.trouble import Trouble

OLDEST = 15
FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


def check_form(url: str) -> None:
    """Raises Trouble for an address that is not of the form ``FORM``; never repeats a password."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("postgresql", "postgres") and parts.path.strip("/")
        if not whole or not parts.hostname or not parts.username:
            raise ValueError
        _ = parts.port
    except ValueError:
        raise Trouble(f"DATABASE_URL is not an address of the form {FORM}.") from None


def app_url(url: str, keys: Keys, environ: Mapping[str, str]) -> str:
    """The address under which the product runs: the same database, login ``weiye_app``."""
    if given := environ.get("WEIYE_APP_URL"):
        return given
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        parts._replace(netloc=f"weiye_app:{quote(keys.app_password, safe='')}@{host}")
    )


def probe(places: Places, url: str) -> str:
    """Connect once; returns a word for what the database holds (see ``weiye.launcher.probe``).

    Raises Trouble when it cannot be reached, refuses us, or is too old.
    """
    done = subprocess.run(
        [places.python, "-m", "weiye.launcher.probe"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ
        | {
            "WEIYE_PROBE_URL": url,
            "PYTHONPATH": str(places.root / "src"),
            "PYTHONSAFEPATH": "1",
            "LC_ALL": "C",
        },
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Trouble(f"DATABASE_URL could not be tried: {done.stderr.strip()[-300:]}") from None
    judge(url, answer)
    return str(answer.get("content"))


def judge(url: str, answer: Mapping[str, Any]) -> None:
    """Turn the probe's answer into a sentence, or into nothing if all is well."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 5432}"
    user, name = unquote(parts.username or ""), unquote(parts.path.strip("/"))
    if "error" not in answer:
        found = int(answer["version"])
        if found < OLDEST * 10000:
            shown = f"{found // 10000}.{found % 10000}" if found >= 100000 else str(found)
            raise Trouble(
                f"The database at {where} runs PostgreSQL {shown}; {OLDEST} or newer is needed."
            )
        return
    said, state = str(answer["error"]), answer.get("state")
    words = said.lower()
    if state in ("28P01", "28000") or "password authentication failed" in words:
        problem = f"refuses the user {user} with the password in DATABASE_URL"
    elif "no password supplied" in words:
        problem = f"wants a password for the user {user}, and DATABASE_URL gives none"
    elif state == "3D000" or ("database" in words and "does not exist" in words):
        problem = f"has no database named {name}"
    elif "role" in words and "does not exist" in words:
        problem = f"has no user named {user}"
    elif "no pg_hba.conf entry" in words:
        problem = f"does not let this machine in as {user} (its pg_hba.conf has no entry for it)"
    elif "resolve host" in words or "translate host name" in words or "name or service" in words:
        problem = "cannot be reached: no machine of that name is known"
    elif "timeout" in words or "timed out" in words:
        problem = "cannot be reached: it does not answer in time"
    elif "connection refused" in words:
        problem = "cannot be reached: nothing listens there"
    elif "too many clients" in words or "remaining connection slots" in words:
        problem = "has no connection left for us"
    else:
        first = next(
            (line.strip() for line in said.splitlines() if line.strip()), "no reason given"
        )
        password = unquote(parts.password or "")
        problem = "cannot be used: " + (first.replace(password, "…") if password else first)
    raise Trouble(f"The database at {where} (DATABASE_URL) {problem}.")
