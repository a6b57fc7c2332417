"""Reading the ledger of people. Everything starts from ``visible_to(actor)``.

A list never touches the encrypted columns: `ledger` defers them. Reading one person whole is an
act that is logged: `actions.open_person`.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from weiye.base.packs import Pack
from weiye.base.privacy.fields import blind_indexes
from weiye.base.scope.actor import Actor, below

from . import said
from .columns import BIOGRAPHY
from .models import EmploymentStatus, OtherNumber, PeriodKind, Person, StatusPeriod
from .search import COLUMNS, named

ENCRYPTED = ("id_number", "phone", "address")
# In no list: sensitive, or long.
UNLISTED = BIOGRAPHY

# Completed years on a day; who was born on 29 February turns a year older on 1 March.
_AGE = "date_part('year', age(%s::date, people_person.birth_date))::int"


def people(actor: Actor) -> QuerySet[Person]:
    """Everybody in the actor's area, encrypted columns left where they are.

    Who was anonymised counts in the statistics, and is nobody's to look up.
    """
    return (
        Person.objects.visible_to(actor)
        .filter(anonymised_on__isnull=True)
        .defer(*ENCRYPTED, *COLUMNS, *UNLISTED)
    )


def ledger(actor: Actor, *, as_of: date) -> QuerySet[Person]:
    """The ledger's rows with ``age`` (completed years) and ``employment_status`` on the day."""
    return (
        people(actor)
        .select_related("unit")
        .annotate(
            age=RawSQL(_AGE, [as_of], output_field=IntegerField(null=True)),  # noqa: S611
            employment_status=Subquery(
                current_periods(as_of).filter(person=OuterRef("pk")).values("status")[:1]
            ),
        )
    )


def current_periods(
    as_of: date, kind: PeriodKind = PeriodKind.EMPLOYMENT
) -> QuerySet[StatusPeriod]:
    """The periods of one kind that hold the day; at most one per person."""
    # Not scoped by itself: only ever used below a scoped person.
    return StatusPeriod.objects.filter(kind=kind, during__contains=as_of).order_by()


def with_status(rows: QuerySet[Person], status: str, as_of: date) -> QuerySet[Person]:
    """Narrow to those of one employment status; ``""`` stands for unknown."""
    if status:
        return rows.filter(
            Exists(current_periods(as_of).filter(person=OuterRef("pk"), status=status))
        )
    # Not to be sought person by person (21 s in a city where all are known): "+ 0" hides the index,
    # so that all of the area's periods are read once.
    held = current_periods(as_of).annotate(who=F("person_id") + 0)
    return rows.filter(~Exists(held.filter(who=OuterRef("pk"))))


def registered_unemployed(rows: QuerySet[Person], as_of: date) -> QuerySet[Person]:
    kind = PeriodKind.UNEMPLOYMENT_REGISTRATION
    return rows.filter(Exists(current_periods(as_of, kind).filter(person=OuterRef("pk"))))


def aged(
    rows: QuerySet[Person], low: int | None, high: int | None, as_of: date
) -> QuerySet[Person]:
    """Narrow to completed years from ``low`` to ``high``, bounds included, by an index range."""
    if low is not None:
        rows = rows.filter(birth_date__lte=_born_at_the_latest(as_of, low))
    if high is not None:
        rows = rows.filter(birth_date__gt=_born_at_the_latest(as_of, high + 1))
    return rows


def _born_at_the_latest(as_of: date, years: int) -> date:
    """The last birthday with ``years`` completed years on the day.

    >>> _born_at_the_latest(date(2025, 2, 28), 1)
    datetime.date(2024, 2, 28)
    """
    year = max(as_of.year - years, 1)
    try:
        return as_of.replace(year=year)
    except ValueError:  # 29 February in a common year: those of the 28th were it already
        return date(year, 2, 28)


# What no name begins with; the rest is a blind index, or two while its key is being replaced.
_INDEX = "#"
_CONCEALED = re.compile(rf"{_INDEX}[0-9a-f]{{64}}(\.[0-9a-f]{{64}})?")
# ID, phone and travel documents: letters in front, or an X behind.
_NUMBER = re.compile(r"[A-Z]{0,3}[0-9]{6,}[0-9X]", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"[\s\-–—.·]+|^\+86")


def concealed(text: str) -> str:
    """A search text that may be stored and stand in an address.

    Where it holds anything like an ID or phone number, however written, it becomes that number's
    blind index; so does a part of one, which then finds nobody. What is concealed stays as it is.
    """
    text = text.strip()
    if is_concealed(text):
        return text
    digits = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    number = _NUMBER.search(digits)
    if number is None:
        return text
    return _INDEX + ".".join(blind_indexes(number.group().upper())[:2])


def is_concealed(text: str) -> bool:
    return _CONCEALED.fullmatch(text) is not None


def search(rows: QuerySet[Person], text: str) -> QuerySet[Person]:
    """Narrow by part of the name, by pinyin, or by a whole ID or phone number.

    Numbers are found by their blind index: whole numbers alone, never a part of one.
    """
    text = concealed(text)
    if not text:
        return rows
    if is_concealed(text):
        indexes = text.removeprefix(_INDEX).split(".")
        named_by = OtherNumber.objects.filter(number_index__in=indexes).values("person")
        return rows.filter(
            Q(id_index__in=indexes) | Q(phone_index__in=indexes) | Q(pk__in=named_by)
        )
    return rows.filter(named(text))


