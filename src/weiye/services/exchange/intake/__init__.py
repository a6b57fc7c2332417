"""From parsed blocks to the registers: one adapter per kind of file."""

from __future__ import annotations

from datetime import date

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor

from .outcome import NOT_TAKEN, Adapter, Outcome, RowOutcome
from .roster import RosterAdapter
from .training import TrainingAdapter
from .vacancies import VacanciesAdapter

_ADAPTERS: dict[str, type[Adapter]] = {
    "roster": RosterAdapter,
    "vacancies": VacanciesAdapter,
    "training": TrainingAdapter,
}

#: The right that an import of this kind asks for.
RIGHTS = {"roster": "people.import", "vacancies": "vacancies.edit", "training": "training.edit"}


def adapter(
    kind: str,
    *,
    actor: Actor,
    unit: Unit,
    mapping: dict[int, str],
    source: str,
    as_of: date,
    write: bool,
    sheet: str,
) -> Adapter:
    """The adapter for one pass over a file. Raises SheetRefused if the file cannot go there."""
    return _ADAPTERS[kind](
        actor=actor,
        unit=unit,
        mapped=frozenset(mapping.values()),
        source=source,
        as_of=as_of,
        write=write,
        sheet=sheet,
    )


__all__ = ["NOT_TAKEN", "RIGHTS", "Adapter", "Outcome", "RowOutcome", "adapter"]
