"""What assistance keeps of people, and what goes when they are anonymised."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from weiye.base.privacy.retention import along_with, keep_back
from weiye.base.scope.actor import Actor

from .models import (
    AssistanceFile,
    Contact,
    FactChange,
    FileState,
    GroupMembership,
    ListEntry,
    Standing,
    Visit,
    VisitDue,
)

GONE = "（已匿名）"


def _still_helped(actor: Actor, things: Sequence[str], before: date) -> set[str]:
    """Whoever has an open file, or was helped since ``before``."""
    people = [int(thing) for thing in things]
    files = AssistanceFile.objects.filter(
        Q(state=FileState.OPEN) | Q(closed_on__gte=before), person_id__in=people
    )
    contacts = Contact.objects.filter(file__person_id__in=people, on__gte=before)
    visits = Visit.objects.filter(person_id__in=people, on__gte=before)
    return {
        str(pk)
        for rows, column in (
            (files, "person_id"),
            (contacts, "file__person_id"),
            (visits, "person_id"),
        )
        for pk in rows.order_by().values_list(column, flat=True)
    }


def _strip(actor: Actor, things: Sequence[str], as_of: date) -> None:
    """Notes, comments and reasons go; that there was a contact, and of what kind, stays."""
    people = [int(thing) for thing in things]
    files = AssistanceFile.objects.filter(person_id__in=people)
    Contact.objects.filter(file__person_id__in=people).update(note=GONE)
    Contact.objects.filter(file__person_id__in=people).exclude(withdrawn_because="").update(
        withdrawn_because=GONE
    )
    ListEntry.objects.filter(file__person_id__in=people).update(
        summary="", reasons=[], detail={}, hidden_because="", comment=""
    )
    files.update(opened_because=GONE)
    files.filter(state=FileState.CLOSED).update(closed_because=GONE)
    stays = GroupMembership.objects.filter(person_id__in=people)
    stays.update(reason=GONE)
    stays.filter(left_on__isnull=False).update(left_reason=GONE)
    stays.update(joined_change="", left_change="")
    # What was known from day to day is the person; that somebody was visited stays.
    Standing.objects.filter(person_id__in=people).delete()
    FactChange.objects.filter(person_id__in=people).delete()
    VisitDue.objects.filter(person_id__in=people).delete()
    visits = Visit.objects.filter(person_id__in=people)
    visits.exclude(note="").update(note=GONE)
    visits.exclude(withdrawn_because="").update(withdrawn_because=GONE)


keep_back("people", _still_helped)
along_with("people", _strip)
