"""The demonstration's past is played once, through the actions that a worker uses."""

from datetime import date, timedelta

import pytest

from tests.world import A, actor, path_of
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod
from weiye.services.assistance.models import AssistanceFile, Contact
from weiye.services.demonstration.history import play

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)


@pytest.fixture
def registered() -> None:
    with fence(system()):
        unit = Unit.objects.get(code=A)
        for number in range(6):
            person = Person.objects.create(
                unit=unit,
                unit_path=unit.path,
                name=f"演示{number}",
                birth_date=date(1980, 1, 1 + number),
                labour_capacity=True,
                pension_drawn=False,
                source="t",
                as_of=DAY,
                synthetic=True,
            )
            StatusPeriod.objects.create(
                person=person,
                unit_path=unit.path,
                kind=PeriodKind.UNEMPLOYMENT_REGISTRATION,
                during=(DAY - timedelta(days=400), None),
                source="t",
            )


def test_played_once_and_in_the_past(registered: None) -> None:
    first = play(actor=system(), unit_path=path_of(A), as_of=DAY)
    assert first > 0
    assert play(actor=system(), unit_path=path_of(A), as_of=DAY) == 0
    with fence(actor("worker-a")):
        assert Contact.objects.count() == first
        assert {file.opened_on for file in AssistanceFile.objects.all()} == {
            DAY - timedelta(days=150)
        }
        assert all(DAY - timedelta(days=150) <= c.on < DAY for c in Contact.objects.all())
        assert all("演示" in c.note for c in Contact.objects.all())
