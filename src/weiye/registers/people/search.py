"""Columns by which a person is found by name, under row-level security too.

A part of a name is what a name begins with, from one of its characters on; PostgreSQL may compare
beginnings with hidden rows, ``LIKE`` it may not (`base.scope.leakproof`). Chinese names have two to
four characters; a longer one is found by what it begins with, from its first four characters on,
and by what follows the dot (买买提·吐尔逊).
"""

from typing import Any

from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Replace, Substr

TAILS = ("name_2", "name_3", "name_4", "name_dot")
COLUMNS = (*TAILS, "pinyin")


class AfterDot(Func):
    """What follows the first dot of a name, or ''."""

    function = "split_part"
    template = "%(function)s(%(expressions)s, '·', 2)"
    output_field = models.CharField()


def generated(expression: Any, length: int = 100) -> Any:
    return models.GeneratedField(
        expression=expression,
        output_field=models.CharField(max_length=length, db_collation="C"),
        db_persist=True,
        null=True,
    )


def tail(start: int) -> Any:
    """The name from its ``start``-th character on."""
    return generated(Substr("name", start))


def after_dot() -> Any:
    return generated(AfterDot("name"))


def without_blanks() -> Any:
    return generated(Replace("name_key", Value(" "), Value("")), 200)


def indexes() -> list[models.Index]:
    found = [
        # Turning the pages of a city by name reads this alone, row-level security and all.
        models.Index(
            fields=["name_key", "id"],
            include=["unit_path"],
            condition=Q(anonymised_on__isnull=True),
            name="person_by_name",
        ),
        models.Index(fields=["name"], name="person_name", opclasses=["varchar_pattern_ops"]),
        models.Index(fields=["name_2"], name="person_name_2"),
    ]
    found += [
        models.Index(fields=[name], name=f"person_{name}", condition=Q((f"{name}__gt", "")))
        for name in TAILS[1:]
    ]
    return [*found, models.Index(fields=["pinyin"], name="person_pinyin")]


def named(text: str) -> Q:
    """Whose name holds the text, or begins with it in pinyin."""
    found = Q(name__begins=text) | Q(name_2__begins=text)
    for name in TAILS[1:]:
        # The indexes leave out the many that have no such part.
        found |= Q((f"{name}__gt", "")) & Q((f"{name}__begins", text))
    if text.isascii():
        found |= Q(pinyin__begins="".join(text.lower().split()))
    return found
