"""Nobody learns of these records but those who look after the people (PPL-7)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from tests.services.assistance import world
from tests.world import A, B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.audit.queries import of_person, of_thing
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person, SensitiveRecord
from weiye.registers.people.sensitive import actions, queries
from weiye.registers.people.transfers import moving

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-7")]
DAY = date(2026, 6, 1)
SAID = actions.Said(
    "社区矫正", date(2026, 1, 1), None, "（2026）鲁刑执1号", "每月报到一次", "区司法局通知"
)
RIGHTS = {"people.list", "people.read", "sensitive.read", "sensitive.edit"}


@pytest.fixture
def justice() -> Actor:
    """A clerk of the street's 司法所."""
    return replace(actor("clerk"), role="justice_clerk", rights=frozenset(RIGHTS), account_id=None)


def person(name: str = "甲", code: str = A) -> Person:
    with fence(system()):
        return world.person(name, code=code)


def count() -> int:
    """Rows that the open transaction shows, by SQL alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_sensitiverecord")
        return int(cursor.fetchone()[0])


def test_raw_sql_without_the_right_shows_and_takes_nothing(justice: Actor) -> None:
    found = person()
    with fence(justice):
        row = actions.add(actor=justice, person_id=found.pk, said=SAID, today=DAY)
        assert count() == 1
    for name in ("worker-a", "grid-a", "clerk", "county", "city", "admin", "auditor", "resident-1"):
        me = actor(name)
        with fence(me):
            assert count() == 0, name
            with connection.cursor() as cursor:
                cursor.execute("UPDATE people_sensitiverecord SET source = 'x'")
                assert cursor.rowcount == 0
                cursor.execute("DELETE FROM people_sensitiverecord")
                assert cursor.rowcount == 0
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO people_sensitiverecord (unit_path, person_id, kind, during, "
                    "source, as_of, created_at) VALUES (%s, %s, '社区矫正', "
                    "'[2026-01-01,)', 'x', now(), now())",
                    [found.unit_path, found.pk],
                )
            assert not SensitiveRecord.objects.visible_to(me).exists()
            assert not queries.records(me).exists()
    # Out of the block the outer fence stands again: no right is left behind on the connection.
    with fence(justice):
        with fence(actor("worker-a")):
            assert count() == 0
        assert count() == 1
        row.refresh_from_db()
        assert row.source == SAID.source
    # Reading alone lets nobody change.
    reader = replace(justice, rights=frozenset(RIGHTS - {"sensitive.edit"}))
    with fence(reader), connection.cursor() as cursor:
        assert count() == 1
        cursor.execute("DELETE FROM people_sensitiverecord")
        assert cursor.rowcount == 0


def test_the_street_next_door_sees_nothing(justice: Actor) -> None:
    found = person()
    with fence(justice):
        actions.add(actor=justice, person_id=found.pk, said=SAID, today=DAY)
    other = replace(actor("clerk-c"), role="justice_clerk", rights=justice.rights)
    with fence(other):
        assert count() == 0
        with pytest.raises(Person.DoesNotExist):
            actions.open_person(actor=other, person_id=found.pk)


def test_without_the_right_every_door_is_shut(justice: Actor) -> None:
    found = person()
    with fence(justice):
        row = actions.add(actor=justice, person_id=found.pk, said=SAID, today=DAY)
    me = actor("worker-a")
    with fence(me):
        for call in (
            lambda: actions.open_list(actor=me, day=DAY),
            lambda: actions.open_person(actor=me, person_id=found.pk),
            lambda: actions.reveal(actor=me, record_id=row.pk, field="note", reason="x"),
            lambda: actions.add(actor=me, person_id=found.pk, said=SAID, today=DAY),
            lambda: actions.edit(actor=me, record_id=row.pk, said=SAID, today=DAY),
            lambda: actions.remove(actor=me, record_id=row.pk, why="x"),
            lambda: queries.find(actor=me, text="甲甲"),
            lambda: actions.reads(me, found.pk),
        ):
            with pytest.raises(NotAllowed):
                call()


def test_every_look_is_logged_and_the_log_names_nobody(justice: Actor) -> None:
    found, other = person("甲"), person("乙")
    with fence(justice):
        row = actions.add(actor=justice, person_id=found.pk, said=SAID, today=DAY)
        actions.open_list(actor=justice, day=DAY)
        actions.open_person(actor=justice, person_id=found.pk)
        actions.open_person(actor=justice, person_id=other.pk)
        assert (
            actions.reveal(actor=justice, record_id=row.pk, field="note", reason="走访前了解")
            == SAID.note
        )
        verbs = list(actions.reads(justice, found.pk).order_by("id").values_list("verb", flat=True))
        assert verbs == ["sensitive.add", "sensitive.list", "sensitive.read", "sensitive.reveal"]
    with fence(system()):
        told = list(AuditEntry.objects.filter(verb__startswith="sensitive.").order_by("id"))
        assert len(told) == 5
        for entry in told:
            assert entry.person_id is None and entry.unit_path == justice.path
            plain = f"{entry.thing_id} {entry.detail}"
            assert str(found.pk) not in plain.split() and "甲" not in plain
            assert SAID.note not in plain and SAID.kind not in plain
        # A look at somebody of whom there is nothing is logged just so.
        looks = [e for e in told if e.verb == "sensitive.read"]
        assert [set(e.detail) for e in looks] == [set(), set()]
        assert not of_person(actor=system(), person_id=found.pk).exists()
        assert not of_thing(actor=system(), kind="person", key=found.pk).exists()


def test_records_are_kept_sound(justice: Actor) -> None:
    found = person()
    with fence(justice):
        row = actions.add(actor=justice, person_id=found.pk, said=SAID, today=DAY)
        for said, words in (
            (replace(SAID, start=date(2026, 3, 1)), "已有同类记录"),
            (replace(SAID, kind="别的"), "请选择类别"),
            (replace(SAID, start=date(2027, 1, 1)), "不能晚于今天"),
            (replace(SAID, end=date(2026, 1, 1)), "应晚于开始"),
            (replace(SAID, kind="安置帮教", source=" "), "写明依据"),
        ):
            with pytest.raises(ValidationError, match=words):
                actions.add(actor=justice, person_id=found.pk, said=said, today=DAY)
        changed = replace(SAID, end=date(2026, 5, 1), document="", note="")
        actions.edit(actor=justice, record_id=row.pk, said=changed, today=DAY)
        row.refresh_from_db()
        assert (row.document, row.note) == (SAID.document, SAID.note)
        assert actions.open_list(actor=justice, day=DAY) == []
        assert actions.open_list(actor=justice, day=DAY, past=True) == [row]
        with pytest.raises(ValidationError, match="删除的原因"):
            actions.remove(actor=justice, record_id=row.pk, why=" ")
        actions.remove(actor=justice, record_id=row.pk, why="登记错人")
        assert count() == 0


def test_records_move_and_end_with_the_person_without_a_word(justice: Actor) -> None:
    found = person()
    with fence(justice):
        actions.add(actor=justice, person_id=found.pk, said=SAID, today=DAY)
    with fence(system()):
        to = Unit.objects.get(code=B)
        moving.move(
            Person.objects.get(pk=found.pk),
            to=to,
            household=False,
            address="",
            on=DAY,
            actor=system(),
        )
        assert SensitiveRecord.objects.get().unit_path == to.path
    # Deleting asks no right to see them.
    me = actor("worker-b")
    with fence(me), connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_statusperiod WHERE person_id = %s", [found.pk])
        cursor.execute("DELETE FROM people_person WHERE id = %s", [found.pk])
        assert cursor.rowcount == 1
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with fence(system()):
        assert count() == 0


def test_who_looks_after_them_is_no_sign_either(justice: Actor) -> None:
    """A look of theirs at a person's page is not shown to others: it would tell."""
    from weiye.registers.people import actions as people

    found: Any = person()
    with fence(justice):
        people.open_person(actor=justice, person_id=found.pk)
    me = actor("worker-a")
    with fence(me):
        people.open_person(actor=me, person_id=found.pk)
        shown = of_thing(actor=me, kind="person", key=found.pk)
        assert [entry.role for entry in shown] == ["station_worker"]
    with fence(justice):
        assert of_thing(actor=justice, kind="person", key=found.pk).count() == 2
