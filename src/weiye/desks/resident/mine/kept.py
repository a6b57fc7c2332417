"""What is kept about me, from which source, of which day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.columns import FACTS
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod

from ...components import words

# Plainer than the column's own name.
_LABELS = {
    "hukou_unit": "户口在哪里",
    "resident_since": "从哪天起住在这里",
    "continuing_school": "是不是还要升学",
    "labour_capacity": "能不能干活",
    "work_wish": "想不想工作",
    "minimum_living": "低保",
    "poverty_alleviation": "脱贫帮扶",
    "single_parent_of_minor": "一个人带未成年孩子",
    "land_lost": "土地被征用",
    "contract_months": "合同签了几个月",
    "monthly_income": "每月收入",
    "pension_drawn": "领不领养老金",
    "insured_months_local": "在本地交了几个月社保",
    "certified_difficult_since": "哪天认定为就业困难人员",
    "retirement_base": "退休年龄按几岁算",
    "children": "孩子的出生日期",
}
_UNITS = {
    "monthly_income": "元",
    "retirement_base": "岁",
    "insured_months_local": "个月",
    "contract_months": "个月",
}
_PERIODS = {
    PeriodKind.EMPLOYMENT: "工作情况",
    PeriodKind.EMPLOYMENT_REGISTRATION: "就业登记",
    PeriodKind.UNEMPLOYMENT_REGISTRATION: "失业登记",
    PeriodKind.JOB_SEEKING_REGISTRATION: "求职登记",
}


@dataclass(frozen=True)
class Kept:
    label: str
    value: str
    source: str
    day: date | None


def facts(person: Person) -> list[Kept]:
    """Every fact that is known, in words; unknown ones are not kept."""
    return list(_facts(person))


def grouped(facts: list[Kept]) -> list[tuple[str, date | None, list[Kept]]]:
    """(source, day, facts) together, the newest first: each source is said once."""
    found: dict[tuple[str, date | None], list[Kept]] = {}
    for each in facts:
        found.setdefault((each.source, each.day), []).append(each)
    ordered = sorted(found.items(), key=lambda item: item[0][1] or date.min, reverse=True)
    return [(source, day, group) for (source, day), group in ordered]


def _facts(person: Person) -> Iterator[Kept]:
    for name in FACTS:
        value = getattr(person, name)
        none = name in person.known_none
        if value in (None, "", []) and not none:
            continue
        day = person.fact_dates.get(name)
        yield Kept(
            _label(name),
            "没有" if none else _said(name, value),
            person.source,
            date.fromisoformat(day) if day else person.as_of,
        )


def _label(name: str) -> str:
    return _LABELS.get(name) or str(getattr(Person._meta.get_field(name), "verbose_name", name))


def _said(name: str, value: Any) -> str:
    if name == "education":
        return words.education_words(value)
    if name == "hukou_unit":
        unit = Unit.objects.filter(code=value).first()
        return unit.name if unit else str(value)
    if name == "disability_grade":
        return "没有" if value == 0 else f"{value}级"
    if isinstance(value, bool):
        return "是" if value else "不是"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, list):
        return "、".join(_one(each) for each in value)
    return f"{value}{_UNITS.get(name, '')}"


def _one(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part not in (None, ""))
    return _said("", value)


def periods(actor: Actor, person_id: int) -> list[Kept]:
    """Work and registrations over time, the newest first."""
    rows = StatusPeriod.objects.visible_to(actor).filter(person_id=person_id)
    return [
        Kept(
            _PERIODS[PeriodKind(row.kind)],
            f"{row.status}（{_span(row)}）" if row.status else _span(row),
            row.source,
            None,
        )
        for row in rows.order_by("-during", "kind")
    ]


def _span(row: StatusPeriod) -> str:
    begun, ended = row.during.lower, row.during.upper
    start = f"{begun:%Y.%m.%d}" if row.start_known else "以前"
    return f"{start}–{ended:%Y.%m.%d}" if ended else f"{start}起"
