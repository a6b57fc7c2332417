"""Frames for the engine against a plain reading of the same rows, one by one."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.assistance import world
from tests.services.assistance.world import A_PATH, DAY
from tests.world import A, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.fence import fence
from weiye.engine.rules import PERSON_FACTS
from weiye.registers.people.frames import (
    community_code,
    facts_frame,
    people_frame,
    seekers,
)
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod

pytestmark = pytest.mark.django_db


@pytest.fixture
def a() -> Any:
    me = actor("worker-a")
    with fence(me):
        yield me


def on(person: Person, kind: int, day: date) -> StatusPeriod | None:
    """The period of a day, by reading every period."""
    for period in StatusPeriod.objects.filter(person=person, kind=kind).order_by("id"):
        stop = period.during.upper
        if period.during.lower <= day and (stop is None or day < stop):
            return period
    return None


@pytest.mark.requirement("PPL-2", "PPL-4")
@pytest.mark.parametrize("as_of", [date(2023, 6, 1), date(2025, 1, 1), date(2025, 6, 30)])
def test_facts_of_a_day_by_plain_reading(a: Any, as_of: date) -> None:
    people = [
        world.person("一", status=None),
        world.person("二", status="失业", since=date(2025, 1, 1)),
        world.person("三", status="就业", children=[date(2015, 5, 5), date(2020, 2, 29)]),
        world.person("四", status=None, education=None, known_none=["children"], children=None),
    ]
    moves = people[0]
    world.period(moves, PeriodKind.EMPLOYMENT, "失业", date(2022, 1, 1), date(2023, 1, 1))
    world.period(moves, PeriodKind.EMPLOYMENT, "就业", date(2023, 1, 1), date(2024, 1, 1))
    world.period(moves, PeriodKind.EMPLOYMENT, "失业", date(2024, 1, 1), date(2025, 6, 30))
    world.period(moves, PeriodKind.EMPLOYMENT, "灵活就业", date(2025, 6, 30))
    world.period(
        moves, PeriodKind.UNEMPLOYMENT_REGISTRATION, "", date(2022, 1, 1), date(2023, 1, 1)
    )
    frame = facts_frame(a, A_PATH, as_of)
    PERSON_FACTS.check(frame)
    rows = {row["id"]: row for row in frame.iter_rows(named=True)}
    assert list(rows) == [person.pk for person in people]
    for person in people:
        row, status = rows[person.pk], on(person, PeriodKind.EMPLOYMENT, as_of)
        assert row["employment_status"] == (status.status if status else None)
        assert row["employment_status_known"] == (status is not None)
        start = status.during.lower if status else None
        unemployed = status is not None and status.status == "失业"
        employed = status is not None and status.status in ("就业", "灵活就业")
        assert row["unemployed_since"] == (start if unemployed else None)
        assert row["employed_since"] == (start if employed else None)
        assert row["residence_unit"] == A
        assert row["inside"]
        for name in ("birth_date", "education", "graduated_on", "sex", "children", "veteran"):
            value = getattr(person, name)
            assert row[name] == value
            assert row[f"{name}_known"] == (value is not None or name in person.known_none)
    row = rows[moves.pk]
    registered = on(moves, PeriodKind.UNEMPLOYMENT_REGISTRATION, as_of)
    assert row["registered_unemployed_since"] == (registered.during.lower if registered else None)
    assert row["registered_unemployed_since_known"]
    spells = sum(
        period.status == "失业"
        and period.during.lower <= as_of
        and (
            period.during.upper is None or period.during.upper > as_of.replace(year=as_of.year - 2)
        )
        for period in StatusPeriod.objects.filter(person=moves, kind=0).order_by("id")
    )
    known = as_of >= date(2024, 1, 1)  # the history begins 2022-01-01
    assert row["unemployment_spells_24m"] == (spells if known else None)


@pytest.mark.requirement("PPL-2", "PPL-4")
@pytest.mark.parametrize("status", ["失业", "就业", "灵活就业"])
def test_a_beginning_that_nobody_told_is_unknown(a: Any, status: str) -> None:
    told, untold = (world.person(name, status=status, since=DAY) for name in "甲乙")
    StatusPeriod.objects.filter(person=untold).update(start_known=False)
    rows = {row["id"]: row for row in facts_frame(a, A_PATH, DAY).iter_rows(named=True)}
    fact, other = "unemployed_since", "employed_since"
    if status != "失业":
        fact, other = other, fact
    assert (rows[told.pk][fact], rows[told.pk][f"{fact}_known"]) == (DAY, True)
    assert (rows[untold.pk][fact], rows[untold.pk][f"{fact}_known"]) == (None, False)
    assert rows[untold.pk]["employment_status"] == status
    assert (rows[untold.pk][other], rows[untold.pk][f"{other}_known"]) == (None, True)


def test_records_that_do_not_fit_are_unknown_and_spoil_nothing(a: Any) -> None:
    bad = world.person("坏", skill_certificates=[{"code": "x", "level": 9}])
    good = world.person("好", benefits_received=[{"policy": "p", "from": "2024-01-01", "to": None}])
    rows = {row["id"]: row for row in facts_frame(a, A_PATH, DAY).iter_rows(named=True)}
    assert rows[bad.pk]["skill_certificates"] is None
    assert not rows[bad.pk]["skill_certificates_known"]
    assert rows[good.pk]["skill_certificates_known"]
    assert rows[good.pk]["benefits_received"][0]["from"] == date(2024, 1, 1)


def test_households_are_whole_and_marked(a: Any) -> None:
    grid = Unit.objects.create(
        code=f"{A}-g01",
        name="一网格",
        level="grid",
        parent=Unit.objects.get(code=A),
        path=f"{A_PATH}g01/",
    )
    home = world.household("1")
    inside = world.person("网格里", household=home)
    Person.objects.filter(pk=inside.pk).update(unit=grid, unit_path=grid.path)
    outside = world.person("网格外", household=home)
    world.person("别家")
    rows = facts_frame(a, grid.path, DAY)
    assert dict(rows.select("id", "inside").iter_rows()) == {inside.pk: True, outside.pk: False}
    assert rows["residence_unit"].to_list() == [A, A]
    assert rows["employment_status"].to_list() == ["就业", "就业"]


@pytest.mark.requirement("MAT-1")
def test_a_point_falls_back_to_the_nearest_unit_that_has_one(a: Any) -> None:
    community = Unit.objects.get(code=A)
    grid = Unit.objects.create(
        code=f"{A}-g01",
        name="网格",
        level="grid",
        parent=community,
        path=f"{A_PATH}g01/",
        lon=122.2,
        lat=37.4,
    )
    building = Unit.objects.create(
        code=f"{A}-g01-b1", name="楼", level="building", parent=grid, path=f"{grid.path}b001/"
    )
    own, by_grid, by_community = world.person("甲"), world.person("乙"), world.person("丙")
    Person.objects.filter(pk=own.pk).update(lon=122.3, lat=37.3)
    Person.objects.filter(pk=by_grid.pk).update(unit=building, unit_path=building.path)
    rows = people_frame(a, A_PATH, DAY)
    found = {row["person_id"]: (row["point_level"], row["lon"]) for row in rows.to_dicts()}
    assert found == {
        own.pk: ("own", 122.3),
        by_grid.pk: ("grid", 122.2),
        by_community.pk: ("community", community.lon),
    }


def test_who_is_a_seeker(a: Any) -> None:
    expected = {
        world.person("失业", status="失业").pk: True,
        world.person("未登记", status=None, work_wish=None).pk: True,
        world.person("在职想换", status="就业").pk: True,
        world.person("在职", status="就业", work_wish=None).pk: False,
        world.person("不想", status="失业", work_wish=False).pk: False,
        world.person("在校", status="在校").pk: False,
        world.person("退休想干", status="退休", pension_drawn=True).pk: True,
        world.person("退休", status="退休", work_wish=None).pk: False,
        world.person("无劳动能力", status="失业", labour_capacity=False).pk: False,
        world.person("满16", status="失业", birth_date=date(2009, 6, 30)).pk: True,
        world.person("未满16", status="失业", birth_date=date(2009, 7, 1)).pk: False,
        world.person("生日未知", status="失业", birth_date=None).pk: False,
    }
    kept = set(seekers(people_frame(a, A_PATH, DAY), DAY)["person_id"].to_list())
    assert kept == {key for key, yes in expected.items() if yes}


def test_nothing_of_the_neighbour_and_empty_frames_keep_their_columns(a: Any) -> None:
    world.person("甲")
    neighbour = actor("worker-b")
    with fence(neighbour):
        for path in (A_PATH, neighbour.path):
            assert facts_frame(neighbour, path, DAY).height == 0
            assert people_frame(neighbour, path, DAY).height == 0
        PERSON_FACTS.check(facts_frame(neighbour, neighbour.path, DAY))


@given(st.dates(date(2000, 1, 1), date(2030, 12, 31)), st.integers(-3, 3))
def test_sixteen_is_a_birthday(as_of: date, days: int) -> None:
    try:
        birthday = as_of.replace(year=as_of.year - 16)
    except ValueError:
        birthday = date(as_of.year - 16, 3, 1)
    born = birthday + timedelta(days=days)
    years = as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
    frame = pl.DataFrame(
        {
            "birth_date": [born],
            "labour_capacity": [True],
            "work_wish": [True],
            "employment_status": ["失业"],
            "pension_drawn": [False],
        }
    )
    assert seekers(frame, as_of).height == (years >= 16)


def test_community_code_of_any_level() -> None:
    assert community_code("37/10/02/001/001/g01/b002/") == "371002001001"
    assert community_code("37/10/02/") == "371002000000"
