"""Exports end, and so does the memory of long work."""

from collections.abc import Iterable, Sequence
from datetime import date

from weiye.base.files.models import StoredFile
from weiye.base.privacy.retention import Due, Handler, register
from weiye.base.scope.actor import Actor, system

from .models import FINISHED, Run


def _everything(actor: Actor) -> Actor:
    """Runs and files are seen by right; ending them asks for that of retention alone."""
    return system(actor.path)


def _files_due(actor: Actor, before: date) -> Iterable[Due]:
    """Result files of runs: exports. What was uploaded belongs to its import."""
    rows = Run.objects.visible_to(_everything(actor)).filter(
        state__in=FINISHED, file__isnull=False, file__created_at__date__lt=before
    )
    for key, path, made in rows.order_by("pk").values_list(
        "file_id", "unit_path", "file__created_at__date"
    ):
        yield Due(str(key), path, made)


def _end_files(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    rows = StoredFile.objects.visible_to(_everything(actor)).filter(
        pk__in=list(things), created_at__date__lt=before
    )
    found = list(rows.values_list("pk", flat=True))
    StoredFile.objects.filter(pk__in=found).delete()
    return [str(key) for key in found]


def _runs_due(actor: Actor, before: date) -> Iterable[Due]:
    rows = Run.objects.visible_to(_everything(actor)).filter(
        state__in=FINISHED, finished_at__date__lt=before
    )
    for pk, path, done in rows.order_by("pk").values_list("pk", "unit_path", "finished_at__date"):
        yield Due(str(pk), path, done)


def _end_runs(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    rows = Run.objects.visible_to(_everything(actor)).filter(
        pk__in=[int(thing) for thing in things], state__in=FINISHED, finished_at__date__lt=before
    )
    found = list(rows.values_list("pk", flat=True))
    Run.objects.filter(pk__in=found).delete()
    return [str(pk) for pk in found]


register(Handler("exports", "导出的文件", ("delete",), _files_due, _end_files))
register(Handler("runs", "后台任务记录", ("delete",), _runs_due, _end_runs))
