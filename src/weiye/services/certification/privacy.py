"""What certification keeps of people, and what goes when they are anonymised."""

from collections.abc import Sequence
from datetime import date

from weiye.base.files.models import StoredFile
from weiye.base.privacy.retention import along_with, keep_back
from weiye.base.scope.actor import Actor

from .models import CLOSED, Case, Certificate, Check, Evidence, Objection, PublicNotice, Step

GONE = "（已匿名）"


def _still_open(actor: Actor, things: Sequence[str], before: date) -> set[str]:
    """Whoever applies, is certified, or was so after ``before``."""
    people = [int(thing) for thing in things]
    cases = Case.objects.filter(person_id__in=people)
    running = cases.exclude(state__in=CLOSED).order_by().values_list("person_id", flat=True)
    late = cases.filter(changed_at__date__gte=before).order_by()
    return {str(pk) for pk in running} | {
        str(pk) for pk in late.values_list("person_id", flat=True)
    }


def _strip(actor: Actor, things: Sequence[str], as_of: date) -> None:
    """Papers, words and numbers go; that somebody was certified, from when until when, stays."""
    people = [int(thing) for thing in things]
    cases = Case.objects.filter(person_id__in=people)
    papers = Evidence.objects.filter(case__in=cases)
    StoredFile.objects.filter(
        pk__in=list(papers.filter(file__isnull=False).values_list("file", flat=True))
    ).delete()
    papers.delete()
    Objection.objects.filter(case__in=cases).delete()
    PublicNotice.objects.filter(case_key__in=cases.values("pk")).delete()
    Step.objects.filter(case__in=cases).update(note="")
    Step.objects.filter(case__in=cases, account_id__isnull=False, name__gt="").exclude(
        unit_name__gt=""
    ).update(name=GONE)
    Check.objects.filter(case__in=cases).update(clauses=[])
    cases.update(statement="", clauses=[])
    cases.exclude(reason="").update(reason=GONE)
    cases.exclude(consent="").update(consent=GONE)
    cases.filter(origin="self").update(opened_by_name=GONE)
    for held in Certificate.objects.filter(person_id__in=people).order_by("pk"):
        Certificate.objects.filter(pk=held.pk).update(number=f"匿名-{held.pk}")


keep_back("people", _still_open)
along_with("people", _strip)
