"""The groups: what each means and where that stands, and who has entered or left them."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from weiye.base.packs import Pack
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor
from weiye.engine.rules import TO_CONFIRM, Clause, Rule
from weiye.services.assistance.jurisdiction import figures_of, pack_of
from weiye.services.assistance.queries import changes

from ...components.lists import ListPage
from ...components.params import typed
from ..desk import actor_of
from ..group_lists import changes_spec

FAMILIES = {
    "两低两高": "“社区微业”行动的重点人群",
    "援助台账": "纳入社区就业援助台账的人员",
    "认定": "由县级认定；符合条件的人还要提出申请，认定后才享受相应政策",
    "重点群体": "培训、微工厂等服务的重点人群，不等于援助对象",
}
# 14 days of bars tell the rhythm; older days are in the list below them.
SHOWN_DAYS = timedelta(days=13)
LOOKED_BACK = timedelta(days=364)


@dataclass(frozen=True)
class Figure:
    """A dated figure that a definition uses, as it is today."""

    text: str
    value: str
    to_confirm: bool


@dataclass(frozen=True)
class Line:
    """One clause as shown; ``parts`` of which one must be met."""

    text: str
    source: str
    to_confirm: bool
    off: bool
    parts: "list[Line]" = field(default_factory=list)


@dataclass(frozen=True)
class Definition:
    rule: Rule
    people: int | None
    lines: list[Line]
    figures: list[Figure]
    visits: str

    @property
    def to_confirm(self) -> bool:
        """The definition as a whole; single clauses and figures bear marks of their own."""
        return self.rule.status == TO_CONFIRM


@right("people.list")
@require_safe
def groups(request: HttpRequest) -> HttpResponse:
    """群体口径: every group's definition, its source, and how many people here are in it."""
    actor = actor_of(request)
    day = timezone.localdate()
    pack = pack_of(actor.path, day)
    people = changes.members_by_group(actor)
    families = [
        (
            name,
            lead,
            [_defined(r, pack, day, actor, people.get(r.id, 0)) for r in rules],
        )
        for name, lead in FAMILIES.items()
        if (rules := [rule for rule in pack.groups if rule.family == name])
    ]
    context = {
        "families": families,
        "scopes": [_defined(rule, pack, day, actor, None) for rule in pack.scope_rules()],
        "pack": pack,
        "day": day,
    }
    return render(request, "community/groups.html", context)


def _defined(rule: Rule, pack: Pack, day: date, actor: Actor, people: int | None) -> Definition:
    intervals = [
        visit
        for visit in pack.visits.values()
        if visit.in_force(day) and rule.id in (visit.group, visit.scope)
    ]
    shortest = min((visit.days for visit in intervals), default=None)
    return Definition(
        rule,
        people,
        [_line(clause, day) for clause in rule.clauses],
        [Figure(*found) for found in figures_of(rule, pack, actor.path, day)],
        f"每{shortest}天走访一次（待确认）" if shortest else "",
    )


def _line(clause: Clause, day: date) -> Line:
    return Line(
        clause.text,
        clause.source,
        clause.status == TO_CONFIRM,
        not clause.in_force(day),
        [_line(part, day) for part in clause.parts],
    )


def changes_page(actor: Actor, params: QueryDict) -> tuple[ListPage, date, date]:
    """The list of changes as asked for: one day, or all of the last year."""
    today = timezone.localdate()
    first, last = today - LOOKED_BACK, today
    if (day := _day(params)) is not None:
        first = last = day
    rows = changes.stays_changed(actor, first, last)
    pack = pack_of(actor.path)
    spec = changes_spec(pack, first=first, last=last, today=today, path=actor.path)
    return ListPage(spec, rows, params, actor), first, last


def _day(params: QueryDict) -> date | None:
    try:
        return date.fromisoformat(typed(params, "day", 10))
    except ValueError:
        return None


@right("people.list")
@require_safe
def group_changes(request: HttpRequest) -> HttpResponse:
    """Who entered and left which group, day by day, and why."""
    actor = actor_of(request)
    page, first, last = changes_page(actor, request.GET)
    today = timezone.localdate()
    context: dict[str, Any] = {
        "list": page,
        "one_day": first if first == last else None,
        "days": changes.by_day(actor, today - SHOWN_DAYS, today),
        "today": today,
    }
    return render(request, "community/group_changes.html", context)


def changes_list(actor: Actor, params: QueryDict) -> ListPage:
    """The list alone, for an export."""
    return changes_page(actor, params)[0]
