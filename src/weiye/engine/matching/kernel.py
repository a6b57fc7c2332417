"""The compiled loops: exact top k of one side for every member of the other.

Everything here is serial, releases the interpreter's lock and allocates per call only, so any
number of threads may run it on different members at once. A pair is judged by the same functions
in both directions. Integers are int64 throughout where bits are compared: numba widens
`uint32 ^ uint32` to `uint64` and mixes of signed and unsigned to float.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np

from weiye.engine.matching.columns import (
    CELL,
    MINUTES_PER_RADIAN,
    NO_UNIT,
    Floats,
    Ints,
    Jobs,
    People,
    Place,
)

F = TypeVar("F", bound=Callable[..., Any])

SLACK = 1e-9  # the grid and the first look at the distance err on the side of inclusion


class Terms(NamedTuple):
    """The weights that the kernel needs, in millionths."""

    occupation_exact: int
    occupation_small: int
    occupation_middle: int
    occupation_major: int
    skill_each: int
    skill_max: int
    near_zero: float
    near_per_minute: float
    remote: int
    wage_over_each_percent: int
    wage_over_max: int


def compiled(function: F) -> F:
    """njit with a cache on disk where there is a place for one, else in memory alone."""
    made: Any
    try:
        made = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba: no writable place for the cache
        made = numba.njit(nogil=True, error_model="numpy")(function)
    return made  # type: ignore[no-any-return]


@compiled
def walk_minutes(a: Place, i: int, b: Place, j: int) -> float:
    """Great circle × 1.3 at 4.8 km/h; 2·atan2(|a−b|, |a+b|) is exact near and far."""
    dx, dy, dz = a.x[i] - b.x[j], a.y[i] - b.y[j], a.z[i] - b.z[j]
    sx, sy, sz = a.x[i] + b.x[j], a.y[i] + b.y[j], a.z[i] + b.z[j]
    angle = 2.0 * math.atan2(
        math.sqrt(dx * dx + dy * dy + dz * dz), math.sqrt(sx * sx + sy * sy + sz * sz)
    )
    return angle * MINUTES_PER_RADIAN


@compiled
def fits(people: People, p: int, jobs: Jobs, v: int) -> Any:
    """All hard conditions but the place."""
    return (
        jobs.need[v] & ~people.free[p] == 0
        and jobs.age_low[v] <= people.age[p] <= jobs.age_high[v]
        and jobs.education[v] <= people.education[p]
        and jobs.wage_max[v] >= people.min_wage[p]
    )


@compiled
def likeness(people: People, p: int, occupation: int) -> int:
    """Segments in common with the best wish, 0–4; 4 = the wish is met."""
    best = 0
    for w in range(people.wish_start[p], people.wish_start[p + 1]):
        differing = people.wish[w] ^ occupation
        if differing & people.wish_mask[w] == 0:
            return 4
        if differing < 1 << 8:
            best = max(best, 3)
        elif differing < 1 << 16:
            best = max(best, 2)
        elif differing < 1 << 24:
            best = max(best, 1)
    return best


@compiled
def score(people: People, p: int, jobs: Jobs, v: int, terms: Terms) -> Any:
    """All terms but the place."""
    like = likeness(people, p, jobs.occupation[v])
    total = jobs.fresh[v]
    if like == 4:
        total += terms.occupation_exact
    elif like == 3:
        total += terms.occupation_small
    elif like == 2:
        total += terms.occupation_middle
    elif like == 1:
        total += terms.occupation_major

    if people.skill_bits[p] & jobs.skill_bits[v]:
        common = 0
        a, a_end = people.skill_start[p], people.skill_start[p + 1]
        b, b_end = jobs.skill_start[v], jobs.skill_start[v + 1]
        while a < a_end and b < b_end:
            if people.skill[a] < jobs.skill[b]:
                a += 1
            elif people.skill[a] > jobs.skill[b]:
                b += 1
            else:
                common += 1
                a += 1
                b += 1
        total += min(terms.skill_max, terms.skill_each * common)

    wish = people.min_wage[p]
    if wish > 0.0 and jobs.wage_sure[v] > wish:
        percent = np.floor((jobs.wage_sure[v] - wish) * 100.0 / wish)
        total += int(min(float(terms.wage_over_max), percent * terms.wage_over_each_percent))
    return total


@compiled
def near(minutes: float, terms: Terms) -> int:
    return math.floor(max(0.0, terms.near_zero - terms.near_per_minute * minutes) + 0.5)


@compiled
def worse(score_a: int, id_a: int, score_b: int, id_b: int) -> bool:
    return score_a < score_b or (score_a == score_b and id_a > id_b)


@compiled
def sink(
    scores: Ints, ids: Ints, at: Ints, size: int, new_score: int, new_id: int, position: int
) -> None:
    """Puts a candidate in the root's place of a heap whose root is the worst kept."""
    i = 0
    while True:
        below = 2 * i + 1
        if below >= size:
            break
        other = below + 1
        if other < size and worse(scores[other], ids[other], scores[below], ids[below]):
            below = other
        if worse(new_score, new_id, scores[below], ids[below]):
            break
        scores[i], ids[i], at[i] = scores[below], ids[below], at[below]
        i = below
    scores[i], ids[i], at[i] = new_score, new_id, position


