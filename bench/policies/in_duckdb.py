"""The thirty as one SQL statement for DuckDB, which has the same three-valued logic."""

from typing import Any

import duckdb
import polars as pl

from .combined import POLICIES


class Sql(str):
    """A piece of SQL with the operators of conditions and numbers."""

    __slots__ = ()

    def __and__(self, other: str) -> "Sql":
        return Sql(f"({self} AND {other})")

    def __or__(self, other: str) -> "Sql":
        return Sql(f"({self} OR {other})")

    def __invert__(self) -> "Sql":
        return Sql(f"(NOT {self})")

    def __mul__(self, other: int) -> "Sql":  # type: ignore[override]
        return Sql(f"({self} * {other})")

    def __sub__(self, other: str) -> "Sql":
        return Sql(f"({self} - {other})")


def _dated(name: str, test: str) -> str:
    return f"({test}) AND NOT ({name}_known AND {name} IS NULL)"


def _months(name: str) -> str:
    return (
        f"2025 * 12 + 6 - year({name}) * 12 - month({name})"
        f" - CASE WHEN day({name}) > 30 THEN 1 ELSE 0 END"
    )


_REGISTERED, _CERTIFIED = "registered_unemployed_since", "certified_difficult_since"
FIRST = {
    "city": "residence_unit[1:4]",
    "of_age": "birth_date <= DATE '2009-06-30'",
    "employed": "employment_status = '就业'",
    "flexible": "employment_status = '灵活就业'",
    "jobless": "employment_status IN ('失业', '其他')",
    "level": "education // 10",
    "income": "CAST(monthly_income AS BIGINT) * 100",
    "insured_12": "insured_months_local >= 12",
    "insured_120": "insured_months_local >= 120",
    "before_retirement": """CASE
        WHEN sex = '男' THEN birth_date > DATE '1965-04-30'
        WHEN sex = '女' AND retirement_base = 55 THEN birth_date > DATE '1970-04-30'
        WHEN sex = '女' AND retirement_base = 50 THEN birth_date > DATE '1975-04-30'
        WHEN sex = '女' AND retirement_base IS NULL AND birth_date > DATE '1975-04-30' THEN TRUE
        WHEN sex = '女' AND retirement_base IS NULL AND birth_date <= DATE '1970-04-30' THEN FALSE
        END""",
    "poor": "minimum_living = '低保'",
    "nearly_poor": "minimum_living <> '无'",
    "lifted": "poverty_alleviation <> '无'",
    "disabled": "disability_grade >= 1",
    "severe": "disability_grade IN (1, 2)",
    "elder": """CASE WHEN sex = '女' THEN birth_date <= DATE '1985-06-30'
        WHEN sex = '男' THEN birth_date <= DATE '1975-06-30' END""",
    "training_sum": "CASE WHEN sex = '女' THEN 160000 WHEN sex = '男' THEN 150000 END",
    "startup_sum": """CASE WHEN residence_unit[1:6] = '371002' THEN 600000 ELSE 500000 END""",
    "registered": _dated(_REGISTERED, f"{_REGISTERED} <= DATE '2025-06-30'"),
    "registered_6": _dated(_REGISTERED, f"{_REGISTERED} <= DATE '2024-12-30'"),
    "certified": _dated(_CERTIFIED, f"{_CERTIFIED} <= DATE '2025-06-30'"),
    "certified_36": _dated(_CERTIFIED, f"{_CERTIFIED} > DATE '2022-06-30'"),
    "left_2": _dated(
        "graduated_on", "graduated_on BETWEEN DATE '2023-06-30' AND DATE '2025-06-30'"
    ),
    "left_1": _dated(
        "graduated_on", "graduated_on BETWEEN DATE '2024-06-30' AND DATE '2025-06-30'"
    ),
    "unemployed_12": _dated("unemployed_since", "unemployed_since <= DATE '2024-06-30'"),
    "since_6": _dated("employed_since", "employed_since <= DATE '2024-12-30'"),
    "since_12": _dated("employed_since", "employed_since <= DATE '2024-06-30'"),
    "year_contract": _dated("contract_months", "contract_months >= 12"),
    "contract_3": _dated("contract_months", "contract_months >= 3"),
    "unemployed_months": _months("unemployed_since"),
    "employed_months": _months("employed_since"),
}
SECOND = {
    "youth": "of_age AND birth_date > DATE '2000-06-30'",
    "leaver_age": "of_age AND birth_date > DATE '2004-06-30'",
    "working_age": "of_age AND before_retirement",
    "graduate": "level BETWEEN 1 AND 3",
    "schooled": "level >= 4",
    "minimum_wage": """CASE WHEN city IN ('3701', '3702') THEN 220000
        WHEN city = '3710' THEN 201000 ELSE 182000 END""",
    "insurance": "CASE WHEN city = '3701' THEN 114993 ELSE 101157 END",
}


class _Terms:
    def __getattr__(self, name: str) -> Sql:
        return Sql(name)

    @staticmethod
    def fen(amount: int) -> Sql:
        return Sql(amount)

    @staticmethod
    def share(amount: Sql, over: int, under: int) -> Sql:
        return Sql(f"(({amount} * {2 * over} + {under}) // {2 * under})")

    @staticmethod
    def either(test: Sql, yes: int, no: int) -> Sql:
        return Sql(f"CASE WHEN {test} THEN {yes} WHEN NOT {test} THEN {no} END")

    @staticmethod
    def least(one: Sql, other: int) -> Sql:
        # LEAST would leave an unknown out.
        return Sql(f"CASE WHEN {one} <= {other} THEN {one} WHEN {one} > {other} THEN {other} END")

    @staticmethod
    def most(one: Sql, other: Sql) -> Sql:
        return Sql(f"CASE WHEN {one} >= {other} THEN {one} WHEN {one} < {other} THEN {other} END")


def statement() -> str:
    terms: Any = _Terms()
    first = ", ".join(f"{text} AS {name}" for name, text in FIRST.items())
    second = ", ".join(f"{text} AS {name}" for name, text in SECOND.items())
    verdicts = ", ".join(f'{test(terms)} AS "{name}"' for name, (test, _) in POLICIES.items())
    paid = ", ".join(
        f'CASE WHEN "{name}" THEN CAST({amount(terms)} AS BIGINT) END AS "¥{name}"'
        for name, (_, amount) in POLICIES.items()
    )
    policies = ", ".join(f'"{name}"' for name in POLICIES)
    return f"""
        WITH a AS (SELECT *, {first} FROM people), b AS (SELECT *, {second} FROM a),
        c AS (SELECT *, income < minimum_wage AS low_income FROM b),
        d AS (SELECT *, {verdicts} FROM c)
        SELECT {policies}, {paid} FROM d
    """


def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("SET preserve_insertion_order = true")
    return made


def loaded(to: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> None:
    """The block as a table of DuckDB's own, which is where its data would be."""
    to.register("given", frame.to_arrow())
    to.execute("CREATE OR REPLACE TEMP TABLE people AS SELECT * FROM given")
    to.unregister("given")


def answer(to: duckdb.DuckDBPyConnection, text: str) -> None:
    """The answers as a table of DuckDB's own."""
    to.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {text}")


def answers(to: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    found = pl.from_arrow(to.sql("SELECT * FROM answers").to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found
