"""The worker's first page: whom to serve today, and why."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Level, Unit
from weiye.base.runs.models import Run, RunState
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

from ..jurisdiction import file_groups
from ..models import AssistanceFile, FileState, GroupMembership, ListEntry, ListKind
from ..quota import Progress
from ..visits.queries import Counts, counts
from .changes import Change, latest
from .progress import open_files_progress, quota_progress_of, state

Files = QuerySet[AssistanceFile]

SHOWN = 20
CHANGES_SHOWN = 6
RECENT = timedelta(days=7)


@dataclass(frozen=True)
class FileLine:
    """One person on today's page: who, and what is to be done about it in plain words."""

    person_id: int
    file_id: int
    name: str
    unit_name: str
    worker_name: str
    why: str
    progress: Progress | None = None


@dataclass(frozen=True)
class GroupChange:
    """Joined or left a group within the last seven days."""

    group: str
    joined: int
    left: int


@dataclass(frozen=True)
class Today:
    as_of: date
    since: date
    """First of the seven days that "new" means."""
    people: int
    files: int
    owing: int
    behind_count: int
    complete: int
    behind: list[FileLine]
    """The worst first, at most 20; so are the lists below."""
    due_soon_count: int
    due_soon: list[FileLine]
    opened_count: int
    opened: list[FileLine]
    entitled_count: int
    """People, not entries."""
    entitled: list[FileLine]
    to_close_count: int
    to_close: list[FileLine]
    groups: list[GroupChange]
    changes: list[Change]
    """The newest of those changes, each with its reason."""
    visits: Counts
    refreshed_on: date | None
    """When the lists of this area were last refreshed."""

    @property
    def joined(self) -> int:
        return sum(change.joined for change in self.groups)

    @property
    def left(self) -> int:
        return sum(change.left for change in self.groups)

    @property
    def on_track(self) -> int:
        return self.owing - self.behind_count - self.complete


