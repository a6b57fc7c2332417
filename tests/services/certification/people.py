"""Somebody who may be certified, and a case brought as far as a test wants it."""

import uuid
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from tests.world import A, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person, StatusPeriod
from weiye.services.certification import actions
from weiye.services.certification.models import Case
from weiye.services.certification.terms import terms_of

# A Monday, in a year whose days off are published, far from holidays.
DAY = date(2026, 3, 2)


def somebody(code: str = A, **facts: object) -> Person:
    """A woman of 45, registered unemployed since last year: 条例 §42 (1) and (7)."""
    unit = Unit.objects.get(code=code)
    person = Person.objects.create(
        unit=unit,
        unit_path=unit.path,
        **{
            "name": "王小明",
            "name_key": "wang xiao ming",
            "sex": "女",
            "birth_date": date(1981, 1, 10),
            "retirement_base": 55,
            "labour_capacity": True,
            "work_wish": True,
            "pension_drawn": False,
            "minimum_living": "无",
            "disability_grade": 0,
            "single_parent_of_minor": False,
            "land_lost": False,
            "id_number": "379901198101101229",
            "id_index": uuid.uuid4().hex,
            "source": "人社局名册",
            "as_of": date(2026, 1, 5),
            "synthetic": True,
            **facts,
        },
    )
    for kind, status in ((0, "失业"), (2, "")):
        StatusPeriod.objects.create(
            person=person,
            unit_path=unit.path,
            kind=kind,
            status=status,
            during=DateRange(date(2025, 1, 5), None),
            source="失业登记系统",
        )
    return person


def opened(
    person: Person, *, who: str = "worker-a", category: str = "elder", on: date = DAY
) -> Case:
    with fence(actor(who)):
        return actions.open_case(
            actor=actor(who),
            person_id=person.pk,
            category=category,
            token=uuid.uuid4(),
            on=on,
            consent="本人到站要求",
        )


STEPS = ("submit", "accept", "review", "publish", "certify")
WHO = {"submit": "worker-a", "accept": "worker-a", "review": "clerk"}


def brought(person: Person, to: str, on: date = DAY) -> tuple[Case, date]:
    """A case after ``to`` (one of `STEPS`), and the day on which that was."""
    case = opened(person, on=on)
    for step in STEPS:
        who = actor(WHO.get(step, "county"))
        with fence(who):
            if step == "certify":
                on = after_notice(case, on)
            note = {"note": "情况属实"} if step == "review" else {}
            getattr(actions, step)(actor=who, case_id=case.pk, on=on, **note)
        if step == to:
            break
    with fence(system()):
        case.refresh_from_db()
    return case, on


def after_notice(case: Case, posted_on: date) -> date:
    """The first day on which a notice of five days is over."""
    return terms_of(case.unit_path, posted_on).calendar.add(posted_on, 5) + timedelta(days=1)
