"""Replacing keys: nothing is lost, everything is found, at every step and after every break."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.world import A
from weiye.base.audit.models import AuditEntry
from weiye.base.files.actions import keep
from weiye.base.files.models import StoredFile
from weiye.base.privacy import cipher, command, known, rotation, secrets
from weiye.base.privacy.fields import Undecipherable, blind_index, blind_indexes, index_fields
from weiye.base.privacy.keyring import KeyTrouble, parse, ring
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people import queries
from weiye.registers.people.models import Household, Person
from weiye.registers.people.transfers.models import TransferRequest

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

OLD, NEW, OTHER = "0a" * 32, "0b" * 32, "0c" * 32


@pytest.fixture
def home(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """An installation whose secrets file holds the rings."""
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"field_key": OLD, "index_key": OTHER, "kept": "x"}))
    settings.FIELD_KEYS = settings.INDEX_KEYS = ""
    settings.SECRETS_FILE = path
    return path


def rotate(kind: Any, said: list[str] | None = None) -> None:
    rotation.rotate(kind, say=(said if said is not None else []).append, wait=lambda _: None)


def person(number: int, **facts: Any) -> Person:
    id_number, phone = f"379901199001010{number:03d}", f"2000000{number:04d}"
    with fence(system()):
        unit = Unit.objects.get(code=A)
        return Person.objects.create(
            unit=unit,
            unit_path=unit.path,
            name="演示人",
            id_number=id_number,
            id_index=blind_index(id_number),
            phone=phone,
            phone_index=blind_index(phone),
            source="t",
            as_of="2026-01-01",
            **facts,
        )


def stored(model: Any, column: str) -> list[bytes]:
    with fence(system()), connection.cursor() as cursor:
        table = model._meta.db_table
        cursor.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY id")
        return [bytes(row[0]) if not isinstance(row[0], str) else row[0] for row in cursor]


def found(text: str) -> list[int]:
    with fence(system()):
        rows = queries.search(queries.people(system()), text)
        return sorted(rows.values_list("pk", flat=True))


def test_every_value_is_moved_and_the_old_key_retired(home: Path) -> None:
    people = [person(n) for n in range(3)]
    with fence(system()):
        unit = Unit.objects.get(code=A)
        Household.objects.create(unit=unit, unit_path=unit.path, number="1", address="某路1号")
        file = keep(actor=system(), path=unit.path, name="x.csv", content=b"abc", right="x")
    before = stored(Person, "phone")
    said: list[str] = []
    rotate("field", said)
    new = json.loads(home.read_text())["field_key"]
    assert new != OLD
    assert len(new) == 64
    head = b"\x02" + parse(new, "X").active.id
    for model, column in (
        (Person, "phone"),
        (Person, "id_number"),
        (Household, "address"),
        (StoredFile, "content"),
    ):
        assert all(value.startswith(head) for value in stored(model, column)), column
    assert stored(Person, "phone") != before
    with fence(system()):
        assert Person.objects.get(pk=people[1].pk).phone == "20000000001"
        assert StoredFile.objects.get(pk=file.pk).read() == b"abc"
        assert known.known_keys("field") == [parse(new, "X").active.name]
        verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"keys.activate", "keys.retire"} <= verbs
    assert not any(OLD in line or new in line for line in said)


def test_the_secrets_are_backed_up_and_nobody_elses_to_read(home: Path) -> None:
    rotate("field")
    kept = sorted(home.parent.glob("secrets.*.json"))
    assert [json.loads(path.read_text())["field_key"].count(",") for path in kept] == [0, 1]
    assert json.loads(kept[0].read_text())["field_key"] == OLD
    assert {path.stat().st_mode & 0o777 for path in [home, *kept]} == {0o600}
    assert json.loads(home.read_text())["kept"] == "x"


def test_values_of_the_first_form_are_moved(home: Path) -> None:
    from tests.base.privacy.test_fields import _first_form

    one = person(1)
    with fence(system()), connection.cursor() as cursor:
        raw = _first_form(b"20000000001", bytes.fromhex(OLD))
        cursor.execute("UPDATE people_person SET phone = %s WHERE id = %s", [raw, one.pk])
    rotate("field")
    with fence(system()):
        assert Person.objects.get(pk=one.pk).phone == "20000000001"


@pytest.mark.parametrize("kind", ["field", "index"])
@pytest.mark.parametrize("step", ["hand_out", "activate", "retire", "forget", "middle"])
def test_broken_off_anywhere_it_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, step: str, kind: str
) -> None:
    """Whatever was done last before a kill, the next call ends the same rotation."""
    people = [person(n) for n in range(5)]
    monkeypatch.setattr(rotation, "BATCH", 2)

    class Killed(Exception):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        if step == "middle":
            done = rotation.bulk.write
            calls: list[int] = []

            def write(*args: Any) -> None:
                calls.append(1)
                if len(calls) == 2:
                    raise Killed
                done(*args)

            broken.setattr(rotation.bulk, "write", write)
        elif step == "forget":
            broken.setattr(secrets, "retire", die)
        elif step == "retire":
            broken.setattr(known, "forget", die)
        elif step == "activate":
            broken.setattr(secrets, "activate", die)
        else:
            broken.setattr(rotation._Rotation, "_activate", die)
        with pytest.raises(Killed), transaction.atomic():
            rotate(kind)
    begun = json.loads(home.read_text())[f"{kind}_key"]
    assert "," in begun
    assert found("20000000003") == [people[3].pk]
    known.refuse_wrong_keys()
    rotate(kind)
    after = json.loads(home.read_text())[f"{kind}_key"]
    assert after in begun.replace("+", "").split(",")
    assert after not in (OLD, OTHER)
    with fence(system()):
        assert [p.phone for p in Person.objects.order_by("pk")] == [
            f"2000000{n:04d}" for n in range(5)
        ]
    assert [found(f"379901199001010{n:03d}") for n in range(5)] == [[p.pk] for p in people]


def test_the_index_moves_too_and_search_never_stops(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person(n) for n in range(5)]
    before = stored(Person, "id_index")
    monkeypatch.setattr(rotation, "BATCH", 2)
    done = rotation.bulk.write

    def write(*args: Any) -> None:
        done(*args)
        for number, one in enumerate(people):
            assert found(f"379901199001010{number:03d}") == [one.pk]
            assert found(f"2000000{number:04d}") == [one.pk]

    monkeypatch.setattr(rotation.bulk, "write", write)
    rotate("index")
    assert not set(before) & set(stored(Person, "id_index"))
    assert [found(f"2000000{n:04d}") for n in range(5)] == [[p.pk] for p in people]
    assert len(blind_indexes("x")) == 1


@pytest.mark.parametrize("ring_now", [f"{OTHER},+{NEW}", f"+{NEW},{OTHER}"])
def test_one_number_is_held_once_at_every_step(home: Path, ring_now: str) -> None:
    """The unique columns hold between rows of before, of meanwhile and of after."""
    first = person(1)
    home.write_text(json.dumps({"field_key": OLD, "index_key": f"{OTHER},+{NEW}"}))
    ring("index", fresh=True)
    fill = rotation._Rotation("index", "default", lambda _: None, lambda _: None)
    assert fill._fill_next() == 2
    meanwhile = person(2)
    home.write_text(json.dumps({"field_key": OLD, "index_key": ring_now, "n": "1"}))
    ring("index", fresh=True)
    for number in (1, 2):
        with pytest.raises(IntegrityError), transaction.atomic():
            person(number)
    assert found("379901199001010001") == [first.pk]
    assert found("379901199001010002") == [meanwhile.pk]


def test_who_knows_nothing_of_a_rotation_leaves_no_wrong_index(home: Path) -> None:
    one = person(1)
    home.write_text(json.dumps({"field_key": OLD, "index_key": f"{OTHER},+{NEW}"}))
    ring("index", fresh=True)
    rotation._Rotation("index", "default", lambda _: None, lambda _: None)._fill_next()
    with fence(system()):
        Person.objects.filter(pk=one.pk).update(
            phone="20009999999", phone_index=blind_index("20009999999")
        )
        assert Person.objects.get(pk=one.pk).phone_index_next is None
    rotate("index")
    assert found("20009999999") == [one.pk]
    assert found("20000000001") == []


def test_what_bears_an_index_alone_follows(home: Path) -> None:
    one = person(1)
    index = one.id_index
    now = timezone.now()
    with fence(system()):
        unit = Unit.objects.get(code=A)
        named = Household.objects.create(unit=unit, unit_path=unit.path, number=f"户{index[:12]}")
        asked = TransferRequest.objects.create(
            unit=unit,
            unit_path=unit.path,
            request=uuid.uuid4(),
            side="in",
            kind="ask",
            name="演示人",
            id_index=index,
            reason="t",
            asked_at=now,
            escalates_at=now,
            expires_at=now,
        )
    rotate("index")
    with fence(system()):
        one.refresh_from_db()
        asked.refresh_from_db()
        named.refresh_from_db()
    assert one.id_index != index
    assert asked.id_index == one.id_index
    assert named.number == f"户{one.id_index[:12]}"


def test_an_open_ask_is_known_by_number_at_every_step(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking twice is one request, begun before, in the middle of or after the rotation."""
    from tests.registers.people.transfers.making import unit
    from tests.services.exchange.making import id_number
    from tests.world import B, actor
    from weiye.registers.people.transfers import actions
    from weiye.registers.people.transfers.queries import asked_for

    numbers = [id_number(order=order) for order in (11, 13, 15)]
    with fence(system()):
        for number in numbers:
            Person.objects.create(
                unit=unit(A),
                unit_path=unit(A).path,
                name="演示人",
                id_number=number,
                id_index=blind_index(number),
                source="t",
                as_of="2026-01-01",
            )
    worker, known_as = actor("worker-b"), dict[str, int]()

    def ask_all(asked: list[str]) -> None:
        with fence(worker):
            for number in asked:
                found = actions.ask(
                    actor=worker, to=unit(B), id_number=number, name="演示人", reason="t"
                )
                assert found.request is not None
                assert found.request.pk == known_as.setdefault(number, found.request.pk)
                assert asked_for(worker, blind_indexes(number))

    monkeypatch.setattr(rotation, "BATCH", 1)
    monkeypatch.setattr(
        "weiye.registers.people.transfers.actions.asking._asked_today", lambda *_: 0
    )
    done, steps = rotation.bulk.write, list[str]()

    def write(*args: Any) -> None:
        done(*args)
        steps.append(ring("index").active.name)
        # The second is asked for while both keys are read, the first is there already.
        ask_all(numbers[:2] if known_as else [])

    monkeypatch.setattr(rotation.bulk, "write", write)
    ask_all(numbers[:1])
    rotate("index")
    assert len(set(steps)) == 2, "before the new key was active, and after"
    ask_all(numbers)
    with fence(system()):
        rows = TransferRequest.objects.filter(side="in")
        assert rows.count() == 3
        assert {row.id_index for row in rows} == {blind_index(number) for number in numbers}


