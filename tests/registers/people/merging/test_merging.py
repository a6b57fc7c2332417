"""Two rows of one person become one, and two again, and neither history is lost (PPL-3)."""

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tests.services.assistance import world
from tests.services.exchange.making import id_number, xlsx
from tests.services.exchange.roster.bringing import brought
from tests.world import A, B, actor, path_of
from weiye.base.audit.models import AuditEntry
from weiye.base.packs import load_pack
from weiye.base.privacy.fields import blind_index
from weiye.base.privacy.models import Consent
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.merging import actions, queries
from weiye.registers.people.merging.models import Merge, OtherNumber
from weiye.registers.people.models import (
    Household,
    PeriodKind,
    Person,
    SensitiveRecord,
    StatusPeriod,
    WorkWish,
)
from weiye.registers.people.surveys.actions import submit_survey
from weiye.registers.people.surveys.form import read
from weiye.registers.people.transfers.actions import ask
from weiye.services.assistance import jobs
from weiye.services.assistance.models import AssistanceFile, Contact, GroupMembership
from weiye.services.exchange.filling.queries import by_number

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-3")]
OLD, NEW = id_number(order=11), id_number(order=13)


def numbered(name: str, number: str, **facts: Any) -> Person:
    return world.person(name, id_number=number, id_index=blind_index(number), **facts)


