"""The thirty in the ZEN expression language, person by person.

Its comparisons refuse null, so only people about whom everything is known are asked; days are given
as numbers, "never" as a number beyond every day.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
import zen

from .book import DAY
from .combined import POLICIES

NEVER = 10**6
_EPOCH = date(1970, 1, 1)


class Zen(str):
    """A piece of a ZEN expression with the operators of conditions and numbers."""

    __slots__ = ()

    def __and__(self, other: str) -> "Zen":
        return Zen(f"({self} and {other})")

    def __or__(self, other: str) -> "Zen":
        return Zen(f"({self} or {other})")

    def __invert__(self) -> "Zen":
        return Zen(f"(not {self})")

    def __mul__(self, other: int) -> "Zen":  # type: ignore[override]
        return Zen(f"({self} * {other})")

    def __sub__(self, other: str) -> "Zen":
        return Zen(f"({self} - {other})")


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - _EPOCH).days


_TODAY = (DAY - _EPOCH).days
_HALF, _YEAR, _TWO = _day(2024, 12, 30), _day(2024, 6, 30), _day(2023, 6, 30)
TERMS = {
    "of_age": f"birth_date <= {_day(2009, 6, 30)}",
    "youth": f"of_age and birth_date > {_day(2000, 6, 30)}",
    "leaver_age": f"of_age and birth_date > {_day(2004, 6, 30)}",
    "elder": f"birth_date <= (sex == '女' ? {_day(1985, 6, 30)} : {_day(1975, 6, 30)})",
    "working_age": f"of_age and birth_date > (sex == '男' ? {_day(1965, 4, 30)} : "
    f"(retirement_base == 55 ? {_day(1970, 4, 30)} : {_day(1975, 4, 30)}))",
    "employed": "employment_status == '就业'",
    "flexible": "employment_status == '灵活就业'",
    "jobless": "employment_status == '失业' or employment_status == '其他'",
    "registered": f"registered_unemployed_since <= {_TODAY}",
    "registered_6": f"registered_unemployed_since <= {_HALF}",
    "unemployed_12": f"unemployed_since <= {_YEAR}",
    "certified": f"certified_difficult_since <= {_TODAY}",
    "certified_36": f"certified_difficult_since > {_day(2022, 6, 30)}"
    f" and certified_difficult_since < {NEVER}",
    "graduate": "education < 40",
    "schooled": "education >= 40",
    "left_2": f"graduated_on <= {_TODAY} and graduated_on >= {_TWO}",
    "left_1": f"graduated_on <= {_TODAY} and graduated_on >= {_YEAR}",
    "year_contract": "contract_months >= 12",
    "contract_3": "contract_months >= 3",
    "disabled": "disability_grade >= 1",
    "severe": "disability_grade == 1 or disability_grade == 2",
    "poor": "minimum_living == '低保'",
    "nearly_poor": "minimum_living != '无'",
    "lifted": "poverty_alleviation != '无'",
    "insured_12": "insured_months_local >= 12",
    "insured_120": "insured_months_local >= 120",
    "since_6": f"employed_since <= {_HALF}",
    "since_12": f"employed_since <= {_YEAR}",
    "minimum_wage": "city == '3701' or city == '3702' ? 220000"
    " : (city == '3710' ? 201000 : 182000)",
    "insurance": "city == '3701' ? 114993 : 101157",
    "startup_sum": "county == '371002' ? 600000 : 500000",
    "training_sum": "sex == '女' ? 160000 : 150000",
    "low_income": "income < minimum_wage",
}


class _Terms:
    def __getattr__(self, name: str) -> Zen:
        return Zen(name)

    @staticmethod
    def fen(amount: int) -> Zen:
        return Zen(amount)

    @staticmethod
    def share(amount: Zen, over: int, under: int) -> Zen:
        return Zen(f"floor(({amount} * {2 * over} + {under}) / {2 * under})")

    @staticmethod
    def either(test: Zen, yes: int, no: int) -> Zen:
        return Zen(f"({test} ? {yes} : {no})")

    @staticmethod
    def least(one: Zen, other: int) -> Zen:
        return Zen(f"({one} <= {other} ? {one} : {other})")

    @staticmethod
    def most(one: Zen, other: Zen) -> Zen:
        return Zen(f"({one} >= {other} ? {one} : {other})")


def people(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Dictionaries of people about whom everything is known."""

    def months(name: str) -> pl.Expr:
        day = pl.col(name)
        whole = DAY.year * 12 + DAY.month - day.dt.year().cast(pl.Int64) * 12 - day.dt.month()
        return (whole - (day.dt.day() > DAY.day)).fill_null(-1)

    dates = [name for name, dtype in frame.schema.items() if dtype == pl.Date]
    return (
        frame.select(
            pl.exclude([*dates, "^.*_known$"]),
            *(pl.col(name).to_physical().fill_null(NEVER) for name in dates),
            unemployed_months=months("unemployed_since"),
            employed_months=months("employed_since"),
            city=pl.col("residence_unit").str.slice(0, 4),
            county=pl.col("residence_unit").str.slice(0, 6),
            income=pl.col("monthly_income").cast(pl.Int64) * 100,
        )
        .with_columns(pl.col("contract_months").fill_null(-1))
        .to_dicts()
    )


def answers(asked: Iterable[dict[str, Any]]) -> dict[str, list[tuple[bool, int | None]]]:
    """policy → for each person met, fen."""
    terms: Any = _Terms()
    first = [(name, zen.compile_expression(text)) for name, text in TERMS.items()]
    then = [
        (name, zen.compile_expression(test(terms)), zen.compile_expression(amount(terms)))
        for name, (test, amount) in POLICIES.items()
    ]
    found: dict[str, list[tuple[bool, int | None]]] = {name: [] for name in POLICIES}
    for person in asked:
        for name, term in first:
            person[name] = term.evaluate(person)
        for name, test, amount in then:
            met = test.evaluate(person)
            found[name].append((met, round(amount.evaluate(person)) if met else None))
    return found
