"""Reading the records is an act that is logged: see `actions`. Here is what those share."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from weiye.base.scope.actor import Actor

from ..models import Person
from ..queries import ENCRYPTED, UNLISTED, people, search
from ..search import COLUMNS
from .models import SensitiveRecord


def records(actor: Actor) -> QuerySet[SensitiveRecord]:
    """Nothing for whoever lacks ``sensitive.read``; encrypted columns left where they are."""
    unread = (f"person__{name}" for name in (*ENCRYPTED, *UNLISTED, *COLUMNS))
    return (
        SensitiveRecord.objects.visible_to(actor)
        .filter(person__anonymised_on__isnull=True)
        .select_related("person__unit")
        .defer(*unread, "document", "note")
        .order_by("unit_path", "person__name_key", "person_id", "pk")
    )


def current(rows: QuerySet[SensitiveRecord], day: date) -> QuerySet[SensitiveRecord]:
    return rows.filter(during__contains=day)


def find(*, actor: Actor, text: str) -> list[Person]:
    """People of the area by whole name or number, for whoever may add a record; at most 20."""
    actor.require("sensitive.edit")
    if len(text.strip()) < 2:
        return []
    rows = search(people(actor), text).select_related("unit").order_by("name_key", "pk")
    return list(rows[:20])
