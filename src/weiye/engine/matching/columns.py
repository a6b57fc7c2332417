"""Tables → columnar arrays for the kernel.

Both sides are put in one physical order: those with a point first (by walking class, grid row,
grid column, id), then remote vacancies, then those without a point (by unit, id). The order
depends on the rows, never on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

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
    Shorts,
    Singles,
    Words,
)
from weiye.engine.matching.schema import ALL_HOURS, EDUCATION_LEVELS, PEOPLE, VACANCIES
from weiye.engine.matching.weights import Weights
from weiye.engine.tables import conform

# An unknown age passes only where both bounds are open: then the lower one is the unknown's code.
AGE_UNKNOWN, AGE_OPEN_LOW, AGE_OPEN_HIGH = -1000, -999, 1000
STEPS = 128  # the bit beside the seven hours: "has steps, and this person needs none"
WALK_CLASSES = (15.0, 30.0, 60.0, 120.0, np.inf)  # upper bounds in minutes


@dataclass
class Side:
    """One prepared table: arrays, grid, and the rows in physical order for sentences."""

    place: Place
    rows: pl.DataFrame


@dataclass
class PeopleSide(Side):
    people: People


@dataclass
class JobSide(Side):
    jobs: Jobs
    vocabulary: Vocabulary


@dataclass
class Vocabulary:
    """Numbers for skills and units as the vacancies know them; what they do not know cannot
    match and is left out on the people's side."""

    skills: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)


def prepare_jobs(vacancies: pl.DataFrame, as_of: date, weights: Weights) -> JobSide:
    """The vacancies open on the day. Raises `TableError` for missing or ill-typed columns."""
    frame = conform(vacancies, VACANCIES, "vacancies").filter(
        (pl.col("posted_on") <= as_of)
        & (pl.col("expires_on").is_null() | (pl.col("expires_on") >= as_of))
        & (pl.col("openings") >= 1)
    )
    frame = frame.with_columns(pl.col("remote", "accessible").fill_null(False), _tidy("skills"))
    vocabulary = Vocabulary(
        skills=_numbers(frame["skills"].explode()), units=_numbers(frame["unit"])
    )
    frame, place = _place(frame, "vacancy_id", vocabulary.units, walk=None)
    skill_start, skill = _skills(frame["skills"], vocabulary.skills)
    days = frame["posted_on"].to_physical().to_numpy().astype(np.int64)
    age_days = (as_of - date(1970, 1, 1)).days - days
    any_age = frame["min_age"].is_null() & frame["max_age"].is_null()
    low = frame["min_age"].clip(0, AGE_OPEN_HIGH).fill_null(AGE_OPEN_LOW).to_numpy()
    wage_max = _floats(frame["wage_max"], np.inf)
    wage_sure = _floats(frame.select(pl.coalesce("wage_min", "wage_max")).to_series(), np.nan)
    occupation = _mapped(frame["occupation_code"], pack_job, NO_JOB)
    fresh = np.maximum(0, weights.fresh_max - weights.fresh_per_day * age_days)
    jobs = Jobs(
        id=_ints(frame["vacancy_id"]),
        need=_shorts(frame["hours"].fill_null(0) & ALL_HOURS)
        | np.where(frame["accessible"].to_numpy(), 0, STEPS).astype(np.int16),
        age_low=np.where(any_age.to_numpy(), AGE_UNKNOWN, low).astype(np.int16),
        age_high=_shorts(frame["max_age"].clip(-1, AGE_OPEN_HIGH).fill_null(AGE_OPEN_HIGH)),
        education=_levels(frame["min_education"], unreadable=len(EDUCATION_LEVELS)),
        wage_max=wage_max,
        wage_sure=wage_sure,
        occupation=occupation,
        fresh=fresh,
        skill_start=skill_start,
        skill=skill,
        wage_max32=_single(wage_max, np.inf),
        wage_sure32=_single(np.nan_to_num(wage_sure), np.inf),
        fresh32=_single(fresh.astype(np.float64), np.inf),
        middle_bits=_bit(occupation >> 16),
        small_bits=_bit(occupation >> 8),
        skill_bits=_skill_bits(skill_start, skill),
        skill_count32=np.diff(skill_start).astype(np.float32),
    )
    return JobSide(place, frame, jobs, vocabulary)


