"""Text out of an address or a form that no form class reads."""

from django.http import QueryDict


def typed(params: QueryDict, key: str, longest: int = 100) -> str:
    """What was typed, trimmed and cut; characters that cannot be seen are left out.

    PostgreSQL takes no NUL, and nobody means one.
    """
    return "".join(c for c in params.get(key, "") if c.isprintable()).strip()[:longest]
