"""Synthetic people in blocks, the same for every engine and every run."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

BLOCK = 250_000
_EPOCH = date(1970, 1, 1).toordinal()
CHOICES = {
    "sex": ["男", "女"],
    "employment_status": ["就业", "失业", "灵活就业", "在校", "退休", "服役", "其他"],
    "minimum_living": ["低保", "低保边缘", "特困", "无"],
    "poverty_alleviation": ["脱贫享受政策", "防止返贫监测", "无"],
}
_SHARES = {
    "sex": [0.5, 0.5],
    "employment_status": [0.45, 0.15, 0.18, 0.08, 0.06, 0.01, 0.07],
    "minimum_living": [0.05, 0.04, 0.01, 0.9],
    "poverty_alleviation": [0.06, 0.04, 0.9],
}
# date → first year, last year, share of those to whom it never happened
_DATES = {
    "graduated_on": (2000, 2026, 0.4),
    "unemployed_since": (2022, 2026, 0.6),
    "registered_unemployed_since": (2022, 2026, 0.7),
    "employed_since": (2015, 2026, 0.4),
    "certified_difficult_since": (2020, 2026, 0.8),
}
_FLAGS = {
    "continuing_school": 0.3,
    "labour_capacity": 0.9,
    "work_wish": 0.7,
    "single_parent_of_minor": 0.04,
    "land_lost": 0.08,
    "veteran": 0.05,
    "pension_drawn": 0.12,
}
UNKNOWN = 0.02  # of every fact
CITIES = np.array(["370100", "370202", "370302", "370602", "371002", "371003", "371302"])


def blocks(people: int, size: int = BLOCK) -> Iterator[pl.DataFrame]:
    """Frames of at most ``size`` people: ``id`` and facts; a null is unknown, for dates and
    contract months unless ``<fact>_known`` says that it never happened."""
    for number, start in enumerate(range(0, people, size)):
        yield block(number, start, min(size, people - start))


def block(number: int, start: int, n: int) -> pl.DataFrame:
    rng = np.random.default_rng([20251120, number])

    def unknown(share: float = UNKNOWN) -> np.ndarray:
        return rng.random(n, dtype=np.float32) < share

    def days(first: int, last: int) -> np.ndarray:
        low, high = (date(year, 1, 1).toordinal() - _EPOCH for year in (first, last))
        return rng.integers(low, high, n, dtype=np.int32)

    def column(values: np.ndarray, gaps: np.ndarray, dtype: pl.DataType) -> pl.Series:
        made = pl.Series(values).to_frame("x").with_columns(gap=pl.Series(gaps))
        x = pl.col("x").cat.to(dtype) if isinstance(dtype, pl.Enum) else pl.col("x").cast(dtype)
        return made.select(pl.when(~pl.col("gap")).then(x))["x"]

    data: dict[str, pl.Series] = {"id": pl.Series(np.arange(start, start + n, dtype=np.int64))}
    data["birth_date"] = column(days(1950, 2012), unknown(), pl.Date())
    for name, words in CHOICES.items():
        codes = rng.choice(len(words), n, p=_SHARES[name]).astype(np.uint8)
        data[name] = column(codes, unknown(), pl.Enum(words))
    bases = np.where(rng.random(n) < 0.4, 55, 50).astype(np.int8)
    data["retirement_base"] = column(bases, unknown(0.1), pl.Int8())
    streets = rng.integers(0, 20, n)
    names = [f"{city}{street:03}001" for city in CITIES for street in range(20)]
    places = pl.Series(names).gather(rng.integers(0, len(CITIES), n) * 20 + streets)
    there = pl.Series(~unknown())
    data["residence_unit"] = pl.select(pl.when(there).then(places)).to_series()
    education = rng.choice([10, 20, 30, 44, 61, 71, 81, 90], n).astype(np.int8)
    data["education"] = column(education, unknown(), pl.Int8())
    for name, (first, last, never) in _DATES.items():
        gaps, none = unknown(), unknown(never)
        data[name] = column(days(first, last), gaps | none, pl.Date())
        data[f"{name}_known"] = pl.Series(~gaps)
    gaps, none = unknown(), unknown(0.5)
    months = rng.choice([1, 3, 6, 12, 24, 36], n).astype(np.int16)
    data["contract_months"] = column(months, gaps | none, pl.Int16())
    data["contract_months_known"] = pl.Series(~gaps)
    grade = np.where(rng.random(n) < 0.08, rng.integers(1, 5, n), 0).astype(np.int8)
    data["disability_grade"] = column(grade, unknown(), pl.Int8())
    for name, share in _FLAGS.items():
        data[name] = column(rng.random(n, dtype=np.float32) < share, unknown(), pl.Boolean())
    income = np.maximum(0, rng.normal(2600, 1800, n)).astype(np.int32)
    data["monthly_income"] = column(income, unknown(), pl.Int32())
    data["insured_months_local"] = column(
        rng.integers(0, 300, n, dtype=np.int16), unknown(), pl.Int16()
    )
    return pl.DataFrame(data)


def everything_known() -> pl.Expr:
    """Whether nothing is unknown about a person."""
    dated = (*_DATES, "contract_months")
    plain = ("birth_date", *CHOICES, "retirement_base", "residence_unit", "education", *_FLAGS)
    amounts = ("disability_grade", "monthly_income", "insured_months_local")
    return pl.all_horizontal(
        *(pl.col(f"{name}_known") for name in dated),
        *(pl.col(name).is_not_null() for name in (*plain, *amounts)),
    )
