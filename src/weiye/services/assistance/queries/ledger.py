"""The ledger with what assistance knows about each person."""

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import RawSQL

from weiye.base.packs.model import Pack
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.models import PeriodKind, Person

from ..jurisdiction import file_groups, pack_of, standards_of
from ..models import AssistanceFile, FileState, GroupMembership, ListEntry, ListKind
from .progress import per_file, standards_json

_OF_PERSON = per_file("f.person_id = people_person.id")


def ledger(actor: Actor, *, as_of: date) -> QuerySet[Person]:
    """People of the area, each `dressed` with what assistance knows."""
    return dressed(residents(actor, as_of=as_of, pack=pack_of(actor.path)))


def residents(
    actor: Actor, *, as_of: date, pack: Pack, status_on: date | None = None
) -> QuerySet[Person]:
    """The ledger's people, to be narrowed, sorted and counted: nothing is joined or worked out
    that was not asked for, and a plain count reads an index alone.

    Besides `people.queries.ledger`'s ``age`` and ``employment_status`` there are, not selected,
    ``open_file`` with its columns, ``behind`` (occasions late; NULL if nothing is owed) and
    ``progress`` (``{"owed", "done", "behind", "next_due"}`` or NULL). Filter by these and by the
    functions beside; sort by ``name_key``, ``age``, ``open_file__opened_on``, ``behind``.
    ``status_on``: the day of which ``employment_status`` is (``as_of``).
    """
    named = {
        "as_of": as_of.isoformat(),
        "standards": json.dumps(standards_json(standards_of(pack))),
    }
    rows = people.ledger(actor, as_of=as_of)
    if status_on is not None and status_on != as_of:
        held = people.current_periods(status_on).filter(person=OuterRef("pk"))
        rows = rows.annotate(employment_status=Subquery(held.values("status")[:1]))
    return rows.annotate(
        open_file=FilteredRelation("files", condition=Q(files__state=FileState.OPEN))
    ).alias(
        behind=_raw("SELECT p.behind FROM ({}) p", named, IntegerField(null=True)),
        progress=_raw(
            "SELECT jsonb_build_object('owed', p.owed, 'done', p.done, 'behind', p.behind, "
            "'next_due', p.next_due) FROM ({}) p",
            named,
            JSONField(null=True),
        ),
    )


def dressed(rows: QuerySet[Person]) -> QuerySet[Person]:
    """`residents` with what their rows show.

    ``progress``, ``group_names`` (list), ``visit_on`` (the day by which to visit, None where none
    is due), and of the open file (None without one) ``file_id``, ``opened_on``, ``urgent``,
    ``quota``, ``worker_id``, ``worker_name`` ('' if nobody).
    """
    return rows.annotate(
        file_id=F("open_file__id"),
        opened_on=F("open_file__opened_on"),
        urgent=F("open_file__urgent"),
        quota=F("open_file__quota"),
        worker_id=F("open_file__worker_id"),
        worker_name=F("open_file__worker_name"),
        visit_on=F("visit_due__due_on"),
        group_names=ArraySubquery(
            GroupMembership.objects.filter(person=OuterRef("pk"), left_on__isnull=True)
            .order_by("group")
            .values("group")
        ),
        progress=F("progress"),
    )


def _raw(select: str, named: dict[str, str], field: Any) -> RawSQL:
    """`RawSQL` knows positions alone: turn %(name)s into %s in order."""
    sql, values = select.format(_OF_PERSON), []

    def positional(match: re.Match[str]) -> str:
        values.append(named[match[1]])
        return "%s"

    bound = re.sub(r"%\((\w+)\)s", positional, sql)
    return RawSQL(bound, values, output_field=field)  # noqa: S611 (text of this package)


def in_group(rows: QuerySet[Person], group: str) -> QuerySet[Person]:
    return in_groups(rows, [group])


def in_groups(rows: QuerySet[Person], groups: Sequence[str]) -> QuerySet[Person]:
    """Narrow to who is in one of the groups at least."""
    return rows.filter(Exists(_stays(group__in=list(groups), left_on__isnull=True)))


def registered(rows: QuerySet[Person], kind: PeriodKind, day: date) -> QuerySet[Person]:
    """Narrow to who was registered (就业登记, 失业登记, 求职登记) on the day."""
    return rows.filter(Exists(people.current_periods(day, kind).filter(person=OuterRef("pk"))))


def joined_group(rows: QuerySet[Person], group: str, since: date) -> QuerySet[Person]:
    return rows.filter(Exists(_stays(group=group, found_on__gte=since, left_on__isnull=True)))


def left_group(rows: QuerySet[Person], group: str, since: date) -> QuerySet[Person]:
    return rows.filter(Exists(_stays(group=group, left_on__gte=since)))


def with_file(rows: QuerySet[Person], yes: bool = True) -> QuerySet[Person]:
    return rows.filter(Q(("open_file__isnull", not yes)))


def with_closed_file(rows: QuerySet[Person]) -> QuerySet[Person]:
    """Whose file was closed once; they may have another that is open."""
    closed = AssistanceFile.objects.filter(person=OuterRef("pk"), state=FileState.CLOSED)
    return rows.filter(Exists(closed.order_by()))


def of_worker(rows: QuerySet[Person], name: str) -> QuerySet[Person]:
    """Whose open file somebody of that name is responsible for."""
    return rows.filter(Q(("open_file__worker_name", name)))


def worker_names(actor: Actor, most: int) -> list[str]:
    """Who is responsible for open files of the actor's area, by name."""
    files = AssistanceFile.objects.visible_to(actor).filter(state=FileState.OPEN)
    names = files.exclude(worker_name="").order_by("worker_name").values_list("worker_name")
    return [name for (name,) in names.distinct()[:most]]


def newly_opened(rows: QuerySet[Person], since: date) -> QuerySet[Person]:
    return rows.filter(Q(("open_file__opened_on__gte", since)))


def newly_entitled(rows: QuerySet[Person], since: date) -> QuerySet[Person]:
    """Whose open file got a policy since that day that the rules grant."""
    return rows.filter(
        Exists(
            ListEntry.objects.filter(
                file__person=OuterRef("pk"),
                file__state=FileState.OPEN,
                kind=ListKind.POLICY,
                verdict="met",
                added_on__gte=since,
                ended_on__isnull=True,
                hidden_because="",
            )
        )
    )


def to_close(rows: QuerySet[Person]) -> QuerySet[Person]:
    """With an open file that no group and no quota holds: a worker decides whether to close it."""
    return with_file(rows).filter(
        Q(("open_file__quota", "")),
        ~Exists(_stays(group__in=file_groups(), left_on__isnull=True)),
    )


def _stays(**narrowing: object) -> QuerySet[GroupMembership]:
    return GroupMembership.objects.filter(person=OuterRef("pk"), **narrowing).order_by()
