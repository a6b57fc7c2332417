"""What is known of each resident. Column names are the fact names of the engine's file contract.

A fact is null where the station does not know it, and also where it is known to be none: then the
list column `known_none` names it.
"""

from typing import Any, Final

import numpy as np
import polars as pl

from .households import CHILD, HEAD, SPOUSE, Members
from .identities import Numbering
from .population import (
    EMPLOYED,
    FLEXIBLE,
    NEVER,
    OTHER,
    RETIRED,
    STATUSES,
    UNEMPLOYED,
    Assumptions,
    Bools,
    Days,
    Population,
    Rng,
    by_row,
    days_before,
    share,
)


def relation(members: Members) -> pl.Series:
    """与户主关系."""
    names = np.array(["户主", "配偶", "子", "父亲", "孙子"])
    female = np.array(["户主", "配偶", "女", "母亲", "孙女"])
    return pl.Series(
        "household_role", np.where(members.female, female[members.role], names[members.role])
    )


def person_frame(
    rng: Rng,
    assumed: Assumptions,
    people: Population,
    homes: pl.DataFrame,
    who: pl.DataFrame,
    numbering: Numbering,
) -> pl.DataFrame:
    """The frame of people; `homes` has one row per household, `who` is their `identity_frame`."""
    members, age, female, rural = people.members, people.age, people.members.female, people.rural
    count = len(age)
    today = people.as_of
    adult = age >= 16
    unknown = rng.random((8, count)) < assumed["unknown_share"]

    household = _household_facts(rng, assumed, people)
    certified = _certified(rng, assumed, people, household["minimum_living"])
    since = people.since
    hukou = homes["unit_code"].str.slice(0, 12)[members.household]
    local = rng.random(count) < np.where(rural, 0.96, 0.82)
    resident_years = np.minimum(age, rng.integers(1, 25, count))
    resident = days_before(today, np.where(local, resident_years, resident_years // 4) * 365 + 20)
    working = np.isin(people.status, [EMPLOYED, FLEXIBLE])
    employed = people.status == EMPLOYED
    insured_months = np.where(
        people.insured,
        np.maximum(0, (np.minimum(age, 60) - 22) * 9 + rng.integers(-20, 30, count)),
        0,
    )

    frame = pl.DataFrame(
        {
            "person_id": np.arange(1, count + 1) + numbering.people,
            "household_id": members.household + 1 + numbering.households,
            "household_role": relation(members),
            **who.to_dict(),
            "birth_date": people.birth,
            "sex": np.where(female, "女", "男"),
            "retirement_base": optional(
                people.base,
                (age >= 18)
                & (~female | (people.insured & (rng.random(count) < assumed["base_recorded"]))),
            ),
            "hukou_unit": optional(hukou, local),
            "resident_since": np.maximum(resident, people.birth),
            "education": optional(
                people.education, (age >= 6) & (~unknown[0] | (people.status == UNEMPLOYED))
            ),
            "graduated_on": people.left_school,
            "continuing_school": optional(people.student, adult & (age < 25)),
            "labour_capacity": optional(people.able, adult & ~(unknown[1] & people.pension)),
            "work_wish": _work_wish(rng, people),
            "employment_status": optional(np.array(STATUSES)[people.status], age >= 6),
            "disability_grade": optional(
                people.disability, ~(unknown[2] & (people.disability == 0))
            ),
            **household,
            "land_lost": optional(
                rng.random(count) < share(assumed["land_lost"], rural), adult & ~unknown[3]
            ),
            "veteran": optional(
                ~female & (age >= 20) & (rng.random(count) < assumed["veteran"]),
                adult & ~unknown[4],
            ),
            "unemployed_since": np.where(
                (people.status == UNEMPLOYED) & ~people.fresh, since, NEVER
            ),
            "registered_unemployed_since": people.registered,
            "employed_since": np.where(working, since, NEVER),
            "contract_months": optional(
                rng.choice([12, 24, 36, 36], count), employed & ~unknown[5]
            ),
            "monthly_income": _income(rng, assumed["income"], people, unknown[6]),
            "pension_drawn": optional(people.pension, adult),
            "insured_months_local": optional(insured_months, adult & ~unknown[7]),
            "certified_difficult_since": certified,
        }
    )
    certificates = _certificates(rng, assumed["certificates"], frame)
    return frame.with_columns(
        certificates,
        _children(frame),
        pl.lit(True).alias("synthetic"),
    ).with_columns(_known_none(adult))


def optional(values: Any, known: Bools) -> pl.Series:
    """The values where they are known, else null."""
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(values))).to_series()


def _household_facts(rng: Rng, assumed: Assumptions, people: Population) -> dict[str, pl.Series]:
    """Facts of the household that every member bears."""
    members, rural = people.members, people.rural
    first = np.searchsorted(members.household, members.household)
    minor = (people.age < 18) & (members.role == CHILD)
    size = int(members.household.max(initial=-1)) + 1
    minors = np.bincount(members.household[minor], minlength=size)[members.household]
    spouses = np.bincount(members.household[members.role == SPOUSE], minlength=size)
    alone = spouses[members.household] == 0
    parent = np.isin(members.role, [HEAD, SPOUSE])
    lone_parent = (members.role == HEAD) & alone & (minors > 0)

    hard = np.bincount(members.household[people.disability > 0], minlength=size)
    hard = hard + np.bincount(members.household[lone_parent], minlength=size)
    hard = hard + 2 * np.bincount(members.household[people.status == UNEMPLOYED], minlength=size)
    facts = {"single_parent_of_minor": optional(lone_parent, parent & (people.age >= 16))}
    for name in ("minimum_living", "poverty_alleviation"):
        table = assumed[name]
        # Hardship makes support more likely; rows: urban and rural, at ease and in hardship.
        rows = [table["urban"], table["rural"]]
        rows += [[value * 4 for value in row[:-1]] + row[-1:] for row in rows]
        drawn = by_row(rng, rows, rural + 2 * (hard[members.household] > 1).astype(np.int64))
        facts[name] = pl.Series(np.array(table["values"])[drawn[first]])
    return facts


