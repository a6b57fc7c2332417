"""One pair, term by term: what a person sees side by side before deciding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from weiye.engine.linkage import evidence, learning, rules
from weiye.engine.linkage import kernel as k
from weiye.engine.linkage.model import Model, probability, tables
from weiye.engine.linkage.prepare import Prepared, prepare
from weiye.engine.linkage.schema import RECORDS
from weiye.engine.linkage.text import ID_WIDTH

# Without tables around them: two rows that met, of a town of so many, half of whom are known.
TOWN = 20_000


@dataclass(frozen=True)
class Term:
    """What one field says. `weight`: bits (log2 odds), positive for the same person, 0.0 if either
    side is empty. `left`, `right`: the values as compared (ID numbers masked), '' if empty."""

    field: str  # name, id_number, birth_date, sex, phone, place
    title: str  # 姓名, 身份证号, 出生日期, 性别, 电话, 住址
    left: str
    right: str
    says: str  # 姓名同音, 电话相同(2人共用), 未填
    weight: float


@dataclass(frozen=True)
class Comparison:
    """`probability` that both are one person; `evidence` as in the column of `link`'s result."""

    probability: float
    terms: tuple[Term, ...]
    evidence: str
    notes: tuple[str, ...]  # rules that decided or warn, e.g. 同一身份证号而姓名、出生日期都不同


def compare(
    one: Mapping[str, object], other: Mapping[str, object], *, model: Model | None = None
) -> Comparison:
    """Compares two records (keys of `RECORDS`, all optional; birth_date a date or text).

    Without tables around them, names, phones and addresses count as ordinarily frequent ones, so
    the probability may differ a little from that of `link`; the terms are the same.
    """
    left, right = _frame(one), _frame(other)
    prepared = prepare(left, right)
    first, second = np.zeros(1, np.int32), np.ones(1, np.int32)
    pattern = learning.pattern_of(prepared, first, second)
    table = tables(model or Model.default(), prepared.average)
    prior = learning.Prior((0.5 / TOWN, 0.7 / TOWN, 0.7 / TOWN), float(TOWN))
    ratios = learning.weigh(prepared, first, pattern, table)
    part = learning.rivals(ratios, prior)
    weights = evidence.bits(prepared, first, pattern, part, table)
    ruled = rules.apply(pattern, learning.log_odds(ratios, prior))
    names = pl.concat([left["name"], right["name"]])
    said = evidence.sentences(prepared, names, first, second, pattern, weights, ruled.note)[0]
    told = rules.NOTES[int(ruled.note[0])]
    return Comparison(
        round(probability(float(ruled.odds[0])), 6),
        tuple(
            Term(
                k.FIELDS[field],
                evidence.TITLES[field],
                _value(field, one, prepared, 0),
                _value(field, other, prepared, 1),
                _says(field, int(k.levels(pattern, field)[0])),
                round(float(weights[0, field]), 1),
            )
            for field in evidence.ORDER
        ),
        said,
        (told,) if told else (),
    )


def _frame(record: Mapping[str, object]) -> pl.DataFrame:
    cells: dict[str, list[str | None]] = {}
    for column in RECORDS:
        value = record.get(column.name)
        if isinstance(value, datetime):
            value = value.date()
        cells[column.name] = [
            value.isoformat() if isinstance(value, date) else None if value is None else str(value)
        ]
    return pl.DataFrame(cells, schema={column.name: column.dtype for column in RECORDS})


def _says(field: int, level: int) -> str:
    if level == k.MISSING:
        return "有一方未填"
    return evidence.full_width(evidence.SAYS[field][level - 1].rstrip(":"))


def _value(field: int, record: Mapping[str, object], prepared: Prepared, row: int) -> str:
    records = prepared.records
    if field == k.NUMBER:
        return mask(bytes(records.number[row][: records.number[row, ID_WIDTH - 1]]).decode())
    if field == k.BIRTH:
        value = int(records.birth[row, 0] or records.birth[row, 1])
        return f"{value // 10000}-{value // 100 % 100:02}-{value % 100:02}" if value else ""
    if field == k.SEX:
        return ("", "男", "女")[records.shape[row, 2]]
    if field == k.PLACE:
        parts = (record.get("unit"), record.get("address"))
        return " ".join(str(part).strip() for part in parts if part)
    return str(record.get({k.NAME: "name", k.PHONE: "phone"}[field]) or "").strip()


def mask(number: str) -> str:
    """An ID number with its middle hidden: 3799**********1234; short ones keep two at each end."""
    keep = 4 if len(number) >= 15 else 2
    if len(number) <= 2 * keep:
        return "*" * len(number)
    return number[:keep] + "*" * (len(number) - 2 * keep) + number[-keep:]
