"""A stand-in for the product's command line: does what the launcher counts on, in miniature."""

# ruff: noqa: T201 - a program for the terminal

import json
import os
import signal
import sys
import time
from pathlib import Path

import psycopg

HOME = Path(os.environ["WEIYE_HOME"])


def setup(argv: list[str]) -> int:
    app, owner = os.environ["WEIYE_APP_URL"], os.environ["WEIYE_OWNER_URL"]
    with psycopg.connect(owner) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS thing (id int PRIMARY KEY)")
        connection.execute("GRANT SELECT, INSERT ON thing TO weiye_app")
        if "--demo" in argv:
            connection.execute("INSERT INTO thing VALUES (1) ON CONFLICT DO NOTHING")
    psycopg.connect(app).close()
    (HOME / "static").mkdir(exist_ok=True)
    with (HOME / "setups").open("a") as file:
        file.write(" ".join(argv) + "\n")
    print("stand-in set up", file=sys.stderr)
    return 0


def static(argv: list[str]) -> int:
    assert "WEIYE_OWNER_URL" not in os.environ
    (HOME / "static").mkdir(exist_ok=True)
    return 0


def worker(argv: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    assert "WEIYE_OWNER_URL" not in os.environ
    with psycopg.connect(os.environ["WEIYE_APP_URL"], autocommit=True) as connection:
        while True:
            connection.execute("SELECT 1")
            time.sleep(0.1)


def signins(argv: list[str]) -> int:
    print("one sign-in per role")
    return 0


def check(argv: list[str]) -> int:
    with psycopg.connect(os.environ["WEIYE_APP_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM thing").fetchone()
        assert row
        version = connection.info.server_version
    print("noise before the last line")
    print(json.dumps({"url": argv[1], "people": row[0], "database": version, "version": "0"}))
    return 0


def echo(argv: list[str]) -> int:
    sys.stdout.write(sys.stdin.read())
    print(
        json.dumps({"argv": argv, "cwd": str(Path.cwd()), "owner": "WEIYE_OWNER_URL" in os.environ})
    )
    return 7


def rows(argv: list[str]) -> int:
    with psycopg.connect(os.environ["WEIYE_APP_URL"]) as connection:
        row = connection.execute("SELECT count(*), inet_server_port() FROM thing").fetchone()
        assert row
        print(*row)
        time.sleep(float(argv[0]) if argv else 0)
        connection.execute("SELECT 1")
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](sys.argv[2:]))
