"""The compiled loop: exact top k of one side for every member of the other.

One serial function, `best`, that releases the interpreter's lock and allocates per call only, so
any number of threads may run it on different members at once. Per member: the grid gives ranges
of positions; a branch-free filter over small columns keeps those that may fit; the few that are
left are judged exactly, scored, and offered to a heap of k.

Two habits of numba shape this file. It widens integers (`uint32 ^ uint32` gives `uint64`, and
signed with unsigned gives float), so bits are compared in int64 and every path has its test
against a plain reference. And its cache on disk only notices changes of the very file a function
stands in, so everything compiled stands here, with the structures and constants it is compiled
against.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int16]
Positions = npt.NDArray[np.int32]
Words = npt.NDArray[np.int32]
F = TypeVar("F", bound=Callable[..., Any])

EARTH_RADIUS = 6_371_008.8  # metres, the mean radius R1
DETOUR = 1.3
METRES_PER_MINUTE = 4_800 / 60
MINUTES_PER_RADIAN = EARTH_RADIUS * DETOUR / METRES_PER_MINUTE
CELL = 0.005  # degrees; 556 m from south to north
SLACK = 1e-9  # the grid and the filter err on the side of inclusion
NO_UNIT = -1
NOTHING = np.float32(0)
SINGLE_SLACK = 5e-7  # of a chord between points in single precision; 3 m
CHUNK = 256


class Place(NamedTuple):
    """Points of one side and the grid over them: n members, m with a point, in physical order."""

    x: Floats  # (n,) unit vector of the point; meaningless without one
    y: Floats
    z: Floats
    x32: Singles  # the same for the filter
    y32: Singles
    z32: Singles
    lon: Floats  # (n,) degrees, NaN without a point
    lat: Floats
    unit: Positions  # (n,) number of the community, NO_UNIT if not given
    located: int  # m
    remote: int  # end of the remote ones, which stand at [located, remote)
    row_class: Positions  # (classes + 1,) first grid row of each walking class
    row: Positions  # (rows,) grid row, ascending within a class
    row_start: Ints  # (rows + 1,) first position of each grid row
    column: Positions  # (m,) grid column
    reach: Floats  # (classes,) the class's longest walk in minutes
    unit_order: Positions  # positions with point and unit, not remote, by (unit, position)
    unit_start: Ints  # (units + 1,) first entry of unit_order per unit
    bare_start: Ints  # (units + 1,) first position per unit among those without a point


class People(NamedTuple):
    id: Ints
    free: Shorts  # (n,) hours free, with STEPS set unless steps are in the way
    age: Shorts
    education: Shorts
    min_wage: Floats  # -inf = any
    max_walk: Floats  # minutes, inf = any
    wish_start: Ints  # (n + 1,)
    wish: Ints
    wish_mask: Ints
    skill_start: Ints  # (n + 1,)
    skill: Positions  # ascending per person
    # For the filter: narrow, and on the generous side where not exact.
    min_wage32: Singles  # not above min_wage
    wish32: Singles  # min_wage; 0 = any
    percent32: Singles  # 100 / min_wage; 0 = any
    chord32: Singles  # squared chord of max_walk on the unit sphere
    middle_bits: Words  # bits of the 中类 that a wish shares
    small_bits: Words  # bits of the 小类 that a wish shares, or in which it is met
    skill_bits: Words
    skill_count32: Singles


class Jobs(NamedTuple):
    id: Ints
    need: Shorts  # (n,) hours needed, with STEPS set unless accessible
    age_low: Shorts
    age_high: Shorts
    education: Shorts
    wage_max: Floats  # inf = negotiable
    wage_sure: Floats  # wage_min, else wage_max, else NaN
    occupation: Ints
    fresh: Ints  # the term `fresh` of the score
    skill_start: Ints
    skill: Positions
    wage_max32: Singles  # for the filter: not below wage_max
    wage_sure32: Singles  # wage_sure; 0 = not stated
    fresh32: Singles
    middle_bits: Words  # the bit of the occupation's 中类
    small_bits: Words  # the bit of its 小类
    skill_bits: Words
    skill_count32: Singles


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
def walk_minutes(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> float:
    """Great circle × 1.3 at 4.8 km/h, from unit vectors, exact to the last digits near and far."""
    dx, dy, dz = ax - bx, ay - by, az - bz
    square = dx * dx + dy * dy + dz * dz
    if square < 2.5e-5:  # within 32 km: the series of 2·asin(chord / 2), whose next term is 1e-17
        angle = math.sqrt(square) * (1.0 + square * (1.0 / 24.0 + square * (3.0 / 640.0)))
    else:
        sx, sy, sz = ax + bx, ay + by, az + bz
        angle = 2.0 * math.atan2(math.sqrt(square), math.sqrt(sx * sx + sy * sy + sz * sz))
    return angle * MINUTES_PER_RADIAN


@compiled
def likeness(wish: Ints, mask: Ints, start: int, end: int, occupation: int) -> int:
    """Segments in common with the best wish, 0–4; 4 = the wish is met."""
    best = 0
    for w in range(start, end):
        differing = wish[w] ^ occupation
        if differing & mask[w] == 0:
            return 4
        if differing < 1 << 8:
            best = max(best, 3)
        elif differing < 1 << 16:
            best = max(best, 2)
        elif differing < 1 << 24:
            best = max(best, 1)
    return best


@compiled
def occupation_term(like: int, terms: Terms) -> int:
    if like == 4:
        return terms.occupation_exact
    if like == 3:
        return terms.occupation_small
    if like == 2:
        return terms.occupation_middle
    return terms.occupation_major if like == 1 else 0


@compiled
def wage_term(wish: float, pay: float, terms: Terms) -> int:
    if not (wish > 0.0 and pay > wish):
        return 0
    percent = np.floor((pay - wish) * 100.0 / wish)
    return int(min(float(terms.wage_over_max), percent * terms.wage_over_each_percent))


@compiled
def common_skills(have: Positions, a: int, a_end: int, ask: Positions, b: int, b_end: int) -> int:
    common = 0
    while a < a_end and b < b_end:
        if have[a] < ask[b]:
            a += 1
        elif have[a] > ask[b]:
            b += 1
        else:
            common += 1
            a += 1
            b += 1
    return common


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
    if size:
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
def columns_within(
    column: Positions, start: int, stop: int, west: float, east: float, out: Ints, n: int
) -> int:
    part = column[start:stop]
    a = np.searchsorted(part, math.floor(west / CELL))
    b = a + np.searchsorted(part[a:], math.floor(east / CELL) + 1)
    if a < b:
        out[n, 0], out[n, 1] = start + a, start + b
        n += 1
    return n


@compiled
def ranges_within(
    rows: Positions,
    row_start: Ints,
    column: Positions,
    first: int,
    end: int,
    lat: float,
    lon: float,
    minutes: float,
    out: Ints,
    n: int,
) -> int:
    """Appends the (first, end) positions of all cells of grid rows [first, end) that a circle of
    so many minutes may touch; returns the new length of `out`."""
    if first == end:
        return n
    angle = minutes / MINUTES_PER_RADIAN * (1.0 + SLACK) + SLACK
    if not angle < math.pi:
        out[n, 0], out[n, 1] = row_start[first], row_start[end]
        return n + 1
    degrees = math.degrees(angle)
    low, high = math.floor((lat - degrees) / CELL), math.floor((lat + degrees) / CELL)
    west, east = -180.0, 180.0
    if abs(lat) + degrees < 90.0:
        ratio = math.sin(angle) / math.cos(math.radians(lat))
        if ratio < 1.0:
            half = math.degrees(math.asin(ratio)) * (1.0 + SLACK) + SLACK
            west, east = lon - half, lon + half
    for row in range(first + np.searchsorted(rows[first:end], low), end):
        if rows[row] > high:
            break
        start, stop = row_start[row], row_start[row + 1]
        n = columns_within(column, start, stop, max(west, -180.0), min(east, 180.0), out, n)
        if west < -180.0:
            n = columns_within(column, start, stop, west + 360.0, 180.0, out, n)
        if east > 180.0:
            n = columns_within(column, start, stop, -180.0, east - 360.0, out, n)
    return n


@compiled
def jobs_passing(
    columns: Any, first: int, size: int, person: Any, chord: Any, ways: Any, terms: Any, least: Any,
    passed: Any,
) -> None:  # fmt: skip
    """Marks in `passed` which of the jobs [first, first + size) one person may take and could
    score at least `least` with."""
    end = first + size
    need, low, high = columns[0][first:end], columns[1][first:end], columns[2][first:end]
    level, most = columns[3][first:end], columns[4][first:end]
    x, y, z = columns[5][first:end], columns[6][first:end], columns[7][first:end]
    sure, fresh = columns[8][first:end], columns[9][first:end]
    middles, smalls = columns[10][first:end], columns[11][first:end]
    skills, counts = columns[12][first:end], columns[13][first:end]
    blocked, age, education, least_wage, px, py, pz = person[:7]
    wish, percent, in_middle, in_small, has, most_skills = person[7:]
    exact, middle, major, skill_each, wage_max, each = terms
    way_most, way_slope = ways
    for j in range(size):
        dx, dy, dz = x[j] - px, y[j] - py, z[j] - pz
        square = dx * dx + dy * dy + dz * dz
        bound = fresh[j]
        bound += (
            major if middles[j] & in_middle == 0 else middle if smalls[j] & in_small == 0 else exact
        )
        bound += min(most_skills, counts[j] * skill_each) if skills[j] & has != 0 else NOTHING
        bound += max(NOTHING, min(wage_max, (sure[j] - wish) * percent * each))
        bound += max(NOTHING, way_most - way_slope * math.sqrt(square))
        passed[j] = (
            (need[j] & blocked == 0)
            & (low[j] <= age)
            & (high[j] >= age)
            & (level[j] <= education)
            & (most[j] >= least_wage)
            & (square <= chord)
            & (bound >= least)
        )


@compiled
def people_passing(
    columns: Any, first: int, size: int, job: Any, scale: Any, ways: Any, terms: Any, least: Any,
    passed: Any,
) -> None:  # fmt: skip
    """The same for the people who may take one job; `scale` 0 leaves the way out of account."""
    end = first + size
    free, age, level = columns[0][first:end], columns[1][first:end], columns[2][first:end]
    least_wage, chord = columns[3][first:end], columns[4][first:end]
    x, y, z = columns[5][first:end], columns[6][first:end], columns[7][first:end]
    wish, percent = columns[8][first:end], columns[9][first:end]
    middles, smalls = columns[10][first:end], columns[11][first:end]
    skills, counts = columns[12][first:end], columns[13][first:end]
    need, low, high, education, most, vx, vy, vz = job[:8]
    sure, fresh, in_middle, in_small, asked, most_skills = job[8:]
    exact, middle, major, skill_each, wage_max, each = terms
    way_most, way_slope = ways
    for j in range(size):
        dx, dy, dz = x[j] - vx, y[j] - vy, z[j] - vz
        square = (dx * dx + dy * dy + dz * dz) * scale
        bound = fresh
        bound += (
            major if middles[j] & in_middle == 0 else middle if smalls[j] & in_small == 0 else exact
        )
        bound += min(most_skills, counts[j] * skill_each) if skills[j] & asked != 0 else NOTHING
        bound += max(NOTHING, min(wage_max, (sure - wish[j]) * percent[j] * each))
        bound += max(NOTHING, way_most - way_slope * math.sqrt(square))
        passed[j] = (
            (free[j] & need == need)
            & (age[j] >= low)
            & (age[j] <= high)
            & (level[j] >= education)
            & (least_wage[j] <= most)
            & (square <= chord[j])
            & (bound >= least)
        )


@compiled
def best(
    for_people: bool,
    people_place: Place,
    people: People,
    job_place: Place,
    jobs: Jobs,
    terms: Terms,
    first: int,
    scores: Ints,
    at: Ints,
    kept: Ints,
) -> None:
    """The best jobs of the people from position `first`, or (`for_people` false) the best people
    of the jobs from there: one member per row of `scores` and `at` (members, k), best first;
    `kept` (members,) says how many hold. `at` gives positions in the other side."""
    p_x, p_y, p_z = people_place.x, people_place.y, people_place.z
    p_x32, p_y32, p_z32 = people_place.x32, people_place.y32, people_place.z32
    p_id, p_free, p_age, p_level = people.id, people.free, people.age, people.education
    p_wage, p_walk = people.min_wage, people.max_walk
    p_wish_start, p_wish, p_mask = people.wish_start, people.wish, people.wish_mask
    p_skill_start, p_skill = people.skill_start, people.skill
    p_wage32, p_chord, p_wish32 = people.min_wage32, people.chord32, people.wish32
    p_percent, p_bits, p_count = people.percent32, people.skill_bits, people.skill_count32
    p_middle, p_small = people.middle_bits, people.small_bits
    v_x, v_y, v_z = job_place.x, job_place.y, job_place.z
    v_x32, v_y32, v_z32 = job_place.x32, job_place.y32, job_place.z32
    v_id, v_need, v_low, v_high = jobs.id, jobs.need, jobs.age_low, jobs.age_high
    v_level, v_wage, v_sure = jobs.education, jobs.wage_max, jobs.wage_sure
    v_occupation, v_fresh = jobs.occupation, jobs.fresh
    v_skill_start, v_skill = jobs.skill_start, jobs.skill
    v_wage32, v_sure32, v_fresh32 = jobs.wage_max32, jobs.wage_sure32, jobs.fresh32
    v_middle, v_small = jobs.middle_bits, jobs.small_bits
    v_bits, v_count = jobs.skill_bits, jobs.skill_count32

    own, other = (people_place, job_place) if for_people else (job_place, people_place)
    own_unit, own_lat, own_lon = own.unit, own.lat, own.lon
    rows, row_start, column = other.row, other.row_start, other.column
    row_class, reach = other.row_class, other.reach
    unit_order, unit_start, bare_start = other.unit_order, other.unit_start, other.bare_start
    job_columns = (
        v_need, v_low, v_high, v_level, v_wage32, v_x32, v_y32, v_z32, v_sure32, v_fresh32,
        v_middle, v_small, v_bits, v_count,
    )  # fmt: skip
    people_columns = (
        p_free, p_age, p_level, p_wage32, p_chord, p_x32, p_y32, p_z32, p_wish32, p_percent,
        p_middle, p_small, p_bits, p_count,
    )  # fmt: skip

    slope = terms.near_per_minute * MINUTES_PER_RADIAN
    walking_ways = (np.float32(terms.near_zero + slope * SINGLE_SLACK), np.float32(slope))
    remote_ways = (np.float32(terms.remote), NOTHING)
    unknown_ways = (NOTHING, NOTHING)
    skill_each, skill_max = np.float32(terms.skill_each), np.float32(terms.skill_max)
    limits = (
        np.float32(terms.occupation_exact),
        np.float32(terms.occupation_middle),
        np.float32(terms.occupation_major),
        skill_each,
        np.float32(terms.wage_over_max),
        np.float32(terms.wage_over_each_percent),
    )

    k = scores.shape[1]
    top_score = np.empty(k, dtype=np.int64)
    top_id = np.empty(k, dtype=np.int64)
    top_at = np.empty(k, dtype=np.int64)
    passed = np.zeros(CHUNK, dtype=np.uint8)
    eights = passed.view(np.uint64)
    ranges = np.empty((3 * len(rows) + len(reach) + 3, 2), dtype=np.int64)

    for line in range(len(kept)):
        d = first + line
        here, remote = d < own.located, own.located <= d < own.remote
        unit = own_unit[d]

        # Ranges of positions: [0, walking) by the grid, up to `apart` remote ones, then
        # neighbours of whom, or of whose job, the place is not known.
        walking = 0
        if here and for_people:
            walking = ranges_within(
                rows, row_start, column, row_class[0], row_class[1],
                own_lat[d], own_lon[d], p_walk[d], ranges, walking,
            )  # fmt: skip
        elif here:
            for c in range(len(reach)):
                walking = ranges_within(
                    rows, row_start, column, row_class[c], row_class[c + 1],
                    own_lat[d], own_lon[d], reach[c], ranges, walking,
                )  # fmt: skip
        parts = walking
        if for_people:
            ranges[parts, 0], ranges[parts, 1] = other.located, other.remote
            parts += 1
        elif remote:
            ranges[parts, 0], ranges[parts, 1] = 0, len(p_id)
            parts += 1
        apart = parts
        loose, loose_end = 0, 0
        if unit != NO_UNIT and not remote:
            ranges[parts, 0], ranges[parts, 1] = bare_start[unit], bare_start[unit + 1]
            parts += 1
            if not here:
                loose, loose_end = unit_start[unit], unit_start[unit + 1]

        p = d if for_people else 0
        person = (
            ~p_free[p], p_age[p], p_level[p], p_wage32[p], p_x32[p], p_y32[p], p_z32[p],
            p_wish32[p], p_percent[p], p_middle[p], p_small[p], p_bits[p],
            min(skill_max, p_count[p] * skill_each),
        )  # fmt: skip
        v = 0 if for_people else d
        job = (
            v_need[v], v_low[v], v_high[v], v_level[v], v_wage32[v], v_x32[v], v_y32[v], v_z32[v],
            v_sure32[v], v_fresh32[v], v_middle[v], v_small[v], v_bits[v],
            min(skill_max, v_count[v] * skill_each),
        )  # fmt: skip

        held = 0
        part = 0
        while part < parts or loose < loose_end:
            if part < parts:
                turn = part
                if part < walking:  # rows from the middle outwards: the nearest raise the bar
                    turn = (walking - 1) // 2 + ((part + 1) // 2 if part & 1 else -(part // 2))
                begin, stop = ranges[turn, 0], ranges[turn, 1]
            else:
                begin = np.int64(unit_order[loose])
                stop = begin + 1
                loose += 1
            ways = walking_ways if part < walking else remote_ways if part < apart else unknown_ways
            start = begin
            while start < stop:
                size = min(CHUNK if held == k else 64, stop - start)
                # Single precision: a millionth part off at most, and rounded scores.
                least = np.float32(-np.inf)
                if held == k:
                    least = np.float32(top_score[0] * (1.0 - 1e-5) - 2.0)
                if for_people:
                    chord = p_chord[d] if part < walking else np.float32(np.inf)
                    jobs_passing(
                        job_columns, start, size, person, chord, ways, limits, least, passed
                    )
                else:
                    scale = np.float32(1 if part < walking else 0)
                    people_passing(
                        people_columns, start, size, job, scale, ways, limits, least, passed
                    )
                passed[size:] = 0
                for word in range((size + 7) // 8):
                    if eights[word] == 0:
                        continue
                    for j in range(8 * word, 8 * word + 8):
                        if not passed[j]:
                            continue
                        t = start + j
                        p, v = (d, t) if for_people else (t, d)
                        if v_wage[v] < p_wage[p]:
                            continue
                        total = v_fresh[v]
                        if part < walking:
                            minutes = walk_minutes(p_x[p], p_y[p], p_z[p], v_x[v], v_y[v], v_z[v])
                            if minutes > p_walk[p]:
                                continue
                            near = terms.near_zero - terms.near_per_minute * minutes
                            total += math.floor(max(0.0, near) + 0.5)
                        elif part < apart:
                            total += terms.remote
                        total += occupation_term(
                            likeness(
                                p_wish, p_mask, p_wish_start[p], p_wish_start[p + 1],
                                v_occupation[v],
                            ),
                            terms,
                        )  # fmt: skip
                        if p_bits[p] & v_bits[v]:
                            common = common_skills(
                                p_skill, p_skill_start[p], p_skill_start[p + 1],
                                v_skill, v_skill_start[v], v_skill_start[v + 1],
                            )  # fmt: skip
                            total += min(terms.skill_max, terms.skill_each * common)
                        total += wage_term(p_wage[p], v_sure[v], terms)
                        held = keep(
                            top_score, top_id, top_at, held, total,
                            v_id[v] if for_people else p_id[p], t,
                        )  # fmt: skip
                start += size
            part += 1

        kept[line] = held
        for end in range(held - 1, -1, -1):  # the worst first leaves the heap
            scores[line, end], at[line, end] = top_score[0], top_at[0]
            sink(top_score, top_id, top_at, end, top_score[end], top_id[end], top_at[end])


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
    shared: Ints,
) -> None:
    """Of chosen pairs: walking minutes (NaN if remote or unknown), occupation likeness, and how
    many skills the two have in common."""
    px, py, pz = people_place.x, people_place.y, people_place.z
    vx, vy, vz = job_place.x, job_place.y, job_place.z
    wish, mask, start = people.wish, people.wish_mask, people.wish_start
    has, has_start, asks, asks_start = (
        people.skill,
        people.skill_start,
        jobs.skill,
        jobs.skill_start,
    )
    occupation = jobs.occupation
    for i in range(len(p_at)):
        p, v = p_at[i], v_at[i]
        minutes[i] = np.nan
        if p < people_place.located and v < job_place.located:
            minutes[i] = walk_minutes(px[p], py[p], pz[p], vx[v], vy[v], vz[v])
        like[i] = likeness(wish, mask, start[p], start[p + 1], occupation[v])
        shared[i] = common_skills(
            has, has_start[p], has_start[p + 1], asks, asks_start[v], asks_start[v + 1]
        )


@compiled
def skills_in_common(people: People, jobs: Jobs, p_at: Ints, v_at: Ints, skills: Ints) -> None:
    """The numbers of the skills that chosen pairs have in common, one pair after the other."""
    has, has_start, asks, asks_start = (
        people.skill,
        people.skill_start,
        jobs.skill,
        jobs.skill_start,
    )
    n = 0
    for i in range(len(p_at)):
        for a in range(has_start[p_at[i]], has_start[p_at[i] + 1]):
            for b in range(asks_start[v_at[i]], asks_start[v_at[i] + 1]):
                if has[a] == asks[b]:
                    skills[n] = has[a]
                    n += 1
