"""Signing in and out, choosing the unit one acts for, and large type."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from weiye.base.accounts.models import Account, Membership
from weiye.base.accounts.queries import SESSION_KEY
from weiye.base.scope.access import public, signed_in
from weiye.base.scope.fence import fence, own

from ..context import LARGE_TYPE_COOKIE
from ..forms import ComponentForm

HOME = "community:today"


class SigninForm(ComponentForm):
    username = forms.CharField(
        label="用户名",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label="密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.account: Any = None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("username") and data.get("password"):
            self.account = authenticate(
                self.request, username=data["username"], password=data["password"]
            )
            if self.account is None:
                # Which of the two was wrong is nobody's business.
                raise forms.ValidationError("用户名或密码不对，请重新输入。注意大小写。")
        return data


def _safe_next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    hosts = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, hosts, request.is_secure()) else ""


@public("one signs in here")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(_safe_next(request) or HOME)
    form = SigninForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with fence(own(form.account.pk)):
            login(request, form.account)
        return redirect(_safe_next(request) or HOME)
    context = {"form": form, "next": _safe_next(request)}
    status = 422 if form.errors else 200
    return render(request, "components/signin.html", context, status=status)


@public("signing out must always work")
@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, "您已退出登录。")
    return redirect("components:signin")


@signed_in
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest) -> HttpResponse:
    """Choose which of one's own memberships to act in."""
    memberships = list(
        Membership.objects.active()
        .filter(account=cast(Account, request.user))
        .order_by("unit_path", "id")
    )
    if request.method == "POST":
        wanted = request.POST.get("membership", "")
        for membership in memberships:
            if str(membership.pk) == wanted:
                request.session[SESSION_KEY] = membership.pk
                messages.success(request, f"现在以“{membership.unit.name}”的身份工作。")
                return redirect(HOME)
        messages.error(request, "您没有这个身份。")
    return render(request, "components/switch.html", {"memberships": memberships})


@public("a preference of the browser, no data")
@require_POST
def set_type(request: HttpRequest) -> HttpResponse:
    """Switch large type (适老化) on or off for this browser."""
    response = redirect(_safe_next(request) or "/")
    if request.POST.get("large") == "1":
        response.set_cookie(LARGE_TYPE_COOKIE, "1", max_age=365 * 86400, samesite="Lax")
    else:
        response.delete_cookie(LARGE_TYPE_COOKIE)
    return response
