"""People as the privacy of the base sees them: what bears an index, and how keeping them ends."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from weiye.base.accounts.actions import forget_residents
from weiye.base.accounts.models import Membership
from weiye.base.privacy import rotation
from weiye.base.privacy.fields import BlindIndexField
from weiye.base.privacy.masking import mask_name
from weiye.base.privacy.retention import Due, Handler, keep_back, may_end, register
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .biography import anonymous
from .models import (
    Household,
    Merge,
    OtherNumber,
    Person,
    SensitiveRecord,
    StatusPeriod,
    SurveyAnswer,
    SurveyConflict,
    SurveyVisit,
    WorkWish,
)
from .queries import ENCRYPTED
from .transfers.models import OPEN, TransferRequest
from .transfers.moving import community_of

# What stands where a name or a free text was.
GONE = "（已匿名）"

# A household that no list gave a number is called after its first member (`intake`).
NAMED = "户"
DIGITS = 12


def follow_ids(column: BlindIndexField, became: Mapping[str, str], using: str) -> None:
    """Requests name a person by the index alone; some households are called after one."""
    if column.model is not Person or column.name != "id_index" or not became:
        return
    old, new = list(became), list(became.values())
    with connections[using].cursor() as cursor:
        cursor.execute(
            f'UPDATE "{TransferRequest._meta.db_table}" t SET id_index = v.new '  # noqa: S608
            "FROM unnest(%s::text[], %s::text[]) AS v(old, new) WHERE t.id_index = v.old",
            [old, new],
        )
        cursor.execute(
            f'UPDATE "{Household._meta.db_table}" t SET number = v.new '  # noqa: S608
            "FROM unnest(%s::text[], %s::text[]) AS v(old, new) WHERE t.number = v.old "
            f'AND NOT EXISTS (SELECT 1 FROM "{Household._meta.db_table}" o '
            "WHERE o.unit_id = t.unit_id AND o.number = v.new)",
            [[NAMED + i[:DIGITS] for i in old], [NAMED + i[:DIGITS] for i in new]],
        )


rotation.follow(follow_ids)


# --- the end of keeping ----------------------------------------------------------------------


def _unused(actor: Actor, before: date) -> QuerySet[Person]:
    """People of whom nothing was said since ``before``; who else used them is asked by others."""
    return Person.objects.visible_to(actor).filter(
        as_of__lt=before, created_at__date__lt=before, anonymised_on__isnull=True
    )


def _due(actor: Actor, before: date) -> Iterable[Due]:
    for pk, path, as_of, created in (
        _unused(actor, before)
        .order_by("pk")
        .values_list("pk", "unit_path", "as_of", "created_at__date")
    ):
        yield Due(str(pk), path, max(as_of, created))


def _anonymise(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    """Take away for ever what names the people; what statistics count stays.

    Kept: sex, year of birth, education, the kinds of difficulty, statuses over time, the community.
    """
    # An import that held somebody may have said meanwhile that they are still here: the database
    # asks the condition again once it has the lock.
    rows = _unused(actor, before).filter(pk__in=[int(thing) for thing in things])
    locked = rows.order_by("pk").select_for_update(of=("self",)).defer(*ENCRYPTED)
    found = {str(person.pk): person for person in locked}
    free = may_end("people", actor, list(found), before)
    homes: set[int] = set()
    for thing in free:
        person = found[thing]
        if person.household_id is not None:
            homes.add(person.household_id)
        _strip(person, as_of)
    keys = [int(thing) for thing in free]
    StatusPeriod.objects.filter(person_id__in=keys).update(
        source=GONE, number="", reason="", end_reason=""
    )
    WorkWish.objects.filter(pk__in=keys).update(source="", skills=[])
    _forget_elsewhere(keys)
    # A household of which nobody is left is nobody's address.
    Household.objects.filter(pk__in=homes, members__isnull=True).delete()
    return free


def _forget_elsewhere(keys: Sequence[int]) -> None:
    """What names them outside their community, perhaps outside the actor's area.

    The side that asked for somebody by number has a row that is not tied to the person; the two
    rows of a request share its number.
    """
    office = system(name="到期去除身份信息")
    with fence(office):
        named = TransferRequest.objects.filter(person_id__in=keys).values_list("request", flat=True)
        TransferRequest.objects.filter(request__in=list(named)).update(
            name=GONE,
            masked_id="",
            id_index=None,
            reason=GONE,
            evidence="",
            address=None,
            decision="",
        )
        forget_residents(actor=office, person_ids=keys, name=GONE)
        SurveyAnswer.objects.filter(person_id__in=keys).delete()
        # Rows that went into theirs are sealed in the merge; what is nobody's is not parted again.
        OtherNumber.objects.filter(person_id__in=keys).delete()
        Merge.objects.filter(person_id__in=keys).delete()
        # Nobody is told that there were any.
        SensitiveRecord.objects.filter(person_id__in=keys).delete()


def _strip(person: Person, as_of: date) -> None:
    community = community_of(person.unit_path)
    if community != person.unit_path:
        person.unit = Unit.objects.get(path=community)
        person.unit_path = community
        StatusPeriod.objects.filter(person=person).update(unit_path=community)
        WorkWish.objects.filter(pk=person.pk).update(unit_path=community)
    values: dict[str, Any] = {
        "name": GONE,
        "name_key": "",
        "id_number": None,
        "id_index": None,
        "id_index_next": None,
        "phone": None,
        "phone_index": None,
        "phone_index_next": None,
        "address": None,
        "household": None,
        "household_role": "",
        "birth_date": _year(person.birth_date),
        "hukou_unit": person.hukou_unit and person.hukou_unit[:6].ljust(12, "0"),
        "resident_since": _year(person.resident_since),
        "graduated_on": _year(person.graduated_on),
        "children": person.children and [_year(day) for day in person.children],
        "skill_certificates": anonymous(person.skill_certificates),
        "education_history": anonymous(person.education_history),
        "work_history": anonymous(person.work_history),
        "health_limits": None,
        "certified_difficult_since": _year(person.certified_difficult_since),
        "lon": None,
        "lat": None,
        "point_source": "",
        "source": GONE,
        "fact_dates": {},
        "fact_sources": {},
        "anonymised_on": as_of,
    }
    for name, value in values.items():
        setattr(person, name, value)
    person.save(update_fields=[*values, "unit", "unit_path"])


def _year(day: date | None) -> date | None:
    return day and day.replace(month=1, day=1)


def _named(actor: Actor, things: Sequence[str]) -> dict[str, str]:
    rows = Person.objects.visible_to(actor).filter(pk__in=[int(thing) for thing in things])
    return {
        str(pk): f"{mask_name(name)}（{unit}）"
        for pk, name, unit in rows.values_list("pk", "name", "unit__name")
    }


def _signs_in(actor: Actor, things: Sequence[str], before: date) -> set[str]:
    """Residents who hold an account of their own use what is kept of them."""
    rows = Membership.objects.active().filter(
        subject_kind="person", subject_id__in=[int(thing) for thing in things]
    )
    return {str(pk) for pk in rows.values_list("subject_id", flat=True)}


def _moving(actor: Actor, things: Sequence[str], before: date) -> set[str]:
    """Somebody waits for an answer about them."""
    rows = TransferRequest.objects.filter(
        person_id__in=[int(thing) for thing in things], state__in=OPEN
    )
    return {str(pk) for pk in rows.values_list("person_id", flat=True)}


keep_back("people", _signs_in)
keep_back("people", _moving)
register(
    Handler(
        "people",
        "居民",
        ("anonymise",),
        _due,
        _anonymise,
        _named,
        kind="person",
        verb="person.anonymise",
    )
)


# --- visits at the door ----------------------------------------------------------------------


def _old_visits(actor: Actor, before: date) -> QuerySet[SurveyVisit]:
    """Visits of which nothing is left to decide or to do."""
    waiting = SurveyConflict.objects.visible_to(actor).filter(decision="").values("answer__visit")
    todo = SurveyAnswer.objects.visible_to(actor).exclude(todo="").values("visit")
    rows = SurveyVisit.objects.visible_to(actor).filter(on__lt=before)
    return rows.exclude(pk__in=waiting).exclude(pk__in=todo)


def _visits_due(actor: Actor, before: date) -> Iterable[Due]:
    for pk, path, on in (
        _old_visits(actor, before).order_by("pk").values_list("pk", "unit_path", "on")
    ):
        yield Due(str(pk), path, on)


def _end_visits(actor: Actor, things: Sequence[str], before: date, as_of: date) -> list[str]:
    rows = _old_visits(actor, before).filter(pk__in=[int(thing) for thing in things])
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    SurveyVisit.objects.filter(pk__in=found).delete()
    return [str(pk) for pk in found]


register(Handler("surveys", "入户调查记录", ("delete",), _visits_due, _end_visits))