def test_every_blind_index_takes_part() -> None:
    """A column that looks like a blind index is declared as one."""
    from django.apps import apps
    from django.db import models

    declared = {(column.model, column.name) for column in index_fields()}
    declared.add((TransferRequest, "id_index"))  # follows that of the person
    for model in apps.get_models():
        for column in model._meta.local_fields:
            if (
                isinstance(column, models.CharField)
                and column.max_length == 64
                and column.name.endswith("_index")
            ):
                assert (model, column.name) in declared, f"{model}.{column.name}"
    for column in index_fields():
        assert column.next.unique == column.unique


def test_keys_of_the_environment_are_the_operators_to_hand_out(settings: Any, home: Path) -> None:
    one = person(1)
    settings.FIELD_KEYS = OLD
    with pytest.raises(rotation.RotationStopped, match="WEIYE_FIELD_KEYS=OLD,NEW"):
        rotate("field")
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    said: list[str] = []
    rotate("field", said)
    assert "off WEIYE_FIELD_KEYS everywhere" in said[-1]
    settings.FIELD_KEYS = NEW
    known.refuse_wrong_keys()
    with fence(system()):
        assert Person.objects.get(pk=one.pk).phone == "20000000001"
    settings.INDEX_KEYS = f"{OTHER},+{NEW}"
    with pytest.raises(rotation.RotationStopped, match="Put the new key first"):
        rotate("index")
    settings.INDEX_KEYS = f"+{NEW},{OTHER}"
    rotate("index")
    settings.INDEX_KEYS = NEW
    assert found("20000000001") == [one.pk]
    # And once more: what the first left over is in nobody's way.
    settings.INDEX_KEYS = f"{NEW},+{OTHER}"
    with pytest.raises(rotation.RotationStopped):
        rotate("index")
    settings.INDEX_KEYS = f"+{OTHER},{NEW}"
    rotate("index")
    settings.INDEX_KEYS = OTHER
    assert found("20000000001") == [one.pk]


