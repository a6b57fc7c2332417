"""A county's catalogue at once: programmes new, changed or unchanged, by their code."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as copied
from typing import Any, Literal

from weiye.base.audit.actions import record_many
from weiye.base.regions.models import Unit
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from .models import Programme

Result = Literal["new", "changed", "unchanged"]


@dataclass(slots=True)
class Entry:
    """One programme: column → value; what is absent is not said and leaves what is known."""

    values: dict[str, Any]

    @property
    def code(self) -> str:
        """The sender's code, else one that follows from title, body and first day."""
        given = self.values.get("code")
        if given:
            return str(given)
        parts = (self.values["title"], self.values.get("provider"), self.values.get("starts_on"))
        return "Z" + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:11]


class ProgrammeIntake:
    """Takes blocks of entries into the catalogue of one unit; ``write`` False only tells."""

    def __init__(self, *, actor: Actor, unit: Unit, write: bool) -> None:
        actor.require("training.edit", unit.path)
        self.actor, self.unit, self.write = copied(actor, path=unit.path), unit, write
        if write:
            take_turn("training.import", unit.path)

    def take(self, entries: Sequence[Entry]) -> list[Result]:
        """Results in the order of the entries; no two of all blocks may have one code."""
        with fence(self.actor):
            known = {
                row.code: row
                for row in Programme.objects.visible_to(self.actor).filter(
                    unit=self.unit, code__in=[entry.code for entry in entries]
                )
            }
            new, changed, results = [], [], []
            for entry in entries:
                row = known.get(entry.code)
                result: Result = "unchanged"
                if row is None:
                    row = Programme(unit=self.unit, unit_path=self.unit.path, code=entry.code)
                    new.append(row)
                    result = "new"
                for name, value in entry.values.items():
                    if getattr(row, name) != value:
                        setattr(row, name, value)
                        result = "changed" if result != "new" else result
                if result == "changed":
                    changed.append(row)
                results.append(result)
            if self.write:
                self._write(new, changed)
            return results

    def _write(self, new: list[Programme], changed: list[Programme]) -> None:
        for pk, row in zip(bulk.reserve_ids(Programme, len(new)), new, strict=True):
            row.pk = pk
        names = [f.attname for f in Programme._meta.concrete_fields]
        for rows, put in ((new, bulk.insert), (changed, bulk.update)):
            put(Programme, [{name: getattr(row, name) for name in names} for row in rows])
        record_many(
            actor=self.actor,
            verb="programme.import",
            entries=[(r.unit_path, "programme", str(r.pk), {}) for r in (*new, *changed)],
        )
