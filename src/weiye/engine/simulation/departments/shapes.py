"""Fields of a roster as the words and numbers that stand in its cells."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

Rng = np.random.Generator

EDUCATION: Final = {
    10: "研究生", 20: "大学本科", 30: "大学专科", 40: "中等职业", 60: "普通高中",
    70: "初中", 80: "小学", 90: "其他",
}  # fmt: skip
GRADES: Final = {0: "无", 1: "一级", 2: "二级", 3: "三级", 4: "四级"}
KINDS: Final = ("肢体", "视力", "听力", "言语", "智力", "精神", "多重")
KIND_WEIGHTS: Final = (0.56, 0.11, 0.1, 0.02, 0.09, 0.1, 0.02)
EXCEL_EPOCH: Final = date(1899, 12, 30)
DAY_STYLES: Final = ("iso", "dots", "chinese", "compact", "slashes", "serial")


def cells(
    rng: Rng, frame: pl.DataFrame, columns: Sequence[Sequence[str]], first: int
) -> list[pl.Series]:
    """One series per column: text, Int64 (`number`, `serial`) or what a style makes of a date.

    `first` is the number of the first row where rows are counted.
    """
    made = []
    for title, field, *styles in columns:
        style = styles[0] if styles else ""
        made.append(_cell(rng, frame, field, style, first).alias(title))
    return made


def _cell(rng: Rng, frame: pl.DataFrame, field: str, style: str, first: int) -> pl.Series:
    count = frame.height
    match field:
        case "serial":
            return pl.Series(np.arange(first, first + count))
        case "empty":
            return pl.Series([None] * count, dtype=pl.String)
        case "province":
            return pl.select(pl.repeat("山东省", count, dtype=pl.String)).to_series()
        case "person_number":
            return frame.select(
                pl.format("37{}", pl.col("person_id").cast(pl.String).str.zfill(14))
            ).to_series()
        case "education":
            return frame["education"].replace_strict(
                EDUCATION, default=None, return_dtype=pl.String
            )
        case "disability_grade":
            return frame[field].replace_strict(GRADES, default=None, return_dtype=pl.String)
        case "disability_kind":
            return pl.Series(KINDS).gather(_kind(frame))
        case "disability_card":
            # The card's number is the holder's ID number, a digit of the kind, one of the grade.
            kind = pl.Series(_kind(frame) + 1).cast(pl.String)
            return frame.select(
                pl.col("card_number") + kind + pl.col("disability_grade").cast(pl.String)
            ).to_series()
        case "yearly_income":
            return (frame["monthly_income"].fill_null(700) * 12).cast(pl.Int64)
        case "sex" if style == "code":
            return frame["sex"].replace_strict({"男": "1", "女": "2"}, return_dtype=pl.String)
    column = frame[field]
    if column.dtype == pl.Date:
        return _day(rng, column, style)
    if style == "number":
        return column.cast(pl.Int64, strict=False)
    return column.cast(pl.String)


def _kind(frame: pl.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The kind of disability, always the same of the same person."""
    spread = (frame["person_id"].to_numpy() * 2_654_435_761 % 1_000_003) / 1_000_003
    return np.searchsorted(np.cumsum(KIND_WEIGHTS)[:-1], spread).astype(np.int64)


def _day(rng: Rng, days: pl.Series, style: str) -> pl.Series:
    if style == "serial":
        return (days - pl.Series([EXCEL_EPOCH])).dt.total_days()
    if style != "mixed":
        return _spelled(days, style)
    chosen = rng.integers(0, len(DAY_STYLES) - 1, len(days))
    words = pl.Series([None] * len(days), dtype=pl.String)
    for number, name in enumerate(DAY_STYLES[:-1]):
        words = pl.select(
            pl.when(pl.Series(chosen == number)).then(_spelled(days, name)).otherwise(words)
        ).to_series()
    return words


def _spelled(days: pl.Series, style: str) -> pl.Series:
    return days.dt.strftime(
        {
            "iso": "%Y-%m-%d",
            "dots": "%Y.%-m.%-d",
            "chinese": "%Y年%-m月%-d日",
            "compact": "%Y%m%d",
            "slashes": "%Y/%-m/%-d",
        }[style]
    )
