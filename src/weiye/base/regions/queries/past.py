"""The tree as of a day, and today's rows sorted into it.

Rows name the unit that they belong to by today's path. `remap` says where those that lay elsewhere
on the day belonged: a figure of any table, grouped by ``unit_path``, becomes the figure of that
day's units by `Remap.figures`. What came into being later counts at what it came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from ..models import Unit, UnitPast
from ..reading import common_path

# A unit `u` with the version `p` that it had on a day, if another than today's.
COLUMNS = """
    u.id, coalesce(p.code, split_part(u.code, '~', 1)) AS code, coalesce(p.name, u.name) AS name,
    u.level, coalesce(p.path, u.path) AS path,
    CASE WHEN p.id IS NULL THEN u.parent_id ELSE p.parent_id END AS parent_id,
    coalesce(p.urban_rural, u.urban_rural) AS urban_rural, u.kind
"""


@dataclass(frozen=True)
class UnitOn:
    """A unit as it was on a day."""

    id: int
    code: str
    name: str
    level: str
    path: str
    parent_id: int | None
    urban_rural: str
    kind: str


def tree(day: date, *, path: str = "") -> list[UnitOn]:
    """All units in force on a day, as they were then, in the order of their paths.

    ``path``: those at or below that path of the day alone.
    """
    lo, hi = (path, path[:-1] + "0") if path else ("", "~")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT * FROM (
                SELECT {COLUMNS} FROM regions_unit u
                LEFT JOIN regions_unitpast p ON p.unit_id = u.id AND p.during @> %(day)s::date
                WHERE (u.since IS NULL OR u.since <= %(day)s)
                  AND CASE WHEN p.id IS NULL THEN u.ended_on IS NULL ELSE NOT p.closed END
            ) t WHERE path >= %(lo)s AND path < %(hi)s ORDER BY path
            """,  # noqa: S608
            {"day": day, "lo": lo, "hi": hi},
        )
        return [UnitOn(*row) for row in cursor.fetchall()]


def unit_on(unit: Unit, day: date) -> UnitOn | None:
    """The unit as it was on a day; None if it was not in force."""
    if unit.since is not None and unit.since > day:
        return None
    past = unit.past.filter(during__contains=day).first()
    if past is None:
        if not unit.is_open:
            return None
        facts = unit.plain_code, unit.name, unit.path, unit.parent_id, unit.urban_rural
    elif past.closed:
        return None
    else:
        facts = past.code, past.name, past.path, past.parent_id, past.urban_rural
    code, name, path, parent_id, urban_rural = facts
    return UnitOn(unit.pk, code, name, unit.level, path, parent_id, urban_rural, unit.kind)


@dataclass(frozen=True)
class Remap:
    """Today's paths → those of a day, where they differ."""

    day: date
    paths: Mapping[str, str]
    undivided: Mapping[str, str] = field(default_factory=dict)
    """Today's path → name of a unit merged later of several: its rows cannot be divided among them
    and count at the nearest unit that was above them all."""

    def path(self, now: str) -> str:
        return self.paths.get(now, now)

    def figures(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Counts by today's ``unit_path`` → counts by the path of the day's units."""
        found: Counter[str] = Counter()
        for now, number in counts.items():
            found[self.path(now)] += number
        return dict(found)


def rolled_up(figures: Mapping[str, int], paths: Iterable[str]) -> dict[str, int]:
    """For each of the paths what is counted there and below it."""
    wanted = set(paths)
    found = dict.fromkeys(wanted, 0)
    for path, number in figures.items():
        end = path.find("/")
        while end >= 0:
            if (above := path[: end + 1]) in wanted:
                found[above] += number
            end = path.find("/", end + 1)
    return found


def remap(day: date) -> Remap:
    """Where rows belonged on a day that lie elsewhere today. Costs two queries of what changed."""
    units, facts = _changed(day)
    if not units:
        return Remap(day, {})
    on: dict[int, str] = {}
    mixed: set[int] = set()

    def where(key: int, seen: frozenset[int] = frozenset()) -> str:
        if key in on:
            return on[key]
        now, then, later, parent, origins = facts[key]
        if not later:
            on[key] = then
        elif key in seen:  # the database allows it, the actions do not
            on[key] = now
        elif origins:
            found = [where(each, seen | {key}) for each in origins]
            on[key] = common_path(found)
            if len(set(found)) > 1 or any(each in mixed for each in origins):
                mixed.add(key)
        else:
            on[key] = where(parent, seen | {key}) if parent is not None else now
        return on[key]

    for key in units:
        where(key)
    paths = {facts[key][0]: on[key] for key in units if facts[key][0] != on[key]}
    names = dict(Unit.objects.filter(pk__in=mixed).values_list("path", "name"))
    return Remap(day, paths, names)


# id → path today, path on the day, whether it came later, its first parent, what it came from
_Facts = dict[int, tuple[str, str, bool, int | None, list[int]]]


def _changed(day: date) -> tuple[list[int], _Facts]:
    """The units that changed after the day, and what is known of them and of their forebears."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE changed AS (
                SELECT unit_id AS id FROM regions_unitpast WHERE during @> %(day)s::date
                UNION SELECT id FROM regions_unit WHERE since > %(day)s
            ), needed AS (
                SELECT id FROM changed
                UNION
                SELECT next.id FROM needed n
                JOIN regions_unit u ON u.id = n.id AND u.since > %(day)s
                CROSS JOIN LATERAL (
                    SELECT o.to_unit_id AS id FROM regions_unit_origins o
                    WHERE o.from_unit_id = u.id
                    UNION ALL SELECT u.parent_id
                    UNION ALL SELECT p.parent_id FROM regions_unitpast p WHERE p.unit_id = u.id
                ) next WHERE next.id IS NOT NULL
            )
            SELECT u.id, u.path, coalesce(p.path, u.path), coalesce(u.since > %(day)s, false),
                   coalesce((SELECT f.parent_id FROM regions_unitpast f WHERE f.unit_id = u.id
                             ORDER BY f.during LIMIT 1), u.parent_id),
                   ARRAY(SELECT o.to_unit_id FROM regions_unit_origins o
                         WHERE o.from_unit_id = u.id ORDER BY 1),
                   EXISTS (SELECT 1 FROM changed c WHERE c.id = u.id)
            FROM regions_unit u JOIN needed USING (id)
            LEFT JOIN regions_unitpast p ON p.unit_id = u.id AND p.during @> %(day)s::date
            ORDER BY u.id
            """,
            {"day": day},
        )
        rows = cursor.fetchall()
    return [row[0] for row in rows if row[6]], {row[0]: tuple(row[1:6]) for row in rows}


def history(unit: Unit) -> list[UnitPast]:
    """The unit's earlier versions, newest first."""
    return list(unit.past.select_related("parent").order_by("-during"))
