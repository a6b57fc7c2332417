"""Assistance files of people who moved to another unit."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from weiye.base.audit.actions import record_many
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system

from ..models import AssistanceFile, FileState
from .pipeline.files import Workers


def take_over(
    *, actor: Actor, person_ids: Sequence[int], unit: Unit, on: date, **kwargs: Any
) -> None:
    """Open files get a worker of the new unit, and the unit's lists are refreshed.

    Called inside the transaction of the move, as the office that sees both units. Files, contacts
    and their history go along; those who were responsible cannot answer from afar.
    """
    from ..jobs import start_pipeline

    files = AssistanceFile.objects.filter(person_id__in=list(person_ids), state=FileState.OPEN)
    workers = Workers(actor, [unit.path])
    entries = []
    for file in files.order_by("id"):
        before = file.worker_id
        if before in workers.able(unit.path):
            continue
        file.worker_id = workers.next_for(unit.path)
        file.save(update_fields=["worker"])
        detail = {"from": before, "to": file.worker_id, "because": "moved to another unit"}
        entries.append((unit.path, "assistancefile", str(file.pk), detail))
    record_many(actor=actor, verb="file.reassign", entries=entries)
    start_pipeline(actor=system(unit.path), path=unit.path, as_of=on)
