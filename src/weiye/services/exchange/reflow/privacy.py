"""Packages are worked off within weeks: their names and values go, the figures stay."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import F, Q, QuerySet

from weiye.base.files.models import StoredFile
from weiye.base.privacy.retention import Due, Handler, along_with, register
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .models import ReflowItem, ReflowPackage, ReflowSeen


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
