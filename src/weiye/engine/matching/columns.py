"""Tables → columnar arrays for the kernel.

Both sides are put in one physical order: those with a point first (by walking class, grid row,
grid column, id), then remote vacancies, then those without a point (by unit, id). The order
depends on the rows, never on the order in which they came. Everything derived from rows is one
Polars query per table: for a single person its fixed cost is what counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
import polars as pl

from weiye.engine.matching.codes import NO_JOB, pack_job, pack_wish
from weiye.engine.matching.kernel import (
    CELL,
    MINUTES_PER_RADIAN,
    NO_UNIT,
    SINGLE_SLACK,
    Floats,
    Ints,
    Jobs,
    People,
    Place,
    Positions,
    Singles,
    Words,
)
from weiye.engine.matching.schema import ALL_HOURS, EDUCATION_LEVELS, PEOPLE, VACANCIES
from weiye.engine.matching.weights import Weights
from weiye.engine.tables import conform

T = TypeVar("T", bound=tuple[Any, ...])

# An unknown age passes only where both bounds are open: then the lower one is the unknown's code.
AGE_UNKNOWN, AGE_OPEN_LOW, AGE_OPEN_HIGH = -1000, -999, 1000
STEPS = 128  # the bit beside the seven hours: "has steps" and "needs none of them"
WALK_CLASSES = (15.0, 30.0, 60.0, 120.0, np.inf)  # upper bounds in minutes
LOCATED, REMOTE, BARE = 0, 1, 2


@dataclass(frozen=True)
class Vocabulary:
    """Numbers for skills and units as the vacancies know them; what they do not know cannot
    match and is left out on the people's side."""

    skills: Mapping[str, int]
    units: Mapping[str, int]


@dataclass(frozen=True)
class PeopleSide:
    place: Place
    people: People
    rows: pl.DataFrame  # in physical order, for sentences


@dataclass(frozen=True)
class JobSide:
    place: Place
    jobs: Jobs
    rows: pl.DataFrame
    vocabulary: Vocabulary


def prepare_jobs(vacancies: pl.DataFrame, as_of: date, weights: Weights) -> JobSide:
    """The vacancies open on the day. Raises `TableError` for missing or ill-typed columns."""
    frame = conform(vacancies, VACANCIES, "vacancies").filter(
        (pl.col("posted_on") <= as_of)
        & (pl.col("expires_on").is_null() | (pl.col("expires_on") >= as_of))
        & (pl.col("openings") >= 1)
    )
    frame = frame.with_columns(pl.col("remote", "accessible").fill_null(False), _tidy("skills"))
    vocabulary = Vocabulary(_numbers(frame["skills"].explode()), _numbers(frame["unit"]))
    any_age = pl.col("min_age").is_null() & pl.col("max_age").is_null()
    age_low = pl.col("min_age").clip(0, AGE_OPEN_HIGH).fill_null(AGE_OPEN_LOW)
    days = (pl.lit(as_of) - pl.col("posted_on")).dt.total_days()
    occupation = _looked_up("occupation_code", frame["occupation_code"], pack_job)
    table, place = _placed(
        frame,
        "vacancy_id",
        vocabulary,
        walk=None,
        need=_bits(pl.col("hours"), ~pl.col("accessible")),
        age_low=pl.when(any_age).then(AGE_UNKNOWN).otherwise(age_low).cast(pl.Int16),
        age_high=pl.col("max_age").clip(-1, AGE_OPEN_HIGH).fill_null(AGE_OPEN_HIGH).cast(pl.Int16),
        # A minimum that cannot be read is one that nobody meets.
        level=_level("min_education", unreadable=len(EDUCATION_LEVELS)),
        most=pl.col("wage_max").fill_null(np.inf),
        sure=pl.coalesce("wage_min", "wage_max", pl.lit(np.nan)),
        fresh=(weights.fresh_max - weights.fresh_per_day * days).clip(0).cast(pl.Int64),
        occupation=occupation.fill_null(NO_JOB).cast(pl.Int64),
    )
    skill_start, skill = _lists(table["skill_numbers"], np.int32)
    sure, most = table["sure"].to_numpy(), table["most"].to_numpy()
    number, fresh = table["occupation"].to_numpy(), table["fresh"].to_numpy()
    jobs = Jobs(
        id=table["vacancy_id"].to_numpy(),
        need=table["need"].to_numpy(),
        age_low=table["age_low"].to_numpy(),
        age_high=table["age_high"].to_numpy(),
        education=table["level"].to_numpy(),
        wage_max=most,
        wage_sure=sure,
        occupation=number,
        fresh=fresh,
        skill_start=skill_start,
        skill=skill,
        wage_max32=_single(most, np.inf),
        wage_sure32=_single(np.nan_to_num(sure), np.inf),
        fresh32=_single(fresh.astype(np.float64), np.inf),
        middle_bits=_bit(number >> 16),
        small_bits=_bit(number >> 8),
        skill_bits=_skill_bits(skill_start, skill),
        skill_count32=np.diff(skill_start).astype(np.float32),
    )
    return JobSide(place, _contiguous(jobs), table.select(c.name for c in VACANCIES), vocabulary)


