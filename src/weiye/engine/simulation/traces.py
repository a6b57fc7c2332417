"""What is no longer so: former addresses and telephones, and residents who died or moved away.

Departments go on listing them; so they have to be somebody.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from .households import PARENT, Members
from .identities import Numbering, identity_frame
from .population import Population, births_on, days_before

DIED, MOVED_AWAY = "死亡", "迁出"
HAN: Final = "汉族"


def trace_frame(
    rng: np.random.Generator, assumed: Mapping[str, Any], people: Population, frame: pl.DataFrame
) -> pl.DataFrame:
    """What departments may still have of everybody, one row per person.

    `person_id, ethnicity, moved_on, former_unit, former_address, former_phone, household_phone`;
    nulls where nothing changed within the years that the assumptions look back.
    """
    table = assumed["changes"]
    count, household = frame.height, people.members.household
    days = 365 * table["years"]
    homes = int(household.max(initial=-1)) + 1
    # Whole households move.
    moves = rng.random(homes) < table["moved"] * table["years"]
    when = days_before(people.as_of, rng.integers(20, days, homes))
    moved = moves[household] & (when[household] > people.birth)
    elsewhere = np.searchsorted(household, rng.integers(0, max(homes, 1), homes))
    other = elsewhere[household]
    changed = rng.random(count) < table["phone"] * table["years"]
    head = np.searchsorted(household, household)
    groups = [HAN, *table["ethnicities"]]
    shares = np.array([1 - table["minority"], *table["ethnicities"].values()])
    shares[1:] *= table["minority"] / shares[1:].sum()
    # A household is of one group but for one in ten.
    group = rng.choice(len(groups), size=homes, p=shares)[household]
    group = np.where((group > 0) & (rng.random(count) < 0.1), 0, group)
    # Somebody else has the old number by now.
    old = frame["phone"].gather(rng.permutation(count))

    def where(rows: "np.ndarray[Any, np.dtype[np.bool_]]", values: pl.Series) -> pl.Series:
        return pl.select(pl.when(pl.Series(rows)).then(values)).to_series()

    return pl.DataFrame(
        {
            "person_id": frame["person_id"],
            "ethnicity": pl.Series(groups).gather(group),
            "moved_on": where(moved, pl.Series(when[household])),
            "former_unit": where(moved, frame["unit_code"].str.slice(0, 12).gather(other)),
            "former_address": where(moved, frame["address"].gather(other)),
            "former_phone": where(changed & frame["phone"].is_not_null().to_numpy(), old),
            "household_phone": frame["phone"].gather(head),
        }
    )


def departed_frame(
    rng: np.random.Generator,
    society: Mapping[str, Any],
    people: Population,
    frame: pl.DataFrame,
    numbering: Numbering,
) -> pl.DataFrame:
    """Former residents: `reason` (死亡, 迁出), `left_on`, who they were and where they lived.

    `person_id, name, id_kind, id_number, birth_date, sex, phone, unit_code, unit_path, address,
    household_id, reason, left_on`; ids follow those of the residents.
    """
    table = society["assumed"]["changes"]
    count, years = frame.height, table["years"]
    # Mortality grows by about a tenth with every year of age (Gompertz).
    weight = np.exp(0.09 * np.maximum(people.age, 25))
    deaths = rng.binomial(count, min(1.0, society["census"]["death_rate"] * years))
    away = rng.binomial(count, min(1.0, table["moved_away"] * years))
    if count:
        dead = rng.choice(count, size=deaths, p=weight / weight.sum())
        gone = rng.integers(0, count, away)
    else:
        dead = gone = np.zeros(0, dtype=np.int64)
    rows = np.concatenate([dead, gone])
    age = people.age[rows]
    female = rng.random(len(rows)) < 0.47
    left = days_before(people.as_of, rng.integers(1, 365 * years, len(rows)))
    members = Members(np.arange(len(rows)), np.full(len(rows), PARENT), female, age)
    birth = births_on(rng, left, age)
    who = identity_frame(rng, society["names"], society["documents"], members, birth, numbering)
    at = frame.select("unit_code", "unit_path", "address", "household_id")[rows.tolist()]
    return who.select(
        pl.Series("person_id", np.arange(1, len(rows) + 1) + numbering.people),
        pl.all(),
        pl.Series("birth_date", birth),
        pl.Series("sex", np.where(female, "女", "男").astype(str), dtype=pl.String),
        *at.get_columns(),
        pl.Series("reason", [DIED] * len(dead) + [MOVED_AWAY] * len(gone), dtype=pl.String),
        pl.Series("left_on", left),
    )