@pytest.fixture
def pair() -> tuple[Person, Person]:
    with fence(actor("worker-a")):
        kept = numbered(
            "张微", OLD, status="失业", since=date(2020, 1, 1), education=60, phone="20000000001",
            phone_index=blind_index("20000000001"),
        )  # fmt: skip
        gone = numbered("张薇", NEW, status="就业", since=date(2024, 3, 1), veteran=True)
        Person.objects.filter(pk=gone.pk).update(
            as_of=date(2025, 7, 5), source="残联", disability_grade=2, known_none=[]
        )
        WorkWish.objects.create(person=kept, unit_path=kept.unit_path, said_on=date(2024, 1, 1))
        WorkWish.objects.create(
            person=gone, unit_path=gone.unit_path, said_on=date(2025, 1, 1), skills=["电工"]
        )
        return kept, gone


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the log and the merges, as stored (but for encryption)."""
    found = {}
    with fence(system()):
        for model in [
            Person, StatusPeriod, WorkWish, AssistanceFile, Contact, GroupMembership, OtherNumber,
        ]:  # fmt: skip
            columns = [
                c.attname
                for c in model._meta.concrete_fields
                if not c.generated and not isinstance(c, models.DateTimeField)
            ]
            found[model.__name__] = sorted(
                map(repr, model._base_manager.order_by("pk").values_list(*columns))
            )
    return found  # type: ignore[return-value]


def merged(pair: tuple[Person, Person], who: str = "worker-a") -> Merge:
    one = actor(who)
    with fence(one):
        return actions.merge(
            actor=one, keep=pair[0].pk, gone=pair[1].pk, reason="上门见到本人，是同一个人"
        )


def test_of_each_fact_the_newer_word_with_its_source(pair: tuple[Person, Person]) -> None:
    merged(pair)
    with fence(actor("worker-a")):
        one = Person.objects.get()
        assert (one.pk, one.name, one.disability_grade, one.veteran) == (
            pair[0].pk, "张微", 2, True,
        )  # fmt: skip
        assert one.phone == "20000000001"
        assert "disability_grade" in one.fact_sources["残联"]
        assert one.fact_dates["disability_grade"] == "2025-07-05"
        assert one.wish.skills == ["电工"]


def test_what_began_later_holds_from_then_on(pair: tuple[Person, Person]) -> None:
    merged(pair)
    with fence(actor("worker-a")):
        periods = StatusPeriod.objects.filter(kind=PeriodKind.EMPLOYMENT).order_by("during")
        assert [(p.status, p.during.lower, p.during.upper) for p in periods] == [
            ("失业", date(2020, 1, 1), date(2024, 3, 1)),
            ("就业", date(2024, 3, 1), None),
        ]


def test_one_with_two_numbers_is_found_by_both(pair: tuple[Person, Person]) -> None:
    merged(pair)
    from weiye.registers.people.queries import people, search

    worker = actor("worker-a")
    with fence(worker):
        for number in (OLD, NEW):
            assert [p.pk for p in search(people(worker), number)] == [pair[0].pk]
    with fence(actor("worker-b")), connection.cursor() as cursor:
        cursor.execute(
            "SELECT weiye_ids_held_elsewhere(%s)", [[blind_index(OLD), blind_index(NEW)]]
        )
        assert len(cursor.fetchall()) == 2


def test_taken_back_everything_is_as_it_was(pair: tuple[Person, Person]) -> None:
    before = everything()
    made = merged(pair)
    assert everything() != before
    one = actor("worker-a")
    with fence(one):
        assert queries.became(one, pair[1].pk) == pair[0].pk
        back, stay = actions.unmerge(actor=one, merge_id=made.pk, reason="是双胞胎")
        assert (back.pk, stay) == (pair[1].pk, [])
        assert queries.became(one, pair[1].pk) is None
    assert everything() == before


def test_what_was_said_since_stays(pair: tuple[Person, Person]) -> None:
    made = merged(pair)
    one = actor("worker-a")
    with fence(one):
        Person.objects.filter(pk=pair[0].pk).update(disability_grade=3)
        back, stay = actions.unmerge(actor=one, merge_id=made.pk, reason="是双胞胎")
        assert stay == ["disability_grade"]
        assert Person.objects.get(pk=pair[0].pk).disability_grade == 3
        assert Person.objects.get(pk=back.pk).disability_grade == 2


def files(pair: tuple[Person, Person]) -> Iterator[AssistanceFile]:
    for person in pair:
        yield AssistanceFile.objects.create(
            person=person, unit_path=person.unit_path, opened_on=date(2025, 1, 1),
            opened_because="大龄", source="plan 第16项",
        )  # fmt: skip


def test_two_open_files_become_one_and_no_contact_is_lost(pair: tuple[Person, Person]) -> None:
    with fence(actor("worker-a")):
        for file in files(pair):
            Contact.objects.create(
                file=file, unit_path=file.unit_path, kind="policy", way="phone",
                on=date(2025, 2, 1), worker_name="王", note="讲了政策", token=uuid.uuid4(),
            )  # fmt: skip
        GroupMembership.objects.create(
            person=pair[1], unit_path=pair[1].unit_path, group="残疾", reason="持证",
            source="plan 第16项", found_on=date(2025, 1, 1), pack_version="x",
        )  # fmt: skip
    before = everything()
    made = merged(pair)
    with fence(actor("worker-a")):
        open_ = AssistanceFile.objects.filter(state="open")
        assert [file.person_id for file in open_] == [pair[0].pk]
        assert Contact.objects.filter(file__in=open_).count() == 2
        assert GroupMembership.objects.get().person_id == pair[0].pk
        actions.unmerge(actor=actor("worker-a"), merge_id=made.pk, reason="不是一个人")
    assert everything() == before


def test_who_may_and_with_a_reason(pair: tuple[Person, Person]) -> None:
    with pytest.raises(NotAllowed):
        merged(pair, "grid-a")
    with pytest.raises(Person.DoesNotExist):
        merged(pair, "worker-b")
    one = actor("worker-a")
    with fence(one):
        for keep, gone, reason in (
            (pair[0].pk, pair[1].pk, "  "),
            (pair[0].pk, pair[0].pk, "同一个人"),
        ):
            with pytest.raises(ValidationError):
                actions.merge(actor=one, keep=keep, gone=gone, reason=reason)


def test_neighbours_are_merged_by_those_who_see_both(pair: tuple[Person, Person]) -> None:
    with fence(actor("worker-b")):
        other = numbered("张微", id_number(order=15), code=B)
    with pytest.raises(Person.DoesNotExist):
        merged((pair[0], other))
    made = merged((pair[0], other), "clerk")
    with fence(actor("worker-b")):
        assert not Person.objects.exists()
        assert not StatusPeriod.objects.exists()
    with fence(actor("clerk")):
        assert AuditEntry.objects.filter(verb="person.merged_away").count() == 1
        actions.unmerge(actor=actor("clerk"), merge_id=made.pk, reason="看错了")
    with fence(actor("worker-b")):
        assert Person.objects.get().pk == other.pk


def test_who_was_merged_comes_back_to_where_their_unit_is_by_now(
    pair: tuple[Person, Person],
) -> None:
    made = merged(pair)
    with fence(system()):
        # As if the tree had been another when they were merged.
        sealed = Merge.objects.get(pk=made.pk).before
        old, now = pair[1].unit_path, path_of(A)
        Merge.objects.filter(pk=made.pk).update(
            before=str(sealed).replace(f'"unit_path": "{old}"', '"unit_path": "37/10/99/"')
        )
        assert old == now
    with fence(actor("worker-a")):
        back, _ = actions.unmerge(actor=actor("worker-a"), merge_id=made.pk, reason="看错了")
        assert back.unit_path == now
        assert Person.objects.filter(pk=back.pk).exists()
        assert not {"37/10/99/"} & set(StatusPeriod.objects.values_list("unit_path", flat=True))


def test_the_sealed_row_is_not_readable_in_the_database(pair: tuple[Person, Person]) -> None:
    made = merged(pair)
    with fence(system()), connection.cursor() as cursor:
        cursor.execute("SELECT before FROM people_merge WHERE id = %s", [made.pk])
        stored = bytes(cursor.fetchone()[0])
        assert "张薇".encode() not in stored
        assert NEW.encode() not in stored


def test_one_after_another_and_back_in_order(pair: tuple[Person, Person]) -> None:
    with fence(actor("worker-a")):
        third = numbered("张威", id_number(order=15))
    first = merged(pair)
    second = merged((pair[0], third))
    one = actor("worker-a")
    with fence(one):
        with pytest.raises(ValidationError, match="最近的一次"):
            actions.unmerge(actor=one, merge_id=first.pk, reason="不是")
        actions.unmerge(actor=one, merge_id=second.pk, reason="不是")
        actions.unmerge(actor=one, merge_id=first.pk, reason="不是")
        with pytest.raises(ValidationError, match="已经拆分"):
            actions.unmerge(actor=one, merge_id=first.pk, reason="不是")
        assert Person.objects.filter(unit__code=A).count() == 3


def test_a_roster_finds_the_one_by_either_number(pair: tuple[Person, Person]) -> None:
    merged(pair)
    head = ["姓名", "身份证号", "学历"]
    batch = brought("worker-a", xlsx([head, ["张微", NEW, "本科"]]))
    assert (batch.counts["new"], batch.counts["changed"]) == (0, 1)
    both = brought("worker-a", xlsx([head, ["张微", OLD, "大专"], ["张微", NEW, "大专"]]))
    assert both.counts["new"] == 0
    with fence(actor("worker-a")):
        assert Person.objects.get().education == 30


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(("status", "since"), [("失业", (2019, 5, 1)), ("就业", (2019, 5, 1))])
def test_what_the_other_row_knew_earlier_is_not_lost(
    pair: tuple[Person, Person], which: int, status: str, since: tuple[int, int, int]
) -> None:
    """Whichever of the two stays: what held first holds until the other began."""
    with fence(actor("worker-a")):
        periods = StatusPeriod.objects.filter(person=pair[1])
        periods.update(status=status, during=DateRange(date(*since), None))
    before = everything()
    made = merged((pair[which], pair[1 - which]))
    with fence(actor("worker-a")):
        found = [
            (p.status, p.during.lower)
            for p in StatusPeriod.objects.filter(kind=PeriodKind.EMPLOYMENT).order_by("during")
        ]
        later = [("失业", date(2020, 1, 1))] if status == "就业" else []
        assert found == [(status, date(*since)), *later]
        actions.unmerge(actor=actor("worker-a"), merge_id=made.pk, reason="不是一个人")
    assert everything() == before


def test_consents_go_along_and_come_back(pair: tuple[Person, Person]) -> None:
    with fence(system()):
        consent = Consent.objects.create(
            unit_path=pair[1].unit_path, person_id=pair[1].pk, purpose="contact", title="联系",
            basis="consent", text_version="1", text_digest="x", way="paper",
            given_at=timezone.now(), recorded_by="王",
        )  # fmt: skip
    made = merged(pair)
    with fence(system()):
        assert Consent.objects.get(pk=consent.pk).person_id == pair[0].pk
    with fence(actor("worker-a")):
        actions.unmerge(actor=actor("worker-a"), merge_id=made.pk, reason="不是一个人")
    with fence(system()):
        assert Consent.objects.get(pk=consent.pk).person_id == pair[1].pk


def test_groups_of_both_and_of_a_household_that_was_left_are_looked_at_again(
    pair: tuple[Person, Person],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with fence(actor("worker-a")):
        homes = [
            Household.objects.create(
                unit_id=pair[0].unit_id, unit_path=pair[0].unit_path, number=number
            )
            for number in ("1", "2")
        ]
        for person, home in zip(pair, homes, strict=True):
            Person.objects.filter(pk=person.pk).update(household=home)
        left = world.person("李四", household=homes[1])
    told: set[tuple[int, str]] = set()
    monkeypatch.setattr(jobs, "refresh_soon", told.update)
    # What the making of these rows left to be looked at would swallow what comes.
    connection.run_on_commit.clear()
    with django_capture_on_commit_callbacks(execute=True):
        made = merged(pair)
    assert {pair[0].pk, left.pk} <= {person for person, _ in told}
    told.clear()
    connection.run_on_commit.clear()
    with django_capture_on_commit_callbacks(execute=True), fence(actor("worker-a")):
        actions.unmerge(actor=actor("worker-a"), merge_id=made.pk, reason="不是一个人")
    assert {pair[0].pk, pair[1].pk} <= {person for person, _ in told}


def test_at_the_door_in_a_template_and_when_asked_for_the_further_number_is_theirs(
    pair: tuple[Person, Person],
) -> None:
    merged(pair)
    one = actor("worker-a")
    with fence(one):
        unit = Unit.objects.get(code=A)
        form = read(
            {
                "client": str(uuid.uuid4()), "unit_id": unit.pk, "outcome": "surveyed",
                "answered_by": "self", "at": "2025-07-10T10:00:00+00:00", "edition": "2025-1",
                "people": [{"part": "new", "name": "张薇", "id_number": NEW, "facts": {}}],
            }
        )  # fmt: skip
        done = submit_survey(actor=one, form=form, pack=load_pack(A), now=timezone.now())
        assert done.added == 0
        assert Person.objects.get().pk == pair[0].pk
        assert by_number(one, [NEW, OLD]) == {NEW: pair[0].pk, OLD: pair[0].pk}
    two = actor("worker-b")
    with fence(two):
        home = Unit.objects.get(code=B)
        asked = ask(actor=two, to=home, id_number=NEW, name="张微", reason="搬来了")
    assert asked.outcome == "submitted"


def test_records_of_sensitive_groups_go_along_and_leave_no_trace(
    pair: tuple[Person, Person],
) -> None:
    with fence(system()):
        row = SensitiveRecord.objects.create(
            person=pair[1], unit_path=pair[1].unit_path, kind="社区矫正", as_of=date(2025, 1, 1),
            during=DateRange(date(2025, 1, 1), None), source="司法所",
        )  # fmt: skip
    made = merged(pair)
    with fence(actor("clerk")):
        assert "sensitive" not in str(Merge.objects.values("moved").get(pk=made.pk))
    with fence(system()):
        assert SensitiveRecord.objects.get(pk=row.pk).person_id == pair[0].pk
        assert not AuditEntry.objects.filter(verb__startswith="sensitive").exists()
    with fence(actor("worker-a")):
        actions.unmerge(actor=actor("worker-a"), merge_id=made.pk, reason="不是一个人")
    with fence(system()):
        assert SensitiveRecord.objects.get(pk=row.pk).person_id == pair[1].pk
