"""A person moves between units: asked, answered, moved with everything, or not at all."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.registers.people.transfers.making import DAY, REASON, asked, home, other_side, unit
from tests.services.exchange.making import id_number
from tests.world import SIGNS, A, B, C, D, E, actor, path_of
from weiye.base.accounts.actions import reset_password
from weiye.base.accounts.models import Account, Membership
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import Actor, NotAllowed, below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import scoped_models
from weiye.registers.people import residents
from weiye.registers.people.models import Household, Person, WorkWish
from weiye.registers.people.transfers import actions, moving, queries
from weiye.registers.people.transfers.models import TransferRequest, TransferState
from weiye.registers.people.transfers.states import MOVES, Party
from weiye.services.assistance.models import AssistanceFile

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]


def raw(who: Actor, table: str, where: str = "true") -> int:
    """How many rows of a table the database itself shows."""
    with fence(who), connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {where}')
        return cursor.fetchone()[0]


def accept(who: Actor, row: TransferRequest, **more: object) -> TransferRequest:
    with fence(who):
        return actions.accept(actor=who, transfer_id=row.pk, **more)  # type: ignore[arg-type]


# --- what each side learns ------------------------------------------------------------------------


def test_who_asks_learns_nothing_of_where() -> None:
    """The answer is the same for a neighbour, another county and another city."""
    b = actor("worker-b")
    rows = [asked(b, home(code, order=order)[0], B) for code, order in ((A, 11), (D, 21), (E, 31))]
    for row in rows:
        assert (row.other_unit_id, row.person_id, row.escalated_to_id) == (None, None, None)
        told = {
            field.name: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if field.name not in ("id", "request", "masked_id", "id_index", "asked_at")
            and not field.name.endswith("s_at")
        }
        assert told == {
            field.name: getattr(rows[0], field.attname)
            for field in row._meta.concrete_fields
            if field.name in told
        }
    with fence(b):
        assert queries.begun(b).count() == 3
        assert Person.objects.count() == 0


def test_asking_costs_the_same_statements_wherever_the_person_is() -> None:
    b = actor("worker-b")
    people = [home(code, order=order)[0] for code, order in ((A, 11), (D, 21), (E, 31))]
    with fence(system()):
        numbers = [Person.objects.get(pk=person.pk).id_number for person in people]
    counts = set()
    for person, number in zip(people, numbers, strict=True):
        with fence(b), CaptureQueriesContext(connection) as captured:
            actions.ask(actor=b, to=unit(B), id_number=number, name=person.name, reason=REASON)
        counts.add(len(captured))
    assert len(counts) == 1


def test_the_database_keeps_what_an_ask_may_not_tell() -> None:
    from django.db import IntegrityError

    row = asked(actor("worker-b"), home()[0], B)
    with pytest.raises(IntegrityError), transaction.atomic(), fence(system()):
        TransferRequest.objects.filter(pk=row.pk).update(other_unit=unit(A))


def test_the_holding_side_sees_who_asks_for_whom() -> None:
    person = home()[0]
    row = asked(actor("worker-b"), person, B)
    a = actor("worker-a")
    with fence(a):
        waiting = list(queries.waiting(a))
        page = queries.transfer(a, waiting[0].pk)
        entry = AuditEntry.objects.get(verb="transfer.asked_for", thing_id=str(person.pk))
    assert [one.request for one in waiting] == [row.request]
    assert page.person == person
    assert page.row.other_unit == unit(B)
    assert page.party == Party.ANSWERS
    assert page.verbs == {"transfer.accept", "transfer.refuse"}
    assert entry.actor_name == "worker-b"


def test_nobody_else_sees_a_request_and_the_unit_above_sees_both() -> None:
    asked(actor("worker-b"), home()[0], B)
    table = TransferRequest._meta.db_table
    assert raw(actor("worker-c"), table) == 0
    assert raw(actor("worker-d"), table) == 0
    assert raw(actor("worker-a"), table) == raw(actor("worker-b"), table) == 1
    assert raw(actor("clerk"), table) == raw(actor("county"), table) == 2


def test_a_wrong_number_a_free_one_and_ones_own() -> None:
    b = actor("worker-b")
    common = {"actor": b, "to": unit(B), "name": "林一", "reason": REASON}
    with fence(b):
        with pytest.raises(ValidationError, match="校验位"):
            actions.ask(id_number=id_number()[:-1] + "0", **common)
        with pytest.raises(ValidationError, match="出生日期还没有到"):
            actions.ask(id_number=id_number(date(2099, 1, 1)), **common)
        assert actions.ask(id_number=id_number(order=77), **common).outcome == "nowhere"
    own = home(B, order=41)[0]
    with fence(b):
        found = actions.ask(id_number=Person.objects.get().id_number, **common)
    assert (found.outcome, found.person_id) == ("here", own.pk)
    assert raw(system(), TransferRequest._meta.db_table) == 0
    with fence(b):
        assert AuditEntry.objects.filter(verb="transfer.ask").count() == 2


def test_asks_of_a_day_are_counted_whatever_they_find() -> None:
    b, now = actor("worker-b"), timezone.now()
    common = {"actor": b, "to": unit(B), "name": "林一", "reason": REASON}
    with fence(b):
        for order in range(100, 120):
            actions.ask(id_number=id_number(order=order), now=now, **common)
        with pytest.raises(ValidationError, match="已满20次"):
            actions.ask(id_number=id_number(order=130), now=now, **common)
        # By roster it is another count, and what is too much is left, not lost.
        many = [actions.Ask(unit(B), id_number(order=order), "林") for order in range(200, 203)]
        assert actions.ask_many(actor=b, asks=many, reason=REASON)["nowhere"] == 3
        later = now + timedelta(days=1)
        assert actions.ask(id_number=id_number(order=131), now=later, **common).outcome == "nowhere"


def test_asking_twice_is_one_request() -> None:
    person = home()[0]
    b = actor("worker-b")
    assert asked(b, person, B).pk == asked(b, person, B).pk
    assert raw(system(), TransferRequest._meta.db_table) == 2


# --- moving ---------------------------------------------------------------------------------------


def test_everything_moves_and_nothing_is_left_behind() -> None:
    first, second = home(count=2)
    a, b = actor("worker-a"), actor("worker-b")
    row = asked(b, first, B, household=True, address="和平路9号")
    tables = [
        "people_person",
        "people_household",
        *(t.model._meta.db_table for t in moving.hanging()),
    ]
    before = {table: raw(a, table) for table in tables}
    assert before["people_person"] == 2
    assert all(raw(b, table) == 0 for table in tables)
    done = accept(a, other_side(row))
    assert (done.state, done.people) == ("accepted", 2)
    assert {table: raw(b, table) for table in tables} == before
    assert all(raw(a, table) == 0 for table in tables)
    with fence(system()):
        assert moving.left_behind([first.pk, second.pk]) == {}
        moved = Person.objects.select_related("household", "unit").get(pk=first.pk)
        file = AssistanceFile.objects.select_related("worker").get(person=first)
    assert (moved.unit.path, moved.household.unit_path) == (path_of(B), path_of(B))
    # What was said of the old home no longer holds.
    assert (moved.address, moved.lon, moved.point_source) == ("和平路9号", None, "")
    assert file.worker.username == "worker-b"
    with fence(b):
        mine = TransferRequest.objects.get(pk=row.pk)
        assert (mine.other_unit, mine.person_id) == (unit(A), first.pk)
    with fence(a):
        assert TransferRequest.objects.get().person_id is None
        # The log of what was done in A stays in A.
        verbs = set(AuditEntry.objects.values_list("verb", flat=True))
        assert {"transfer.asked_for", "transfer.accept", "person.moved_out"} <= verbs


def test_the_residents_own_account_goes_along() -> None:
    first, second = home(count=2)
    a, b = actor("worker-a"), actor("worker-b")
    with fence(a):
        opened = residents.open_account(actor=a, person_id=first.pk)
        stays = residents.open_account(actor=a, person_id=second.pk)
        residents.open_account(actor=a, person_id=first.pk)  # leaves a former password behind
    tables = ("accounts_account", "accounts_membership", "accounts_formerpassword")
    key = opened.account.pk
    wheres = dict(zip(tables, (f"id = {key}", *[f"account_id = {key}"] * 2), strict=True))
    assert all(raw(a, table, where) == 1 for table, where in wheres.items())
    assert all(raw(b, table, where) == 0 for table, where in wheres.items())
    accept(a, other_side(asked(b, first, B)))
    assert all(raw(b, table, where) == 1 for table, where in wheres.items())
    assert all(raw(a, table, where) == 0 for table, where in wheres.items())
    assert raw(a, "accounts_account", f"id = {stays.account.pk}") == 1
    held = residents.membership_of(first.pk)
    assert held is not None
    assert (held.unit, held.account.unit, held.account.unit_path) == (unit(B), unit(B), path_of(B))
    assert held.account.moved_at is not None
    # The new community hands out a password, the old one sees neither person nor account.
    with fence(b):
        again = residents.open_account(actor=b, person_id=first.pk)
    assert (again.new, again.account.pk) == (False, key)
    with fence(a):
        with pytest.raises(Account.DoesNotExist):
            reset_password(actor=a, account_id=key)
        with pytest.raises(Person.DoesNotExist):
            residents.open_account(actor=a, person_id=first.pk)
    with fence(system()):
        told = AuditEntry.objects.filter(verb__in=("membership.move", "account.move"))
        assert sorted(told.values_list("verb", "unit_path", "thing_id")) == [
            (verb, path, str(key))
            for verb in ("account.move", "membership.move")
            for path in sorted((path_of(A), path_of(B)))
        ]
        assert set(told.filter(verb="membership.move").values_list("person_id", flat=True)) == {
            first.pk
        }


def test_whoever_works_elsewhere_as_well_keeps_the_home_of_the_account() -> None:
    first = home()[0]
    a, b = actor("worker-a"), actor("worker-b")
    with fence(a):
        key = residents.open_account(actor=a, person_id=first.pk).account.pk
    with fence(system()):
        Membership.objects.create(
            account_id=key, role="grid_worker", unit=unit(A), unit_path=path_of(A)
        )
    accept(a, other_side(asked(b, first, B)))
    with fence(system()):
        assert Account.objects.get(pk=key).unit == unit(A)
        rows = Membership.objects.filter(account_id=key).order_by("pk")
        assert [row.unit for row in rows] == [unit(B), unit(A)]


def test_alone_leaves_the_household_and_the_last_one_takes_it_away() -> None:
    first, second = home(count=2)
    a = actor("worker-a")
    accept(a, other_side(asked(actor("worker-b"), first, B)))
    with fence(system()):
        assert Person.objects.get(pk=first.pk).household_id is None
        assert Person.objects.get(pk=second.pk).household_id is not None
    accept(a, other_side(asked(actor("worker-c"), second, C)))
    with fence(system()):
        assert not Household.objects.filter(pk=second.household_id).exists()


def test_a_household_number_taken_there_stays_apart() -> None:
    there = home(B, "370000009", order=51)[0]
    first = home(A, "370000009")[0]
    accept(actor("worker-a"), other_side(asked(actor("worker-b"), first, B, household=True)))
    with fence(system()):
        numbers = Household.objects.filter(unit_path=path_of(B)).values_list("number", flat=True)
        assert sorted(numbers) == ["370000009", "370000009-迁2"]
        assert Person.objects.get(pk=there.pk).household_id == there.household_id


def test_the_introspection_finds_every_fenced_table_that_hangs_on_a_person() -> None:
    """Independent of `moving`: by the database's own foreign keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE hang(oid) AS (
                SELECT conrelid FROM pg_constraint
                WHERE contype = 'f' AND confrelid = 'people_person'::regclass
                UNION
                SELECT c.conrelid FROM pg_constraint c JOIN hang h ON c.confrelid = h.oid
                WHERE c.contype = 'f' AND c.conrelid <> 'people_person'::regclass
            )
            SELECT DISTINCT h.oid::regclass::text FROM hang h
            JOIN pg_attribute a ON a.attrelid = h.oid AND a.attname = 'unit_path'
            """
        )
        tables = {row[0] for row in cursor.fetchall()}
    tables -= {"people_transferrequest"}
    # What stays with the unit that it was told to says so itself.
    tables -= {m._meta.db_table for m in scoped_models() if not getattr(m, "follows_person", True)}
    found = {table.model._meta.db_table for table in moving.hanging()}
    assert tables <= found
    assert {"people_workwish", "assistance_contact", "assistance_listentry"} <= found
    assert "audit_auditentry" not in found


def test_other_requests_for_the_same_person_end() -> None:
    person = home()[0]
    b, c = asked(actor("worker-b"), person, B), asked(actor("worker-c"), person, C)
    accept(actor("worker-a"), other_side(b))
    with fence(actor("worker-c")):
        ended = TransferRequest.objects.get(pk=c.pk)
    assert (ended.state, ended.decided_by_name) == ("refused", "")
    assert ended.other_unit_id is None


def test_a_person_gone_in_the_meantime_is_not_moved() -> None:
    person = home()[0]
    row = other_side(asked(actor("worker-b"), person, B))
    with fence(system()):
        moving.move(
            Person.objects.get(pk=person.pk),
            to=unit(C),
            household=False,
            address="",
            on=DAY,
            actor=system(),
        )
    with pytest.raises(ValidationError, match="已不在原社区"):
        accept(actor("worker-a"), row)
    with fence(system()):
        assert TransferRequest.objects.get(pk=row.pk).state == TransferState.ASKED


def test_sending_tells_the_other_side_name_and_masked_number() -> None:
    person = home()[0]
    a, b = actor("worker-a"), actor("worker-b")
    with fence(a):
        with pytest.raises(ValidationError, match="已经在这个社区"):
            actions.send(actor=a, person_id=person.pk, to=unit(A), reason="搬家")
        sent = actions.send(actor=a, person_id=person.pk, to=unit(B), reason="搬家")
        again = actions.send(actor=a, person_id=person.pk, to=unit(B), reason="搬家")
    assert sent.pk == again.pk
    with fence(b):
        (row,) = queries.waiting(b)
        assert (row.name, row.other_unit) == (person.name, unit(A))
        assert "19800101" not in row.masked_id
        assert Person.objects.count() == 0
    accept(b, row)
    with fence(b):
        assert Person.objects.get().pk == person.pk


def test_forged_ids_reach_nothing() -> None:
    person = home()[0]
    row = asked(actor("worker-b"), person, B)
    for name in ("worker-c", "worker-d", "worker-e", "city", "worker-b"):
        who = actor(name)
        for pk in (row.pk, other_side(row).pk, 10**9):
            with (
                fence(who),
                pytest.raises((TransferRequest.DoesNotExist, NotAllowed, ValidationError)),
            ):
                actions.accept(actor=who, transfer_id=pk)
    for name in ("worker-b", "worker-d"):
        who = actor(name)
        with fence(who), pytest.raises(Person.DoesNotExist):
            actions.send(actor=who, person_id=person.pk, to=unit(B), reason="x")
    who = actor("worker-b")
    with fence(who), pytest.raises(NotAllowed):
        actions.ask(actor=who, to=unit(C), id_number=id_number(), name="x", reason="x")
    assert raw(actor("worker-a"), "people_person") == 1


# --- states ---------------------------------------------------------------------------------------

ACTIONS = {
    "transfer.accept": actions.accept,
    "transfer.refuse": actions.refuse,
    "transfer.withdraw": actions.withdraw,
}


@pytest.mark.parametrize("verb", sorted(ACTIONS))
@pytest.mark.parametrize("state", TransferState.values)
def test_every_state_verb_and_role(state: str, verb: str) -> None:
    """Who may do what, when: written out here once more, apart from the table."""
    now = timezone.now()
    # Between streets of one county, so that street and county differ.
    row = asked(actor("worker-c"), home()[0], C)
    sides = {"in": row, "out": other_side(row)}
    with fence(system()):
        TransferRequest.objects.update(
            state=state, decided_at=None if state in ("asked", "escalated") else now
        )
    for sign in SIGNS:
        who = actor(sign.username)
        sees_in = path_of(C).startswith(path_of(sign.unit)) and who.subject is None
        sees_out = path_of(A).startswith(path_of(sign.unit)) and who.subject is None
        answers = sees_out and (not sees_in or state == "escalated")
        expected = state in ("asked", "escalated") and (
            answers and who.can("transfers.decide")
            if verb != "transfer.withdraw"
            else sees_in and who.can("transfers.ask")
        )
        untouched = transaction.savepoint()
        results = []
        for side in ("out", "in"):
            try:
                with fence(who):
                    ACTIONS[verb](actor=who, transfer_id=sides[side].pk, note="说明", now=now)  # type: ignore[operator]
                results.append(True)
            except (ValidationError, NotAllowed, TransferRequest.DoesNotExist):
                results.append(False)
        with fence(system()):
            states = set(TransferRequest.objects.values_list("state", flat=True))
        transaction.savepoint_rollback(untouched)
        assert states == {str(MOVES[verb].target) if expected else state}, (sign, results)
        assert any(results) == expected, sign


def test_nobody_answers_the_own_request() -> None:
    """A clerk who asks from one community of the street for another's person."""
    clerk, now = actor("clerk"), timezone.now()
    row = asked(clerk, home()[0], B, now=now)
    late = now + timedelta(days=8)
    actions.sweep(now=late)
    with fence(clerk):
        assert not queries.waiting(clerk).exists()
        with pytest.raises(ValidationError, match="自己提出"):
            actions.accept(actor=clerk, transfer_id=row.pk, now=late)
    county = actor("county")
    with fence(county):
        (waiting,) = queries.waiting(county)
    assert accept(county, waiting, now=late).state == "accepted"