def prepare_people(people: pl.DataFrame, as_of: date, vocabulary: Vocabulary) -> PeopleSide:
    """Raises `TableError` for missing or ill-typed columns."""
    frame = conform(people, PEOPLE, "people").with_columns(
        pl.col("needs_accessible").fill_null(False), _tidy("skills")
    )
    table, place = _placed(
        frame,
        "person_id",
        vocabulary,
        walk="max_walk_minutes",
        free=_bits(pl.col("hours"), ~pl.col("needs_accessible")),
        age=completed_years("birth_date", as_of)
        .clip(AGE_OPEN_LOW, AGE_OPEN_HIGH)
        .fill_null(AGE_UNKNOWN)
        .cast(pl.Int16),
        level=_level("education", unreadable=-1),
        least=pl.col("min_wage").fill_null(-np.inf),
        furthest=pl.col("max_walk_minutes").fill_null(np.inf),
        wishes=_wishes(frame["occupation_codes"]),
    )
    skill_start, skill = _lists(table["skill_numbers"], np.int32)
    wish_start, packed = _lists(table["wishes"], np.int64)
    code, mask = packed >> 32, packed & 0xFFFF_FFFF
    least, furthest = table["least"].to_numpy(), table["furthest"].to_numpy()
    wish = np.maximum(least, 0)
    reach = np.minimum(furthest / MINUTES_PER_RADIAN, np.pi)
    numbers = People(
        id=table["person_id"].to_numpy(),
        free=table["free"].to_numpy(),
        age=table["age"].to_numpy(),
        education=table["level"].to_numpy(),
        min_wage=least,
        max_walk=furthest,
        wish_start=wish_start,
        wish=code,
        wish_mask=mask,
        skill_start=skill_start,
        skill=skill,
        min_wage32=_single(least, -np.inf),
        wish32=_single(wish, -np.inf),
        percent32=_single(np.where(wish > 0, 100 / np.where(wish > 0, wish, 1), 0), np.inf),
        chord32=_single((2 * np.sin(reach / 2) + SINGLE_SLACK) ** 2, np.inf),
        middle_bits=_class_bits(wish_start, code, mask, 16),
        small_bits=_class_bits(wish_start, code, mask, 8),
        skill_bits=_skill_bits(skill_start, skill),
        skill_count32=np.diff(skill_start).astype(np.float32),
    )
    return PeopleSide(place, _contiguous(numbers), table.select(c.name for c in PEOPLE))


def completed_years(column: str, as_of: date) -> pl.Expr:
    """Age in completed years on the day; who was born on 29 February turns on 1 March."""
    born = pl.col(column)
    before = (born.dt.month() > as_of.month) | (
        (born.dt.month() == as_of.month) & (born.dt.day() > as_of.day)
    )
    return as_of.year - born.dt.year().cast(pl.Int64) - before.cast(pl.Int64)


