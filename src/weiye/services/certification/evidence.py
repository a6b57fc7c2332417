"""Which documents a case asks for, and which of them are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from weiye.base.packs.certification import Document
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod

from .models import Case, Evidence, EvidenceKind
from .terms import Terms

# Facts that a status of the ledger tells: kind and, for employment, which.
_PERIODS = {
    "registered_unemployed_since": (PeriodKind.UNEMPLOYMENT_REGISTRATION, ""),
    "unemployed_since": (PeriodKind.EMPLOYMENT, "失业"),
}


@dataclass(frozen=True)
class Paper:
    """One document of a case, and what is there for it."""

    document: Document
    held: Evidence | None
    files: tuple[Evidence, ...]
    seen: Evidence | None

    @property
    def there(self) -> bool:
        return bool(self.held or self.files or self.seen)

    @property
    def wanted(self) -> bool:
        """Asked for, and not there."""
        return self.document.enabled and not self.there


def documents(category: str, terms: Terms) -> tuple[Document, ...]:
    """Everything that a category names; what is not ``enabled`` holds up nothing."""
    known = terms.certification.categories.get(category)
    return known.documents if known else ()


def papers(case: Case, terms: Terms) -> list[Paper]:
    """In the pack's order. One query."""
    rows: dict[tuple[str, str], list[Evidence]] = {}
    for row in Evidence.objects.filter(case=case).select_related("file").order_by("id"):
        rows.setdefault((row.document, row.kind), []).append(row)
    return [
        Paper(
            document,
            next(iter(rows.get((document.id, EvidenceKind.HELD), ())), None),
            tuple(rows.get((document.id, EvidenceKind.FILE), ())),
            next(iter(rows.get((document.id, EvidenceKind.SEEN), ())), None),
        )
        for document in documents(case.category, terms)
    ]


def missing(case: Case, terms: Terms) -> list[Document]:
    return [paper.document for paper in papers(case, terms) if paper.wanted]


def held(document: Document, person: Person, on: date) -> tuple[str, date] | None:
    """Whose word the ledger has for a document, and of which day; None if it has none."""
    rows = StatusPeriod.objects.filter(person=person, during__contains=on)
    return known(document, person, list(rows.order_by("pk")))


def known(
    document: Document, person: Person, periods: Sequence[StatusPeriod]
) -> tuple[str, date] | None:
    """As `held`, of somebody whose periods of the day were read."""
    for fact in document.facts:
        if fact in _PERIODS:
            for period in periods:
                if (period.kind, period.status) == _PERIODS[fact]:
                    return period.source, _day(person, fact)
        elif _known(person, fact):
            return person.source, _day(person, fact)
    return None


def _known(person: Person, fact: str) -> bool:
    if fact == "household":
        return person.household_id is not None
    if fact == "id_number":
        return bool(person.id_index)
    value = getattr(person, fact, None)
    return value not in (None, "", "无", 0, False)


def _day(person: Person, fact: str) -> date:
    stated = person.fact_dates.get(fact)
    return date.fromisoformat(stated) if stated else person.as_of
