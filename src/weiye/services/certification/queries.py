"""Reading certifications. Everything starts from ``visible_to(actor)``."""

import uuid
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left

from weiye.base.packs.certification import Document
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.models import Person, StatusPeriod
from weiye.services.assistance.models import GroupMembership

from . import evidence
from .evidence import Paper
from .judging import Clause, judge
from .judging import Judged as Judged
from .models import (
    CLOSED,
    HOLDS,
    Case,
    CaseState,
    Certificate,
    Check,
    Objection,
    Posting,
    PublicNotice,
    Step,
)
from .states import COUNTY, STATION, STREET, Move, level_of, open_to
from .terms import Term, Terms, terms_of

# As long as the path of a community is, grids and buildings left out.
COMMUNITY = 17

# Whose desk a state lies on.
DESKS = {
    CaseState.DRAFT: STATION,
    CaseState.APPLIED: STATION,
    CaseState.CORRECTION: STATION,
    CaseState.REVIEW: STREET,
    CaseState.CHECK_DUE: STREET,
    CaseState.SUSPENDED: STREET,
    CaseState.DECISION: COUNTY,
    CaseState.NOTICE: COUNTY,
    CaseState.OBJECTED: COUNTY,
    CaseState.APPEAL: COUNTY,
}


def cases(actor: Actor) -> QuerySet[Case]:
    """All cases of the area, with person, unit and number; encrypted columns left alone."""
    home = Unit.objects.filter(path=Left(OuterRef("unit_path"), COMMUNITY))
    return (
        Case.objects.visible_to(actor)
        .select_related("person__unit", "certificate")
        .defer(*(f"person__{name}" for name in people.ENCRYPTED))
        .annotate(community=Subquery(home.values("name")[:1]))
    )


def mine_to_do(actor: Actor, on: date) -> QuerySet[Case]:
    """Cases that wait for a desk of the actor's level; a notice that runs waits for nobody."""
    here = level_of(actor)
    waits = [state for state, level in DESKS.items() if level == here]
    running = PublicNotice.objects.filter(case_key=OuterRef("pk"), ends_on__gte=on)
    rows = cases(actor).filter(state__in=waits)
    return rows.exclude(Q(state=CaseState.NOTICE) & Exists(running))


def late(rows: QuerySet[Case], on: date) -> QuerySet[Case]:
    return rows.filter(due_on__lt=on).exclude(state__in=CLOSED)


def notice_over(rows: QuerySet[Case], on: date) -> QuerySet[Case]:
    """Cases whose notice is no longer shown, or was for the last day before today."""
    shown = PublicNotice.objects.filter(case_key=OuterRef("pk"), ends_on__gte=on)
    return rows.filter(~Exists(shown), state=CaseState.NOTICE)


def counts(actor: Actor) -> dict[str, int]:
    """State → how many cases of the area."""
    rows = Case.objects.visible_to(actor).order_by().values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows}


# --- 建议认定 ---------------------------------------------------------------------------------


def suggestions(actor: Actor, *, as_of: date) -> QuerySet[Person]:
    """People whom the rule puts in the group, not certified and with no case: 建议认定."""
    group = terms_of(actor.path, as_of).certification.rule
    stays = GroupMembership.objects.filter(person=OuterRef("pk"), group=group, left_on__isnull=True)
    running = Case.objects.filter(person=OuterRef("pk")).exclude(state__in=CLOSED)
    return (
        people.people(actor)
        .filter(
            Exists(stays),
            ~Exists(running),
            Q(certified_difficult_since__isnull=True) | Q(certified_difficult_since__gt=as_of),
        )
        .select_related("unit")
        .annotate(because=stays.values("reason")[:1], source_of_rule=stays.values("source")[:1])
        .order_by("name_key", "pk")
    )


@dataclass(frozen=True)
class Suggested:
    """``missing``: the documents that would have to be brought, for what the rule found."""

    person: Person
    because: str
    source: str
    missing: list[Document]


def with_missing(actor: Actor, rows: list[Person], as_of: date) -> list[Suggested]:
    """What each of `suggestions` would still have to bring. One query more."""
    periods: dict[int, list[StatusPeriod]] = {}
    held = StatusPeriod.objects.visible_to(actor).filter(person__in=rows, during__contains=as_of)
    for period in held.order_by("pk"):
        periods.setdefault(period.person_id, []).append(period)
    found = []
    for person in rows:
        terms = terms_of(person.unit_path, as_of)
        rule = terms.pack.book.groups[terms.certification.rule]
        parts = [part for clause in rule.clauses for part in clause.parts]
        because: str = person.because  # type: ignore[attr-defined]
        asked = {
            document.id: document
            for part in parts
            if part.enabled and part.text in because
            for document in evidence.documents(part.id, terms)
            if document.enabled
        }
        own = periods.get(person.pk, [])
        missing = [d for d in asked.values() if evidence.known(d, person, own) is None]
        source: str = person.source_of_rule  # type: ignore[attr-defined]
        found.append(Suggested(person, because, source, missing))
    return found


# --- one case ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CasePage:
    case: Case
    person: Person
    clauses: list[Clause]
    papers: list[Paper]
    steps: list[Step]
    moves: dict[str, Move]
    certificate: Certificate | None
    posting: Posting | None
    ends: Term | None
    shown: PublicNotice | None
    objections: list[Objection]
    check: Check | None
    checks: list[Check]
    proposed_exit: str
    terms: Terms

    @property
    def missing(self) -> list[Paper]:
        return [paper for paper in self.papers if paper.wanted]

    @property
    def community(self) -> str:
        name: str = self.case.community or self.person.unit.name  # type: ignore[attr-defined]
        return name

    @property
    def filed_on(self) -> date | None:
        return next((s.on for s in self.steps if s.verb == "submit"), None)