def _certified(rng: Rng, assumed: Assumptions, people: Population, living: pl.Series) -> Days:
    """就业困难人员认定: some of the registered unemployed who would qualify."""
    limits = assumed["certified_from"]
    old = people.age >= np.where(people.members.female, limits["女"], limits["男"])
    long = (people.as_of - people.since) > np.timedelta64(limits["unemployed_days"], "D")
    qualifies = old | long | (people.disability > 0) | (living == "低保").to_numpy()
    count = len(people.age)
    chosen = (
        qualifies & ~np.isnat(people.registered) & (rng.random(count) < assumed["certified_share"])
    )
    on = people.registered + rng.integers(20, 90, count).astype("timedelta64[D]")
    return np.where(chosen & (on <= people.as_of), on, NEVER)


def _work_wish(rng: Rng, people: Population) -> pl.Series:
    count = len(people.age)
    likely = np.array([1.0, 1.0, 0.94, 0.2, 0.0, 0.06, 0.0])[people.status]
    likely = np.where(people.age > 68, 0.0, likely)
    known = (people.status == UNEMPLOYED) | (
        rng.random(count) < np.where(people.pension, 0.5, 0.93)
    )
    return optional(rng.random(count) < likely, known & (people.age >= 16))


def _income(rng: Rng, table: Assumptions, people: Population, unknown: Bools) -> pl.Series:
    count = len(people.age)
    names = {EMPLOYED: "就业", FLEXIBLE: "灵活就业", RETIRED: "pension"}
    income = np.zeros(count)
    noise = rng.standard_normal(count)
    for status, name in names.items():
        for rural, place in ((False, "urban"), (True, "rural")):
            median, spread = table[place][name]
            rows = (people.status == status) & (people.rural == rural)
            income[rows] = median * np.exp(spread * noise[rows])
    known = (people.age >= 16) & ~unknown & np.isin(people.status, [*names, UNEMPLOYED, OTHER])
    return optional((np.round(income / 10) * 10).astype(np.int64), known)


def _certificates(rng: Rng, table: Assumptions, frame: pl.DataFrame) -> pl.Series:
    """Skill certificates as lists of {code, level}; an empty list is known to be none."""
    count = frame.height
    adult = (frame["pension_drawn"].is_not_null()) & (frame["employment_status"] != "在校")
    holds = adult.to_numpy() & (rng.random(count) < table["share"])
    codes = np.array(CERTIFIED_OCCUPATIONS)[rng.integers(0, len(CERTIFIED_OCCUPATIONS), count)]
    level = 1 + by_row(rng, [table["levels"]], np.zeros(count, dtype=np.int64))
    known = adult.to_numpy() & (rng.random(count) < 0.9)
    held = pl.concat_list(
        pl.struct(pl.Series("code", codes), pl.Series("level", level).cast(pl.Int64))
    )
    none = pl.lit([], dtype=CERTIFICATES)
    certificates = pl.when(pl.Series(holds)).then(held).when(pl.Series(known)).then(none)
    return pl.select(certificates.alias("skill_certificates")).to_series()


CERTIFICATES: Final = pl.List(pl.Struct({"code": pl.String, "level": pl.Int64}))
CERTIFIED_OCCUPATIONS: Final = (
    "4-03-02-01",  # 中式烹调师
    "4-03-02-02",  # 中式面点师
    "4-10-01-05",  # 养老护理员
    "4-10-01-06",  # 家政服务员
    "6-18-02-04",  # 焊工
    "6-31-01-03",  # 电工
    "6-05-01-03",  # 缝纫工
    "4-07-05-01",  # 保安员
)


def _children(frame: pl.DataFrame) -> pl.Series:
    """Birth dates of children in the household for head and spouse; none for grown children."""
    born = (
        frame.filter(pl.col("household_role").is_in(["子", "女"]))
        .sort("household_id", "birth_date")
        .group_by("household_id", maintain_order=True)
        .agg(pl.col("birth_date").alias("children"))
    )
    parent = pl.col("household_role").is_in(["户主", "配偶"])
    grown = pl.col("household_role").is_in(["子", "女"]) & pl.col("pension_drawn").is_not_null()
    joined = frame.select("household_id", "household_role", "pension_drawn").join(
        born, on="household_id", how="left", maintain_order="left"
    )
    none = pl.lit([], dtype=pl.List(pl.Date))
    return joined.select(
        pl.when(parent)
        .then(pl.col("children").fill_null(none))
        .when(grown)
        .then(none)
        .alias("children")
    ).to_series()


def _known_none(adult: Bools) -> pl.Expr:
    """The facts of which the station knows that there is none."""
    status = pl.col("employment_status")
    rules: dict[str, pl.Expr | pl.Series] = {
        "graduated_on": status == "在校",
        "unemployed_since": status.is_in(["就业", "灵活就业", "失业", "在校", "退休"]),
        "registered_unemployed_since": pl.Series(adult),
        "employed_since": status.is_in(["失业", "在校", "退休"]),
        "contract_months": status.is_in(["失业", "灵活就业", "在校", "退休"]),
        "certified_difficult_since": pl.Series(adult),
    }
    named = [
        pl.when(pl.col(fact).is_null(), known).then(pl.lit(fact)) for fact, known in rules.items()
    ]
    return pl.concat_list(named).list.drop_nulls().alias("known_none")
