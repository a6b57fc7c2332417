"""From people to files and living lists, for a whole unit: in one transaction, and idempotent.

Facts → groups → files → the four lists. Each step compares what should be with what is and writes
the difference alone: the same people on the same day change nothing.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl
from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.runs.actions import Reports
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor, below
from weiye.base.scope.turn import take_turn
from weiye.engine.rules import evaluate
from weiye.registers.people.frames import community_code, facts_frame
from weiye.registers.people.models import Person

from ...frames import follow_people, refresh_statistics
from ...jurisdiction import pack_of
from ...queries.summary import totals
from . import deaths, files, groups, lists, standing, visits
from .part import Outcome, Part

__all__ = ["STEPS", "Outcome", "refresh_people", "run_pipeline", "streets"]

STEPS = ("读取人员信息", "识别重点群体", "建立援助档案", "生成四张清单", "保存结果")
# Computed at a time are streets and below: bounds memory, and a street has one pack.
_STREET = 4
# Changed rows from which on the planner's statistics are renewed at once.
MANY = 1000


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
        take_turn("pipeline", path)
        paths = streets(actor, path)
        for number, each in enumerate(paths):
            part = Part(
                actor, each, as_of, pack_of(each, as_of), community_code(each), outcome, threads
            )
            _run(part, _Steps(progress, number, len(paths)))
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


def refresh_people(*, actor: Actor, path: str, people: Collection[int], as_of: date) -> Outcome:
    """Bring these people of a community, and their households there, up to the day.

    Gives what a run for the whole community would give, for a few people's cost. Who does not live
    at or below ``path`` is passed over. Raises `NotAllowed` without ``pipeline.run`` for the path.
    """
    actor.require("pipeline.run", path)
    outcome = Outcome()
    with transaction.atomic():
        take_turn("pipeline", path)
        whole = households_of(actor, path, people)
        if not whole:
            return outcome
        part = Part(
            actor, path, as_of, pack_of(path, as_of), community_code(path), outcome, 1, whole
        )
        _run(part, _Steps(Silent(), 0, 1))
        changes = {name: count for name, count in sorted(outcome.changes.items()) if count}
        if changes:
            record(
                actor=actor,
                verb="pipeline.person",
                path=path,
                detail={"as_of": as_of, "people": sorted(people), "changes": changes},
            )
    return outcome


def households_of(actor: Actor, path: str, people: Collection[int]) -> frozenset[int]:
    """These people at or below the path with everybody there who shares a household with them."""
    lo, hi = below(path)
    here = Person.objects.visible_to(actor).filter(
        unit_path__gte=lo, unit_path__lt=hi, anonymised_on__isnull=True
    )
    named = dict(here.filter(pk__in=people).order_by().values_list("pk", "household_id"))
    homes = {home for home in named.values() if home is not None}
    members = here.filter(household_id__in=homes).order_by().values_list("pk", flat=True)
    return frozenset(named) | frozenset(members)


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


def streets(actor: Actor, path: str) -> list[str]:
    """The unit itself, or the streets with people in it."""
    if path.count("/") >= _STREET:
        return [path]
    lo, hi = below(path)
    people = Person.objects.visible_to(actor).filter(unit_path__gte=lo, unit_path__lt=hi)
    return sorted(
        {
            "/".join(found.split("/")[:_STREET]) + "/"
            for found in people.order_by().values_list("unit_path", flat=True).distinct()
        }
    )


def _run(part: Part, steps: _Steps) -> None:
    clock = time.perf_counter()

    def done(step: int) -> None:
        nonlocal clock
        now, name = time.perf_counter(), STEPS[step]
        part.outcome.seconds[name] = part.outcome.seconds.get(name, 0.0) + now - clock
        clock = now

    pack = part.pack
    steps.at(0)
    part.outcome.changes["moved"] += follow_people(part.actor, part.path, part.people)
    deaths.close(part)
    facts = facts_frame(part.actor, part.path, part.as_of, people=part.people)
    done(0)
    steps.at(1)
    verdicts = evaluate(
        [*pack.groups, *pack.scope_rules()], facts, as_of=part.as_of, region=part.region
    )
    inside = facts.filter("inside").select("id", "unit_path")
    answers = verdicts.rules().join(inside, on="id", maintain_order="left")
    met = answers.filter(pl.col("verdict") == "met")
    groups.refresh(part, facts, answers, standing.take(part, facts))
    done(1)
    steps.at(2)
    having = files.refresh(part, facts, met)
    done(2)
    steps.at(3)
    wanted = lists.wanted(part, having, facts, met)
    done(3)
    steps.at(4)
    lists.write(part, having, wanted)
    visits.refresh(part, met, having)
    done(4)
