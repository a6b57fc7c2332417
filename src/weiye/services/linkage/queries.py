"""What waits to be decided, and a pair side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from weiye.base.privacy.identifiers import IdentifierError, read_id_number
from weiye.base.privacy.masking import mask_address, mask_phone
from weiye.base.scope.actor import Actor
from weiye.engine.linkage import Comparison, compare
from weiye.registers.people.models import Person
from weiye.services.assistance import queries as assistance

from .frames import likely, records
from .models import DoubtState, Pair, PairState, RowDoubt


def pairs(actor: Actor) -> QuerySet[Pair]:
    """Every pair of the area, the likeliest first."""
    return (
        Pair.objects.visible_to(actor)
        .select_related("one__unit", "other__unit")
        .defer("one__id_number", "one__phone", "one__address")
        .defer("other__id_number", "other__phone", "other__address")
        .order_by("-probability", "pk")
    )


def waiting(actor: Actor) -> tuple[int, int]:
    """How many pairs and how many rows wait for somebody of the area."""
    return (
        Pair.objects.visible_to(actor).filter(state=PairState.OPEN).count(),
        RowDoubt.objects.visible_to(actor).filter(state=DoubtState.OPEN).count(),
    )


def doubts(actor: Actor) -> QuerySet[RowDoubt]:
    return RowDoubt.objects.visible_to(actor).select_related("unit", "person").order_by("-pk")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two people: who it is, and what is known and done."""

    person: Any
    household: int
    """Members of the household."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Two people side by side, the evidence term by term."""

    pair: Pair
    one: Side
    other: Side
    compared: Comparison


def beside(actor: Actor, pair_id: int, *, as_of: Any) -> Beside:
    """Raises ``Pair.DoesNotExist`` outside the area, ``Person.DoesNotExist`` where one is gone."""
    pair = Pair.objects.visible_to(actor).get(pk=pair_id)
    both = Person.objects.visible_to(actor).filter(pk__in=(pair.one_id, pair.other_id))
    said = {record["id"]: record for record in records(both)}
    shown = {
        person.pk: person
        for person in assistance.ledger(actor, as_of=as_of)
        .filter(pk__in=(pair.one_id, pair.other_id))
        .select_related("unit", "household")
        .order_by("pk")
    }
    if len(said) != 2 or len(shown) != 2:
        raise Person.DoesNotExist
    sides = [
        Side(
            shown[key],
            Person.objects.visible_to(actor)
            .filter(household_id=shown[key].household_id or 0)
            .count(),
        )
        for key in (pair.one_id, pair.other_id)
    ]
    compared = compare(said[str(pair.one_id)], said[str(pair.other_id)])
    return Beside(pair, sides[0], sides[1], _masked(compared))


_MASKS = {"phone": mask_phone, "place": mask_address}


def _masked(compared: Comparison) -> Comparison:
    """Telephones and homes as on any page: what they say of one another stands beside them."""
    terms = tuple(
        replace(term, left=mask(term.left), right=mask(term.right))
        if (mask := _MASKS.get(term.field))
        else term
        for term in compared.terms
    )
    return replace(compared, terms=terms)


@dataclass(frozen=True, slots=True)
class Candidate:
    person: Any
    compared: Comparison


@dataclass(frozen=True, slots=True)
class Asked:
    """A row, and the people whom it may mean, the likeliest first."""

    doubt: RowDoubt
    said: dict[str, str]
    candidates: list[Candidate]

    @property
    def numbered(self) -> bool:
        """The row bears a valid number: what stands against it is another name, or a second row.

        No decision here brings it in: that takes a change in the ledger or in the roster.
        """
        try:
            read_id_number(str(self.said.get("id_number") or ""))
        except IdentifierError:
            return False
        return True


MOST_CANDIDATES, MOST_COMPARED = 6, 200


def asked(actor: Actor, doubt_id: int) -> Asked:
    """Raises ``RowDoubt.DoesNotExist`` outside the area."""
    doubt = doubts(actor).get(pk=doubt_id)
    said: dict[str, Any] = json.loads(doubt.said or "{}")
    shown = said | {"address": mask_address(said.get("address") or "")}
    rows = likely(actor, doubt.unit_path, [said])
    found = sorted(
        (
            (compare(said, record), int(record["id"]))
            for record in islice(records(rows), MOST_COMPARED)
        ),
        key=lambda item: (-item[0].probability, item[1]),
    )[:MOST_CANDIDATES]
    people = {
        person.pk: person
        for person in rows.filter(pk__in=[pk for _, pk in found])
        .select_related("unit")
        .order_by("pk")
    }
    return Asked(doubt, shown, [Candidate(people[pk], seen) for seen, pk in found if pk in people])
