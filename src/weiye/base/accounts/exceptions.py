"""Acting by exception: the terms (`exceptions.yaml`), and what such a membership may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from weiye.base.regions.levels import LEVELS
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .models import Membership, Origin
from .roles import roles


@dataclass(frozen=True)
class EmergencyTerms:
    """``opens``: levels of units; ``within``: role → level of the area that it may open in."""

    hours: int
    per_week: int
    review_days: int
    opens: tuple[str, ...]
    within: Mapping[str, str]
    rights: frozenset[str]
    categories: Mapping[str, str]


@dataclass(frozen=True)
class CoverTerms:
    """At most ``days`` on end, beginning within ``ahead`` days; a colleague of one ``within``;
    without the rights ``withheld``."""

    days: int
    ahead: int
    within: str
    withheld: frozenset[str]


@cache
def terms() -> tuple[EmergencyTerms, CoverTerms]:
    """Raises ``ValueError`` for an unknown role, level or right."""
    text = Path(__file__).with_name("exceptions.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    entry, cover = found["emergency"], found["cover"]
    cover = CoverTerms(**{**cover, "withheld": frozenset(cover["withheld"])})
    emergency = EmergencyTerms(
        hours=entry["hours"],
        per_week=entry["per_week"],
        review_days=entry["review_days"],
        opens=tuple(entry["opens"]),
        within=entry["within"],
        rights=frozenset(entry["rights"]),
        categories=entry["categories"],
    )
    known = frozenset[str]().union(*(role.rights for role in roles().values()))
    strange = {*emergency.opens, *emergency.within.values(), cover.within} - set(LEVELS)
    strange |= set(emergency.within) - set(roles())
    strange |= (emergency.rights | cover.withheld) - known
    if strange:
        raise ValueError(f"exceptions.yaml: unknown {sorted(strange)}")
    return emergency, cover


def acting(membership: Membership) -> dict[str, Any]:
    """How an actor of this membership differs from one by grant: fields of `Actor`."""
    rights = roles()[membership.role].rights
    if membership.origin == Origin.EMERGENCY:
        return {
            "rights": rights & terms()[0].rights,
            "until": membership.ends_at,
            "emergency": membership.pk,
        }
    if membership.origin == Origin.COVER:
        # Another's row: the one who covers may not see it from here.
        with fence(system()):
            absent = Membership.objects.filter(pk=membership.covers_id or 0).values_list(
                "account_id", flat=True
            )
            covering = absent.first()
        return {
            "rights": rights - terms()[1].withheld,
            "until": membership.ends_at,
            "covering": covering,
        }
    return {"rights": rights}


def above(path: str, level: str) -> str:
    """The path of the unit of a level that ``path`` lies in; its own if it stands higher.

    >>> above("37/10/02/001/001/", "county")
    '37/10/02/'
    """
    return "/".join(path.strip("/").split("/")[: LEVELS.index(level) + 1]) + "/"
