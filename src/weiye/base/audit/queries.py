"""Reading the audit log."""

from django.db.models import QuerySet

from weiye.base.scope.actor import Actor

from .models import AuditEntry


def of_thing(*, actor: Actor, kind: str, key: object) -> QuerySet[AuditEntry]:
    """Who did or read what with one thing, newest first."""
    return AuditEntry.objects.visible_to(actor).filter(thing_type=kind, thing_id=str(key))
