"""What is known of people as short texts, so that two days can be compared fact by fact.

One line ``name=value`` per known fact; what is known to be none has no value, what is not known has
no line. Written by the pipeline (`Standing`), read by whoever says in words what has changed.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from weiye.engine.rules import PERSON_FACTS, Kind
from weiye.registers.people.models import EDUCATION

# Left out: where somebody lives is the row's place, and what grows by itself from month to month
# or belongs to single benefits turns no group.
_LEFT_OUT = frozenset(
    {
        "residence_unit",
        "resident_since",
        "employed_since",
        "contract_months",
        "insured_months_local",
        "benefits_received",
    }
)
WATCHED = tuple(name for name in PERSON_FACTS.by_name if name not in _LEFT_OUT)
Known = Mapping[str, str]


def lines(facts: pl.DataFrame) -> pl.DataFrame:
    """``id`` and ``facts`` of everybody in a frame of facts."""
    parts = [
        pl.when(pl.col(f"{name}_known")).then(
            pl.concat_str(pl.lit(f"{name}="), _text(name).fill_null(_none(name)))
        )
        for name in WATCHED
    ]
    return facts.select(
        "id", pl.concat_str(parts, separator="\n", ignore_nulls=True).alias("facts")
    )


def _none(name: str) -> str:
    """How a known null is written: as the value it stands for, if it stands for one."""
    none = PERSON_FACTS.by_name[name].none
    if isinstance(none, bool):
        return str(none).lower()
    return str(none) if isinstance(none, int | str | Decimal) else ""


def _text(name: str) -> pl.Expr:
    value = pl.col(name)
    if name == "children":
        return value.list.eval(pl.element().cast(pl.String)).list.join(",")
    if name == "skill_certificates":
        item = pl.element().struct
        written = pl.concat_str(
            item.field("code").str.replace_all(r"[\s,:]", " ").fill_null(""),
            item.field("level").cast(pl.String).fill_null(""),
            separator=":",
        )
        return value.list.eval(written).list.join(",")
    return value.cast(pl.String)


def read(text: str) -> dict[str, str]:
    """Name → value.

    >>> read("sex=女\\nregistered_unemployed_since=")
    {'sex': '女', 'registered_unemployed_since': ''}
    """
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


def changes(before: Known, after: Known) -> dict[str, tuple[str | None, str | None]]:
    """Fact → (before, after) where they differ; None is not known."""
    return {
        name: (before.get(name), after.get(name))
        for name in WATCHED
        if before.get(name) != after.get(name)
    }


def as_object(known: Known) -> dict[str, Any]:
    """As the engine reads facts from JSON: the rules can be asked about another day's knowledge."""
    return {name: _value(name, text) for name, text in known.items() if name in WATCHED}


def _value(name: str, text: str) -> Any:
    if name == "children":
        return [one for one in text.split(",") if one]
    if name == "skill_certificates":
        pairs = [one.rsplit(":", 1) for one in text.split(",") if one]
        return [{"code": code, **({"level": int(level)} if level else {})} for code, level in pairs]
    if text == "":
        return None
    kind = PERSON_FACTS.by_name[name].type
    if kind is Kind.BOOL:
        return text == "true"
    if kind is Kind.INT:
        return int(text)
    if kind is Kind.MONEY:
        return float(text)
    return text


def label_of(name: str) -> str:
    fact = PERSON_FACTS.by_name.get(name)
    return name if fact is None else fact.label.removeprefix("是否")


def words_of(name: str, text: str | None) -> str | None:
    """A value in plain words; None where nobody knows.

    >>> words_of("veteran", "true"), words_of("unemployed_since", ""), words_of("education", "61")
    ('是', '无', '普通高中')
    """
    if text is None:
        return None
    if name == "children":
        return f"{len(text.split(','))}人" if text else "无"
    if name == "skill_certificates":
        return f"{len(text.split(','))}本" if text else "无"
    if name == "household_id":
        return "有" if text else "无"
    if text == "":
        return "无"
    kind = PERSON_FACTS.by_name[name].type if name in PERSON_FACTS.by_name else Kind.TEXT
    if kind is Kind.BOOL:
        return "是" if text == "true" else "否"
    if kind is Kind.DATE:
        day = date.fromisoformat(text)
        return f"{day.year}年{day.month}月{day.day}日"
    if name == "education":
        return EDUCATION.get(int(text) // 10 * 10, text)
    if name == "disability_grade":
        return "无" if text == "0" else f"{text}级"
    if name == "monthly_income":
        return f"{Decimal(text):f}".removesuffix(".00") + "元"
    return text


def turned(name: str, before: str | None, after: str | None) -> str:
    """``就业状态：就业→失业``"""
    said = [words_of(name, value) or "未登记" for value in (before, after)]
    return f"{label_of(name)}：{said[0]}→{said[1]}"
