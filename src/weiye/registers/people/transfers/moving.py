"""Everything that belongs to a person goes along; found in the models, not listed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet
from django.dispatch import Signal

from weiye.base.accounts.actions import carry_accounts
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped

from ..actions import NOTED
from ..models import Household, Person
from ..said import resourced

# From whom the ledger has the home of somebody who moved.
SOURCE = "居民迁移"

# Sent inside the moving transaction, after the rows have moved: ``actor`` (the office, that sees
# everything), ``person_ids``, ``unit`` (where to), ``moved_from`` (path), ``on`` (a day).
people_moved = Signal()


@dataclass(frozen=True)
class Hanging:
    """A fenced table whose rows belong to a person, by one or several ``lookups``."""

    model: type[Scoped]
    lookups: tuple[str, ...]
    # Rows of further tables hang on these: they are locked before those are looked at.
    parent: bool

    def of(self, person_ids: Sequence[int]) -> QuerySet[Any]:
        found = Q()
        for lookup in self.lookups:
            found |= Q(**{f"{lookup}__in": list(person_ids)})
        return self.model._base_manager.filter(found)


@cache
def hanging() -> tuple[Hanging, ...]:
    """Every fenced table that hangs on `Person`, whatever lies between, parents first.

    By foreign keys, and by what a table declares as a person's own rows (``fence_subjects``). Left
    out: what is only ever added to (the log), and what says ``follows_person = False``.
    """
    lookups: dict[type[models.Model], list[str]] = {}
    depth: dict[type[models.Model], int] = {}
    parents: set[type[models.Model]] = set()
    queue: list[tuple[type[models.Model], str]] = [(Person, "")]
    while queue:
        model, lookup = queue.pop(0)
        for relation in model._meta.related_objects:
            child = relation.related_model
            if relation.many_to_many or not isinstance(child, type) or child._meta.proxy:
                continue
            column = relation.field.name + (f"__{lookup}" if lookup else "")
            # A person never hangs on a person, nor anything on itself.
            if child in (model, Person) or not _follows(child):
                continue
            level = column.count("__") + 1
            depth[child] = max(depth.get(child, 0), level)
            if column not in lookups.setdefault(child, []):
                lookups[child].append(column)
                queue.append((child, column))
            if model is not Person:
                parents.add(model)
    for model in apps.get_models():
        own = getattr(model, "fence_subjects", {}).get("person")
        if own and own not in ("id", "pk") and _follows(model):
            named = lookups.setdefault(model, [])
            names = {column.removesuffix("_id") for column in named}
            if own.removesuffix("_id") not in names:
                named.append(own)
            depth.setdefault(model, 1)
    return tuple(
        Hanging(model, tuple(columns), model in parents)
        for model, columns in sorted(
            lookups.items(), key=lambda item: (depth[item[0]], item[0]._meta.label)
        )
        if issubclass(model, Scoped)
    )


def _follows(model: type[models.Model]) -> bool:
    return (
        getattr(model, "follows_person", True)
        and getattr(model, "fence_write", "range") != "append"
        and model is not Person
    )


def household_of(person: Person) -> list[Person]:
    """The people of the household who live in the person's community, the person among them."""
    if person.household_id is None:
        return [person]
    home = community_of(person.unit_path)
    members = Person.objects.filter(household_id=person.household_id).defer(
        "id_number", "phone", "address"
    )
    found = [each for each in members.order_by("id") if community_of(each.unit_path) == home]
    return found if any(each.pk == person.pk for each in found) else [person]


def community_of(path: str) -> str:
    """The path of the community that a path lies in; of a unit above one its own.

    >>> community_of("37/10/02/001/001/g01/b002/")
    '37/10/02/001/001/'
    """
    return "/".join(path.strip("/").split("/")[:5]) + "/"


