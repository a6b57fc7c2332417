"""The list of cases."""

from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from weiye.base.scope.actor import Actor
from weiye.services.certification import queries
from weiye.services.certification.models import CaseState

from ...components.lists import Choice, Column, ListSpec, Search

Rows = QuerySet[Any]

TONES = {
    CaseState.CERTIFIED: "green",
    CaseState.NOTICE: "blue",
    CaseState.CORRECTION: "amber",
    CaseState.CHECK_DUE: "amber",
    CaseState.OBJECTED: "red",
    CaseState.SUSPENDED: "red",
    CaseState.REFUSED: "red",
}


def case_spec(actor: Actor, *, as_of: date) -> ListSpec:
    """Cases of the area, what is due first."""
    return ListSpec(
        name="certifications",
        columns=(
            Column(
                "name", "姓名", lambda c: c.person.name, html=_name, order=("person__name_key",)
            ),
            Column("state", "状态", lambda c: c.get_state_display(), html=badge, order=("state",)),
            Column("category", "认定类别", lambda c: c.category_text, full=True),
            Column(
                "due",
                "期限",
                lambda c: c.due_on or "",
                html=lambda c: _due(c, as_of),
                order=(F("due_on"),),
                tight=True,
            ),
            Column(
                "check",
                "下次年检",
                lambda c: c.next_check_on if c.is_open and c.next_check_on else "",
                order=(F("next_check_on"),),
            ),
            Column("number", "认定编号", _number),
            Column(
                "unit",
                "社区",
                lambda c: c.community or c.person.unit.name,
                order=("unit_path",),
                tight=True,
            ),
            Column("filed", "填表人", lambda c: c.opened_by_name, shown=False),
        ),
        filters=(
            Choice("state", "状态", CaseState.choices, lambda rows, v: rows.filter(state=v)),
            Choice(
                "task",
                "办理",
                [("mine", "等我办理"), ("late", "已超期"), ("over", "公示期满")],
                lambda rows, v: _task(rows, v, actor, as_of),
            ),
        ),
        search=Search(
            "搜索",
            # By name alone: a number typed here would stand in the address.
            lambda rows, text: rows.filter(
                Q(person__name__contains=text) | Q(person__name_key__contains=text.lower())
            ),
            placeholder="姓名或拼音",
        ),
        order="due",
        measure="份",
        counted="本辖区的认定申请和已认定人员，一人同时最多一份在办或有效。",
        empty="没有符合条件的认定",
    )


def _task(rows: Rows, value: str, actor: Actor, as_of: date) -> Rows:
    if value == "late":
        return queries.late(rows, as_of)
    if value == "over":
        return queries.notice_over(rows, as_of)
    return rows.filter(pk__in=queries.mine_to_do(actor, as_of).values("pk"))


def _name(case: Any) -> SafeString:
    url = reverse("community:certification", args=[case.pk])
    return format_html('<a href="{}">{}</a>', url, case.person.name)


def badge(case: Any) -> SafeString:
    tone = TONES.get(case.state, "")
    css = f" wy-badge-{tone}" if tone else ""
    return format_html('<span class="wy-badge{}">{}</span>', css, case.get_state_display())


def _due(case: Any, as_of: date) -> SafeString:
    if case.due_on is None or not case.is_open:
        return SafeString("")
    if case.due_on < as_of:
        days = (as_of - case.due_on).days
        return format_html('<span class="wy-badge wy-badge-red">超期{}天</span>', days)
    return format_html("{}", f"{case.due_on:%Y-%m-%d}")


def _number(case: Any) -> str:
    held = getattr(case, "certificate", None)
    return held.number if held else ""
