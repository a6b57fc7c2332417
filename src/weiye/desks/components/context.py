"""What every template may count on."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from weiye.base.accounts.roles import roles

from .desks import home_of

LARGE_TYPE_COOKIE = "weiye_large"
_YEAR = 365 * 86400
THEME_COOKIE = "weiye_theme"
THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """``large`` (large type is on), ``theme`` (light, dark, or "" for the device's), ``actor``
    (None when signed out), ``home`` (where the actor's work begins), ``role_title``, ``demo``."""
    actor = getattr(request, "actor", None)
    if actor is not None and actor.account_id is None:
        actor = None
    theme = request.COOKIES.get(THEME_COOKIE, "")
    role = roles().get(actor.role) if actor else None
    return {
        "large": request.COOKIES.get(LARGE_TYPE_COOKIE) == "1",
        "theme": theme if theme in THEMES else "",
        "actor": actor,
        "home": home_of(actor) if role and actor else "/",
        "role_title": role.title if role else "",
        "demo": settings.DEMO,
        "here": request.get_full_path(),
    }


def remember(response: HttpResponse, cookie: str, value: str) -> None:
    """A preference of this browser, for a year; no script needs to read it."""
    response.set_cookie(
        cookie,
        value,
        max_age=_YEAR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
