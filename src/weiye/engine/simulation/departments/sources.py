"""Everybody whom a department may list, with all that its columns can say."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from ..places import Place
from ..society import Society

Rng = np.random.Generator

GONE: Final = {"死亡": "died", "迁出": "moved_away"}
"""Reason of leaving → the error of still being listed."""

IDENTITY: Final = (
    "person_id", "name", "id_kind", "id_number", "birth_date", "sex", "phone", "unit", "address",
)  # fmt: skip

PLACE: Final = ("unit", "address", "community", "street", "county", "city")


def everybody(society: Society, places: Sequence[Place], as_of: date) -> pl.DataFrame:
    """Residents and former residents (`reason`, `left_on`), in the order of their homes."""
    homes = society.households.select("household_id", pl.col("number").alias("household_number"))
    heads = society.people.group_by("household_id", maintain_order=True).agg(
        pl.col("name").first().alias("head_name"), pl.len().alias("household_size")
    )
    jobs = (
        society.jobs.filter(pl.col("until").is_null())
        .unique("person_id", keep="last", maintain_order=True)
        .select("person_id", "employer")
    )
    keep = [name for name in society.people.columns if name not in ("lon", "lat", "point_source")]
    residents = (
        society.people.select(keep)
        .join(society.traces, on="person_id", how="left", maintain_order="left")
        .join(jobs, on="person_id", how="left", maintain_order="left")
    )
    names = pl.DataFrame(
        [(place.code, place.name, *(place.above or ("", "", ""))) for place in places],
        schema=["unit", "community", "city", "county", "street"],
        orient="row",
    )
    former = names.select(pl.all().name.prefix("former_"))
    return (
        pl.concat([residents, society.departed], how="diagonal_relaxed")
        .with_columns(
            unit=pl.col("unit_code").str.slice(0, 12),
            age=pl.lit(as_of.year) - pl.col("birth_date").dt.year(),
            ethnicity=pl.col("ethnicity").fill_null("汉族"),
        )
        .join(homes, on="household_id", how="left", maintain_order="left")
        .join(heads, on="household_id", how="left", maintain_order="left")
        .join(names, on="unit", how="left", maintain_order="left")
        .join(former, on="former_unit", how="left", maintain_order="left")
    )


def concerned(frame: pl.DataFrame, department: Mapping[str, Any], as_of: date) -> pl.Series:
    """Who belongs in a department's list, as its `where` says."""
    holds = pl.col("reason").is_null()
    for rule in department["where"]:
        column = pl.col(rule["column"])
        if "in" in rule:
            holds &= column.is_in(rule["in"])
        elif "from" in rule:
            holds &= column >= rule["from"]
        elif "within_years" in rule:
            holds &= column > date(as_of.year - rule["within_years"], as_of.month, 1)
        else:
            holds &= column.is_not_null()
    if department.get("adults"):
        holds &= pl.col("age") >= 18
    return frame.select(holds.fill_null(False)).to_series()


def listed(
    rng: Rng,
    frame: pl.DataFrame,
    department: Mapping[str, Any],
    rates: Mapping[str, float],
    as_of: date,
) -> pl.DataFrame:
    """The rows of a department's list before fields go wrong; the list column `rows` says what
    is wrong with a row as such: `duplicate`, `died`, `moved_away`, `moved`."""
    members = concerned(frame, department, as_of).to_numpy()
    chance = department["coverage"] * department.get("share", 1)
    own = frame.filter(pl.Series(members & (rng.random(frame.height) < chance)))
    # Of those who left, as many as the list has of everybody; the old are in more lists.
    share = min(1.0, 2 * members.mean() * department.get("share", 1)) if len(members) else 0.0
    left = frame.filter(pl.col("reason").is_not_null())
    stale = left["reason"].replace_strict(
        {reason: float(rates[error]) for reason, error in GONE.items()}, return_dtype=pl.Float64
    )
    left = left.filter(pl.Series(rng.random(left.height) < stale.to_numpy() * share))
    if own.height:
        # Nobody of ninety is left in a list of workers, no woman in one of men.
        low, high = own["age"].quantile(0.02), own["age"].quantile(0.98)
        left = left.filter(
            pl.col("age").is_between(low, high), pl.col("sex").is_in(own["sex"].unique().to_list())
        )
    if own.height and left.height:
        # What the list says of them besides who they are is somebody else's in the same list.
        said = own[rng.integers(0, own.height, left.height).tolist()]
        kept = [*IDENTITY, *PLACE, "reason", "left_on", "household_id", "household_number"]
        kept += ["head_name", "household_size", "age", "ethnicity"]
        kept = list(dict.fromkeys(kept))
        left = said.with_columns(left.select(kept).get_columns())
    else:
        left = left.head(0)
    moved = (own["moved_on"].is_not_null()).to_numpy() & (rng.random(own.height) < rates["moved"])
    own = own.with_columns(stale=pl.Series(moved)).with_columns(
        pl.when("stale").then(f"former_{name}").otherwise(name).alias(name) for name in PLACE
    )
    every = pl.concat([own, left], how="diagonal_relaxed")
    again = rng.random(every.height) < rates["duplicate"]
    twice = every.filter(pl.Series(again)).with_columns(twice=pl.lit(True))
    # A repeated row stands anywhere, the others in the order of homes.
    order = np.concatenate(
        [
            np.arange(own.height, dtype=float),
            rng.random(left.height) * max(own.height, 1),
            rng.random(twice.height) * max(own.height, 1),
        ]
    )
    if department.get("order") == "shuffled":
        order = rng.permutation(len(order)).astype(float)
    notes = [
        pl.when(pl.col("reason") == reason).then(pl.lit(error)) for reason, error in GONE.items()
    ]
    notes.append(pl.when("stale").then(pl.lit("moved")))
    notes.append(pl.when("twice").then(pl.lit("duplicate")))
    return (
        pl.concat([every.with_columns(twice=pl.lit(False)), twice])
        .with_columns(pl.concat_list(notes).list.drop_nulls().alias("rows"))
        .with_columns(pl.Series("order", order))
        .sort("order", maintain_order=True)
    )
