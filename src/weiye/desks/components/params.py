"""Text and numbers out of an address or a form that no form class reads."""

from django.http import QueryDict


def typed(params: QueryDict, key: str, longest: int = 100) -> str:
    """What was typed, trimmed and cut; characters that cannot be seen are left out.

    PostgreSQL takes no NUL, and nobody means one.
    """
    return "".join(c for c in params.get(key, "") if c.isprintable()).strip()[:longest]


# Every number of so many digits is one that a table can hold.
_DIGITS = 18


def whole_number(text: str) -> int | None:
    """A whole number as a key or a page has it; None for anything else, however long.

    >>> whole_number(" 12 "), whole_number("-1"), whole_number("1" * 5000)
    (12, None, None)
    """
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None
