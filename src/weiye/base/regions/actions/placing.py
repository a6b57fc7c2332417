"""Where a unit lies: codes and paths, made anew, brought along, retired."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from weiye.base.scope.actor import below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import scoped_models

from ..models import Kind, Level, Unit, UnitPast
from ..reading import CODE_ENDS
from .checking import checked_class, checked_code, checked_name, code_stem, must_fit
from .loading import initials
from .step import RIGHT, Step, wrong

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Part:
    """A unit that comes out of another; ``children`` (ids) of that one go with it."""

    code: str
    name: str
    urban_rural: str = ""
    children: tuple[int, ...] = field(default=())


def next_code(parent: Unit, level: str, kind: str = "") -> str:
    """A free code for a unit that has no official one.

    >>> # 371002001001 + g01, g02 …; 3710 + gn01 for a functional area
    """
    short, width = {Level.GRID: ("g", 2), Level.BUILDING: ("b", 3)}.get(Level(level), ("gn", 2))
    if short == "gn" and kind == Kind.OFFICIAL:
        raise wrong("请填写12位统计用区划代码。", "code")
    stem = code_stem(parent) + short
    taken = set(Unit.objects.filter(code__startswith=stem).values_list("code", flat=True))
    number = 1
    while any(code.split("~")[0] == f"{stem}{number:0{width}}" for code in taken):
        number += 1
    return f"{stem}{number:0{width}}"


def create(now: Step, parent: Unit, level: str, part: Part, kind: Kind, day: date) -> Unit:
    now.actor.require(RIGHT, parent.path)
    must_fit(level, parent)
    code = checked_code(part.code.strip(), level, parent, None, kind)
    name = checked_name(part.name, level, parent, None)
    with connection.cursor() as cursor:
        # The path may hold the id, so the id comes first.
        cursor.execute("SELECT nextval(pg_get_serial_sequence('regions_unit', 'id'))")
        key = int(cursor.fetchone()[0])
    unit = Unit(
        id=key,
        code=code,
        name=name,
        level=level,
        parent=parent,
        kind=kind,
        urban_rural=checked_class(part.urban_rural),
        since=day,
        initials=initials(name),
    )
    unit.path = place(parent, code, unit)
    unit.save(force_insert=True)
    return unit


def bring(now: Step, child: Unit, parent: Unit) -> None:
    """Put a child below another parent of the same level as its own."""
    now.relocate(child, place(parent, child.code, child))
    child.parent = parent
    child.save(update_fields=["parent"])


def retire(now: Step, unit: Unit, taker: Unit) -> None:
    now.relocate(unit, f"{taker.path}x{base36(unit.pk)}/")
    unit.parent, unit.ended_on = taker, now.day
    unit.code = f"{unit.code}~{unit.pk}"
    unit.save(update_fields=["parent", "ended_on", "code"])
    now.touched(unit)


def place(parent: Unit, code: str, unit: Unit) -> str:
    """The path of a unit below a parent.

    The segment is what the code adds to the parent's, if the parent's own path is its code;
    otherwise one that no code can hold.
    """
    if not unit.is_open:
        return f"{parent.path}x{base36(unit.pk)}/"
    segment = ""
    stem = code_stem(parent)
    if parent.path.replace("/", "") == stem and code.startswith(stem):
        rest = code[len(stem) :]
        if unit.level in CODE_ENDS and code.isdigit():
            rest = rest[: CODE_ENDS[unit.level] - len(stem)]
        segment = rest.lower() if rest.isalnum() and rest.isascii() else ""
    # u…, x… are given by this function alone.
    path = f"{parent.path}{segment}/"
    if not segment or segment[0] in "ux" or _used(path, unit):
        return f"{parent.path}u{base36(unit.pk)}/"
    return path


def _used(path: str, unit: Unit) -> bool:
    """Whether the path is or ever was another unit's.

    What was only appended to there (the log) would lie in the range of whoever comes after, and
    rows left behind would be found no more. A unit may come back to a path of its own.
    """
    if path == unit.path:
        return False
    if Unit.objects.filter(path=path).exists():
        return True
    past = set(UnitPast.objects.filter(path=path).values_list("unit_id", flat=True))
    if past:
        return past != {unit.pk}
    lo, hi = below(path)
    with fence(system()):
        # A place that a unit had for less than a day is nowhere but in the log.
        return any(
            model._base_manager.filter(unit_path__gte=lo, unit_path__lt=hi).exists()
            for model in scoped_models()
            if model.fence_write == "append"
        )


def recode_below(now: Step, unit: Unit, old: str, new: str) -> None:
    """The codes below that began with the unit's old one."""
    if not (unit.level in CODE_ENDS and old.isdigit() and new.isdigit()):
        head, tail = old, new
    else:
        end = CODE_ENDS[unit.level]
        head, tail = old[:end], new[:end]
    rows = Unit.objects.below(unit.path).open().exclude(pk=unit.pk).filter(code__startswith=head)
    codes = [code for (code,) in rows.values_list("code")]
    if not codes:
        return
    clash = Unit.objects.filter(code__in=[tail + code[len(head) :] for code in codes])
    if found := clash.exclude(code__in=codes).first():
        raise wrong(f"下级单位的新代码{found.code}已由{found.name}使用。", "code")
    with connection.cursor() as cursor:
        lo, hi = unit.path, unit.path[:-1] + "0"
        cursor.execute(
            "UPDATE regions_unit SET code = %s || substr(code, %s) WHERE path > %s AND path < %s "
            "AND ended_on IS NULL AND code LIKE %s",
            [tail, len(head) + 1, lo, hi, head + "%"],
        )


def base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits
