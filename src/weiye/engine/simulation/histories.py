"""What people did before, and what they want to do: status periods and work wishes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from .population import (
    EMPLOYED,
    FLEXIBLE,
    NEVER,
    OTHER,
    RETIRED,
    STATUSES,
    UNEMPLOYED,
    Bools,
    Days,
    Ints,
    Population,
    Rng,
    days_before,
)

EMPLOYMENT, EMPLOYMENT_REGISTRATION, UNEMPLOYMENT_REGISTRATION, JOB_SEEKING = range(4)
"""Kinds of periods: 就业状态, 就业登记, 失业登记, 求职登记."""

EARLIER_JOBS: Final = 4
"""At most so many jobs before those of recent years."""


def period_frame(rng: Rng, people: Population) -> pl.DataFrame:
    """Periods `person_id, kind, status, since, until` (until null: still holds).

    Two periods of one person and kind never overlap; `until` is the first day after.
    """
    count = len(people.age)
    rows: list[tuple[Ints, int, Ints, Days, Days]] = []

    def add(where: Bools, kind: int, status: Ints | int, since: Days, until: Days) -> None:
        keep = where & ~np.isnat(since) & (np.isnat(until) | (since < until))
        number = np.flatnonzero(keep)
        statuses = np.broadcast_to(np.asarray(status), (count,))
        rows.append((number, kind, statuses[number], since[number], until[number]))

    open_end = np.full(count, NEVER)
    add(people.age >= 6, EMPLOYMENT, people.status, people.since, open_end)

    # Those who change often: work and no work in turn, three spells within two years.
    start = people.since
    for status in (EMPLOYED, UNEMPLOYED, FLEXIBLE, UNEMPLOYED):
        length = rng.integers(40, 110, count)
        begin = days_before(start, length)
        add(people.churn, EMPLOYMENT, status, begin, start)
        start = np.where(people.churn, begin, start)

    # Everybody else who once worked: one job before the present status.
    sixteen = people.birth + np.timedelta64(16 * 365 + 5, "D")
    left = np.where(np.isnat(people.left_school), sixteen, people.left_school)
    earliest = np.maximum(left, sixteen)
    begin = np.maximum(days_before(start, rng.integers(200, 2_500, count)), earliest)
    worked = np.isin(people.status, [UNEMPLOYED, FLEXIBLE, RETIRED]) & (
        (start - left) > np.timedelta64(150, "D")
    )
    worked &= ~np.isnat(left)
    add(worked, EMPLOYMENT, EMPLOYED, begin, start)

    # The rest of a working life, backwards: long jobs with gaps between, until school.
    start = np.where(worked, begin, start)
    ever = (worked | np.isin(people.status, [EMPLOYED, UNEMPLOYED, FLEXIBLE])) & ~people.fresh
    for _ in range(EARLIER_JOBS):
        gap = np.maximum(days_before(start, rng.integers(15, 260, count)), earliest)
        begin = np.maximum(
            days_before(gap, 400 + rng.gamma(1.4, 1_100, count).astype(np.int64)), earliest
        )
        again = ever & (rng.random(count) < 0.75) & (begin < gap)
        kind_of = np.where(people.rural & (rng.random(count) < 0.35), FLEXIBLE, EMPLOYED)
        idle = again & (rng.random(count) < 0.6)
        add(idle, EMPLOYMENT, UNEMPLOYED, gap, start)
        add(again, EMPLOYMENT, kind_of, begin, np.where(idle, gap, start))
        start = np.where(again, begin, start)
        ever = again

    formal = (people.status == EMPLOYED) & (rng.random(count) < 0.85)
    add(formal, EMPLOYMENT_REGISTRATION, 0, people.since, open_end)
    add(~np.isnat(people.registered), UNEMPLOYMENT_REGISTRATION, 0, people.registered, open_end)
    seeking = ~np.isnat(people.registered) & (rng.random(count) < 0.8)
    late = rng.integers(0, 30, count).astype("timedelta64[D]")
    add(
        seeking,
        JOB_SEEKING,
        0,
        np.minimum(people.registered + late, people.as_of),
        open_end,
    )

    number = np.concatenate([row[0] for row in rows])
    kind = np.concatenate([np.full(len(row[0]), row[1]) for row in rows])
    status = np.array(STATUSES)[np.concatenate([row[2] for row in rows])]
    return pl.DataFrame(
        {
            "person_id": number + 1,
            "kind": kind,
            "status": np.where(kind == EMPLOYMENT, status, ""),
            "since": np.concatenate([row[3] for row in rows]),
            "until": np.concatenate([row[4] for row in rows]),
        }
    ).sort("person_id", "kind", "since")


SCHOOL_HOURS: Final = 1 | 2
EDUCATION_LEVEL: Final[dict[int, int]] = {
    10: 6,
    20: 5,
    30: 4,
    40: 3,
    60: 3,
    70: 2,
    80: 1,
    90: 0,
    0: 0,
}


def wish_frame(
    rng: Rng,
    people: Population,
    frame: pl.DataFrame,
    wishes: Sequence[Mapping[str, Any]],
    programmes: Sequence[str],
    lowest_wage: int,
) -> pl.DataFrame:
    """Wishes of those who look for work: occupations, skills, pay, hours, walk, training."""
    count = len(people.age)
    wants = frame["work_wish"].fill_null(False).to_numpy()
    looking = np.array([0.02, 0.3, 1.0, 1.0, 0.0, 1.0, 0.0])[people.status]
    who = np.flatnonzero(wants & (rng.random(count) < looking))
    many = len(who)
    level = np.array([EDUCATION_LEVEL[int(code)] for code in people.education[who]], dtype=np.int64)
    rural = people.rural[who]

    codes = np.array([wish["occupation"] for wish in wishes])
    weights = np.array([float(wish["weight"]) for wish in wishes])
    least = np.array([wish.get("level", 0) for wish in wishes])
    only_rural = np.array([wish.get("where") == "rural" for wish in wishes])
    # Exponential races: the smallest few are a weighted draw without replacement.
    race = rng.exponential(size=(many, len(wishes))) / weights
    race[(least > level[:, None]) | (only_rural & ~rural[:, None])] = np.inf
    # Education beyond school pulls towards work that asks for it.
    race *= np.where((level[:, None] >= 4) & (least >= 3), 0.2, 1.0)
    ranked = np.argsort(race, axis=1, kind="stable")[:, :3]
    number = rng.integers(1, 4, many)
    has = rng.random((many, 3)) < 0.6

    children = frame["children"].list.max().to_numpy()[who]
    small = (people.as_of - children.astype("datetime64[D]")) < np.timedelta64(12 * 365, "D")
    free = rng.random((5, many))
    hours = np.full(many, 3)
    for bits, likely, row in ((48, 0.6, 0), (4, 0.45, 1), (64, 0.4, 2), (8, 0.12, 3)):
        hours |= np.where(free[row] < likely, bits, 0)
    hours = np.where(small & (free[4] < 0.4), SCHOOL_HOURS, hours)
    hours = np.where(np.isin(people.status[who], [EMPLOYED, FLEXIBLE]), 4 | 48 | 64, hours)

    wage = lowest_wage + np.round(rng.gamma(2.0, 330.0, many) + level * 120, -2)
    wage = np.where(np.isin(people.status[who], [OTHER, RETIRED]), lowest_wage - 800, wage)
    walk = np.array([15, 20, 30, 45, 60])
    urban_p, rural_p = (
        np.array([0.25, 0.25, 0.3, 0.13, 0.07]),
        np.array([0.1, 0.12, 0.3, 0.28, 0.2]),
    )
    step = rng.random(many)
    minutes = np.where(
        rural,
        walk[np.searchsorted(np.cumsum(rural_p), step).clip(max=4)],
        walk[np.searchsorted(np.cumsum(urban_p), step).clip(max=4)],
    )
    grade = people.disability[who]
    accessible = (grade > 0) & (grade <= 2) & (rng.random(many) < 0.5)
    any_wage = rng.random(many) < 0.15
    trains = rng.random(many) < 0.4
    training = np.array(programmes)[rng.integers(0, len(programmes), many)]
    said = days_before(people.as_of, rng.integers(1, 300, many))
    skills = [list(wish["skills"]) for wish in wishes]
    return pl.DataFrame(
        {
            "person_id": who + 1,
            "occupation_codes": pl.Series(
                [codes[row[:n]].tolist() for row, n in zip(ranked, number, strict=True)],
                dtype=pl.List(pl.String),
            ),
            "skills": pl.Series(
                [
                    sorted(
                        {
                            word
                            for wish, ok in zip(row, mask, strict=True)
                            if ok
                            for word in skills[wish]
                        }
                    )
                    for row, mask in zip(ranked, has, strict=True)
                ],
                dtype=pl.List(pl.String),
            ),
            "min_wage": pl.select(
                pl.when(~pl.Series(any_wage)).then(pl.Series(wage.astype(np.int64)))
            ).to_series(),
            "hours": hours,
            "needs_accessible": accessible,
            "max_walk_minutes": minutes,
            "training_wishes": pl.Series(
                [
                    [str(title)] if wanted else []
                    for title, wanted in zip(training, trains, strict=True)
                ],
                dtype=pl.List(pl.String),
            ),
            "said_on": said,
        }
    )
