"""What is known of a person fact by fact, each with whose word it is and of which day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.registers.people import said
from weiye.registers.people.biography import RECORDS
from weiye.registers.people.models import Person

from ...components.words import education_words
from .asked import Asked

LEVELS = {1: "高级技师", 2: "技师", 3: "高级工", 4: "中级工", 5: "初级工"}
_GRADES = {0: "没有残疾证", 1: "一级", 2: "二级", 3: "三级", 4: "四级"}


@dataclass(frozen=True)
class Fact:
    """``text`` is '' where nobody knows."""

    label: str
    text: str
    source: str = ""
    on: date | None = None


def _yes(value: bool) -> str:
    return "是" if value else "否"


def _day(value: date) -> str:
    return f"{value.year}年{value.month}月{value.day}日"


def _children(value: list[date]) -> str:
    return f"{len(value)}个（{'、'.join(f'{day.year}年{day.month}月' for day in value)}生）"


_SAID: tuple[tuple[str, str, Any], ...] = (
    ("labour_capacity", "有劳动能力", _yes),
    ("work_wish", "想工作", _yes),
    ("pension_drawn", "领取养老金", _yes),
    ("minimum_living", "低保情况", str),
    ("poverty_alleviation", "脱贫监测", str),
    ("disability_grade", "残疾等级", _GRADES.__getitem__),
    ("single_parent_of_minor", "单亲抚养未成年子女", _yes),
    ("children", "子女", _children),
    ("veteran", "退役军人", _yes),
    ("land_lost", "失地", _yes),
    ("monthly_income", "本人月收入", lambda value: f"{value:,}元"),
    ("insured_months_local", "本地参保", lambda value: f"{value}个月"),
    ("certified_difficult_since", "就业困难人员认定", _day),
)
_WHO: tuple[tuple[str, str], ...] = (
    ("name", "姓名"),
    ("id_number", "证件号码"),
    ("phone", "电话"),
    ("address", "住址"),
    ("birth_date", "出生日期"),
    ("sex", "性别"),
    ("education", "学历"),
    ("unit", "所在网格"),
    (said.STATUS, "就业状态"),
    (said.REGISTERED, "失业登记"),
)


def origin(person: Person, name: str) -> tuple[str, date]:
    """Whose word a fact of the person is, and of which day."""
    day = person.fact_dates.get(name)
    source = said.source_of(person.fact_sources, person.source, name)
    return source, date.fromisoformat(day) if day else person.as_of


def facts_of(asked: Asked) -> Mapping[str, Any]:
    """What was verified, and what nobody knows yet."""
    person = asked.found.person
    known, unknown = [], []
    for name, label, words in _SAID:
        value = getattr(person, name)
        if value is None and name not in person.known_none:
            unknown.append(label)
            continue
        text = "没有" if value in (None, [], "") else words(value)
        known.append(Fact(label, text, *origin(person, name)))
    return {"known": known, "unknown": unknown}


def origins_of(person: Person) -> list[Fact]:
    """Where what stands at the head of the page is from."""
    return [Fact(label, "", *origin(person, name)) for name, label in _WHO]


@dataclass(frozen=True)
class Line:
    """One record of a biography: what, the details, from when to when."""

    title: str
    details: str
    when: str


def _line(fact: str, record: Mapping[str, Any]) -> Line:
    title, *rest = RECORDS[fact]
    spans = [record[key] for key in ("from", "to") if record.get(key)]
    when = "至".join(spans) if len(spans) == 2 else "".join(spans)
    if "from" in record and "to" not in record:
        when += "至今" if fact == "work_history" else "起"
    head = str(record.get("name") or record[title.name])
    details = [] if head == record[title.name] else [str(record[title.name])]
    for item in rest:
        value = record.get(item.name)
        if value is None or item.name in ("from", "to", "name"):
            continue
        if item.kind == "level":
            head += f" {LEVELS.get(value, '')}"
        elif item.kind == "day":
            when = str(value)
        else:
            details.append(f"{item.label}{value}" if item.name == "number" else str(value))
    return Line(head.strip(), " · ".join(details), when)


TITLES = {
    "education_history": "学习经历",
    "work_history": "工作经历",
    "skill_certificates": "技能证书",
}


def biography_of(asked: Asked) -> Mapping[str, Any]:
    """Education, work, papers, health and the work that is wanted."""
    person, wish = asked.found.person, asked.found.wish
    parts = []
    for fact, title in TITLES.items():
        records = getattr(person, fact)
        none = fact in person.known_none
        lines = [_line(fact, record) for record in records or []]
        source, on = origin(person, fact)
        parts.append(
            {
                "fact": fact,
                "title": title,
                "lines": lines,
                "empty": "没有" if none else "没有登记",
                "source": source if lines or none else "",
                "on": on,
            }
        )
    limits = person.health_limits
    source, on = origin(person, "health_limits")
    return {
        "education": education_words(person.education),
        "parts": parts,
        "limits": None if limits is None else limits or ["没有"],
        "limits_source": source,
        "limits_on": on,
        "wish": wish,
        "places": wish.get_place_display() if wish is not None and wish.place else "",
    }
