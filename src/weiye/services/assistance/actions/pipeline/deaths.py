"""Who died is served no more: the file is closed with the reason, the lists end."""

from weiye.base.audit.actions import record_many
from weiye.base.scope import bulk

from ...models import AssistanceFile, FileState, ListEntry
from .part import Part

REASON = "去世"


def close(part: Part) -> None:
    """Close open files of people whose death a roster told."""
    rows = part.within(AssistanceFile.objects.visible_to(part.actor)).filter(
        state=FileState.OPEN, person__died_on__isnull=False
    )
    found = list(rows.order_by("id").values_list("id", "unit_path", "opened_on"))
    if not found:
        return
    bulk.update(
        AssistanceFile,
        [
            {
                "id": pk,
                "state": FileState.CLOSED,
                "closed_on": part.ended(opened),
                "closed_because": REASON,
            }
            for pk, _path, opened in found
        ],
    )
    ListEntry.objects.filter(
        file_id__in=[pk for pk, _path, _opened in found], ended_on__isnull=True
    ).update(ended_on=part.as_of)
    part.outcome.changes["files_closed"] += len(found)
    record_many(
        actor=part.actor,
        verb="file.close",
        entries=[(path, "assistancefile", str(pk), {"reason": REASON}) for pk, path, _ in found],
    )