def today(actor: Actor, *, as_of: date, mine: bool = False) -> Today:
    """Today's page; ``mine`` keeps to files that the actor is responsible for.

    Raises `NotAllowed` without ``people.list``.
    """
    actor.require("people.list")
    since = as_of - RECENT + timedelta(days=1)
    files = AssistanceFile.objects.visible_to(actor).filter(state=FileState.OPEN)
    paces = open_files_progress(actor, as_of=as_of)
    if mine:
        files = files.filter(worker_id__in=actor.accounts)
        own = set(files.order_by().values_list("id", flat=True))
        paces = [row for row in paces if row["id"] in own]

    late = sorted(
        (row for row in paces if row["behind"]),
        key=lambda row: (-row["behind"], row["next_due"], row["id"]),
    )
    horizon = as_of + timedelta(days=6)
    soon = sorted(
        (
            row
            for row in paces
            if not row["behind"] and row["next_due"] is not None and row["next_due"] <= horizon
        ),
        key=lambda row: (row["next_due"], row["id"]),
    )
    recent = files.filter(opened_on__gte=since, opened_on__lte=as_of)
    entitled = ListEntry.objects.visible_to(actor).filter(
        file__in=files,
        kind=ListKind.POLICY,
        verdict="met",
        added_on__gte=since,
        added_on__lte=as_of,
        ended_on__isnull=True,
        hidden_because="",
    )
    closing = to_close_files(files)
    opened_ids = list(recent.order_by("-opened_on", "id").values_list("id", flat=True)[:SHOWN])
    entitled_counts = dict(
        entitled.order_by("file_id").values_list("file_id").annotate(Count("id"))
    )
    closing_ids = list(closing.order_by("id").values_list("id", flat=True))
    entitled_ids = sorted(entitled_counts, key=lambda key: (-entitled_counts[key], key))[:SHOWN]
    shown = {
        *(row["id"] for row in late[:SHOWN]),
        *(row["id"] for row in soon[:SHOWN]),
        *opened_ids,
        *entitled_ids,
        *closing_ids[:SHOWN],
    }
    loaded = {
        file.pk: file
        for file in AssistanceFile.objects.visible_to(actor)
        .filter(pk__in=shown)
        .select_related("person__unit__parent__parent")
        .defer("person__id_number", "person__phone", "person__address")
        .order_by("id")
    }
    progress = quota_progress_of(loaded.values(), as_of=as_of)
    titles: dict[int, list[str]] = {}
    for file_id, title in (
        entitled.filter(file_id__in=entitled_ids)
        .order_by("file_id", "rank", "id")
        .values_list("file_id", "title")
    ):
        titles.setdefault(file_id, []).append(title)
    left_because = {
        row["person_id"]: row["left_reason"]
        for row in GroupMembership.objects.visible_to(actor)
        .filter(person__files__in=closing_ids[:SHOWN], left_on__isnull=False)
        .order_by("person_id", "left_on", "id")
        .values("person_id", "left_reason")
    }

    def line(file_id: int, why: str) -> FileLine:
        file = loaded[file_id]
        return FileLine(
            person_id=file.person_id,
            file_id=file.pk,
            name=file.person.name,
            unit_name=place_name(file.person.unit, actor.path),
            worker_name=file.worker_name,
            why=why,
            progress=progress.get(file.pk),
        )

    joined = Count("id", filter=Q(found_on__gte=since, found_on__lte=as_of))
    left = Count("id", filter=Q(left_on__gte=since, left_on__lte=as_of))
    changes = (
        GroupMembership.objects.visible_to(actor)
        .filter(Q(found_on__gte=since) | Q(left_on__gte=since))
        .order_by("group")
        .values_list("group")
        .annotate(joined=joined, left=left)
    )
    # A run that changed nothing leaves no entry in the log, but refreshed the lists all the same.
    refreshed = (
        Run.objects.in_area(actor)
        .filter(kind="assistance.pipeline", state=RunState.DONE)
        .aggregate(last=Max("finished_at"))["last"]
    )
    changed = (
        AuditEntry.objects.visible_to(actor)
        .filter(verb="pipeline.run")
        .aggregate(last=Max("at"))["last"]
    )
    last = max((day for day in (refreshed, changed) if day is not None), default=None)
    return Today(
        as_of=as_of,
        since=since,
        people=Person.objects.visible_to(actor).count(),
        files=files.count(),
        owing=len(paces),
        behind_count=len(late),
        complete=sum(state(row) == "complete" for row in paces),
        behind=[line(row["id"], next_step(progress.get(row["id"]), as_of)) for row in late[:SHOWN]],
        due_soon_count=len(soon),
        due_soon=[
            line(row["id"], next_step(progress.get(row["id"]), as_of)) for row in soon[:SHOWN]
        ],
        opened_count=recent.count(),
        opened=[line(key, loaded[key].opened_because) for key in opened_ids],
        entitled_count=len(entitled_counts),
        entitled=[line(key, "、".join(titles.get(key, []))) for key in entitled_ids],
        to_close_count=len(closing_ids),
        to_close=[
            line(key, left_because.get(loaded[key].person_id) or "已不属于任何援助群体")
            for key in closing_ids[:SHOWN]
        ],
        groups=[GroupChange(group, j, gone) for group, j, gone in changes if j or gone],
        changes=latest(actor, since, as_of, shown=CHANGES_SHOWN),
        visits=counts(actor, as_of=as_of, mine=mine),
        refreshed_on=timezone.localdate(last) if last else None,
    )


def to_close_files(files: Files) -> Files:
    """Open files that no group and no quota holds any more."""
    stays = GroupMembership.objects.filter(
        person=OuterRef("person_id"), left_on__isnull=True, group__in=file_groups()
    )
    return files.filter(~Exists(stays), quota="")


def place_name(unit: Unit, path: str) -> str:
    """Where somebody lives, from below ``path`` down: ``翠竹居委会 2网格 1号楼``."""
    names: list[str] = []
    at: Unit | None = unit
    while at is not None and at.level in PLACES and at.path != path:
        names.insert(0, at.name)
        at = at.parent if at.level != Level.COMMUNITY else None
    return " ".join(names) or unit.name


PLACES = (Level.COMMUNITY, Level.GRID, Level.BUILDING)
LABELS = {
    "policy": "政策对接",
    "guidance": "职业指导",
    "vacancy": "岗位推荐",
    "training": "培训信息",
}


def next_step(progress: Progress | None, as_of: date) -> str:
    """What to do next for a file, in one sentence.

    >>> next_step(None, date(2025, 1, 1))
    ''
    """
    if progress is None or progress.next is None:
        return ""
    late = [f"{LABELS[k.kind]}差{k.behind}次" for k in progress.kinds if k.behind]
    if late:
        return f"已落后：{'、'.join(late)}"
    step = progress.next
    if step.next_due is None:
        return ""
    days = (step.next_due - as_of).days
    when = "今天" if days == 0 else f"{step.next_due.month}月{step.next_due.day}日前"
    return f"{when}做一次{LABELS[step.kind]}"
