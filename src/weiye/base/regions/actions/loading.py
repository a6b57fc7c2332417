"""Changes to the tree of units."""

from functools import lru_cache
from pathlib import Path

import polars as pl
from django.db import connection, transaction
from pypinyin import Style, lazy_pinyin
from pypinyin.seg.mmseg import seg

from weiye.base.audit.actions import record
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor

from ..levels import LEVELS
from ..models import Kind, Unit, UnitPast
from ..reading import FunctionalArea, read_counties, read_functional, read_regions

_COPY = """
    COPY regions_unit (id, code, name, level, parent_id, path, initials, lon, lat, point_source,
                       synthetic, kind) FROM STDIN
"""


def initials(name: str) -> str:
    """The first letters of the name's pinyin, for searching.

    >>> initials("环翠区")
    'hcq'
    """
    # Word by word, which is how a whole name is read too: 64 000 names are made of 3 500 words.
    return "".join(map(_initials_of_word, seg.cut(name)))[:100]


@lru_cache(maxsize=8192)
def _initials_of_word(word: str) -> str:
    return "".join(lazy_pinyin(word, style=Style.FIRST_LETTER))


def load_official(*, actor: Actor, pack: Path) -> int:
    """Load a province's packed official units; returns how many are there.

    One transaction, so an interrupted load leaves nothing; a second call finds them and does
    nothing. County centres come with the boundaries' source, other units have no point.
    """
    actor.require("regions.load")
    units = read_regions(pack)
    with transaction.atomic(), connection.cursor() as cursor:
        # Two set-ups at once: the second waits here and then finds everything done.
        cursor.execute("LOCK TABLE regions_unit IN SHARE ROW EXCLUSIVE MODE")
        if Unit.objects.filter(code__in=[units["code"][0], units["code"][-1]]).count() == 2:
            return units.height
        centres = {
            feature["properties"]["code"]: feature["properties"]
            for feature in read_counties(pack)["features"]
        }
        ids = dict(zip(units["code"], bulk.reserve_ids(Unit, units.height), strict=True))
        with cursor.copy(_COPY) as copy:
            for code, parent, level, name, path in units.iter_rows():
                centre = centres.get(code)
                copy.write_row(
                    (
                        ids[code],
                        code,
                        name,
                        level,
                        ids[parent] if parent else None,
                        path,
                        initials(name),
                        centre["lon"] if centre else None,
                        centre["lat"] if centre else None,
                        "天地图" if centre else "",
                        False,
                        # The third pair of digits tells them from administrative divisions.
                        Kind.FUNCTIONAL if level == "county" and code[4] == "7" else Kind.OFFICIAL,
                    )
                )
        record(
            actor=actor,
            verb="regions.load",
            path=units["path"][0],
            detail={"units": units.height},
        )
    return units.height


def load_functional(*, actor: Actor, pack: Path) -> int:
    """Add the functional areas without a statistical code that a pack names; returns how many.

    A second call finds them and does nothing; one that has been closed or renamed stays so. Raises
    `PackError` for a pack that names an unknown parent.
    """
    actor.require("regions.load")
    added = 0
    with transaction.atomic():
        for area in read_functional(pack):
            added += _add_functional(actor, area)
    return added


def _add_functional(actor: Actor, area: FunctionalArea) -> int:
    parent = Unit.objects.filter(code=area.parent).first()
    if parent is None:
        raise area.error(f"no unit has the code {area.parent}")
    path = f"{parent.path}{area.segment}/"
    if Unit.objects.filter(path=path).exists() or UnitPast.objects.filter(path=path).exists():
        return 0
    unit = Unit.objects.create(
        code=area.code,
        name=area.name,
        level=area.level,
        parent=parent,
        path=path,
        kind=Kind.FUNCTIONAL,
        initials=initials(area.name),
    )
    record(
        actor=actor,
        verb="unit.add",
        path=path,
        thing=unit,
        detail={"code": area.code, "name": area.name, "source": area.source},
    )
    return 1


def add_local_units(*, actor: Actor, parent: Unit, rows: pl.DataFrame) -> list[Unit]:
    """Add grids or buildings: columns code, name, level, path, lon, lat, synthetic.

    Existing codes are left as they are. ``path`` must lie below the parent's.
    """
    actor.require("units.edit", parent.path)
    units = [
        Unit(
            parent=parent,
            kind=Kind.LOCAL,
            initials=initials(row["name"]),
            point_source="demonstration",
            **row,
        )
        for row in rows.iter_rows(named=True)
    ]
    for unit in units:
        if unit.level not in LEVELS[5:] or not unit.path.startswith(parent.path):
            raise ValueError(f"{unit.code} is no grid or building below {parent.code}")
    with transaction.atomic():
        Unit.objects.bulk_create(units, ignore_conflicts=True)
        record(
            actor=actor,
            verb="regions.add_local",
            path=parent.path,
            thing=parent,
            detail={"units": len(units)},
        )
    return list(Unit.objects.filter(code__in=[unit.code for unit in units]))


def set_points(*, actor: Actor, points: pl.DataFrame, source: str) -> int:
    """Give units without a point one: columns code, lon, lat (WGS 84). Returns how many got one.

    A point that somebody set before stays.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        lo, hi = actor.range
        actor.require("units.edit")
        cursor.execute(
            """
            UPDATE regions_unit u SET lon = p.lon, lat = p.lat, point_source = %s
            FROM unnest(%s::text[], %s::float8[], %s::float8[]) AS p (code, lon, lat)
            WHERE u.code = p.code AND u.lon IS NULL AND u.path >= %s AND u.path < %s
            """,
            [source, *(points[name].to_list() for name in ("code", "lon", "lat")), lo, hi],
        )
        count = int(cursor.rowcount)
        if count:
            record(
                actor=actor,
                verb="regions.set_points",
                path=actor.path,
                detail={"units": count, "source": source},
            )
    return count
