"""Ending what has been kept long enough: warned, a grace, then anonymised or deleted.

The pack says after how long (`pack.Retention`); each app says in its ``privacy`` module what is due
and how it ends (`register`), what must be kept (`keep_back`) and what goes with it (`along_with`).
A thing with a warning is on a list (`Notice`) until its day, where somebody may hold it with a
reason. Everything happens inside one transaction and finds out again what is due: broken off, it
starts over; done twice, the second does nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.audit.actions import record, record_many
from weiye.base.scope.actor import Actor

from .models import Notice
from .pack import Outcome, Retention

RIGHT = "retention.manage"
LONGEST_HOLD = timedelta(days=366)
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that was last used on a day."""

    thing: str
    path: str
    since: date


@dataclass(frozen=True)
class Handler:
    """How one kind of data ends.

    ``due(actor, before)``: things last used before a day. ``end(actor, things, before, as_of)``:
    lock them, end those that are still due and that nobody keeps back, and say which. ``named``:
    words for the list that tell no more than a worker needs.
    """

    what: str
    label: str
    outcomes: tuple[Outcome, ...]
    due: Callable[[Actor, date], Iterable[Due]]
    end: Callable[[Actor, Sequence[str], date, date], Sequence[str]]
    named: Callable[[Actor, Sequence[str]], Mapping[str, str]] = lambda actor, things: {}
    #: How the log calls a thing, and its end; by default ``what`` and ``retention.…``.
    kind: str = ""
    verb: str = ""


#: (actor, things, last used before) → those that must be kept whatever the rule says.
Keeper = Callable[[Actor, Sequence[str], date], set[str]]
#: (actor, things, as of): what else is to be done to them, in the same transaction.
Companion = Callable[[Actor, Sequence[str], date], None]

handlers: dict[str, Handler] = {}
_keepers: dict[str, list[Keeper]] = defaultdict(list)
_companions: dict[str, list[Companion]] = defaultdict(list)


def register(handler: Handler) -> None:
    handlers[handler.what] = handler


def keep_back(what: str, keeper: Keeper) -> None:
    _keepers[what].append(keeper)


def along_with(what: str, companion: Companion) -> None:
    _companions[what].append(companion)


class Reports(Protocol):
    def report(self, done: int, total: int, message: str) -> None: ...


@dataclass
class Outcomes:
    """What one sweep did (or would do), by rule."""

    warned: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ended: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    in_use: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def as_dict(self) -> dict[str, dict[str, int]]:
        return {name: dict(getattr(self, name)) for name in ("warned", "ended", "held", "in_use")}


def rules_at(path: str, day: date) -> list[tuple[str, Retention]]:
    """(path of the jurisdiction, rule) of every pack that reaches into ``path``."""
    from weiye.base.packs.queries import packs_in_force

    found = []
    for pack in packs_in_force(day):
        home = path_of_region(pack.region)
        if home.startswith(path) or path.startswith(home):
            found += [(home, rule) for rule in pack.retention.values()]
    return found


def path_of_region(region: str) -> str:
    """
    >>> path_of_region("3710")
    '37/10/'
    """
    cuts = [(0, 2), (2, 4), (4, 6), (6, 9), (9, 12)]
    return "".join(f"{region[a:b]}/" for a, b in cuts if region[a:b])


def sweep(
    *, actor: Actor, as_of: date, progress: Reports | None = None, dry_run: bool = False
) -> Outcomes:
    """Warn, and end what is due, in the actor's area as of a day.

    ``dry_run``: what would be done; nothing is changed. Raises `NotAllowed` without
    ``retention.manage``.
    """
    actor.require(RIGHT)
    done = Outcomes()
    with transaction.atomic():
        rules = rules_at(actor.path, as_of)
        for number, (home, rule) in enumerate(rules):
            if progress is not None:
                progress.report(number, len(rules), rule.text[:100])
            handler = handlers.get(rule.what)
            if handler is None or not rule.on(as_of) or rule.then not in handler.outcomes:
                continue
            _Rule(actor, rule, handler, _others(home, rules), home, as_of, done).work()
        if dry_run:
            transaction.set_rollback(True)
        elif any(done.as_dict().values()):
            record(actor=actor, verb="retention.sweep", path=actor.path, detail=done.as_dict())
    return done


def _others(home: str, rules: list[tuple[str, Retention]]) -> set[str]:
    """Jurisdictions inside this one that decide for themselves."""
    return {other for other, _ in rules if other != home and other.startswith(home)}


