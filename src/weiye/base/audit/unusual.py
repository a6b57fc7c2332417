"""What in the log is worth a look: plain counts over a few days, each with its measure said.

None of it is an accusation: a roster day has many reveals, an emergency happens at night.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import ExtractHour, TruncDate

from weiye.base.scope.actor import Actor

from .models import AuditEntry
from .queries import entries
from .words import verbs_of

DAYS = 7
SHOWN = 20
NIGHT = (22, 6)


@dataclass(frozen=True)
class Row:
    day: date
    actor_id: int
    actor_name: str
    role: str
    count: int
    last: datetime


@dataclass(frozen=True)
class Unusual:
    """``verbs``: what the log is to be narrowed to in order to see the entries themselves."""

    key: str
    title: str
    measure: str
    verbs: tuple[str, ...]
    rows: list[Row]
    unit: str
    """What the counts are of: 次 (entries) or 人."""


@dataclass(frozen=True)
class _Check:
    key: str
    title: str
    measure: str
    verbs: tuple[str, ...]
    least: int
    narrow: Callable[[QuerySet[AuditEntry]], QuerySet[AuditEntry]] | None = None
    # What is counted; entries if not said.
    each: str = "id"


def _at_night(rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    begin, end = NIGHT
    return rows.alias(hour=ExtractHour("at")).filter(Q(hour__gte=begin) | Q(hour__lt=end))


_READS = ("person.read", "person.print", "person.reveal")
CHECKS = (
    _Check(
        "reveals",
        "一天看了很多人的完整号码或住址",
        "同一账号一天内查看过20人以上的完整身份证号、电话或住址",
        ("person.reveal",),
        20,
        each="person_id",
    ),
    _Check(
        "reads",
        "一天打开了很多人的页面",
        "同一账号一天内打开过100人以上的页面",
        ("person.read",),
        100,
        each="person_id",
    ),
    _Check(
        "night",
        "夜间查看居民信息",
        "晚上10点到早上6点之间打开、打印或查看居民信息，1次以上",
        _READS,
        1,
        _at_night,
    ),
    _Check("exports", "导出和下载", "每一次导出台账、下载文件都列出", (), 1),
    _Check(
        "refused",
        "多次被拒绝的访问",
        "同一账号一天内10次以上去看没有权限的内容",
        ("refused",),
        10,
    ),
    _Check(
        "sign-ins",
        "登录失败过多",
        "同一账号一天内登录失败、锁定期间再试共5次以上",
        ("signin.failure", "signin.refused", "signin.lockout", "signin.code.failure"),
        5,
    ),
    _Check(
        "emergency",
        "紧急查阅",
        "每一次紧急查阅都列出；事后须有人复核",
        ("emergency.claim", "emergency.read"),
        1,
    ),
)


def unusual(actor: Actor, *, since: datetime, shown: int = SHOWN) -> list[Unusual]:
    """Each check with the accounts and days that meet it, the most first; one query a check.

    Raises `NotAllowed` without ``audit.read``.
    """
    rows = entries(actor).filter(at__gte=since, actor_id__isnull=False)
    return [_found(check, rows, shown) for check in CHECKS]


def week_before(now: datetime) -> datetime:
    return now - timedelta(days=DAYS)


def _found(check: _Check, rows: QuerySet[AuditEntry], shown: int) -> Unusual:
    verbs = check.verbs or tuple(v for v in verbs_of("export") if v != "person.export")
    asked = rows.filter(verb__in=verbs)
    if check.narrow is not None:
        asked = check.narrow(asked)
    distinct = check.each != "id"
    found: QuerySet[Any, Any] = (
        asked.annotate(day=TruncDate("at"))
        .order_by()
        .values("day", "actor_id")
        .annotate(
            n=Count(check.each, distinct=distinct),
            last=Max("at"),
            name=Max("actor_name"),
            title=Max("role"),
        )
        .filter(n__gte=check.least)
        .order_by("-n", "-last", "actor_id")[:shown]
    )
    return Unusual(
        check.key,
        check.title,
        check.measure,
        verbs,
        [
            Row(row["day"], row["actor_id"], row["name"], row["title"], row["n"], row["last"])
            for row in found
        ],
        "人" if distinct else "次",
    )
