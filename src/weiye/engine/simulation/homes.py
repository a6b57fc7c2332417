"""Where households live: grids, buildings, rooms and addresses of a place."""

from typing import Final

import numpy as np
import polars as pl

from .places import Floats, Ints, Place, around

FLATS_PER_BUILDING: Final = 30
HOUSES_PER_LANE: Final = 10

AREAS_SCHEMA: Final = {
    "code": pl.String,
    "parent_code": pl.String,
    "path": pl.String,
    "level": pl.String,
    "name": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
}


def settle(
    rng: np.random.Generator, places: list[Place], household_place: Ints
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives each household a building, a room and an address.

    `household_place` holds the index of the place per household, ascending. Returns the areas
    (grids and buildings, see `AREAS_SCHEMA`) and one row per household: `unit_code`, `unit_path`
    (of the lowest unit known), `address`, `lon`, `lat` (of the building, else of the place) and
    `point_source`.
    """
    areas: list[tuple[str, str, str, str, str, float, float]] = []
    homes: dict[str, list[str]] = {"unit_code": [], "unit_path": [], "address": []}
    lons: list[Floats] = []
    lats: list[Floats] = []
    counts = np.bincount(household_place, minlength=len(places))
    for place, count in zip(places, counts.tolist(), strict=True):
        if not count:
            continue
        per_building = HOUSES_PER_LANE if place.rural else FLATS_PER_BUILDING
        buildings = max(1, -(-count // per_building))
        building = np.arange(count) * buildings // count
        room = np.arange(count) - np.searchsorted(building, building)
        grids = min(place.grids, buildings)
        if grids:
            lon, lat = _divide(rng, place, grids, buildings, areas)
            grid = np.arange(buildings) * grids // buildings
            codes = [f"{place.code}g{g + 1:02}b{b + 1:03}" for b, g in enumerate(grid)]
            paths = [f"{place.path}g{g + 1:02}/b{b + 1:03}/" for b, g in enumerate(grid)]
            homes["unit_code"] += [codes[b] for b in building]
            homes["unit_path"] += [paths[b] for b in building]
            lons.append(lon[building])
            lats.append(lat[building])
        else:
            homes["unit_code"] += [place.code] * count
            homes["unit_path"] += [place.path] * count
            lons.append(np.full(count, place.lon))
            lats.append(np.full(count, place.lat))
        homes["address"] += [
            place.address + _door(place, b, r) for b, r in zip(building, room, strict=True)
        ]
    frame = pl.DataFrame(homes, schema=dict.fromkeys(homes, pl.String)).with_columns(
        pl.Series("lon", np.concatenate(lons) if lons else [], dtype=pl.Float64),
        pl.Series("lat", np.concatenate(lats) if lats else [], dtype=pl.Float64),
        pl.lit("demonstration").alias("point_source"),
    )
    return pl.DataFrame(areas, schema=AREAS_SCHEMA, orient="row"), frame


def _divide(
    rng: np.random.Generator,
    place: Place,
    grids: int,
    buildings: int,
    areas: list[tuple[str, str, str, str, str, float, float]],
) -> tuple[Floats, Floats]:
    """Adds the place's grids and buildings to `areas` in tree order; the buildings' points."""
    turn = np.arange(grids) * 2 * np.pi / grids
    offset = place.radius / 2 / 111_195.0 if grids > 1 else 0.0
    grid_lon = np.round(place.lon + offset * np.cos(turn) / np.cos(np.radians(place.lat)), 6)
    grid_lat = np.round(place.lat + offset * np.sin(turn), 6)
    grid = np.arange(buildings) * grids // buildings
    reach = np.full(buildings, place.radius / 2)
    lon, lat = around(rng, grid_lon[grid], grid_lat[grid], reach)
    word = "巷" if place.rural else "号楼"
    for g in range(grids):
        code, path = f"{place.code}g{g + 1:02}", f"{place.path}g{g + 1:02}/"
        point = float(grid_lon[g]), float(grid_lat[g])
        areas.append((code, place.code, path, "grid", f"第{g + 1}网格", *point))
        for b in np.flatnonzero(grid == g):
            name = f"{'第' if place.rural else ''}{b + 1}{word}"
            spot = float(lon[b]), float(lat[b])
            areas.append(
                (f"{code}b{b + 1:03}", code, f"{path}b{b + 1:03}/", "building", name, *spot)
            )
    return lon, lat


def _door(place: Place, building: int, room: int) -> str:
    if place.rural:
        return f"第{building + 1}巷{room + 1}号"
    # Two flats on a floor, five floors in a staircase.
    staircase, rest = divmod(room, 10)
    return f"{building + 1}号楼{staircase + 1}单元{rest // 2 + 1}0{rest % 2 + 1}室"
