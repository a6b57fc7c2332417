"""Contacts are counted once, whatever happens to the form; files move as the table says."""

import threading
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections

from tests.services.assistance import world
from tests.services.assistance.world import DAY
from tests.world import A, account, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.assistance import actions, queries
from weiye.services.assistance.models import AssistanceFile, Contact, ListEntry

OPENED = DAY - timedelta(days=100)


def make_file(quota: str = "12333") -> AssistanceFile:
    unit = Unit.objects.get(code=A)
    person = Person.objects.create(
        unit=unit, unit_path=unit.path, name="演示人", source="test", as_of=DAY
    )
    return AssistanceFile.objects.create(
        person=person,
        unit_path=unit.path,
        opened_on=OPENED,
        opened_because="登记失业人员",
        source="test",
        quota=quota,
    )


def contact(me: Any, file: AssistanceFile, **changes: Any) -> Contact:
    values: dict[str, Any] = {
        "kind": "guidance",
        "way": "visit",
        "on": DAY,
        "note": "谈了求职打算",
        "token": uuid.uuid4(),
        "today": DAY,
    } | changes
    return actions.record_contact(actor=me, file_id=file.pk, **values)


@pytest.fixture
def me() -> Iterator[Any]:
    found = actor("worker-a")
    with fence(found):
        yield found


@pytest.mark.django_db
@pytest.mark.requirement("AID-3")
def test_recorded_with_date_worker_and_note_and_counted(me: Any) -> None:
    file = make_file()
    entry = ListEntry.objects.create(
        file=file,
        unit_path=file.unit_path,
        kind="job",
        subject="1",
        rank=1,
        title="t",
        reasons=[],
        added_on=DAY,
    )
    found = contact(me, file, entries=[entry.pk])
    assert (found.worker_name, found.entries, found.unit_path) == (
        me.name,
        [entry.pk],
        file.unit_path,
    )
    assert AuditEntry.objects.filter(verb="contact.record", thing_id=str(found.pk)).count() == 1
    contact(me, file, note="又谈一次")
    progress = queries.quota_progress(file, as_of=DAY)
    assert progress is not None
    assert {k.kind: k.done for k in progress.kinds} == {
        "policy": 0,
        "guidance": 1,
        "vacancy": 0,
        "training": 0,
    }
    actions.withdraw_contact(actor=me, contact_id=found.pk, reason="记错了人")
    progress = queries.quota_progress(file, as_of=DAY)
    assert progress is not None and progress.done == 1
    assert Contact.objects.filter(file=file).count() == 2


@pytest.mark.django_db
@pytest.mark.requirement("AID-3")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"on": DAY + timedelta(days=1)}, "on"),
        ({"on": OPENED - timedelta(days=1)}, "on"),
        ({"note": "  "}, "note"),
        ({"note": "长" * 501}, "note"),
        ({"kind": "tea"}, "kind"),
        ({"way": "dream"}, "way"),
        ({"entries": [999999]}, "entries"),
    ],
)
def test_refused_with_a_sentence_at_the_field(me: Any, changes: dict[str, Any], field: str) -> None:
    file = make_file()
    with pytest.raises(ValidationError) as error:
        contact(me, file, **changes)
    assert list(error.value.message_dict) == [field]
    assert not Contact.objects.filter(file=file).exists()


@pytest.mark.django_db
@pytest.mark.requirement("AID-3")
def test_the_same_form_twice_is_one_contact(me: Any) -> None:
    file, token = make_file(), uuid.uuid4()
    assert contact(me, file, token=token).pk == contact(me, file, token=token).pk
    assert Contact.objects.filter(file=file).count() == 1
    with pytest.raises(ValidationError, match="已经用过"):
        contact(me, make_file(), token=token)


