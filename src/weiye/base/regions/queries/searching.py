"""Finding a unit by what somebody types: a code, a name or a part of it, pinyin initials."""

from dataclasses import dataclass

from weiye.base.scope.actor import Actor

from ..models import Unit
from .places import trail

LONGEST = 40


@dataclass(frozen=True)
class Found:
    """A unit, the names above it in one line, and the former name that was found, if it was one."""

    unit: Unit
    within: str
    formerly: str = ""


def search(
    text: str,
    *,
    levels: tuple[str, ...] = (),
    area: tuple[str, str] | None = None,
    limit: int = 20,
    closed: bool = False,
) -> list[Unit]:
    """Units whose code or pinyin initials begin with the text or whose name holds it.

    In this order: the very code or name, what begins with it, what holds it; of each the first in
    the tree, the highest before the others. ``area``: a half-open range of paths; ``closed``:
    closed units and former names too.
    """
    return _search(text, levels, area, limit, closed)


def search_with_places(
    text: str,
    *,
    levels: tuple[str, ...] = (),
    area: tuple[str, str] | None = None,
    limit: int = 20,
    closed: bool = False,
) -> list[Found]:
    """As `search`, each with the names above it."""
    units = _search(text, levels, area, limit, closed)
    above = trail(units)
    found = []
    for unit in units:
        former: str = unit.former  # type: ignore[attr-defined]
        found.append(Found(unit, above[unit.pk], former if former != unit.name else ""))
    return found


def suggest(
    text: str, *, actor: Actor | None = None, levels: tuple[str, ...] = (), limit: int = 10
) -> list[Found]:
    """Units in force to choose from, within the actor's area if one is given."""
    return search_with_places(text, levels=levels, area=actor.range if actor else None, limit=limit)


def _search(
    text: str,
    levels: tuple[str, ...],
    area: tuple[str, str] | None,
    limit: int,
    closed: bool,
) -> list[Unit]:
    """The units, each with the former name that was found, if it was one, as ``former``."""
    text = "".join(text.split())[:LONGEST].replace("\0", "")
    if not text:
        return []
    where = "" if closed else " AND u.ended_on IS NULL"
    if levels:
        where += " AND u.level = ANY(%(levels)s)"
    if area:
        where += " AND u.path >= %(lo)s AND u.path < %(hi)s"
    ways = _ways(text, closed)
    # Each way stops at the limit by itself: a common syllable never sorts the whole tree. Codes
    # come in the order of their index, which is that of the tree.
    parts = [
        f"(SELECT u.id, {rank} AS rank, {former} AS former, u.path FROM {source} "  # noqa: S608
        f"WHERE {condition}{where} "
        f"ORDER BY {'u.code USING ~<~' if condition == _CODE else 'u.path'} LIMIT %(limit)s)"
        for rank, (source, condition, former) in enumerate(ways)
    ]
    lo, hi = area or ("", "")
    return list(
        Unit.objects.raw(
            "SELECT u.*, t.former FROM (SELECT DISTINCT ON (id) id, rank, former, path "  # noqa: S608
            f"FROM ({' UNION ALL '.join(parts)}) all_ways ORDER BY id, rank) t "
            "JOIN regions_unit u ON u.id = t.id ORDER BY t.rank, "
            "length(t.path) - length(replace(t.path, '/', '')), t.path LIMIT %(limit)s",
            {
                "text": text,
                "lower": text.lower(),
                "prefix": _like(text) + "%",
                "initials": _like(text.lower()) + "%",
                "holds": f"%{_like(text)}%",
                "grams": grams(text),
                "levels": list(levels),
                "lo": lo,
                "hi": hi,
                "limit": limit,
            },
        )
    )


def _ways(text: str, closed: bool) -> list[tuple[str, str, str]]:
    """(tables, condition, former name) of each way to find a unit, best first."""
    unit = "regions_unit u"
    if text.isascii():
        ways = [
            (unit, "u.code = %(lower)s", "''"),
            (unit, "u.initials = %(lower)s", "''"),
            (unit, _CODE, "''"),
            (unit, "u.initials LIKE %(initials)s", "''"),
        ]
        # 3520社区 is a name.
        ways.append((unit, _HOLDS.format("u"), "''"))
        return ways
    ways = [
        (unit, "u.name = %(text)s", "''"),
        (unit, "u.name LIKE %(prefix)s", "''"),
        (unit, _HOLDS.format("u"), "''"),
    ]
    if closed:
        past = "regions_unitpast p JOIN regions_unit u ON u.id = p.unit_id"
        ways.append((past, _HOLDS.format("p"), "p.name"))
    return ways


_CODE = "u.code LIKE %(prefix)s"
_HOLDS = "weiye_grams({0}.name) @> %(grams)s::text[] AND {0}.name LIKE %(holds)s"


def grams(text: str) -> list[str]:
    """The pairs of neighbouring characters, or the only one.

    >>> grams("环翠区"), grams("王")
    (['环翠', '翠区'], ['王'])
    """
    return [text[n : n + 2] for n in range(len(text) - 1)] or [text]


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
