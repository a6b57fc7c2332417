"""What a unit may be: level, name, code, class and day; ``ValidationError`` for what it may not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ..levels import LEVELS
from ..models import Kind, Level, Unit, UrbanRural
from ..reading import CODE_ENDS, CODE_LENGTH, level_of
from .step import wrong

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


def code_stem(unit: Unit) -> str:
    """The code without the zeros that stand for the levels below.

    >>> # 371000000000 → 3710
    """
    digits = unit.code.isdigit() and len(unit.code) == CODE_LENGTH and unit.level in CODE_ENDS
    return unit.code[: CODE_ENDS[unit.level]] if digits else unit.code


def must_be_open(unit: Unit, at: str = "__all__") -> None:
    if not unit.is_open:
        raise wrong(f"{unit.name}已在{unit.ended_on:%Y-%m-%d}撤销。", at)


def must_be_older(unit: Unit, day: date) -> None:
    if unit.since is not None and unit.since >= day:
        raise wrong(f"{unit.name}在{unit.since:%Y-%m-%d}才设立，生效日期要晚于这一天。", "day")


def must_lie_outside(parent: Unit, givers: Sequence[Unit]) -> None:
    for unit in givers:
        if parent.path.startswith(unit.path):
            raise wrong("新单位不能放在被合并的单位下面。", "parent")


def must_fit(level: str, parent: Unit) -> None:
    if level not in LEVELS or parent.level not in ABOVE.get(Level(level), ()):
        shown = Level(level).label if level in LEVELS else level
        raise wrong(f"{shown}不能放在{parent.name}（{Level(parent.level).label}）下面。", "parent")


def checked_class(text: str) -> str:
    text = text.strip()
    if text and text not in UrbanRural.values:
        known = "、".join(UrbanRural.values)
        raise wrong(f"城乡分类代码“{text}”不对，应为{known}之一。", "urban_rural")
    return text


def checked_name(text: str, level: str, parent: Unit | None, unit: Unit | None) -> str:
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


def checked_code(
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
        nests = parent is None or not parent.code.isdigit() or code.startswith(code_stem(parent))
        if not nests and not (unit is not None and unit.plain_code == code):
            assert parent is not None
            raise wrong(f"代码{code}不在{parent.name}（{code_stem(parent)}）之下。", "code")
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
