"""Why a pair is in the list: short Chinese sentences, built for many pairs at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from weiye.engine.matching.kernel import Ints

HOURS = ("工作日上午", "工作日下午", "工作日晚上", "夜班", "周末上午", "周末下午", "周末晚上")
LIKENESS = {
    4: "想做的工种：",
    3: "与想做的工种很接近：",
    2: "与想做的工种相近：",
    1: "与想做的工种同属一个大类：",
}
FRESH_DAYS = 7
SEPARATOR = "\x1f"  # in no sentence; joining and splitting text is far quicker than lists


def reasons_of(
    people: pl.DataFrame,
    vacancies: pl.DataFrame,
    walk_minutes: pl.Series,
    like: Ints,
    skills: pl.Series,
    as_of: date,
    names: Mapping[str, str],
) -> pl.Series:
    """One list of sentences per pair; row i of every argument belongs to pair i.

    Order: occupation, way, hours, pay, skills, steps, how new. `names`: occupation code → name.
    """
    pairs = pl.DataFrame(
        {
            "walk": walk_minutes,
            "like": like,
            "remote": vacancies["remote"],
            "code": vacancies["occupation_code"].str.strip_chars(),
            "hours": vacancies["hours"],
            "low": vacancies["wage_min"],
            "high": vacancies["wage_max"],
            "wish": people["min_wage"],
            "skills": skills,
            "step_free": people["needs_accessible"] & vacancies["accessible"],
            "days": as_of - vacancies["posted_on"],
        }
    )
    return pairs.select(
        pl.concat_str(
            _occupation(pairs["code"], names),
            _way(),
            _hours(),
            _pay(),
            pl.format("技能相符：{}", "skills"),
            pl.when(pl.col("step_free")).then(pl.lit("单位有无障碍条件")),
            _new(),
            separator=SEPARATOR,
            ignore_nulls=True,
        ).str.split(SEPARATOR)
    ).to_series()


def hours_text(mask: int) -> str:
    """`"工作日上午、工作日下午"` for 3."""
    return "、".join(name for bit, name in enumerate(HOURS) if mask >> bit & 1)


_HOURS_MASK = pl.Series(range(1, 1 << len(HOURS)), dtype=pl.Int64)
_HOURS_TEXT = pl.Series([f"时间合适：{hours_text(mask)}" for mask in _HOURS_MASK])


def _occupation(codes: pl.Series, names: Mapping[str, str]) -> pl.Expr:
    present = codes.drop_nulls().unique().to_list()
    shown = [names.get(code, code) for code in present]
    name = (
        pl.col("code").replace_strict(present, shown, default=None, return_dtype=pl.String)
        if present
        else pl.lit(None, pl.String)
    )
    lead = pl.col("like").replace_strict(
        list(LIKENESS), list(LIKENESS.values()), default=None, return_dtype=pl.String
    )
    return lead + name


def _way() -> pl.Expr:
    walk = pl.col("walk")
    return (
        pl.when(walk < 1)
        .then(pl.lit("走路不到1分钟"))
        .when(walk.is_not_null())
        .then(pl.format("走路约{}分钟", walk.round(0).cast(pl.Int64)))
        .when(pl.col("remote"))
        .then(pl.lit("可以远程在家做"))
        .otherwise(pl.lit("就在本社区（位置没有登记，走多久还不知道）"))
    )


def _hours() -> pl.Expr:
    return (
        pl.col("hours")
        .replace_strict(_HOURS_MASK, _HOURS_TEXT, default=None, return_dtype=pl.String)
        .fill_null(pl.lit("上班时间没有写明，请先问清"))
    )


def _pay() -> pl.Expr:
    low, high, wish = pl.col("low"), pl.col("high"), pl.col("wish")
    pay = (
        pl.when(high.is_null() & low.is_null())
        .then(pl.lit("工资面议"))
        .when(high.is_null())
        .then(pl.format("工资{}元起，可面议", _yuan(low)))
        .when(low.is_null() | (low == high))
        .then(
            pl.format(
                "工资{}{}元",
                pl.when(low.is_null()).then(pl.lit("最高")).otherwise(pl.lit("")),
                _yuan(high),
            )
        )
        .otherwise(pl.format("工资{}–{}元", _yuan(low), _yuan(high)))
    )
    met = (
        pl.when(wish.is_null() | (wish <= 0))
        .then(pl.lit(""))
        .when(pl.coalesce(low, high) >= wish)
        .then(pl.format("，达到期望{}元", _yuan(wish)))
        .when(high >= wish)
        .then(pl.format("，最高可达到期望{}元", _yuan(wish)))
        .otherwise(pl.lit(""))
    )
    return pay + met


def _yuan(amount: pl.Expr) -> pl.Expr:
    whole = amount.cast(pl.Int64, strict=False)
    return pl.when(amount == whole).then(whole.cast(pl.String)).otherwise(amount.cast(pl.String))


def _new() -> pl.Expr:
    days = pl.col("days").dt.total_days()
    return (
        pl.when(days == 0)
        .then(pl.lit("今天新发布"))
        .when(days <= FRESH_DAYS)
        .then(pl.format("{}天前发布", days))
    )
