"""Many vacancies at once, as lists bring them: new, changed or unchanged.

The bulk side of ``actions``. An employer is known by its credit code, else by its name within the
unit; a vacancy by employer, title and place of work. A vacancy that states what the law asks for
and nothing that it forbids is published, another stays a draft, with what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as copied
from datetime import date
from typing import Any, Literal

from weiye.base.audit.actions import record_many
from weiye.base.regions.models import Unit
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from .actions import problems, public_copy, show_employers
from .lawful import unlawful_words
from .models import Employer, PublicVacancy, Vacancy, VacancyFields, VacancyState

Result = Literal["new", "changed", "unchanged"]

_COPIED = tuple(f.attname for f in VacancyFields._meta.concrete_fields)
_EMPLOYER = ("kind", "address", "contact", "phone")


@dataclass(slots=True)
class Entry:
    """One row: an employer (``name``, ``uscc`` and facts) and one vacancy of it.

    Facts that are absent are not said and leave what is known.
    """

    unit: Unit
    employer: str
    uscc: str
    employer_facts: dict[str, str]
    values: dict[str, Any]

    @property
    def employer_key(self) -> tuple[str, ...]:
        return (self.uscc,) if self.uscc else ("", str(self.unit.pk), self.employer)

    @property
    def key(self) -> tuple[tuple[str, ...], str, str]:
        """Two rows with one key are the same vacancy."""
        return self.employer_key, self.values["title"], self.values.get("place", "")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one entry; ``missing``: why a vacancy stays a draft."""

    result: Result
    missing: tuple[str, ...] = ()


