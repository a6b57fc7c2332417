"""The lists of group changes and of visits."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from weiye.base.packs import Pack
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.services.assistance import queries as assistance
from weiye.services.assistance.models import GroupMembership, VisitDue
from weiye.services.assistance.queries.changes import why_of
from weiye.services.assistance.queries.today import place_name
from weiye.services.assistance.visits import queries as visits

from ..components.lists import Choice, Column, ListSpec, Search

Rows = QuerySet[Any]
WEEK = timedelta(days=6)


def changes_spec(pack: Pack, *, first: date, last: date, today: date, path: str) -> ListSpec:
    """Memberships that began or ended between two days; one that did both shows its end."""

    def left(stay: GroupMembership) -> bool:
        return stay.left_on is not None and first <= stay.left_on <= last

    def what(stay: GroupMembership) -> SafeString:
        words, tone = ("退出", "") if left(stay) else ("进入", " wy-badge-green")
        return format_html('<span class="wy-badge{}">{}</span>', tone, words)

    def name(stay: GroupMembership) -> SafeString:
        url = reverse("community:person", args=[stay.person_id])
        return format_html('<a href="{}">{}</a>', url, stay.person.name)

    def group(stay: GroupMembership) -> SafeString:
        mark = (
            SafeString(' <span class="wy-badge wy-badge-amber">口径待确认</span>')
            if stay.to_confirm
            else SafeString("")
        )
        url = reverse("community:groups")
        link = '<a class="wy-item-title" href="{}#{}">{}</a>{}'
        return format_html(link, url, stay.group, stay.group, mark)

    def between(rows: Rows, days: int) -> Rows:
        since = today - timedelta(days=days - 1)
        return rows.filter(Q(found_on__gte=since) | Q(left_on__gte=since))

    kinds: dict[str, Callable[[Rows], Rows]] = {
        "joined": lambda rows: rows.filter(found_on__gte=first, found_on__lte=last),
        "left": lambda rows: rows.filter(left_on__gte=first, left_on__lte=last),
    }
    return ListSpec(
        name="group-changes",
        columns=(
            Column("name", "姓名", lambda s: s.person.name, html=name, tight=True),
            Column("what", "变化", lambda s: "退出" if left(s) else "进入", html=what),
            Column("group", "群体", lambda s: s.group, html=group, order=("group",)),
            Column(
                "on",
                "日期",
                lambda s: s.left_on if left(s) else s.found_on,
                order=("found_on", "id"),
                tight=True,
            ),
            Column("why", "为什么", lambda s: why_of(s, joined=not left(s)), full=True),
            Column(
                "rule",
                "规则说的",
                lambda s: s.left_reason if left(s) else s.reason,
                shown=False,
                full=True,
            ),
            Column("unit", "住在", lambda s: place_name(s.person.unit, path), tight=True),
        ),
        filters=(
            Choice(
                "period",
                "时间",
                [("1", "今天"), ("7", "7天内"), ("30", "30天内"), ("90", "90天内")],
                lambda rows, value: between(rows, int(value)),
            ),
            Choice(
                "what",
                "变化",
                [("joined", "进入"), ("left", "退出")],
                lambda rows, value: kinds[value](rows),
            ),
            Choice(
                "group",
                "群体",
                [(rule.id, rule.id) for rule in pack.groups],
                lambda rows, value: rows.filter(group=value),
            ),
        ),
        order="-on",
        measure="人次",
        counted="一个人进入或退出一个群体算一次。群体由规则每晚和信息变动后自动重算；“为什么”写明是哪项条件、"
        "哪项信息变了，原来是什么。",
        empty="没有群体变化",
        keep=("day",),
    )


def due_words(due: VisitDue, day: date) -> tuple[str, str]:
    """When somebody is due, and the badge's tone: ``逾期3天``, ``今天``, ``还有5天``."""
    days = (due.due_on - day).days
    if days < 0:
        return f"逾期{-days}天", "red"
    if days == 0:
        return "今天", "amber"
    return (f"还有{days}天", "blue") if days <= WEEK.days else (f"还有{days}天", "")


