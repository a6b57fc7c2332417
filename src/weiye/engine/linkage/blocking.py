"""Which pairs are compared at all: records that meet under one of several keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from weiye.engine.linkage import kernel, prepare
from weiye.engine.linkage.kernel import Ints, Whole
from weiye.engine.linkage.prepare import Prepared
from weiye.engine.linkage.text import Hashes

# One key per pass; a record meets in a pass only where it has all parts.
PASSES: Final = (
    "id_number",
    "phone",
    "home",
    "syllables of the name in any order, year of birth",
    "date of birth, surname",
    "date of birth, given name",
    "name, unit",
    "syllables of the name, estate",
)
PASS_NUMBER, PASS_PHONE, PASS_HOME = 0, 1, 2


class Candidates(NamedTuple):
    left: Whole  # places in Prepared.records
    right: Whole
    passes: tuple[int, ...]  # pairs found per pass and by none before
    left_out: int  # records dropped from a pass because too many share the key


def keys(prepared: Prepared, block: int) -> tuple[Hashes, int]:
    """(n, passes) hashes, 0 where a record does not meet; and how many were dropped.

    A key shared by too many is narrowed by name and date of birth; who is still among too many
    drops out of the pass.
    """
    records = prepared.records
    tokens = records.tokens
    birth = np.where(records.birth[:, 0] > 0, records.birth[:, 0], records.birth[:, 1])
    born = birth.astype(np.uint64)
    given = _given(prepared)
    parts: list[tuple[Hashes, ...]] = [
        (tokens[:, prepare.NUMBER],),
        (tokens[:, prepare.PHONE],),
        (tokens[:, prepare.HOME],),
        (tokens[:, prepare.SOUND], born // np.uint64(10_000)),
        (born, tokens[:, prepare.SURNAME]),
        (born, given),
        (tokens[:, prepare.NAME], tokens[:, prepare.UNIT]),
        (tokens[:, prepare.SOUND], tokens[:, prepare.BASE]),
    ]
    out = np.zeros((len(tokens), len(parts)), np.uint64)
    dropped = 0
    narrower = _combine((tokens[:, prepare.NAME], born))
    for place, part in enumerate(parts):
        key = _combine(part) if len(part) > 1 else part[0].copy()
        crowded = _crowded(key, prepared, block)
        if crowded.any():
            key[crowded] = np.where(
                narrower[crowded] != 0, _combine((key[crowded], narrower[crowded])), 0
            )
            still = _crowded(key, prepared, block)
            dropped += int((still | (crowded & (key == 0))).sum())
            key[still] = 0
        out[:, place] = key
    return out, dropped


def candidates(prepared: Prepared, block: int, threads: int) -> Candidates:
    """All pairs that meet, in the order of passes; in dedupe left < right."""
    table, dropped = keys(prepared, block)

    def one(which: int) -> tuple[Whole, Whole]:
        column = table[:, which]
        there = np.flatnonzero(column)
        # Equal keys keep the order of places, so that the left table comes first.
        order: Ints = there[np.argsort(column[there], kind="stable")]
        empty = np.zeros(0, np.int32)
        size, linked = prepared.left, prepared.linked
        bound = kernel.meet(order, table, which, size, linked, empty, empty)
        left, right = np.empty(bound, np.int32), np.empty(bound, np.int32)
        count = kernel.meet(order, table, which, size, linked, left, right) if bound else 0
        return left[:count].copy(), right[:count].copy()

    found = in_order(one, range(len(PASSES)), threads)
    return Candidates(
        np.concatenate([left for left, _ in found]),
        np.concatenate([right for _, right in found]),
        tuple(len(left) for left, _ in found),
        dropped,
    )


def in_order(
    work: Callable[[int], tuple[Whole, Whole]], items: Iterable[int], threads: int
) -> list[tuple[Whole, Whole]]:
    """The results in the order of the items, whichever thread made them."""
    if threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def _crowded(key: Hashes, prepared: Prepared, block: int) -> npt.NDArray[np.bool_]:
    """Which records share their key with too many: more pairs than in a block of `block`."""
    column = pl.Series("key", key)
    if prepared.linked:
        of_left = pl.Series("of_left", np.arange(len(key)) < prepared.left)
        left = pl.DataFrame([column, of_left.cast(pl.Int64)]).select(
            n=pl.col("of_left").sum().over("key"), all=pl.len().over("key")
        )
        n = left["n"].to_numpy().astype(np.int64)
        pairs = n * (left["all"].to_numpy().astype(np.int64) - n)
        limit = block * block
    else:
        counts = pl.DataFrame([column]).select(n=pl.len().over("key"))["n"].to_numpy()
        pairs = counts.astype(np.int64)
        limit = block
    crowded: npt.NDArray[np.bool_] = (pairs > limit) & (key != 0)
    return crowded


def _given(prepared: Prepared) -> Hashes:
    """The characters after the surname, 0 for names of one character."""
    records = prepared.records
    codes = records.name.astype(np.uint64)
    n, surname = records.shape[:, 0], records.shape[:, 1]
    first = np.where(surname == 2, codes[:, 2], codes[:, 1])
    second = np.where(surname == 2, codes[:, 3], codes[:, 2])
    third = np.where(surname == 2, codes[:, 4], codes[:, 3])
    given: Hashes = first + (second << np.uint64(16)) + (third << np.uint64(32))
    given[n <= surname] = 0
    return given


def _combine(parts: tuple[Hashes, ...]) -> Hashes:
    """One hash of several parts, 0 where one of them is 0."""
    whole = np.zeros(len(parts[0]), np.uint64)
    there = np.ones(len(whole), np.bool_)
    for part in parts:
        whole = (whole ^ part) * np.uint64(0x9E3779B97F4A7C15)
        whole ^= whole >> np.uint64(29)
        whole *= np.uint64(0xBF58476D1CE4E5B9)
        whole ^= whole >> np.uint64(32)
        there &= part != 0
    whole[~there] = 0
    return whole
