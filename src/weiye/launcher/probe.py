"""Asks a database who it is. Runs inside the environment, as ``python -m weiye.launcher.probe``.

The address comes in ``WEIYE_PROBE_URL``; the answer is one JSON object on standard output:
``{"version": 180004, "content": "…"}`` or ``{"error": "…", "state": "28P01" or null}``.
``content`` changes when the database is another one, or its tables are of another release.
"""

import json
import os
import sys
from typing import TYPE_CHECKING

from weiye.launcher.database import OLDEST

if TYPE_CHECKING:
    import psycopg


def main() -> int:
    import psycopg  # only here: the rest of the launcher runs before it is installed

    try:
        with psycopg.connect(os.environ["WEIYE_PROBE_URL"], connect_timeout=10) as connection:
            answer: dict[str, object] = {"version": connection.info.server_version}
            if connection.info.server_version >= OLDEST * 10000:
                answer["content"] = content(connection)
    except (psycopg.Error, UnicodeError) as error:
        state = error.sqlstate if isinstance(error, psycopg.Error) else None
        answer = {"error": str(error), "state": state}
    json.dump(answer, sys.stdout)
    return 0


def content(connection: "psycopg.Connection[tuple[object, ...]]") -> str:
    """Which database this is, and how many migrations stand in it."""
    row = connection.execute(
        "SELECT oid, to_regclass('django_migrations') FROM pg_database "
        "WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    if row[1] is None:
        return f"{row[0]} empty"
    last = connection.execute("SELECT count(*), max(applied) FROM django_migrations").fetchone()
    return f"{row[0]} {last}"


if __name__ == "__main__":
    sys.exit(main())
