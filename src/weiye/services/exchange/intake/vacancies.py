"""Vacancies of a list, into `registers.employers`."""

from __future__ import annotations

from typing import Any

from weiye.base.regions.models import Unit
from weiye.registers.employers.intake import Entry, VacancyIntake, forbidden
from weiye.registers.employers.models import LABELS

from ..sheets import NEVER, Block
from ..sheets.job_words import occupation_code
from .outcome import Adapter, Outcome, RowOutcome
from .places import Communities

#: Field of the file → column of the vacancy, where the value needs nothing else.
_PLAIN = {
    "title": "title",
    "kind": "kind",
    "openings": "openings",
    "duties": "duties",
    "requirements": "conditions",
    "address": "place",
    "contract": "contract_type",
    "insurance": "social_insurance",
    "protection": "protection",
    "hours": "hours",
    "accessible": "accessible",
    "remote": "remote",
    "posted_on": "posted_on",
    "expires_on": "expires_on",
}
_EMPLOYER = {
    "employer_kind": "kind",
    "address": "address",
    "contact": "contact",
    "phone": "phone",
}
_SAID_BY = {column: name for name, column in _PLAIN.items()}


class VacanciesAdapter(Adapter):
    """Rows to entries; unlawful wording stops a row, a vacancy that lacks something waits."""

    def open(self) -> None:
        self.communities = Communities(self.unit)
        self.register = VacancyIntake(
            actor=self.actor, unit=self.unit, on=self.as_of, write=self.write
        )
        self._seen: dict[object, int] = {}
        self.extra = {"drafts": 0}

    def take(self, block: Block) -> list[RowOutcome]:
        entries: list[Entry] = []
        positions: list[int] = []
        for at in range(len(block.lines)):
            unit = self._unit(block, at)
            if at in block.errors or unit is None:
                continue
            entry = self._entry(block, at, unit)
            for name, sentence in forbidden(entry.values):
                block.error(at, _SAID_BY[name], sentence)
            first = self._seen.setdefault(entry.key, block.lines[at])
            if first != block.lines[at]:
                block.error(at, "title", f"与第{first}行是同一个岗位（单位、岗位名称和地点相同）")
            if at not in block.errors:
                entries.append(entry)
                positions.append(at)
        outcomes = [RowOutcome(Outcome.ERROR)] * len(block.lines)
        taken = self.register.take(entries) if entries else []
        for at, result in zip(positions, taken, strict=True):
            outcomes[at] = RowOutcome(Outcome(result.result))
            if result.missing:
                self.extra["drafts"] += 1
                block.warn(at, "title", "存为草稿，补全后才能发布：" + "；".join(result.missing))
        return outcomes

    def _unit(self, block: Block, at: int) -> Unit | None:
        column = block.columns.get("work_unit")
        text = column[at] if column is not None else None
        if not text:
            return self.unit
        found = self.communities.find(text)
        if isinstance(found, str):
            block.error(at, "work_unit", found)
            return None
        return found

    def _entry(self, block: Block, at: int, unit: Unit) -> Entry:
        row = block.row(at)
        values: dict[str, Any] = {
            column: row[name] for name, column in _PLAIN.items() if name in row
        }
        code = row.get("occupation_code") or occupation_code(row["title"])
        if code:
            values["occupation_code"] = code
        if "wage" in row:
            values["wage_min"], values["wage_max"] = row["wage"]
        if "ages" in row:
            values["min_age"], values["max_age"] = row["ages"]
        if "min_education" in row:
            least = row["min_education"]
            values["min_education"] = None if least is NEVER else least
        if values.get("expires_on") is NEVER:
            values["expires_on"] = None
        if "skills" in row:
            values["skills"] = [skill[:40] for skill in row["skills"]]
        if labels := row.get("labels"):
            known = [label for label in labels if label in LABELS]
            values["labels"] = known
            if len(known) < len(labels):
                block.warn(at, "labels", f"标签只能是{'、'.join(LABELS)}，其余没有录入")
        facts = {column: row[name] for name, column in _EMPLOYER.items() if name in row}
        return Entry(
            unit=unit,
            employer=row["employer"],
            uscc=row.get("uscc", ""),
            employer_facts=facts,
            values=values,
        )