@compiled
def keep(
    scores: Ints, ids: Ints, at: Ints, n: int, new_score: int, new_id: int, position: int
) -> int:
    """Offers one candidate to the heap; returns how many it holds."""
    if n == len(scores):
        if n and worse(scores[0], ids[0], new_score, new_id):
            sink(scores, ids, at, n, new_score, new_id, position)
        return n
    i = n
    while i > 0:
        above = (i - 1) // 2
        if worse(scores[above], ids[above], new_score, new_id):
            break
        scores[i], ids[i], at[i] = scores[above], ids[above], at[above]
        i = above
    scores[i], ids[i], at[i] = new_score, new_id, position
    return n + 1


@compiled
def best_first(scores: Ints, ids: Ints, at: Ints, n: int) -> None:
    """Sorts a heap of n in place."""
    for end in range(n - 1, 0, -1):
        last_score, last_id, last_at = scores[end], ids[end], at[end]
        scores[end], ids[end], at[end] = scores[0], ids[0], at[0]
        sink(scores, ids, at, end, last_score, last_id, last_at)


@compiled
def angle_of(minutes: float) -> float:
    """The reach in radians, a little generous; inf for one that goes round the earth."""
    angle = minutes / MINUTES_PER_RADIAN * (1.0 + SLACK) + SLACK
    return angle if angle < math.pi else np.inf


@compiled
def ranges_within(
    place: Place, walk_class: int, lat: float, lon: float, angle: float, out: Ints
) -> int:
    """Writes (first, end) positions of all cells that a circle may touch; returns how many."""
    first, end = place.row_class[walk_class], place.row_class[walk_class + 1]
    if first == end:
        return 0
    if angle == np.inf:
        out[0, 0], out[0, 1] = place.row_start[first], place.row_start[end]
        return 1
    degrees = math.degrees(angle)
    low = math.floor((lat - degrees) / CELL)
    high = math.floor((lat + degrees) / CELL)
    west, east = -180.0, 180.0
    if abs(lat) + degrees < 90.0:
        ratio = math.sin(angle) / math.cos(math.radians(lat))
        if ratio < 1.0:
            half = math.degrees(math.asin(ratio)) * (1.0 + SLACK) + SLACK
            west, east = lon - half, lon + half
    n = 0
    for row in range(first + np.searchsorted(place.row[first:end], low), end):
        if place.row[row] > high:
            break
        start, stop = place.row_start[row], place.row_start[row + 1]
        n = _columns(place, start, stop, max(west, -180.0), min(east, 180.0), out, n)
        if west < -180.0:
            n = _columns(place, start, stop, west + 360.0, 180.0, out, n)
        if east > 180.0:
            n = _columns(place, start, stop, -180.0, east - 360.0, out, n)
    return n


@compiled
def _columns(
    place: Place, start: int, stop: int, west: float, east: float, out: Ints, n: int
) -> int:
    columns = place.column[start:stop]
    a = np.searchsorted(columns, math.floor(west / CELL))
    b = np.searchsorted(columns, math.floor(east / CELL) + 1)
    if a < b:
        out[n, 0], out[n, 1] = start + a, start + b
        n += 1
    return n


@compiled
def chord_squared(a: Place, i: int, b: Place, j: int) -> Any:
    dx, dy, dz = a.x[i] - b.x[j], a.y[i] - b.y[j], a.z[i] - b.z[j]
    return dx * dx + dy * dy + dz * dz


