"""One person's page and the sheet that is handed over at the door."""

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from weiye.base.accounts.models import Account, Membership, Origin
from weiye.base.privacy.masking import mask_id_number, mask_phone
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people import queries as people
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod, WorkWish

from ..jurisdiction import file_groups
from ..models import (
    AssistanceFile,
    Contact,
    FileState,
    GroupMembership,
    ListEntry,
    ListKind,
)
from ..quota import Progress
from .progress import quota_progress
from .today import next_step


@dataclass(frozen=True)
class Lists:
    """The open entries of one file, each list in its order, hidden entries apart."""

    needs: list[ListEntry]
    jobs: list[ListEntry]
    policies: list[ListEntry]
    training: list[ListEntry]
    hidden: list[ListEntry]

    def sections(self) -> list[tuple[str, str, list[ListEntry]]]:
        """``(kind, official name, entries)`` in the order in which they are shown."""
        return [
            (ListKind.NEED.value, ListKind.NEED.label, self.needs),
            (ListKind.JOB.value, ListKind.JOB.label, self.jobs),
            (ListKind.POLICY.value, ListKind.POLICY.label, self.policies),
            (ListKind.TRAINING.value, ListKind.TRAINING.label, self.training),
        ]


@dataclass(frozen=True)
class PersonPage:
    person: Person
    age: int | None
    masked_id: str
    masked_phone: str
    employment_status: str
    status_since: date | None
    """None without a status, and where nobody said from when; ``status_note`` then says so."""
    status_note: str
    registered_unemployed_since: date | None
    wish: WorkWish | None
    household: list[Person]
    """The other members, with ``age``, ``employment_status`` and ``group_names``."""
    periods: list[StatusPeriod]
    groups: list[GroupMembership]
    past_groups: list[GroupMembership]
    file: AssistanceFile | None
    """The open file, else the one closed last."""
    past_files: list[AssistanceFile]
    progress: Progress | None
    next_step: str
    lists: Lists
    contacts: list[Contact]
    to_close: str
    """Why the file could be closed; empty if nothing speaks for it."""


def person_page(actor: Actor, *, person_id: int, as_of: date) -> PersonPage:
    """Everything about one person. The caller logs the read: `people.actions.open_person`.

    Raises `NotAllowed` without ``people.read``, ``Person.DoesNotExist`` outside the area.
    """
    actor.require("people.read")
    person = people.person(actor, person_id)
    from .ledger import ledger

    members: list[Person] = []
    if person.household_id is not None:
        members = list(
            ledger(actor, as_of=as_of)
            .filter(household_id=person.household_id)
            .order_by("birth_date", "pk")
        )
    periods = list(people.periods(actor, person_id))
    current = {p.kind: p for p in periods if _holds(p, as_of)}
    status = current.get(PeriodKind.EMPLOYMENT)
    registration = current.get(PeriodKind.UNEMPLOYMENT_REGISTRATION)
    stays = list(
        GroupMembership.objects.visible_to(actor)
        .filter(person_id=person_id)
        .order_by("group", "-found_on", "-id")
    )
    groups = [stay for stay in stays if stay.left_on is None]
    files = list(
        AssistanceFile.objects.visible_to(actor)
        .filter(person_id=person_id)
        .order_by("-opened_on", "-id")
    )
    file = next((f for f in files if f.state == FileState.OPEN), files[0] if files else None)
    open_file = file if file is not None and file.state == FileState.OPEN else None
    progress = quota_progress(open_file, as_of=as_of) if open_file else None
    leaving = sorted(
        (stay for stay in stays if stay.left_on is not None), key=lambda s: (s.left_on, s.pk)
    )
    to_close = ""
    held = open_file is None or open_file.quota or {stay.group for stay in groups} & file_groups()
    if not held:
        to_close = leaving[-1].left_reason if leaving else "已不属于任何援助群体。"
    return PersonPage(
        person=person,
        age=_age(person, as_of),
        masked_id=mask_id_number(person.id_number or ""),
        masked_phone=mask_phone(person.phone or ""),
        employment_status=status.status if status else "",
        status_since=status.during.lower if status and status.start_known else None,
        status_note="起始日期未知" if status and not status.start_known else "",
        registered_unemployed_since=registration.during.lower if registration else None,
        wish=getattr(person, "wish", None),
        household=[member for member in members if member.pk != person.pk],
        periods=periods,
        groups=groups,
        past_groups=[stay for stay in stays if stay.left_on is not None],
        file=file,
        past_files=[f for f in files if f is not file],
        progress=progress,
        next_step=next_step(progress, as_of),
        lists=_lists(actor, open_file),
        contacts=list(
            Contact.objects.visible_to(actor)
            .filter(file__in=[f.pk for f in files])
            .order_by("-on", "-id")
        ),
        to_close=to_close,
    )


