"""Everybody as arrays: birth, schooling, pension, disability and work, drawn in bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .households import Members
from .identities import twins

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Rng = np.random.Generator
Assumptions = Mapping[str, Any]

NEVER: Final = np.datetime64("NaT", "D")
STATUSES: Final = ("就业", "灵活就业", "失业", "其他", "在校", "退休", "服役")
EMPLOYED, FLEXIBLE, UNEMPLOYED, OTHER, AT_SCHOOL, RETIRED, SERVING = range(len(STATUSES))


@dataclass
class Population:
    """People as arrays, while they are being made; `rural` and `household` are per person."""

    as_of: np.datetime64
    members: Members
    rural: Bools
    birth: Days
    insured: Bools
    education: Ints
    student: Bools
    left_school: Days
    base: Ints
    pension: Bools
    disability: Ints
    able: Bools
    status: Ints
    since: Days
    fresh: Bools
    """Unemployed ever since they left school."""
    churn: Bools
    registered: Days

    @property
    def age(self) -> Ints:
        return self.members.age


def by_row(rng: Rng, rows: Sequence[Sequence[float]], row: Ints) -> Ints:
    """One weighted draw per entry of `row`: the index of a column in that row of weights."""
    table = np.asarray(rows, dtype=np.float64)
    cumulative = np.cumsum(table, axis=1) / table.sum(axis=1, keepdims=True)
    drawn = (rng.random(len(row))[:, None] > cumulative[row]).sum(axis=1)
    chosen: Ints = np.minimum(drawn, table.shape[1] - 1)
    return chosen


def share(value: Mapping[str, float], rural: Bools) -> npt.NDArray[np.float64]:
    """The urban or rural value of an assumption per person."""
    return np.where(rural, value["rural"], value["urban"])


def days_before(day: np.datetime64 | Days, days: Ints) -> Days:
    """Dates so many days earlier."""
    result: Days = day - days.astype("timedelta64[D]")
    return result


def births(rng: Rng, as_of: date, age: Ints) -> Days:
    """Birth dates of people who have completed `age` years on the day."""
    year = as_of.year - age
    month: Days = (as_of.month - 1 + 12 * (year - 1970)).astype("datetime64[M]")
    # Day 28 at most: the same day exists in every year.
    anchor = days_before(month.astype("datetime64[D]"), np.array(1 - min(as_of.day, 28)))
    return days_before(anchor, rng.integers(0, 365, len(age)))


def births_on(rng: Rng, days: Days, age: Ints) -> Days:
    """Birth dates of people who had completed `age` years, each on a day of its own."""
    turned = days - (age * 365.2425).astype(np.int64).astype("timedelta64[D]")
    return days_before(turned, rng.integers(2, 363, len(age)))


def make_population(
    rng: Rng, assumed: Assumptions, members: Members, rural: Bools, as_of: date
) -> Population:
    """Draws birth, schooling, pension, disability and work for everybody."""
    today = np.datetime64(as_of, "D")
    age, female, count = members.age, members.female, len(members.age)
    birth = twins(members, births(rng, as_of, age))
    insured = (rng.random(count) < share(assumed["employee_insured"], rural)) & (age >= 18)

    education, student, left = _schooling(
        rng, assumed["education"], assumed, age, rural, birth, today
    )
    base = np.where(~female, 60, np.where(rng.random(count) < assumed["base_50_share"], 50, 55))
    pension_from = assumed["pension_from"]
    start_age = np.where(~female, pension_from["男"], pension_from["50"])
    start_age = np.where(female & (base == 55), pension_from["55"], start_age)
    pension = age >= np.where(insured, start_age, pension_from["rural"])

    table = assumed["disability"]
    group = np.searchsorted(table["ages"], age, side="right") - 1
    disabled = rng.random(count) < np.asarray(table["shares"])[group]
    grade = 1 + by_row(rng, [table["grades"]], np.zeros(count, dtype=np.int64))
    disability = np.where(disabled, grade, 0)
    able = (age >= 16) & (rng.random(count) >= np.array([0.005, 0.75, 0.4, 0.1, 0.05])[disability])

    employment = assumed["employment"]
    drawn = by_row(rng, [employment["urban"], employment["rural"]], rural.astype(np.int64))
    codes = np.array([STATUSES.index(name) for name in employment["statuses"]])
    status = np.where(able, codes[drawn], OTHER)
    graduates = assumed["graduates"]
    recent = (today - left) < np.timedelta64(365 * graduates["years"], "D")
    graduate = recent & (education > 0) & (education < 40) & able
    status = np.where(graduate & (rng.random(count) < graduates["unemployed"]), UNEMPLOYED, status)
    fresh = graduate & (rng.random(count) < graduates["never_worked"])
    serving = ~female & (age >= 18) & (age <= 22) & (rng.random(count) < 0.02)
    status = np.where(serving, SERVING, status)
    status = np.where(pension, RETIRED, status)
    status = np.where(age < 16, OTHER, status)
    status = np.where(student & (age >= 6), AT_SCHOOL, status)

    # Some households have nobody at work: every member who could be is unemployed there.
    labour = (status <= OTHER) & able & (age >= 16)
    zero = rng.random(count) < share(assumed["zero_employment_households"], rural)
    chosen = zero[np.searchsorted(members.household, members.household)]
    status = np.where(chosen & labour, UNEMPLOYED, status)
    fresh &= status == UNEMPLOYED

    people = Population(
        today, members, rural, birth, insured, education, student, left, base, pension,
        disability, able, status, np.full(count, NEVER), fresh, np.zeros(count, dtype=bool),
        np.full(count, NEVER),
    )  # fmt: skip
    _working_life(rng, assumed, people, pension_from)
    return people


def _schooling(
    rng: Rng, table: Assumptions, assumed: Assumptions, age: Ints, rural: Bools, birth: Days,
    today: np.datetime64,
) -> tuple[Ints, Bools, Days]:  # fmt: skip
    codes = np.array(table["codes"])
    group = np.searchsorted(table["ages"], age, side="right") - 1
    rows = [*table["urban"], *table["rural"]]
    level = by_row(rng, rows, group + rural * len(table["urban"]))
    final = codes[level]
    leaves = np.array([assumed["leaves_school_at"][int(code)] for code in codes])[level]
    student = age < leaves
    # Pupils count with the school they attend, as in the census.
    attended = np.select(
        [age < 6, age < 12, age < 15, age < 18],
        [np.zeros_like(age), np.full_like(age, 80), np.full_like(age, 70),
         np.where(final == 40, 40, 60)],
        np.where((final == 10) & (age < 22), 20, final),
    )  # fmt: skip
    education = np.where(student, attended, final)
    year = birth.astype("datetime64[Y]") + leaves.astype("timedelta64[Y]")
    left = year.astype("datetime64[D]") + np.timedelta64(180, "D")  # the end of June
    last_year = left - np.timedelta64(365, "D")
    left = np.where(left > today, last_year, left)
    return education, student, np.where(student, NEVER, left)


def _working_life(
    rng: Rng, assumed: Assumptions, people: Population, pension_from: Mapping[str, int]
) -> None:
    """Since when the present status holds, who changes often, who is registered."""
    count = len(people.status)
    today = people.as_of
    months = np.array(assumed["unemployed_months"])
    jobless = rng.choice(months, count) * 30 + rng.integers(0, 30, count)
    at_work = rng.integers(40, 3_000, count)
    length = np.where(people.status == UNEMPLOYED, jobless, at_work)
    since = days_before(today, length)
    # Nobody is in a status of working life before leaving school and the age of sixteen.
    sixteen = people.birth + np.timedelta64(16 * 365 + 5, "D")
    left = np.where(np.isnat(people.left_school), sixteen, people.left_school)
    earliest = np.maximum(sixteen, left)
    since = np.where(people.fresh, earliest, np.maximum(since, earliest))
    started = people.birth + np.timedelta64(6 * 365 + 120, "D")
    since = np.where(people.status == AT_SCHOOL, started, since)
    first_age = np.where(
        people.insured & people.members.female, pension_from["50"], pension_from["rural"]
    )
    pensioned = people.birth + (first_age * 365 + first_age // 4).astype("timedelta64[D]")
    since = np.where(people.status == RETIRED, np.minimum(pensioned, today), since)
    people.since = np.minimum(since, today)
    long_enough = (today - earliest) > np.timedelta64(1_100, "D")
    recent = length < 150
    unemployed = people.status == UNEMPLOYED
    people.churn = unemployed & long_enough & recent & (rng.random(count) < 0.3)
    late = rng.integers(3, 60, count).astype("timedelta64[D]")
    registered = unemployed & (rng.random(count) < assumed["registered_share"])
    people.registered = np.where(registered, np.minimum(people.since + late, today), NEVER)
