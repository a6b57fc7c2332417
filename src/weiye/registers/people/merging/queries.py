"""Reading merges."""

from django.db.models import QuerySet

from weiye.base.scope.actor import Actor

from .models import Merge


def merges_of(actor: Actor, person_id: int) -> QuerySet[Merge]:
    """What went into a person and is still in it, the latest first."""
    return Merge.objects.visible_to(actor).filter(person_id=person_id, undone_at__isnull=True)


def became(actor: Actor, gone: int) -> int | None:
    """Into whom a row went that is no more; None if it did not, or outside the area."""
    found = Merge.objects.visible_to(actor).filter(gone=gone, undone_at__isnull=True)
    return found.values_list("person_id", flat=True).first()
