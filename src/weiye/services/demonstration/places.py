"""Real communities as places to fill, and the assumptions of their province. No database."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl
import yaml

from weiye.base.regions.reading import (
    CODE_ENDS,
    REGIONS_FILE,
    level_of,
    path_end,
    path_of,
    read_counties,
    read_regions,
)
from weiye.engine.simulation.places import Place, scatter

FOLDER: Final = "simulation"
URBAN_METRES, RURAL_METRES = 350.0, 600.0

# A town community is as many times as large as a village: so the province's 7 100 and 54 974 have
# the urban share of the census (63.05 %, society.yaml).
URBAN_SHARE: Final = 13
# In the thin county of the demonstration everybody's village has somebody.
THIN_URBAN_SHARE: Final = 3

_COMMITTEE: Final = re.compile(
    r"(社区)?(居民委员会|居委会)$|(村民委员会|村民委会|村委会|村委)$|类似(社区)?居委会$"
)


class NoSuchUnit(ValueError):
    """The code names no unit of a province whose area tree is packed; the text says so."""


def province_pack(packs: Path, code: str) -> Path:
    """The folder of the province that an official 12-digit code lies in."""
    if re.fullmatch(r"\d{12}", code):
        for file in sorted(packs.glob(f"*/{REGIONS_FILE}")):
            if (file.parent / FOLDER).is_dir() and read_regions(file.parent)["code"][0][:2] == code[
                :2
            ]:
                return file.parent
    raise NoSuchUnit(f"no packed area tree has the unit {code!r}: a 12-digit code is wanted")


def read_yaml(pack: Path, name: str) -> Mapping[str, Any]:
    """One file of a pack's assumptions."""
    text = (pack / FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    content: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return content


def society_assumptions(pack: Path) -> Mapping[str, Any]:
    """`society.yaml` with the names of `names.yaml`, as the engine takes them."""
    return {**read_yaml(pack, "society"), "names": read_yaml(pack, "names")}


def plain_name(name: str) -> str:
    """How people call a community: without its committee.

    >>> plain_name("翠竹居委会"), plain_name("港头村委会"), plain_name("西北村居委会")
    ('翠竹社区', '港头村', '西北村社区')
    """
    village = name.endswith(("村委会", "村民委员会", "村民委会", "村委"))
    short = _COMMITTEE.sub("", name) or name
    word = "村" if village else "社区"
    return short if short.endswith(word) else short + word


def unit_name(pack: Path, code: str) -> str:
    """The name of a unit. Raises `NoSuchUnit`."""
    found = read_regions(pack).filter(pl.col("code") == code)["name"]
    if found.is_empty():
        raise NoSuchUnit(f"no unit has the code {code}")
    return str(found[0])


def is_village(code: str) -> bool:
    """Whether the committee is one of villagers (村委会 have 200–399 as last group)."""
    return code[9] in "23"


def communities(pack: Path, code: str) -> list[Place]:
    """The communities at or below a unit as empty places, each at an invented point.

    Points lie inside the county's polygon; for a functional area, which has none, inside a county
    of its city. Raises `NoSuchUnit`.
    """
    regions = read_regions(pack)
    level = level_of(code)
    path = path_of(code, level)
    if code not in regions["code"]:
        raise NoSuchUnit(f"no unit has the code {code}")
    below = regions.filter(
        (pl.col("path") >= path)
        & (pl.col("path") < path_end(path))
        & (pl.col("level") == "community")
    )
    names = dict(regions.filter(pl.col("level") != "community").select("code", "name").iter_rows())
    points = _points(pack, below["code"].to_list())
    places = []
    for unit, name, unit_path in below.select("code", "name", "path").iter_rows():
        above = [
            names[unit[: CODE_ENDS[level]].ljust(12, "0")] for level in ("city", "county", "street")
        ]
        rural = is_village(unit)
        short = plain_name(name)
        places.append(
            Place(
                code=unit,
                path=unit_path,
                name=short,
                address="".join(above) + short,
                lon=points[unit][0],
                lat=points[unit][1],
                radius=RURAL_METRES if rural else URBAN_METRES,
                rural=rural,
                households=0,
                above=tuple(above),
            )
        )
    return places


def _points(pack: Path, codes: list[str]) -> dict[str, tuple[float, float]]:
    counties = {
        feature["properties"]["code"]: feature for feature in read_counties(pack)["features"]
    }
    points: dict[str, tuple[float, float]] = {}
    for county in sorted({code[:6] for code in codes}):
        feature = counties.get(f"{county}000000")
        if feature is None:
            near = [code for code in sorted(counties) if code[:4] == county[:4]]
            feature = counties[near[0] if near else min(counties)]
        centre = feature["properties"]["lon"], feature["properties"]["lat"]
        here = [code for code in codes if code[:6] == county]
        points |= scatter(feature["geometry"], centre, here)
    return points


def filled(
    places: list[Place], households: int, per_grid: int = 150, urban_share: int = URBAN_SHARE
) -> list[Place]:
    """The places with so many households in all, towns `urban_share` times as large as villages.

    A place of forty households or more is divided into grids of about `per_grid`.
    """
    weights = [1 if place.rural else urban_share for place in places]
    total, done, given = sum(weights), 0, 0
    result = []
    for place, weight in zip(places, weights, strict=True):
        done += weight
        upto = households * done // total
        count, given = upto - given, upto
        grids = max(1, round(count / per_grid)) if count >= 40 else 0
        result.append(replace(place, households=count, grids=grids))
    return result


def demonstration_places(pack: Path, plan: Mapping[str, Any], household_size: float) -> list[Place]:
    """The county of the plan: two communities in depth, the others thin."""
    deep = {entry["unit"]: entry for entry in plan["deep"]}
    places = communities(pack, plan["county"])
    thin = [place for place in places if place.code not in deep]
    share = round(plan["thin_people"] / household_size)
    result = [
        replace(place, grids=0) for place in filled(thin, share, urban_share=THIN_URBAN_SHARE)
    ]
    for place in places:
        if entry := deep.get(place.code):
            result.append(replace(place, households=entry["households"], grids=entry["grids"]))
    return sorted(result, key=lambda place: place.path)
