"""A code that is given anew makes no unit heir to what another wrote at its place."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.world import A, B, C, actor, path_of
from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.regions import actions
from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person, WorkWish

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-1")]

TODAY = timezone.localdate()


def unit(code: str) -> Unit:
    return Unit.objects.get(code=code)


def anew(code: str = A) -> Unit:
    """Another community under a code that is free now."""
    street = Unit.objects.get(path="/".join(path_of(code).split("/")[:4]) + "/")
    made = actions.add(
        actor=system(), parent=street, level=Level.COMMUNITY, name="新设社区", code=code, day=TODAY
    )
    return made.units[0]


def test_the_log_of_a_closed_unit_is_not_its_successors() -> None:
    with fence(system()):
        record(actor=system(), verb="person.read", path=path_of(A), thing=("person", "1"))
        actions.merge(actor=system(), units=[unit(A)], into=unit(B), day=TODAY)
        new = anew()
        assert new.code == A and new.path != path_of(A)
        seen = AuditEntry.objects.visible_to(system(new.path))
        assert not seen.filter(verb="person.read").exists()
        # Nor of what its grids wrote.
        grid = actions.add(actor=system(), parent=new, level=Level.GRID, name="一", day=TODAY)
        assert grid.units[0].path.startswith(new.path)


def test_what_a_closed_unit_left_behind_is_gathered_still() -> None:
    with fence(system()):
        old, was = unit(A), path_of(A)
        actions.merge(actor=system(), units=[old], into=unit(B), day=TODAY)
        new = anew()
        person = Person.objects.create(
            unit=old, unit_path=was, name="居民", source="t", as_of=TODAY
        )
        WorkWish.objects.create(person=person, unit_path=was)
        assert actions.gather(actor=system()) == {"people.Person": 1, "people.WorkWish": 1}
        old.refresh_from_db()
        assert WorkWish.objects.get(person=person).unit_path == old.path
        assert not Person.objects.visible_to(system(new.path)).exists()


def test_a_place_held_for_less_than_a_day_is_remembered_by_the_log() -> None:
    with fence(system()):
        made = actions.add(
            actor=system(), parent=unit(A), level=Level.GRID, name="一", code=A + "g77", day=TODAY
        ).units[0]
        place = made.path
        assert place == f"{path_of(A)}g77/"
        actions.move(actor=system(), unit=made, parent=unit(C), day=TODAY, code=C + "g77")
        other = actions.add(
            actor=system(), parent=unit(A), level=Level.GRID, name="二", code=A + "g77", day=TODAY
        ).units[0]
        assert other.path != place


def test_a_unit_comes_back_to_its_own_place() -> None:
    with fence(system()):
        old = unit(A)
        actions.close(actor=system(), unit=old, day=TODAY - timedelta(days=3))
        actions.reopen(actor=system(), unit=old, day=TODAY)
        assert old.path == path_of(A)


def test_who_acted_for_the_old_unit_does_not_see_the_new_one() -> None:
    with fence(system()):
        actions.merge(actor=system(), units=[unit(A)], into=unit(B), day=TODAY)
        new = anew()
    assert not actor("worker-a").covers(new.path)
