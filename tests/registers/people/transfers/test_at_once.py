"""Two at the same moment: real connections, real waiting."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone

from tests.registers.people.transfers.making import asked, home, other_side, unit
from tests.services.exchange.making import id_number, xlsx
from tests.world import A, B, C, account, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn
from weiye.registers.people.models import Person
from weiye.registers.people.transfers import actions, moving
from weiye.registers.people.transfers.models import TransferRequest
from weiye.services.assistance.actions import run_pipeline
from weiye.services.assistance.models import AssistanceFile
from weiye.services.exchange import actions as exchange
from weiye.services.exchange.models import ImportBatch

pytestmark = pytest.mark.requirement("ORG-2")

# And every table that refers to them.
EMPTIED = (
    "people_household",
    "people_person",
    "exchange_importbatch",
    "runs_run",
    "files_storedfile",
)


@pytest.fixture
def real(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows that other connections see; taken away afterwards by the owner."""
    with django_db_blocker.unblock():
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM audit_auditentry")
            last = cursor.fetchone()[0]
        try:
            yield
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute(f"TRUNCATE {', '.join(EMPTIED)} CASCADE")
                cursor.execute("DELETE FROM audit_auditentry WHERE id > %s", [last])
                cursor.execute("DELETE FROM accounts_emergencyreview")
                cursor.execute("DELETE FROM accounts_membership WHERE origin <> 'grant'")
                cursor.execute("DELETE FROM procrastinate_events")
                cursor.execute("DELETE FROM procrastinate_jobs")
            connections.close_all()


def together(*works: Callable[[], Any]) -> tuple[list[Any], list[Exception]]:
    """Run each in a thread with a connection of its own, at the same moment."""
    start, results, errors = threading.Barrier(len(works)), [], []

    def run(work: Callable[[], Any]) -> None:
        try:
            start.wait()
            results.append(work())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, errors


def accepting(username: str, row: TransferRequest) -> Callable[[], TransferRequest]:
    who = actor(username)

    def work() -> TransferRequest:
        with fence(who):
            return actions.accept(actor=who, transfer_id=row.pk)

    return work


def moves(person: Person) -> int:
    with fence(system()):
        return AuditEntry.objects.filter(verb="person.moved_in", thing_id=str(person.pk)).count()


def test_a_double_click_and_two_clerks_book_once(real: None) -> None:
    person = home(count=2)[0]
    row = other_side(asked(actor("worker-b"), person, B, household=True))
    results, errors = together(
        accepting("worker-a", row), accepting("worker-a", row), accepting("worker-a", row)
    )
    assert errors == []
    assert {found.state for found in results} == {"accepted"}
    assert moves(person) == 1
    with fence(system()):
        assert moving.left_behind([person.pk]) == {}


def test_two_who_answer_differently_one_answer_holds(real: None) -> None:
    person = home()[0]
    row = other_side(asked(actor("worker-b"), person, B))
    who = actor("worker-a")

    def refusing() -> TransferRequest:
        with fence(who):
            return actions.refuse(actor=who, transfer_id=row.pk, note="不同意")

    results, errors = together(accepting("worker-a", row), refusing)
    assert len(results) == 1
    assert all(isinstance(error, ValidationError) for error in errors)
    assert moves(person) == (results[0].state == "accepted")


def test_two_communities_one_person(real: None) -> None:
    """B's and C's requests, accepted at the same moment: one gets the person, the other is told."""
    person = home()[0]
    rows = [
        other_side(asked(actor(f"worker-{to}"), person, code)) for to, code in (("b", B), ("c", C))
    ]
    results, errors = together(*(accepting("worker-a", row) for row in rows))
    assert len(results) == 1
    assert all(isinstance(error, ValidationError) for error in errors)
    assert moves(person) == 1
    with fence(system()):
        states = sorted(TransferRequest.objects.values_list("state", flat=True))
    assert states == ["accepted", "accepted", "refused", "refused"]


def test_the_same_ask_at_the_same_moment_is_one_request(real: None) -> None:
    home()
    who = actor("worker-b")

    def asking() -> Any:
        with fence(who):
            return actions.ask(
                actor=who, to=unit(B), id_number=id_number(order=11), name="林一", reason="搬家"
            )

    results, errors = together(asking, asking, asking)
    assert errors == []
    assert len({found.request.pk for found in results}) == 1


@pytest.mark.parametrize("code", [A, B])
def test_an_import_at_the_same_moment_neither_loses_nor_doubles(real: None, code: str) -> None:
    """Whoever comes first: the person is there once, and so is what belongs to the person."""
    person = home()[0]
    row = other_side(asked(actor("worker-b"), person, B))
    importer = actor("worker-a" if code == A else "worker-b")
    content = xlsx([["姓名", "身份证号", "联系电话"], ["林一", id_number(order=11), "20000000001"]])
    with fence(importer):
        batch = exchange.upload(
            actor=importer, unit=unit(code), kind="roster", name="名册.xlsx", content=content
        )
        batch = exchange.check_now(actor=importer, batch_id=batch.pk)

    def importing() -> ImportBatch:
        with fence(importer):
            return exchange.commit_now(actor=importer, batch_id=batch.pk)

    _, errors = together(accepting("worker-a", row), importing)
    assert errors == []
    with fence(system()):
        (found,) = Person.objects.all()
        assert found.pk == person.pk
        assert found.unit_path == unit(B).path
        assert moving.left_behind([person.pk]) == {}
        assert AssistanceFile.objects.get().unit_path == unit(B).path
    assert moves(person) == 1


@pytest.mark.parametrize("code", [A, B])
def test_a_refresh_of_the_lists_at_the_same_moment(real: None, code: str) -> None:
    person = home()[0]
    row = other_side(asked(actor("worker-b"), person, B))

    def refreshing() -> None:
        with fence(system()):
            run_pipeline(actor=system(), path=unit(code).path, as_of=timezone.localdate())

    _, errors = together(accepting("worker-a", row), refreshing)
    assert errors == []
    with fence(system()):
        assert moving.left_behind([person.pk]) == {}
        assert AssistanceFile.objects.filter(person=person).count() == 1
        assert AssistanceFile.objects.get(person=person).worker == account("worker-b")


def test_who_waits_too_long_is_told_and_nothing_has_changed(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions.deciding, "PATIENCE", 1)
    person = home()[0]
    row = other_side(asked(actor("worker-b"), person, B))
    held, done = threading.Event(), threading.Event()

    def importing() -> None:
        with fence(system()):
            take_turn("people.import", unit(B).path)
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=importing)
    thread.start()
    held.wait(20)
    try:
        with pytest.raises(ValidationError, match="正在导入"):
            accepting("worker-a", row)()
    finally:
        done.set()
        thread.join()
    assert moves(person) == 0
    assert accepting("worker-a", row)().state == "accepted"


def test_emergencies_claimed_at_the_same_moment_are_counted(real: None) -> None:
    from weiye.base.accounts import emergency
    from weiye.base.accounts.emergency_models import EmergencyReview

    who = actor("worker-b")
    codes = (A, C)

    def claiming(code: str) -> Callable[[], Any]:
        def work() -> Any:
            with fence(who):
                return emergency.claim(
                    actor=who, unit=unit(code), category="safety", reason="居民突发疾病需要联系家属"
                )

        return work

    _, errors = together(*(claiming(code) for code in (*codes, *codes)))
    assert errors == []
    with fence(system()):
        assert EmergencyReview.objects.count() == 2
