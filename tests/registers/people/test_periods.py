"""Anybody's statuses on any past day, and what was recorded wrongly put right (PPL-2)."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange

from tests.services.assistance import world
from tests.services.assistance.world import DAY
from tests.world import B, actor
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import NotAllowed
from weiye.base.scope.fence import fence
from weiye.registers.people import actions, queries
from weiye.registers.people.models import EmploymentStatus, PeriodKind, Person, StatusPeriod

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("PPL-2")]
SOURCE = "核对"


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(me):
        yield me


def spell(person: Person, status: str, start: date, end: date | None) -> StatusPeriod:
    return world.period(person, PeriodKind.EMPLOYMENT, status, start, end)


def test_statuses_of_any_day_by_a_plain_reading(a: Any, django_assert_num_queries: Any) -> None:
    """Random histories against one list per person and day, gone through day by day."""
    dice, first = Random(7), date(2024, 1, 1)
    people = [world.person(f"居民{n}", status=None) for n in range(6)]
    told: dict[tuple[int, int], list[tuple[date, date | None, str, str]]] = {}
    for person in people:
        for kind in PeriodKind:
            day = first + timedelta(days=dice.randrange(5))
            while day < first + timedelta(days=40) and dice.random() < 0.8:
                end = day + timedelta(days=dice.randrange(1, 15))
                open_end = None if dice.random() < 0.15 else end
                status = dice.choice(EmploymentStatus.values) if kind == 0 else ""
                row = StatusPeriod.objects.create(
                    person=person,
                    unit_path=person.unit_path,
                    kind=kind,
                    status=status,
                    during=DateRange(day, open_end),
                    number=f"N{dice.randrange(99)}",
                    source="t",
                )
                told.setdefault((person.pk, kind), []).append((day, open_end, status, row.number))
                if open_end is None:
                    break
                day = end + timedelta(days=dice.randrange(3))
    for offset in range(-2, 60):
        day = first + timedelta(days=offset)
        with django_assert_num_queries(1):
            found = queries.status_on(a, None, day)
        expected = {}
        for person in people:
            held = {}
            for kind in PeriodKind:
                for start, end, status, number in told.get((person.pk, kind), []):
                    if start <= day and (end is None or day < end):
                        held[kind] = (status, start, end, number)
            if held:
                expected[person.pk] = held
        assert {
            key: {
                h.kind: (h.status, h.since, h.until, h.number)
                for h in (*([on.employment] if on.employment else []), *on.registrations)
            }
            for key, on in found.items()
        } == expected


def test_one_several_an_area_and_nobody_elsewhere(a: Any) -> None:
    one, two = world.person("甲"), world.person("乙", status="失业", registered=date(2025, 1, 1))
    other = actor("worker-b")
    with fence(other):
        stranger = world.person("丙", code=B)
    assert set(queries.status_on(a, one.pk, DAY)) == {one.pk}
    assert set(queries.status_on(a, [one.pk, two.pk, stranger.pk], DAY)) == {one.pk, two.pk}
    assert queries.status_on(a, None, DAY, path="37/10/02/001/002/") == {}
    on = queries.status_on(a, two.pk, DAY)[two.pk]
    assert on.employment is not None and on.employment.status == "失业"
    assert [h.kind for h in on.registrations] == [PeriodKind.UNEMPLOYMENT_REGISTRATION]


def test_the_past_is_put_right_with_a_reason_and_the_log_keeps_both(a: Any) -> None:
    person = world.person("王小明", status=None)
    wrong = spell(person, "就业", date(2022, 1, 1), date(2023, 1, 1))
    spell(person, "失业", date(2023, 6, 1), None)
    given = {"actor": a, "today": DAY, "source": SOURCE}
    added = actions.add_period(
        **given,
        person_id=person.pk,
        kind=PeriodKind.EMPLOYMENT,
        status="灵活就业",
        start=date(2023, 1, 1),
        end=date(2023, 6, 1),
        why="本人补说",
        end_reason="店铺关了",
    )
    assert added.end_reason == "店铺关了"
    actions.correct_period(
        **given, period_id=wrong.pk, start=date(2021, 9, 1), end=date(2023, 1, 1), why="合同为证"
    )
    days = [date(2021, 10, 1), date(2023, 3, 1), DAY]
    assert [
        queries.status_on(a, person.pk, day)[person.pk].employment.status  # type: ignore[union-attr]
        for day in days
    ] == ["就业", "灵活就业", "失业"]
    actions.remove_period(**given, period_id=added.pk, why="说错了")
    assert queries.status_on(a, person.pk, date(2023, 3, 1)) == {}
    told = list(
        AuditEntry.objects.filter(thing_id=str(person.pk), verb="person.correct")
        .order_by("id")
        .values_list("detail", flat=True)
    )
    assert [d["what"] for d in told] == ["add", "correct", "remove"]
    assert told[1]["before"]["from"] == "2022-01-01" and told[1]["from"] == "2021-09-01"
    assert told[2]["status"] == "灵活就业" and told[2]["why"] == "说错了"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"start": date(2022, 6, 1), "end": date(2022, 7, 1)}, "与已有的“就业”（2022年01月01日"),
        ({"start": date(2024, 1, 1), "end": None}, "与已有的“失业”（2023年06月01日至今）重叠"),
        ({"start": date(2023, 2, 1), "end": date(2023, 2, 1)}, "结束日期应晚于开始日期"),
        ({"start": DAY + timedelta(days=1), "end": None}, "不能晚于今天"),
        ({"start": date(2023, 2, 1), "end": date(2023, 3, 1), "why": " "}, "更正的原因"),
        (
            {"start": date(2023, 2, 1), "end": date(2023, 3, 1), "status": "躺平"},
            "没有这种就业状态",
        ),
    ],
)
def test_what_does_not_fit_is_refused_kindly_and_nothing_changes(
    a: Any, given: dict[str, Any], words: str
) -> None:
    person = world.person("王小明", status=None)
    spell(person, "就业", date(2022, 1, 1), date(2023, 1, 1))
    spell(person, "失业", date(2023, 6, 1), None)
    before = list(StatusPeriod.objects.order_by("pk").values_list("pk", "during", "status"))
    with pytest.raises(ValidationError, match=words):
        actions.add_period(
            **{
                "actor": a,
                "person_id": person.pk,
                "kind": PeriodKind.EMPLOYMENT,
                "status": "灵活就业",
                "today": DAY,
                "source": SOURCE,
                "why": "补记",
                **given,
            }
        )
    after = list(StatusPeriod.objects.order_by("pk").values_list("pk", "during", "status"))
    assert after == before


def test_others_periods_are_out_of_reach(a: Any) -> None:
    row = spell(world.person("甲", status=None), "就业", date(2022, 1, 1), None)
    other, grid = actor("worker-b"), actor("grid-a")
    given = {"period_id": row.pk, "today": DAY, "source": SOURCE, "why": "x"}
    with fence(other), pytest.raises(StatusPeriod.DoesNotExist):
        actions.remove_period(actor=other, **given)
    with fence(grid), pytest.raises(NotAllowed):
        actions.remove_period(actor=grid, **given)


def test_a_registration_has_its_number_and_its_end_a_reason(a: Any) -> None:
    person = world.person("甲")
    given = {"actor": a, "person_id": person.pk, "today": DAY, "source": SOURCE}
    kind = PeriodKind.JOB_SEEKING_REGISTRATION
    row = actions.change_registration(
        **given, kind=kind, registered=True, on=date(2025, 1, 1), number="Q-1", reason="想换工作"
    )
    assert row is not None and (row.number, row.reason) == ("Q-1", "想换工作")
    actions.change_registration(
        **given, kind=kind, registered=False, on=date(2025, 3, 1), reason="已就业"
    )
    row.refresh_from_db()
    assert (row.during.upper, row.end_reason, row.reason) == (
        date(2025, 3, 1),
        "已就业",
        "想换工作",
    )