@compiled
def best_jobs(
    people_place: Place,
    people: People,
    job_place: Place,
    jobs: Jobs,
    terms: Terms,
    first: int,
    scores: Ints,
    ids: Ints,
    at: Ints,
    kept: Ints,
) -> None:
    """For the people from position `first`, one per row of the outputs: the best jobs, best
    first. `scores`, `ids`, `at` (block, k); `kept` (block,) says how many hold."""
    ranges = np.empty((3 * len(job_place.row) + 1, 2), dtype=np.int64)
    for row in range(len(kept)):
        p = first + row
        n = 0
        here = p < people_place.located
        unit = people_place.unit[p]
        if here:
            limit, walk = people.chord_limit[p], people.max_walk[p]
            count = ranges_within(
                job_place, 0, people_place.lat[p], people_place.lon[p], angle_of(walk), ranges
            )
            for r in range(count):
                for v in range(ranges[r, 0], ranges[r, 1]):
                    if fits(people, p, jobs, v) and (
                        chord_squared(people_place, p, job_place, v) <= limit
                    ):
                        minutes = walk_minutes(people_place, p, job_place, v)
                        if minutes <= walk:
                            total = score(people, p, jobs, v, terms) + near(minutes, terms)
                            n = keep(scores[row], ids[row], at[row], n, total, jobs.id[v], v)
        for v in range(job_place.located, job_place.remote):
            if fits(people, p, jobs, v):
                total = score(people, p, jobs, v, terms) + terms.remote
                n = keep(scores[row], ids[row], at[row], n, total, jobs.id[v], v)
        if unit != NO_UNIT:
            for v in range(job_place.bare_start[unit], job_place.bare_start[unit + 1]):
                if fits(people, p, jobs, v):
                    total = score(people, p, jobs, v, terms)
                    n = keep(scores[row], ids[row], at[row], n, total, jobs.id[v], v)
            if not here:
                for u in range(job_place.unit_start[unit], job_place.unit_start[unit + 1]):
                    v = job_place.unit_order[u]
                    if fits(people, p, jobs, v):
                        total = score(people, p, jobs, v, terms)
                        n = keep(scores[row], ids[row], at[row], n, total, jobs.id[v], v)
        best_first(scores[row], ids[row], at[row], n)
        kept[row] = n


@compiled
def best_people(
    people_place: Place,
    people: People,
    job_place: Place,
    jobs: Jobs,
    terms: Terms,
    first: int,
    scores: Ints,
    ids: Ints,
    at: Ints,
    kept: Ints,
) -> None:
    """For the jobs from position `first`, one per row of the outputs: the best people."""
    ranges = np.empty((3 * len(people_place.row) + 1, 2), dtype=np.int64)
    everybody = len(people.id)
    for row in range(len(kept)):
        v = first + row
        n = 0
        here = v < job_place.located
        unit = job_place.unit[v]
        if not here and v < job_place.remote:
            for p in range(everybody):
                if fits(people, p, jobs, v):
                    total = score(people, p, jobs, v, terms) + terms.remote
                    n = keep(scores[row], ids[row], at[row], n, total, people.id[p], p)
        elif here:
            for walk_class in range(len(people_place.reach)):
                count = ranges_within(
                    people_place,
                    walk_class,
                    job_place.lat[v],
                    job_place.lon[v],
                    angle_of(people_place.reach[walk_class]),
                    ranges,
                )
                for r in range(count):
                    for p in range(ranges[r, 0], ranges[r, 1]):
                        if fits(people, p, jobs, v) and (
                            chord_squared(people_place, p, job_place, v) <= people.chord_limit[p]
                        ):
                            minutes = walk_minutes(people_place, p, job_place, v)
                            if minutes <= people.max_walk[p]:
                                total = score(people, p, jobs, v, terms) + near(minutes, terms)
                                n = keep(scores[row], ids[row], at[row], n, total, people.id[p], p)
        if unit != NO_UNIT and (here or v >= job_place.remote):
            for p in range(people_place.bare_start[unit], people_place.bare_start[unit + 1]):
                if fits(people, p, jobs, v):
                    total = score(people, p, jobs, v, terms)
                    n = keep(scores[row], ids[row], at[row], n, total, people.id[p], p)
            if not here:
                for u in range(people_place.unit_start[unit], people_place.unit_start[unit + 1]):
                    p = people_place.unit_order[u]
                    if fits(people, p, jobs, v):
                        total = score(people, p, jobs, v, terms)
                        n = keep(scores[row], ids[row], at[row], n, total, people.id[p], p)
        best_first(scores[row], ids[row], at[row], n)
        kept[row] = n


@compiled
def describe(
    people_place: Place,
    people: People,
    job_place: Place,
    jobs: Jobs,
    p_at: Ints,
    v_at: Ints,
    minutes: Floats,
    like: Ints,
) -> None:
    """Walking minutes (NaN if remote or unknown) and occupation likeness of chosen pairs."""
    for i in range(len(p_at)):
        p, v = p_at[i], v_at[i]
        minutes[i] = np.nan
        if p < people_place.located and v < job_place.located:
            minutes[i] = walk_minutes(people_place, p, job_place, v)
        like[i] = likeness(people, p, jobs.occupation[v])
