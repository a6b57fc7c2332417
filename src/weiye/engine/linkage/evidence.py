"""Why a pair is believed or doubted, in words: every field with what it weighs."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from weiye.engine.linkage import kernel as k
from weiye.engine.linkage import scoring
from weiye.engine.linkage.kernel import Patterns, Singles, Whole
from weiye.engine.linkage.model import Tables
from weiye.engine.linkage.prepare import PHONE, Prepared
from weiye.engine.linkage.rules import NOTES

TITLES: Final = ("姓名", "身份证号", "出生日期", "性别", "电话", "住址")
# By field and level, from level 1. A colon at the end asks for both values.
SAYS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "姓名相同", "姓名同音:", "姓名读音相近:", "姓名形近:", "姓名字序不同:", "姓名差一个字:",
        "姓名有一字不同:", "名同姓不同:", "只有姓相同:", "姓名不同:", "姓名与遮盖处相符:",
    ),
    (
        "身份证号相同", "证件号相同(不合身份证校验)", "身份证号两位互换", "身份证号前段错一位",
        "身份证号顺序码错一位", "身份证号多一位、少一位或错位", "身份证号错两位",
        "两个有效身份证号,仅顺序码不同", "证件号不同(其中有不合校验的)", "两个有效身份证号,不同",
    ),
    (
        "出生日期相同", "出生月日互换", "出生日期错一位", "同年出生,一方填1月1日",
        "生日相同、年份不同", "同年同月出生", "同年出生", "出生年份差一年", "出生日期不同",
    ),
    ("性别相同", "性别不同"),
    ("电话相同", "电话错一位", "电话不同"),
    ("住址相同", "门牌号相同", "同一栋楼", "同一小区(村、路)", "同一社区", "同一街道", "住址不同"),
)  # fmt: skip
# The order in which terms are read.
ORDER: Final = (k.NUMBER, k.NAME, k.BIRTH, k.PHONE, k.SEX, k.PLACE)


def bits(
    prepared: Prepared, left: Whole, pattern: Patterns, rivals: Singles, table: Tables
) -> Singles:
    """(n, 6): what each field says, in bits, rounded to a tenth."""
    out = np.zeros((len(left), len(k.FIELDS)), np.float32)
    scoring.explain(
        left, pattern, prepared.records.share, rivals, table.logs, table.share_of,
        table.log_average, table.exact, out,
    )  # fmt: skip
    return np.round(out, 1)


def holders(prepared: Prepared) -> pl.Series:
    """How many records bear each record's telephone number."""
    phones = pl.DataFrame({"phone": prepared.records.tokens[:, PHONE]})
    return phones.select(pl.len().over("phone")).to_series()


def sentences(
    prepared: Prepared,
    names: pl.Series,
    left: Whole,
    right: Whole,
    pattern: Patterns,
    weights: Singles,
    notes: npt.NDArray[np.int64],
) -> pl.Series:
    """One line per pair: “身份证号两位互换 +9.8；姓名同音：张微/张薇 +4.1”, notes last."""
    first, second = names.gather(left), names.gather(right)
    shared = holders(prepared).gather(left).cast(pl.String)
    columns = {"first": first.fill_null(""), "second": second.fill_null(""), "shared": shared}
    terms = []
    for field in ORDER:
        level = k.levels(pattern, field)
        columns[f"level{field}"] = pl.Series(level)
        columns[f"weight{field}"] = pl.Series(weights[:, field])
        said = pl.col(f"level{field}").replace_strict(
            list(range(len(SAYS[field]) + 1)),
            ["", *(full_width(text) for text in SAYS[field])],
            return_dtype=pl.String,
        )
        if field == k.NAME:
            said = said + pl.when(pl.col(f"level{field}") > k.EQUAL).then(
                pl.format("{}/{}", "first", "second")
            ).otherwise(pl.lit(""))
        if field == k.PHONE:
            said = said + pl.when(
                (pl.col(f"level{field}") == k.P_EQUAL) & (pl.col("shared").cast(pl.Int64) > 2)
            ).then(pl.format("（共{}条记录用此号）", "shared")).otherwise(pl.lit(""))
        weight = pl.col(f"weight{field}")
        # From a table of texts: a float's own text differs between versions of libraries.
        tenths = (weight * 10).round().cast(pl.Int64)
        sign = pl.when(tenths < 0).then(pl.lit(" −")).otherwise(pl.lit(" +"))
        whole, tenth = tenths.abs() // 10, tenths.abs() % 10
        terms.append(
            pl.when(pl.col(f"level{field}") > 0).then(
                pl.concat_str([said, sign, pl.format("{}.{}", whole, tenth)])
            )
        )
    columns["note"] = pl.Series(notes)
    note = pl.col("note").replace_strict(
        list(range(len(NOTES))), [full_width(t) or None for t in NOTES], return_dtype=pl.String
    )
    return (
        pl.DataFrame(columns)
        .select(evidence=pl.concat_str([*terms, note], separator="；", ignore_nulls=True))
        .to_series()
    )


def full_width(text: str) -> str:
    """With the punctuation that Chinese text uses."""
    return text.translate(str.maketrans(",:()", "，：（）"))
