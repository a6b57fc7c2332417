"""What of a person a community is told about, in words and ready to be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person
from weiye.services.assistance import queries as assistance

from ..filling.cells import in_words

#: Fact → what a worker calls it. Contact data are compared by their index and never told.
LABELS: Mapping[str, str] = {
    "name": "姓名", "id_index": "证件号码", "phone_index": "电话", "birth_date": "出生日期",
    "sex": "性别", "unit": "所在网格", "household_role": "与户主关系", "education": "学历",
    "graduated_on": "毕业日期", "labour_capacity": "劳动能力", "work_wish": "就业意愿",
    "employment_status": "就业状态", "disability_grade": "残疾等级", "minimum_living": "低保情况",
    "poverty_alleviation": "脱贫监测", "single_parent_of_minor": "单亲抚养未成年人",
    "land_lost": "失地", "veteran": "退役军人", "monthly_income": "月收入",
    "pension_drawn": "领取养老金", "skill_certificates": "技能证书",
    "certified_difficult_since": "就业困难人员认定", "insured_months_local": "本地参保月数",
}  # fmt: skip
HIDDEN = frozenset({"id_index", "phone_index"})
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Told:
    """One person as a community is told: comparable facts, and where each comes from."""

    person: int
    name: str
    unit_path: str
    facts: dict[str, Any]
    groups: list[str]
    sources: dict[str, tuple[str, str]]
    """Fact → (source, ISO day)."""


def told(actor: Actor, path: str, *, as_of: date) -> Iterable[Told]:
    """Everybody of a community, in a stable order, read in blocks."""
    rows = (
        assistance.ledger(actor, as_of=as_of)
        .filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0")
        .order_by("pk")
    )
    last = 0
    while part := list(rows.filter(pk__gt=last)[:_AT_ONCE]):
        last = part[-1].pk
        for person in part:
            yield _told(person)


def _told(person: Any) -> Told:
    facts: dict[str, Any] = {}
    for name in LABELS:
        value = person.unit.name if name == "unit" else getattr(person, name)
        if isinstance(value, date):
            value = value.isoformat()
        elif name == "skill_certificates":
            value = in_words(name, value) if value is not None else None
        if value not in (None, ""):
            facts[name] = value
    return Told(
        person=person.pk,
        name=person.name,
        unit_path=person.unit_path,
        facts=facts,
        groups=sorted(person.group_names),
        sources=_sources(person),
    )


def _sources(person: Person) -> dict[str, tuple[str, str]]:
    other = {fact: source for source, facts in person.fact_sources.items() for fact in facts}
    day = person.as_of.isoformat()
    return {
        name: (other.get(name, person.source), person.fact_dates.get(name, day)) for name in LABELS
    }


def words(fact: str, value: Any) -> str:
    """A compared value as a worker reads it; "" where nothing was known."""
    if value is None:
        return ""
    if fact in HIDDEN:
        return "已登记"
    if isinstance(value, str):
        return value
    found = in_words(fact, value)
    return "" if found is None else str(found)
