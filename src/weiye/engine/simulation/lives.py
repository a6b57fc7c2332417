"""Schools and jobs of everybody, from what they learned and from their status periods."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from .histories import EMPLOYMENT
from .population import Population

# Stages before the highest one by GB/T 4658 code: (code, first age, age at leaving).
STAGES: Final = (
    (80, 6, 12),
    (70, 12, 15),
    (60, 15, 18),
    (40, 15, 18),
    (30, 18, 21),
    (20, 18, 22),
    (10, 22, 25),
)
SCHOOLS: Final = {
    80: "小学", 70: "初级中学", 60: "高级中学", 40: "中等职业学校",
    30: "职业学院", 20: "大学", 10: "大学研究生院",
}  # fmt: skip
REASONS: Final = (
    "劳动合同期满",
    "本人辞职",
    "单位裁减人员",
    "单位关闭破产",
    "协商解除",
    "灵活就业中断",
)


def schooling_frame(
    rng: np.random.Generator, people: Population, words: Sequence[str]
) -> pl.DataFrame:
    """Every school attended: `person_id, education, school, since, until, graduated`.

    `person_id` counts from 1; `until` is null for the school that is attended now.
    """
    parts = []
    final = people.education
    # What goes before what: vocational and general senior schools exclude each other.
    senior = np.where(rng.random(len(final)) < 0.2, 40, 60)
    for code, first, last in STAGES:
        reached = {
            80: (final > 0) & (final <= 80),
            70: (final > 0) & (final <= 70),
            60: (final == 60) | ((final > 0) & (final <= 30) & (senior == 60)),
            40: (final == 40) | ((final > 0) & (final <= 30) & (senior == 40)),
            30: final == 30,
            20: (final == 20) | (final == 10),
            10: final == 10,
        }[code]
        rows = np.flatnonzero(reached)
        year = people.birth[rows].astype("datetime64[Y]")
        since = (year + np.timedelta64(first, "Y")).astype("datetime64[D]") + np.timedelta64(
            243, "D"
        )
        until = (year + np.timedelta64(last, "Y")).astype("datetime64[D]") + np.timedelta64(
            180, "D"
        )
        keep = since <= people.as_of
        rows, since, until = rows[keep], since[keep], until[keep]
        done = until <= people.as_of
        parts.append(
            pl.DataFrame(
                {
                    "person_id": rows + 1,
                    "education": np.full(len(rows), code),
                    "school": pl.Series(list(words)).gather(rng.integers(0, len(words), len(rows)))
                    + SCHOOLS[code]
                    + "（演示）",
                    "since": since,
                    "until": np.where(done, until, np.datetime64("NaT", "D")),
                    "graduated": done,
                }
            )
        )
    return pl.concat(parts).sort("person_id", "since")


def job_frame(
    rng: np.random.Generator, periods: pl.DataFrame, work: Mapping[str, Any]
) -> pl.DataFrame:
    """Every spell of work as a job: `person_id, employer, title, occupation_code, since, until,
    ended` (why, empty while it lasts). `periods` as of `period_frame`."""
    jobs = [
        (job["title"], job["occupation"], name, float(job["weight"]) * float(trade["weight"]))
        for trade in work["trades"]
        for job in trade["jobs"]
        for name in trade["names"][:1]
    ]
    spells = periods.filter(
        pl.col("kind") == EMPLOYMENT, pl.col("status").is_in(["就业", "灵活就业"])
    )
    weights = np.array([job[3] for job in jobs])
    chosen = rng.choice(len(jobs), size=spells.height, p=weights / weights.sum())
    word = rng.integers(0, len(work["words"]), spells.height)
    flexible = spells["status"] == "灵活就业"
    employer = pl.Series(work["words"]).gather(word) + pl.Series([j[2] for j in jobs]).gather(
        chosen
    )
    reason = pl.Series(REASONS[:-1]).gather(rng.integers(0, len(REASONS) - 1, spells.height))
    return spells.select(
        "person_id",
        pl.when(flexible)
        .then(pl.lit("灵活就业"))
        .otherwise(employer + "（演示）")
        .alias("employer"),
        pl.Series("title", [job[0] for job in jobs]).gather(chosen),
        pl.Series("occupation_code", [job[1] for job in jobs]).gather(chosen),
        "since",
        "until",
        pl.when(pl.col("until").is_null())
        .then(pl.lit(""))
        .when(flexible)
        .then(pl.lit(REASONS[-1]))
        .otherwise(reason)
        .alias("ended"),
    )