def visits_spec(actor: Actor, *, as_of: date, pack: Pack) -> ListSpec:
    """Everybody who is to be visited, by when; of `visits.queries.round_`."""
    below = [
        (unit.path, unit.name)
        for unit in Unit.objects.filter(parent__path=actor.path).order_by("path")[:200]
    ]
    building_levels = Unit.objects.filter(parent__parent__path=actor.path, level="building")
    buildings = [
        (unit.path, f"{unit.parent.name if unit.parent else ''} {unit.name}".strip())
        for unit in building_levels.select_related("parent").order_by("path")[:200]
    ]
    whens: dict[str, Callable[[Rows], Rows]] = {
        "overdue": lambda rows: visits.overdue(rows, as_of),
        "today": lambda rows: visits.due_within(rows, as_of, as_of),
        "week": lambda rows: visits.due_within(rows, as_of + timedelta(days=1), as_of + WEEK),
        "soon": lambda rows: rows.filter(visit_due__due_on__lte=as_of + WEEK),
    }
    workers = (
        [(str(one.pk), one.name) for one in assistance.workers(actor, path=actor.path)]
        if actor.can("files.manage")
        else []
    )
    record = actor.can("visits.record") and actor.can("people.read")

    def name(person: Any) -> SafeString:
        url = reverse("community:person", args=[person.pk])
        urgent = (
            SafeString(' <span class="wy-badge wy-badge-red">急难</span>') if person.urgent else ""
        )
        return format_html('<a href="{}">{}</a>{}', url, person.name, urgent)

    def due(person: Any) -> SafeString:
        words, tone = due_words(person.visit_due, as_of)
        badge = f" wy-badge-{tone}" if tone else ""
        return format_html(
            '<span class="wy-badge{}">{}</span> {}',
            badge,
            words,
            person.visit_due.due_on.isoformat(),
        )

    def because(person: Any) -> SafeString:
        mark = (
            SafeString(' <span class="wy-badge wy-badge-amber">待确认</span>')
            if person.visit_due.to_confirm
            else SafeString("")
        )
        return format_html("{}{}", person.visit_due.because, mark)

    def act(person: Any) -> SafeString:
        if not record:
            return SafeString("")
        url = reverse("community:visit", args=[person.pk])
        return format_html(
            '<a class="btn btn-plain btn-sm" href="{}">走访'
            '<span class="visually-hidden">：{}</span></a>',
            url,
            person.name,
        )

    def below_path(rows: Rows, path: str) -> Rows:
        return rows.filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0")

    def of_worker(rows: Rows, value: str) -> Rows:
        if value == "mine":
            return rows.filter(open_file__worker_id__in=actor.accounts)
        if value == "none":
            return rows.filter(open_file__worker_id__isnull=True)
        return rows.filter(open_file__worker_id=int(value))

    filters: list[Any] = [
        Choice(
            "when",
            "什么时候到期",
            [("overdue", "已逾期"), ("today", "今天"), ("week", "7天内"), ("soon", "7天内和逾期")],
            lambda rows, value: whens[value](rows),
        ),
        Choice("below", "网格或下级单位", below, below_path),
    ]
    if buildings:
        filters.append(Choice("building", "楼栋", buildings, below_path))
    filters += [
        Choice(
            "worker",
            "责任人",
            [("mine", "我负责的"), ("none", "还没有责任人"), *workers],
            of_worker,
        ),
        Choice(
            "group",
            "群体",
            [(rule.id, rule.id) for rule in pack.groups],
            assistance.in_group,
        ),
    ]
    return ListSpec(
        name="visits",
        columns=(
            Column("name", "姓名", lambda p: p.name, html=name, order=("name_key", "pk")),
            Column(
                "due",
                "应访日期",
                lambda p: p.visit_due.due_on,
                html=due,
                order=(F("visit_due__due_on"), "pk"),
                full=True,
            ),
            Column("last", "上次走访", lambda p: p.visit_due.last_on or "还没有", tight=True),
            Column("because", "间隔", lambda p: p.visit_due.because, html=because, full=True),
            Column(
                "unit",
                "住在",
                lambda p: place_name(p.unit, actor.path),
                order=("unit__path", "pk"),
            ),
            Column("worker", "责任人", lambda p: p.worker_name or ""),
            Column("act", "走访", lambda p: "", html=act),
        ),
        filters=tuple(filters),
        search=Search("搜索", people.search, placeholder="姓名或拼音"),
        order="due",
        measure="人",
        counted="按群体的走访间隔算：从上次走访（上门或电话联系也算）起，没走访过的从进入群体起；"
        "几个间隔都适用的按最短的。没人在家的不算走访到。",
        empty="没有要走访的人",
    )
