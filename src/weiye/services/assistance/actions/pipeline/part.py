"""What every step of one part of a run works on."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from django.db.models import QuerySet

from weiye.base.packs import Pack
from weiye.base.scope.actor import Actor, below

Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass
class Outcome:
    """``changes``: what this run did. ``totals``: how things stand now. ``seconds`` per step."""

    changes: Counter[str] = field(default_factory=Counter)
    totals: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One street or smaller unit on one day, under one pack; ``region`` is its 12-digit code."""

    actor: Actor
    path: str
    as_of: date
    pack: Pack
    region: str
    outcome: Outcome
    threads: int
    # Only these, whole households of one community; everybody where it is None.
    people: frozenset[int] | None = None

    def ended(self, begun: date) -> date:
        """When something ends: a run for a day long past ends nothing before it began."""
        return max(self.as_of, begun)

    def within(self, rows: Rows, person: str = "person_id") -> Rows:
        """Rows of the part; ``person`` names the column that says whose a row is.

        A range: LIKE makes no use of an index under row-level security.
        """
        lo, hi = below(self.path)
        rows = rows.filter(unit_path__gte=lo, unit_path__lt=hi)
        return rows if self.people is None else rows.filter(**{f"{person}__in": self.people})