def _placed(
    frame: pl.DataFrame, key: str, vocabulary: Vocabulary, walk: str | None, **derived: pl.Expr
) -> tuple[pl.DataFrame, Place]:
    """The table in physical order with the derived columns, and the grid over it."""
    remote = pl.col("remote") if "remote" in frame.columns else pl.lit(False)
    point = pl.col("lon").is_between(-180, 180) & pl.col("lat").is_between(-90, 90)
    located = point.fill_null(False) & ~remote
    zone = pl.when(located).then(LOCATED).when(remote).then(REMOTE).otherwise(BARE)
    unit = _looked_up("unit", None, vocabulary.units).fill_null(NO_UNIT).cast(pl.Int32)
    walk_class = pl.lit(0)
    if walk is not None:
        far = pl.col(walk).fill_null(np.inf)
        walk_class = pl.sum_horizontal((far > bound).cast(pl.Int32) for bound in WALK_CLASSES[:-1])
    table = (
        frame.lazy()
        .with_columns(
            skill_numbers=pl.col("skills")
            .list.eval(_looked_up("", None, vocabulary.skills, pl.element()).cast(pl.Int32))
            .list.drop_nulls()
            .list.sort(),
            zone=zone.cast(pl.Int8),
            unit_number=unit,
            walk_class=pl.when(located).then(walk_class).otherwise(0).cast(pl.Int32),
            grid_row=pl.when(located).then((pl.col("lat") / CELL).floor()).cast(pl.Int32),
            grid_column=pl.when(located).then((pl.col("lon") / CELL).floor()).cast(pl.Int32),
            bare_unit=pl.when(zone == BARE).then(unit),
            lon_=pl.when(located).then("lon").otherwise(np.nan),
            lat_=pl.when(located).then("lat").otherwise(np.nan),
            **derived,
        )
        .sort("zone", "walk_class", "grid_row", "grid_column", "bare_unit", key)
        .collect()
    )
    zones = table["zone"].to_numpy()
    m, end = np.searchsorted(zones, [REMOTE, BARE]).tolist()
    lon, lat = table["lon_"].to_numpy(), table["lat_"].to_numpy()
    phi, lam = np.radians(np.nan_to_num(lat)), np.radians(np.nan_to_num(lon))
    x, y, z = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)

    rows = table["grid_row"].head(m).to_numpy().astype(np.int32)
    classes = table["walk_class"].head(m).to_numpy()
    new = np.ones(m, dtype=np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (classes[1:] != classes[:-1])
    first = np.flatnonzero(new)
    units = table["unit_number"].to_numpy()
    numbered = np.flatnonzero(units[:m] != NO_UNIT)
    unit_order = numbered[np.argsort(units[numbered], kind="stable")].astype(np.int32)
    all_units = np.arange(len(vocabulary.units) + 1)
    reach = np.array([np.nan] if walk is None else WALK_CLASSES)
    place = Place(
        x=x,
        y=y,
        z=z,
        x32=x.astype(np.float32),
        y32=y.astype(np.float32),
        z32=z.astype(np.float32),
        lon=lon,
        lat=lat,
        unit=units,
        located=m,
        remote=end,
        row_class=np.searchsorted(classes[first], np.arange(len(reach) + 1)).astype(np.int32),
        row=rows[first],
        row_start=np.append(first, m).astype(np.int64),
        column=table["grid_column"].head(m).to_numpy().astype(np.int32),
        reach=reach,
        unit_order=unit_order,
        unit_start=np.searchsorted(units[unit_order], all_units).astype(np.int64),
        bare_start=(end + np.searchsorted(units[end:], all_units)).astype(np.int64),
    )
    return table, _contiguous(place)


def _contiguous(structure: T) -> T:
    """Every array writable as numpy sees it, so that the kernel is compiled for one layout."""
    return type(structure)(
        *(
            np.require(field, requirements=["C", "W"]) if isinstance(field, np.ndarray) else field
            for field in structure
        )
    )


def _tidy(column: str) -> pl.Expr:
    """Lists without gaps, outer spaces, empty items or repetitions; null = empty."""
    items = pl.col(column).fill_null([]).list.eval(pl.element().str.strip_chars())
    return items.list.eval(pl.element().filter(pl.element() != "")).list.unique().list.sort()


def _bits(hours: pl.Expr, steps: pl.Expr) -> pl.Expr:
    seven = hours.fill_null(0) & ALL_HOURS
    return (seven + pl.when(steps).then(STEPS).otherwise(0)).cast(pl.Int16)


def _level(column: str, unreadable: int) -> pl.Expr:
    """Education level; -1 for null, which is below every level and, as a minimum, no bound."""
    code = pl.col(column)
    digit = pl.when(code < 10).then(code).otherwise(code // 10)
    level = digit.replace_strict(EDUCATION_LEVELS, default=unreadable, return_dtype=pl.Int16)
    return pl.when(code.is_null()).then(-1).otherwise(level).cast(pl.Int16)


def _numbers(names: pl.Series) -> dict[str, int]:
    return {name: i for i, name in enumerate(names.drop_nulls().unique().sort().to_list())}


def _looked_up(
    column: str,
    values: pl.Series | None,
    numbers: Mapping[str, int] | Callable[[str], int | None],
    source: pl.Expr | None = None,
) -> pl.Expr:
    """Int64 number of each text, null where there is none; a function is asked once per value."""
    source = pl.col(column) if source is None else source
    if not isinstance(numbers, Mapping):
        texts = [] if values is None else values.drop_nulls().unique().to_list()
        found = {text: numbers(text) for text in texts}
        numbers = {text: number for text, number in found.items() if number is not None}
    return source.replace_strict(
        pl.Series(list(numbers), dtype=pl.String),
        pl.Series(list(numbers.values()), dtype=pl.Int64),
        default=None,
        return_dtype=pl.Int64,
    )


def _wishes(codes: pl.Series) -> pl.Expr:
    """Wanted codes, each packed with its mask into one integer."""

    def packed(code: str) -> int | None:
        wish = pack_wish(code)
        return None if wish is None else wish.code << 32 | wish.mask

    number = _looked_up("", codes.explode(), packed, pl.element())
    return pl.col("occupation_codes").fill_null([]).list.eval(number).list.drop_nulls()


def _lists(lists: pl.Series, dtype: type[np.integer]) -> tuple[Ints, np.ndarray]:
    """Offsets (n + 1,) and items, one list after the other."""
    start = np.zeros(lists.len() + 1, dtype=np.int64)
    np.cumsum(lists.list.len().to_numpy(), out=start[1:])
    return start, lists.explode(empty_as_null=False).to_numpy().astype(dtype)


def _bit(number: Ints) -> Words:
    """One of 31 bits per number: different numbers may share one, equal ones always do."""
    return np.left_shift(np.int64(1), number % 31).astype(np.int32)


def _gathered(start: Ints, bits: Words) -> Words:
    """The bits of each member's items together."""
    result = np.zeros(len(start) - 1, dtype=np.int32)
    filled = start[1:] > start[:-1]
    if filled.any():
        result[filled] = np.bitwise_or.reduceat(bits, start[:-1][filled])
    return result


def _skill_bits(start: Ints, skill: Positions) -> Words:
    return _gathered(start, _bit(skill.astype(np.int64)))


def _class_bits(start: Ints, code: Ints, mask: Ints, shift: int) -> Words:
    """Of the 中类 (shift 16) or 小类 (8); a wish for something larger can be met in all."""
    larger = (mask >> shift) & 0xFF == 0
    return _gathered(start, np.where(larger, np.int32(-1), _bit(code >> shift)).astype(np.int32))


def _single(values: Floats, towards: float) -> Singles:
    """Single precision, rounded towards `towards` where it is not exact."""
    single = values.astype(np.float32)
    short = single < values if towards > 0 else single > values
    return np.where(short, np.nextafter(single, np.float32(towards)), single)
