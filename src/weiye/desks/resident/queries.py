"""What a resident may look up without signing in: public vacancies and the public area tree."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Expression, F, FloatField, Func, Q, QuerySet, Value, When

from weiye.base.regions.models import Level, Unit
from weiye.registers.employers.models import PublicVacancy
from weiye.registers.employers.queries import open_on

EARTH_RADIUS_M = 6_371_008.8
# Without a street network a walk is the straight line × 1.3 at 4.8 km/h (file contract).
DETOUR = 1.3
METRES_PER_MINUTE = 80
# Beyond this a vacancy is not "near home"; it also keeps the search inside one index range.
REACH_KM = 30.0


@dataclass(frozen=True)
class Place:
    """Where the resident is looking from. ``code`` is empty for the browser's own position."""

    lon: float
    lat: float
    name: str
    code: str = ""
    estimated: str = ""
    """The unit whose point stands in, where the chosen one has none."""


def place_of(unit: Unit) -> Place | None:
    """The unit's point, or that of the nearest unit above it that has one."""
    steps = unit.path.strip("/").split("/")
    above = ["/".join(steps[: n + 1]) + "/" for n in range(len(steps))]
    found = Unit.objects.filter(path__in=above, lon__isnull=False).order_by("-path").first()
    if found is None or found.lon is None or found.lat is None:
        return None
    stand_in = "" if found.pk == unit.pk else found.name
    return Place(found.lon, found.lat, unit.name, unit.code, stand_in)


@dataclass(frozen=True)
class Match:
    """A unit that a search found, with the units above it in words."""

    unit: Unit
    within: str


def find_places(text: str, limit: int = 20) -> list[Match]:
    """Streets and communities whose name holds ``text``, or whose pinyin initials begin with it."""
    wanted = Q(name__contains=text)
    if text.isascii():
        wanted = Q(initials__startswith=text.lower()) | Q(code=text)
    units = list(
        Unit.objects.filter(
            wanted, level__in=(Level.COUNTY, Level.STREET, Level.COMMUNITY)
        ).order_by("path")[:limit]
    )
    paths = {path for unit in units for path in _above(unit.path)}
    names = dict(Unit.objects.filter(path__in=paths).values_list("path", "name"))
    return [Match(u, " ".join(names[p] for p in _above(u.path)[1:] if p in names)) for u in units]


def _above(path: str) -> list[str]:
    steps = path.strip("/").split("/")
    return ["/".join(steps[: n + 1]) + "/" for n in range(len(steps) - 1)]


def straight_line(lon: float, lat: float) -> Expression:
    """Metres from a point to the row's point, on the sphere (haversine)."""

    def rad(value: Any) -> Func:
        return Func(value, function="radians", output_field=FloatField())

    def half_sine_squared(a: Any, b: float) -> Any:
        half = (rad(F(a)) - Value(math.radians(b))) / Value(2.0)
        sine = Func(half, function="sin", output_field=FloatField())
        return sine * sine

    cosines = Func(rad(F("lat")), function="cos", output_field=FloatField()) * Value(
        math.cos(math.radians(lat))
    )
    inner = half_sine_squared("lat", lat) + cosines * half_sine_squared("lon", lon)
    root = Func(inner, function="sqrt", output_field=FloatField())
    return Value(2 * EARTH_RADIUS_M) * Func(root, function="asin", output_field=FloatField())


def near(place: Place, on: date) -> QuerySet[PublicVacancy]:
    """Open vacancies within reach of a place and those done from home, nearest first.

    Adds ``metres`` (walked, estimated) and ``minutes``; both NULL for remote work.
    """
    dlat = REACH_KM / 111.2
    dlon = dlat / max(0.1, math.cos(math.radians(place.lat)))
    box = Q(lon__range=(place.lon - dlon, place.lon + dlon)) & Q(
        lat__range=(place.lat - dlat, place.lat + dlat)
    )
    walked = Case(
        When(remote=False, lon__isnull=False, then=straight_line(place.lon, place.lat) * DETOUR),
        default=None,
        output_field=FloatField(),
    )
    return (
        open_on(on)
        .filter(box | Q(remote=True))
        .annotate(metres=walked)
        .annotate(minutes=F("metres") / Value(float(METRES_PER_MINUTE)))
        .order_by(F("metres").asc(nulls_last=True), "-posted_on", "id")
    )


def within_walk(rows: QuerySet[Any], minutes: int) -> QuerySet[Any]:
    """Those of `near` that are at most so many minutes away; unrounded, remote work left out."""
    return rows.filter(minutes__lte=float(minutes))
