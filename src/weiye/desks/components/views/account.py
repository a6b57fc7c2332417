"""One's own account: who I am, what I may do, and how I sign in."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from weiye.base.accounts import queries
from weiye.base.accounts.actions import end_sessions, second_factor, signing
from weiye.base.accounts.models import Account
from weiye.base.accounts.roles import right_titles, roles
from weiye.base.accounts.rules import rules
from weiye.base.accounts.sessions import SessionStore
from weiye.base.scope.access import signed_in
from weiye.base.scope.fence import fence

from ..desks import home_of
from .signing import code_words, enrolment, go_through_steps, wait_words
from .signing_forms import NewPasswordForm, ProofForm


def _me(request: HttpRequest) -> Account:
    return cast(Account, request.user)


def _this_session(request: HttpRequest) -> str:
    return SessionStore.digest(request.session.session_key or "")


def _proven(request: HttpRequest, me: Account, password: str) -> signing.Answer:
    """Counted like a sign-in: an open browser is no place to guess the password at leisure. So the
    views that ask stand apart from the request's transaction: the count of an office's address is
    not held while a password is hashed."""
    client = signing.client_of(request)
    return signing.check_sign_in(username=me.username, password=password, client=client)


@signed_in
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    me, actor = _me(request), request.actor  # type: ignore[attr-defined]
    titles = right_titles()
    context = {
        "me": me,
        "memberships": queries.held_by(request),
        "current": actor.membership_id,
        "rights": [titles.get(key, key) for key in titles if actor.can(key)],
        "second_factor": queries.has_second_factor(me),
        "second_factor_policy": settings.TOTP,
        "codes_left": queries.recovery_codes_left(me),
        "password_due": me.password_at + rules().password_age,
        "password_ages": not me.synthetic,
        "signins": queries.recent_sign_ins(me),
        "sessions": queries.sessions_of(me.pk, now=SessionStore.now()),
        "this_session": _this_session(request),
        "desk": home_of(actor) if roles()[actor.role].desk != "own" else "",
    }
    return render(request, "components/account/account.html", context)


def _shown(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    form = context.get("form")
    with fence(request.actor):  # type: ignore[attr-defined]
        return render(request, template, context, status=422 if form and form.errors else 200)


@signed_in(apart=True)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    me = _me(request)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        answer = _proven(request, me, data["old"])
        try:
            if answer.account is None:
                said = wait_words(answer.wait) if answer.wait else "现在的密码不对，请重新输入。"
                raise forms.ValidationError({"old": said})
            signing.change_password(
                account=me, new=data["new"], keep_session=_this_session(request)
            )
        except forms.ValidationError as error:
            form.take(error)
        else:
            update_session_auth_hash(request, me)
            messages.success(request, "密码已修改，其他浏览器上的登录都已退出。")
            return redirect("components:account")
    return _shown(request, "components/account/password.html", {"form": form})


@signed_in
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Set up a phone as second factor."""
    me = _me(request)
    if settings.TOTP == "off" or queries.has_second_factor(me):
        return redirect("components:account")
    context = enrolment(request, me, keep_session=_this_session(request))
    if codes := context.get("codes"):
        return render(
            request, "components/account/recovery_codes.html", {"codes": codes, "account": me}
        )
    status = 422 if context["form"].errors else 200
    return render(request, "components/account/enrol.html", context, status=status)


@signed_in(apart=True)
@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """New recovery codes, or another phone: after password and code were typed once more. A
    password alone, read over a shoulder, takes no second factor away."""
    me = _me(request)
    if not queries.has_second_factor(me):
        return redirect("components:account")
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = _proven(request, me, form.cleaned_data["password"])
        if answer.account is None:
            said = wait_words(answer.wait) if answer.wait else "密码不对，请重新输入。"
            form.add_error("password", said)
        elif (code := second_factor.check_code(me, form.cleaned_data["code"])).account is None:
            form.add_error("code", code_words(code))
        elif request.POST.get("what") == "remove":
            second_factor.remove(me, keep_session=_this_session(request))
            onward: HttpResponse = redirect("components:enrol")
            if signing.second_factor_is_due(me):
                # Where it is required nobody goes on without one.
                onward = go_through_steps(request, me, reverse("components:account"), code=True)
            messages.success(request, "已解除动态口令，请用新手机重新设置。")
            return onward
        else:
            codes = second_factor.renew_recovery_codes(me)
            return _shown(
                request, "components/account/recovery_codes.html", {"codes": codes, "account": me}
            )
    return _shown(request, "components/account/factor.html", {"form": form})


@signed_in
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all but this one."""
    me, key = _me(request), request.POST.get("session", "")
    ended = (
        end_sessions(me.pk, but=_this_session(request))
        if key == "others"
        else signing.end_session(me, key)
    )
    if ended:
        signing.note_ended(me, ended)
        messages.success(request, "已让那边退出登录。")
    return redirect("components:account")