def case_page(actor: Actor, case_id: int, *, as_of: date) -> CasePage:
    """Everything about a case. ``Case.DoesNotExist`` outside the area or the person's own rows."""
    case = cases(actor).get(pk=case_id)
    terms = terms_of(case.unit_path, as_of)
    postings = Posting.objects.visible_to(actor).filter(case=case).order_by("-pk")
    posting = postings.first()
    running = posting is not None and posting.closed_on is None
    checks = list(Check.objects.visible_to(actor).filter(case=case).order_by("-pk"))
    check = next((row for row in checks if row.kept is None), None)
    objections: list[Objection] = []
    if actor.can("certification.decide"):
        objections = list(Objection.objects.visible_to(actor).filter(case=case).order_by("pk"))
    return CasePage(
        case=case,
        person=case.person,
        clauses=case.clauses,
        papers=evidence.papers(case, terms),
        steps=list(Step.objects.visible_to(actor).filter(case=case).order_by("pk")),
        moves={move.verb: move for move in open_to(actor, case)},
        certificate=Certificate.objects.visible_to(actor).filter(case=case).first(),
        posting=posting,
        ends=posting.ends(terms) if posting is not None and running else None,
        shown=PublicNotice.objects.filter(case_key=case.pk, ends_on__gte=as_of).first(),
        objections=objections,
        check=check,
        checks=checks,
        proposed_exit=_proposed_exit(case, check),
        terms=terms,
    )


def _proposed_exit(case: Case, check: Check | None) -> str:
    """Which of the pack's reasons speaks for an end: a death, or the clauses that failed."""
    if case.state in HOLDS and case.person.died_on is not None:
        return "died"
    if check is None or check.proposal != "unmet":
        return ""
    failed = {clause["id"] for clause in check.clauses if clause["verdict"] == "unmet"}
    if "no-pension" in failed or "working-age" in failed:
        return "retired"
    return "employed" if "registered" in failed else "not-met"


def person(actor: Actor, person_id: int) -> Person:
    """Somebody of the area, without what is encrypted; ``Person.DoesNotExist`` outside it."""
    return people.people(actor).select_related("unit").get(pk=person_id)


def judged(actor: Actor, person_id: int, *, as_of: date) -> Judged:
    """What the rule says of somebody in the area, or of oneself."""
    rows = Person.objects.visible_to(actor).filter(anonymised_on__isnull=True)
    return judge(rows.defer(*people.ENCRYPTED).get(pk=person_id), as_of)


# --- of a person ------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfPerson:
    """For a person's page: the case that runs (or the last one), the number, what is due."""

    case: Case | None
    certificate: Certificate | None
    past: list[Certificate]

    @property
    def certified(self) -> bool:
        return self.case is not None and self.case.state in HOLDS


def of_person(actor: Actor, person_id: int) -> OfPerson:
    """Two queries."""
    rows = list(Case.objects.visible_to(actor).filter(person_id=person_id).order_by("-pk"))
    held = Certificate.objects.visible_to(actor).filter(person_id=person_id)
    certificates = list(held.order_by("-during", "-pk"))
    running = next((row for row in rows if row.is_open), rows[0] if rows else None)
    now = next((c for c in certificates if c.during.upper is None), None)
    return OfPerson(running, now, [c for c in certificates if c is not now])


def certified_on(actor: Actor, day: date) -> QuerySet[Certificate]:
    """Who was certified on a day, past or present."""
    return Certificate.objects.visible_to(actor).filter(during__contains=day)


# --- for everybody ----------------------------------------------------------------------------


def public_notices(*, as_of: date) -> QuerySet[PublicNotice]:
    """Notices that run, the first to end first."""
    return PublicNotice.objects.filter(posted_on__lte=as_of, ends_on__gte=as_of)


def public_notice(notice_id: uuid.UUID, *, as_of: date) -> PublicNotice:
    """One that runs; ``PublicNotice.DoesNotExist`` once it is over."""
    return public_notices(as_of=as_of).get(pk=notice_id)


def next_words(case: Case) -> str:
    """Where a case is and what comes next, in the plainest words."""
    return _NEXT[CaseState(case.state)]


_NEXT = {
    CaseState.DRAFT: "还没有交。材料齐了，点“提交申请”。",
    CaseState.APPLIED: "已经交了。社区会看材料齐不齐。",
    CaseState.REVIEW: "材料齐了，街道正在核实。",
    CaseState.DECISION: "街道看过了，等县里决定。",
    CaseState.CORRECTION: "材料要补。补好了再交一次。",
    CaseState.NOTICE: "县里同意了，正在公示。没有人有不同意见，就会认定。",
    CaseState.OBJECTED: "公示时有人提了不同意见，正在核查。",
    CaseState.CERTIFIED: "已经认定。",
    CaseState.CHECK_DUE: "认定满一年了，要核对一次情况。请联系社区。",
    CaseState.SUSPENDED: "没有按时核对情况，认定先暂停。请尽快联系社区。",
    CaseState.REFUSED: "这次没有通过。不同意的，可以申请复核。",
    CaseState.APPEAL: "正在复核，由另外的人重新看。",
    CaseState.WITHDRAWN: "申请已经撤回。",
    CaseState.ENDED: "认定已经结束。",
}
