"""What of a certification goes along with a person and hangs on them by no key of its own."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError

from weiye.base.files.models import FilePart, StoredFile
from weiye.base.regions.models import Unit
from weiye.registers.people.models import Person

from .models import CLOSED, Case, Evidence, PublicNotice


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


def one_alone(person_ids: Sequence[int]) -> None:
    """Before a merge: of two certifications somebody ends one first, with a reason.

    Raises ``ValidationError``: set aside, a certificate would be nowhere.
    """
    going = Case.objects.filter(person_id__in=list(person_ids)).exclude(state__in=CLOSED)
    if going.order_by().values("person_id").distinct().count() > 1:
        raise ValidationError(
            "两边都有就业困难人员认定。请先把其中一份撤回或办理退出，写明是重复登记，再合并。"
        )


def settle(person_ids: Sequence[int]) -> None:
    """After a merge, or after one was undone: papers lie where their people do.

    The notice of a case that was set aside ends: nobody could object to it any more.
    """
    for person in Person.objects.filter(pk__in=person_ids).select_related("unit").order_by("pk"):
        follow(person_ids=[person.pk], unit=person.unit)
    PublicNotice.objects.exclude(case_key__in=Case.objects.values("pk")).delete()
