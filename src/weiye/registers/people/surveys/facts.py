"""Single facts of a person as a form sees them: value, day, source, and a mark of that state.

Values are as JSON holds them: days as ISO text, everything else as it is. ``wish.`` stands before
what somebody says about the work they want; `said.STATUS` is ``{"status", "since"}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.base.packs.surveys import ASKABLE
from weiye.base.privacy.fields import blind_index

from .. import said
from ..models import PeriodKind, Person, StatusPeriod, WorkWish

WISH = "wish."
_DAYS = {name for name, kind in ASKABLE.items() if kind in ("day", "days")}
_MARK_LENGTH = 16


@dataclass(frozen=True, slots=True)
class State:
    """What the ledger holds of one fact. ``on`` None: nobody ever said anything."""

    value: Any
    on: date | None
    source: str
    none: bool = False

    @property
    def known(self) -> bool:
        return self.none or self.value not in (None, "", [])

    def mark(self, fact: str) -> str:
        """What tells this state from any other; tells nothing of the value."""
        told = json.dumps([fact, self.value, self.none, str(self.on), self.source])
        return blind_index(told)[:_MARK_LENGTH]


def states(person: Person, day: date) -> dict[str, State]:
    """Every fact that a form may ask, as the ledger holds it; ``person`` with its wish."""
    found = {}
    wish = WorkWish.objects.filter(pk=person.pk).first()
    for fact in ASKABLE:
        if fact.startswith(WISH):
            found[fact] = _of_wish(wish, fact.removeprefix(WISH))
        elif fact == said.STATUS:
            found[fact] = _of_status(person, day)
        else:
            value = _json(getattr(person, fact))
            none = fact in person.known_none or value == []
            known = none or value not in (None, "")
            found[fact] = _of_person(person, fact, value, known=known, none=none)
    return found


def _of_person(person: Person, fact: str, value: Any, *, known: bool, none: bool = False) -> State:
    on = person.fact_dates.get(fact, person.as_of.isoformat() if known else "")
    source = said.source_of(person.fact_sources, person.source, fact) if on else ""
    return State(
        value if known and not none else None, date.fromisoformat(on) if on else None, source, none
    )


def _of_status(person: Person, day: date) -> State:
    period = StatusPeriod.objects.filter(
        person=person, kind=PeriodKind.EMPLOYMENT, during__contains=day
    ).first()
    if period is None:
        return _of_person(person, said.STATUS, None, known=False)
    since = period.during.lower.isoformat() if period.start_known else None
    value = {"status": period.status, "since": since}
    return _of_person(person, said.STATUS, value, known=True)


def _of_wish(wish: WorkWish | None, name: str) -> State:
    # Who never said anything has the table's defaults, which are nobody's word.
    if wish is None or wish.said_on is None:
        return State(None, None, "")
    value = _json(getattr(wish, name))
    if value in (None, "", []):
        return State(None, wish.said_on, wish.source)
    return State(value, wish.said_on, wish.source)


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value


def typed(fact: str, value: Any) -> Any:
    """A JSON value as the ledger's column takes it; ``ValueError`` for a day that is none."""
    if value is None or fact not in _DAYS:
        return value
    if isinstance(value, list):
        return sorted(date.fromisoformat(str(item)) for item in value)
    return date.fromisoformat(str(value))


def same(fact: str, held: State, value: Any, none: bool) -> bool:
    """Whether an answer says what the ledger holds."""
    if none or held.none:
        return none and held.none
    if fact == said.STATUS and isinstance(held.value, Mapping) and isinstance(value, Mapping):
        given = value.get("since")
        return held.value["status"] == value.get("status") and given in (
            None,
            held.value["since"],
        )
    if isinstance(value, list) and isinstance(held.value, list) and fact not in _RECORDS:
        return sorted(map(str, value)) == sorted(map(str, held.value))
    return bool(held.value == value)


_RECORDS = {name for name, kind in ASKABLE.items() if kind == "records"}
