"""Matching's two tables out of the registers."""

import math
from datetime import date
from typing import NamedTuple

import polars as pl
from django.db.models import F, Max, Q, QuerySet

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.engine.matching import Weights
from weiye.registers.employers import queries as employers
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.people.frames import PLACES, community_code
from weiye.registers.people.models import Person, WorkWish

# Contract: 4.8 km/h and straight line × 1.3; a degree of latitude is at least 110.5 km.
_METRES_PER_MINUTE = 4_800 / 60 / 1.3
_METRES_PER_DEGREE = 110_500.0


class Box(NamedTuple):
    """Degrees."""

    west: float
    east: float
    south: float
    north: float


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
            around = _box(_bounds(located["lon"]), _bounds(located["lat"]), float(minutes))  # type: ignore[arg-type]
            found |= _in(around)
    # Without a point on either side: the same community. Those of the whole province would be
    # loaded for one person otherwise.
    if communities := _communities(people["unit_path"]):
        found |= Q(unit_path__gte=communities[0], unit_path__lt=communities[-1][:-1] + "0")
    return rows.filter(found)


# Most wish no longer a walk, and who has told no wish counts with less.
_USUAL_MINUTES = 30


def within_reach_of(actor: Actor, vacancy: PublicVacancy) -> list[int] | None:
    """Who of the actor's area may come to a vacancy, by id: a superset, the engine decides exactly.

    Those near its point (their own, else that of their building, grid or community) by the walk
    that they wish, and all of its community, where points are not asked for. Two boxes: a few
    people walk four hours, and a box that large is a county. None stands for everybody (remote).
    """
    if vacancy.remote:
        return None
    people = Person.objects.visible_to(actor).order_by()
    parts = vacancy.unit_path.rstrip("/").split("/")
    home = "/".join(parts[:5]) + "/"
    # A unit above the community shares with those below it no more than the beginning of its code.
    end = home[:-1] + "0" if len(parts) >= 5 else home + "0"
    near = set(people.filter(unit_path__gte=home, unit_path__lt=end).values_list("pk", flat=True))
    lon, lat = vacancy.lon, vacancy.lat
    if lon is None or lat is None:
        return sorted(near)

    def add(people: QuerySet[Person], minutes: int) -> None:
        box = _box((lon, lon), (lat, lat), minutes)
        units = list(_units_in(box, actor).values_list("pk", flat=True))
        there = _in(box) | Q(lon__isnull=True, unit__in=units)
        near.update(people.filter(there).values_list("pk", flat=True))

    add(people, _USUAL_MINUTES)
    walkers = WorkWish.objects.visible_to(actor).filter(max_walk_minutes__gt=_USUAL_MINUTES)
    if furthest := walkers.aggregate(Max("max_walk_minutes"))["max_walk_minutes__max"]:
        add(people.filter(pk__in=walkers.order_by().values("pk")), furthest)
    return sorted(near)


def last_wishes(actor: Actor, most: int) -> list[int]:
    """The people of the area who told their wish last, by id."""
    wishes = WorkWish.objects.visible_to(actor).order_by(F("said_on").desc(nulls_last=True), "pk")
    return list(wishes.values_list("pk", flat=True)[:most])


def _units_in(box: Box, actor: Actor) -> QuerySet[Unit]:
    """Units whose point, or the nearest one above up to the community, lies in the box."""

    def there(above: str) -> Q:
        return Q(**{f"{above}level__in": PLACES}) & _in(box, above)

    def bare(above: str) -> Q:
        return Q(**{f"{above}lon__isnull": True}) | Q(**{f"{above}lat__isnull": True})

    higher = there("parent__") | (bare("parent__") & there("parent__parent__"))
    return Unit.objects.visible_to(actor).filter(there("") | (bare("") & higher)).order_by()


def _box(lon: tuple[float, float], lat: tuple[float, float], minutes: float) -> Box:
    """West, east, south, north of everything within a walk of the bounds; a little generous."""
    (west, east), (south, north) = lon, lat
    latitude = minutes * _METRES_PER_MINUTE / _METRES_PER_DEGREE
    narrow = math.cos(math.radians(min(89.0, max(abs(south), abs(north)) + latitude)))
    longitude = latitude / narrow
    return Box(west - longitude, east + longitude, south - latitude, north + latitude)


def _in(box: Box, above: str = "") -> Q:
    return Q(
        **{
            f"{above}lon__range": (box.west, box.east),
            f"{above}lat__range": (box.south, box.north),
        }
    )


def _bounds(column: pl.Series) -> tuple[float, float]:
    low, high = column.min(), column.max()
    assert isinstance(low, float) and isinstance(high, float)
    return low, high


def _communities(paths: pl.Series) -> list[str]:
    return sorted(
        {"/".join(path.rstrip("/").split("/")[:5]) + "/" for path in paths.unique().to_list()}
    )


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
