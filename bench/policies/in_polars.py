"""The thirty written in Polars by hand: what somebody who knows Polars well would write.

Days are worked out beforehand (an age, a retirement or a duration is one comparison of a date),
each condition that several policies share is one column, computed once.
"""

from datetime import date
from typing import Any

import polars as pl

from .book import DAY
from .combined import POLICIES

_NOT_RETIRED = (  # born after this day: not yet of retirement age on 30 June 2025
    ("男", None, date(1965, 4, 30)),
    ("女", 55, date(1970, 4, 30)),
    ("女", 50, date(1975, 4, 30)),
)


def _never(name: str) -> pl.Expr:
    return pl.col(f"{name}_known") & pl.col(name).is_null()


def _dated(name: str, test: pl.Expr) -> pl.Expr:
    """False, not unknown, for those to whom it never happened."""
    return test & ~pl.col(f"never_{name}")


def _months(name: str) -> pl.Expr:
    day = pl.col(name)
    early = (day.dt.day() > DAY.day).cast(pl.Int64)
    return DAY.year * 12 + DAY.month - day.dt.year().cast(pl.Int64) * 12 - day.dt.month() - early


def _before_retirement() -> pl.Expr:
    born, sex, base = pl.col("birth_date"), pl.col("sex"), pl.col("retirement_base")
    (_, _, man), (_, _, woman55), (_, _, woman50) = _NOT_RETIRED
    return (
        pl.when(sex == "男")
        .then(born > man)
        .when((sex == "女") & (base == 55))
        .then(born > woman55)
        .when((sex == "女") & (base == 50))
        .then(born > woman50)
        .when((sex == "女") & base.is_null() & (born > woman50))
        .then(True)
        .when((sex == "女") & base.is_null() & (born <= woman55))
        .then(False)
    )


_DATES = [
    "graduated_on",
    "unemployed_since",
    "registered_unemployed_since",
    "employed_since",
    "certified_difficult_since",
    "contract_months",
]
_unit, _born, _sex = pl.col("residence_unit"), pl.col("birth_date"), pl.col("sex")
_status, _living = pl.col("employment_status"), pl.col("minimum_living")
_registered, _certified = (
    pl.col("registered_unemployed_since"),
    pl.col("certified_difficult_since"),
)
_left, _unemployed, _hired = (
    pl.col(name) for name in ("graduated_on", "unemployed_since", "employed_since")
)
_grade, _insured = pl.col("disability_grade"), pl.col("insured_months_local")

FIRST: dict[str, pl.Expr] = {
    **{f"never_{name}": _never(name) for name in _DATES},
    "city": _unit.str.slice(0, 4),
    "employed": _status == "就业",
    "flexible": _status == "灵活就业",
    "jobless": (_status == "失业") | (_status == "其他"),
    "level": pl.col("education") // 10,
    "income": pl.col("monthly_income").cast(pl.Int64) * 100,
    "insured_12": _insured >= 12,
    "insured_120": _insured >= 120,
    "of_age": _born <= date(2009, 6, 30),
    "before_retirement": _before_retirement(),
    "poor": _living == "低保",
    "nearly_poor": _living != "无",
    "lifted": pl.col("poverty_alleviation") != "无",
    "disabled": _grade >= 1,
    "severe": (_grade == 1) | (_grade == 2),
    "elder": pl.when(_sex == "女")
    .then(_born <= date(1985, 6, 30))
    .when(_sex == "男")
    .then(_born <= date(1975, 6, 30)),
    "training_sum": pl.when(_sex == "女").then(1600_00).when(_sex == "男").then(1500_00),
}
_city = pl.col("city")
SECOND: dict[str, pl.Expr] = {
    "registered": _dated("registered_unemployed_since", _registered <= DAY),
    "registered_6": _dated("registered_unemployed_since", _registered <= date(2024, 12, 30)),
    "certified": _dated("certified_difficult_since", _certified <= DAY),
    "certified_36": _dated("certified_difficult_since", _certified > date(2022, 6, 30)),
    "left_2": _dated("graduated_on", (_left <= DAY) & (_left >= date(2023, 6, 30))),
    "left_1": _dated("graduated_on", (_left <= DAY) & (_left >= date(2024, 6, 30))),
    "unemployed_12": _dated("unemployed_since", _unemployed <= date(2024, 6, 30)),
    "since_6": _dated("employed_since", _hired <= date(2024, 12, 30)),
    "since_12": _dated("employed_since", _hired <= date(2024, 6, 30)),
    "year_contract": _dated("contract_months", pl.col("contract_months") >= 12),
    "contract_3": _dated("contract_months", pl.col("contract_months") >= 3),
    "youth": pl.col("of_age") & (_born > date(2000, 6, 30)),
    "leaver_age": pl.col("of_age") & (_born > date(2004, 6, 30)),
    "working_age": pl.col("of_age") & pl.col("before_retirement"),
    "graduate": pl.col("level").is_between(1, 3),
    "schooled": pl.col("level") >= 4,
    "minimum_wage": pl.when((_city == "3701") | (_city == "3702"))
    .then(2200_00)
    .when(_city == "3710")
    .then(2010_00)
    .otherwise(1820_00),
    "insurance": pl.when(_city == "3701").then(1149_93).otherwise(1011_57),
    "startup_sum": pl.when(_unit.str.starts_with("371002")).then(6000_00).otherwise(5000_00),
    "unemployed_months": _months("unemployed_since"),
    "employed_months": _months("employed_since"),
}
THIRD = {"low_income": pl.col("income") < pl.col("minimum_wage")}


class _Terms:
    def __getattr__(self, name: str) -> pl.Expr:
        return pl.col(name)

    @staticmethod
    def fen(amount: int) -> pl.Expr:
        return pl.lit(amount)

    @staticmethod
    def share(amount: pl.Expr, over: int, under: int) -> pl.Expr:
        return (amount * (2 * over) + under) // (2 * under)  # no amount lies below zero

    @staticmethod
    def either(test: pl.Expr, yes: int, no: int) -> pl.Expr:
        return pl.when(test).then(yes).when(~test).then(no)

    @staticmethod
    def least(one: pl.Expr, other: int) -> pl.Expr:
        return one.clip(upper_bound=other)

    @staticmethod
    def most(one: pl.Expr, other: pl.Expr) -> pl.Expr:
        return pl.when(one >= other).then(one).when(one < other).then(other)


def answers(frame: pl.DataFrame) -> pl.DataFrame:
    """A Boolean column per policy (null: unknown), and "¥policy": fen where met."""
    terms: Any = _Terms()
    verdicts = {name: test(terms) for name, (test, _) in POLICIES.items()}
    amounts = {
        f"¥{name}": pl.when(pl.col(name)).then(amount(terms).cast(pl.Int64))
        for name, (_, amount) in POLICIES.items()
    }
    return (
        frame.lazy()
        .with_columns(**FIRST)
        .with_columns(**SECOND)
        .with_columns(**THIRD)
        .with_columns(**verdicts)
        .select(*POLICIES, *(each.alias(name) for name, each in amounts.items()))
        .collect()
    )
