"""Why a pair is *not* in a list: every hard condition it fails, in words.

Written in plain Python from the contract, apart from the kernel; the tests hold both to agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.engine.matching.kernel import DETOUR, EARTH_RADIUS, METRES_PER_MINUTE
from weiye.engine.matching.reasons import hours_text
from weiye.engine.matching.schema import ALL_HOURS, EDUCATION_LEVELS

EDUCATION_NAMES = {6: "研究生", 5: "本科", 4: "专科", 3: "高中或中职", 2: "初中", 1: "小学"}


@dataclass(frozen=True)
class Hindrance:
    """One failed condition: `constraint` is one of open, openings, age, education, hours,
    accessible, wage, walk, place; `sentence` is for people."""

    constraint: str
    sentence: str


def why_not(person: Mapping[str, Any], vacancy: Mapping[str, Any], as_of: date) -> list[Hindrance]:
    """The conditions that stand between this person and this vacancy; empty if it fits.

    Both mappings are rows of the tables (absent = null). Someone who fits may still not see a
    vacancy: others rank above it.
    """
    checks = (_open, _age, _education, _hours, _accessible, _wage, _way)
    found = (check(_Row(person), _Row(vacancy), as_of) for check in checks)
    return [hindrance for one in found for hindrance in one]


class _Row:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)


def _open(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    found = []
    if job.posted_on is None or job.posted_on > as_of:
        found.append(Hindrance("open", "岗位还没有发布"))
    elif job.expires_on is not None and job.expires_on < as_of:
        found.append(Hindrance("open", f"岗位已于{job.expires_on.isoformat()}到期"))
    if (job.openings or 0) < 1:
        found.append(Hindrance("openings", "岗位已经招满"))
    return found


def _age(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    low, high = job.min_age, job.max_age
    if low is None and high is None:
        return []
    asked = (
        f"{low}岁以上" if high is None else f"{high}岁以下" if low is None else f"{low}–{high}岁"
    )
    born = person.birth_date
    if born is None:
        return [Hindrance("age", f"岗位要求{asked}，出生日期没有登记")]
    age = as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
    if (low is not None and age < low) or (high is not None and age > high):
        return [Hindrance("age", f"岗位要求{asked}，现在{age}岁")]
    return []


def _level(code: int | None) -> int | None:
    return None if code is None else EDUCATION_LEVELS.get(int(str(code)[0]))


def _education(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    if job.min_education is None:
        return []
    asked, has = _level(job.min_education), _level(person.education)
    if asked is None:
        return [Hindrance("education", "岗位的学历要求写得不对")]
    if has is None:
        level = EDUCATION_NAMES.get(asked, "其他")
        return [Hindrance("education", f"岗位要求{level}学历，学历没有登记")]
    if has < asked:
        return [Hindrance("education", f"岗位要求{EDUCATION_NAMES[asked]}及以上学历")]
    return []


def _hours(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    lacking = (job.hours or 0) & ALL_HOURS & ~(person.hours or 0)
    return [Hindrance("hours", f"岗位需要{hours_text(lacking)}，这些时间没有空")] if lacking else []


def _accessible(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    if person.needs_accessible and not job.accessible:
        return [Hindrance("accessible", "需要无障碍条件，岗位没有")]
    return []


def _wage(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    wish, most = person.min_wage, job.wage_max
    if wish is not None and most is not None and most < wish:
        return [Hindrance("wage", f"工资最高{most:g}元，低于期望{wish:g}元")]
    return []


def _way(person: _Row, job: _Row, as_of: date) -> list[Hindrance]:
    if job.remote:
        return []
    here, there = _point(person), _point(job)
    if here is None or there is None:
        if person.unit is not None and person.unit == job.unit:
            return []
        who = "居民" if here is None else "岗位"
        return [Hindrance("place", f"{who}的位置没有登记，只能看远程岗位和本社区的岗位")]
    minutes = _metres(here, there) * DETOUR / METRES_PER_MINUTE
    limit = person.max_walk_minutes
    if limit is not None and minutes > limit:
        return [Hindrance("walk", f"走路约{minutes:.0f}分钟，超过能走的{limit:g}分钟")]
    return []


def _point(row: _Row) -> tuple[float, float] | None:
    lon, lat = row.lon, row.lat
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    return math.radians(lon), math.radians(lat)


def _metres(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Haversine."""
    half = (
        math.sin((there[1] - here[1]) / 2) ** 2
        + math.cos(here[1]) * math.cos(there[1]) * math.sin((there[0] - here[0]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(1.0, half)))
