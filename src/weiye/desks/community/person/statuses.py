"""Statuses and registrations over the years, and on any day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weiye.registers.people.models import EmploymentStatus, PeriodKind, StatusPeriod

from ...components.params import typed
from ...components.spans import Lane, Span, SpanLine
from .asked import Asked

TONES = {
    EmploymentStatus.EMPLOYED: "green",
    EmploymentStatus.FLEXIBLE: "blue",
    EmploymentStatus.UNEMPLOYED: "amber",
}
SHOWN = 6


@dataclass(frozen=True)
class OnDay:
    """What held on a day, of one kind."""

    kind: str
    words: str
    since: date | None
    source: str


def statuses_of(asked: Asked) -> Mapping[str, Any]:
    periods = asked.found.periods
    day, complaint = _day(asked)
    lanes = []
    for kind in PeriodKind:
        spans = [_span(period) for period in reversed(periods) if period.kind == kind]
        if spans or kind == PeriodKind.EMPLOYMENT:
            lanes.append(Lane(str(kind.label), spans))
    line = SpanLine(_told(asked), lanes, upto=asked.day, marked=day) if periods else None
    return {
        "line": line,
        "periods": periods[:SHOWN],
        "earlier": periods[SHOWN:],
        "on": day,
        "complaint": complaint,
        "today": asked.day,
        "held": [_held(periods, kind, day) for kind in PeriodKind] if day else [],
    }


def _day(asked: Asked) -> tuple[date | None, str]:
    """The past day asked for, and what is wrong with it."""
    text = typed(asked.params, "on", 10)
    if not text:
        return None, ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "请按“年-月-日”填写日期，例如 2025-06-30。"
    if day > asked.day:
        return None, "日期不能晚于今天：以后的状态还不知道。"
    return day, ""


def _span(period: StatusPeriod) -> Span:
    label = period.status or str(period.get_kind_display())
    tone = TONES.get(EmploymentStatus(period.status), "") if period.status else "blue"
    during = period.during
    return Span(label, during.lower, during.upper, tone, period.start_known)


def _held(periods: list[StatusPeriod], kind: PeriodKind, day: date) -> OnDay:
    for period in periods:
        ended = period.during.upper is not None and period.during.upper <= day
        if period.kind == kind and period.during.lower <= day and not ended:
            since = period.during.lower if period.start_known else None
            return OnDay(str(kind.label), period.status or "已登记", since, period.source)
    none = "没有记录" if kind == PeriodKind.EMPLOYMENT else "没有登记"
    return OnDay(str(kind.label), none, None, "")


def _told(asked: Asked) -> str:
    """The drawing in one sentence, for who cannot see it."""
    status = asked.found.employment_status or "就业状态未登记"
    kinds = len(asked.found.periods)
    return f"就业状态和登记随时间的变化，共{kinds}段，目前：{status}。下面的列表逐段写明。"
