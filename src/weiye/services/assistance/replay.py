"""The rules of a past day worked out again: do they still give what was found then?

Two things may differ: what was known about people (facts that were entered or corrected later), and
the rules. The replay uses the pack that counted on the day, or any other version, and today's
knowledge of the day's facts. It writes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from django.db.models import Q

from weiye.base.packs import Pack
from weiye.base.runs.actions import Reports
from weiye.base.scope.actor import Actor, below
from weiye.engine.rules import evaluate
from weiye.registers.people.frames import community_code, facts_frame

from .actions.pipeline import streets
from .jurisdiction import pack_of
from .models import GroupMembership


@dataclass(frozen=True, slots=True)
class Line:
    """One group on the day: people on record, people found again, and those only on one side."""

    group: str
    recorded: int
    found: int
    only_recorded: int
    only_found: int


@dataclass(frozen=True, slots=True)
class Replay:
    """``packs``: id and version of every pack used. ``people``: how many were looked at."""

    as_of: date
    packs: tuple[tuple[str, str], ...]
    people: int
    lines: tuple[Line, ...]


def replay(
    *, actor: Actor, path: str, as_of: date, progress: Reports, packs: Sequence[Pack] = ()
) -> Replay:
    """Work out the groups of everybody at or below ``path`` as on a day.

    ``packs``: use these instead of those that counted on the day. Raises `NotAllowed` outside the
    actor's area.
    """
    actor.require("packs.read", path)
    recorded: Counter[str] = Counter()
    found: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    new: Counter[str] = Counter()
    used: dict[str, str] = {}
    people = 0
    parts = streets(actor, path)
    for number, part in enumerate(parts):
        progress.report(number, len(parts), "正在按当日规则重新计算…")
        pack = _chosen(packs, part) or pack_of(part, as_of)
        used[pack.id] = pack.version
        facts = facts_frame(actor, part, as_of)
        inside = facts.filter("inside")
        people += inside.height
        verdicts = evaluate(pack.groups, facts, as_of=as_of, region=community_code(part))
        met = (
            verdicts.rules()
            .filter(pl.col("verdict") == "met")
            .join(inside.select("id"), on="id")
            .select("id", "rule")
        )
        now = set(met.iter_rows())
        then = _recorded(actor, part, as_of)
        for pair in now | then:
            group = pair[1]
            recorded[group] += pair in then
            found[group] += pair in now
            gone[group] += pair not in now
            new[group] += pair not in then
    return Replay(
        as_of,
        tuple(sorted(used.items())),
        people,
        tuple(
            Line(group, recorded[group], found[group], gone[group], new[group])
            for group in sorted({*recorded, *found}, key=lambda g: (-found[g], g))
        ),
    )


def _chosen(packs: Sequence[Pack], path: str) -> Pack | None:
    """The most particular of the packs that covers the path."""
    code = community_code(path)
    covering = [pack for pack in packs if code.startswith(pack.region)]
    return max(covering, key=lambda pack: len(pack.region), default=None)


def _recorded(actor: Actor, path: str, day: date) -> set[tuple[int, str]]:
    lo, hi = below(path)
    rows = GroupMembership.objects.visible_to(actor).filter(
        Q(left_on__isnull=True) | Q(left_on__gt=day),
        unit_path__gte=lo,
        unit_path__lt=hi,
        found_on__lte=day,
    )
    return set(rows.order_by().values_list("person_id", "group"))
