"""Who is meant by a row without a valid ID number: asked of whoever links records and people.

The linking app registers its resolver by `use`; until then, and for whatever it leaves open, the
rule is `cautious`: a name, a birthday and a telephone that fit are no proof, so that the row waits
for a person to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from weiye.base.privacy.fields import blind_indexes
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person


@dataclass(frozen=True, slots=True)
class LinkRow:
    """What a row says of somebody. ``written``: what stands in the ID column, if anything."""

    line: int
    name: str
    birth_date: date | None
    phone: str
    address: str
    household: str
    written: str = ""
    sex: str | None = None
    sheet: str = ""


#: The id of the person who is meant, None = nobody is known, "review" = a person must decide.
Answer = int | Literal["review"] | None


class Resolver(Protocol):
    def __call__(self, actor: Actor, unit: Unit, rows: Sequence[LinkRow]) -> list[Answer]: ...


class Keeper(Protocol):
    def __call__(
        self, actor: Actor, unit: Unit, batch_id: int, source: str, rows: Sequence[LinkRow]
    ) -> None: ...


def cautious(actor: Actor, unit: Unit, rows: Sequence[LinkRow]) -> list[Answer]:
    """ "review" where exactly one person of the unit has this name and birthday, or this name and
    telephone; never a person."""
    by_phone = {i: row.phone for row in rows if row.phone for i in blind_indexes(row.phone)}
    known = Person.objects.visible_to(actor).filter(
        unit_path__startswith=unit.path, name__in={row.name for row in rows}
    )
    born: dict[tuple[str, date | None], set[int]] = {}
    called: dict[tuple[str, str], set[int]] = {}
    for pk, name, birth, index in known.values_list("id", "name", "birth_date", "phone_index"):
        if birth is not None:
            born.setdefault((name, birth), set()).add(pk)
        if index in by_phone:
            called.setdefault((name, by_phone[index]), set()).add(pk)
    answers: list[Answer] = []
    for row in rows:
        fitting = born.get((row.name, row.birth_date), set()) | (
            called.get((row.name, row.phone), set()) if row.phone else set()
        )
        answers.append("review" if len(fitting) == 1 else None)
    return answers


def _nowhere(actor: Actor, unit: Unit, batch_id: int, source: str, rows: Sequence[LinkRow]) -> None:
    """Without a queue the rows come back to their sender, each with its sentence."""


_resolver: Resolver = cautious
_keeper: Keeper = _nowhere


def use(resolver: Resolver, keeper: Keeper | None = None) -> None:
    """Let another app decide. ``keeper`` is given, when a block is imported, the rows that wait."""
    global _resolver, _keeper
    _resolver, _keeper = resolver, keeper or _nowhere


def resolve(actor: Actor, unit: Unit, rows: Sequence[LinkRow]) -> list[Answer]:
    """An answer per row, in order."""
    return _resolver(actor, unit, rows) if rows else []


def keep(actor: Actor, unit: Unit, batch_id: int, source: str, rows: Sequence[LinkRow]) -> None:
    """Put rows aside until somebody decides; called inside the transaction of their block."""
    if rows:
        _keeper(actor, unit, batch_id, source, rows)
