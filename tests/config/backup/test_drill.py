"""The restore drill: demonstration data out, into an empty database, compared, started."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from weiye.config.backup import digests

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
KEY = "ab" * 32


@dataclass
class Place:
    """One database and one state folder."""

    owner: str
    app: str
    home: Path

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "weiye.config.cli", *words],
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
                "PYTHONPATH": str(ROOT / "src"),
                "WEIYE_OWNER_URL": self.owner,
                "WEIYE_APP_URL": self.app,
                "WEIYE_HOME": str(self.home),
                "WEIYE_SECRET_KEY": "drill",
                "WEIYE_FIELD_KEY": "00" * 31 + "01",
                "WEIYE_INDEX_KEY": "00" * 31 + "02",
                "WEIYE_BACKUP_KEY": KEY,
            }
            | more,
            capture_output=True,
            text=True,
        )

    def done(self, *words: str, **more: str) -> str:
        ended = self.run(*words, **more)
        assert ended.returncode == 0, ended.stderr[-3000:]
        return ended.stderr

    def refused(self, *words: str, **more: str) -> str:
        ended = self.run(*words, **more)
        assert ended.returncode == 1, ended.stderr[-3000:]
        assert "Traceback" not in ended.stderr
        return ended.stderr

    def digests(self) -> dict[str, list[object]]:
        with psycopg.connect(self.owner) as connection:
            return digests.of_database(connection)

    def empty(self) -> bool:
        with psycopg.connect(self.owner) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n "
                "ON n.oid = c.relnamespace WHERE n.nspname = 'public'), (SELECT count(*) FROM "
                "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
                "WHERE n.nspname = 'public')"
            ).fetchone()
        return row == (0, 0)


def _at(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Place]]:
    """A used installation, and two empty databases."""
    owner, app = os.environ["WEIYE_OWNER_URL"], os.environ["WEIYE_APP_URL"]
    base = f"test_{urlsplit(owner).path.strip('/')}_drill"
    names = [f"{base}{number}" for number in range(3)]
    made = []
    with psycopg.connect(_at(owner, "postgres"), autocommit=True) as connection:
        for name in names:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
            home = tmp_path_factory.mktemp(name)
            made.append(Place(_at(owner, name), _at(app, name), home))
        made[0].done("setup", "--demo", WEIYE_DEMO="1")
        yield made
        for name in names:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def backup(places: list[Place]) -> Path:
    file = places[0].home / "weiye.backup"
    said = places[0].done("backup", str(file))
    assert "MB/s" in said and file.stat().st_mode & 0o77 == 0
    assert not list(places[0].home.glob(".*.part"))
    return file


def test_an_altered_cut_off_or_foreign_file_leaves_the_database_empty(
    places: list[Place], backup: Path, tmp_path: Path
) -> None:
    target, bad = places[1], tmp_path / "bad"
    content = backup.read_bytes()
    middle = len(content) // 2
    altered = bytearray(content)
    altered[middle] ^= 1
    for made, words in (
        (bytes(altered), "was altered"),
        (content[:middle], "cut off"),
        (content[:-1], "cut off"),
        (content + b"x", "something follows its end"),
        (content[middle:], "no backup of Weiye"),
        (b"", "no backup of Weiye"),
    ):
        bad.write_bytes(made)
        assert words in target.refused("restore", str(bad))
    assert "another backup key" in target.refused(
        "restore", str(backup), WEIYE_BACKUP_KEY="cd" * 32
    )
    assert "64 hexadecimal" in target.refused("restore", str(backup), WEIYE_BACKUP_KEY="cd")
    assert "no backup key" in target.refused("restore", str(backup), WEIYE_BACKUP_KEY="")
    assert "could not be read" in target.refused("restore", str(tmp_path / "none"))
    said = target.refused("restore", str(backup), WEIYE_FIELD_KEY="00" * 31 + "03")
    assert "another field key" in said
    assert target.empty()


def test_a_used_database_and_an_existing_file_are_left_alone(
    places: list[Place], backup: Path
) -> None:
    before = places[0].digests()
    assert "not empty" in places[0].refused("restore", str(backup))
    assert places[0].digests() == before
    assert "exists already" in places[0].refused("backup", str(backup))


def test_a_checksum_that_differs_undoes_everything(
    places: list[Place], backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is part of the transaction: a wrong row count in it brings nothing in."""
    script = (
        "import sys, django; django.setup()\n"
        "from pathlib import Path\n"
        "from weiye.config.backup import actions, digests\n"
        "plain = digests.comparison\n"
        "digests.comparison = lambda tables: plain(tables | "
        "{'people_person': [tables['people_person'][0] + 1, tables['people_person'][1]]})\n"
        "from weiye.config.backup.command import restore_main\n"
        "sys.exit(restore_main([sys.argv[1]]))"
    )
    path = places[1].home / "differs.py"
    path.write_text(script)
    ended = subprocess.run(
        [sys.executable, path, backup],
        env=os.environ | {
            "DJANGO_SETTINGS_MODULE": "weiye.config.settings", "PYTHONPATH": str(ROOT / "src"),
            "WEIYE_OWNER_URL": places[1].owner, "WEIYE_APP_URL": places[1].app,
            "WEIYE_HOME": str(places[1].home), "WEIYE_SECRET_KEY": "drill",
            "WEIYE_FIELD_KEY": "00" * 31 + "01", "WEIYE_INDEX_KEY": "00" * 31 + "02",
            "WEIYE_BACKUP_KEY": KEY,
        },
        capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 1 and "table people_person is not what" in ended.stderr
    assert places[1].empty()


def test_restored_whole_fenced_and_running(places: list[Place], backup: Path) -> None:
    source, target = places[0], places[1]
    said = target.done("restore", str(backup))
    assert "every table has the checksum" in said
    kept = {"audit_auditentry", "audit_auditbatch", "procrastinate_jobs", "procrastinate_events"}
    before, after = source.digests(), target.digests()
    assert {t: v for t, v in after.items() if t not in kept} == {
        t: v for t, v in before.items() if t not in kept
    }
    rows = "SELECT weiye_row::text FROM audit_auditentry AS weiye_row ORDER BY id"
    with psycopg.connect(source.owner) as one, psycopg.connect(target.owner) as two:
        old = [row[0] for row in one.execute(rows)]
        new = [row[0] for row in two.execute(rows)]
        # Each has one entry of its own: that it was backed up, and that it was restored.
        assert new[: len(old) - 1] == old[: len(old) - 1] and len(new) == len(old)
        assert "database.restore" in new[-1] and "database.backup" in old[-1]
        assert two.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
        unfenced = two.execute(
            "SELECT relname FROM pg_class WHERE relname IN ('people_person', 'audit_auditentry', "
            "'assistance_contact') AND NOT relrowsecurity"
        ).fetchall()
        assert unfenced == []
    with psycopg.connect(target.app) as connection:
        assert connection.execute("SELECT count(*) FROM people_person").fetchone() == (0,)
        connection.execute(
            "SELECT set_config('weiye.lo', '0', true), set_config('weiye.hi', ':', true)"
        )
        row = connection.execute("SELECT count(*) FROM people_person").fetchone()
        assert row and row[0] > 100
    # The personal data can be read again, and the product calls itself ready.
    script = (
        "from weiye.base.scope.actor import system; from weiye.base.scope.fence import fence\n"
        "from weiye.registers.people.models import Person\n"
        "from django.test import Client\n"
        "with fence(system()):\n"
        "    citizens = Person.objects.filter(id_kind='居民身份证').exclude(id_number=None)\n"
        "    print(all(len(p.id_number) == 18 for p in citizens))\n"
        "print(Client().get('/readyz').status_code)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\n" + script],
        env=os.environ | {
            "DJANGO_SETTINGS_MODULE": "weiye.config.settings", "PYTHONPATH": str(ROOT / "src"),
            "WEIYE_APP_URL": target.app, "WEIYE_HOME": str(target.home),
            "WEIYE_SECRET_KEY": "drill",
            "WEIYE_FIELD_KEY": "00" * 31 + "01", "WEIYE_INDEX_KEY": "00" * 31 + "02",
        },
        capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.split() == ["True", "200"], ended.stderr[-2000:]


def test_a_backup_of_a_newer_release_waits_for_it(places: list[Place], tmp_path: Path) -> None:
    with psycopg.connect(places[0].owner) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('people', '9999_x', now())"
        )
    file = tmp_path / "newer"
    try:
        places[0].done("backup", str(file))
    finally:
        with psycopg.connect(places[0].owner) as connection:
            connection.execute("DELETE FROM django_migrations WHERE name = '9999_x'")
    assert "newer release" in places[2].refused("restore", str(file))
    assert places[2].empty()


