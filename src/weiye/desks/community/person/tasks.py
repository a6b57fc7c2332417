"""What is to be done about a person now: the first thing that the page says.

How to add: a function from `Asked` to tasks, named in `SOURCES`. It reads with a fixed number of
queries, or takes what `Asked.found` has.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from weiye.services.assistance.models import ContactKind, ListKind
from weiye.services.certification import queries as certification

from .asked import Asked

SOON = timedelta(days=14)
# Who is in this group may be certified; packs share stable ids.
DIFFICULT = "就业困难人员"


@dataclass(frozen=True)
class Task:
    """``what`` in the imperative, ``why`` in one line, ``due`` if there is a day for it."""

    what: str
    why: str
    url: str = ""
    action: str = ""
    due: date | None = None
    late: bool = False
    drawing: str = "circle-check"


DRAWINGS = {
    ContactKind.POLICY: "file-text",
    ContactKind.GUIDANCE: "message-circle",
    ContactKind.VACANCY: "briefcase",
    ContactKind.TRAINING: "school",
}


def quota(asked: Asked) -> Iterator[Task]:
    """The occasions owed that are late, due within a fortnight, or the very next."""
    progress = asked.found.progress
    if progress is None:
        return
    owed = [kind for kind in progress.kinds if kind.next_due is not None]
    owed.sort(key=lambda kind: (kind.next_due, kind.kind))
    may = asked.can("contacts.record")
    for number, kind in enumerate(owed):
        late = kind.behind > 0
        if number and not late and kind.next_due is not None and kind.next_due > asked.day + SOON:
            continue
        what = f"做{'一' if kind.behind < 2 else kind.behind}次{ContactKind(kind.kind).label}"
        yield Task(
            what,
            f"“{progress.quota}”本期应做{kind.owed}次，做了{kind.done}次",
            "#contact" if may else "",
            "记联系" if may else "",
            due=kind.next_due,
            late=late,
            drawing=DRAWINGS[ContactKind(kind.kind)],
        )


def visit(asked: Asked) -> Iterator[Task]:
    """The return visit, when it is late or due within a fortnight."""
    due = asked.visit_due
    if due is None or due.due_on > asked.day + SOON:
        return
    link = ("", "")
    if asked.can("visits.record"):
        link = (reverse("community:visit", args=[asked.found.person.pk]), "去走访")
    yield Task(
        "走访一次",
        due.because + ("（口径待确认）" if due.to_confirm else ""),
        *link,
        due=due.due_on,
        late=due.due_on < asked.day,
        drawing="home",
    )


def certify(asked: Asked) -> Iterator[Task]:
    """The step of a certification that is due, the yearly check among them; or that one may be
    asked for."""
    if not asked.can("certification.read"):
        return
    case = asked.certification.case
    if case is not None and case.is_open:
        if case.due_on is None or case.due_on > asked.day + SOON:
            return
        yield Task(
            f"就业困难人员认定：{case.get_state_display()}",
            certification.next_words(case),
            reverse("community:certification", args=[case.pk]),
            "去办",
            due=case.due_on,
            late=case.due_on < asked.day,
            drawing="clipboard-list",
        )
    elif asked.can("certification.apply"):
        stay = next((s for s in asked.found.groups if s.group == DIFFICULT), None)
        if stay is not None:
            yield Task(
                "问本人要不要申请就业困难人员认定",
                f"按规则符合条件：{stay.reason}",
                reverse("community:certification-new", args=[asked.found.person.pk]),
                "办认定",
                drawing="clipboard-list",
            )


def untold(asked: Asked) -> Iterator[Task]:
    """What was found for the person and no contact says that they were told of."""
    told = {key for c in asked.found.contacts if not c.withdrawn_because for key in c.entries}
    policies = [e for e in asked.found.lists.policies if e.verdict == "met" and e.pk not in told]
    if policies:
        names = "、".join(f"“{entry.title}”" for entry in policies[:2])
        more = f"等{len(policies)}项" if len(policies) > 2 else ""
        yield Task(
            f"告诉本人可以办{names}{more}",
            "符合条件，联系记录里还没有告知",
            f"#list-{ListKind.POLICY}",
            "看政策",
            drawing="file-text",
        )
    jobs = [entry for entry in asked.found.lists.jobs if entry.pk not in told]
    if jobs:
        yield Task(
            f"介绍岗位：{jobs[0].title}" + (f"等{len(jobs)}个" if len(jobs) > 1 else ""),
            "条件合适，还没有介绍过",
            f"#list-{ListKind.JOB}",
            "看岗位",
            drawing="briefcase",
        )


def unclear(asked: Asked) -> Iterator[Task]:
    """Facts without which a policy cannot be decided."""
    waiting = [e for e in asked.found.lists.policies if e.verdict == "unknown"]
    if waiting and asked.can("people.edit"):
        yield Task(
            f"核实信息，{len(waiting)}项政策才能判断",
            "、".join(entry.title for entry in waiting[:3]),
            reverse("community:person-edit", args=[asked.found.person.pk]),
            "核实",
            drawing="edit",
        )


def affairs(asked: Asked) -> Iterator[Task]:
    """What the file, or a move, waits for."""
    file, may = asked.open_file, asked.can("files.manage")
    if file is not None and not file.worker_name:
        link = ("#file", "指定责任人") if may else ("", "")
        yield Task("指定一位责任人", "援助档案还没有责任人", *link, drawing="user-check")
    if file is not None and asked.found.to_close:
        link = ("#file", "结案") if may else ("", "")
        yield Task("可以考虑结案", asked.found.to_close, *link, drawing="check")
    moving = asked.transfer
    if moving is not None:
        target = moving.other_unit.name if moving.other_unit is not None else "其他社区"
        link = ("", "")
        if asked.can("transfers.ask"):
            link = (reverse("community:transfer", args=[moving.pk]), "查看")
        yield Task(
            f"正在办理迁移：{moving.get_kind_display()}到{target}",
            moving.get_state_display(),
            *link,
            drawing="walk",
        )


#: In the order in which equally urgent tasks are named.
SOURCES: tuple[Callable[[Asked], Iterable[Task]], ...] = (
    quota,
    visit,
    certify,
    affairs,
    untold,
    unclear,
)


def tasks_of(asked: Asked) -> list[Task]:
    """Late ones first, then by day, then those without a day."""
    found = [task for source in SOURCES for task in source(asked)]
    return sorted(found, key=lambda task: (not task.late, task.due is None, task.due or asked.day))
