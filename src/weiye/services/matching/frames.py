"""Matching's two tables out of the registers."""

import math
from datetime import date

import polars as pl
from django.db.models import Q, QuerySet

from weiye.engine.matching import Weights
from weiye.registers.employers import queries as employers
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people.frames import community_code

# Contract: 4.8 km/h and straight line × 1.3; a degree of latitude is at least 110.5 km.
_METRES_PER_MINUTE = 4_800 / 60 / 1.3
_METRES_PER_DEGREE = 110_500.0

_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "remote": pl.Boolean(),
    "occupation_code": pl.String(),
    "skills": pl.List(pl.String()),
    "wage_min": pl.Float64(),
    "wage_max": pl.Float64(),
    "hours": pl.Int64(),
    "min_age": pl.Int64(),
    "max_age": pl.Int64(),
    "min_education": pl.Int64(),
    "accessible": pl.Boolean(),
    "labels": pl.List(pl.String()),
    "openings": pl.Int64(),
    "posted_on": pl.Date(),
    "expires_on": pl.Date(),
    "unit_code": pl.String(),
    "unit_path": pl.String(),
}


def within_reach(people: pl.DataFrame, as_of: date) -> QuerySet[PublicVacancy]:
    """Vacancies that anybody of ``people`` may walk to, those of their communities, remote ones.

    A box around the points, a little generous; the engine decides exactly.
    """
    rows = employers.open_on(as_of)
    found = Q(remote=True)
    located = people.drop_nulls(["lon", "lat"])
    if located.height:
        minutes = located["max_walk_minutes"].max()
        if located["max_walk_minutes"].null_count():
            minutes = None  # walks any distance
        if minutes is None:
            found |= Q(lon__isnull=False)
        else:
            south, north = _bounds(located["lat"])
            west, east = _bounds(located["lon"])
            latitude = float(minutes) * _METRES_PER_MINUTE / _METRES_PER_DEGREE  # type: ignore[arg-type]
            narrow = math.cos(math.radians(min(89.0, max(abs(south), abs(north)) + latitude)))
            longitude = latitude / narrow
            found |= Q(
                lat__range=(south - latitude, north + latitude),
                lon__range=(west - longitude, east + longitude),
            )
    # Without a point on either side: the same community. Those of the whole province would be
    # loaded for one person otherwise.
    if communities := _communities(people["unit_path"]):
        found |= Q(unit_path__gte=communities[0], unit_path__lt=communities[-1][:-1] + "0")
    return rows.filter(found)


def _bounds(column: pl.Series) -> tuple[float, float]:
    low, high = column.min(), column.max()
    assert isinstance(low, float) and isinstance(high, float)
    return low, high


def _communities(paths: pl.Series) -> list[str]:
    return sorted({"/".join(path.split("/")[:5]) + "/" for path in paths.unique().to_list()})


def vacancies_frame(rows: QuerySet[PublicVacancy]) -> pl.DataFrame:
    """The contract's `vacancies` with ``unit`` (community code)."""
    data = list(rows.order_by("id").values_list(*_COLUMNS))
    frame = pl.DataFrame(data, schema=_COLUMNS, orient="row").rename({"id": "vacancy_id"})
    codes = {path: community_code(path) for path in frame["unit_path"].unique().to_list()}
    unit = (
        frame["unit_path"].replace_strict(codes, return_dtype=pl.String)
        if codes
        else pl.Series(dtype=pl.String)
    )
    return frame.with_columns(
        unit.alias("unit"),
        # An empty code is none; the engine refuses what is no code.
        pl.when(pl.col("occupation_code") != "").then("occupation_code").alias("occupation_code"),
    ).drop("unit_code", "unit_path")


def weights_of(values: dict[str, int]) -> Weights:
    """A pack's weights; an empty table means the engine's own."""
    return Weights.from_mapping(values) if values else Weights()
