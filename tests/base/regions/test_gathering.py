"""Rows left behind by a change of the tree come to where their unit is."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.world import A, B, actor, path_of, sign_in
from weiye.base.audit.models import AuditEntry
from weiye.base.integrity import actions as integrity
from weiye.base.integrity.checks import all_checks
from weiye.base.regions import actions, jobs
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person, WorkWish

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-1")]

STREET_2 = "371002002000"
TODAY = timezone.localdate()


@pytest.fixture
def stray() -> tuple[Person, str, str]:
    """Somebody whose rows were saved with the path of before: the person, that path, the new."""
    with fence(system()):
        home, old = Unit.objects.get(code=A), path_of(A)
        actions.move(actor=system(), unit=home, parent=Unit.objects.get(code=STREET_2), day=TODAY)
        found = Person.objects.create(
            unit=home, unit_path=old, name="居民", source="t", as_of=TODAY
        )
        WorkWish.objects.create(person=found, unit_path=old)
    return found, old, home.path


def places(person: Person) -> set[str]:
    with fence(system()):
        return {
            Person.objects.get(pk=person.pk).unit_path,
            WorkWish.objects.get(person=person).unit_path,
        }


def in_its_unit() -> int | None:
    check = next(each for each in all_checks() if each.id == "people.person_in_its_unit")
    with fence(system()):
        return integrity.run(check).count


def test_the_hour_after_a_move_gathers_what_it_missed(stray: tuple[Person, str, str]) -> None:
    person, old, new = stray
    assert places(person) == {old} and in_its_unit() == 1
    jobs.gather.func(timestamp=0)
    assert places(person) == {new} and in_its_unit() == 0
    with fence(system()):
        told = AuditEntry.objects.get(verb="unit.gather")
        assert told.detail["rows"] == 2
        assert told.detail["tables"] == ["people.Person", "people.WorkWish"]
    jobs.gather.func(timestamp=0)
    with fence(system()):
        assert AuditEntry.objects.filter(verb="unit.gather").count() == 1


def test_without_a_change_lately_nothing_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(actions, "gather", never)
    monkeypatch.setattr(jobs, "LATELY", timedelta())
    jobs.gather.func(timestamp=0)


def test_a_path_that_another_unit_has_now_takes_nothing_of_it_away() -> None:
    with fence(system()):
        b = Unit.objects.get(code=B)
        theirs = Person.objects.create(
            unit=b, unit_path=b.path, name="居民", source="t", as_of=TODAY
        )
        WorkWish.objects.create(person=theirs, unit_path=b.path)
        assert actions.gather(actor=system()) == {}
    assert places(theirs) == {b.path}


def test_it_takes_both_rights_and_stays_within_the_area(stray: tuple[Person, str, str]) -> None:
    person, old, new = stray
    for username in ("worker-a", "auditor"):
        who = actor(username)
        with fence(who), pytest.raises(NotAllowed):
            integrity.mend(actor=who)
    elsewhere = system(path_of(B))
    with fence(elsewhere):
        assert actions.gather(actor=elsewhere) == {}
    assert places(person) == {old}
    client = Client()
    sign_in(client, "admin")
    answer = client.post(reverse("administration:integrity-mend"), follow=True)
    assert "已把2条记录归到所属单位" in answer.content.decode()
    assert places(person) == {new}


def test_the_button_stands_beside_the_finding_for_whom_it_works(
    stray: tuple[Person, str, str],
) -> None:
    for username, shown in (("admin", True), ("auditor", False)):
        who = actor(username)
        with fence(who):
            integrity.keep(actor=who, outcomes=integrity.examine(actor=who))
        client = Client()
        sign_in(client, username)
        html = client.get(reverse("administration:integrity")).content.decode()
        assert ("归到所属单位</button>" in html) is shown
