"""Asks a database who it is. Runs inside the environment, as ``python -m weiye.launcher.probe``.

The address comes in ``WEIYE_PROBE_URL``; the answer is one JSON object on standard output:
``{"version": 180004}`` or ``{"error": "…", "state": "28P01" or null}``.
"""

import json
import os
import sys


def main() -> int:
    import psycopg  # only here: the rest of the launcher runs before it is installed

    try:
        with psycopg.connect(os.environ["WEIYE_PROBE_URL"], connect_timeout=10) as connection:
            answer: dict[str, object] = {"version": connection.info.server_version}
    except (psycopg.Error, UnicodeError) as error:
        state = error.sqlstate if isinstance(error, psycopg.Error) else None
        answer = {"error": str(error), "state": state}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
