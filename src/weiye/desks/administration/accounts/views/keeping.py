"""What is done with one account."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from weiye.base.accounts import actions
from weiye.base.accounts.actions import second_factor as factors
from weiye.base.accounts.models import Account, Membership
from weiye.base.accounts.rules import rules
from weiye.base.scope.access import right

from ....components.params import next_page
from ....components.undo import can_undo
from ..forms import MembershipForm, MoveForm, NameForm
from .shared import account_or_404, actor_of


def _page(account_id: int) -> str:
    return reverse("administration:account", args=[account_id])


@right("accounts.manage")
@require_POST
def grant(request: HttpRequest, account_id: int) -> HttpResponse:
    actor = actor_of(request)
    account = account_or_404(actor, account_id)
    form = MembershipForm(actor, request.POST)
    if form.is_valid():
        try:
            actions.grant_membership(actor=actor, account=account, **form.terms())
        except ValueError as error:
            form.add_error("role", f"{error}。")
        else:
            messages.success(request, "已授权，对方下次点开页面就能用。")
            return redirect(_page(account_id))
    context = {
        "form": form,
        "account": account,
        "title": f"给{account.name}增加身份",
        "button": "授权",
    }
    return render(request, "administration/accounts/change.html", context, status=422)


@right("accounts.manage")
@require_POST
def end(request: HttpRequest, membership_id: int) -> HttpResponse:
    try:
        ended = actions.end_membership(actor=actor_of(request), membership_id=membership_id)
    except Membership.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, f"已结束“{ended.unit.name}{ended.role_title}”，对方马上不能再用。")
    return redirect(next_page(request, _page(ended.account_id)))


@right("accounts.manage")
@require_POST
def move(request: HttpRequest, account_id: int) -> HttpResponse:
    actor = actor_of(request)
    account = account_or_404(actor, account_id)
    form = MoveForm(actor, request.POST)
    if form.is_valid():
        unit = form.cleaned_data["unit"]
        actions.move_account(
            actor=actor,
            account_id=account_id,
            unit=unit,
            end_memberships=not form.cleaned_data["keep"],
        )
        messages.success(request, f"{account.name}已调到{unit.name}，请在这里给新的身份。")
        return redirect(_page(account_id))
    context = {"form": form, "account": account, "title": f"{account.name}调动", "button": "调动"}
    return render(request, "administration/accounts/change.html", context, status=422)


@right("accounts.manage")
@require_POST
def rename(request: HttpRequest, account_id: int) -> HttpResponse:
    actor = actor_of(request)
    account = account_or_404(actor, account_id)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            actions.rename_account(
                actor=actor, account_id=account_id, name=form.cleaned_data["name"]
            )
        except ValidationError as error:
            form.take(error)
        else:
            messages.success(request, "姓名已改好。")
            return redirect(_page(account_id))
    context = {"form": form, "account": account, "title": "更正姓名", "button": "保存"}
    return render(request, "administration/accounts/change.html", context, status=422)


@right("accounts.manage")
@never_cache
@require_POST
def password(request: HttpRequest, account_id: int) -> HttpResponse:
    """A new temporary password, shown once to be handed over."""
    actor = actor_of(request)
    try:
        account, made = actions.reset_password(actor=actor, account_id=account_id)
    except Account.DoesNotExist as error:
        raise Http404 from error
    context = {
        "account": account,
        "password": made,
        "memberships": account_or_404(actor, account_id).serving,
        "days": rules().temporary_age.days,
        "fresh": False,
    }
    return render(request, "administration/accounts/slip.html", context)


@right("accounts.manage")
@require_POST
def second_factor(request: HttpRequest, account_id: int) -> HttpResponse:
    try:
        factors.reset(actor=actor_of(request), account_id=account_id)
    except Account.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, "已解除动态口令，对方下次登录后可以重新设置。")
    return redirect(_page(account_id))


@right("accounts.manage")
@require_POST
def unlock(request: HttpRequest, account_id: int) -> HttpResponse:
    try:
        actions.lift_lock(actor=actor_of(request), account_id=account_id)
    except Account.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, "已解锁，可以马上重新登录。")
    return redirect(next_page(request, _page(account_id)))


@right("accounts.manage")
@require_POST
def switch(request: HttpRequest, account_id: int) -> HttpResponse:
    """Switch on (``on=1``) or off; undone by the other."""
    on = (request.POST.get("on") or request.GET.get("on")) == "1"
    try:
        account = actions.switch_account(actor=actor_of(request), account_id=account_id, on=on)
    except Account.DoesNotExist as error:
        raise Http404 from error
    if on:
        messages.success(request, f"{account.name}的账号已启用。")
    else:
        can_undo(
            request,
            f"{account.name}的账号已停用，正在用的页面也已退出。",
            reverse("administration:account-switch", args=[account_id]) + "?on=1",
        )
    return redirect(next_page(request, _page(account_id)))