def bearers(indexes: Collection[str]) -> dict[str, int]:
    """Index of a number → whom it names, by their own number or a further one, below the fence."""
    own = Person.objects.filter(id_index__in=indexes, anonymised_on__isnull=True).order_by("pk")
    further = OtherNumber.objects.filter(number_index__in=indexes).order_by("pk")
    found = {str(index): pk for index, pk in further.values_list("number_index", "person_id")}
    return found | {str(index): pk for index, pk in own.values_list("id_index", "pk")}


def person(actor: Actor, person_id: int) -> Person:
    """One person with unit, household and wish, else ``Person.DoesNotExist``."""
    return (
        Person.objects.visible_to(actor)
        .filter(anonymised_on__isnull=True)
        .select_related("unit", "household", "wish")
        .get(pk=person_id)
    )


def hold(actor: Actor, person_id: int) -> None:
    """Hold one person's row until the transaction ends, against a second who saves meanwhile.

    Raises ``Person.DoesNotExist`` for one outside the area.
    """
    Person.objects.visible_to(actor).only("pk").select_for_update().get(pk=person_id)


def periods(actor: Actor, person_id: int) -> QuerySet[StatusPeriod]:
    """The person's whole history, newest first."""
    return (
        StatusPeriod.objects.visible_to(actor)
        .filter(person_id=person_id)
        .order_by("-during", "kind")
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A status or registration that held on a day; ``since`` None: from when is not known."""

    kind: PeriodKind
    status: str
    since: date | None
    until: date | None
    number: str
    source: str


@dataclass(frozen=True, slots=True)
class StatusOn:
    """What was recorded of one person for a day; ``employment`` None: nothing."""

    employment: Held | None = None
    registrations: tuple[Held, ...] = ()


def status_on(
    actor: Actor, people: int | Collection[int] | None, day: date, *, path: str = ""
) -> dict[int, StatusOn]:
    """Statuses and registrations on any day, of one person, of several, or (None) of the actor's
    whole area or of what lies at or below ``path``; one query, by person.

    Who has nothing recorded for the day is left out. People outside the area are too.
    """
    rows = StatusPeriod.objects.visible_to(actor).filter(
        during__contains=day, person__anonymised_on__isnull=True
    )
    if people is not None:
        keys = [people] if isinstance(people, int) else sorted(people)
        rows = rows.filter(person_id__in=keys)
    if path:
        lo, hi = below(path)
        rows = rows.filter(person__unit_path__gte=lo, person__unit_path__lt=hi)
    columns = ("person_id", "kind", "status", "during", "start_known", "number", "source")
    found: dict[int, list[Held]] = {}
    for person_id, kind, status, during, known, number, source in (
        rows.order_by("person_id", "kind").values_list(*columns).iterator(chunk_size=5000)
    ):
        since = during.lower if known else None
        held = Held(PeriodKind(kind), status, since, during.upper, number, source)
        found.setdefault(person_id, []).append(held)
    return {key: _on(held) for key, held in found.items()}


def _on(held: list[Held]) -> StatusOn:
    # Kinds come in order: the employment status is first where there is one.
    if held[0].kind == PeriodKind.EMPLOYMENT:
        return StatusOn(held[0], tuple(held[1:]))
    return StatusOn(None, tuple(held))


@dataclass(frozen=True, slots=True)
class Word:
    """From whom and of which day a fact is. ``known``: whether the ledger holds a value or "none".

    ``department``: the department that it came from ("" for none); ``fresh``: its word is young
    enough not to be asked again.
    """

    fact: str
    label: str
    known: bool
    source: str = ""
    on: date | None = None
    department: str = ""
    fresh: bool = False


def provenance(found: Person, *, pack: Pack | None = None, day: date | None = None) -> list[Word]:
    """Each fact of a person with its source and day; of departments by the pack, on the day.

    ``found`` as `person` gives it (unit and wish looked at). Two queries at most.
    """
    kinds = StatusPeriod.objects.filter(person=found, kind__in=said.OF_KIND).order_by()
    had = said.held(found, set(kinds.values_list("kind", flat=True)))
    departments = pack.surveys.departments if pack is not None and pack.surveys else ()
    words = []
    for name, label in said.LABELS.items():
        if name not in had:
            words.append(Word(name, label, False))
            continue
        source = said.source_of(found.fact_sources, found.source, name)
        on = date.fromisoformat(found.fact_dates.get(name) or found.as_of.isoformat())
        sender = next((d for d in departments if d.speaks_of(name, source)), None)
        fresh = sender is not None and day is not None and sender.is_fresh(on, day)
        words.append(Word(name, label, True, source, on, sender.name if sender else "", fresh))
    wish = getattr(found, "wish", None)
    for name, label in said.WISH_LABELS.items():
        if wish is None or wish.said_on is None or getattr(wish, name) in (None, "", []):
            words.append(Word(name, label, False))
        else:
            words.append(Word(name, label, True, wish.source, wish.said_on))
    return words


def held_elsewhere(indexes: Collection[str]) -> set[str]:
    """Which blind indexes of ID numbers lie outside the fence; nothing else is learnt of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT weiye_ids_held_elsewhere(%s)", [list(indexes)])
        return {row[0] for row in cursor.fetchall()}


def household_members(actor: Actor, found: Person, *, as_of: date) -> QuerySet[Person]:
    """The others of the household that live in the actor's area."""
    if found.household_id is None:
        return Person.objects.none()
    return (
        ledger(actor, as_of=as_of)
        .filter(household_id=found.household_id)
        .exclude(pk=found.pk)
        .order_by("birth_date", "pk")
    )


def status_choices() -> list[tuple[str, str]]:
    return [(value, label) for value, label in EmploymentStatus.choices]
