"""Text and numbers out of an address or a form that no form class reads."""

from django.http import HttpRequest, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme


def typed(params: QueryDict, key: str, longest: int = 100) -> str:
    """What was typed, trimmed and cut; characters that cannot be seen are left out.

    PostgreSQL takes no NUL, and nobody means one.
    """
    return "".join(c for c in params.get(key, "") if c.isprintable()).strip()[:longest]


def next_page(request: HttpRequest, otherwise: str = "") -> str:
    """Where a form or a sign-in leads on to, if it says so and that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # A path: Django would take anything else for the name of a view.
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, request.is_secure()
    )
    return wanted if ours else otherwise


# Every number of so many digits is one that a table can hold.
_DIGITS = 18


def whole_number(text: str) -> int | None:
    """A whole number as a key or a page has it; None for anything else, however long.

    >>> whole_number(" 12 "), whole_number("-1"), whole_number("1" * 5000)
    (12, None, None)
    """
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None