def prepare_people(people: pl.DataFrame, as_of: date, vocabulary: Vocabulary) -> PeopleSide:
    """Raises `TableError` for missing or ill-typed columns."""
    frame = conform(people, PEOPLE, "people").with_columns(
        pl.col("needs_accessible").fill_null(False),
        _tidy("skills"),
        pl.col("occupation_codes").fill_null([]),
    )
    frame, place = _place(frame, "person_id", vocabulary.units, walk="max_walk_minutes")
    skill_start, skill = _skills(frame["skills"], vocabulary.skills)
    wish_start, wish_code, wish_mask = _wishes(frame["occupation_codes"])
    max_walk = _floats(frame["max_walk_minutes"], np.inf)
    reach = np.minimum(max_walk / MINUTES_PER_RADIAN, np.pi)
    min_wage = _floats(frame["min_wage"], -np.inf)
    wish = np.maximum(min_wage, 0)
    return PeopleSide(
        place,
        frame,
        People(
            id=_ints(frame["person_id"]),
            free=_shorts(frame["hours"].fill_null(0) & ALL_HOURS)
            | np.where(frame["needs_accessible"].to_numpy(), 0, STEPS).astype(np.int16),
            age=_shorts(
                frame.select(completed_years("birth_date", as_of))
                .to_series()
                .clip(AGE_OPEN_LOW, AGE_OPEN_HIGH)
                .fill_null(AGE_UNKNOWN)
            ),
            education=_levels(frame["education"], unreadable=-1),
            min_wage=min_wage,
            max_walk=max_walk,
            wish_start=wish_start,
            wish=wish_code,
            wish_mask=wish_mask,
            skill_start=skill_start,
            skill=skill,
            min_wage32=_single(min_wage, -np.inf),
            wish32=_single(wish, -np.inf),
            percent32=_single(np.where(wish > 0, 100 / np.where(wish > 0, wish, 1), 0), np.inf),
            chord32=_single((2 * np.sin(reach / 2) + SINGLE_SLACK) ** 2, np.inf),
            middle_bits=_class_bits(wish_start, wish_code, wish_mask, 16),
            small_bits=_class_bits(wish_start, wish_code, wish_mask, 8),
            skill_bits=_skill_bits(skill_start, skill),
            skill_count32=np.diff(skill_start).astype(np.float32),
        ),
    )


def completed_years(column: str, as_of: date) -> pl.Expr:
    """Age in completed years on the day; who was born on 29 February turns on 1 March."""
    born = pl.col(column)
    before = (born.dt.month() > as_of.month) | (
        (born.dt.month() == as_of.month) & (born.dt.day() > as_of.day)
    )
    return as_of.year - born.dt.year().cast(pl.Int64) - before.cast(pl.Int64)


