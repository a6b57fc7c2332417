"""Signing in step by step, signing out, and large type.

The steps run outside the request's transaction (``apart``): what is counted and audited stays.
"""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from weiye.base.accounts import totp
from weiye.base.accounts.actions import second_factor, signing
from weiye.base.accounts.models import Account
from weiye.base.accounts.queries import (
    SESSION_KEY,
    account_of_session,
    actor_of,
    held_by,
    memberships_of,
)
from weiye.base.accounts.rules import rules
from weiye.base.scope.access import public, signed_in

from ..context import LARGE_TYPE_COOKIE, remember
from ..desks import home_of
from ..params import next_page
from .signing_forms import CodeForm, EnrolForm, NewPasswordForm, SigninForm

# In the session of one who typed a right password and has steps left.
PENDING = "pending"
_STEPS = {
    "code": "components:signin-code",
    "password": "components:signin-password",
    "enrol": "components:signin-enrol",
}


def wait_words(minutes: int) -> str:
    return f"试错的次数太多，为了安全先锁定了。请{minutes}分钟后再试，或联系您单位的管理员。"


def code_words(answer: signing.Answer) -> str:
    if answer.wait:
        return wait_words(answer.wait)
    return "口令不对，或者已经用过。请等手机上换成下一组数字再输入。"


@public("one signs in here", apart=True)
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    """First step: user name and password."""
    if request.method == "GET" and request.user.is_authenticated:
        held = held_by(request)
        return redirect(next_page(request) or (home_of(actor_of(held[0])) if held else "/"))
    form = SigninForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = signing.check_sign_in(
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
            client=signing.client_of(request),
        )
        complaint = _complaint(answer)
        if not complaint:
            return go_through_steps(request, cast(Account, answer.account), next_page(request))
        form.add_error(None, complaint)
    context = {"form": form, "next": next_page(request)}
    status = 422 if form.errors else 200
    return render(request, "components/signin.html", context, status=status)


def go_through_steps(
    request: HttpRequest, account: Account, onward: str, *, code: bool = False
) -> HttpResponse:
    """After the right password: signed out until the steps that are due are done. ``code``: the
    one-time code was right, too."""
    logout(request)
    request.session.cycle_key()
    request.session[PENDING] = {
        "account": account.pk,
        "hash": account.get_session_auth_hash(),
        "at": timezone.now().isoformat(),
        "next": onward,
        "code": code,
    }
    return _go_on(request, account)


def _complaint(answer: signing.Answer) -> str:
    if answer.wait:
        return wait_words(answer.wait)
    if answer.account is None:
        # Which of the two was wrong is nobody's business.
        return "用户名或密码不对，请重新输入。注意大小写。"
    if signing.temporary_is_over(answer.account):
        return "临时密码已经过期，请联系您单位的管理员重新设置。"
    if not memberships_of(answer.account.pk):
        return "您的账号现在没有可用的身份，请联系您单位的管理员。"
    return ""


def _pending(request: HttpRequest) -> Account | None:
    """Who typed a right password in this browser a few minutes ago and has steps left."""
    kept: dict[str, Any] = request.session.get(PENDING) or {}
    if not kept:
        return None
    if datetime.fromisoformat(kept["at"]) + rules().pending <= timezone.now():
        del request.session[PENDING]
        return None
    account = account_of_session(kept["account"])
    # A password changed or an account switched off in between ends it.
    if account is None or not constant_time_compare(account.get_session_auth_hash(), kept["hash"]):
        del request.session[PENDING]
        return None
    return account


def _next_step(request: HttpRequest, account: Account) -> str:
    kept = request.session[PENDING]
    return next((s for s in signing.steps_due(account) if s != "code" or not kept["code"]), "")


def _go_on(request: HttpRequest, account: Account) -> HttpResponse:
    """To the next step that is due, or in."""
    if step := _next_step(request, account):
        return redirect(_STEPS[step])
    kept = request.session.pop(PENDING)
    signing.admit(request, account)
    held = memberships_of(account.pk)
    return redirect(kept["next"] or (home_of(actor_of(held[0])) if held else "/"))