def move(
    person: Person, *, to: Unit, household: bool, address: str, on: Any, actor: Any
) -> list[int]:
    """Move a locked person, or the whole household; the ids of all who moved.

    To be called as the office, in the transaction that decides. What is said of the old home no
    longer holds: the address becomes the new one (or unknown) and a pinned point is dropped.
    """
    left = person.unit_path
    people = household_of(person) if household else [person]
    ids = [each.pk for each in people]
    # Locked whole: an edit, a contact or an import that runs now ends first, or begins after.
    list(Person.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    changes: dict[str, Any] = {
        "unit": to,
        "unit_path": to.path,
        "address": address or None,
        "lon": None,
        "lat": None,
        "point_source": "",
    }
    old = person.household_id
    if household and old is not None:
        _move_household(old, to, address)
    else:
        changes |= {"household": None, "household_role": ""}
    for each in Person.objects.filter(pk__in=ids).only("id", *NOTED):
        stated = {"unit", *(("address",) if address else ()), *changes.keys() & {"household"}}
        sources = resourced(
            each.fact_sources,
            each.source,
            known=(),
            said=stated,
            by=SOURCE,
            became=each.source,
        )
        # An older file that still knows the old home does not undo the move.
        dates = each.fact_dates | dict.fromkeys(stated, on.isoformat())
        Person.objects.filter(pk=each.pk).update(**changes, fact_sources=sources, fact_dates=dates)
    if old is not None and "household" in changes and not _members(old):
        Household.objects.filter(pk=old).delete()
    for table in hanging():
        rows = table.of(ids)
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if not keys:
            continue
        mine = table.model._base_manager.filter(pk__in=keys)
        if table.parent:
            list(mine.select_for_update().order_by("pk").values_list("pk"))
        mine.update(**_place(table.model, to))
    carry_accounts(actor=actor, person_ids=ids, unit=to)
    people_moved.send(sender=Person, actor=actor, person_ids=ids, unit=to, moved_from=left, on=on)
    return ids


def _place(model: type[models.Model], to: Unit) -> dict[str, Any]:
    """The unit of a row, in the columns that the table has for it."""
    place: dict[str, Any] = {"unit_path": to.path}
    if any(f.name == "unit" and f.related_model is Unit for f in model._meta.concrete_fields):
        place["unit"] = to
    return place


def _members(household_id: int) -> bool:
    return Person.objects.filter(household_id=household_id).exists()


def _move_household(household_id: int, to: Unit, address: str) -> None:
    found = Household.objects.select_for_update().get(pk=household_id)
    number, count = found.number, 1
    while Household.objects.filter(unit=to, number=number).exists():
        # Another family bears the number there: two senders may count alike.
        count += 1
        number = f"{found.number[:58]}-迁{count}"
    Household.objects.filter(pk=household_id).update(
        unit=to, unit_path=to.path, number=number, address=address or None
    )


def gather(person_ids: Sequence[int]) -> int:
    """Bring rows along that were added by somebody who still saw the person in the old unit.

    Of these people and the others of their households; as the office. Returns how many.
    """
    found = 0
    people = Person.objects.filter(
        Q(pk__in=list(person_ids)) | Q(household__members__in=list(person_ids))
    )
    for pk, path in people.order_by("pk").distinct().values_list("pk", "unit_path"):
        home = community_of(path)
        unit = None
        for table in hanging():
            rows = table.of([pk]).exclude(unit_path__gte=home, unit_path__lt=home[:-1] + "0")
            strays = list(rows.order_by("pk").values_list("pk", flat=True))
            if strays:
                unit = unit or Unit.objects.get(path=path)
                table.model._base_manager.filter(pk__in=strays).update(**_place(table.model, unit))
                found += len(strays)
    return found


def left_behind(person_ids: Sequence[int]) -> dict[str, int]:
    """Rows by table whose community is not that of their person; to be asked as the office."""
    homes = {
        pk: community_of(path)
        for pk, path in Person.objects.filter(pk__in=list(person_ids)).values_list(
            "pk", "unit_path"
        )
    }
    found: dict[str, int] = {}
    for table in hanging():
        for lookup in table.lookups:
            rows = table.of(list(homes)).values_list(lookup, "unit_path")
            stray = sum(community_of(path) != homes.get(pk, "") for pk, path in rows if pk in homes)
            if stray:
                found[table.model._meta.label] = found.get(table.model._meta.label, 0) + stray
    return found
