"""Reads the packed area tree and county boundaries of a province. Pure: no database, no Django.

`packs/<province>/regions.md` says where the data comes from and what was checked on packing.
"""

import gzip
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from weiye.base.packs.reading import Entry, PackError, read_yaml

from .levels import LEVELS

REGIONS_FILE: Final = "regions.csv.gz"
COUNTIES_FILE: Final = "counties.geojson.gz"
FUNCTIONAL_FILE: Final = "regions-functional.yaml"

OFFICIAL_LEVELS: Final = LEVELS[:5]
"""The levels with a 统计用区划代码; grids and buildings below them are the users' own."""

CODE_ENDS: Final = dict(zip(OFFICIAL_LEVELS, (2, 4, 6, 9, 12), strict=True))
"""How many digits of the 12-digit code a level uses (2 + 2 + 2 + 3 + 3)."""

CODE_LENGTH: Final = 12


def path_of(code: str, level: str) -> str:
    """The path of an official unit: the segments of its code, each followed by '/'.

    Everything below a path `p` is the half-open range `[p, path_end(p))`.

    >>> path_of("371002001001", "community")
    '37/10/02/001/001/'
    """
    ends = [CODE_ENDS[name] for name in OFFICIAL_LEVELS[: OFFICIAL_LEVELS.index(level) + 1]]
    return "".join(code[start:end] + "/" for start, end in zip([0, *ends], ends, strict=False))


def path_end(path: str) -> str:
    """The first path after everything below `path`: '0' is the character after '/'.

    >>> path_end("37/10/")
    '37/100'
    """
    return path[:-1] + "0"


def common_path(paths: Iterable[str]) -> str:
    """The path of the nearest unit above all of them, or one of them; "" if there is none.

    >>> common_path(["37/10/02/001/", "37/10/03/"]), common_path(["37/10/", "37/10/02/"])
    ('37/10/', '37/10/')
    """
    shared: list[str] = []
    for parts in zip(*(path.split("/")[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(part + "/" for part in shared)


def level_of(code: str) -> str:
    """The level of an official 12-digit code, told by its trailing zeros.

    >>> level_of("371002000000")
    'county'
    """
    for level, end in CODE_ENDS.items():
        if not code[end:].strip("0"):
            return level
    raise AssertionError("unreachable: a community code has no tail")


def read_regions(pack_dir: Path) -> pl.DataFrame:
    """All official units of a province in tree order (a parent stands before what is below it).

    Columns, all text: `code` (12 digits), `parent_code` (null for the province), `level` (one of
    `OFFICIAL_LEVELS`), `name`, `path`. Raises FileNotFoundError if the pack has no area tree.
    """
    packed = pl.read_csv(
        gzip.decompress((pack_dir / REGIONS_FILE).read_bytes()),
        schema={"code": pl.String, "name": pl.String},
    )
    code = pl.col("code")
    level = pl.lit("community")
    parent = code.str.slice(0, CODE_ENDS["street"]) + "000"
    starts = [0, *CODE_ENDS.values()]
    segments = [code.str.slice(a, b - a) for a, b in itertools.pairwise(starts)]
    path = pl.concat_str(segments, separator="/") + pl.lit("/")
    for name in reversed(OFFICIAL_LEVELS[:-1]):
        end = CODE_ENDS[name]
        is_level = code.str.slice(end) == "0" * (CODE_LENGTH - end)
        above = (
            CODE_ENDS[OFFICIAL_LEVELS[OFFICIAL_LEVELS.index(name) - 1]]
            if name != OFFICIAL_LEVELS[0]
            else 0
        )
        level = pl.when(is_level).then(pl.lit(name)).otherwise(level)
        parent = (
            pl.when(is_level)
            .then(code.str.slice(0, above).str.pad_end(CODE_LENGTH, "0") if above else None)
            .otherwise(parent)
        )
        # A level's path holds its own digits and one '/' per segment down to it.
        path = (
            pl.when(is_level)
            .then(path.str.slice(0, end + OFFICIAL_LEVELS.index(name) + 1))
            .otherwise(path)
        )
    return packed.select(
        "code", parent.alias("parent_code"), level.alias("level"), "name", path.alias("path")
    )


def read_counties(pack_dir: Path) -> dict[str, Any]:
    """County boundaries for maps: a GeoJSON FeatureCollection, longitude/latitude (CRS84).

    Each feature has `code`, `name`, `city_code`, `city_name` and the centre point `lon`, `lat`.
    Functional areas (development zones with a statistical code) have no polygon of their own.
    """
    text = gzip.decompress((pack_dir / COUNTIES_FILE).read_bytes())
    collection: dict[str, Any] = json.loads(text)
    return collection


@dataclass(frozen=True)
class FunctionalArea:
    """A functional area (功能区) that has no 统计用区划代码: a pack gives it a local one."""

    code: str
    name: str
    parent: str
    level: str
    source: str
    entry: Entry

    @property
    def segment(self) -> str:
        """What the code adds to its parent's."""
        end = CODE_ENDS[level_of(self.parent)]
        return self.code[end:]

    def error(self, message: str) -> PackError:
        return self.entry.error(message)


_LOCAL_SEGMENT = re.compile(r"[a-tvwyz][a-z0-9]{1,7}")


def read_functional(pack_dir: Path) -> list[FunctionalArea]:
    """The functional areas that a pack adds to the tree; none without the file.

    Raises `PackError` for an entry that is not sound: the code is the parent's digits followed by
    two to eight small letters or digits beginning with a letter (not u or x, which the tree gives
    itself), and each names its source.
    """
    path = pack_dir / FUNCTIONAL_FILE
    if not path.is_file():
        return []
    found = []
    entry = read_yaml(path, f"packs/{pack_dir.name}/{FUNCTIONAL_FILE}")
    for each in entry.table("areas")["areas"].items():
        facts = each.table("code name parent level source")
        area = FunctionalArea(
            code=facts["code"].text(),
            name=facts["name"].text(),
            parent=facts["parent"].text(),
            level=facts["level"].text(),
            source=facts["source"].text(),
            entry=each,
        )
        if not re.fullmatch(r"[0-9]{12}", area.parent) or area.level not in ("county", "street"):
            raise each.error("a functional area is a county or a street below a 12-digit code")
        stem = area.parent[: CODE_ENDS[level_of(area.parent)]]
        if not area.code.startswith(stem) or not _LOCAL_SEGMENT.fullmatch(area.segment):
            raise each.error(f"the code {area.code!r} is not {stem} and a few small letters")
        if OFFICIAL_LEVELS.index(area.level) != OFFICIAL_LEVELS.index(level_of(area.parent)) + 1:
            raise each.error(f"{area.parent} is not the level above a {area.level}")
        found.append(area)
    return found
