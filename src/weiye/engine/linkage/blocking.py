"""Which pairs are compared at all: records that meet under one of several keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

import numpy as np

from weiye.engine.linkage import meeting, prepare
from weiye.engine.linkage.kernel import Ints, Whole
from weiye.engine.linkage.prepare import Prepared
from weiye.engine.linkage.text import Hashes

R = TypeVar("R")
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


class Pass(NamedTuple):
    """Who meets in one pass: places ascending by key, then by place, and the key of each."""

    order: Ints
    column: Hashes
    dropped: int


class Candidates(NamedTuple):
    left: Whole  # places in Prepared.records
    right: Whole
    passes: tuple[int, ...]  # pairs found per pass and by none before
    left_out: int  # records dropped from a pass because too many share the key


def passes(prepared: Prepared, block: int, threads: int) -> list[Pass]:
    """A key shared by too many is narrowed by name and date of birth; who is still among too many
    drops out of the pass."""
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
    narrower = _combine((tokens[:, prepare.NAME], born))

    def one(which: int) -> Pass:
        part = parts[which]
        key = _combine(part) if len(part) > 1 else part[0]
        order, column = _sorted(key)
        crowd = meeting.crowded(order, column, prepared.left, prepared.linked, block)
        if not crowd.any():
            return Pass(order, column, 0)
        key = key.copy()
        many = order[crowd]
        key[many] = _combine((key[many], narrower[many]))
        order, column = _sorted(key)
        crowd = meeting.crowded(order, column, prepared.left, prepared.linked, block)
        dropped = int(crowd.sum() + (key[many] == 0).sum())
        return Pass(order[~crowd], column[~crowd], dropped)

    return in_order(one, range(len(parts)), threads)


def candidates(prepared: Prepared, block: int, threads: int) -> Candidates:
    """All pairs that meet, in the order of passes; in dedupe left < right."""
    rounds = passes(prepared, block, threads)
    table = np.zeros((len(prepared.records.phone), len(rounds)), np.uint64)
    for which, (order, column, _) in enumerate(rounds):
        table[order, which] = column

    def one(which: int) -> tuple[Whole, Whole]:
        order, column, _ = rounds[which]
        empty = np.zeros(0, np.int32)
        size, linked = prepared.left, prepared.linked
        bound = meeting.meet(order, column, table, which, size, linked, empty, empty)
        left, right = np.empty(bound, np.int32), np.empty(bound, np.int32)
        count = meeting.meet(order, column, table, which, size, linked, left, right) if bound else 0
        return left[:count].copy(), right[:count].copy()

    found = in_order(one, range(len(rounds)), threads)
    return Candidates(
        np.concatenate([left for left, _ in found]),
        np.concatenate([right for _, right in found]),
        tuple(len(left) for left, _ in found),
        sum(each.dropped for each in rounds),
    )


def in_order(work: Callable[[int], R], items: Iterable[int], threads: int) -> list[R]:
    """The results in the order of the items, whichever thread made them."""
    if threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def _sorted(key: Hashes) -> tuple[Ints, Hashes]:
    """Places with a key, ascending by it; equal keys keep the order of places."""
    there = np.flatnonzero(key)
    order: Ints = there[np.argsort(key[there], kind="stable")]
    return order, key[order]


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