def test_time_takes_it_up_and_lets_it_lapse() -> None:
    now = timezone.now()
    near, far = home(A)[0], home(E, order=61)[0]
    b = actor("worker-b")
    mine = [asked(b, near, B, now=now), asked(b, far, B, now=now)]
    clerk = actor("clerk")
    with fence(clerk):
        assert not queries.waiting(clerk).exists()
        with pytest.raises(ValidationError, match="起由您单位"):
            actions.accept(actor=clerk, transfer_id=other_side(mine[0]).pk, now=now)
    nothing = {"escalated": 0, "expired": 0, "gathered": 0}
    assert actions.sweep(now=now + timedelta(days=6, hours=23)) == nothing
    late = now + timedelta(days=7)
    assert actions.sweep(now=late) == {"escalated": 2, "expired": 0, "gathered": 0}
    assert actions.sweep(now=late) == nothing
    with fence(system()):
        judges = [other_side(row).escalated_to.code for row in mine]
    # The street of both; where only the province is above both, the county that answers.
    assert judges == ["371002001000", "370102000000"]
    with fence(b):
        # Going up would tell how far away the person is.
        assert all(row.escalated_to_id is None for row in TransferRequest.objects.all())
    with fence(clerk):
        assert queries.waiting(clerk).count() == 1
    end = now + timedelta(days=30)
    with pytest.raises(ValidationError, match="期限"):
        accept(actor("worker-a"), other_side(mine[0]), now=end)
    assert actions.sweep(now=end) == {"escalated": 0, "expired": 2, "gathered": 0}
    with fence(b):
        assert {row.state for row in TransferRequest.objects.all()} == {"expired"}