def _place(
    frame: pl.DataFrame, key: str, units: Mapping[str, int], walk: str | None
) -> tuple[pl.DataFrame, Place]:
    """Sorts the table into physical order and lays the grid over it."""
    remote = pl.col("remote") if "remote" in frame.columns else pl.lit(False)
    point = pl.col("lon").is_between(-180, 180) & pl.col("lat").is_between(-90, 90)
    located = point.fill_null(False) & ~remote
    reach = np.array([np.nan]) if walk is None else np.array(WALK_CLASSES)
    frame = (
        frame.with_columns(
            unit_number=_number(pl.col("unit"), units),
            zone=pl.when(located).then(0).when(remote).then(1).otherwise(2).cast(pl.Int8),
            walk_class=pl.lit(0, pl.Int32)
            if walk is None
            else pl.when(located)
            .then(
                sum(
                    (pl.col(walk).fill_null(np.inf) > bound).cast(pl.Int32)
                    for bound in WALK_CLASSES[:-1]
                )
            )
            .otherwise(0),
            grid_row=pl.when(located).then((pl.col("lat") / CELL).floor().cast(pl.Int32)),
            grid_column=pl.when(located).then((pl.col("lon") / CELL).floor().cast(pl.Int32)),
        )
        .with_columns(bare_unit=pl.when(pl.col("zone") == 2).then(pl.col("unit_number")))
        .sort("zone", "walk_class", "grid_row", "grid_column", "bare_unit", key)
    )
    zone = frame["zone"].to_numpy()
    m = int(np.searchsorted(zone, 1))
    end = int(np.searchsorted(zone, 2))
    lon, lat = _floats(frame["lon"], np.nan), _floats(frame["lat"], np.nan)
    lon[m:] = np.nan
    lat[m:] = np.nan
    phi, lam = np.radians(np.nan_to_num(lat)), np.radians(np.nan_to_num(lon))
    x, y, z = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)

    rows = frame["grid_row"][:m].to_numpy().astype(np.int32)
    classes = frame["walk_class"][:m].to_numpy().astype(np.int32)
    new = np.ones(m, dtype=np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (classes[1:] != classes[:-1])
    first = np.flatnonzero(new)
    unit = _ints(frame["unit_number"]).astype(np.int32)
    numbered = np.flatnonzero(unit[:m] != NO_UNIT)
    unit_order = numbered[np.argsort(unit[numbered], kind="stable")].astype(np.int32)
    all_units = np.arange(len(units) + 1)
    place = Place(
        x=x,
        y=y,
        z=z,
        x32=x.astype(np.float32),
        y32=y.astype(np.float32),
        z32=z.astype(np.float32),
        lon=lon,
        lat=lat,
        unit=unit,
        located=m,
        remote=end,
        row_class=np.searchsorted(classes[first], np.arange(len(reach) + 1)).astype(np.int32),
        row=rows[first],
        row_start=np.append(first, m).astype(np.int64),
        column=frame["grid_column"][:m].to_numpy().astype(np.int32),
        reach=reach,
        unit_order=unit_order,
        unit_start=np.searchsorted(unit[unit_order], all_units).astype(np.int64),
        bare_start=(end + np.searchsorted(unit[end:], all_units)).astype(np.int64),
    )
    helpers = ("unit_number", "zone", "walk_class", "grid_row", "grid_column", "bare_unit")
    return frame.drop(helpers), place


def _tidy(column: str) -> pl.Expr:
    """Lists without gaps, outer spaces, empty items or repetitions; null = empty."""
    items = pl.col(column).fill_null([]).list.eval(pl.element().str.strip_chars())
    return items.list.eval(pl.element().filter(pl.element() != "")).list.unique().list.sort()


def _numbers(names: pl.Series) -> dict[str, int]:
    return {name: i for i, name in enumerate(names.drop_nulls().unique().sort().to_list())}


def _number(column: pl.Expr, numbers: Mapping[str, int]) -> pl.Expr:
    if not numbers:
        return pl.lit(NO_UNIT, pl.Int32)
    return column.replace_strict(
        list(numbers), list(numbers.values()), default=NO_UNIT, return_dtype=pl.Int32
    ).fill_null(NO_UNIT)


def _offsets(lists: pl.Series) -> Ints:
    return np.append(0, np.cumsum(lists.list.len().to_numpy())).astype(np.int64)


def _skills(lists: pl.Series, numbers: Mapping[str, int]) -> tuple[Ints, Positions]:
    flat = (
        pl.DataFrame({"at": pl.int_range(lists.len(), eager=True), "skill": lists})
        .explode("skill")
        .drop_nulls("skill")
    )
    known = (
        (
            flat.with_columns(
                number=pl.col("skill").replace_strict(
                    list(numbers), list(numbers.values()), default=None, return_dtype=pl.Int32
                )
            )
            if numbers
            else flat.with_columns(number=pl.lit(None, pl.Int32))
        )
        .drop_nulls("number")
        .sort("at", "number")
    )
    at = known["at"].to_numpy()
    skill = known["number"].to_numpy().astype(np.int32)
    start = np.searchsorted(at, np.arange(lists.len() + 1)).astype(np.int64)
    return start, skill


def _bit(number: Ints) -> Words:
    """One of 32 bits per number: different numbers may share one, equal ones always do."""
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


def _wishes(lists: pl.Series) -> tuple[Ints, Ints, Ints]:
    flat = (
        pl.DataFrame({"at": pl.int_range(lists.len(), eager=True), "code": lists})
        .explode("code")
        .drop_nulls("code")
    )
    packed = {code: pack_wish(code) for code in flat["code"].unique().to_list()}
    known = {code: wish for code, wish in packed.items() if wish is not None}
    flat = flat.filter(pl.col("code").is_in(list(known)))
    at = flat["at"].to_numpy()
    codes = flat["code"].to_list()
    return (
        np.searchsorted(at, np.arange(lists.len() + 1)).astype(np.int64),
        np.array([known[code].code for code in codes], dtype=np.int64),
        np.array([known[code].mask for code in codes], dtype=np.int64),
    )


def _mapped(names: pl.Series, to_int: Any, default: int) -> Ints:
    known: Sequence[str] = names.drop_nulls().unique().to_list()
    if not known:
        return np.full(names.len(), default, dtype=np.int64)
    return (
        names.replace_strict(
            known, [to_int(name) for name in known], default=default, return_dtype=pl.Int64
        )
        .fill_null(default)
        .to_numpy()
        .astype(np.int64)
    )


def _levels(codes: pl.Series, unreadable: int) -> Shorts:
    """Education levels; -1 for null, which is below every level and, as a minimum, no bound."""
    digit = pl.col("code")
    level = (
        codes.alias("code")
        .to_frame()
        .select(
            pl.when(digit.is_null())
            .then(-1)
            .otherwise(
                pl.when(digit < 10)
                .then(digit)
                .otherwise(digit // 10)
                .replace_strict(EDUCATION_LEVELS, default=unreadable, return_dtype=pl.Int64)
            )
        )
        .to_series()
    )
    return _shorts(level)


def _ints(column: pl.Series) -> Ints:
    return column.to_numpy().astype(np.int64)


def _shorts(column: pl.Series) -> Shorts:
    return column.to_numpy().astype(np.int16)


def _floats(column: pl.Series, null: float) -> Floats:
    return column.cast(pl.Float64).fill_null(null).fill_nan(null).to_numpy().astype(np.float64)


def _single(values: Floats, towards: float) -> Singles:
    """Single precision, rounded towards `towards` where it is not exact."""
    single = values.astype(np.float32)
    short = single < values if towards > 0 else single > values
    return np.where(short, np.nextafter(single, np.float32(towards)), single)
