"""Groups → files: opened by the pack's scope, with one responsible worker each."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
from django.db.models import Count

from weiye.base.audit.actions import record_many
from weiye.base.packs import Pack
from weiye.base.scope.actor import Actor
from weiye.engine.rules import Rule

from ...frames import insert, update
from ...jurisdiction import FILE_SCOPE
from ...models import AssistanceFile, FileState, GroupMembership
from ...queries.person import responsible_memberships
from .part import Part

Files = dict[int, dict[str, Any]]
_NAMES = ("id", "person_id", "unit_path", "worker_id", "quota", "urgent", "opened_on")


def refresh(part: Part, facts: pl.DataFrame, met: pl.DataFrame) -> Files:
    """Open and adjust files; returns all open files by person. ``met``: the verdicts met."""
    pack = part.pack
    scope = pack.scopes[FILE_SCOPE]
    in_scope = {row["id"]: row for row in _of(met, scope.rule).iter_rows(named=True)}
    quotas = _quotas(pack, met)
    groups = groups_of(met, pack)
    most_urgent = scope.urgent[:1]

    def wanted(person: int) -> dict[str, Any]:
        mine = groups.get(person, frozenset())
        return {
            "quota": quotas.get(person, ""),
            "urgent": any(group in mine for group in most_urgent),
        }

    open_files = _open(part)
    closed = _closed_for_good(part, facts)
    opening = [
        row
        for person, row in sorted(in_scope.items())
        if person not in open_files and not closed.get(person, False)
    ]
    workers = Workers(part.actor, [row["unit_path"] for row in (*opening, *open_files.values())])
    part.outcome.changes["files_opened"] += insert(
        AssistanceFile,
        [
            {
                "person_id": row["id"],
                "unit_path": row["unit_path"],
                "state": FileState.OPEN,
                "opened_on": part.as_of,
                "opened_because": row["reason"],
                "source": scope.rule.source,
                "worker_id": workers.next_for(row["unit_path"]),
                **wanted(row["id"]),
                "closed_because": "",
            }
            for row in opening
        ],
    )
    changed, handed_over = [], []
    for person, row in sorted(open_files.items()):
        right = wanted(person)
        before, path = row["worker_id"], row["unit_path"]
        # Whose account or membership has ended cannot answer for anybody any more.
        worker = before if before in workers.able(path) else workers.next_for(path)
        if (row["quota"], row["urgent"], before) != (*right.values(), worker):
            changed.append({"id": row["id"], **right, "worker_id": worker})
        if before is not None and worker != before:
            detail = {"from": before, "to": worker, "because": "no longer responsible here"}
            handed_over.append((path, "assistancefile", str(row["id"]), detail))
    part.outcome.changes["files_changed"] += update(AssistanceFile, changed)
    record_many(actor=part.actor, verb="file.reassign", entries=handed_over)
    if opening:
        open_files = _open(part)
    return open_files


def _open(part: Part) -> Files:
    rows = part.within(AssistanceFile.objects.visible_to(part.actor)).filter(state=FileState.OPEN)
    return {row["person_id"]: dict(row) for row in rows.order_by("id").values(*_NAMES)}


def _of(met: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    return met.filter(pl.col("rule") == rule.id)


def groups_of(met: pl.DataFrame, pack: Pack) -> dict[int, frozenset[str]]:
    names = [rule.id for rule in pack.groups]
    rows = met.filter(pl.col("rule").is_in(names)).group_by("id").agg("rule")
    return {key: frozenset(rules) for key, rules in rows.iter_rows()}


def _quotas(pack: Pack, met: pl.DataFrame) -> dict[int, str]:
    """Person → the quota owed; the pack's first where several are."""
    owed: dict[int, str] = {}
    for quota in pack.quotas.values():
        for person in _of(met, pack.scopes[quota.scope].rule)["id"].to_list():
            owed.setdefault(person, quota.id)
    return owed


def _closed_for_good(part: Part, facts: pl.DataFrame) -> dict[int, bool]:
    """Person → whether a worker closed the file and nothing new has happened since.

    New is a group joined, or an unemployment registered, after the day of closing.
    """
    files = part.within(AssistanceFile.objects.visible_to(part.actor)).filter(
        state=FileState.CLOSED
    )
    closed: dict[int, date] = {
        person: day or date.min
        for person, day in files.order_by("closed_on", "id").values_list("person_id", "closed_on")
    }
    if not closed:
        return {}
    joined: dict[int, date] = {}
    stays = GroupMembership.objects.visible_to(part.actor).filter(
        person_id__in=list(closed), left_on__isnull=True
    )
    for person, found_on in stays.order_by("found_on", "id").values_list("person_id", "found_on"):
        joined[person] = found_on
    registered = dict(
        facts.filter(pl.col("id").is_in(list(closed)))
        .select("id", "registered_unemployed_since")
        .iter_rows()
    )
    return {
        person: max(joined.get(person, date.min), registered.get(person) or date.min) <= day
        for person, day in closed.items()
    }


class Workers:
    """Hands out responsible workers: of those whose unit holds the person, the least loaded."""

    def __init__(self, actor: Actor, paths: Iterable[str]) -> None:
        memberships = responsible_memberships(sorted(set(paths)))
        self.by_unit: dict[str, list[int]] = {}
        self._able: dict[str, frozenset[int]] = {}
        for membership in memberships:
            self.by_unit.setdefault(membership.unit_path, []).append(membership.account_id)
        accounts = {membership.account_id for membership in memberships}
        self.load: Counter[int] = Counter(
            dict(
                AssistanceFile.objects.visible_to(actor)
                .filter(state=FileState.OPEN, worker_id__in=accounts)
                .order_by()
                .values_list("worker_id")
                .annotate(Count("id"))
            )
        )

    def able(self, path: str) -> frozenset[int]:
        """Accounts that may answer for somebody who lives at ``path``."""
        if path not in self._able:
            parts = path.split("/")
            units = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
            self._able[path] = frozenset(
                account for unit in units for account in self.by_unit.get(unit, ())
            )
        return self._able[path]

    def next_for(self, path: str) -> int | None:
        able = self.able(path)
        if not able:
            return None
        chosen = min(able, key=lambda account: (self.load[account], account))
        self.load[chosen] += 1
        return chosen
