"""What one row of a roster says of one person, and what may become of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from weiye.base.privacy.documents import CITIZEN, kind_of_card
from weiye.base.regions.models import Unit

#: "withheld": whether the person is new or registered elsewhere is not said today (`telling`).
#: "named": the number is known under quite another name; "double": the person is known under
#: another number. Of neither anything is taken.
Result = Literal["new", "changed", "unchanged", "elsewhere", "withheld", "named", "double"]

CARD = 18
HOMES = ("grid", "building")
SINCE_OF = {
    "失业": "unemployed_since",
    "就业": "employed_since",
    "灵活就业": "employed_since",
}


@dataclass(slots=True)
class Entry:
    """One row: what it says about one person. Facts that are absent are not said.

    ``none``: facts said to be none or never. ``status`` holds from ``since`` (None: from when is
    not said). ``registered``: day of the unemployment registration, False = not registered.
    ``died_sure`` False: only that the person died is said, and the day is the file's.
    ``id_number`` as `base.privacy.documents.read_document` gives it for ``id_kind``.
    """

    id_number: str
    unit: Unit
    facts: dict[str, Any]
    phone: str = ""
    address: str = ""
    none: frozenset[str] = frozenset()
    household: str = ""
    status: str = ""
    since: date | None = None
    registered: date | Literal[False] | None = None
    wish: dict[str, Any] = field(default_factory=dict)
    id_kind: str = CITIZEN
    died_on: date | None = None
    died_sure: bool = True

    def __post_init__(self) -> None:
        # Eighteen digits name one person and say themselves on which card they stand.
        if len(self.id_number) == CARD:
            self.id_kind = kind_of_card(self.id_number)

    def none_after(self, known_none: Collection[str]) -> list[str]:
        """``Person.known_none`` once this is known."""
        told = set(self.facts)
        if isinstance(self.registered, date):
            told.add("registered_unemployed_since")
        if self.since is not None:
            told |= {"unemployed_since", "employed_since"}
        elif self.status in SINCE_OF:
            told.add(SINCE_OF[self.status])
        return sorted((set(known_none) - told) | self.none)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one entry; ``fields`` names what changed.

    ``kept``: what the entry says otherwise, but of which the ledger knows from a later day; of one
    "named" otherwise: the name in the ledger.
    """

    result: Result
    fields: tuple[str, ...] = ()
    kept: tuple[tuple[str, date], ...] = ()
