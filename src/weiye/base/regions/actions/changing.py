"""What may be done to a unit: one function per verb.

All take the day from which the change holds (today or earlier, never before the last change of
what it touches), ask for ``units.edit`` at every unit touched, raise ``ValidationError`` with
Chinese sentences for what cannot be done, and return an `Outcome`. `preview` tries any of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from weiye.base.scope.actor import Actor, below, system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import scoped_models

from ..levels import LEVELS
from ..models import Kind, Level, Unit, UnitPast, UrbanRural, Verb
from ..reading import CODE_ENDS, CODE_LENGTH, level_of
from .loading import initials
from .step import RIGHT, Outcome, Step, step, wrong

# What a unit may stand below. A functional area stands where a county or a street does.
ABOVE = {
    Level.CITY: (Level.PROVINCE,),
    Level.COUNTY: (Level.CITY,),
    Level.STREET: (Level.COUNTY,),
    Level.COMMUNITY: (Level.STREET,),
    Level.GRID: (Level.COMMUNITY,),
    Level.BUILDING: (Level.COMMUNITY, Level.GRID),
}
_LOCAL_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{1,31}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Part:
    """A unit that comes out of another; ``children`` (ids) of that one go with it."""

    code: str
    name: str
    urban_rural: str = ""
    children: tuple[int, ...] = field(default=())


def amend(
    *,
    actor: Actor,
    unit: Unit,
    day: date,
    name: str | None = None,
    code: str | None = None,
    urban_rural: str | None = None,
) -> Outcome:
    """Give a unit another name, code or urban/rural class; None leaves it.

    With a county's or street's code those of the units below change that began with it.
    """
    with step(actor, day, Verb.AMEND, unit) as now:
        _open(unit)
        now.check_day(unit)
        was, detail = unit.path, {}
        new_name = unit.name if name is None else _name(name, unit.level, unit.parent, unit)
        new_code = unit.code if code is None else _code(code.strip(), unit.level, unit.parent, unit)
        new_class = unit.urban_rural if urban_rural is None else _class(urban_rural)
        for what, old, new in (
            ("name", unit.name, new_name),
            ("code", unit.code, new_code),
            ("urban_rural", unit.urban_rural, new_class),
        ):
            if old != new:
                detail[f"{what}_was"] = old
        if not detail:
            raise wrong("没有任何改动。")
        old_code = unit.code
        path = unit.path
        if new_code != unit.code and unit.parent is not None:
            # The place follows the code, so it is the parent's matter.
            actor.require(RIGHT, unit.parent.path)
            path = _place(unit.parent, new_code, unit)
        elif new_code != unit.code:
            raise wrong("最上级单位的代码不能改。", "code")
        now.relocate(unit, path)
        unit.name, unit.code, unit.urban_rural = new_name, new_code, new_class
        unit.initials = initials(new_name)
        unit.save(update_fields=["name", "code", "urban_rural", "initials"])
        if new_code != old_code:
            _recode_below(now, unit, old_code, new_code)
        now.touched(unit)
        now.log(unit, was, **detail)
    return now.outcome


def move(*, actor: Actor, unit: Unit, parent: Unit, day: date, code: str | None = None) -> Outcome:
    """Put a unit below another parent, with everything below it; ``code``: its code from then."""
    with step(actor, day, Verb.MOVE, unit, parent) as now:
        _open(unit)
        _open(parent, "parent")
        if parent.path.startswith(unit.path):
            raise wrong(f"不能把{unit.name}放到它自己或它的下级单位里。", "parent")
        if parent.pk == unit.parent_id:
            raise wrong(f"{unit.name}本来就在{parent.name}下面。", "parent")
        _fits(unit.level, parent)
        now.check_day(parent)
        now.check_day(unit, subtree=True)
        new_code = unit.code if code is None else _code(code.strip(), unit.level, parent, unit)
        _name(unit.name, unit.level, parent, unit)
        was, old_code = unit.path, unit.code
        detail: dict[str, object] = {"from": unit.parent_id, "to": parent.pk}
        now.relocate(unit, _place(parent, new_code, unit))
        unit.parent, unit.code = parent, new_code
        unit.save(update_fields=["parent", "code"])
        if new_code != old_code:
            _recode_below(now, unit, old_code, new_code)
            detail["code_was"] = old_code
        now.touched(unit)
        now.log(unit, was, **detail, rows=sum(now.outcome.rows.values()))
    return now.outcome


def merge(
    *, actor: Actor, units: Sequence[Unit], day: date, into: Unit | Part, parent: Unit | None = None
) -> Outcome:
    """Close units and let another of their level take their place, or a new one below ``parent``.

    What lay below them lies below it; rows that name them stay with their remnants, below it.
    """
    if not units:
        raise wrong("请选择要并入的单位。", "units")
    if isinstance(into, Part) and parent is None:
        raise wrong("请选择新单位属于哪个上级。", "parent")
    givers = list({unit.pk: unit for unit in units}.values())
    known = [unit for unit in (into, parent) if isinstance(unit, Unit)]
    with step(actor, day, Verb.MERGE, *givers, *known) as now:
        for unit in [*givers, *known]:
            _open(unit)
        if len({unit.level for unit in givers}) > 1:
            raise wrong("只能合并同一层级的单位。", "units")
        now.check_day(*known)
        for unit in givers:
            now.check_day(unit, subtree=True)
            _older(unit, day)
        if isinstance(into, Part):
            assert parent is not None
            _outside(parent, givers)
            taker = _create(now, parent, givers[0].level, into, Kind(givers[0].kind), day)
            taker.origins.set(givers)
        else:
            taker = into
            if taker.pk in {unit.pk for unit in givers}:
                raise wrong(f"{taker.name}不能并入它自己。", "into")
            if taker.level != givers[0].level:
                raise wrong("只能并入同一层级的单位。", "into")
            _older(taker, day)
        now.touched(taker)
        for unit in givers:
            for child in unit.children.order_by("path"):
                _bring(now, child, taker)
            _retire(now, unit, taker)
            now.log(unit, taker.path, into=taker.pk)
    return now.outcome


def split(
    *, actor: Actor, unit: Unit, day: date, parts: Sequence[Part], keep: bool = True
) -> Outcome:
    """Make new units out of one; it goes on with what is left, or (``keep=False``) is closed.

    Rows of what lies below go with it. Rows that name the unit itself stay with it; nobody knows
    to which part they belong. Of a closed one they stay with its remnant, below the first part.
    """
    if not parts or (not keep and len(parts) < 2):
        raise wrong("请至少填写一个分出的单位；原单位撤销的，至少两个。", "parts")
    with step(actor, day, Verb.SPLIT, unit, *([unit.parent] if unit.parent else [])) as now:
        _open(unit)
        parent = unit.parent
        if parent is None:
            raise wrong("最上级单位不能拆分。")
        _older(unit, day)
        now.check_day(unit, subtree=True)
        now.check_day(parent)
        children = {child.pk: child for child in unit.children.order_by("path")}
        wanted = [pk for part in parts for pk in part.children]
        if len(set(wanted)) < len(wanted):
            raise wrong("同一个下级单位只能分给一个新单位。", "parts")
        if not set(wanted) <= children.keys():
            raise wrong(f"有的下级单位不属于{unit.name}，请重新选择。", "parts")
        left = [c for c in children.values() if c.is_open and c.pk not in wanted]
        if not keep and left:
            rest = left[0].name
            raise wrong(f"{unit.name}撤销前，要把下级单位都分出去，还剩：{rest}等。", "parts")
        made = []
        for part in parts:
            new = _create(now, parent, unit.level, part, Kind(unit.kind), day)
            new.origins.set([unit])
            for pk in part.children:
                _bring(now, children[pk], new)
            now.touched(new)
            made.append(new)
        if keep:
            now.remember(unit)
            now.touched(unit)
        else:
            for child in unit.children.order_by("path"):
                _bring(now, child, made[0])
            _retire(now, unit, made[0])
        now.log(unit, unit.path, parts=[new.pk for new in made], closed=not keep)
    return now.outcome


def close(*, actor: Actor, unit: Unit, day: date) -> Outcome:
    """Close a unit that has nothing open below it; rows that name it stay, below its parent."""
    with step(actor, day, Verb.CLOSE, unit, *([unit.parent] if unit.parent else [])) as now:
        _open(unit)
        if unit.parent is None:
            raise wrong("最上级单位不能撤销。")
        child = unit.children.open().order_by("path").first()
        if child is not None:
            raise wrong(f"{unit.name}还有下级单位（{child.name}等），请先迁走、合并或撤销它们。")
        _older(unit, day)
        now.check_day(unit.parent)
        now.check_day(unit, subtree=True)
        was = unit.path
        _retire(now, unit, unit.parent)
        now.log(unit, was, rows=sum(now.outcome.rows.values()))
    return now.outcome


def reopen(
    *, actor: Actor, unit: Unit, day: date, parent: Unit | None = None, code: str | None = None
) -> Outcome:
    """Open a closed unit again, below its parent of before or another; its rows come with it."""
    before = unit.past.filter(closed=False).order_by("-during").first()
    home = parent or (before.parent if before else None)
    if unit.is_open or before is None or home is None:
        raise wrong(f"{unit.name}没有撤销，不用恢复。" if unit.is_open else "请选择上级单位。")
    with step(actor, day, Verb.REOPEN, unit, home) as now:
        _open(home, "parent")
        _fits(unit.level, home)
        now.check_day(home)
        now.check_day(unit, subtree=True)
        plain = unit.plain_code if code is None else code.strip()
        new_code = _code(plain, unit.level, home, unit)
        _name(unit.name, unit.level, home, unit)
        was = unit.path
        unit.ended_on = None
        now.relocate(unit, _place(home, new_code, unit))
        unit.code, unit.parent = new_code, home
        unit.save(update_fields=["code", "parent", "ended_on"])
        now.touched(unit)
        now.log(unit, was)
    return now.outcome


def add(
    *,
    actor: Actor,
    parent: Unit,
    level: str,
    name: str,
    day: date,
    code: str = "",
    kind: str = "",
    urban_rural: str = "",
) -> Outcome:
    """A new unit: an official one, a functional area, a grid or a building.

    Without a code it gets one of its own: ``g01``, ``b001``, … after the parent's code.
    """
    with step(actor, day, Verb.ADD, parent) as now:
        _open(parent, "parent")
        now.check_day(parent)
        if not kind:
            local = level in (Level.GRID, Level.BUILDING)
            kind = Kind.LOCAL if local else Kind.OFFICIAL
        part = Part(code.strip() or next_code(parent, level, kind), name, urban_rural)
        unit = _create(now, parent, level, part, Kind(kind), day)
        now.touched(unit)
        now.log(unit, unit.path, parent=parent.pk)
    return now.outcome


# Pieces ------------------------------------------------------------------------------------


def next_code(parent: Unit, level: str, kind: str = "") -> str:
    """A free code for a unit that has no official one.

    >>> # 371002001001 + g01, g02 …; 3710 + gn01 for a functional area
    """
    short, width = {Level.GRID: ("g", 2), Level.BUILDING: ("b", 3)}.get(Level(level), ("gn", 2))
    if short == "gn" and kind == Kind.OFFICIAL:
        raise wrong("请填写12位统计用区划代码。", "code")
    stem = _stem(parent) + short
    taken = set(Unit.objects.filter(code__startswith=stem).values_list("code", flat=True))
    number = 1
    while any(code.split("~")[0] == f"{stem}{number:0{width}}" for code in taken):
        number += 1
    return f"{stem}{number:0{width}}"


def _stem(unit: Unit) -> str:
    """The code without the zeros that stand for the levels below.

    >>> # 371000000000 → 3710
    """
    digits = unit.code.isdigit() and len(unit.code) == CODE_LENGTH and unit.level in CODE_ENDS
    return unit.code[: CODE_ENDS[unit.level]] if digits else unit.code


def _create(now: Step, parent: Unit, level: str, part: Part, kind: Kind, day: date) -> Unit:
    now.actor.require(RIGHT, parent.path)
    _fits(level, parent)
    code = _code(part.code.strip(), level, parent, None, kind)
    name = _name(part.name, level, parent, None)
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
        urban_rural=_class(part.urban_rural),
        since=day,
        initials=initials(name),
    )
    unit.path = _place(parent, code, unit)
    unit.save(force_insert=True)
    return unit


def _bring(now: Step, child: Unit, parent: Unit) -> None:
    """Put a child below another parent of the same level as its own."""
    now.relocate(child, _place(parent, child.code, child))
    child.parent = parent
    child.save(update_fields=["parent"])


def _retire(now: Step, unit: Unit, taker: Unit) -> None:
    now.relocate(unit, f"{taker.path}x{_base36(unit.pk)}/")
    unit.parent, unit.ended_on = taker, now.day
    unit.code = f"{unit.code}~{unit.pk}"
    unit.save(update_fields=["parent", "ended_on", "code"])
    now.touched(unit)


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


def _place(parent: Unit, code: str, unit: Unit) -> str:
    """The path of a unit below a parent.

    The segment is what the code adds to the parent's, if the parent's own path is its code;
    otherwise one that no code can hold.
    """
    if not unit.is_open:
        return f"{parent.path}x{_base36(unit.pk)}/"
    segment = ""
    stem = _stem(parent)
    if parent.path.replace("/", "") == stem and code.startswith(stem):
        rest = code[len(stem) :]
        if unit.level in CODE_ENDS and code.isdigit():
            rest = rest[: CODE_ENDS[unit.level] - len(stem)]
        segment = rest.lower() if rest.isalnum() and rest.isascii() else ""
    # u…, x… are given by this function alone.
    path = f"{parent.path}{segment}/"
    if not segment or segment[0] in "ux" or _used(path, unit):
        return f"{parent.path}u{_base36(unit.pk)}/"
    return path


def _recode_below(now: Step, unit: Unit, old: str, new: str) -> None:
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


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits


def _open(unit: Unit, at: str = "__all__") -> None:
    if not unit.is_open:
        raise wrong(f"{unit.name}已在{unit.ended_on:%Y-%m-%d}撤销。", at)


def _older(unit: Unit, day: date) -> None:
    if unit.since is not None and unit.since >= day:
        raise wrong(f"{unit.name}在{unit.since:%Y-%m-%d}才设立，生效日期要晚于这一天。", "day")


def _outside(parent: Unit, givers: Sequence[Unit]) -> None:
    for unit in givers:
        if parent.path.startswith(unit.path):
            raise wrong("新单位不能放在被合并的单位下面。", "parent")


def _fits(level: str, parent: Unit) -> None:
    if level not in LEVELS or parent.level not in ABOVE.get(Level(level), ()):
        shown = Level(level).label if level in LEVELS else level
        raise wrong(f"{shown}不能放在{parent.name}（{Level(parent.level).label}）下面。", "parent")


def _class(text: str) -> str:
    text = text.strip()
    if text and text not in UrbanRural.values:
        known = "、".join(UrbanRural.values)
        raise wrong(f"城乡分类代码“{text}”不对，应为{known}之一。", "urban_rural")
    return text


def _name(text: str, level: str, parent: Unit | None, unit: Unit | None) -> str:
    name = "".join(c for c in text if c.isprintable()).strip()
    if not name or len(name) > 100:
        raise wrong("请填写名称，不超过100个字。", "name")
    same = Unit.objects.open().filter(parent=parent, name=name)
    if unit is not None:
        same = same.exclude(pk=unit.pk)
    # Grids are called 第一网格 everywhere, and so may two of one community after a merger.
    if level in CODE_ENDS and same.exists():
        raise wrong(f"同一个上级下面已有“{name}”，请换一个名称。", "name")
    return name


def _code(
    code: str, level: str, parent: Unit | None, unit: Unit | None, kind: str | None = None
) -> str:
    """The code, if it may be the unit's. An official one nests in its parent's."""
    kind = kind or (unit.kind if unit else Kind.OFFICIAL)
    official = code.isascii() and code.isdigit() and len(code) == CODE_LENGTH
    if official and level in CODE_ENDS:
        if level_of(code) != level:
            shown = Level(level_of(code)).label
            raise wrong(f"代码{code}是{shown}的代码，不是{Level(level).label}的。", "code")
        # Below a functional area without a code of its own units keep the codes that they had.
        nests = parent is None or not parent.code.isdigit() or code.startswith(_stem(parent))
        if not nests and not (unit is not None and unit.plain_code == code):
            assert parent is not None
            raise wrong(f"代码{code}不在{parent.name}（{_stem(parent)}）之下。", "code")
    elif kind == Kind.OFFICIAL and level in CODE_ENDS:
        raise wrong("请填写12位统计用区划代码。", "code")
    elif not _LOCAL_CODE.fullmatch(code):
        raise wrong("代码只能用数字、字母和短横线，2到32位。", "code")
    other = Unit.objects.filter(code=code)
    if unit is not None:
        other = other.exclude(pk=unit.pk)
    if found := other.first():
        raise wrong(f"代码{code}已由{found.name}使用。", "code")
    return code
