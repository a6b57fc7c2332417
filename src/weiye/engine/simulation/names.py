"""Invented names: frequent surnames with given names that fit the generation."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.float64]
Naming = Mapping[str, Any]
"""`names.yaml` of a pack: surnames with shares, given names by cohort, rarities."""

_REST_RANK: Final = 20
_GIVEN_RANK: Final = 6.0


def surname_list(naming: Naming) -> tuple[list[str], Weights]:
    """All surnames and their shares, which add up to one."""
    table = naming["surnames"]
    rest = [name for name in dict.fromkeys(table["rest"]) if name not in table["percent"]]
    named = {**table["percent"], **table["compound"]}
    falling = 1 / (np.arange(len(rest)) + _REST_RANK)
    left = 100 - sum(named.values())
    shares = [*named.values(), *(falling / falling.sum() * left)]
    return [*named, *rest], np.array(shares) / 100


def surnames(rng: np.random.Generator, naming: Naming, count: int) -> pl.Series:
    """So many surnames, drawn by their shares."""
    names, shares = surname_list(naming)
    cumulative = np.cumsum(shares)
    drawn = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return pl.Series("surname", names).gather(np.minimum(drawn, len(names) - 1))


def full_names(
    rng: np.random.Generator, naming: Naming, surname: pl.Series, female: Bools, age: Ints,
    sibling_of: Ints,
) -> pl.Series:  # fmt: skip
    """Surname and a given name of one or two characters that fits the generation and sex.

    `sibling_of` holds the row of an elder sibling, or -1: some siblings of one sex share the first
    character. A few names have a dot (·) and no surname, a few a character that GBK lacks.
    """
    count = len(age)
    cohorts = naming["given"]
    cohort = np.searchsorted([entry["from"] for entry in cohorts], age, side="right") - 1
    letters, cumulative = _letters(cohorts)
    row = cohort * 2 + female
    dice = rng.random((4, count))
    picks = [
        np.minimum((dice[turn][:, None] > cumulative[row]).sum(axis=1), letters.shape[1] - 1)
        if count
        else np.zeros(0, dtype=np.int64)
        for turn in (0, 1)
    ]
    first, second = letters[row, picks[0]], letters[row, picks[1]]
    single = dice[2] < np.array([entry["single"] for entry in cohorts])[cohort]
    elder = np.maximum(sibling_of, 0)
    shares = (sibling_of >= 0) & (female[elder] == female) & ~single & ~single[elder]
    shares &= (cohort[elder] == cohort) & (dice[3] < naming["siblings_share"])
    first = np.where(shares, first[elder], first)
    # Twice the same sibling's name would be one name for two people.
    clash = shares & (second == second[elder])
    second = np.where(clash, letters[row, (picks[1] + 1) % 30], second)

    rare = naming["rare"]
    odd = rng.random(count) < rare["share"]
    marks = np.array(list(rare["characters"]))
    second = np.where(odd & ~single, marks[rng.integers(0, len(marks), count)], second)
    names = surname + pl.Series(first) + pl.Series(np.where(single, "", second))

    dotted = naming["dotted"]
    where = np.flatnonzero(rng.random(count) < dotted["share"])
    left = rng.integers(0, len(dotted["first"]), len(where))
    right = rng.integers(0, len(dotted["second"]), len(where))
    made = [
        f"{dotted['first'][a]}·{dotted['second'][b]}"
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    ]
    names = names.scatter(where, pl.Series(made, dtype=pl.String))
    return names.alias("name")


def _letters(cohorts: list[Mapping[str, Any]]) -> tuple[npt.NDArray[np.str_], Weights]:
    """Characters and cumulative shares, one row per cohort and sex (men first)."""
    rows = [list(entry[sex]) for entry in cohorts for sex in ("men", "women")]
    width = max(len(row) for row in rows)
    letters = np.array([row + row[-1:] * (width - len(row)) for row in rows])
    cumulative = np.ones((len(rows), width))
    for at, row in enumerate(rows):
        weight = 1 / (np.arange(len(row)) + _GIVEN_RANK)
        cumulative[at, : len(row)] = np.cumsum(weight) / weight.sum()
    cumulative[:, -1] = 1.0
    return letters, cumulative