def test_rows_written_meanwhile_are_in_all_tables_or_in_none(
    places: list[Place], tmp_path: Path
) -> None:
    """A writer keeps two tables in step while the backup runs; in the restored copy they are."""
    with psycopg.connect(places[0].owner) as connection:
        connection.execute("CREATE TABLE zz_one (n int PRIMARY KEY, filling text)")
        connection.execute("CREATE TABLE aa_two (n int PRIMARY KEY, filling text)")
    writer = subprocess.Popen(
        [sys.executable, "-c", (
            "import psycopg, sys\n"
            "c = psycopg.connect(sys.argv[1])\n"
            "for n in range(10**6):\n"
            "    c.execute('INSERT INTO zz_one VALUES (%s, %s)', [n, 'x' * 500])\n"
            "    c.execute('INSERT INTO aa_two VALUES (%s, %s)', [n, 'x' * 500])\n"
            "    c.commit()\n"
        ), places[0].owner],
    )  # fmt: skip
    file = tmp_path / "meanwhile"
    try:
        places[0].done("backup", str(file))
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
    places[2].done("restore", str(file))
    with psycopg.connect(places[2].owner) as connection:
        one = connection.execute("SELECT count(*), max(n) FROM zz_one").fetchone()
        two = connection.execute("SELECT count(*), max(n) FROM aa_two").fetchone()
        assert one == two and one and one[0] == one[1] + 1
    with psycopg.connect(places[0].owner) as connection:
        connection.execute("DROP TABLE zz_one, aa_two")


def test_the_key_is_made_once_and_kept_to_its_owner(places: list[Place], tmp_path: Path) -> None:
    place = Place(places[0].owner, places[0].app, tmp_path)
    for name in ("static", "vendor"):
        if (places[0].home / name).is_dir():
            shutil.copytree(places[0].home / name, tmp_path / name)
    assert "Copy it to a safe place" in place.done(
        "backup", str(tmp_path / "1"), WEIYE_BACKUP_KEY=""
    )
    kept = tmp_path / "backup.key"
    first = kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600 and len(first.strip()) == 64
    assert "Copy it" not in place.done("backup", str(tmp_path / "2"), WEIYE_BACKUP_KEY="")
    assert kept.read_text() == first
    said = place.done("restore", str(tmp_path / "1"), "--examine", WEIYE_BACKUP_KEY="")
    assert "Whole and unaltered" in said
    assert "written" in place.refused("backup", "/nonexistent/folder/file")
