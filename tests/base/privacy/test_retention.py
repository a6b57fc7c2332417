"""Warn, grace, end: nothing too early, nothing in use, nothing that comes back."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tests.registers.people.transfers.making import asked, other_side
from tests.services.exchange.making import id_number
from tests.world import A, B, C, actor, path_of
from weiye.base.accounts.actions import create_account, grant_membership, switch_account
from weiye.base.audit.models import AuditEntry
from weiye.base.drafts.actions import save
from weiye.base.drafts.models import Draft
from weiye.base.files.actions import keep
from weiye.base.files.models import StoredFile
from weiye.base.privacy import retention, retention_command
from weiye.base.privacy.fields import blind_index
from weiye.base.privacy.jobs import start_sweep, work
from weiye.base.privacy.models import Notice
from weiye.base.privacy.pack import Retention, Span
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people import queries as people
from weiye.registers.people.frames import facts_frame
from weiye.registers.people.models import Household, Person, StatusPeriod, WorkWish
from weiye.registers.people.transfers import actions as transfers
from weiye.services.assistance.models import AssistanceFile, Contact, ListEntry
from weiye.services.exchange import preview
from weiye.services.exchange.models import ImportBatch

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]

TODAY = date(2026, 6, 1)
LONG_AGO = date(2023, 1, 15)


def rule(what: str = "people", **other: Any) -> Retention:
    values: dict[str, Any] = {
        "id": what,
        "what": what,
        "text": "试",
        "after": Span(months=24),
        "warn": 60,
        "grace": 30,
        "then": "anonymise" if what == "people" else "delete",
        "source": "t",
        "enabled": True,
        "to_confirm": True,
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
    }
    return Retention(**(values | other))


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Retention]]:
    found = [("37/", rule())]
    monkeypatch.setattr(retention, "rules_at", lambda path, day: found)
    return found


def person(number: int = 1, *, unit: str = A, since: date = LONG_AGO, **facts: Any) -> Person:
    with fence(system()):
        home = Unit.objects.get(code=unit)
        house = Household.objects.create(
            unit=home, unit_path=home.path, number=str(number), address="文化中路12号"
        )
        number_ = facts.pop("id_number", f"37990119870101{number:03d}X")
        made = Person.objects.create(
            unit=home,
            unit_path=home.path,
            household=house,
            household_role="户主",
            name="王小明",
            name_key="wang xiao ming",
            id_number=number_,
            id_index=blind_index(number_),
            phone="20000000001",
            phone_index=blind_index("20000000001"),
            address="文化中路12号",
            birth_date=date(1987, 5, 6),
            sex="女",
            children=[date(2015, 3, 4)],
            education=20,
            lon=122.1,
            lat=37.5,
            source="某名册",
            as_of=since,
            **facts,
        )
        moment = datetime(since.year, since.month, since.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
        Person.objects.filter(pk=made.pk).update(created_at=moment)
        StatusPeriod.objects.create(
            person=made,
            unit_path=home.path,
            kind=0,
            status="失业",
            during=DateRange(since, None),
            source="某名册",
        )
        WorkWish.objects.create(person=made, unit_path=home.path, skills=["缝纫"], source="某名册")
    return made


def helped(one: Person, *, closed: date | None = LONG_AGO) -> AssistanceFile:
    with fence(system()):
        file = AssistanceFile.objects.create(
            person=one,
            unit_path=one.unit_path,
            opened_on=LONG_AGO,
            opened_because="王小明失业",
            source="t",
            state="closed" if closed else "open",
            closed_on=closed,
            closed_because="王小明找到工作" if closed else "",
        )
        Contact.objects.create(
            file=file,
            unit_path=one.unit_path,
            kind="policy",
            way="phone",
            on=LONG_AGO,
            worker_name="x",
            note="王小明说丈夫生病",
            token=uuid.uuid4(),
        )
        ListEntry.objects.create(
            file=file,
            unit_path=one.unit_path,
            kind="need",
            subject="x",
            rank=1,
            title="就业",
            summary="王小明要照顾母亲",
            reasons=["因为王小明"],
            detail={"name": "王小明"},
            added_on=LONG_AGO,
        )
    return file


def sweep(as_of: date, *, dry_run: bool = False, path: str = "37/") -> dict[str, dict[str, int]]:
    who = system(path)
    with fence(who):
        return retention.sweep(actor=who, as_of=as_of, dry_run=dry_run).as_dict()


def again(one: Person) -> Person:
    with fence(system()):
        return Person.objects.get(pk=one.pk)


def test_warned_then_graced_then_anonymised_for_good(rules: Any) -> None:
    one = person()
    file = helped(one)
    assert sweep(TODAY)["warned"] == {"people": 1}
    with fence(system()):
        notice = Notice.objects.get()
    assert notice.ends_on == date(2025, 1, 15)
    # However long it is overdue: 60 days of warning and 30 of grace from today.
    assert notice.due_on == TODAY + timedelta(days=90)
    assert sweep(notice.due_on - timedelta(days=1))["ended"] == {}
    assert again(one).name == "王小明"
    assert sweep(notice.due_on)["ended"] == {"people": 1}
    assert sweep(notice.due_on)["ended"] == {}

    left = again(one)
    assert (left.id_number, left.id_index, left.phone, left.phone_index, left.address) == (
        "",
        None,
        "",
        None,
        "",
    )
    assert (left.name, left.household_id, left.lon) == ("（已匿名）", None, None)
    assert (left.birth_date, left.children) == (date(1987, 1, 1), [date(2015, 1, 1)])
    assert (left.sex, left.education, left.unit.code) == ("女", 20, A)
    with fence(system()):
        assert not Household.objects.exists()
        assert StatusPeriod.objects.get(person=one).status == "失业"
        contact = Contact.objects.get(file=file)
        assert (contact.kind, contact.on) == ("policy", LONG_AGO)
        file.refresh_from_db()
        assert file.closed_on == LONG_AGO
        entry = AuditEntry.objects.get(verb="person.anonymise")
        assert (entry.thing_type, entry.thing_id) == ("person", str(one.pk))
        # Nothing anywhere still names the person.
        from django.db import connection

        from weiye.base.scope.policies import scoped_models

        with connection.cursor() as cursor:
            for model in scoped_models():
                cursor.execute(
                    f'SELECT count(*) FROM "{model._meta.db_table}" t '
                    "WHERE t::text ~ '王小明|wang xiao|文化中路|20000000001|照顾|丈夫|缝纫'"
                )
                assert cursor.fetchone()[0] == 0, model
        assert not people.people(system()).exists()
        with pytest.raises(Person.DoesNotExist):
            people.person(system(), one.pk)


def test_an_anonymised_person_is_gone_from_the_side_that_asked_too(rules: Any) -> None:
    """Its row never knew the person, only name and number; it may lie outside the area."""
    one = person(id_number=id_number(order=77))
    request = asked(actor("worker-c"), one, C, evidence="王小明的租房合同")
    assert sweep(TODAY)["warned"] == {}, "somebody waits for an answer"
    with fence(actor("worker-a")):
        transfers.refuse(
            actor=actor("worker-a"), transfer_id=other_side(request).pk, note="王小明还在"
        )
    sweep(TODAY, path=path_of(A))
    assert sweep(TODAY + timedelta(days=90), path=path_of(A))["ended"] == {"people": 1}
    for row in (request, other_side(request)):
        with fence(system()):
            row.refresh_from_db()
        assert (row.name, row.masked_id, row.id_index) == ("（已匿名）", "", None)
        assert (row.reason, row.evidence, row.decision) == ("（已匿名）", "", "")
        assert row.state == "refused"


@pytest.mark.parametrize("also_works", [False, True])
def test_the_account_of_an_anonymised_person_names_nobody(rules: Any, also_works: bool) -> None:
    one = person()
    with fence(system()):
        unit = Unit.objects.get(code=A)
        account = create_account(
            actor=system(),
            username="wang.xiaoming",
            name=one.name,
            password="correct horse battery",
            unit=unit,
        )
        grant = {"actor": system(), "account": account, "unit": unit}
        grant_membership(**grant, role="resident", subject=("person", one.pk))
        if also_works:
            grant_membership(**grant, role="station_worker")
        switch_account(actor=system(), account_id=account.pk, on=False)
    sweep(TODAY)
    assert sweep(TODAY + timedelta(days=90))["ended"] == {"people": 1}
    with fence(system()):
        account.refresh_from_db()
        own = account.memberships.get(role="resident")
    assert own.account_name == "（已匿名）"
    # What somebody did at work stays under the name of who did it.
    assert (account.name == "王小明") is also_works
    assert ("wang" in account.username) is also_works
    assert not account.is_active


def test_who_was_anonymised_is_not_helped_again(rules: Any) -> None:
    one = person()
    sweep(TODAY)
    sweep(TODAY + timedelta(days=90))
    assert again(one).anonymised_on
    with fence(system()):
        assert facts_frame(system(), path_of(A), TODAY).height == 0


@pytest.mark.parametrize("use", ["open file", "closed lately", "contact", "data", "account"])
def test_what_is_in_use_is_kept(rules: Any, use: str) -> None:
    one = person(since=TODAY if use == "data" else LONG_AGO)
    if use == "open file":
        helped(one, closed=None)
    elif use == "closed lately":
        helped(one, closed=TODAY - timedelta(days=30))
    elif use == "contact":
        file = helped(one)
        with fence(system()):
            Contact.objects.filter(file=file).update(on=TODAY)
    elif use == "account":
        with fence(system()):
            unit = Unit.objects.get(code=A)
            account = create_account(
                actor=system(),
                username="own",
                name="x",
                password="correct horse battery",
                unit=unit,
            )
            grant_membership(
                actor=system(),
                account=account,
                role="resident",
                unit=unit,
                subject=("person", one.pk),
            )
    assert sweep(TODAY)["warned"] == {}
    assert sweep(TODAY + timedelta(days=90))["ended"] == {}
    assert again(one).name == "王小明"


def test_a_file_opened_during_the_grace_ends_the_warning(rules: Any) -> None:
    one = person()
    sweep(TODAY)
    helped(one, closed=None)
    assert sweep(TODAY + timedelta(days=95)) == {
        "warned": {},
        "ended": {},
        "held": {},
        "in_use": {"people": 1},
    }
    with fence(system()):
        assert Notice.objects.get().outcome == "in_use"
    assert again(one).name == "王小明"


def test_the_handler_itself_refuses_an_open_file(rules: Any) -> None:
    """Between looking and locking somebody may open one."""
    one = person()
    helped(one, closed=None)
    with fence(system()):
        handler = retention.handlers["people"]
        assert handler.end(system("37/"), [str(one.pk)], TODAY, TODAY) == []


def test_a_person_updated_since_is_not_anonymised(rules: Any) -> None:
    """Between looking and locking an import may say that the person still lives here."""
    one, other = person(1), person(2)
    before = TODAY - timedelta(days=700)
    with fence(system()):
        Person.objects.filter(pk=one.pk).update(as_of=before)
        handler = retention.handlers["people"]
        both = [str(one.pk), str(other.pk)]
        assert handler.end(system("37/"), both, before, TODAY) == [str(other.pk)]
    assert again(one).name == "王小明"


def test_a_sweep_asks_again_what_became_of_those_it_found(
    rules: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = person()
    sweep(TODAY)
    ripe = retention._Rule._ripe

    def refreshed(self: Any) -> list[str]:
        found = ripe(self)
        Person.objects.filter(pk=one.pk).update(as_of=TODAY + timedelta(days=90))
        return found

    monkeypatch.setattr(retention._Rule, "_ripe", refreshed)
    assert sweep(TODAY + timedelta(days=90))["ended"] == {}
    assert again(one).name == "王小明"


@pytest.mark.parametrize("what", ["drafts", "runs", "exports", "imports"])
def test_what_is_younger_than_the_day_does_not_end(what: str) -> None:
    with fence(system()):
        unit = Unit.objects.get(code=A)
        file = keep(
            actor=system(), path=unit.path, name="x.csv", content=b"x", right="people.import"
        )
        run = Run.objects.create(
            unit_path=unit.path,
            kind="k",
            title="t",
            right="people.export",
            started_by="x",
            state=RunState.DONE,
            file=file,
            finished_at=timezone.now(),
        )
        batch = ImportBatch.objects.create(
            unit_path=unit.path,
            unit=unit,
            kind="roster",
            name="x",
            file=file,
            as_of=TODAY,
            started_by="x",
        )
    with fence(actor("worker-a")):
        save(actor=actor("worker-a"), form="x", fields={"a": ["1"]})
    with fence(system()):
        keys = {
            "drafts": Draft.objects.get().pk,
            "runs": run.pk,
            "exports": file.pk,
            "imports": batch.pk,
        }
        day = timezone.localdate()
        end = retention.handlers[what].end
        things = [str(keys[what])]
        assert list(end(system("37/"), things, day, day)) == []
        assert [str(each) for each in end(system("37/"), things, day + timedelta(1), day)] == things


def test_held_with_a_reason_until_a_day(rules: Any) -> None:
    one = person()
    sweep(TODAY)
    due = TODAY + timedelta(days=90)
    admin = actor("admin")
    with fence(admin):
        notice = Notice.objects.get()
        hold = {"actor": admin, "notice_id": notice.pk, "today": TODAY}
        until = due + timedelta(days=10)
        with pytest.raises(ValidationError, match="原因"):
            retention.hold(**hold, because=" ", until=until)
        with pytest.raises(ValidationError, match="一年"):
            retention.hold(**hold, because="x", until=TODAY + timedelta(days=400))
        retention.hold(**hold, because="有诉讼", until=until)
    assert sweep(due)["held"] == {"people": 1}
    assert again(one).name == "王小明"
    assert sweep(until + timedelta(days=1))["ended"] == {"people": 1}
    with fence(actor("worker-a")), pytest.raises(NotAllowed):
        retention.hold(actor=actor("worker-a"), notice_id=1, because="x", until=TODAY, today=TODAY)


def test_a_dry_run_changes_nothing(rules: Any) -> None:
    one = person()
    assert sweep(TODAY, dry_run=True)["warned"] == {"people": 1}
    with fence(system()):
        assert not Notice.objects.exists()
        assert not AuditEntry.objects.filter(verb="retention.sweep").exists()
    sweep(TODAY)
    assert sweep(TODAY + timedelta(days=90), dry_run=True)["ended"] == {"people": 1}
    assert again(one).name == "王小明"


def test_nothing_outside_the_area_and_nothing_of_who_decides_itself(rules: Any) -> None:
    here, there = person(1, unit=A), person(2, unit=B)
    assert sweep(TODAY, path=path_of(A))["warned"] == {"people": 1}
    # A city that switched the rule off for itself.
    rules.append(("37/10/", rule(enabled=False)))
    assert sweep(TODAY, path="37/")["warned"] == {}
    assert again(here).name == again(there).name == "王小明"


@pytest.mark.parametrize(
    "off", [{"enabled": False}, {"valid_from": date(2030, 1, 1)}, {"valid_to": date(2024, 1, 1)}]
)
def test_a_rule_that_is_off_does_nothing(rules: Any, off: dict[str, Any]) -> None:
    rules[:] = [("37/", rule(**off))]
    person()
    assert not any(sweep(TODAY).values())


def test_working_papers_end_without_a_warning(rules: Any) -> None:
    rules[:] = [
        ("37/", rule(what, after=Span(days=7), warn=0, grace=0))
        for what in ("imports", "exports", "runs", "drafts")
    ]
    old = datetime(2026, 5, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    with fence(system()):
        unit = Unit.objects.get(code=A)
        files = [
            keep(
                actor=system(), path=unit.path, name=f"{n}.csv", content=b"x", right="people.import"
            )
            for n in range(4)
        ]
        StoredFile.objects.filter(pk__in=[f.pk for f in files[:3]]).update(created_at=old)
        batch = ImportBatch.objects.create(
            unit_path=unit.path,
            unit=unit,
            kind="roster",
            name="x",
            file=files[0],
            rejects=files[1],
            as_of=TODAY,
            page=preview.Page(columns=(), missing=()).dump(),
            counts={"new": 3},
            started_by="x",
        )
        ImportBatch.objects.filter(pk=batch.pk).update(created_at=old)
        runs = [
            Run.objects.create(
                unit_path=unit.path,
                kind=f"k{n}",
                title="t",
                right="people.export",
                started_by="x",
                state=RunState.DONE,
                file=file,
                finished_at=old if n == 0 else datetime(2026, 5, 30, tzinfo=old.tzinfo),
            )
            for n, file in enumerate(files[2:])
        ]
    worker = actor("worker-a")
    with fence(worker):
        save(actor=worker, form="person:1", fields={"name": ["王小明"]})
        kept = save(actor=worker, form="person:2", fields={"name": ["王小明"]})
        Draft.objects.exclude(pk=kept.pk).update(saved_at=old)
        Draft.objects.filter(pk=kept.pk).update(saved_at=datetime(2026, 5, 30, tzinfo=old.tzinfo))
    done = sweep(TODAY)
    assert done["ended"] == {"imports": 1, "exports": 1, "runs": 1, "drafts": 1}
    with fence(system()):
        batch.refresh_from_db()
        assert (batch.file_id, batch.rejects_id, batch.page) == (None, None, "")
        assert (batch.state, batch.counts) == ("cancelled", {"new": 3})
        assert [f.pk for f in StoredFile.objects.all()] == [files[3].pk]
        assert [r.pk for r in Run.objects.filter(kind__startswith="k")] == [runs[1].pk]
        assert [d.pk for d in Draft.objects.all()] == [kept.pk]
    assert not sweep(TODAY)["ended"]


def test_the_nightly_work_is_a_run_and_does_it_once(rules: Any) -> None:
    person()
    with fence(system("37/")):
        run = start_sweep(actor=system("37/"), path="37/", as_of=TODAY)
    work(run_id=run.pk, path="37/")
    with fence(system()):
        run.refresh_from_db()
        assert (run.state, run.result["warned"]) == (RunState.DONE, {"people": 1})
        assert "提醒1项" in run.message
    work(run_id=run.pk, path="37/")
    with fence(system()):
        assert Notice.objects.count() == 1


def test_only_who_may(rules: Any) -> None:
    with fence(actor("county")), pytest.raises(NotAllowed):
        retention.sweep(actor=actor("county"), as_of=TODAY)


def test_the_command_says_what_would_be_done(rules: Any, capsys: Any) -> None:
    person()
    assert retention_command.main(["--as-of", "2026-06-01", "--dry-run"]) == 0
    assert capsys.readouterr().out == "37/\tpeople\twarned\t1\n"
    assert retention_command.main(["--as-of", "2036-06-01"]) == 2
    with fence(system()):
        assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        (date(2024, 1, 31), Span(months=1), date(2024, 2, 29)),
        (date(2024, 2, 29), Span(months=12), date(2025, 2, 28)),
        (date(2024, 12, 31), Span(months=2, days=1), date(2025, 3, 1)),
        (date(2024, 3, 1), Span(days=30), date(2024, 3, 31)),
    ],
)
def test_spans(start: date, span: Span, end: date) -> None:
    assert span.after(start) == end
