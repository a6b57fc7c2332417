"""What one row of a roster says of one person, and what may become of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from weiye.base.regions.models import Unit

Result = Literal["new", "changed", "unchanged", "elsewhere"]

#: Columns of a person that a row may fill, beside the encrypted ones.
FACTS = (
    "name",
    "household_role",
    "birth_date",
    "sex",
    "retirement_base",
    "hukou_unit",
    "resident_since",
    "education",
    "graduated_on",
    "continuing_school",
    "skill_certificates",
    "labour_capacity",
    "work_wish",
    "disability_grade",
    "minimum_living",
    "poverty_alleviation",
    "single_parent_of_minor",
    "land_lost",
    "veteran",
    "children",
    "contract_months",
    "monthly_income",
    "pension_drawn",
    "insured_months_local",
    "certified_difficult_since",
)
HOMES = ("grid", "building")
#: Facts that periods hold; of these a row may only say that there is none.
SINCE = ("unemployed_since", "employed_since", "registered_unemployed_since")
SINCE_OF = {
    "失业": "unemployed_since",
    "就业": "employed_since",
    "灵活就业": "employed_since",
}
WISH = (
    "occupation_codes",
    "skills",
    "min_wage",
    "hours",
    "needs_accessible",
    "max_walk_minutes",
    "training_wishes",
)


@dataclass(slots=True)
class Entry:
    """One row: what it says about one person. Facts that are absent are not said.

    ``none``: facts said to be none or never. ``status`` holds from ``since`` (None: from when is
    not said). ``registered``: day of the unemployment registration, False = not registered.
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

    ``kept``: what the entry says otherwise, but of which the ledger knows from a later day.
    """

    result: Result
    fields: tuple[str, ...] = ()
    kept: tuple[tuple[str, date], ...] = ()
