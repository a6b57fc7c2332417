"""Facts → what has changed since the rules last looked, kept person by person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from weiye.registers.people.frames import copied

from ... import standing
from ...frames import insert, update
from ...models import FactChange, Standing
from .part import Part

Turned = Mapping[str, tuple[str | None, str | None]]
_SCHEMA: dict[str, pl.DataType] = {"id": pl.Int64(), "before": pl.String(), "as_of": pl.Date()}


@dataclass
class Changes:
    """``before``: what was known of people then. ``turned``: the facts that are others now.

    ``blind``: the run is for a day before the one that is known: nothing can be said.
    """

    before: dict[int, standing.Known] = field(default_factory=dict)
    turned: dict[int, Turned] = field(default_factory=dict)
    # Person → the day of what was known; who is not here was not known.
    known: dict[int, date] = field(default_factory=dict)
    blind: bool = False


def take(part: Part, facts: pl.DataFrame) -> Changes:
    """Compare with what was known and keep what is known now."""
    now = standing.lines(facts)
    held = _held(part, facts["id"].to_list())
    both = now.join(held, on="id", how="left", maintain_order="left").join(
        facts.select("id", "unit_path", "inside"), on="id", maintain_order="left"
    )
    later = both.filter(pl.col("as_of") > part.as_of)
    known = dict(both.filter(pl.col("before").is_not_null()).select("id", "as_of").iter_rows())
    if later.height:
        return Changes(known=known, blind=True)
    other = both.filter(pl.col("before").is_not_null() & (pl.col("before") != pl.col("facts")))
    found = Changes(known=known)
    rows = []
    for row in other.iter_rows(named=True):
        before, after = standing.read(row["before"]), standing.read(row["facts"])
        found.before[row["id"]] = before
        found.turned[row["id"]] = standing.changes(before, after)
        if row["inside"]:
            rows += [
                {
                    "person_id": row["id"],
                    "unit_path": row["unit_path"],
                    "fact": name,
                    "before": old,
                    "after": new,
                    "seen_on": part.as_of,
                }
                for name, (old, new) in found.turned[row["id"]].items()
            ]
    insert(FactChange, rows)
    _keep(part, both.filter("inside"))
    part.outcome.changes["facts_changed"] += len(rows)
    return found


def _held(part: Part, people: Collection[int]) -> pl.DataFrame:
    lo, hi = part.actor.range
    where = "unit_path >= %(lo)s AND unit_path < %(hi)s"
    parameters: dict[str, object] = {"lo": lo, "hi": hi}
    # A whole street by one range scan, a household by its keys.
    if len(people) < 200:
        where += " AND person_id = ANY(%(people)s)"
        parameters["people"] = list(people)
    sql = f"SELECT person_id, facts, as_of FROM assistance_standing WHERE {where}"  # noqa: S608
    return copied(sql, parameters, _SCHEMA)


def _keep(part: Part, both: pl.DataFrame) -> None:
    fresh = both.filter(pl.col("before").is_null())
    insert(
        Standing,
        [
            {"person_id": key, "unit_path": path, "facts": text, "as_of": part.as_of}
            for key, path, text in fresh.select("id", "unit_path", "facts").iter_rows()
        ],
    )
    stale = both.filter(pl.col("before").is_not_null() & (pl.col("before") != pl.col("facts")))
    rows = [
        {"person_id": key, "facts": text, "as_of": part.as_of}
        for key, text in stale.select("id", "facts").iter_rows()
    ]
    update(Standing, rows, key="person_id")
