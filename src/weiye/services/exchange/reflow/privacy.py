"""Packages are worked off within weeks: their names and values go, the figures stay."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.db import connections
from django.db.models import F, Q, QuerySet

from weiye.base.files.models import StoredFile
from weiye.base.privacy import rotation
from weiye.base.privacy.fields import BlindIndexField
from weiye.base.privacy.retention import Due, Handler, along_with, register
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

from .facts import HIDDEN
from .models import ReflowItem, ReflowPackage, ReflowSeen


def follow_indexes(column: BlindIndexField, became: Mapping[str, str], using: str) -> None:
    """What a community was told last holds indexes of numbers: another key is no news of anybody.

    Called before the people's own rows get theirs.
    """
    if column.model is not Person or column.name not in HIDDEN or not became:
        return
    seen, people = ReflowSeen._meta.db_table, Person._meta.db_table
    with connections[using].cursor() as cursor:
        cursor.execute(
            f'UPDATE "{seen}" s SET facts = jsonb_set(s.facts, ARRAY[%s], to_jsonb(v.new)) '  # noqa: S608
            "FROM unnest(%s::text[], %s::text[]) AS v(old, new) "
            f'JOIN "{people}" p ON p."{column.column}" = v.old '
            "JOIN regions_unit u ON u.path = left(p.unit_path, 17) "
            "WHERE s.unit_id = u.id AND s.person_key = p.id AND s.facts->>%s = v.old",
            [column.name, list(became), list(became.values()), column.name],
        )


rotation.follow(follow_indexes)


def _old(actor: Actor, before: date) -> QuerySet[ReflowPackage]:
    holds = Q(file__isnull=False) | Q(items__isnull=False)
    return ReflowPackage.objects.visible_to(actor).filter(holds, until__lt=before).distinct()


def _due(actor: Actor, before: date) -> Iterable[Due]:
    rows = _old(actor, before).annotate(day=F("until")).order_by("pk")
    for pk, path, day in rows.values_list("pk", "unit_path", "day"):
        yield Due(str(pk), path, day)


def _end(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    rows = list(
        ReflowPackage.objects.visible_to(actor)
        .filter(pk__in=[int(thing) for thing in things], until__lt=before)
        .select_for_update(of=("self",))
        .only("pk", "file_id")
    )
    keys = [row.pk for row in rows]
    ReflowItem.objects.filter(package_id__in=keys).delete()
    ReflowPackage.objects.filter(pk__in=keys).update(file=None, password=None)
    StoredFile.objects.filter(pk__in=[row.file_id for row in rows if row.file_id]).delete()
    return [str(key) for key in keys]


def _forget(actor: Actor, things: Sequence[str], as_of: date) -> None:
    """What communities were told of people who are anonymised, wherever they lived.

    No community is told of the end of keeping as if somebody had left. The locked files end with
    their packages, long before people do.
    """
    people = [int(thing) for thing in things]
    with fence(system(name="到期去除身份信息")):
        ReflowItem.objects.filter(person__in=people).delete()
        ReflowSeen.objects.filter(person_key__in=people).delete()


along_with("people", _forget)
register(Handler("reflow", "数据回流", ("delete",), _due, _end))
