"""Two assistance files of people who are one: contacts count once more, in the file that stays."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone

from weiye.registers.people.models import Person

from .. import changed
from ..models import AssistanceFile, Contact, FileState

BECAUSE = "与同一人的另一份档案合并"


def one_file(*, kept: int, gone: int, note: dict[str, Any]) -> None:
    """Before a merge: the file of the one who goes is closed, its contacts go to the other.

    In the transaction of the merge, as the office. ``note`` keeps what `two_files` needs.
    """
    ours, theirs = _open(kept), _open(gone)
    if ours is None or theirs is None:
        return
    contacts = list(Contact.objects.filter(file=theirs).order_by("pk").values_list("pk", flat=True))
    Contact.objects.filter(pk__in=contacts).update(file=ours, unit_path=ours.unit_path)
    note["assistance"] = {
        "kept": ours.pk,
        "gone": theirs.pk,
        "contacts": contacts,
        "opened_on": ours.opened_on.isoformat(),
        "urgent": ours.urgent,
    }
    # The year of "12333" runs from the day on which the first of them was opened.
    ours.opened_on, ours.urgent = (
        min(ours.opened_on, theirs.opened_on),
        ours.urgent or theirs.urgent,
    )
    ours.save(update_fields=["opened_on", "urgent"])
    theirs.state, theirs.closed_on = FileState.CLOSED, timezone.localdate()
    theirs.closed_because = BECAUSE
    theirs.save(update_fields=["state", "closed_on", "closed_because"])


def two_files(*, kept: int, gone: int, note: dict[str, Any]) -> None:
    """After a merge was undone: each has a file and the contacts of before."""
    told = note.get("assistance")
    if not told:
        return
    ours = AssistanceFile.objects.filter(pk=told["kept"], person_id=kept).first()
    theirs = AssistanceFile.objects.filter(pk=told["gone"], person_id=gone).first()
    if theirs is None:
        return
    if theirs.closed_because == BECAUSE and _open(gone) is None:
        theirs.state, theirs.closed_on, theirs.closed_because = FileState.OPEN, None, ""
        theirs.save(update_fields=["state", "closed_on", "closed_because"])
    Contact.objects.filter(pk__in=told["contacts"], file_id=told["kept"]).update(
        file=theirs, unit_path=theirs.unit_path
    )
    if ours is not None:
        ours.opened_on, ours.urgent = date.fromisoformat(told["opened_on"]), told["urgent"]
        ours.save(update_fields=["opened_on", "urgent"])


def look_again(*, people: Collection[int], household: int | None = None) -> None:
    """Groups, files and visit days of these people, and of a household that one of them left."""
    rows = Person.objects.filter(Q(pk__in=people) | Q(household_id=household or 0))
    for pk, path in rows.order_by("pk").values_list("pk", "unit_path"):
        changed.look_again(pk, path)


def _open(person_id: int) -> AssistanceFile | None:
    return AssistanceFile.objects.filter(person_id=person_id, state=FileState.OPEN).first()
