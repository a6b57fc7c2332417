"""Imports end: the file as it was uploaded, its rejected rows and the preview go, figures stay."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate

from weiye.base.files.models import StoredFile
from weiye.base.privacy.retention import Due, Handler, register
from weiye.base.scope.actor import Actor

from .models import ImportBatch, ImportBlock, ImportState

_HOLDS = Q(file__isnull=False) | Q(rejects__isnull=False) | Q(page__isnull=False)
_RUNNING = ("queued", "running")
_USED = TruncDate(Coalesce(F("done_at"), F("created_at")))


def _unused(actor: Actor, before: date) -> QuerySet[ImportBatch]:
    """Whatever its state: what nobody went on with in all that time is not wanted any more."""
    return (
        ImportBatch.objects.visible_to(actor)
        .filter(_HOLDS)
        .alias(used=_USED)
        .filter(used__lt=before)
        .exclude(run__state__in=_RUNNING)
    )


def _due(actor: Actor, before: date) -> Iterable[Due]:
    rows = _unused(actor, before).annotate(day=_USED).order_by("pk")
    for pk, path, used in rows.values_list("pk", "unit_path", "day"):
        yield Due(str(pk), path, used)


def _end(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    rows = (
        _unused(actor, before)
        .filter(pk__in=[int(thing) for thing in things])
        .select_for_update(of=("self",))
        .only("pk", "state", "file_id", "rejects_id")
    )
    ended, files = [], []
    for row in rows:
        files += [key for key in (row.file_id, row.rejects_id) if key is not None]
        ended.append(row.pk)
    batches = ImportBatch.objects.filter(pk__in=ended)
    batches.update(file=None, rejects=None, page=None)
    batches.filter(state__in=(ImportState.UPLOADED, ImportState.CHECKED)).update(
        state=ImportState.CANCELLED
    )
    # The rows with what the ledger held before: undoing has ended by then.
    ImportBlock.objects.filter(batch_id__in=ended).delete()
    StoredFile.objects.filter(pk__in=files).delete()
    return [str(pk) for pk in ended]


register(Handler("imports", "导入的文件", ("delete",), _due, _end))

# Rooms of their own, found here by the base.
from .filling import privacy as _templates  # noqa: E402, F401
from .reflow import privacy as _reflow  # noqa: E402, F401
