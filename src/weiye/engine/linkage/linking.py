"""The whole way from two tables to decided pairs."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weiye.engine.linkage.model import Model


@dataclass(frozen=True)
class Settings:
    """What a caller may choose.

    `threshold`: probability from which a pair is `link`; None = the lowest at which the links are
    expected to be right with `precision`, never below 0.5. `review`: probability from which a pair
    below that is `review`; less is not listed. `block`: largest group of records that share a
    blocking key and are all compared. `threads`: 1 in the web process.
    """

    threshold: float | None = None
    precision: float = 0.99
    review: float = 0.05
    block: int = 60
    threads: int = 1
    seed: int = 4


def link(
    left: pl.DataFrame,
    right: pl.DataFrame,
    *,
    settings: Settings | None = None,
    model: Model | None = None,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Which rows of `left` are which people of `right` (columns: `RECORDS`; result: `LINKS`).

    A left row has at most one `link`; a right one may have several (a roster that names somebody
    twice). Sorted by left row's place, then probability, highest first, then right row's place.
    `model`: weights to use as they are; None = the shipped ones, adapted to these tables as far
    as they hold evidence (records with equal ID numbers). `decided` (columns `DECIDED`): what
    people have decided before; pairs that are not the same never come back, those that are the
    same are left out too, and take their left row and contradicting pairs with them.
    Raises `TableError` for tables that miss `id`, or with empty or repeated ids.
    """
    raise NotImplementedError


def dedupe(
    frame: pl.DataFrame,
    *,
    settings: Settings | None = None,
    model: Model | None = None,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Which rows of one table are the same person; as `link`, each pair once, left_id < right_id.

    Ids that are all whole numbers are ordered as numbers, others as text. Linked groups hold
    together: a link that would put two people with different valid ID numbers into one group, or
    a pair that was found to be different people, becomes `review`.
    """
    raise NotImplementedError


def learn(
    left: pl.DataFrame,
    right: pl.DataFrame | None = None,
    *,
    settings: Settings | None = None,
    base: Model | None = None,
) -> Model:
    """Weights from these tables without any truth; where they say little, `base` (shipped)."""
    raise NotImplementedError


def warm() -> None:
    """Compiles (or loads) the kernels, so that the first request need not wait."""
