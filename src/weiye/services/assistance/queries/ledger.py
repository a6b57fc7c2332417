"""The ledger with what assistance knows about each person."""

import json
import re
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
)
from django.db.models.expressions import RawSQL

from weiye.base.packs.model import Pack
from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.models import Person

from ..jurisdiction import file_groups, pack_of, standards_of
from ..models import FileState, GroupMembership, ListEntry, ListKind
from .progress import per_file, standards_json

_OF_PERSON = per_file("f.person_id = people_person.id")


def ledger(actor: Actor, *, as_of: date) -> QuerySet[Person]:
    """People of the area, each `dressed` with what assistance knows."""
    return dressed(residents(actor, as_of=as_of, pack=pack_of(actor.path)))


def residents(actor: Actor, *, as_of: date, pack: Pack) -> QuerySet[Person]:
    """The ledger's people, to be narrowed, sorted and counted: nothing is joined or worked out
    that was not asked for, and a plain count reads an index alone.

    Besides `people.queries.ledger`'s ``age`` and ``employment_status`` there are, not selected,
    ``open_file`` with its columns, ``behind`` (occasions late; NULL if nothing is owed) and
    ``progress`` (``{"owed", "done", "behind", "next_due"}`` or NULL). Filter by these and by the
    functions beside; sort by ``name_key``, ``age``, ``open_file__opened_on``, ``behind``.
    """
    named = {
        "as_of": as_of.isoformat(),
        "standards": json.dumps(standards_json(standards_of(pack))),
    }
    return (
        people.ledger(actor, as_of=as_of)
        .annotate(open_file=FilteredRelation("files", condition=Q(files__state=FileState.OPEN)))
        .alias(
            behind=_raw("SELECT p.behind FROM ({}) p", named, IntegerField(null=True)),
            progress=_raw(
                "SELECT jsonb_build_object('owed', p.owed, 'done', p.done, 'behind', p.behind, "
                "'next_due', p.next_due) FROM ({}) p",
                named,
                JSONField(null=True),
            ),
        )
    )


def dressed(rows: QuerySet[Person]) -> QuerySet[Person]:
    """`residents` with what their rows show: ``progress``, ``group_names`` (list), and ``file_id``,
    ``opened_on``, ``urgent``, ``quota``, ``worker_id``, ``worker_name`` ('' if nobody) of the open
    file (None without one)."""
    return rows.annotate(
        file_id=F("open_file__id"),
        opened_on=F("open_file__opened_on"),
        urgent=F("open_file__urgent"),
        quota=F("open_file__quota"),
        worker_id=F("open_file__worker_id"),
        worker_name=F("open_file__worker_name"),
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
    return rows.filter(Exists(_stays(group=group, left_on__isnull=True)))


def joined_group(rows: QuerySet[Person], group: str, since: date) -> QuerySet[Person]:
    return rows.filter(Exists(_stays(group=group, found_on__gte=since, left_on__isnull=True)))


def left_group(rows: QuerySet[Person], group: str, since: date) -> QuerySet[Person]:
    return rows.filter(Exists(_stays(group=group, left_on__gte=since)))


def with_file(rows: QuerySet[Person], yes: bool = True) -> QuerySet[Person]:
    return rows.filter(Q(("open_file__isnull", not yes)))


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