def _again(request: HttpRequest) -> HttpResponse:
    messages.error(request, "登录放得太久了，请重新输入用户名和密码。")
    return redirect("components:signin")


@public("second step of signing in", apart=True)
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def signin_code(request: HttpRequest) -> HttpResponse:
    account = _pending(request)
    if account is None:
        return _again(request)
    if _next_step(request, account) != "code":
        return _go_on(request, account)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = second_factor.check_code(account, form.cleaned_data["code"])
        if answer.account is not None:
            request.session[PENDING] = {**request.session[PENDING], "code": True}
            return _go_on(request, account)
        form.add_error("code", code_words(answer))
    status = 422 if form.errors else 200
    return render(request, "components/signin_code.html", {"form": form}, status=status)


@public("third step of signing in", apart=True)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def signin_password(request: HttpRequest) -> HttpResponse:
    account = _pending(request)
    if account is None:
        return _again(request)
    if _next_step(request, account) != "password":
        return _go_on(request, account)
    form = NewPasswordForm(request.POST or None, asks_old=False)
    if request.method == "POST" and form.is_valid():
        try:
            signing.change_password(account=account, new=form.cleaned_data["new"])
        except forms.ValidationError as error:
            form.take(error)
        else:
            request.session[PENDING] = {
                **request.session[PENDING],
                "hash": account.get_session_auth_hash(),
            }
            return _go_on(request, account)
    context = {"form": form, "temporary": account.must_change}
    status = 422 if form.errors else 200
    return render(request, "components/signin_password.html", context, status=status)


@public("last step of signing in", apart=True)
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def signin_enrol(request: HttpRequest) -> HttpResponse:
    account = _pending(request)
    if account is None:
        return _again(request)
    if _next_step(request, account) != "enrol":
        return _go_on(request, account)
    context = enrolment(request, account)
    if codes := context.get("codes"):
        kept = request.session[PENDING]
        request.session[PENDING] = {**kept, "code": True}
        going = _go_on(request, account)
        return render(
            request,
            "components/account/recovery_codes.html",
            {"codes": codes, "onward": going["Location"], "account": account},
        )
    return render(
        request,
        "components/signin_enrol.html",
        context,
        status=422 if context["form"].errors else 200,
    )


def enrolment(request: HttpRequest, account: Account, keep_session: str = "") -> dict[str, Any]:
    """The page that sets a phone up; ``codes`` once it is."""
    form = EnrolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = second_factor.confirm(account, form.cleaned_data["code"], keep_session=keep_session)
        if codes is not None:
            return {"form": form, "codes": codes}
        form.add_error("code", "数字不对。请核对手机的时间是否准确，再输入现在显示的数字。")
    secret = second_factor.begin(account)
    return {
        "form": form,
        "picture": totp.picture(totp.address(secret, account.username)),
        "secret": totp.grouped(secret),
    }


@public("signing out must always work")
@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    signing.leave(request)
    logout(request)
    messages.success(request, "您已退出登录。")
    return redirect("components:signin")


@signed_in
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest) -> HttpResponse:
    """Choose which of one's own memberships to act in."""
    held = held_by(request)
    if request.method == "POST":
        wanted = request.POST.get("membership", "")
        for membership in held:
            if str(membership.pk) == wanted:
                request.session[SESSION_KEY] = membership.pk
                signing.note_switch(cast(Account, request.user), membership)
                messages.success(
                    request, f"现在以“{membership.unit.name}{membership.role_title}”的身份工作。"
                )
                return redirect(home_of(actor_of(membership)))
        messages.error(request, "您没有这个身份，或者它已经到期。")
    current = request.actor.membership_id  # type: ignore[attr-defined]
    return render(request, "components/switch.html", {"memberships": held, "current": current})


@public("a preference of the browser, no data")
@require_POST
def set_type(request: HttpRequest) -> HttpResponse:
    """Switch large type (适老化) on or off for this browser."""
    response = redirect(next_page(request, "/"))
    if request.POST.get("large") == "1":
        remember(response, LARGE_TYPE_COOKIE, "1")
    else:
        response.delete_cookie(LARGE_TYPE_COOKIE)
    return response