@dataclass(frozen=True)
class PrintSheet:
    """One A4 page: who, whom to ask, the four lists."""

    person: Person
    age: int | None
    masked_id: str
    station: str
    file: AssistanceFile | None
    progress: Progress | None
    groups: list[str]
    lists: Lists
    as_of: date


def print_sheet(actor: Actor, *, person_id: int, as_of: date, rows: int = 4) -> PrintSheet:
    """What is handed over at the door: the first ``rows`` entries of each list, to fit one page.

    The caller logs the read, as for `person_page`.
    """
    actor.require("people.read")
    person = people.person(actor, person_id)
    file = (
        AssistanceFile.objects.visible_to(actor)
        .filter(person_id=person_id, state=FileState.OPEN)
        .first()
    )
    lists = _lists(actor, file)
    groups = (
        GroupMembership.objects.visible_to(actor)
        .filter(person_id=person_id, left_on__isnull=True)
        .order_by("group")
        .values_list("group", flat=True)
    )
    return PrintSheet(
        person=person,
        age=_age(person, as_of),
        masked_id=mask_id_number(person.id_number or ""),
        station=actor.unit_name or person.unit.name,
        file=file,
        progress=quota_progress(file, as_of=as_of) if file else None,
        groups=list(groups),
        lists=Lists(
            lists.needs[:rows], lists.jobs[:rows], lists.policies[:rows], lists.training[:rows], []
        ),
        as_of=as_of,
    )


def workers(actor: Actor, *, path: str) -> list[Account]:
    """Accounts that may be responsible for somebody who lives at ``path``, by name."""
    actor.require("files.manage", path)
    with fence(system()):
        holders = _responsible([path]).values("account_id")
        accounts = list(Account.objects.filter(pk__in=holders).only("username", "name"))
    return sorted(accounts, key=lambda account: (account.name, account.pk))


def responsible_memberships(paths: list[str]) -> list[Membership]:
    """Active station and grid workers whose unit holds one of the paths."""
    with fence(system()):
        rows = _responsible(paths).select_related("account", "unit")
        return list(rows.order_by("account_id", "id"))


def _responsible(paths: list[str]) -> QuerySet[Membership]:
    """To be read as the system: they may work for a unit above the one that is worked on."""
    above = {
        "/".join(path.split("/")[:depth]) + "/"
        for path in paths
        for depth in range(1, path.count("/") + 1)
    }
    return Membership.objects.in_force().filter(
        account__is_active=True,
        # Whoever covers for some days, or looks in an emergency, answers for nobody.
        origin=Origin.GRANT,
        role__in=("station_worker", "grid_worker"),
        unit_path__in=above,
    )


def _lists(actor: Actor, file: AssistanceFile | None) -> Lists:
    found: dict[str, list[ListEntry]] = {kind: [] for kind in ListKind.values}
    hidden: list[ListEntry] = []
    if file is not None:
        entries = ListEntry.objects.visible_to(actor).filter(file=file, ended_on__isnull=True)
        for entry in entries.order_by("kind", "rank", "id"):
            (hidden if entry.hidden_because else found[entry.kind]).append(entry)
    return Lists(found["need"], found["job"], found["policy"], found["training"], hidden)


def _holds(period: StatusPeriod, day: date) -> bool:
    lower, upper = period.during.lower, period.during.upper
    return bool(lower <= day and (upper is None or day < upper))


def _age(person: Person, as_of: date) -> int | None:
    from weiye.engine.rules.calendar import years_between

    return None if person.birth_date is None else years_between(person.birth_date, as_of)
