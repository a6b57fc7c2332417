"""What a leader decides about access: transfers gone up, emergencies to judge, covers."""

from typing import cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.accounts import cover
from weiye.base.accounts import emergency as emergency_access
from weiye.base.accounts.emergency_models import EmergencyReview, Verdict
from weiye.base.accounts.exceptions import terms
from weiye.base.accounts.models import Membership
from weiye.base.scope.access import right, signed_in
from weiye.base.scope.actor import Actor, NotAllowed
from weiye.registers.people.transfers import queries

from ...components.cover_form import CoverForm
from ...components.forms import ComponentForm, long_text
from ...components.params import whole_number
from .nav import NAV

SHOWN = 100
READS_SHOWN = 500


def _actor(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


@signed_in
@require_safe
def access(request: HttpRequest) -> HttpResponse:
    """To the first of the pages that the role may open."""
    actor = _actor(request)
    for route, _icon, _label, needed in NAV:
        if actor.can(needed):
            return redirect(route)
    raise NotAllowed("nothing to decide about access")


@right("transfers.decide")
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    """What waits for a decision here, and what is under way below."""
    actor = _actor(request)
    waiting = list(queries.waiting(actor)[:SHOWN])
    shown = {row.request for row in waiting}
    under_way = queries.under_way(actor)
    context = {
        "waiting": waiting,
        "under_way": [r for r in under_way[:SHOWN] if r.request not in shown],
        "settled": list(queries.settled(actor)[:SHOWN]),
    }
    return render(request, "administration/access/transfers.html", context)


class JudgeForm(ComponentForm):
    says_optional = False
    verdict = forms.ChoiceField(label="结论", choices=Verdict.choices, widget=forms.RadioSelect)
    text = long_text("说明", rows=3, max_length=300, help_text="看了哪些内容、与所说原因是否相符。")


@right("emergency.review")
@require_safe
def emergencies(request: HttpRequest) -> HttpResponse:
    """Those to judge, overdue ones first; those that go on; those judged."""
    actor, now = _actor(request), timezone.now()
    rows = emergency_access.of_area(actor).order_by("-starts_at", "-membership_id")
    context = {
        "to_judge": list(emergency_access.to_judge(actor)[:SHOWN]),
        "going_on": list(rows.filter(ends_at__gt=now)[:SHOWN]),
        "judged": list(rows.exclude(verdict="")[:SHOWN]),
        "own": list(rows.filter(account_id=actor.account_id or 0, verdict="", ends_at__lte=now)),
        "today": timezone.localdate(),
        "categories": terms()[0].categories,
    }
    return render(request, "administration/access/emergencies.html", context)


@right("emergency.review")
@require_http_methods(["GET", "HEAD", "POST"])
def emergency(request: HttpRequest, review_id: int) -> HttpResponse:
    """One access: why, what was read, and the judgement."""
    actor = _actor(request)
    try:
        found = emergency_access.of_area(actor).get(pk=review_id)
    except EmergencyReview.DoesNotExist:
        raise Http404 from None
    over = found.ends_at <= timezone.now()
    open_to_judge = over and not found.verdict and found.account_id != actor.account_id
    form = JudgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            emergency_access.judge(
                actor=actor, emergency_id=review_id, verdict=data["verdict"], text=data["text"]
            )
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已复核。")
            return redirect("administration:emergencies")
    reads = list(emergency_access.reads(actor, found)[: READS_SHOWN + 1])
    context = {
        "found": found,
        "category": terms()[0].categories.get(found.category, found.category),
        "reads": reads[:READS_SHOWN],
        "more": len(reads) > READS_SHOWN,
        "form": form if open_to_judge or form.errors else None,
        "over": over,
        "mine": found.account_id == actor.account_id,
        "today": timezone.localdate(),
    }
    status = 422 if form.errors else 200
    return render(request, "administration/access/emergency.html", context, status=status)


@right("accounts.cover")
@require_http_methods(["GET", "HEAD", "POST"])
def covers(request: HttpRequest) -> HttpResponse:
    """Who stands in for whom; choose who is away, then who covers."""
    actor, today = _actor(request), timezone.localdate()
    asked = request.POST if request.method == "POST" else request.GET
    absent_id = whole_number(asked.get("absent", ""))
    absent, form = None, None
    if absent_id is not None:
        absent = cover.absent_ones(actor).filter(pk=absent_id).first()
        if absent is None:
            raise Http404
        form = CoverForm(cover.colleagues(actor, absent.pk), today, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                cover.name_cover(actor=actor, absent_id=absent.pk, today=today, **form.cleaned_data)
            except ValidationError as error:
                form.take(error)
            else:
                messages.success(request, "已安排代班，到期自动结束。")
                return redirect("administration:covers")
    context = {
        "covers": cover.covers(actor),
        "absent_ones": cover.absent_ones(actor),
        "absent": absent,
        "form": form,
        "terms": terms()[1],
        "now": timezone.now(),
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "administration/access/covers.html", context, status=status)


@right("accounts.cover")
@require_POST
def end_cover(request: HttpRequest, membership_id: int) -> HttpResponse:
    try:
        cover.end_cover(actor=_actor(request), cover_id=membership_id)
    except Membership.DoesNotExist:
        raise Http404 from None
    messages.success(request, "代班已结束。")
    return redirect("administration:covers")