def test_the_wrong_ring_is_noticed_before_anything_is_read(settings: Any, home: Path) -> None:
    person(1)
    known.refuse_wrong_keys()
    for name, setting in (("FIELD_KEYS", "WEIYE_FIELD_KEYS"), ("INDEX_KEYS", "WEIYE_INDEX_KEYS")):
        setattr(settings, name, NEW)
        with pytest.raises(KeyTrouble, match=setting) as caught:
            known.refuse_wrong_keys()
        assert NEW not in str(caught.value)
        setattr(settings, name, "")
    known.refuse_wrong_keys()


def test_a_database_of_before_keys_were_known_is_tried(settings: Any, home: Path) -> None:
    person(1)
    settings.FIELD_KEYS = NEW
    with pytest.raises(KeyTrouble, match="does not open"):
        known.refuse_wrong_keys()
    settings.FIELD_KEYS = OLD
    known.refuse_wrong_keys()


def test_the_wrong_index_key_is_noticed_where_none_is_known(settings: Any, home: Path) -> None:
    """As on the upgrade to the release that notes keys: a wrong one would be noted for good."""
    person(1)
    settings.INDEX_KEYS = NEW
    with pytest.raises(KeyTrouble, match=r"WEIYE_INDEX_KEYS.*does not make their indexes"):
        known.refuse_wrong_keys()
    assert known.known_keys("index") == []
    settings.INDEX_KEYS = OTHER
    known.refuse_wrong_keys()
    assert known.known_keys("index") == [parse(OTHER, "X").active.name]


