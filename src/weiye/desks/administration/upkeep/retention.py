"""How long what is kept, what ends when, what is held back and why, what was done."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.privacy import retention
from weiye.base.privacy.jobs import KIND, start_sweep
from weiye.base.privacy.models import Notice
from weiye.base.privacy.pack import Retention
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.access import right
from weiye.base.scope.actor import Actor

from ...components.forms import ComponentForm, date_field
from ...components.params import typed

ROWS = 50
RUNS_SHOWN = 10
ENDINGS = {"anonymise": "去掉身份信息，只留统计", "delete": "删除"}


class HoldForm(ComponentForm):
    because = forms.CharField(label="为什么要保留", max_length=200)
    until = date_field("保留到", help_text="最长一年，到期后重新判断。")


@dataclass(frozen=True)
class Line:
    """A notice and what it is about, in as few words as a decision needs."""

    notice: Notice
    label: str
    named: str
    held: bool


def _actor(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


@right(retention.RIGHT)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    actor, today = _actor(request), timezone.localdate()
    rows = Notice.objects.visible_to(actor).filter(closed_on__isnull=True)
    shown = Paginator(rows.order_by("due_on", "pk"), ROWS).get_page(typed(request.GET, "page", 9))
    runs = Run.objects.visible_to(actor).filter(kind=KIND).order_by("-id")[:RUNS_SHOWN]
    return render(
        request,
        "administration/upkeep/retention.html",
        {
            "places": _rules(actor, today),
            "page": shown,
            "lines": _lines(actor, list(shown), today),
            "runs": runs,
            "day": today,
        },
    )


def _rules(actor: Actor, today: date) -> list[tuple[str, list[dict[str, Any]]]]:
    """(name of the jurisdiction, its rules in words)."""
    by_home: dict[str, list[dict[str, Any]]] = {}
    for home, rule in retention.rules_at(actor.path, today):
        by_home.setdefault(home, []).append(_told(rule, today))
    names = dict(Unit.objects.filter(path__in=by_home).values_list("path", "name"))
    return [(names.get(home, ""), rules) for home, rules in by_home.items()]


def _told(rule: Retention, today: date) -> dict[str, Any]:
    months, days = rule.after.months, rule.after.days
    years, months = divmod(months, 12)
    after = "".join(
        f"{count}{unit}" for count, unit in ((years, "年"), (months, "个月"), (days, "天")) if count
    )
    handler = retention.handlers.get(rule.what)
    return {
        "rule": rule,
        "after": after,
        "then": ENDINGS[rule.then],
        "on": rule.on(today) and handler is not None,
    }


def _lines(actor: Actor, rows: list[Notice], today: date) -> list[Line]:
    by_kind: dict[str, list[str]] = {}
    for row in rows:
        by_kind.setdefault(row.what, []).append(row.thing)
    names = {
        (what, thing): name
        for what, things in by_kind.items()
        if (handler := retention.handlers.get(what)) is not None
        for thing, name in handler.named(actor, things).items()
    }
    found = []
    for row in rows:
        handler = retention.handlers.get(row.what)
        found.append(
            Line(
                row,
                handler.label if handler else row.what,
                names.get((row.what, row.thing), ""),
                row.held_until is not None and row.held_until >= today,
            )
        )
    return found


@right(retention.RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Keep one thing beyond its day, with a reason and an end."""
    actor, today = _actor(request), timezone.localdate()
    row = Notice.objects.visible_to(actor).filter(pk=notice_id, closed_on__isnull=True).first()
    if row is None:
        raise Http404
    form = HoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            retention.hold(
                actor=actor,
                notice_id=notice_id,
                because=form.cleaned_data["because"],
                until=form.cleaned_data["until"],
                today=today,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "已保留，到期前不会处理。")
            return redirect("administration:retention")
    status = 422 if form.errors else 200
    context = {"form": form, "line": _lines(actor, [row], today)[0]}
    return render(request, "administration/upkeep/hold.html", context, status=status)


@right(retention.RIGHT)
@require_POST
def release(request: HttpRequest, notice_id: int) -> HttpResponse:
    try:
        retention.release(actor=_actor(request), notice_id=notice_id)
    except Notice.DoesNotExist:
        raise Http404 from None
    messages.success(request, "已取消保留，到期后照常处理。")
    return redirect("administration:retention")


@right(retention.RIGHT)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """What the night does, now."""
    actor = _actor(request)
    start_sweep(actor=actor, path=actor.path, as_of=timezone.localdate())
    messages.success(request, "已开始清理，完成后在下面显示结果。")
    return redirect("administration:retention")
