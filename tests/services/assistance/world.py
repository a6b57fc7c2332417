"""A few people, vacancies and classes in community A, each there for one reason."""

from datetime import date
from typing import Any

from django.db import connections
from django.db.backends.postgresql.psycopg_any import DateRange

from tests.world import A, B, path_of
from weiye.base.regions.models import Unit
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people.models import Household, PeriodKind, Person, StatusPeriod, WorkWish
from weiye.registers.training.models import Programme

DAY = date(2025, 6, 30)
# What everybody here is, unless said otherwise: an able man of 35 who works and is in no need.
PLAIN: dict[str, Any] = {
    "birth_date": date(1990, 1, 1),
    "sex": "男",
    "education": 60,
    "graduated_on": date(2008, 7, 1),
    "continuing_school": False,
    "labour_capacity": True,
    "work_wish": True,
    "disability_grade": 0,
    "minimum_living": "无",
    "poverty_alleviation": "无",
    "single_parent_of_minor": False,
    "land_lost": False,
    "veteran": False,
    "children": [],
    "skill_certificates": [{"code": "4-07-05-01", "level": 5}],
    "monthly_income": 4000,
    "pension_drawn": False,
    "hukou_unit": A,
    "known_none": [
        "certified_difficult_since",
        "registered_unemployed_since",
        "benefits_received",
        "contract_months",
    ],
}


def person(
    name: str,
    *,
    status: str | None = "就业",
    since: date = date(2020, 1, 1),
    registered: date | None = None,
    wish: dict[str, Any] | None = None,
    household: Household | None = None,
    code: str = A,
    **facts: Any,
) -> Person:
    unit = Unit.objects.get(code=code)
    values = PLAIN | facts
    known_none = [n for n in values.pop("known_none") if facts.get(n) is None]
    found = Person.objects.create(
        unit=unit,
        unit_path=unit.path,
        name=name,
        source="test",
        as_of=DAY,
        household=household,
        known_none=known_none,
        **values,
    )
    if status is not None:
        period(found, PeriodKind.EMPLOYMENT, status, since)
    if registered is not None:
        period(found, PeriodKind.UNEMPLOYMENT_REGISTRATION, "", registered)
    if wish is not None:
        WorkWish.objects.create(person=found, unit_path=unit.path, said_on=DAY, **wish)
    return found


def period(
    found: Person, kind: int, status: str, start: date, stop: date | None = None
) -> StatusPeriod:
    return StatusPeriod.objects.create(
        person=found,
        unit_path=found.unit_path,
        kind=kind,
        status=status,
        during=DateRange(start, stop),
        source="test",
    )


def household(number: str) -> Household:
    unit = Unit.objects.get(code=A)
    return Household.objects.create(unit=unit, unit_path=unit.path, number=number)


def vacancy(number: int, title: str, *, code: str = A, **facts: Any) -> PublicVacancy:
    unit = Unit.objects.get(code=code)
    values: dict[str, Any] = {
        "hours": 3,
        "wage_min": 3000,
        "wage_max": 3500,
        "posted_on": date(2025, 6, 25),
        "lon": unit.lon,
        "lat": unit.lat,
        "employer_name": "演示超市",
    } | facts
    return PublicVacancy.objects.create(
        id=number,
        title=title,
        unit_code=code,
        unit_name=unit.name,
        unit_path=unit.path,
        **values,
    )


def programme(code: str, title: str, **facts: Any) -> Programme:
    county = Unit.objects.get(code="371002000000")
    return Programme.objects.create(
        unit=county, unit_path=county.path, code=code, title=title, **facts
    )


def work() -> None:
    """Vacancies and classes; the second community's vacancies are in walking distance."""
    vacancy(1, "保安", occupation_code="4-07-05-01", skills=["消防"])
    vacancy(2, "夜班保安", hours=8)
    vacancy(3, "主管", min_education=30)
    vacancy(4, "邻社区保洁", code=B, occupation_code="4-09-08-01", wage_max=None, wage_min=None)
    vacancy(5, "学徒", max_age=30)
    vacancy(6, "客服", remote=True, lon=None, lat=None)
    vacancy(7, "老岗位", expires_on=date(2025, 6, 29))
    vacancy(8, "远处岗位", lon=123.0)


def classes() -> None:
    programme("P1", "面点制作班", content="和面、蒸制", skills=["面点"], occupation_codes=[])
    programme("P2", "消防设施操作", skills=["消防"], occupation_codes=["4-07-05-04"])
    programme("P3", "面点提高班", skills=["面点"], min_education=30)
    programme("P4", "已开班的面点", skills=["面点"], starts_on=date(2025, 6, 1))
    programme("P5", "无关的课", skills=["焊接"])


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row that the fence shows of every table, with where and when it was written."""
    with connections["default"].cursor() as cursor:
        tables = [
            name
            for name in connections["default"].introspection.table_names(cursor)
            if not name.startswith(("django_", "procrastinate_"))
        ]
        found = {}
        for table in sorted(tables):
            cursor.execute(f'SELECT ctid, xmin, t.* FROM "{table}" t ORDER BY ctid')
            found[table] = cursor.fetchall()
    return found


A_PATH, B_PATH = path_of(A), path_of(B)