@pytest.mark.parametrize("column", ["phone", "phone_index"])
def test_a_damaged_first_value_is_not_blamed_on_the_key(
    settings: Any, home: Path, column: str
) -> None:
    first, *_ = [person(n) for n in range(4)]
    broken: Any = b"\x02nonsense" if column == "phone" else "0" * 64
    with fence(system()), connection.cursor() as cursor:
        cursor.execute(f"UPDATE people_person SET {column} = %s WHERE id = %s", [broken, first.pk])
    for kind, wrong in (("FIELD_KEYS", NEW), ("INDEX_KEYS", NEW)):
        setattr(settings, kind, wrong)
        with pytest.raises(KeyTrouble):
            known.refuse_wrong_keys()
        setattr(settings, kind, "")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM privacy_knownkey")
    known.refuse_wrong_keys()


def test_a_key_that_was_noted_wrongly_is_rotated_away(settings: Any, home: Path) -> None:
    """As docs/privacy.md tells: the right key first, the wrong one behind it, and rotate."""
    before = person(1)
    known.refuse_wrong_keys()
    known.remember("index", parse(NEW, "X").active.name)
    settings.INDEX_KEYS = NEW
    meanwhile = person(2)
    settings.INDEX_KEYS = OTHER
    with pytest.raises(KeyTrouble, match="lacks the key"):
        known.refuse_wrong_keys()
    settings.INDEX_KEYS = f"+{OTHER},{NEW}"
    rotate("index")
    settings.INDEX_KEYS = OTHER
    known.refuse_wrong_keys()
    assert known.known_keys("index") == [parse(OTHER, "X").active.name]
    assert found("379901199001010001") == [before.pk]
    assert found("379901199001010002") == [meanwhile.pk]


