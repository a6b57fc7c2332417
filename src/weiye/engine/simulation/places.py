"""Communities that are to be filled, and invented points for them, their grids and buildings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

METRES_PER_DEGREE = 111_195.0
"""One degree of latitude on a sphere of radius 6 371 008.8 m."""


@dataclass(frozen=True)
class Place:
    """A community to fill with people.

    `address` is how addresses in it begin; `lon`, `lat` (WGS 84) is a point inside it and
    `radius` its extent in metres. Grids and buildings are made if `grids` is positive.
    """

    code: str
    path: str
    name: str
    address: str
    lon: float
    lat: float
    radius: float
    rural: bool
    households: int
    grids: int = 0
    above: tuple[str, ...] = ()
    """Names of the city, the county and the street that it lies in, where they are known."""


def around(
    rng: np.random.Generator, lon: Floats, lat: Floats, radius: Floats
) -> tuple[Floats, Floats]:
    """One point per given point, evenly spread over the disc of `radius` metres around it."""
    distance = radius * np.sqrt(rng.random(lon.shape)) / METRES_PER_DEGREE
    angle = rng.random(lon.shape) * 2 * np.pi
    return (
        np.round(lon + distance * np.cos(angle) / np.cos(np.radians(lat)), 6),
        np.round(lat + distance * np.sin(angle), 6),
    )


def inside(geometry: Mapping[str, Any], lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Which points lie inside a GeoJSON Polygon or MultiPolygon (even–odd rule over all rings)."""
    coordinates = geometry["coordinates"]
    polygons = coordinates if geometry["type"] == "MultiPolygon" else [coordinates]
    odd = np.zeros(lon.shape, dtype=bool)
    for ring in (ring for polygon in polygons for ring in polygon):
        points = np.asarray(ring, dtype=np.float64)[:, :, None]
        (ax, ay), (bx, by) = points[:-1].swapaxes(0, 1), points[1:].swapaxes(0, 1)
        between = (ay > lat) != (by > lat)
        # A level edge lies between no two latitudes; its height is replaced to divide by.
        height = np.where(ay == by, 1.0, by - ay)
        right = lon < ax + (lat - ay) * (bx - ax) / height
        odd ^= (between & right).sum(axis=0) % 2 == 1
    return odd


def scatter(
    geometry: Mapping[str, Any], centre: tuple[float, float], codes: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """An invented point inside a county's polygon for each 12-digit community code.

    Communities of one street lie together; streets (third group below 100) lie near the centre,
    towns anywhere in the county. The point depends on the code and the polygon alone.
    """
    anchors: dict[str, tuple[float, float]] = {}
    points = {}
    for code in sorted(codes):
        street = code[:9]
        if street not in anchors:
            reach = 4_500.0 if street[6] == "0" else 26_000.0
            anchors[street] = _within(geometry, centre, reach, int(street))
        reach = 1_300.0 if street[6] == "0" else 5_000.0
        points[code] = _within(geometry, anchors[street], reach, int(code))
    return points


def _within(
    geometry: Mapping[str, Any], centre: tuple[float, float], radius: float, seed: int
) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    middle_lon, middle_lat = np.full(16, centre[0]), np.full(16, centre[1])
    for _ in range(64):
        lon, lat = around(rng, middle_lon, middle_lat, np.full(16, radius))
        good = np.flatnonzero(inside(geometry, lon, lat))
        if good.size:
            return float(lon[good[0]]), float(lat[good[0]])
    return centre
