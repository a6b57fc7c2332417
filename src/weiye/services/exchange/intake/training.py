"""Programmes of a county's catalogue, into `registers.training`."""

from __future__ import annotations

from datetime import date

from weiye.registers.training.intake import Entry, ProgrammeIntake

from ..sheets import Block
from ..sheets.job_words import occupation_code
from .outcome import Adapter, Outcome, RowOutcome

_PLAIN = {
    "code": "code",
    "title": "title",
    "content": "content",
    "class_hours": "hours",
    "requirements": "requirement",
    "subsidy": "subsidy",
    "body": "provider",
    "place": "place",
    "seats": "seats",
}


class TrainingAdapter(Adapter):
    """Rows to programmes."""

    def open(self) -> None:
        self.register = ProgrammeIntake(actor=self.actor, unit=self.unit, write=self.write)
        self._seen: dict[str, int] = {}

    def take(self, block: Block) -> list[RowOutcome]:
        entries: list[Entry] = []
        positions: list[int] = []
        for at in range(len(block.lines)):
            if at in block.errors:
                continue
            entry = _entry(block, at)
            first = self._seen.setdefault(entry.code, block.lines[at])
            if first != block.lines[at]:
                block.error(at, "title", f"与第{first}行是同一个培训项目")
                continue
            entries.append(entry)
            positions.append(at)
        outcomes = [RowOutcome(Outcome.ERROR)] * len(block.lines)
        taken = self.register.take(entries) if entries else []
        for at, result in zip(positions, taken, strict=True):
            outcomes[at] = RowOutcome(Outcome(result))
        return outcomes


def _entry(block: Block, at: int) -> Entry:
    row = block.row(at)
    values = {column: row[name] for name, column in _PLAIN.items() if name in row}
    if audience := row.get("audience"):
        values["audience"] = "、".join(audience)[:200]
    for name in ("starts_on", "ends_on"):
        if isinstance(row.get(name), date):
            values[name] = row[name]
    code = row.get("occupation_code") or occupation_code(row["title"])
    if code:
        values["occupation_codes"] = [code]
    return Entry(values)
