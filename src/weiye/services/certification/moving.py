"""What of a certification goes along with a person and hangs on them by no key of its own."""

from collections.abc import Sequence
from typing import Any

from weiye.base.files.models import FilePart, StoredFile
from weiye.base.regions.models import Unit
from weiye.registers.people.models import Person

from .models import Case, Evidence, PublicNotice


def follow(*, person_ids: Sequence[int], unit: Unit, **kwargs: Any) -> None:
    """Papers and the notice that runs get the new unit; the rows that name them have it already.

    Within the transaction of the move, as the office, which logs it.
    """
    people = list(person_ids)
    named = Evidence.objects.filter(case__person_id__in=people, file__isnull=False)
    files = list(named.order_by().values_list("file", flat=True))
    StoredFile.objects.filter(pk__in=files).update(unit_path=unit.path)
    FilePart.objects.filter(file__in=files).update(unit_path=unit.path)
    cases = Case.objects.filter(person_id__in=people).values("pk")
    PublicNotice.objects.filter(case_key__in=cases).update(unit_path=unit.path)


def settle(person_ids: Sequence[int]) -> None:
    """After a merge, or after one was undone: papers lie where their people do.

    The notice of a case that was set aside ends: nobody could object to it any more.
    """
    for person in Person.objects.filter(pk__in=person_ids).select_related("unit").order_by("pk"):
        follow(person_ids=[person.pk], unit=person.unit)
    PublicNotice.objects.exclude(case_key__in=Case.objects.values("pk")).delete()
