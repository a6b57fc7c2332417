"""Drafts end: nobody sees them but their author and the nightly job."""

from collections.abc import Iterable, Sequence
from datetime import date

from weiye.base.privacy.retention import Due, Handler, register
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .models import Draft


def _due(actor: Actor, before: date) -> Iterable[Due]:
    lo, hi = actor.range
    with fence(system()):
        rows = Draft.objects.filter(
            unit_path__gte=lo, unit_path__lt=hi, saved_at__date__lt=before
        ).order_by("pk")
        found = list(rows.values_list("pk", "unit_path", "saved_at__date"))
    return [Due(str(pk), path, day) for pk, path, day in found]


def _end(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    with fence(system()):
        rows = Draft.objects.filter(
            pk__in=[int(thing) for thing in things], saved_at__date__lt=before
        )
        found = list(rows.values_list("pk", flat=True))
        # One statement that asks the day again: nobody but the author may lock a draft.
        rows.delete()
        saved = set(Draft.objects.filter(pk__in=found).values_list("pk", flat=True))
    return [str(pk) for pk in found if pk not in saved]


register(Handler("drafts", "表单草稿", ("delete",), _due, _end))
