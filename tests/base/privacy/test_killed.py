"""The real thing: another process rotates, is killed with -9, and others write meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.requirement("ORG-2")]

ROOT = Path(__file__).resolve().parents[3]
OLD, INDEX = "0a" * 32, "0c" * 32
PEOPLE = 3000


def url_of(name: str, database: str) -> str:
    return urlunsplit(urlsplit(os.environ[name])._replace(path=f"/{database}"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A database of its own with people in it, and the environment of its programs."""
    name = f"test_rotation_{uuid.uuid4().hex[:8]}"
    owner = os.environ["WEIYE_OWNER_URL"]
    server = urlunsplit(urlsplit(owner)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    home = tmp_path / "home"
    home.mkdir()
    (home / "secrets.json").write_text(json.dumps({"field_key": OLD, "index_key": INDEX}))
    told = {k: v for k, v in os.environ.items() if not k.startswith(("WEIYE_FIELD", "WEIYE_INDEX"))}
    told |= {
        "WEIYE_HOME": str(home),
        "WEIYE_SECRET_KEY": "x",
        "WEIYE_OWNER_URL": url_of("WEIYE_OWNER_URL", name),
        "WEIYE_APP_URL": url_of("WEIYE_APP_URL", name),
        "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "WEIYE_DEMO": "0",
    }
    try:
        run(told, "-m", "weiye.config.cli", "migrate", "-v0")
        run(told, "-c", PLANT)
        yield told
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(
    told: dict[str, str], *words: str, check: bool = True
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, *words], env=told, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr[-2000:]
    return done


SETUP = """
import django; django.setup()
from weiye.base.privacy.fields import blind_index, blind_indexes
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence, own
from weiye.base.regions.models import Unit
from weiye.registers.people.models import Person
def number(n): return f"3799{n:013d}X"
def made(unit, n, **other):
    return Person(unit=unit, unit_path=unit.path, name="演示人", name_key=str(n),
        id_number=number(n), id_index=blind_index(number(n)), phone=f"2{n:010d}",
        phone_index=blind_index(f"2{n:010d}"), source="t", as_of="2026-01-01", **other)
"""
PLANT = (
    SETUP
    + f"""
from weiye.base.scope.bulk import insert_objects
from weiye.base.accounts.actions import create_account
from weiye.base.drafts.models import Draft
from weiye.base.files.actions import keep
from django.utils import timezone
with fence(system()):
    unit = Unit.objects.create(code="370000000000", name="山东省", level="province", path="37/")
    insert_objects([made(unit, n) for n in range({PEOPLE})])
    keep(actor=system(), path="37/", name="x.csv", content=b"whole", right="x")
    account = create_account(actor=system(), username="drafter", name="u",
        password="correct horse battery", unit=unit)
with fence(own(account.pk)):
    Draft.objects.create(account=account, unit_path="37/", form="f", content="draft",
        saved_at=timezone.now())
"""
)
# Writes and reads all the time, as a web process does; each line it says is a fault.
WRITER = (
    SETUP
    + """
import sys, time
from django.db import IntegrityError
from weiye.registers.people import queries
n, first = int(sys.argv[1]), int(sys.argv[1])
with fence(system()):
    unit = Unit.objects.get()
    # Each writer has people of its own.
    start = first % 100_000 // 400
    ids = list(Person.objects.order_by("pk").values_list("pk", flat=True)[start : start + 50])
print("ready", flush=True)
while True:
    with fence(system()):
        made(unit, n).save()
        old = Person.objects.select_for_update().get(pk=ids[n % 50])
        old.phone = f"29{n:09d}"; old.phone_index = blind_index(old.phone)
        old.save(update_fields=["phone", "phone_index", "phone_index_next"])
    with fence(system()):
        for asked in (number(n), number(first), number(17), f"29{n:09d}"):
            if queries.search(queries.people(system()), asked).count() != 1:
                print("not found", asked, flush=True)
    try:
        with fence(system()):
            made(unit, n).save()
        print("twice", n, flush=True)
    except IntegrityError:
        pass
    n += 1
"""
)
CHECK = (
    SETUP
    + """
from weiye.base.drafts.models import Draft
from weiye.base.files.models import StoredFile
from weiye.base.privacy.known import refuse_wrong_keys
refuse_wrong_keys()
with fence(system()):
    count = 0
    for p in Person.objects.all():
        assert p.id_index == blind_index(p.id_number), p.pk
        assert p.phone_index == blind_index(p.phone), p.pk
        count += 1
    assert len(set(Person.objects.values_list("id_index", flat=True))) == count
    assert StoredFile.objects.get().read() == b"whole"
    assert [d.content for d in Draft.objects.all()] == ["draft"]
    print(count)
"""
)


@pytest.mark.parametrize("kind", ["field", "index"])
def test_killed_in_the_middle_with_people_writing(world: dict[str, str], kind: str) -> None:
    command = [sys.executable, "-m", "weiye.config.cli", "keys", "rotate"]
    command += ["--index"] if kind == "index" else []
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(100_000 + 20_000 * number)],
            env=world,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        secrets = Path(world["WEIYE_HOME"]) / "secrets.json"
        kills = 0
        for _ in range(3):
            with subprocess.Popen(
                command, env=world, stderr=subprocess.PIPE, text=True
            ) as rotating:
                assert rotating.stderr is not None
                # Once rows are on the move.
                for line in rotating.stderr:
                    if "people_person" in line:
                        os.kill(rotating.pid, signal.SIGKILL)
                        kills += 1
                        break
        assert kills == 3
        assert "," in json.loads(secrets.read_text())[f"{kind}_key"]
        done = subprocess.run(command, env=world, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        for writer in writers:
            assert writer.poll() is None, writer.stderr and writer.stderr.read()
        time.sleep(1)  # and on after it
    finally:
        for writer in writers:
            writer.kill()
    said = [writer.communicate() for writer in writers]
    assert [out for out, _ in said] == ["", ""], said
    new = json.loads(secrets.read_text())[f"{kind}_key"]
    assert new not in (OLD, INDEX)
    assert "," not in new
    count = int(run(world, "-c", CHECK).stdout)
    assert count > PEOPLE + 20
    wrong: dict[str, Any] = {f"WEIYE_{kind.upper()}_KEYS": OLD if kind == "field" else INDEX}
    refused = run(world | wrong, "-m", "weiye.config.cli", "keys", "rotate", check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"WEIYE_{kind.upper()}_KEYS" in refused.stderr
    assert OLD not in refused.stderr


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("WEIYE_FIELD_KEYS", "ab", "at least 32"),
        ("WEIYE_INDEX_KEY", "zz" * 32, "not hexadecimal"),
        ("WEIYE_HOME", "/nonexistent", "is missing"),
    ],
)
def test_every_command_refuses_in_one_sentence(
    tmp_path: Path, setting: str, value: str, says: str
) -> None:
    told = {k: v for k, v in os.environ.items() if not k.startswith(("WEIYE_FIELD", "WEIYE_INDEX"))}
    told |= {
        "PYTHONPATH": str(ROOT / "src"),
        "DJANGO_SETTINGS_MODULE": "weiye.config.settings",
        "WEIYE_HOME": str(tmp_path),
        "WEIYE_SECRET_KEY": "x",
    }
    (tmp_path / "secrets.json").write_text(json.dumps({"field_key": OLD, "index_key": INDEX}))
    told[setting] = value
    for command in (["admin", "create", "x"], ["worker"], ["retention", "--dry-run"]):
        refused = run(told, "-m", "weiye.config.cli", *command, check=False)
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert says in refused.stderr
        assert "WEIYE_" in refused.stderr
        assert value * 2 not in refused.stderr
