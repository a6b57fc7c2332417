"""How many people and accounts there are, for those who may know."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet

from weiye.base.accounts.models import Account
from weiye.base.regions import queries
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

# Who sees lists or figures of people; who keeps accounts.
PEOPLE = ("people.list", "summary.read", "units.edit")
ACCOUNTS = ("accounts.manage",)


def people_below(actor: Actor, path: str, day: date | None, paths: Iterable[str]) -> dict[str, int]:
    """People by each of the paths, those of the units as they were on a day; {} without right."""
    return _below(actor, PEOPLE, Person.objects.visible_to(actor), path, day, paths)


def accounts_below(
    actor: Actor, path: str, day: date | None, paths: Iterable[str]
) -> dict[str, int]:
    """Accounts in use, likewise."""
    rows = Account.objects.visible_to(actor).filter(is_active=True)
    return _below(actor, ACCOUNTS, rows, path, day, paths)


def _below(
    actor: Actor,
    rights: tuple[str, ...],
    rows: QuerySet[Any],
    path: str,
    day: date | None,
    paths: Iterable[str],
) -> dict[str, int]:
    if not any(actor.can(right) for right in rights):
        return {}
    if day is None:
        # As the tree is, what lies below the unit is one range; as it was, it may lie anywhere.
        rows = rows.filter(unit_path__gte=path, unit_path__lt=path[:-1] + "0")
    counts = dict(rows.order_by().values_list("unit_path").annotate(Count("pk")))
    if day is not None:
        counts = queries.remap(day).figures(counts)
    return queries.rolled_up(counts, paths)
