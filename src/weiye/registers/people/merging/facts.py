"""What is known of the one whom two rows speak of: of each fact the newer word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import said
from ..columns import BIOGRAPHY, FACTS
from ..models import Person

#: Facts that stand in columns of their own; the name stays that of the row that stays.
TAKEN = tuple(
    name
    for name in (*FACTS, *BIOGRAPHY, "phone", "address", "benefits_received")
    if name not in ("name", "household_role")
)


@dataclass(frozen=True, slots=True)
class Word:
    """What one row says of one fact."""

    value: Any
    none: bool
    """Known to be none."""
    on: str
    source: str

    @property
    def known(self) -> bool:
        return self.none or self.value not in (None, "")


def word(row: Person, name: str) -> Word:
    day = row.fact_dates.get(name, row.as_of.isoformat())
    source = said.source_of(row.fact_sources, row.source, name)
    return Word(getattr(row, name), name in row.known_none, day, source)


def newer(kept: Person, gone: Person) -> dict[str, Word]:
    """The facts that the row which goes knows better: alone, or of a later day."""
    found = {}
    for name in TAKEN:
        ours, theirs = word(kept, name), word(gone, name)
        same = (ours.value, ours.none) == (theirs.value, theirs.none)
        if theirs.known and not same and (not ours.known or theirs.on > ours.on):
            found[name] = theirs
    return found


def state(row: Person, name: str, words: Word) -> None:
    """Let a row say one fact as given, with its day and source."""
    setattr(row, name, words.value)
    row.known_none = sorted({*row.known_none} - {name} | ({name} if words.none else set()))
    days = {other: day for other, day in row.fact_dates.items() if other != name}
    row.fact_dates = days | ({name: words.on} if words.on != row.as_of.isoformat() else {})
    sources = {
        by: rest
        for by, facts in row.fact_sources.items()
        if (rest := [fact for fact in facts if fact != name])
    }
    if words.known and words.source != row.source:
        sources[words.source] = sorted({*sources.get(words.source, []), name})
    row.fact_sources = dict(sorted(sources.items()))
