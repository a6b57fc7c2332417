"""From people to files and living lists, for a whole unit: in one transaction, and idempotent.

Facts → groups → files → the four lists. Each step compares what should be with what is and writes
the difference alone: the same people on the same day change nothing.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl
from django.db import connection, transaction

from weiye.base.audit.actions import record
from weiye.base.packs import Pack
from weiye.base.runs.actions import Reports
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor
from weiye.engine.rules import TO_CONFIRM, Rule, evaluate
from weiye.registers.people.frames import community_code, facts_frame, people_frame
from weiye.registers.people.models import Person

from .. import lists
from ..frames import follow_people, insert, refresh_statistics, update
from ..jurisdiction import FILE_SCOPE, pack_of
from ..models import AssistanceFile, FileState, GroupMembership, ListEntry, ListKind
from ..queries.person import responsible_memberships
from ..queries.summary import totals

STEPS = ("读取人员信息", "识别重点群体", "建立援助档案", "生成四张清单", "保存结果")
# What counties and below are computed at a time: bounds memory, and every county has one pack.
_COUNTY = 3
# Changed rows from which on the planner's statistics are renewed at once.
MANY = 1000


@dataclass
class Outcome:
    """``changes``: what this run did. ``totals``: how things stand now. ``seconds`` per step."""

    changes: Counter[str] = field(default_factory=Counter)
    totals: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def run_pipeline(
    *,
    actor: Actor,
    path: str,
    as_of: date,
    progress: Reports | None = None,
    threads: int = 1,
) -> Outcome:
    """Bring groups, files and lists of everybody at or below ``path`` up to the day.

    Raises `NotAllowed` without ``pipeline.run`` for the path. Two runs that overlap wait for each
    other. A cancelled or broken run leaves nothing.
    """
    actor.require("pipeline.run", path)
    progress = progress or Silent()
    outcome = Outcome()
    with transaction.atomic():
        _lock(path)
        parts = _parts(actor, path)
        for number, part in enumerate(parts):
            _run_part(actor, part, as_of, outcome, _Steps(progress, number, len(parts)), threads)
        outcome.totals = totals(actor, as_of=as_of, path=path)
        changes = {name: count for name, count in sorted(outcome.changes.items()) if count}
        if sum(changes.values()) >= MANY:
            refresh_statistics()
        if changes:
            record(
                actor=actor,
                verb="pipeline.run",
                path=path,
                detail={"as_of": as_of, "changes": changes},
            )
    return outcome


@dataclass
class _Steps:
    """Progress over all parts, five steps each."""

    progress: Reports
    number: int
    parts: int

    def at(self, step: int) -> None:
        self.progress.report(
            self.number * len(STEPS) + step, self.parts * len(STEPS), f"正在{STEPS[step]}…"
        )


def _lock(path: str) -> None:
    """Hold the unit until the transaction ends, against runs of units above, below and equal."""
    parts = path.split("/")[:-1]
    above = ["/".join(parts[:depth]) for depth in range(len(parts))]
    with connection.cursor() as cursor:
        for key in above:
            cursor.execute(
                "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 7))", [f"pipeline:{key}"]
            )
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))",
            [f"pipeline:{'/'.join(parts)}"],
        )


def _parts(actor: Actor, path: str) -> list[str]:
    """The unit itself, or the counties with people in it."""
    if path.count("/") >= _COUNTY:
        return [path]
    people = Person.objects.visible_to(actor).filter(unit_path__startswith=path)
    return sorted(
        {
            "/".join(found.split("/")[:_COUNTY]) + "/"
            for found in people.order_by().values_list("unit_path", flat=True).distinct()
        }
    )


def _run_part(
    actor: Actor, path: str, as_of: date, outcome: Outcome, steps: _Steps, threads: int
) -> None:
    pack = pack_of(path)
    clock = time.perf_counter()

    def done(step: int) -> None:
        nonlocal clock
        now = time.perf_counter()
        name = STEPS[step]
        outcome.seconds[name] = outcome.seconds.get(name, 0.0) + now - clock
        clock = now

    steps.at(0)
    outcome.changes["moved"] += follow_people(actor, path)
    facts = facts_frame(actor, path, as_of)
    done(0)
    steps.at(1)
    region = community_code(path)
    verdicts = evaluate([*pack.groups, *pack.scope_rules()], facts, as_of=as_of, region=region)
    inside = facts.filter("inside").select("id", "unit_path")
    answers = verdicts.rules().join(inside, on="id", maintain_order="left")
    met = answers.filter(pl.col("verdict") == "met")
    _groups(actor, path, as_of, pack, answers, outcome)
    done(1)
    steps.at(2)
    files = _files(actor, path, as_of, pack, facts, met, outcome)
    done(2)
    steps.at(3)
    wanted = _wanted(actor, path, as_of, pack, facts, met, files, region, threads)
    done(3)
    steps.at(4)
    _entries(actor, path, as_of, files, wanted, outcome)
    done(4)


# Groups ------------------------------------------------------------------------------------------


def _groups(
    actor: Actor, path: str, as_of: date, pack: Pack, answers: pl.DataFrame, outcome: Outcome
) -> None:
    rules = {rule.id: rule for rule in pack.groups}
    groups = answers.filter(pl.col("rule").is_in(list(rules)))
    met = {
        (row["id"], row["rule"]): row
        for row in groups.filter(pl.col("verdict") == "met").iter_rows(named=True)
    }
    doubt = {
        (key, rule): reason
        for key, rule, reason in groups.filter(pl.col("verdict") == "unknown")
        .select("id", "rule", "reason")
        .iter_rows()
    }
    stays: dict[tuple[int, str], dict[str, Any]] = {
        (row["person_id"], row["group"]): dict(row)
        for row in GroupMembership.objects.visible_to(actor)
        .filter(unit_path__startswith=path, left_on__isnull=True)
        .order_by("id")
        .values("id", "person_id", "group", "since", "reason", "source", "to_confirm")
    }
    new, changed, left = [], [], []
    for key, row in met.items():
        rule = rules[row["rule"]]
        content = {
            "since": row["since"],
            "reason": row["reason"],
            "source": rule.source,
            "to_confirm": rule.status == TO_CONFIRM,
        }
        stay = stays.get(key)
        if stay is None:
            new.append(
                {
                    "person_id": row["id"],
                    "unit_path": row["unit_path"],
                    "group": row["rule"],
                    **content,
                    "found_on": as_of,
                    "left_reason": "",
                    "pack_version": pack.version,
                }
            )
        elif any(stay[name] != value for name, value in content.items()):
            changed.append({"id": stay["id"], **content, "pack_version": pack.version})
    gone = [key for key in stays if key not in met]
    unmet = _unmet(actor, path, as_of, pack, gone) if gone else {}
    for key in gone:
        # A rule that is no longer in force, or switched off, answers nothing.
        reason = doubt.get(key) or unmet.get(key) or "该群体的认定规则已停用"
        left.append({"id": stays[key]["id"], "left_on": as_of, "left_reason": reason})
    outcome.changes["groups_joined"] += insert(GroupMembership, new)
    outcome.changes["groups_changed"] += update(GroupMembership, changed)
    outcome.changes["groups_left"] += update(GroupMembership, left)


def _unmet(
    actor: Actor, path: str, as_of: date, pack: Pack, gone: list[tuple[int, str]]
) -> dict[tuple[int, str], str]:
    """Why people left: the clauses that no longer hold, in words."""
    facts = facts_frame(actor, path, as_of)
    wanted = {rule for _, rule in gone}
    rules = [rule for rule in pack.groups if rule.id in wanted]
    verdicts = evaluate(rules, facts, as_of=as_of, region=community_code(path))
    texts = {(rule.id, clause.id): clause.text for rule in rules for clause in rule.clauses}
    clauses = verdicts.clauses().filter(
        (pl.col("verdict") == "unmet") & pl.col("part_of").is_null()
    )
    found: dict[tuple[int, str], list[str]] = {}
    keys = set(gone)
    for person, rule, clause in clauses.select("id", "rule", "clause").iter_rows():
        if (person, rule) in keys:
            found.setdefault((person, rule), []).append(texts[rule, clause])
    return {key: f"不再符合：{'、'.join(said)}" for key, said in found.items()}


# Files -------------------------------------------------------------------------------------------


def _files(
    actor: Actor,
    path: str,
    as_of: date,
    pack: Pack,
    facts: pl.DataFrame,
    met: pl.DataFrame,
    outcome: Outcome,
) -> dict[int, dict[str, Any]]:
    """Open and adjust files; returns all open files by person."""
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

    names = ("id", "person_id", "unit_path", "worker_id", "quota", "urgent", "opened_on")
    open_files = {row["person_id"]: row for row in _open(actor, path).values(*names)}
    new_reasons = _closed_for_good(actor, path, facts)
    opening = [
        row
        for person, row in sorted(in_scope.items())
        if person not in open_files and not new_reasons.get(person, False)
    ]
    unserved = [row for row in open_files.values() if row["worker_id"] is None]
    workers = _Workers(actor, path, [row["unit_path"] for row in (*opening, *unserved)])
    outcome.changes["files_opened"] += insert(
        AssistanceFile,
        [
            {
                "person_id": row["id"],
                "unit_path": row["unit_path"],
                "state": FileState.OPEN,
                "opened_on": as_of,
                "opened_because": row["reason"],
                "source": scope.rule.source,
                "worker_id": workers.next_for(row["unit_path"]),
                **wanted(row["id"]),
                "closed_because": "",
            }
            for row in opening
        ],
    )
    changed = []
    for person, row in sorted(open_files.items()):
        right = wanted(person)
        worker = row["worker_id"] or workers.next_for(row["unit_path"])
        if (row["quota"], row["urgent"], row["worker_id"]) != (*right.values(), worker):
            changed.append({"id": row["id"], **right, "worker_id": worker})
    outcome.changes["files_changed"] += update(AssistanceFile, changed)
    if opening:
        open_files = {row["person_id"]: row for row in _open(actor, path).values(*names)}
    return open_files


def _open(actor: Actor, path: str) -> Any:
    return (
        AssistanceFile.objects.visible_to(actor)
        .filter(unit_path__startswith=path, state=FileState.OPEN)
        .order_by("id")
    )


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


def _closed_for_good(actor: Actor, path: str, facts: pl.DataFrame) -> dict[int, bool]:
    """Person → whether a worker closed the file and nothing new has happened since.

    New is a group joined, or an unemployment registered, after the day of closing.
    """
    files = AssistanceFile.objects.visible_to(actor).filter(
        unit_path__startswith=path, state=FileState.CLOSED
    )
    closed: dict[int, date] = {
        person: day or date.min
        for person, day in files.order_by("closed_on", "id").values_list("person_id", "closed_on")
    }
    if not closed:
        return {}
    joined: dict[int, date] = {}
    stays = GroupMembership.objects.visible_to(actor).filter(
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


class _Workers:
    """Hands out responsible workers: of those whose unit holds the person, the least loaded."""

    def __init__(self, actor: Actor, path: str, paths: Iterable[str]) -> None:
        memberships = responsible_memberships(sorted(set(paths)))
        self.by_unit: dict[str, list[int]] = {}
        for membership in memberships:
            self.by_unit.setdefault(membership.unit_path, []).append(membership.account_id)
        accounts = {membership.account_id for membership in memberships}
        self.load: Counter[int] = Counter(
            AssistanceFile.objects.visible_to(actor)
            .filter(state=FileState.OPEN, worker_id__in=accounts)
            .order_by("id")
            .values_list("worker_id", flat=True)
        )

    def next_for(self, path: str) -> int | None:
        parts = path.split("/")
        units = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
        able = {account for unit in units for account in self.by_unit.get(unit, ())}
        if not able:
            return None
        chosen = min(able, key=lambda account: (self.load[account], account))
        self.load[chosen] += 1
        return chosen


# Lists -------------------------------------------------------------------------------------------


def _wanted(
    actor: Actor,
    path: str,
    as_of: date,
    pack: Pack,
    facts: pl.DataFrame,
    met: pl.DataFrame,
    files: Mapping[int, Mapping[str, Any]],
    region: str,
    threads: int,
) -> list[lists.Entry]:
    """Every entry that the lists of the open files should hold."""
    if not files:
        return []
    having = list(files)
    homes = facts.filter(pl.col("id").is_in(having))["household_id"].drop_nulls().unique()
    mine = facts.filter(pl.col("id").is_in(having) | pl.col("household_id").is_in(homes.to_list()))
    rules = [*pack.groups, *pack.policy_rules("person")]
    verdicts = evaluate(rules, mine, as_of=as_of, region=region)
    hidden: dict[int, set[str]] = {}
    for file_id, subject in (
        ListEntry.objects.visible_to(actor)
        .filter(unit_path__startswith=path, kind=ListKind.JOB, ended_on__isnull=True)
        .exclude(hidden_because="")
        .order_by("id")
        .values_list("file_id", "subject")
    ):
        hidden.setdefault(file_id, set()).add(subject)
    sheet = lists.Sheet(
        as_of=as_of,
        path=path,
        pack=pack,
        files={person: row["id"] for person, row in files.items()},
        people=people_frame(actor, path, as_of).filter(pl.col("person_id").is_in(having)),
        facts=mine,
        rules=verdicts.rules().filter(pl.col("id").is_in(having)),
        clauses=verdicts.clauses().filter(pl.col("id").is_in(having)),
        groups=groups_of(met, pack),
        hidden={file: frozenset(subjects) for file, subjects in hidden.items()},
        threads=threads,
    )
    return list(lists.entries(sheet))


_CONTENT = ("rank", "title", "summary", "reasons", "source", "verdict", "detail")


def _entries(
    actor: Actor,
    path: str,
    as_of: date,
    files: Mapping[int, Mapping[str, Any]],
    wanted: list[lists.Entry],
    outcome: Outcome,
) -> None:
    """Write the difference. Hidden entries are a worker's decision and stay as they are."""
    rows = (
        ListEntry.objects.visible_to(actor)
        .filter(unit_path__startswith=path, ended_on__isnull=True)
        .order_by("id")
        .values_list("id", "file_id", "kind", "subject", "hidden_because", *_CONTENT)
    )
    present = {(row[1], row[2], row[3]): row for row in rows.iterator(5000)}
    paths = {row["id"]: row["unit_path"] for row in files.values()}
    new, changed = [], []
    keys = set()
    for entry in wanted:
        key = (entry.file_id, str(entry.kind), entry.subject)
        keys.add(key)
        content = {
            "rank": entry.rank,
            "title": entry.title,
            "summary": entry.summary,
            "reasons": list(entry.reasons),
            "source": entry.source,
            "verdict": entry.verdict,
            # As it comes back from the database: lists for tuples, text for days.
            "detail": json.loads(json.dumps(entry.detail)),
        }
        row = present.get(key)
        if row is None:
            new.append(
                {
                    "file_id": entry.file_id,
                    "unit_path": paths[entry.file_id],
                    "kind": str(entry.kind),
                    "subject": entry.subject,
                    **content,
                    "added_on": as_of,
                    "hidden_because": "",
                    "comment": "",
                }
            )
        elif not row[4] and tuple(row[5:]) != tuple(content.values()):
            changed.append({"id": row[0], **content})
    ended = [
        {"id": row[0], "ended_on": as_of}
        for key, row in present.items()
        if key not in keys and not row[4]
    ]
    # First out, then in: a subject that comes back on the same day is a new entry.
    outcome.changes["entries_ended"] += update(ListEntry, ended)
    outcome.changes["entries_changed"] += update(ListEntry, changed)
    outcome.changes["entries_added"] += insert(ListEntry, new)
