"""What the ledger holds of people, under the names that a template's columns go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import Actor
from weiye.engine.occupations import name_of
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod
from weiye.services.assistance import queries as assistance

from ..sheets.values.results import NEVER

_AT_ONCE = 500
_PLAIN = (
    "name", "id_number", "sex", "birth_date", "phone", "address", "resident_since", "education",
    "graduated_on", "continuing_school", "labour_capacity", "work_wish", "contract_months",
    "certified_difficult_since", "disability_grade", "minimum_living", "poverty_alleviation",
    "single_parent_of_minor", "land_lost", "children", "veteran", "monthly_income",
    "skill_certificates", "pension_drawn", "retirement_base", "insured_months_local",
)  # fmt: skip


def facts_of(actor: Actor, ids: Sequence[int], *, as_of: date) -> Iterator[dict[str, Any]]:
    """One mapping per person, in the order of ``ids``; those outside the actor's area are left out.

    Encrypted columns are read whole: whoever calls has the right and logs it.
    """
    places = _Places()
    for at in range(0, len(ids), _AT_ONCE):
        part = ids[at : at + _AT_ONCE]
        rows = assistance.ledger(actor, as_of=as_of).filter(pk__in=part).order_by("pk")
        rows = rows.defer(None).select_related("unit", "household", "wish")
        people: dict[int, Any] = {each.pk: each for each in rows}
        statuses = _periods(actor, part, as_of)
        for key in part:
            if (person := people.get(key)) is None:
                continue
            facts = _said(person) | _wished(person) | places.of(person) | statuses.get(key, {})
            facts |= {
                "id": key,
                "unit_path": person.unit_path,
                "age": person.age,
                "groups": person.group_names or None,
                "categories": person.group_names or None,
                "worker": person.worker_name,
                "file_opened": person.opened_on,
                "reported_on": as_of,
            }
            yield facts | {
                name: NEVER for name in person.known_none if facts.get(name) in (None, "")
            }


def _said(person: Person) -> dict[str, Any]:
    facts = {name: getattr(person, name) for name in _PLAIN}
    aid = person.minimum_living
    return facts | {
        "relation": person.household_role,
        "household_id": person.household.number if person.household else None,
        "low_income_edge": None if aid is None else aid == "低保边缘",
        "destitute": None if aid is None else aid == "特困",
    }


def _wished(person: Person) -> dict[str, Any]:
    wish = getattr(person, "wish", None)
    if wish is None:
        return {}
    return {
        "wanted_jobs": [name_of(code) for code in wish.occupation_codes] or None,
        "skills": wish.skills or None,
        "min_wage": wish.min_wage,
        "max_walk_minutes": wish.max_walk_minutes,
        "training_wish": wish.training_wishes or None,
        "needs_accessible": wish.needs_accessible,
    }


class _Places:
    """Names of units; each is looked up once."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {"": ""}

    def of(self, person: Person) -> dict[str, Any]:
        parts = person.unit_path.strip("/").split("/")
        above = {level: "/".join(parts[:level]) + "/" for level in range(3, 6)}
        building = person.unit.name if person.unit.level == Level.BUILDING else None
        return {
            "county": self._name(above[3]) if len(parts) >= 3 else None,
            "street": self._name(above[4]) if len(parts) >= 4 else None,
            "residence_unit": self._name(above[5]) if len(parts) >= 5 else None,
            "building": building,
            "hukou_address": self._by_code(person.hukou_unit or ""),
        }

    def _name(self, path: str) -> str:
        if path not in self._names:
            self._names[path] = (
                Unit.objects.filter(path=path).values_list("name", flat=True).first() or ""
            )
        return self._names[path]

    def _by_code(self, code: str) -> str:
        if code not in self._names:
            self._names[code] = (
                Unit.objects.filter(code=code).values_list("name", flat=True).first() or ""
            )
        return self._names[code]


def _periods(actor: Actor, ids: Iterable[int], as_of: date) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    rows = StatusPeriod.objects.visible_to(actor).filter(
        person_id__in=list(ids), during__contains=as_of
    )
    for row in rows.order_by("pk"):
        facts = found.setdefault(row.person_id, {})
        since = row.during.lower if row.start_known else None
        if row.kind == PeriodKind.UNEMPLOYMENT_REGISTRATION:
            facts["registered_unemployed_since"] = row.during.lower
        elif row.kind == PeriodKind.EMPLOYMENT:
            facts["employment_status"] = row.status
            if row.status == "失业":
                facts["unemployed_since"] = since
            elif row.status in ("就业", "灵活就业"):
                facts["employed_since"] = since
    return found
