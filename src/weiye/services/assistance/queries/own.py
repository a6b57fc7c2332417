"""What residents see of the help they get: read only, their own rows alone."""

from dataclasses import dataclass
from datetime import date

from weiye.base.scope.actor import Actor

from ..models import AssistanceFile, Contact, FileState, ListEntry, ListKind


@dataclass(frozen=True)
class OwnHelp:
    """``sections``: (title, open entries) of the four lists, in their official order."""

    file: AssistanceFile
    worker: str
    sections: list[tuple[str, list[ListEntry]]]
    contacts: list[Contact]


def own_help(actor: Actor, *, person_id: int, as_of: date, contacts: int = 5) -> OwnHelp | None:
    """The resident's open file with its lists and last contacts; None without one."""
    actor.require("mine.read")
    file = (
        AssistanceFile.objects.visible_to(actor)
        .filter(person_id=person_id, state=FileState.OPEN)
        .order_by("-pk")
        .first()
    )
    if file is None:
        return None
    found: dict[str, list[ListEntry]] = {kind: [] for kind in ListKind.values}
    entries = ListEntry.objects.visible_to(actor).filter(
        file=file, ended_on__isnull=True, hidden_because=""
    )
    for entry in entries.order_by("kind", "rank", "id"):
        found[entry.kind].append(entry)
    talks = Contact.objects.visible_to(actor).filter(file=file, withdrawn_because="", on__lte=as_of)
    return OwnHelp(
        file=file,
        worker=file.worker_name,
        sections=[(ListKind(kind).label, found[kind]) for kind in ListKind.values],
        contacts=list(talks.order_by("-on", "-id")[:contacts]),
    )
