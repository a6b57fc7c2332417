"""Acting by exception: another community in an emergency, a colleague's work while away (ORG-2)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from weiye.base.accounts import cover as covers
from weiye.base.accounts import emergency
from weiye.base.accounts.exceptions import terms
from weiye.base.accounts.models import Membership
from weiye.base.accounts.queries import SESSION_KEY
from weiye.base.scope.access import right, signed_in
from weiye.base.scope.actor import NotAllowed

from ...components.cover_form import CoverForm
from ..desk import actor_of
from ..transfer_forms import ClaimForm


@right("emergency.claim")
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """Open another community for three hours, with a reason that others will judge."""
    actor = actor_of(request)
    if actor.until is not None:
        raise NotAllowed("whoever acts by exception claims no emergency")
    form = ClaimForm(emergency.area(actor) or actor.path, request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            found = emergency.claim(
                actor=actor, unit=data["unit"], category=data["category"], reason=data["reason"]
            )
        except NotAllowed:
            form.add_error("unit", "这是您自己的辖区，不用紧急查阅。")
        except ValidationError as error:
            form.take(error)
        else:
            request.session[SESSION_KEY] = found.pk
            ends = timezone.localtime(found.ends_at)
            messages.warning(request, f"紧急查阅已开始，{ends:%H:%M}自动结束。")
            return redirect("community:ledger")
    context = {
        "form": form,
        "terms": terms()[0],
        "own": emergency.own(actor).order_by("-starts_at")[:10],
    }
    status = 422 if form.errors else 200
    return render(request, "community/emergency.html", context, status=status)


@signed_in
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Give the emergency back before its time, and work as before."""
    actor = actor_of(request)
    if actor.emergency is not None:
        emergency.end(actor=actor, emergency_id=actor.emergency)
        request.session.pop(SESSION_KEY, None)
        messages.success(request, "紧急查阅已结束，现在是您自己的身份。")
    return redirect("community:today")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def cover(request: HttpRequest) -> HttpResponse:
    """Name a colleague for the days that one is away."""
    actor, today = actor_of(request), timezone.localdate()
    own = covers.absent_ones(actor).filter(pk=actor.membership_id or 0).first()
    if own is None or own.account_id != actor.account_id:
        raise NotAllowed("nothing to hand over")
    form = CoverForm(covers.colleagues(actor, own.pk), today, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            covers.name_cover(actor=actor, absent_id=own.pk, today=today, **form.cleaned_data)
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "已安排代班，到期自动结束。")
            return redirect("community:cover")
    context = {
        "form": form,
        "terms": terms()[1],
        "covers": [each for each in covers.covers(actor) if each.covers_id == own.pk],
        "now": timezone.now(),
    }
    status = 422 if form.errors else 200
    return render(request, "community/cover.html", context, status=status)


@signed_in
@require_POST
def end_cover(request: HttpRequest, membership_id: int) -> HttpResponse:
    try:
        covers.end_cover(actor=actor_of(request), cover_id=membership_id)
    except Membership.DoesNotExist:
        raise Http404 from None
    messages.success(request, "代班已结束。")
    return redirect("community:cover")
