"""The two tables of the matching contract (files.md `people`, `vacancies`).

`sex`, `groups` and `labels` are part of the contract but not of matching: they are not even
read, so nothing here can use them. `unit` (community code) is optional in both tables and only
serves pairs of which one side has no point.
"""

from __future__ import annotations

import polars as pl

from weiye.engine.matching.codes import CODE_PATTERN
from weiye.engine.tables import Column

EDUCATION_LEVELS = {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}
"""First digit of a GB/T 4658 code → level; 中职 and 高中 are equal."""

ALL_HOURS = 0b111_1111


def _education(code: pl.Expr) -> pl.Expr:
    digit = pl.when(code < 10).then(code).otherwise(code // 10)
    return digit.is_in(list(EDUCATION_LEVELS))


def _within(low: float, high: float) -> dict[str, object]:
    return {"check": lambda c: c.is_between(low, high), "message": f"应在 {low:g} 到 {high:g} 之间"}


def _column(name: str, dtype: pl.DataType | type[pl.DataType], **rest: object) -> Column:
    return Column(name, dtype, **rest)  # type: ignore[arg-type]


def _not_negative() -> dict[str, object]:
    return {"check": lambda c: c >= 0, "message": "不能小于 0"}


_EDUCATION = {"check": _education, "message": "不是 GB/T 4658 学历代码"}
_POINT = [
    _column("lon", pl.Float64, **_within(-180, 180)),
    _column("lat", pl.Float64, **_within(-90, 90)),
]

PEOPLE: list[Column] = [
    _column("person_id", pl.Int64, nullable=False, unique=True),
    *_POINT,
    _column("birth_date", pl.Date),
    _column("education", pl.Int64, **_EDUCATION),
    _column(
        "occupation_codes",
        pl.List(pl.String),
        check=lambda c: c.list.eval(pl.element().str.contains(CODE_PATTERN)).list.all(),
        message="含有不合规的职业代码",
    ),
    _column("skills", pl.List(pl.String)),
    _column("min_wage", pl.Float64, **_not_negative()),
    _column("hours", pl.Int64, **_within(0, ALL_HOURS)),
    _column("needs_accessible", pl.Boolean),
    _column("max_walk_minutes", pl.Float64, **_not_negative()),
    _column("unit", pl.String, required=False),
]

VACANCIES: list[Column] = [
    _column("vacancy_id", pl.Int64, nullable=False, unique=True),
    *_POINT,
    _column("remote", pl.Boolean),
    _column(
        "occupation_code",
        pl.String,
        check=lambda c: c.str.contains(CODE_PATTERN),
        message="不是职业代码",
    ),
    _column("skills", pl.List(pl.String)),
    _column("wage_min", pl.Float64, **_not_negative()),
    _column("wage_max", pl.Float64, **_not_negative()),
    _column("hours", pl.Int64, **_within(0, ALL_HOURS)),
    _column("min_age", pl.Int64, **_not_negative()),
    _column("max_age", pl.Int64, **_not_negative()),
    _column("min_education", pl.Int64, **_EDUCATION),
    _column("accessible", pl.Boolean),
    _column("openings", pl.Int64, nullable=False),
    _column("posted_on", pl.Date, nullable=False),
    _column("expires_on", pl.Date),
    _column("unit", pl.String, required=False),
]
