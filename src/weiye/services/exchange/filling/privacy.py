"""Templates that nobody filled for long go; what was filled with them is a file of its own."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, TruncDate

from weiye.base.files.models import StoredFile
from weiye.base.privacy.retention import Due, Handler, register
from weiye.base.scope.actor import Actor

from .models import ReportTemplate

_USED = TruncDate(Coalesce(F("used_at"), F("created_at")))


def _unused(actor: Actor, before: date) -> QuerySet[ReportTemplate]:
    return (
        ReportTemplate.objects.visible_to(actor)
        .filter(file__isnull=False)
        .alias(used=_USED)
        .filter(used__lt=before)
    )


def _due(actor: Actor, before: date) -> Iterable[Due]:
    rows = _unused(actor, before).annotate(day=_USED).order_by("pk")
    for pk, path, used in rows.values_list("pk", "unit_path", "day"):
        yield Due(str(pk), path, used)


def _end(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    rows = list(
        _unused(actor, before)
        .filter(pk__in=[int(thing) for thing in things])
        .select_for_update(of=("self",))
        .only("pk", "file_id")
    )
    ReportTemplate.objects.filter(pk__in=[row.pk for row in rows]).update(file=None)
    StoredFile.objects.filter(pk__in=[row.file_id for row in rows]).delete()
    return [str(row.pk) for row in rows]


register(Handler("templates", "上级报表模板", ("delete",), _due, _end))