def test_a_refusal_says_why_and_not_by_whom() -> None:
    row = asked(actor("worker-b"), home()[0], B)
    a = actor("worker-a")
    with fence(a):
        with pytest.raises(ValidationError, match="原因"):
            actions.refuse(actor=a, transfer_id=other_side(row).pk, note=" ")
        actions.refuse(actor=a, transfer_id=other_side(row).pk, note="本人仍在原处居住")
    with fence(actor("worker-b")):
        mine = TransferRequest.objects.get(pk=row.pk)
    assert (mine.decision, mine.decided_by_name, mine.decided_by) == ("本人仍在原处居住", "", None)
    lo, hi = below(path_of(B))
    with fence(actor("worker-b")):
        told = AuditEntry.objects.filter(
            unit_path__gte=lo, unit_path__lt=hi, verb="transfer.refuse"
        )
        assert {entry.actor_name for entry in told} == {"迁移办理"}


def test_what_was_added_in_the_moment_of_the_move_is_gathered() -> None:
    first, second = home(count=2)
    accept(actor("worker-a"), other_side(asked(actor("worker-b"), first, B, household=True)))
    with fence(system()):
        WorkWish.objects.filter(pk=first.pk).update(unit_path=path_of(A))
        WorkWish.objects.create(person=second, unit_path=path_of(A))
        assert moving.left_behind([first.pk, second.pk]) == {"people.WorkWish": 2}
    assert actions.sweep()["gathered"] == 2
    assert actions.sweep()["gathered"] == 0
    with fence(system()):
        assert moving.left_behind([first.pk, second.pk]) == {}
    assert raw(actor("worker-a"), "people_workwish") == 0
