"""Making a backup while the product runs, and restoring one into an empty database."""

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

import psycopg
from django.conf import settings
from django.db import connections

import weiye
from weiye.base.privacy.keyring import Kind, ring

from . import digests, sealed, tools

Say = Callable[[str], None]
TELL_EVERY = 5.0


class Refused(Exception):
    """Nothing was done; one sentence for the operator."""


@dataclass(frozen=True)
class Done:
    """What was carried, and how quickly. ``seconds`` without set-up."""

    bytes: int
    rows: int
    tables: int
    seconds: float

    @property
    def rate(self) -> float:
        """MB of file per second."""
        return self.bytes / 1e6 / max(self.seconds, 1e-9)


# -- out -----------------------------------------------------------------------------


def back_up(path: Path, key: bytes, say: Say) -> Done:
    """Write the database as of this moment to ``path``; what happens meanwhile is not in it.

    The file appears when it is whole. Raises `Refused` where it stands already or the database
    cannot be read, OSError for a full disk; nothing is left then.
    """
    if path.exists():
        raise Refused(f"{path} exists already; a backup is never overwritten.")
    part = path.with_name(f".{path.name}.part")
    started = time.monotonic()
    try:
        with _owner() as connection, _private(part) as file:
            done = _write(connection, file, key, say, started)
        _publish(part, path)
    finally:
        part.unlink(missing_ok=True)
    return done


def _publish(part: Path, path: Path) -> None:
    """Give a whole file its name, never that of a file which appeared meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise Refused(
            f"{path} appeared while the backup was made; a backup is never overwritten."
        ) from None
    except OSError:
        # No hard links here (FAT, some network shares): an empty file of the name reserves it.
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise Refused(
                f"{path} appeared while the backup was made; a backup is never overwritten."
            ) from None
        part.replace(path)


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _write(
    connection: "psycopg.Connection[Any]", file: BinaryIO, key: bytes, say: Say, started: float
) -> Done:
    server = connection.info.server_version // 10000
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
    (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    writer = sealed.Writer(file, key)
    writer.frame(sealed.MANIFEST, _json(manifest(connection)))
    found: dict[str, list[Any]] = {}
    trouble: list[BaseException] = []

    def count() -> None:
        try:
            found.update(digests.of_database(connection))
        except BaseException as error:
            trouble.append(error)

    with tempfile.TemporaryFile() as words:
        dump = subprocess.Popen(
            [tools.find("pg_dump", server), "--format=custom", "--compress=gzip:1",
             f"--snapshot={snapshot}", "--no-owner", "--no-privileges", "--no-publications",
             "--no-subscriptions", "--no-security-labels", "--lock-wait-timeout=60s",
             *(f"--exclude-table-data=public.{table}" for table in sorted(digests.NOT_KEPT))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            env=tools.environment(),
        )  # fmt: skip
        counting = threading.Thread(target=count)
        try:
            assert dump.stdout is not None
            # It has joined our snapshot once it says anything.
            chunk = dump.stdout.read(sealed.CHUNK)
            counting.start()
            told, carried = started, 0
            while chunk:
                writer.frame(sealed.DATA, chunk)
                carried += len(chunk)
                if time.monotonic() - told > TELL_EVERY:
                    told = time.monotonic()
                    say(_progress(carried, told - started, f" (the database holds {_mb(size)})"))
                chunk = dump.stdout.read(sealed.CHUNK)
            counting.join()
            if dump.wait() != 0:
                raise Refused(f"The database could not be read: {_last_words(words)}")
        finally:
            if dump.poll() is None:
                dump.kill()
                dump.wait()
            if dump.stdout is not None:
                dump.stdout.close()
            if counting.is_alive():
                connection.cancel_safe()
                counting.join()
    if trouble:
        raise trouble[0]
    writer.end(_json({"tables": found}))
    return Done(
        file.tell(), sum(rows for rows, _ in found.values()), len(found), time.monotonic() - started
    )


def manifest(connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    """What the backup is of: release, moment, migrations, packs, and the keys it takes."""
    from weiye.base.packs import load_all

    return {
        "version": weiye.__version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "postgresql": connection.info.server_version,
        "migrations": [
            list(row)
            for row in connection.execute("SELECT app, name FROM django_migrations ORDER BY 1, 2")
        ],
        "packs": {pack.id: pack.version for pack in load_all(settings.PACKS_DIR)},
        "keys": {kind: [key.name for key in ring(kind).keys] for kind in _KINDS},
    }


_KINDS: tuple[Kind, ...] = ("field", "index")


# -- in ------------------------------------------------------------------------------


def examine(path: Path, key: bytes, say: Say) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Read the whole file: manifest, end, size in bytes. Raises `sealed.Damaged`."""
    manifest: dict[str, Any] = {}
    end: dict[str, Any] = {}
    total, started = 0, time.monotonic()
    told = started
    for kind, content in sealed.read(path, key):
        total += len(content)
        if kind == sealed.MANIFEST:
            manifest = json.loads(content)
        elif kind == sealed.END:
            end = json.loads(content)
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            say(_progress(total, told - started, " examined"))
    return manifest, end, total


