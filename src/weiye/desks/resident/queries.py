"""What a resident may look up without signing in: public vacancies and the public area tree."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import (
    Case,
    Expression,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

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
        Unit.objects.open()
        .filter(wanted, level__in=(Level.COUNTY, Level.STREET, Level.COMMUNITY))
        .order_by("path")[:limit]
    )
    paths = {path for unit in units for path in _above(unit.path)}
    names = dict(Unit.objects.filter(path__in=paths).values_list("path", "name"))
    return [Match(u, " ".join(names[p] for p in _above(u.path)[1:] if p in names)) for u in units]


def _above(path: str) -> list[str]:
    steps = path.strip("/").split("/")
    return ["/".join(steps[: n + 1]) + "/" for n in range(len(steps) - 1)]


def straight_line(lon: float, lat: float, to_lon: F, to_lat: F) -> Expression:
    """Metres between a point and that of the row, on the sphere (haversine)."""

    def apply(function: str, value: Any) -> Func:
        return Func(value, function=function, output_field=FloatField())

    def half_sine_squared(a: Any, b: float) -> Any:
        sine = apply("sin", (apply("radians", a) - Value(math.radians(b))) / Value(2.0))
        return sine * sine

    cosines = apply("cos", apply("radians", to_lat)) * Value(math.cos(math.radians(lat)))
    inner = half_sine_squared(to_lat, lat) + cosines * half_sine_squared(to_lon, lon)
    return Value(2 * EARTH_RADIUS_M) * apply("asin", apply("sqrt", inner))


def near(place: Place, on: date) -> QuerySet[PublicVacancy]:
    """Open vacancies within reach of a place and those done from home, nearest first.

    A vacancy without a point of its own stands in the middle of its community (``assumed``). Adds
    ``metres`` (walked, estimated) and ``minutes``; both NULL for remote work.
    """
    dlat = REACH_KM / 111.2
    dlon = dlat / max(0.1, math.cos(math.radians(place.lat)))
    box = Q(lon__range=(place.lon - dlon, place.lon + dlon)) & Q(
        lat__range=(place.lat - dlat, place.lat + dlat)
    )
    home = Unit.objects.filter(path=OuterRef("unit_path")).order_by()
    at_lon = Coalesce(F("lon"), Subquery(home.values("lon")[:1]))
    at_lat = Coalesce(F("lat"), Subquery(home.values("lat")[:1]))
    walked = Case(
        When(
            remote=False,
            then=straight_line(place.lon, place.lat, F("at_lon"), F("at_lat")) * DETOUR,
        ),
        default=None,
        output_field=FloatField(),
    )
    units_near = Unit.objects.filter(box).order_by().values("path")
    return (
        open_on(on)
        .filter(box | Q(remote=True) | Q(lon__isnull=True, unit_path__in=units_near))
        .annotate(at_lon=at_lon, at_lat=at_lat, assumed=Q(lon__isnull=True))
        .annotate(metres=walked)
        .annotate(minutes=F("metres") / Value(float(METRES_PER_MINUTE)))
        .order_by(F("metres").asc(nulls_last=True), "-posted_on", "id")
    )


def within_walk(rows: QuerySet[Any], minutes: int) -> QuerySet[Any]:
    """Those of `near` that are at most so many minutes away; unrounded, remote work left out."""
    return rows.filter(minutes__lte=float(minutes))
