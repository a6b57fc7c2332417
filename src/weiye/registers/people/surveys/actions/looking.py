"""Reading a household before a visit, and what is left to decide: logged for each person."""

from __future__ import annotations

from collections.abc import Sequence

from weiye.base.audit.actions import record_many
from weiye.base.scope.actor import Actor

from ...models import Person
from .. import queries
from ..models import (
    SurveyConflict,
)


def open_door(*, actor: Actor, person_id: int) -> list[Person]:
    """The people behind a door, whole, before a visit; that they were read is logged for each.

    Raises `NotAllowed` without ``surveys.record``, ``Person.DoesNotExist`` outside the area.
    """
    actor.require("surveys.record")
    found = queries.behind(actor, person_id)
    _looked(actor, found)
    return found


def open_checks(*, actor: Actor, most: int) -> list[SurveyConflict]:
    """What is left to decide, both values; logged for each person."""
    actor.require("people.edit")
    found = list(queries.open_conflicts(actor)[:most])
    _looked(actor, list({row.person_id: row.person for row in found}.values()))
    return found


def _looked(actor: Actor, people: Sequence[Person]) -> None:
    record_many(
        actor=actor,
        verb="survey.open",
        entries=[(person.unit_path, "person", str(person.pk), {}) for person in people],
    )