@pytest.mark.django_db
def test_who_may_record_and_withdraw(me: Any) -> None:
    file = make_file()
    found = contact(me, file)
    city = actor("city")
    with fence(city), pytest.raises(NotAllowed):
        contact(city, file)
    grid = actor("grid-a")
    with fence(grid):
        with pytest.raises(ValidationError, match="自己的记录"):
            actions.withdraw_contact(actor=grid, contact_id=found.pk, reason="x")
        own = contact(grid, file)
        actions.withdraw_contact(actor=grid, contact_id=own.pk, reason="记错")
    neighbour = actor("worker-b")
    with fence(neighbour), pytest.raises(AssistanceFile.DoesNotExist):
        contact(neighbour, file)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[AssistanceFile]:
    """A file that other connections see; taken away afterwards by the owner."""
    with django_db_blocker.unblock():
        me = actor("worker-a")
        with fence(me):
            file = make_file()
        try:
            yield file
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("DELETE FROM assistance_contact WHERE file_id = %s", [file.pk])
                cursor.execute("DELETE FROM assistance_assistancefile WHERE id = %s", [file.pk])
                cursor.execute("DELETE FROM people_person WHERE id = %s", [file.person_id])
                cursor.execute("DELETE FROM audit_auditentry WHERE verb = 'contact.record'")
            connections.close_all()


@pytest.mark.requirement("AID-3")
def test_the_same_form_at_the_same_moment_is_one_contact(committed: AssistanceFile) -> None:
    me, token = actor("worker-a"), uuid.uuid4()
    start, found, errors = threading.Barrier(4), [], []

    def send() -> None:
        try:
            start.wait()
            with fence(me):
                found.append(contact(me, committed, token=token).pk)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(found) == 4
    assert len(set(found)) == 1
    with fence(me):
        assert Contact.objects.filter(file=committed).count() == 1


@pytest.mark.django_db
@pytest.mark.requirement("AID-1")
def test_closing_reopening_and_handing_over(me: Any) -> None:
    file = make_file()
    with pytest.raises(ValidationError, match="原因"):
        actions.close_file(actor=me, file_id=file.pk, reason=" ", on=DAY)
    closed = actions.close_file(actor=me, file_id=file.pk, reason="已稳定就业", on=DAY)
    assert (closed.state, closed.closed_on) == ("closed", DAY)
    with pytest.raises(ValidationError, match="已经结案"):
        actions.close_file(actor=me, file_id=file.pk, reason="再结一次", on=DAY)
    with pytest.raises(ValidationError, match="已结案"):
        contact(me, file)
    reopened = actions.reopen_file(actor=me, file_id=file.pk, reason="又失业了")
    assert (reopened.state, reopened.closed_on, reopened.closed_because) == ("open", None, "")
    verbs = AuditEntry.objects.filter(thing_type="assistancefile", thing_id=str(file.pk))
    assert list(verbs.order_by("id").values_list("verb", flat=True)) == [
        "file.close",
        "file.reopen",
    ]
    grid = account("grid-a")
    assert {w.username for w in queries.workers(me, path=file.unit_path)} == {"grid-a", "worker-a"}
    assert actions.reassign_file(actor=me, file_id=file.pk, account_id=grid.pk).worker_id == grid.pk
    with pytest.raises(ValidationError, match="不负责"):
        actions.reassign_file(actor=me, file_id=file.pk, account_id=account("worker-b").pk)


@pytest.mark.django_db
@pytest.mark.requirement("AID-3")
def test_today_puts_the_worst_first_and_summary_adds_up(me: Any) -> None:
    worst, better, fine = make_file(), make_file(), make_file()
    make_file(quota="")
    AssistanceFile.objects.filter(pk=worst.pk).update(opened_on=date(2024, 9, 1))
    AssistanceFile.objects.filter(pk=better.pk).update(opened_on=date(2025, 2, 1))
    AssistanceFile.objects.filter(pk=fine.pk).update(opened_on=DAY)
    found = queries.today(me, as_of=DAY)
    assert [line.file_id for line in found.behind] == [worst.pk, better.pk]
    assert "落后" in found.behind[0].why
    assert (found.files, found.owing, found.behind_count, found.complete) == (4, 3, 2, 0)
    assert found.opened_count == 1
    lines = queries.summary_by_unit(me, as_of=DAY)
    assert [(x.people, x.files, x.owing, x.behind) for x in lines] == [(4, 4, 3, 2)]
    rows = queries.ledger(me, as_of=DAY).filter(behind__gt=0).order_by("-behind")
    assert [row.file_id for row in rows] == [worst.pk, better.pk]
    assert rows[0].progress["owed"] == 11
    assert world.DAY == DAY
