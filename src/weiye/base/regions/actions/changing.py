"""What may be done to a unit: one function per verb.

All take the day from which the change holds (today or earlier, never before the last change of
what it touches), ask for ``units.edit`` at every unit touched, raise ``ValidationError`` with
Chinese sentences for what cannot be done, and return an `Outcome`. `preview` tries any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from weiye.base.scope.actor import Actor

from ..models import Kind, Level, Unit, Verb
from .checking import (
    checked_class,
    checked_code,
    checked_name,
    must_be_older,
    must_be_open,
    must_fit,
    must_lie_outside,
)
from .loading import initials
from .placing import Part, bring, create, next_code, place, recode_below, retire
from .step import RIGHT, Outcome, step, wrong


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
        must_be_open(unit)
        now.check_day(unit)
        was, detail = unit.path, {}
        new_name = unit.name if name is None else checked_name(name, unit.level, unit.parent, unit)
        new_code = (
            unit.code if code is None else checked_code(code.strip(), unit.level, unit.parent, unit)
        )
        new_class = unit.urban_rural if urban_rural is None else checked_class(urban_rural)
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
            path = place(unit.parent, new_code, unit)
        elif new_code != unit.code:
            raise wrong("最上级单位的代码不能改。", "code")
        now.relocate(unit, path)
        unit.name, unit.code, unit.urban_rural = new_name, new_code, new_class
        unit.initials = initials(new_name)
        unit.save(update_fields=["name", "code", "urban_rural", "initials"])
        if new_code != old_code:
            recode_below(now, unit, old_code, new_code)
        now.touched(unit)
        now.log(unit, was, **detail)
    return now.outcome


def move(*, actor: Actor, unit: Unit, parent: Unit, day: date, code: str | None = None) -> Outcome:
    """Put a unit below another parent, with everything below it; ``code``: its code from then."""
    with step(actor, day, Verb.MOVE, unit, parent) as now:
        must_be_open(unit)
        must_be_open(parent, "parent")
        if parent.path.startswith(unit.path):
            raise wrong(f"不能把{unit.name}放到它自己或它的下级单位里。", "parent")
        if parent.pk == unit.parent_id:
            raise wrong(f"{unit.name}本来就在{parent.name}下面。", "parent")
        must_fit(unit.level, parent)
        now.check_day(parent)
        now.check_day(unit, subtree=True)
        new_code = (
            unit.code if code is None else checked_code(code.strip(), unit.level, parent, unit)
        )
        checked_name(unit.name, unit.level, parent, unit)
        was, old_code = unit.path, unit.code
        detail: dict[str, object] = {"from": unit.parent_id, "to": parent.pk}
        now.relocate(unit, place(parent, new_code, unit))
        unit.parent, unit.code = parent, new_code
        unit.save(update_fields=["parent", "code"])
        if new_code != old_code:
            recode_below(now, unit, old_code, new_code)
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
            must_be_open(unit)
        if len({unit.level for unit in givers}) > 1:
            raise wrong("只能合并同一层级的单位。", "units")
        now.check_day(*known)
        for unit in givers:
            now.check_day(unit, subtree=True)
            must_be_older(unit, day)
        if isinstance(into, Part):
            assert parent is not None
            must_lie_outside(parent, givers)
            taker = create(now, parent, givers[0].level, into, Kind(givers[0].kind), day)
            taker.origins.set(givers)
        else:
            taker = into
            if taker.pk in {unit.pk for unit in givers}:
                raise wrong(f"{taker.name}不能并入它自己。", "into")
            if taker.level != givers[0].level:
                raise wrong("只能并入同一层级的单位。", "into")
            must_be_older(taker, day)
        now.touched(taker)
        for unit in givers:
            for child in unit.children.order_by("path"):
                bring(now, child, taker)
            retire(now, unit, taker)
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
        must_be_open(unit)
        parent = unit.parent
        if parent is None:
            raise wrong("最上级单位不能拆分。")
        must_be_older(unit, day)
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
            new = create(now, parent, unit.level, part, Kind(unit.kind), day)
            new.origins.set([unit])
            for pk in part.children:
                bring(now, children[pk], new)
            now.touched(new)
            made.append(new)
        if keep:
            now.remember(unit)
            now.touched(unit)
        else:
            for child in unit.children.order_by("path"):
                bring(now, child, made[0])
            retire(now, unit, made[0])
        now.log(unit, unit.path, parts=[new.pk for new in made], closed=not keep)
    return now.outcome


def close(*, actor: Actor, unit: Unit, day: date) -> Outcome:
    """Close a unit that has nothing open below it; rows that name it stay, below its parent."""
    with step(actor, day, Verb.CLOSE, unit, *([unit.parent] if unit.parent else [])) as now:
        must_be_open(unit)
        if unit.parent is None:
            raise wrong("最上级单位不能撤销。")
        child = unit.children.open().order_by("path").first()
        if child is not None:
            raise wrong(f"{unit.name}还有下级单位（{child.name}等），请先迁走、合并或撤销它们。")
        must_be_older(unit, day)
        now.check_day(unit.parent)
        now.check_day(unit, subtree=True)
        was = unit.path
        retire(now, unit, unit.parent)
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
        must_be_open(home, "parent")
        must_fit(unit.level, home)
        now.check_day(home)
        now.check_day(unit, subtree=True)
        plain = unit.plain_code if code is None else code.strip()
        new_code = checked_code(plain, unit.level, home, unit)
        checked_name(unit.name, unit.level, home, unit)
        was = unit.path
        unit.ended_on = None
        now.relocate(unit, place(home, new_code, unit))
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
        must_be_open(parent, "parent")
        now.check_day(parent)
        if not kind:
            local = level in (Level.GRID, Level.BUILDING)
            kind = Kind.LOCAL if local else Kind.OFFICIAL
        part = Part(code.strip() or next_code(parent, level, kind), name, urban_rural)
        unit = create(now, parent, level, part, Kind(kind), day)
        now.touched(unit)
        now.log(unit, unit.path, parent=parent.pk)
    return now.outcome
