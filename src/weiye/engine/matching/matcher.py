"""Exact top k in both directions, from tables to a table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from weiye.engine.matching import kernel
from weiye.engine.matching.columns import JobSide, PeopleSide, prepare_jobs, prepare_people
from weiye.engine.matching.kernel import DETOUR, METRES_PER_MINUTE, Ints
from weiye.engine.matching.reasons import reasons_of
from weiye.engine.matching.schema import PEOPLE, VACANCIES
from weiye.engine.matching.weights import Weights
from weiye.engine.tables import Column

Direction = Literal["person", "vacancy"]

PAIRS = pl.Schema(
    {
        "person_id": pl.Int64(),
        "vacancy_id": pl.Int64(),
        "rank": pl.Int64(),
        "score": pl.Int64(),
        "distance_m": pl.Float64(),
        "walk_minutes": pl.Float64(),
        "reasons": pl.List(pl.String()),
    }
)
COMPILED_FUNCTIONS = 20  # no fewer than there are
BLOCK_PAIRS = 1 << 18  # pairs kept at a time by one call of the kernel


def match(
    people: pl.DataFrame,
    vacancies: pl.DataFrame,
    *,
    as_of: date,
    top: int = 20,
    weights: Weights | None = None,
    direction: Direction = "person",
    names: Mapping[str, str] | None = None,
    reasons: bool = True,
    threads: int = 1,
) -> pl.DataFrame:
    """The best `top` vacancies of every person, or people of every vacancy.

    Tables as in files.md (`schema.PEOPLE`, `schema.VACANCIES`; an optional text column `unit` in
    both joins a person and a vacancy of one community when one of them has no point). Returns
    `PAIRS`, ordered by `person_id, rank` or `vacancy_id, rank`: `score` in millionths;
    `distance_m` great-circle metres to the millimetre and `walk_minutes` to 0.1, both null for
    remote vacancies and unknown points; `reasons` in Chinese, with occupations named by `names`
    (code → name; the code itself where there is none). The result does not depend on the order
    of rows nor on `threads`.

    Raises `TableError` for missing or ill-typed columns and repeated ids.
    """
    matcher = Matcher(vacancies, as_of=as_of, weights=weights or Weights(), names=names)
    return matcher.match(people, top=top, direction=direction, reasons=reasons, threads=threads)


class Matcher:
    """Vacancies of a day, prepared once and matched with any number of tables of people.

    Read-only after construction: threads may share one. The kernels run serially in the calling
    thread without the interpreter's lock; `threads` above 1 is for commands.
    """

    def __init__(
        self,
        vacancies: pl.DataFrame,
        *,
        as_of: date,
        weights: Weights | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.as_of = as_of
        self.weights = weights or Weights()
        self.names = names or {}
        self.jobs: JobSide = prepare_jobs(vacancies, as_of, self.weights)

    def match(
        self,
        people: pl.DataFrame,
        *,
        top: int = 20,
        direction: Direction = "person",
        reasons: bool = True,
        threads: int = 1,
    ) -> pl.DataFrame:
        """As `match`, for these people."""
        blocks = list(
            self.blocks(people, top=top, direction=direction, reasons=reasons, threads=threads)
        )
        first, second = ("person_id", "rank") if direction == "person" else ("vacancy_id", "rank")
        empty = pl.DataFrame(schema=PAIRS if reasons else _without_reasons())
        return pl.concat([empty, *blocks]).sort(first, second)

    def blocks(
        self,
        people: pl.DataFrame,
        *,
        top: int = 20,
        direction: Direction = "person",
        reasons: bool = True,
        threads: int = 1,
    ) -> Iterator[pl.DataFrame]:
        """The same pairs block by block, each person's or vacancy's together, blocks in an order
        of their own: for results that need not fit in memory."""
        if top < 1:
            raise ValueError("top must be at least 1")
        side = prepare_people(people, self.as_of, self.jobs.vocabulary)
        drivers, targets = len(side.people.id), len(self.jobs.jobs.id)
        if direction == "vacancy":
            drivers, targets = targets, drivers
        if not drivers or not targets:
            return
        k = min(top, targets)
        size = max(1, min(drivers, BLOCK_PAIRS // k))
        terms = _terms(self.weights)

        def block(first: int) -> tuple[Ints, Ints, Ints, Ints]:
            count = min(size, drivers - first)
            scores = np.zeros((count, k), dtype=np.int64)
            at = np.zeros_like(scores)
            kept = np.zeros(count, dtype=np.int64)
            kernel.best(
                direction == "person",
                side.place,
                side.people,
                self.jobs.place,
                self.jobs.jobs,
                terms,
                first,
                scores,
                at,
                kept,
            )
            held = np.arange(k) < kept[:, None]
            driver, rank = np.nonzero(held)
            return first + driver, at[held], rank + 1, scores[held]

        def finished(found: tuple[Ints, Ints, Ints, Ints]) -> pl.DataFrame:
            driver, target, rank, score = found
            p, v = (driver, target) if direction == "person" else (target, driver)
            return self._pairs(side, p, v, rank, score, reasons)

        starts = range(0, drivers, size)
        if threads <= 1 or len(starts) == 1:
            yield from (finished(block(first)) for first in starts)
            return
        with ThreadPoolExecutor(threads) as pool:
            # As many blocks in flight as threads, or a slow reader would pile them up.
            for group in range(0, len(starts), threads):
                yield from map(finished, pool.map(block, starts[group : group + threads]))

    def _pairs(
        self, side: PeopleSide, p: Ints, v: Ints, rank: Ints, score: Ints, reasons: bool
    ) -> pl.DataFrame:
        minutes = np.empty(len(p), dtype=np.float64)
        like, shared = np.empty((2, len(p)), dtype=np.int64)
        kernel.describe(
            side.place, side.people, self.jobs.place, self.jobs.jobs, p, v, minutes, like, shared
        )
        pairs = pl.DataFrame(
            {
                "person_id": side.people.id[p],
                "vacancy_id": self.jobs.jobs.id[v],
                "rank": rank.astype(np.int64),
                "score": score,
                "distance_m": np.round(minutes * (METRES_PER_MINUTE / DETOUR), 3),
                "walk_minutes": np.round(minutes, 1),
            }
        ).with_columns(pl.col("distance_m", "walk_minutes").fill_nan(None))
        if not reasons:
            return pairs
        sentences = reasons_of(
            side.rows[p],
            self.jobs.rows[v],
            pairs["walk_minutes"],
            like,
            self._skills(side, p, v, shared),
            self.as_of,
            self.names,
        )
        return pairs.with_columns(sentences.alias("reasons"))

    def _skills(self, side: PeopleSide, p: Ints, v: Ints, shared: Ints) -> pl.Series:
        """The skills that the pairs have in common, joined by 、; null where there are none."""
        numbers = np.empty(shared.sum(), dtype=np.int64)
        kernel.skills_in_common(side.people, self.jobs.jobs, p, v, numbers)
        words = pl.Series(list(self.jobs.vocabulary.skills), dtype=pl.String)
        filled = np.flatnonzero(shared)
        joined = (
            pl.DataFrame({"pair": np.repeat(filled, shared[filled]), "skill": words[numbers]})
            .group_by("pair", maintain_order=True)
            .agg(pl.col("skill").str.join("、"))
        )
        return (
            pl.Series([None], dtype=pl.String)
            .new_from_index(0, len(p))
            .scatter(joined["pair"], joined["skill"])
        )


def warm() -> None:
    """Compiles the kernel, or loads it from its cache: some 10 s on a machine's first start, half
    a second later. For set-up and for processes that must answer their first request at once."""
    day = date(2000, 1, 1)
    people = _row(PEOPLE, person_id=0)
    vacancies = _row(VACANCIES, vacancy_id=0, posted_on=day, openings=1, remote=True)
    for _ in range(COMPILED_FUNCTIONS):
        with contextlib.suppress(OSError):  # the cache's disk is full: it stays in memory
            match(people, vacancies, as_of=day)
            return


def _row(schema: Sequence[Column], **values: object) -> pl.DataFrame:
    return pl.DataFrame(
        [{column.name: values.get(column.name) for column in schema}],
        schema={column.name: column.dtype for column in schema},
    )


def _terms(weights: Weights) -> kernel.Terms:
    w = weights
    return kernel.Terms(
        occupation_exact=w.occupation_exact,
        occupation_small=w.occupation_small,
        occupation_middle=w.occupation_middle,
        occupation_major=w.occupation_major,
        skill_each=w.skill_each,
        skill_max=w.skill_max,
        near_zero=float(w.near_zero),
        near_per_minute=float(w.near_per_minute),
        remote=w.remote,
        wage_over_each_percent=w.wage_over_each_percent,
        wage_over_max=w.wage_over_max,
    )


def _without_reasons() -> pl.Schema:
    return pl.Schema({name: dtype for name, dtype in PAIRS.items() if name != "reasons"})