def forbidden(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields of a row with unlawful wording and the sentence about it."""
    return [
        (name, f"“{word}”不能写：{why}")
        for name in ("title", "duties", "conditions")
        for word, why in unlawful_words(str(values.get(name, "")))
    ]


class VacancyIntake:
    """Takes blocks of entries into one unit; ``write`` False only tells what would happen.

    To be used inside a transaction; the fence is narrowed to ``unit``.
    """

    def __init__(self, *, actor: Actor, unit: Unit, on: date, write: bool) -> None:
        actor.require("vacancies.edit", unit.path)
        self.actor = copied(actor, path=unit.path)
        self.on, self.write = on, write
        self.publishes = actor.can("vacancies.publish")
        if write:
            take_turn("vacancies.import", unit.path)

    def take(self, entries: Sequence[Entry]) -> list[Taken]:
        """Results in the order of the entries; no two of all blocks may have one key."""
        with fence(self.actor):
            return self._take(entries)

    def _take(self, entries: Sequence[Entry]) -> list[Taken]:
        employers = self._employers(entries)
        rows = (
            Vacancy.objects.visible_to(self.actor)
            .filter(employer_id__in=[e.pk for e in employers.values() if e.pk])
            .select_related("employer", "unit")
            .order_by("-id")
        )
        if self.write:
            # All columns are written back: who closes one meanwhile waits, or is seen.
            rows = rows.select_for_update(of=("self",))
        known: dict[tuple[int | None, str, str], Vacancy] = {
            (row.employer_id, row.title, row.place): row for row in rows
        }
        plan = _Plan()
        results = [
            self._one(entry, employers[entry.employer_key], known, plan) for entry in entries
        ]
        if self.write:
            self._write(plan)
        return results

    def _one(
        self,
        entry: Entry,
        employer: Employer,
        known: Mapping[tuple[int | None, str, str], Vacancy],
        plan: _Plan,
    ) -> Taken:
        values = entry.values
        place = values.get("place", "") or employer.address
        row = known.get((employer.pk, values["title"], place))
        result: Result = "unchanged"
        if row is None:
            row = Vacancy(
                employer=employer,
                unit=entry.unit,
                unit_path=entry.unit.path,
                posted_on=self.on,
                lon=employer.lon,
                lat=employer.lat,
            )
            result = "new"
        for name, value in {**values, "place": place}.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
                result = "changed" if result == "unchanged" else result
        missing = tuple(problems(row).values())
        publish = self.publishes and not missing and row.state == VacancyState.DRAFT
        if publish:
            row.state = VacancyState.PUBLISHED
            result = "changed" if result == "unchanged" else result
        if row.state == VacancyState.PUBLISHED and missing:
            row.state = VacancyState.DRAFT
            result = "changed"
        if result != "unchanged":
            (plan.new if result == "new" else plan.changed).append(row)
        return Taken(result, missing)

    def _employers(self, entries: Sequence[Entry]) -> dict[tuple[str, ...], Employer]:
        """Employers by key, those that are not there yet made when writing.

        Another unit may have registered the firm under its credit code; this unit then keeps it
        by its name, without the code.
        """
        by_key = {entry.employer_key: entry for entry in entries}
        rows = Employer.objects.visible_to(self.actor)
        codes = [key[0] for key in by_key if key[0]]
        coded = {e.uscc: e for e in rows.filter(uscc__in=codes)}
        named = {
            (e.unit_id, e.name): e
            for e in rows.filter(
                uscc__isnull=True,
                unit_id__in={entry.unit.pk for entry in entries},
                name__in={entry.employer for entry in entries},
            )
        }
        known: dict[tuple[str, ...], Employer] = {}
        for key, entry in by_key.items():
            found = coded.get(entry.uscc) or named.get((entry.unit.pk, entry.employer))
            if found is not None:
                known[key] = found
        made = {
            key: Employer(
                unit=entry.unit,
                unit_path=entry.unit.path,
                name=entry.employer,
                uscc=entry.uscc or None,
                **entry.employer_facts,
            )
            for key, entry in by_key.items()
            if key not in known
        }
        if self.write:
            changed = self._change_employers(by_key, known)
            self._add_employers(list(made.values()))
            record_many(
                actor=self.actor,
                verb="employer.import",
                entries=[
                    (e.unit_path, "employer", str(e.pk), {}) for e in (*changed, *made.values())
                ],
            )
        return known | made

    def _change_employers(
        self,
        by_key: Mapping[tuple[str, ...], Entry],
        known: Mapping[tuple[str, ...], Employer],
    ) -> list[Employer]:
        changed = []
        for key, employer in known.items():
            said = {"name": by_key[key].employer, **by_key[key].employer_facts}
            if any(getattr(employer, name) != value for name, value in said.items()):
                for name, value in said.items():
                    setattr(employer, name, value)
                changed.append(employer)
        columns = ("id", "name", *_EMPLOYER)
        bulk.update(Employer, [{c: getattr(e, c) for c in columns} for e in changed])
        show_employers(changed)
        return changed

    def _add_employers(self, made: Sequence[Employer]) -> None:
        for pk, employer in zip(bulk.reserve_ids(Employer, len(made)), made, strict=True):
            employer.pk = pk
        # A code that another unit registered does nothing: the constraint must not be what tells.
        inserted = bulk.insert(
            Employer,
            [_employer_row(e) for e in made],
            conflict="ON CONFLICT DO NOTHING",
            returning="id",
        )
        there = {row[0] for row in inserted}
        without = [e for e in made if e.pk not in there]
        for employer in without:
            employer.uscc = None
        bulk.insert(Employer, [_employer_row(e) for e in without])

    def _write(self, plan: _Plan) -> None:
        ids = bulk.reserve_ids(Vacancy, len(plan.new))
        for pk, row in zip(ids, plan.new, strict=True):
            row.pk = pk
        bulk.insert(Vacancy, [_row(v) | _place(v) for v in plan.new])
        bulk.update(Vacancy, [_row(v) for v in plan.changed])
        rows = [*plan.new, *plan.changed]
        # The public copy follows; what is no longer published goes.
        PublicVacancy.objects.filter(pk__in=[v.pk for v in plan.changed]).delete()
        shown = [public_copy(v) for v in rows if v.state == VacancyState.PUBLISHED]
        names = [f.attname for f in PublicVacancy._meta.concrete_fields]
        bulk.insert(PublicVacancy, [{n: getattr(v, n) for n in names} for v in shown])
        record_many(
            actor=self.actor,
            verb="vacancy.import",
            entries=[(v.unit_path, "vacancy", str(v.pk), {"state": str(v.state)}) for v in rows],
        )


@dataclass(slots=True)
class _Plan:
    new: list[Vacancy] = field(default_factory=list)
    changed: list[Vacancy] = field(default_factory=list)


def _employer_row(employer: Employer) -> dict[str, Any]:
    return {f.attname: getattr(employer, f.attname) for f in Employer._meta.concrete_fields}


def _row(vacancy: Vacancy) -> dict[str, Any]:
    return {"id": vacancy.pk, "state": str(vacancy.state)} | {
        name: getattr(vacancy, name) for name in _COPIED
    }


def _place(vacancy: Vacancy) -> dict[str, Any]:
    return {
        "unit_path": vacancy.unit_path,
        "unit_id": vacancy.unit_id,
        "employer_id": vacancy.employer_id,
    }