def refuse_unsuitable(manifest: dict[str, Any]) -> None:
    """Raise `Refused` if this release or these keys cannot make use of the backup."""
    from django.db.migrations.loader import MigrationLoader

    known = {tuple(each) for each in MigrationLoader(None).disk_migrations}
    unknown = [each for each in map(tuple, manifest["migrations"]) if each not in known]
    if ours := [f"{app} {name}" for app, name in unknown if app not in _foreign_apps()]:
        raise Refused(
            f"The backup was made by a newer release ({manifest['version']}; this is "
            f"{weiye.__version__}): it knows {', '.join(ours[:3])}. Install that release first."
        )
    for kind in _KINDS:
        ours_too = {key.name for key in ring(kind).keys}
        if set(manifest["keys"][kind]) - ours_too:
            raise Refused(
                f"The personal data in the backup are encrypted with another {kind} key than this "
                "installation has, so nobody could read them. Put secrets.json of the "
                "installation that was backed up into this state folder first."
            )


def _foreign_apps() -> set[str]:
    from django.apps import apps

    return {config.label for config in apps.get_app_configs() if "weiye" not in config.name}


def refuse_filled() -> int:
    """Raise `Refused` unless the database is empty; returns the server's major version."""
    with _owner() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' "
            "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
        ).fetchone()
        if row and row[0]:
            raise Refused(
                "The database is not empty; a backup is restored into an empty one only. Use a new "
                "state folder (WEIYE_HOME) or a new database (DATABASE_URL)."
            )
        return connection.info.server_version // 10000


def restore(path: Path, key: bytes, say: Say) -> Done:
    """Restore a backup that was examined, in one transaction that ends with the comparison.

    Raises `Refused` or `sealed.Damaged`; the database is as empty as before then. Roles must be
    there (`weiye.config.setup.app_login`).
    """
    server = refuse_filled()
    started = time.monotonic()
    end: dict[str, Any] = {}
    total = 0
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as script_words:
        # Without COMMIT at its end psql undoes everything, whatever else happens to us.
        psql = subprocess.Popen(
            [tools.find("psql", server), "--no-psqlrc", "--quiet", "--output=/dev/null",
             "--set=ON_ERROR_STOP=1", "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words,
            env=tools.environment(),
        )  # fmt: skip
        script = subprocess.Popen(
            [tools.find("pg_restore", server), "--no-owner", "--no-privileges", "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=script_words,
            env=tools.environment(),
        )  # fmt: skip
        try:
            assert psql.stdin and script.stdin and script.stdout
            psql.stdin.write(b"BEGIN;\n")
            passing = _Passing(script.stdout, psql.stdin, server)
            passing.start()
            told = started
            for kind, content in sealed.read(path, key):
                total += len(content)
                if kind == sealed.DATA:
                    script.stdin.write(content)
                elif kind == sealed.END:
                    end = json.loads(content)
                if time.monotonic() - told > TELL_EVERY:
                    told = time.monotonic()
                    say(_progress(total, told - started, " restored"))
            script.stdin.close()
            passing.join()
            if script.wait() != 0 or passing.broken:
                raise BrokenPipeError
            say("Comparing with the checksums of the backup …")
            psql.stdin.write(digests.comparison(end["tables"]).encode() + b"COMMIT;\n")
            psql.stdin.close()
            if psql.wait() != 0:
                raise BrokenPipeError
        except BrokenPipeError:
            psql.kill()
            psql.wait()
            said = _last_words(words) or _last_words(script_words)
            raise Refused(f"The backup could not be restored, and nothing was: {said}") from None
        finally:
            for child in (psql, script):
                if child.poll() is None:
                    child.kill()
                    child.wait()
                for stream in (child.stdin, child.stdout):
                    if stream is not None:
                        _close(stream)
    return Done(
        total,
        sum(rows for rows, _ in end["tables"].values()),
        len(end["tables"]),
        time.monotonic() - started,
    )


class _Passing(threading.Thread):
    """From pg_restore to psql. A newer pg_restore sets what an older server does not know."""

    def __init__(self, source: IO[bytes], goal: IO[bytes], server: int) -> None:
        super().__init__(daemon=True)
        self._source, self._goal, self._server = source, goal, server
        self.broken = False

    def run(self) -> None:
        try:
            if self._server < 17:
                for line in self._source:
                    if line.startswith(b"SET transaction_timeout"):
                        break
                    self._goal.write(line)
            while chunk := self._source.read(1 << 16):
                self._goal.write(chunk)
            self._goal.flush()
        except (OSError, ValueError):
            self.broken = True
            # pg_restore must not wait for us for ever.
            _close(self._source)


def _close(stream: IO[bytes]) -> None:
    with suppress(OSError):
        stream.close()


# -- small things --------------------------------------------------------------------


@contextmanager
def _owner() -> Iterator["psycopg.Connection[Any]"]:
    """A connection of its own, beside Django's, as the owner."""
    told = {
        key: value
        for key, value in connections["owner"].get_connection_params().items()
        if key in ("host", "port", "user", "password", "dbname", "sslmode", "connect_timeout")
    }
    connection = psycopg.connect(**told, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _progress(size: int, seconds: float, more: str = "") -> str:
    return f"{_mb(size)}{more}, {size / 1e6 / max(seconds, 1e-9):.0f} MB/s"


def _last_words(file: IO[bytes]) -> str:
    """The first complaint of a program, without what it repeats of the data."""
    from weiye.config.telemetry import scrub

    file.seek(0)
    lines = [
        line
        for line in file.read(65536).decode(errors="replace").splitlines()
        if "ERROR" in line or "error:" in line or "FATAL" in line
    ]
    return scrub.text(lines[0].partition("ERROR:")[2].strip() or lines[0]) if lines else ""
