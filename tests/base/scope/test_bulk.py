"""Bulk writes behave as single ones do: ids, encrypted columns, and the fence."""

from typing import Any

import pytest
from django.db.utils import ProgrammingError

from tests.world import A, B, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.bulk import insert_objects
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person, WorkWish

pytestmark = pytest.mark.django_db


def somebody(code: str, **facts: Any) -> Person:
    unit = Unit.objects.get(code=code)
    return Person(
        unit=unit, unit_path=unit.path, name="演示人", source="t", as_of="2026-01-01", **facts
    )


def test_objects_are_stored_as_saving_each_would() -> None:
    with fence(actor("worker-a")):
        people = [
            somebody(A, phone="20000000001", known_none=["children"]),
            somebody(A, skill_certificates=[{"code": "4-07-05-01", "level": 5}]),
        ]
        insert_objects(people)
        assert len({person.pk for person in people}) == 2
        wishes = (WorkWish(person=p, unit_path=p.unit_path, skills=["消防"]) for p in people)
        insert_objects(wishes)
        one, two = Person.objects.order_by("pk")
        assert (one.pk, one.phone, one.known_none) == (people[0].pk, "20000000001", ["children"])
        assert two.skill_certificates == [{"code": "4-07-05-01", "level": 5}]
        assert [p.wish.skills for p in (one, two)] == [["消防"], ["消防"]]
        # The next id is still free, and a loaded object is an update, not a second insert.
        people[0].name = "改名"
        people[0].save()
        somebody(A).save()
        assert Person.objects.count() == 3
    insert_objects([])


def test_the_fence_checks_every_object() -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        fence(actor("worker-a")),
    ):
        insert_objects([somebody(A), somebody(B)])
