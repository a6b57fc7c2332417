"""Reads that are acts: each is logged."""

from django.core.exceptions import ValidationError

from weiye.base.audit.actions import record
from weiye.base.privacy.fields import revealable
from weiye.base.scope.actor import Actor

from .. import queries
from ..models import Person

# What is masked until somebody says why, as the columns declare it: name → label.
REVEALABLE = revealable(Person)


def open_person(*, actor: Actor, person_id: int) -> Person:
    """Read one person whole, and log that it was read.

    Raises `NotAllowed` without ``people.read`` and ``Person.DoesNotExist`` outside the area.
    """
    return _opened(actor, person_id, "person.read")


def print_person(*, actor: Actor, person_id: int) -> Person:
    """Read one person for a sheet of paper, and log that it was printed; raises as `open_person`.

    Paper leaves the house, so the log tells it from a look at the screen.
    """
    return _opened(actor, person_id, "person.print")


def _opened(actor: Actor, person_id: int, verb: str) -> Person:
    actor.require("people.read")
    found = queries.person(actor, person_id)
    record(actor=actor, verb=verb, path=found.unit_path, thing=found)
    return found


def reveal(*, actor: Actor, person_id: int, field: str, reason: str) -> str:
    """One encrypted value in clear; the field and the reason given are logged.

    Raises ``ValidationError`` without a reason, `NotAllowed` without ``people.reveal``.
    """
    actor.require("people.reveal")
    if field not in REVEALABLE:
        raise ValidationError("没有这一项。")
    reason = reason.strip()[:200]
    if not reason:
        raise ValidationError("请写明查看的原因。")
    found = Person.objects.visible_to(actor).only("id", "unit_path", field).get(pk=person_id)
    record(
        actor=actor,
        verb="person.reveal",
        path=found.unit_path,
        thing=found,
        detail={"field": field, "reason": reason},
    )
    return str(getattr(found, field) or "")