@dataclass
class _Rule:
    actor: Actor
    rule: Retention
    handler: Handler
    others: set[str]
    home: str
    as_of: date
    done: Outcomes

    def work(self) -> None:
        due = {
            each.thing: each
            for each in self.handler.due(self.actor, self._before())
            if self._ours(each.path)
        }
        kept = self._kept(list(due))
        due = {thing: each for thing, each in due.items() if thing not in kept}
        if not self.rule.warn and not self.rule.grace:
            self._end(list(due))
            return
        self._close_unused(set(due))
        self._warn(due)
        self._end(self._ripe())

    def _ours(self, path: str) -> bool:
        return path.startswith(self.home) and not any(path.startswith(o) for o in self.others)

    def _before(self) -> date:
        """Used last before this day, it is time to warn: by bisection over the calendar span."""
        day = self.as_of + timedelta(days=self.rule.warn)
        low, high = date(1900, 1, 1), day
        while low < high:
            middle = low + (high - low) // 2
            if self.rule.after.after(middle) > day:
                high = middle
            else:
                low = middle + timedelta(days=1)
        return low

    def _kept(self, things: Sequence[str]) -> set[str]:
        kept: set[str] = set()
        for keeper in _keepers[self.rule.what]:
            for block in _blocks(things):
                kept |= keeper(self.actor, block, self._before())
        return kept

    def _open(self) -> list[Notice]:
        rows = Notice.objects.visible_to(self.actor).filter(
            what=self.rule.what, closed_on__isnull=True
        )
        return [row for row in rows.select_for_update() if self._ours(row.unit_path)]

    def _close_unused(self, due: set[str]) -> None:
        """What is in use again is not due any more."""
        again = [row.pk for row in self._open() if row.thing not in due]
        Notice.objects.filter(pk__in=again).update(closed_on=self.as_of, outcome="in_use")
        if again:
            self.done.in_use[self.rule.id] += len(again)

    def _warn(self, due: Mapping[str, Due]) -> None:
        known = {row.thing for row in self._open()}
        rows = []
        for thing, each in due.items():
            if thing in known:
                continue
            ends = self.rule.after.after(each.since)
            # However long it is overdue: warned and graced in full from today.
            end = max(ends, self.as_of + timedelta(days=self.rule.warn))
            rows.append(
                Notice(
                    unit_path=each.path,
                    what=self.rule.what,
                    thing=thing,
                    rule=self.rule.id,
                    since=each.since,
                    ends_on=ends,
                    warned_on=self.as_of,
                    due_on=end + timedelta(days=self.rule.grace),
                )
            )
        Notice.objects.bulk_create(rows, batch_size=1000)
        kind = self.handler.kind or self.rule.what
        detail = {"rule": self.rule.id}
        entries = [(row.unit_path, kind, row.thing, {**detail, "due": row.due_on}) for row in rows]
        record_many(actor=self.actor, verb="retention.warn", entries=entries)
        if rows:
            self.done.warned[self.rule.id] += len(rows)

    def _ripe(self) -> list[str]:
        ripe = []
        for row in self._open():
            if row.due_on > self.as_of:
                continue
            if row.held_until is not None and row.held_until >= self.as_of:
                self.done.held[self.rule.id] += 1
                continue
            ripe.append(row.thing)
        return sorted(ripe)

    def _end(self, things: Sequence[str]) -> None:
        for block in _blocks(things):
            # Once more, now that nothing of it moves: it may have been used again meanwhile.
            ended = list(self.handler.end(self.actor, block, self._before(), self.as_of))
            for companion in _companions[self.rule.what]:
                companion(self.actor, ended, self.as_of)
            rows = Notice.objects.visible_to(self.actor).filter(
                what=self.rule.what, thing__in=ended, closed_on__isnull=True
            )
            kind = self.handler.kind or self.rule.what
            entries = [(row.unit_path, kind, row.thing, {"rule": self.rule.id}) for row in rows]
            verb = self.handler.verb or f"retention.{self.rule.then}"
            record_many(actor=self.actor, verb=verb, entries=entries)
            rows.update(closed_on=self.as_of, outcome=self.rule.then)
            if ended:
                self.done.ended[self.rule.id] += len(ended)


def may_end(what: str, actor: Actor, things: Sequence[str], before: date) -> list[str]:
    """Those that no app keeps back; handlers ask again once they hold the rows."""
    kept: set[str] = set()
    for keeper in _keepers[what]:
        kept |= keeper(actor, things, before)
    return [thing for thing in things if thing not in kept]


def _blocks(things: Sequence[str]) -> Iterable[Sequence[str]]:
    return (things[at : at + _BLOCK] for at in range(0, len(things), _BLOCK))


@transaction.atomic
def hold(*, actor: Actor, notice_id: int, because: str, until: date, today: date) -> Notice:
    """Keep something beyond its day, for a reason, for a year at most."""
    actor.require(RIGHT)
    because = because.strip()[:200]
    if not because:
        raise ValidationError({"because": "请写明保留的原因。"})
    if not today < until <= today + LONGEST_HOLD:
        raise ValidationError({"until": "保留日期应在明天到一年之内。"})
    row = _open_notice(actor, notice_id)
    row.held_until, row.held_because, row.held_by = until, because, actor.name[:64]
    row.save(update_fields=["held_until", "held_because", "held_by"])
    record(
        actor=actor,
        verb="retention.hold",
        path=row.unit_path,
        thing=(row.what, row.thing),
        detail={"until": until, "reason": because},
    )
    return row


@transaction.atomic
def release(*, actor: Actor, notice_id: int) -> Notice:
    """End a hold."""
    actor.require(RIGHT)
    row = _open_notice(actor, notice_id)
    row.held_until, row.held_because, row.held_by = None, "", ""
    row.save(update_fields=["held_until", "held_because", "held_by"])
    record(actor=actor, verb="retention.release", path=row.unit_path, thing=(row.what, row.thing))
    return row


def _open_notice(actor: Actor, notice_id: int) -> Notice:
    rows = Notice.objects.visible_to(actor).select_for_update()
    return rows.get(pk=notice_id, closed_on__isnull=True)
