"""Backup and restore of a database of about 300 MB, in MB per second.

    python bench/backup.py [MEGABYTES]

Needs WEIYE_OWNER_URL and WEIYE_APP_URL (a server on which the owner may create databases): two
databases beside the named one are made and dropped. What fills them is what fills an installation:
encrypted values and files, which no compression makes smaller, and plain columns, which it does.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]


def at(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def run(name: str, home: str, *words: str) -> tuple[float, str]:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "weiye.config.cli", *words],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
            "PYTHONPATH": str(ROOT / "src"),
            "WEIYE_OWNER_URL": at(os.environ["WEIYE_OWNER_URL"], name),
            "WEIYE_APP_URL": at(os.environ["WEIYE_APP_URL"], name),
            "WEIYE_HOME": home,
            "WEIYE_SECRET_KEY": "bench",
            "WEIYE_FIELD_KEY": "00" * 31 + "01",
            "WEIYE_INDEX_KEY": "00" * 31 + "02",
            "WEIYE_BACKUP_KEY": "ab" * 32,
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return time.monotonic() - started, done.stderr


def fill(connection: "psycopg.Connection[object]", megabytes: int) -> None:
    """Two parts of files of random bytes, one part of audit entries."""
    connection.execute(
        'INSERT INTO files_storedfile (id, unit_path, name, content_type, content, size, "right", '
        "created_at) SELECT gen_random_uuid(), '37/', 'x', 'x', (SELECT '\\x02'::bytea || "
        "string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 16384) WHERE i > 0), "
        "262144, 'x', now() FROM generate_series(1, %s) i",
        [megabytes * 2 // 3 * 4],
    )
    connection.execute(
        "INSERT INTO audit_auditentry (unit_path, at, actor_name, role, verb, thing_type, "
        "thing_id, detail) SELECT '37/10/02/001/001/', now(), 'worker', 'station_worker', "
        "'person.read', 'person', i::text, jsonb_build_object('fields', array['phone'], 'n', i) "
        "FROM generate_series(1, %s) i",
        [megabytes // 3 * 4500],
    )


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    names = ("bench_backup_from", "bench_backup_to")
    owner = os.environ["WEIYE_OWNER_URL"]
    with psycopg.connect(at(owner, "postgres"), autocommit=True) as connection:
        for name in names:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            with tempfile.TemporaryDirectory() as home:
                run(names[0], home, "setup")
                with psycopg.connect(at(owner, names[0])) as inside:
                    fill(inside, megabytes)
                    row = inside.execute(
                        "SELECT pg_database_size(current_database()), version()"
                    ).fetchone()
                assert row is not None
                file = str(Path(home) / "backup")
                out, said_out = run(names[0], home, "backup", file)
                back, said_in = run(names[1], home, "restore", file)
                size = Path(file).stat().st_size / 1e6
                held = int(str(row[0])) / 1e6
                print(str(row[1]).split(" on ")[0])
                print(f"the database holds {held:,.0f} MB, the file {size:,.0f} MB")
                print(f"backup:  {out:6.1f} s, {held / out:5.0f} MB of database per second")
                print(f"restore: {back:6.1f} s, {held / back:5.0f} MB of database per second")
                print("of that:", *said_out.splitlines()[-1:], sep="\n  ")
                print(*[f"  {line}" for line in said_in.splitlines() if "MB/s" in line], sep="\n")
        finally:
            for name in names:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