def test_once_none_of_the_first_form_is_left_such_values_are_refused(home: Path) -> None:
    """They open in any column: who may write one would move a value to where he may read it."""
    from tests.base.privacy.test_fields import _first_form

    one = person(1)
    raw = _first_form(b"20000000001", bytes.fromhex(OLD))

    def put() -> None:
        with fence(system()), connection.cursor() as cursor:
            cursor.execute("UPDATE people_person SET phone = %s WHERE id = %s", [raw, one.pk])

    put()
    with fence(system()):
        assert known.end_first_form("default") == ["people_person.phone"]
        assert Person.objects.get(pk=one.pk).phone == "20000000001"
    rotate("field")
    assert known.known_keys("form") == ["2"]
    put()
    with fence(system()), pytest.raises(Undecipherable, match="first form"):
        Person.objects.get(pk=one.pk)
    # Another program learns it when it starts.
    cipher.refuse_first_form(False)
    known.refuse_wrong_keys()
    with fence(system()), pytest.raises(Undecipherable, match="first form"):
        Person.objects.get(pk=one.pk)


def test_an_installation_without_values_of_the_first_form_never_reads_any(home: Path) -> None:
    person(1)
    with fence(system()):
        assert known.end_first_form("default") == []
    assert known.known_keys("form") == ["2"]


def test_status_says_how_far_it_is(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = rotation.status  # the test's rows are seen by its own connection alone
    monkeypatch.setattr(rotation, "status", lambda kind, using: here(kind))
    for number in range(3):
        person(number)
    known.refuse_wrong_keys()
    assert command.main(["rotate", "--status"]) == 0
    assert "people_person: 3 of 3 under the active key" in capsys.readouterr().out
    home.write_text(json.dumps({"field_key": f"+{NEW},{OLD}", "index_key": OTHER}))
    ring("field", fresh=True)
    assert command.main(["rotate", "--status"]) == 0
    said = capsys.readouterr().out
    assert "people_person: 0 of 3 under the active key" in said
    assert OLD not in said
    assert NEW not in said


def test_without_the_old_key_its_values_are_lost(home: Path) -> None:
    one = person(1)
    home.write_text(json.dumps({"field_key": NEW, "index_key": OTHER}))
    ring("field", fresh=True)
    with fence(system()), pytest.raises(Undecipherable):
        Person.objects.get(pk=one.pk)


def test_two_rotations_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    import psycopg

    here = connection.get_connection_params()
    login = {k: here[k] for k in ("host", "port", "user", "password", "dbname") if here.get(k)}
    with psycopg.connect(**login, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('weiye.keys.rotate', 7))")
        with pytest.raises(rotation.RotationStopped, match="Another"):
            rotate("field")


def test_the_wait_is_for_older_transactions_alone(home: Path) -> None:
    """A transaction of before is waited for, and no longer than it lasts."""
    import psycopg

    here = connection.get_connection_params()
    login = {k: here[k] for k in ("host", "port", "user", "password", "dbname") if here.get(k)}
    other = psycopg.connect(**login)
    other.execute("SELECT 1")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.rollback()

    said: list[str] = []
    rotation._Rotation("field", "default", said.append, wait)._settle()
    other.close()
    assert said == ["waiting for 1 transactions of before to end"]
    assert len(waits) >= 3
